"""Reads from a text how one gets what it offers: by ringing, on a site, by turning up, after somebody has measured."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Final

from services.catalog.understanding.taxonomy import DATA

WAYS: Final = (
    "ring",
    "write",
    "drop_in",
    "on_site",
    "bring",
    "order",
    "survey",
    "to_order",
    "online",
    "reserve",
    "join",
    "eligible",
    "urgent",
)
DENYING: Final = frozenset({"drop_in", "on_site"})  # ways that are said by denying others: nothing turns them
NEGATED_WITHIN: Final = 4  # words behind a negation
OTHER_LANGUAGES: Final = "en"  # texts whose language tells nothing are tried in this one
_CLAUSE: Final = re.compile(r"[.,;:!?()\n|/•*–—]|\b(?:but|pero|mais|aber|ma|mas)\b")
_APOSTROPHES: Final = str.maketrans("’‘", "''")


def ways_in(text: str, language: str) -> Mapping[str, str]:
    """Returns the ways in which a text says that one gets a thing, each with the words that say so first.

    language: the text's, in two letters. What a text refuses ("no online booking", "we don't ship") is not among them.
    """
    said = text.translate(_APOSTROPHES)
    found: dict[str, str] = {}
    patterns, negation = _patterns(language)
    for way, pattern in patterns.items():
        for match in pattern.finditer(said):
            if way in DENYING or not _is_negated(said[: match.start()], negation):
                found[way] = text[match.start() : match.end()]
                break
    return found


def _is_negated(before: str, negation: re.Pattern[str]) -> bool:
    clause = _CLAUSE.split(before)[-1]
    return negation.search(" ".join(clause.split()[-NEGATED_WITHIN:])) is not None


@cache
def _patterns(language: str) -> tuple[Mapping[str, re.Pattern[str]], re.Pattern[str]]:
    tables = tomllib.loads((DATA / "ways.toml").read_text(encoding="utf-8"))
    table = tables.get(language) or tables[OTHER_LANGUAGES]
    return {way: _pattern(table[way]) for way in WAYS}, _pattern(table["negations"])


def _pattern(phrases: list[str]) -> re.Pattern[str]:
    written = "|".join(_written(phrase) for phrase in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{written})(?!\w)", re.IGNORECASE)


def _written(phrase: str) -> str:
    pattern = ""
    for word in phrase.split():
        if word == "..":
            pattern += r"(?:[\s-]+[\w']+){0,3}"
        else:
            name = r"(?-i:[A-Z][a-z]+)"
            found = name if word == "Xx" else re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "")
            pattern += (r"[\s-]+" if pattern else "") + found
    return pattern
