"""Says how likely each drawing fits a product: a logistic model over the signs of services.media.object_signs.

Its weights are in data/object_model.toml. `python -m services.media.object_model` fits them to the briefs of
data/object_labels/ and writes the file; its README says how those were graded.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.media.object_signs import Product, signs_of
from services.media.trade_drawings import drawings_of, trade_drawings

WEIGHTS: Final = Path(__file__).parent / "data" / "object_model.toml"
LABELS: Final = Path(__file__).parent / "data" / "object_labels"
GRADES: Final = 3  # the thing itself; 2 unmistakably its trade, 1 near it, 0 wrong
FITTING: Final = 2  # the least grade of a drawing that may be shown
NEAR: Final = 0.2  # what one of grade 1 counts beside a fitting one: type alone looks better than what is only near
RIDGE: Final = 3.0  # how much is taken off for large weights, and
RAREST: Final = 4  # candidates that have a sign, at least: both by cross-validation over the graded briefs
STEPS: Final = 12  # of Newton's method; the weights change by less than 0.001 in the last
CONSTANT: Final = "constant"
DECIMALS: Final = 3

Signs = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedBrief:
    """A brief with the grades of drawings that might stand for it; those of all others are 0.

    readings: what the catalog understood of it, at one time or several.
    """

    group: str
    readings: tuple[tuple[Product, frozenset[str]], ...]
    grades: Mapping[str, int]

    @property
    def name(self) -> str:
        return self.readings[0][0].name


@cache
def object_weights() -> Signs:
    """Returns the weights by sign."""
    return {sign: float(value) for sign, value in tomllib.loads(WEIGHTS.read_text(encoding="utf-8")).items()}


def likelihoods(product: Product, sensitive: frozenset[str], weights: Signs | None = None) -> dict[str, float]:
    """Returns how likely each candidate fits, 0 to 1, by its drawing. Takes 0.4 ms, for long texts up to 10 ms.

    Drawings that may not stand beside a sensitive subject, or that a word of the product rules out, are no candidates.
    """
    weights = object_weights() if weights is None else weights
    return {drawing: likelihood(signs, weights) for drawing, signs in candidates(product, sensitive).items()}


def likelihood(signs: Signs, weights: Signs) -> float:
    """Returns how likely a candidate with these signs fits."""
    total = weights[CONSTANT] + sum(weights.get(sign, 0.0) * value for sign, value in signs.items())
    return 1 / (1 + math.exp(-total))


def candidates(product: Product, sensitive: frozenset[str]) -> dict[str, dict[str, float]]:
    """Returns the signs of the drawings that might stand for a product."""
    of_trade = drawings_of(trade=product.trade, sector=product.sector, confidence=product.confidence)
    found = signs_of(product, of_trade)
    table = trade_drawings()
    said = f"{product.name} {product.subject}"
    return {
        drawing: signs for drawing, signs in found.items() if table.may_stand(drawing, said=said, sensitive=sensitive)
    }


def read_labels(folder: Path = LABELS) -> Iterator[GradedBrief]:
    """Yields the graded briefs. Raises ValueError for a grade that there is not."""
    for path in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["brief"]:
            if wrong := [grade for grade in row["grades"].values() if not 0 <= grade <= GRADES]:
                raise ValueError(f"{path.name}, {row['name']}: no grades: {wrong}.")
            yield GradedBrief(
                group=row.get("group", path.stem),
                readings=tuple(_reading(row, read) for read in row["read"]),
                grades=row["grades"],
            )


def _reading(row: Mapping[str, str], read: Mapping[str, str]) -> tuple[Product, frozenset[str]]:
    fields = ("subject", "trade", "sector", "kind", "confidence", "language")
    product = Product(
        name=row["name"],
        description=row["text"],
        brand=row.get("brand", ""),
        **{field: read.get(field, "") for field in fields},
    )
    return product, frozenset(read.get("sensitive", ()))


def fit(graded: Sequence[tuple[Signs, int]]) -> dict[str, float]:
    """Returns the weights by sign. graded: signs and grade of each candidate. Ridge logistic regression."""
    common = Counter(sign for signs, _ in graded for sign in signs)
    names = sorted(sign for sign, count in common.items() if count >= RAREST)
    places = {sign: place for place, sign in enumerate(names, 1)}
    rows = np.zeros((len(graded), len(names) + 1))
    rows[:, 0] = 1
    for number, (signs, _) in enumerate(graded):
        for sign, value in signs.items():
            if sign in places:
                rows[number, places[sign]] = value
    worth = {grade: 1.0 if grade >= FITTING else NEAR * grade for grade in range(GRADES + 1)}
    weights = _regression(rows, np.array([worth[grade] for _, grade in graded]))
    return dict(zip((CONSTANT, *names), np.round(weights, DECIMALS).tolist(), strict=True))


def _regression(rows: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.zeros(rows.shape[1])
    ridge = np.full(rows.shape[1], RIDGE)
    ridge[0] = 1e-3  # the constant is free
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-rows @ weights))
        curve = (rows * (likely * (1 - likely))[:, None]).T @ rows + np.diag(ridge)
        weights = weights + np.linalg.solve(curve, rows.T @ (wanted - likely) - ridge * weights)
    return weights


def graded_candidates(brief: GradedBrief) -> list[tuple[Signs, int]]:
    """Returns signs and grade of each candidate of a brief, in all its readings."""
    return [
        (signs, brief.grades.get(drawing, 0))
        for product, sensitive in brief.readings
        for drawing, signs in candidates(product, sensitive).items()
    ]


def write_weights(path: Path = WEIGHTS) -> None:
    """Fits the model and writes its weights."""
    weights = fit([pair for brief in read_labels() for pair in graded_candidates(brief)])
    lines = [f'"{sign}" = {value}' for sign, value in weights.items()]
    head = (
        "# Weights of the signs of services/media/object_signs.py, written by `python -m services.media.object_model`."
    )
    path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    write_weights()
