"""SQL of leases, attempts and ends of jobs. Statements take whole batches as arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from services.chassis.data.database import Connection, fetch_all, fetch_one
from services.job.domain import (
    LIVE_STATUSES,
    OUTAGE_MESSAGE,
    REDISPATCH_INTERVAL,
    AttemptFailure,
    Completion,
    EndedJob,
    FaultKind,
    Heartbeat,
    JobPolicy,
    Lease,
    Status,
    allowed_from,
)
from services.job.errors import JobEnded, JobNotFound, StaleAttempt
from services.job.retries import RetryDecision, decide_retry

LIVE_VALUES = [status.value for status in LIVE_STATUSES]
MAX_CAUSE_CHARACTERS = 2_000


class LeaseStore:
    """Reads and writes jobs on a connection that the caller has opened; never begins or commits."""

    def __init__(self, policy: JobPolicy) -> None:
        self._policy = policy

    async def lease(
        self, connection: Connection, job_type: str, workers: Sequence[str], now: datetime
    ) -> tuple[list[DictRow], bool]:
        """Leases the next jobs in turn, one to each of these workers: the rows, and whether another try may lease more.

        Users who have their share of processing jobs are skipped. Another try helps where users reached their share
        through other workers meanwhile. At most once in a transaction: it acquires the users' locks in order, and a
        second call would acquire lower ones after higher ones.
        """
        candidates = await fetch_all(
            connection,
            """select id, user_id from job
                where status = 'queued' and type = %(type)s and not_before <= %(now)s
                  and user_id <> all (array(
                    select user_id from job where status = 'processing' and type = %(type)s
                     group by user_id having count(*) >= %(share)s))
                order by turn, id limit %(wanted)s for update skip locked""",
            {"type": job_type, "now": now, "share": self._policy.processing_jobs_per_user, "wanted": len(workers)},
        )
        if not candidates:
            return [], False
        leased = await self._lease_within_shares(connection, candidates, job_type, workers, now)
        await open_attempts(connection, leased, now)
        return leased, len(leased) < len(candidates)

    async def _lease_within_shares(
        self,
        connection: Connection,
        candidates: Sequence[DictRow],
        job_type: str,
        workers: Sequence[str],
        now: datetime,
    ) -> list[DictRow]:
        """Leases locked jobs, of each user no more than their share. Transactions of the same user run one by one."""
        await connection.execute(
            """select pg_advisory_xact_lock(key) from (
                 select distinct hashtextextended(name, 3) as key from unnest(%s::text[]) as given (name)
                  order by key offset 0) as keys""",
            [[f"{job_type} {candidate['user_id']}" for candidate in candidates]],
        )
        return await fetch_all(
            connection,
            """with given as (
                 select id, user_id, row_number() over (partition by user_id order by ordinality) as number
                   from unnest(%(id)s::uuid[], %(user)s::text[]) with ordinality as given (id, user_id, ordinality)),
               shares as materialized (
                 select user_id, (select count(*) from job where status = 'processing' and type = %(type)s
                                     and job.user_id = users.user_id) as busy
                   from (select distinct user_id from given) as users),
               leased as (
                 select id, row_number() over (order by id) as worker_number
                   from given join shares using (user_id) where busy + number <= %(share)s)
               update job set status = 'processing', attempt = attempt + 1,
                      worker = (%(workers)s::text[])[leased.worker_number],
                      lease_expires_at = %(now)s + %(lease)s, attempt_deadline = least(%(now)s + %(limit)s, deadline),
                      expires_at = deadline, progress = 0, stage = '', updated_at = %(now)s
                 from leased
                where job.id = leased.id and status = 'queued'
               returning job.id, user_id, type, project_id, status, attempt, job.worker, parameters, checkpoint,
                         attempt_deadline, created_at, traceparent""",
            {
                "id": [candidate["id"] for candidate in candidates],
                "user": [candidate["user_id"] for candidate in candidates],
                "type": job_type,
                "now": now,
                "workers": list(workers),
                "share": self._policy.processing_jobs_per_user,
                "lease": self._policy.lease,
                "limit": self._policy.limits[job_type].attempt,
            },
        )

    async def heartbeat(
        self, connection: Connection, heartbeats: Sequence[Heartbeat], now: datetime
    ) -> dict[tuple[UUID, int], str]:
        """Extends leases, with at most one heartbeat an attempt; the reasons to stop of those that are not extended.

        The keys are job id and attempt, the reasons canceled, expired and superseded. No lease is extended beyond the
        attempt's deadline plus one lease: a worker that ignores the deadline counts as lost.
        """
        rows = await fetch_all(
            connection,
            """update job set lease_expires_at = least(%(now)s, job.attempt_deadline) + %(lease)s,
                      progress = greatest(job.progress, given.progress), stage = given.stage,
                      checkpoint = coalesce(given.checkpoint, job.checkpoint), updated_at = %(now)s
                 from unnest(%(id)s::uuid[], %(attempt)s::int[], %(progress)s::int[], %(stage)s::text[],
                             %(checkpoint)s::bytea[]) as given (id, attempt, progress, stage, checkpoint)
                where job.id = given.id and job.attempt = given.attempt and job.status = 'processing'
               returning job.id, job.attempt""",
            {
                "now": now,
                "lease": self._policy.lease,
                "id": [heartbeat.job_id for heartbeat in heartbeats],
                "attempt": [heartbeat.attempt for heartbeat in heartbeats],
                "progress": [heartbeat.progress for heartbeat in heartbeats],
                "stage": [heartbeat.stage for heartbeat in heartbeats],
                "checkpoint": [heartbeat.checkpoint for heartbeat in heartbeats],
            },
        )
        extended = {(row["id"], row["attempt"]) for row in rows}
        stopped = {(heartbeat.job_id, heartbeat.attempt) for heartbeat in heartbeats} - extended
        if not stopped:
            return {}
        statuses = await fetch_all(
            connection, "select id, status from job where id = any(%s)", [[job_id for job_id, _ in stopped]]
        )
        by_id = {row["id"]: row["status"] for row in statuses}
        reasons = {Status.CANCELED.value: "canceled", Status.EXPIRED.value: "expired"}
        return {key: reasons.get(by_id.get(key[0], ""), "superseded") for key in stopped}

    async def complete(
        self, connection: Connection, completions: Sequence[Completion], now: datetime
    ) -> tuple[list[DictRow], list[DictRow]]:
        """Completes the jobs of current attempts, with at most one completion an attempt.

        Returns the rows that are completed now, and the rows that the same attempts had completed before.
        """
        rows = await fetch_all(
            connection,
            """update job set status = 'completed', completed_at = %(now)s, settle = 'capture', progress = 100,
                      result = given.result, notes = array(select jsonb_array_elements_text(given.notes::jsonb)),
                      error_reason = null, lease_expires_at = null, updated_at = %(now)s
                 from unnest(%(id)s::uuid[], %(attempt)s::int[], %(result)s::bytea[], %(notes)s::text[])
                      as given (id, attempt, result, notes)
                where job.id = given.id and job.attempt = given.attempt and job.status = any(%(sources)s)
               returning job.id, job.user_id, job.type, job.project_id, job.status, job.attempt,
                         job.traceparent, job.self_made, job.settle""",
            {
                "now": now,
                "id": [completion.job_id for completion in completions],
                "attempt": [completion.attempt for completion in completions],
                "result": [completion.result for completion in completions],
                "notes": [json.dumps(completion.notes) for completion in completions],
                "sources": allowed_from(Status.COMPLETED),
            },
        )
        completed = {(row["id"], row["attempt"]) for row in rows}
        await _insert_assets(connection, [entry for entry in completions if (entry.job_id, entry.attempt) in completed])
        await close_attempts(connection, rows, "completed", "", now)
        others = [entry for entry in completions if (entry.job_id, entry.attempt) not in completed]
        repeated: list[DictRow] = []
        if others:
            repeated = await fetch_all(
                connection,
                """select job.id, job.attempt, job.self_made, job.settle, job.traceparent
                     from job join unnest(%s::uuid[], %s::int[]) as given (id, attempt)
                       on job.id = given.id and job.attempt = given.attempt and job.status = 'completed'""",
                [[entry.job_id for entry in others], [entry.attempt for entry in others]],
            )
        return rows, repeated

    async def fail(
        self, connection: Connection, failure: AttemptFailure, now: datetime, *, jitter: float
    ) -> tuple[DictRow, bool]:
        """Fails an attempt: the job's row after it, and whether this call changed the row.

        jitter: 0..1, for the wait before the next attempt. A repeated report of the same failure changes nothing; any
        other report of an attempt that is not current raises StaleAttempt.
        """
        row = await fetch_one(
            connection,
            """select job.id, job.status, job.attempt, job.type, job.user_id, job.project_id, job.failures,
                      job.self_made, job.settle, job.traceparent, attempt.outcome
                 from job left join attempt on attempt.job_id = job.id and attempt.number = job.attempt
                where job.id = %s for update of job""",
            [failure.job_id],
        )
        if row is None or row["attempt"] != failure.attempt:
            raise StaleAttempt
        if row["status"] != Status.PROCESSING:
            if row["outcome"] == failure.kind.value:
                return row, False
            raise StaleAttempt
        failures = row["failures"] + 1
        limit = 1 if row["self_made"] else self._policy.limits[row["type"]].failures
        decision = decide_retry(failure, failures=failures, limit=limit, policy=self._policy, jitter=jitter)
        return await self._apply_retry_decision(connection, row, failure, decision, now), True

    async def _apply_retry_decision(
        self, connection: Connection, row: DictRow, failure: AttemptFailure, decision: RetryDecision, now: datetime
    ) -> DictRow:
        if decision.retry_after is not None:
            changed = await fetch_one(
                connection,
                """update job set status = 'queued', failures = failures + 1, not_before = %(now)s + %(after)s,
                          worker = null, lease_expires_at = null, updated_at = %(now)s, dispatches = 1,
                          dispatch_at = %(now)s + coalesce(nullif(%(after)s, interval '0'), %(again)s)
                    where id = %(id)s and status = any(%(sources)s)
                   returning id, user_id, type, project_id, status, attempt, traceparent""",
                {
                    "id": row["id"],
                    "now": now,
                    "after": decision.retry_after,
                    "again": REDISPATCH_INTERVAL,
                    "sources": allowed_from(Status.QUEUED),
                },
            )
        else:
            changed = await fetch_one(
                connection,
                """update job set status = 'failed', failures = failures + 1, completed_at = %(now)s,
                          settle = 'release', error_reason = %(reason)s, error_message = %(message)s, dead = %(dead)s,
                          lease_expires_at = null, updated_at = %(now)s
                    where id = %(id)s and status = any(%(sources)s)
                   returning id, user_id, type, project_id, status, attempt, traceparent, error_reason, self_made,
                             settle""",
                {
                    "id": row["id"],
                    "now": now,
                    "reason": decision.error_reason,
                    "message": decision.error_message,
                    "dead": decision.dead,
                    "sources": allowed_from(Status.FAILED),
                },
            )
        assert changed is not None, "the row was locked in a status that allows this"
        cause = f"{failure.reason}: {failure.message}"[:MAX_CAUSE_CHARACTERS]
        await close_attempts(connection, [changed], failure.kind.value, cause, now)
        return changed

    async def return_job(
        self, connection: Connection, job_id: UUID, attempt: int, reason: str, message: str, now: datetime
    ) -> DictRow | None:
        """Queues the job of an attempt that its worker returns; None: the attempt is not current.

        The job keeps its turn, and the attempt counts as no failure. `reason` is stored with the job: if its time runs
        out, that is why.
        """
        row = await fetch_one(
            connection,
            """update job set status = 'queued', not_before = '-infinity', worker = null, lease_expires_at = null,
                      error_reason = coalesce(nullif(%(reason)s, ''), error_reason), error_message = null,
                      dispatch_at = %(now)s + %(again)s, dispatches = 1, updated_at = %(now)s
                where id = %(id)s and attempt = %(attempt)s and status = 'processing' and not self_made
               returning id, user_id, type, project_id, status, attempt, traceparent""",
            {"id": job_id, "attempt": attempt, "reason": reason, "now": now, "again": REDISPATCH_INTERVAL},
        )
        if row is not None:
            cause = f"{reason}: {message}"[:MAX_CAUSE_CHARACTERS] if reason else "the worker stopped"
            await close_attempts(connection, [row], "returned", cause, now)
        return row

    async def cancel(
        self, connection: Connection, job_id: UUID, user_id: str | None, now: datetime
    ) -> tuple[DictRow, Status, int]:
        """Cancels a live job of the user, or of anybody for None: its row, its status before, its credits.

        Raises JobNotFound, JobEnded.
        """
        before = await fetch_one(
            connection,
            """select status, coalesce(credits, 0) as credits from job
                where id = %s and (user_id = %s or %s::text is null) for update""",
            [job_id, user_id, user_id],
        )
        if before is None:
            raise JobNotFound
        if before["status"] not in LIVE_VALUES:
            raise JobEnded(f"The job has already ended. Its status is {before['status']}.")
        rows = await self._end(connection, [job_id], Status.CANCELED, now)
        return rows[0], Status(before["status"]), before["credits"]

    async def expire(self, connection: Connection, now: datetime, limit: int) -> list[DictRow]:
        """Expires at most `limit` live jobs whose time is over; their rows."""
        due = await fetch_all(
            connection,
            """select id from job where status in ('queued', 'processing') and expires_at < %s
                order by expires_at limit %s for update skip locked""",
            [now, limit],
        )
        return await self._end(connection, [row["id"] for row in due], Status.EXPIRED, now) if due else []

    async def _end(
        self, connection: Connection, job_ids: Sequence[UUID], status: Status, now: datetime
    ) -> list[DictRow]:
        rows = await fetch_all(
            connection,
            """update job set status = %(status)s, completed_at = %(now)s, settle = 'release', lease_expires_at = null,
                      updated_at = %(now)s, dead = %(expired)s and error_reason is not null,
                      error_reason = case when %(expired)s then error_reason end,
                      error_message = case when %(expired)s and error_reason is not null then %(message)s end
                where id = any(%(ids)s) and status = any(%(sources)s)
               returning id, user_id, type, project_id, status, attempt, traceparent, error_reason""",
            {
                "ids": list(job_ids),
                "status": status.value,
                "now": now,
                "sources": allowed_from(status),
                "expired": status is Status.EXPIRED,
                "message": OUTAGE_MESSAGE,
            },
        )
        await close_attempts(connection, rows, status.value, "", now)
        return rows

    async def lost(self, connection: Connection, now: datetime, limit: int) -> list[AttemptFailure]:
        """Failures of at most `limit` attempts whose leases have run out; locks their jobs."""
        rows = await fetch_all(
            connection,
            """select id, attempt, worker, lease_expires_at >= attempt_deadline + %s as outlived_deadline from job
                where status = 'processing' and lease_expires_at < %s
                order by lease_expires_at limit %s for update skip locked""",
            [self._policy.lease, now, limit],
        )
        return [
            AttemptFailure(
                job_id=row["id"],
                attempt=row["attempt"],
                kind=FaultKind.TRANSIENT,
                reason="ATTEMPT_TIMED_OUT",
                message=f"{row['worker']} still sent heartbeats after the attempt's deadline",
            )
            if row["outlived_deadline"]
            else AttemptFailure(
                job_id=row["id"],
                attempt=row["attempt"],
                kind=FaultKind.LOST,
                reason="MAKER_LOST",
                message=f"{row['worker']} sent no heartbeat before its lease ran out",
            )
            for row in rows
        ]

    async def stale_dispatches(self, connection: Connection, now: datetime, limit: int) -> list[DictRow]:
        """Queued jobs that no worker has leased for long, or whose wait is over; marks them as dispatched again.

        Each next wait is twice as long, so that a long queue does not fill the topic with repetitions.
        """
        return await fetch_all(
            connection,
            """with stale as (
                 select id from job where status = 'queued' and dispatch_at <= %(now)s
                  order by dispatch_at limit %(limit)s for update skip locked)
               update job set dispatches = dispatches + 1, updated_at = %(now)s, dispatch_at = %(now)s
                      + least(interval '10 minutes', %(again)s * 2 ^ least(dispatches, 10))
                 from stale where job.id = stale.id and status = 'queued'
               returning job.id, user_id, type, project_id, status, attempt, traceparent""",
            {"now": now, "again": REDISPATCH_INTERVAL, "limit": limit},
        )


def lease_of(row: DictRow) -> Lease:
    """The lease that a row of `LeaseStore.lease` describes."""
    return Lease(
        job_id=row["id"],
        user_id=row["user_id"],
        attempt=row["attempt"],
        parameters=bytes(row["parameters"]),
        checkpoint=bytes(row["checkpoint"] or b""),
        attempt_deadline=row["attempt_deadline"],
        created_at=row["created_at"],
        traceparent=row["traceparent"],
    )


def ended_job_of(row: DictRow) -> EndedJob:
    """The ended job that a row of `LeaseStore.complete` or `LeaseStore.fail` describes."""
    return EndedJob(id=row["id"], settle=row["settle"], traceparent=row["traceparent"], self_made=row["self_made"])


async def open_attempts(connection: Connection, rows: Sequence[DictRow], now: datetime) -> None:
    """Inserts the attempts that leasing these rows of `job` started."""
    if rows:
        await connection.execute(
            """insert into attempt (job_id, number, worker, started_at)
               select *, %s from unnest(%s::uuid[], %s::int[], %s::text[])""",
            [
                now,
                [row["id"] for row in rows],
                [row["attempt"] for row in rows],
                [row["worker"] for row in rows],
            ],
        )


async def close_attempts(
    connection: Connection, rows: Sequence[DictRow], outcome: str, cause: str, now: datetime
) -> None:
    """Records the outcome of the open attempts of these rows of `job`. cause: for the operator."""
    if rows:
        await connection.execute(
            """update attempt set ended_at = %s, outcome = %s, cause = %s
                 from unnest(%s::uuid[], %s::int[]) as given (job_id, number)
                where attempt.job_id = given.job_id and attempt.number = given.number and ended_at is null""",
            [now, outcome, cause, [row["id"] for row in rows], [row["attempt"] for row in rows]],
        )


async def _insert_assets(connection: Connection, completions: Sequence[Completion]) -> None:
    rows = [
        (asset.id, entry.job_id, position, asset.type, asset.key, asset.content_type, asset.size_bytes, asset.sha256)
        for entry in completions
        for position, asset in enumerate(entry.assets)
    ]
    if rows:
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
        await connection.execute(
            """insert into asset (id, job_id, position, type, key, content_type, size_bytes, sha256)
               select * from unnest(%s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[],
                                    %s::bigint[], %s::text[])""",
            columns,
        )
