"""Fits the models of headlines to graded ones: `python -m services.copy.providers.local.headline_fit`, some seconds."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import numpy as np

from services.copy.providers.local.headline_model import CONSTANT, Place
from services.copy.providers.local.headline_signs import MARKS, Advertised, Hook, signs_of

DATA: Final = Path(__file__).parents[2] / "data"
GRADED: Final = DATA / "headlines"
WEIGHTS: Final = DATA / "headline_model.toml"
PLACES: Final[tuple[Place, ...]] = get_args(Place)
GRADES: Final = 3
MOST: Final = {"text": 100, "picture": 68}  # characters of a headline that such a model learns from
RIDGE: Final = 60.0  # how much is taken off for large weights, and
RAREST: Final = 12  # headlines that have a sign, at least: both by cross-validation over the products
DECIMALS: Final = 3
_HEAD: Final = "# Written by services/copy/providers/local/headline_fit.py: what each sign adds to a grade."

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """A headline with its grades by place."""

    hook: Hook
    grades: Mapping[Place, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedProduct:
    """A product with headlines for it."""

    product: Advertised
    headlines: tuple[Graded, ...]


def read_graded(folder: Path = GRADED) -> Iterator[GradedProduct]:
    """Yields the graded products. Raises ValueError for a grade or mark that there is not."""
    for path in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["product"]:
            headlines = row.pop("headlines")
            product = Advertised(language=path.stem, **row)
            yield GradedProduct(product=product, headlines=tuple(_graded(path, *each) for each in headlines))


def _graded(
    path: Path, text: int, picture: int, angle: str, source: str, strength: float, behind: float, marks: str, line: str
) -> Graded:
    found = frozenset(marks.split())
    if not (0 <= text <= GRADES and 0 <= picture <= GRADES and found <= MARKS):
        raise ValueError(f"{path.name}, {line}: no grade or mark of a headline: {text}, {picture}, {marks}.")
    hook = Hook(text=line, angle=angle, source=source, strength=strength, behind=behind, marks=found)
    return Graded(hook=hook, grades={"text": text, "picture": picture})


def fit(products: Sequence[GradedProduct], place: Place) -> dict[str, float]:
    """The weights of a place's model, with its constant. Ridge regression over signs of one spread."""
    rows, wanted = [], []
    for one in products:
        for graded in one.headlines:
            if len(graded.hook.text) <= MOST[place]:
                rows.append(signs_of(graded.hook, one.product))
                wanted.append(graded.grades[place])
    counts = Counter(sign for row in rows for sign in row)
    names = sorted(sign for sign, count in counts.items() if count >= RAREST)
    table = np.array([[row.get(sign, 0.0) for sign in names] for row in rows])
    grades = np.array(wanted, float)
    middle, spread = table.mean(axis=0), table.std(axis=0) + 1e-9
    scaled = (table - middle) / spread
    weights = np.linalg.solve(scaled.T @ scaled + RIDGE * np.eye(len(names)), scaled.T @ (grades - grades.mean()))
    weights /= spread
    return {CONSTANT: float(grades.mean() - middle @ weights), **dict(zip(names, weights.tolist(), strict=True))}


def write_weights(path: Path = WEIGHTS) -> None:
    """Fits both models and writes their weights."""
    products = list(read_graded())
    lines = [_HEAD]
    for place in PLACES:
        lines.append(f"\n[{place}]")
        lines += [f"{sign} = {round(weight, DECIMALS)}" for sign, weight in fit(products, place).items()]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    write_weights()
