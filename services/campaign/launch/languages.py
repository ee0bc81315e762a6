"""Tells the language of a text, where it is long and clear enough."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_WORDS: Final = 6  # a shorter text may be a name, or read the same in two languages
SURE: Final = 0.97  # of py3langid's probability among LATIN
LATIN: Final = ("en", "es", "fr", "de", "it", "pt", "nl", "pl", "sv", "da", "fi", "cs", "ro", "hu", "tr")
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS: Final = {
    "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "GREEK": "el", "HEBREW": "he", "ARABIC": "ar",
    "DEVANAGARI": "hi", "THAI": "th", "CYRILLIC": "ru",
}  # fmt: skip
_MOST = 0.5  # of the letters are in the script that tells the language


def language_of(text: str) -> str:
    """The two-letter code of a text's language; empty if it is too short or not clear.

    Languages that share a script other than the Latin one are taken for the most common of them.
    """
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return ""
    scripts = Counter(unicodedata.name(character, "").partition(" ")[0] for character in letters)
    if scripts["HIRAGANA"] + scripts["KATAKANA"]:
        scripts["HIRAGANA"] += scripts.pop("CJK", 0)  # Japanese is written in both
    script, count = scripts.most_common(1)[0]
    if script != "LATIN":
        return _SCRIPTS.get(script, "") if count / len(letters) > _MOST else ""
    words = _WORD.findall(text)
    if len(words) < MIN_WORDS:
        return ""
    # Names and shouted words in capitals tell nothing.
    language, probability = _identifier().classify(" ".join(word.lower() for word in words if not word.isupper()))
    return str(language) if probability >= SURE else ""


@cache
def _identifier() -> LanguageIdentifier:
    """py3langid's model, about 85 MB; loaded with the first text that is long enough."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LATIN)
    return identifier
