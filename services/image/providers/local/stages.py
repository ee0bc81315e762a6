"""Stages that products stand on or before: plinths, discs, cards and stars."""

from __future__ import annotations

import math
from typing import Final

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.scene_context import Ground, Set, room_at
from services.media.colour import WHITE, Colour, Palette
from services.media.skia import skia


def plinth_heights(width: float, unit: float) -> tuple[float, float]:
    """(depth of the top seen from above, height of a step) of a plinth; wide ones stay flat."""
    return min(width * 0.115, unit * 7), min(width * 0.085, unit * 4)


def plinth(scene: Set) -> None:
    """Two round steps."""
    product, palette, canvas = scene.product, scene.palette, scene.canvas
    stone = (
        palette.background_end.mixed(palette.glow, 0.35)
        if palette.dark
        else palette.surface.mixed(palette.background_end, 0.45)
    )
    width = max(product.width * 1.3, product.height * 0.4)
    reach = 2 * min(product.centre_x, scene.frame.width - product.centre_x) - 4 * scene.unit
    for box in scene.written:  # texts beside it
        if box.bottom > product.bottom - 4 * scene.unit and box.top < product.bottom + 12 * scene.unit:
            gap = max(product.centre_x - box.right, box.left - product.centre_x)
            if gap > product.width * 0.5:
                reach = min(reach, 2 * gap - 4 * scene.unit)
    reach = max(reach, product.width * 1.06)
    width = min(width, reach / 1.14)
    depth, step = plinth_heights(width, scene.unit)
    for index, (share, drop) in enumerate(((1.32, step), (1.0, 0.0))):
        half = min(width * share, reach) / 2
        top = product.bottom + drop - depth * 0.42 + (depth * 0.3 if index == 0 else 0.0)
        face = Box(product.centre_x - half, top, product.centre_x + half, top + depth)
        body = skia.Path()
        body.addRect(brushes.rect(Box(face.left, face.centre_y, face.right, face.centre_y + step)))
        body.addOval(brushes.rect(face.moved(0, step)))
        tone = stone.lighter(-0.07 if index == 0 else -0.02)
        canvas.drawPath(
            body,
            brushes.with_shadow(brushes.fill(tone), palette.shade, y=scene.unit * 1.2, blur=scene.unit * 2, alpha=0.4),
        )
        canvas.drawPath(
            body,
            brushes.across(
                face,
                [
                    (0, tone.lighter(-0.13), 1),
                    (0.3, tone.lighter(0.03), 1),
                    (0.62, tone.lighter(-0.03), 1),
                    (1, tone.lighter(-0.2), 1),
                ],
            ),
        )
        canvas.drawOval(
            brushes.rect(face), brushes.down(face, [(0, tone.lighter(0.05), 1), (1, tone.lighter(0.13), 1)])
        )
        canvas.drawOval(brushes.rect(face), brushes.stroke(WHITE, 1.6, 0.35))


def disc(scene: Set) -> None:
    """A disc of colour behind and a thin slab under the product."""
    product, palette = scene.product, scene.palette
    radius = max(product.width * 0.62, product.height * 0.47)
    room = min(product.centre_x, scene.frame.width - product.centre_x)
    radius = min(radius, room * 1.25)
    y = product.centre_y
    radius = min(radius, max(product.width * 0.4, (room_at(scene, product.centre_x, y) - scene.unit * 1.5) / 1.09))
    colour = (
        palette.secondary
        if palette.dark or palette.background.lightness < 0.8
        else palette.secondary.mixed(palette.background, 0.12)
    )
    circle = Box(product.centre_x - radius, y - radius, product.centre_x + radius, y + radius)
    scene.canvas.drawCircle(
        product.centre_x,
        y,
        radius,
        brushes.diagonal(circle, [(0, colour.lighter(0.06), 1), (1, colour.lighter(-0.07), 1)]),
    )
    scene.canvas.drawCircle(product.centre_x, y, radius * 1.09, brushes.stroke(colour, 2.6, 0.5))


def card(scene: Set) -> None:
    """A rounded card, slightly larger than the product, with a shadow."""
    product, palette = scene.product, scene.palette
    box = scene.arrangement.product
    whole = scene.frame.whole.inset(scene.unit * 4)
    box = Box(
        max(box.left, whole.left), max(box.top, whole.top), min(box.right, whole.right), min(box.bottom, whole.bottom)
    )
    box = box.joined(product.inset(-scene.unit * 2))
    tone = palette.background_end if palette.dark else palette.secondary.mixed(palette.background, 0.35)
    scene.canvas.drawRRect(
        brushes.rounded(box, scene.unit * 5),
        brushes.with_shadow(brushes.fill(tone), palette.shade, y=scene.unit * 2, blur=scene.unit * 3, alpha=0.25),
    )
    scene.canvas.drawRRect(
        brushes.rounded(box, scene.unit * 5),
        brushes.diagonal(box, [(0, tone.lighter(0.07), 1), (1, tone.lighter(-0.05), 1)]),
    )
    scene.canvas.save()
    scene.canvas.clipRRect(brushes.rounded(box, scene.unit * 5), doAntiAlias=True)
    brushes.glow(
        scene.canvas,
        product.centre_x,
        product.top + product.height * 0.35,
        max(product.width, product.height) * 0.7,
        palette.glow,
        0.5,
    )
    scene.canvas.restore()


def burst_colour(palette: Palette) -> Colour:
    """The star's colour: never that of the field beside it."""
    return palette.secondary if palette.dark else palette.glow


def burst(scene: Set) -> None:
    """A zigzag star behind the product."""
    product, palette = scene.product, scene.palette
    outer = max(product.width, product.height) * 0.58
    outer = min(outer, min(product.centre_x, scene.frame.width - product.centre_x) * 1.12)
    outer = min(outer, room_at(scene, product.centre_x, product.centre_y) - scene.unit)
    points = []
    spikes = 24
    for index in range(spikes * 2):
        radius = outer if index % 2 else outer * 0.86
        angle = math.pi * index / spikes
        points.append((product.centre_x + radius * math.cos(angle), product.centre_y + radius * math.sin(angle)))
    star = brushes.path(points)
    scene.canvas.save()
    scene.canvas.translate(scene.unit, scene.unit * 1.2)
    scene.canvas.drawPath(star, brushes.fill(palette.shade, 0.35))
    scene.canvas.restore()
    scene.canvas.drawPath(star, brushes.fill(burst_colour(palette)))


def nothing(scene: Set) -> None:
    """The ground alone."""


STAGES: Final[dict[str, Ground]] = {"plinth": plinth, "disc": disc, "card": card, "burst": burst, "none": nothing}
