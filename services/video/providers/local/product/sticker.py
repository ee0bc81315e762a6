"""The price on a round sticker."""

from __future__ import annotations

import math
from typing import Any

from services.media.skia import skia
from services.video.product.storyboard import Scene
from services.video.providers.local.product.layers import Layer, painted
from services.video.providers.local.product.lettering import fitted
from services.video.providers.local.product.looks import DARK, WHITE, Tone
from services.video.providers.local.product.stage import Stage, draw_rows, placed, said_at, text_layer
from services.video.providers.local.strokes import fill, line


def sticker_layers(stage: Stage, scene: Scene, tone: Tone, before: str = "") -> list[Layer]:
    """The price on a round sticker: a word before it, what one price pays for, and the old price struck out."""
    part = scene.part
    x, y, w, h = stage.places.sticker if stage.is_pictured else stage.places.stage
    side = min(w, h)
    below = part.items[0] if part.items else ""
    ground, ink = (tone.accent, tone.accent_ink) if tone.accent.lightness < 0.93 else (DARK, WHITE)

    def draw(canvas: Any) -> None:
        middle = side / 2 + 16
        canvas.drawCircle(middle, middle + 8, side / 2, fill(DARK, 0.3, blur=9))
        canvas.drawPath(_burst(middle, middle, side / 2, 18), fill(ground))
        canvas.drawCircle(middle, middle, side * 0.42, line(ink, side * 0.012, 0.55))
        price = fitted(part.value, stage.family, 800, width_px=side * 0.76, height_px=side * 0.34, largest=400, rows=1)
        draw_rows(canvas, price, middle, middle, ink)
        if part.label:
            head = fitted(part.label, stage.family, 700, width_px=side * 0.5, height_px=side * 0.12, largest=80, rows=1)
            draw_rows(canvas, head, middle, middle - side * 0.25, ink)
        # what one price pays for stands above the old price, where there is one
        feet = [(text, struck) for text, struck in ((below, False), (before, True)) if text]
        for number, (foot, struck) in enumerate(feet):
            height = middle + side * (0.26 if len(feet) == 1 else 0.205 + 0.115 * number)
            room = 0.52 if number == 0 else 0.44
            tall = 0.13 if len(feet) == 1 else 0.09
            text = fitted(foot, stage.family, 700, width_px=side * room, height_px=side * tall, largest=80, rows=1)
            draw_rows(canvas, text, middle, height, ink)
            if struck:
                wide = text.width * 0.56
                canvas.drawLine(
                    middle - wide, height + side * 0.02, middle + wide, height - side * 0.02, line(ink, side * 0.016)
                )

    image = painted(side + 32, side + 40, draw)
    at = said_at(scene, part.value)
    sticker = placed(image, x + w / 2, y + h / 2, enter="pop", at=at, turn=-8.0, sway=2 * stage.unit)
    title = (
        [text_layer(stage, stage.name, stage.places.title, tone.ink, largest=46, rows=2, enter="rise", at=0.0)]
        if stage.picture.shows
        else []
    )
    return [*title, sticker]


def _burst(x: float, y: float, radius: float, points: int) -> Any:
    path = skia.Path()
    for number in range(points * 2):
        reach = radius * (1.0 if number % 2 else 0.93)
        angle = math.pi * number / points
        place = (x + reach * math.cos(angle), y + reach * math.sin(angle))
        (path.lineTo if number else path.moveTo)(*place)
    path.close()
    return path
