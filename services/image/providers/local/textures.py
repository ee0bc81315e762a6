"""Grounds behind a poster's fields: large shapes and fine patterns in near tones of the ground's own colour."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.image.providers.local import brushes
from services.image.providers.local.scene_context import Set, room_at
from services.media.colour import Colour
from services.media.skia import skia

STEP: Final = 0.035  # of lightness between the ground and a pattern on it
DARK, PALE = 0.42, 0.9  # lightness of a ground below which patterns are lighter, and above which they are darker
UNDER_TEXT: Final = 0.6  # of a texture on which texts stand


def paint(scene: Set, name: str, *, under_text: bool = False) -> None:
    """Draws a texture over the whole ground, fainter where texts stand on it. Raises KeyError for an unknown name."""
    ground = scene.palette.background
    if under_text:
        scene.canvas.saveLayer(None, skia.Paint(Alphaf=UNDER_TEXT))
    scene.canvas.drawPaint(brushes.fill(ground))
    TEXTURES[name](scene, _Near(ground, _side(scene)))
    if under_text:
        scene.canvas.restore()


def _side(scene: Set) -> float:
    """Whether patterns become lighter or darker than the ground, 1 or -1: away from its ink where that is near, so
    that texts keep their contrast, else so that they are seen."""
    ground, ink = scene.palette.background, scene.palette.ink
    if ground.lightness < DARK:
        return 1.0
    if ground.lightness > PALE:
        return -1.0
    return -1.0 if ink.lightness > ground.lightness else 1.0


@dataclass(frozen=True, slots=True)
class _Near:
    """Tones near the ground's."""

    ground: Colour
    side: float

    def __call__(self, steps: float = 1.0) -> Colour:
        return self.ground.lighter(STEP * steps * self.side)


def _middle(scene: Set) -> tuple[float, float]:
    return scene.frame.width / 2, scene.frame.height / 2


def _rays(scene: Set, near: _Near) -> None:
    """Beams from below the middle, as on a bill."""
    x, y = scene.frame.width / 2, scene.frame.height * 0.62
    reach, count = math.hypot(scene.frame.width, scene.frame.height), 22
    for number in range(count):
        start, end = (2 * math.pi * (number + part) / count for part in (0.0, 0.5))
        beam = [(x, y), (x + reach * math.cos(start), y + reach * math.sin(start))]
        beam.append((x + reach * math.cos(end), y + reach * math.sin(end)))
        scene.canvas.drawPath(brushes.path(beam), brushes.fill(near()))


def _waves(scene: Set, near: _Near) -> None:
    """Layers of cut paper from the foot up, each with a shadow on the one behind it."""
    width, height, unit = scene.frame.width, scene.frame.height, scene.unit
    shade = Colour.from_oklch(0.12, min(near.ground.chroma, 0.05), near.ground.hue)
    for layer in range(4):
        base = height * (0.28 + 0.2 * layer)
        phase, swing = 1.9 * layer + 0.6, (7 + 1.5 * layer) * unit
        points = [
            (width * number / 24, base + swing * math.sin(phase + number / 24 * math.pi * (1.7 + 0.25 * layer)))
            for number in range(-1, 26)
        ]
        line = brushes.smooth_path(points, closed=False)
        line.lineTo(width + 9 * unit, height + 9 * unit)
        line.lineTo(-9 * unit, height + 9 * unit)
        line.close()
        scene.canvas.drawPath(line, brushes.fill(shade, 0.3, blur=1.8 * unit))
        scene.canvas.drawPath(line, brushes.fill(near(0.9 * (layer + 1))))


def _arches(scene: Set, near: _Near) -> None:
    """Arches within each other about the middle of the foot, of cut paper."""
    width, height, unit = scene.frame.width, scene.frame.height, scene.unit
    shade = Colour.from_oklch(0.12, min(near.ground.chroma, 0.05), near.ground.hue)
    reach = 0.62 * math.hypot(width, height)
    for ring in range(5):
        radius = reach * (1 - ring / 5.6)
        scene.canvas.drawCircle(width / 2, height * 1.02, radius, brushes.fill(shade, 0.28, blur=1.8 * unit))
        scene.canvas.drawCircle(width / 2, height * 1.02, radius, brushes.fill(near(0.85 * (ring + 1))))


def _gingham(scene: Set, near: _Near) -> None:
    """The checks of a tablecloth."""
    step = 7.5 * scene.unit
    stripe = brushes.fill(near(2.4), 0.5)
    for number in range(math.ceil(scene.frame.width / step / 2) + 1):
        scene.canvas.drawRect(skia.Rect.MakeXYWH(2 * number * step, 0, step, scene.frame.height), stripe)
    for number in range(math.ceil(scene.frame.height / step / 2) + 1):
        scene.canvas.drawRect(skia.Rect.MakeXYWH(0, 2 * number * step, scene.frame.width, step), stripe)


def _grid(scene: Set, near: _Near) -> None:
    """The paper of plans: fine squares, every fifth line stronger."""
    step = 4.5 * scene.unit
    for vertical, length in ((True, scene.frame.width), (False, scene.frame.height)):
        for number in range(math.ceil(length / step) + 1):
            strong = number % 5 == 0
            line = brushes.stroke(near(3.2), (0.3 if strong else 0.16) * scene.unit, 0.8 if strong else 0.5)
            at = number * step
            if vertical:
                scene.canvas.drawLine(at, 0, at, scene.frame.height, line)
            else:
                scene.canvas.drawLine(0, at, scene.frame.width, at, line)


def _contours(scene: Set, near: _Near) -> None:
    """The lines of a map about two hills."""
    width, height, unit = scene.frame.width, scene.frame.height, scene.unit
    for x, y, rings, turn in ((0.12 * width, 0.9 * height, 15, 0.4), (0.95 * width, 0.1 * height, 13, 2.1)):
        for ring in range(1, rings):
            radius = ring * 6.4 * unit
            points = []
            for number in range(40):
                angle = 2 * math.pi * number / 40
                bend = 1 + 0.16 * math.sin(2 * angle + turn + 0.12 * ring) + 0.09 * math.sin(3 * angle - turn)
                points.append((x + radius * bend * math.cos(angle), y + radius * bend * 0.8 * math.sin(angle)))
            strong = ring % 4 == 0
            line = brushes.stroke(near(2.6), (0.42 if strong else 0.24) * unit, 0.9)
            scene.canvas.drawPath(brushes.smooth_path(points), line)


def _guilloche(scene: Set, near: _Near) -> None:
    """The interlaced lines of certificates."""
    width, height, unit = scene.frame.width, scene.frame.height, scene.unit
    line = brushes.stroke(near(2.2), 0.18 * unit, 0.75)
    for number in range(26):
        phase = 2 * math.pi * number / 26
        points = []
        for place in range(-1, 62):
            x = width * place / 60
            swell = 0.5 + 0.5 * math.sin(x / (46 * unit) + 0.8)
            y = height / 2 + height * 0.47 * math.sin(x / (21 * unit) + phase) * (0.55 + 0.45 * swell)
            points.append((x, y))
        scene.canvas.drawPath(brushes.smooth_path(points, closed=False), line)


def _stripes(scene: Set, near: _Near) -> None:
    """Upright stripes, as on a shop's paper bag."""
    step = 6.75 * scene.unit
    for number in range(math.ceil(scene.frame.width / step / 2) + 1):
        box = skia.Rect.MakeXYWH((2 * number + 0.5) * step, 0, step, scene.frame.height)
        scene.canvas.drawRect(box, brushes.fill(near(0.9)))


def _dots(scene: Set, near: _Near) -> None:
    """A halftone that thins out from the lower right."""
    width, height, step = scene.frame.width, scene.frame.height, 3.4 * scene.unit
    tone = brushes.fill(near(2.0))
    for row in range(math.ceil(height / step) + 1):
        for column in range(math.ceil(width / step) + 1):
            x, y = (column + (0.5 if row % 2 else 0)) * step, row * step
            far = math.hypot((width - x) / width, (height - y) / height) / 1.25
            radius = step * 0.62 * max(0.0, 1 - far)
            if radius > 0.06 * step:
                scene.canvas.drawCircle(x, y, radius, tone)


def _terrazzo(scene: Set, near: _Near) -> None:
    """Chips of cut paper, scattered evenly."""
    palette, step = scene.palette, 13.5 * scene.unit
    tones = [near(2.6), near(1.4), palette.secondary.mixed(near.ground, 0.45)]
    tones.append(palette.accent.mixed(near.ground, 0.4))
    draw = scene.draw
    for row in range(math.ceil(scene.frame.height / step) + 1):
        for column in range(math.ceil(scene.frame.width / step) + 1):
            x = (column + draw.uniform(0.15, 0.85)) * step
            y = (row + draw.uniform(0.15, 0.85)) * step
            size, turn, corners = draw.uniform(1.2, 3.0) * scene.unit, draw.uniform(0, 6.3), draw.choice((3, 4, 5))
            points = [
                (
                    x + size * draw.uniform(0.75, 1.2) * math.cos(turn + 2 * math.pi * corner / corners),
                    y + size * draw.uniform(0.75, 1.2) * math.sin(turn + 2 * math.pi * corner / corners),
                )
                for corner in range(corners)
            ]
            tone = brushes.fill(draw.choice(tones))
            if room_at(scene, x, y) > 2 * size:
                scene.canvas.drawPath(brushes.path(points), tone)


def _weave(scene: Set, near: _Near) -> None:
    """The threads of linen."""
    step = 1.25 * scene.unit
    for vertical, length in ((True, scene.frame.width), (False, scene.frame.height)):
        for number in range(math.ceil(length / step) + 1):
            strength = 0.5 + 0.5 * math.sin(number * 2.4) * math.sin(number * 0.37 + 1)
            thread = brushes.stroke(near(2.0), 0.34 * scene.unit, 0.12 + 0.3 * strength)
            at = number * step
            if vertical:
                scene.canvas.drawLine(at, 0, at, scene.frame.height, thread)
            else:
                scene.canvas.drawLine(0, at, scene.frame.width, at, thread)


def _plain(scene: Set, near: _Near) -> None:
    """A light from the upper left only."""
    x, y = _middle(scene)
    brushes.glow(scene.canvas, x * 0.6, y * 0.5, max(x, y) * 1.7, near.ground.lighter(0.06), 0.8)


Texture = Callable[[Set, _Near], None]

TEXTURES: Final[dict[str, Texture]] = {
    "rays": _rays,
    "waves": _waves,
    "arches": _arches,
    "gingham": _gingham,
    "grid": _grid,
    "contours": _contours,
    "guilloche": _guilloche,
    "stripes": _stripes,
    "dots": _dots,
    "terrazzo": _terrazzo,
    "weave": _weave,
    "plain": _plain,
}
