"""Where type stands on a finished picture, for the record of its file."""

from __future__ import annotations

from typing import Final

from services.image.domain import TextArea
from services.image.providers.local.composer import Proof

DIGITS: Final = 4  # of a share: a fifth of a pixel of 2,000


def text_areas(proof: Proof) -> tuple[TextArea, ...]:
    """Every line of type by the box of its ink, in the order in which texts were set."""
    width, height = proof.frame.width, proof.frame.height
    areas = []
    for placed in proof.texts:
        reading = proof.readings[placed.role]
        for line, (x, y) in zip(placed.block.lines, placed.pens, strict=True):
            left, top, right, bottom = line.ink
            if right <= left or bottom <= top:  # only spaces
                continue
            areas.append(
                TextArea(
                    role=placed.role.value,
                    left=_share(x + left, width),
                    top=_share(y + top, height),
                    right=_share(x + right, width),
                    bottom=_share(y + bottom, height),
                    contrast=round(reading.ratio, 2),
                    contrast_needed=reading.needed,
                )
            )
    return tuple(areas)


def _share(value: float, whole: int) -> float:
    return round(min(max(value / whole, 0.0), 1.0), DIGITS)
