"""Where lines may end, and which ends read best: by sense first, then by evenness.

Opportunities come from ICU: words of languages that write spaces, words of Thai and Chinese, phrases of Japanese, and
never a sign at a line's start or end where the language forbids it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final

import budoux
from icu4py.breakers import LineBreaker, WordBreaker

from services.media.dates import month_names
from services.media.writing_systems import languages_of, script_of

DATA: Final = Path(__file__).with_name("data") / "line_breaks.toml"
DOT: Final = " · "  # between the items of a list; it is drawn within a line only, never at its start or end
UNBROKEN: Final = "\u00a0\u2007\u202f\u2060"
PHRASES: Final = {"ja": "ja-u-lw-phrase-lb-strict", "ko": "ko-u-lw-phrase-lb-strict", "zh": "zh-u-lb-strict"}

# What an end of a line costs (negative: it is welcome), beside the unevenness of the lines: two lines of half and full
# width cost about 0.25 more than two equal ones.
AFTER_SENTENCE: Final = -0.6
AFTER_CLAUSE: Final = -0.12
AFTER_ITEM: Final = -0.4
BEFORE_JOINER: Final = -0.06  # before an article, preposition or conjunction begins a new thought
AFTER_JOINER: Final = 0.7
IN_NUMBER: Final = 1.5  # between a figure and its unit or sign
IN_SHARE: Final = 2.6  # within "186 of 203"
AFTER_FIGURE: Final = 1.1  # between a figure and what it counts
IN_NAME: Final = 0.45  # between two capitalised words
IN_HYPHENATED: Final = 0.9
DIVIDED: Final = 0.8  # within a word
IN_ITEM: Final = 0.9  # within an item of a list
LONE_SHORT_WORD: Final = 0.9  # a line of one word of at most three letters
LONE_WORD: Final = 0.45  # a later line of one word that is far shorter than the others
SHORT_LETTERS: Final = 3
NARROW: Final = 0.5  # of the widest line

HYPHENATED: Final = frozenset({"Latn", "Cyrl", "Grek", "Armn", "Geor"})  # scripts that mark a divided word
LONG_PHRASE: Final = 7  # characters of Japanese; a longer phrase may be broken between its words
PARTICLES: Final = "をがはにでとへもの"  # of Japanese, after which it may be broken
BAD: Final = 0.5  # cost of a setting from which one more line is tried

FIGURE: Final = re.compile(r"^[^\w]*[+\-−]?\d[\d.,:'’/\u00a0\u202f]*[kKmM%°]?[^\w]*$")
SIGN: Final = re.compile(r"^[$€£¥₹₩%‰°×x+&=]+$|^[A-Z]{3}$")
UNIT: Final = re.compile(r"^[^\W\d_]{1,3}\.?$|^[$€£¥₹₩%‰°]\S*$")
SENTENCE_END: Final = re.compile(r"[.!?…。！？؟।][\"”’»)\]]*$")
RANGE: Final = re.compile(r"\d\S{0,3}[-–—]$")  # "12–", of "12–60 months"
CLAUSE_END: Final = re.compile(r"[,;:،、，；：–—][\"”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that is not broken. lead: what stands before it within a line: nothing, a space or a dot."""

    text: str
    lead: str
    penalty: float = 0.0  # of a line's end before it, beside the rules below
    hyphen: bool = False  # a line that ends before this piece gets a hyphen


def pieces_of(text: str, language: str = "") -> list[Piece]:
    """Returns the parts of a text (with single spaces) between which lines may end."""
    items = [item for item in text.split(DOT) if item]
    pieces: list[Piece] = []
    for item in items:
        for place, (part, lead) in enumerate(_parts(item, language)):
            if place or not pieces:
                penalty = IN_ITEM if place and len(items) > 1 else 0.0
                pieces.append(Piece(part, lead if pieces else "", penalty))
            else:
                pieces.append(Piece(part, DOT))
    return pieces


def divided(pieces: Sequence[Piece], points: Callable[[str], tuple[int, ...]]) -> list[Piece]:
    """Returns the pieces with words divided further. points: the places of a word before which a hyphen may stand."""
    found: list[Piece] = []
    for piece in pieces:
        places = [0, *points(piece.text), len(piece.text)]
        for start, end in pairwise(places):
            if start:
                hyphen = script_of(piece.text[start - 1]) in HYPHENATED
                found.append(Piece(piece.text[start:end], "", DIVIDED, hyphen=hyphen))
            else:
                found.append(Piece(piece.text[:end], piece.lead, piece.penalty, piece.hyphen))
    return found


def _parts(text: str, language: str) -> list[tuple[str, str]]:
    written = next(iter(languages_of(text, language)), language)
    ends = {end for _, end in LineBreaker(text, PHRASES.get(written[:2], written or "en")).segments()}
    if written.startswith("zh"):
        words = {end for _, end in WordBreaker(text, "zh").segments()}
        ends = {end for end in ends if end in words or script_of(text[end - 1]) != "Hani"}
    elif written.startswith("ja"):
        phrases = list(accumulate(len(phrase) for phrase in _japanese().parse(text)))
        long = [(start, end) for start, end in pairwise([0, *phrases]) if end - start > LONG_PHRASE]
        words = {end for _, end in WordBreaker(text, "ja").segments()}
        inside = {end for end in words if text[end - 1] in PARTICLES and any(a < end < b for a, b in long)}
        strict = {end for _, end in LineBreaker(text, "ja-u-lb-strict").segments()}
        ends = {end for end in strict if end in phrases or end in inside or text[end - 1].isspace()}
    ends = {end for end in ends if not _splits_compound(text, end)}
    parts: list[tuple[str, str]] = []
    start, lead = 0, ""
    for end in sorted(ends | {len(text)}):
        segment = text[start:end]
        if segment.strip():
            parts.append((segment.rstrip(), lead))
            lead = " " if segment != segment.rstrip() else ""
        start = end
    return parts


def _splits_compound(text: str, end: int) -> bool:
    """Whether an end after a hyphen would leave fewer than three letters on one side: USB-C."""
    if end >= len(text) or text[end - 1] not in "-‐":
        return False
    before, after = re.split(r"\s", text[: end - 1])[-1], re.split(r"\s", text[end:])[0]
    return min(len(before), len(after)) < SHORT_LETTERS


@lru_cache(maxsize=1)
def _japanese() -> budoux.Parser:
    return budoux.load_default_japanese_parser()


def joined(pieces: Sequence[Piece], end: Piece | None = None) -> str:
    """Returns the line that consists of the pieces; `end`: the piece that begins the next line."""
    line = pieces[0].text + "".join(piece.lead + piece.text for piece in pieces[1:])
    return f"{line}-" if end is not None and end.hyphen else line


def lines_of(
    pieces: Sequence[Piece], width: Callable[[str], float], limit: float, *, most_lines: int, language: str = ""
) -> list[str] | None:
    """Returns the lines that read best, none wider than `limit`; None when they would be more than `most_lines`.

    width: returns the width of a line, in the unit of `limit`. There is no more than one line above the fewest
    possible, and only where that avoids an end within a number, after an article or the like.
    """
    count = len(pieces)
    if not count:
        return [""]
    texts: dict[tuple[int, int], float] = {}
    for start in range(count):
        for end in range(start + 1, count + 1):
            line = joined(pieces[start:end], pieces[end] if end < count else None)
            across = width(line)
            if across > limit:
                break
            texts[start, end] = across
    best: tuple[float, list[int]] | None = None
    fewest = _fewest(texts, count)
    if fewest is None or fewest > most_lines:
        return None
    ends = [0.0, *(_end_cost(pieces, place, language) for place in range(1, count)), 0.0]
    for lines in range(fewest, min(fewest + 1, most_lines) + 1):
        if best is not None and best[0] < BAD:
            break
        found = _cheapest(pieces, texts, ends, count, lines, limit)
        if found is not None and (best is None or found[0] < best[0] - BAD):
            best = found
    assert best is not None  # `fewest` lines are possible
    breaks = best[1]
    return [
        joined(pieces[start:end], pieces[end] if end < count else None)
        for start, end in zip([0, *breaks], [*breaks, count], strict=True)
    ]


def _fewest(texts: dict[tuple[int, int], float], count: int) -> int | None:
    lines = start = 0
    while start < count:
        end = max((end for first, end in texts if first == start), default=start)
        if end == start:
            return None
        lines, start = lines + 1, end
    return lines


def _cheapest(
    pieces: Sequence[Piece],
    texts: dict[tuple[int, int], float],
    ends: list[float],
    count: int,
    lines: int,
    limit: float,
) -> tuple[float, list[int]] | None:
    """Returns the cost and the breaks of the best setting in exactly `lines` lines."""
    whole = sum(texts.get((place, place + 1), limit) for place in range(count))
    even = max(whole / lines, 1.0)  # the width of each line if all were equal
    reached: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for line in range(1, lines + 1):
        later: dict[int, tuple[float, list[int]]] = {}
        for (start, end), across in texts.items():
            if start not in reached or (end == count) != (line == lines):
                continue
            cost = reached[start][0] + ((across - even) / even) ** 2 + ends[end]
            if lines > 1:
                cost += _lone_cost(pieces[start:end], across, even, first=start == 0)
            if end not in later or cost < later[end][0]:
                later[end] = (cost, [*reached[start][1], start] if start else [])
        reached = later
    return reached.get(count)


def _lone_cost(line: Sequence[Piece], across: float, even: float, *, first: bool) -> float:
    if len(line) > 1:
        return 0.0
    letters = sum(character.isalnum() for character in line[0].text)
    if letters <= SHORT_LETTERS and line[0].text.isascii():
        return LONE_SHORT_WORD
    return LONE_WORD if not first and line[0].lead != DOT and across < even * NARROW else 0.0


def _end_cost(pieces: Sequence[Piece], place: int, language: str) -> float:
    """Returns what it costs that a line ends before the piece at `place`."""
    before, after = pieces[place - 1].text, pieces[place].text
    cost = pieces[place].penalty
    if pieces[place].lead == DOT:
        return cost + AFTER_ITEM
    if pieces[place].hyphen:
        return cost
    if _is_date(before, after, month_names(language or "en")):  # ahead of the full stop of "1. mars"
        return cost + IN_NUMBER
    if SENTENCE_END.search(before):
        return cost + AFTER_SENTENCE
    if RANGE.search(before) and FIGURE.match(after):
        return cost + IN_NUMBER
    if CLAUSE_END.search(before):
        return cost + AFTER_CLAUSE
    if pieces[place].lead == "" and before.endswith(("-", "‐", "/")):
        return cost + IN_HYPHENATED
    if (FIGURE.match(before) and UNIT.match(after)) or (SIGN.match(before) and FIGURE.match(after)):
        return cost + IN_NUMBER
    joiners = _joiners(language)
    if _is_share(pieces, place, joiners):
        return cost + IN_SHARE
    word = before.casefold().strip("\"“„«'‘(¿¡")
    if word in joiners or (len(word) == 1 and word.isalpha() and pieces[place].lead == " "):
        return cost + AFTER_JOINER
    if FIGURE.match(before):
        return cost + AFTER_FIGURE
    if after.casefold() in joiners:
        return cost + BEFORE_JOINER
    if before[0].isupper() and after[0].isupper() and before[-1].isalnum() and not before.isupper():
        return cost + IN_NAME
    return cost


def _is_share(pieces: Sequence[Piece], place: int, joiners: frozenset[str]) -> bool:
    """Whether a figure and one that a joiner leads to stand on two sides of a break: "186 de / 203", "4 / of 5"."""
    around = [piece.text for piece in pieces[max(place - 2, 0) : place + 2]]
    return any(
        FIGURE.match(first) and middle.casefold() in joiners and FIGURE.match(last)
        for first, middle, last in zip(around, around[1:], around[2:], strict=False)
    )


def _is_date(before: str, after: str, months: frozenset[str]) -> bool:
    """Whether a day and its month stand on two sides of a break: "15 / August", "May / 1"."""
    first, second = before.strip(".,;:("), after.strip(".,;:)")
    if before.endswith((",", ";", ":")):
        return False
    day_first = bool(re.search(r"\d(?:st|nd|rd|th)?$", first)) and second in months
    return day_first or (first in months and bool(re.match(r"\d{1,2}(?!\d)", second)))


def parts_number(line: str, following: str) -> bool:
    """Whether a line ends with a figure and the next one begins with what it counts: "150 / hours"."""
    figure, counted = line.rpartition(" ")[2], following.partition(" ")[0]
    is_year = re.fullmatch(r"(?:19|20)\d\d", figure) is not None
    return (
        bool(FIGURE.match(figure))
        and not is_year
        and figure[-1:].isalnum()
        and counted[:1].isalpha()
        and (not counted[0].isupper())
    )


def parts_date(line: str, following: str, language: str) -> bool:
    """Whether a line ends with a day and the next one begins with its month, or the other way round."""
    return _is_date(line.rpartition(" ")[2], following.partition(" ")[0], month_names(language or "en"))


def ends_with_joiner(line: str, language: str) -> bool:
    """Whether a line ends with an article, a preposition or another word that belongs to the next one."""
    return line.rpartition(" ")[2].casefold() in _joiners(language)


@lru_cache(maxsize=32)
def _joiners(language: str) -> frozenset[str]:
    tables = _joined_to_next()
    return tables.get(language[:2], tables["en"])


@lru_cache(maxsize=1)
def _joined_to_next() -> dict[str, frozenset[str]]:
    tables = tomllib.loads(DATA.read_text(encoding="utf-8"))["joined_to_next"]
    return {language: frozenset(words.split()) for language, words in tables.items()}
