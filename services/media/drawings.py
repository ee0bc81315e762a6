"""Drawings of objects in their own colours or a brand's, and pictograms and icons of one colour: Microsoft's Fluent
Emoji and Lucide, from the files that model_files.py stores. A name with a dot is that of a sign (signs.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy

from services.media import signs
from services.media.colour import BLACK, Colour
from services.media.drawing_files import GRID, drawing_file
from services.media.skia import skia

EDGE: Final = 768  # pixels of a drawing's longer side: about as large as a picture shows it
FINER: Final = 2  # times as large as it is rendered at first: parts that have filters are drawn without smooth edges
ICON_GRID: Final = 24  # of an icon that names none
CACHED: Final = 4  # toned drawings, of at most 2.4 MB each
CACHED_PIXELS: Final = 8  # rendered drawings, likewise: rendering one takes the longest
FAINT: Final = 6  # alpha up to which nothing is seen
SOLID: Final = 200  # alpha from which a pixel counts for the range of a drawing's lightness
KNOTS: Final = 9  # colours from the darkest to the middle tone that are mixed in OKLab; those between are nearly so
TONES: Final = 256  # steps between a drawing's darkest and lightest tone
EXTREMES: Final = (2.0, 98.0)  # percentiles of a drawing's lightness that take the darkest and the lightest tone
LEAST_RANGE: Final = 0.3  # of lightness: a drawing of nearly one tone keeps soft shades
NEUTRAL: Final = (0.045, 0.085)  # chroma up to which a part stays as it is, and from which it takes the tones fully
MOSTLY_DARK: Final = 0.5  # share of coloured parts below which a dark drawing takes the tones as a whole
DARK_BELOW: Final = 0.5  # its lightness in the middle
GLOW: Final = 120  # alpha up to which an edge is the drawing's own glow
RIM_STEPS: Final = 32  # copies around a drawing that make the rim
RIM_OF: Final = 4  # pixels from its outline that count as a drawing's edge
SMOOTH: Final = skia.SamplingOptions(skia.FilterMode.kLinear)
TO_LMS: Final = numpy.array(
    [
        [0.4122214708, 0.2119034982, 0.0883024619],
        [0.5363325363, 0.6806995451, 0.2817188376],
        [0.0514459929, 0.1073969566, 0.6299787005],
    ],
    dtype=numpy.float32,
)
TO_LAB: Final = numpy.array(
    [
        [0.2104542553, 1.9779984951, 0.0259040371],
        [0.7936177850, -2.4285922050, 0.7827717662],
        [-0.0040720468, 0.4505937099, -0.8086757660],
    ],
    dtype=numpy.float32,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A rendered drawing, cropped to what it shows. image: a skia.Image with transparency."""

    name: str
    image: Any

    @property
    def alpha(self) -> Any:
        """The opacity of each pixel, as an array of bytes."""
        return self.image.toarray(colorType=skia.kRGBA_8888_ColorType)[..., 3]

    @property
    def aspect(self) -> float:
        """Width over height."""
        return float(self.image.width() / self.image.height())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tones:
    """The colours that a drawing's darkest, middle and lightest tones take."""

    dark: Colour
    middle: Colour
    light: Colour

    def mixed(self, other: Colour, share: float) -> Tones:
        """Returns the tones with `share` (0..1) of another colour."""
        dark, middle, light = (tone.mixed(other, share) for tone in (self.dark, self.middle, self.light))
        return Tones(dark=dark, middle=middle, light=light)

    def ramp(self) -> Any:
        """Returns TONES colours from dark to light as an array of bytes, in equal steps of OKLab."""
        steps = numpy.linspace(0.0, 1.0, KNOTS)
        knots = [self.dark.mixed(self.middle, step) for step in steps]
        knots += [self.middle.mixed(self.light, step) for step in steps[1:]]
        channels = numpy.array([(colour.red, colour.green, colour.blue) for colour in knots])
        at, of = numpy.linspace(0.0, 1.0, TONES), numpy.linspace(0.0, 1.0, len(knots))
        columns = [numpy.interp(at, of, channels[:, channel]) for channel in range(3)]
        return numpy.rint(numpy.stack(columns, axis=1) * 255).astype(numpy.uint8)


@lru_cache(maxsize=CACHED)
def render(path: Path, name: str, colour: Colour) -> Drawing:
    """Renders a pictogram of the file in a colour, EDGE pixels on its longer side before it is cropped.

    Raises KeyError, OSError, and ValueError for a drawing that is empty.
    """
    surface = skia.Surface(EDGE, EDGE)
    canvas = surface.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    draw_icon(canvas, path, name, left=0, top=0, size=EDGE, colour=colour, grid=GRID)
    alpha = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., 3]
    seen = _bounds(alpha > FAINT)
    if seen is None:
        raise ValueError(f"the drawing {name} is empty")
    return Drawing(name=name, image=surface.makeImageSnapshot(skia.IRect.MakeLTRB(*seen)))


@lru_cache(maxsize=CACHED)
def render_own(path: Path, name: str) -> Drawing:
    """Renders a shaded drawing of the file in its own colours, cropped to what it shows.

    EDGE pixels on its longer side before it is cropped. Raises KeyError, OSError, and ValueError for a drawing that is
    empty.
    """
    return Drawing(name=name, image=_image(_pixels(path, name)))


@lru_cache(maxsize=CACHED)
def render_toned(path: Path, name: str, tones: Tones) -> Drawing:
    """Renders a shaded drawing of the file whose coloured parts have their lightness mapped to tones; white and grey
    parts stay, so that pages, soles and blades look like what they are. A drawing that is nearly black takes them as a
    whole: it would be lost on dark grounds.

    EDGE pixels on its longer side before it is cropped. Raises KeyError, OSError, and ValueError for a drawing that is
    empty.
    """
    shades, share = _shades(path, name)
    own = _pixels(path, name)
    mixed = own[..., :3] + (tones.ramp()[shades].astype(numpy.float32) - own[..., :3]) * share[..., None]
    return Drawing(name=name, image=_image(numpy.dstack([numpy.rint(mixed).astype(numpy.uint8), own[..., 3]])))


def rimmed(drawing: Drawing, colour: Colour, width: int) -> Drawing:
    """Returns the drawing with a rim of one colour around it, `width` pixels of its image wide, like a sticker's."""
    image = drawing.image
    surface = skia.Surface(image.width() + 2 * width, image.height() + 2 * width)
    canvas = surface.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    paint = skia.Paint(ColorFilter=skia.ColorFilters.Blend(colour.argb(1.0), skia.BlendMode.kSrcIn))
    # the drawing's own glow has none: it would be a smear of the rim's colour
    alpha = (drawing.alpha.astype(numpy.float32) - GLOW) / (255 - GLOW)
    solid = _image(numpy.dstack([numpy.zeros((*alpha.shape, 3)), numpy.clip(alpha, 0, 1) * 255]).astype(numpy.uint8))
    for step in range(RIM_STEPS):
        angle = 2 * math.pi * step / RIM_STEPS
        canvas.drawImage(solid, width * (1 + math.cos(angle)), width * (1 + math.sin(angle)), SMOOTH, paint)
    canvas.drawImage(image, width, width)
    return Drawing(name=drawing.name, image=surface.makeImageSnapshot())


def blending(drawing: Drawing, behind: Colour, apart: float) -> float:
    """Returns the share of a drawing's edge, 0 to 1, that is nearer than `apart` (a distance in OKLab) to a colour."""
    pixels = drawing.image.toarray(colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType)
    solid = pixels[..., 3] >= SOLID
    inner = numpy.pad(solid, RIM_OF)
    size = 2 * RIM_OF
    inside = inner[:-size, RIM_OF:-RIM_OF] & inner[size:, RIM_OF:-RIM_OF]
    inside &= inner[RIM_OF:-RIM_OF, :-size] & inner[RIM_OF:-RIM_OF, size:]
    edge = pixels[solid & ~inside][:, :3]
    if not len(edge):
        return 0.0
    ground = numpy.array([[behind.red, behind.green, behind.blue]], dtype=numpy.float32) * 255
    far = numpy.linalg.norm(oklab(edge) - oklab(ground), axis=1)
    return float((far < apart).mean())


def _image(pixels: Any) -> Any:
    return skia.Image.fromarray(
        numpy.ascontiguousarray(pixels), colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType
    )


@lru_cache(maxsize=CACHED_PIXELS)
def _pixels(path: Path, name: str) -> Any:
    """A drawing's own pixels, RGBA, cropped: rendering takes 0.4 to 1 s, giving it tones 20 ms."""
    surface = skia.Surface(EDGE, EDGE)
    surface.getCanvas().clear(skia.ColorTRANSPARENT)
    surface.getCanvas().drawImageRect(_large(path, name), skia.Rect.MakeWH(EDGE, EDGE), SMOOTH, skia.Paint())
    pixels = surface.makeImageSnapshot().toarray(
        colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType
    )
    seen = _bounds(pixels[..., 3] > FAINT)
    if seen is None:
        raise ValueError(f"the drawing {name} is empty")
    left, top, right, bottom = seen
    return numpy.ascontiguousarray(pixels[top:bottom, left:right])


def _large(path: Path, name: str) -> Any:
    """A drawing as an image of FINER times the usual size, or a sign, whose edges are smooth at the usual one."""
    if signs.is_sign(name):
        return _image(signs.pixels_of(path, name, EDGE))
    large = skia.Surface(EDGE * FINER, EDGE * FINER)
    large.getCanvas().clear(skia.ColorTRANSPARENT)
    draw_icon(large.getCanvas(), path, name, left=0, top=0, size=EDGE * FINER, colour=BLACK, grid=GRID)
    return large.makeImageSnapshot()


@lru_cache(maxsize=CACHED)
def _shades(path: Path, name: str) -> tuple[Any, Any]:
    """The index of each pixel's tone, and the share of it that the pixel takes: none for white, grey and black."""
    pixels = _pixels(path, name)
    lab = oklab(pixels[..., :3])
    lightness, chroma = lab[..., 0], numpy.hypot(lab[..., 1], lab[..., 2])
    rise = numpy.clip((chroma - NEUTRAL[0]) / (NEUTRAL[1] - NEUTRAL[0]), 0.0, 1.0)
    if signs.is_sign(name):  # its lightness is the tone itself
        return numpy.clip(numpy.rint(lightness * (TONES - 1)), 0, TONES - 1).astype(numpy.uint8), numpy.ones_like(rise)
    solid = pixels[..., 3] >= SOLID
    if rise[solid].mean() < MOSTLY_DARK and numpy.median(lightness[solid]) < DARK_BELOW:
        rise = numpy.ones_like(rise)
    coloured = lightness[solid & (rise > 0.5)]
    low, high = numpy.percentile(coloured if coloured.size else lightness, EXTREMES)
    spread = max(high - low, LEAST_RANGE)
    place = (lightness - (low + high - spread) / 2) / spread
    shades = numpy.clip(numpy.rint(place * (TONES - 1)), 0, TONES - 1).astype(numpy.uint8)
    return shades, rise.astype(numpy.float32)


def oklab(pixels: Any) -> Any:
    """Returns OKLab of sRGB bytes, in arrays of (…, 3); the matrices are Björn Ottosson's."""
    channels = pixels.astype(numpy.float32) / 255
    linear = numpy.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return numpy.cbrt(linear @ TO_LMS) @ TO_LAB


def draw_icon(
    canvas: Any,
    path: Path,
    name: str,
    *,
    left: float,
    top: float,
    size: float,
    colour: Colour,
    grid: int = ICON_GRID,
) -> None:
    """Draws an icon of the file into a square of `size` pixels, as outlines, so that it is sharp at any size.

    grid: width and height of an icon that names none. Raises KeyError, OSError, and ValueError for an icon that cannot
    be read.
    """
    text = drawing_file(path).svg(name, grid=grid).replace("currentColor", colour.hex)
    picture = skia.SVGDOM.MakeFromStream(skia.MemoryStream(text.encode(), True))
    if picture is None:
        raise ValueError(f"the icon {name} cannot be read")
    canvas.save()
    canvas.translate(left, top)
    canvas.scale(size / grid, size / grid)
    picture.render(canvas)
    canvas.restore()


def _bounds(mask: Any) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) of what a mask holds, None for an empty one."""
    rows, columns = numpy.flatnonzero(mask.any(axis=1)), numpy.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
