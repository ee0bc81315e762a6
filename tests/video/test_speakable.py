"""Conversion of scripts to speakable text and phonemes, with origins in the script."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.errors import InputFault
from services.video.providers.local.phonemes import MAX_SYMBOLS, VOCABULARY, passages
from services.video.script import homographs
from services.video.script.markup import MAX_BREAK_SECONDS, MAX_BREAKS_SECONDS
from services.video.script.numbers import cardinal, ordinal, year
from services.video.script.speakable import speakable


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

    @pytest.mark.parametrize(
        "number",
        ["part 12-10-2020-77", "Part 12-10-2020", "ISBN: 10-12-1999", "ref. 2020-12-10", "555-12-10-2000",
         "555-2020-12-10", "2020-12-10-77"],
    )  # fmt: skip
    def test_groups_of_a_number_are_no_date(self, number: str) -> None:
        assert not re.search("October|December", speakable(f"See {number} now.").text)

    @pytest.mark.parametrize(
        "script",
        ["Open at 7 a.m. today", "flight BA2490", "Unit 3A is free", "Plan A works", "Vitamin A helps", "I got an A."],
    )
    def test_letter_a_is_no_article(self, script: str) -> None:
        said = " ".join(passage.symbols for passage in passages(speakable(script))).replace(".", "").split()
        assert "ˈA" in said
        assert "ɐ" not in said

    def test_article_stays_an_article(self) -> None:
        assert passages(speakable("A plan for a day"))[0].symbols.startswith("ɐ ")

    def test_emoji_and_marks_are_not_spoken(self) -> None:
        assert speakable("Wow 🎉 *so* good™").text.split() == ["Wow", "so", "good"]

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


class TestMarkup:
    def test_tags_are_not_spoken_and_references_are_resolved(self) -> None:
        spoken = speakable('<speak><p>Tea <emphasis level="strong">now</emphasis></p> &amp; cake</speak><!-- later -->')
        assert spoken.text.split() == ["Tea", "now", "and", "cake"]

    @pytest.mark.parametrize(
        ("tag", "seconds"),
        [
            ('<break time="700ms"/>', 0.7),
            ("<break time='1.5s' />", 1.5),
            ("<BREAK/>", 0.5),
            ('<break strength="none"/>', 0.0),
            ('<break time="90s"/>', MAX_BREAK_SECONDS),
        ],
    )
    def test_break_is_a_bounded_silence(self, tag: str, seconds: float) -> None:
        assert sum(speakable(f"Wait {tag} for it.").pauses.values()) == pytest.approx(seconds)

    def test_breaks_together_are_bounded(self) -> None:
        script = "go " + '<break time="3s"/> on ' * 40
        assert sum(speakable(script).pauses.values()) == pytest.approx(MAX_BREAKS_SECONDS)

    def test_break_ends_a_passage_with_its_silence(self) -> None:
        cut = passages(speakable('One small step. And then <break time="1200ms"/> a leap. The end.'))
        assert [passage.pause for passage in cut] == [1.2, 0.0]
        assert [passage.text for passage in cut] == ["One small step. And then", "a leap. The end."]

    def test_less_than_is_no_tag(self) -> None:
        spoken = speakable("in <5 minutes, not >9")
        assert " ".join(spoken.text.split()) == "in less than five minutes, not more than nine"


class TestHomographs:
    """Words that are written alike: only where the words beside them decide."""

    @pytest.mark.parametrize(
        ("script", "word", "sounds"),
        [
            ("We close at nine.", "close", "klˈOz"),
            ("Stay close to home.", "close", "klˈOs"),
            ("Join the live stream.", "live", "lˈIv"),
            ("Where people live well.", "live", "lˈɪv"),
            ("Glazed without lead.", "lead", "lˈɛd"),
            ("Toys with no lead paint.", "lead", "lˈɛd"),
            ("Wind the clock once a week.", "Wind", "wˈInd"),
            ("A minute difference in taste.", "minute", "mInjˈut"),
            ("She has read every label.", "read", "ɹˈɛd"),
            ("We make content for brands.", "content", "kˈɑntˌɛnt"),
            ("Tear off the strip.", "Tear", "tˈɛɹ"),
            ("Easy to use for daily use.", "use", "jˈuz"),
            ("Deep bass and clear highs.", "bass", "bˈAs"),
            ("Tails and manes of real horsehair.", "manes", "mˈAnz"),
        ],
    )
    def test_context_decides_the_sound(self, script: str, word: str, sounds: str) -> None:
        spoken = speakable(script)
        assert spoken.phonemes[spoken.text.index(word)] == sounds
        (found, *_) = [one for part in passages(spoken) for one in part.words if script[one.start :].startswith(word)]
        assert found.phonemes.strip(",.") == sounds

    def test_sounds_of_one_part_leave_the_rest_of_a_compound(self) -> None:
        script = "Our lead-free glaze."
        said = [word.phonemes for part in passages(speakable(script)) for word in part.words]
        assert "lˈɛd" in said
        assert any("fɹ" in phonemes for phonemes in said)

    @pytest.mark.parametrize("script", ["The wind is cold.", "One minute to go.", "We lead the way.", "Read on."])
    def test_uncertain_words_keep_the_sound_of_the_dictionary(self, script: str) -> None:
        assert not speakable(script).phonemes

    def test_sounds_of_the_table_are_the_voices_own(self) -> None:
        table = tomllib.loads((Path(homographs.__file__).parent / "data" / "homographs.toml").read_text("utf-8"))
        sounds = {rule["sounds"] for entry in table["words"] for rule in entry["rules"]}
        assert sounds
        assert all(symbol in VOCABULARY for said in sounds for symbol in said)


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
