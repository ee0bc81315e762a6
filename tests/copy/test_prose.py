"""The engine's own English lines, by an independent grammar checker. What it quotes is the customer's and stays."""

from __future__ import annotations

import re

from services.copy.providers.local.words import words_of
from tests.copy.proofreader import marks

SLOTS = {"audience": "tea drinkers", "price": "£40", "old": "£50", "date": "Friday", "fact": "It folds.", "count": "40",
         "rating": "4.8", "best": "5", "condition": "It is not washable.", "code": "SAVE"}  # fmt: skip


def own_lines() -> list[str]:
    words = words_of("en")
    phrases = [phrase.text for names in words.frames.values() for rows in names.values() for phrase in rows]
    return [re.sub(r"\{(\w+)\}", lambda slot: SLOTS.get(slot[1], "Acme"), text) for text in phrases]


def test_own_lines_have_no_grammar_errors() -> None:
    assert [f"{mark}: {line}" for line in own_lines() for mark in marks(line)] == []


def test_checker_finds_errors() -> None:
    assert marks("There is bottles that smell. It are a apple.")
