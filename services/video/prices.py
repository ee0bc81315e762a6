"""Prices as films write them."""

from __future__ import annotations

import contextlib
import re
from decimal import Decimal, InvalidOperation
from typing import Final

from babel.core import UnknownLocaleError
from babel.numbers import format_currency

NO_CENTS: Final = re.compile(r"[.,]00(?!\d)")
SYMBOL_BEFORE: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "AUD": "A$", "CAD": "C$"}


def written_price(amount: str | None, currency: str | None, language: str = "en") -> str:
    """The price with its currency as the language writes it, "" without an amount: ("14.00", "USD") -> "$14"; in
    German, ("14.50", "EUR") -> "14,50 €". language: ISO 639-1 code; one without data is written as English."""
    if not amount:
        return ""
    amount = amount.removesuffix(".00")
    code = (currency or "").upper()
    if code and language not in ("", "en"):
        with contextlib.suppress(UnknownLocaleError, InvalidOperation):
            written = format_currency(Decimal(amount), code, locale=language.split("-", maxsplit=1)[0])
            return " ".join((written if "." in amount else NO_CENTS.sub("", written)).split())
    with contextlib.suppress(InvalidOperation):
        amount = f"{Decimal(amount):,}"
    symbol = SYMBOL_BEFORE.get(code)
    return f"{symbol}{amount}" if symbol else f"{amount} {code}".strip()
