"""The engine's data: every file loads, every slot is known, every line suits a tone, and nothing claims anything."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from services.ad_policy import forbidden_claim
from services.ad_policy.subject import NO_SUBJECT
from services.copy.domain import Platform, Tone
from services.copy.providers import content_filters
from services.copy.providers.local.words import LANGUAGES, TONES, words_of
from services.copy.providers.platforms import platforms
from tests.copy.products import PRODUCTS, brief

DATA = files("services.copy.data")
SLOTS = frozenset({
    "name", "subject", "brand", "price", "per", "old", "audience", "code", "date", "rating", "best", "count", "source",
    "condition", "fact",
})  # fmt: skip
GOALS = ("sell", "book", "sign_up", "donate", "visit", "apply", "download", "call", "none")  # "enquire": buttons only
LETTERS = "".join(TONES)
SECTIONS = {"lists", "audience", "price", "closers", "neutral", "buttons"}  # those that every text may need


@cache
def table(kind: str, language: str) -> dict[str, Any]:
    return tomllib.loads(DATA.joinpath(f"{kind}.{language}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
class TestEveryLanguage:
    def test_files_load(self, language: str) -> None:
        words = words_of(language)
        assert words.language == language
        assert words.frames
        assert words.buttons
        assert words.guards.search("*") or language == "en"

    def test_tones_are_known_and_each_has_a_phrase(self, language: str) -> None:
        words = words_of(language)
        for section in ("audience", "neutral", "closers"):
            for name, phrases in words.frames[section].items():
                for phrase in phrases:
                    assert not re.match(r"^\w{1,6}: ", phrase.text) or phrase.text[0].isupper(), phrase
                missing = [tone for tone in Tone if not words.phrases(section, name, tone)]
                assert not missing or name == "deadline", (section, name, missing)

    def test_slots_are_known(self, language: str) -> None:
        words = words_of(language)
        for names in words.frames.values():
            for phrases in names.values():
                for phrase in phrases:
                    assert set(re.findall(r"\{([^}]*)\}", phrase.text)) <= SLOTS, phrase
                    assert phrase.text.count("{") == phrase.text.count("}"), phrase

    def test_every_platform_has_buttons_for_every_goal(self, language: str) -> None:
        buttons = words_of(language).buttons
        for platform in Platform:
            assert buttons[(platform.value, "none")], platform
            for goal in GOALS:
                labels = buttons.get((platform.value, goal)) or buttons[(platform.value, "none")]
                assert all(0 < len(label) <= 40 for label in labels)
                assert len(set(labels)) == len(labels), (platform, goal)
        assert {goal for _, goal in buttons} <= {*GOALS, "enquire", "tickets", "order"}

    def test_no_duplicate_lines(self, language: str) -> None:
        words = words_of(language)
        for section, names in words.frames.items():
            for name, phrases in names.items():
                found = Counter((phrase.text, tone) for phrase in phrases for tone in phrase.tones)
                assert max(found.values(), default=1) == 1, (section, name, found.most_common(2))


@pytest.mark.parametrize("language", LANGUAGES)
class TestWrittenLanguages:
    def test_every_section_is_there(self, language: str) -> None:
        found = table("frames", language)
        assert set(found) >= SECTIONS
        assert set(found["closers"]) >= set(GOALS)
        assert set(found["buttons"]) == {platform.value for platform in Platform}

    def test_no_line_claims_anything(self, language: str) -> None:
        """A line with a number, a superlative or a promise could never be proved by a brief."""
        rules = content_filters.request_rules(brief(PRODUCTS[6]))
        words = words_of(language)
        lines = [re.sub(r"\{\w+\}", "N", phrase.text) for section, names in words.frames.items() if section != "rating"
                 for phrases in names.values() for phrase in phrases]  # fmt: skip
        for line in lines:
            assert content_filters.unsupported_claim(line, rules) is None, line
            assert forbidden_claim(line, subject=NO_SUBJECT) is None, line
            assert not re.search(r"\d|!", line), line


class TestPlatforms:
    @pytest.mark.parametrize("platform", Platform)
    def test_every_platform_has_a_source_and_its_date(self, platform: Platform) -> None:
        rules = platforms()[platform]
        assert rules.source
        assert rules.read_in
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", rules.read_on)
        for layout in rules.layouts.values():
            assert layout.hook < layout.whole <= layout.hook + layout.body + 1
            assert layout.aim <= layout.body


def test_labels_of_buttons_are_known_and_short_enough_for_a_picture() -> None:
    known = {label for row in words_of("en").buttons.values() for label in row}
    table = tomllib.loads(DATA.joinpath("labels.toml").read_text(encoding="utf-8"))
    assert not set(table) & set(LANGUAGES)
    for language, labels in table.items():
        assert set(labels) <= known, language
        assert "Learn more" in labels, language
        assert all(0 < len(label) <= 24 for label in labels.values()), language
        assert all(words_of(language).buttons.values()), language


class TestWordLists:
    SIGNS = tomllib.loads(files("services.copy.data").joinpath("signs.toml").read_text(encoding="utf-8"))
    ASKED = tomllib.loads(files("services.copy.data").joinpath("asked.toml").read_text(encoding="utf-8"))

    @pytest.mark.parametrize("name", sorted(SIGNS))
    def test_signs_are_a_list_without_repetition(self, name: str) -> None:
        words = self.SIGNS[name]
        assert words
        assert all(isinstance(word, str) and word == word.strip() for word in words)
        assert len(set(words)) == len(words)

    def test_each_language_has_the_same_kinds_of_phrases(self) -> None:
        assert set(self.ASKED) == set(LANGUAGES)
        assert len({frozenset(kinds) for kinds in self.ASKED.values()}) == 1
        for kinds in self.ASKED.values():
            assert all(len(set(phrases)) == len(phrases) and phrases for phrases in kinds.values())
