"""Headlines break where a reader would take a breath."""

from __future__ import annotations

import pytest

from services.chassis.shaping import Face
from services.image.providers.local.typesetting import fit

FACE = Face(family="Inter", weight=800)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("This is Aurora Bottle", ["This is", "Aurora Bottle"]),
        ("Slow mornings, properly poured.", ["Slow mornings,", "properly poured."]),
        ("Everything you need for the road", ["Everything you", "need for the road"]),
    ],
)
def test_lines_are_even_and_end_in_no_article_unless_a_stump_would_be_left(text: str, lines: list[str]) -> None:
    block = fit(
        text, FACE, box_width=950, box_height=300, largest=105, smallest=60, line_height=1.1, most_lines=2
    )  # fmt: skip
    assert [line.text for line in block.lines] == lines
