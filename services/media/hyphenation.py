"""Where long words may be divided: at given soft hyphens, else by the patterns of the language (Liang's algorithm)."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import pyphen

from services.media import model_files

DATA: Final = Path(__file__).with_name("data") / "hyphenation.toml"
SOFT_HYPHEN: Final = "\u00ad"
LEAST_LETTERS: Final = 4  # on either side of the hyphen; less is not read as a part of a word
UNQUOTED_KEY: Final = re.compile(r"([{,]\s*)([^\s\"{}\[\],:]+):")

Places = Callable[[str], list[int]]  # of a word: where it may be divided


def division_points(word: str, language: str, given: str = "") -> tuple[int, ...]:
    """Returns the places in `word` before which a hyphen may stand, in order.

    given: the same word with soft hyphens (U+00AD), which take precedence over the dictionary.
    """
    if SOFT_HYPHEN in given:
        return _kept(word, _soft_places(given))
    places = _places_of(language[:2])
    return _kept(word, places(word)) if places is not None else ()


def _kept(word: str, places: list[int]) -> tuple[int, ...]:
    return tuple(place for place in places if LEAST_LETTERS <= place <= len(word) - LEAST_LETTERS)


def _soft_places(given: str) -> list[int]:
    places: list[int] = []
    for part in given.split(SOFT_HYPHEN)[:-1]:
        places.append(len(part) + (places[-1] if places else 0))
    return places


@lru_cache(maxsize=16)
def _places_of(language: str) -> Places | None:
    for entry in tomllib.loads(DATA.read_text(encoding="utf-8"))["dictionary"]:
        if entry["language"] != language:
            continue
        if "name" in entry:
            positions: Places = pyphen.Pyphen(lang=entry["name"], left=2, right=2).positions
            return positions
        try:
            return _Patterns(model_files.model_path(entry["fetched"]))
        except model_files.ModelMissing:
            return None
    return None


class _Patterns:
    """Patterns as the npm package `hyphen` stores them: a table of levels, and a trie of letters with indexes of it.

    A node of the trie is an index, an object of further letters, or both in a list.
    """

    def __init__(self, path: Path) -> None:
        script = path.read_text(encoding="utf-8")
        data = script.partition("})(this, ")[2]
        self._levels, self._trie, *_ = json.loads(UNQUOTED_KEY.sub(r'\1"\2":', data.strip().removesuffix(");")))

    def __call__(self, word: str) -> list[int]:
        text = f".{word.casefold()}."
        if len(text) != len(word) + 2:  # casefold() made two letters of one
            text = f".{word.lower()}."
        levels = [0] * (len(text) + 1)  # before each letter of the word
        for start in range(len(text)):
            node, first = self._trie, max(0, start - 1)  # levels do not count the dot at the word's start
            for letter in text[start:]:
                found = node.get(letter)
                if found is None:
                    break
                inner, index = found if isinstance(found, list) else (found, None)
                if isinstance(inner, int):
                    inner, index = {}, inner
                if index is not None:
                    for offset, level in enumerate(self._levels[index]):
                        levels[first + offset] = max(levels[first + offset], level)
                node = inner
        return [place for place in range(1, len(word)) if levels[place] % 2]
