"""Captions show the script's words while they are spoken."""

from __future__ import annotations

import itertools
import re

from services.video.providers.local.captions import (
    CUE_CHARACTERS,
    CaptionWord,
    cues,
    groups,
    opening_group,
    srt,
    timed_words,
    vtt,
)
from services.video.providers.local.kokoro import SpokenWord


def spoken(script: str, pace: float = 0.4) -> list[SpokenWord]:
    return [
        SpokenWord(start=number * pace, end=number * pace + 0.3, script_start=found.start(), script_end=found.end())
        for number, found in enumerate(re.finditer(r"\w+", script))
    ]


def test_cues_last_long_enough_to_be_read_and_lines_are_short() -> None:
    texts = "Oh! Yes. Now a rather longer thought about warm bread and butter follows without any pause at all. " * 3
    words = [CaptionWord(text=text, start=n * 0.25, end=n * 0.25 + 0.24) for n, text in enumerate(texts.split())]
    for gathered in (groups(words), cues(words)):
        assert [word for group in gathered for word in group.words] == words
        assert all(group.end - group.start >= 0.7 - 1e-9 for group in gathered)
    assert all(len(line) <= 42 for line in srt(words).splitlines())


def test_a_caption_keeps_a_figure_with_what_it_counts_and_a_date_whole() -> None:
    script = "Every repair is done within 48 hours, until Sunday, Dec. 6th. We bring it home to you for free."
    shown = [" ".join(word.text for word in group.words) for group in groups(timed_words(script, spoken(script)))]
    assert "Dec. 6th." in shown
    assert any("48 hours," in text for text in shown)
    assert all(len(text) <= 24 for text in shown)


def test_a_film_opens_with_its_first_sentence_where_that_is_short() -> None:
    words = timed_words("Still shaving with plastic? Try steel.", spoken("Still shaving with plastic? Try steel."))
    group = opening_group(words)
    assert (group.start, [word.text for word in group.words]) == (0.0, ["Still", "shaving", "with", "plastic?"])
    long = " ".join(["steadily"] * 20)
    assert 20 < len(" ".join(word.text for word in opening_group(timed_words(long, spoken(long))).words)) <= 42


class TestTiming:
    def test_price_caption_lasts_as_long_as_its_speech(self) -> None:
        script = "Only $9.99 now"
        heard = [
            SpokenWord(start=0.0, end=0.3, script_start=0, script_end=4),
            SpokenWord(start=0.4, end=0.6, script_start=5, script_end=6),
            SpokenWord(start=0.6, end=1.4, script_start=6, script_end=10),
            SpokenWord(start=1.5, end=1.8, script_start=11, script_end=14),
        ]
        words = timed_words(script, heard)
        assert [(word.text, word.start, word.end) for word in words] == [
            ("Only", 0.0, 0.3),
            ("$9.99", 0.4, 1.4),
            ("now", 1.5, 1.8),
        ]

    def test_silent_characters_join_the_previous_word(self) -> None:
        assert [word.text for word in timed_words("Wow 🎉 yes", spoken("Wow 🎉 yes"))] == ["Wow 🎉", "yes"]

    def test_tags_of_a_script_are_not_shown(self) -> None:
        script = 'Wait <break time="1s"/> for <b>R&amp;D</b> now'
        heard = [word for word in spoken(script) if script[word.script_start : word.script_end] in "Wait for R D now"]
        assert [word.text for word in timed_words(script, heard)] == ["Wait", "for", "R&D", "now"]

    def test_captions_contain_every_script_word_in_order(self) -> None:
        script = "One two, three. Four five six seven eight nine ten eleven! Twelve."
        words = timed_words(script, spoken(script))
        for gathered in (groups(words), cues(words)):
            assert " ".join(word.text for group in gathered for word in group.words) == script

    def test_caption_groups_do_not_overlap(self) -> None:
        script = "a b c d e f g. h i j k l, m n o p."
        made = groups(timed_words(script, spoken(script, 0.1)))
        assert all(one.end <= two.start + 1e-9 for one, two in itertools.pairwise(made))


class TestFiles:
    WORDS = tuple(
        CaptionWord(text=text, start=index, end=index + 0.8) for index, text in enumerate(["A", "<b>", "&", "c."])
    )

    def test_srt_is_numbered_and_timed(self) -> None:
        assert srt(self.WORDS).startswith("1\n00:00:00,000 --> 00:00:04,050\nA <b> & c.\n")

    def test_vtt_escapes_and_times_each_word(self) -> None:
        made = vtt(self.WORDS)
        assert made.startswith("WEBVTT\n\n1\n00:00:00.000 --> 00:00:04.050\n")
        assert "A <00:00:01.000>&lt;b&gt; <00:00:02.000>&amp; <00:00:03.000>c." in made

    def test_cues_have_at_most_two_lines(self) -> None:
        script = "word " * 120
        lines = [line for line in srt(timed_words(script, spoken(script))).splitlines() if line.startswith("word")]
        assert lines
        assert all(len(line) <= CUE_CHARACTERS // 2 + 8 for line in lines)
