"""The end card: the product, its name, its price, the button and what the brief obliges to say, in one column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from services.video.domain import VideoBrief
from services.video.prices import written_price
from services.video.product.layouts import Box
from services.video.product.parts import END_MARKS, Part, money_in
from services.video.providers.local.product.layers import Layer, painted
from services.video.providers.local.product.lettering import TextBlock, drawable, fitted
from services.video.providers.local.product.looks import Tone
from services.video.providers.local.product.ornaments import arch, arched_drawing, drawing_beside, ornament
from services.video.providers.local.product.panels import HALF_BEAT
from services.video.providers.local.product.stage import Stage, draw_rows
from services.video.providers.local.product.standing_product import standing
from services.video.providers.local.strokes import fill, rounded

SMALL_UNITS: Final = 24.0  # the largest size of small print
SMALLEST_UNITS: Final = 17.0  # the smallest: at 720 pixels of width, what a phone shows as 9 points
SMALL_SHARE: Final = 0.34  # of the column's height, what small print may take
CENTS: Final = re.compile(r"\d{1,2}\s?(?:c|¢|p|ct)")
SMALL_ROWS: Final = 10
MORE_GAP: Final = 1.5  # between rows where nothing stands beside them
BESIDE_DRAWING: Final = 0.54  # of the column's width, for what stands beside a drawing


class EndCard:
    """Draws the end card of one film. small: the small print that is shown; left_out: lines that find no room."""

    def __init__(self, stage: Stage, brief: VideoBrief, parts: Sequence[Part] = ()) -> None:
        self.stage, self.brief, self._parts = stage, brief, parts
        _, _, w, h = stage.places.column
        self.small, self.left_out = small_print(
            brief.facts.small_print, stage.family, width_px=w, height_px=h * SMALL_SHARE, unit=stage.unit
        )

    def layers(self, tone: Tone) -> list[Layer]:
        """The product, its name, its price, the button and what the brief obliges to say, in one column."""
        stage, unit = self.stage, self.stage.unit
        x, y, w, h = stage.places.column
        gap = 24 * unit
        below_safe = not stage.wide and y + h < stage.height * 0.7  # below the safe zone there is room for the product
        beside = stage.wide or below_safe or not stage.is_pictured
        is_drawn = not stage.wide and not below_safe and stage.picture.drawing is not None and not self.small.rows
        room = h * (0.36 if beside else 0.19)
        if stage.has_text_alone and stage.wide:
            w = stage.width - 2 * x
        largest = 132 if stage.has_text_alone else 104
        name = fitted(stage.name, stage.family, 800, width_px=w, height_px=room, largest=largest * unit, rows=4)
        rows: list[tuple[float, str, Any]] = [
            (name.height, "name", name),
            *self._price_rows(w * BESIDE_DRAWING if is_drawn else w, h),
        ]
        if drawable(self.brief.call_to_action):
            rows.append((92 * unit, "button", self.brief.call_to_action.strip()))
        if self.small.rows:
            rows.append((self.small.height, "small", self.small))
        gap *= MORE_GAP if stage.has_text_alone else 1.0
        tall = sum(row[0] for row in rows) + gap * len(rows)
        top = y + gap * 0.6
        if stage.wide:
            layers = self._product(stage.places.hero, tone)
            top = y + max(0.0, (h - tall) / 2)
        elif stage.has_text_alone:
            layers, top = [], y + max(0.0, (h - tall) * 0.4)
        elif is_drawn:
            left = x + w * BESIDE_DRAWING
            layers = [
                drawing_beside(
                    stage, (left, top + name.height, stage.width - left, stage.height - top - name.height), tone
                )
            ]
            top += max(0.0, (h - tall) * 0.3)
        elif beside:
            foot = top + tall if below_safe else max(y + tall, stage.places.low[1])
            layers = self._product((stage.width * 0.12, foot, stage.width * 0.76, stage.height * 0.965 - foot), tone)
        else:
            room = h - tall
            layers = [standing(stage, (x + w * 0.04, y, w * 0.92, room), tone, enter="pop", at=0.0)]
            top = y + room + gap * 0.6
        for place, (height, what, made) in enumerate(rows):
            at = HALF_BEAT * (place + 1) * 0.7
            layers.append(self._row(what, made, (x, top, w, height), tone, at))
            top += height + gap
        return layers

    def _product(self, area: Box, tone: Tone) -> list[Layer]:
        """The product or what stands for it; an ornament where nothing does and texts leave room."""
        stage = self.stage
        if stage.is_pictured:
            stands = stage.picture.figure is not None and not stage.wide
            made = standing(stage, area, tone, enter="pop", at=0.0)
            return [arch(stage, area, tone), made] if stands else [made]
        if stage.picture.drawing is not None:
            return arched_drawing(stage, area, tone)
        return [ornament(stage, "end", tone)] if not stage.has_text_alone and area[1] <= stage.places.low[1] else []

    def _price_rows(self, w: float, h: float) -> list[tuple[float, str, Any]]:
        """The customer's statement of the price, with its unit and conditions; else the amount; nothing without one."""
        line, unit = self.brief.facts.price_line, self.stage.unit
        if line is not None and not self.brief.facts.old_price:
            text, rows, size = line.text, 3, 54.0
        else:
            text = written_price(self.brief.price, self.brief.currency, self.brief.facts.language)
            rows, size = 1, 76.0
        text, rows, size = (text, rows, size) if text else (self._stated(), 2, 54.0)
        if not text:
            return []
        made = fitted(text, self.stage.family, 700, width_px=w, height_px=h * 0.22, largest=size * unit, rows=rows)
        return [(made.height, "price", made)]

    def _stated(self) -> str:
        """What the script says of money where the product has no price: pay, a gift, the least that anything costs."""
        for part in self._parts:
            if part.says == "figure" and (any(money_in(part.value)) or CENTS.fullmatch(part.value)):
                return " ".join((*part.items, part.value, part.label)).strip()
            if part.says == "offer":
                return f"{part.value} {part.label}".strip()
        return ""

    def _row(self, what: str, made: Any, area: Box, tone: Tone, at: float) -> Layer:
        x, y, _, h = area
        if what == "button":
            return self._button(made, area, tone, at)
        pad = 4.0
        image = painted(
            made.width + 2 * pad,
            made.height + 2 * pad,
            lambda canvas: draw_rows(
                canvas, made, pad, pad + made.height / 2, tone.large_ink if what == "price" else tone.ink
            ),
        )
        centre = x + image.width() / 2
        return Layer(
            image=image, x=centre, y=y + h / 2, width=image.width(), height=image.height(), enter="rise", at=at
        )

    def _button(self, words: str, area: Box, tone: Tone, at: float) -> Layer:
        x, y, w, h = area
        unit = self.stage.unit
        text = fitted(words, self.stage.family, 700, width_px=w * 0.8, height_px=h * 0.6, largest=40 * unit, rows=1)
        wide, pad = min(w, text.width + 96 * unit), 14 * unit

        def draw(canvas: Any) -> None:
            canvas.drawRRect(rounded(pad, pad, wide, h, h / 2), fill(tone.accent))
            draw_rows(canvas, text, pad + wide / 2, pad + h / 2, tone.accent_ink, centre=True)

        image = painted(wide + 2 * pad, h + 2 * pad, draw)
        centre = x + wide / 2
        return Layer(
            image=image, x=centre, y=y + h / 2, width=image.width(), height=image.height(), enter="pop", at=at,
            pulse=0.03,
        )  # fmt: skip


def small_print(
    lines: Sequence[str], family: str, *, width_px: float, height_px: float, unit: float
) -> tuple[TextBlock, tuple[str, ...]]:
    """As many whole lines as the box holds at SMALLEST_UNITS or larger, in order, and those it does not hold."""
    made, kept, left_out = TextBlock(rows=(), size=0.0), "", []
    for each in lines:
        text = f"{kept} {each if each[-1:] in END_MARKS else f'{each}.'}".strip()
        tried = fitted(
            text, family, 500, width_px=width_px, height_px=height_px, largest=SMALL_UNITS * unit, rows=SMALL_ROWS
        )
        if tried.size >= SMALLEST_UNITS * unit:
            made, kept = tried, text
        else:
            left_out.append(each)
    return made, tuple(left_out)
