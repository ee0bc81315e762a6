"""What a painter of grounds and scenes is told, and the room that texts leave."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.image.providers.local.arrangement import TYPE_PLANS, Arrangement
from services.image.providers.local.geometry import Box, Frame
from services.media.colour import Palette
from services.media.skia import skia


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Everything a ground needs to know: where it is drawn, in which colours, and what will stand before it.

    product: the box the product itself will take; where there is none, what the ground's light falls on. draw: the
    source of variation; the same seed, the same picture.
    written: the boxes of the texts as they will stand, buttons included.
    """

    canvas: Any
    frame: Frame
    palette: Palette
    arrangement: Arrangement
    product: Box
    draw: random.Random
    stands: bool
    written: tuple[Box, ...] = ()

    @property
    def unit(self) -> float:
        return self.frame.unit

    @property
    def quiet(self) -> tuple[Box, ...]:
        """Boxes that busy things stay out of."""
        if self.arrangement.plan in TYPE_PLANS:
            return self.written
        boxes = [self.arrangement.text]
        if self.arrangement.foot:
            boxes.append(self.arrangement.foot)
        if self.arrangement.brand:
            boxes.append(self.arrangement.brand)
        return tuple(boxes)


Ground = Callable[[Set], None]


def room_beside(scene: Set, wished: float) -> tuple[float, float]:
    """How far a shape around the product may reach sideways and up and down, of what is wished, off all texts; at
    least to the product's own edge."""
    product = scene.product
    across = along = wished
    for box in scene.written:
        beside = max(box.left - product.centre_x, product.centre_x - box.right)
        above = max(box.top - product.centre_y, product.centre_y - box.bottom)
        if beside > product.width * 0.5 and above < wished * 1.16:
            across = min(across, (beside - scene.unit) / 1.16)
        elif above > 0:
            along = min(along, (above - scene.unit) / 1.16)
    return max(across, product.width * 0.46), max(along, product.height * 0.46)


def room_at(scene: Set, x: float, y: float) -> float:
    """How far a shape around a point may reach before it lies under a text."""
    return min(
        (
            math.hypot(max(box.left - x, 0.0, x - box.right), max(box.top - y, 0.0, y - box.bottom))
            for box in scene.written
        ),
        default=math.inf,
    )


def leaf_shape(length: float, *, fat: float = 0.34) -> Any:
    """A leaf from (0, 0) upwards."""
    outline = skia.Path()
    outline.moveTo(0, 0)
    outline.cubicTo(-length * fat, -length * 0.3, -length * fat * 0.8, -length * 0.75, 0, -length)
    outline.cubicTo(length * fat * 0.8, -length * 0.75, length * fat, -length * 0.3, 0, 0)
    outline.close()
    return outline
