"""The frame that the shots of a product film share, and texts and pictures placed in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.media.colour import Colour
from services.video.product.layouts import Box, Places
from services.video.product.parts import MOST_SECONDS
from services.video.product.storyboard import Scene
from services.video.providers.local.product.layers import Layer, painted
from services.video.providers.local.product.lettering import CAP, LEADING, TextBlock, fitted
from services.video.providers.local.product_picture import ProductPicture
from services.video.providers.local.strokes import fill, line

ROW_GAP: Final = 0.05  # of the height, between the texts of a stack
ABOVE: Final = 0.3  # of the room that a stack leaves, what stays above it
VALUE_GROWS: Final = 0.03  # share by which a value grows while its shot lasts: no shot stands still
VERTICAL: Final = 0.7  # width over height below which a picture is vertical
LARGER_ALONE: Final = 1.3  # of type that has a frame to itself
ALONE_SECONDS: Final = 0.35  # at most, before a shot shows the value that it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all shots of a film share.

    places: in pixels. wide: text left, product right. seed: of all chance. icons: file of icons. language: of
    the script. article: the colour of a drawn article that is made in any. brand: the brand's name where it is set as
    text, "" where a logo or nothing stands for it.
    """

    width: int
    height: int
    unit: float
    places: Places
    wide: bool
    family: str
    picture: ProductPicture
    name: str
    seed: str
    icons: Path | None
    language: str
    article: Colour
    brand: str = ""

    @property
    def is_brand(self) -> bool:
        """Whether the product is called as its brand: one of the two names is enough where both would stand."""
        return bool(self.brand) and self.brand.casefold() == self.name.casefold()

    @property
    def is_pictured(self) -> bool:
        """Whether the product itself is shown: a drawing only stands for its trade."""
        return bool(self.picture.shows - {"drawing"})

    @property
    def has_text_alone(self) -> bool:
        """Whether nothing stands beside texts, which then fill the frame. A vertical picture is no such stage: texts
        end far above its lower edge, where platforms lay their own."""
        is_vertical = self.width / self.height < VERTICAL
        return not is_vertical and not self.is_pictured and self.picture.drawing is None

    @property
    def largest_unit(self) -> float:
        """The unit of the largest sizes of type: more where nothing else is seen."""
        return self.unit * (LARGER_ALONE if self.has_text_alone else 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRow:
    """A text of a stack: how it is set, as for `text_layer`, and the share of the stack's height that it may take.
    struck: whether a line in that colour goes through it."""

    text: str
    ink: Any
    largest: float
    share: float
    at: float
    rows: int = 1
    weight: int = 700
    enter: str = "rise"
    grow: float = 0.0
    struck: Any = None


def stacked(stage: Stage, area: Box, rows: Sequence[TextRow]) -> list[Layer]:
    """Texts one below the other as layers, each as large as its share of the area lets it be, together a little above
    the middle of it; in a wide picture in the middle."""
    x, y, w, h = area
    gap = h * ROW_GAP
    blocks = [
        fitted(
            row.text, stage.family, row.weight, width_px=w * 0.98 / (1 + row.grow), height_px=h * row.share,
            largest=row.largest * stage.largest_unit, rows=row.rows,
        )
        for row in rows
    ]  # fmt: skip
    tall = sum(block.height for block in blocks) + gap * (len(rows) - 1)
    top = y + max(0.0, h - tall) * (0.5 if stage.wide else ABOVE)
    layers = []
    for row, block in zip(rows, blocks, strict=True):
        layers.append(_row_layer(stage, row, block, x, top + block.height / 2))
        top += block.height + gap
    return layers


def _row_layer(stage: Stage, row: TextRow, block: TextBlock, x: float, middle: float) -> Layer:
    pad = block.size * 0.2

    def draw(canvas: Any) -> None:
        draw_rows(canvas, block, pad, pad + block.height / 2, row.ink)
        if row.struck is not None:
            height = pad + block.height * 0.46
            canvas.drawLine(0, height, block.width + 2 * pad, height, line(row.struck, block.size * 0.1))

    image = painted(block.width + 2 * pad, block.height + 2 * pad, draw)
    return placed(
        image, x + block.width / 2, middle, enter=row.enter, at=row.at, far=30 * stage.unit, grow=row.grow, anchor=0.0
    )


def text_layer(
    stage: Stage, text: str, area: Box, ink: Any, *, largest: float, rows: int, enter: str, at: float, weight: int = 700
) -> Layer:
    """A text as one layer, at the left of its box and in the middle of its height."""
    x, y, w, h = area
    made = fitted(
        text, stage.family, weight, width_px=w * 0.98, height_px=h * 0.98, largest=largest * stage.unit, rows=rows
    )
    pad = made.size * 0.2
    image = painted(
        made.width + 2 * pad,
        made.height + 2 * pad,
        lambda canvas: draw_rows(canvas, made, pad, pad + made.height / 2, ink),
    )
    return placed(image, x + made.width / 2, y + h / 2, enter=enter, at=at, far=30 * stage.unit)


def draw_rows(canvas: Any, text: TextBlock, x: float, y: float, ink: Any, *, centre: bool = False) -> None:
    """Rows about the height y, centred about x or beginning there."""
    top = y - text.height / 2
    for row, made in enumerate(text.rows):
        left = x - made.advance / 2 if centre else x
        canvas.drawTextBlob(made.blob(), left, top + (CAP + 0.05 + row * LEADING) * text.size, fill(ink))


def placed(image: Any, x: float, y: float, **movement: Any) -> Layer:
    """A picture as a layer about the point (x, y)."""
    return Layer(image=image, x=x, y=y, width=image.width(), height=image.height(), **movement)


def after_others(scene: Scene, text: str, earliest: float) -> float:
    """When a text that stands beside a value is said, and not before a time: in a long shot something comes later."""
    telling = max(text.split(), key=lambda word: (any(map(str.isdecimal, word)), len(word)))
    return max(earliest, said_at(scene, telling)) if scene.seconds > MOST_SECONDS else earliest


def said_at(scene: Scene, word: str, *, latest: float = math.inf) -> float:
    """When the first word that holds the text is said, from the shot's start, a moment ahead of the voice, and at most
    `latest` seconds in."""
    wanted = word.casefold().strip(".,!?;:")
    for spoken in scene.part.words:
        if wanted and wanted in spoken.text.casefold():
            return min(max(0.05, spoken.start - scene.start - 0.1), max(0.05, scene.seconds - 0.9), latest)
    return 0.1
