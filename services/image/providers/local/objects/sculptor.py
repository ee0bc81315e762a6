"""Shading shared by the drawn objects: one light from the upper left, one way to make things round, flat or soft.

Objects draw in a space 1000 high, `width` wide, standing on y = 1000.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.media.colour import BLACK, WHITE, Colour, contrast
from services.media.skia import skia
from services.media.text_shaping import Face, shape

if TYPE_CHECKING:
    from collections.abc import Iterator

HEIGHT: Final = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """An object's colours and the short name on its label ("" for none)."""

    body: Colour
    accent: Colour
    paper: Colour
    metal: Colour
    dark: Colour
    label: str
    face: Face


Draw = Callable[["Sculptor"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKind:
    """A drawn object: what it is called in alternative text, its width over height, and the words that ask for it."""

    name: str
    aspect: float
    words: tuple[str, ...]
    draw: Draw
    floats: bool = False  # shown in the air (a cap, a ring, a window) rather than standing on its base
    flat_base: float = 1.0  # share of its width that touches the ground


class Sculptor:
    """Draws shaded shapes on a canvas that is already in the object's space."""

    def __init__(self, canvas: Any, width: float, materials: Materials) -> None:
        self.canvas = canvas
        self.width = width
        self.materials = materials

    @property
    def middle(self) -> float:
        return self.width / 2

    def round_stops(self, colour: Colour) -> list[brushes.Stop]:
        """A cylinder seen from the front: a soft key light on the left, a core shadow, reflected light at the edge."""
        deep, dark = colour.lighter(-0.24), colour.lighter(-0.12)
        light, high = colour.lighter(0.09), colour.lighter(0.17)
        return [
            (0.0, deep, 1.0),
            (0.07, dark, 1.0),
            (0.20, light, 1.0),
            (0.30, high, 1.0),
            (0.42, light, 1.0),
            (0.62, colour, 1.0),
            (0.84, dark, 1.0),
            (0.94, deep, 1.0),
            (1.0, dark, 1.0),
        ]

    def solid(self, outline: Any, colour: Colour, *, shading: str = "round", bounds: Box | None = None) -> None:
        """Fills a path: "round" like a cylinder, "soft" like cloth or plastic lit from above, "flat" almost even."""
        box = bounds or box_of(outline)
        if shading == "round":
            paint = brushes.across(box, self.round_stops(colour))
        elif shading == "soft":
            paint = brushes.diagonal(
                box, [(0.0, colour.lighter(0.10), 1.0), (0.45, colour, 1.0), (1.0, colour.lighter(-0.14), 1.0)]
            )
        else:
            paint = brushes.down(box, [(0.0, colour.lighter(0.03), 1.0), (1.0, colour.lighter(-0.05), 1.0)])
        self.canvas.drawPath(outline, paint)
        if shading == "round":  # darker towards the ground, as everything that stands on one
            with self.clipped(outline):
                self.canvas.drawRect(
                    brushes.rect(box),
                    brushes.down(box, [(0.0, WHITE, 0.07), (0.35, BLACK, 0.0), (1.0, BLACK, 0.24)]),
                )

    def round_box(self, box: Box, radius: float, colour: Colour, *, shading: str = "round") -> None:
        outline = skia.Path()
        outline.addRRect(brushes.rounded(box, radius))
        self.solid(outline, colour, shading=shading)

    def ellipse(self, box: Box, colour: Colour, *, shading: str = "soft") -> None:
        outline = skia.Path()
        outline.addOval(brushes.rect(box))
        self.solid(outline, colour, shading=shading)

    def ball(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A sphere lit from the upper left."""
        paint = brushes.radial(
            (x - radius * 0.35, y - radius * 0.4),
            radius * 1.5,
            [(0.0, colour.lighter(0.2), 1.0), (0.4, colour, 1.0), (1.0, colour.lighter(-0.24), 1.0)],
        )
        self.canvas.drawCircle(x, y, radius, paint)

    def gloss(self, outline: Any, box: Box, *, alpha: float = 0.5, blur: float = 7.0) -> None:
        """A reflection inside an outline, softened by `blur`."""
        with self.clipped(outline):
            self.canvas.drawRRect(brushes.rounded(box, box.width / 2), brushes.fill(WHITE, alpha, blur=blur))

    def shade(self, outline: Any, box: Box, *, alpha: float = 0.25, blur: float = 14.0) -> None:
        """A shadow inside an outline."""
        with self.clipped(outline):
            self.canvas.drawRRect(
                brushes.rounded(box, box.width / 2), brushes.fill(self.materials.dark, alpha, blur=blur)
            )

    def line(self, points: Sequence[tuple[float, float]], colour: Colour, width: float, alpha: float = 1.0) -> None:
        """A smooth open line through the points."""
        self.canvas.drawPath(brushes.smooth_path(points, closed=False), brushes.stroke(colour, width, alpha))

    def tube(self, points: Sequence[tuple[float, float]], colour: Colour, width: float) -> None:
        """A round bar along the points: a dark stroke, the colour, and a thin light."""
        outline = brushes.smooth_path(points, closed=False)
        self.canvas.drawPath(outline, brushes.stroke(colour.lighter(-0.2), width))
        self.canvas.drawPath(outline, brushes.stroke(colour, width * 0.78))
        self.canvas.save()
        self.canvas.translate(-width * 0.14, -width * 0.14)
        self.canvas.drawPath(outline, brushes.stroke(colour.lighter(0.2), width * 0.2, 0.8, blur=width * 0.06))
        self.canvas.restore()

    @contextmanager
    def clipped(self, outline: Any) -> Iterator[None]:
        self.canvas.save()
        self.canvas.clipPath(outline, doAntiAlias=True)
        try:
            yield
        finally:
            self.canvas.restore()

    def label(self, box: Box, colour: Colour, *, upright: bool = False, largest: float = 90.0) -> None:
        """The label's name centred in the box, as large as fits; `upright` turns it to read upwards."""
        text = self.materials.label
        if not text:
            return
        room, rise = (box.height, box.width) if upright else (box.width, box.height)
        face = self.materials.face if self.materials.face.covers(text) else Face(family="Inter", weight=700)
        probe = shape(text, face, 100.0)
        span, tall = probe.ink[2] - probe.ink[0], probe.ink[3] - probe.ink[1]
        if span <= 0 or tall <= 0:
            return
        size = min(largest, 100.0 * room / span, 100.0 * rise / tall)
        if size < 16:  # smaller would be dirt on the label
            return
        line = shape(text, face, size)
        blob = line.blob()
        self.canvas.save()
        self.canvas.translate(box.centre_x, box.centre_y)
        if upright:
            self.canvas.rotate(-90)
        self.canvas.drawTextBlob(
            blob, -(line.ink[0] + line.ink[2]) / 2, -(line.ink[1] + line.ink[3]) / 2, brushes.fill(colour)
        )
        self.canvas.restore()

    def ink_on(self, colour: Colour) -> Colour:
        """White or the dark, whichever reads better on a material."""
        return max((WHITE, self.materials.dark), key=lambda candidate: contrast(candidate, colour))

    def wrapped_label(self, box: Box, colour: Colour, *, stripe: bool = True) -> None:
        """A paper label around a round body, with the name and two fine lines."""
        self.canvas.drawRect(brushes.rect(box), brushes.across(box, self.round_stops(colour)))
        ink = self.ink_on(colour)
        inner = box.inset(box.width * 0.14, box.height * 0.2)
        self.label(Box(inner.left, inner.top, inner.right, inner.top + inner.height * 0.46), ink, largest=76)
        if stripe:
            for step, share in ((0.62, 0.5), (0.76, 0.34)):
                y = inner.top + inner.height * step
                half = inner.width * share / 2
                self.canvas.drawLine(
                    box.centre_x - half,
                    y,
                    box.centre_x + half,
                    y,
                    brushes.stroke(ink, max(3.0, box.height * 0.016), 0.55),
                )


def box_of(outline: Any) -> Box:
    bounds = outline.computeTightBounds()
    return Box(bounds.left(), bounds.top(), bounds.right(), bounds.bottom())


def mirrored(points: Sequence[tuple[float, float]], middle: float) -> list[tuple[float, float]]:
    """The right-hand points and, back up, their mirror images: a closed symmetrical outline."""
    return [*points, *((2 * middle - x, y) for x, y in reversed(points))]


def polar(x: float, y: float, radius: float, degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return x + radius * math.cos(angle), y + radius * math.sin(angle)
