"""The frame that the shots of a product film share, and texts and pictures placed in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.video.product.layouts import Box, Places
from services.video.product.storyboard import Scene
from services.video.providers.local.product.layers import Layer, painted
from services.video.providers.local.product.lettering import CAP, LEADING, TextBlock, fitted
from services.video.providers.local.product_picture import ProductPicture
from services.video.providers.local.strokes import fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all shots of a film share. places: in pixels. wide: text left, product right. icons: file of drawings."""

    width: int
    height: int
    unit: float
    places: Places
    wide: bool
    family: str
    picture: ProductPicture
    name: str
    icons: Path | None

    @property
    def centre(self) -> bool:
        """Whether texts are centred."""
        return not self.wide

    @property
    def is_pictured(self) -> bool:
        """Whether the product is shown by more than its name."""
        return bool(self.picture.shows)


def text_layer(
    stage: Stage, text: str, area: Box, ink: Any, *, largest: float, rows: int, enter: str, at: float, weight: int = 700
) -> Layer:
    """A text as one layer, centred in its box; on the left of it in a wide frame."""
    x, y, w, h = area
    made = fitted(
        text, stage.family, weight, width_px=w * 0.98, height_px=h * 0.98, largest=largest * stage.unit, rows=rows
    )
    pad = made.size * 0.2
    image = painted(
        made.width + 2 * pad,
        made.height + 2 * pad,
        lambda canvas: draw_rows(
            canvas, made, pad + (made.width / 2 if stage.centre else 0), pad + made.height / 2, ink, centre=stage.centre
        ),
    )
    centre_x = x + w / 2 if stage.centre else x + made.width / 2
    return placed(image, centre_x, y + h / 2, enter=enter, at=at, far=30 * stage.unit)


def draw_rows(canvas: Any, text: TextBlock, x: float, y: float, ink: Any, *, centre: bool = True) -> None:
    """Rows about the height y, centred about x or beginning there."""
    top = y - text.height / 2
    for row, made in enumerate(text.rows):
        left = x - made.advance / 2 if centre else x
        canvas.drawTextBlob(made.blob(), left, top + (CAP + 0.05 + row * LEADING) * text.size, fill(ink))


def placed(image: Any, x: float, y: float, **movement: Any) -> Layer:
    """A picture as a layer about the point (x, y)."""
    return Layer(image=image, x=x, y=y, width=image.width(), height=image.height(), **movement)


def said_at(scene: Scene, word: str) -> float:
    """When the first word that holds the text is said, from the shot's start, a moment ahead of the voice."""
    wanted = word.casefold().strip(".,!?;:")
    for spoken in scene.part.words:
        if wanted and wanted in spoken.text.casefold():
            return min(max(0.05, spoken.start - scene.start - 0.1), max(0.05, scene.seconds - 0.9))
    return 0.1
