"""Says whether a text names an amount of money, and whether it says more of a price than the price itself."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from services.chassis.amounts import Amount, amounts_in

_DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "data" / "amounts.toml").read_text(encoding="utf-8"))
_LABEL: Final = re.compile(rf"(?<!\w)(?:{'|'.join(_DATA['labels'])})(?!\w)", re.IGNORECASE)
_MEASURE: Final = re.compile(rf"\s?(?:{'|'.join(_DATA['measures'])})(?!\w)", re.IGNORECASE)
_TWO_DECIMALS: Final = re.compile(r"[.,]\d\d$")
_WORD: Final = re.compile(r"[^\W\d_]+")


def amount_of(decimal: str) -> Decimal | None:
    """Returns the value of a decimal number as text, or None for what is none or zero."""
    try:
        value = Decimal(decimal)
    except InvalidOperation:
        return None
    return value if value.is_finite() and value > 0 else None


def names_amount(text: str, amount: Decimal, *, beside_currency: bool) -> bool:
    """Returns True if a text names an amount, however it is written; `beside_currency`: only with a currency's sign."""
    return any(
        not beside_currency or found.is_money or _TWO_DECIMALS.search(text, found.start, found.end)
        for found in amounts_in(text)
        if _is(found, amount, text)
    )


def says_more(text: str, amount: Decimal, name: str) -> bool:
    """Returns True if a text that names an amount has words beside it that are neither the product's name nor a label.

    "Lamp: £24.90" says no more than the amount; "from £24.90", "£24.90 a day", "£24.90 + VAT" and a second amount do.
    """
    found = list(amounts_in(text))
    own = next((at for at, other in enumerate(found) if amount in other.values), -1)
    if any(other.is_money for at, other in enumerate(found) if at != own):
        return True  # two prices: "£49 | £39"
    rest = _LABEL.sub(" ", text if own < 0 else f"{text[: found[own].sign_start]} {text[found[own].sign_end :]}")
    known = {word.casefold() for word in _WORD.findall(name)}
    return any(word.casefold() not in known for word in _WORD.findall(rest)) or "*" in rest or "+" in rest


def _is(found: Amount, amount: Decimal, text: str) -> bool:
    return amount in found.values and not _MEASURE.match(text, found.end)
