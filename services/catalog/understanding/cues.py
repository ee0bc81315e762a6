"""Reads from a text, whatever the trade, its kind of thing, what it asks for, and its sensitive subjects."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from services.catalog.understanding.index import Entries
from services.catalog.understanding.matching import Part, find
from services.catalog.understanding.taxonomy import DATA, LANGUAGES
from services.catalog.understanding.words import grammar, stems_of, words_of

PASSING = "passing"  # phrases that contain a cue and do not mean it


def kinds_in(name: str, language: str) -> dict[str, str]:
    """Returns the kinds that the heads of a name's phrases speak for, with those words: "clock repair" is a service."""
    return _found("kind", (name,), language, heads=True)


def goals_stated(texts: Sequence[str], language: str) -> dict[str, tuple[str, int]]:
    """Returns the goals that texts state, each with the first words that do and how many texts do."""
    counts: Counter[str] = Counter()
    words: dict[str, str] = {}
    for text in texts:
        for goal, said in _found("goal", (text,), language).items():
            counts[goal] += 1
            words.setdefault(goal, said)
    return {goal: (words[goal], count) for goal, count in counts.items()}


def allowed_goals(kind: str) -> frozenset[str]:
    """Returns the goals that ads for a kind have; none for a kind that is not known."""
    return frozenset(_cues()["allowed"].get(kind, ()))


def rental_in(name: str, texts: Sequence[str], language: str) -> str:
    """Returns the words by which a name or first sentence says that the thing is lent for money, "" without any."""
    found = _found("rental_name", (name,), language, heads=True) or _found("rental", (name, *texts), language)
    return next(iter(found.values()), "")


@cache
def words_in(group: str, language: str) -> frozenset[str]:
    """Returns the single words of a group in a language, in small letters."""
    return frozenset(word for table in _cues()[group].values() for word in table.get(language, ()))


def is_lent_by(unit: str) -> bool:
    """Returns True for what a price pays for of a good that is lent: "day"."""
    return unit.strip().casefold() in _cues()["lent_by"]["units"]


def subjects_in(group: str, name: str, texts: Sequence[str], language: str) -> tuple[str, ...]:
    """Returns the subjects of `group` (sensitive or regulated) that a name mentions, or its texts with two words."""
    in_name = _found(group, (name,), language)
    found = [subject for subject in _counted(group, texts, language, at_least=2) if subject not in in_name]
    return (*in_name, *found)


def _found(group: str, texts: Sequence[str], language: str, *, heads: bool = False) -> dict[str, str]:
    """Returns what texts speak for, with the first words that do."""
    found: dict[str, str] = {}
    for text, subject, first, last in _matches(group, texts, language, heads=heads):
        found.setdefault(subject, text[first:last])
    return found


def _counted(group: str, texts: Sequence[str], language: str, *, at_least: int) -> list[str]:
    said: dict[str, set[str]] = {}
    for text, subject, first, last in _matches(group, texts, language):
        said.setdefault(subject, set()).add(text[first:last].casefold())
    return [subject for subject, words in said.items() if len(words) >= at_least]


def _matches(
    group: str, texts: Sequence[str], language: str, *, heads: bool = False
) -> list[tuple[str, str, int, int]]:
    if language not in LANGUAGES:
        return []
    subjects, entries = _entries(group, language)
    functions = grammar(language)
    found: list[tuple[str, str, int, int]] = []
    for text in texts:
        words = words_of(text, language)
        for match in find(words, entries, functions):
            found.extend(
                (text, subjects[owner], words[match.first].start, words[match.last].end)
                for owner in match.owners
                if subjects[owner] != PASSING and not (heads and match.part not in (Part.WHOLE, Part.HEAD))
            )
    return found


@cache
def _entries(group: str, language: str) -> tuple[list[str], Entries]:
    """Returns the subjects of a group, and positions in them by phrase. A passing phrase is no other subject's."""
    table: Mapping[str, Mapping[str, list[str]]] = _cues()[group]
    subjects = list(table)
    owners: dict[str, set[int]] = {}
    for position, subject in enumerate(subjects):
        for phrase in table[subject].get(language, ()):
            owners.setdefault(" ".join(stems_of(phrase, language)), set()).add(position)
    passing = subjects.index(PASSING) if PASSING in subjects else -1
    return subjects, {
        key: ((passing,) if passing in found else tuple(sorted(found)), 0) for key, found in owners.items()
    }


@cache
def _cues() -> dict[str, Any]:
    return tomllib.loads((DATA / "cues.toml").read_text(encoding="utf-8"))
