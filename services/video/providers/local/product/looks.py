"""The look of a product film: colours by ground, and the grounds themselves."""

from __future__ import annotations

import random
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from services.media import fonts
from services.media.colour import LARGE_TEXT_CONTRAST, Colour, Palette, contrast
from services.media.field_palette import Scheme, field_palette, house_colours
from services.media.skia import skia
from services.video.providers.local.product.layers import FINE, painted
from services.video.providers.local.strokes import along, box, image_of

BLUR_SIDE: Final = 90  # pixels of the small picture that a blurred ground is made of
DARK: Final = Colour.of("#0d0f14")
WHITE: Final = Colour.of("#ffffff")
FAMILIES: Final = ("Montserrat", "Sora", "Poppins", "Manrope", "DM Sans", "Inter")  # that have weight 800
LIT: Final = 0.014  # of lightness that a ground gains towards its upper left
APART: Final = 1.35  # contrast of the brand's ground against the deep one, from which a cut between them is seen
PANEL: Final = 1.6  # contrast of a panel against the ground, from which it is seen as one
LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
EXTREMES: Final = (3.0, 97.0)  # percentiles of a place's luminance that take the darkest and the brightest shade
LEAST_RANGE: Final = 0.1
READ: Final = 5.0  # contrast of ink on a place
PLACE_RANGE: Final = (0.08, 0.17)  # of lightness, that the shades of a place are darker and brighter than the ground
FLAT: Final = ("brand", "deep", "paper")  # grounds of one colour
HUED: Final = 0.035  # chroma from which a colour has a hue
GRAIN: Final = 7  # of 255, the opacity of grain: gradients do not band


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """Colours of one ground: what it is filled with, what is written on it, what stands out from it, and fields."""

    ground: Colour
    ink: Colour
    accent: Colour
    accent_ink: Colour
    panel: Colour
    panel_ink: Colour
    second: Colour
    third: Colour

    @property
    def large_ink(self) -> Colour:
        """The accent where large text in it is read on the ground, else the ink."""
        return self.accent if contrast(self.accent, self.ground) >= LARGE_TEXT_CONTRAST else self.ink


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The tones of a film by the name of the ground."""

    tones: dict[str, Tone]

    def of(self, ground: str) -> Tone:
        return self.tones[ground]

    @property
    def article(self) -> Colour:
        """What a drawn article that is made in any colour has in every shot: of the colours that stand out, the one
        that does so from all grounds; with a hue where there is one."""
        tones = [self.tones[name] for name in FLAT]
        inks = dict.fromkeys(ink for tone in tones for ink in (tone.second, tone.accent, tone.third))

        def worth(ink: Colour) -> tuple[bool, float]:
            return ink.chroma >= HUED, min(contrast(ink, tone.ground) for tone in tones)

        return max(inks, key=worth)


def look_of(brand: Sequence[str], seed: str, sensitive: Collection[str] = ()) -> Look:
    """Builds the look from a brand's colours ("#rrggbb", most important first), or from house colours without them."""
    colours = tuple(brand) or house_colours(random.Random(f"colours {seed}"), sensitive)
    tones = {
        "brand": _brand_tone(colours),
        "deep": _tone(field_palette(colours, Scheme.DEEP)),
        "paper": _tone(field_palette(colours, Scheme.PAPER)),
    }
    accent = max((tones["deep"].accent, tones["brand"].ground, tones["brand"].second), key=_brightness)
    light = accent.with_lightness(max(accent.lightness, 0.72))
    photo = replace(
        tones["deep"], ground=DARK, ink=WHITE, accent=light, accent_ink=_ink_on(light), panel=WHITE, panel_ink=DARK
    )
    tones["photo"] = tones["blur"] = photo
    return Look(tones=tones)


def _brand_tone(colours: Sequence[str]) -> Tone:
    """The ground of the brand's main colour; of its second one where the main one is as dark as the deep ground."""
    tone, deep = _tone(field_palette(colours, Scheme.BRAND)), field_palette(colours, Scheme.DEEP).background
    for number in range(1, len(colours)):
        if contrast(tone.ground, deep) >= APART:
            break
        tone = _tone(field_palette((colours[number], *colours[:number], *colours[number + 1 :]), Scheme.BRAND))
    return tone


def _tone(made: Palette) -> Tone:
    panel = made.surface if contrast(made.surface, made.background) > PANEL else made.shade
    return Tone(
        ground=made.background,
        ink=made.ink,
        accent=made.accent,
        accent_ink=made.accent_ink,
        panel=panel,
        panel_ink=_ink_on(panel),
        second=made.secondary,
        third=made.tertiary,
    )


def _brightness(colour: Colour) -> float:
    return colour.lightness + 2 * min(colour.chroma, 0.15)


def _ink_on(ground: Colour) -> Colour:
    return max((WHITE, DARK), key=lambda each: contrast(ground, each))


def family_of(brand_font: str, seed: str) -> str:
    """The typeface: the brand's or the one nearest to it, else one that the seed draws."""
    return fonts.nearest_family(brand_font) if brand_font else random.Random(f"type {seed}").choice(FAMILIES)


def flat_ground(tone: Tone, width: int, height: int, seed: str) -> Any:
    """One colour, a little lighter at the upper left."""

    def draw(canvas: Any) -> None:
        ends = [tone.ground.lighter(LIT), tone.ground.lighter(-LIT)]
        canvas.drawPaint(along((0, 0), (width, height), ends))
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


def place_ground(place: Any, tone: Tone, width: int, height: int, seed: str) -> Any:
    """A photographed place in shades of the ground's colour, as dark as it: what is written on the ground is read."""
    light = place.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3].astype(np.float32) @ LUMINANCE / 255
    low, high = np.percentile(light, EXTREMES)
    share = np.clip((light - low) / max(high - low, LEAST_RANGE), 0, 1)[..., None]
    dark, bright = (
        np.array([shade.red, shade.green, shade.blue], np.float32) * 255
        for shade in (tone.ground.lighter(-PLACE_RANGE[0]), _brightest(tone))
    )
    shades = np.rint(dark + (bright - dark) * share).astype(np.uint8)
    small = image_of(np.dstack([shades[..., ::-1], np.full(light.shape, 255, np.uint8)]), opaque=True)

    def draw(canvas: Any) -> None:
        canvas.drawImageRect(small, box(0, 0, width, height), FINE)
        _grain(canvas, width, height, seed)

    return painted(width, height, draw, opaque=True)


def _brightest(tone: Tone) -> Colour:
    """The brightest shade of a place on which everything is read that is read on the ground."""
    inks = {tone.ink: READ, tone.large_ink: LARGE_TEXT_CONTRAST}
    rise = PLACE_RANGE[1]
    while rise > 0.01 and any(contrast(ink, tone.ground.lighter(rise)) < least for ink, least in inks.items()):
        rise -= 0.01
    return tone.ground.lighter(max(rise, 0.0))


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
