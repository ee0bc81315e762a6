"""Amounts as a language writes them, by babel."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal

# English is written differently by country; the currency tells which form its readers expect.
_ENGLISH = {
    "USD": "en_US",
    "GBP": "en_GB",
    "AUD": "en_AU",
    "CAD": "en_CA",
    "NZD": "en_NZ",
    "INR": "en_IN",
    "EUR": "en_IE",
}
_PORTUGUESE = {"BRL": "pt_BR", "EUR": "pt_PT"}


@lru_cache(maxsize=256)
def locale_of(language: str, currency: str) -> Locale:
    """The locale to write in. A language that is not known is written as English."""
    name = language.replace("-", "_")
    if name == "en":
        name = _ENGLISH.get(currency, "en_GB")
    elif name == "pt":
        name = _PORTUGUESE.get(currency, "pt_PT")
    try:
        return Locale.parse(name)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


@lru_cache(maxsize=2048)
def amount_text(amount: str, currency: str, language: str) -> str:
    """An amount with its currency ("£24.90", "1.299 €"); whole amounts without ".00". Empty for what is no amount."""
    try:
        value = Decimal(amount)
    except InvalidOperation:
        return ""
    locale = locale_of(language, currency)
    if not currency:
        return format_decimal(value, locale=locale)
    if value == value.to_integral_value():
        return format_currency(value, currency, locale=locale, format=_whole(locale), currency_digits=False)
    return format_currency(value, currency, locale=locale)


@lru_cache(maxsize=64)
def _whole(locale: Locale) -> str:
    """The locale's currency pattern without decimals."""
    pattern: str = locale.currency_formats["standard"].pattern
    return pattern.replace(".00", "")


# Money as feeds write it: a decimal number beside a code of ISO 4217.
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d\d)?|\d{1,3}(?:\.\d{3})+,\d\d|\d+(?:[.,]\d\d)?"
_MACHINE = re.compile(
    rf"(?<![\w.,])(?:[$€£]\s?)?(?:(?P<amount>{_NUMBER})\s?(?P<code>[A-Z]{{3}})(?!\w)"
    rf"|(?P<before>[A-Z]{{3}})\s?(?P<behind>{_NUMBER})(?![\w%]|[.,]\d))"
)


_COMMA_LAST = re.compile(r",\d\d$")


@lru_cache(maxsize=4096)
def readable_amounts(text: str, language: str) -> str:
    """A text whose amounts stand as its readers write them ("39.00 EUR": "€39"); other numbers stay as they are."""

    def written(found: re.Match[str]) -> str:
        code = found["code"] or found["before"]
        if code not in _currencies():
            return found[0]
        digits: str = found["amount"] or found["behind"]
        if _COMMA_LAST.search(digits):
            digits = digits.replace(".", "").replace(",", ".")
        return amount_text(digits.replace(",", ""), code, language) or found[0]

    return _MACHINE.sub(written, text) if any(sign.isdigit() for sign in text) else text


def is_amount(text: str) -> bool:
    """Whether a text is an amount with its currency and nothing else ("39.00 EUR", "£24.90")."""
    return _ALONE.fullmatch(text.strip(" .")) is not None


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(Locale.parse("en").currencies) - _WORDS


_WORDS = frozenset({"ALL", "TOP", "TRY", "MOP", "CUP", "GEL", "COP", "BAM", "SOS", "LAK", "MAD"})  # are words, too
_ALONE = re.compile(r"(?:(?:[A-Z]{1,3})?[$€£₹¥₺₽]|[A-Z]{3})\s?[\d.,]+|[\d.,]+\s?(?:[$€£₹¥₺₽]|zł|kr|[A-Z]{3})")
