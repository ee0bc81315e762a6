"""Finds features that the description takes back: the list still says "Same day service", the text "we stopped that".

A claim is taken back where it is struck through, or where its words stand in a statement that says so
(data/retracted.toml). Of a statement with quotation marks only the quotation is taken back. A feature with a number
that "the website still says" and that is to be changed there is taken back too, and one that leaves two measures open
("230 g / 250 g") of which the description names one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from services.catalog.understanding.words import stems_of

DATA: Final = tomllib.loads((Path(__file__).parent / "data" / "retracted.toml").read_text(encoding="utf-8"))
SAID: Final = 0.65  # share of a feature's telling words that a statement has which takes it back
LONG: Final = 3  # letters of a telling word
MAX_STATEMENT: Final = 200  # characters of a statement that is read whole; of a longer one, each clause
MAX_TEXT: Final = 12_000  # characters of a description that are read
MAX_QUOTATION: Final = 160

_EMPTY = frozenset(DATA["empty"])
_STRUCK = re.compile(r"~~(?=\S)([^~\n]{1,200}?)~~|<(?:s|del|strike)>([^<>]{1,200})</", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,200}>")
_STATEMENT_END = re.compile(r"\n|<br ?/?>|(?<=[.!?])\s+(?=[^\W\d_]*[A-ZÀ-Þ*\[(])", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;]\s|\s[–—-]\s|\s\(|\)")
_REMARK = re.compile(r"(\s(?:[–—-]|<<)\s)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_EITHER = re.compile(r"(?P<first>\d+(?:[.,]\d+)?) ?(?P<unit>[^\W\d_]{1,8}) ?/ ?(?P<second>\d+(?:[.,]\d+)?) ?(?P=unit)")
_QUOTATION = re.compile(rf"[\"“„«”]([^\"“”„«»\n]{{3,{MAX_QUOTATION}}})[\"”“»]")


class Retractions:
    """What a description takes back of a product's features.

    features: those that it does not, in their order.
    """

    def __init__(self, features: Sequence[str], description: str, language: str) -> None:
        """description: as sent, with its markup. language: BCP 47 code; only strikes take something back in a language
        that data/retracted.toml lacks."""
        self._language = language
        taken = [stems for text in _retracted(description[:MAX_TEXT], language) if (stems := _telling(text, language))]
        self._ended = _ended_offers(description[:MAX_TEXT].lower(), language)
        found = [(feature, _telling(feature, language)) for feature in features]
        misprints = _misprints(description[:MAX_TEXT].lower(), language)
        self._gone = [
            stems
            for feature, stems in found
            if _is_in(stems, taken)
            or self._is_ended(feature)
            or not misprints.isdisjoint(_NUMBER.findall(feature))
            or _is_settled(feature, description[:MAX_TEXT])
        ]
        self._taken = [stems for stems in taken if any(_is_in(gone, [stems]) for gone in self._gone)]
        self.features = tuple(feature for feature, stems in found if stems not in self._gone)

    def says_so(self, statement: str) -> bool:
        """Returns True for a statement of the description that is, or is a part of, what takes a feature back, or that
        makes an offer which is over."""
        if self._is_ended(statement):
            return True
        stems = _telling(statement, self._language)
        return any(stems <= taken for taken in self._taken) and any(_is_in(gone, [stems]) for gone in self._gone)

    def _is_ended(self, text: str) -> bool:
        return self._ended is not None and self._ended.search(text.lower()) is not None


def without_remark(statement: str, language: str) -> str:
    """Returns a statement without what is said to whoever makes the ad, behind a dash: "… – don't write 'for ever'"."""
    pattern = _pattern(language.partition("-")[0])
    parts = _REMARK.split(statement)
    while pattern is not None and len(parts) > 1 and pattern.search(parts[-1].lower()):
        parts = parts[:-2]
    return "".join(parts).strip()


def _is_in(feature: frozenset[str], taken: Sequence[frozenset[str]]) -> bool:
    """Whether one of the texts has a feature's numbers and most of its telling words."""
    numbers = {stem for stem in feature if stem[0].isdigit()}
    return bool(feature) and any(numbers <= stems and len(feature & stems) >= SAID * len(feature) for stems in taken)


def _retracted(description: str, language: str) -> Iterator[str]:
    """Yields the parts of a description that take something back, or that name what is taken back."""
    for match in _STRUCK.finditer(description):
        yield match[1] or match[2]
    pattern = _pattern(language.partition("-")[0])
    if pattern is None:
        return
    for statement in _STATEMENT_END.split(_STRUCK.sub(" ", description)):
        text = _TAG.sub(" ", statement)
        if not pattern.search(text.lower()):
            continue
        quoted = _QUOTATION.findall(text)
        if quoted:
            yield from quoted
        elif len(text) <= MAX_STATEMENT:
            yield text
        else:
            yield from (clause for clause in _CLAUSE_END.split(text) if pattern.search(clause.lower()))


def _ended_offers(description: str, language: str) -> re.Pattern[str] | None:
    """A pattern of the names of offers that a description, in small letters, calls over; None if there are none."""
    language = language.partition("-")[0]
    names, ends = DATA["offers"].get(language), DATA["ended"].get(language)
    if names is None:
        return None
    found = re.findall(rf"(?<!\w)({'|'.join(names)})s?\s(?:[\w’']+\s){{0,2}}(?:{'|'.join(ends)})(?!\w)", description)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, set(found)))})s?(?!\w)") if found else None


def _misprints(description: str, language: str) -> frozenset[str]:
    """Returns the numbers that a description, in small letters, says a page or sign wrongly shows."""
    pattern = _misprint_pattern(language.partition("-")[0])
    return frozenset(match[1] for match in pattern.finditer(description)) if pattern else frozenset()


@cache
def _misprint_pattern(language: str) -> re.Pattern[str] | None:
    words = DATA["misprints"].get(language)
    if words is None:
        return None
    places, says, wrong = ("|".join(words[kind]) for kind in ("places", "says", "wrong"))
    return re.compile(
        rf"(?<!\w)(?:{places}) (?:\w+ )?(?:{says}) [$€£]?(\d+(?:[.,]\d+)?)(?=(?:\W+\w+){{0,4}}?\W+(?:{wrong})(?!\w))"
    )


def _is_settled(feature: str, description: str) -> bool:
    """Returns True for a feature of two measures, "230 g / 250 g", of which the description names one alone."""
    either = _EITHER.fullmatch(feature.strip())
    if either is None:
        return False
    unit = either["unit"]
    named = [
        re.search(rf"(?<![\d.,]){re.escape(either[side])} ?{re.escape(unit)}(?!\w)", description, re.IGNORECASE)
        is not None
        for side in ("first", "second")
    ]
    return named[0] != named[1]


@cache
def _pattern(language: str) -> re.Pattern[str] | None:
    words = DATA["words"].get(language)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None


def _telling(text: str, language: str) -> frozenset[str]:
    """The stems of a text that tell what it is about: numbers and words of more than a few letters."""
    return frozenset(
        stem
        for stem in stems_of(text.replace("%", " "), language)
        if (len(stem) >= LONG or stem[0].isdigit()) and stem not in _EMPTY
    )
