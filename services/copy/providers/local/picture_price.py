"""The price as a picture may show it: with the unit and the limits that belong to it, or not at all."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from services.copy.domain import CopyBrief, Format, Platform
from services.copy.providers.local.arguments import names_price
from services.copy.providers.local.price_phrase import names_money, priced_clause
from services.copy.providers.local.quotes import Quote, as_line, last_word, upper_first
from services.copy.providers.local.request import Order, understand_order
from services.copy.providers.local.supply import named_limits
from services.copy.providers.local.words import Words

PRICE_CHARACTERS: Final = 46  # of a price with its unit and limits, on a line of its own
FEWEST_WORDS: Final = 3  # of what stands before a price
UNPRICED: Final = frozenset({"cause", "job"})  # kinds whose amounts are pay, gifts and costs, unless a price is given
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s|\n")


def picture_price(brief: CopyBrief) -> str:
    """The price in the customer's words, or as the decimal number where it is true by itself; empty where neither is
    short and true."""
    return price_of(understand_order(replace(brief, platform=Platform.UNIVERSAL, format=Format.HOOK)))


def price_of(order: Order) -> str:
    """As `picture_price`, of a request that is understood."""
    material = order.material
    if order.instructions.price is False or (not material.amount and material.kind in UNPRICED):
        return ""
    quotes = [found for found in (*material.quotes, *material.spare) if found.source != "price"]
    priced = [found for found in quotes if names_price(found, material, strict=True)]
    limits = [limit for found in priced for limit in named_limits(found, material)]
    if limits:  # a price that is shown without them is not what a customer pays
        return _with_limits(priced, limits)
    if material.price not in {"", material.price_phrase} and not material.price_is_quoted:
        return material.amount
    texts = [material.price] if material.price else []
    texts += [found.text for found in priced]
    for found_text in texts:
        text = with_its_end(found_text, material.written)
        whole = as_line(text)
        clause = priced_clause(text, material.amount, material.words)
        for line in (whole, clause):
            if line and len(line) <= PRICE_CHARACTERS and (names_money(line) or line == clause):
                return as_line(line)
    return upper_first(as_line(material.price_phrase))


def _with_limits(priced: list[Quote], limits: list[Quote]) -> str:
    """The shortest text of a price with all that limits it, where a line has room for both; else empty."""
    behind = " ".join(dict.fromkeys(limit.sentence for limit in limits))
    lines = sorted((f"{found.sentence} {behind}" for found in priced if found.role == "price"), key=len)
    return as_line(lines[0]) if lines and len(lines[0]) <= PRICE_CHARACTERS else ""


def with_its_end(text: str, written: str) -> str:
    """A fact with the rest of its sentence, where the customer's text goes on behind it with a comma."""
    kept = text.rstrip(" .,;")
    _, found, behind = written.partition(kept)
    if not found or not behind.startswith((",", ";")):
        return text
    return f"{kept}{_SENTENCE_END.split(behind, maxsplit=1)[0]}"


def before_price(text: str, amount: str, words: Words) -> str:
    """What a text says before the clause that names its price, for where that clause stands by itself; else empty."""
    clause = priced_clause(text, amount, words)
    place = text.find(clause.split(",")[0]) if clause else -1
    kept = text[: max(place, 0)].rstrip(" ,;:–—-")
    is_whole = len(kept.split()) >= FEWEST_WORDS and kept.count("(") == kept.count(")")
    return kept if is_whole and not names_money(kept) and last_word(kept) not in words.open_end else ""
