"""SQL of leases, attempts and ends of jobs. Statements take whole batches as arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Interval,
    LargeBinary,
    Text,
    Update,
    Uuid,
    all_,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.data.database import Connection
from services.chassis.data.sql import among, inline, unnest
from services.chassis.data.statements import fetch_row, fetch_rows, run
from services.job.attempt_store import CHANGED, changed_jobs, close_attempts, insert_assets, open_attempts
from services.job.domain import (
    LIVE_STATUSES,
    OUTAGE_MESSAGE,
    REDISPATCH_INTERVAL,
    AttemptFailure,
    ChangedJob,
    Completion,
    FaultKind,
    Heartbeat,
    JobPolicy,
    Lease,
    Status,
)
from services.job.errors import JobEnded, JobNotFound, StaleAttempt
from services.job.retries import RetryDecision, decide_retry
from services.job.tables import MOMENT, PROCESSING, QUEUED, attempt, job, may_become, status_is

MAX_CAUSE_CHARACTERS = 2_000

_NOW = bindparam("now", type_=MOMENT)
_AGAIN = bindparam("again", type_=Interval)
_LEASE = bindparam("lease", type_=Interval)
_MOST = bindparam("most", type_=Integer)
_SHARE = bindparam("share", type_=Integer)
_TYPE = bindparam("job_type", type_=Text)
_ID = bindparam("job_id", type_=Uuid)
_ZERO, _ONE = literal_column("0", Integer), literal_column("1", Integer)
_EMPTY = literal_column("''", Text)

_at_their_share = (
    select(job.c.user_id)
    .where(PROCESSING, job.c.type == _TYPE)
    .group_by(job.c.user_id)
    .having(func.count() >= _SHARE)
    .correlate(None)
    .scalar_subquery()
)
_CANDIDATES = (
    select(job.c.id, job.c.user_id)
    .where(
        QUEUED,
        job.c.type == _TYPE,
        job.c.not_before <= _NOW,
        # An array is read once. `not in (select …)` would be read for each row.
        job.c.user_id != all_(func.array(_at_their_share)),
    )
    .order_by(job.c.turn, job.c.id)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
)

_names = unnest("given", name=Text)
_keys = (
    select(func.hashtextextended(_names.c.name, literal_column("3")).label("key"))
    .distinct()
    .order_by("key")
    .offset(_ZERO)  # the locks are taken in this order
    .subquery("keys")
)
_LOCK_SHARES = select(func.pg_advisory_xact_lock(_keys.c.key))

_candidates = unnest("given", id=Uuid, user_id=Text, ordinality="place")
_numbered = select(
    _candidates.c.id,
    _candidates.c.user_id,
    func.row_number().over(partition_by=_candidates.c.user_id, order_by=_candidates.c.place).label("number"),
).cte("numbered")
_users = select(_numbered.c.user_id).distinct().subquery("users")
_shares = (
    select(
        _users.c.user_id,
        select(func.count())
        .where(PROCESSING, job.c.type == _TYPE, job.c.user_id == _users.c.user_id)
        .correlate(_users)
        .scalar_subquery()
        .label("busy"),
    )
    .cte("shares")
    .prefix_with("materialized")
)
_within_shares = (
    select(_numbered.c.id, func.row_number().over(order_by=_numbered.c.id).label("place"))
    .join_from(_numbered, _shares, _shares.c.user_id == _numbered.c.user_id)
    .where(_shares.c.busy + _numbered.c.number <= _SHARE)
    .cte("within_shares")
)
_workers = unnest("workers", worker=Text, ordinality="place")
_LEASED_COLUMNS = (job.c.parameters, job.c.checkpoint, job.c.attempt_deadline, job.c.created_at)
_LEASE_JOBS = (
    update(job)
    .values(
        status=inline(Status.PROCESSING),
        attempt=job.c.attempt + _ONE,
        worker=_workers.c.worker,
        lease_expires_at=_NOW + _LEASE,
        attempt_deadline=func.least(_NOW + bindparam("longest", type_=Interval), job.c.deadline),
        expires_at=job.c.deadline,
        progress=_ZERO,
        stage=_EMPTY,
        updated_at=_NOW,
    )
    .where(job.c.id == _within_shares.c.id, _workers.c.place == _within_shares.c.place, QUEUED)
    .returning(*CHANGED, *_LEASED_COLUMNS)
)

_beats = unnest("given", id=Uuid, attempt=Integer, progress=Integer, stage=Text, checkpoint=LargeBinary)
_HEARTBEAT = (
    update(job)
    .values(
        lease_expires_at=func.least(_NOW, job.c.attempt_deadline) + _LEASE,
        progress=func.greatest(job.c.progress, _beats.c.progress),
        stage=_beats.c.stage,
        checkpoint=func.coalesce(_beats.c.checkpoint, job.c.checkpoint),
        updated_at=_NOW,
    )
    .where(job.c.id == _beats.c.id, job.c.attempt == _beats.c.attempt, PROCESSING)
    .returning(job.c.id, job.c.attempt)
)
_STATUSES = select(job.c.id, job.c.status).where(among(job.c.id, "ids"))

_results = unnest("given", id=Uuid, attempt=Integer, result=LargeBinary, notes=Text)
_COMPLETE = (
    update(job)
    .values(
        status=inline(Status.COMPLETED),
        completed_at=_NOW,
        settle=inline("capture"),
        progress=literal_column("100"),
        result=_results.c.result,
        # As JSON, because arrays of different lengths do not make an array.
        notes=func.array(
            select(func.jsonb_array_elements_text(cast(_results.c.notes, JSONB))).correlate(_results).scalar_subquery()
        ),
        error_reason=null(),
        lease_expires_at=null(),
        updated_at=_NOW,
    )
    .where(job.c.id == _results.c.id, job.c.attempt == _results.c.attempt, may_become(Status.COMPLETED))
    .returning(*CHANGED)
)
_repeated = unnest("given", id=Uuid, attempt=Integer)
_COMPLETED_BEFORE = select(*CHANGED).join_from(
    _repeated,
    job,
    and_(job.c.id == _repeated.c.id, job.c.attempt == _repeated.c.attempt, status_is(Status.COMPLETED)),
)

_FAILING = (
    select(*CHANGED, job.c.failures, attempt.c.outcome)
    .outerjoin_from(job, attempt, and_(attempt.c.job_id == job.c.id, attempt.c.number == job.c.attempt))
    .where(job.c.id == _ID)
    .with_for_update(of=job)
)
_AFTER = bindparam("after", type_=Interval)
_RETRY = (
    update(job)
    .values(
        status=inline(Status.QUEUED),
        failures=job.c.failures + _ONE,
        not_before=_NOW + _AFTER,
        worker=null(),
        lease_expires_at=null(),
        dispatches=_ONE,
        dispatch_at=_NOW + func.coalesce(func.nullif(_AFTER, literal_column("interval '0'", Interval)), _AGAIN),
        updated_at=_NOW,
    )
    .where(job.c.id == _ID, may_become(Status.QUEUED))
    .returning(*CHANGED)
)
_FAIL = (
    update(job)
    .values(
        status=inline(Status.FAILED),
        failures=job.c.failures + _ONE,
        completed_at=_NOW,
        settle=inline("release"),
        error_reason=bindparam("reason", type_=Text),
        error_message=bindparam("message", type_=Text),
        dead=bindparam("is_dead", type_=Boolean),
        lease_expires_at=null(),
        updated_at=_NOW,
    )
    .where(job.c.id == _ID, may_become(Status.FAILED))
    .returning(*CHANGED)
)
_RETURN = (
    update(job)
    .values(
        status=inline(Status.QUEUED),
        not_before=literal_column("'-infinity'"),
        worker=null(),
        lease_expires_at=null(),
        error_reason=func.coalesce(func.nullif(bindparam("reason", type_=Text), _EMPTY), job.c.error_reason),
        error_message=null(),
        dispatch_at=_NOW + _AGAIN,
        dispatches=_ONE,
        updated_at=_NOW,
    )
    .where(job.c.id == _ID, job.c.attempt == bindparam("number", type_=Integer), PROCESSING, ~job.c.self_made)
    .returning(*CHANGED)
)

_USER = bindparam("user", type_=Text)
_CANCELING = (
    select(job.c.status, func.coalesce(job.c.credits, _ZERO).label("credits"))
    .where(job.c.id == _ID, or_(job.c.user_id == _USER, _USER.is_(None)))
    .with_for_update()
)
_DUE = (
    select(job.c.id)
    .where(status_is(Status.QUEUED, Status.PROCESSING), job.c.expires_at < _NOW)
    .order_by(job.c.expires_at)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
)


def _end_statement(status: Status, **values: ColumnElement[Any]) -> Update:
    """Ends the jobs with the ids `ids` that may become `status`."""
    return (
        update(job)
        .values(
            status=inline(status),
            completed_at=_NOW,
            settle=inline("release"),
            lease_expires_at=null(),
            updated_at=_NOW,
            **values,
        )
        .where(among(job.c.id, "ids"), may_become(status))
        .returning(*CHANGED)
    )


_CANCEL = _end_statement(Status.CANCELED, dead=false(), error_reason=null(), error_message=null())
_OUTAGE = job.c.error_reason.is_not(None)
_EXPIRE = _end_statement(Status.EXPIRED, dead=_OUTAGE, error_message=case((_OUTAGE, bindparam("message", type_=Text))))

_LOST = (
    select(
        job.c.id,
        job.c.attempt,
        job.c.worker,
        (job.c.lease_expires_at >= job.c.attempt_deadline + _LEASE).label("outlived_deadline"),
    )
    .where(PROCESSING, job.c.lease_expires_at < _NOW)
    .order_by(job.c.lease_expires_at)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
)
_stale = (
    select(job.c.id)
    .where(QUEUED, job.c.dispatch_at <= _NOW)
    .order_by(job.c.dispatch_at)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
    .cte("stale")
)
_DISPATCH_AGAIN = (
    update(job)
    .values(
        dispatches=job.c.dispatches + _ONE,
        dispatch_at=_NOW
        + func.least(
            literal_column("interval '10 minutes'", Interval),
            _AGAIN * func.power(literal_column("2"), func.least(job.c.dispatches, literal_column("10"))),
        ),
        updated_at=_NOW,
    )
    .where(job.c.id == _stale.c.id, QUEUED)
    .returning(*CHANGED)
)


class LeaseStore:
    """Reads and writes jobs on a connection that the caller has opened; never begins or commits."""

    def __init__(self, policy: JobPolicy) -> None:
        self._policy = policy

    async def lease(
        self, connection: Connection, job_type: str, workers: Sequence[str], now: datetime
    ) -> tuple[list[tuple[ChangedJob, Lease]], bool]:
        """Leases the next jobs in turn, one to each of these workers: jobs and leases, and whether another try may
        lease more.

        Users who have their share of processing jobs are skipped. Another try helps where users reached their share
        through other workers meanwhile. At most once in a transaction: it acquires the users' locks in order, and a
        second call would acquire lower ones after higher ones.
        """
        share = self._policy.processing_jobs_per_user
        candidates = await fetch_rows(
            connection, _CANDIDATES, {"job_type": job_type, "now": now, "share": share, "most": len(workers)}
        )
        if not candidates:
            return [], False
        # Transactions of the same user run one by one.
        await run(
            connection,
            _LOCK_SHARES,
            {"given_name": [f"{job_type} {candidate.user_id}" for candidate in candidates]},
        )
        rows = await fetch_rows(
            connection,
            _LEASE_JOBS,
            {
                "given_id": [candidate.id for candidate in candidates],
                "given_user_id": [candidate.user_id for candidate in candidates],
                "job_type": job_type,
                "now": now,
                "workers_worker": list(workers),
                "share": share,
                "lease": self._policy.lease,
                "longest": self._policy.limits[job_type].attempt,
            },
        )
        leased = [(ChangedJob(*row[: len(CHANGED)]), _lease_of(row)) for row in rows]
        await open_attempts(connection, [changed for changed, _ in leased], now)
        return leased, len(leased) < len(candidates)

    async def heartbeat(
        self, connection: Connection, heartbeats: Sequence[Heartbeat], now: datetime
    ) -> dict[tuple[UUID, int], str]:
        """Extends leases, with at most one heartbeat an attempt; the reasons to stop of those that are not extended.

        The keys are job id and attempt, the reasons canceled, expired and superseded. No lease is extended beyond the
        attempt's deadline plus one lease: a worker that ignores the deadline counts as lost.
        """
        rows = await fetch_rows(
            connection,
            _HEARTBEAT,
            {
                "now": now,
                "lease": self._policy.lease,
                "given_id": [heartbeat.job_id for heartbeat in heartbeats],
                "given_attempt": [heartbeat.attempt for heartbeat in heartbeats],
                "given_progress": [heartbeat.progress for heartbeat in heartbeats],
                "given_stage": [heartbeat.stage for heartbeat in heartbeats],
                "given_checkpoint": [heartbeat.checkpoint for heartbeat in heartbeats],
            },
        )
        extended = {(row.id, row.attempt) for row in rows}
        stopped = {(heartbeat.job_id, heartbeat.attempt) for heartbeat in heartbeats} - extended
        if not stopped:
            return {}
        statuses = await fetch_rows(connection, _STATUSES, {"ids": [job_id for job_id, _ in stopped]})
        by_id = {row.id: row.status for row in statuses}
        reasons = {Status.CANCELED.value: "canceled", Status.EXPIRED.value: "expired"}
        return {key: reasons.get(by_id.get(key[0], ""), "superseded") for key in stopped}

    async def complete(
        self, connection: Connection, completions: Sequence[Completion], now: datetime
    ) -> tuple[list[ChangedJob], list[ChangedJob]]:
        """Completes the jobs of current attempts, with at most one completion an attempt.

        Returns the jobs that are completed now, and those that the same attempts had completed before.
        """
        jobs = await changed_jobs(
            connection,
            _COMPLETE,
            {
                "now": now,
                "given_id": [completion.job_id for completion in completions],
                "given_attempt": [completion.attempt for completion in completions],
                "given_result": [completion.result for completion in completions],
                "given_notes": [json.dumps(completion.notes) for completion in completions],
            },
        )
        completed = {(changed.id, changed.attempt) for changed in jobs}
        await insert_assets(connection, [entry for entry in completions if (entry.job_id, entry.attempt) in completed])
        await close_attempts(connection, jobs, "completed", "", now)
        others = [entry for entry in completions if (entry.job_id, entry.attempt) not in completed]
        repeated: list[ChangedJob] = []
        if others:
            repeated = await changed_jobs(
                connection,
                _COMPLETED_BEFORE,
                {
                    "given_id": [entry.job_id for entry in others],
                    "given_attempt": [entry.attempt for entry in others],
                },
            )
        return jobs, repeated

    async def fail(
        self, connection: Connection, failure: AttemptFailure, now: datetime, *, jitter: float
    ) -> tuple[ChangedJob, bool]:
        """Fails an attempt: the job after it, and whether this call changed the job.

        jitter: 0..1, for the wait before the next attempt. A repeated report of the same failure changes nothing; any
        other report of an attempt that is not current raises StaleAttempt.
        """
        row = await fetch_row(connection, _FAILING, {"job_id": failure.job_id})
        if row is None or row.attempt != failure.attempt:
            raise StaleAttempt
        if row.status != Status.PROCESSING:
            if row.outcome == failure.kind.value:
                return ChangedJob(*row[: len(CHANGED)]), False
            raise StaleAttempt
        failures = row.failures + 1
        limit = 1 if row.self_made else self._policy.limits[row.type].failures
        decision = decide_retry(failure, failures=failures, limit=limit, policy=self._policy, jitter=jitter)
        return await self._apply_retry_decision(connection, failure, decision, now), True

    async def _apply_retry_decision(
        self, connection: Connection, failure: AttemptFailure, decision: RetryDecision, now: datetime
    ) -> ChangedJob:
        if decision.retry_after is not None:
            jobs = await changed_jobs(
                connection,
                _RETRY,
                {"job_id": failure.job_id, "now": now, "after": decision.retry_after, "again": REDISPATCH_INTERVAL},
            )
        else:
            jobs = await changed_jobs(
                connection,
                _FAIL,
                {
                    "job_id": failure.job_id,
                    "now": now,
                    "reason": decision.error_reason,
                    "message": decision.error_message,
                    "is_dead": decision.dead,
                },
            )
        assert len(jobs) == 1, "the row was locked in a status that allows this"
        cause = f"{failure.reason}: {failure.message}"[:MAX_CAUSE_CHARACTERS]
        await close_attempts(connection, jobs, failure.kind.value, cause, now)
        return jobs[0]

    async def return_job(
        self, connection: Connection, job_id: UUID, attempt: int, reason: str, message: str, now: datetime
    ) -> ChangedJob | None:
        """Queues the job of an attempt that its worker returns; None: the attempt is not current.

        The job keeps its turn, and the attempt counts as no failure. `reason` is stored with the job: if its time runs
        out, that is why.
        """
        jobs = await changed_jobs(
            connection,
            _RETURN,
            {"job_id": job_id, "number": attempt, "reason": reason, "now": now, "again": REDISPATCH_INTERVAL},
        )
        if not jobs:
            return None
        cause = f"{reason}: {message}"[:MAX_CAUSE_CHARACTERS] if reason else "the worker stopped"
        await close_attempts(connection, jobs, "returned", cause, now)
        return jobs[0]

    async def cancel(
        self, connection: Connection, job_id: UUID, user_id: str | None, now: datetime
    ) -> tuple[ChangedJob, Status, int]:
        """Cancels a live job of the user, or of anybody for None: the job, its status before, its credits.

        Raises JobNotFound, JobEnded.
        """
        before = await fetch_row(connection, _CANCELING, {"job_id": job_id, "user": user_id})
        if before is None:
            raise JobNotFound
        if before.status not in LIVE_STATUSES:
            raise JobEnded(f"The job has already ended. Its status is {before.status}.")
        jobs = await changed_jobs(connection, _CANCEL, {"ids": [job_id], "now": now})
        await close_attempts(connection, jobs, Status.CANCELED.value, "", now)
        return jobs[0], Status(before.status), before.credits

    async def expire(self, connection: Connection, now: datetime, limit: int) -> list[ChangedJob]:
        """Expires at most `limit` live jobs whose time is over; the expired jobs."""
        due = await fetch_rows(connection, _DUE, {"now": now, "most": limit})
        if not due:
            return []
        ids = [row.id for row in due]
        jobs = await changed_jobs(connection, _EXPIRE, {"ids": ids, "now": now, "message": OUTAGE_MESSAGE})
        await close_attempts(connection, jobs, Status.EXPIRED.value, "", now)
        return jobs

    async def lost(self, connection: Connection, now: datetime, limit: int) -> list[AttemptFailure]:
        """Failures of at most `limit` attempts whose leases have run out; locks their jobs."""
        rows = await fetch_rows(connection, _LOST, {"lease": self._policy.lease, "now": now, "most": limit})
        return [
            AttemptFailure(
                job_id=row.id,
                attempt=row.attempt,
                kind=FaultKind.TRANSIENT,
                reason="ATTEMPT_TIMED_OUT",
                message=f"{row.worker} still sent heartbeats after the attempt's deadline",
            )
            if row.outlived_deadline
            else AttemptFailure(
                job_id=row.id,
                attempt=row.attempt,
                kind=FaultKind.LOST,
                reason="MAKER_LOST",
                message=f"{row.worker} sent no heartbeat before its lease ran out",
            )
            for row in rows
        ]

    async def stale_dispatches(self, connection: Connection, now: datetime, limit: int) -> list[ChangedJob]:
        """Queued jobs that no worker has leased for long, or whose wait is over; marks them as dispatched again.

        Each next wait is twice as long, so that a long queue does not fill the topic with repetitions.
        """
        return await changed_jobs(
            connection, _DISPATCH_AGAIN, {"now": now, "again": REDISPATCH_INTERVAL, "most": limit}
        )


def _lease_of(row: Any) -> Lease:
    return Lease(
        job_id=row.id,
        user_id=row.user_id,
        attempt=row.attempt,
        parameters=bytes(row.parameters),
        checkpoint=bytes(row.checkpoint or b""),
        attempt_deadline=row.attempt_deadline,
        created_at=row.created_at,
        traceparent=row.traceparent,
    )
