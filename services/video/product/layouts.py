"""Where things stand in product films, read from data/layouts.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from typing import Final

Box = tuple[float, float, float, float]
"""(x, y, width, height)."""

CIRCLE: Final = 0.23  # of the frame's shorter side, a presenter's circle
CIRCLE_GAP: Final = 0.12  # of its width, to what is written beside it
BRAND_GAP: Final = 0.5  # of the height of the brand, to large type below it
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

    def circle(self, width: int, height: int) -> Box:
        """Where a presenter's circle is in these places, in pixels: at the height of the brand, at the right."""
        x, y, wide, _ = self.brand
        side = CIRCLE * min(width, height)
        right = width * (1 - x / width) if width > height else x + wide
        return right - side, y, side, side

    def beside(self, circle: Box) -> Places:
        """The places clear of a presenter's circle: rows end before it, sentences and pictures begin below it."""
        left, top, side, _ = circle
        gap = side * CIRCLE_GAP
        moved: dict[str, Box] = {}
        for name in ("brand", "title", "caption", "words", "aside_words"):
            x, y, width, height = getattr(self, name)
            if y >= top + side + gap or x + width <= left:
                continue
            if name in ("words", "aside_words"):
                begin = top + side + gap
                moved[name] = (x, begin, width, y + height - begin)
            else:
                moved[name] = (x, y, left - gap - x, height)
        for name in ("hero", "low", "aside"):
            x, y, width, height = getattr(self, name)
            if y < top + side and x + width > left:
                moved[name] = (x, top + side + gap, width, y + height - top - side - gap)
        return replace(self, **moved)

    def without_captions(self, below: float) -> Places:
        """The places of a shot without captions: their room belongs to its value. below: in pixels, what it must stay
        under, such as a presenter's circle; 0 without one."""
        x, y, width, height = self.stage
        top = min(y, max(self.title[1] + self.brand[3] * BRAND_GAP, below))
        return replace(self, stage=(x, top, width, y + height - top))

    def of_text_alone(self, right: float) -> Places:
        """The places of a shot that has nothing but text, which reaches as far down as an end card does, and in a wide
        picture as far as `right`, in pixels."""
        floor = self.column[1] + self.column[3]
        is_wide = self.low[0] >= self.stage[0] + self.stage[2]
        moved: dict[str, Box] = {}
        for name in ("stage", "words", "aside_words"):
            x, y, width, height = getattr(self, name)
            end, y = max(y + height, floor), y + self.brand[3] * BRAND_GAP
            moved[name] = (x, y, right - x if is_wide else width, end - y)
        return replace(self, **moved)


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
