"""Nothing is printed twice: lines without what a larger one of the picture says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from services.chassis.amounts import amounts_in
from services.image.providers.local.ad_text import Wording
from services.image.providers.local.prices import AMOUNT, price_parts

CLAUSE: Final = re.compile(r"(?<=[,;:])\s+|(?<=[.!?])\s+|\s[–—·-]\s")
WORD: Final = re.compile(r"\w+")
LONGEST_PRICE: Final = 46  # characters of a fact that takes the place of a bare amount
MOST_NEW: Final = 2  # words besides an amount that is said, with which a clause says next to nothing new
LEAST_WORD: Final = 3  # letters of a word that says something
FEWEST_WORDS: Final = 2  # of a clause that only repeats: a word by itself may be one of a list
FEWEST_LEFT: Final = 3  # words that are left of a line: of "£35, gun, mask, hot dog" two say nothing
FROM_AMOUNT: Final = re.compile(rf"[,;:–—-]?\s*(?:(?<!\w)[^\W\d_]{{2,5}}\.?\s)?{AMOUNT.pattern}")


def with_whole_price(words: Wording, facts: Iterable[str]) -> Wording:
    """The words with the first fact that names a bare price's amount, and no other, as their price: "€39" ->
    "€39 delivered anywhere in Ireland"."""
    amounts = _amounts(words.price)
    if len(amounts) != 1 or words.old_price or words.figure_leads or not AMOUNT.fullmatch(words.price):
        return words
    for fact in facts:
        if len(fact) <= LONGEST_PRICE and _amounts(fact) == amounts and price_parts(fact) is not None:
            return replace(words, price=fact.rstrip("."))
    return words


def unrepeated(words: Wording) -> Wording:
    """The words without clauses of eyebrow, sub-line and list that the headline or the price says."""
    above = f"{words.headline} {words.price} {words.occasion}"
    eyebrow = _without_amount(words.eyebrow, words.price)
    said, priced = f"{above} {eyebrow}", _amounts(above)
    subline = words.subline if "subline" in words.quoted else _rest(words.subline, said, priced)
    further = tuple((_rest(fact, said, priced), place) for place, fact in enumerate(words.further))
    further = tuple((fact, place) for fact, place in further if fact)
    icons, benefits = words.icons, tuple(_rest(fact, said, priced) for fact in words.benefits)
    if icons:
        icons = tuple(icon for icon, fact in zip(icons, benefits, strict=True) if fact)
    return replace(
        words,
        eyebrow=eyebrow,
        subline=subline,
        benefits=tuple(filter(None, benefits)),
        icons=icons,
        further=tuple(fact for fact, _ in further),
        joined=sum(place < words.joined for _, place in further),
    )


def _rest(text: str, said: str, priced: frozenset[Decimal]) -> str:
    """What a line says besides `said` and the amounts `priced`: itself, its other clauses, or nothing."""
    clauses = [clause for clause in CLAUSE.split(text) if clause.strip()]
    new = [clause for clause in clauses if not _tells_nothing_new(clause, said, priced)]
    if len(new) == len(clauses):
        return text
    if len(WORD.findall(" ".join(new))) < FEWEST_LEFT:
        return ""
    left = " ".join(new).lstrip("·–—- ")
    stop = "." if text.endswith(".") else ""
    return left[:1].upper() + left[1:].rstrip(",;: .") + stop


def _tells_nothing_new(clause: str, said: str, priced: frozenset[Decimal]) -> bool:
    """Whether all words of a clause are said, or its amounts are and next to nothing besides."""
    known = set(WORD.findall(said.casefold()))
    words = WORD.findall(clause.casefold())
    if len(words) >= FEWEST_WORDS and all(word in known for word in words):
        return True
    own = _amounts(clause)
    new = [word for word in words if word not in known and len(word) >= LEAST_WORD]
    return bool(own) and own <= priced and len(new) <= MOST_NEW


def _without_amount(eyebrow: str, price: str) -> str:
    """An eyebrow without "from $35 a metre" at its end, where the price says that."""
    found = FROM_AMOUNT.search(eyebrow)
    if found is None or not _amounts(found[0]) or not _amounts(found[0]) <= _amounts(price):
        return eyebrow
    known = set(WORD.findall(price.casefold()))
    kept = eyebrow[: found.start()].strip()
    is_said = all(word in known for word in WORD.findall(eyebrow[found.start() :].casefold()))
    return kept if is_said and len(kept) >= LEAST_WORD else eyebrow


def _amounts(text: str) -> frozenset[Decimal]:
    """The values of a text's amounts of money."""
    return frozenset(found.values[0] for found in amounts_in(text) if found.is_money)
