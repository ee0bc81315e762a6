"""Paints, gradients, blurs and shadows in words short enough to draw with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from services.image.providers.local.geometry import Box
from services.media.colour import Colour
from services.media.skia import skia

AVERAGED: Final = 48  # pixels of the width at which an image's mean colour is taken

Canvas = Any
Stop = tuple[float, Colour, float]  # place 0..1, colour, opacity


def rect(box: Box) -> Any:
    return skia.Rect.MakeLTRB(box.left, box.top, box.right, box.bottom)


def rounded(box: Box, radius: float) -> Any:
    limit = min(radius, box.width / 2, box.height / 2)
    return skia.RRect.MakeRectXY(rect(box), limit, limit)


def fill(colour: Colour, alpha: float = 1.0, *, blur: float = 0.0, blend: Any = None) -> Any:
    """A flat fill; `blur` is the sigma in pixels of its softened edge."""
    paint = skia.Paint(AntiAlias=True, Color=colour.argb(alpha))
    if blur > 0:
        paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    if blend is not None:
        paint.setBlendMode(blend)
    return paint


def stroke(colour: Colour, width: float, alpha: float = 1.0, *, blur: float = 0.0) -> Any:
    """A line with round ends."""
    paint = fill(colour, alpha, blur=blur)
    paint.setStyle(skia.Paint.kStroke_Style)
    paint.setStrokeWidth(width)
    paint.setStrokeCap(skia.Paint.kRound_Cap)
    paint.setStrokeJoin(skia.Paint.kRound_Join)
    return paint


def linear(start: tuple[float, float], end: tuple[float, float], stops: Sequence[Stop]) -> Any:
    """A paint that runs through the stops from start to end, dithered so that it does not band."""
    shader = skia.GradientShader.MakeLinear(
        [skia.Point(*start), skia.Point(*end)],
        [colour.argb(alpha) for _, colour, alpha in stops],
        [place for place, _, _ in stops],
    )
    return skia.Paint(AntiAlias=True, Shader=shader, Dither=True)


def radial(centre: tuple[float, float], radius: float, stops: Sequence[Stop]) -> Any:
    shader = skia.GradientShader.MakeRadial(
        skia.Point(*centre),
        max(radius, 0.1),
        [colour.argb(alpha) for _, colour, alpha in stops],
        [place for place, _, _ in stops],
    )
    return skia.Paint(AntiAlias=True, Shader=shader, Dither=True)


def across(box: Box, stops: Sequence[Stop]) -> Any:
    """Left to right over the box."""
    return linear((box.left, 0), (box.right, 0), stops)


def down(box: Box, stops: Sequence[Stop]) -> Any:
    """Top to bottom over the box."""
    return linear((0, box.top), (0, box.bottom), stops)


def diagonal(box: Box, stops: Sequence[Stop]) -> Any:
    return linear((box.left, box.top), (box.right, box.bottom), stops)


def with_shadow(paint: Any, colour: Colour, *, y: float, blur: float, alpha: float, x: float = 0.0) -> Any:
    """The same paint casting a soft shadow; y and blur (sigma) in pixels."""
    paint.setImageFilter(skia.ImageFilters.DropShadow(x, y, blur, blur, colour.argb(alpha)))
    return paint


def glow(canvas: Canvas, x: float, y: float, radius: float, colour: Colour, alpha: float) -> None:
    """A round light that fades out smoothly; the stops follow a cosine, which shows no rim."""
    stops = [(place / 6, colour, alpha * (0.5 + 0.5 * math.cos(math.pi * place / 6))) for place in range(7)]
    canvas.drawCircle(x, y, radius, radial((x, y), radius, stops))


def average(image: Any) -> Colour:
    """The mean colour of a skia.Image where it is opaque."""
    width, height = AVERAGED, max(1, round(AVERAGED * image.height() / image.width()))
    surface = skia.Surface(width, min(height, AVERAGED * 4))
    canvas = surface.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    target = skia.Rect.MakeWH(surface.width(), surface.height())
    canvas.drawImageRect(image, target, skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear))
    pixels = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType).reshape(-1, 4) / 255.0
    weight = float(pixels[:, 3].sum()) or 1.0
    red, green, blue = ((pixels[:, channel] * pixels[:, 3]).sum() / weight for channel in range(3))
    return Colour(float(red), float(green), float(blue))


def path(points: Sequence[tuple[float, float]], *, closed: bool = True) -> Any:
    """A straight-sided path."""
    builder = skia.Path()
    builder.moveTo(*points[0])
    for point in points[1:]:
        builder.lineTo(*point)
    if closed:
        builder.close()
    return builder


def smooth_path(points: Sequence[tuple[float, float]], *, closed: bool = True) -> Any:
    """A curve through all the points (Catmull-Rom turned into cubic Béziers)."""
    builder = skia.Path()
    builder.moveTo(*points[0])
    count = len(points)
    for index in range(count if closed else count - 1):
        before = points[index - 1] if closed or index > 0 else points[index]
        start = points[index]
        end = points[(index + 1) % count]
        after = points[(index + 2) % count] if closed or index + 2 < count else end
        builder.cubicTo(
            start[0] + (end[0] - before[0]) / 6,
            start[1] + (end[1] - before[1]) / 6,
            end[0] - (after[0] - start[0]) / 6,
            end[1] - (after[1] - start[1]) / 6,
            end[0],
            end[1],
        )
    if closed:
        builder.close()
    return builder
