"""Text into blocks of lines: the largest size that fits a box, with lines that end by sense."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Final

from services.image.providers.local.line_breaking import Piece, divided, lines_of, pieces_of
from services.media.bidi import has_right_to_left, is_right_to_left
from services.media.hyphenation import LEAST_LETTERS, division_points
from services.media.text_shaping import Face, Line, leading_face, shape, width
from services.media.writing_systems import SPACES

SIZE_STEP: Final = 0.965  # from one tried size to the next smaller: about a pixel and a half at 48 px
LONG_WORD: Final = 15  # letters; shorter words are not divided
MOST_HYPHENS: Final = 2  # of divided words in a text; a smaller size is better than more
LINE_GAP: Final = 0.05  # ems that stay free between the ink of two lines, accents and descenders included


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines set at one size. `height` runs from the first line's ink top to the last line's ink bottom.

    complete: whether every word stands in it; otherwise the last line ends in an ellipsis.
    broken: whether a word had to be divided. forced: whether it had to be cut where no rule of its language says so.
    """

    lines: tuple[Line, ...]
    size: float
    leading: float
    ascent: float
    descent: float
    complete: bool
    broken: bool
    forced: bool = False

    @property
    def width(self) -> float:
        return max((line.ink[2] - line.ink[0] for line in self.lines), default=0.0)

    @property
    def height(self) -> float:
        return self.ascent + self.leading * (len(self.lines) - 1) + self.descent


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How a text's words are written. language: BCP 47, "" where it is not known.

    soft: words with the soft hyphens that the customer gave, by the word without them, in lower case.
    right_to_left: whether the ad is read from the right; a text without such letters keeps its own direction.
    """

    language: str = ""
    right_to_left: bool = False
    soft: Mapping[str, str] = field(default_factory=dict)


PLAIN: Final = Writing()


def fit(
    text: str,
    face: Face,
    *,
    box_width: float,
    box_height: float,
    largest: float,
    smallest: float,
    line_height: float,
    most_lines: int,
    writing: Writing = PLAIN,
    divide_from: float | None = None,
) -> Block:
    """The text at the largest size (pixels) from `largest` down to `smallest` that fits the box.

    When it fits at no size, it is set at the smallest with words cut and, past the last line, an ellipsis; the
    block says so. line_height is in ems. divide_from: the size from which on long words may be divided; `smallest` by
    default.
    """
    face = leading_face(text, face)
    pieces = pieces_of(SPACES.sub(" ", text).strip(), writing.language)
    parts = divided(pieces, partial(_points, writing=writing))
    dividing = smallest if divide_from is None else divide_from
    size = largest
    while True:
        for tried in (pieces, parts) if len(parts) > len(pieces) and size <= max(dividing, smallest) else (pieces,):
            lines = lines_of(
                tried, partial(width, face=face, size=size), box_width, most_lines=most_lines, language=writing.language
            )
            if lines is not None:
                hyphens = _hyphens(lines, pieces) if tried is parts else 0
                if hyphens > MOST_HYPHENS:
                    continue
                broken = hyphens > 0
                block = _block(lines, text, face, size, line_height, writing, complete=True, broken=broken)
                if block.height <= box_height and block.width <= box_width + 0.5:
                    return block
        if size <= smallest:
            break
        size = max(size * SIZE_STEP, smallest)
    return _forced(parts, text, face, box_width, box_height, smallest, line_height, most_lines, writing)


def _points(word: str, *, writing: Writing) -> tuple[int, ...]:
    letters = word.strip(".,;:!?…\"“”„»«()[]'")
    if len(letters) < LONG_WORD or not letters.isalpha():
        return ()
    start = word.index(letters)
    places = division_points(letters, writing.language, writing.soft.get(letters.casefold(), ""))
    return tuple(start + place for place in places)


def _hyphens(lines: list[str], pieces: list[Piece]) -> int:
    """Returns the number of lines that end within a word."""
    whole = {piece.text for piece in pieces}
    return sum(line.endswith("-") and line.split()[-1] not in whole for line in lines[:-1])


def _forced(
    pieces: list[Piece],
    text: str,
    face: Face,
    box_width: float,
    box_height: float,
    size: float,
    line_height: float,
    most_lines: int,
    writing: Writing,
) -> Block:
    across = partial(width, face=face, size=size)
    cut: list[Piece] = []
    for piece in pieces:
        places = _cuts(piece.text, across, box_width)
        cut += divided([piece], lambda _, places=places: places)  # type: ignore[misc]
    lines = lines_of(cut, across, box_width, most_lines=len(cut)) or [text]
    room = max(1, int((box_height - size) / (size * line_height)) + 1)
    allowed = max(1, min(most_lines, room))
    complete = len(lines) <= allowed
    if not complete:
        lines = lines[:allowed]
        last = lines[-1]
        while last and across(last + "…") > box_width:
            last = last.rpartition(" ")[0] if " " in last else last[:-1]
        lines[-1] = re.sub(r"[\s,;:.·\-–—]+$", "", last) + "…"
    forced = len(cut) > len(pieces)
    broken = forced or (any(piece.hyphen for piece in pieces) and any(line.endswith("-") for line in lines))
    return _block(lines, text, face, size, line_height, writing, complete=complete, broken=broken, forced=forced)


def _cuts(word: str, across: Callable[[str], float], limit: float) -> tuple[int, ...]:
    """Returns the places that cut a word into as few parts as fit the limit, of about the same length."""
    if across(f"{word}-") <= limit:
        return ()
    for parts in range(2, len(word) + 1):
        places = tuple(_syllable(word, round(len(word) * part / parts)) for part in range(1, parts))
        ends = zip((0, *places), (*places, len(word)), strict=True)
        if all(across(word[start:end] + "-") <= limit for start, end in ends):
            return places
    return tuple(range(1, len(word)))


def _syllable(word: str, place: int) -> int:
    """Returns the place near `place` where a consonant before a vowel begins a syllable; else the place itself."""
    vowels = "aeiouyäöüáéíóúàèìòùâêîôûåæøœ"
    for near in (place, place - 1, place + 1, place - 2, place + 2):
        inside = LEAST_LETTERS <= near <= len(word) - LEAST_LETTERS
        if inside and word[near].casefold() not in vowels and word[near + 1].casefold() in vowels:
            return near
    return place


def _block(
    lines: list[str],
    text: str,
    face: Face,
    size: float,
    line_height: float,
    writing: Writing,
    *,
    complete: bool,
    broken: bool,
    forced: bool = False,
) -> Block:
    right_to_left = is_right_to_left(text) or (writing.right_to_left and has_right_to_left(text))
    shaped = tuple(shape(line, face, size, right_to_left=right_to_left) for line in lines)
    # Scripts with marks above and below, and capitals with accents, need more than the look's line height.
    apart = max((upper.ink[3] - lower.ink[1] for upper, lower in pairwise(shaped)), default=0.0)
    return Block(
        lines=shaped,
        size=size,
        leading=max(size * line_height, apart + size * LINE_GAP),
        ascent=-min((line.ink[1] for line in shaped[:1]), default=0.0),
        descent=max((line.ink[3] for line in shaped[-1:]), default=0.0),
        complete=complete,
        broken=broken,
        forced=forced,
    )
