"""Makes a smoothly shaded drawing look printed: its light and shade fall in a few tones, with grain between them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy

from services.media.drawings import SOLID, TO_LAB, TO_LMS, Drawing, oklab
from services.media.skia import skia

STEP: Final = 0.11  # of lightness between two tones
STRENGTH: Final = 0.8  # of the tones against the smooth shading
SPREAD: Final = 0.9  # of a step, in which the grain of two tones mixes
GRAIN: Final = 0.8  # pixels of the grain's blur, of a drawing as large as it is rendered
PALE: Final = (0.86, 0.94)  # lightness from which a part has less grain, and none: specks on white look like dirt
LEAST_GRAIN: Final = 0.25  # of STRENGTH on such parts
COLOURED: Final = 0.03  # chroma from which a pixel has a hue
WARM: Final = (25.0, 115.0)  # degrees of OKLCH: drawings of such hues
REDDISH: Final = (285.0, 375.0)  # are shaded by the package towards these,
MOST_REDDISH: Final = 0.3  # up to this share of what has a hue: more is the thing's own
EDGE: Final = 12.0  # degrees in which that begins and ends
KEPT: Final = 0.8  # of the chroma of what is turned
TAKEN: Final = 16  # drawings kept
SEED: Final = 5
FROM_LAB: Final = numpy.linalg.inv(TO_LAB).astype(numpy.float32)
FROM_LMS: Final = numpy.linalg.inv(TO_LMS).astype(numpy.float32)


@lru_cache(maxsize=TAKEN)
def printed(drawing: Drawing) -> Drawing:
    """Returns the drawing with grained shading; the violet and pink shade of warm things takes their own hue."""
    pixels = drawing.image.toarray(colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType)
    lab = _unreddened(oklab(pixels[..., :3]), pixels[..., 3] >= SOLID)
    lightness, chroma = lab[..., 0], numpy.hypot(lab[..., 1], lab[..., 2])
    grain = _grain(*lightness.shape)
    toned = numpy.floor(lightness / STEP + (grain - 0.5) * SPREAD + 0.5) * STEP
    pale = numpy.clip((lightness - PALE[0]) / (PALE[1] - PALE[0]), 0, 1) * (chroma < 2 * COLOURED)
    share = STRENGTH * (1 - (1 - LEAST_GRAIN) * pale)
    lab[..., 0] = numpy.clip(lightness + (toned - lightness) * share, 0, 1)
    made = numpy.dstack([_rgb(lab), pixels[..., 3]])
    image = skia.Image.fromarray(
        numpy.ascontiguousarray(made), colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType
    )
    return Drawing(name=drawing.name, image=image)


def _unreddened(lab: Any, solid: Any) -> Any:
    """OKLab of a warm drawing without violet and pink in its shade; all others as they are."""
    chroma = numpy.hypot(lab[..., 1], lab[..., 2])
    hue = numpy.degrees(numpy.arctan2(lab[..., 2], lab[..., 1])) % 360
    coloured = solid & (chroma > COLOURED)
    if not coloured.any():
        return lab
    counts = numpy.histogram(hue[coloured], bins=36, range=(0, 360), weights=chroma[coloured])[0]
    main = 10.0 * float(numpy.argmax(counts + numpy.roll(counts, 1) + numpy.roll(counts, -1))) + 5
    turned = numpy.where(hue < REDDISH[1] - 360, hue + 360, hue)
    reddish = (turned > REDDISH[0]) & (turned < REDDISH[1])
    if not WARM[0] <= main <= WARM[1] or (reddish & coloured).sum() > MOST_REDDISH * coloured.sum():
        return lab
    share = numpy.clip(numpy.minimum(turned - REDDISH[0], REDDISH[1] - turned) / EDGE, 0, 1)
    angle = numpy.radians(main)
    made = lab.copy()
    made[..., 1] += (KEPT * chroma * numpy.cos(angle) - lab[..., 1]) * share
    made[..., 2] += (KEPT * chroma * numpy.sin(angle) - lab[..., 2]) * share
    return made


@lru_cache(maxsize=2)
def _grain(height: int, width: int) -> Any:
    """Grain, evenly spread between 0 and 1; the same for each size."""
    noise = numpy.random.default_rng(SEED).standard_normal((height + 8, width + 8)).astype(numpy.float32)
    reach = numpy.arange(-4, 5)
    weights = numpy.exp(-(reach**2) / (2 * GRAIN**2)).astype(numpy.float32)
    rows = sum(weight * noise[place : place + height] for place, weight in enumerate(weights[:9]))
    both = sum(weight * rows[:, place : place + width] for place, weight in enumerate(weights[:9]))
    return 1 / (1 + numpy.exp(-1.702 * both / both.std()))


def _rgb(lab: Any) -> Any:
    """sRGB bytes of OKLab."""
    linear = numpy.clip(((lab @ FROM_LAB) ** 3) @ FROM_LMS, 0, 1)
    encoded = numpy.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return numpy.rint(encoded * 255).astype(numpy.uint8)
