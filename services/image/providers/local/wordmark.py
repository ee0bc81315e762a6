"""The brand's name as an ornament: as large as its field, in a tone of the ground, below all that is to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.image.providers.local import brushes
from services.image.providers.local.choice import Choice
from services.image.providers.local.geometry import Frame
from services.image.providers.local.layouts import PlacedField
from services.image.providers.local.motifs import under
from services.image.providers.local.posters import Shape
from services.image.providers.local.typesetting import Writing, fit

STEP: Final = 0.055  # of lightness between the name and what is behind it
DARK: Final = 0.55  # lightness of a ground on which the name is lighter
LARGEST: Final = 60.0  # units
SMALLEST: Final = 9.0  # units, below which a name is too long for an ornament
MOST_LINES: Final = 4
MOST_TIMES: Final = 3  # that a short name stands one below the other
SIDE: Final = 9.0  # units to the edges of the picture


def draw(canvas: Any, frame: Frame, fields: Sequence[PlacedField], choice: Choice) -> None:
    """Draws the brand's name into the fields for it; nothing without a name, or where it is too long."""
    name, face = choice.words.brand or choice.words.headline, choice.look.headline
    for field in fields:
        if field.shape is not Shape.WORDMARK or not name or not face.covers(name):
            continue
        below = [other for other in fields if other is not field]
        ground = under(field.box, below, choice.palette)
        colour = ground.lighter(STEP if ground.lightness < DARK else -STEP)
        side = SIDE * frame.unit
        block = fit(
            name,
            face,
            box_width=frame.width - 2 * side,
            box_height=field.box.height - side,
            largest=LARGEST * frame.unit,
            smallest=SMALLEST * frame.unit,
            line_height=1.0,
            most_lines=MOST_LINES,
            writing=Writing(language=choice.words.language, right_to_left=choice.words.right_to_left),
        )
        if not block.complete or block.broken:
            continue
        lines = list(block.lines)
        leading = block.size * max(0.92, (face.metrics().cap_height + 0.26))
        if len(lines) == 1:
            times = int((field.box.height - side) // leading)
            lines = lines * max(1, min(MOST_TIMES, times))
        paint = brushes.fill(colour)
        baseline = field.box.bottom - side
        for line in reversed(lines):
            blob = line.blob()
            x = frame.width - side - line.ink[2] if choice.words.right_to_left else side - line.ink[0]
            if blob is not None:
                canvas.drawTextBlob(blob, x, baseline, paint)
            baseline -= leading
