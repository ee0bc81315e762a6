"""Short ways to say what skia is to draw: outlines, paints, gradients. Colours are Colour or "#rrggbb"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.media.colour import Colour
from services.media.skia import skia

Ink = Colour | str
Stop = Ink | tuple[Ink, float]

TOKEN: Final = re.compile(r"[MLCQZ]|-?\d+(?:\.\d+)?")
ORDER: Final = skia.kBGRA_8888_ColorType
ARGUMENTS: Final = {"M": 2, "L": 2, "C": 6, "Q": 4}


def argb(ink: Ink, alpha: float = 1.0) -> int:
    """The ink as skia takes it."""
    return round(min(max(alpha, 0.0), 1.0) * 255) << 24 | _rgb(ink)


@lru_cache(maxsize=1024)
def _rgb(ink: Ink) -> int:
    """Red, green and blue of an ink. Presenters are drawn in a few dozens of them, a thousand times a second."""
    return (Colour.of(ink) if isinstance(ink, str) else ink).argb(0.0)


def outline(drawn: str, *, mirrored: bool = False) -> Any:
    """A path from absolute M, L, C, Q, Z as SVG writes them. Raises ValueError for anything else.

    `mirrored` turns left into right about x = 0.
    """
    tokens = TOKEN.findall(drawn)
    path = skia.Path()
    place = 0
    while place < len(tokens):
        command = tokens[place]
        place += 1
        if command == "Z":
            path.close()
            continue
        count = ARGUMENTS.get(command)
        if count is None:
            raise ValueError(f"an outline has no command {command!r}")
        while place < len(tokens) and tokens[place] not in ARGUMENTS and tokens[place] != "Z":
            numbers = [float(token) for token in tokens[place : place + count]]
            if mirrored:
                numbers = [-number if index % 2 == 0 else number for index, number in enumerate(numbers)]
            place += count
            draw = {"M": path.moveTo, "L": path.lineTo, "C": path.cubicTo, "Q": path.quadTo}[command]
            draw(*numbers)
    return path


@lru_cache(maxsize=512)
def fixed(drawn: str, mirrored: bool = False) -> Any:
    """An outline that never changes, parsed once. Not to be altered by its user."""
    return outline(drawn, mirrored=mirrored)


def fill(ink: Ink, alpha: float = 1.0, *, blur: float = 0.0) -> Any:
    """A paint that fills; `blur` softens its edge, in units of the canvas, and is too slow for every frame."""
    paint = skia.Paint(AntiAlias=True, Color=argb(ink, alpha))
    if blur:
        paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    return paint


def line(ink: Ink, width: float, alpha: float = 1.0, *, blur: float = 0.0) -> Any:
    """A paint that draws a round-ended line."""
    paint = fill(ink, alpha, blur=blur)
    paint.setStyle(skia.Paint.kStroke_Style)
    paint.setStrokeWidth(width)
    paint.setStrokeCap(skia.Paint.kRound_Cap)
    paint.setStrokeJoin(skia.Paint.kRound_Join)
    return paint


def along(
    start: tuple[float, float], end: tuple[float, float], stops: Sequence[Stop], places: Sequence[float] | None = None
) -> Any:
    """A linear gradient."""
    shader = skia.GradientShader.MakeLinear([start, end], [_stop(stop) for stop in stops], _places(stops, places))
    return skia.Paint(AntiAlias=True, Shader=shader, Dither=True)


def around(
    centre: tuple[float, float], radius: float, stops: Sequence[Stop], places: Sequence[float] | None = None
) -> Any:
    """A radial gradient, from the centre outwards."""
    shader = skia.GradientShader.MakeRadial(centre, radius, [_stop(stop) for stop in stops], _places(stops, places))
    return skia.Paint(AntiAlias=True, Shader=shader, Dither=True)


def surface_of(pixels: NDArray[np.uint8]) -> Any:
    """A surface that draws straight into the array (height, width, BGRA).

    Its alpha is premultiplied, which skia.Surface(array) would not make it: that is slow to draw into, and pictures
    cut from it get pale edges. Skia has quick ways for this order of colours.
    """
    height, width = pixels.shape[:2]
    described = skia.ImageInfo.Make(width, height, ORDER, skia.kPremul_AlphaType)
    return skia.Surface.MakeRasterDirect(described, pixels, width * 4)


def image_of(pixels: NDArray[np.uint8], *, opaque: bool = False) -> Any:
    """A picture of BGRA pixels, premultiplied: ordered as the film is, or it would be turned at every frame."""
    kind = skia.kOpaque_AlphaType if opaque else skia.kPremul_AlphaType
    return skia.Image.fromarray(np.ascontiguousarray(pixels), colorType=ORDER, alphaType=kind, copy=True)


def rgb_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What was drawn into the array of `surface_of`, as red, green and blue."""
    return np.ascontiguousarray(pixels[..., 2::-1])


def glow(canvas: Any, x: float, y: float, radius_x: float, radius_y: float, ink: Ink, alpha: float) -> None:
    """A soft oval without a blur: a radial gradient, stretched. Cheap enough for every frame."""
    canvas.save()
    canvas.translate(x, y)
    canvas.scale(1.0, radius_y / radius_x)
    canvas.drawCircle(0, 0, radius_x, _glowing(radius_x, ink, alpha))
    canvas.restore()


@lru_cache(maxsize=256)
def _glowing(radius: float, ink: Ink, alpha: float) -> Any:
    """The paint of a glow: most are the same in every frame. Not to be altered by its user."""
    return around((0, 0), radius, [(ink, alpha), (ink, alpha * 0.45), (ink, 0.0)])


def box(x: float, y: float, width: float, height: float) -> Any:
    return skia.Rect.MakeXYWH(x, y, width, height)


def rounded(x: float, y: float, width: float, height: float, radius: float) -> Any:
    return skia.RRect.MakeRectXY(skia.Rect.MakeXYWH(x, y, width, height), radius, radius)


def _stop(stop: Stop) -> int:
    return argb(*stop) if isinstance(stop, tuple) else argb(stop)


def _places(stops: Sequence[Stop], places: Sequence[float] | None) -> list[float]:
    if places is not None:
        return list(places)
    return [number / max(1, len(stops) - 1) for number in range(len(stops))]
