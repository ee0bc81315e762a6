"""How much of a picture of type is empty: the largest rectangle that holds no text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.text_column import Placed

CELLS: Final = 48  # along the shorter side of the picture
AROUND: Final = 2.0  # units of air around a text that count as its own


def largest_empty(frame: Frame, texts: Iterable[Box]) -> float:
    """Returns the area of the largest rectangle without text, as a share of the picture; of a vertical one for feeds
    with controls above and below, as a share of what lies between them. texts: the boxes of all lines, in pixels."""
    whole = frame.whole
    seen = Box(0, frame.safe.top, whole.right, frame.safe.bottom) if frame.height > 1.6 * frame.width else whole
    cell = min(seen.width, seen.height) / CELLS
    columns, rows = round(seen.width / cell), round(seen.height / cell)
    taken = [[False] * columns for _ in range(rows)]
    air = AROUND * frame.unit
    for box in texts:
        across = range(max(0, int((box.left - air) / cell)), min(columns, int((box.right + air) / cell) + 1))
        top, bottom = (box.top - air - seen.top) / cell, (box.bottom + air - seen.top) / cell
        for row in range(max(0, int(top)), min(rows, int(bottom) + 1)):
            for column in across:
                taken[row][column] = True
    return _largest(taken) / (columns * rows)


def lines_of(texts: Iterable[Placed], mark: Box | None = None) -> Iterator[Box]:
    """The boxes of all lines with their marks, of buttons and the logo."""
    for placed in texts:
        if placed.plate is not None:
            yield placed.plate
        for (x, y), line in zip(placed.pens, placed.block.lines, strict=True):
            left, top, right, bottom = line.ink
            yield Box(x + left - placed.indent, y + top, x + right, y + bottom)
    if mark is not None:
        yield mark


def _largest(taken: Sequence[Sequence[bool]]) -> int:
    """The cells of the largest rectangle of which none is taken: the largest below each row's profile of heights."""
    heights = [0] * len(taken[0])
    best = 0
    for row in taken:
        heights = [0 if full else height + 1 for full, height in zip(row, heights, strict=True)]
        open_: list[tuple[int, int]] = []  # where a height began, and the height
        for place, height in enumerate((*heights, 0)):
            start = place
            while open_ and open_[-1][1] >= height:
                start, above = open_.pop()
                best = max(best, above * (place - start))
            open_.append((start, height))
    return best
