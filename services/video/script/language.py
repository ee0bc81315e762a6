"""Which language a text is in, as far as it tells.

Letter statistics are py3langid's (BSD licence, its model of 4 MB is in the package), held against common English words:
names of foreign goods in an English script never refuse it. The model takes about a second to load.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from services.video.script.languages import CODES, words_of
from services.video.script.lexicon import is_word
from services.video.script.vocabulary import DATA

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LATIN: Final = ("en", "es", "fr", "de", "it", "pt", "nl", "pl", "sv", "da", "no", "fi", "cs", "ro", "hu", "tr")
SURE: Final = 0.9  # of py3langid's probability, among LATIN
MIN_WORDS: Final = 4  # fewer are a name, a slogan or a dish
ENGLISH_SHARE: Final = 0.12  # of common English words: an English sentence has about 0.4, another language below 0.08
LIKELY: Final = 0.5  # of its probability where many small words agree
MANY_HITS: Final = 3
MIN_HITS: Final = 2  # small words of the other language
STRANGE_SHARE: Final = 0.6  # of words in lower case that the English dictionary does not have
SPOKEN: Final = {"en": "English", "es": "Spanish", "it": "Italian", "pt": "Portuguese"}  # languages of the voices
CLEARLY_ENGLISH: Final = 0.25  # of common English words of three letters and more
NAMES: Final = {
    "es": "Spanish", "fr": "French", "de": "German", "it": "Italian", "pt": "Portuguese", "nl": "Dutch", "pl": "Polish",
    "sv": "Swedish", "da": "Danish", "no": "Norwegian", "fi": "Finnish", "cs": "Czech", "ro": "Romanian",
    "hu": "Hungarian", "tr": "Turkish",
}  # fmt: skip
_SPANISH_SIGNS: Final = re.compile(r"[¿¡]")  # no other language writes them
_SPANISH_LETTER: Final = re.compile(r"ñ", re.IGNORECASE)  # in English in single words only, as jalapeño
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_COMMON: Final = frozenset(DATA["language"]["common"].split())


_TELLING: Final = frozenset(word for word in _COMMON if len(word) > 2)  # "a", "no" and "me" are words elsewhere too


def foreign_language(text: str) -> str | None:
    """Names the language of a text that is not English ("Spanish"); None for English and for what is unclear."""
    words = _WORD.findall(text)
    if len(words) < MIN_WORDS:
        return None
    common = sum(word.casefold() in _COMMON for word in words)
    if common / len(words) >= ENGLISH_SHARE:
        return None
    language, probability = _identifier().rank(" ".join(words).lower())[0]
    if probability < SURE or language not in NAMES:
        return None
    return NAMES[language] if _backed(text, language) else None


def spoken_language(script: str) -> str | None:
    """The language of a script among SPOKEN as a code, None for another one and for what is unclear."""
    words = _WORD.findall(script)
    if _SPANISH_SIGNS.search(script) or (_SPANISH_LETTER.search(script) and words and not _has_english(words)):
        return "es"
    if len(words) < MIN_WORDS:
        return None
    language, probability = _identifier().rank(" ".join(words).lower())[0]
    if language == "en":  # its letters may be those of English product words among small words of another language
        folded = [word.casefold() for word in words]
        for code in CODES:
            own = _small_words(code) | words_of(code).words("following")
            hits, english = sum(word in own for word in folded), sum(word in _TELLING - own for word in folded)
            if hits >= MANY_HITS and hits > 2 * english and not _has_english(words):
                return str(code)
    if language in CODES:
        own = _small_words(language) | words_of(language).words("following")
        hits = sum(word.casefold() in own for word in words)
        english = sum(word.casefold() in _TELLING - own for word in words)
        likely = hits >= MIN_HITS and probability >= (SURE if hits < MANY_HITS else LIKELY)
        if likely and english / len(words) < ENGLISH_SHARE:
            return str(language)
    return "en" if foreign_language(script) is None and _has_english(words) else None


def _has_english(words: list[str]) -> bool:
    return sum(word.casefold() in _COMMON for word in words) / len(words) >= ENGLISH_SHARE


def other_than(text: str, language: str) -> str | None:
    """Names the language of a text that is not in `language`, one of SPOKEN beside English; None where unclear."""
    words = _WORD.findall(text)
    if len(words) < MIN_WORDS:
        return None
    own = _small_words(language)
    folded = [word.casefold() for word in words]
    if sum(word in _TELLING - own for word in folded) / len(words) >= CLEARLY_ENGLISH:
        return "English"
    found, probability = _identifier().rank(" ".join(words).lower())[0]
    if found in (language, "en") or probability < SURE or found not in NAMES or not _backed(text, found):
        return None
    theirs = _small_words(found)
    return NAMES[found] if sum(word in theirs for word in folded) > sum(word in own for word in folded) else None


def _small_words(language: str) -> frozenset[str]:
    return frozenset(DATA["language"]["foreign"].get(language, "").split())


def _backed(text: str, language: str) -> bool:
    """Whether small words bear the language out: the names of foreign goods alone are no foreign sentence."""
    small = [word for word in _WORD.findall(text) if word.islower()]
    if not small or text.isupper():
        small = [word.lower() for word in _WORD.findall(text)]
    first = [found[1].lower() for found in re.finditer(r"(?:^|[.!?¡¿\n]\s*)([^\W\d_]+)", text)]
    known = _small_words(language)
    hits = sum(word in known for word in (*small, *(word for word in first if word not in small)))
    strange = sum(not is_word(word) for word in small)
    return hits >= MIN_HITS or (len(small) >= MIN_WORDS and strange / len(small) >= STRANGE_SHARE)


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LATIN)
    return identifier
