"""What stands beside texts: the line through an old price, the stars of a rating, the icons or ticks of a list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.image.providers.local import brushes
from services.image.providers.local.text_column import Placed, Role
from services.media.colour import Colour, contrast
from services.media.drawings import draw_icon
from services.media.skia import skia

GOLD: Final = Colour.of("#f5a623")
SEEN: Final = 1.9  # contrast from which golden stars stand out; others take the colour of their text
STARS: Final = 5
ICON: Final = 1.3  # ems of an icon's square, of which its strokes fill five sixths


@dataclass(frozen=True, slots=True, kw_only=True)
class ListIcons:
    """The icons of a list: the file that holds them, and the name of each item's."""

    path: Path
    names: Sequence[str]


def draw_marks(
    canvas: Any,
    placed: Placed,
    ink: Colour,
    ground: Colour,
    *,
    accent: Colour,
    stars: float,
    icons: ListIcons | None = None,
) -> None:
    """Draws the marks of a placed text. ground: the average colour under it. stars: share of the stars that is filled.
    icons: those of a list; None: ticks.

    Other roles than OLD_PRICE, RATING and BENEFITS have none.
    """
    if placed.role is Role.OLD_PRICE:
        draw_strike(canvas, placed, ink)
    elif placed.role is Role.RATING and placed.indent:
        colour = GOLD if contrast(GOLD, ground) >= SEEN else ink
        _draw_stars(canvas, placed, colour, stars)
    elif placed.role is Role.BENEFITS and icons is not None:
        for line, name in zip(placed.starts, icons.names, strict=False):
            _draw_icon(canvas, placed, line, icons.path, name, ink)
    elif placed.role is Role.BENEFITS:
        colour = accent if contrast(accent, ground) >= SEEN else ink
        for line in placed.starts:
            _draw_check(canvas, placed, line, colour)


def draw_strike(canvas: Any, placed: Placed, ink: Colour) -> None:
    """Draws the line through an old price, which belongs to its letters when contrast is measured."""
    size, box = placed.block.size, placed.box
    reach, slope = size * 0.1, box.height * 0.14
    canvas.drawLine(
        box.left - reach,
        box.centre_y + slope,
        box.right + reach,
        box.centre_y - slope,
        brushes.stroke(ink, size * 0.085),
    )


def _draw_stars(canvas: Any, placed: Placed, colour: Colour, share: float) -> None:
    size = placed.block.size
    step = size * 1.2
    wide = (STARS - 1) * step + size * 1.1
    left = placed.box.right + placed.indent - wide if placed.marks_on_right else placed.pens[0][0] - placed.indent
    y = placed.pens[0][1] - size * 0.36
    row = skia.Path()
    for number in range(STARS):
        row.addPath(_star(left + size * 0.55 + number * step, y, size * 0.56))
    canvas.drawPath(row, brushes.fill(colour, 0.3))
    canvas.save()
    filled = size * 0.55 + (share * STARS - 0.5) * step + size * 0.06
    start, end = (left + wide - filled, left + wide + size) if placed.marks_on_right else (left - size, left + filled)
    canvas.clipRect(skia.Rect.MakeLTRB(start, y - size, end, y + size))
    canvas.drawPath(row, brushes.fill(colour))
    canvas.restore()


def _star(x: float, y: float, radius: float) -> Any:
    points = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.45
        angle = math.pi * (corner / 5 - 0.5)
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return brushes.path(points)


def _draw_icon(canvas: Any, placed: Placed, line: int, path: Path, name: str, colour: Colour) -> None:
    """Draws an icon ahead of an item, its middle at half the height of a small x of the item's first line."""
    size = placed.block.size
    side = round(size * ICON)
    y = placed.pens[line][1]
    left = placed.box.right + placed.indent - side if placed.marks_on_right else placed.box.left - placed.indent
    middle = y - placed.block.lines[line].face.metrics().x_height * size / 2
    draw_icon(canvas, path, name, left=round(left), top=round(middle - side / 2), size=side, colour=colour)


def _draw_check(canvas: Any, placed: Placed, line: int, colour: Colour) -> None:
    size = placed.block.size
    y = placed.pens[line][1]
    start = placed.box.left - placed.indent + size * 0.04  # the pen of a line stands off its ink by its first letter
    left = placed.box.right + placed.indent - size * 0.9 if placed.marks_on_right else start
    middle = y - size * 0.36
    mark = brushes.path(
        [
            (left, middle + size * 0.02),
            (left + size * 0.3, middle + size * 0.32),
            (left + size * 0.86, middle - size * 0.36),
        ],
        closed=False,
    )
    canvas.drawPath(mark, brushes.stroke(colour, size * 0.16))
