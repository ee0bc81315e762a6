"""Conversion of scripts to speakable text and phonemes, with origins in the script."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.errors import InputFault
from services.video.providers.local.phonemes import MAX_SYMBOLS, VOCABULARY, passages
from services.video.providers.local.speakable import cardinal, ordinal, speakable, year


class TestTextToWords:
    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("only $19.99", "only nineteen dollars and ninety-nine cents"),
            ("€1,299", "one thousand two hundred ninety-nine euros"),
            ("£0.50", "fifty pence"),
            ("$3.5 million", "three point five million dollars"),
            ("save 20%", "save twenty percent"),
            ("at 3:30 pm", "at three thirty P M"),
            ("by 12 May 2026", "by May twelfth, twenty twenty-six"),
            ("by May 3rd", "by May third"),
            ("2026-03-09", "March ninth, twenty twenty-six"),
            ("since 1995", "since nineteen ninety-five"),
            ("the 1st, the 22nd", "the first, the twenty-second"),
            ("100ml", "one hundred millilitres"),
            ("1 kg", "one kilogram"),
            ("5-10 days", "five to ten days"),
            ("open 24/7", "open twenty-four seven"),
            ("shop-now.com/deals", "shop dash now dot com slash deals"),
            ("hi@acme.io", "hi at acme dot I O"),
            ("this & that", "this and that"),
            ("e.g. tea", "for example tea"),
            ("crème brûlée", "creme brulee"),
            ("code SAVE10", "code Save ten"),
        ],
    )
    def test_text_is_spoken_as_expected(self, written: str, said: str) -> None:
        assert speakable(written).text == said

    def test_emoji_and_marks_are_not_spoken(self) -> None:
        assert speakable("Wow 🎉 *so* good™").text.split() == ["Wow", "so", "goodTM"]

    def test_pronunciation_takes_precedence_over_rules(self) -> None:
        assert speakable("Visit ACME.io at 5pm", {"acme.io": "ack me eye oh"}).text == "Visit ack me eye oh at five P M"

    @pytest.mark.parametrize(("number", "words"), [(0, "zero"), (21, "twenty-one"), (1_000_001, "one million one")])
    def test_cardinal_numbers_are_spelled_out(self, number: int, words: str) -> None:
        assert cardinal(number) == words

    def test_ordinals_and_years_are_spelled_out(self) -> None:
        assert [ordinal(number) for number in (1, 12, 20, 43)] == ["first", "twelfth", "twentieth", "forty-third"]
        assert [year(number) for number in (1900, 2008, 2026)] == [
            "nineteen hundred",
            "two thousand eight",
            "twenty twenty-six",
        ]

    @settings(max_examples=150, deadline=None)
    @given(st.text(max_size=120))
    def test_any_text_is_accepted_and_every_character_has_an_origin(self, script: str) -> None:
        spoken = speakable(script)
        assert len(spoken.text) == len(spoken.origin)
        assert all(0 <= place < len(script) for place in spoken.origin)
        assert list(spoken.origin) == sorted(spoken.origin)


class TestPhonemes:
    def test_every_word_keeps_its_position_in_the_script(self) -> None:
        script = "Meet the Aurora Bottle for $5."
        words = [word for passage in passages(speakable(script)) for word in passage.words]
        assert [script[word.start : word.end] for word in words[:4]] == ["Meet", "the", "Aurora", "Bottle"]
        assert all(symbol in VOCABULARY for word in words for symbol in word.phonemes)

    def test_long_script_is_split_into_passages(self) -> None:
        script = ("word and another word " * 100)[:2000]
        cut = passages(speakable(script))
        assert all(len(passage.symbols) <= MAX_SYMBOLS for passage in cut)
        assert sum(len(passage.words) for passage in cut) == len(script.split())

    def test_script_without_words_is_an_input_fault(self) -> None:
        with pytest.raises(InputFault, match="no words"):
            passages(speakable("🎉🎉🎉 !!! ... ??? 🎉"))
