"""Which five of the candidates run: the best that differ most, each from another angle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.copy.domain import VARIANT_COUNT
from services.copy.providers.local.library import Frame

MAX_OVERLAP = 0.5  # share of words (names and offers aside) that two variants of one result should have in common
MAX_SHARED = 0.75  # what they may have in common where the brief holds little
MAX_LISTS = 2
MAX_PRICED = 2  # of texts that name the price unasked
MAX_NAMED_HOOKS = 3  # hooks that begin or end with the product's name wear off
_STEP = 0.1
_ALIKE_FROM = 0.2  # relaxed so far, two texts may share a line of the trade
_PER_ANGLE = 8  # how many of an angle's best the search for a set goes through
_SEARCH_STEPS = 4_000  # and how many sets it tries before it gives up: some milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A filled frame that has passed the filters so far."""

    frame: Frame
    hook: str
    body: str
    closer: str
    lines: frozenset[str]
    facts: frozenset[int]
    score: float
    words: frozenset[str]
    saying: str  # the hook as hooks are compared
    heads: tuple[str, str]  # the first words of hook and body
    named: bool  # whether the hook names the product
    listed: bool
    priced: bool  # whether it names the price unasked


Finish = Callable[[Candidate], Candidate | None]


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of words in common, of the smaller of the two."""
    return len(one & other) / max(1, min(len(one), len(other)))


def saying(hook: str) -> str:
    """What a hook says, whatever its case and its quotation marks."""
    return hook.replace("'", "’").rstrip(".").lower()


def head(text: str) -> str:
    """The first two words."""
    return " ".join(text.split(None, 2)[:2]).lower()


def _clash(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates never run side by side."""
    return (
        one.frame.angle == other.frame.angle
        or one.frame.key == other.frame.key
        or one.saying == other.saying
        or (bool(one.closer) and one.closer == other.closer)
    )


@dataclass(slots=True)
class _Row:
    """A candidate beside those chosen so far: how near it comes to them."""

    candidate: Candidate
    nearest: float = 0.0
    repeats: int = 0
    echoes: bool = False
    alike: bool = False

    def meets(self, other: Candidate) -> bool:
        """Takes note of one that was chosen; False if the two never run side by side."""
        mine = self.candidate
        if _clash(mine, other):
            return False
        self.nearest = max(self.nearest, overlap(mine.words, other.words))
        self.repeats = max(self.repeats, len(mine.facts & other.facts))
        self.echoes = self.echoes or mine.heads[0] == other.heads[0] or mine.heads[1] == other.heads[1]
        self.alike = self.alike or bool(mine.lines & other.lines)
        return True


def choose(
    candidates: Iterable[Candidate],
    finish: Finish,
    *,
    already: Sequence[Candidate] = (),
    slack: float = 0.2,
    limit: float = MAX_SHARED,
) -> list[Candidate]:
    """Up to five by marginal relevance: one after the other, the best that differs most from those chosen.

    Where too few differ by MAX_OVERLAP, they may have up to `slack` more in common, and never more than `limit`.
    `finish` costs more than all the rest: only what is about to be chosen is put to it. What it refuses is left out.
    """
    chosen = list(already)
    rows = [_Row(candidate) for candidate in candidates]
    for other in chosen:
        rows = [row for row in rows if row.meets(other)]
    relaxed = 0.0
    while len(chosen) < VARIANT_COUNT:
        bound = min(MAX_OVERLAP + relaxed, limit)
        may_name = sum(other.named for other in chosen) < MAX_NAMED_HOOKS
        may_price = sum(other.priced for other in chosen) < MAX_PRICED
        may_list = sum(other.listed for other in chosen) < MAX_LISTS
        best, best_value = None, -99.0
        for row in rows:
            candidate = row.candidate
            if row.nearest > bound or (row.alike and relaxed < _ALIKE_FROM) or (row.echoes and not relaxed):
                continue
            if (candidate.named and not may_name) or (candidate.listed and not may_list):
                continue
            if candidate.priced and not may_price:
                continue
            value = candidate.score - 1.1 * row.nearest - 0.12 * row.repeats
            if value > best_value:
                best, best_value = row, value
        if best is None:
            if relaxed >= slack:
                break
            relaxed += _STEP  # a sparse brief has little to vary: differ as much as it allows
            continue
        rows.remove(best)
        finished = finish(best.candidate)
        if finished is not None:
            chosen.append(finished)
            rows = [row for row in rows if row.meets(finished)]
    return chosen


def search(candidates: Iterable[Candidate], finish: Finish) -> list[Candidate]:
    """Five that keep the bounds where taking the best first leads nowhere: sets of the best of each angle are tried in
    turn. Empty if there is none."""
    best: dict[str, list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        rows = best.setdefault(candidate.frame.angle, [])
        if len(rows) < _PER_ANGLE and (finished := finish(candidate)) is not None:
            rows.append(finished)
    angles = [rows for rows in best.values() if rows]
    steps = 0

    def extended(chosen: list[Candidate], place: int) -> list[Candidate]:
        nonlocal steps
        if len(chosen) == VARIANT_COUNT:
            return chosen
        if len(chosen) + len(angles) - place < VARIANT_COUNT:
            return []
        for candidate in angles[place]:
            steps += 1
            if steps > _SEARCH_STEPS:
                return []
            if not _joins(candidate, chosen):
                continue
            found = extended([*chosen, candidate], place + 1)
            if found:
                return found
        return extended(chosen, place + 1)

    return extended([], 0)


def _joins(candidate: Candidate, chosen: list[Candidate]) -> bool:
    return (
        not any(_clash(candidate, other) or overlap(candidate.words, other.words) > MAX_SHARED for other in chosen)
        and sum(other.named for other in chosen) + candidate.named <= MAX_NAMED_HOOKS
        and sum(other.listed for other in chosen) + candidate.listed <= MAX_LISTS
    )
