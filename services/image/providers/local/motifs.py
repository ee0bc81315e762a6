"""Pictograms on posters: one large one, which may reach over an edge, or a pattern of small ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from services.image.providers.local import brushes
from services.image.providers.local.geometry import Box
from services.image.providers.local.layouts import PlacedField, PlacedMotif
from services.image.providers.local.posters import Shape, Tone, tone_of
from services.media.colour import Colour, Palette, contrast
from services.media.drawings import GRID, draw_icon

ALONE: Final = 1.7  # contrast of a large pictogram with what is behind it
FILLED: Final = 0.7  # of a pattern's cell that its pictogram takes
FLAT: Final = frozenset({Shape.RECT, Shape.ROUNDED, Shape.ARCH, Shape.CIRCLE})
TONES: Final = (Tone.SECOND, Tone.THIRD, Tone.ACCENT, Tone.PAPER, Tone.DEEP)


def draw(
    canvas: Any,
    motif: PlacedMotif,
    fields: Sequence[PlacedField],
    palette: Palette,
    path: Path,
    names: Sequence[str],
) -> None:
    """Draws the pictograms of the file at `path`; those of a pattern take turns. Raises KeyError for unknown names."""
    behind = _behind(motif, fields, palette)
    colour = behind.mixed(seen_on(motif.tone, behind, palette), motif.strength)
    canvas.save()
    canvas.clipRect(brushes.rect(motif.within))
    if motif.columns == 1:
        _one(canvas, path, names[0], motif.box, motif.turn, colour)
    else:
        cell = motif.box.width / motif.columns
        for row in range(math.ceil(motif.box.height / cell) + 1):
            for column in range(-1, motif.columns + 1):
                left = motif.box.left + (column + 0.5 * (row % 2)) * cell
                top = motif.box.top + (row - 0.25) * cell
                around = Box(left, top, left + cell, top + cell).inset(cell * (1 - FILLED) / 2, cell * (1 - FILLED) / 2)
                _one(canvas, path, names[(row + column) % len(names)], around, motif.turn, colour)
    canvas.restore()


def _one(canvas: Any, path: Path, name: str, box: Box, turn: float, colour: Colour) -> None:
    size = min(box.width, box.height)
    canvas.save()
    canvas.translate(box.centre_x, box.centre_y)
    canvas.rotate(turn)
    draw_icon(canvas, path, name, left=-size / 2, top=-size / 2, size=size, colour=colour, grid=GRID)
    canvas.restore()


def _behind(motif: PlacedMotif, fields: Sequence[PlacedField], palette: Palette) -> Colour:
    """The colour of the last field that the motif stands on, or that of the ground."""
    frame = motif.within
    left, right = max(motif.box.left, frame.left), min(motif.box.right, frame.right)
    x, y = (left + right) / 2, (max(motif.box.top, frame.top) + min(motif.box.bottom, frame.bottom)) / 2
    under = [
        field
        for field in fields
        if field.shape in FLAT and field.box.left <= x <= field.box.right and field.box.top <= y <= field.box.bottom
    ]
    return tone_of(palette, under[-1].tone) if under else palette.background


def seen_on(wished: Tone, behind: Colour, palette: Palette) -> Colour:
    """Returns the wished colour if it is seen on what is behind it, else the first that is, else the best seen."""
    colours = [tone_of(palette, tone) for tone in (wished, *TONES)] + [palette.ink]
    seen = next((colour for colour in colours if contrast(colour, behind) >= ALONE), None)
    return seen or max(colours, key=lambda colour: contrast(colour, behind))
