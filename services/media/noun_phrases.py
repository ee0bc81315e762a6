"""Where a name says what a thing is and what it is of, read from services/media/data/noun_phrases.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

WORD: Final = re.compile(r"[^\W\d_]+|\d+[^\W_]*")
PAUSE: Final = re.compile(r"[,;:.!?()\[\]|/•–—\n\"“”«»]|\s-+\s")
SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")
MOST_SENTENCES: Final = 2  # of a description that say what it is about


class Role(IntEnum):
    """What a noun is in a name, the weightiest first."""

    HEAD = 0  # what is sold, done or sought: "wool socks"
    MODIFIER = 1  # what stands beside it: "drum lessons"
    COMPLEMENT = 2  # what it is of: "alquiler de motos"
    PURPOSE = 3  # what or whom it is for: "bookkeeping for butchers"


@dataclass(frozen=True, slots=True)
class Word:
    """A word in small letters; pause: whether a mark divides it from the one before; capital: its first letter."""

    text: str
    pause: bool
    capital: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The words of a language that noun_phrases.toml lists."""

    head_last: bool
    articles: frozenset[str]
    breaks: frozenset[str]
    of: frozenset[str]
    purpose: frozenset[str]
    trailing: frozenset[str]
    is_words: frozenset[str]
    deals: frozenset[str]


@cache
def phrases_of(language: str) -> Phrases:
    """Returns the words of one of the six languages. Raises KeyError for another."""
    table = _tables()[language]
    return Phrases(
        head_last=table["head"] == "last",
        articles=frozenset(table["articles"]),
        breaks=frozenset([*table["breaks"], *table["of"], *table["for"]]),
        of=frozenset(table["of"]),
        purpose=frozenset(table["for"]),
        trailing=frozenset(table["trailing"]),
        is_words=frozenset(table["is"]),
        deals=frozenset(table["deals"]),
    )


def counts(language: str) -> frozenset[str]:
    """Returns the numbers, as words and digits, that make a noun before its head a measure: "two-bed house"."""
    return frozenset(_tables()[language].get("counts", ())) | _DIGITS


_DIGITS: Final = frozenset(map(str, range(2, 101)))


@cache
def _tables() -> Mapping[str, Any]:
    return tomllib.loads(files("services.media").joinpath("data/noun_phrases.toml").read_text(encoding="utf-8"))


def words_of(text: str) -> list[Word]:
    """Returns a text's words; those with hyphens or apostrophes in parts."""
    found: list[Word] = []
    end = 0
    for match in WORD.finditer(text):
        pause = not found or PAUSE.search(text, end, match.start()) is not None
        found.append(Word(match[0].lower(), pause, match[0][0].isupper()))
        end = match.end()
    return found


def opening(description: str, language: str) -> Iterator[list[Word]]:
    """Yields the phrases of the first sentences that may say what a product is: how the first one begins, and what
    follows "is" and words such as "make"; each up to the next pause."""
    phrases = phrases_of(language)
    for number, sentence in enumerate(SENTENCE.split(description.strip())[:MOST_SENTENCES]):
        words = words_of(sentence)
        before = phrases.is_words | phrases.deals
        starts = [*([] if number else [0]), *(at + 1 for at, word in enumerate(words) if word.text in before)]
        for start in starts:
            end = start + 1
            while end < len(words) and not words[end].pause:
                end += 1
            if start < len(words):
                yield words[start:end]


def role_of(words: list[Word], first: int, last: int, language: str, portions: frozenset[str]) -> Role:
    """Returns the role of words[first..last] in a name or phrase.

    portions: words for containers and shares, behind which the thing itself follows ("box of lemons").
    """
    phrases = phrases_of(language)
    start = 0
    while start < first and words[start].text in phrases.articles:
        start += 1
    behind_portion = all(
        word.text in portions or word.text in phrases.of or word.text in phrases.articles or word.text[0].isdigit()
        for word in words[start:first]
    )
    linked = next((word.text for word in reversed(words[start:first]) if word.text in phrases.breaks), "")
    further = Role.PURPOSE if linked in phrases.purpose else Role.COMPLEMENT
    between = words[start : last + 1]
    broken = any(word.text in phrases.breaks or (at and word.pause) for at, word in enumerate(between))
    if behind_portion and first > start and any(word.text in portions for word in words[start:first]):
        return Role.HEAD
    if not phrases.head_last:
        leading = all(word.text[0].isdigit() for word in words[start:first])
        return Role.HEAD if leading else further
    if broken:
        return further
    following = next(
        (
            word
            for word in words[last + 1 :]
            if word.pause or not (word.text in phrases.trailing or word.text[0].isdigit())
        ),
        None,
    )
    ends = following is None or following.pause or following.text in phrases.breaks
    return Role.HEAD if ends else Role.MODIFIER
