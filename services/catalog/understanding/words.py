"""Words of a text with their stems: plurals folded by language, case ignored, accents kept."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from services.catalog.understanding.taxonomy import DATA

_WORD = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*[^\W\d_]*")
_SIBILANT = ("ses", "xes", "zes", "ches", "shes")
_BREAK = re.compile(r"[,;:.!?()\[\]|/•–—\n\"“”«»]|\s-+\s")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: its place, its stem, and whether a comma or another mark divides it from the word before."""

    start: int
    end: int
    stem: str
    text: str  # in small letters
    after_break: bool
    capital: bool  # written with a capital letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """Function words of a language, in small letters."""

    head_last: bool  # the head of a noun phrase is its last noun: "desk lamp"
    apposition: bool  # nouns may follow the head: "Esstisch Eiche"
    article: frozenset[str]
    before: frozenset[str]
    glue: frozenset[str]
    negation: frozenset[str]
    unlike: frozenset[str]
    origin: frozenset[str]  # adjectives of places, which may begin with a capital
    is_a: frozenset[tuple[str, ...]]


@cache
def grammar(language: str) -> Grammar:
    """Returns the function words of one of the six languages. Raises KeyError for another."""
    table = _grammars()[language]
    return Grammar(
        head_last=table["head"] == "last",
        apposition=table.get("apposition", False),
        article=frozenset(table["article"]),
        before=frozenset(table["before"]),
        glue=frozenset(table["glue"]),
        negation=frozenset(table["not"]),
        unlike=frozenset(table["unlike"]),
        origin=frozenset(table.get("origin", ())),
        is_a=frozenset(tuple(w.lower() for w in _WORD.findall(phrase)) for phrase in table["is"]),
    )


def words_of(text: str, language: str) -> list[Word]:
    """Returns the words of a text, hyphenated words in parts."""
    found = []
    end = 0
    for match in _WORD.finditer(text):
        raw = match[0]
        broken = bool(_BREAK.search(text, end, match.start())) if end else True
        lower = raw.lower()
        found.append(Word(match.start(), match.end(), stem(lower, language), lower, broken, raw[0].isupper()))
        end = match.end()
    return found


def stems_of(text: str, language: str) -> tuple[str, ...]:
    """Returns the stems of a text's words."""
    return tuple(stem(word.lower(), language) for word in _WORD.findall(text))


@lru_cache(maxsize=65_536)
def stem(word: str, language: str) -> str:
    """Returns a word in small letters without its ending of the plural, in German also of the case."""
    if len(word) < 4 or word[0].isdigit():
        return word
    fold = _FOLDS.get(language)
    return fold(word) if fold else word


def _english(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(_SIBILANT) and not word.endswith(("oses", "cases", "houses", "nurses")):
        return word[:-2] if not word.endswith(("ises", "uses", "ases", "eses")) else word[:-1]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _spanish(word: str) -> str:
    if word.endswith("ces"):
        return word[:-3] + "z"
    if word.endswith("ones") and len(word) > 6:
        return word[:-4] + "ón"
    if word.endswith("es") and len(word) > 4 and word[-3] not in "aeiouáéíct":
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def _portuguese(word: str) -> str:
    if word.endswith(("ões", "ães")):
        return word[:-3] + "ão"
    if word.endswith("éis"):
        return word[:-3] + "el"
    if word.endswith(("ais", "óis", "uis")) and len(word) > 4:
        return word[:-2] + "l"
    if word.endswith("ns"):
        return word[:-2] + "m"
    if word.endswith(("res", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def _french(word: str) -> str:
    if word.endswith("eaux"):
        return word[:-1]
    if word.endswith("aux") and len(word) > 4:
        return word[:-3] + "al"
    return word[:-1] if word.endswith(("s", "x")) else word


def _italian(word: str) -> str:
    if word.endswith(("che", "ghe", "chi", "ghi")):
        return word[:-2]
    return word[:-1] if word[-1] in "aeio" else word


def _german(word: str) -> str:
    for ending in ("innen", "en", "n", "e", "s"):  # not "er": "Messer" is no "Messe", "Spender" no "Spende"
        if word.endswith(ending) and len(word) - len(ending) > 3:
            return word[: -len(ending)]
    return word


_FOLDS = {
    "en": _english,
    "es": _spanish,
    "pt": _portuguese,
    "fr": _french,
    "it": _italian,
    "de": _german,
}


@cache
def _grammars() -> dict[str, Any]:
    return tomllib.loads((DATA / "grammar.toml").read_text(encoding="utf-8"))
