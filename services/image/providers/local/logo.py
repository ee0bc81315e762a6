"""The brand's logo: read and trimmed, and put on a plate where the ground would swallow it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy
from PIL import Image

from services.image.providers.local import brushes, legibility
from services.image.providers.local.geometry import Box
from services.image.providers.local.legibility import Pixels
from services.media import svg
from services.media.colour import Colour, Palette
from services.media.photo import decode_photo
from services.media.skia import skia

NAMED: Final = "The brand's logo"
LONGEST_SIDE: Final = 1200  # pixels; a logo is drawn at most half as wide
FAINT: Final = 16  # of 255: less opaque pixels are margin
MARGIN_TONES: Final = 12  # of 255: what a colour may differ from the margin's and still be margin
SOLID_SHARE: Final = 0.97  # of pixels: a logo without transparency has a ground of its own
SEEN_CONTRAST: Final = 2.4  # a pixel of a logo against the ground: enough to be seen on it
SEEN_SHARE: Final = 0.75  # of the logo's pixels that must be seen
PLATE_INSET: Final = 0.13  # of the shorter side: the margin of a plate
SAMPLE_SIDE: Final = 160  # pixels; the logo is measured at this size


def read_logo(path: Path) -> Any:
    """Returns the logo as a skia.Image without its empty margins. Raises InputFault."""
    content = path.read_bytes()
    picture = svg.render(content, LONGEST_SIDE, named=NAMED) if svg.is_svg(content) else None
    if picture is None:
        picture = decode_photo(path, named=NAMED, longest_side=LONGEST_SIDE).convert("RGBA")
    pixels = numpy.ascontiguousarray(numpy.asarray(_trimmed(picture)))
    return skia.Image.fromarray(pixels, colorType=skia.kRGBA_8888_ColorType)


def _trimmed(picture: Image.Image) -> Image.Image:
    pixels = numpy.asarray(picture).astype(numpy.int16)
    ink = pixels[..., 3] > FAINT
    if ink.mean() > SOLID_SHARE:
        ink = numpy.abs(pixels[..., :3] - pixels[0, 0, :3]).max(axis=2) > MARGIN_TONES
    rows, columns = numpy.flatnonzero(ink.any(axis=1)), numpy.flatnonzero(ink.any(axis=0))
    if not rows.size:
        return picture
    return picture.crop((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))


def plate_of(logo: Any, underlay: Pixels, box: Box, palette: Palette) -> Colour | None:
    """Returns the colour of the plate that the logo needs; None where it is seen on the ground as it is.

    A logo without transparency brings its ground along: the plate continues it to round corners.
    """
    mark = _sampled(logo)
    opaque = mark[..., 3] > FAINT
    if opaque.mean() > SOLID_SHARE:
        edge = numpy.concatenate([mark[0], mark[-1], mark[:, 0], mark[:, -1]])[:, :3]
        if numpy.abs(edge.astype(numpy.int16) - numpy.median(edge, axis=0)).max(axis=1).mean() > MARGIN_TONES * 2:
            return None  # a picture up to its edges
        return Colour(*(float(channel) / 255 for channel in numpy.median(edge, axis=0)))
    luminances = legibility.luminances(mark[..., :3])[opaque]
    under = float(legibility.luminances(legibility.cut(underlay, box)[..., :3]).mean())
    if _seen(luminances, under) >= SEEN_SHARE:
        return None
    light = Colour.from_oklch(0.985, 0.004, palette.background.hue)
    dark = palette.shade.with_lightness(0.17)
    return max((light, dark), key=lambda colour: _seen(luminances, colour.luminance))


def _seen(luminances: Any, ground: float) -> float:
    """Returns the share of the logo's pixels that can be seen on a ground of the given luminance."""
    high, low = numpy.maximum(luminances, ground), numpy.minimum(luminances, ground)
    return float(((high + 0.05) / (low + 0.05) >= SEEN_CONTRAST).mean())


def _sampled(logo: Any) -> Pixels:
    pixels = logo.toarray(colorType=skia.kRGBA_8888_ColorType)
    step = max(1, max(pixels.shape[:2]) // SAMPLE_SIDE)
    sampled: Pixels = pixels[::step, ::step]
    return sampled


def draw(canvas: Any, logo: Any, box: Box, plate: Colour | None) -> None:
    """Draws the logo into its box, on a plate of the given colour if there is one."""
    if plate is not None:
        margin = min(box.width, box.height) * PLATE_INSET
        canvas.drawRRect(brushes.rounded(box.inset(-margin, -margin), margin * 1.6), brushes.fill(plate))
    canvas.drawImageRect(logo, brushes.rect(box), skia.SamplingOptions(skia.CubicResampler.Mitchell()))
