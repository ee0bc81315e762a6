"""SQL of submissions: from a pending row, which is no accepted job yet, to a queued job.

Fair queueing: a job's `turn` is the number of its variants more than the highest turn that its user has queued for the
same type, and than the lowest turn that is queued at all, less one. Workers lease in order of turn, so users take turns
(start-time fair queueing: Goyal, Vin, Cheng 1996, with every variant of cost one): ten thousand queued jobs of one user
have ten thousand different turns, and another user's first job has the lowest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from cachetools import TTLCache
from sqlalchemy import (
    Boolean,
    DateTime,
    Integer,
    Interval,
    LargeBinary,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.chassis.data.database import Connection
from services.chassis.data.kafka import Record
from services.chassis.data.outbox import arrays, with_records
from services.chassis.data.sql import among, inline, unnest
from services.chassis.data.statements import IdRow, Query, fetch_rows, run
from services.job.attempt_store import CHANGED, changed_jobs, open_attempts
from services.job.domain import (
    PROMPT_SETTLEMENT,
    REDISPATCH_INTERVAL,
    SELF_MADE_LEASE,
    ChangedJob,
    FoundJob,
    JobPolicy,
    Status,
    Submission,
)
from services.job.tables import DUPLICABLE, LIVE, MOMENT, PENDING, QUEUED, job

# A user with less remaining quota submits one transaction at a time. More than the live jobs that one user can have in
# the open transactions of all replicas.
SERIALIZED_QUOTA = 1_000
# A remaining quota of at least this many jobs is cached: SERIALIZED_QUOTA plus more live jobs than one user can create
# in all replicas within CACHE_SECONDS.
CACHEABLE_QUOTA = 5_000
CACHE_SECONDS = 1.0
MAX_CACHED_USERS = 10_000


_NOW = bindparam("now", type_=MOMENT)
_ZERO, _ONE = literal_column("0", Integer), literal_column("1", Integer)

_users = unnest("given", user_id=Text)
_keys = (
    select(func.hashtextextended(_users.c.user_id, literal_column("2")).label("key"))
    .order_by("key")
    .offset(_ZERO)  # the locks are taken in this order
    .subquery("keys")
)
_LOCK_USERS = select(func.pg_advisory_xact_lock(_keys.c.key))

_live_of_user = (
    select(_ONE.label("one"))
    .where(job.c.user_id == _users.c.user_id, LIVE)
    .limit(bindparam("quota", type_=Integer))
    .correlate(_users)
    .subquery("live")
)


class _LiveRow(NamedTuple):
    user_id: str
    live: int


_COUNT_LIVE = Query(
    _LiveRow,
    select(
        _users.c.user_id, cast(select(func.count()).select_from(_live_of_user).scalar_subquery(), Integer).label("live")
    ),
)

_new = unnest(
    "given",
    id=Uuid,
    user_id=Text,
    type=Text,
    project_id=Uuid,
    product_id=Uuid,
    idempotency_key=Text,
    self_made=Boolean,
    parameters=LargeBinary,
    priced_as=Text,
    quantity=Integer,
    retry_of=Uuid,
    traceparent=Text,
    webhook_url=Text,
    total=Interval,
)
_INSERTED: dict[str, Any] = {
    **{column.name: column for column in _new.c if column.name != "total"},
    "idempotency_key": func.nullif(_new.c.idempotency_key, literal_column("''")),
    "status": inline(Status.PENDING),
    "expires_at": _NOW + _new.c.total,
    "deadline": _NOW + _new.c.total,
    "created_at": _NOW,
    "updated_at": _NOW,
}


class _PendingRow(NamedTuple):
    id: UUID
    synchronous_commit: str


_INSERT_PENDING = Query(
    _PendingRow,
    (
        insert(job)
        .from_select(
            list(_INSERTED),
            # Batches lock keys in the same order, and so cannot deadlock.
            select(*_INSERTED.values()).order_by(_new.c.user_id, _new.c.idempotency_key, _new.c.retry_of, _new.c.id),
        )
        .on_conflict_do_nothing()
        # A pending row need not survive a crash: its hold is then one without a job, and expires. Said here, where it
        # takes no statement of its own, for the whole transaction.
        .returning(
            job.c.id,
            func.set_config(inline("synchronous_commit"), inline("off"), true()).label("synchronous_commit"),
        )
    ),
)

_keyed = unnest("given", id=Uuid, user_id=Text, key=Text, retry_of=Uuid)


class _LiveJobRow(NamedTuple):
    submission_id: UUID
    id: UUID
    status: str
    type: str


_LIVE_JOBS = Query(
    _LiveJobRow,
    select(_keyed.c.id.label("submission_id"), job.c.id, job.c.status, job.c.type).join_from(
        _keyed,
        job,
        or_(
            and_(
                job.c.user_id == _keyed.c.user_id,
                job.c.idempotency_key == _keyed.c.key,
                _keyed.c.key != literal_column("''"),
                LIVE,
            ),
            job.c.retry_of == _keyed.c.retry_of,
        ),
    ),
)

_arrived = unnest("given", id=Uuid, user_id=Text, key=Text, arrived_at=DateTime(timezone=True))
_WAIT = bindparam("wait", type_=Interval)
_ended = (
    select(job.c.id, job.c.status, job.c.type)
    .where(
        job.c.user_id == _arrived.c.user_id,
        job.c.idempotency_key == _arrived.c.key,
        DUPLICABLE,
        job.c.completed_at >= _arrived.c.arrived_at - _WAIT,
        _arrived.c.arrived_at
        <= case(
            (
                and_(job.c.self_made, job.c.status == inline(Status.COMPLETED)),
                func.greatest(
                    job.c.completed_at,
                    func.least(func.coalesce(job.c.settled_at, _NOW), job.c.completed_at + _WAIT),
                ),
            ),
            else_=job.c.completed_at,
        ),
    )
    .order_by(job.c.completed_at.desc())
    .limit(_ONE)
    .lateral("ended")
)
_LIVE_AT_ARRIVAL = Query(
    _LiveJobRow,
    select(_arrived.c.id.label("submission_id"), _ended.c.id, _ended.c.status, _ended.c.type).join_from(
        _arrived, _ended, true()
    ),
)

_held = unnest("held", id=Uuid, credits=Integer)
_limits = unnest("limits", type=Text, start=Interval)
_waiting = (
    select(job.c.id, job.c.type, job.c.user_id, job.c.deadline, job.c.quantity, _held.c.credits)
    .join_from(_held, job, job.c.id == _held.c.id)
    .cte("waiting")
)
_lowest = (
    select(
        _limits.c.type,
        _limits.c.start,
        (
            func.coalesce(
                select(func.min(job.c.turn))
                .where(QUEUED, job.c.type == _limits.c.type)
                .correlate(_limits)
                .scalar_subquery(),
                _ONE,
            )
            - _ONE
        ).label("turn"),
    )
    .cte("lowest")
    .prefix_with("materialized")
)
_waiting_users = select(_waiting.c.type, _waiting.c.user_id).distinct().subquery("users")
_highest = (
    select(
        _waiting_users.c.type,
        _waiting_users.c.user_id,
        func.coalesce(
            select(func.max(job.c.turn))
            .where(QUEUED, job.c.type == _waiting_users.c.type, job.c.user_id == _waiting_users.c.user_id)
            .correlate(_waiting_users)
            .scalar_subquery(),
            _ZERO,
        ).label("turn"),
    )
    .cte("highest")
    .prefix_with("materialized")
)
_placed = (
    select(
        _waiting.c.id,
        _waiting.c.credits,
        func.least(_NOW + _lowest.c.start, _waiting.c.deadline).label("expires_at"),
        (
            func.greatest(_highest.c.turn, _lowest.c.turn)
            + func.sum(_waiting.c.quantity).over(
                partition_by=(_waiting.c.type, _waiting.c.user_id), order_by=_waiting.c.id, rows=(None, 0)
            )
        ).label("turn"),
    )
    .join_from(_waiting, _lowest, _lowest.c.type == _waiting.c.type)
    .join(_highest, and_(_highest.c.type == _waiting.c.type, _highest.c.user_id == _waiting.c.user_id))
    .cte("placed")
)
_QUEUE = Query(
    ChangedJob,
    with_records(
        update(job)
        .values(
            status=inline(Status.QUEUED),
            credits=_placed.c.credits,
            turn=_placed.c.turn,
            expires_at=_placed.c.expires_at,
            dispatch_at=_NOW + bindparam("again", type_=Interval),
            dispatches=_ONE,
            updated_at=_NOW,
        )
        .where(job.c.id == _placed.c.id, PENDING, ~job.c.abandoned)
        .returning(*CHANGED),
        "id",
    ),
)

_self_made = unnest("given", id=Uuid, credits=Integer, worker=Text, heartbeats=Boolean)
_START_SELF_MADE = Query(
    ChangedJob,
    with_records(
        update(job)
        .values(
            status=inline(Status.PROCESSING),
            credits=_self_made.c.credits,
            attempt=_ONE,
            worker=_self_made.c.worker,
            lease_expires_at=case(
                (_self_made.c.heartbeats, func.least(_NOW + bindparam("lease", type_=Interval), job.c.deadline)),
                else_=job.c.deadline,
            ),
            attempt_deadline=job.c.deadline,
            updated_at=_NOW,
        )
        .where(job.c.id == _self_made.c.id, PENDING, ~job.c.abandoned)
        .returning(*CHANGED),
        "id",
    ),
)

_lost_ids = unnest("given", id=Uuid)
_marked = update(job).values(abandoned=true()).where(among(job.c.id, "ids"), PENDING).returning(job.c.id).cte("marked")
_MARK_TAKEN_BACK = Query(
    IdRow, union_all(select(_marked.c.id), select(_lost_ids.c.id).where(~exists().where(job.c.id == _lost_ids.c.id)))
)
_DELETE_PENDING = delete(job).where(among(job.c.id, "ids"), PENDING)
_PENDING_BEFORE = Query(
    IdRow,
    (
        select(job.c.id)
        .where(PENDING, job.c.created_at < bindparam("before", type_=MOMENT))
        .order_by(job.c.created_at)
        .limit(bindparam("most", type_=Integer))
    ),
)
_PENDING_AMONG = Query(IdRow, select(job.c.id).where(among(job.c.id, "ids"), PENDING))


class SubmissionStore:
    """Reads and writes submissions on a connection that the caller has opened; never begins or commits."""

    def __init__(self, policy: JobPolicy) -> None:
        self._policy = policy
        self._cached_quota: TTLCache[str, int] = TTLCache(MAX_CACHED_USERS, CACHE_SECONDS)  # remaining quota by user

    async def remaining_quota(self, connection: Connection, users: Sequence[str]) -> dict[str, int]:
        """The number of further live jobs that each of these users may have.

        Locks users near their limit until the transaction ends, so that concurrent transactions cannot exceed it.
        """
        remaining = await self._cached_or_counted_quota(connection, list(dict.fromkeys(users)))
        near = [user for user, left in remaining.items() if 0 < left < SERIALIZED_QUOTA]
        if near:
            await run(connection, _LOCK_USERS, {"given_user_id": near})
            remaining |= await self._count_quota(connection, near)
        return remaining

    async def _cached_or_counted_quota(self, connection: Connection, users: Sequence[str]) -> dict[str, int]:
        """Remaining quota by user. Large quotas are cached: counting all live jobs for every new one would make
        submissions to a long queue slow."""
        cached = {user: found for user in users if (found := self._cached_quota.get(user)) is not None}
        counted = await self._count_quota(connection, [user for user in users if user not in cached])
        self._cached_quota.update({user: left for user, left in counted.items() if left >= CACHEABLE_QUOTA})
        return cached | counted

    async def _count_quota(self, connection: Connection, users: Sequence[str]) -> dict[str, int]:
        if not users:
            return {}
        limit = self._policy.live_jobs_per_user
        rows = await fetch_rows(connection, _COUNT_LIVE, {"quota": limit, "given_user_id": list(users)})
        return {row.user_id: limit - row.live for row in rows}

    async def insert_pending(
        self, connection: Connection, submissions: Sequence[Submission], now: datetime
    ) -> set[UUID]:
        """Inserts pending jobs, except where the key has a live job; the ids that were inserted.

        The transaction's commit then does not wait for the disk.
        """
        limits = [self._policy.limits[submission.type] for submission in submissions]
        rows = await fetch_rows(
            connection,
            _INSERT_PENDING,
            {
                "now": now,
                "given_id": [submission.job_id for submission in submissions],
                "given_user_id": [submission.user_id for submission in submissions],
                "given_type": [submission.type for submission in submissions],
                "given_project_id": [submission.project_id for submission in submissions],
                "given_product_id": [submission.product_id for submission in submissions],
                "given_idempotency_key": [submission.idempotency_key for submission in submissions],
                "given_self_made": [bool(submission.worker) for submission in submissions],
                "given_parameters": [submission.parameters for submission in submissions],
                "given_priced_as": [submission.priced_as for submission in submissions],
                "given_quantity": [submission.quantity for submission in submissions],
                "given_retry_of": [submission.retry_of for submission in submissions],
                "given_traceparent": [submission.traceparent for submission in submissions],
                "given_webhook_url": [submission.webhook_url for submission in submissions],
                "given_total": [limit.total for limit in limits],
            },
        )
        return {row.id for row in rows}

    async def live_jobs(self, connection: Connection, submissions: Sequence[Submission]) -> dict[UUID, FoundJob]:
        """The live job of each submission's key, or the earlier retry of the same dead job, by the submission's id."""
        rows = await fetch_rows(
            connection,
            _LIVE_JOBS,
            {
                "given_id": [submission.job_id for submission in submissions],
                "given_user_id": [submission.user_id for submission in submissions],
                "given_key": [submission.idempotency_key for submission in submissions],
                "given_retry_of": [submission.retry_of for submission in submissions],
            },
        )
        return {row.submission_id: _found(row) for row in rows}

    async def jobs_live_at_arrival(
        self, connection: Connection, submissions: Sequence[Submission], now: datetime
    ) -> dict[UUID, FoundJob]:
        """The job of each submission's key that was live when the request arrived and has completed or was canceled
        since, by the submission's id; of several, the last to end.

        Must run after the submissions' own rows are inserted: the unique index of live keys has then made them wait
        for a transaction that ends a job of the key. A self-made job counts as live until its hold is settled, because
        its first request gets its response only then.
        """
        keyed = [entry for entry in submissions if entry.idempotency_key and entry.arrived_at is not None]
        if not keyed:
            return {}
        rows = await fetch_rows(
            connection,
            _LIVE_AT_ARRIVAL,
            {
                "now": now,
                "wait": PROMPT_SETTLEMENT,
                "given_id": [entry.job_id for entry in keyed],
                "given_user_id": [entry.user_id for entry in keyed],
                "given_key": [entry.idempotency_key for entry in keyed],
                "given_arrived_at": [entry.arrived_at for entry in keyed],
            },
        )
        return {row.submission_id: _found(row) for row in rows}

    async def queue(
        self,
        connection: Connection,
        submissions: Sequence[Submission],
        held: Mapping[UUID, int],
        records: Sequence[Record],
        now: datetime,
    ) -> list[ChangedJob]:
        """Queues pending jobs whose holds were placed; the rows of those that were still pending.

        held: the credits by job id. records: for the outbox, if their jobs are queued; their keys are job ids.
        """
        return await changed_jobs(
            connection,
            _QUEUE,
            {
                "held_id": [entry.job_id for entry in submissions],
                "held_credits": [held[entry.job_id] for entry in submissions],
                "now": now,
                "again": REDISPATCH_INTERVAL,
                "limits_type": list(self._policy.limits),
                "limits_start": [limit.start for limit in self._policy.limits.values()],
                **arrays(records),
            },
        )

    async def start_self_made(
        self,
        connection: Connection,
        submissions: Sequence[Submission],
        held: Mapping[UUID, int],
        records: Sequence[Record],
        now: datetime,
    ) -> list[ChangedJob]:
        """Starts pending jobs that their submitters make; as `queue`."""
        rows = await changed_jobs(
            connection,
            _START_SELF_MADE,
            {
                "given_id": [entry.job_id for entry in submissions],
                "given_credits": [held[entry.job_id] for entry in submissions],
                "given_worker": [entry.worker for entry in submissions],
                "given_heartbeats": [entry.sends_heartbeats for entry in submissions],
                "lease": SELF_MADE_LEASE,
                "now": now,
                **arrays(records),
            },
        )
        await open_attempts(connection, rows, now)
        return rows

    async def mark_taken_back(self, connection: Connection, job_ids: Sequence[UUID]) -> list[UUID]:
        """Prevents those of these jobs that are pending from being accepted; the ids whose holds must be released.

        They include the ids of rows that were lost in a crash. The column `abandoned` is the mark.
        """
        ids = list(job_ids)
        rows = await fetch_rows(connection, _MARK_TAKEN_BACK, {"ids": ids, "given_id": ids})
        return [row.id for row in rows]

    async def delete_pending(self, connection: Connection, job_ids: Sequence[UUID]) -> None:
        """Deletes those of these jobs that are pending."""
        await run(connection, _DELETE_PENDING, {"ids": list(job_ids)})

    async def pending_before(self, connection: Connection, before: datetime, limit: int) -> list[UUID]:
        """Jobs that are pending since before this time, oldest first: their submissions were interrupted."""
        rows = await fetch_rows(connection, _PENDING_BEFORE, {"before": before, "most": limit})
        return [row.id for row in rows]

    async def pending_among(self, connection: Connection, job_ids: Sequence[UUID]) -> list[UUID]:
        """Those of these jobs that are pending."""
        if not job_ids:
            return []
        rows = await fetch_rows(connection, _PENDING_AMONG, {"ids": list(job_ids)})
        return [row.id for row in rows]


def _found(row: _LiveJobRow) -> FoundJob:
    return FoundJob(id=row.id, status=Status(row.status), type=row.type)
