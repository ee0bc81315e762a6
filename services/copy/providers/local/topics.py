"""What a line is about, by its words: an opening about cold coffee wants a fact about temperature behind it."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files

_WORD = re.compile(r"[a-z][a-z\-'’]*")
_LONGEST_PREFIX = 12


@cache
def _table() -> dict[str, frozenset[str]]:
    """The senses of each word; a word that stands for any ending has its star."""
    rows = tomllib.loads(files("services.copy.data").joinpath("senses.toml").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {}
    for sense, words in rows.items():
        for word in words.split():
            found.setdefault(word, set()).add(sense)
    return {word: frozenset(senses) for word, senses in found.items()}


@lru_cache(maxsize=8192)
def _of_word(word: str) -> frozenset[str]:
    table = _table()
    senses = table.get(word, frozenset())
    for end in range(3, min(len(word), _LONGEST_PREFIX) + 1):
        senses |= table.get(f"{word[:end]}*", frozenset())
    return senses


@lru_cache(maxsize=4096)
def senses_of(text: str) -> frozenset[str]:
    """What a text is about; empty where its words say nothing about it."""
    return frozenset().union(*map(_of_word, _WORD.findall(text.lower())))
