"""Pictograms of objects and icons, of one colour: Microsoft's Fluent Emoji and Lucide, from the files that
model_files.py stores.

Only the places of the drawings stay in memory; a drawing is read when it is drawn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy

from services.media.colour import Colour
from services.media.skia import skia

EDGE: Final = 768  # pixels of a drawing's longer side: about as large as a picture shows it
GRID: Final = 32  # width and height of a drawing that names none
ICON_GRID: Final = 24  # of an icon that names none
CACHED: Final = 8  # rendered drawings, of at most 2.4 MB each
FAINT: Final = 6  # alpha up to which nothing is seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A rendered drawing, cropped to what it shows. image: a skia.Image with transparency."""

    name: str
    image: Any

    @property
    def aspect(self) -> float:
        """Width over height."""
        return float(self.image.width() / self.image.height())


class DrawingFile:
    """The drawings of a stored file. Each is a JSON object on lines of its own, as the package writes them."""

    def __init__(self, path: Path) -> None:
        """Finds all drawings, which takes about 0.2 s. Raises OSError."""
        self._path = path
        self._places = dict(_places(path))

    @property
    def names(self) -> frozenset[str]:
        """The names of all drawings."""
        return frozenset(self._places)

    def svg(self, name: str, *, grid: int = GRID) -> str:
        """Returns a drawing as an SVG document. grid: width and height of one that names none. Raises KeyError for an
        unknown name."""
        start, length = self._places[name]
        with self._path.open("rb") as file:
            file.seek(start)
            icon = json.loads(file.read(length))
        width, height = icon.get("width", grid), icon.get("height", grid)
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
            f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
        )


@lru_cache(maxsize=2)
def drawing_file(path: Path) -> DrawingFile:
    """Returns the file's drawings, found once in each process. Raises OSError."""
    return DrawingFile(path)


@lru_cache(maxsize=CACHED)
def render(path: Path, name: str, colour: Colour) -> Drawing:
    """Renders a pictogram of the file in a colour, EDGE pixels on its longer side before it is cropped.

    Raises KeyError, OSError, and ValueError for a drawing that is empty.
    """
    surface = skia.Surface(EDGE, EDGE)
    canvas = surface.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    draw_icon(canvas, path, name, left=0, top=0, size=EDGE, colour=colour, grid=GRID)
    alpha = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., 3]
    seen = _bounds(alpha > FAINT)
    if seen is None:
        raise ValueError(f"the drawing {name} is empty")
    return Drawing(name=name, image=surface.makeImageSnapshot(skia.IRect.MakeLTRB(*seen)))


def draw_icon(
    canvas: Any,
    path: Path,
    name: str,
    *,
    left: float,
    top: float,
    size: float,
    colour: Colour,
    grid: int = ICON_GRID,
) -> None:
    """Draws an icon of the file into a square of `size` pixels, as outlines, so that it is sharp at any size.

    grid: width and height of an icon that names none. Raises KeyError, OSError, and ValueError for an icon that cannot
    be read.
    """
    text = drawing_file(path).svg(name, grid=grid).replace("currentColor", colour.hex)
    picture = skia.SVGDOM.MakeFromStream(skia.MemoryStream(text.encode(), True))
    if picture is None:
        raise ValueError(f"the icon {name} cannot be read")
    canvas.save()
    canvas.translate(left, top)
    canvas.scale(size / grid, size / grid)
    picture.render(canvas)
    canvas.restore()


def _bounds(mask: Any) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) of what a mask holds, None for an empty one."""
    rows, columns = numpy.flatnonzero(mask.any(axis=1)), numpy.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _places(path: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yields each drawing's name with the place and length of its JSON object in the file."""
    opening = re.compile(rb'\t\t"([a-z0-9-]+)": \{\r?\n')
    position, name, start = 0, "", 0
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b'\t"aliases"'):
                return
            if found := opening.fullmatch(line):
                name, start = found[1].decode(), position + line.index(b"{")
            elif name and line.rstrip(b",\r\n") == b"\t\t}":
                yield name, (start, position + 3 - start)
                name = ""
            position += len(line)
