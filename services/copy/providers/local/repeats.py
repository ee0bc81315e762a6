"""Whether a text says again what another one says: the same words side by side, or the same number of the same thing.

"Matured five months. Matured five months on spruce boards" says one thing twice, whatever else it says.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from unicode_rbnf import RbnfEngine

from services.copy.providers.local.amounts import CACHED
from services.copy.providers.local.words import LANGUAGES, words_of

MOST: Final = 20  # number whose word is read; larger ones are written in figures
BEHIND: Final = 3  # words behind a number among which the thing stands that it counts
SHARE: Final = 1 / 3  # of a text's words that another has from which it says them again, if they stand side by side
_STEM: Final = 6  # letters that two forms of a word have in common
_LEAST: Final = 4  # letters of a word that tells what a text is about
_WORD: Final = re.compile(r"[^\W_]+(?:['’.,][^\W_]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sayings:
    """What a text says: its telling words, those side by side, and its numbers with what they may count."""

    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    counted: frozenset[tuple[str, str]]


def says_again(text: str, said: str, language: str) -> bool:
    """Whether a good part of a text has been said: words that stand side by side there too, or a number of the same
    thing. False for a language whose words are not known.

    language: BCP 47 code of both texts.
    """
    if language not in LANGUAGES:
        return False
    one, other = _sayings(text, language), _sayings(said, language)
    if not one.words or len(one.words & other.words) < SHARE * len(one.words):
        return False
    return bool(one.pairs & other.pairs or one.counted & other.counted)


def share_said(text: str, said: str, language: str) -> float:
    """The share of a text's telling words and numbers that another text has; 0 for a language whose words are not
    known. "Text 20 minutes before we arrive" is said by "we'll text you when we're twenty minutes out"."""
    if language not in LANGUAGES:
        return 0.0
    one, other = _sayings(text, language).words, _sayings(said, language).words
    return len(one & other) / len(one) if one else 0.0


def numbers_of(text: str, language: str) -> frozenset[str]:
    """The numbers of a text in figures, those that are words too; none for a language whose words are not known."""
    if language not in LANGUAGES:
        return frozenset()
    return frozenset(word for word in _sayings(text, language).words if word[:1].isdigit())


@lru_cache(maxsize=CACHED)
def _sayings(text: str, language: str) -> _Sayings:
    numbers, empty = _number_words(language), words_of(language).empty
    sequence: list[str] = []
    pairs: set[tuple[str, str]] = set()
    for sentence in re.split(r"[.!?:;–—]\s", text):
        stems = []
        for written in _WORD.findall(sentence.casefold()):
            word = numbers.get(written, written)
            if word[:1].isdigit() or (word not in empty and len(word) >= _LEAST):
                stems.append(word.rstrip("s")[:_STEM] if not word[:1].isdigit() else word)
        pairs.update(itertools.pairwise(stems))
        sequence += stems
    counted = {
        (number, thing)
        for place, number in enumerate(sequence)
        if number[:1].isdigit()
        for thing in sequence[place + 1 : place + 1 + BEHIND]
        if not thing[:1].isdigit()
    }
    return _Sayings(words=frozenset(sequence), pairs=frozenset(pairs), counted=frozenset(counted))


@cache
def _number_words(language: str) -> Mapping[str, str]:
    """The words of numbers from two to MOST, in figures."""
    engine = RbnfEngine.for_language(language)
    return MappingProxyType({engine.format_number(number).text: str(number) for number in range(2, MOST + 1)})
