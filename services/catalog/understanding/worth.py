"""Says what a statement is worth in an ad: whether people buy for it, merely want to know it, or should not see it.

A linear model of the sentence encoder's vectors, so that it reads all of the encoder's languages. It is fitted when the
index is built, on the labelled statements of data/worth/.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding.encoder import SentenceEncoder
from services.catalog.understanding.values import BESIDE, Fact

FOLDER: Final = Path(__file__).parent / "data" / "worth"
CLASSES: Final = ("unfit", "informs", "supports", "reason", "opener")  # in the data; evenly spaced from 0 to 1
RIDGE: Final = 1.0  # by cross-validation over the labelled statements
SHARE: Final = 0.4  # of a fact's strength that is its worth; the rest goes by role, source and place
MOST: Final = 20  # facts of a product that are weighed, the strongest by role and place; each costs 3 to 5 ms
MAX_CHARACTERS: Final = 160  # of a statement that are weighed; the labelled ones are shorter
TYPICAL: Final = 0.35  # worth of the statements beyond
SOLD: Final = frozenset({"benefit", "feature", "figure", "offer", "price", "proof", "logistics"})

Vector = NDArray[np.float32]


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


def fit(vectors: Vector, values: Vector) -> Vector:
    """Returns the weights, (513,): those of a unit vector (n, 512), then the constant. Ridge regression."""
    mean = float(values.mean())
    gram = vectors.T @ vectors + RIDGE * np.eye(vectors.shape[1], dtype=np.float32)
    weights = np.linalg.solve(gram, vectors.T @ (values - mean))
    return np.append(weights, mean).astype(np.float32)


class Worth:
    """The fitted model."""

    def __init__(self, weights: Vector, encoder: SentenceEncoder) -> None:
        """`weights`: as `fit` returns them."""
        self._weights, self._constant = weights[:-1], float(weights[-1])
        self._encoder = encoder

    def of(self, texts: Sequence[str]) -> Vector:
        """Returns the worth of each statement, 0 to 1. About 3 ms a statement."""
        cut = [text[:MAX_CHARACTERS] for text in texts]
        found: Vector = np.clip(self._encoder.encode(cut) @ self._weights + self._constant, 0, 1)
        return found

    def weigh(self, facts: Sequence[Fact]) -> list[Fact]:
        """Returns the facts with strengths that their worth raises or lowers, the strongest first.

        What sells nothing, or stands beside others only, keeps its strength.
        """
        sold = sorted(
            (fact for fact in facts if fact.role in SOLD and fact.strength > BESIDE), key=lambda fact: -fact.strength
        )
        worth = dict.fromkeys(map(id, sold), TYPICAL)
        worth.update(zip(map(id, sold), self.of([fact.text for fact in sold[:MOST]]).tolist(), strict=False))
        weighed = [
            replace(fact, strength=round((1 - SHARE) * fact.strength + SHARE * worth[id(fact)], 3))
            if id(fact) in worth
            else fact
            for fact in facts
        ]
        return sorted(weighed, key=lambda fact: -fact.strength)
