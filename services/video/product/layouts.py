"""Where things stand in product films, read from data/layouts.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Final

Box = tuple[float, float, float, float]
"""(x, y, width, height)."""

TEXTS: Final = ("brand", "title", "caption", "stage", "words", "aside_words", "column")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The boxes of one ratio, as shares of the frame or, after `scaled`, in pixels."""

    brand: Box
    title: Box
    caption: Box
    stage: Box
    words: Box
    aside_words: Box
    column: Box
    hero: Box
    low: Box
    aside: Box
    detail: Box

    def scaled(self, width: int, height: int) -> Places:
        """The same places in pixels of a frame."""

        def pixels(box: Box) -> Box:
            return box[0] * width, box[1] * height, box[2] * width, box[3] * height

        return Places(**{field.name: pixels(getattr(self, field.name)) for field in fields(self)})


@cache
def layouts() -> Mapping[str, Places]:
    """Returns the places by ratio. Raises ValueError for a table that breaks its schema."""
    return read_layouts(files("services.video.product").joinpath("data/layouts.toml").read_text(encoding="utf-8"))


def read_layouts(text: str) -> Mapping[str, Places]:
    """Reads a table. Raises ValueError for missing or unknown boxes and for boxes of other than four numbers."""
    names = {field.name for field in fields(Places)}
    made: dict[str, Places] = {}
    for ratio, boxes in tomllib.loads(text).items():
        if set(boxes) != names or any(len(box) != 4 for box in boxes.values()):
            raise ValueError(
                f"The ratio {ratio} has other boxes than {', '.join(sorted(names))}, of four numbers each."
            )
        made[ratio] = Places(**{name: (box[0], box[1], box[2], box[3]) for name, box in boxes.items()})
    return made
