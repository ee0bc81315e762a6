"""How a film with a presenter is cut, and when the product's card is beside them; after a change as before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from services.video.domain import FRAMES_PER_SECOND, Difference, VideoBrief
from services.video.providers.local import captions, editing

CARD_MOVES_SECONDS: Final = 0.55
CARD_STAYS_SECONDS: Final = 3.6  # in the vertical format, where it takes the head's room
UNNAMED_CARD_SHARE: Final = 0.30  # when the script never says the product's name, the card comes here

Track = np.ndarray[Any, np.dtype[np.float64]]


class Near(Protocol):
    """How much larger a presenter may be shown without and with the card; rendering.Actor describes it."""

    @property
    def nearest(self) -> float: ...

    @property
    def nearest_beside(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenterCut:
    """The shots, nearer than the card may allow, and when the product's card comes and has gone, in seconds; None
    without a name to show."""

    shots: tuple[editing.Shot, ...]
    card: tuple[float, float] | None

    def card_track(self, frames: int) -> Track:
        """How far the product's card is in, frame by frame: 0..1."""
        if self.card is None:
            return np.zeros(frames)
        start, end = self.card
        time = np.arange(frames) / FRAMES_PER_SECOND
        coming = np.clip((time - start) / CARD_MOVES_SECONDS, 0, 1)
        going = np.clip((end - time) / CARD_MOVES_SECONDS, 0, 1)
        return np.minimum(coming, going)

    def beside_card(self, actor: Near) -> tuple[editing.Shot, ...]:
        """The shots as near as the card allows."""
        return editing.beside_card(self.shots, [self.card] if self.card else [], actor.nearest_beside)


def presenter_cut(
    brief: VideoBrief,
    words: tuple[captions.CaptionWord, ...],
    seconds: float,
    actor: Near,
    *,
    stays: bool,
    statements: Sequence[tuple[float, float]] = (),
    sayings: Sequence[tuple[float, float]] = (),
    pictured: bool = True,
    earlier: tuple[PresenterCut, Difference] | None = None,
) -> PresenterCut:
    """The cut of a film whose speech lasts `seconds`.

    stays: whether the card stays until the end. statements, sayings, pictured: as for `editing.shots`. earlier: the cut
    of the film before a change, and where this one differs from it.
    """
    named = _named_at(brief.product_name, words) if brief.product_name.strip() else None
    shots = editing.shots(
        words, seconds, seed=brief.seed, nearest=actor.nearest, named_at=named, statements=statements, sayings=sayings,
        pictured=pictured,
    )  # fmt: skip
    if earlier is not None:
        shots = editing.continued(earlier[0].shots, shots, earlier[1])
    card = _card(brief, words, seconds, stays=stays, after=editing.product_ends(shots))
    if earlier is not None and card is not None and earlier[0].card is not None:
        start = _continued_start(earlier[0].card[0], card[0], earlier[1])
        card = start, (seconds + 1 if stays else start + card[1] - card[0])
    return PresenterCut(shots=shots, card=card)


def _continued_start(before: float, fresh: float, difference: Difference) -> float:
    """When the card comes after a change, from when it came before it and when the new words ask for it."""
    if before < difference.start:
        return before
    if before >= difference.end_before:
        return difference.moved(before)
    return min(max(fresh, difference.start), difference.end)


def _card(
    brief: VideoBrief, words: tuple[captions.CaptionWord, ...], seconds: float, *, stays: bool, after: float | None
) -> tuple[float, float] | None:
    """When the card comes and has gone: from when the product is first named, or `after` a time."""
    if not brief.product_name.strip():
        return None
    named = _named_at(brief.product_name, words)
    start = min(max(0.5, named if named is not None else seconds * UNNAMED_CARD_SHARE), max(0.5, seconds - 1.6))
    start = max(start, (after if after is not None else start) - (CARD_MOVES_SECONDS if stays else 0.0))
    return start, (seconds + 1 if stays else start + CARD_MOVES_SECONDS * 2 + CARD_STAYS_SECONDS)


def _named_at(name: str, words: tuple[captions.CaptionWord, ...]) -> float | None:
    """When the product's name, or its most telling word, is first heard."""
    telling = sorted(re.findall(r"\w{3,}", name.casefold()), key=len, reverse=True)
    for wanted in telling[:2]:
        for word in words:
            if wanted in word.text.casefold():
                return word.start
    return None
