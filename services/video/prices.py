"""Prices as films write them."""

from __future__ import annotations

from typing import Final

SYMBOL_BEFORE: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "AUD": "A$", "CAD": "C$"}


def written_price(amount: str | None, currency: str | None) -> str:
    """The price with its currency, "" without an amount: ("14.00", "USD") -> "$14"."""
    if not amount:
        return ""
    amount = amount.removesuffix(".00")
    code = (currency or "").upper()
    symbol = SYMBOL_BEFORE.get(code)
    return f"{symbol}{amount}" if symbol else f"{amount} {code}".strip()
