"""Guesses how a strict reader would grade a headline, 0 to 3: above a text, and on a picture.

Two linear models of `headline_signs`, whose weights are in data/headline_model.toml.
`python -m services.copy.providers.local.headline_fit` fits them to the graded headlines of data/headlines/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from services.copy.providers.local.headline_signs import Advertised, Hook, signs_of
from services.copy.providers.local.words import read_data

CONSTANT: Final = "constant"

Place = Literal["text", "picture"]


def grade_of(hook: Hook, product: Advertised, place: Place) -> float:
    """The grade, about 0 (embarrassing) to 3 (what a good marketer leads with)."""
    return grade(signs_of(hook, product), read_data("headline_model.toml")[place])


def grade(signs: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The grade of a headline's signs; a sign without a weight counts nothing."""
    return weights[CONSTANT] + sum(weights.get(sign, 0.0) * value for sign, value in signs.items())
