"""How a presenter's film is cut: how near the presenter is seen, and when the product or a statement fills the picture.

The eyes stay where they are from shot to shot. A cut falls between two words, at the end of a sentence rather than of a
clause; only the first one, and the product on a word that names it amid a long sentence, come in the middle of one.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from services.video.domain import Difference
from services.video.providers.local.captions import CaptionWord

NEARNESS: Final = (1.0, 1.14, 1.28)  # how much larger than in the widest shot
LEAST_NEARER: Final = 1.06  # what is seen as nearer at a cut
SHORTEST_SHOT_SECONDS: Final = 1.9
OPENING_SECONDS: Final = 2.0  # the first cut comes then, in the middle of a sentence too
CLAUSE_SECONDS: Final = 3.6  # a shot of this length may end at a comma, too
LEAD_SECONDS: Final = 0.08  # a cut comes a moment before its first word
PRODUCT_SECONDS: Final = (1.5, 2.6)  # how long the product fills the picture: at least, and at most
FIRST_SECONDS: Final = 1.3  # a film begins with its presenter
LAST_SECONDS: Final = 1.4  # and ends with one
END_SECONDS: Final = 0.15  # of the presenter after the last word
STATED_FIRST_SECONDS: Final = 2.0  # a statement fills the picture from then on
STATED_SECONDS: Final = (1.2, 4.2)  # how long it does: at least, and at most; a longer one is left before its end
LONGEST_SHOT_SECONDS: Final = 3.8  # without a mark to cut at, a presenter's shot ends before a word of about then
AFTER_SECONDS: Final = 1.0  # longer than the end card takes to come up
STAYS_SECONDS: Final = 0.9  # longer than the longest, where the statement ends then
PRESENTED_SECONDS: Final = 6.5  # of a presenter without anything else to see, where there is something
RELIEVED_SECONDS: Final = 9.0  # of speech: in a shorter film one wants to see who speaks
STATED_SHARE: Final = 0.5  # of the film, at most
NEAR_SECONDS: Final = 1.2  # from the word that names the product to the sentence that it is shown with
AGAIN_SECONDS: Final = 7.0  # from one sight of the product to the next
AGAIN_SHARE: Final = 0.62  # of the film, from which the product is shown a second time
LEAST_BESIDE_SECONDS: Final = 1.2  # of a shot before or after the card in which the presenter may be nearer
SENTENCE: Final = ".!?…"
CLAUSE: Final = ",;:—–"
QUOTES: Final = "\"')”’»"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What is seen from `start` seconds until the next shot. product: the product alone; statement: what is said then,
    a price or a figure; else the presenter, `nearness` times as large as in the widest shot."""

    start: float
    nearness: float = 1.0
    product: bool = False
    statement: bool = False

    @property
    def is_aside(self) -> bool:
        """Whether the presenter is not seen."""
        return self.product or self.statement


def shots(
    words: Sequence[CaptionWord],
    seconds: float,
    *,
    seed: str,
    nearest: float,
    named_at: float | None,
    statements: Sequence[tuple[float, float]] = (),
    sayings: Sequence[tuple[float, float]] = (),
    pictured: bool = True,
) -> tuple[Shot, ...]:
    """The shots of a film whose speech lasts `seconds`; the first one begins at 0.

    nearest: the largest nearness for which the presenter has room. named_at: when the product is first named, None
    where it is not to fill the picture. statements: (start, end) of what may fill it, in order. sayings: (start, end)
    of other words that may, where the presenter would be seen for long. pictured: whether there is a picture of the
    product; its name alone fills the picture only where it is said, and once.
    """
    sentences, clauses = _ends(words, SENTENCE), _ends(words, SENTENCE + CLAUSE)
    stated = _stated(statements, words, seconds)
    sights = _asides(words, clauses, sentences, seconds, named_at, stated) if named_at is not None else []
    if not pictured and named_at is not None:
        sights = [(start, end) for start, end in sights if start - NEAR_SECONDS <= named_at < end]
    stated = _relieved(stated, sights, sayings, seconds)
    asides = sorted([*sights, *stated])
    chance = np.random.default_rng(zlib.crc32(f"shots {seed}".encode()))
    levels = [level for level in NEARNESS if level <= nearest] or [NEARNESS[0]]
    if LEAST_NEARER * levels[-1] <= nearest < NEARNESS[-1]:
        levels.append(nearest)  # as near as there is room, where that is seen as nearer
    level = levels[0]  # from the first shot on a film comes nearer
    made = [Shot(start=0.0, nearness=level)]
    opening = _word_start(words, OPENING_SECONDS)
    if not any(OPENING_SECONDS <= time < opening + 1 for time in clauses):
        clauses, sentences = sorted([opening, *clauses]), [opening, *sentences]
    for time in clauses:
        inside = any(start - SHORTEST_SHOT_SECONDS < time < end + SHORTEST_SHOT_SECONDS for start, end in asides)
        last = made[-1].start
        if inside or time > seconds - LAST_SECONDS or time - last < SHORTEST_SHOT_SECONDS:
            continue
        if time not in sentences and time - last < CLAUSE_SECONDS:
            continue
        others = [other for other in levels if other != level]
        if not others:
            break
        level = others[int(chance.integers(len(others)))]
        made.append(Shot(start=time, nearness=level))
    for start, end in asides:
        before = max((shot for shot in made if shot.start <= start), key=lambda shot: shot.start)
        others = [other for other in levels if other != before.nearness] or levels
        made += [
            Shot(start=start, statement=(start, end) in stated, product=(start, end) not in stated),
        ]
        if end < seconds:
            made.append(Shot(start=end, nearness=others[int(chance.integers(len(others)))]))
    return _quickened(_apart(sorted(made, key=lambda shot: shot.start)), words, seconds, levels)


def continued(before: Sequence[Shot], fresh: Sequence[Shot], difference: Difference) -> tuple[Shot, ...]:
    """The shots of a film after a change of its script: those of the film before outside of the new sentence, which are
    as they were, and within it those that its words ask for.

    fresh: the shots of the whole new script.
    """
    made = [shot for shot in before if shot.start < difference.start]
    left = next((shot for shot in before if shot.start >= difference.start), None)
    room = SHORTEST_SHOT_SECONDS / 2
    inside = [shot for shot in fresh if made[-1].start + room <= shot.start < difference.end - room]
    inside = [shot for shot in inside if shot.start >= difference.start]
    if made[-1].is_aside and left is not None and not left.is_aside:  # the presenter comes back when they did
        back = min(difference.moved(left.start) if left.start >= difference.end_before else left.start, difference.end)
        inside = [replace(left, start=back), *(shot for shot in inside if shot.start >= back + room)]
    presented = [shot for shot in before if shot.start <= difference.end_before and not shot.is_aside]
    seen_again = replace(presented[-1], start=difference.end)
    later = [replace(shot, start=difference.moved(shot.start)) for shot in before if shot.start > difference.end_before]
    for shot in [*inside, seen_again, *later]:
        is_same = not shot.is_aside and not made[-1].is_aside and shot.nearness == made[-1].nearness
        if not is_same and shot.start > made[-1].start:
            made.append(shot)
    return tuple(made)


def _quickened(
    made: Sequence[Shot], words: Sequence[CaptionWord], seconds: float, levels: Sequence[float]
) -> tuple[Shot, ...]:
    """The shots with the presenter's long ones cut before a word, so that none lasts much longer than the longest."""
    if len(levels) == 1:
        return tuple(made)
    ends = [*(shot.start for shot in made[1:]), seconds + END_SECONDS]
    cut: list[Shot] = []
    for planned, end in zip(made, ends, strict=True):
        shot = planned
        if cut and not shot.is_aside and not cut[-1].is_aside and cut[-1].nearness == shot.nearness:
            shot = replace(shot, nearness=next(level for level in levels if level != shot.nearness))
        cut.append(shot)
        while not shot.is_aside and end - cut[-1].start > LONGEST_SHOT_SECONDS:
            last = cut[-1]
            latest = min(last.start + LONGEST_SHOT_SECONDS, end - SHORTEST_SHOT_SECONDS / 2)
            place = _last_start(words, last.start + SHORTEST_SHOT_SECONDS / 2, latest)
            if place <= last.start:
                break
            after = next((other.nearness for other in made if other.start == end and not other.is_aside), 0.0)
            others = [level for level in levels if level not in (last.nearness, after)]
            others = others or [level for level in levels if level != last.nearness]
            cut.append(Shot(start=place, nearness=others[0]))
    return tuple(cut)


def _stated(
    statements: Sequence[tuple[float, float]], words: Sequence[CaptionWord], seconds: float
) -> list[tuple[float, float]]:
    """The statements that fill the picture: not at the film's beginning. One that takes too long is left before a word,
    unless the next one follows soon; one that the script ends with stays until the end card."""
    kept: list[tuple[float, float]] = []
    least, most = STATED_SECONDS
    for start, stop in statements:
        end = stop if stop - start <= most + STAYS_SECONDS else _left(words, start + least, start + most)
        if end > seconds - LAST_SECONDS / 2:
            end = seconds + AFTER_SECONDS
        if min(end, seconds + END_SECONDS) - start < least or start < STATED_FIRST_SECONDS:
            continue
        near = [(begun, start) for begun, other in kept[-1:] if 0 < start - other < least]  # until this one
        tried = [*kept[: len(kept) - len(near)], *near, (start, end)]
        if sum(min(other, seconds) - begun for begun, other in tried) <= STATED_SHARE * seconds:
            kept = tried
    return kept


def _relieved(
    stated: Sequence[tuple[float, float]],
    sights: Sequence[tuple[float, float]],
    sayings: Sequence[tuple[float, float]],
    seconds: float,
) -> list[tuple[float, float]]:
    """The statements with sayings among them, so that nobody talks into the camera for long: in a long time with the
    presenter alone the saying nearest to its middle, as long as statements do not take too much of the film. One may
    come right before or behind a statement."""
    made, left = list(stated), list(sayings) if seconds >= RELIEVED_SECONDS else []
    least, most = STATED_SECONDS
    while left:
        asides = sorted([*sights, *made])
        begins = [0.0, *(end for _, end in asides)]
        ends = [*(start for start, _ in asides), seconds]
        begun, ended = max(zip(begins, ends, strict=True), key=lambda run: run[1] - run[0])
        spent = sum(min(end, seconds) - start for start, end in made)
        first = max(begun + SHORTEST_SHOT_SECONDS, STATED_FIRST_SECONDS)
        last = ended - (LAST_SECONDS if ended == seconds else SHORTEST_SHOT_SECONDS)
        fitting = [
            (start, end)
            for start, end in left
            if (start >= first or start == begun > 0) and (end <= last or end == ended < seconds)
            if least <= end - start <= most + STAYS_SECONDS and spent + end - start <= STATED_SHARE * seconds
        ]
        if ended - begun <= PRESENTED_SECONDS or not fitting:
            break
        chosen = min(fitting, key=lambda saying: abs(sum(saying) - begun - ended))
        made.append(chosen)
        left.remove(chosen)
    return sorted(made)


def _left(words: Sequence[CaptionWord], after: float, until: float) -> float:
    """When a long statement is left: at the last end of a clause between two times, or else before a word."""
    clauses = [time for time in _ends(words, SENTENCE + CLAUSE) if after <= time <= until]
    return clauses[-1] if clauses else _last_start(words, after, until)


def _last_start(words: Sequence[CaptionWord], after: float, until: float) -> float:
    """A moment before the last word that begins between two times; `after` - 1 where none does."""
    starts = [_word_start(words, word.start) for word in words if after <= word.start - LEAD_SECONDS <= until]
    return max((start for start in starts if after <= start <= until), default=after - 1)


def shot_at(made: Sequence[Shot], time: float) -> Shot:
    """What is seen at a time."""
    return next(shot for shot in reversed(made) if shot.start <= time + 1e-6)


def product_ends(made: Sequence[Shot]) -> float | None:
    """When the product has first filled the picture; None where it does not."""
    place = next((number for number, shot in enumerate(made) if shot.product), None)
    return None if place is None or place + 1 >= len(made) else made[place + 1].start


def beside_card(made: Sequence[Shot], shown: Sequence[tuple[float, float]], nearest: float) -> tuple[Shot, ...]:
    """The shots with those no nearer than `nearest` that are seen in one of the times (start, end) in `shown`. One that
    is seen for long enough before the card comes, or after it has gone, is as near as it was then."""
    ends = [shot.start for shot in made[1:]] + [float("inf")]
    level = max(level for level in NEARNESS if level <= max(nearest, NEARNESS[0]))
    cut: list[Shot] = []
    for shot, end in zip(made, ends, strict=True):
        times = [(start, stop) for start, stop in shown if start < end and shot.start < stop]
        if not times or shot.is_aside or shot.nearness <= level:
            cut.append(shot)
            continue
        start, stop = min(begun for begun, _ in times), max(gone for _, gone in times)
        if start - shot.start >= LEAST_BESIDE_SECONDS:
            cut.append(shot)
        cut.append(replace(shot, start=start if cut and cut[-1] is shot else shot.start, nearness=level))
        if LEAST_BESIDE_SECONDS <= end - stop < float("inf"):
            cut.append(replace(shot, start=stop))
    return tuple(cut)


def _ends(words: Sequence[CaptionWord], signs: str) -> list[float]:
    """Times between two words of which the first ends a sentence or clause."""
    return [
        max(before.end, after.start - LEAD_SECONDS)
        for before, after in itertools.pairwise(words)
        if before.text.rstrip(QUOTES)[-1:] in set(signs)
    ]


def _asides(
    words: Sequence[CaptionWord],
    clauses: list[float],
    sentences: list[float],
    seconds: float,
    named_at: float,
    stated: Sequence[tuple[float, float]],
) -> list[tuple[float, float]]:
    """(start, end) of each sight of the product: on its name, and in a long film once more. A statement that is seen
    when the name is said shows the product itself."""
    apart = STATED_SECONDS[0]

    def first_of(starts: Sequence[float]) -> tuple[float, float] | None:
        for start in starts:
            found = _aside(words, clauses, start, seconds)
            if found and not any(found[0] < stop + apart and begun < found[1] + apart for begun, stop in stated):
                return found
        return None

    found = []
    begun = _word_start(words, named_at)
    near = min(sentences, key=lambda time: abs(time - begun), default=0.0)
    if near >= FIRST_SECONDS and abs(near - begun) <= NEAR_SECONDS:
        begun = near
    if begun < FIRST_SECONDS:
        begun = next((time for time in clauses if time >= FIRST_SECONDS), _word_start(words, FIRST_SECONDS))
    if not any(start - apart <= begun <= end for start, end in stated):
        first = first_of([begun, *(time for time in clauses if begun < time < begun + AGAIN_SECONDS)])
        found += [first] if first is not None else []
    later = max(begun + AGAIN_SECONDS, seconds * AGAIN_SHARE)
    second = first_of([time for time in sentences if time >= later])
    if second is not None:
        found.append(second)
    return found


def _aside(
    words: Sequence[CaptionWord], clauses: list[float], start: float, seconds: float
) -> tuple[float, float] | None:
    """From `start` to the end of the clause, or to another word where that is too soon or too late; None where the film
    ends before."""
    least, most = PRODUCT_SECONDS
    end = next((time for time in clauses if start + least <= time <= start + most), None)
    if end is None:
        end = _word_start(words, start + (least + most) / 2)
    return (start, end) if start >= FIRST_SECONDS and least / 2 < end - start and end < seconds - LAST_SECONDS else None


def _word_start(words: Sequence[CaptionWord], after: float) -> float:
    """A moment before the first word after a time, behind the word before it; the time itself where there is none."""
    ends = [0.0, *(word.end for word in words)]
    return next(
        (max(end, word.start - LEAD_SECONDS) for end, word in zip(ends, words, strict=False) if word.start >= after),
        after,
    )


def _apart(made: list[Shot]) -> tuple[Shot, ...]:
    """The shots without those that begin too soon after another, or show the same again."""
    kept: list[Shot] = []
    for shot in made:
        last = kept[-1] if kept and not kept[-1].is_aside else None
        is_same = last is not None and not shot.is_aside and shot.nearness == last.nearness
        if is_same or (last is not None and not shot.is_aside and shot.start - last.start < SHORTEST_SHOT_SECONDS):
            continue
        kept.append(shot)
    return tuple(kept)
