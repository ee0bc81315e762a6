"""Banned words match whole words, in any case and with any white space. Signs need no word boundary."""

from __future__ import annotations

import pytest

from services.chassis.banned_words import first_banned_word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The CHEAPEST one", "cheapest"),
        ("Pure 100% wool", "100%"),
        ("It is 100%.", "100%"),
        ("Now 5% off", "% off"),
        ("Our (best) tray", "(best)"),
        ("limited\n  time only", "Limited Time"),
        ("Gro\u0308\u00dfe M", "gr\u00f6\u00dfe"),
        ("Written in C++ today", "c++"),
        ("We can\u2019t wait", "can't"),
        ("We can't wait", "can\u2019t"),
        ("AN DER HAUPTSTRASSE", "Hauptstra\u00dfe"),
        ("So \u201clucky\u201d you", '"lucky"'),
        ("Get it \uff46\uff52\uff45\uff45", "free"),
        ("Get it fr\u200bee", "free"),
    ],
)
def test_banned_word_is_found(text: str, word: str) -> None:
    assert first_banned_word(text, ["unrelated", " ", word]) == word


@pytest.mark.parametrize(
    ("text", "word"), [("A cheap tray", "heap"), ("Trays", "tray"), ("1100% more", "100%"), ("best", "(best)")]
)
def test_part_of_a_word_is_not_found(text: str, word: str) -> None:
    assert first_banned_word(text, [word]) is None
