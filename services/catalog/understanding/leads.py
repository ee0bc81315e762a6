"""Says how strong an ad would be that leads with a statement: by its meaning, its wording and its place in the brief.

A linear model of the sentence encoder's vectors and of a few signs, so that it reads all of the encoder's languages. It
is fitted when the index is built, on the graded products of data/leads/, whose statements it compares with each other,
and on the labelled statements of data/worth/.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding.encoder import SentenceEncoder
from services.catalog.understanding.values import BESIDE, Fact

FOLDER: Final = Path(__file__).parent / "data" / "leads"
GRADES: Final = 3  # the best grade: what a good marketer leads with; 0 is no headline
ROLES: Final = ("benefit", "feature", "figure", "offer", "price", "proof", "logistics")
SOURCES: Final = ("features", "description", "name")  # the customer's own words
MOST: Final = 24  # statements of a product that are weighed, the strongest by role and place; each costs 3 to 5 ms
MAX_CHARACTERS: Final = 160  # of a statement that are weighed
LEAST_RANKED: Final = 3  # statements of a source of which the last is not yet late
LENGTHS: Final = (18, 30, 60, 90, 130)  # characters between which statements differ as headlines
STEM: Final = 6  # letters by which words are taken for the same
MEANING: Final = 3.0  # of the encoder's part beside the signs', and
RIDGE: Final = 40.0  # how much is taken off for large weights: both by cross-validation over the graded products
ALONE: Final = 0.5  # what a statement of no product counts beside one of a product
TYPICAL: Final = 0.44  # share of the best grade that a statement has on average: the middle of the strengths
STEEP: Final = 4.0  # how fast they rise there
_WORD: Final = re.compile(r"[^\W\d_]{4,}|\d+")
_MONEY: Final = re.compile(r"[£$€¥₹₩]|\b(?:kr|zł|Kč|Ft|lei|CHF)\b")
_ENDS: Final = re.compile(r"[.!?]$")

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a product. `place`: its place in the customer's order; `grade`: 0 to GRADES, where it is known."""

    text: str
    role: str
    source: str
    place: int
    grade: int = 0


@dataclass(frozen=True, slots=True)
class Product:
    """A product's name and statements, in the customer's order."""

    name: str
    statements: tuple[Statement, ...]


def read_products(folder: Path = FOLDER) -> Iterator[Product]:
    """Yields the graded products. Raises ValueError for a role, source or grade that there is not."""
    for path in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["product"]:
            statements = tuple(
                Statement(text, role, source, place, grade)
                for place, (source, role, grade, text) in enumerate(row["statements"])
            )
            for one in statements:
                if one.role not in ROLES or one.source not in SOURCES or not 0 <= one.grade <= GRADES:
                    raise ValueError(f"{path.name}, {row['name']}: no role, source or grade of a statement: {one}.")
            yield Product(row["name"], statements)


def read_texts(product: Product) -> list[str]:
    """What the encoder reads of a product: its statements, then its name."""
    return [*(statement.text[:MAX_CHARACTERS] for statement in product.statements), product.name]


def signs_of(product: Product, vectors: Vector) -> Vector:
    """Returns the signs of each statement, (statements, signs). vectors: of `read_texts`, unit length."""
    statements, texts, name = product.statements, vectors[:-1], vectors[-1]
    centre = texts.mean(axis=0)
    centre = centre / max(float(np.linalg.norm(centre)), 1e-9)
    words = [_words(statement.text) for statement in statements]
    of_name = _words(product.name)
    ranks = _ranks(statements)
    rows = []
    for at, statement in enumerate(statements):
        text = statement.text
        shares = (len(words[at] & other) / max(1, len(words[at])) for n, other in enumerate(words) if n != at)
        rows.append(
            [
                ranks[at],
                *(float(statement.source == source) for source in SOURCES),
                *(ranks[at] * (statement.source == source) for source in SOURCES),
                *(float(statement.role == role) for role in ROLES),
                float(texts[at] @ name),
                float(texts[at] @ centre),
                max(shares, default=0.0),
                len(words[at] & of_name) / max(1, len(of_name)),
                *(float(len(text) > length) for length in LENGTHS),
                min(len(text), MAX_CHARACTERS) / 100,
                float(any(map(str.isdigit, text))),
                float(_MONEY.search(text) is not None),
                float(text[:1].islower()),
                float(_ENDS.search(text.strip()) is not None),
            ]
        )
    return np.array(rows, np.float32)


def fit(products: Sequence[Product], vectors: Sequence[Vector], alone: Vector, worths: Vector) -> Vector:
    """Returns the model, (d,): the constant, then the weights of `signs_of` and of a vector. Ridge regression.

    vectors: of `read_texts` of each product. alone: of statements of no product, (n, 512), of which only the worth is
    known, 0 to 1: `worths`. They count ALONE as much.
    """
    signs = [signs_of(product, read) for product, read in zip(products, vectors, strict=True)]
    every = np.vstack(signs)
    mean, spread = every.mean(axis=0), every.std(axis=0) + 1e-6
    rows, values = [], []
    for product, found, read in zip(products, signs, vectors, strict=True):
        row = np.hstack([(found - mean) / spread, read[:-1] * MEANING])
        grades = np.array([statement.grade for statement in product.statements], np.float32) / GRADES
        rows.append(row - row.mean(axis=0))
        values.append(grades - grades.mean())
    meant = (alone - alone.mean(axis=0)) * MEANING
    rows.append(ALONE * np.hstack([np.zeros((len(alone), every.shape[1]), np.float32), meant]))
    values.append(ALONE * (worths - worths.mean()))
    stacked, wanted = np.vstack(rows), np.concatenate(values)
    weights = np.linalg.solve(stacked.T @ stacked + RIDGE * np.eye(stacked.shape[1]), stacked.T @ wanted)
    weights *= wanted.std() / max(float((stacked @ weights).std()), 1e-6)  # as far apart as the grades are
    count = every.shape[1]
    weights[:count] /= spread
    weights[count:] *= MEANING
    typical = np.hstack([every, np.vstack([read[:-1] for read in vectors])]).mean(axis=0)
    grades = np.array([statement.grade for product in products for statement in product.statements]) / GRADES
    return np.append(float(grades.mean() - typical @ weights), weights).astype(np.float32)


class Leads:
    """The fitted model."""

    def __init__(self, weights: Vector, encoder: SentenceEncoder) -> None:
        """`weights`: as `fit` returns them."""
        self._constant, self._weights = float(weights[0]), weights[1:]
        self._encoder = encoder

    def of(self, product: Product) -> Vector:
        """Returns the strength of each statement, above BESIDE and below 1.

        About 3 ms for each that the encoder has not read lately.
        """
        if not product.statements:
            return np.zeros(0, np.float32)
        vectors = self._encoder.encode(read_texts(product))
        rows = np.hstack([signs_of(product, vectors), vectors[:-1]])
        above = rows @ self._weights + self._constant - TYPICAL
        found: Vector = BESIDE + (1 - BESIDE) / (1 + np.exp(-STEEP * above))
        return found.astype(np.float32)

    def weigh(self, facts: Sequence[Fact], name: str, said: str) -> list[Fact]:
        """Returns the facts, the strongest first, those in the customer's words as strong as ads that lead with them.

        name: the product's; said: its cleaned texts, in which the facts stand in the customer's order. What sells
        nothing, or stands beside others only, keeps its strength, and nothing else becomes as weak.
        """
        sold = [fact for fact in facts if fact.role in ROLES and fact.source in SOURCES and fact.strength > BESIDE]
        sold = sorted(sold, key=lambda fact: -fact.strength)[:MOST]
        places = {id(fact): said.find(fact.text[1:]) for fact in sold}
        sold.sort(key=lambda fact: (places[id(fact)] < 0, places[id(fact)]))
        product = Product(
            name, tuple(Statement(fact.text, fact.role, fact.source, place) for place, fact in enumerate(sold))
        )
        strengths = dict(zip(map(id, sold), self.of(product).tolist(), strict=True))
        weighed = [
            replace(fact, strength=round(strengths[id(fact)], 3)) if id(fact) in strengths else fact for fact in facts
        ]
        return sorted(weighed, key=lambda fact: -fact.strength)


def _ranks(statements: Sequence[Statement]) -> list[float]:
    """Where each statement stands among those of its source: 0 for the first, towards 1 for the last."""
    ranks = [0.0] * len(statements)
    for source in {statement.source for statement in statements}:
        own = sorted(
            (at for at, statement in enumerate(statements) if statement.source == source),
            key=lambda at: statements[at].place,
        )
        for rank, at in enumerate(own):
            ranks[at] = rank / max(len(own), LEAST_RANKED)
    return ranks


def _words(text: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in _WORD.findall(text.casefold()))
