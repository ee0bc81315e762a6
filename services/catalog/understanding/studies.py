"""Marks what an invitation to a clinical study must say: who may take part, and what is studied.

What the FDA's guidance "Recruiting Study Subjects" asks of such advertisements: the condition and the purpose, in
summary who is eligible, and no weight on what is paid. The first two are legal lines, which every text carries, and
payment comes last.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.catalog.understanding.values import Fact

FIELD: Final = "health"  # of advertising rules
LEAST_SIGNS: Final = 3  # that a text is about such a study, beside its name
NAMED_WITHIN: Final = 400  # characters of a text that name the study
LONGEST: Final = 240  # characters of a line that every text carries
FIRST: Final = 0.03  # strength of what is studied
SECOND: Final = 0.02  # of who may take part
PAYMENT: Final = 0.2  # strength of what is paid, at most: it leads only where nothing else does
_DATA: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "data" / "studies.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class _Words:
    subject: re.Pattern[str]
    signs: tuple[re.Pattern[str], ...]
    who: tuple[re.Pattern[str], ...]
    invites: tuple[re.Pattern[str], ...]


@cache
def _words(language: str) -> _Words | None:
    data = _DATA.get(language.split("-", maxsplit=1)[0])
    if data is None:
        return None

    def pattern(words: str) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)

    return _Words(
        subject=pattern(data["subject"]),
        signs=tuple(map(pattern, data["signs"])),
        who=tuple(map(pattern, data["who"])),
        invites=tuple(map(pattern, data["invites"])),
    )


def is_study(said: str, language: str) -> bool:
    """Returns True for texts that invite to a study of a medicine, a device or a treatment. said: all of them."""
    words = _words(language)
    if words is None or not words.subject.search(said[:NAMED_WITHIN]):
        return False
    return sum(sign.search(said) is not None for sign in words.signs) >= LEAST_SIGNS


def with_legal_lines(facts: Sequence[Fact], language: str) -> list[Fact]:
    """Returns the facts of a study with who may take part and what is studied as legal lines, the strongest first."""
    words = _words(language)
    if words is None:
        return list(facts)
    who = _first_of(facts, words.who)
    invitation = _first_of([fact for fact in facts if fact is not who], words.invites)
    marked = {id(fact): strength for fact, strength in ((invitation, FIRST), (who, SECOND)) if fact is not None}

    def changed(fact: Fact) -> Fact:
        if id(fact) in marked:
            return replace(fact, role="legal", strength=marked[id(fact)])
        return replace(fact, strength=min(fact.strength, PAYMENT)) if fact.role == "price" else fact

    return sorted(map(changed, facts), key=lambda fact: -fact.strength)


def _first_of(facts: Sequence[Fact], patterns: Sequence[re.Pattern[str]]) -> Fact | None:
    """Returns the shortest fact that the first pattern finds that finds any."""
    for pattern in patterns:
        found = [fact for fact in facts if fact.source != "name" and pattern.search(fact.text)]
        fit = [fact for fact in found if len(fact.text) <= LONGEST]
        if fit:
            return min(fit, key=lambda fact: len(fact.text))
    return None
