"""The look of a product film: colours by ground, and the grounds themselves."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from services.media.colour import Colour, Mood, contrast, palette, readable_on
from services.media.skia import skia
from services.video.providers.local.product.layers import FINE, painted
from services.video.providers.local.strokes import along, around, box, fill, image_of

BLUR_SIDE: Final = 90  # pixels of the small picture that a blurred ground is made of
DARK: Final = Colour.of("#0d0f14")
WHITE: Final = Colour.of("#ffffff")
GRAIN: Final = 7  # of 255, the opacity of grain: gradients do not band


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """Colours of one ground: what it is filled with, what is written on it, and what stands out from it."""

    start: Colour
    end: Colour
    glow: Colour
    ink: Colour
    accent: Colour
    accent_ink: Colour
    panel: Colour
    panel_ink: Colour
    disc: Colour = WHITE


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The tones of a film by the name of the ground."""

    tones: dict[str, Tone]

    def of(self, ground: str) -> Tone:
        return self.tones[ground]


def look_of(brand: Sequence[str], seed: str) -> Look:
    """Builds the look from a brand's colours ("#rrggbb", most important first)."""
    base = palette(brand, mood=Mood.DARK)
    bright = palette(brand, mood=Mood.VIVID)
    light = palette(brand, mood=Mood.LIGHT)
    accent = base.accent if contrast(base.accent, WHITE) > 1.25 else bright.accent
    field = bright.background.with_lightness(min(max(bright.background.lightness, 0.45), 0.72))
    field_ink = max((WHITE, DARK), key=lambda ink: contrast(field, ink))
    over = max((accent, bright.accent, light.accent, DARK, WHITE), key=lambda each: _apart(each, field))
    tones = {
        "brand": _tone(base.background, base.background_end, base.glow, base.ink, accent),
        "accent": _tone(field.lighter(0.03), field.lighter(-0.07), field.lighter(0.14), field_ink, over),
        "light": _tone(
            light.background, light.background_end, WHITE, light.ink, readable_on(light.background, light.accent, 3.0)
        ),
    }
    tones["brand"] = replace(tones["brand"], disc=field.with_lightness(max(field.lightness, 0.66)))
    photo = _tone(DARK, DARK, WHITE, WHITE, accent.with_lightness(max(accent.lightness, 0.72)))
    tones["photo"] = tones["blur"] = photo
    return Look(tones=tones)


def _apart(one: Colour, other: Colour) -> float:
    return min(contrast(one, other), 5.0) + 4 * min(one.chroma, 0.15)


def _tone(start: Colour, end: Colour, glow: Colour, ink: Colour, accent: Colour) -> Tone:
    accent_ink = max((WHITE, DARK), key=lambda each: contrast(accent, each))
    return Tone(
        start=start,
        end=end,
        glow=glow,
        ink=ink,
        accent=accent,
        accent_ink=accent_ink,
        panel=WHITE,
        panel_ink=DARK,
    )


def flat_ground(tone: Tone, width: int, height: int, focus: tuple[float, float], seed: str) -> Any:
    """A gradient with light at `focus` (pixels), and two large soft shapes that the seed places."""
    chance = np.random.default_rng(zlib.crc32(f"ground {seed}".encode()))

    def draw(canvas: Any) -> None:
        canvas.drawPaint(along((0, 0), (width * 0.35, height), [tone.start, tone.end]))
        reach = 0.62 * max(min(width, height) * 1.15, height * 0.62)
        x, y = focus
        canvas.drawCircle(x, y, reach, around((x, y), reach, [(tone.glow, 0.55), (tone.glow, 0.18), (tone.glow, 0.0)]))
        for alpha, edge in ((0.13, 0.0), (0.10, 1.0)):
            radius = min(width, height) * chance.uniform(0.42, 0.62)
            at = (width * abs(edge - chance.uniform(-0.05, 0.12)), height * chance.uniform(0.72, 1.02))
            canvas.drawCircle(*at, radius, fill(tone.glow, alpha))
        _grain(canvas, width, height, seed)

    return painted(width, height, draw, opaque=True)


def photo_ground(photo: Any, width: int, height: int) -> Any:
    """The photo scaled so that it covers the frame, as large as a moving camera needs it."""
    grow = max(width / photo.width(), height / photo.height())
    scaled_width, scaled_height = photo.width() * grow, photo.height() * grow

    def draw(canvas: Any) -> None:
        canvas.drawImageRect(photo, box(0, 0, scaled_width, scaled_height), FINE)

    return painted(round(scaled_width), round(scaled_height), draw, opaque=True)


def blur_ground(photo: Any, tone: Tone, brand: Colour, width: int, height: int, seed: str) -> Any:
    """The photo out of focus, darkened in the brand's hue, so that white text is read on it."""
    side = BLUR_SIDE / min(width, height)
    small_width, small_height = round(width * side), round(height * side)
    grow = max(small_width / photo.width(), small_height / photo.height())

    def small(canvas: Any) -> None:
        w, h = photo.width() * grow, photo.height() * grow
        paint = skia.Paint(ImageFilter=skia.ImageFilters.Blur(3.2, 3.2, skia.TileMode.kClamp))
        canvas.drawImageRect(
            photo, box((small_width - w) / 2, (small_height - h) / 2, w, h), skia.SamplingOptions(
                skia.FilterMode.kLinear, skia.MipmapMode.kLinear
            ), paint,
        )  # fmt: skip

    tiny = painted(small_width, small_height, small, opaque=True)
    shade = brand.with_lightness(0.2).with_chroma(min(brand.chroma, 0.08))

    def draw(canvas: Any) -> None:
        canvas.drawImageRect(tiny, box(-4, -4, width + 8, height + 8), FINE)
        canvas.drawPaint(skia.Paint(Color=shade.argb(0.52)))
        canvas.drawPaint(along((0, 0), (0, height), [(DARK, 0.35), (DARK, 0.1), (DARK, 0.55)]))
        _grain(canvas, width, height, seed)

    return painted(width, height, draw, opaque=True)


def scrim(width: int, height: int, top: float, bottom: float) -> Any:
    """A veil over a photo where text stands: from `top` to `bottom` in pixels, fading out on both sides."""

    def draw(canvas: Any) -> None:
        stops = [(DARK, 0.62), (DARK, 0.58), (DARK, 0.0)] if top <= 0 else [(DARK, 0.0), (DARK, 0.58), (DARK, 0.58)]
        canvas.drawRect(box(0, top, width, bottom - top), along((0, top), (0, bottom), stops, [0.0, 0.62, 1.0]))

    return painted(width, height if top > 0 else bottom, draw)


def side_scrim(width: int, height: int) -> Any:
    """A veil over the left side of a wide photo, where text stands, fading out to the right."""

    def draw(canvas: Any) -> None:
        stops = [(DARK, 0.66), (DARK, 0.6), (DARK, 0.0)]
        canvas.drawRect(box(0, 0, width, height), along((0, 0), (width * 0.72, 0), stops, [0.0, 0.66, 1.0]))

    return painted(width, height, draw)


def _grain(canvas: Any, width: int, height: int, seed: str) -> None:
    chance = np.random.default_rng(zlib.crc32(f"grain {seed}".encode()))
    noise = chance.integers(0, 256, (192, 192), np.uint8)
    alpha = np.full_like(noise, GRAIN)
    level = (noise.astype(np.uint16) * GRAIN // 255).astype(np.uint8)
    tile = image_of(np.dstack([level, level, level, alpha]))
    shader = tile.makeShader(skia.TileMode.kRepeat, skia.TileMode.kRepeat, skia.SamplingOptions())
    canvas.drawRect(box(0, 0, width, height), skia.Paint(Shader=shader))
