"""What was said is what was written: a recogniser that knows nothing of the engine writes down what it hears."""

# ruff: noqa: E501 - scripts stay whole

from __future__ import annotations

from pathlib import Path

import pytest

from services.video.providers.local import loudness
from services.video.providers.local.film import write_sound
from services.video.providers.local.kokoro import SAMPLE_RATE
from services.video.providers.local.rendering import speech_of
from tests.video.hearing import Recogniser, installed, words_of, wrong_words

VOICES_HEARD = ("male-1", "female-1", "male-4", "female-4")
MOST_WRONG = 0.05

# As a customer writes it, and as a reader says it aloud.
SCRIPTS = (
    (
        "Hey! You need to check out this amazing product. It saves you time, it saves you money, and it just works.",
        "hey you need to check out this amazing product it saves you time it saves you money and it just works",
    ),
    (
        "Your water bottle smells. Ours cleans itself with light, every two hours, for only $39.99. Try it for 30 days.",
        "your water bottle smells ours cleans itself with light every two hours for only thirty nine dollars and "
        "ninety nine cents try it for thirty days",
    ),
    (
        "Save 20% on every coffee subscription until March 3rd, 2027. Fresh beans, roasted on Monday, at your door by "
        "Friday 🎉",
        "save twenty percent on every coffee subscription until march third twenty twenty seven fresh beans roasted on "
        "monday at your door by friday",
    ),
    (
        "Tired of meetings that could have been an email? Our calendar finds 5 free hours a week, e.g. for lunch.",
        "tired of meetings that could have been an email our calendar finds five free hours a week for example for "
        "lunch",
    ),
    (
        "Dr. Miller recommends eight hours of sleep. Our mattress makes that easy: soft, cool and quiet, from £499.",
        "doctor miller recommends eight hours of sleep our mattress makes that easy soft cool and quiet from four "
        "hundred ninety nine pounds",
    ),
    (
        "We asked 1,250 runners what hurts most. Their answer: bad shoes. So we built a pair that weighs 180 g & lasts "
        "for 1,000 km.",
        "we asked one thousand two hundred fifty runners what hurts most their answer bad shoes so we built a pair that "
        "weighs one hundred eighty grams and lasts for one thousand kilometers",
    ),
    (
        "Open 24/7, in 14 cities. Order before 9:30 pm and your groceries arrive the same night. Visit freshbox.com today.",
        "open twenty four seven in fourteen cities order before nine thirty p m and your groceries arrive the same "
        "night visit fresh box dot com today",
    ),
    (
        "Meet the lamp that follows the sun. In the morning it is cool and bright; in the evening it turns warm and low.",
        "meet the lamp that follows the sun in the morning it is cool and bright in the evening it turns warm and low",
    ),
    (
        "Learn to play the guitar in ten minutes a day. No theory, no boring exercises, just the songs you love.",
        "learn to play the guitar in ten minutes a day no theory no boring exercises just the songs you love",
    ),
    (
        "Since 1995 our family has baked bread the slow way. Flour, water, salt and patience. Come in and taste it.",
        "since nineteen ninety five our family has baked bread the slow way flour water salt and patience come in and "
        "taste it",
    ),
    (
        "What would you do with an extra $1.5 million? We cannot promise that. But our budget app saves most people "
        "$200 a month.",
        "what would you do with an extra one point five million dollars we cannot promise that but our budget app saves "
        "most people two hundred dollars a month",
    ),
    (
        "Big dogs, small dogs, very old dogs: they all deserve better food. Real chicken, brown rice, and nothing else. "
        "Use code HAPPY10.",
        "big dogs small dogs very old dogs they all deserve better food real chicken brown rice and nothing else use "
        "code happy ten",
    ),
)


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    if not installed():
        pytest.skip("the recogniser is not installed: make .venv/hearing")
    return Recogniser(tmp_path_factory.mktemp("whisper"))


class TestListening:
    """How words are compared, without a recogniser."""

    @pytest.mark.parametrize(
        ("noted", "words"),
        [
            ("Only $39.99!", "only thirty nine dollars and ninety nine cents"),
            ("$1.5 million, £1", "one point five million dollars one pound"),
            ("March 3, 2027 at 9.30pm", "march third twenty twenty seven at nine thirty p m"),
            ("Open 24/7, 1,250 shops", "open twenty four seven one thousand two hundred fifty shops"),
            ("It's freshbox.com, OK?", "its freshbox dot com okay"),
        ],
    )
    def test_digits_count_as_words(self, noted: str, words: str) -> None:
        assert words_of(noted) == words.split()

    def test_word_errors_are_counted(self) -> None:
        assert wrong_words(["a", "fresh", "box", "of", "tea"], ["a", "freshbox", "of", "tea"]) == 0
        assert wrong_words(["we", "have", "ours"], ["we", "hours"]) == 2


def told(text: str, voice: str, models: Path, recogniser: Recogniser, folder: Path) -> list[str]:
    """The words heard in the text as a video would sound: levelled and in AAC."""
    speech = speech_of(text, voice, {}, models, lambda percent, stage: None)
    path = folder / "heard.mp4"
    write_sound(path, loudness.normalised(loudness.to_48k(speech.samples, SAMPLE_RATE)), "aac")
    return words_of(recogniser.heard(path))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("voice", VOICES_HEARD)
def test_recogniser_hears_the_written_scripts(voice: str, models: Path, recogniser: Recogniser, tmp_path: Path) -> None:
    wrong = count = 0
    for script, said in SCRIPTS:
        heard = told(script, voice, models, recogniser, tmp_path)
        missed = wrong_words(said.split(), heard)
        wrong, count = wrong + missed, count + len(said.split())
        if missed:
            print(f"{voice}: {missed} of {len(said.split())}: {' '.join(heard)}")
    print(f"{voice}: {wrong} of {count} words wrong, {wrong / count:.1%}")
    assert wrong / count <= MOST_WRONG


@pytest.mark.slow
def test_wrong_script_is_detected(models: Path, recogniser: Recogniser, tmp_path: Path) -> None:
    heard = told(SCRIPTS[0][0].replace("amazing product", "tiny kitten"), "male-1", models, recogniser, tmp_path)
    assert wrong_words(SCRIPTS[0][1].split(), heard) / len(SCRIPTS[0][1].split()) > MOST_WRONG
