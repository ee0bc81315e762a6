"""Shapes text into positioned glyphs with HarfBuzz: kerning, ligatures, composed accents, figures, scripts.

Skia's own text drawing neither kerns nor composes, which is visible at headline sizes. Characters that the face lacks
are set in the bundled family of their script (services.media.fonts), and lines that mix directions are reordered.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import uharfbuzz

from services.media import bidi, fonts
from services.media.skia import skia
from services.media.writing_systems import COMMON, is_cursive, languages_of, script_of

UNITS_PER_EM: Final = 4096  # HarfBuzz uses integers; a 4096th of an em is far below a pixel
HEAVY: Final = 800  # beside condensed display families, which state a weight of 400
# The least tracking in ems by weight: below it, letters of the bundled families touch (tt, ff, rt).
TIGHTEST: Final = ((900, 0.0), (800, -0.005), (700, -0.012), (0, -0.05))


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A bundled family at a weight. `tracking`: extra space between letters in ems (negative tightens).

    language: BCP 47 code of the text, "" where it is not known; Chinese characters differ by it.
    """

    family: str
    weight: int = 400
    italic: bool = False
    tracking: float = 0.0
    language: str = ""

    def covers(self, text: str) -> bool:
        """Whether the face has a glyph for every character that no family of another script has to supply."""
        absent = fonts.missing_characters(self.typeface(), unicodedata.normalize("NFC", text))
        return all(fonts.FAMILIES_OF_SCRIPT.get(script_of(character)) for character in absent)

    def within(self, family: str) -> Face:
        """Returns the face for parts in another family; families of one heavy weight are answered by a heavy one."""
        if family == self.family:
            return self
        heavy = fonts.FAMILIES[self.family].kind == "condensed" if self.family in fonts.FAMILIES else False
        return replace(self, family=family, weight=HEAVY if heavy else self.weight)

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
class GlyphRun:
    """Glyphs of one family. Positions are offsets from the line's origin on the baseline, y downwards."""

    family: str
    glyphs: tuple[int, ...]
    positions: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One shaped line at a size in pixels. Its runs stand in the order in which they are seen, from left to right.

    `advance` is the width without the last letter's tracking. `ink` is the bounding box (left, top, right, bottom) of
    the drawn glyphs, for optical alignment.
    """

    text: str
    face: Face
    size: float
    runs: tuple[GlyphRun, ...]
    advance: float
    ink: tuple[float, float, float, float]

    @property
    def glyphs(self) -> tuple[int, ...]:
        """The ids of all glyphs, each in the font of its run."""
        return tuple(glyph for run in self.runs for glyph in run.glyphs)

    def scaled(self, factor: float) -> Line:
        """Returns the same line at a size that is `factor` times as large."""
        left, top, right, bottom = (edge * factor for edge in self.ink)
        runs = tuple(
            replace(run, positions=tuple((x * factor, y * factor) for x, y in run.positions)) for run in self.runs
        )
        return replace(
            self, size=self.size * factor, runs=runs, advance=self.advance * factor, ink=(left, top, right, bottom)
        )

    def blob(self) -> Any:
        """Returns the skia.TextBlob to draw at the origin; None without glyphs."""
        if not self.runs:
            return None
        builder = skia.TextBlobBuilder()
        for run in self.runs:
            face = self.face.within(run.family)
            builder.allocRunPos(font(face, self.size), list(run.glyphs), [skia.Point(x, y) for x, y in run.positions])
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
def shape(text: str, face: Face, size: float, *, tabular: bool = False, right_to_left: bool | None = None) -> Line:
    """Shapes the text on one line. `tabular`: figures of equal width, for counters.

    right_to_left: the direction of the paragraph that the line belongs to; None: as the line's first letter.
    """
    text = unicodedata.normalize("NFC", text)
    if right_to_left is None:
        right_to_left = bidi.is_right_to_left(text)
    shaped, travel = _shaped(text, face, tabular, right_to_left)
    scale = size / UNITS_PER_EM
    runs = tuple(
        GlyphRun(family=family, glyphs=glyphs, positions=tuple((x * scale, y * scale) for x, y in units))
        for family, glyphs, units in shaped
    )
    return Line(text=text, face=face, size=size, runs=runs, advance=travel * scale, ink=_ink(runs, face, size))


def width(text: str, face: Face, size: float) -> float:
    """Returns the advance width of the text in pixels."""
    text = unicodedata.normalize("NFC", text)
    return _shaped(text, face, False, bidi.is_right_to_left(text))[1] * size / UNITS_PER_EM


Shaped = tuple[tuple[str, tuple[int, ...], tuple[tuple[int, int], ...]], ...]  # family, glyphs, positions of each run


@lru_cache(maxsize=8192)
def _shaped(text: str, face: Face, tabular: bool, right_to_left: bool) -> tuple[Shaped, int]:
    runs: list[tuple[str, tuple[int, ...], tuple[tuple[int, int], ...]]] = []
    pen = trailing = 0
    levelled = _levelled_runs(text, face, right_to_left)
    for part, family, level in bidi.visual_order([(level, (part, family, level)) for part, family, level in levelled]):
        buffer = uharfbuzz.Buffer()
        buffer.add_str(part)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if level % 2 else "ltr"
        if face.language:
            buffer.language = face.language
        spacing = 0 if is_cursive(part) else round(_tracking(face) * UNITS_PER_EM)
        # Lining figures, as old-style figures in prices look uneven at headline sizes.
        features = {"kern": True, "liga": spacing == 0, "lnum": True, "tnum": tabular}
        part_face = face.within(family)
        uharfbuzz.shape(_harfbuzz_font(family, part_face.weight, part_face.italic), buffer, features)
        glyphs: list[int] = []
        positions: list[tuple[int, int]] = []
        for information, position in zip(buffer.glyph_infos, buffer.glyph_positions or (), strict=True):
            glyphs.append(information.codepoint)
            positions.append((pen + position.x_offset, -position.y_offset))
            pen += position.x_advance + spacing
        if glyphs:
            runs.append((family, tuple(glyphs), tuple(positions)))
            trailing = spacing
    return tuple(runs), max(0, pen - trailing)


def _tracking(face: Face) -> float:
    """The face's tracking; heavy letters are not moved so near to each other that they touch."""
    return max(face.tracking, next(least for weight, least in TIGHTEST if face.weight >= weight))


def _levelled_runs(text: str, face: Face, right_to_left: bool) -> list[tuple[str, str, int]]:
    """Returns (part, family, embedding level) in logical order, each part of one family and one level."""
    if text.isascii():
        return [(text, face.family, 0)] if text else []
    runs: list[tuple[str, str, int]] = []
    families = _families(text, face)
    for character, family, level in zip(text, families, bidi.levels(text, right_to_left=right_to_left), strict=True):
        if runs and runs[-1][1:] == (family, level):
            runs[-1] = (runs[-1][0] + character, family, level)
        else:
            runs.append((character, family, level))
    return runs


def _families(text: str, face: Face) -> list[str]:
    """Returns the family of each character.

    Where most letters are of another script than the face's, its family sets figures and signs too.
    """
    languages = languages_of(text, face.language)
    found: list[str] = []
    votes: dict[str, int] = {}
    for character in text:
        family = face.family
        if not character.isspace() and not fonts.has_glyph(face.family, character):
            family = _other_family(character, languages, found[-1] if found else "") or face.family
        elif found and unicodedata.combining(character):
            family = found[-1]
        found.append(family)
        if character.isalpha():
            votes[family] = votes.get(family, 0) + 1
    leading = max(votes, key=lambda family: votes[family], default=face.family)
    if leading != face.family:
        found = [
            leading if not character.isalpha() and _may_set(leading, character) else family
            for character, family in zip(text, found, strict=True)
        ]
    return found


def leading_face(text: str, face: Face) -> Face:
    """Returns the face for a text of several lines: of the family that most of its letters need."""
    composed = unicodedata.normalize("NFC", text)
    if composed.isascii():
        return face
    votes = Counter(
        family for character, family in zip(composed, _families(composed, face), strict=True) if character.isalpha()
    )
    return face.within(votes.most_common(1)[0][0]) if votes else face


def _may_set(family: str, character: str) -> bool:
    return not unicodedata.combining(character) and fonts.has_glyph(family, character)


def _other_family(character: str, languages: tuple[str, ...], before: str) -> str | None:
    script = script_of(character)
    wanted = fonts.FAMILIES_OF_SCRIPT.get(script, ())
    if script == "Hani" or script in COMMON:
        wanted = (*(fonts.HAN_FAMILIES[language] for language in languages), *wanted)
    if script in COMMON:  # punctuation of another script follows the text before it
        wanted = (*((before,) if before else ()), *wanted, *fonts.SCRIPT_FAMILIES)
    for family in dict.fromkeys(wanted):
        if fonts.is_available(family) and fonts.has_glyph(family, character):
            return family
    return None


def unsupported_characters(text: str, language: str = "") -> str:
    """Returns the characters of `text` that no bundled family can set: each once, in order."""
    composed = unicodedata.normalize("NFC", text)
    absent = fonts.missing_characters(fonts.typeface(fonts.DEFAULT_FAMILY), composed)
    languages = languages_of(composed, language)
    return "".join(character for character in absent if _other_family(character, languages, "") is None)


def _ink(runs: tuple[GlyphRun, ...], face: Face, size: float) -> tuple[float, float, float, float]:
    left = top = float("inf")
    right = bottom = float("-inf")
    for run in runs:
        bounds = font(face.within(run.family), size).getBounds(list(run.glyphs))
        for (x, y), box in zip(run.positions, bounds, strict=True):
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
