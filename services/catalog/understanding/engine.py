"""Puts the parts of the understanding together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.catalog.understanding.reading import Reader, Trade
from services.catalog.understanding.values import UNDETERMINED, Fact, ProductTexts, Recognition


class Engine(NamedTuple):
    """What the catalog reads products with. `trades` is the taxonomy, by id."""

    reader: Reader
    trades: Mapping[str, Trade]


def load_engine() -> Engine:
    """Loads the data of all parts. Blocking."""
    trades: Mapping[str, Trade] = {}
    reader = Reader(
        recognise=lambda texts, language, facts: Recognition(kind=texts.kind, goal=texts.goal),
        find_facts=_features,
        language_of=lambda text: UNDETERMINED,
        clean_name=_without_space,
        clean_text=_without_space,
        trades=trades,
        data_version="0",
    )
    return Engine(reader, trades)


def _features(texts: ProductTexts, language: str) -> Sequence[Fact]:
    features = [Fact(text=text, role="feature", strength=0.5, source="features") for text in texts.features]
    return [
        *features,
        *(Fact(text=text, role="condition", strength=0, source="conditions") for text in texts.conditions),
    ]


def _without_space(text: str) -> str:
    return " ".join(text.split())
