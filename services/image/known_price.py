"""The price that a picture shows where no line for it was written: a short text of the customer's that names it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from services.chassis.amounts import Amount, amounts_in, names

LONGEST: Final = 46  # characters of a price with what belongs to it
UNPRICED: Final = frozenset({"cause", "job"})  # kinds whose amounts are gifts, costs and pay
SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")
CLAUSE: Final = re.compile(r"[,;]\s+")
UNIT: Final = re.compile(
    r"\s?(?:/\s?|(?:per|an?|pro|je|par|por|al|alla|la|le|ao|à|za|på)\s)[^\W\d_]{2,}(?![^\W_])|\seach\b", re.IGNORECASE
)
NOTE: Final = re.compile(r"[<>{}|#*]|&\w+;|\?\?|!!")  # signs of markup and of notes to oneself


def known_price(price: str, features: Sequence[str], description: str) -> str:
    """Returns the customer's shortest own text for a price: a feature that names it, a clause that begins with it, or
    the amount with its unit; "" where none is short.

    price: the amount as a decimal number.
    """
    try:
        value = Decimal(price)
    except InvalidOperation:
        return ""
    if not value:
        return ""
    fitting = [text.strip() for text in features if names(text, value, as_money=True) and not NOTE.search(text)]
    if listed := [text for text in fitting if len(text) <= LONGEST]:
        return min(listed, key=len)
    if NOTE.search(description):
        return ""
    return next(_in_description(description, value), "")


def _in_description(description: str, value: Decimal) -> Iterator[str]:
    for sentence in SENTENCE.split(description):
        for found in amounts_in(sentence):
            if found.is_money and value in found.values:
                clause = _clause(sentence, found)
                if clause:
                    yield clause
                if unit := UNIT.match(sentence, found.sign_end):
                    yield sentence[found.sign_start : unit.end()]


def _clause(sentence: str, found: Amount) -> str:
    """The sentence that begins with an amount, or its first clause where the next one has a price of its own."""
    whole = sentence.strip().rstrip(".")
    if found.sign_start:
        return ""
    if len(whole) <= LONGEST:
        return whole
    first, *rest = CLAUSE.split(whole, maxsplit=1)
    own = next((amount for amount in amounts_in(rest[0]) if amount.is_money), None) if rest else None
    if own is None or len(first) > LONGEST:
        return ""
    if own.sign_start == 0:
        return first
    extra = CLAUSE.split(rest[0], maxsplit=1)[0]  # what is paid besides: "96 €, Versand 5,90 €"
    both = f"{first}, {extra}"
    return both if own.sign_end <= len(extra) and len(both) <= LONGEST else ""
