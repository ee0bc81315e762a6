"""What moves in a shot: pictures that come in, stay and drift, and grounds under a moving camera.

Everything is drawn once, when its shot begins; a frame only blends pictures. Times are seconds since the shot began.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from services.media.skia import skia
from services.video.providers.local.strokes import box, image_of, surface_of

ENTER_SECONDS: Final = 0.42
SAMPLING: Final = skia.SamplingOptions(skia.FilterMode.kLinear)
FINE: Final = skia.SamplingOptions(skia.CubicResampler.Mitchell())
ZOOM: Final = 0.13  # share by which a camera comes nearer or goes away in one shot
NEARER: Final = 0.1  # share by which a layer grows in the middle of a long shot
NEARER_SECONDS: Final = 0.24
PAN: Final = 0.16  # share of the frame that a camera passes


def smooth(share: float) -> float:
    """Slow, fast, slow."""
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


def settle(share: float) -> float:
    """Fast, then slow: for what comes in."""
    return 1 - (1 - min(1.0, max(0.0, share))) ** 3


def overshoot(share: float) -> float:
    """Past the end by a tenth and back."""
    rest = min(1.0, max(0.0, share)) - 1
    return 1 + 2.2 * rest**3 + 1.2 * rest**2


@dataclass(slots=True, kw_only=True)
class Layer:
    """A picture with its centre at (x, y), drawn `width` by `height` pixels.

    enter: how it comes, `at` which time: pop, rise, slide, drop, fade, wipe. grow: share by which it grows while the
    shot lasts. sway: pixels by which it floats up and down. pulse: share by which it
    swells about once a second. turn: degrees. anchor: the share of its width that stays where it is while its size
    changes, 0 for the left edge.
    """

    image: Any
    x: float
    y: float
    width: float
    height: float
    enter: str = "fade"
    at: float = 0.0
    grow: float = 0.0
    sway: float = 0.0
    pulse: float = 0.0
    turn: float = 0.0
    far: float = 60.0  # pixels that it travels when it comes
    anchor: float = 0.5
    nearer_at: float = math.inf  # when it comes nearer at once, as at a cut

    def draw(self, canvas: Any, time: float, seconds: float) -> None:
        share = (time - self.at) / ENTER_SECONDS
        if share <= 0:
            return
        came = settle(share)
        alpha = min(1.0, share * 1.8)
        x, y, scale = self.x, self.y, 1 + self.grow * smooth(time / max(seconds, 0.1))
        if time > self.nearer_at:
            scale *= 1 + NEARER * settle((time - self.nearer_at) / NEARER_SECONDS)
        match self.enter:
            case "pop":
                scale *= 0.55 + 0.45 * overshoot(share)
            case "rise":
                y += (1 - came) * self.far
            case "drop":
                y -= (1 - overshoot(share)) * self.far * 1.5
            case "slide":
                x += (1 - came) * self.far * 3
        y += self.sway * math.sin(time * 1.7)
        scale *= 1 + self.pulse * math.sin((time - self.at) * 2 * math.pi * 1.04) if share >= 1 else 1
        left = x - self.width / 2 + self.width * self.anchor * (1 - scale)
        top = y - self.height * scale / 2
        moving = scale != 1.0 or self.turn or share < 1 or self.sway
        paint = skia.Paint(Alphaf=alpha) if alpha < 1 else None
        if not moving and self.image.width() == round(self.width):
            canvas.drawImage(self.image, round(left), round(top), skia.SamplingOptions(), paint)
            return
        canvas.save()
        if self.turn:
            canvas.rotate(self.turn, x, y)
        if self.enter == "wipe" and share < 1:
            canvas.clipRect(box(left, top, self.width * scale * came, self.height * scale))
        target = box(left, top, self.width * scale, self.height * scale)
        canvas.drawImageRect(self.image, target, SAMPLING, paint or skia.Paint())
        canvas.restore()


@dataclass(slots=True, kw_only=True)
class Ground:
    """The picture behind a shot: opaque, the frame's size, or larger with a `camera` that moves over it."""

    image: Any
    width: int
    height: int
    camera: str = "still"

    def draw(self, canvas: Any, time: float, seconds: float) -> None:
        if self.camera == "still":
            canvas.drawImage(self.image, 0, 0)
            return
        share = smooth(time / max(seconds, 0.1)) * 0.7 + 0.3 * time / max(seconds, 0.1)
        image_width, image_height = self.image.width(), self.image.height()
        fit = min(image_width / self.width, image_height / self.height)
        zoom = {"zoom_in": 1 + ZOOM * share, "zoom_out": 1 + ZOOM * (1 - share)}.get(self.camera, 1 + PAN)
        seen_width, seen_height = self.width * fit / zoom, self.height * fit / zoom
        spare_x, spare_y = image_width - seen_width, image_height - seen_height
        along = {"pan_left": share, "pan_right": 1 - share}.get(self.camera, 0.5)
        if spare_x < spare_y and self.camera.startswith("pan"):
            x, y = spare_x / 2, spare_y * (0.25 + 0.5 * along)
        else:
            middle, travel = spare_x / 2, min(spare_x, seen_width * 0.3)
            x, y = middle + travel * (along - 0.5), spare_y / 2
        canvas.drawImageRect(
            self.image,
            box(x, y, seen_width, seen_height),
            box(0, 0, self.width, self.height),
            SAMPLING,
            skia.Paint(),
            skia.Canvas.kFast_SrcRectConstraint,
        )


@dataclass(slots=True, kw_only=True)
class Drawn:
    """A shot that is ready: its ground, what is over it in order, and how long it lasts in seconds."""

    ground: Ground
    layers: list[Layer]
    seconds: float

    def draw(self, canvas: Any, time: float) -> None:
        self.ground.draw(canvas, time, self.seconds)
        for layer in self.layers:
            layer.draw(canvas, time, self.seconds)


def painted(width: float, height: float, draw: Callable[[Any], None], *, opaque: bool = False) -> Any:
    """A skia.Image of what `draw` draws on a canvas of that size."""
    pixels = np.zeros((max(1, math.ceil(height)), max(1, math.ceil(width)), 4), np.uint8)
    draw(surface_of(pixels).getCanvas())
    return image_of(pixels, opaque=opaque)
