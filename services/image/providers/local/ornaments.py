"""What fills the room that a poster's texts leave in vertical pictures: a large figure, or the sender's name."""

from __future__ import annotations

import itertools
import re
from typing import Final

from services.image.providers.local import brushes
from services.image.providers.local.ad_text import Wording
from services.image.providers.local.geometry import Box
from services.image.providers.local.prices import AMOUNT
from services.image.providers.local.scene_context import Set
from services.media.colour import Colour
from services.media.text_shaping import Face, Line, shape

GAP: Final = 3.0  # units between a figure and what stands above it
MOST_CUT: Final = 1.6  # times the room's height that a figure is high
FIGURE_STEP: Final = 0.055  # of lightness between what is large and what it lies on
REFERENCE: Final = 100.0  # pixels at which a figure is measured
FIGURE: Final = re.compile(r"(?<![\w.,])\d{1,3}\s?%|(?<![\w.,])\d{1,4}(?![\w.,:])")
DARK: Final = 0.55  # lightness of a ground on which it becomes lighter
LEADING: Final = 0.98  # of a name's size, between its lines
MOST_LINES: Final = 3  # of a name
LONGEST_NAME: Final = 40  # characters of a name that is read at a glance


def figure_of(words: Wording) -> str:
    """Returns the figure that a picture can show large: its price, else one of its headline, "" for none."""
    if words.price:
        amount = AMOUNT.search(words.price)
        return amount[0].strip() if amount else ""
    found = FIGURE.search(words.headline)
    return found[0] if found else ""


def large(scene: Set, box: Box, behind: Colour, text: str, face: Face) -> None:
    """Draws a figure or a name as large as a box is wide, in its middle or, of a figure, cut by its lower edge, in a
    near tone of what it lies on. A name of several words stands on as many lines as make it largest."""
    margin = scene.frame.safe.left - scene.frame.whole.left
    width, height = box.width - 2 * margin, box.height - margin
    one = shape(text, face, REFERENCE)
    if min(width, height, one.ink[2] - one.ink[0], one.ink[3] - one.ink[1]) <= 0:
        return
    is_figure = " " not in text and any(map(str.isdigit, text))
    lines, size = _set(text, face, width, MOST_CUT * height if is_figure else height)
    first, last = lines[0], lines[-1]
    inked = -first.ink[1] + size * LEADING * (len(lines) - 1) + last.ink[3]
    y = box.top + max(GAP * scene.unit, (box.height - inked) / 2) - first.ink[1]
    tone = behind.lighter(FIGURE_STEP if behind.lightness < DARK else -FIGURE_STEP)
    scene.canvas.save()
    scene.canvas.clipRect(brushes.rect(box))
    for line in lines:
        scene.canvas.drawTextBlob(line.blob(), box.left + margin - line.ink[0], y, brushes.fill(tone))
        y += size * LEADING
    scene.canvas.restore()


def _set(text: str, face: Face, width: float, height: float) -> tuple[list[Line], float]:
    """The lines in which a text is largest within a width and a height, and their size in pixels."""
    words = text.split()
    found: tuple[list[Line], float] = ([], 0.0)
    for count in range(1, min(MOST_LINES, len(words)) + 1):
        for cuts in itertools.combinations(range(1, len(words)), count - 1):
            ends = (0, *cuts, len(words))
            lines = [shape(" ".join(words[start:end]), face, REFERENCE) for start, end in itertools.pairwise(ends)]
            inked = -lines[0].ink[1] + REFERENCE * LEADING * (count - 1) + lines[-1].ink[3]
            scale = min(width / max(line.ink[2] - line.ink[0] for line in lines), height / inked)
            if scale * REFERENCE > found[1]:
                found = [line.scaled(scale) for line in lines], scale * REFERENCE
    return found
