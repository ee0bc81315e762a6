"""Prices as readers of a currency's country write them, by Unicode CLDR (Babel): ₹1,29,999, 49,90 zł, 12 990 kr."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import format_currency, get_currency_precision, get_currency_symbol

from services.chassis.amounts import read_amount
from services.media.writing_systems import clean_text

DIGITS_ONLY: Final = re.compile(r"^\d+(?:[.,]\d+)*$")
GROUPED: Final = re.compile(r"^[1-9]\d{0,2}\.\d{3}$")
# A currency of several countries is written as in the country of the ad's language; without one, in this way.
SHARED: Final = "en_IE"
DECIMALS: Final = re.compile(r"\.0+")
CENTS: Final = 2  # decimals of a broken amount in currencies whose coins are whole
MOST_DECIMALS: Final = 4
MOST_DIGITS: Final = 18  # longer figures are no prices; they stay as they are
CODE: Final = re.compile(r"(?<=[A-Z]{3})(?=\d)|(?<=\d)(?=[A-Z]{3})")  # a code and its figure stand apart

MONEY: Final = r"[€£$¥₹₩₺₽₴₫฿]|[A-Z]{3}|zł|kr\.?|Kč|TL|Ft|lei|円|đồng"
AMOUNT_FIRST: Final = re.compile(
    rf"(?P<amount>(?:[^\W\d_]{{2,7}}\.?\s)?(?:(?:{MONEY})\s?\d[\d.,'\u00a0\u202f]*(?:,-)?|"
    rf"\d[\d.,'\u00a0\u202f]*\s?(?:{MONEY}))(?:\s?/\s?[^\W\d_]+)?)(?:[,;:]|(?<=[.,]))?\s+"
    rf"(?P<rest>(?:[^\W\d_(]|\d{{1,2}}\s[^\W\d_]).{{2,}})$"
)
AMOUNT: Final = re.compile(
    rf"(?<![\w.,])(?:(?:{MONEY})\s?\d[\d.,'\u00a0\u202f]*|"
    rf"(?:\d{{1,3}}(?: \d{{3}})+|\d)[\d.,'\u00a0\u202f]*\s?(?:{MONEY})(?!\w))"
)
SHARE: Final = re.compile(
    r"%|\d\s?(?:p|c|¢|ct|cents?)\b"
)  # of a price that names another share or coin before its amount


def price_text(price: str | None, currency: str | None, language: str = "", *, beside: str | None = None) -> str:
    """Returns a price with its currency: "29.9", "EUR" -> "€29.90"; prices that carry their own currency stay.

    language: of the ad, as BCP 47; "" where it is not known. beside: a price next to it, which gets as many decimals.
    Decimals are dropped only where they are zero. Nothing is returned for a price of zero.
    """
    text = clean_text(price or "")
    if not DIGITS_ONLY.match(text) or len(text) > MOST_DIGITS:
        return text
    code = (currency or "").strip().upper()
    amount = _amount(text, code)
    if not amount:
        return ""
    if not code:
        return text
    spoken = language[:2].casefold() or "en"
    locale = _locale(code, spoken)
    digits = _decimals(amount, code)
    other = clean_text(beside or "")
    if DIGITS_ONLY.match(other) and len(other) <= MOST_DIGITS:
        digits = max(digits, _decimals(_amount(other, code), code))
    pattern = DECIMALS.sub("." + "0" * digits if digits else "", locale.currency_formats["standard"].pattern)
    if digits and "." not in pattern:  # patterns of currencies without coins
        pattern = re.sub(r"0(?![\d#,.])", "0." + "0" * digits, pattern)
    formatted = format_currency(amount, code, format=pattern, locale=locale, currency_digits=False)
    local = get_currency_symbol(code, locale)
    formatted = formatted.replace(local, _symbol(code, local, locale, spoken))
    # The wide sign of Japanese fonts stands apart from its figures.
    return CODE.sub("\u00a0", clean_text(formatted).replace("￥", "¥"))


def amount_and_rest(price: str) -> tuple[str, str] | None:
    """Returns the amount that a price in words begins with, with its unit, and what else the price says; None where it
    begins with a range, with more than a word, or says nothing else."""
    found = AMOUNT_FIRST.match(price)
    return (found["amount"].rstrip(".,"), found["rest"]) if found else None


def price_parts(price: str) -> tuple[str, str, str] | None:
    """Returns what a price in words says before its amount, the amount, and what it says behind it; None where it has
    no amount, several, or a share of one ("61p of every £1")."""
    first = amount_and_rest(price)
    if first is not None:
        return ("", *first)
    found = list(AMOUNT.finditer(price))
    if len(found) != 1:
        return None
    before, after = price[: found[0].start()].strip(), price[found[0].end() :].strip()
    if not before or SHARE.search(before) or not any(map(str.isalpha, before)):
        return None
    return before.rstrip(" ,;:–-"), found[0].group().strip(".,"), after.lstrip(",;:. ")


def _decimals(amount: Decimal, code: str) -> int:
    """Returns how many decimals an amount needs: none for whole ones, at least the currency's for others."""
    exponent = amount.normalize().as_tuple().exponent
    own = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return min(max(own, get_currency_precision(code) or CENTS), MOST_DECIMALS) if own else 0


def _symbol(code: str, local: str, locale: Locale, language: str) -> str:
    """Returns the sign of a currency: a bare dollar sign only for US dollars, or in a language of the currency's
    country that is not read in all others as well, as English is."""
    if local != "$" or code == "USD" or (language == locale.language and language != "en"):
        return local
    return str(get_currency_symbol(code, "en"))


def _amount(text: str, code: str) -> Decimal:
    """Reads 1299.00, 1,299.00, 1.299,00 and 8,90; a single point stands before decimals, as the API writes them, but in
    a currency without coins 150.000 is 150 thousand."""
    if "," not in text and text.count(".") <= 1:
        is_grouped = GROUPED.match(text) and code and not get_currency_precision(code)
        return Decimal(text.replace(".", "") if is_grouped else text)
    return read_amount(text) or Decimal(0)


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
