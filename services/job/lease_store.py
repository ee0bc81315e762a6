"""Leases, attempts and ends of jobs in the database. Statements take whole batches as arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.data.database import Connection
from services.chassis.data.statements import fetch_row, fetch_rows, run
from services.job import lease_sql as sql
from services.job.attempt_store import (
    changed_jobs,
    close_attempts,
    insert_assets,
    insert_variant_assets,
    open_attempts,
)
from services.job.domain import (
    LIVE_STATUSES,
    OUTAGE_MESSAGE,
    PARTLY_MADE_NOTE,
    REDISPATCH_INTERVAL,
    AttemptFailure,
    ChangedJob,
    Completion,
    FaultKind,
    FinishedVariant,
    Heartbeat,
    JobPolicy,
    Lease,
    Status,
    part_of_credits,
)
from services.job.errors import JobEnded, JobNotFound, StaleAttempt
from services.job.retries import RetryDecision, decide_retry

MAX_CAUSE_CHARACTERS = 2_000


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
            connection, sql.CANDIDATES, {"job_type": job_type, "now": now, "share": share, "most": len(workers)}
        )
        if not candidates:
            return [], False
        # Transactions of the same user run one by one.
        await run(
            connection,
            sql.LOCK_SHARES,
            {"given_name": [f"{job_type} {candidate.user_id}" for candidate in candidates]},
        )
        rows = await fetch_rows(
            connection,
            sql.LEASE_JOBS,
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
        resumed = [row.id for row in rows if row.delivered]
        stored: dict[UUID, list[int]] = {}
        if resumed:
            for found in await fetch_rows(connection, sql.STORED_VARIANTS, {"ids": resumed}):
                stored.setdefault(found.job_id, []).append(found.variant)
        await open_attempts(connection, rows, now)
        leased: list[tuple[ChangedJob, Lease]] = [(row, _lease_of(row, stored.get(row.id, ()))) for row in rows]
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
            sql.HEARTBEAT,
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
        statuses = await fetch_rows(connection, sql.STATUSES, {"ids": [job_id for job_id, _ in stopped]})
        by_id = {row.id: row.status for row in statuses}
        reasons = {Status.CANCELED.value: "canceled", Status.EXPIRED.value: "expired"}
        return {key: reasons.get(by_id.get(key[0], ""), "superseded") for key in stopped}

    async def store_variant(self, connection: Connection, variant: FinishedVariant, now: datetime) -> None:
        """Stores a variant with its assets and counts it as delivered. A repetition changes nothing.

        Raises StaleAttempt when the attempt is not current or the job has no such variant to make.
        """
        await fetch_row(connection, sql.LOCK_JOB, {"job_id": variant.job_id})
        counted = await fetch_row(
            connection,
            sql.STORE_VARIANT,
            {
                "job_id": variant.job_id,
                "given_attempt": variant.attempt,
                "number": variant.number,
                "given_note": list(variant.notes),
                "content": variant.checkpoint,
                "now": now,
            },
        )
        if counted is not None:
            await insert_variant_assets(connection, variant)
            return
        # The job may refer to the files of a first report, however it has ended since.
        first = {"job_id": variant.job_id, "asset_id": variant.assets[0].id}
        if await fetch_row(connection, sql.FIND_ASSET_OF_JOB, first) is None:
            raise StaleAttempt

    async def complete(
        self, connection: Connection, completions: Sequence[Completion], now: datetime
    ) -> tuple[list[ChangedJob], list[ChangedJob]]:
        """Completes the jobs of current attempts, with at most one completion an attempt.

        Returns the jobs that are completed now, and those that the same attempts had completed before.
        """
        jobs = await changed_jobs(
            connection,
            sql.COMPLETE,
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
                sql.COMPLETED_BEFORE,
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

        jitter: 0..1, for the wait before the next attempt. A job that ends with stored variants is completed with them.
        A repeated report of the same failure changes nothing; any other report of an attempt that is not current raises
        StaleAttempt.
        """
        row = await fetch_row(connection, sql.FAILING, {"job_id": failure.job_id})
        if row is None or row.attempt != failure.attempt:
            raise StaleAttempt
        if row.status != Status.PROCESSING:
            if row.outcome == failure.kind.value:
                return row, False
            raise StaleAttempt
        failures = row.failures + 1
        limit = 1 if row.self_made else self._policy.limits[row.type].failures
        decision = decide_retry(failure, failures=failures, limit=limit, policy=self._policy, jitter=jitter)
        partly = decision.retry_after is None and row.delivered > 0
        return await self._apply_retry_decision(connection, failure, decision, now, partly=partly), True

    async def _apply_retry_decision(
        self, connection: Connection, failure: AttemptFailure, decision: RetryDecision, now: datetime, *, partly: bool
    ) -> ChangedJob:
        if decision.retry_after is not None:
            jobs = await changed_jobs(
                connection,
                sql.RETRY,
                {"job_id": failure.job_id, "now": now, "after": decision.retry_after, "again": REDISPATCH_INTERVAL},
            )
        elif partly:
            jobs = await changed_jobs(
                connection, sql.COMPLETE_PARTLY, {"job_id": failure.job_id, "now": now, "note": PARTLY_MADE_NOTE}
            )
        else:
            jobs = await changed_jobs(
                connection,
                sql.FAIL,
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
            sql.RETURN,
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
        """Cancels a live job of the user, or of anybody for None: the job, its status before, the credits to release.

        Raises JobNotFound, JobEnded.
        """
        before = await fetch_row(connection, sql.CANCELING, {"job_id": job_id, "user": user_id})
        if before is None:
            raise JobNotFound
        if before.status not in LIVE_STATUSES:
            raise JobEnded(f"The job has already ended. Its status is {before.status}.")
        jobs = await changed_jobs(connection, sql.CANCEL, {"ids": [job_id], "now": now})
        await close_attempts(connection, jobs, Status.CANCELED.value, "", now)
        kept = part_of_credits(before.credits, before.quantity, before.delivered)
        return jobs[0], Status(before.status), before.credits - kept

    async def expire(self, connection: Connection, now: datetime, limit: int) -> list[ChangedJob]:
        """Expires at most `limit` live jobs whose time is over; the expired jobs."""
        due = await fetch_rows(connection, sql.DUE, {"now": now, "most": limit})
        if not due:
            return []
        ids = [row.id for row in due]
        jobs = await changed_jobs(connection, sql.EXPIRE, {"ids": ids, "now": now, "message": OUTAGE_MESSAGE})
        await close_attempts(connection, jobs, Status.EXPIRED.value, "", now)
        return jobs

    async def lost(self, connection: Connection, now: datetime, limit: int) -> list[AttemptFailure]:
        """Failures of at most `limit` attempts whose leases have run out; locks their jobs."""
        rows = await fetch_rows(connection, sql.LOST, {"lease": self._policy.lease, "now": now, "most": limit})
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
            connection, sql.DISPATCH_AGAIN, {"now": now, "again": REDISPATCH_INTERVAL, "most": limit}
        )


def _lease_of(row: sql.LeasedRow, stored_variants: Sequence[int]) -> Lease:
    return Lease(
        job_id=row.id,
        user_id=row.user_id,
        attempt=row.attempt,
        parameters=bytes(row.parameters),
        checkpoint=bytes(row.checkpoint or b""),
        attempt_deadline=row.attempt_deadline,
        created_at=row.created_at,
        traceparent=row.traceparent,
        stored_variants=tuple(sorted(stored_variants)),
    )
