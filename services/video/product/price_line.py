"""The product's price as the customer wrote it: with what one price pays for, and what it holds for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from services.video.domain import PriceLine
from services.video.product.parts import is_other_charge, money_in
from services.video.product.shots import cues

LONGEST: Final = 110  # characters; a longer statement is no price tag
SHORT: Final = 64  # characters up to which a statement keeps what it says of other amounts
SHORT_CLAUSE: Final = 3  # words of one that takes no room beside a price: "VAT included"
SENTENCE_END: Final = re.compile(r"(?<=[^\d\s][.!?…])\s+(?=[^a-zà-ÿ\d\s])")  # "30. September" and "zzgl. 5 €" go on
FIELD: Final = re.compile(r"^\w{2,20}\s?[:=]\s?(?=\D{0,12}\d)")  # "price=18,90 EUR", "Tarif : 62 €"
CLAUSE: Final = re.compile(r"[,;–—]\s")
COLON: Final = re.compile(r"\s?:(?:\s|$)")
NEXT_AMOUNT: Final = re.compile(r"(?:[,;]|\s/)\s")
WORD: Final = re.compile(r"[^\W\d_]{2,}")


def price_line(statements: Sequence[str], price: str | None) -> PriceLine | None:
    """The first statement of the product's price with more than the amount in it, None without one.

    statements: what the brief says of prices, the most important first. price: the product's own as a decimal number;
    None: not given, so that the first amount that is no other charge is it. A statement may go on with other amounts
    ("free shipping over $40") where the product's is its first; a long one leaves them out.
    """
    wanted = float(price) if price else None
    for statement in statements:
        for each in _sentences(statement):
            sentence = FIELD.sub("", each.strip(" .!;"))
            line = _read(sentence)
            if line is not None and wanted is not None and wanted not in amounts_of(line):
                line = _listed(sentence, wanted)
            if line is None:
                continue
            words = {word.casefold() for word in WORD.findall(f"{line.before} {CLAUSE.split(line.after)[0]}")}
            stated = WORD.search(f"{line.before} {line.after}")
            if stated and not (wanted is None and words & cues().other_charges):
                return line
    return None


def _listed(sentence: str, wanted: float) -> PriceLine | None:
    """The statement of a price within a list of prices: "5 l for $5, 10 l for $9". None in a sentence that is none."""
    pieces = CLAUSE.split(sentence)
    if len(pieces) < 2 or not all(any(money_in(piece)) for piece in pieces):
        return None
    lines = (_read(piece.strip()) for piece in pieces)
    return next((line for line in lines if line is not None and wanted in amounts_of(line)), None)


def amounts_of(line: PriceLine) -> tuple[float, ...]:
    """What the amount of a statement may mean."""
    return next((found.values for found in money_in(line.amount)), ())


def _sentences(statement: str) -> Iterator[str]:
    """The sentences of a statement; the full stop of an abbreviation ends none."""
    begun = ""
    for piece in SENTENCE_END.split(statement.strip()):
        begun = f"{begun} {piece}".strip()
        if begun.split()[-1].rstrip(".").casefold() not in cues().abbreviations:
            yield begun
            begun = ""
    if begun:
        yield begun


def _read(sentence: str) -> PriceLine | None:
    money = next(money_in(sentence), None)
    if money is None:
        return None
    before, after = sentence[: money.start], sentence[money.end :]
    if is_other_charge(before, after):
        return None
    if len(sentence) > SHORT:
        before = COLON.split(before)[-1]
        after = _without_gifts(_without_other_amounts(after))
    if len(before) + len(money.text) + len(after) > LONGEST:
        before = CLAUSE.split(before)[-1]
    if len(before) + len(money.text) + len(after) > LONGEST:
        after = CLAUSE.split(after)[0]
    if len(before) + len(money.text) + len(after) > LONGEST:
        return None
    return PriceLine(amount=money.text, before=before.strip(" :–—"), after=after.strip())


def _without_gifts(after: str) -> str:
    """What stands behind an amount without the last clauses that say what is free besides: a price tag says what one
    pays, and for what. A clause with a figure or a condition may limit the price."""
    clauses = CLAUSE.split(after)
    kept = len(clauses)
    while kept > 1 and _is_gift(clauses[kept - 1]):
        kept -= 1
    return after if kept == len(clauses) else ", ".join(clauses[:kept])


def _is_gift(clause: str) -> bool:
    words = clause.casefold().split()
    if len(words) <= SHORT_CLAUSE or any(map(str.isdecimal, clause)):
        return False
    bare = {word.strip(".,;:!?") for word in words}
    limiting = cues().limits | cues().conditions | cues().negations
    return bool(bare & cues().inclusions) and not bare & limiting


def _without_other_amounts(after: str) -> str:
    """What stands behind an amount, up to the clause with the next one."""
    other = next(money_in(after), None)
    if other is None:
        return after
    ends = [found.start() for found in NEXT_AMOUNT.finditer(after) if found.start() < other.start]
    return after[: ends[-1]] if ends else after
