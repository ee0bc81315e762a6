"""Jobs: which moves exist, how long things may take, what follows a failure, who is next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.chassis.errors import FieldViolation, Kind, Refusal

PRICES = "GET /api/prices"  # where customers find what things cost
HOLD_MARGIN = timedelta(hours=24)  # a hold outlives its job by this: settlement may have to wait for billing
# A request is at most this long under way from the gateway to its decision: its body may take 30 s, the look-ups and
# the wait for an earlier one of its key 28 s. An older time of arrival is another machine's wrong clock.
MAX_ARRIVAL_AGE = timedelta(seconds=60)
# How long the end of a job that its submitter makes waits for billing. Until then its first request is not answered.
PROMPT_SETTLEMENT = timedelta(seconds=2)
# The first lease of such a job, if heartbeats follow: covers the way of the answer to the submitter under full load.
SELF_MADE_LEASE = timedelta(seconds=10)


class Status(StrEnum):
    PENDING = "pending"
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


# The only moves there are. Statements take their `where status = any(...)` from here, so none can make another.
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.QUEUED, Status.PROCESSING, Status.CANCELED, Status.EXPIRED}),
    Status.QUEUED: frozenset({Status.PROCESSING, Status.FAILED, Status.CANCELED, Status.EXPIRED}),
    Status.PROCESSING: frozenset({Status.COMPLETED, Status.FAILED, Status.QUEUED, Status.CANCELED, Status.EXPIRED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELED: frozenset(),
    Status.EXPIRED: frozenset(),
}
LIVE_STATUSES = tuple(status for status in Status if TRANSITIONS[status])
TERMINAL = tuple(status for status in Status if not TRANSITIONS[status])


def plausible_arrival(arrived_at: datetime | None, now: datetime) -> datetime:
    """When a request arrived, as the gateway says; `now` where that is absent or cannot be (another clock is wrong)."""
    if arrived_at is None or not now - MAX_ARRIVAL_AGE <= arrived_at <= now:
        return now
    return arrived_at


def allowed_from(target: Status) -> list[str]:
    """The statuses from which a job may become `target`."""
    return [status.value for status in Status if target in TRANSITIONS[status]]


class FaultKind(StrEnum):
    """Why an attempt failed, as its worker classed it."""

    TRANSIENT = "transient"
    INPUT = "input"
    UNKNOWN = "unknown"
    LOST = "lost"  # the worker was not heard of any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long things may take, for one type of job, and how often they may be tried."""

    start: timedelta
    attempt: timedelta
    total: timedelta
    failures: int = 4


REDISPATCH_INTERVAL = timedelta(seconds=5)  # before a queued job is dispatched again, in case a message was lost


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPolicy:
    """The numbers by which jobs are run."""

    limits: Mapping[str, Limits]
    lease: timedelta = timedelta(seconds=6)  # with the sweeper's tick, a dead worker's job runs again within 10 s
    heartbeat: timedelta = timedelta(seconds=1)
    live_jobs_per_user: int = 20_000
    processing_jobs_per_user: int = 50
    retry_base: timedelta = timedelta(seconds=2)
    retry_cap: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentRequest:
    """A request by its Idempotency-Key: an empty key is none; the digest tells what was asked for."""

    job_id: UUID
    user_id: str
    idempotency_key_header: str = ""
    request_digest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(IdempotentRequest):
    """A request to make something."""

    type: str
    project_id: UUID
    product_id: UUID
    idempotency_key: str
    parameters: bytes
    worker: str = ""
    retry_of: UUID | None = None
    api_key_id: str = ""
    traceparent: str = ""
    arrived_at: datetime | None = None
    """When the request reached the gateway; None: a job of its key that has ended is not looked for."""
    sends_heartbeats: bool = False
    """Whether a submitter that makes the job itself moves its lease on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedJob:
    """What became of a submission."""

    job_id: UUID
    status: str
    credits_used: int
    credits_remaining: int
    attempt: int = 0
    replayed: bool = False
    job_type: str = ""
    """The type of a job that was found; empty for a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJob:
    """A job that a submission's key stands for already."""

    id: UUID
    status: Status
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedJob:
    """A job that has ended, and what its hold is to become: capture or release."""

    id: UUID
    settle: str
    traceparent: str = ""
    self_made: bool = False
    """Made by the service that submitted it, which answers its request only after the settlement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    id: UUID
    type: str
    key: str
    content_type: str
    size_bytes: int
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    number: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as its owner may see it, and what the operator sees besides."""

    id: UUID
    user_id: str
    type: str
    project_id: UUID
    status: Status
    created_at: datetime
    credits: int = 0
    completed_at: datetime | None = None
    assets: tuple[Asset, ...] = ()
    error_reason: str = ""
    error_message: str = ""
    progress: int = 0
    attempt: int = 0
    queue_position: int | None = None
    notes: tuple[str, ...] = ()
    result: bytes = field(default=b"", repr=False)
    unsettled: str = ""
    """What its hold is to become, capture or release, where billing has not confirmed that yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """An attempt that a worker may work on."""

    job_id: UUID
    user_id: str
    attempt: int
    parameters: bytes = field(repr=False)
    checkpoint: bytes = field(repr=False)
    attempt_deadline: datetime
    created_at: datetime
    traceparent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailure:
    """An attempt that ended without a result."""

    job_id: UUID
    attempt: int
    kind: FaultKind
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """What follows a failure: another attempt no sooner than `retry_after`, or the end."""

    retry_after: timedelta | None
    error_reason: str = ""
    error_message: str = ""
    dead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A result that an attempt hands in."""

    job_id: UUID
    attempt: int
    assets: tuple[Asset, ...]
    result: bytes
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A heartbeat."""

    job_id: UUID
    attempt: int
    progress: int
    stage: str
    checkpoint: bytes | None


def merge_heartbeats(beats: Iterable[Heartbeat]) -> list[Heartbeat]:
    """Joins beats of one attempt that came together, so that none of them loses what another asked to be kept."""
    joined: dict[tuple[UUID, int], Heartbeat] = {}
    for beat in beats:
        before = joined.get((beat.job_id, beat.attempt), beat)
        joined[beat.job_id, beat.attempt] = replace(
            beat,
            progress=max(before.progress, beat.progress),
            checkpoint=before.checkpoint if beat.checkpoint is None else beat.checkpoint,
        )
    return list(joined.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which part of a user's jobs to list."""

    user_id: str
    size: int
    before: UUID | None = None
    status: str | None = None
    type: str | None = None
    project_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadJob:
    """A job that failed for reasons nobody knows, with its attempts and the job that took its place."""

    job: Job
    attempts: tuple[Attempt, ...]
    retried_as: UUID | None


OUTAGE_MESSAGE = (
    "This could not be made in time because a part of our system was away. You have not been charged; please try again."
)


def decide_retry(
    failure: AttemptFailure, *, failures: int, limit: int, policy: JobPolicy, jitter: float
) -> RetryDecision:
    """What follows the `failures`-th failed attempt of a job.

    An input fault ends the job at once, in the worker's words for the customer. Anything else is tried again after a
    pause that doubles, with jitter in 0..1, until `limit` attempts have failed. What failed for reasons nobody knows,
    or took its workers with it, is dead: an operator looks at it.
    """
    if failure.kind is FaultKind.INPUT:
        return RetryDecision(retry_after=None, error_reason=failure.reason, error_message=failure.message)
    if failures < limit:
        pause = min(policy.retry_cap, policy.retry_base * 2 ** (failures - 1))
        if failure.kind is FaultKind.LOST:
            pause = timedelta(0)  # its worker died; the job itself has done nothing to wait for
        return RetryDecision(retry_after=pause * (0.5 + jitter / 2))
    if failure.kind is FaultKind.TRANSIENT:
        return RetryDecision(
            retry_after=None,
            error_reason=failure.reason,
            error_message="This could not be made: a part that is needed for it did not answer in time. "
            "You have not been charged; please try again later.",
        )
    return RetryDecision(
        retry_after=None,
        error_reason="MAKER_LOST" if failure.kind is FaultKind.LOST else "GENERATION_FAILED",
        error_message="This could not be made because of an error on our side. You have not been charged.",
        dead=True,
    )


class JobNotFound(Refusal):
    """There is no such job, or it is somebody else's."""

    kind = Kind.NOT_FOUND
    reason = "JOB_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such job.")


class JobEnded(Refusal):
    """The job is over."""

    kind = Kind.CONFLICT
    reason = "JOB_ENDED"


class StaleAttempt(Refusal):
    """The attempt is not the one that may work on the job now."""

    kind = Kind.CONFLICT
    reason = "STALE_ATTEMPT"

    def __init__(self) -> None:
        super().__init__("The attempt is not the current one of a job in work.")


def _credits(number: int) -> str:
    return "1 credit" if number == 1 else f"{number} credits"


class InsufficientCredits(Refusal):
    """The user cannot pay for it. Its `fields` are the numbers: price, available and, where that would do, held."""

    kind = Kind.PAYMENT_REQUIRED
    reason = "INSUFFICIENT_CREDITS"

    def __init__(self, *, price: int, available: int, held: int = 0) -> None:
        numbers = {"price": price, "available": available}
        said = f"This costs {_credits(price)}, and {_credits(available)} can be spent."
        if held > 0 and price <= available + held:
            numbers["held"] = held
            said += f" Jobs in progress hold {_credits(held)}, which come back where those are canceled or fail."
        if available:
            said += f" Ask the operator of this service for more credits, or choose what costs less ({PRICES})."
        else:
            said += " Ask the operator of this service for more credits."
        super().__init__(said, fields=[FieldViolation(field=name, message=str(n)) for name, n in numbers.items()])


class KeyBudgetExceeded(Refusal):
    """The API key may not spend as much, whatever its owner has."""

    kind = Kind.PAYMENT_REQUIRED
    reason = "API_KEY_BUDGET_EXCEEDED"

    def __init__(self, *, price: int) -> None:
        super().__init__(
            f"This costs {_credits(price)}, more than is left of the API key's budget. Use a key with a larger budget, "
            f"or choose what costs less ({PRICES}).",
            fields=[FieldViolation(field="price", message=str(price))],
        )


class ApiKeyEnded(Refusal):
    """The API key was revoked or has expired since the service that took the request looked it up."""

    kind = Kind.UNAUTHENTICATED
    reason = "API_KEY_ENDED"

    def __init__(self) -> None:
        super().__init__("The API key was revoked or has expired.")


class TooManyLiveJobs(Refusal):
    """The user has as many jobs waiting or in work as they may."""

    kind = Kind.LIMITED
    reason = "TOO_MANY_LIVE_JOBS"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"There may be {limit} jobs waiting or in work at a time; wait for some to end.", retry_after_seconds=30
        )


class KeyReused(Refusal):
    """The Idempotency-Key was sent with another request before."""

    kind = Kind.UNPROCESSABLE
    reason = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was sent with another request; a new request needs a new key.")


class RequestInFlight(Refusal):
    """The first request with this Idempotency-Key is still under way."""

    kind = Kind.CONFLICT
    reason = "REQUEST_IN_FLIGHT"

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is under way; try again.", retry_after_seconds=1)


class JobsOverloaded(Refusal):
    """The job could not be taken in time; nothing has happened."""

    kind = Kind.UNAVAILABLE
    reason = "JOBS_OVERLOADED"


class EarlierUndecided(Refusal):
    """An earlier request with the same key in its body is not decided yet; whether this one makes a job is unknown."""

    kind = Kind.UNAVAILABLE
    reason = "EARLIER_REQUEST_UNDECIDED"

    def __init__(self) -> None:
        super().__init__("An earlier request with the same key is not decided yet; try again.", retry_after_seconds=2)


class JobNotDead(Refusal):
    """Only a job that failed for unknown reasons can be retried."""

    kind = Kind.CONFLICT
    reason = "JOB_NOT_DEAD"


class AssetNotFound(Refusal):
    """There is no such asset any more."""

    kind = Kind.NOT_FOUND
    reason = "ASSET_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such asset.")


class BadSignature(Refusal):
    """The link was not made by us, or was changed."""

    kind = Kind.FORBIDDEN
    reason = "BAD_SIGNATURE"

    def __init__(self) -> None:
        super().__init__("The link is not valid.")


class LinkExpired(Refusal):
    """The link was valid once."""

    kind = Kind.FORBIDDEN
    reason = "LINK_EXPIRED"

    def __init__(self) -> None:
        super().__init__("The link has expired; ask for the job's status to get a new one.")


class TooManyStreams(Refusal):
    """More streams are open than this process can serve."""

    kind = Kind.LIMITED
    reason = "TOO_MANY_STREAMS"

    def __init__(self) -> None:
        super().__init__("Too many event streams are open; poll the status instead.", retry_after_seconds=10)
