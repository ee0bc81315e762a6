"""The product in its box: cut out with a shadow, in its photo, or in a device; else a drawing or an ornament."""

from __future__ import annotations

from typing import Any, Final

from services.video.product.layouts import Box
from services.video.product.storyboard import Scene
from services.video.providers.local.product.layers import ENTER_SECONDS, FINE, Layer, painted
from services.video.providers.local.product.looks import DARK, Tone
from services.video.providers.local.product.ornaments import arch, drawing_layers, ornament
from services.video.providers.local.product.stage import Stage, placed
from services.video.providers.local.strokes import box, fill, rounded

SHADOW: Final = 0.34
CORNER: Final = 34.0  # units
PHONE_BELOW: Final = 0.75  # width over height of a screenshot that a phone shows
ARCHED: Final = frozenset({"low", "hero"})  # places where a product stands before an arch


def product_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The product where the shot wants it; a drawing for its trade where there is no picture of it, or else an
    ornament."""
    where, hook = scene.shot.product, scene.start == 0.0  # the first frame shows the product
    if where == "end" or (not where and scene.shot.ground in ("photo", "blur")):
        return []
    if not stage.is_pictured and stage.picture.drawing is not None:
        return drawing_layers(stage, scene, tone)
    if not stage.is_pictured:
        return [] if stage.has_text_alone else [ornament(stage, scene.shot.id, tone)]
    if not where:
        return [ornament(stage, scene.shot.id, tone)]
    area: Box = getattr(stage.places, where)
    made = standing(
        stage, area, tone, enter=scene.shot.enter, at=-ENTER_SECONDS / 2 if hook or scene.shot.cut == "cut" else 0.04
    )
    if stage.picture.figure is not None and "screenshot" not in stage.picture.shows and where in ARCHED:
        return [arch(stage, area, tone), made]
    return [made]


def standing(stage: Stage, area: Box, tone: Tone, *, enter: str, at: float) -> Layer:
    """The product in a box, with its shadow, as one layer."""
    x, y, w, h = area
    image = stage.picture.figure
    if image is not None and "screenshot" in stage.picture.shows:
        image = device(image)
    if image is not None:
        grow = min(w / image.width(), h * 0.94 / image.height())
        wide, tall = image.width() * grow, image.height() * grow
        drop = stage.unit * 26

        def draw(canvas: Any) -> None:
            shadow = fill(DARK, SHADOW, blur=drop * 0.7)
            canvas.drawOval(box(drop + wide * 0.12, drop + tall * 0.95, wide * 0.76, max(8.0, tall * 0.06)), shadow)
            canvas.drawImageRect(image, box(drop, drop, wide, tall), FINE)

        made = painted(wide + 2 * drop, tall + 2 * drop, draw)
        return placed(made, x + w / 2, y + h / 2, enter=enter, at=at, grow=0.045, sway=4 * stage.unit)
    return _photo_card(stage, area, enter, at)


def _photo_card(stage: Stage, area: Box, enter: str, at: float) -> Layer:
    photo = stage.picture.photo
    x, y, w, h = area
    shape_wanted = min(max(photo.width() / photo.height(), w / h * 0.75, 0.7), 1.6)
    wide, tall = (w, w / shape_wanted) if w / shape_wanted <= h else (h * shape_wanted, h)
    pad, radius = 26 * stage.unit, CORNER * stage.unit

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(pad, pad + 10 * stage.unit, wide, tall, radius), fill(DARK, SHADOW, blur=pad * 0.5))
        canvas.clipRRect(rounded(pad, pad, wide, tall, radius), doAntiAlias=True)
        grow = max(wide / photo.width(), tall / photo.height())
        pw, ph = photo.width() * grow, photo.height() * grow
        canvas.drawImageRect(photo, box(pad + (wide - pw) / 2, pad + (tall - ph) / 2, pw, ph), FINE)

    made = painted(wide + 2 * pad, tall + 2 * pad, draw)
    return placed(made, x + w / 2, y + h / 2, enter=enter, at=at, grow=0.04)


def device(screen: Any) -> Any:
    """The screenshot in the frame of a phone or of a window, by its shape."""
    wide, tall = screen.width(), screen.height()
    phone = wide / tall < PHONE_BELOW
    edge = wide * (0.045 if phone else 0.012)
    bar = 0.0 if phone else wide * 0.045
    radius = wide * (0.13 if phone else 0.02)

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(0, 0, wide + 2 * edge, tall + 2 * edge + bar, radius + edge), fill("#23262d"))
        if not phone:
            for number in range(3):
                canvas.drawCircle(
                    edge + bar * (0.6 + number * 0.55), edge + bar * 0.45, bar * 0.16, fill("#ffffff", 0.5)
                )
        canvas.clipRRect(rounded(edge, edge + bar, wide, tall, radius * 0.9 if phone else 4), doAntiAlias=True)
        canvas.drawImageRect(screen, box(edge, edge + bar, wide, tall), FINE)

    return painted(wide + 2 * edge, tall + 2 * edge + bar, draw)
