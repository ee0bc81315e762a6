"""The rules of deliveries: their times, and what an answer means. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

EVENT_TYPES = ("job.completed", "job.failed", "job.canceled", "job.expired")
TEST_EVENT = "webhook.test"
MAX_ENDPOINTS = 20  # of a user
KEPT_FOR = timedelta(days=30)  # deliveries, after their event
DISABLED_AFTER = timedelta(days=5)  # without a successful try
# Pauses before each try after the first, which is immediate. They add up to 65.6 hours;
# JITTER makes that 72.2 at most, and Retry-After 124.8, beyond which DISABLED_AFTER ends it.
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, *(12 * 3600 for _ in range(4)))
)
JITTER = 0.1  # a pause grows by up to this share, so that failures of one moment do not return in one
MAX_RETRY_AFTER = timedelta(hours=12)


class State(StrEnum):
    """What has become of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The end of a job."""

    id: UUID
    type: str
    job_id: UUID
    user_id: str
    project_id: UUID
    occurred_at: datetime
    webhook_url: str = ""
    """The address that the job's request named; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a try. status: None if no answer came. retry_after: the header's text. error: empty for 2xx."""

    status: int | None
    head: str
    retry_after: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The delivery's state after a try, and when it is tried again (pending only)."""

    state: State
    next_try_at: datetime | None
    disable: str
    """Why the endpoint is disabled; empty: it is not."""


def outcome_of(
    answer: Answer,
    *,
    tries: int,
    failing_since: datetime | None,
    now: datetime,
    chance: float,
    may_disable: bool = True,
) -> Outcome:
    """Decides what follows from the answer to try number `tries`, from 1. chance: 0 to 1, for the jitter.

    may_disable: False for an address that a request named, which no later request need name.
    """
    if not answer.error:
        return Outcome(state=State.DELIVERED, next_try_at=None, disable="")
    if answer.status == 410:
        reason = "The endpoint answered 410 Gone." if may_disable else ""
        return Outcome(state=State.FAILED, next_try_at=None, disable=reason)
    if may_disable and failing_since is not None and now - failing_since >= DISABLED_AFTER:
        reason = f"No try has succeeded for {DISABLED_AFTER.days} days. Last error: {answer.error}"
        return Outcome(state=State.FAILED, next_try_at=None, disable=reason)
    if tries > len(PAUSES):
        return Outcome(state=State.FAILED, next_try_at=None, disable="")
    pause = PAUSES[tries - 1] * (1 + JITTER * chance)
    pause = max(pause, min(parse_retry_after(answer.retry_after, now), MAX_RETRY_AFTER))
    return Outcome(state=State.PENDING, next_try_at=now + pause, disable="")


def parse_retry_after(text: str, now: datetime) -> timedelta:
    """The pause that a Retry-After header asks for, in seconds or as a date; zero for any other text."""
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return timedelta(0)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta(0))


def origin_of(url: str) -> str:
    """Scheme, host and port of an address that was checked: `https://example.com`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
