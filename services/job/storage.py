"""The job tables, and the one class that writes them. Statements take whole batches as arrays.

`queue_turn`: who is next. A job's turn is one more than the highest turn that its user has queued for the same type,
and at least the lowest turn that is queued at all; makers lease by turn. So users take turns (start-time fair
queueing: Goyal, Vin, Cheng 1996, with every job of cost one): ten thousand queued jobs of one user stand at ten
thousand different turns, and another user's first job at the lowest.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from services.chassis.database import Connection, fetch_all, fetch_one
from services.job.domain import (
    LIVE,
    Aftermath,
    Asset,
    Failure,
    FaultKind,
    Job,
    JobEnded,
    JobNotFound,
    Lease,
    Policy,
    StaleAttempt,
    Status,
    Submission,
    aftermath,
    sources,
)

NEAR_LIMIT = 1_000  # more live jobs than one user can have under way in all replicas' open transactions
AMPLE_ROOM = 5_000  # NEAR_LIMIT, and more live jobs than one user can get in all replicas within AMPLE_SECONDS
AMPLE_SECONDS = 1.0
MAX_REMEMBERED = 10_000
DISPATCH_AGAIN = timedelta(seconds=5)  # makers are told at once; this is for telling that was lost
LIVE_VALUES = [status.value for status in LIVE]


class JobStorage:
    """Reads and writes jobs on a connection that the caller has opened; never begins or commits."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._ample: dict[str, tuple[int, float]] = {}  # room by user, and until when it is believed

    # -- submission

    async def room_of_users(self, connection: Connection, users: Sequence[str]) -> dict[str, int]:
        """How many more live jobs each of the users may have.

        Users who are near their limit submit one transaction after the other, so that none passes it.
        """
        room = await self._room_lately(connection, list(dict.fromkeys(users)))
        near = [user for user, left in room.items() if 0 < left < NEAR_LIMIT]
        if near:
            await connection.execute(
                """select pg_advisory_xact_lock(key) from (
                     select hashtextextended(user_id, 2) as key from unnest(%s::text[]) as given (user_id)
                      order by key offset 0) as keys""",
                [near],
            )
            room |= await self._room(connection, near)
        return room

    async def _room_lately(self, connection: Connection, users: Sequence[str]) -> dict[str, int]:
        """The room of users; what was ample a moment ago is not counted again: to count all live jobs of a user for
        every new one would make a long queue slow."""
        now = time.monotonic()
        ample = {user: found[0] for user in users if (found := self._ample.get(user)) is not None and found[1] > now}
        counted = await self._room(connection, [user for user in users if user not in ample])
        if len(self._ample) > MAX_REMEMBERED:
            self._ample.clear()
        self._ample |= {user: (left, now + AMPLE_SECONDS) for user, left in counted.items() if left >= AMPLE_ROOM}
        return ample | counted

    async def _room(self, connection: Connection, users: Sequence[str]) -> dict[str, int]:
        if not users:
            return {}
        limit = self._policy.live_jobs_per_user
        rows = await fetch_all(
            connection,
            """select user_id, (select count(*) from (
                   select from job where job.user_id = given.user_id and status in ('pending', 'queued', 'processing')
                   limit %s) as live)::int as live
                 from unnest(%s::text[]) as given (user_id)""",
            [limit, list(users)],
        )
        return {row["user_id"]: limit - row["live"] for row in rows}

    async def insert_pending(
        self, connection: Connection, submissions: Sequence[Submission], now: datetime
    ) -> set[UUID]:
        """Inserts what has no live job of the same key; the ids that were inserted."""
        limits = [self._policy.limits[submission.type] for submission in submissions]
        rows = await fetch_all(
            connection,
            """insert into job (id, user_id, type, project_id, product_id, idempotency_key, status, self_made,
                                parameters, retry_of, traceparent, expires_at, deadline, created_at, updated_at)
               select id, user_id, type, project_id, product_id, nullif(key, ''), 'pending', self_made,
                      parameters, retry_of, traceparent, %(now)s + total, %(now)s + total, %(now)s, %(now)s
                 from unnest(%(id)s::uuid[], %(user)s::text[], %(type)s::text[], %(project)s::uuid[],
                             %(product)s::uuid[], %(key)s::text[], %(self_made)s::boolean[],
                             %(parameters)s::bytea[], %(retry_of)s::uuid[], %(traceparent)s::text[],
                             %(total)s::interval[])
                      as given (id, user_id, type, project_id, product_id, key, self_made, parameters, retry_of,
                                traceparent, total)
                order by user_id, key, retry_of, id  -- two batches wait for each other's keys one way round only
               on conflict do nothing
               returning id""",
            {
                "now": now,
                "id": [submission.job_id for submission in submissions],
                "user": [submission.user_id for submission in submissions],
                "type": [submission.type for submission in submissions],
                "project": [submission.project_id for submission in submissions],
                "product": [submission.product_id for submission in submissions],
                "key": [submission.idempotency_key for submission in submissions],
                "self_made": [bool(submission.maker) for submission in submissions],
                "parameters": [submission.parameters for submission in submissions],
                "retry_of": [submission.retry_of for submission in submissions],
                "traceparent": [submission.traceparent for submission in submissions],
                "total": [limit.total for limit in limits],
            },
        )
        return {row["id"] for row in rows}

    async def live_jobs(
        self, connection: Connection, submissions: Sequence[Submission]
    ) -> dict[UUID, tuple[UUID, Status]]:
        """The job that stands in the way of each submission, by the submission's id: (job id, status)."""
        rows = await fetch_all(
            connection,
            """select given.id as submission_id, job.id, job.status
                 from unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[]) as given (id, user_id, key, retry_of)
                 join job on (job.user_id = given.user_id and job.idempotency_key = given.key and given.key <> ''
                              and job.status in ('pending', 'queued', 'processing'))
                          or job.retry_of = given.retry_of""",
            [
                [submission.job_id for submission in submissions],
                [submission.user_id for submission in submissions],
                [submission.idempotency_key for submission in submissions],
                [submission.retry_of for submission in submissions],
            ],
        )
        return {row["submission_id"]: (row["id"], Status(row["status"])) for row in rows}

    async def queue(self, connection: Connection, held: Sequence[tuple[UUID, int]], now: datetime) -> list[DictRow]:
        """Pending jobs whose holds were placed become queued (held: job id and credits); those that still were."""
        return await fetch_all(
            connection,
            """with given as (
                 select job.id, job.type, job.user_id, job.deadline, held.credits
                   from unnest(%(id)s::uuid[], %(credits)s::int[]) as held (id, credits) join job using (id)),
               lowest as materialized (
                 select type, start, coalesce((select min(turn) from job where status = 'queued'
                                                  and job.type = limits.type), 1) - 1 as turn
                   from unnest(%(types)s::text[], %(start)s::interval[]) as limits (type, start)),
               highest as materialized (
                 select type, user_id, coalesce((select max(turn) from job where status = 'queued'
                                                    and type = users.type and user_id = users.user_id), 0) as turn
                   from (select distinct type, user_id from given) as users),
               placed as (
                 select id, credits, deadline, %(now)s + start as start_by, greatest(highest.turn, lowest.turn)
                        + row_number() over (partition by type, user_id order by id) as turn
                   from given join lowest using (type) join highest using (type, user_id))
               update job set status = 'queued', credits = placed.credits, turn = placed.turn,
                      expires_at = least(placed.start_by, placed.deadline),
                      dispatch_at = %(now)s + %(again)s, dispatches = 1, updated_at = %(now)s
                 from placed
                where job.id = placed.id and job.status = 'pending' and not job.abandoned
               returning job.id, job.user_id, job.type, job.project_id, job.status, job.attempt,
                         job.traceparent""",
            {
                "id": [job_id for job_id, _ in held],
                "credits": [amount for _, amount in held],
                "now": now,
                "again": DISPATCH_AGAIN,
                "types": list(self._policy.limits),
                "start": [limit.start for limit in self._policy.limits.values()],
            },
        )

    async def begin_self_made(
        self, connection: Connection, held: Sequence[tuple[UUID, int, str]], now: datetime
    ) -> list[DictRow]:
        """Pending jobs that their submitters make become processing (held: id, credits, maker)."""
        rows = await fetch_all(
            connection,
            """update job set status = 'processing', credits = given.credits, attempt = 1, maker = given.maker,
                      lease_expires_at = job.deadline, attempt_deadline = job.deadline, updated_at = %(now)s
                 from unnest(%(id)s::uuid[], %(credits)s::int[], %(maker)s::text[]) as given (id, credits, maker)
                where job.id = given.id and job.status = 'pending' and not job.abandoned
               returning job.id, job.user_id, job.type, job.project_id, job.status, job.attempt, job.maker,
                         job.traceparent""",
            {
                "id": [job_id for job_id, _, _ in held],
                "credits": [amount for _, amount, _ in held],
                "maker": [maker for _, _, maker in held],
                "now": now,
            },
        )
        await self._open_attempts(connection, rows, now)
        return rows

    async def abandon(self, connection: Connection, job_ids: Sequence[UUID]) -> list[UUID]:
        """Keeps those of these jobs that are pending from ever being accepted. Gives the ids whose holds are to be
        released: theirs, and those of rows that were lost in a crash."""
        rows = await fetch_all(
            connection,
            """with given as (select unnest(%(ids)s::uuid[]) as id),
                    marked as (update job set abandoned = true where id = any(%(ids)s) and status = 'pending'
                               returning id)
               select id from marked union all
               select id from given where not exists (select from job where job.id = given.id)""",
            {"ids": list(job_ids)},
        )
        return [row["id"] for row in rows]

    async def delete_pending(self, connection: Connection, job_ids: Sequence[UUID]) -> None:
        """Removes jobs that were never accepted."""
        await connection.execute("delete from job where id = any(%s) and status = 'pending'", [list(job_ids)])

    # -- work

    async def lease(
        self, connection: Connection, job_type: str, makers: Sequence[str], now: datetime
    ) -> tuple[list[DictRow], bool]:
        """The next jobs in turn become attempts, one of each of these makers. Users who have their share in work are
        passed over. Also whether it is worth asking again: users got their share from other makers meanwhile.

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
            {"type": job_type, "now": now, "most": self._policy.processing_jobs_per_user, "wanted": len(makers)},
        )
        if not candidates:
            return [], False
        leased = await self._take(connection, candidates, job_type, makers, now)
        await self._open_attempts(connection, leased, now)
        return leased, len(leased) < len(candidates)

    async def _take(
        self, connection: Connection, candidates: Sequence[DictRow], job_type: str, makers: Sequence[str], now: datetime
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
                 select id, row_number() over (order by id) as maker
                   from given join shares using (user_id) where busy + number <= %(most)s)
               update job set status = 'processing', attempt = attempt + 1, maker = (%(makers)s::text[])[taken.maker],
                      lease_expires_at = %(now)s + %(lease)s, attempt_deadline = least(%(now)s + %(limit)s, deadline),
                      expires_at = deadline, progress = 0, stage = '', updated_at = %(now)s
                 from taken
                where job.id = taken.id and status = 'queued'
               returning job.id, user_id, type, project_id, status, attempt, job.maker, parameters, checkpoint,
                         attempt_deadline, created_at, traceparent""",
            {
                "id": [candidate["id"] for candidate in candidates],
                "user": [candidate["user_id"] for candidate in candidates],
                "type": job_type,
                "now": now,
                "makers": list(makers),
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

        One beat an attempt. No lease is moved far past the attempt's deadline: a maker that does not heed it is lost.
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
    ) -> tuple[list[DictRow], set[tuple[UUID, int]]]:
        """Attempts that are current complete their jobs (results: job id, attempt, assets, result, notes).

        One result an attempt. Gives the rows that became completed now, and the attempts (job id, number) that had
        completed theirs before.
        """
        rows = await fetch_all(
            connection,
            """update job set status = 'completed', completed_at = %(now)s, settle = 'capture', progress = 100,
                      result = given.result, notes = array(select jsonb_array_elements_text(given.notes::jsonb)),
                      lease_expires_at = null, updated_at = %(now)s
                 from unnest(%(id)s::uuid[], %(attempt)s::int[], %(result)s::bytea[], %(notes)s::text[])
                      as given (id, attempt, result, notes)
                where job.id = given.id and job.attempt = given.attempt and job.status = any(%(sources)s)
               returning job.id, job.user_id, job.type, job.project_id, job.status, job.attempt,
                         job.traceparent""",
            {
                "now": now,
                "id": [result[0] for result in results],
                "attempt": [result[1] for result in results],
                "result": [result[3] for result in results],
                "notes": [json.dumps(list(result[4])) for result in results],
                "sources": sources(Status.COMPLETED),
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
        await self._close_attempts(connection, rows, "completed", "", now)
        missed = [(result[0], result[1]) for result in results if (result[0], result[1]) not in completed]
        repeated: set[tuple[UUID, int]] = set()
        if missed:
            before = await fetch_all(
                connection,
                """select job.id, job.attempt from job join unnest(%s::uuid[], %s::int[]) as given (id, attempt)
                     on job.id = given.id and job.attempt = given.attempt and job.status = 'completed'""",
                [[job_id for job_id, _ in missed], [attempt for _, attempt in missed]],
            )
            repeated = {(row["id"], row["attempt"]) for row in before}
        return rows, repeated

    async def fail(self, connection: Connection, failure: Failure, now: datetime) -> tuple[DictRow, bool]:
        """Ends an attempt without a result; the job's row after it and whether this call changed it.

        Raises StaleAttempt, unless this very failure was told before.
        """
        row = await fetch_one(
            connection,
            """select job.id, job.status, job.attempt, job.type, job.user_id, job.project_id, job.failures,
                      job.self_made, attempt.outcome
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
        follows = aftermath(failure, failures=failures, limit=limit, policy=self._policy, jitter=random.random())
        return await self._after_failure(connection, row, failure, follows, now), True

    async def _after_failure(
        self, connection: Connection, row: DictRow, failure: Failure, follows: Aftermath, now: datetime
    ) -> DictRow:
        if follows.retry_after is not None:
            changed = await fetch_one(
                connection,
                """update job set status = 'queued', failures = failures + 1, not_before = %(now)s + %(after)s,
                          maker = null, lease_expires_at = null, updated_at = %(now)s, dispatches = 1,
                          dispatch_at = %(now)s + coalesce(nullif(%(after)s, interval '0'), %(again)s)
                    where id = %(id)s and status = any(%(sources)s)
                   returning id, user_id, type, project_id, status, attempt, traceparent""",
                {
                    "id": row["id"],
                    "now": now,
                    "after": follows.retry_after,
                    "again": DISPATCH_AGAIN,
                    "sources": sources(Status.QUEUED),
                },
            )
        else:
            changed = await fetch_one(
                connection,
                """update job set status = 'failed', failures = failures + 1, completed_at = %(now)s,
                          settle = 'release', error_reason = %(reason)s, error_message = %(message)s, dead = %(dead)s,
                          lease_expires_at = null, updated_at = %(now)s
                    where id = %(id)s and status = any(%(sources)s)
                   returning id, user_id, type, project_id, status, attempt, traceparent, error_reason""",
                {
                    "id": row["id"],
                    "now": now,
                    "reason": follows.error_reason,
                    "message": follows.error_message,
                    "dead": follows.dead,
                    "sources": sources(Status.FAILED),
                },
            )
        assert changed is not None, "the row was locked in a status that allows this"
        await self._close_attempts(
            connection, [changed], failure.kind.value, f"{failure.reason}: {failure.message}"[:2000], now
        )
        return changed

    async def give_back(self, connection: Connection, job_id: UUID, attempt: int, now: datetime) -> DictRow | None:
        """An attempt that its maker hands back: the job is queued at the head of its user's turns, nothing counts."""
        row = await fetch_one(
            connection,
            """update job set status = 'queued', not_before = '-infinity', maker = null, lease_expires_at = null,
                      dispatch_at = %(now)s + %(again)s, dispatches = 1, updated_at = %(now)s
                where id = %(id)s and attempt = %(attempt)s and status = 'processing' and not self_made
               returning id, user_id, type, project_id, status, attempt, traceparent""",
            {"id": job_id, "attempt": attempt, "now": now, "again": DISPATCH_AGAIN},
        )
        if row is not None:
            await self._close_attempts(connection, [row], "returned", "the maker stopped", now)
        return row

    # -- ends that are not the maker's

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
                      updated_at = %(now)s
                where id = any(%(ids)s) and status = any(%(sources)s)
               returning id, user_id, type, project_id, status, attempt, traceparent""",
            {"ids": list(job_ids), "status": status.value, "now": now, "sources": sources(status)},
        )
        await self._close_attempts(connection, rows, status.value, "", now)
        return rows

    async def lost(self, connection: Connection, now: datetime, most: int) -> list[Failure]:
        """Attempts whose leases have run out, locked for what follows."""
        rows = await fetch_all(
            connection,
            """select id, attempt, maker, lease_expires_at >= attempt_deadline + %s as beat_on from job
                where status = 'processing' and lease_expires_at < %s
                order by lease_expires_at limit %s for update skip locked""",
            [self._policy.lease, now, most],
        )
        return [
            Failure(
                job_id=row["id"],
                attempt=row["attempt"],
                kind=FaultKind.TRANSIENT,
                reason="ATTEMPT_TIMED_OUT",
                message=f"{row['maker']} was at work after the attempt's deadline",
            )
            if row["beat_on"]
            else Failure(
                job_id=row["id"],
                attempt=row["attempt"],
                kind=FaultKind.LOST,
                reason="MAKER_LOST",
                message=f"nothing was heard of {row['maker']} until the lease had run out",
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

    async def leftovers(self, connection: Connection, before: datetime, most: int) -> list[UUID]:
        """Pending jobs that were never decided: their submission died half-way."""
        rows = await fetch_all(
            connection,
            "select id from job where status = 'pending' and created_at < %s order by created_at limit %s",
            [before, most],
        )
        return [row["id"] for row in rows]

    async def pending_among(self, connection: Connection, job_ids: Sequence[UUID]) -> list[UUID]:
        """Those of these jobs that are pending."""
        if not job_ids:
            return []
        rows = await fetch_all(
            connection, "select id from job where id = any(%s) and status = 'pending'", [list(job_ids)]
        )
        return [row["id"] for row in rows]

    # -- settlement

    async def unsettled(self, connection: Connection, after: UUID, most: int) -> list[tuple[UUID, str, str]]:
        """Ended jobs whose holds billing has not confirmed as ended: (job id, 'capture' or 'release', trace)."""
        rows = await fetch_all(
            connection,
            """select id, settle, traceparent from job where settle is not null and settled_at is null and id > %s
                order by id limit %s""",
            [after, most],
        )
        return [(row["id"], row["settle"], row["traceparent"]) for row in rows]

    async def settled(self, connection: Connection, job_ids: Sequence[UUID], now: datetime) -> None:
        """Billing has confirmed these."""
        await connection.execute(
            "update job set settled_at = %s where id = any(%s) and settled_at is null", [now, list(job_ids)]
        )

    # -- attempts

    async def _open_attempts(self, connection: Connection, rows: Sequence[DictRow], now: datetime) -> None:
        if rows:
            await connection.execute(
                """insert into attempt (job_id, number, maker, started_at)
                   select *, %s from unnest(%s::uuid[], %s::int[], %s::text[])""",
                [
                    now,
                    [row["id"] for row in rows],
                    [row["attempt"] for row in rows],
                    [row["maker"] for row in rows],
                ],
            )

    async def _close_attempts(
        self, connection: Connection, rows: Sequence[DictRow], outcome: str, cause: str, now: datetime
    ) -> None:
        if rows:
            await connection.execute(
                """update attempt set ended_at = %s, outcome = %s, cause = %s
                     from unnest(%s::uuid[], %s::int[]) as given (job_id, number)
                    where attempt.job_id = given.job_id and attempt.number = given.number and ended_at is null""",
                [now, outcome, cause, [row["id"] for row in rows], [row["attempt"] for row in rows]],
            )


def job_of(row: DictRow) -> Job:
    """The job that a row of `reading` describes."""
    return Job(
        id=row["id"],
        user_id=row["user_id"],
        type=row["type"],
        project_id=row["project_id"],
        status=Status(row["status"]),
        created_at=row["created_at"],
        credits=row["credits"] or 0,
        completed_at=row["completed_at"],
        assets=tuple(
            Asset(
                id=UUID(asset["id"]),
                type=asset["type"],
                key=asset["key"],
                content_type=asset["content_type"],
                size_bytes=asset["size_bytes"],
            )
            for asset in row["assets"] or ()
        ),
        error_reason=row["error_reason"] or "",
        error_message=row["error_message"] or "",
        progress=row["progress"],
        attempt=row["attempt"],
        queue_position=row["queue_position"],
        notes=tuple(row["notes"]),
        result=bytes(row["result"] or b""),
    )
