"""The Unicode bidirectional algorithm (UAX #9) for one line of text without embedding controls.

Only the implicit rules apply: controls that embed or override a direction are removed from texts before they are set.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final, TypeVar

Run = TypeVar("Run")

STRONG: Final = frozenset({"L", "R", "AL"})
RTL: Final = frozenset({"R", "AL"})
NEUTRAL: Final = frozenset({"B", "S", "WS", "ON"})
CLASSES: Final = NEUTRAL | STRONG | {"EN", "AN", "ES", "ET", "CS", "NSM"}
BRACKETS: Final = dict(zip("([{⟨（「『【〈《", ")]}⟩）」』】〉》", strict=True))


def is_right_to_left(text: str) -> bool:
    """Whether the text's first letter with a direction runs from right to left (rules P2 and P3)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in STRONG:
            return kind in RTL
    return False


def has_right_to_left(text: str) -> bool:
    """Whether any letter of the text runs from right to left."""
    return any(unicodedata.bidirectional(character) in RTL for character in text)


def levels(text: str, *, right_to_left: bool) -> list[int]:
    """Returns the embedding level of each character: even from left to right, odd from right to left."""
    base = 1 if right_to_left else 0
    outer = "R" if right_to_left else "L"
    kinds = [_class(character) for character in text]
    _resolve_weak(kinds, outer)
    _resolve_brackets(text, kinds, outer)
    _resolve_neutral(kinds, outer)
    return [_level(kind, base) for kind in kinds]


def visual_order(runs: Sequence[tuple[int, Run]]) -> list[Run]:
    """Returns runs, given as (level, run) in logical order, from left to right as they are drawn (rule L2)."""
    ordered = list(runs)
    if not ordered:
        return []
    for level in range(max(found for found, _ in ordered), 0, -1):
        start = 0
        while start < len(ordered):
            end = start
            while end < len(ordered) and ordered[end][0] >= level:
                end += 1
            ordered[start:end] = ordered[start:end][::-1]
            start = end + 1
    return [run for _, run in ordered]


def _class(character: str) -> str:
    kind = unicodedata.bidirectional(character) or "L"
    return kind if kind in CLASSES else "ON"


def _level(kind: str, base: int) -> int:
    if base % 2 == 0:
        return base + {"R": 1, "EN": 2, "AN": 2}.get(kind, 0)
    return base + (1 if kind in ("L", "EN", "AN") else 0)


def _resolve_weak(kinds: list[str], outer: str) -> None:
    """Rules W1 to W7, in place."""
    strong = previous = outer
    for place, kind in enumerate(kinds):  # W1, W2
        if kind == "NSM":
            kinds[place] = previous
        elif kind == "EN" and strong == "AL":
            kinds[place] = "AN"
        previous = kinds[place]
        if previous in STRONG:
            strong = previous
    kinds[:] = ["R" if kind == "AL" else kind for kind in kinds]  # W3
    for place in range(1, len(kinds) - 1):  # W4
        before, kind, after = kinds[place - 1 : place + 2]
        if before == after and ((kind in ("ES", "CS") and before == "EN") or (kind == "CS" and before == "AN")):
            kinds[place] = before
    place = 0
    while place < len(kinds):  # W5, W6
        if kinds[place] != "ET":
            place += 1
            continue
        end = place
        while end < len(kinds) and kinds[end] == "ET":
            end += 1
        beside = "EN" in (kinds[place - 1] if place else "", kinds[end] if end < len(kinds) else "")
        kinds[place:end] = ["EN" if beside else "ON"] * (end - place)
        place = end
    strong = outer
    for place, kind in enumerate(kinds):  # W6, W7
        if kind in ("ES", "CS"):
            kinds[place] = "ON"
        elif kind == "EN" and strong == "L":
            kinds[place] = "L"
        if kind in ("L", "R"):
            strong = kind


def _direction(kind: str) -> str:
    return "R" if kind in ("R", "EN", "AN") else kind


def _resolve_brackets(text: str, kinds: list[str], outer: str) -> None:
    """Rule N0, in place: both brackets of a pair take the direction of what they enclose."""
    opened: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for place, character in enumerate(text):
        if kinds[place] != "ON":
            continue
        if character in BRACKETS:
            opened.append((BRACKETS[character], place))
            continue
        for depth in range(len(opened) - 1, -1, -1):
            if opened[depth][0] == character:
                pairs.append((opened[depth][1], place))
                del opened[depth:]
                break
    for start, end in sorted(pairs):
        inside = {_direction(kind) for kind in kinds[start + 1 : end]} & {"L", "R"}
        if not inside:
            continue
        if outer in inside:
            kinds[start] = kinds[end] = outer
            continue
        before = next((_direction(kind) for kind in reversed(kinds[:start]) if _direction(kind) in ("L", "R")), outer)
        kinds[start] = kinds[end] = before if before in inside else outer


def _resolve_neutral(kinds: list[str], outer: str) -> None:
    """Rules N1 and N2, in place."""
    place = 0
    while place < len(kinds):
        if kinds[place] not in NEUTRAL:
            place += 1
            continue
        end = place
        while end < len(kinds) and kinds[end] in NEUTRAL:
            end += 1
        before = _direction(kinds[place - 1]) if place else outer
        after = _direction(kinds[end]) if end < len(kinds) else outer
        kinds[place:end] = [before if before == after else outer] * (end - place)
        place = end
