"""Spanish words to phonemes, by rule: its spelling says how a word sounds and where its stress lies.

European pronunciation (z as θ, ll as ʎ), as the model's Spanish voices were trained. A mark of stress stands before the
vowel, vowels that glide into each other are one symbol where the model has one (I, W, A).
"""

from __future__ import annotations

import re
from typing import Final

from services.video.script.languages import words_of

ACCENTS: Final = str.maketrans("áéíóú", "aeiou")
STRONG: Final = "aeoáéíóú"
WEAK: Final = "iuü"
VOWELS: Final = STRONG + WEAK
GLIDES: Final = {"i": "j", "u": "w", "ü": "w"}
OFF_GLIDES: Final = {"i": "ɪ", "y": "ɪ", "u": "ʊ", "ü": "ʊ"}
UNITS: Final = {"aɪ": "I", "aʊ": "W", "eɪ": "A"}  # symbols of the model for two vowels in one syllable
UNSTRESSED: Final = words_of("es").words("unstressed")  # small words lean on the next one
CONSONANTS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ch", "ʧ"), ("ll", "ʎ"), ("rr", "r"), ("(?<!de)sh", "ʃ"), ("ph", "f"), ("th", "t"), ("ck", "k"),
        ("tx", "ʧ"), ("tz", "ʦ"),
        ("qu(?=[eiéí])", "k"), ("q", "k"),
        ("gu(?=[eiéí])", "ɡ"), ("g(?=[eiéí])", "x"), ("g", "ɡ"),
        ("cc(?=[eiéí])", "kθ"), ("sc(?=[eiéí])", "sθ"), ("xc(?=[eiéí])", "ksθ"), ("c(?=[eiéí])", "θ"), ("c+", "k"),
        ("z+", "θ"), ("ñ", "ɲ"), ("j", "x"), ("^x", "s"), ("x", "ks"), ("h", ""),
        ("[bv]+", "b"), ("d+", "d"), ("w", "w"),
        ("(?:^|(?<=[nls]))r", "r"), ("r", "ɾ"),
        ("n(?=[bvpf])", "m"), ("n(?=[gkqxj]|c(?![eiéí]))", "ŋ"), ("nn", "n"),
        ("([fklmnpst])\\1?", "="),
    )
)  # fmt: skip
SOFT: Final = {"b": "β", "d": "ð", "ɡ": "ɣ"}  # but at the start of a word, after a nasal, and d after l


def phonemes(word: str) -> str:
    """The phonemes of one word of letters, in any case; "" for a word without a sound."""
    text = word.lower()
    if text.endswith("mente") and len(text) > 7:
        return phonemes(text[:-5]) + "mˈente"
    pieces = _pieces(text)
    stressed = -1 if text in UNSTRESSED else _stressed(text, pieces)
    sounds: list[str] = []
    number = 0
    for kind, sound, _ in pieces:
        if kind == "v":
            sounds.append(f"ˈ{sound}" if number == stressed else sound)
            number += 1
        else:
            sounds.append(sound)
    said = _softened("".join(sounds))
    for pair, unit in UNITS.items():
        said = said.replace(pair, unit)
    return said


def _pieces(text: str) -> list[tuple[str, str, str]]:
    """Consonants ("c"), glides ("g") and vowels that carry a syllable ("v"): kind, sound, and the letters."""
    made: list[tuple[str, str, str]] = []
    place = 0
    while place < len(text):
        letter, following = text[place], text[place + 1 : place + 2]
        if letter == "y" or letter in VOWELS:
            made.append(_vowel(text, place, made))
            place += 1
            continue
        if letter == "h" and following == "u" and text[place + 2 : place + 3] in tuple(STRONG):
            made.append(("c", "w", "hu"))
            place += 2
            continue
        for pattern, sound in CONSONANTS:
            found = pattern.match(text, place)
            if found:
                if sound:
                    made.append(("c", found[0][0] if sound == "=" else sound, found[0]))
                place = found.end()
                break
        else:
            place += 1
    return made


def _vowel(text: str, place: int, made: list[tuple[str, str, str]]) -> tuple[str, str, str]:
    letter, following = text[place], text[place + 1 : place + 2]
    after_vowel = bool(made) and made[-1][0] == "v" and text[place - 1] in VOWELS
    if letter == "y":
        if following and following in VOWELS:
            return ("c", "ʝ", letter)
        return ("g", OFF_GLIDES["y"], letter) if after_vowel else ("v", "i", letter)
    if letter in WEAK:
        carried = bool(following) and (following in VOWELS or text[place + 1 :] == "y")
        if after_vowel and made[-1][2] not in WEAK:
            return ("g", OFF_GLIDES[letter], letter)
        if carried and not (following in "íú" and letter == following):
            return ("g", GLIDES[letter], letter)
        if after_vowel:
            return ("g", OFF_GLIDES[letter], letter)
    return ("v", letter.translate(ACCENTS).replace("ü", "u"), letter)


def _stressed(text: str, pieces: list[tuple[str, str, str]]) -> int:
    """Which syllable has the stress: the one with an accent, or by the last letter."""
    vowels = [letters for kind, _, letters in pieces if kind == "v"]
    for number, letters in enumerate(vowels):
        if letters in "áéíóú":
            return number
    last = text[-1]
    return max(0, len(vowels) - 2) if last in "aeiouns" else len(vowels) - 1


def _softened(said: str) -> str:
    """b, d and g between sounds that do not close the mouth."""
    made: list[str] = []
    for place, sound in enumerate(said):
        before = said[:place].rstrip("ˈˌ")[-1:]
        closed = not before or before in "mnŋɲ" or (sound == "d" and before in "lʎ")
        made.append(sound if closed else SOFT.get(sound, sound))
    return "".join(made)
