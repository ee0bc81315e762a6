"""Finds the taxonomy's phrases in a text, with the part that each plays in its noun phrase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from services.catalog.understanding.index import MAX_WORDS, Entries
from services.catalog.understanding.words import Grammar, Word

MAX_MATCHES = 400  # of one text
UNITS = frozenset(("mm", "cm", "ml", "cl", "kg", "pcs", "kw", "ltr", "gb", "tb", "oz", "lb", "inch", "zoll", "pack"))
REACH = 3  # words that a negation reaches
COMPOUND = 4  # letters of the shortest name that ends a German compound
COMPOUND_REST = 3  # letters before it


class Part(Enum):
    """What a phrase is in its noun phrase."""

    WHOLE = "whole"  # all of it
    HEAD = "head"
    INNER = "inner"  # "dog food" in "dog food bowl"
    AFTER = "after"  # behind a preposition: "desk" in "lamp for a desk"


@dataclass(frozen=True, slots=True)
class Match:
    """Words [first, last] of a text that are a phrase of `owners`, which `others` more trades say too."""

    first: int
    last: int
    owners: tuple[int, ...]
    others: int
    part: Part
    compound: bool = False


def find(words: Sequence[Word], entries: Entries, functions: Grammar, *, compounds: bool = False) -> list[Match]:
    """Returns the phrases in a text, the longest first at each place, without negated and compared ones."""
    found = []
    for first, last, key, compound in _occurrences(words, entries, compounds=compounds):
        if is_excluded(words, first, functions):
            continue
        owners, others = entries[key]
        found.append(Match(first, last, owners, others, _part(words, first, last, functions), compound))
        if len(found) == MAX_MATCHES:
            break
    return found


def _occurrences(words: Sequence[Word], entries: Entries, *, compounds: bool) -> Iterator[tuple[int, int, str, bool]]:
    at = 0
    while at < len(words):
        end = at + 1
        while end < len(words) and end - at < MAX_WORDS and not words[end].after_break:
            end += 1
        for stop in range(end, at, -1):
            key = " ".join(word.stem for word in words[at:stop])
            if key in entries:
                yield at, stop - 1, key, False
                at = stop
                break
        else:
            if compounds and (tail := _compound_tail(words[at].stem, entries)):
                yield at, at, tail, True
            at += 1


def _compound_tail(stem: str, entries: Entries) -> str:
    """Returns the longest name that ends a compound: "futterspend" of "hundefutterspend"; empty: none does."""
    for start in range(COMPOUND_REST, len(stem) - COMPOUND + 1):
        if stem[start:] in entries:
            return stem[start:]
    return ""


def is_excluded(words: Sequence[Word], first: int, functions: Grammar) -> bool:
    """Returns True if a negation or comparison stands shortly before, in the same clause."""
    for back in range(first, max(first - REACH, 0), -1):
        if words[back].after_break:
            return False
        before = words[back - 1].text
        if before in functions.negation or before in functions.unlike:
            return True
        if before in {"but", "sino", "mais", "sondern", "ma", "mas"}:
            return False
    return False


def _part(words: Sequence[Word], first: int, last: int, functions: Grammar) -> Part:
    start, end = zone(words, first, last, functions)
    if start > 0 and not words[start].after_break and words[start - 1].text in functions.before:
        return Part.AFTER
    meaningful = [i for i in range(start, end + 1) if _counts(words[i], functions)]
    if not meaningful:
        return Part.WHOLE
    if first <= meaningful[0] and last >= meaningful[-1]:
        return Part.WHOLE
    if functions.head_last:
        following = [i for i in meaningful if i > last]
        beside = functions.apposition and len(following) <= 2 and all(words[i].capital for i in following)
        return Part.HEAD if not following or (beside and first <= meaningful[0]) else Part.INNER
    return Part.HEAD if first <= meaningful[0] else Part.INNER


def zone(words: Sequence[Word], first: int, last: int, functions: Grammar) -> tuple[int, int]:
    """Returns the first and last word of the noun phrase round words; it ends at marks and prepositions."""
    start, end = first, last
    while start > 0 and not words[start].after_break and words[start - 1].text not in functions.before:
        start -= 1
    while end + 1 < len(words) and not words[end + 1].after_break and words[end + 1].text not in functions.before:
        end += 1
    return start, end


def _counts(word: Word, functions: Grammar) -> bool:
    """Returns False for articles, numbers, single letters, units and model codes."""
    if word.text in functions.article or word.text in UNITS or len(word.text) < 2:
        return False
    return not any(sign.isdigit() for sign in word.text)
