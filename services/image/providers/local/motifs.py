"""Drawings on posters, in their own colours or their palette's: one large one, which may reach over an edge, or a
pattern."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy

from services.image.providers.local import brushes
from services.image.providers.local.figure import SAMPLING
from services.image.providers.local.geometry import Box
from services.image.providers.local.layouts import PlacedField, PlacedMotif
from services.image.providers.local.paper import colour_on, is_paper
from services.image.providers.local.posters import Shape, Tone, tone_of
from services.image.providers.local.print_look import printed
from services.media import drawn_objects
from services.media.colour import Colour, Palette, contrast
from services.media.drawings import FAINT, Drawing, Tones, oklab, render_toned
from services.media.drawn_objects import ALONE
from services.media.skia import skia

CLEAR: Final = 2.4  # likewise, where the palette has such a colour
FILLED: Final = 0.66  # of a pattern's cell that its drawing takes
KEPT_OFF: Final = 1.6  # units between a drawing and the nearest text
SHRINKING: Final = 0.95  # steps in which a drawing that would touch a text becomes smaller
SMALLEST: Final = 0.4  # of its size
MOST_CUT: Final = 0.0005  # of a drawing's pixels beyond the edges: more is a hoof, a handle or a tip
MARGIN: Final = 0.012  # of the shorter side that a large drawing keeps off the picture's edges
INWARD: Final = 0.02  # of its size by which it is moved in at a time
MOST_STEPS: Final = 40
CUT_GRAIN: Final = 8  # every so many of its pixels count
GRAIN: Final = 14  # points across and down at which a text's box is compared with a drawing
SHADOW: Final = 0.3  # opacity of what a large drawing casts on the ground
CAST: Final = 0.035  # of its size that the shadow is blurred by; it falls by half as much again
FLAT: Final = frozenset({Shape.RECT, Shape.ROUNDED, Shape.ARCH, Shape.CIRCLE})
VIOLET: Final = (303.0, 34.0)  # degrees of OKLCH: the hue of the package's shadows, and how far it reaches
VIOLET_EDGE: Final = 12.0  # degrees in which that begins
SHADOWED, SHADOWED_EDGE = 0.115, 0.035  # chroma up to which a violet is a shadow, and the range in which that ends
NEUTRAL: Final = 0.85  # of a shadow's violet that is taken away
TAKEN: Final = 64  # drawings kept
TONES: Final = (Tone.SECOND, Tone.THIRD, Tone.ACCENT, Tone.PAPER, Tone.DEEP)


def draw(
    canvas: Any,
    motif: PlacedMotif,
    fields: Sequence[PlacedField],
    palette: Palette,
    path: Path,
    names: Sequence[str],
    written: Sequence[Box] = (),
    above: Sequence[PlacedField] = (),
) -> None:
    """Draws the drawings of the file at `path`; those of a pattern take turns. Raises KeyError for unknown names.

    written: the boxes of texts, which a single drawing keeps off. above: fields that will lie on a pattern; it has no
    drawings where one of them would be cut.
    """
    behind = _behind(motif, fields, palette)
    canvas.save()
    canvas.clipRect(brushes.rect(motif.within))
    if motif.columns == 1:
        drawing = drawn_on(behind, motif.tone, palette, path, names[0])
        _one(canvas, drawing, _kept_off(drawing, motif, written), motif.turn, shade=palette.shade)
    else:
        base = seen_on(motif.tone, behind, palette)
        tones = drawn_objects.tones(base, behind, palette.surface).mixed(behind, 1 - motif.strength)
        shown = [render_toned(path, name, tones) for name in names]
        for place, cell in _cells(motif):
            around = cell.inset(cell.width * (1 - FILLED) / 2, cell.height * (1 - FILLED) / 2)
            if any(field.box.overlaps(around) for field in above):
                continue
            _one(canvas, shown[place % len(shown)], around, motif.turn)
    canvas.restore()


def _cells(motif: PlacedMotif) -> Iterator[tuple[int, Box]]:
    """The cells of a pattern, each with a number by which the drawings take turns: whole ones only, so that none is
    cut. Of staggered rows every other one is shorter by a cell."""
    box = motif.box
    wide = box.width / motif.columns
    rows = max(1, round(box.height / wide))
    high = box.height / rows
    for row in range(rows):
        short = motif.staggered and row % 2
        for column in range(motif.columns - (1 if short else 0)):
            left, top = box.left + (column + (0.5 if short else 0.0)) * wide, box.top + row * high
            yield row + column, Box(left, top, left + wide, top + high)


def _kept_off(drawing: Drawing, motif: PlacedMotif, written: Sequence[Box]) -> Box:
    """The motif's box, as large as leaves all texts free; it shrinks towards the edges that it reaches over."""
    box, frame = drawn_in(drawing, motif), motif.within
    unit = min(frame.width, frame.height) / 135
    texts = [text.inset(-KEPT_OFF * unit) for text in written]
    # about the edge itself, so that a smaller drawing is not cut by more of its size
    own, x, y = motif.box, box.centre_x, box.centre_y
    if own.right > frame.right or own.left < frame.left:
        x = min(box.right, frame.right) if own.right > frame.right else max(box.left, frame.left)
    if own.bottom > frame.bottom or own.top < frame.top:
        y = min(box.bottom, frame.bottom) if own.bottom > frame.bottom else max(box.top, frame.top)
    alpha = drawing.alpha
    share = 1.0
    while share > SMALLEST:
        tried = Box(
            x + (box.left - x) * share,
            y + (box.top - y) * share,
            x + (box.right - x) * share,
            y + (box.bottom - y) * share,
        )
        if not any(_covers(drawing, alpha, tried, motif.turn, text) for text in texts):
            return tried
        share *= SHRINKING
    return tried


def drawn_in(drawing: Drawing, motif: PlacedMotif) -> Box:
    """The motif's box, moved in from the edges until no more of the drawing than MOST_CUT is nearer than MARGIN."""
    box, frame = motif.box, motif.within
    frame = frame.inset(min(frame.width, frame.height) * MARGIN)
    step = INWARD * max(box.width, box.height)
    width = min(box.width, box.height * drawing.aspect)
    height = width / drawing.aspect
    cosine, sine = (abs(turned(math.radians(motif.turn))) for turned in (math.cos, math.sin))
    reach, rise = (width * cosine + height * sine) / 2, (width * sine + height * cosine) / 2
    for _ in range(MOST_STEPS):
        if cut_share(drawing, box, motif.turn, frame) <= MOST_CUT:
            break
        x, y = box.centre_x, box.centre_y
        across = min(step, max(0.0, frame.left + reach - x)) - min(step, max(0.0, x + reach - frame.right))
        down = min(step, max(0.0, frame.top + rise - y)) - min(step, max(0.0, y + rise - frame.bottom))
        if not across and not down:
            break
        box = Box(box.left + across, box.top + down, box.right + across, box.bottom + down)
    return box


def cut_share(drawing: Drawing, box: Box, turn: float, frame: Box) -> float:
    """The share of a drawing's pixels that lie outside of a frame, where it is in a box and turned about its middle."""
    width = min(box.width, box.height * drawing.aspect)
    height = width / drawing.aspect
    alpha = drawing.alpha[::CUT_GRAIN, ::CUT_GRAIN] > FAINT
    rows, columns = numpy.nonzero(alpha)
    across = ((columns + 0.5) / alpha.shape[1] - 0.5) * width
    down = ((rows + 0.5) / alpha.shape[0] - 0.5) * height
    angle = math.radians(turn)
    x = box.centre_x + across * math.cos(angle) - down * math.sin(angle)
    y = box.centre_y + across * math.sin(angle) + down * math.cos(angle)
    return float(((x < frame.left) | (x > frame.right) | (y < frame.top) | (y > frame.bottom)).mean())


def _covers(drawing: Drawing, alpha: Any, box: Box, turn: float, text: Box) -> bool:
    """Whether anything of a drawing in a box, turned about its middle, lies on a text."""
    width = min(box.width, box.height * drawing.aspect)
    height = width / drawing.aspect
    points = numpy.linspace(0.0, 1.0, GRAIN)
    across, down = numpy.meshgrid(text.left + points * text.width, text.top + points * text.height)
    angle = math.radians(-turn)
    from_x, from_y = across - box.centre_x, down - box.centre_y
    x = (from_x * math.cos(angle) - from_y * math.sin(angle)) / width + 0.5
    y = (from_x * math.sin(angle) + from_y * math.cos(angle)) / height + 0.5
    inside = (x >= 0) & (x < 1) & (y >= 0) & (y < 1)
    rows = (y[inside] * alpha.shape[0]).astype(int)
    columns = (x[inside] * alpha.shape[1]).astype(int)
    return bool((alpha[rows, columns] > FAINT).any())


def _one(canvas: Any, drawing: Drawing, box: Box, turn: float, *, shade: Colour | None = None) -> None:
    """A drawing as large as its box takes, turned about its middle. shade: the colour of its shadow, None: without."""
    width = min(box.width, box.height * drawing.aspect)
    height = width / drawing.aspect
    canvas.save()
    canvas.translate(box.centre_x, box.centre_y)
    canvas.rotate(turn)
    placed = Box(-width / 2, -height / 2, width / 2, height / 2)
    if shade is not None:
        reach = max(width, height) * CAST
        shadow = skia.Paint(AntiAlias=True)
        shadow.setImageFilter(skia.ImageFilters.DropShadowOnly(0, reach * 1.5, reach, reach, shade.argb(SHADOW)))
        canvas.drawImageRect(drawing.image, brushes.rect(placed), SAMPLING, shadow)
    canvas.drawImageRect(drawing.image, brushes.rect(placed), SAMPLING, skia.Paint(AntiAlias=True))
    canvas.restore()


def drawn_on(behind: Colour, wished: Tone, palette: Palette, path: Path, name: str, strength: float = 1.0) -> Drawing:
    """Renders a drawing for what is behind it. Raises KeyError, OSError and ValueError as drawings.render_own does.

    An article that is made in any colour takes tones of the wished one, at `strength`; all others keep their own
    colours. A drawing whose edge is lost on a ground that is not pale has a rim of the palette's paper, as stickers
    have; on a pale one its shadow shows it.
    """
    base = seen_on(wished, behind, palette)
    drawing = drawn_objects.drawn(path, name, behind=behind, base=base, paper=palette.surface, strength=strength)
    return printed(without_violet(drawing))


@lru_cache(maxsize=TAKEN)
def without_violet(drawing: Drawing) -> Drawing:
    """Returns the drawing with neutral shadows on what is white or grey: the package draws them in violet, which is the
    colour of no wool, steel or paper. What is violet itself stays."""
    pixels = drawing.image.toarray(colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType)
    own = pixels[..., :3].astype(numpy.float32)
    lab = oklab(pixels[..., :3])
    chroma, hue = numpy.hypot(lab[..., 1], lab[..., 2]), numpy.degrees(numpy.arctan2(lab[..., 2], lab[..., 1])) % 360
    off = numpy.abs(hue - VIOLET[0])
    share = numpy.clip((VIOLET[1] - off) / VIOLET_EDGE, 0, 1) * numpy.clip((SHADOWED - chroma) / SHADOWED_EDGE, 0, 1)
    grey = (own @ numpy.array((0.2126, 0.7152, 0.0722), dtype=numpy.float32))[..., None]
    mixed = own + (grey - own) * (NEUTRAL * share)[..., None]
    image = numpy.dstack([numpy.rint(mixed).astype(numpy.uint8), pixels[..., 3]])
    made = skia.Image.fromarray(
        numpy.ascontiguousarray(image), colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType
    )
    return Drawing(name=drawing.name, image=made)


def tones_on(behind: Colour, wished: Tone, palette: Palette) -> Tones:
    """Returns the tones of a drawing: those of the wished colour, or of another of the palette that is seen on what is
    behind it."""
    return drawn_objects.tones(seen_on(wished, behind, palette), behind, palette.surface)


def _behind(motif: PlacedMotif, fields: Sequence[PlacedField], palette: Palette) -> Colour:
    box, frame = motif.box, motif.within
    seen = Box(
        max(box.left, frame.left), max(box.top, frame.top), min(box.right, frame.right), min(box.bottom, frame.bottom)
    )
    return under(seen, fields, palette)


def under(box: Box, fields: Sequence[PlacedField], palette: Palette) -> Colour:
    """Returns the colour of the last field that the middle of a box stands on, or that of the ground."""
    x, y = box.centre_x, box.centre_y
    found = [
        field
        for field in fields
        if field.shape is Shape.HALO
        or (
            (field.shape in FLAT or is_paper(field.shape))
            and field.box.left <= x <= field.box.right
            and field.box.top <= y <= field.box.bottom
        )
    ]
    if not found:
        return palette.background
    return colour_on(palette, found[-1].tone) if is_paper(found[-1].shape) else tone_of(palette, found[-1].tone)


def seen_on(wished: Tone, behind: Colour, palette: Palette) -> Colour:
    """Returns the wished colour if it is clearly seen on what is behind it, else the first that is, else the best."""
    colours = [tone_of(palette, tone) for tone in (wished, *TONES)] + [palette.ink]
    for least in (CLEAR, ALONE):
        seen = next((colour for colour in colours if contrast(colour, behind) >= least), None)
        if seen is not None:
            return seen
    return max(colours, key=lambda colour: contrast(colour, behind))
