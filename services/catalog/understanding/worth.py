"""Statements labelled by what they are worth in an ad: what people buy for, merely want to know, or should not see."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "data" / "worth"
CLASSES: Final = ("unfit", "informs", "supports", "reason", "opener")  # in the data; evenly spaced from 0 to 1
MOST: Final = 20  # statements of a product whose roles are read, the strongest; each costs 3 to 5 ms
MAX_CHARACTERS: Final = 160  # of a statement that are read; the labelled ones are shorter


@dataclass(frozen=True, slots=True)
class Labelled:
    """A statement with its worth, 0 to 1."""

    language: str
    text: str
    worth: float


def read_labelled(folder: Path = FOLDER) -> Iterator[Labelled]:
    """Yields the labelled statements. Raises KeyError for a class that CLASSES lacks."""
    value = {name: place / (len(CLASSES) - 1) for place, name in enumerate(CLASSES)}
    for path in sorted(folder.glob("*.toml")):
        for name, texts in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for text in texts:
                yield Labelled(path.stem, text, value[name])
