"""Patterns of large shapes in a brand's colours, for the room that texts of a poster leave: tiles, or arcs where
nothing should be lively."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any, Final

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.scene_context import Set
from services.media.colour import Colour, contrast
from services.media.skia import skia

FEWEST_TILES, MOST_TILES = 3, 7  # along the pattern's longer side
ROWS: Final = 2  # of tiles that a pattern has at most, where it is long enough for them
SEEN: Final = 1.16  # contrast of a tile's shape against its ground
ARCS: Final = 5
ARC_STEP: Final = 0.045  # of lightness between two arcs
DARK: Final = 0.55  # lightness of a ground on which the arcs become lighter
LIVELY_SHARE: Final = 0.16  # of tiles that have the accent's colour


def tiles(scene: Set, box: Box, behind: Colour) -> None:
    """Fills a box from its lower edge with square tiles of quarter circles, half circles, leaves and rings.

    behind: what the box lies on. The rows end where no whole one fits: the room above stays as it is.
    """
    rows, columns, size = _grid(box)
    palette = scene.palette
    calm = [palette.background, palette.background_end, palette.secondary, palette.tertiary, palette.surface]
    tones = [tone for tone in calm if contrast(tone, behind) >= SEEN] or [behind.lighter(0.1)]
    left = box.left + (box.width - columns * size) / 2
    order = _drawn_shapes(scene.draw, rows * columns)
    for place, shape in enumerate(order):
        row, column = divmod(place, columns)
        cell = Box(
            left + column * size, box.bottom - (row + 1) * size, left + (column + 1) * size, box.bottom - row * size
        )
        ground = tones[(row + column) % len(tones)] if scene.draw.random() < 0.6 else behind
        lively = scene.draw.random() < LIVELY_SHARE
        shown = [palette.accent] if lively else [tone for tone in (*tones, behind) if contrast(tone, ground) >= SEEN]
        if contrast(shown[0] if shown else ground, ground) < SEEN:
            shown = [ground.lighter(-0.1 if ground.lightness > DARK else 0.1)]
        tone = scene.draw.choice(shown)
        scene.canvas.save()
        scene.canvas.clipRect(brushes.rect(cell))
        scene.canvas.drawRect(brushes.rect(cell.inset(-0.5)), brushes.fill(ground))
        scene.canvas.translate(cell.centre_x, cell.centre_y)
        scene.canvas.rotate(90 * scene.draw.randrange(4))
        _SHAPES[shape](scene.canvas, size, tone, ground)
        scene.canvas.restore()


def arcs(scene: Set, box: Box, behind: Colour) -> None:
    """Draws wide arcs about a lower corner of a box, in near tones of what it lies on."""
    canvas = scene.canvas
    x = box.right if scene.draw.random() < 0.5 else box.left
    step = ARC_STEP if behind.lightness < DARK else -ARC_STEP
    reach = min(box.width, math.hypot(box.width, box.height) * 0.9)
    canvas.save()
    canvas.clipRect(brushes.rect(box))
    for ring in range(ARCS):
        radius = reach * (1 - ring / ARCS)
        canvas.drawCircle(x, box.bottom, radius, brushes.fill(behind.lighter(step * (ring + 1) * 0.8)))
    canvas.restore()


def _grid(box: Box) -> tuple[int, int, float]:
    """Rows, columns and the side of a tile, so that whole tiles fill the box's shorter side as well as they can."""
    best = (1, FEWEST_TILES, 0.0)
    covered = -1.0
    across = box.width >= box.height
    long, short = (box.width, box.height) if across else (box.height, box.width)
    for along in range(FEWEST_TILES, MOST_TILES + 1):
        size = long / along
        lines = min(int((short + 0.5) // size), ROWS if across else MOST_TILES)
        if lines < 1:
            continue
        share = lines * size / short
        if share > covered + 0.04:
            covered, best = share, (lines, along, size) if across else (along, lines, size)
    if covered < 0:
        size = short
        return (1, max(1, math.ceil(long / size)), size) if across else (max(1, math.ceil(long / size)), 1, size)
    return best


def _drawn_shapes(draw: random.Random, count: int) -> Sequence[str]:
    """Shapes for tiles, of which no two that follow each other are the same."""
    found: list[str] = []
    names = list(_SHAPES)
    for _ in range(count):
        found.append(draw.choice([name for name in names if not found or name != found[-1]]))
    return found


def _quarter(canvas: Any, size: float, tone: Colour, ground: Colour) -> None:
    canvas.drawCircle(-size / 2, size / 2, size, brushes.fill(tone))


def _half(canvas: Any, size: float, tone: Colour, ground: Colour) -> None:
    canvas.drawCircle(0, size / 2, size / 2, brushes.fill(tone))


def _disc(canvas: Any, size: float, tone: Colour, ground: Colour) -> None:
    canvas.drawCircle(0, 0, size * 0.34, brushes.fill(tone))


def _leaf(canvas: Any, size: float, tone: Colour, ground: Colour) -> None:
    half = size / 2
    shape = skia.RRect()
    corners = [skia.Point(size, size), skia.Point(0, 0), skia.Point(size, size), skia.Point(0, 0)]
    shape.setRectRadii(skia.Rect.MakeLTRB(-half, -half, half, half), corners)
    canvas.drawRRect(shape, brushes.fill(tone))


def _rings(canvas: Any, size: float, tone: Colour, ground: Colour) -> None:
    for place, radius in enumerate((1.0, 0.72, 0.44)):
        canvas.drawCircle(-size / 2, size / 2, size * radius, brushes.fill(ground if place % 2 else tone))


_SHAPES: Final = {"quarter": _quarter, "half": _half, "disc": _disc, "leaf": _leaf, "rings": _rings}
