"""Palettes that show a brand's own colours as flat fields, for posters and films."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Collection, Sequence
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from services.media.colour import WHITE, Colour, Palette, contrast, readable_on

HUED: Final = 0.035  # chroma from which a colour can be the main one
PALE: Final = 0.88  # lightness from which a colour is paper
DARK: Final = 0.3  # lightness below which it is ink
SEEN: Final = 1.3  # contrast of a field against the ground beside it, from which it is seen as one
BUTTON: Final = 2.4  # contrast of a button against the ground
READ: Final = 5.2  # contrast of the ink on the ground: fields lie under text, and encoding takes a little
GLARING: Final = (0.22, 0.78)  # chroma and lightness from which a colour is too loud for a whole ground
VIVID: Final = 0.1  # chroma of two colours that quarrel as fields beside each other,
QUARREL_HUES: Final = 25.0  # from this many degrees between them on,
QUARREL_LIGHTNESS: Final = 0.45  # up to this distance in lightness
SMALL_HUE_STEP: Final = 16.0  # degrees below which two colours count as shades of one


class Scheme(StrEnum):
    """Which of a brand's colours the ground has."""

    BRAND = "brand"
    PAPER = "paper"
    DEEP = "deep"


Hex = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class _HouseColours(BaseModel):
    model_config = ConfigDict(extra="forbid")
    house_colours: tuple[tuple[Hex, Hex], ...] = Field(min_length=3)
    quiet_colours: tuple[tuple[Hex, Hex], ...] = Field(min_length=1)


@cache
def _house_colours() -> _HouseColours:
    text = files("services.media").joinpath("data/house_colours.toml").read_text(encoding="utf-8")
    return _HouseColours.model_validate(tomllib.loads(text))


def house_colours(draw: random.Random, sensitive: Collection[str] = ()) -> tuple[str, ...]:
    """Draws the colours of a project that named none; quiet ones beside sensitive subjects."""
    return draw.choice(_house_colours().quiet_colours if sensitive else _house_colours().house_colours)


def field_palette(brand: Sequence[str], scheme: Scheme) -> Palette:
    """Builds a palette that shows the brand's own colours as fields.

    background: the ground; background_end: a near tone of it; surface: paper; shade: ink; secondary, tertiary: fields.
    Colours that the brand lacks are shades of those it has, never other hues. Raises ValueError for no colour.
    """
    given = [Colour.of(text) for text in brand[:5]]
    hued = [colour for colour in given if colour.chroma >= HUED and colour.lightness < PALE]
    main = hued[0] if hued else next((one for one in given if one.lightness < PALE), Colour.of("#1d1d1b"))
    light = next((one for one in given if one.lightness >= PALE and one.chroma >= 0.008), None)
    paper = light or Colour.from_oklch(0.967, min(main.chroma, 0.016), main.hue if main.chroma >= HUED else 85)
    ink = next((one for one in given if one.lightness < DARK), None)
    ink = ink or Colour.from_oklch(0.225, min(main.chroma, 0.06), main.hue)
    others = [one for one in given if one is not main and one is not light and _apart(one, main)]
    if scheme is Scheme.BRAND and main.chroma >= GLARING[0] and main.lightness >= GLARING[1]:
        scheme = Scheme.DEEP
    ground = {
        Scheme.BRAND: _readable_ground(main, paper, ink),
        Scheme.PAPER: paper if paper.lightness > 0.9 else paper.with_lightness(0.93),
        Scheme.DEEP: _deep(main, ink),
    }[scheme]
    text = paper if contrast(paper, ground) >= READ else ink if contrast(ink, ground) >= READ else WHITE
    if contrast(text, ground) < READ:
        text = max((WHITE, ink.with_lightness(0.13)), key=lambda one: contrast(one, ground))
    dark = ground.lightness < 0.62
    tint = main.with_lightness(min(max(main.lightness, 0.42), 0.74))
    # The brand's main colour is seen first where it is not the ground; colours that quarrel with the ground stay small.
    calm = sorted(
        (*others, paper) if scheme is Scheme.BRAND else (main, *others), key=lambda one: _quarrel(one, ground)
    )
    fields = [one for one in (*calm, main, tint) if contrast(one, ground) >= SEEN]
    fields += [_tone(ground, 0.13 if dark else -0.1), _tone(ground, 0.22 if dark else -0.2)]
    fields = [_legible(field, paper, ink) for field in fields]
    buttons = (*others[:1], main, paper, ink)
    accent = next((one for one in buttons if contrast(one, ground) >= BUTTON), text)
    accent_ink = max((WHITE, paper, ink), key=lambda one: contrast(one, accent))
    accent = readable_on(accent_ink, accent)
    return Palette(
        background=ground,
        background_end=_tone(ground, 0.045 if dark else -0.035),
        surface=paper,
        ink=text,
        muted_ink=readable_on(ground, text.mixed(ground, 0.14), 4.9),
        accent=accent,
        accent_ink=accent_ink,
        secondary=fields[0],
        tertiary=fields[1],
        glow=_tone(ground, 0.1 if dark else 0.02),
        shade=ink,
    )


def _deep(main: Colour, ink: Colour) -> Colour:
    """A dark ground that still has the brand's hue; the brand's own dark colour where it has one."""
    if ink.chroma < main.chroma / 3 and main.chroma >= HUED:
        return Colour.from_oklch(0.29, min(main.chroma, 0.1), main.hue)
    return ink.with_lightness(max(ink.lightness, 0.27))


def _quarrel(one: Colour, other: Colour) -> bool:
    """Whether two colours are both vivid, of different hues, and of nearly one lightness."""
    turned = abs(one.hue - other.hue) % 360
    return (
        min(one.chroma, other.chroma) >= VIVID
        and min(turned, 360 - turned) >= QUARREL_HUES
        and abs(one.lightness - other.lightness) < QUARREL_LIGHTNESS
    )


def _apart(one: Colour, other: Colour) -> bool:
    turned = abs(one.hue - other.hue) % 360
    hues = min(one.chroma, other.chroma) > HUED and min(turned, 360 - turned) > SMALL_HUE_STEP
    return hues or abs(one.lightness - other.lightness) > 0.22


def _tone(colour: Colour, step: float) -> Colour:
    return colour.lighter(step)


def _legible(field: Colour, paper: Colour, ink: Colour) -> Colour:
    """The field, moved as little as small text on it needs: away from the middle tones."""
    best = max((paper, WHITE, ink.with_lightness(0.17)), key=lambda text: contrast(text, field))
    step = -0.015 if best.lightness > field.lightness else 0.015
    for _ in range(12):
        if contrast(best, field) >= READ:
            break
        field = field.lighter(step)
    return field


def _readable_ground(main: Colour, paper: Colour, ink: Colour) -> Colour:
    """The main colour, moved as little as text on it needs."""
    for step in range(16):
        for sign in (-1, 1):
            moved = main.lighter(sign * step * 0.015)
            if max(contrast(moved, paper), contrast(moved, ink)) >= READ:
                return moved
    return main.with_lightness(0.4)
