"""Domain values and rules of jobs: statuses and transitions, time limits, submissions and attempts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

# A hold outlives its job by this much, because settlement may have to wait for billing.
HOLD_MARGIN = timedelta(hours=24)
# Longest time from a request's arrival at the gateway to its decision: 30 s for its body, 28 s for the lookups and for
# waiting on an earlier request of its key. An earlier arrival time comes from another machine's wrong clock.
MAX_ARRIVAL_AGE = timedelta(seconds=60)
# How long the end of a self-made job waits for billing. Its first request gets no response before that.
PROMPT_SETTLEMENT = timedelta(seconds=2)
# The first lease of a self-made job whose submitter sends heartbeats: longer than the response takes to reach the
# submitter under full load.
SELF_MADE_LEASE = timedelta(seconds=10)


class Status(StrEnum):
    """The status of a job; see TRANSITIONS."""

    PENDING = "pending"
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


# All transitions. Statements take their conditions from here, by allowed_from() and the tuples below.
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
TERMINAL_STATUSES = tuple(status for status in Status if not TRANSITIONS[status])
UNSUCCESSFUL_STATUSES = (Status.FAILED, Status.CANCELED, Status.EXPIRED)
# Of a key's ended jobs, those that a request finds that arrived before their end: they did, or undid, what it asks for.
DUPLICABLE_STATUSES = (Status.COMPLETED, Status.CANCELED)


def plausible_arrival(arrived_at: datetime | None, now: datetime) -> datetime:
    """The gateway's arrival time of a request; `now` if it is absent, in the future or older than MAX_ARRIVAL_AGE."""
    if arrived_at is None or not now - MAX_ARRIVAL_AGE <= arrived_at <= now:
        return now
    return arrived_at


def allowed_from(target: Status) -> list[str]:
    """The statuses from which a job may become `target`."""
    return [status.value for status in Status if target in TRANSITIONS[status]]


class FaultKind(StrEnum):
    """Why an attempt failed, as its worker classified it."""

    TRANSIENT = "transient"
    INPUT = "input"
    UNKNOWN = "unknown"
    LOST = "lost"  # the worker stopped sending heartbeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a type of job: time in the queue, of an attempt and in total, and failed attempts."""

    start: timedelta
    attempt: timedelta
    total: timedelta
    failures: int = 4


REDISPATCH_INTERVAL = timedelta(seconds=5)  # before a queued job is dispatched again, in case a message was lost


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPolicy:
    """Limits, lease and retry parameters of all jobs."""

    limits: Mapping[str, Limits]
    lease: timedelta = timedelta(seconds=6)  # with the sweeper's tick, a dead worker's job runs again within 10 s
    heartbeat: timedelta = timedelta(seconds=1)
    live_jobs_per_user: int = 20_000
    processing_jobs_per_user: int = 50
    retry_base: timedelta = timedelta(seconds=2)
    retry_cap: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentRequest:
    """A request identified by its Idempotency-Key header (empty: none) and the SHA-256 digest of its content."""

    job_id: UUID
    user_id: str
    idempotency_key_header: str = ""
    request_digest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(IdempotentRequest):
    """A request to create a job."""

    type: str
    project_id: UUID
    product_id: UUID
    idempotency_key: str
    """From the request's body; empty: none."""
    parameters: bytes
    priced_as: str = ""
    """The price that is held; empty: that of the type."""
    price_list: str = ""
    """The price list of billing that it is taken from; empty: the current one."""
    quantity: int = 1
    """How many variants the job makes, each at the price."""
    worker: str = ""
    retry_of: UUID | None = None
    api_key_id: str = ""
    traceparent: str = ""
    arrived_at: datetime | None = None
    """When the request reached the gateway; None: jobs of its key that have ended are not searched."""
    sends_heartbeats: bool = False
    """Whether a submitter that makes the job itself extends its lease."""
    webhook_url: str = ""
    """Where the end of the job is reported; empty: nowhere."""

    def accepted(self) -> ChangedJob:
        """The job's row after its acceptance: queued, or processing if its submitter makes it."""
        return ChangedJob(
            id=self.job_id,
            user_id=self.user_id,
            type=self.type,
            project_id=self.project_id,
            status=(Status.PROCESSING if self.worker else Status.QUEUED).value,
            attempt=1 if self.worker else 0,
            worker=self.worker or None,
            traceparent=self.traceparent,
            self_made=bool(self.worker),
            error_reason=None,
            settle=None,
            quantity=self.quantity,
            delivered=0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedJob:
    """The outcome of an accepted submission."""

    job_id: UUID
    status: str
    credits_used: int
    credits_remaining: int
    attempt: int = 0
    replayed: bool = False
    job_type: str = ""
    """The type of the job that was found; empty for a new job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJob:
    """An existing job of a submission's key."""

    id: UUID
    status: Status
    type: str


@dataclass(frozen=True, slots=True)
class ChangedJob:
    """A job's row after a change. The fields are columns of the table, in the order in which statements return them."""

    id: UUID
    user_id: str
    type: str
    project_id: UUID
    status: str
    attempt: int
    worker: str | None
    traceparent: str
    self_made: bool
    error_reason: str | None
    settle: str | None
    quantity: int
    delivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedJob:
    """A job that has ended, and whether settlement captures or releases its hold (`settle`)."""

    id: UUID
    settle: str
    traceparent: str
    delivered: int = 0
    """How many variants a capture pays for; 0: the whole job."""
    self_made: bool = False
    """Made by the service that submitted it, which responds to its request only after the settlement."""

    @classmethod
    def of(cls, job: ChangedJob) -> EndedJob:
        """The ended job of a row. Raises ValueError for a job that has not ended."""
        if job.settle is None:
            raise ValueError(f"the job {job.id} has not ended")
        return cls(
            id=job.id,
            settle=job.settle,
            delivered=job.delivered,
            traceparent=job.traceparent,
            self_made=job.self_made,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file that an attempt has stored; `key` locates it in the asset storage."""

    id: UUID
    type: str
    key: str
    content_type: str
    size_bytes: int
    sha256: str = ""
    variant: int = 0
    """The variant that it belongs to, from 1; 0: the job makes one only."""
    facts: str = ""
    """The message AssetFacts as JSON; empty: not recorded."""
    parent_asset_id: UUID | None = None
    """The asset that it is a variant of."""
    deleted_at: datetime | None = None
    """When the job's owner deleted its file; None: not deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetScene:
    """What an asset was made from; empty: not stored. type, key: of the asset."""

    type: str
    key: str
    project_id: UUID
    product_id: UUID
    scene: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One numbered try of a job; `outcome` is empty while it runs."""

    number: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job with the fields that its owner or an operator may see."""

    id: UUID
    user_id: str
    type: str
    project_id: UUID
    product_id: UUID
    status: Status
    created_at: datetime
    traceparent: str
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
    quantity: int = 1
    delivered: int = 0
    """The number of finished variants, of a job that makes several."""
    unsettled: str = ""
    """capture or release until billing has confirmed that settlement; then empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """An attempt that is leased to a worker."""

    job_id: UUID
    user_id: str
    attempt: int
    parameters: bytes = field(repr=False)
    checkpoint: bytes = field(repr=False)
    attempt_deadline: datetime
    created_at: datetime
    traceparent: str = ""
    stored_variants: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailure:
    """The failure of an attempt. `message` is for the customer if the input is at fault, otherwise for the operator."""

    job_id: UUID
    attempt: int
    kind: FaultKind
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The result of an attempt. scenes: what its assets were made from, by their ids."""

    job_id: UUID
    attempt: int
    assets: tuple[Asset, ...]
    result: bytes
    notes: tuple[str, ...]
    scenes: Mapping[UUID, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedVariant:
    """A variant that an attempt has made; the checkpoint replaces that of the job. scenes: as in Completion."""

    job_id: UUID
    attempt: int
    number: int
    assets: tuple[Asset, ...]
    notes: tuple[str, ...]
    checkpoint: bytes
    scenes: Mapping[UUID, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A worker's report that its attempt is alive; progress is a percentage, checkpoint None: unchanged."""

    job_id: UUID
    attempt: int
    progress: int
    stage: str
    checkpoint: bytes | None


def merge_heartbeats(heartbeats: Iterable[Heartbeat]) -> list[Heartbeat]:
    """Merges a batch's heartbeats of the same attempt, so that a plain one does not discard another's checkpoint."""
    merged: dict[tuple[UUID, int], Heartbeat] = {}
    for heartbeat in heartbeats:
        before = merged.get((heartbeat.job_id, heartbeat.attempt), heartbeat)
        merged[heartbeat.job_id, heartbeat.attempt] = replace(
            heartbeat,
            progress=max(before.progress, heartbeat.progress),
            checkpoint=before.checkpoint if heartbeat.checkpoint is None else heartbeat.checkpoint,
        )
    return list(merged.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """A page of a user's jobs: `size` jobs with ids below `before` that match all other fields."""

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
    """A job that failed for unknown reasons or expired in an outage, its attempts, and the job that retries it."""

    job: Job
    attempts: tuple[Attempt, ...]
    retried_as: UUID | None


@dataclass(frozen=True, slots=True)
class JobSettlement:
    """A job as reconciliation compares it with its hold. The fields are those of its row, in this order."""

    id: UUID
    user_id: str
    status: str
    credits: int
    settled: bool
    created_at: datetime
    captured: int
    delivered: int


@dataclass(frozen=True, slots=True)
class RetryableJob:
    """What a retry of a job needs of it. The fields are columns of the table, in the order in which they are read."""

    user_id: str
    type: str
    project_id: UUID
    product_id: UUID
    parameters: bytes = field(repr=False)
    priced_as: str
    quantity: int
    dead: bool
    self_made: bool
    webhook_url: str = field(repr=False)


OUTAGE_MESSAGE = (
    "The creative could not be generated in time because part of our system was unavailable. You have not been "
    "charged; please try again."
)
PARTLY_MADE_NOTE = "The other variants could not be made."


def part_of_credits(amount: int, quantity: int, delivered: int) -> int:
    """The price of `delivered` of a job's variants; `amount` is that of all of them."""
    return amount // quantity * delivered
