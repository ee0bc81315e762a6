"""Says what sort of thing a product is and what its ad asks of readers: learnt from products that people have labelled.

Two logistic models of one reading: the sentence encoder's vectors of name and texts, hashed words and letters of both,
what the words of the taxonomy speak for, the ways in which the texts say that one gets the thing, and a few signs. They
are fitted when the index is built, on data/aims/ and data/leads/, and read all of the encoder's languages.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.catalog.understanding import roles
from services.catalog.understanding.learning import BUCKETS, Array, fit_logistic, pieces_of, share_of, softmax
from services.catalog.understanding.taxonomy import LANGUAGES, Trade
from services.catalog.understanding.ways import WAYS

DATA: Final = Path(__file__).parent / "data"
KINDS: Final = (
    "good",
    "service",
    "software",
    "food",
    "place",
    "event",
    "property",
    "job",
    "cause",
    "finance",
    "public_body",
)
GOALS: Final = ("sell", "book", "sign_up", "donate", "visit", "apply", "download", "call", "")  # "": nothing is asked
# Chances from which an answer counts. Cross-validated over the labelled products, of 100 goals 70 are right and 11
# wrong, the rest not known. Of less sure sales and visits half are wrong where no way that leads to them is said.
SURE_OF_GOAL: Final = 0.6
SURE_OF: Final[Mapping[str, float]] = {"sell": 0.8, "visit": 0.8}
LEADING: Final[Mapping[str, frozenset[str]]] = {  # ways that lead to a goal
    "sell": frozenset({"order"}),
    "call": frozenset({"ring", "write", "survey"}),
    "sign_up": frozenset({"join"}),
    "visit": frozenset({"drop_in", "on_site", "bring"}),
}
SURE_WHERE_SAID: Final = 0.4  # of the likeliest goal where a way that leads to it is said: four of five are right
SURE_OF_VISIT_WHERE_SAID: Final = 0.6  # opening hours stand in texts on much else
SURE_OF_KIND: Final = 0.6
PULL: Final = 0.1  # of the weights towards nought
TYPICAL: Final = 0.5  # what a plain product of a trade counts beside a labelled one
TYPICAL_SENTENCES: Final = 2
MEANINGS: Final = 4  # vectors of a product: as services.catalog.understanding.scoring.Scores has them
MAX_CHARACTERS: Final = 1_200  # of a product's texts that are read
MOST_SAID: Final = 3  # times that a goal is stated; more says no more
SIGNS_WEIGH: Final = 0.5  # beside vectors of length 1
_TELEPHONE: Final = re.compile(r"(?:\+|\b0)\d[\d \-/()]{6,}\d")
_ADDRESS: Final = re.compile(r"www|https?|\.\w\w\w?/|@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aimed:
    """A product as the models read it.

    name, texts: cleaned; texts are the sentences of the description, then the features. meanings: (MEANINGS, 512).
    by_trade: the probabilities of KINDS, then of GOALS, by the trades that it may be of. marked: kinds that its name
    speaks for; stated: how often its texts state a goal; ways: those in which they say that one gets it
    (services.catalog.understanding.ways); lent: whether it says that it is lent for money; priced: whether it has a
    price.
    """

    name: str
    sentences: tuple[str, ...]
    features: tuple[str, ...]
    meanings: Array
    by_trade: Array
    marked: Collection[str] = ()
    stated: Mapping[str, int]
    ways: Collection[str] = ()
    lent: bool = False
    priced: bool = False

    @property
    def text(self) -> str:
        """The texts behind the name, as far as they are read."""
        return " ".join((*self.sentences, *self.features))[:MAX_CHARACTERS]


@dataclass(frozen=True, slots=True)
class LabelledProduct:
    """A product of data/. `also`: goals that a strict marketer lets pass beside `goal`."""

    name: str
    description: str
    features: tuple[str, ...]
    priced: bool
    kind: str
    goal: str
    also: tuple[str, ...] = ()


def read_products(folder: Path = DATA) -> Iterator[LabelledProduct]:
    """Yields the labelled products. Raises ValueError for a kind or goal that there is not."""
    for path in (*sorted((folder / "aims").glob("*.toml")), *sorted((folder / "leads").glob("*.toml"))):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["product"]:
            description, features = row.get("description", ""), tuple(row.get("features", ()))
            if "statements" in row:
                description = " ".join(text for source, *_, text in row["statements"] if source == "description")
                features = tuple(text for source, *_, text in row["statements"] if source == "features")
            priced = any(map(str.isdigit, row.get("price", ""))) or any(
                role == "price" for _, role, *_ in row.get("statements", ())
            )
            product = LabelledProduct(
                row["name"], description, features, priced, row["kind"], row["goal"], tuple(row.get("also", ()))
            )
            if product.kind not in KINDS or not {product.goal, *product.also} <= set(GOALS):
                raise ValueError(f"{path.name}, {product.name}: no kind or goal: {product.kind}, {product.goal}.")
            yield product


def typical_products(trades: Sequence[Trade]) -> Iterator[LabelledProduct]:
    """Yields a plain product of each trade, in one language of the taxonomy after the other."""
    for place, trade in enumerate(trades):
        language = LANGUAGES[place % len(LANGUAGES)]
        names, sentences = trade.names.get(language), trade.sentences.get(language)
        if names and sentences:
            description = " ".join(f"{text.rstrip('.')}." for text in sentences[:TYPICAL_SENTENCES])
            yield LabelledProduct(names[0], description, (), trade.kind in {"good", "food"}, trade.kind, trade.goal)


def dense_of(product: Aimed) -> Array:
    """Returns the vectors and signs of a product, (columns,)."""
    said = f"{product.name} {product.text}"
    signs = [
        float(roles.MONEY.search(said) is not None),
        float(roles.TIME.search(said) is not None),
        float(_TELEPHONE.search(said) is not None),
        float(_ADDRESS.search(said) is not None),
        min(len(product.sentences), 12) / 10,
        len(product.text) / 1000,
        float(any(map(str.isdigit, product.name))),
        float(not product.sentences),
        float(bool(product.features)),
        float(product.lent),
        float(product.priced),
    ]
    return np.concatenate(
        [
            product.meanings.ravel(),
            product.by_trade,
            [float(kind in product.marked) for kind in KINDS],
            [min(product.stated.get(goal, 0), MOST_SAID) / 2 for goal in GOALS if goal],
            [float(way in product.ways) for way in WAYS],
            np.array(signs) * SIGNS_WEIGH,
        ]
    ).astype(np.float32)


def fields_of(product: Aimed) -> tuple[list[int], list[int]]:
    """Returns the pieces of a product's name and of its texts."""
    return pieces_of(product.name, "N"), pieces_of(product.text, "D")


def fit(products: Sequence[Aimed], kinds: Sequence[str], goals: Sequence[str], weigh: Sequence[float]) -> Array:
    """Returns the weights of both models beside each other, (columns + 2 * BUCKETS + 1, KINDS + GOALS).

    weigh: what each product counts.
    """
    dense = np.stack([dense_of(product) for product in products])
    fields = list(zip(*map(fields_of, products), strict=True))
    answers: list[tuple[Sequence[str], tuple[str, ...]]] = [(kinds, KINDS), (goals, GOALS)]
    return np.hstack(
        [
            fit_logistic(
                dense,
                fields,
                np.array([names.index(label) for label in labels]),
                of=len(names),
                pull=PULL,
                weigh=np.array(weigh, float),
            )
            for labels, names in answers
        ]
    )


class Aims:
    """The fitted models. Threads may share them."""

    def __init__(self, weights: Array) -> None:
        """`weights`: as `fit` returns them."""
        self._dense = weights[: -2 * BUCKETS - 1]
        self._fields = (weights[-2 * BUCKETS - 1 : -BUCKETS - 1], weights[-BUCKETS - 1 : -1])
        self._constant = weights[-1]

    def chances(self, product: Aimed) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """Returns the probabilities of the kinds and of the goals. Under 1 ms."""
        scores = dense_of(product) @ self._dense + self._constant
        for weights, pieces in zip(self._fields, fields_of(product), strict=True):
            scores = scores + weights[pieces].sum(axis=0) * share_of(pieces)
        kinds, goals = scores[: len(KINDS)], scores[len(KINDS) :]
        return _named(KINDS, kinds), _named(GOALS, goals)


def likeliest(chances: Mapping[str, float], floor: float) -> str:
    """Returns what is likeliest; empty where it is less likely than `floor`."""
    best = max(chances, key=lambda name: chances[name])
    return best if chances[best] >= floor else ""


def sure_goal(chances: Mapping[str, float], ways: Collection[str] = ()) -> str:
    """Returns the likeliest goal; empty where it is not sure. ways: those in which the texts say that one gets it."""
    goal = likeliest(chances, 0.0)
    if LEADING.get(goal, frozenset()).isdisjoint(ways):
        floor = SURE_OF.get(goal, SURE_OF_GOAL)
    else:
        floor = SURE_OF_VISIT_WHERE_SAID if goal == "visit" else SURE_WHERE_SAID
    return goal if chances[goal] >= floor else ""


def _named(names: Sequence[str], scores: NDArray[Any]) -> Mapping[str, float]:
    return dict(zip(names, softmax(scores[None].astype(float))[0].tolist(), strict=True))
