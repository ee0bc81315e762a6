"""What of a script cannot be spoken, found before anything is paid for.

Letters of other scripts, numbers in other digits, signs without a name and sentences in another language yield no
sound, or noise. Emoji, ornaments and marks are left out when a person reads aloud, so they are no finding.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from services.video.script.language import SPOKEN, foreign_language, other_than
from services.video.script.markup import TAG, shown
from services.video.script.spans import Spoken, plain
from services.video.script.speakable import ENGLISH, letters_of, pronunciation_rules, speakable

MAX_NAMED: Final = 5  # unspeakable words that a message names
MAX_WORD: Final = 40  # characters of a word that a message quotes
MAX_LETTERS: Final = 60  # of one unbroken word: longer ones are no words, and one call of the voice takes 510 sounds
SENTENCE: Final = re.compile(r"[^.!?\n…]+[.!?…]*")
SOUNDING: Final = ("L", "N")  # general categories that a reader says
NAMED_SIGNS: Final = ("Sc", "Sm")
SILENT_SIGNS: Final = frozenset("<>|~^←↑→↓↔⇒⇐⇔▶►◀◄◁▷⟶⟵➜➡")


def why_not_speakable(
    script: str, pronunciations: Mapping[str, str] | None = None, language: str = ENGLISH
) -> str | None:
    """Returns a sentence for the customer that names what cannot be spoken, or None if all of the script can be.

    pronunciations: written words to respellings in the language, one of SPOKEN; what they respell may be in any script.
    """
    entries = pronunciations or {}
    spoken = speakable(script, entries, language)
    if not any(character.isalnum() for character in spoken.text):
        return "It contains no words that the voice can speak." + _example(script)
    for written, respelling in entries.items():
        if written.casefold() in script.casefold() and _lost(respelling):
            return f"The pronunciation of “{written[:MAX_WORD]}” is not in Latin letters."
    words = _unspeakable(script, entries, spoken, letters_of(language))
    if words:
        named = ", ".join(f"“{word}”" for word in words[:MAX_NAMED])
        more = f" and {len(words) - MAX_NAMED} more" if len(words) > MAX_NAMED else ""
        return (
            f"The {SPOKEN[language]} voice cannot speak {named}{more}. "
            f"Write {'it' if len(words) == 1 else 'them'} in Latin letters, or add respellings to pronunciations."
        )
    long = next((word for word in re.findall(r"[^\W\d_]+", shown(script)) if len(word) > MAX_LETTERS), None)
    if long is not None:
        return f"The word “{long[:MAX_WORD]}…” has more than {MAX_LETTERS} letters. Shorten it."
    return _foreign(script, entries, language)


def _example(script: str) -> str:
    first = next((word for word in shown(script).split()), "")
    return f" It begins with “{first[:MAX_WORD]}”." if first else ""


def _lost(text: str) -> bool:
    return any(unicodedata.category(character)[0] in SOUNDING and not plain(character) for character in text)


def _unspeakable(script: str, pronunciations: Mapping[str, str], spoken: Spoken, kept: frozenset[str]) -> list[str]:
    """Returns the words with characters that a reader would say and the voice leaves out, in order, each once."""
    said = {place for place, character in zip(spoken.origin, spoken.text, strict=True) if character.isalnum()}
    covered = [False] * len(script)
    for pattern in [TAG, *(pattern for pattern, _ in pronunciation_rules(pronunciations))]:
        for found in pattern.finditer(script):
            covered[found.start() : found.end()] = [True] * (found.end() - found.start())
    found_words: dict[str, None] = {}
    for found in re.finditer(r"\S+", shown(script)):
        start, end = found.span()
        letters = [place for place in range(start, end) if not covered[place]]
        lost = [place for place in letters if place not in said and _sounds(script[place])]
        if any(not plain(script[place], kept) for place in lost):
            word = script[start:end].strip(".,;:!?\"'()[]{}“”‘’…")
            found_words.setdefault(word if len(word) <= MAX_WORD else f"{word[:MAX_WORD]}…")
    return list(found_words)


def _sounds(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in SOUNDING or (category in NAMED_SIGNS and character not in SILENT_SIGNS)


def _foreign(script: str, pronunciations: Mapping[str, str], language: str) -> str | None:
    """Names the sentence that is in another language: the whole script, or one sentence of it."""
    text = shown(script)
    for pattern, _ in pronunciation_rules(pronunciations):
        text = pattern.sub(" ", text)
    text = re.sub(r"\S+@\S+|https?://\S+|\S+\.\w{2,}/\S*", " ", text)
    for part in (text, *SENTENCE.findall(text)):
        other = foreign_language(part) if language == ENGLISH else other_than(part, language)
        if other is not None:
            begins = " ".join(part.split()[:6])
            return (
                f"“{begins[: MAX_WORD * 2]}…” reads as {other}, and the script's voice speaks {SPOKEN[language]}. "
                f"Voices speak {_listed(list(SPOKEN.values()))}. Write the whole script in one of them, or add "
                "respellings to pronunciations."
            )
    return None


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
