"""What stands for a part's content beside captions: names, offers, figures, codes, lists, quotes, ratings, contacts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from services.media.benefit_icons import icons_for
from services.media.colour import contrast
from services.media.drawings import draw_icon
from services.media.skia import skia
from services.media.text_shaping import shape
from services.video.product.parts import capital
from services.video.product.storyboard import BEAT_SECONDS, Scene
from services.video.providers.local.product.layers import Layer, painted
from services.video.providers.local.product.lettering import CAP, LEADING, TextBlock, face_for, fitted
from services.video.providers.local.product.looks import DARK, WHITE, Tone
from services.video.providers.local.product.sentence import word_layers
from services.video.providers.local.product.stage import (
    ALONE_SECONDS,
    VALUE_GROWS,
    Stage,
    TextRow,
    after_others,
    draw_rows,
    placed,
    said_at,
    stacked,
    text_layer,
)
from services.video.providers.local.product.standing_product import CORNER
from services.video.providers.local.strokes import box, fill, line, outline, rounded

HALF_BEAT: Final = BEAT_SECONDS / 2
ICON_CONTRAST: Final = 2.4  # of an icon against its panel
STARS: Final = 5


def name_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The product's whole name: above its picture, or very large where none shows it."""
    if stage.is_pictured:
        return [
            text_layer(stage, stage.name, stage.places.title, tone.ink, largest=54, rows=2, enter="rise", at=HALF_BEAT)
        ]
    return [
        text_layer(
            stage, stage.name, stage.places.stage, tone.ink, largest=124, rows=4, weight=800, enter="rise", at=-0.1
        )
    ]


def offer_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """A share off, huge, with the words that belong to it."""
    return _big(stage, scene, tone, scene.part.value, scene.part.label)


def figure_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """A figure, huge, with its qualifier above and what it counts below."""
    part = scene.part
    return _big(stage, scene, tone, part.value, part.label, above=part.items[0] if part.items else "")


def _big(stage: Stage, scene: Scene, tone: Tone, value: str, label: str, above: str = "") -> list[Layer]:
    at = said_at(scene, value.split(maxsplit=1)[0], latest=ALONE_SECONDS)
    rows = [
        TextRow(
            text=value, ink=tone.large_ink, largest=250, share=0.5 if label else 0.7, at=at, weight=800, enter="pop",
            grow=VALUE_GROWS,
        )
    ]  # fmt: skip
    if above:
        rows.insert(0, TextRow(text=capital(above), ink=tone.ink, largest=60, share=0.14, at=0.0))
    if label:
        said = after_others(scene, label, at + HALF_BEAT)
        rows.append(TextRow(text=label, ink=tone.ink, largest=80, share=0.26, at=said, rows=2))
    return stacked(stage, stage.places.stage, rows)


def code_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The code on a ticket with notched sides."""
    x, y, w, h = stage.places.stage
    wide, tall = w * 0.92, min(h * 0.52, w * 0.3)
    text = fitted(
        scene.part.value,
        stage.family,
        800,
        width_px=wide * 0.76,
        height_px=tall * 0.5,
        largest=120 * stage.unit,
        rows=1,
    )
    pad = 18 * stage.unit

    def draw(canvas: Any) -> None:
        ticket = rounded(pad, pad, wide, tall, 22 * stage.unit)
        canvas.drawRRect(rounded(pad, pad + 8, wide, tall, 22 * stage.unit), fill(DARK, 0.3, blur=9))
        canvas.save()
        for edge in (pad, pad + wide):
            notch = skia.Path().addCircle(edge, pad + tall / 2, tall * 0.15)
            canvas.clipPath(notch, skia.ClipOp.kDifference, True)
        canvas.drawRRect(ticket, fill(WHITE))
        inner = rounded(pad + tall * 0.2, pad + tall * 0.12, wide - tall * 0.4, tall * 0.76, 14 * stage.unit)
        stroke = line(tone.accent if tone.accent.lightness < 0.85 else DARK, 3.2 * stage.unit)
        stroke.setPathEffect(skia.DashPathEffect.Make([12 * stage.unit, 8.4 * stage.unit], 0))
        canvas.drawRRect(inner, stroke)
        canvas.restore()
        draw_rows(canvas, text, pad + wide / 2, pad + tall / 2, DARK, centre=True)

    at = said_at(scene, scene.part.value, latest=ALONE_SECONDS)
    return [placed(painted(wide + 2 * pad, tall + 2 * pad, draw), x + wide / 2, y + h * 0.42, enter="pop", at=at)]


def chip_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The items of a list as chips, each with an icon, one after another as they are said."""
    part = scene.part
    x, y, w, h = stage.places.stage
    gap = 16 * stage.unit
    count = len(part.items)
    tall = min(132 * stage.unit, (h - gap * (count - 1)) / count)
    top = y + (h - count * tall - (count - 1) * gap) / 2
    texts = [
        fitted(item, stage.family, 700, width_px=w - tall * 1.7, height_px=tall * 0.62, largest=52 * stage.unit, rows=2)
        for item in part.items
    ]
    size = min(text.size for text in texts)
    layers = []
    icons = icons_for(part.items, stage.language)
    for number, (item, icon) in enumerate(zip(part.items, icons, strict=True)):
        text = fitted(item, stage.family, 700, width_px=w - tall * 1.7, height_px=tall * 0.7, largest=size, rows=2)
        image = painted(w, tall + 10 * stage.unit, _chip(stage, icon, text, w, tall, tone))
        at = said_at(scene, item.split()[0]) if number else 0.0
        at = max(at, number * HALF_BEAT)
        centre_y = top + number * (tall + gap) + tall / 2
        layers.append(placed(image, x + w / 2, centre_y + 5 * stage.unit, enter="slide", at=at, far=40 * stage.unit))
    return layers


def _chip(stage: Stage, icon: str, text: TextBlock, w: float, tall: float, tone: Tone) -> Callable[[Any], None]:
    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(2, 8 * stage.unit, w - 4, tall, tall * 0.34), fill(DARK, 0.16))
        canvas.drawRRect(rounded(0, 0, w, tall, tall * 0.34), fill(tone.panel))
        side = tall * 0.5
        ink = tone.accent if contrast(tone.accent, tone.panel) >= ICON_CONTRAST else tone.panel_ink
        if stage.icons is not None:
            left, top = tall * 0.58 - side / 2, tall / 2 - side / 2
            draw_icon(canvas, stage.icons, icon, left=left, top=top, size=side, colour=ink)
        else:
            canvas.drawCircle(tall * 0.58, tall / 2, tall * 0.17, fill(ink))
        left = tall * 1.12
        for row, made in enumerate(text.rows):
            baseline = tall / 2 - text.height / 2 + (CAP + 0.11 + row * LEADING) * text.size
            canvas.drawTextBlob(made.blob(), left, baseline, fill(tone.panel_ink))

    return draw


def quote_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """What somebody said, between large marks."""
    x, y, w, h = stage.places.stage
    text = fitted(
        scene.part.value, stage.family, 700, width_px=w * 0.8, height_px=h * 0.66, largest=58 * stage.unit, rows=5
    )
    pad = 18 * stage.unit

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(pad, pad + 8, w, h, CORNER * stage.unit), fill(DARK, 0.25, blur=10))
        canvas.drawRRect(rounded(pad, pad, w, h, CORNER * stage.unit), fill(tone.panel))
        mark = shape("“", face_for("“", stage.family, 800), h * 0.5)
        ink = tone.accent if tone.accent.lightness < 0.85 else DARK
        canvas.drawTextBlob(mark.blob(), pad + w * 0.06, pad + h * 0.42, fill(ink))
        draw_rows(canvas, text, pad + w / 2, pad + h * 0.58, tone.panel_ink, centre=True)

    return [placed(painted(w + 2 * pad, h + 2 * pad, draw), x + w / 2, y + h / 2, enter="rise", at=0.1)]


def rating_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """The rating as the script says it, with as many stars."""
    part = scene.part
    x, y, w, h = stage.places.stage
    value = float(part.value.replace(",", "."))
    side = min(h * 0.24, w / 6.2)

    def draw(canvas: Any) -> None:
        for number in range(STARS):
            centre = side * (0.6 + 1.15 * number)
            star = _star(centre, side * 0.6, side * 0.54)
            canvas.drawPath(star, fill(tone.ink, 0.22))
            share = min(1.0, max(0.0, value - number))
            canvas.save()
            canvas.clipRect(box(centre - side * 0.54, 0, side * 1.08 * share, side * 1.3))
            canvas.drawPath(star, fill("#ffb400"))
            canvas.restore()

    stars = painted(side * 5.8, side * 1.25, draw)
    at = said_at(scene, part.value, latest=ALONE_SECONDS)
    layers = [
        text_layer(
            stage, part.value, (x, y, w, h * 0.46), tone.ink, largest=200, rows=1, weight=800, enter="pop", at=at
        ),
        placed(stars, x + side * 2.9, y + h * 0.6, enter="wipe", at=at + HALF_BEAT),
    ]
    if part.label:
        below = (x, y + h * 0.76, w, h * 0.22)
        said = after_others(scene, part.label, at + BEAT_SECONDS)
        layers.append(text_layer(stage, part.label, below, tone.ink, largest=50, rows=2, enter="rise", at=said))
    return layers


def _star(x: float, y: float, radius: float) -> Any:
    path = skia.Path()
    for number in range(10):
        reach = radius * (1.0 if number % 2 == 0 else 0.45)
        angle = math.pi * (number / 5 - 0.5)
        place = (x + reach * math.cos(angle), y + reach * math.sin(angle))
        (path.lineTo if number else path.moveTo)(*place)
    path.close()
    return path


def change_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """Before and after, one above the other: the first struck out, the second wiped in."""
    x, y, w, h = stage.places.stage
    before, after = scene.part.items
    half = h * 0.46
    layers = []
    for number, (text, ground, ink) in enumerate(
        ((before, tone.ink, tone.ground), (after, tone.accent, tone.accent_ink))
    ):
        made = fitted(
            text, stage.family, 800, width_px=w * 0.84, height_px=half * 0.62, largest=72 * stage.unit, rows=2
        )

        def draw(
            canvas: Any, made: TextBlock = made, ground: Any = ground, ink: Any = ink, first: bool = not number
        ) -> None:
            canvas.drawRRect(rounded(0, 0, w, half, 26 * stage.unit), fill(ground, 0.55 if first else 1.0))
            draw_rows(canvas, made, w / 2, half / 2, ink, centre=True)
            if first:
                canvas.drawLine(
                    w / 2 - made.width * 0.54, half / 2, w / 2 + made.width * 0.54, half / 2, line(ink, 5 * stage.unit)
                )

        at = said_at(scene, text.split()[0]) if number else 0.1
        centre_y = y + half / 2 + number * (h - half)
        layers.append(placed(painted(w, half, draw), x + w / 2, centre_y, enter="wipe" if number else "rise", at=at))
    return layers


def contact_layers(stage: Stage, scene: Scene, tone: Tone) -> list[Layer]:
    """An address or a number to call, on a bar with a sign."""
    x, y, w, h = stage.places.stage
    tall = min(h * 0.42, 128 * stage.unit)
    text = fitted(
        scene.part.value,
        stage.family,
        800,
        width_px=w - tall * 1.3,
        height_px=tall * 0.56,
        largest=70 * stage.unit,
        rows=1,
    )
    phone = scene.part.label == "phone"
    pad = 18 * stage.unit
    sign_ink = tone.accent_ink

    def draw(canvas: Any) -> None:
        canvas.drawRRect(rounded(pad, pad + 8, w, tall, tall / 2), fill(DARK, 0.28, blur=9))
        canvas.drawRRect(rounded(pad, pad, w, tall, tall / 2), fill(tone.panel))
        middle = (pad + tall / 2, pad + tall / 2)
        canvas.drawCircle(*middle, tall * 0.36, fill(tone.accent))
        canvas.save()
        canvas.translate(middle[0] - tall * 0.2, middle[1] - tall * 0.2)
        canvas.scale(tall * 0.4 / 24, tall * 0.4 / 24)
        if phone:
            canvas.drawPath(
                outline(
                    "M 6 2 L 10 2 L 11.5 7.5 L 8.8 9.4 C 10 12 12 14 14.6 15.2 L 16.5 12.5 L 22 14 L 22 18 "
                    "C 22 20.5 20 22 18 22 C 9.5 21.5 2.5 14.5 2 6 C 2 4 3.5 2 6 2 Z"
                ),
                fill(sign_ink),
            )
        else:
            canvas.drawCircle(12, 12, 10, line(sign_ink, 2.2))
            canvas.drawOval(box(7.5, 2, 9, 20), line(sign_ink, 2))
            canvas.drawLine(2.5, 12, 21.5, 12, line(sign_ink, 2))
        canvas.restore()
        draw_rows(canvas, text, pad + tall * 1.0 + (w - tall * 1.25) / 2, pad + tall / 2, tone.panel_ink, centre=True)

    return [placed(painted(w + 2 * pad, tall + 2 * pad, draw), x + w / 2, y + h * 0.4, enter="pop", at=0.1)]


TEXTS: Final[dict[str, Callable[[Stage, Scene, Tone], list[Layer]]]] = {
    "words": word_layers,
    "name": name_layers,
    "offer": offer_layers,
    "figure": figure_layers,
    "code": code_layers,
    "chips": chip_layers,
    "quote": quote_layers,
    "rating": rating_layers,
    "change": change_layers,
    "contact": contact_layers,
}
