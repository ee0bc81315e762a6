"""Passages: runs of the description's own sentences that stand by themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.copy.providers.local.description_lines import Line
from services.copy.providers.local.quotes import Quote

LATE: Final = 0.5  # less for a passage from the end of the description: customers put first what matters
FEWEST_ALONE: Final = 7  # of a line that is the whole passage
LEAST: Final = 0.5  # worth of a passage, at least
OPENING: Final = 0.5  # more for a passage with which the description begins: it says what is sold
PARAGRAPH: Final = 0.3  # and for one that begins a paragraph
ACROSS: Final = 0.15  # less for each paragraph more than one
ABOUT: Final = 0.6  # and for one that speaks of what the headline says
RESTATED: Final = 0.35  # less for a line that says the headline again
SKIPPED: Final = 0.12  # less for each line that a passage leaves out
USED: Final = 0.18  # less for a line with each text of the request that has it
FOCUS: Final = 1.0  # more for a line that has what the customer asks for
PRICE_FIRST: Final = 0.3  # less for a passage that begins with the price
DATED: Final = 0.4  # and with the day of an event


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a passage is wanted for.

    `length`: characters of room; `fewest`: lines; `begun`: lines at the beginning that say nothing without those behind
    them; `says_what`: whether the first line says what is sold. `lead`: the fact in the headline; `goes_on`: whether
    the text begins right behind it; `focus`: words that the customer asks for; `taken`: ids of facts that the text has;
    `uses`: how often the request's other texts have each fact; `priced`: whether a price may stand; `said`: whether a
    line says again what the text has said; `restates`: whether it says the headline again, and more; `speaks`: whether
    one says what is sold, or speaks of the sender.
    """

    length: int
    fewest: int
    begun: int
    says_what: bool
    lead: Quote | None
    goes_on: bool
    focus: frozenset[str]
    taken: Collection[str]
    uses: Mapping[str, int]
    priced: bool
    said: Callable[[Line], bool]
    restates: Callable[[Line], bool]
    speaks: Callable[[Line], bool]


def passage(lines: Sequence[Line], wish: Wish) -> list[Line]:
    """The run of lines that is worth most, in the customer's order; empty where there is none.

    It begins with a line that leans on nothing, and a line that leans on the one before it stands behind that one.
    Lines between are left out where what follows does not lean on them; a limit of a price or an offer never is.
    """
    best: list[Line] = []
    best_value = float("-inf")
    starts = range(len(lines))
    lead_at = _place_of(lines, wish.lead)
    if wish.goes_on:
        if lead_at is None or lead_at + 1 >= len(lines):
            return []
        starts = range(lead_at + 1, lead_at + 2)
    for start in starts:
        follows = lead_at is not None and start == lead_at + 1 and not lines[start].apart
        if not _opens(lines[start], lines[0], wish, follows=follows):
            continue
        run: list[Line] = []
        value, worth, length, skipped = 0.0, 0.0, 0, False
        left_out: frozenset[str] = frozenset()  # words of the line before that was left out
        for place in range(start, len(lines)):
            line = lines[place]
            needed = _is_bound(lines, place, run)
            if not _is_open(line, wish) or (run and wish.said(line)):
                if needed:
                    break
                skipped, left_out = True, line.words
                value -= SKIPPED
                continue
            leans = line.leans or bool(left_out & line.words)
            if leans and run and (skipped or line.apart) and not needed:
                skipped, left_out = True, line.words
                continue
            if line.limits and not needed and run and _is_idle(lines, place):
                skipped, left_out = True, line.words
                continue
            length += len(line.text) + 1
            if length > wish.length:
                break
            run.append(line)
            skipped, left_out = False, frozenset()
            worth += line.worth
            value += _value(line, wish) - (ACROSS if line.begins and len(run) > 1 else 0.0)
            whole = value + (OPENING if start == 0 else PARAGRAPH if run[0].begins else 0.0)
            whole -= LATE * start / len(lines) + (PRICE_FIRST if start and run[0].begins_with_price else 0.0)
            about = ABOUT if follows or _is_about(run, wish) else 0.0
            whole += about
            behind = lines[place + 1] if place + 1 < len(lines) else None
            enough = worth + whole - about - value >= LEAST  # however often the other texts have said it
            if enough and whole > best_value and _is_whole(run, start, behind, lines, wish):
                best, best_value = [*run], whole
    return best


def _is_whole(run: Sequence[Line], start: int, behind: Line | None, lines: Sequence[Line], wish: Wish) -> bool:
    """Whether a run may end here. start: where it begins among the lines; behind: the line behind it."""
    if behind is not None and _limits(behind, run[-1]):
        return False
    if len(run) < wish.fewest or (len(run) == 1 and (run[0].limits or _is_slight(run[0]))):
        return False
    if not wish.goes_on and start < wish.begun and run[: wish.begun] != list(lines[: wish.begun]):
        return False
    if start:
        return True
    if behind is not None and behind.leans and not behind.begins and not wish.says_what:
        return False  # a story has its turn
    # "In 1964 they took up the track": who, and what of it?
    return any(wish.speaks(line) for line in run)


def _place_of(lines: Sequence[Line], lead: Quote | None) -> int | None:
    """Where the headline's own sentence stands."""
    if lead is None or lead.source != "description":
        return None
    return next((place for place, line in enumerate(lines) if lead.id in line.ids), None)


def _is_open(line: Line, wish: Wish) -> bool:
    if line.closed or not line.ids.isdisjoint(wish.taken):
        return False
    return wish.priced or not line.is_priced


def _opens(line: Line, first: Line, wish: Wish, *, follows: bool) -> bool:
    """Whether a passage may begin with a line. first: that with which the description begins."""
    if not _is_open(line, wish) or wish.said(line):
        return False
    if line is first:  # nothing stands before it
        return not (line.asks or line.binds or line.points)
    if line.leans:
        return follows
    if not (follows or line.begins or line.named):
        return False  # what stands in the middle of a paragraph goes on with it: "We retest afterwards at no charge"
    if follows:
        return not line.asks
    return not (line.asks or line.limits or line.unfit or line.refers) and line.worth > 0


def _is_bound(lines: Sequence[Line], place: int, run: Sequence[Line]) -> bool:
    """Whether a line limits the last of a run, which stands right before it."""
    return bool(run) and run[-1] is lines[place - 1] and _limits(lines[place], run[-1])


def _limits(line: Line, before: Line) -> bool:
    """Whether a line limits the one right before it; behind a price or an offer whatever limits does, unless it
    refuses."""
    is_condition = all(part.role == "condition" for part in line.parts)
    qualifies = is_condition and line.leans and not line.apart  # "It doesn't give anyone a guarantee"
    return line.binds or qualifies or (line.limits and not line.refuses and before.is_priced)


def _is_idle(lines: Sequence[Line], place: int) -> bool:
    """Whether the line behind does not lean on this one."""
    return place + 1 >= len(lines) or not lines[place + 1].leans


def _value(line: Line, wish: Wish) -> float:
    used = max((wish.uses.get(part.id, 0) for part in line.parts), default=0)
    value = line.worth - USED * used
    value += FOCUS if wish.focus & line.words else 0.0
    value -= RESTATED if wish.restates(line) else 0.0
    return value + (DATED if line.dated else 0.0)


def _is_slight(line: Line) -> bool:
    """Whether a line is too little for a text of its own: a few words, or a price."""
    return len(line.text.split()) < FEWEST_ALONE or all(part.role == "price" for part in line.parts)


def _is_about(run: Sequence[Line], wish: Wish) -> bool:
    """Whether a line of a run speaks of what the headline says, and does not only say it again."""
    lead = wish.lead
    if lead is None:
        return False
    same = {lead.id, *lead.same_as}
    run = [line for line in run if not wish.restates(line)]
    return any(not same.isdisjoint(line.ids) or any(lead.id in part.same_as for part in line.parts) for line in run)
