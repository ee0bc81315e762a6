"""The frame that the shots of a product film share, and texts and pictures placed in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.media.colour import Colour
from services.video.product.layouts import Box, Places
from services.video.product.storyboard import Scene
from services.video.providers.local.product.layers import Layer, painted
from services.video.providers.local.product.lettering import CAP, LEADING, TextBlock, fitted
from services.video.providers.local.product_picture import ProductPicture
from services.video.providers.local.strokes import fill

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


def said_at(scene: Scene, word: str, *, latest: float = math.inf) -> float:
    """When the first word that holds the text is said, from the shot's start, a moment ahead of the voice, and at most
    `latest` seconds in."""
    wanted = word.casefold().strip(".,!?;:")
    for spoken in scene.part.words:
        if wanted and wanted in spoken.text.casefold():
            return min(max(0.05, spoken.start - scene.start - 0.1), max(0.05, scene.seconds - 0.9), latest)
    return 0.1
