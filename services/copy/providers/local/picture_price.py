"""The price as a picture may show it: with the unit and the limits that belong to it, or not at all."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from services.chassis.amounts import amounts_in
from services.copy.domain import CopyBrief, Format, Platform
from services.copy.providers.local.amounts import same_amount
from services.copy.providers.local.arguments import names_price
from services.copy.providers.local.quotes import Quote, as_line, first_word, last_word
from services.copy.providers.local.request import Order, understand_order
from services.copy.providers.local.supply import named_limits
from services.copy.providers.local.words import Words

PRICE_CHARACTERS: Final = 46  # of a price with its unit and limits, on a line of its own
SHORT_LIMIT: Final = 5  # words behind a price that belong to it ("£24 a month, twelve months at least")
FEWEST_WORDS: Final = 3  # of what stands before a price
UNPRICED: Final = frozenset({"cause", "job"})  # kinds whose amounts are pay, gifts and costs, unless a price is given
_WORDED: Final = re.compile(r"\d\s?[^\W\d_]{4,}")  # "480 pesos"
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s|\n")
_CLAUSES: Final = re.compile(r"(?<=[,;:])\s+|\s[–—-]\s")


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
    if material.price and not material.price_is_quoted:
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
    return ""


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


def names_money(text: str) -> bool:
    """Whether a text names an amount of money."""
    return any(found.is_money for found in amounts_in(text))


def priced_clause(text: str, amount: str, words: Words) -> str:
    """The clause of a text that names its price, with the next one where that limits it ("480 pesos without sweets");
    empty without one, and where the clause would say less than is true: where it needs what stands before it."""
    if not amount or not words.joints:
        return ""
    parts = [part.strip() for part in _CLAUSES.split(text) if part.strip()]
    for place, part in enumerate(parts):
        kept = part
        if not (same_amount(part, amount) and (names_money(part) or _WORDED.search(part))):
            continue
        if part.count("(") != part.count(")") or first_word(part) in words.joints:
            return ""
        behind = parts[place + 1] if place + 1 < len(parts) else ""
        is_short = part.endswith((",", ";")) and len(behind.split()) <= SHORT_LIMIT and not names_money(behind)
        if behind and (is_short or words.guards.search(behind) or words.negations.search(behind)):
            kept = f"{part} {behind}"
        kept = kept.rstrip(" ,;:.")
        return "" if last_word(kept) in words.open_end or kept.count("(") != kept.count(")") else kept
    return ""


def before_price(text: str, amount: str, words: Words) -> str:
    """What a text says before the clause that names its price, for where that clause stands by itself; else empty."""
    clause = priced_clause(text, amount, words)
    place = text.find(clause.split(",")[0]) if clause else -1
    kept = text[: max(place, 0)].rstrip(" ,;:–—-")
    is_whole = len(kept.split()) >= FEWEST_WORDS and kept.count("(") == kept.count(")")
    return kept if is_whole and not names_money(kept) and last_word(kept) not in words.open_end else ""
