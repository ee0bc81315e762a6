"""Amounts as a language writes them, by babel."""

from __future__ import annotations

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
