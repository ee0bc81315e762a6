"""Spans of a script and what is said for each, with the way back to the written characters.

Every rule edits a span of the written text, and every spoken character remembers which written character it stands
for. That is how a caption can show "$19.99" for exactly as long as "nineteen dollars and ninety-nine cents" sounds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

Rewrite = Callable[[re.Match[str]], str | None]
Rule = tuple[re.Pattern[str], Rewrite]

SPACE: Final = "\u0020"
LETTER_A: Final = "ˈA"  # misaki's sounds of the letter; the voice's dictionary has the article
LETTERS: Final = {
    "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L", "ı": "i", "đ": "d",
    "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ħ": "h", "Ħ": "H",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What is said.

    `origin[i]` is the place in the script that the i-th character of `text` stands for. `phonemes` maps places in
    `text` where a word begins to the sounds of that word, where its letters alone would mislead. `pauses` maps places
    in `text` to seconds of silence.
    """

    text: str
    origin: tuple[int, ...]
    phonemes: Mapping[int, str] = field(default_factory=dict)
    pauses: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Words said for the written characters from `start` to `end`, `pause` seconds of silence, or given sounds."""

    start: int
    end: int
    words: str
    pause: float = 0.0
    phonemes: str = ""


def edits_of(script: str, rules: Iterable[Rule], taken: list[bool]) -> list[Edit]:
    """Applies rules in order; a span that an earlier rule took stays as that rule left it. Updates `taken`."""
    edits: list[Edit] = []
    for pattern, rewrite in rules:
        for found in pattern.finditer(script):
            start, end = found.span()
            if start == end or any(taken[start:end]):
                continue
            words = rewrite(found)
            if words is None:
                continue
            edits.append(Edit(start=start, end=end, words=words))
            taken[start:end] = [True] * (end - start)
    return edits


def spoken_of(script: str, edits: Iterable[Edit], kept: frozenset[str] = frozenset()) -> Spoken:
    """Puts the edits and the plain rest of the script together. kept: letters of the language beside a to z."""
    text: list[str] = []
    origin: list[int] = []
    phonemes: dict[int, str] = {}
    pauses: dict[int, float] = {}
    place = 0
    ordered = sorted(edits, key=lambda edit: edit.start)
    for edit in [*ordered, Edit(start=len(script), end=len(script), words="")]:
        for position in range(place, edit.start):
            for character in plain(script[position], kept):
                text.append(character)
                origin.append(position)
        if edit.pause:
            pauses[len(text)] = pauses.get(len(text), 0.0) + edit.pause
        if edit.words:
            before = " " if text and text[-1].isalnum() and edit.words[:1].isalnum() else ""
            after = " " if edit.end < len(script) and script[edit.end].isalnum() and edit.words[-1].isalnum() else ""
            if edit.phonemes:
                phonemes[len(text) + len(before)] = edit.phonemes
            said = f"{before}{edit.words}{after}"
            for letter in re.finditer(
                r"(?<![\w'])A(?![\w'])", said if not kept else ""
            ):  # alone in capitals: the letter, not the article
                phonemes.setdefault(len(text) + letter.start(), LETTER_A)
            for number, character in enumerate(said):
                text.append(character)
                origin.append(min(edit.end - 1, edit.start + number * (edit.end - edit.start) // max(1, len(said))))
        place = edit.end
    return Spoken(text="".join(text), origin=tuple(origin), phonemes=phonemes, pauses=pauses)


def plain(character: str, kept: frozenset[str] = frozenset()) -> str:
    """One written character as the phonemiser takes it: typographic forms made plain, silent ones dropped."""
    if character in kept:
        return character
    if character in "‘’ʼ`´":
        return "'"
    if character in '“”«»„"*_~^|<>[]{}#\\':
        return ""
    if character in "()":
        return ","
    if character in "–—":
        return "—"
    if character == "…":
        return "."
    if character == "/" or character.isspace():
        return SPACE
    if ord(character) < 128:
        return character if character.isprintable() else ""
    if unicodedata.category(character) == "So":
        return ""  # trade marks, ornaments, emoji
    folded = unicodedata.normalize("NFKD", character)
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    if letters and letters.isascii():
        return letters
    return LETTERS.get(character, "")


def said(text: str, kept: frozenset[str] = frozenset()) -> str:
    """A pronunciation as it is spoken."""
    return "".join(plain(character, kept) for character in text)
