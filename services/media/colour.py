"""Colour conversions, contrast and harmonies in a perceptual space, and palettes from a brand's colours.

Colours are `Colour` values in sRGB. Harmonies and lightness steps are computed in OKLCH (Björn Ottosson, 2020: "A
perceptual color space for image processing"), where equal steps look equal and hues stay stable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

HEX: Final = re.compile(r"^#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})$")

TEXT_CONTRAST: Final = 4.5  # WCAG 2.2, success criterion 1.4.3
LARGE_TEXT_CONTRAST: Final = 3.0  # the same, for text of at least 24 px regular or 18.66 px bold at reading size


@dataclass(frozen=True, slots=True)
class Colour:
    """An sRGB colour; each channel 0..1."""

    red: float
    green: float
    blue: float

    @classmethod
    def of(cls, text: str) -> Colour:
        """Parses "#rrggbb" or "#rgb". Raises ValueError for any other text."""
        found = HEX.match(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is not a colour like #1a2b3c")
        digits = found.group(1)
        if len(digits) == 3:
            digits = "".join(digit * 2 for digit in digits)
        return cls(*(int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)))

    @classmethod
    def from_oklch(cls, lightness: float, chroma: float, hue: float) -> Colour:
        """Converts OKLCH (lightness 0..1, chroma 0..0.37, hue in degrees). Chroma is reduced to fit the sRGB gamut."""
        lightness = min(max(lightness, 0.0), 1.0)
        low, high = 0.0, max(chroma, 0.0)
        channels = _oklch_to_linear(lightness, high, hue)
        if not _in_gamut(channels):
            for _ in range(18):  # 18 bisections are finer than 8-bit channels
                middle = (low + high) / 2
                if _in_gamut(_oklch_to_linear(lightness, middle, hue)):
                    low = middle
                else:
                    high = middle
            channels = _oklch_to_linear(lightness, low, hue)
        return cls(*(_encode(min(max(channel, 0.0), 1.0)) for channel in channels))

    @property
    def hex(self) -> str:
        return "#" + "".join(f"{round(channel * 255):02x}" for channel in (self.red, self.green, self.blue))

    @property
    def oklch(self) -> tuple[float, float, float]:
        """(lightness 0..1, chroma, hue in degrees 0..360)."""
        red, green, blue = (_decode(channel) for channel in (self.red, self.green, self.blue))
        long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
        medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
        short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
        lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
        a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
        b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
        return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360

    @property
    def lightness(self) -> float:
        return self.oklch[0]

    @property
    def chroma(self) -> float:
        return self.oklch[1]

    @property
    def hue(self) -> float:
        return self.oklch[2]

    @property
    def luminance(self) -> float:
        """Relative luminance 0..1, as WCAG defines it."""
        return 0.2126 * _decode(self.red) + 0.7152 * _decode(self.green) + 0.0722 * _decode(self.blue)

    def with_lightness(self, lightness: float) -> Colour:
        _, chroma, hue = self.oklch
        return Colour.from_oklch(lightness, chroma, hue)

    def lighter(self, step: float) -> Colour:
        """Returns the colour with `step` added to its OKLCH lightness (darker when negative)."""
        return _lighter(self, step)

    def with_chroma(self, chroma: float) -> Colour:
        lightness, _, hue = self.oklch
        return Colour.from_oklch(lightness, chroma, hue)

    def turned(self, degrees: float) -> Colour:
        """Returns the colour with its hue rotated; lightness and chroma stay."""
        lightness, chroma, hue = self.oklch
        return Colour.from_oklch(lightness, chroma, hue + degrees)

    def mixed(self, other: Colour, share: float) -> Colour:
        """Blends in `share` (0..1) of the other colour in OKLab, which avoids greyish mixes."""
        first, second = _oklab(self), _oklab(other)
        lightness, a, b = (one + (two - one) * share for one, two in zip(first, second, strict=True))
        return Colour.from_oklch(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)))

    def argb(self, alpha: float = 1.0) -> int:
        """Returns the colour as skia's 32-bit ARGB number."""
        opacity = round(min(max(alpha, 0.0), 1.0) * 255)
        red, green, blue = (round(channel * 255) for channel in (self.red, self.green, self.blue))
        return opacity << 24 | red << 16 | green << 8 | blue


WHITE: Final = Colour(1.0, 1.0, 1.0)
BLACK: Final = Colour(0.0, 0.0, 0.0)


@lru_cache(maxsize=1024)
def _lighter(colour: Colour, step: float) -> Colour:
    """Cached: presenters are shaded in the same few steps in every frame."""
    lightness, chroma, hue = colour.oklch
    return Colour.from_oklch(lightness + step, chroma, hue)


def contrast(one: Colour, other: Colour) -> float:
    """The WCAG contrast ratio of two colours, 1..21."""
    return contrast_of_luminances(one.luminance, other.luminance)


def contrast_of_luminances(one: float, other: float) -> float:
    """The WCAG contrast ratio of two relative luminances, 1..21."""
    light, dark = max(one, other), min(one, other)
    return (light + 0.05) / (dark + 0.05)


def readable_on(background: Colour, wanted: Colour, ratio: float = TEXT_CONTRAST) -> Colour:
    """Returns the colour nearest to `wanted`, of its hue, whose contrast with `background` is at least `ratio`.

    Returns the better of white and black when no lightness of that hue suffices.
    """
    if contrast(background, wanted) >= ratio:
        return wanted
    lightness, chroma, hue = wanted.oklch
    for step in range(1, 51):
        for sign in (1, -1):
            candidate = Colour.from_oklch(lightness + sign * step * 0.02, chroma, hue)
            if contrast(background, candidate) >= ratio:
                return candidate
    return max((WHITE, BLACK), key=lambda colour: contrast(background, colour))


class Harmony(StrEnum):
    """The rule by which a palette derives further hues from the first."""

    ANALOGOUS = "analogous"
    COMPLEMENTARY = "complementary"
    SPLIT = "split"
    TRIADIC = "triadic"
    MONOCHROME = "monochrome"


QUIET_CHROMA: Final = 0.09  # colours below it are combined with neighbouring hues only

HARMONY_TURNS: Final[dict[Harmony, tuple[float, float]]] = {
    Harmony.ANALOGOUS: (34.0, -30.0),
    Harmony.COMPLEMENTARY: (180.0, 24.0),
    Harmony.SPLIT: (152.0, -152.0),
    Harmony.TRIADIC: (120.0, -120.0),
    Harmony.MONOCHROME: (0.0, 8.0),
}


class Mood(StrEnum):
    """Lightness and saturation of a palette's background."""

    LIGHT = "light"
    DARK = "dark"
    VIVID = "vivid"
    PASTEL = "pastel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours by role. `ink` and `muted_ink` are readable on `background` and `surface`, `accent_ink` on `accent`.

    `background` and `background_end` are the ends of the background's gradient. `surface` is for cards and podiums,
    `secondary` and `tertiary` are for shapes. `glow` and `shade` are light and shadow in the background's hue.
    """

    background: Colour
    background_end: Colour
    surface: Colour
    ink: Colour
    muted_ink: Colour
    accent: Colour
    accent_ink: Colour
    secondary: Colour
    tertiary: Colour
    glow: Colour
    shade: Colour

    @property
    def dark(self) -> bool:
        """Whether the background is dark."""
        return self.background.luminance < 0.18


DEFAULT_BRAND: Final = ("#2f5bea", "#ff7a45")  # for projects without colours: a clear blue and a warm counterpart


def palette(
    brand: Sequence[str],
    *,
    mood: Mood = Mood.LIGHT,
    harmony: Harmony = Harmony.COMPLEMENTARY,
    lead: int = 0,
) -> Palette:
    """Builds a palette from a brand's 0..5 colours ("#rrggbb", most important first).

    The brand's colours are used first, and `harmony` derives the missing ones. `lead` is the index of the brand colour
    that gives the background its hue. Raises ValueError for a text that is not a colour.
    """
    given = [Colour.of(text) for text in (brand or DEFAULT_BRAND)[:5]]
    hued = [colour for colour in given if colour.chroma >= 0.03]
    if not hued:  # a black, white or grey brand gets no hue; its accent is the strongest contrast
        return _neutral_palette(given, mood)
    first = hued[lead % len(hued)]
    others = [colour for colour in hued if colour is not first and _hue_distance(colour, first) > 14]
    turns = HARMONY_TURNS[harmony]
    if first.chroma < QUIET_CHROMA:  # a soft colour beside its saturated complement looks like two brands
        turns = HARMONY_TURNS[Harmony.ANALOGOUS]
    second = others[0] if others else first.turned(turns[0])
    third = others[1] if len(others) > 1 else first.turned(turns[1])
    if mood is Mood.DARK and _is_yellow(first) and others and not _is_yellow(second):
        first, second = second, first  # dark yellow looks muddy, so the brand's other colour becomes the background
    return _assembled(first, second, third, mood)


def _assembled(first: Colour, second: Colour, third: Colour, mood: Mood) -> Palette:
    _, chroma, hue = first.oklch
    if mood is Mood.DARK:
        background = Colour.from_oklch(0.20, min(chroma, 0.085), hue)
        background_end = Colour.from_oklch(0.33, min(chroma * 1.05, 0.15), hue + 10)
        surface = Colour.from_oklch(0.30, min(chroma, 0.09), hue)
        accent = _lively(second, 0.74)
        glow = Colour.from_oklch(0.62, min(chroma * 1.1, 0.2), hue)
    elif mood is Mood.VIVID:
        ground = min(max(first.lightness, 0.48), 0.87 if _is_yellow(first) else 0.72)
        background = Colour.from_oklch(ground, max(chroma, 0.12), hue)
        if ground < 0.66:  # white text is expected on saturated backgrounds, so the background is darkened for it
            background = readable_on(WHITE, background, 5.6)  # a reserve for light rays in the background
            ground = background.lightness
        background_end = Colour.from_oklch(ground - 0.1, max(chroma, 0.12), hue - 14)
        surface = Colour.from_oklch(min(ground + 0.12, 0.9), chroma * 0.8, hue)
        accent = _lively(second, 0.82 if ground < 0.62 else 0.36)
        glow = Colour.from_oklch(min(ground + 0.2, 0.94), chroma * 0.8, hue + 12)
    elif mood is Mood.PASTEL:
        background = Colour.from_oklch(0.915, min(chroma, 0.048), hue)
        background_end = Colour.from_oklch(0.86, min(chroma, 0.075), hue + 24)
        surface = Colour.from_oklch(0.965, 0.018, hue)
        accent = _lively(second, 0.56)
        glow = Colour.from_oklch(0.975, 0.02, hue + 30)
    else:
        background = Colour.from_oklch(0.965, min(chroma, 0.014), hue)
        background_end = Colour.from_oklch(0.90, min(chroma, 0.04), hue)
        surface = Colour.from_oklch(0.99, 0.004, hue)
        accent = first if 0.35 < first.lightness < 0.68 else _lively(first, 0.55)
        glow = Colour.from_oklch(0.99, 0.01, hue)
    ink_wish = (
        Colour.from_oklch(0.98, 0.012, hue)
        if background.luminance < (0.2 if mood is Mood.VIVID else 0.3)
        else Colour.from_oklch(0.22, min(chroma, 0.06), hue)
    )
    ink = readable_on(background, ink_wish, TEXT_CONTRAST if mood is Mood.VIVID else 7.0)
    muted = readable_on(background, ink.mixed(background, 0.24), TEXT_CONTRAST + 0.4)
    accent_ink = max((WHITE, Colour.from_oklch(0.2, 0.04, accent.hue)), key=lambda colour: contrast(accent, colour))
    accent = readable_on(accent_ink, accent, TEXT_CONTRAST)
    shade = Colour.from_oklch(0.16 if mood is Mood.DARK else 0.30, min(chroma, 0.06), hue)
    return Palette(
        background=background,
        background_end=background_end,
        surface=surface,
        ink=ink,
        muted_ink=muted,
        accent=accent,
        accent_ink=accent_ink,
        secondary=second,
        tertiary=third,
        glow=glow,
        shade=shade,
    )


def _neutral_palette(given: Sequence[Colour], mood: Mood) -> Palette:
    hue = 80.0  # slightly warm, as pure grey gradients look unfinished
    if mood in (Mood.DARK, Mood.VIVID):
        background, background_end = Colour.from_oklch(0.19, 0.006, hue), Colour.from_oklch(0.31, 0.008, hue)
        surface, ink = Colour.from_oklch(0.28, 0.006, hue), Colour.from_oklch(0.985, 0.004, hue)
        accent, accent_ink = Colour.from_oklch(0.97, 0.006, hue), Colour.from_oklch(0.16, 0.005, hue)
        glow, shade = Colour.from_oklch(0.52, 0.008, hue), Colour.from_oklch(0.12, 0.004, hue)
    else:
        background, background_end = Colour.from_oklch(0.965, 0.004, hue), Colour.from_oklch(0.885, 0.008, hue)
        surface, ink = Colour.from_oklch(0.995, 0.002, hue), Colour.from_oklch(0.18, 0.004, hue)
        accent, accent_ink = Colour.from_oklch(0.2, 0.004, hue), Colour.from_oklch(0.985, 0.003, hue)
        glow, shade = Colour.from_oklch(0.995, 0.002, hue), Colour.from_oklch(0.28, 0.006, hue)
    middle = sorted(given, key=lambda colour: abs(colour.lightness - 0.6))[0]
    return Palette(
        background=background,
        background_end=background_end,
        surface=surface,
        ink=ink,
        muted_ink=readable_on(background, ink.mixed(background, 0.28), TEXT_CONTRAST + 0.4),
        accent=accent,
        accent_ink=accent_ink,
        secondary=middle.with_lightness(0.62),
        tertiary=middle.with_lightness(0.8),
        glow=glow,
        shade=shade,
    )


def _lively(colour: Colour, lightness: float) -> Colour:
    """Returns the colour's hue at a lightness, with enough chroma for an accent."""
    _, chroma, hue = colour.oklch
    return Colour.from_oklch(lightness, max(chroma, 0.13), hue)


def _is_yellow(colour: Colour) -> bool:
    return 80 <= colour.hue <= 122


def _hue_distance(one: Colour, other: Colour) -> float:
    apart = abs(one.hue - other.hue) % 360
    return min(apart, 360 - apart)


def _oklab(colour: Colour) -> tuple[float, float, float]:
    lightness, chroma, hue = colour.oklch
    angle = math.radians(hue)
    return lightness, chroma * math.cos(angle), chroma * math.sin(angle)


def _oklch_to_linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    angle = math.radians(hue)
    a, b = chroma * math.cos(angle), chroma * math.sin(angle)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _in_gamut(channels: tuple[float, float, float]) -> bool:
    return all(-1e-4 <= channel <= 1 + 1e-4 for channel in channels)


def _decode(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _encode(channel: float) -> float:
    return channel * 12.92 if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
