"""Whether a text is in another language than English, as far as it tells.

Letter statistics are py3langid's (BSD licence, its model of 4 MB is in the package), held against common English words:
names of foreign goods in an English script never refuse it. The model takes about a second to load.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from services.video.script.lexicon import is_word
from services.video.script.vocabulary import DATA

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LATIN: Final = ("en", "es", "fr", "de", "it", "pt", "nl", "pl", "sv", "da", "no", "fi", "cs", "ro", "hu", "tr")
SURE: Final = 0.9  # of py3langid's probability, among LATIN
MIN_WORDS: Final = 4  # fewer are a name, a slogan or a dish
ENGLISH_SHARE: Final = 0.12  # of common English words: an English sentence has about 0.4, another language below 0.08
MIN_HITS: Final = 2  # small words of the other language
STRANGE_SHARE: Final = 0.6  # of words in lower case that the English dictionary does not have
NAMES: Final = {
    "es": "Spanish", "fr": "French", "de": "German", "it": "Italian", "pt": "Portuguese", "nl": "Dutch", "pl": "Polish",
    "sv": "Swedish", "da": "Danish", "no": "Norwegian", "fi": "Finnish", "cs": "Czech", "ro": "Romanian",
    "hu": "Hungarian", "tr": "Turkish",
}  # fmt: skip
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_COMMON: Final = frozenset(DATA["language"]["common"].split())


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


def _backed(text: str, language: str) -> bool:
    """Whether small words bear the language out: the names of foreign goods alone are no foreign sentence."""
    small = [word for word in _WORD.findall(text) if word.islower()]
    if not small or text.isupper():
        small = [word.lower() for word in _WORD.findall(text)]
    first = [found[1].lower() for found in re.finditer(r"(?:^|[.!?¡¿\n]\s*)([^\W\d_]+)", text)]
    known = frozenset(DATA["language"]["foreign"].get(language, "").split())
    hits = sum(word in known for word in (*small, *(word for word in first if word not in small)))
    strange = sum(not is_word(word) for word in small)
    return hits >= MIN_HITS or (len(small) >= MIN_WORDS and strange / len(small) >= STRANGE_SHARE)


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LATIN)
    return identifier
