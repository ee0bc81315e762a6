"""The product in its box: cut out with a shadow, in its photo, in a device, or as a card with its name."""

from __future__ import annotations

from typing import Any, Final

from services.video.product.layouts import Box
from services.video.product.storyboard import Scene
from services.video.providers.local.product.layers import ENTER_SECONDS, FINE, Layer, painted
from services.video.providers.local.product.lettering import fitted
from services.video.providers.local.product.looks import DARK, WHITE, Tone
from services.video.providers.local.product.stage import Stage, draw_rows, placed
from services.video.providers.local.strokes import along, box, fill, rounded

SHADOW: Final = 0.34
CORNER: Final = 34.0  # units
PHONE_BELOW: Final = 0.75  # width over height of a screenshot that a phone shows
DISCS: Final = frozenset({"brand"})  # grounds on which a product has a disc behind it


def product_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The product where the shot wants it; a card of type where there is no picture."""
    where = scene.shot.product
    if not where or where == "end" or (scene.shot.text == "sticker" and not stage.is_pictured):
        return []
    area: Box = getattr(stage.places, where)
    hook = scene.start == 0.0  # the first frame shows the product
    made = standing(
        stage, area, tone, enter=scene.shot.enter, at=-ENTER_SECONDS / 2 if hook or scene.shot.cut == "cut" else 0.04
    )
    if scene.shot.ground in DISCS and stage.picture.figure is not None and "screenshot" not in stage.picture.shows:
        return [disc(stage, area, tone), made]
    return [made]


def disc(stage: Stage, area: Box, tone: Tone) -> Layer:
    """A bright disc behind a product, which sets it off from a dark ground."""
    x, y, w, h = area
    side = min(w, h) * 1.1

    def draw(canvas: Any) -> None:
        ink = tone.disc
        canvas.drawCircle(
            side / 2, side / 2, side / 2, along((0, 0), (0, side), [ink.lighter(0.06), ink.lighter(-0.05)])
        )

    return placed(painted(side, side, draw), x + w / 2, y + h / 2, enter="pop", at=0.0)


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
    if stage.picture.photo is not None:
        return _photo_card(stage, area, enter, at)
    return _type_card(stage, area, tone, enter, at)


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


def _type_card(stage: Stage, area: Box, tone: Tone, enter: str, at: float) -> Layer:
    """The product's name, whole, on a card in the accent colour: where nothing certainly shows the product."""
    x, y, w, h = area
    h = min(h, w * 0.8)
    pad, radius = 26 * stage.unit, CORNER * stage.unit
    text = fitted(
        stage.name, stage.family, 800, width_px=w * 0.82, height_px=h * 0.72, largest=110 * stage.unit, rows=5
    )

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(pad, pad + 10 * stage.unit, w, h, radius), fill(DARK, SHADOW, blur=pad * 0.5))
        canvas.drawRRect(
            rounded(pad, pad, w, h, radius),
            along((pad, pad), (pad + w, pad + h), [tone.accent.lighter(0.05), tone.accent.lighter(-0.04)]),
        )
        canvas.save()
        canvas.clipRRect(rounded(pad, pad, w, h, radius), doAntiAlias=True)
        canvas.drawCircle(pad + w * 0.94, pad + h * 0.06, h * 0.42, fill(WHITE, 0.12))
        canvas.drawCircle(pad + w * 0.04, pad + h * 0.98, h * 0.3, fill(DARK, 0.08))
        canvas.restore()
        draw_rows(canvas, text, pad + w / 2, pad + h / 2, tone.accent_ink)

    return placed(painted(w + 2 * pad, h + 2 * pad, draw), x + w / 2, y + area[3] / 2, enter=enter, at=at, grow=0.03)


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
