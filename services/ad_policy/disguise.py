"""Plain letters under styled, spaced-out and replaced ones, with the way back to the original text.

"𝐜𝐮𝐫𝐞𝐬", "c u r e s", "cur3s" and "сurеs" with Cyrillic letters all read "cures".
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import product

from services.ad_policy.wording import fold

_SPACED = re.compile(r"(?<!\w)[^\W_](?:([ .\-_*·•|/])[^\W_])(?:\1[^\W_]){2,}(?!\w)")
_SIGN_IN_WORD = re.compile(r"[a-z][0-9@$€£|+]|[0-9@$€£!|+][a-z]")  # a quick look before the slow patterns
_MIXED = re.compile(r"(?<![\w@$€£!|+])(?=[\w@$€£!|+]*[a-z])(?=[\w@$€£!|+]*[0-9@$€£!|+])[\w@$€£!|+]{3,24}")
_THRICE = re.compile(r"([^\W\d_])\1\1")
_STRETCHED = re.compile(r"(?<!\w)\w*([^\W\d_])\1\1\w*")
_SHORTEST_STEM = 5  # letters of a word that is recognised by its beginning
_LONGEST_WORD = 24
_MAX_READINGS = 32  # of one word; "1" and "|" stand for two letters each


@dataclass(frozen=True, eq=False)  # hashed by identity: readings are cached by it
class Vocabulary:
    """The folded words of the policy, and the beginnings of words that any letters may follow."""

    words: frozenset[str]
    stems: tuple[str, ...]

    def knows(self, word: str) -> bool:
        """Whether a word is one of them, or starts like one."""
        return word in self.words or (len(word) >= _SHORTEST_STEM and word.startswith(self.stems))


@dataclass(frozen=True, slots=True)
class PlainText:
    """A folded text. starts: for each of its characters the original one's index, and the original's length last."""

    text: str
    original: str
    starts: tuple[int, ...] | range

    def quote(self, start: int, end: int) -> str:
        """The original words under the characters from `start` to `end`."""
        if start >= end:
            return ""
        last = self.starts[end - 1]
        stop = next((index for index in self.starts[end:] if index > last), len(self.original))
        return self.original[self.starts[start] : stop].strip()


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """Characters that look like a letter, and signs that stand for letters: {"3": "e", "1": "il"}."""
    data = tomllib.loads(files("services.ad_policy.data").joinpath("lookalikes.toml").read_text("utf-8"))
    alike = {sign: letter for letter, signs in data["letters"].items() for sign in signs}
    return alike, data["signs"]


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """The plain letters for one character; empty for an invisible sign or a mark on a letter."""
    if unicodedata.category(character) in {"Cf", "Mn", "Me", "Cc"} and character not in "\n\t\r":
        return ""
    alike, _ = _tables()
    plain = unicodedata.normalize("NFKC", character).lower()
    return fold("".join(alike.get(part, part) for part in plain))


def plain_text(text: str, vocabulary: Vocabulary) -> PlainText:
    """Reads a text without its disguises. Only words of the vocabulary are read out of digits, signs and stretched
    letters, so that "6mm" stays."""
    if text.isascii():
        plain = PlainText(text.lower(), text, range(len(text) + 1))
    else:
        letters: list[str] = []
        starts: list[int] = []
        for index, character in enumerate(text):
            read = _plain(character)
            letters.append(read)
            starts += [index] * len(read)
        plain = PlainText("".join(letters), text, (*starts, len(text)))
    plain = _replaced(plain, _SPACED, lambda word: _segmented(re.sub(r"[\W_]", "", word), vocabulary))
    if _SIGN_IN_WORD.search(plain.text):
        plain = _replaced(plain, _MIXED, lambda word: _deciphered(word, vocabulary))
    if _THRICE.search(plain.text):
        plain = _replaced(plain, _STRETCHED, lambda word: _shrunk(word, vocabulary))
    return plain


def _replaced(plain: PlainText, pattern: re.Pattern[str], read: Callable[[str], str | None]) -> PlainText:
    """The text with each match that `read` understands written as it says."""
    pieces: list[str] = []
    starts: list[int] = []
    done = 0
    for match in pattern.finditer(plain.text):
        word = read(match.group(0))
        if word is None:
            continue
        start, end = match.span()
        pieces += [plain.text[done:start], word]
        starts += plain.starts[done:start]
        # Spaces between the read words belong to the character before; the last one ends the match.
        width = end - start
        starts += [plain.starts[start + min(width - 1, i * width // len(word))] for i in range(len(word))]
        done = end
    if not pieces:
        return plain
    pieces.append(plain.text[done:])
    return PlainText("".join(pieces), plain.original, (*starts, *plain.starts[done:]))


@lru_cache(maxsize=1024)
def _segmented(letters: str, vocabulary: Vocabulary) -> str | None:
    """The words of a run of letters, where all or the first are known: "curesdiabetes" is "cures diabetes"."""
    words: list[str] = []
    position = 0
    while position < len(letters):
        ends = range(min(len(letters), position + _LONGEST_WORD), position + 2, -1)
        end = next((end for end in ends if letters[position:end] in vocabulary.words), None)
        if end is None:
            break
        words.append(letters[position:end])
        position = end
    if not words:
        return None
    rest = letters[position:]
    if len(rest) <= 2 and words[-1] + rest not in vocabulary.words:  # an ending: "diabet" and "es"
        words[-1] += rest
        rest = ""
    return " ".join([*words, rest]).strip()


@lru_cache(maxsize=4096)
def _deciphered(word: str, vocabulary: Vocabulary) -> str | None:
    """The known word that digits and signs stand in for; None if there is none."""
    _, signs = _tables()
    tail = ""
    while word and word[-1] in "!|+":
        word, tail = word[:-1], word[-1] + tail
    if sum(character.isalpha() for character in word) < 2 or vocabulary.knows(word):
        return None
    choices = [signs.get(character, character) for character in word]
    for count, letters in enumerate(product(*choices)):
        if count >= _MAX_READINGS:
            return None
        read = "".join(letters)
        if read != word and read.isalpha() and vocabulary.knows(read):
            return read + tail
    return None


@lru_cache(maxsize=4096)
def _shrunk(word: str, vocabulary: Vocabulary) -> str | None:
    """The known word under stretched letters: "freeee" is "free"."""
    for count in (2, 1):
        read = re.sub(r"(\w)\1{2,}", lambda match: match.group(1) * count, word)  # noqa: B023  (called at once)
        if vocabulary.knows(read):
            return read
    return None
