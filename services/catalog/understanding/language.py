"""Says which language a text is in: by its script, then by letter statistics, backed by common words.

Letter statistics are py3langid's (BSD licence, no network, model of 4 MB in the package). On 128 briefs it named the
language of 127, and its probability shows where a text is too short. The model takes about a second and 85 MB to load.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.catalog.understanding.values import UNDETERMINED

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MAX_CHARACTERS = 4_000  # more adds time, not certainty
SURE = 0.55  # of py3langid's probability, among LATIN
BACKED = 0.2  # enough when common words of the language agree
LATIN = ("en", "es", "fr", "de", "it", "pt", "nl", "pl", "sv", "da", "no", "fi", "cs", "ro", "hu", "tr", "vi")

# Languages that no words are known of: without them their texts would be taken for a neighbour's (Croatian for Czech).
NEIGHBOURS = (
    "af",
    "bs",
    "ca",
    "cy",
    "et",
    "eu",
    "ga",
    "gl",
    "hr",
    "id",
    "is",
    "lt",
    "lv",
    "ms",
    "mt",
    "sk",
    "sl",
    "sq",
)
NEIGHBOUR_SURE = 0.9  # of py3langid's probability that a text is in one of them, among them and LATIN,
NEIGHBOUR_WORDS = 8  # in a text of so many words
SHARED_SCRIPTS = {  # languages that share a script, by the one that stands where the text does not tell
    "ar": ("ar", "fa", "ur"),
    "hi": ("hi", "mr", "ne"),
    "ru": ("ru", "uk", "bg", "sr", "mk", "be", "kk"),
    "uk": ("ru", "uk", "bg", "sr", "mk", "be", "kk"),
}

_DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "data" / "languages.toml").read_text(encoding="utf-8"))
_WORDS = {language: frozenset(words.split()) for language, words in _DATA["words"].items()}
_CYRILLIC = {language: frozenset(letters) for language, letters in _DATA["letters"].items()}
_OWN_LETTERS: dict[str, str] = _DATA["own_letters"]
_FURTHER = {language: frozenset(words.split()) for language, words in _DATA["further"].items()}
SURE_BY_LETTERS = 0.97  # probability from which words that other languages share do not speak against the letters,
SHARED_WORDS = 0.3  # unless the text has this share of them
OWN_LETTERS = 4  # of one language alone that decide where words do not
FURTHER_WORDS = 3  # different ones of a language that letter statistics do not know
_WORD = re.compile(r"[^\W\d_]+")
# A script takes the text if it has this share of its letters: foreign names in Latin letters are common everywhere.
_SCRIPT_SHARE = 0.3
_SCRIPTS = {
    "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "GREEK": "el", "HEBREW": "he", "ARABIC": "ar",
    "DEVANAGARI": "hi", "CYRILLIC": "ru", "THAI": "th", "LATIN": "",
}  # fmt: skip


def language_of(text: str) -> str:
    """Returns the BCP 47 code of a text's main language, or "und" where the text does not tell."""
    text = text[:MAX_CHARACTERS]
    by_script = _by_script(text)
    if by_script in SHARED_SCRIPTS:
        return _of_script(text, by_script)
    if by_script != "":
        return by_script
    words = [word for word in _WORD.findall(text.casefold()) if len(word) > 1 or word in "yeoaiàé"]
    if not words:
        return UNDETERMINED
    letters = " ".join(_WORD.findall(text if not text.isupper() else text.lower()))
    everywhere = _identifier().rank(letters)
    ranked = _among(everywhere, LATIN)
    near = [pair for pair in _among(everywhere, LATIN + NEIGHBOURS) if pair[0] in NEIGHBOURS]
    if len(words) >= NEIGHBOUR_WORDS and sum(share for _, share in near) >= NEIGHBOUR_SURE:
        return near[0][0]
    language, probability = ranked[0]
    hits = {code: sum(word in known for word in words) for code, known in _WORDS.items()}
    most = max(hits.values())
    is_backed = hits[language] > 0 or most < 3 or (probability >= SURE_BY_LETTERS and most < SHARED_WORDS * len(words))
    if probability >= SURE and (len(words) >= 3 or probability >= 0.9) and is_backed:
        return language
    # Too close to call by letters: the language among the likely ones whose common words the text uses most.
    likely = {code: share for code, share in ranked[:4] if share >= BACKED / 2}
    best = max(likely, key=lambda code: (hits[code], likely[code]), default=language)
    rivals = [code for code in likely if code != best and hits[code] == hits[best]]
    if (
        len(words) >= 3
        and hits.get(best, 0) >= 1
        and not rivals
        and (likely.get(best, 0.0) >= BACKED or hits[best] >= 2)
    ):
        return best
    by_letters = (code for code, own in _OWN_LETTERS.items() if sum(map(text.count, own)) >= OWN_LETTERS)
    by_words = (code for code, own in _FURTHER.items() if len(own.intersection(words)) >= FURTHER_WORDS)
    return next(by_letters, next(by_words, UNDETERMINED))


def _among(ranked: list[tuple[str, float]], languages: Collection[str]) -> list[tuple[str, float]]:
    """The likelihoods of these languages alone, which are 1 together, best first."""
    own = [(language, share) for language, share in ranked if language in languages]
    total = sum(share for _, share in own)
    return [(language, share / total) for language, share in own] if total else [(next(iter(languages)), 0.0)]


def _of_script(text: str, usual: str) -> str:
    """The language of a text whose script several share."""
    words = _WORD.findall(text)
    language, certainty = _among(_identifier().rank(" ".join(words)), SHARED_SCRIPTS[usual])[0]
    return language if certainty >= NEIGHBOUR_SURE and len(words) >= NEIGHBOUR_WORDS else usual


def _by_script(text: str) -> str:
    """Returns the language that a script decides, "und" for other scripts and for no letters, or "" for Latin."""
    counts: dict[str, int] = {}
    for letter in text:
        if letter.isalpha():
            script = "LATIN" if letter < "\u0250" else _script(letter)
            counts[script] = counts.get(script, 0) + 1
    total = sum(counts.values())
    if total == 0:
        return UNDETERMINED
    japanese = counts.get("HIRAGANA", 0) + counts.get("KATAKANA", 0)
    if japanese and japanese + counts.get("CJK", 0) >= _SCRIPT_SHARE * total:
        return "ja"
    counts = {script: count for script, count in counts.items() if script not in {"HIRAGANA", "KATAKANA"}}
    foreign = {script: count for script, count in counts.items() if script != "LATIN"}
    if not foreign:
        return ""
    script = max(foreign, key=lambda name: foreign[name])
    if foreign[script] < _SCRIPT_SHARE * total:
        return ""
    if script == "CYRILLIC":
        signs = {
            language: sum(text.casefold().count(sign) for sign in letters) for language, letters in _CYRILLIC.items()
        }
        return "uk" if signs["uk"] > signs["ru"] else "ru"
    return _SCRIPTS.get(script, UNDETERMINED)


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "OTHER").split()[0].split("-")[0]


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages({*LATIN, *NEIGHBOURS, *(code for codes in SHARED_SCRIPTS.values() for code in codes)})
    return identifier
