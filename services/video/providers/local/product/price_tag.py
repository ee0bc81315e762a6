"""The price, huge: the words before it above, what one price pays for and holds for below, the old price struck out."""

from __future__ import annotations

from typing import Any, Final

from services.video.domain import PriceLine
from services.video.product.layouts import Box
from services.video.product.parts import JOINT_LETTERS, Part, money_in
from services.video.product.price_line import amounts_of
from services.video.product.shots import cues
from services.video.product.storyboard import Scene
from services.video.providers.local.product.layers import Layer, painted
from services.video.providers.local.product.lettering import fitted
from services.video.providers.local.product.looks import Tone
from services.video.providers.local.product.stage import ALONE_SECONDS, Stage, draw_rows, placed, said_at, text_layer
from services.video.providers.local.strokes import line as stroke

HEAD: Final = 0.16  # of the height, for the words before the amount
AMOUNT: Final = 0.5
GAP: Final = 0.05
STEM_LETTERS: Final = 5  # by which two forms of a word are the same
LEAST: Final = 0.2  # of the height, for what stands below


def price_layers(stage: Stage, scene: Scene, tone: Tone, line: PriceLine | None, before: str = "") -> list[Layer]:
    """The price of a part. line: the customer's statement, used where it is of the same amount. before: the old price
    as it is written, "" without one."""
    part = scene.part
    head, below = about_price(part, line)
    value = part.value
    if below.startswith("/"):  # "$27.50/hour" is one, and a line does not begin with a stroke
        unit, _, below = below.partition(" ")
        value = f"{value}{unit}"
    at = said_at(scene, part.value, latest=ALONE_SECONDS)
    x, y, w, h = stage.places.stage
    gap = h * GAP
    layers = []
    top = y
    if head:
        area = (x, top, w, h * HEAD)
        layers.append(text_layer(stage, head, area, tone.ink, largest=50, rows=2, enter="rise", at=0.0))
        top += h * HEAD + gap
    size = 220 * stage.unit
    tall = fitted(value, stage.family, 800, width_px=w, height_px=h * AMOUNT, largest=size, rows=1).height
    layers.append(
        text_layer(stage, value, (x, top, w, tall), tone.large_ink, largest=220, rows=1, weight=800, enter="pop", at=at)
    )
    top += tall + gap
    if before:
        layers.append(_struck(stage, before, (x, top, w, h * HEAD * 0.9), tone, at))
        top += h * HEAD + gap
    if below:
        rest = max(y + h - top, h * LEAST)
        tall = fitted(below, stage.family, 700, width_px=w, height_px=rest, largest=50 * stage.unit, rows=4).height
        layers.append(
            text_layer(stage, below, (x, top, w, tall), tone.ink, largest=50, rows=4, enter="rise", at=at + 0.2)
        )
    return layers


def about_price(part: Part, line: PriceLine | None) -> tuple[str, str]:
    """What stands above and below the amount of a part that says a price; line: as for `price_layers`."""
    head, below = part.label, part.items[0] if part.items else ""
    if line is not None and amounts_of(line) == next((found.values for found in money_in(part.value)), ()):
        head = line.before or head
        below = line.after.lstrip(",; ") or ("" if _share_a_word(head, below) else below)
    return head, below


def _share_a_word(one: str, other: str) -> bool:
    """Whether two texts have a word in common that tells something, in whichever form: "Adultos", "por adulto"."""
    light = cues().joins | cues().prepositions | cues().per
    stems = [
        {word[:STEM_LETTERS] for word in text.casefold().split() if len(word) > JOINT_LETTERS and word not in light}
        for text in (one, other)
    ]
    return not stems[0].isdisjoint(stems[1])


def _struck(stage: Stage, price: str, area: Box, tone: Tone, at: float) -> Layer:
    x, y, w, h = area
    text = fitted(price, stage.family, 700, width_px=w, height_px=h, largest=60 * stage.unit, rows=1)
    pad = text.size * 0.2

    def draw(canvas: Any) -> None:
        draw_rows(canvas, text, pad, pad + text.height / 2, tone.ink)
        middle = pad + text.height * 0.46
        canvas.drawLine(0, middle, text.width + 2 * pad, middle, stroke(tone.accent, text.size * 0.1))

    image = painted(text.width + 2 * pad, text.height + 2 * pad, draw)
    return placed(image, x + text.width / 2, y + h / 2, enter="rise", at=at + 0.1)
