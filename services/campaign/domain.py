"""The rules of campaigns: their states and limits, and what each version of a child shares with the others. No I/O."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

MAX_CHILDREN = 1_000
MAX_LIVE = 10  # campaigns of a user that have not ended
MAX_ESTIMATES = 20  # of a user
ESTIMATE_HOLDS_FOR = timedelta(minutes=15)
# An expired estimate is refused as expired, not as unknown, for this long.
EXPIRED_ESTIMATE_KEPT_FOR = timedelta(hours=1)
# Shorter than the 24 hours for which job knows the key of a child's request, so that a repetition never makes another
# job, and than the 48 hours for which billing holds quoted prices.
ADMISSION_LIMIT = timedelta(hours=20)
KEYS_LAPSE_AFTER = timedelta(hours=23)
KEY_KEPT_FOR = timedelta(hours=24)  # of an Idempotency-Key
KEPT_FOR = timedelta(days=90)  # ended campaigns; their jobs are kept by the job service's own rule
MAX_HEADLINE = 80  # characters that an image request accepts
# Refusals that end the campaign's admission: the next child would not be paid either.
MONEY_REASONS = frozenset({"INSUFFICIENT_CREDITS", "API_KEY_BUDGET_EXCEEDED"})
CAPPED_REASON = "MAX_CREDITS_REACHED"
CAPPED_MESSAGE = "The campaign's maxCredits does not pay for this ad, so it was not begun."
LATE_REASON = "NOT_BEGUN_IN_TIME"
LATE_MESSAGE = "The ad could not be begun in time because part of our system was unavailable. It was not charged."
LANGUAGE_REASON = "LANGUAGE_NOT_AVAILABLE"
LOST_REASON = "JOB_NOT_FOUND"
LOST_MESSAGE = "The ad's job no longer exists."
EXPIRED_REASON = "JOB_EXPIRED"
EXPIRED_MESSAGE = "The ad was not finished in time. It was not charged."


_WORD = re.compile(r"\w+")


class State(StrEnum):
    """The states of a campaign; an estimate is a campaign that has not begun."""

    ESTIMATED = "estimated"
    ADMITTING = "admitting"
    RUNNING = "running"
    COMPLETED = "completed"
    CAPPED = "capped"
    CANCELED = "canceled"
    FAILED = "failed"


LIVE = (State.ADMITTING, State.RUNNING)
ENDED = (State.COMPLETED, State.CAPPED, State.CANCELED, State.FAILED)


class ChildState(StrEnum):
    """The states of a child. A waiting child that was tried may have a job whose id is not known yet."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    SKIPPED = "skipped"


class Axis(StrEnum):
    """What the versions of a deliverable differ in."""

    ANGLE = "angle"
    LAYOUT = "layout"
    PALETTE = "palette"
    VOICE = "voice"


_IMAGES = frozenset({"static_ad"})
_VARIED = {
    Axis.ANGLE: _IMAGES | {"copy"},
    Axis.LAYOUT: _IMAGES,
    Axis.PALETTE: _IMAGES,
    Axis.VOICE: frozenset({"video"}),
}


def varied(axis: Axis, asked: Collection[str]) -> frozenset[str]:
    """The types of children that an axis varies, of those that are asked for.

    The five texts of a copy have angles of their own, and a second copy would mostly repeat them. So copy beside images
    is made once, and copy by itself for each version.
    """
    found = _VARIED[axis].intersection(asked)
    return found & _IMAGES if axis is Axis.ANGLE and found >= _IMAGES else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What an image shares with others: its names in an image request, and the version whose headline it has.

    Images with the same concept share colours and typefaces; with the same seed they also share their composition.
    """

    concept: str
    seed: str
    headline_version: int


def look(campaign_id: UUID, product: int, axis: Axis | None, version: int) -> Look:
    """The look of an image. product: its place in the campaign, from 1; version: along the axis, from 1.

    The products of a campaign share the concept, so that the whole set looks like one.
    """
    concept = version if axis in (Axis.ANGLE, Axis.PALETTE) else 1
    seed = version if axis in (Axis.ANGLE, Axis.LAYOUT) else 1
    headline = version if axis is Axis.ANGLE else 1
    return Look(
        concept=f"{campaign_id.hex}-{concept}", seed=f"{campaign_id.hex}-{product}-{seed}", headline_version=headline
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product of the campaign's project."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """A price list of billing: credits by type of price."""

    id: str
    credits: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A planned child. request: the serialized message of the service that makes it. version: 0 if the axis does not
    change it. headline_version: 0 if it takes no headline. credits: its price. language: that was asked for; empty: the
    product's. refusal: why it cannot be made, for the customer, at no price; empty: it can."""

    number: int
    product: Product
    type: str
    request: bytes
    version: int
    headline_version: int
    credits: int
    language: str = ""
    refusal: str = ""

    @property
    def state(self) -> ChildState:
        """The state in which it is stored."""
        return ChildState.FAILED if self.refusal else ChildState.WAITING

    @property
    def reason(self) -> str:
        """Why it is never begun; empty: it may be."""
        return LANGUAGE_REASON if self.refusal else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Children by state, and their credits: held for those that run, spent by those that ended."""

    waiting: int
    running: int
    completed: int
    failed: int
    canceled: int
    skipped: int
    held: int
    spent: int


def state_of(counts: Counts) -> State:
    """The state of a campaign that has begun."""
    if counts.waiting:
        return State.ADMITTING
    if counts.running:
        return State.RUNNING
    if counts.canceled:
        return State.CANCELED
    if counts.skipped:
        return State.CAPPED
    if counts.failed and not counts.completed:
        return State.FAILED
    return State.COMPLETED


def same_language(asked: str, known: str) -> bool:
    """Whether texts in a known language serve for the one that is asked for. BCP 47; a language without its region
    serves for each of its regions, and the other way round."""
    first, second = asked.lower().split("-"), known.lower().split("-")
    return first[0] == second[0] and (first == second or 1 in (len(first), len(second)))


def affordable(prices: Iterable[int], credits_: int) -> int:
    """How many children, in order, the credits pay for, up to the first that they do not."""
    number = 0
    for price in prices:
        credits_ -= price
        if credits_ < 0:
            break
        number += 1
    return number


def is_late(begun_at: datetime, now: datetime) -> bool:
    """Whether no more children may begin."""
    return now - begun_at > ADMISSION_LIMIT


def is_lapsed(begun_at: datetime, now: datetime) -> bool:
    """Whether the key of a child's first try may no longer be known, so that a repetition might make another job."""
    return now - begun_at > KEYS_LAPSE_AFTER


def says_something_else(headline: str, taken: Iterable[str], product_name: str) -> bool:
    """Whether a headline has words that no headline before it has, the product's name aside."""
    words = _words(headline) - _words(product_name)
    return not any(words <= _words(other) for other in taken)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def clean_headline(text: str) -> str:
    """A written headline as an image request accepts it; empty if it does not."""
    line = " ".join(text.split())
    fits = len(line) <= MAX_HEADLINE and line.isprintable() and any(map(str.isalnum, line))
    return line if fits else ""
