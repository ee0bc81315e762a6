"""Words whose sounds a packaged dictionary tells: languages whose spelling hides the stress.

The dictionaries are gruut's (MIT). The Italian symbols are those that the speech model was trained on,
a sound each; the Portuguese ones are European.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from typing import Final

from services.media.model_files import model_path
from services.video.script.languages import words_of

FILES: Final = {"it": "dictionary-it.db", "pt": "dictionary-pt.db"}  # of each language that has one
WHOLE: Final = ("it",)  # whose words sound as the dictionary says; of Portuguese it tells open vowels only
JOINED: Final = (("tʃ", "ʧ"), ("dʒ", "ʤ"), ("ts", "ʦ"), ("dz", "ʣ"))  # two letters that are one symbol of the model
MARKS: Final = "ˈˌː"
LEAST_SHARE: Final = 0.5  # of sounds to letters: an entry with fewer is broken


def known(word: str, language: str) -> str | None:
    """The sounds of a word in lower case, None for one that the dictionary lacks. Raises ModelMissing."""
    return _entries(language).get(word)


@cache
def _entries(language: str) -> dict[str, str]:
    path = model_path(FILES[language])
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        rows = connection.execute("select word, phonemes from word_phonemes order by pron_order desc").fetchall()
    finally:
        connection.close()
    entries = {}
    for word, sounds in rows:
        joined = sounds.replace(" ", "")
        if sum(sound not in MARKS for sound in joined) >= LEAST_SHARE * len(word):
            for pair, symbol in JOINED:
                joined = joined.replace(pair, symbol)
            entries[word.lower()] = joined
    return {**entries, **words_of(language).data["sounds"]}
