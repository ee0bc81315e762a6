"""Stored files of drawings and icons: one JSON object each, on lines of its own, as Iconify's packages write them.

Only the places of the drawings stay in memory; a drawing is read when it is drawn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

GRID: Final = 32  # width and height of a drawing that names none
FILES: Final = 5  # kept open to be read: drawings, and the packages of icons and signs


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


@lru_cache(maxsize=FILES)
def drawing_file(path: Path) -> DrawingFile:
    """Returns the file's drawings, found once in each process. Raises OSError."""
    return DrawingFile(path)


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
