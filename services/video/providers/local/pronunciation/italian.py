"""Italian words to phonemes: letters by rule, stress by a dictionary, a known word of the same stem, or the ending.

Spelling tells every consonant but whether z and s have voice, and no stress but one on the last syllable. A mark of
stress stands before its vowel, long consonants have the model's mark of length where it was trained with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.video.providers.local.pronunciation.dictionary import known
from services.video.script.languages import words_of

LANGUAGE: Final = "it"
VOWELS: Final = "aeiouàèéìíòóùú"
FRONT: Final = "eiéèìí"
ACCENTS: Final = {"à": "a", "è": "ɛ", "é": "e", "ì": "i", "í": "i", "ò": "ɔ", "ó": "o", "ù": "u", "ú": "u"}
OPEN: Final = {"e": "ɛ", "o": "ɔ"}
UNITS: Final = {"aɪ": "I", "aʊ": "W", "eɪ": "A"}  # symbols of the model for two vowels in one syllable
CONSONANTS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (f"gli(?=[{VOWELS}])", "ʎ"), (f"(?<=[{VOWELS}])gl(?=i)|^gl(?=i$)", "ʎ"),
        (f"(?<=[{VOWELS}])gn", "ɲɲ"), ("gn", "ɲ"),
        (f"sci(?=[{VOWELS}])", "ʃ"), (f"sc(?=[{FRONT}])", "ʃ"), ("sch", "sk"), ("sh", "ʃ"),
        (f"cci(?=[{VOWELS}])", "ʧː"), (f"cc(?=[{FRONT}])", "ʧː"), (f"ci(?=[{VOWELS}])", "ʧ"), (f"c(?=[{FRONT}])", "ʧ"),
        (f"ggi(?=[{VOWELS}])", "ʤː"), (f"gg(?=[{FRONT}])", "ʤː"), (f"gi(?=[{VOWELS}])", "ʤ"), (f"g(?=[{FRONT}])", "ʤ"),
        ("cch?", "kː"), ("ggh?", "ɡː"), ("ch", "k"), ("ck", "k"), ("gh", "ɡ"),
        ("cqu", "kːw"), (f"qu(?=[{VOWELS}])", "kw"), ("q", "k"), (f"gu(?=[{VOWELS}])", "ɡw"), ("c", "k"), ("g", "ɡ"),
        ("(?<=i)zz(?=a(?:re|to|ta|ti|te|zion))", "ʣː"), ("zz", "ʦː"),
        (f"(?<=[nlr])z|z(?=i[{VOWELS}])", "ʦ"), ("z", "ʣ"),
        ("(?<=nt[ai])s(?=e(?:i|tte))", "s"),
        (f"(?<=[{VOWELS}])s(?=[{VOWELS}])|s(?=[bdgvlmnr])", "z"),
        ("ph", "f"), ("th", "t"), ("h", ""), ("j", "j"), ("w", "w"), ("x", "ks"), ("y", "i"),
        ("([ptbd])\\1", "=ː"), ("n(?=[cgqk](?![eièéì]))", "ŋ"), ("([lmnrfvs])\\1", "=="), ("([bdfklmnprstv])", "="),
    )
)  # fmt: skip
# Endings whose words have the stress before the last syllable but one, and endings with a closed vowel.
THIRD_LAST: Final = re.compile(
    r"(?:issim[oaei]|[aiu]bil[ei]|evol[ei]|esim[oaei]|(?:olog|ograf|ofob|ofil|omet?r|onim|odrom|ocrat|ofon)[oaei]h?[ei]?"
    r"|[^aeiou](?:ic[oa]|ici|iche)|[^aeiou]ul[oaei]|dici|ttanta.{4}|vano|assero|essero|issero|ebbero)$"
)
CLOSED: Final = re.compile(r"(?:ment[oei]|mente|ett[oaei]|ezz[ae]|esc[oaei]|esch[ei]|es[ei]|esim[oaei]|ev[aoi]|ment[ai]"
                           r"|on[ei]|or[ei]|os[oaei]|oi[oa]|ond[oaei]|onn[ae]|ore)$")  # fmt: skip
ELIDED: Final = words_of(LANGUAGE).words("elided")  # before an apostrophe
MARKED: Final = re.compile("[ˈˌ]")
ENDINGS: Final = ("o", "a", "e", "i", "io", "ia", "he", "hi")
CLITICS: Final = re.compile(r"(?:(?:me|te|ce|ve|glie|se)(?:lo|la|li|le|ne)|gli|[mtcvs]i|l[oaie]|ne)$")
CLITIC_FIRST: Final = re.compile(r"[aeiou]l[oa]$")  # "ordinalo" orders it, whatever "ordinale" is
UNSTRESSED: Final = words_of(LANGUAGE).words("unstressed")  # small words lean on the next one


@dataclass(frozen=True, slots=True)
class _Stress:
    """Which vowel of a word has the stress, from its first, and its sound where that is known."""

    vowel: int
    sound: str = ""


def phonemes(word: str) -> str:
    """The phonemes of one word of letters, in any case; "" for a word without a sound."""
    text = word.lower()
    if text == "c":  # before an apostrophe: "c'è"
        return "ʧ"
    found = None if text in ELIDED else known(text, LANGUAGE) or _with_other_end(text)
    if found is not None and text[-1] in ACCENTS and "ˈ" not in found:
        found = None  # "è" and "più" are heard as other words without their stress
    said = re.sub("(?<=[kɡ])i(?=ˈ[aeoɛɔ])", "j", found) if found is not None else _by_rule(text)
    if not MARKED.search(said) and text not in UNSTRESSED and text not in ELIDED:
        said = re.sub("[aeiouɛɔɪʊ]", r"ˈ\g<0>", said, count=1)
    for pair, unit in UNITS.items():
        said = said.replace(pair, unit)
    return said


def _with_other_end(text: str) -> str | None:
    """The sounds of a word that differs from a known one in its last vowel only: "gratuita" as "gratuito"."""
    stem, end = text[:-1], text[-1]
    if len(stem) < 3 or end not in "aeio" or CLITIC_FIRST.search(text):
        return None
    for other in "oaei":
        found = known(stem + other, LANGUAGE) if other != end else None
        hard = stem[-1] in "cg" and (end in FRONT) != (other in FRONT)
        if found is not None and not hard and re.search("[aeioɪ]$", found) and not re.search("[ˈˌ].$", found):
            return f"{found[:-1]}{end}"
    return None


def _by_rule(text: str) -> str:
    pieces = _pieces(text)
    stress = None if text in UNSTRESSED or text in ELIDED else _stress(text, pieces)
    sounds: list[str] = []
    number = 0
    for kind, sound in pieces:
        if kind != "v":
            sounds.append(sound)
            continue
        if stress is not None and number == stress.vowel:
            sounds.append(f"ˈ{stress.sound or sound}")
        else:
            sounds.append("ʊ" if sound == "u" else {"ɛ": "e", "ɔ": "o"}.get(sound, sound))
        number += 1
    return "".join(sounds)


def _pieces(text: str) -> list[tuple[str, str]]:
    """Consonants ("c"), glides ("g") and vowels that carry a syllable ("v"), with their sounds."""
    made: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        letter = text[place]
        if letter in VOWELS:
            made.append(_vowel(text, place, made))
            place += 1
            continue
        for pattern, sound in CONSONANTS:
            found = pattern.match(text, place)
            if found:
                made.append(("c", sound.replace("=", found[0][0])))
                if letter == "y":
                    made[-1] = ("v", "i") if place else ("c", "j")
                place = found.end()
                break
        else:
            place += 1
    return [piece for piece in made if piece[1]]


def _vowel(text: str, place: int, made: list[tuple[str, str]]) -> tuple[str, str]:
    """i and u before a vowel glide into it, behind one they end its syllable, unless an accent or the end says else."""
    letter, following = text[place], text[place + 1 : place + 2]
    if letter in "iu":
        carried = bool(following) and following in VOWELS
        after = bool(made) and made[-1][0] == "v" and text[place - 1 : place] in tuple("aeoàèéòó")
        last = place + 2 == len(text)  # "via", "tuo", "due": no glide in a word of one other vowel
        alone = not any(kind == "v" for kind, _ in made)
        hiatus = last and following in "aeo" and not after and (alone or text.endswith("due"))
        if carried and not hiatus and letter == "u":
            return ("g", "ʊ" if place else "w")
        if carried and not hiatus:
            return ("g", "i" if last and not after and following in "aeo" else "j")
        if after and not carried:
            return ("g", "ɪ" if letter == "i" else "ʊ")
    return ("v", ACCENTS.get(letter, letter))


def _stress(text: str, pieces: list[tuple[str, str]]) -> _Stress | None:
    vowels = [sound for kind, sound in pieces if kind == "v"]
    if not vowels:
        return None
    if text[-1] in ACCENTS:
        return _Stress(len(vowels) - 1)
    accent = next((place for place, letter in enumerate(text) if letter in ACCENTS), None)
    if accent is not None:
        return _Stress(sum(kind == "v" for kind, _ in _pieces(text[: accent + 1])) - 1)
    like = _of_stem(text)
    if like is not None and like.vowel < len(vowels):
        return like
    falling = text[-1] in VOWELS and pieces[-1][0] == "g"  # "trentasei"
    back = 3 if THIRD_LAST.search(text) else 1 if text[-1] not in VOWELS or falling else 2
    place = max(0, len(vowels) - back)
    sound = vowels[place]
    return _Stress(place, sound if CLOSED.search(text) else OPEN.get(sound, sound))


def _of_stem(text: str) -> _Stress | None:
    """The stress of a known word of the same stem: "psicologi" as "psicologo", "provalo" and "provano" as "prova"."""
    clitic = CLITICS.search(text)
    base = text[: clitic.start()] if clitic else ""
    if len(base) >= 4:
        found = _of_verb(base)
        if found is not None:
            return found
    if text.endswith(("ano", "ono")) and len(text) > 5:
        return _of_verb(text[:-2] if text.endswith("ano") else f"{text[:-3]}e")
    stem = re.sub(r"h?[aeiou]$", "", text)
    return _inside(stem, tuple(stem + end for end in ENDINGS)) if stem != text else None


def _of_verb(form: str) -> _Stress | None:
    """The stress of a verb's form without what is joined to it: "prova", "scegli", "prender"."""
    stem = form[:-1]
    inside = _inside(stem, (form, f"{form}e", f"{stem}a", f"{stem}e", f"{stem}o", f"{stem}ere"))
    if inside is not None:
        return inside
    if any(known(f"{stem}{ending}", LANGUAGE) for ending in ("are", "ire", "iare")) and _vowels(stem):
        vowels = [sound for kind, sound in _pieces(stem) if kind == "v"]
        return _Stress(len(vowels) - 1, OPEN.get(vowels[-1], vowels[-1]))
    return None


def _inside(stem: str, words: tuple[str, ...]) -> _Stress | None:
    """The stress of the first known word that has it in the stem."""
    for word in words:
        found = known(word, LANGUAGE) if len(stem) >= 2 else None
        stress = _stress_of(found) if found is not None else None
        if stress is not None and stress.vowel < _vowels(stem):
            return stress
    return None


def _vowels(text: str) -> int:
    return sum(kind == "v" for kind, _ in _pieces(text))


def _stress_of(sounds: str) -> _Stress | None:
    """Where the stress of a dictionary's word lies, counted as `_pieces` counts vowels."""
    found = re.search(r"[ˈˌ]([aeiouɛɔʊ])", sounds)
    if found is None:
        return None
    before = re.sub(r"(?<=[aeoɛɔ])[ɪʊ]|ʊ(?=[aeoiɛɔˈ])", "", sounds[: found.start() + 1])
    before = re.sub(r"i(?=[aeoɛɔˈ])", "", before)
    return _Stress(sum(sound in "aeiouɛɔʊɪ" for sound in before), "u" if found[1] == "ʊ" else found[1])
