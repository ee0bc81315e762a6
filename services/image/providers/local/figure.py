"""The product in the picture, or the drawing that stands for it: set on the ground with shadow and light."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.media.colour import BLACK, WHITE, Colour
from services.media.skia import skia

SAMPLING: Final = skia.SamplingOptions(skia.CubicResampler.Mitchell())
FINEST_SIGMA: Final = 2.5  # pixels: a blur that shows no steps when it is drawn larger


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The product or its drawing: `image` is a skia.Image, aspect its width over height.

    whole: a photo that kept its background, to be shown in a frame of its own.
    flat_base: share of the width that touches the ground. floats: shown in
    the air.
    """

    name: str
    aspect: float
    floats: bool
    flat_base: float
    image: Any
    whole: bool = False
    drawn: bool = False  # a drawing, whose tones are made for what is behind it


def place(
    canvas: Any,
    figure: Figure,
    box: Box,
    *,
    shade: Colour,
    light: Colour,
    shadow: float = 0.42,
    rim: float = 0.5,
    reflection: float = 0.0,
    floating: bool = False,
    light_from: tuple[float, float] = (-1.0, -0.8),
) -> None:
    """Draws the figure into its box with contact shadow, soft cast shadow and rim light.

    shadow, rim and reflection are opacities. light_from: the direction of the light in the picture, x to the right and
    y down, each -1 to 1. A floating figure casts its shadow on the wall behind, not on a ground.
    """
    if figure.whole:
        _framed(canvas, figure, box, shade, shadow)
        return
    in_air = figure.floats or floating
    sprite, margin = _sprite(figure, box)
    corner = (box.left - margin, box.top - margin)
    if in_air and shadow > 0:
        reach = max(14.0, box.height * 0.035)
        colour = shade.argb(min(0.62, shadow * 0.9))
        _glow(canvas, sprite, corner, (box.width * 0.015, box.height * 0.06), reach, colour)
    elif not in_air:
        _ground_shadow(canvas, figure, box, shade, shadow, light_from[0])
        if reflection > 0:
            _reflection(canvas, sprite, box, margin, reflection)
    if rim > 0:
        _glow(canvas, sprite, corner, (2.5 * light_from[0], 2.5 * light_from[1]), 5.0, light.argb(rim))
    canvas.drawImage(sprite, *corner)


def _glow(
    canvas: Any, sprite: Any, corner: tuple[float, float], offset: tuple[float, float], sigma: float, colour: int
) -> None:
    """The sprite's outline in one colour, blurred. It is made at a fraction of its size: what is soft looks the same,
    and blurring is dear."""
    scale = FINEST_SIGMA / max(sigma, FINEST_SIGMA)
    reach = 3 * sigma  # past it a blur shows nothing
    width, height = sprite.width() + 2 * reach, sprite.height() + 2 * reach
    small = skia.Surface(math.ceil(width * scale), math.ceil(height * scale))
    pen = small.getCanvas()
    pen.clear(skia.ColorTRANSPARENT)
    pen.scale(scale, scale)
    paint = skia.Paint(AntiAlias=True)
    paint.setImageFilter(skia.ImageFilters.DropShadowOnly(0, 0, sigma, sigma, colour))
    pen.drawImage(sprite, reach, reach, skia.SamplingOptions(skia.FilterMode.kLinear), paint)
    left, top = corner[0] - reach + offset[0], corner[1] - reach + offset[1]
    target = skia.Rect.MakeXYWH(left, top, small.width() / scale, small.height() / scale)
    canvas.drawImageRect(small.makeImageSnapshot(), target, skia.SamplingOptions(skia.FilterMode.kLinear))


def _sprite(figure: Figure, box: Box) -> tuple[Any, float]:
    """The figure as an image at its final size, with a transparent margin for what reaches past its box."""
    margin = round(max(box.width, box.height) * 0.12)
    width, height = round(box.width) + 2 * margin, round(box.height) + 2 * margin
    surface = skia.Surface(width, height)
    canvas = surface.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    target = skia.Rect.MakeXYWH(margin, margin, box.width, box.height)
    canvas.drawImageRect(figure.image, target, SAMPLING, skia.Paint(AntiAlias=True))
    return surface.makeImageSnapshot(), float(margin)


def _ground_shadow(canvas: Any, figure: Figure, box: Box, shade: Colour, opacity: float, side: float) -> None:
    base = box.width * figure.flat_base
    centre = box.centre_x
    depth = max(10.0, min(base, box.height) * 0.075)
    canvas.save()
    cast = centre - base * 0.05 * side  # away from the light
    wide = Box(cast - base * 0.67, box.bottom - depth * 1.1, cast + base * 0.67, box.bottom + depth * 1.5)
    canvas.drawOval(brushes.rect(wide), brushes.fill(shade, opacity * 0.75, blur=max(8.0, depth * 0.8)))
    tight = Box(centre - base * 0.5, box.bottom - depth * 0.45, centre + base * 0.52, box.bottom + depth * 0.42)
    canvas.drawOval(brushes.rect(tight), brushes.fill(BLACK, opacity, blur=max(4.0, depth * 0.24)))
    canvas.restore()


def _reflection(canvas: Any, sprite: Any, box: Box, margin: float, opacity: float) -> None:
    reach = box.height * 0.28
    area = skia.Rect.MakeLTRB(box.left - margin, box.bottom, box.right + margin, box.bottom + reach)
    canvas.saveLayer(area, skia.Paint(Alphaf=opacity))
    canvas.save()
    canvas.translate(0, 2 * box.bottom)
    canvas.scale(1, -1)
    canvas.drawImage(sprite, box.left - margin, box.top - margin)
    canvas.restore()
    fade = brushes.linear((0, box.bottom), (0, box.bottom + reach), [(0, WHITE, 0.9), (1, WHITE, 0.0)])
    fade.setBlendMode(skia.BlendMode.kDstIn)
    canvas.drawRect(area, fade)
    canvas.restore()


def _framed(canvas: Any, figure: Figure, box: Box, shade: Colour, shadow: float) -> None:
    """A photo that keeps its background: a print with rounded corners."""
    radius = min(box.width, box.height) * 0.06
    frame = brushes.rounded(box, radius)
    reach = box.height * 0.03
    canvas.drawRRect(
        frame, brushes.with_shadow(brushes.fill(WHITE), shade, y=reach, blur=reach, alpha=min(0.6, shadow))
    )
    canvas.save()
    canvas.clipRRect(frame, doAntiAlias=True)
    canvas.drawImageRect(figure.image, brushes.rect(box), SAMPLING, skia.Paint(AntiAlias=True))
    canvas.restore()
    canvas.drawRRect(frame, brushes.stroke(WHITE, 2.0, 0.5))
