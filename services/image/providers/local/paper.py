"""Things made of paper, card and board that carry the texts of a poster: tickets, labels, notices, signs and the like.

Each stands straight, so that its texts do; what leans lies behind it. One light from above and left for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.layouts import PlacedField
from services.image.providers.local.posters import Shape, Tone, tone_of
from services.image.providers.local.scene_context import Set
from services.media.colour import WHITE, Colour, Palette, contrast
from services.media.skia import skia

SEEN: Final = 1.16  # contrast of paper with what it lies on, below which it takes another tone
NEAR, FAR = 0.3, 0.26  # opacity of the two shadows of a sheet: where it lies, and of its height
LIT: Final = 0.012  # of lightness that paper gains towards the light
FIBRES: Final = 0.022  # opacity of the paper's grain
FIBRE_TILE, FIBRE_SEED = 256, 7  # pixels
KEYLINE: Final = 0.55  # opacity of a printed line on paper
CORNER: Final = 1.6  # units
NOTCH: Final = 3.8  # units of a ticket's notch
SCALLOP: Final = 4.2  # units of a label's corner
HOLE: Final = 2.5  # units of a tag's hole


def paint(scene: Set, field: PlacedField) -> None:
    """Draws a field whose shape is one of DRAWERS."""
    DRAWERS[field.shape](scene, field)


def is_paper(shape: Shape) -> bool:
    """Whether a shape is drawn here."""
    return shape in DRAWERS


def colour_on(palette: Palette, tone: Tone) -> Colour:
    """The colour of a tone as a thing on the ground: another one of the palette where it would not be seen."""
    tones = (tone, Tone.PAPER, Tone.SECOND, Tone.SOFT, Tone.DEEP)
    colours = [tone_of(palette, one) for one in tones]
    if tone is Tone.PAPER and palette.background.lightness > 0.9:
        return WHITE.mixed(colours[0], 0.25)  # white on a tinted ground: its shadow sets it off
    return next((one for one in colours if contrast(one, palette.background) >= SEEN), colours[0])


def holds(shape: Shape) -> bool:
    """Whether texts stand on such a thing."""
    return shape in DRAWERS and shape not in (Shape.AWNING, Shape.BUNTING)


# -- what all have in common -------------------------------------------------------------------------------------------


def sheet(scene: Set, outline: Any, colour: Colour, *, height: float = 1.0) -> None:
    """Paper in the shape of a path: its shadows, its light and its grain. height: of how far it lies above the ground,
    in units."""
    canvas, unit, shade = scene.canvas, scene.unit, _shade(scene)
    for blur, fall, alpha in ((0.35, 0.3, NEAR), (2.6, 2.2, FAR)):
        canvas.save()
        canvas.translate(fall * height * unit * 0.4, fall * height * unit)
        canvas.drawPath(outline, brushes.fill(shade, alpha, blur=blur * height * unit))
        canvas.restore()
    bounds = outline.getBounds()
    box = Box(bounds.left(), bounds.top(), bounds.right(), bounds.bottom())
    canvas.drawPath(outline, brushes.diagonal(box, [(0, colour.lighter(LIT), 1), (1, colour.lighter(-LIT), 1)]))
    fibres(scene, outline)


def fibres(scene: Set, outline: Any) -> None:
    """The grain of paper over a path."""
    repeat = skia.TileMode.kRepeat
    shader = _fibres().makeShader(repeat, repeat, skia.SamplingOptions(skia.FilterMode.kLinear))
    scene.canvas.drawPath(outline, skia.Paint(AntiAlias=True, Shader=shader))


@cache
def _fibres() -> Any:
    """A tile of specks and short fibres, black on nothing."""
    noise = numpy.random.default_rng(FIBRE_SEED).standard_normal((FIBRE_TILE, FIBRE_TILE)).astype(numpy.float32)
    along = sum(numpy.roll(noise, step, axis=1) for step in range(-3, 4)) / math.sqrt(7)
    across = sum(numpy.roll(noise, step, axis=0) for step in range(-2, 3)) / math.sqrt(5)
    dark = numpy.clip(numpy.maximum(along, across) - 0.9, 0, 2.2)
    pixels = numpy.zeros((FIBRE_TILE, FIBRE_TILE, 4), numpy.uint8)
    pixels[..., 3] = numpy.rint(dark * FIBRES * 255)
    return skia.Image.fromarray(pixels, colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType)


def _shade(scene: Set) -> Colour:
    """The colour of shadows: a deep tone of the ground's own hue."""
    ground = scene.palette.background
    return Colour.from_oklch(0.12, min(ground.chroma, 0.05), ground.hue)


def _rounded(box: Box, radius: float) -> Any:
    outline = skia.Path()
    outline.addRRect(brushes.rounded(box, radius))
    return outline


def _minus(outline: Any, *holes: Any) -> Any:
    for hole in holes:
        outline = skia.Op(outline, hole, skia.PathOp.kDifference_PathOp)
    return outline


def _circle(x: float, y: float, radius: float) -> Any:
    outline = skia.Path()
    outline.addCircle(x, y, radius)
    return outline


def _print_on(colour: Colour, palette: Palette) -> Colour:
    """The palette's colour in which lines are printed on paper."""
    for one in (palette.background, palette.secondary, palette.accent, palette.shade):
        if contrast(one, colour) >= 1.9:
            return one
    return colour.lighter(-0.3 if colour.lightness > 0.55 else 0.3)


def _lines(scene: Set, colour: Colour, width: float, alpha: float = KEYLINE) -> Any:
    return brushes.stroke(_print_on(colour, scene.palette), width * scene.unit, alpha)


def _leaning(scene: Set, box: Box, degrees: float, colour: Colour) -> None:
    """A sheet behind another, turned about its middle."""
    scene.canvas.save()
    scene.canvas.rotate(degrees, box.centre_x, box.centre_y)
    sheet(scene, _rounded(box, 0.8 * scene.unit), colour, height=0.8)
    scene.canvas.restore()


# -- the things --------------------------------------------------------------------------------------------------------


def _ticket(scene: Set, field: PlacedField) -> None:
    """A ticket with a notch at each end of its perforation, and a printed line along its edge."""
    box, colour, unit = field.box, colour_on(scene.palette, field.tone), scene.unit
    outline = _rounded(box, 2.2 * unit)
    x, y = field.fold if field.fold is not None else (0.0, 0.0)
    ends = () if field.fold is None else (((x, box.top), (x, box.bottom)) if x else ((box.left, y), (box.right, y)))
    outline = _minus(outline, *(_circle(*end, NOTCH * unit) for end in ends))
    sheet(scene, outline, colour, height=1.2)
    inner = _rounded(box.inset(2.0 * unit), 1.2 * unit)
    inner = _minus(inner, *(_circle(*end, (NOTCH + 1.6) * unit) for end in ends))
    scene.canvas.drawPath(inner, _lines(scene, colour, 0.3))
    if field.fold is None:
        return
    dots = brushes.stroke(_print_on(colour, scene.palette), 0.7 * unit, 0.75)
    dots.setPathEffect(skia.DashPathEffect.Make([0.01, 2.0 * unit], 0))
    gap = (NOTCH + 2.4) * unit
    if x:
        scene.canvas.drawLine(x, box.top + gap, x, box.bottom - gap, dots)
    else:
        scene.canvas.drawLine(box.left + gap, y, box.right - gap, y, dots)


def _label(scene: Set, field: PlacedField) -> None:
    """A label as on a jar: corners cut round to the inside, two printed lines."""
    box, colour, unit = field.box, colour_on(scene.palette, field.tone), scene.unit

    def cut(room: Box, radius: float) -> Any:
        corners = [(x, y) for x in (room.left, room.right) for y in (room.top, room.bottom)]
        return _minus(_rounded(room, 0), *(_circle(*corner, radius) for corner in corners))

    sheet(scene, cut(box, SCALLOP * unit), colour)
    scene.canvas.drawPath(cut(box.inset(1.5 * unit), SCALLOP * unit), _lines(scene, colour, 0.55, 0.85))
    scene.canvas.drawPath(cut(box.inset(2.6 * unit), SCALLOP * unit), _lines(scene, colour, 0.22, 0.7))


def _tag(scene: Set, field: PlacedField) -> None:
    """A swing tag: two corners cut off, a hole with a ring, and its string, which runs off the picture."""
    box, colour, unit, canvas = field.box, colour_on(scene.palette, field.tone), scene.unit, scene.canvas
    cut = min(9 * unit, 0.22 * min(box.width, box.height))
    wide = scene.frame.landscape
    if wide:
        points = [
            (box.left + cut, box.top),
            (box.right, box.top),
            (box.right, box.bottom),
            (box.left + cut, box.bottom),
            (box.left, box.bottom - cut),
            (box.left, box.top + cut),
        ]
        hole, end = (box.left + 5.2 * unit, box.centre_y), (-4 * unit, box.centre_y - 34 * unit)
    else:
        points = [
            (box.left + cut, box.top),
            (box.right - cut, box.top),
            (box.right, box.top + cut),
            (box.right, box.bottom),
            (box.left, box.bottom),
            (box.left, box.top + cut),
        ]
        hole, end = (box.centre_x, box.top + 5.2 * unit), (box.centre_x + 24 * unit, -4 * unit)
    body = brushes.path(points)
    rounder = skia.Paint(AntiAlias=True, PathEffect=skia.CornerPathEffect.Make(1.6 * unit))
    soft = skia.Path()
    rounder.getFillPath(body, soft)
    sheet(scene, _minus(soft, _circle(*hole, HOLE * 0.62 * unit)), colour, height=1.3)
    ring = brushes.stroke(scene.palette.accent, 0.9 * unit)
    canvas.drawCircle(*hole, HOLE * unit, ring)
    for bend in (0.0, 7.0):
        string = skia.Path()
        string.moveTo(*hole)
        middle = ((hole[0] + end[0]) / 2, (hole[1] + end[1]) / 2)
        string.quadTo(middle[0] + (bend - 9) * unit, middle[1] + bend * unit, end[0], end[1] + bend * unit)
        cord = brushes.stroke(_print_on(scene.palette.background, scene.palette), 0.55 * unit)
        canvas.drawPath(string, brushes.with_shadow(cord, _shade(scene), x=2, y=5, blur=3, alpha=0.35))


def _stamp(scene: Set, field: PlacedField) -> None:
    """A postage stamp: perforated all around, a printed frame inside."""
    box, colour, unit = field.box, colour_on(scene.palette, field.tone), scene.unit
    radius = 1.25 * unit
    holes = []
    for length, place in ((box.width, 0), (box.height, 1)):
        count = max(6, round(length / (3.9 * unit)))
        for number in range(count + 1):
            at = number * length / count
            holes += (
                [(box.left + at, box.top), (box.left + at, box.bottom)]
                if not place
                else [(box.left, box.top + at), (box.right, box.top + at)]
            )
    outline = _minus(_rounded(box, 0), *(_circle(*hole, radius) for hole in holes))
    sheet(scene, outline, colour)
    scene.canvas.drawPath(_rounded(box.inset(3.0 * unit), 0), _lines(scene, colour, 0.45, 0.9))


def _notice(scene: Set, field: PlacedField) -> None:
    """A sheet on a board: another one leaning behind it, a pin at the top."""
    box, colour, unit = field.box, colour_on(scene.palette, field.tone), scene.unit
    under = scene.palette.secondary if contrast(scene.palette.secondary, scene.palette.background) > SEEN else colour
    _leaning(scene, box, -2.6 if not scene.frame.landscape else -1.6, under.mixed(colour, 0.25))
    sheet(scene, _rounded(box, 0.5 * unit), colour, height=1.1)
    _pin(scene, box.centre_x, box.top + 2.6 * unit)


def _pin(scene: Set, x: float, y: float) -> None:
    """A drawing pin seen from above."""
    canvas, unit, colour = scene.canvas, scene.unit, scene.palette.accent
    radius = 1.9 * unit
    canvas.drawCircle(x + unit, y + 1.6 * unit, radius, brushes.fill(_shade(scene), 0.35, blur=0.7 * unit))
    light = (x - radius * 0.4, y - radius * 0.45)
    stops = [(0.0, colour.lighter(0.18), 1.0), (0.55, colour, 1.0), (1.0, colour.lighter(-0.12), 1.0)]
    canvas.drawCircle(x, y, radius, brushes.radial(light, radius * 1.9, stops))
    canvas.drawCircle(x - radius * 0.32, y - radius * 0.36, radius * 0.24, brushes.fill(WHITE, 0.6))


def _awning(scene: Set, field: PlacedField) -> None:
    """The awning of a shop along the top: stripes with round ends, and the shadow that it throws on the wall."""
    box, unit, canvas = field.box, scene.unit, scene.canvas
    palette = scene.palette
    one, other = palette.secondary, palette.surface
    if contrast(one, other) < 1.5:
        one = palette.accent if contrast(palette.accent, other) >= 1.5 else palette.shade
    count = max(7, 2 * round(box.width / (19 * unit)) + 1)
    wide = box.width / count
    drop = wide * 0.5
    outline = skia.Path()
    for place in range(count):
        left = box.left + place * wide
        part = skia.Path()
        part.addRect(skia.Rect.MakeLTRB(left, box.top - unit, left + wide, box.bottom - drop))
        part.addOval(skia.Rect.MakeLTRB(left, box.bottom - 2 * drop, left + wide, box.bottom))
        outline = skia.Op(outline, part, skia.PathOp.kUnion_PathOp)
    sheet(scene, outline, other, height=2.2)
    for place in range(count):
        left = box.left + place * wide
        colour = one if place % 2 == 0 else other
        cell = Box(left, box.top, left + wide, box.bottom)
        stops = [(0, colour.lighter(-0.05), 1), (0.7, colour.lighter(0.015), 1), (0.76, colour.lighter(-0.045), 1)]
        paint_ = brushes.down(cell, [*stops, (1, colour.lighter(-0.015), 1)])
        canvas.drawRect(skia.Rect.MakeLTRB(left, box.top - unit, left + wide + 0.5, box.bottom - drop), paint_)
        canvas.drawArc(skia.Rect.MakeLTRB(left, box.bottom - 2 * drop, left + wide, box.bottom), 0, 180, True, paint_)


def _window(scene: Set, field: PlacedField) -> None:
    """The window of a program: a bar with three dots above its page."""
    box, colour, unit, canvas = field.box, colour_on(scene.palette, field.tone), scene.unit, scene.canvas
    outline = _rounded(box, 2.6 * unit)
    sheet(scene, outline, colour, height=1.9)
    bar = Box(box.left, box.top, box.right, box.top + 6 * unit)
    canvas.save()
    canvas.clipPath(outline, doAntiAlias=True)
    canvas.drawRect(brushes.rect(bar), brushes.fill(colour.lighter(-0.07 if colour.lightness > 0.5 else 0.07)))
    canvas.restore()
    for place, tone in enumerate((scene.palette.accent, scene.palette.secondary, scene.palette.tertiary)):
        dot = tone if contrast(tone, colour) >= 1.2 else colour.lighter(-0.2 if colour.lightness > 0.5 else 0.2)
        canvas.drawCircle(box.left + (4 + 3.4 * place) * unit, bar.centre_y, 1.05 * unit, brushes.fill(dot))
    address = Box(box.left + 15 * unit, bar.top + 1.7 * unit, box.right - 4 * unit, bar.bottom - 1.7 * unit)
    canvas.drawRRect(brushes.rounded(address, 1.4 * unit), brushes.fill(colour))


def _calendar(scene: Set, field: PlacedField) -> None:
    """A leaf of a calendar: a bound head with rings, further leaves below."""
    box, colour, unit, canvas = field.box, colour_on(scene.palette, field.tone), scene.unit, scene.canvas
    for place in (2, 1):
        leaf = Box(
            box.left + place * 0.9 * unit, box.top, box.right - place * 0.9 * unit, box.bottom + place * 1.1 * unit
        )
        sheet(scene, _rounded(leaf, 2 * unit), colour.lighter(-0.03 * place), height=0.5)
    outline = _rounded(box, 2 * unit)
    sheet(scene, outline, colour, height=0.6)
    head = Box(box.left, box.top, box.right, box.top + 7.5 * unit)
    canvas.save()
    canvas.clipPath(outline, doAntiAlias=True)
    band = scene.palette.accent if contrast(scene.palette.accent, colour) >= 1.5 else _print_on(colour, scene.palette)
    canvas.drawRect(brushes.rect(head), brushes.down(head, [(0, band.lighter(0.02), 1), (1, band.lighter(-0.03), 1)]))
    canvas.restore()
    metal = Colour.from_oklch(0.82, 0.006, scene.palette.background.hue)
    count = 4 if box.width < 110 * unit else 7
    for place in range(count):
        x = box.left + box.width * (place + 0.5) / count
        canvas.drawCircle(x, box.top + 3.9 * unit, 1.15 * unit, brushes.fill(_shade(scene), 0.8))
        ring = _rounded(Box(x - 0.7 * unit, box.top - 3 * unit, x + 0.7 * unit, box.top + 4.2 * unit), 0.7 * unit)
        sheet(scene, ring, metal, height=0.35)


def _slate(scene: Set, field: PlacedField) -> None:
    """A board to chalk on, in a wooden frame."""
    box, unit, canvas = field.box, scene.unit, scene.canvas
    wood = Colour.from_oklch(0.62, 0.075, 62)
    sheet(scene, _rounded(box, 1.4 * unit), wood, height=1.6)
    for inset, alpha in ((0.5, 0.35), (1.6, 0.18)):
        canvas.drawPath(
            _rounded(box.inset(inset * unit), unit), brushes.stroke(wood.lighter(-0.16), 0.22 * unit, alpha)
        )
    board = box.inset(2.8 * unit)
    colour = Colour.from_oklch(0.27, min(scene.palette.shade.chroma, 0.025), scene.palette.shade.hue)
    outline = _rounded(board, 0.6 * unit)
    canvas.drawPath(outline, brushes.diagonal(board, [(0, colour.lighter(0.04), 1), (1, colour.lighter(-0.03), 1)]))
    canvas.save()
    canvas.clipPath(outline, doAntiAlias=True)
    for number in range(5):  # where chalk was wiped off
        y = board.top + board.height * (number + 0.5) / 5
        wiped = Box(board.left - 9 * unit, y - 7 * unit, board.right - (number % 3) * 20 * unit, y + 6 * unit)
        canvas.save()
        canvas.rotate(-5 + 3 * (number % 3), wiped.centre_x, wiped.centre_y)
        canvas.drawOval(brushes.rect(wiped), brushes.fill(WHITE, 0.028, blur=5 * unit))
        canvas.restore()
    canvas.restore()
    edge = brushes.stroke(_shade(scene), 0.5 * unit, 0.5, blur=0.4 * unit)
    canvas.drawPath(outline, edge)


def _bunting(scene: Set, field: PlacedField) -> None:
    """Flags on a line that hangs across the top, in the brand's colours."""
    box, unit, canvas, palette = field.box, scene.unit, scene.canvas, scene.palette
    tones = [palette.secondary, palette.surface, palette.accent, palette.tertiary]
    tones = [tone for tone in tones if contrast(tone, palette.background) >= SEEN] or [palette.ink]
    count = max(6, round(box.width / (15 * unit)))
    spans = 2 if box.width > 200 * unit else 1
    sag = 0.42 * box.height

    def height_at(x: float) -> float:
        share = ((x - box.left) / box.width * spans) % 1.0
        return box.top + sag * 4 * share * (1 - share)

    step = (box.width + 6 * unit) / count
    canvas.save()
    canvas.clipRect(brushes.rect(scene.frame.whole))
    for place in range(count):
        left, right = box.left - 3 * unit + place * step, box.left - 3 * unit + (place + 0.86) * step
        y, other = height_at(max(left, box.left)), height_at(min(right, box.right - 0.01))
        flag = brushes.path([(left, y), (right, other), ((left + right) / 2, (y + other) / 2 + 0.56 * box.height)])
        sheet(scene, flag, tones[place % len(tones)], height=0.8)
    cord = skia.Path()
    cord.moveTo(box.left, height_at(box.left))
    for number in range(1, 97):
        x = box.left + box.width * number / 96
        cord.lineTo(x, height_at(min(x, box.right - 0.01)))
    canvas.drawPath(cord, brushes.stroke(palette.ink, 0.45 * unit))
    canvas.restore()


def _sheet(scene: Set, field: PlacedField) -> None:
    sheet(scene, _rounded(field.box, 0.5 * scene.unit), colour_on(scene.palette, field.tone))


DRAWERS: Final[dict[Shape, Callable[[Set, PlacedField], None]]] = {
    Shape.SHEET: _sheet,
    Shape.TICKET: _ticket,
    Shape.LABEL: _label,
    Shape.TAG: _tag,
    Shape.STAMP: _stamp,
    Shape.NOTICE: _notice,
    Shape.AWNING: _awning,
    Shape.WINDOW: _window,
    Shape.CALENDAR: _calendar,
    Shape.SLATE: _slate,
    Shape.BUNTING: _bunting,
}
