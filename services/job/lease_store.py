"""Jobs from their first lease to their settlement, in the job tables. Statements take whole batches as arrays."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from services.chassis.data.database import Connection, fetch_all, fetch_one
from services.job.attempts import close_attempts, open_attempts
from services.job.domain import (
    DISPATCH_AGAIN,
    LIVE,
    OUTAGE_MESSAGE,
    Asset,
    AttemptFailure,
    EndedJob,
    FaultKind,
    JobEnded,
    JobNotFound,
    JobPolicy,
    Lease,
    RetryDecision,
    StaleAttempt,
    Status,
    allowed_from,
    decide_retry,
)

LIVE_VALUES = [status.value for status in LIVE]


class LeaseStore:
    """Reads and writes jobs on a connection that the caller has opened; never begins or commits."""

    def __init__(self, policy: JobPolicy) -> None:
        self._policy = policy

    # -- work

    async def lease(
        self, connection: Connection, job_type: str, workers: Sequence[str], now: datetime
    ) -> tuple[list[DictRow], bool]:
        """The next jobs in turn become attempts, one of each of these workers. Users who have their share in work are
        passed over. Also whether it is worth asking again: users got their share from other workers meanwhile.

        Once a transaction: it takes the users' locks in order, and asking again would take lower ones after higher.
        """
        candidates = await fetch_all(
            connection,
            """select id, user_id from job
                where status = 'queued' and type = %(type)s and not_before <= %(now)s
                  and user_id <> all (array(
                    select user_id from job where status = 'processing' and type = %(type)s
                     group by user_id having count(*) >= %(most)s))
                order by turn, id limit %(wanted)s for update skip locked""",
            {"type": job_type, "now": now, "most": self._policy.processing_jobs_per_user, "wanted": len(workers)},
        )
        if not candidates:
            return [], False
        leased = await self._take(connection, candidates, job_type, workers, now)
        await open_attempts(connection, leased, now)
        return leased, len(leased) < len(candidates)

    async def _take(
        self,
        connection: Connection,
        candidates: Sequence[DictRow],
        job_type: str,
        workers: Sequence[str],
        now: datetime,
    ) -> list[DictRow]:
        """Leases locked jobs, but of no user more than their share. One transaction at a time a user."""
        await connection.execute(
            """select pg_advisory_xact_lock(key) from (
                 select distinct hashtextextended(name, 3) as key from unnest(%s::text[]) as given (name)
                  order by key offset 0) as keys""",
            [[f"{job_type} {candidate['user_id']}" for candidate in candidates]],
        )
        return await fetch_all(
            connection,
            """with given as (
                 select id, user_id, row_number() over (partition by user_id order by place) as number
                   from unnest(%(id)s::uuid[], %(user)s::text[]) with ordinality as given (id, user_id, place)),
               shares as materialized (
                 select user_id, (select count(*) from job where status = 'processing' and type = %(type)s
                                     and job.user_id = users.user_id) as busy
                   from (select distinct user_id from given) as users),
               taken as (
                 select id, row_number() over (order by id) as worker
                   from given join shares using (user_id) where busy + number <= %(most)s)
               update job set status = 'processing', attempt = attempt + 1,
                      worker = (%(workers)s::text[])[taken.worker],
                      lease_expires_at = %(now)s + %(lease)s, attempt_deadline = least(%(now)s + %(limit)s, deadline),
                      expires_at = deadline, progress = 0, stage = '', updated_at = %(now)s
                 from taken
                where job.id = taken.id and status = 'queued'
               returning job.id, user_id, type, project_id, status, attempt, job.worker, parameters, checkpoint,
                         attempt_deadline, created_at, traceparent""",
            {
                "id": [candidate["id"] for candidate in candidates],
                "user": [candidate["user_id"] for candidate in candidates],
                "type": job_type,
                "now": now,
                "workers": list(workers),
                "most": self._policy.processing_jobs_per_user,
                "lease": self._policy.lease,
                "limit": self._policy.limits[job_type].attempt,
            },
        )

    @staticmethod
    def lease_of(row: DictRow) -> Lease:
        """The lease that a row of `lease` describes."""
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

    async def heartbeat(
        self,
        connection: Connection,
        beats: Sequence[tuple[UUID, int, int, str, bytes | None]],
        now: datetime,
    ) -> dict[tuple[UUID, int], str]:
        """Moves leases on (beats: job id, attempt, progress, stage, checkpoint); why to stop, for those it did not.

        One beat an attempt. No lease is moved far past the attempt's deadline: a worker that does not heed it is lost.
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
                "id": [beat[0] for beat in beats],
                "attempt": [beat[1] for beat in beats],
                "progress": [beat[2] for beat in beats],
                "stage": [beat[3] for beat in beats],
                "checkpoint": [beat[4] for beat in beats],
            },
        )
        kept = {(row["id"], row["attempt"]) for row in rows}
        stopped = {(beat[0], beat[1]) for beat in beats} - kept
        if not stopped:
            return {}
        statuses = await fetch_all(
            connection, "select id, status from job where id = any(%s)", [[job_id for job_id, _ in stopped]]
        )
        by_id = {row["id"]: row["status"] for row in statuses}
        reasons = {Status.CANCELED.value: "canceled", Status.EXPIRED.value: "expired"}
        return {key: reasons.get(by_id.get(key[0], ""), "superseded") for key in stopped}

    async def complete(
        self,
        connection: Connection,
        results: Sequence[tuple[UUID, int, Sequence[Asset], bytes, Sequence[str]]],
        now: datetime,
    ) -> tuple[list[DictRow], list[DictRow]]:
        """Attempts that are current complete their jobs (results: job id, attempt, assets, result, notes).

        One result an attempt. Gives the rows that became completed now, and those that their current attempts had
        completed before.
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
                "id": [result[0] for result in results],
                "attempt": [result[1] for result in results],
                "result": [result[3] for result in results],
                "notes": [json.dumps(list(result[4])) for result in results],
                "sources": allowed_from(Status.COMPLETED),
            },
        )
        completed = {(row["id"], row["attempt"]) for row in rows}
        assets = [
            (asset.id, job_id, position, asset.type, asset.key, asset.content_type, asset.size_bytes, asset.sha256)
            for job_id, attempt, given, _, _ in results
            if (job_id, attempt) in completed
            for position, asset in enumerate(given)
        ]
        if assets:
            columns: list[list[Any]] = [list(column) for column in zip(*assets, strict=True)]
            await connection.execute(
                """insert into asset (id, job_id, position, type, key, content_type, size_bytes, sha256)
                   select * from unnest(%s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[],
                                        %s::bigint[], %s::text[])""",
                columns,
            )
        await close_attempts(connection, rows, "completed", "", now)
        missed = [(result[0], result[1]) for result in results if (result[0], result[1]) not in completed]
        before: list[DictRow] = []
        if missed:
            before = await fetch_all(
                connection,
                """select job.id, job.attempt, job.self_made, job.settle, job.traceparent
                     from job join unnest(%s::uuid[], %s::int[]) as given (id, attempt)
                       on job.id = given.id and job.attempt = given.attempt and job.status = 'completed'""",
                [[job_id for job_id, _ in missed], [attempt for _, attempt in missed]],
            )
        return rows, before

    async def fail(self, connection: Connection, failure: AttemptFailure, now: datetime) -> tuple[DictRow, bool]:
        """Ends an attempt without a result; the job's row after it and whether this call changed it.

        Raises StaleAttempt, unless this very failure was told before.
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
        follows = decide_retry(failure, failures=failures, limit=limit, policy=self._policy, jitter=random.random())
        return await self._after_failure(connection, row, failure, follows, now), True

    async def _after_failure(
        self, connection: Connection, row: DictRow, failure: AttemptFailure, follows: RetryDecision, now: datetime
    ) -> DictRow:
        if follows.retry_after is not None:
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
                    "after": follows.retry_after,
                    "again": DISPATCH_AGAIN,
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
                    "reason": follows.error_reason,
                    "message": follows.error_message,
                    "dead": follows.dead,
                    "sources": allowed_from(Status.FAILED),
                },
            )
        assert changed is not None, "the row was locked in a status that allows this"
        await close_attempts(
            connection, [changed], failure.kind.value, f"{failure.reason}: {failure.message}"[:2000], now
        )
        return changed

    async def give_back(
        self, connection: Connection, job_id: UUID, attempt: int, reason: str, message: str, now: datetime
    ) -> DictRow | None:
        """An attempt that its worker hands back: the job is queued at the head of its user's turns, nothing counts.

        A reason is kept with the job: should its time run out, that is why."""
        row = await fetch_one(
            connection,
            """update job set status = 'queued', not_before = '-infinity', worker = null, lease_expires_at = null,
                      error_reason = coalesce(nullif(%(reason)s, ''), error_reason), error_message = null,
                      dispatch_at = %(now)s + %(again)s, dispatches = 1, updated_at = %(now)s
                where id = %(id)s and attempt = %(attempt)s and status = 'processing' and not self_made
               returning id, user_id, type, project_id, status, attempt, traceparent""",
            {"id": job_id, "attempt": attempt, "reason": reason, "now": now, "again": DISPATCH_AGAIN},
        )
        if row is not None:
            cause = f"{reason}: {message}"[:2000] if reason else "the worker stopped"
            await close_attempts(connection, [row], "returned", cause, now)
        return row

    # -- ends that are not the worker's

    async def cancel(
        self, connection: Connection, job_id: UUID, user_id: str | None, now: datetime
    ) -> tuple[DictRow, Status, int]:
        """Cancels a live job (of that user, or anybody's if None): its row, the status before, its credits.

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
            raise JobEnded(f"The job has ended: it is {before['status']}.")
        rows = await self._end(connection, [job_id], Status.CANCELED, now)
        return rows[0], Status(before["status"]), before["credits"]

    async def expire(self, connection: Connection, now: datetime, most: int) -> list[DictRow]:
        """Live jobs whose time is over become expired; at most `most`."""
        due = await fetch_all(
            connection,
            """select id from job where status in ('queued', 'processing') and expires_at < %s
                order by expires_at limit %s for update skip locked""",
            [now, most],
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

    async def lost(self, connection: Connection, now: datetime, most: int) -> list[AttemptFailure]:
        """Attempts whose leases have run out, locked for what follows."""
        rows = await fetch_all(
            connection,
            """select id, attempt, worker, lease_expires_at >= attempt_deadline + %s as beat_on from job
                where status = 'processing' and lease_expires_at < %s
                order by lease_expires_at limit %s for update skip locked""",
            [self._policy.lease, now, most],
        )
        return [
            AttemptFailure(
                job_id=row["id"],
                attempt=row["attempt"],
                kind=FaultKind.TRANSIENT,
                reason="ATTEMPT_TIMED_OUT",
                message=f"{row['worker']} was at work after the attempt's deadline",
            )
            if row["beat_on"]
            else AttemptFailure(
                job_id=row["id"],
                attempt=row["attempt"],
                kind=FaultKind.LOST,
                reason="MAKER_LOST",
                message=f"nothing was heard of {row['worker']} until the lease had run out",
            )
            for row in rows
        ]

    async def stale_dispatches(self, connection: Connection, now: datetime, most: int) -> list[DictRow]:
        """Queued jobs that nobody has taken for long, or whose pause is over, marked as dispatched again.

        Each waits twice as long before the next time, so that a long queue does not fill the topic with repetitions.
        """
        return await fetch_all(
            connection,
            """with stale as (
                 select id from job where status = 'queued' and dispatch_at <= %(now)s
                  order by dispatch_at limit %(most)s for update skip locked)
               update job set dispatches = dispatches + 1, updated_at = %(now)s, dispatch_at = %(now)s
                      + least(interval '10 minutes', %(again)s * 2 ^ least(dispatches, 10))
                 from stale where job.id = stale.id and status = 'queued'
               returning job.id, user_id, type, project_id, status, attempt, traceparent""",
            {"now": now, "again": DISPATCH_AGAIN, "most": most},
        )

    # -- settlement

    async def unsettled(self, connection: Connection, after: UUID, most: int) -> list[EndedJob]:
        """Ended jobs whose holds billing has not confirmed as ended."""
        rows = await fetch_all(
            connection,
            """select id, settle, traceparent from job where settle is not null and settled_at is null and id > %s
                order by id limit %s""",
            [after, most],
        )
        return [EndedJob(id=row["id"], settle=row["settle"], traceparent=row["traceparent"]) for row in rows]

    @staticmethod
    def ended_job(row: DictRow) -> EndedJob:
        """The ended job that a row of `complete` or `fail` describes."""
        return EndedJob(id=row["id"], settle=row["settle"], traceparent=row["traceparent"], self_made=row["self_made"])

    async def settled(self, connection: Connection, job_ids: Sequence[UUID], now: datetime) -> None:
        """Billing has confirmed these."""
        await connection.execute(
            "update job set settled_at = %s where id = any(%s) and settled_at is null", [now, list(job_ids)]
        )
