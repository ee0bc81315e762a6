"""Submissions in the job tables: from a pending row, which stands for nothing yet, to a queued job.

`queue_turn`: who is next. A job's turn is one more than the highest turn that its user has queued for the same type,
and at least the lowest turn that is queued at all; workers lease by turn. So users take turns (start-time fair
queueing: Goyal, Vin, Cheng 1996, with every job of cost one): ten thousand queued jobs of one user stand at ten
thousand different turns, and another user's first job at the lowest.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from services.chassis.data.database import Connection, fetch_all
from services.job.attempts import open_attempts
from services.job.domain import (
    DISPATCH_AGAIN,
    PROMPT_SETTLEMENT,
    SELF_MADE_LEASE,
    FoundJob,
    JobPolicy,
    Status,
    Submission,
)

NEAR_LIMIT = 1_000  # more live jobs than one user can have under way in all replicas' open transactions
AMPLE_ROOM = 5_000  # NEAR_LIMIT, and more live jobs than one user can get in all replicas within AMPLE_SECONDS
AMPLE_SECONDS = 1.0
MAX_REMEMBERED = 10_000


class SubmissionStore:
    """Accepts or drops submissions on a connection that the caller has opened; never begins or commits."""

    def __init__(self, policy: JobPolicy) -> None:
        self._policy = policy
        self._ample: dict[str, tuple[int, float]] = {}  # room by user, and until when it is believed

    async def remaining_quota(self, connection: Connection, users: Sequence[str]) -> dict[str, int]:
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
                "self_made": [bool(submission.worker) for submission in submissions],
                "parameters": [submission.parameters for submission in submissions],
                "retry_of": [submission.retry_of for submission in submissions],
                "traceparent": [submission.traceparent for submission in submissions],
                "total": [limit.total for limit in limits],
            },
        )
        return {row["id"] for row in rows}

    async def live_jobs(self, connection: Connection, submissions: Sequence[Submission]) -> dict[UUID, FoundJob]:
        """The job that stands in the way of each submission, by the submission's id."""
        rows = await fetch_all(
            connection,
            """select given.id as submission_id, job.id, job.status, job.type
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
        return {row["submission_id"]: _found(row) for row in rows}

    async def jobs_live_at_arrival(
        self, connection: Connection, submissions: Sequence[Submission], now: datetime
    ) -> dict[UUID, FoundJob]:
        """The job of each submission's key that was live when the request arrived and has completed or was canceled
        since, by the submission's id; of several, the last to end.

        Must run after the submissions' own rows are inserted: the unique index of live keys has then made them wait
        for whoever was ending a job of the key. A job that its submitter makes counts as live until its hold is
        settled, because its first request is answered only then.
        """
        keyed = [entry for entry in submissions if entry.idempotency_key and entry.arrived_at is not None]
        if not keyed:
            return {}
        rows = await fetch_all(
            connection,
            """select given.id as submission_id, ended.id, ended.status, ended.type
                 from unnest(%(id)s::uuid[], %(user)s::text[], %(key)s::text[], %(arrived)s::timestamptz[])
                      as given (id, user_id, key, arrived_at)
                 cross join lateral (
                   select id, status, type from job
                    where user_id = given.user_id and idempotency_key = given.key
                      and status in ('completed', 'canceled')
                      and completed_at >= given.arrived_at - %(wait)s::interval
                      and given.arrived_at <= case when self_made and status = 'completed'
                            then greatest(completed_at, least(coalesce(settled_at, %(now)s), completed_at + %(wait)s))
                            else completed_at end
                    order by completed_at desc limit 1) as ended""",
            {
                "now": now,
                "wait": PROMPT_SETTLEMENT,
                "id": [entry.job_id for entry in keyed],
                "user": [entry.user_id for entry in keyed],
                "key": [entry.idempotency_key for entry in keyed],
                "arrived": [entry.arrived_at for entry in keyed],
            },
        )
        return {row["submission_id"]: _found(row) for row in rows}

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
        self, connection: Connection, held: Sequence[tuple[UUID, int, str, bool]], now: datetime
    ) -> list[DictRow]:
        """Pending jobs that their submitters make become processing (held: id, credits, worker, sends heartbeats)."""
        rows = await fetch_all(
            connection,
            """update job set status = 'processing', credits = given.credits, attempt = 1, worker = given.worker,
                      lease_expires_at = case when given.beats then least(%(now)s + %(lease)s, job.deadline)
                                              else job.deadline end,
                      attempt_deadline = job.deadline, updated_at = %(now)s
                 from unnest(%(id)s::uuid[], %(credits)s::int[], %(worker)s::text[], %(beats)s::boolean[])
                      as given (id, credits, worker, beats)
                where job.id = given.id and job.status = 'pending' and not job.abandoned
               returning job.id, job.user_id, job.type, job.project_id, job.status, job.attempt, job.worker,
                         job.traceparent""",
            {
                "id": [job_id for job_id, _, _, _ in held],
                "credits": [amount for _, amount, _, _ in held],
                "worker": [worker for _, _, worker, _ in held],
                "beats": [beats for _, _, _, beats in held],
                "lease": SELF_MADE_LEASE,
                "now": now,
            },
        )
        await open_attempts(connection, rows, now)
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


def _found(row: DictRow) -> FoundJob:
    return FoundJob(id=row["id"], status=Status(row["status"]), type=row["type"])
