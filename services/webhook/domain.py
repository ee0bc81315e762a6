"""The rules of deliveries: their times, what an answer means, and signatures. No I/O."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from uuid import UUID

EVENT_TYPES = ("job.completed", "job.failed", "job.canceled", "job.expired")
TEST_EVENT = "webhook.test"
MAX_ENDPOINTS = 20  # of a user
SECRET_PREFIX = "whsec_"  # noqa: S105  # of Standard Webhooks
SECRET_BYTES = 32
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


def outcome_of(answer: Answer, *, tries: int, failing_since: datetime | None, now: datetime, chance: float) -> Outcome:
    """Decides what follows from the answer to try number `tries`, from 1. chance: 0 to 1, for the jitter."""
    if not answer.error:
        return Outcome(state=State.DELIVERED, next_try_at=None, disable="")
    if answer.status == 410:
        return Outcome(state=State.FAILED, next_try_at=None, disable="The endpoint answered 410 Gone.")
    if failing_since is not None and now - failing_since >= DISABLED_AFTER:
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


def new_secret() -> str:
    """A new signing secret: `whsec_` and 32 random bytes in Base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature_headers(event_id: str, body: bytes, signing_secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks, with a signature by each secret."""
    seconds = str(int(now.timestamp()))
    signed = f"{event_id}.{seconds}.".encode() + body
    signatures = []
    for secret in signing_secrets:
        digest = hmac.new(base64.b64decode(secret.removeprefix(SECRET_PREFIX)), signed, hashlib.sha256).digest()
        signatures.append("v1," + base64.b64encode(digest).decode())
    return {"webhook-id": event_id, "webhook-timestamp": seconds, "webhook-signature": " ".join(signatures)}
