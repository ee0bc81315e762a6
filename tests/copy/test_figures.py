"""Figures of texts are compared by value: every one has a value, however its thousands and decimals are written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.copy.providers.figures import figures


@pytest.mark.parametrize(("text", "value"), [
    ("2.468,135 points", "2468.135"), ("4,321.987 points", "4321.987"), ("2.468 135 visitors", "2468135"),
    ("0.135.246 pieces", "135246"),
])  # fmt: skip
def test_a_figure_of_any_spelling_has_a_value(text: str, value: str) -> None:
    (found,) = figures(text)
    assert Decimal(value) in found.values
    assert found.equals(found)
