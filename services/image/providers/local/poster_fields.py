"""Draws the fields of a poster's layout: blocks of colour, and ornaments in the room that texts leave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.layouts import PlacedField
from services.image.providers.local.posters import Shape, Tone, tone_of
from services.image.providers.local.scene_context import Set, room_at
from services.media.colour import Colour, contrast
from services.media.skia import skia

GAP: Final = 3.0  # units between an ornament and the nearest text
LEAST: Final = 24.0  # units of an ornament's reach, below which it is left out
RINGS: Final = 4
FADE: Final = 0.018  # of lightness that a field gains towards its upper left, so that it does not look printed by fax
VIEW_FROM: Final = 0.45  # of what a field does not show of a view, the share that lies above it
FIELD_CONTRAST: Final = 1.25  # of a field behind a figure against the ground
SET_OFF: Final = 0.24  # distance in OKLab of such a field from the figure


def paint(
    scene: Set, fields: Sequence[PlacedField], shown: Colour | None = None, view: Any = None, *, ground: bool = True
) -> None:
    """Fills the picture with the ground's tone, unless `ground` is False, and draws the fields, in the order of the
    layout.

    shown: the mean colour of the figure before them; the field behind it has the tone that sets it off best. view: a
    skia.Image of the place or season for fields that show it.
    """
    if ground:
        scene.canvas.drawPaint(_lit(scene.frame.whole, scene.palette.background))
    for placed in fields:
        field = placed
        if shown is not None and field.tone is Tone.SECOND:
            field = replace(placed, tone=_behind(scene, shown))
        if field.tone is Tone.VIEW and view is not None:
            _through(scene, field, view)
        else:
            _draw(scene, field)


def _through(scene: Set, field: PlacedField, view: Any) -> None:
    """The view, cut to the field's shape: as large as covers it, its horizon at two thirds of the height."""
    canvas, box = scene.canvas, field.box
    scale = max(box.width / view.width(), box.height / view.height())
    width, height = view.width() * scale, view.height() * scale
    left = box.centre_x - width / 2
    top = box.top - (height - box.height) * VIEW_FROM
    outline = skia.Path()
    outline.addRRect(_arch(box)) if field.shape is Shape.ARCH else outline.addRect(brushes.rect(box))
    canvas.save()
    canvas.clipPath(outline, doAntiAlias=True)
    target = brushes.rect(Box(left, top, left + width, top + height))
    canvas.drawImageRect(view, target, skia.SamplingOptions(skia.CubicResampler.Mitchell()), skia.Paint())
    canvas.restore()


def _arch(box: Box) -> Any:
    rise = min(box.width / 2, box.height * 0.62)
    shape = skia.RRect()
    shape.setRectRadii(brushes.rect(box), [skia.Point(reach, reach) for reach in (rise, rise, 0, 0)])
    return shape


def _behind(scene: Set, shown: Colour) -> Tone:
    """The tone of a field behind the figure: the layout's own if the figure stands out on it, else the best that does
    and that is seen on the ground."""
    palette = scene.palette
    tones = [Tone.SECOND, Tone.THIRD, Tone.ACCENT, Tone.PAPER, Tone.DEEP]
    seen = [tone for tone in tones if contrast(tone_of(palette, tone), palette.background) >= FIELD_CONTRAST]
    apart = {tone: _distance(tone_of(palette, tone), shown) for tone in seen or tones}
    good = next((tone for tone, far in apart.items() if far >= SET_OFF), None)
    return good or max(apart, key=lambda tone: apart[tone])


def _distance(one: Colour, other: Colour) -> float:
    """The distance of two colours in OKLab."""
    turned = math.radians(one.hue - other.hue)
    chroma = one.chroma**2 + other.chroma**2 - 2 * one.chroma * other.chroma * math.cos(turned)
    return math.sqrt((one.lightness - other.lightness) ** 2 + max(chroma, 0.0))


def _lit(box: Box, colour: Colour) -> Any:
    return brushes.diagonal(box, [(0, colour.lighter(FADE), 1), (1, colour.lighter(-FADE), 1)])


def _draw(scene: Set, field: PlacedField) -> None:
    canvas, box, colour = scene.canvas, field.box, tone_of(scene.palette, field.tone)
    if field.shape is Shape.RECT:
        canvas.drawRect(brushes.rect(box), _lit(box, colour))
    elif field.shape is Shape.ROUNDED:
        canvas.drawRRect(brushes.rounded(box, 5 * scene.unit), _lit(box, colour))
    elif field.shape is Shape.CIRCLE:
        radius = box.width / 2
        around = Box(box.left, box.centre_y - radius, box.right, box.centre_y + radius)
        canvas.drawOval(brushes.rect(around), _lit(around, colour))
    elif field.shape is Shape.ARCH:
        canvas.drawRRect(_arch(box), _lit(box, colour))
    elif field.shape is Shape.WEDGE:
        corners = [(box.left, box.bottom), (box.right, box.top), (box.right, box.bottom)]
        canvas.drawPath(brushes.path(corners), _lit(box, colour))
    elif field.shape is Shape.TILES:
        _tiles(scene, box, field.tone)
    elif field.shape is Shape.HALO:
        x, y = scene.product.centre_x, scene.product.centre_y
        edge = min(x, scene.frame.width - x, y, scene.frame.height - y)
        radius = min(box.width / 2, room_at(scene, x, y) - GAP * scene.unit, edge - GAP * scene.unit)
        around = Box(x - radius, y - radius, x + radius, y + radius)
        canvas.drawOval(brushes.rect(around), _lit(around, colour))
    else:
        _in_corner(scene, field)


def _in_corner(scene: Set, field: PlacedField) -> None:
    """An ornament about the corner of its box that is nearest to a corner of the picture."""
    box, frame = field.box, scene.frame
    x = box.left if box.centre_x < frame.width / 2 else box.right
    y = box.top if box.centre_y < frame.height / 2 else box.bottom
    room = room_along(scene, x, y) / math.sqrt(2) if field.shape is Shape.STRIPES else room_at(scene, x, y)
    reach = min(room - GAP * scene.unit, max(box.width, box.height))
    if reach < LEAST * scene.unit:
        return
    canvas = scene.canvas
    canvas.save()
    canvas.clipRect(brushes.rect(frame.whole))
    if field.shape is Shape.ARCS:
        _arcs(scene, x, y, reach, field.tone)
    elif field.shape is Shape.DISC:
        around = Box(x - reach, y - reach, x + reach, y + reach)
        canvas.drawOval(brushes.rect(around), _lit(around, tone_of(scene.palette, field.tone)))
    elif field.shape is Shape.STRIPES:
        _stripes(scene, x, y, reach, field.tone)
    else:
        _dots(scene, x, y, reach, field.tone)
    canvas.restore()


def room_along(scene: Set, x: float, y: float) -> float:
    """How far a slanted band may meet the edges from a corner before it lies under a text."""
    return min(
        (max(box.left - x, 0.0, x - box.right) + max(box.top - y, 0.0, y - box.bottom) for box in scene.written),
        default=math.inf,
    )


def _colours(scene: Set, first: Tone) -> list[Colour]:
    """The tones of an ornament, the wished one first: those that are seen on the ground and beside each other."""
    palette = scene.palette
    found: list[Colour] = []
    ground = palette.background
    for tone in (first, Tone.SECOND, Tone.THIRD, Tone.ACCENT, Tone.PAPER, Tone.DEEP):
        colour = tone_of(palette, tone)
        if contrast(colour, ground) > 1.25 and all(contrast(colour, other) > 1.15 for other in found):
            found.append(colour)
    return found or [palette.glow]


def _arcs(scene: Set, x: float, y: float, reach: float, tone: Tone) -> None:
    colours = _colours(scene, tone)[:3]
    width = reach / (RINGS + 0.5)
    for ring in range(RINGS):
        radius = reach - ring * width
        colour = colours[ring % len(colours)]
        scene.canvas.drawCircle(x, y, radius, brushes.fill(colour))
        scene.canvas.drawCircle(x, y, radius - width * 0.72, brushes.fill(scene.palette.background))


def _stripes(scene: Set, x: float, y: float, reach: float, tone: Tone) -> None:
    """Bands across the corner, at 45 degrees: the outermost touches the circle of `reach` around it."""
    colours = _colours(scene, tone)[:3]
    frame = scene.frame
    inwards = (1 if x < frame.width / 2 else -1, 1 if y < frame.height / 2 else -1)
    bands = len(colours)
    step = reach / (bands + 0.6)
    for band, colour in enumerate(colours):
        outer = (reach - band * step) * math.sqrt(2)
        inner = (reach - band * step - step * 0.8) * math.sqrt(2)
        corners = [
            (x + inwards[0] * outer, y),
            (x, y + inwards[1] * outer),
            (x, y + inwards[1] * inner),
            (x + inwards[0] * inner, y),
        ]
        scene.canvas.drawPath(brushes.path(corners), brushes.fill(colour))


def _dots(scene: Set, x: float, y: float, reach: float, tone: Tone) -> None:
    colour = _colours(scene, tone)[0]
    step = 4.2 * scene.unit
    frame = scene.frame
    inwards = (1 if x < frame.width / 2 else -1, 1 if y < frame.height / 2 else -1)
    count = int(reach / step)
    for row in range(count):
        for column in range(count):
            across, down = (column + 0.75) * step, (row + 0.75) * step
            far = math.hypot(across, down) / reach
            if far < 1:
                radius = step * 0.34 * (1 - 0.75 * far)
                scene.canvas.drawCircle(x + inwards[0] * across, y + inwards[1] * down, radius, brushes.fill(colour))


def _tiles(scene: Set, box: Box, tone: Tone) -> None:
    """A pattern of quarter circles, half circles and squares on a field of its own."""
    canvas, draw = scene.canvas, scene.draw
    colours = _colours(scene, tone)
    field, rest = colours[0], [*colours[1:4], scene.palette.background]
    rest = [colour for colour in rest if contrast(colour, field) > 1.15] or [field.lighter(0.12)]
    canvas.save()
    canvas.clipRect(brushes.rect(box))
    canvas.drawRect(brushes.rect(box), brushes.fill(field))
    rows = max(1, round(box.height / max(min(box.width, box.height) / 2, 17 * scene.unit)))
    size = box.height / rows
    columns = max(1, round(box.width / size))
    wide = box.width / columns
    last = ""
    for row in range(rows):
        for column in range(columns):
            cell = Box(box.left + column * wide, box.top + row * size, 0, 0)
            cell = Box(cell.left, cell.top, cell.left + wide, cell.top + size)
            kind = draw.choice(
                [name for name in ("quarter", "quarter", "half", "disc", "leaf", "none") if name != last]
            )
            last = kind
            _tile(canvas, cell, kind, draw.randrange(4), draw.choice(rest))
    canvas.restore()


def _tile(canvas: Any, cell: Box, kind: str, turn: int, colour: Colour) -> None:
    x = cell.left if turn in (0, 3) else cell.right
    y = cell.top if turn in (0, 1) else cell.bottom
    paint = brushes.fill(colour)
    canvas.save()
    canvas.clipRect(brushes.rect(cell))
    if kind == "quarter":
        canvas.drawOval(brushes.rect(Box(x - cell.width, y - cell.height, x + cell.width, y + cell.height)), paint)
    elif kind == "half":
        centre = cell.left if turn % 2 else cell.right
        around = Box(centre - cell.width / 2, cell.top, centre + cell.width / 2, cell.bottom)
        canvas.drawOval(brushes.rect(around), paint)
    elif kind == "disc":
        canvas.drawOval(brushes.rect(cell.inset(cell.width * 0.18, cell.height * 0.18)), paint)
    elif kind == "leaf":
        one = skia.Path()
        one.addOval(brushes.rect(Box(x - cell.width, y - cell.height, x + cell.width, y + cell.height)))
        far_x = cell.right if x == cell.left else cell.left
        far_y = cell.bottom if y == cell.top else cell.top
        canvas.clipPath(one, doAntiAlias=True)
        canvas.drawOval(
            brushes.rect(Box(far_x - cell.width, far_y - cell.height, far_x + cell.width, far_y + cell.height)), paint
        )
    canvas.restore()
