"""Pictures of type are filled by it."""

from __future__ import annotations

import pytest

from services.image.domain import AspectRatio, Style
from services.image.providers.local import composer
from services.image.providers.local.composer import compose
from services.image.providers.local.empty_room import largest_empty, lines_of
from services.image.providers.local.geometry import Box, Frame
from tests.image.briefs import brief

SQUARE = Frame.of(AspectRatio.SQUARE)


@pytest.mark.parametrize(
    ("texts", "empty"),
    [
        ([], 1.0),
        ([SQUARE.whole], 0.0),
        ([Box(0, 0, SQUARE.width / 2, SQUARE.height)], 0.5),
        ([Box(0, SQUARE.height * 0.4, SQUARE.width, SQUARE.height * 0.6)], 0.4),
    ],
)
def test_largest_empty_rectangle_is_measured(texts: list[Box], empty: float) -> None:
    assert largest_empty(SQUARE, texts) == pytest.approx(empty, abs=0.05)


def test_no_large_part_of_a_wide_picture_of_type_stays_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    def emptiness() -> list[float]:
        found = []
        for number, style in enumerate((Style.PRODUCT_HERO, Style.LIFESTYLE, Style.MINIMAL)):
            made = compose(
                brief("dentist", aspect_ratio=AspectRatio.WIDE, style=style, seed=f"wide-{number}"), photo=None
            )
            assert made.proof.product is None
            found.append(largest_empty(made.proof.frame, lines_of(made.proof.texts)))
        return found

    measured = emptiness()
    monkeypatch.setattr(composer, "MOST_EMPTY", 1.0)
    assert max(measured) <= 0.2 < max(emptiness())
