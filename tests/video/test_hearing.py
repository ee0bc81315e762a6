"""Spoken words match the script, by an independent speech recogniser."""

# ruff: noqa: E501 - scripts stay on one line

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.video.domain import VOICES
from services.video.providers.local import loudness
from services.video.providers.local.film import write_sound
from services.video.providers.local.kokoro import SAMPLE_RATE
from services.video.providers.local.rendering import speech_of
from services.video.script.languages import CODES
from tests.video.hearing import Recogniser, installed, words_in, words_of, wrong_words
from tests.video.test_languages import table

VOICES_HEARD = ("male-1", "female-1", "male-4", "female-4")
MOST_WRONG = 0.05

# The script as a customer writes it, and the expected words as a reader speaks them.
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


# Written forms that a naive reading gets wrong: prices, ranges, times, measures, places, homographs.
WRITTEN_FORMS = (
    (
        "The set costs 1.249,00 € instead of 1.549,00 €, and refills are 17,95 € each.",
        "the set costs one thousand two hundred forty nine euros instead of one thousand five hundred forty nine euros "
        "and refills are seventeen euros and ninety five cents each",
    ),
    (
        "Doors open Fri-Sun from 9:30am to 6 p.m., and tickets are £12–£15.",
        "doors open friday to sunday from nine thirty a m to six p m and tickets are twelve to fifteen pounds",
    ),
    (
        "Rated 4.8/5 by 2,300+ people, now 1/3 cheaper until Nov. 28.",
        "rated four point eight out of five by two thousand three hundred plus people now one third cheaper until "
        "november twenty eighth",
    ),
    (
        'The 27" screen works from -10°C to +45°C and weighs 7,5 kg.',
        "the twenty seven inch screen works from minus ten degrees celsius to plus forty five degrees celsius and weighs "
        "seven point five kilograms",
    ),
    (
        "Is it cheap? No. Is it worth $349? Yes, for $29/mo.",
        "is it cheap no is it worth three hundred forty nine dollars yes for twenty nine dollars a month",
    ),
    (
        "Dr. Hale moved to 40 St. Mary St., near Elm Dr. and Park Ave.",
        "doctor hale moved to forty saint mary street near elm drive and park avenue",
    ),
    (
        "We live close to the station and close at six. Join us live tonight.",
        "we live close to the station and close at six join us live tonight",
    ),
    (
        "Made without lead, in a lead-free glaze. I read it last week.",
        "made without lead in a lead free glaze i read it last week",
    ),
    (
        "Use code SPRING25 at maplewood.shop, or tag #MyMaple2026.",
        "use code spring twenty five at maplewood dot shop or tag hashtag my maple twenty twenty six",
    ),
    (
        "Mix 1:4 with water, heat 3/4 cup for 1h 30min, and serve 6-8 guests.",
        "mix one to four with water heat three quarters cup for one hour thirty minutes and serve six to eight guests",
    ),
)


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    if not installed():
        pytest.skip("the recogniser is not installed: make .venv/hearing")
    return Recogniser(tmp_path_factory.mktemp("whisper"))


class TestListening:
    """Comparison of words, without a recogniser."""

    @pytest.mark.parametrize(
        ("recognised", "words"),
        [
            ("Only $39.99!", "only thirty nine dollars and ninety nine cents"),
            ("$1.5 million, £1", "one point five million dollars one pound"),
            ("March 3, 2027 at 9.30pm", "march third twenty twenty seven at nine thirty p m"),
            ("Open 24/7, 1,250 shops", "open twenty four seven one thousand two hundred fifty shops"),
            ("It's freshbox.com, OK?", "its freshbox dot com okay"),
        ],
    )
    def test_digits_count_as_words(self, recognised: str, words: str) -> None:
        assert words_of(recognised) == words.split()

    @pytest.mark.parametrize(
        ("language", "recognised", "words"),
        [
            ("es", "¿Qué tal a las 9-30? 80 y 9 euros.", "que tal a las nueve treinta ochenta y nueve euros"),
            ("it", "Rinborsiamo 12,50 € entro il 15/3.", "rimborsiamo dodici euro e cinquanta entro il quindici marzo"),
        ],
    )
    def test_figures_of_other_languages_count_as_words(self, language: str, recognised: str, words: str) -> None:
        assert words_in(recognised, language) == words.split()

    def test_word_errors_are_counted(self) -> None:
        assert wrong_words(["a", "fresh", "box", "of", "tea"], ["a", "freshbox", "of", "tea"]) == 0
        assert wrong_words(["we", "have", "ours"], ["we", "hours"]) == 2


def recognised_words(text: str, voice: str, models: Path, recogniser: Recogniser, folder: Path) -> list[str]:
    """Returns the recognised words of a text after a video's processing: levelled, in AAC."""
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
        heard = recognised_words(script, voice, models, recogniser, tmp_path)
        missed = wrong_words(said.split(), heard)
        wrong, count = wrong + missed, count + len(said.split())
        if missed:
            print(f"{voice}: {missed} of {len(said.split())}: {' '.join(heard)}")
    print(f"{voice}: {wrong} of {count} words wrong, {wrong / count:.1%}")
    assert wrong / count <= MOST_WRONG


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("voice", [voice.id for voice in VOICES.values() if voice.language in CODES])
def test_recogniser_hears_scripts_in_other_languages(
    voice: str, models: Path, recogniser: Recogniser, tmp_path: Path
) -> None:
    wrong = count = 0
    language, path = VOICES[voice].language, tmp_path / "heard.mp4"
    for script, (said, *_) in table("spoken", language):
        speech = speech_of(script, voice, {}, models, lambda percent, stage: None)
        write_sound(path, loudness.normalised(loudness.to_48k(speech.samples, SAMPLE_RATE)), "aac")
        heard = words_in(recogniser.heard(path, language), language)
        written = words_in(said, language)
        missed = wrong_words(written, heard)
        wrong, count = wrong + missed, count + len(written)
        if missed:
            print(f"{voice}: {missed} of {len(written)}: {' '.join(heard)}")
    print(f"{voice}: {wrong} of {count} words wrong, {wrong / count:.1%}")
    assert wrong / count <= MOST_WRONG


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_recogniser_hears_written_forms_as_they_are_meant(models: Path, recogniser: Recogniser, tmp_path: Path) -> None:
    wrong = count = 0
    for number, (script, said) in enumerate(WRITTEN_FORMS):
        voice = VOICES_HEARD[number % len(VOICES_HEARD)]
        heard = recognised_words(script, voice, models, recogniser, tmp_path)
        missed = wrong_words(said.split(), heard)
        wrong, count = wrong + missed, count + len(said.split())
        if missed:
            print(f"{voice}: {missed} of {len(said.split())}: {' '.join(heard)}")
    print(f"{wrong} of {count} words wrong, {wrong / count:.1%}")
    assert wrong / count <= MOST_WRONG


@pytest.mark.slow
def test_phone_number_is_heard_digit_by_digit(models: Path, recogniser: Recogniser, tmp_path: Path) -> None:
    script = "Call us on 0161 496 0752 today, or write to us."
    speech = speech_of(script, "female-1", {}, models, lambda percent, stage: None)
    path = tmp_path / "heard.mp4"
    write_sound(path, loudness.normalised(loudness.to_48k(speech.samples, SAMPLE_RATE)), "aac")
    assert "01614960752" in re.sub(r"\D", "", recogniser.heard(path))


@pytest.mark.slow
def test_wrong_script_is_detected(models: Path, recogniser: Recogniser, tmp_path: Path) -> None:
    heard = recognised_words(
        SCRIPTS[0][0].replace("amazing product", "tiny kitten"), "male-1", models, recogniser, tmp_path
    )
    assert wrong_words(SCRIPTS[0][1].split(), heard) / len(SCRIPTS[0][1].split()) > MOST_WRONG
