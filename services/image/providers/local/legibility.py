"""Whether text can be read: WCAG contrast measured from pixels, and what repairs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from services.image.providers.local.geometry import Box
from services.media.colour import LARGE_TEXT_CONTRAST, TEXT_CONTRAST, Colour

Pixels = NDArray[numpy.uint8]
Luminances = NDArray[numpy.float32]

# WCAG's large type is 24 CSS px, or 18.66 px when bold. Ads are seen about 390 CSS px wide, where 1080 are drawn.
VIEWED_AT: Final = 390.0
LARGE_PIXELS: Final = 24.0 * 1080 / VIEWED_AT
LARGE_BOLD_PIXELS: Final = 18.66 * 1080 / VIEWED_AT
BOLD: Final = 700

# The share of pixels that may read worse than the stated contrast: single specks of grain under a letter are nobody's
# trouble, a twentieth of the ground is.
WORST_SHARE: Final = 0.02

_LINEAR: Final[Luminances] = numpy.array(
    [value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in range(256)],
    dtype=numpy.float32,
)
_WEIGHTED: Final[tuple[Luminances, ...]] = tuple(_LINEAR * numpy.float32(weight) for weight in (0.2126, 0.7152, 0.0722))
SAMPLED_BYTES: Final = 80_000  # of pixels under a line, from which on every second will do to choose a colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A measured text: its contrast ratio and what it must have."""

    ratio: float
    needed: float

    @property
    def passes(self) -> bool:
        return self.ratio >= self.needed


def needed_contrast(size: float, weight: int) -> float:
    """3 for large type, 4.5 for all other; the size in pixels of a picture 1080 wide."""
    large = size >= LARGE_PIXELS or (weight >= BOLD and size >= LARGE_BOLD_PIXELS)
    return LARGE_TEXT_CONTRAST if large else TEXT_CONTRAST


def luminances(pixels: Pixels) -> Luminances:
    """Relative luminance of each pixel of an RGB(A) array."""
    red, green, blue = _WEIGHTED
    weighted: Luminances = red[pixels[..., 0]] + green[pixels[..., 1]] + blue[pixels[..., 2]]
    return weighted


def cut(pixels: Pixels, box: Box, around: float = 3.0) -> Pixels:
    """The pixels under a box and a little around it."""
    height, width = pixels.shape[:2]
    left, top = max(0, int(box.left - around)), max(0, int(box.top - around))
    right, bottom = min(width, int(box.right + around) + 1), min(height, int(box.bottom + around) + 1)
    return pixels[top:bottom, left:right]


def ratio_on(ground: Luminances, text_luminance: float) -> float:
    """The contrast that all but WORST_SHARE of the ground reach."""
    if ground.size == 0:
        return 21.0
    light = numpy.maximum(ground, text_luminance) + 0.05
    dark = numpy.minimum(ground, text_luminance) + 0.05
    return float(numpy.quantile(light / dark, WORST_SHARE))


def ratio_of_colour(pixels: Pixels, boxes: Sequence[Box], colour: Colour) -> float:
    """The worst contrast of a text colour over the ground under several boxes."""
    return min((ratio_on(luminances(_sampled(cut(pixels, box))), colour.luminance) for box in boxes), default=21.0)


def _sampled(under: Pixels) -> Pixels:
    """Every second pixel each way of a large piece: the finished picture is measured in full."""
    return under[::2, ::2] if under.size > SAMPLED_BYTES else under


def finished_ratio(picture: Pixels, coverage: Pixels) -> float:
    """The contrast of drawn text against what surrounds its letters, from the finished picture alone.

    coverage: the text's own glyph coverage, 0..255, the picture's size. The letters' luminance is the median where they
    cover a pixel wholly; the ground is what lies within 4 px of a letter and is not touched by one.
    """
    rows = numpy.flatnonzero(coverage.any(axis=1))
    columns = numpy.flatnonzero(coverage.any(axis=0))
    if rows.size == 0:
        return 21.0
    reach = 6
    top, bottom = max(0, rows[0] - reach), rows[-1] + reach + 1
    left, right = max(0, columns[0] - reach), columns[-1] + reach + 1
    covered = coverage[top:bottom, left:right]
    light = luminances(picture[top:bottom, left:right])
    whole = covered >= 250
    if not whole.any():
        whole = covered >= covered.max()
    near = covered > 0
    for _ in range(4):
        grown = near.copy()
        grown[1:] |= near[:-1]
        grown[:-1] |= near[1:]
        grown[:, 1:] |= near[:, :-1]
        grown[:, :-1] |= near[:, 1:]
        near = grown
    touched = covered > 0
    touched[1:] |= covered[:-1] > 0
    touched[:-1] |= covered[1:] > 0
    ground = light[near & ~touched]
    return ratio_on(ground, float(numpy.median(light[whole])))


def pixels_of(surface: Any) -> Pixels:
    """A copy of a skia surface's pixels, RGBA."""
    array: Pixels = surface.makeImageSnapshot().toarray(colorType=_rgba())
    return array


def _rgba() -> Any:
    from services.media.skia import skia

    return skia.kRGBA_8888_ColorType
