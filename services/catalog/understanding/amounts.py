"""Reads amounts of money in texts by value, and says whether a text says more of a price than the price itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

# Digits of every script, with marks of thousands and decimals between them.
_FIGURE: Final = re.compile(r"\d+(?:[.,'’٬٫\u00a0\u202f ]\d+)*")
_GROUPED: Final = re.compile(
    r"\d{1,3}(?:([.,'’٬\u00a0\u202f ])\d{3})(?:\1\d{3})*(?=$|[.,٫]\d{1,2}$)|\d{1,2}(?:,\d{2})+,\d{3}(?=$|\.\d{1,2}$)"
)
_PLAIN: Final = re.compile(r"\d+(?:[.,٫]\d+)?")
_MULTIPLES: Final = (("万", 10_000), ("만", 10_000), ("億", 100_000_000), ("千", 1_000), ("lakh", 100_000))
_BESIDE: Final = re.compile(
    r"[$€£¥₹₺₽₩₪₴₦₵₱₫฿₸]|,-|,–|円|元|원|(?<![a-z])(?:r\$|rs|eur|euros?|usd|gbp|chf|zł|zl|kč|kc|kr|cad|aud|nzd|inr|brl|pln|sek|nok|dkk|czk|ft|lei|tl|try|aed)(?![a-z])",
    re.IGNORECASE,
)
_CURRENCY_WORD: Final = re.compile(rf"{_BESIDE.pattern}|(?<!\w)[A-Z]{{1,3}}(?=[$€£])", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"(?<!\w)(?:prices?|now|preis|jetzt|nur|precio|ahora|prix|prezzo|preço|cena|pris|prijs|fiyat|only|for|für|por|pour|per)(?!\w)",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_]{1,}")
_MEASURE: Final = re.compile(
    r"\s?(?:mm|cm|m²|m2|m|km|kg|g|ml|l|kw|kwh|w|v|gb|tb|hours?|days?|weeks?|months?|years?|min|%|°|jahre?n?|ans|años|anni|anos)(?!\w)",
    re.IGNORECASE,
)


def amount_of(decimal: str) -> Decimal | None:
    """Returns the value of a decimal number as text, or None for what is none or zero."""
    try:
        value = Decimal(decimal)
    except InvalidOperation:
        return None
    return value if value.is_finite() and value > 0 else None


def values(text: str) -> Iterator[tuple[Decimal, int, int]]:
    """Yields the values that figures of a text may have, with the figure's start and end: "1.299" is 1299 or 1.299."""
    for figure in _FIGURE.finditer(text):
        start, end = figure.span()
        multiple = next((by for sign, by in _MULTIPLES if text[end : end + len(sign) + 1].lstrip().startswith(sign)), 1)
        for value in _values(figure[0]):
            yield value * multiple, start, end


def _values(figure: str) -> list[Decimal]:
    found = []
    grouped = _GROUPED.match(figure)
    if grouped is not None:
        whole = re.sub(r"\D", "", grouped[0])
        found.append(_decimal(whole + figure[grouped.end() :]))
    parts = re.split(r"[\s\u00a0\u202f]", figure) if grouped is None else [figure]
    found.extend(_decimal(part) for part in parts if _PLAIN.fullmatch(part))
    return found


def _decimal(figure: str) -> Decimal:
    return Decimal(figure.replace(",", ".").replace("٫", "."))


def names_amount(text: str, amount: Decimal, *, beside_currency: bool) -> bool:
    """Returns True if a text names an amount, however it is written; `beside_currency`: only with a currency's sign."""
    for value, start, end in values(text):
        if value == amount and not _MEASURE.match(text, end):
            beside = text[max(0, start - 5) : end + 7]
            if not beside_currency or _BESIDE.search(beside) or re.search(r"[.,]\d\d$", text[start:end]):
                return True
    return False


def says_more(text: str, amount: Decimal, name: str) -> bool:
    """Returns True if a text that names an amount has words beside it that are neither the product's name nor a label.

    "Lamp: £24.90" says no more than the amount; "from £24.90", "£24.90 a day", "£24.90 + VAT" and a second amount do.
    """
    rest = text
    for value, start, end in values(text):
        if value == amount:
            rest = f"{text[:start]} {text[end:]}"
            break
    if any(_BESIDE.search(rest[max(0, start - 5) : end + 7]) for _, start, end in values(rest)):
        return True  # two prices: "£49 | £39"
    rest = _LABEL.sub(" ", _CURRENCY_WORD.sub(" ", rest))
    known = {word.casefold() for word in _WORD.findall(name)}
    return any(word.casefold() not in known for word in _WORD.findall(rest)) or "*" in rest or "+" in rest
