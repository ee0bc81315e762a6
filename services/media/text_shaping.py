"""Shapes text into positioned glyphs with HarfBuzz: kerning, ligatures, composed accents and figures.

Skia's own text drawing neither kerns nor composes, which is visible at headline sizes.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import uharfbuzz

from services.media import fonts
from services.media.skia import skia

UNITS_PER_EM: Final = 4096  # HarfBuzz uses integers; a 4096th of an em is far below a pixel


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A bundled family at a weight. `tracking`: extra space between letters in ems (negative tightens)."""

    family: str
    weight: int = 400
    italic: bool = False
    tracking: float = 0.0

    def covers(self, text: str) -> bool:
        """Whether the face has a glyph for every character of `text`."""
        return not fonts.missing_characters(self.typeface(), unicodedata.normalize("NFC", text))

    def typeface(self) -> Any:
        """The skia.Typeface."""
        return fonts.typeface(self.family, self.weight, italic=self.italic)

    def metrics(self) -> Metrics:
        """Returns the face's heights in ems."""
        return _metrics(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Heights of capitals and of a small x above the baseline, and the depth of descenders below it, in ems."""

    cap_height: float
    x_height: float
    descent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One shaped line at a size in pixels. Positions are offsets from the origin on the baseline, y downwards.

    `advance` is the width without the last letter's tracking. `ink` is the bounding box (left, top, right, bottom) of
    the drawn glyphs, for optical alignment.
    """

    text: str
    face: Face
    size: float
    glyphs: tuple[int, ...]
    positions: tuple[tuple[float, float], ...]
    advance: float
    ink: tuple[float, float, float, float]

    def blob(self) -> Any:
        """Returns the skia.TextBlob to draw at the origin; None without glyphs."""
        if not self.glyphs:
            return None
        builder = skia.TextBlobBuilder()
        builder.allocRunPos(
            font(self.face, self.size), list(self.glyphs), [skia.Point(x, y) for x, y in self.positions]
        )
        return builder.make()


def font(face: Face, size: float) -> Any:
    """Returns the skia.Font with subpixel positions, greyscale edges and no hinting, so that sizes scale evenly."""
    made = skia.Font(face.typeface(), size)
    made.setSubpixel(True)
    made.setEdging(skia.Font.Edging.kAntiAlias)
    made.setHinting(skia.FontHinting.kNone)
    made.setLinearMetrics(True)
    return made


@lru_cache(maxsize=512)
def shape(text: str, face: Face, size: float, *, tabular: bool = False) -> Line:
    """Shapes the text on one line. `tabular`: figures of equal width, for counters."""
    glyphs, units, travel = _shaped(unicodedata.normalize("NFC", text), face, tabular)
    scale = size / UNITS_PER_EM
    positions = tuple((x * scale, y * scale) for x, y in units)
    return Line(
        text=text,
        face=face,
        size=size,
        glyphs=glyphs,
        positions=positions,
        advance=travel * scale,
        ink=_ink(glyphs, positions, face, size),
    )


def width(text: str, face: Face, size: float) -> float:
    """Returns the advance width of the text in pixels."""
    return _shaped(unicodedata.normalize("NFC", text), face, False)[2] * size / UNITS_PER_EM


@lru_cache(maxsize=4096)
def _shaped(text: str, face: Face, tabular: bool) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...], int]:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    # Lining figures, as old-style figures in prices look uneven at headline sizes.
    features = {"kern": True, "liga": face.tracking == 0, "lnum": True, "tnum": tabular}
    uharfbuzz.shape(_harfbuzz_font(face.family, face.weight, face.italic), buffer, features)
    spacing = round(face.tracking * UNITS_PER_EM)
    pen = 0
    glyphs: list[int] = []
    positions: list[tuple[int, int]] = []
    for information, position in zip(buffer.glyph_infos, buffer.glyph_positions or (), strict=True):
        glyphs.append(information.codepoint)
        positions.append((pen + position.x_offset, -position.y_offset))
        pen += position.x_advance + spacing
    return tuple(glyphs), tuple(positions), max(0, pen - spacing if glyphs else 0)


def _ink(
    glyphs: tuple[int, ...], positions: tuple[tuple[float, float], ...], face: Face, size: float
) -> tuple[float, float, float, float]:
    left = top = float("inf")
    right = bottom = float("-inf")
    if glyphs:
        for (x, y), box in zip(positions, font(face, size).getBounds(list(glyphs)), strict=True):
            if box.isEmpty():
                continue
            left, right = min(left, x + box.left()), max(right, x + box.right())
            top, bottom = min(top, y + box.top()), max(bottom, y + box.bottom())
    return (left, top, right, bottom) if left <= right else (0.0, 0.0, 0.0, 0.0)


@lru_cache(maxsize=64)
def _harfbuzz_font(family: str, weight: int, italic: bool) -> Any:
    data = uharfbuzz.Blob.from_file_path(str(fonts.font_file(family, weight, italic=italic)))
    made = uharfbuzz.Font(uharfbuzz.Face(data))
    made.scale = (UNITS_PER_EM, UNITS_PER_EM)
    position = fonts.variation(family, weight, italic=italic)
    if position:
        made.set_variations({axis.to_bytes(4, "big").decode("ascii"): value for axis, value in position})
    return made


@lru_cache(maxsize=64)
def _metrics(face: Face) -> Metrics:
    measured = font(face, 1000.0).getMetrics()
    capital = shape("H", face, 1000.0).ink
    small = shape("x", face, 1000.0).ink
    return Metrics(
        cap_height=-capital[1] / 1000, x_height=-small[1] / 1000, descent=min(0.34, measured.fDescent / 1000)
    )
