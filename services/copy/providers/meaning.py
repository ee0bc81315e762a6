"""What the words of a text mean, as far as a table of synonyms knows: texts as sets of concepts.

A concept is the identifier of a group of `data/concepts.toml` ("delivery" for "shipping", "Versand", "to your door"),
or the stem of a word that stands in no group. Two texts that share concepts speak of the same thing, in whatever
inflection and, for the words of the table, in whatever of its six languages.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|[\n•|;]+|\s[–—-]\s")
_ENDINGS = ("ing", "ed", "es", "en", "s", "e", "n")
_SHORTEST_STEM = 3  # characters
_MAX_ENDINGS = 3  # "kostenlos" and "kostenlose" lose different numbers of endings and meet in the same stem
_LONGEST_PHRASE = 5  # words


def read_table(name: str) -> dict[str, Any]:
    """A TOML table of services/copy/data."""
    return tomllib.loads(files("services.copy.data").joinpath(name).read_text(encoding="utf-8"))


def fold(text: str) -> str:
    """The text for comparison: compatibility forms (styled letters become plain), small letters, no invisible signs."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("'", "’")
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def without_names(names: Iterable[str]) -> Callable[[str], str]:
    """A function that puts "it" in the place of names: whole words, with the names' own capitals or all in capitals."""
    forms = {form for name in names if len(name.strip()) > 1 for form in (name.strip(), name.strip().upper())}
    found = "|".join(re.sub("['’]", "['’]", re.escape(form)) for form in sorted(forms, key=len, reverse=True))
    pattern = re.compile(rf"(?<![^\W_])(?:{found})(?![^\W_])" if found else r"(?!)")
    return lambda text: pattern.sub(" it ", text)


def sentences(text: str) -> list[str]:
    """The sentences and list items of a text."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """A folded word without accents and without the usual endings of plurals and verbs."""
    word = "".join(
        character for character in unicodedata.normalize("NFD", word) if unicodedata.category(character) != "Mn"
    )
    word = re.sub(r"’s?$", "", word)
    for _ in range(_MAX_ENDINGS):
        ending = next((ending for ending in _ENDINGS if word.endswith(ending)), "")
        if not ending or len(word) - len(ending) < _SHORTEST_STEM or word.endswith("ss"):
            break
        word = word[: -len(ending)]
    if len(word) > _SHORTEST_STEM + 1 and word[-1] == word[-2]:  # "stopped", "planning"
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > _SHORTEST_STEM else word


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase of a text: what it means, and where it stands in the folded text."""

    concept: str
    start: int
    end: int


@cache
def _phrases() -> dict[tuple[str, ...], str]:
    """Concepts by the stems of their words and phrases."""
    found: dict[tuple[str, ...], str] = {}
    for concept, phrases in read_table("concepts.toml")["words"].items():
        for phrase in phrases:
            found.setdefault(tuple(stem(word) for word in _WORD.findall(fold(phrase))), f"={concept}")
    return found


@cache
def _first_words() -> frozenset[str]:
    return frozenset(phrase[0] for phrase in _phrases() if len(phrase) > 1)


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(fold(read_table("concepts.toml")["stop"]["words"]).split())


def is_stop_word(folded: str) -> bool:
    """Whether a folded word carries no subject of its own."""
    return folded in _stop_words()


@cache
def negations() -> frozenset[str]:
    """Folded words that deny what follows them."""
    return frozenset(fold(word) for word in read_table("concepts.toml")["negation"]["words"])


@cache
def subjects() -> frozenset[str]:
    """Concepts that two texts must share to speak of the same thing."""
    return frozenset(f"={name}" for name in read_table("concepts.toml")["subjects"]["names"])


def words_of(folded: str) -> Iterator[Word]:
    """The meaningful words of a folded text in order, the longest known phrases first; stop words are left out."""
    tokens = [(match.group(), match.start(), match.end()) for match in _WORD.finditer(folded)]
    stems = [stem(token[0]) for token in tokens]
    place = 0
    while place < len(tokens):
        length = 1
        if stems[place] in _first_words():
            for longer in range(min(_LONGEST_PHRASE, len(tokens) - place), 1, -1):
                if tuple(stems[place : place + longer]) in _phrases():
                    length = longer
                    break
        concept = _phrases().get(tuple(stems[place : place + length]))
        word, start, _ = tokens[place]
        if concept is not None or (word not in _stop_words() and len(word) > 1):
            yield Word(concept or stems[place], start, tokens[place + length - 1][2])
        place += length


@lru_cache(maxsize=4096)
def concepts(text: str) -> frozenset[str]:
    """The concepts of a text."""
    return frozenset(word.concept for word in words_of(fold(text)))


def is_negated(folded: str) -> bool:
    """Whether a folded text holds a word that denies."""
    return any(word in negations() for word in _WORD.findall(folded))
