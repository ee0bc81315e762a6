"""Prices as readers of a currency's country write them, by Unicode CLDR (Babel): ₹1,29,999, 49,90 zł, 12 990 kr."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import format_currency, get_currency_precision

from services.media.writing_systems import clean_text

DIGITS_ONLY: Final = re.compile(r"^\d+(?:[.,]\d+)*$")
GROUPED: Final = re.compile(r"^\d{1,3}(?:[.,]\d{3})+$")
# A currency of several countries is written as in the country of the ad's language; without one, in this way.
SHARED: Final = "en_IE"
DECIMALS: Final = re.compile(r"\.0+")


def price_text(price: str | None, currency: str | None, language: str = "") -> str:
    """Returns a price with its currency: "29.9", "EUR" -> "€29.90"; prices that carry their own currency stay.

    language: of the ad, as BCP 47; "" where it is not known. Nothing is returned for a price of zero.
    """
    text = clean_text(price or "")
    if not DIGITS_ONLY.match(text):
        return text
    amount = _amount(text)
    code = (currency or "").strip().upper()
    if not amount:
        return ""
    if not code:
        return text
    locale = _locale(code, language[:2].casefold() or "en")
    pattern = locale.currency_formats["standard"].pattern
    if amount == amount.to_integral_value() or not get_currency_precision(code):
        pattern = DECIMALS.sub("", pattern)
    formatted = format_currency(amount, code, format=pattern, locale=locale, currency_digits="." in pattern)
    return clean_text(formatted).replace("￥", "¥")  # the wide sign of Japanese fonts stands apart from its figures


def _amount(text: str) -> Decimal:
    """Reads 1299.00, 1,299.00, 1.299,00 and 8,90."""
    if "." in text and "," in text:
        decimal = max(text.rfind("."), text.rfind(","))
        return Decimal(f"{re.sub('[.,]', '', text[:decimal])}.{text[decimal + 1 :]}")
    if GROUPED.match(text) and ("," in text or text.count(".") > 1):
        return Decimal(re.sub("[.,]", "", text))
    head, _, tail = text.replace(",", ".").rpartition(".")
    return Decimal(f"{head.replace('.', '')}.{tail}" if head else tail)


@lru_cache(maxsize=256)
def _locale(currency: str, language: str) -> Locale:
    """The locale of the currency's country, in the ad's language where it is spoken there."""
    territory = currency[:2]  # ISO 4217: the country, then the currency's initial
    spoken = get_official_languages(territory, de_facto=True)
    names = [f"{language}_{territory}"] if language in spoken else []
    names += [f"{other}_{territory}" for other in spoken]
    if not spoken:  # the euro, and currencies of several countries
        likely = get_global("likely_subtags").get(language, "").rpartition("_")[2]
        names = [f"{language}_{likely}"] if likely and language != "en" else []
    for name in (*names, SHARED):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    raise AssertionError(f"Babel lacks {SHARED}")
