"""Word error rates of the voices of other languages than English: `python -m tests.video.word_errors [VOICE …]`.

Speaks the scripts of tests/video/spoken/adverts as the engine does, transcribes them with the recogniser of hearing.py
and prints for each voice how many words are wrong; spellings of the recogniser's own ("830" for "8:30") count too.
Exits with 1 when a voice has more than MOST_WRONG of its words wrong. Takes about two minutes a voice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.media.model_files import default_folder, fetch_models, use_folder
from services.video.domain import VOICES
from services.video.providers.local import loudness
from services.video.providers.local.film import write_sound
from services.video.providers.local.kokoro import SAMPLE_RATE
from services.video.providers.local.rendering import speech_of
from services.video.script.languages import CODES
from tests.video.hearing import Recogniser, installed, words_in, wrong_words

FOLDER: Final = Path(__file__).parent / "spoken" / "adverts"
MOST_WRONG: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script as a customer writes it, and the words a reader speaks."""

    written: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How many words of a script or a voice there are, and how many of them are wrong."""

    words: int = 0
    wrong: int = 0

    def __add__(self, other: Result) -> Result:
        return Result(words=self.words + other.words, wrong=self.wrong + other.wrong)

    @property
    def rate(self) -> float:
        return self.wrong / self.words


def scripts(language: str) -> list[Script]:
    """The scripts of a language."""
    lines = (FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" => ") for line in lines if line and not line.startswith("# ")]
    return [Script(written=written, said=said) for written, said in pairs]


def compared(said: str, heard: str, language: str) -> Result:
    """Counts the words of `said` that `heard` has wrong."""
    expected, found = words_in(said, language), words_in(heard, language)
    return Result(words=len(expected), wrong=wrong_words(expected, found))


def measured(voice_id: str, models: Path, recogniser: Recogniser, folder: Path, *, speed: float = 1.0) -> Result:
    """The words that the recogniser hears wrong of a voice; prints the scripts with any."""
    language, path, total = VOICES[voice_id].language, folder / "heard.mp4", Result()
    for script in scripts(language):
        speech = speech_of(script.written, voice_id, {}, models, lambda percent, stage: None, speed=speed)
        write_sound(path, loudness.normalised(loudness.to_48k(speech.samples, SAMPLE_RATE)), "aac")
        heard = recogniser.heard(path, language)
        result = compared(script.said, heard, language)
        total += result
        if result.wrong:
            print(f"  {result.wrong}: {script.written}\n     {heard}", flush=True)
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the word error rates of voices.")
    spoken = [voice.id for voice in VOICES.values() if voice.language in CODES]
    parser.add_argument(
        "voices", nargs="*", metavar="VOICE", default=spoken, help="all but the English ones by default"
    )
    voices: list[str] = parser.parse_args().voices
    if not installed():
        print("The recogniser is not installed: make .venv/hearing")
        return 2
    fetch_models(default_folder(), say=lambda _: None)
    use_folder(default_folder())
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        recogniser = Recogniser(Path(folder) / "whisper")
        for voice_id in voices:
            result = measured(voice_id, default_folder(), recogniser, Path(folder))
            worst = max(worst, result.rate)
            print(f"{voice_id}: {result.wrong} of {result.words} words wrong, {result.rate:.1%}", flush=True)
    return int(worst > MOST_WRONG)


if __name__ == "__main__":
    sys.exit(main())
