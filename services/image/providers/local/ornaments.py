"""What fills the room that a poster's texts leave in vertical pictures: a large figure cut by the edge, or arcs."""

from __future__ import annotations

import math
import re
from typing import Final

from services.image.providers.local import brushes
from services.image.providers.local.ad_text import Wording
from services.image.providers.local.geometry import Box
from services.image.providers.local.prices import AMOUNT
from services.image.providers.local.scene_context import Set
from services.media.colour import Colour
from services.media.text_shaping import Face, shape

GAP: Final = 3.0  # units between a figure and what stands above it
MOST_CUT: Final = 1.6  # times the room's height that a figure is high
FIGURE_STEP: Final = 0.055  # of lightness between a figure and what it lies on
REFERENCE: Final = 100.0  # pixels at which a figure is measured
FIGURE: Final = re.compile(r"(?<![\w.,])\d{1,3}\s?%|(?<![\w.,])\d{1,4}(?![\w.,:])")
ARCS: Final = 5
ARC_STEP: Final = 0.045  # of lightness between two arcs
DARK: Final = 0.55  # lightness of a ground on which arcs and figures become lighter


def figure_of(words: Wording) -> str:
    """Returns the figure that a picture can show large: its price, else one of its headline, "" for none."""
    if words.price:
        amount = AMOUNT.search(words.price)
        return amount[0].strip() if amount else ""
    found = FIGURE.search(words.headline)
    return found[0] if found else ""


def figure(scene: Set, box: Box, behind: Colour, text: str, face: Face) -> None:
    """Draws a figure as large as a box is wide, in its middle or cut by its lower edge, in a near tone of what it lies
    on."""
    line = shape(text, face, REFERENCE)
    width, height = line.ink[2] - line.ink[0], line.ink[3] - line.ink[1]
    if width <= 0 or height <= 0:
        return
    margin = scene.frame.safe.left - scene.frame.whole.left
    scale = min((box.width - 2 * margin) / width, MOST_CUT * (box.height - GAP * scene.unit) / height)
    placed = line.scaled(scale)
    above = max(GAP * scene.unit, (box.height - height * scale) / 2)
    x, y = box.left + margin - placed.ink[0], box.top + above - placed.ink[1]
    tone = behind.lighter(FIGURE_STEP if behind.lightness < DARK else -FIGURE_STEP)
    scene.canvas.save()
    scene.canvas.clipRect(brushes.rect(box))
    scene.canvas.drawTextBlob(placed.blob(), x, y, brushes.fill(tone))
    scene.canvas.restore()


def arcs(scene: Set, box: Box, behind: Colour) -> None:
    """Draws wide arcs about a lower corner of a box, in near tones of what it lies on."""
    canvas = scene.canvas
    x = box.right if scene.draw.random() < 0.5 else box.left
    step = ARC_STEP if behind.lightness < DARK else -ARC_STEP
    reach = min(box.width, math.hypot(box.width, box.height) * 0.9)
    canvas.save()
    canvas.clipRect(brushes.rect(box))
    for ring in range(ARCS):
        radius = reach * (1 - ring / ARCS)
        canvas.drawCircle(x, box.bottom, radius, brushes.fill(behind.lighter(step * (ring + 1) * 0.8)))
    canvas.restore()
