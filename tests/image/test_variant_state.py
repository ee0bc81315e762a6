"""The state that a job of several pictures keeps between them."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from services.image.domain import RenderedImage
from services.image.variants import VariantState


def image(layout: str) -> RenderedImage:
    return RenderedImage(
        image=Path("ad.png"),
        thumbnail=Path("thumbnail.webp"),
        content_type="image/png",
        width=1,
        height=1,
        alt_text="",
        notes=(),
        provider="local",
        headline="",
        layout=layout,
    )


@pytest.mark.parametrize("available", [1, 2, 3, 6, 10])
def test_layouts_are_used_about_equally_often(available: int) -> None:
    chance, state, used = random.Random(available), VariantState(), Counter[str]()
    layouts = [f"layout {number}" for number in range(available)]
    for number in range(1, 11):
        free = [layout for layout in layouts if layout not in state.taken.layouts]
        layout = chance.choice(free or layouts)
        used[layout] += 1
        state = VariantState.read(state.with_task(number, b"task").after(number, image(layout)).to_bytes())
    assert max(used.values()) - min(used[layout] for layout in layouts) <= 1
    assert not state.tasks
