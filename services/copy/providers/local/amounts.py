"""Amounts in texts: read by value, however their thousands and decimals are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

_CURRENCY_BESIDE = re.compile(
    r"[$€£₹¥₺₽]|,-|(?<![a-z])(?:eur|euros?|usd|gbp|chf|zł|kr|cad|aud|inr)(?![a-z])", re.IGNORECASE
)
_UNIT_BEHIND = re.compile(
    r"\s?(?:[€$£₹¥]|EUR|USD|GBP|CHF|zł|kr)?(?:,-)?\s?(?:/|p\.|(?:an?|per|each|pro|je|par|la|le|al|por|ao|à|all['’]?a?|die|im|pp|pcm|pw|pa)\b)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\d+(?:[.,'\u2019\u00a0\u202f ]\d+)*")  # "2, 24.90" are two
_LAKHS = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?=$|\.\d{1,2}$)")  # "1,29,999"
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,'\u2019\u00a0\u202f ])\d{3})(?:\1\d{3})*(?=$|[.,]\d{1,2}$)")


def same_amount(text: str, amount: str) -> bool:
    """Whether a text names an amount, however its thousands and decimals are written."""
    try:
        wanted = Decimal(amount)
    except InvalidOperation:
        return False
    return any(value == wanted for found in _AMOUNT.findall(text) for value in _values(found))


def amounts_of(text: str) -> frozenset[Decimal]:
    """The amounts that a text may name."""
    return frozenset(value for found in _AMOUNT.findall(text) for value in _values(found))


def _values(figure: str) -> list[Decimal]:
    """What a figure may mean: "1.299" is 1299 or 1.299, "4.50" is 4.5 only, "1.299,00" is 1299 only.

    Thousands are groups of exactly three digits. Numbers that a space divides may also be several ("from 12 24.90").
    """
    found = []
    grouped = _THOUSANDS.match(figure) or _LAKHS.match(figure)
    if grouped is not None:
        whole = re.sub(r"\D", "", grouped[0])
        found.append(Decimal(whole + figure[grouped.end() :].replace(",", ".")))
    parts = re.split(r"[\s\u00a0\u202f]", figure) if grouped is None else [figure]
    found.extend(Decimal(part.replace(",", ".")) for part in parts if re.fullmatch(r"\d+(?:[.,]\d+)?", part))
    return found


def has_unit(text: str, price: str) -> bool:
    """Whether a text says what the price is for ("£29 a month", "29 €/Monat"): without that the amount is not true."""
    return any(_UNIT_BEHIND.match(text[end:]) for end in _prices(text, price))


def shows_price(text: str, amount: str) -> bool:
    """Whether a text names an amount of money: the number with a currency beside it."""
    return any(True for _ in _prices(text, amount))


def _prices(text: str, amount: str) -> Iterator[int]:
    """Yields where an amount ends that has a currency beside it."""
    for found in _AMOUNT.finditer(text):
        beside = text[max(0, found.start() - 5) : found.end() + 6]
        if same_amount(found[0], amount) and _CURRENCY_BESIDE.search(beside):
            yield found.end()


def first_amount(text: str) -> int:
    """Where the first number of a text stands; the length of the text without one."""
    found = _AMOUNT.search(text)
    return found.start() if found else len(text)


def western(text: str) -> str:
    """The text with the digits of every script as 0 to 9."""
    return "".join(str(unicodedata.digit(sign)) if sign.isdigit() and not sign.isascii() else sign for sign in text)
