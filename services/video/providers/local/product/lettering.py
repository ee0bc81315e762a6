"""Text fitted into boxes: as large as it may be, whole, in even rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from services.media import fonts
from services.media.text_shaping import Face, Line, shape, unsupported_characters, width
from services.media.writing_systems import clean_text

LEADING: Final = 1.1  # of the size, from row to row
CAP: Final = 0.72  # of the size: about what capitals take above the baseline
SPACE: Final = 0.26  # of the size, between words that are set apart


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """Rows of text at one size: each row's line and the number of its first word."""

    rows: tuple[Line, ...]
    size: float

    @property
    def width(self) -> float:
        return max((row.advance for row in self.rows), default=0.0)

    @property
    def height(self) -> float:
        """From the first row's capitals to the last row's baseline, with a descender's depth below."""
        return ((len(self.rows) - 1) * LEADING + CAP + 0.22) * self.size if self.rows else 0.0


def drawable(text: str) -> str:
    """The text without what no bundled face can draw: emoji and other scripts are dropped, never shown as boxes."""
    plain = clean_text(text)
    lost = set(unsupported_characters(plain))
    kept = " ".join("".join(_plain(character, lost) for character in plain).split())
    return re.sub(r" (?=[.,])", "", kept) if lost else kept  # "day 🌊." -> "day."


def _plain(character: str, lost: Container[str]) -> str:
    """A character as it can be drawn: "Ａ" as "A"; "" for one that no face has."""
    if character not in lost:
        return character
    plain = unicodedata.normalize("NFKC", character)
    return "" if plain == character or unsupported_characters(plain) else plain


@lru_cache(maxsize=512)
def face_for(text: str, family: str, weight: int) -> Face:
    """The brand's face if it has every letter of the text, else the default one."""
    face = Face(family=family, weight=weight)
    return face if face.covers(text) else Face(family=fonts.DEFAULT_FAMILY, weight=weight)


def fitted(
    text: str, family: str, weight: int, *, width_px: float, height_px: float, largest: float, rows: int = 3
) -> TextBlock:
    """The text in at most `rows` rows, at the largest size up to `largest` at which all of it fits the box."""
    text = drawable(text)
    words = text.split()
    if not words:
        return TextBlock(rows=(), size=largest)
    face = face_for(text, family, weight)
    best: tuple[float, list[str]] = (0.0, [text])
    for count in range(1, min(rows, len(words)) + 1):
        lines = _even(words, count, face)
        widest = max(width(line, face, 100.0) for line in lines) / 100
        tall = (count - 1) * LEADING + CAP + 0.22
        size = min(largest, width_px / max(widest, 1e-6), height_px / tall)
        if size > best[0] * 1.04:
            best = (size, lines)
    size = best[0]
    return TextBlock(rows=tuple(shape(line, face, size) for line in best[1]), size=size)


def _even(words: list[str], count: int, face: Face) -> list[str]:
    """The words in `count` rows whose widest is as narrow as can be."""
    measures = [width(word, face, 100.0) for word in words]
    space = 100 * SPACE

    def span(start: int, end: int) -> float:
        return sum(measures[start:end]) + space * (end - start - 1)

    best = [[(0.0, 0)] * (count + 1) for _ in range(len(words) + 1)]
    for end in range(1, len(words) + 1):
        for rows in range(1, min(count, end) + 1):
            if rows == 1:
                best[end][1] = (span(0, end), 0)
                continue
            best[end][rows] = min((max(best[cut][rows - 1][0], span(cut, end)), cut) for cut in range(rows - 1, end))
    cuts, end = [len(words)], len(words)
    for rows in range(count, 1, -1):
        end = best[end][rows][1]
        cuts.append(end)
    edges = [0, *reversed(cuts)]
    return [" ".join(words[start:stop]) for start, stop in pairwise(edges) if stop > start]
