"""Says which amounts texts name, by value, and whether they are prices with what is paid for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from services.chassis.amounts import amounts_in, names

CACHED: Final = 4096  # texts whose amounts are kept: the texts of a request are compared again and again
_UNIT_BEHIND = re.compile(
    r"\s?(?:[€$£₹¥]|EUR|USD|GBP|CHF|zł|kr)?(?:,-)?\s?(?:/|p\.|(?:an?|per|each|pro|je|par|la|le|al|por|ao|à|all['’]?a?|die|im|pp|pcm|pw|pa)\b)",
    re.IGNORECASE,
)


def same_amount(text: str, amount: str) -> bool:
    """Whether a text names an amount, however its thousands and decimals are written."""
    wanted = _decimal(amount)
    return wanted is not None and names(text, wanted)


@lru_cache(maxsize=CACHED)
def amounts_of(text: str) -> frozenset[Decimal]:
    """The amounts that a text may name."""
    return frozenset(value for found in amounts_in(text) for value in found.values)


def has_unit(text: str, price: str) -> bool:
    """Whether a text says what the price is for ("£29 a month", "29 €/Monat"): without that the amount is not true."""
    return any(_UNIT_BEHIND.match(text[end:]) for end in _prices(text, price))


def shows_price(text: str, amount: str) -> bool:
    """Whether a text names an amount of money: the number with a currency beside it."""
    return any(True for _ in _prices(text, amount))


def _prices(text: str, amount: str) -> Iterator[int]:
    """Yields where an amount ends that has a currency beside it."""
    wanted = _decimal(amount)
    for found in amounts_in(text):
        if found.is_money and wanted in found.values:
            yield found.stop


def first_amount(text: str) -> int:
    """Where the first number of a text stands; the length of the text without one."""
    found = next(amounts_in(text), None)
    return found.start if found else len(text)


def _decimal(amount: str) -> Decimal | None:
    try:
        return Decimal(amount)
    except InvalidOperation:
        return None
