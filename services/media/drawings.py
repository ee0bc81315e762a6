"""Vector drawings of objects and icons of one colour: Microsoft's Fluent Emoji and Lucide, from the files that
model_files.py stores.

The former holds 3,174 drawings in 104 MB. Only the places of the drawings stay in memory; a drawing is read when it is
drawn.
"""

from __future__ import annotations

import json
import math
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
FOOT: Final = 0.04  # share of the height that counts as what touches the ground
SOLID: Final = 96  # alpha from which a pixel belongs to the object and not to its soft edge
FAINT: Final = 6  # alpha up to which nothing is seen
SOLE: Final = 4  # pixels of a soft edge that may lie under a thing's foot: with more it would seem to hover
COLOUR: Final = re.compile(r"#[0-9A-Fa-f]{6}\b|#[0-9A-Fa-f]{3}\b")
GREY: Final = 0.03  # chroma below which a colour has no hue to change
BLACK: Final = 0.46  # lightness below which an object is black
SHINE: Final = 0.65  # lightness from which a grey of it is a light on it
DARKEST, LIGHTEST = 0.12, 0.97  # lightness that a moved colour keeps within
NEAR: Final = 50.0  # degrees of hue within which a colour belongs to the object's main one


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A rendered drawing, cropped to what it shows.

    image: a skia.Image with transparency. foot: share of the width that touches the ground, 0 to 1.
    """

    name: str
    image: Any
    foot: float

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
def render(path: Path, name: str, colour: Colour | None = None) -> Drawing:
    """Renders a drawing of the file, EDGE pixels on its longer side before it is cropped.

    colour: the object's main colour becomes this one, with its lights and shades. Raises KeyError, OSError, and
    ValueError for a drawing that is empty.
    """
    text = drawing_file(path).svg(name)
    data = (recoloured(text, colour).replace("currentColor", colour.hex) if colour is not None else text).encode()
    picture = skia.SVGDOM.MakeFromStream(skia.MemoryStream(data, True))  # True: it copies the bytes
    if picture is None:
        raise ValueError(f"the drawing {name} cannot be read")
    size = picture.containerSize()
    scale = EDGE / max(size.width(), size.height())
    surface = skia.Surface(math.ceil(size.width() * scale), math.ceil(size.height() * scale))
    canvas = surface.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    canvas.scale(scale, scale)
    picture.render(canvas)
    alpha = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., 3]
    seen = _bounds(alpha > FAINT)
    if seen is None:
        raise ValueError(f"the drawing {name} is empty")
    left, top, right, bottom = seen
    solid = _bounds(alpha > SOLID) or seen
    low = _bounds(alpha[solid[3] - math.ceil((solid[3] - solid[1]) * FOOT) : solid[3]] > SOLID) or solid
    bottom = min(bottom, solid[3] + SOLE)
    image = surface.makeImageSnapshot(skia.IRect.MakeLTRB(left, top, right, bottom))
    return Drawing(name=name, image=image, foot=(low[2] - low[0]) / (right - left))


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


def recoloured(svg: str, colour: Colour) -> str:
    """Returns the document with its main colour, and lighter and darker ones of that hue, moved to the given colour.

    Other hues and greys stay.
    """
    found = [Colour.of(text) for text in COLOUR.findall(svg)]
    hued = [each for each in found if each.chroma > GREY]
    if not hued:
        return svg
    main = max(hued, key=lambda each: sum(other.chroma for other in hued if _turn(each.hue, other.hue) < NEAR)).hue

    def belongs(each: Colour) -> bool:
        return each.chroma > GREY and _turn(main, each.hue) < NEAR

    shades = sorted(each.lightness for each in found if belongs(each))
    middle = shades[len(shades) // 2]

    def moved(match: re.Match[str]) -> str:
        old = Colour.of(match[0])
        black = middle < BLACK and old.lightness < SHINE  # a black object has greys for shades
        if not belongs(old) and not black:
            return match[0]
        lightness = min(max(old.lightness + colour.lightness - middle, DARKEST), LIGHTEST)
        chroma = min(max(old.chroma, colour.chroma * 0.8), colour.chroma * 1.2)
        return Colour.from_oklch(lightness, chroma, colour.hue).hex

    return COLOUR.sub(moved, svg)


def _turn(hue: float, other: float) -> float:
    return abs((hue - other + 180) % 360 - 180)


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
