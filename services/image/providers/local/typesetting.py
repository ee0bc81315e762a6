"""Text into blocks of lines: balanced breaking, and the largest size that fits a box."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.media.text_shaping import Face, Line, shape, width

SIZE_STEP: Final = 0.965  # from one tried size to the next smaller: about a pixel and a half at 48 px
BALANCE_STEPS: Final = 9  # halvings when lines are evened out; leaves less than 2 px of 1080
DOT: Final = " · "  # between the items of a list, which stay whole where they can; no line begins with one
GLUE: Final = "\u00a0"
LEAST_LEFT: Final = 0.45  # of the next line: what may stay on a line whose last word is moved down
NEVER_LAST: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "in",
        "is",
        "my",
        "no",
        "of",
        "on",
        "or",
        "our",
        "the",
        "to",
        "with",
        "your",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines set at one size. `height` runs from the first line's ink top to the last line's ink bottom.

    complete: whether every word stands in it; otherwise the last line ends in an ellipsis.
    broken: whether a word had to be broken within.
    """

    lines: tuple[Line, ...]
    size: float
    leading: float
    ascent: float
    descent: float
    complete: bool
    broken: bool

    @property
    def width(self) -> float:
        return max((line.ink[2] - line.ink[0] for line in self.lines), default=0.0)

    @property
    def height(self) -> float:
        return self.ascent + self.leading * (len(self.lines) - 1) + self.descent


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
) -> Block:
    """The text at the largest size (pixels) from `largest` down to `smallest` that fits the box.

    When it fits at no size, it is set at the smallest with words broken and, past the last line, an ellipsis; the
    block says so. line_height is in ems.
    """
    text = " ".join(text.split())
    words = text.replace(DOT, f"{GLUE}· ").split(" ")
    items = [item.replace(" ", GLUE) for item in text.replace(DOT, f"{GLUE}·\n").split("\n")] if DOT in text else words
    size = largest
    while True:
        lines = _broken_into_lines(items, face, size, box_width, most_lines)
        if lines is None and items is not words:
            lines = _broken_into_lines(words, face, size, box_width, most_lines)
        if lines is not None:
            block = _block(lines, face, size, line_height, complete=True, broken=False)
            if block.height <= box_height and block.width <= box_width + 0.5:
                return block
        if size <= smallest:
            break
        size = max(size * SIZE_STEP, smallest)
    return _forced(words, face, box_width, box_height, smallest, line_height, most_lines)


def _broken_into_lines(words: list[str], face: Face, size: float, limit: float, most_lines: int) -> list[str] | None:
    """Balanced lines no wider than the limit, or None when a word is too wide or the lines are too many. A sentence
    begins on a line of its own where that takes no line more."""
    if not words or any(width(word, face, size) > limit for word in words):
        return None
    lines = _balanced(words, face, size, limit)
    if len(lines) > most_lines:
        return None
    sentences = _sentences(words)
    if 1 < len(sentences) <= len(lines):
        apart = [line for sentence in sentences for line in _balanced(sentence, face, size, limit)]
        if len(apart) <= len(lines):
            return apart
    return lines


def _sentences(words: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for word in words:
        if found[-1] and found[-1][-1][-1] in ".!?…":
            found.append([])
        found[-1].append(word)
    return found


def _balanced(words: list[str], face: Face, size: float, limit: float) -> list[str]:
    lines = _greedy(words, face, size, limit)
    low, high = limit * 0.35, limit
    best = lines
    for _ in range(BALANCE_STEPS):
        middle = (low + high) / 2
        tried = _greedy(words, face, size, middle)
        if len(tried) <= len(lines) and all(width(line, face, size) <= middle for line in tried):
            best, high = tried, middle
        else:
            low = middle
    return _without_dangling_words(best, face, size, limit)


def _greedy(words: list[str], face: Face, size: float, limit: float) -> list[str]:
    lines: list[str] = []
    current = ""
    for word in words:
        joined = f"{current} {word}" if current else word
        if current and width(joined, face, size) > limit:
            lines.append(current)
            current = word
        else:
            current = joined
    return [*lines, current]


def _without_dangling_words(lines: list[str], face: Face, size: float, limit: float) -> list[str]:
    """Moves an article or preposition from a line's end to the next line, where that line has room and what stays is
    not left as a stump."""
    result = list(lines)
    for index in range(len(result) - 1):
        head, _, last = result[index].rpartition(" ")
        moved = f"{last} {result[index + 1]}"
        if not head or last.casefold() not in NEVER_LAST:
            continue
        across = width(moved, face, size)
        if across <= limit and width(head, face, size) >= across * LEAST_LEFT:
            result[index], result[index + 1] = head, moved
    return result


def _forced(
    words: list[str],
    face: Face,
    box_width: float,
    box_height: float,
    size: float,
    line_height: float,
    most_lines: int,
) -> Block:
    pieces: list[str] = []
    broken = False
    for word in words:
        while width(word, face, size) > box_width and len(word) > 2:
            cut = len(word) - 1
            while cut > 1 and width(word[:cut] + "-", face, size) > box_width:
                cut -= 1
            pieces.append(word[:cut] + "-")
            word = word[cut:]  # noqa: PLW2901 - the rest of the word is broken again
            broken = True
        pieces.append(word)
    lines = _greedy(pieces, face, size, box_width)
    room = max(1, int((box_height - size) / (size * line_height)) + 1)
    allowed = max(1, min(most_lines, room))
    complete = len(lines) <= allowed
    if not complete:
        lines = lines[:allowed]
        last = lines[-1]
        while last and width(last + "…", face, size) > box_width:
            last = last.rpartition(" ")[0] if " " in last else last[:-1]
        lines[-1] = re.sub(r"[\s,;:.\-–—]+$", "", last) + "…"
    return _block(lines, face, size, line_height, complete=complete, broken=broken)


def _block(lines: list[str], face: Face, size: float, line_height: float, *, complete: bool, broken: bool) -> Block:
    shaped = tuple(shape(line.replace(GLUE, " "), face, size) for line in lines)
    return Block(
        lines=shaped,
        size=size,
        leading=size * line_height,
        ascent=-min((line.ink[1] for line in shaped[:1]), default=0.0),
        descent=max((line.ink[3] for line in shaped[-1:]), default=0.0),
        complete=complete,
        broken=broken,
    )
