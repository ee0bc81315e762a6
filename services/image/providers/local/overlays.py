"""Small things strewn over ground and stage, never over type, and the grain over all of it."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.scene_context import Ground, Set, leaf_shape
from services.media.colour import WHITE, Colour
from services.media.skia import skia


def _strewn(scene: Set, count: int, radius: float) -> list[tuple[float, float]]:
    places: list[tuple[float, float]] = []
    core = scene.product.inset(scene.product.width * 0.12, scene.product.height * 0.05)
    for _ in range(count * 6):
        if len(places) >= count:
            break
        x, y = scene.draw.uniform(0, scene.frame.width), scene.draw.uniform(0, scene.frame.height)
        spot = Box(x - radius, y - radius, x + radius, y + radius)
        if any(spot.overlaps(box.inset(-scene.unit)) for box in scene.quiet) or spot.overlaps(core):
            continue
        if all(math.hypot(x - other_x, y - other_y) > radius * 2.6 for other_x, other_y in places):
            places.append((x, y))
    return places


def confetti(scene: Set) -> None:
    """Paper snippets in the brand's colours."""
    palette, unit = scene.palette, scene.unit
    tones = (palette.secondary, palette.tertiary, palette.accent, WHITE, palette.glow)
    for x, y in _strewn(scene, 90, unit * 1.5):
        scene.canvas.save()
        scene.canvas.translate(x, y)
        scene.canvas.rotate(scene.draw.uniform(0, 360))
        colour = scene.draw.choice(tones)
        size = unit * scene.draw.uniform(0.8, 1.7)
        form = scene.draw.randrange(3)
        if form == 0:
            scene.canvas.drawRect(skia.Rect.MakeXYWH(-size, -size * 0.4, size * 2, size * 0.8), brushes.fill(colour))
        elif form == 1:
            scene.canvas.drawCircle(0, 0, size * 0.6, brushes.fill(colour))
        else:
            curl = brushes.smooth_path(
                [(-size * 1.4, 0), (-size * 0.5, -size * 0.8), (size * 0.4, size * 0.6), (size * 1.4, -size * 0.2)],
                closed=False,
            )
            scene.canvas.drawPath(curl, brushes.stroke(colour, unit * 0.5))
        scene.canvas.restore()


def sparkles(scene: Set) -> None:
    """Four-pointed lights."""
    unit = scene.unit
    light = WHITE if scene.palette.background.lightness < 0.86 else scene.palette.secondary
    for x, y in _strewn(scene, 26, unit * 2):
        size = unit * scene.draw.choice((0.9, 1.3, 2.0, 3.0))
        points: list[tuple[float, float]] = []
        for index in range(8):
            radius = size if index % 2 == 0 else size * 0.16
            points.append((x + radius * math.sin(index * math.pi / 4), y - radius * math.cos(index * math.pi / 4)))
        brushes.glow(scene.canvas, x, y, size * 1.4, light, 0.4)
        scene.canvas.drawPath(brushes.path(points), brushes.fill(light, 0.95))


def leaves(scene: Set) -> None:
    """Fans of leaves reaching in from corners that no type stands in."""
    frame, draw, unit = scene.frame, scene.draw, scene.unit
    tint = scene.palette.background_end
    corners = [
        (0.0, 0.0, 135),
        (frame.width, 0.0, 225),
        (float(frame.width), float(frame.height), 315),
        (0.0, float(frame.height), 45),
    ]
    for x, y, heading in corners:
        reach = unit * 24
        area = Box(x - reach, y - reach, x + reach, y + reach)
        if any(area.overlaps(box, unit * 4) for box in scene.quiet):
            reach = unit * 12
            area = Box(x - reach, y - reach, x + reach, y + reach)
            if any(area.overlaps(box, unit * 2) for box in scene.quiet):
                continue
        for index in range(6):
            turn = heading + (index - 2.5) * 24 + draw.uniform(-6, 6)
            length = reach * draw.uniform(0.75, 1.1)
            green = Colour.of("#2f7d4f").mixed(tint, 0.2).lighter(draw.uniform(-0.1, 0.08))
            scene.canvas.save()
            scene.canvas.translate(x, y)
            scene.canvas.rotate(turn)
            shape = leaf_shape(length, fat=0.2)
            scene.canvas.drawPath(
                shape, brushes.linear((0, 0), (0, -length), [(0, green.lighter(-0.1), 1), (1, green.lighter(0.06), 1)])
            )
            scene.canvas.drawLine(0, 0, 0, -length * 0.92, brushes.stroke(green.lighter(0.12), 2.4, 0.6))
            scene.canvas.restore()


OVERLAYS: Final[dict[str, Ground]] = {"confetti": confetti, "sparkles": sparkles, "leaves": leaves}


def grain(pixels: Any, seed: int, tones: int) -> None:
    """Lays a fixed grain over RGBA pixels, in place: it dissolves gradient bands.

    `tones` up or down, mostly neither, on pairs of pixels beside each other, so that a PNG still compresses; larger
    pictures get less of it.
    """
    height, width = pixels.shape[:2]
    pairs = pixels.reshape(height * width // 2, 8)
    share = 28 if height * width < 1_300_000 else 16  # of 256, each way
    thrown = numpy.random.default_rng(seed).integers(0, 256, len(pairs), dtype=numpy.uint8)
    up, down = numpy.flatnonzero(thrown < share), numpy.flatnonzero(thrown >= 256 - share)
    pairs[up] = numpy.minimum(pairs[up], 255 - tones) + tones
    pairs[down] = numpy.maximum(pairs[down], tones) - tones
    pixels[..., 3] = 255
