"""SQL of submissions: from a pending row, which is no accepted job yet, to a queued job.

Fair queueing: a job's `turn` is one more than the highest turn that its user has queued for the same type, and at
least the lowest turn that is queued at all. Workers lease in order of turn, so users take turns (start-time fair
queueing: Goyal, Vin, Cheng 1996, with every job of cost one): ten thousand queued jobs of one user have ten thousand
different turns, and another user's first job has the lowest.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from services.chassis.data.database import Connection, fetch_all
from services.job.domain import (
    PROMPT_SETTLEMENT,
    REDISPATCH_INTERVAL,
    SELF_MADE_LEASE,
    FoundJob,
    JobPolicy,
    Status,
    Submission,
)
from services.job.lease_store import open_attempts

# A user with less remaining quota submits one transaction at a time. More than the live jobs that one user can have in
# the open transactions of all replicas.
SERIALIZED_QUOTA = 1_000
# A remaining quota of at least this many jobs is cached: SERIALIZED_QUOTA plus more live jobs than one user can create
# in all replicas within CACHE_SECONDS.
CACHEABLE_QUOTA = 5_000
CACHE_SECONDS = 1.0
MAX_CACHED_USERS = 10_000


class SubmissionStore:
    """Reads and writes submissions on a connection that the caller has opened; never begins or commits."""

    def __init__(self, policy: JobPolicy) -> None:
        self._policy = policy
        self._cached_quota: dict[str, tuple[int, float]] = {}  # by user: remaining quota, expiry (monotonic seconds)

    async def remaining_quota(self, connection: Connection, users: Sequence[str]) -> dict[str, int]:
        """The number of further live jobs that each of these users may have.

        Locks users near their limit until the transaction ends, so that concurrent transactions cannot exceed it.
        """
        remaining = await self._cached_or_counted_quota(connection, list(dict.fromkeys(users)))
        near = [user for user, left in remaining.items() if 0 < left < SERIALIZED_QUOTA]
        if near:
            await connection.execute(
                """select pg_advisory_xact_lock(key) from (
                     select hashtextextended(user_id, 2) as key from unnest(%s::text[]) as given (user_id)
                      order by key offset 0) as keys""",
                [near],
            )
            remaining |= await self._count_quota(connection, near)
        return remaining

    async def _cached_or_counted_quota(self, connection: Connection, users: Sequence[str]) -> dict[str, int]:
        """Remaining quota by user. Large quotas are cached: counting all live jobs for every new one would make
        submissions to a long queue slow."""
        now = time.monotonic()
        cached = {
            user: found[0] for user in users if (found := self._cached_quota.get(user)) is not None and found[1] > now
        }
        counted = await self._count_quota(connection, [user for user in users if user not in cached])
        if len(self._cached_quota) > MAX_CACHED_USERS:
            self._cached_quota.clear()
        self._cached_quota |= {
            user: (left, now + CACHE_SECONDS) for user, left in counted.items() if left >= CACHEABLE_QUOTA
        }
        return cached | counted

    async def _count_quota(self, connection: Connection, users: Sequence[str]) -> dict[str, int]:
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
        """Inserts pending jobs, except where the key has a live job; the ids that were inserted."""
        limits = [self._policy.limits[submission.type] for submission in submissions]
        rows = await fetch_all(
            connection,
            """insert into job (id, user_id, type, project_id, product_id, idempotency_key, status, self_made,
                                parameters, priced_as, retry_of, traceparent, expires_at, deadline, created_at,
                                updated_at)
               select id, user_id, type, project_id, product_id, nullif(key, ''), 'pending', self_made,
                      parameters, priced_as, retry_of, traceparent, %(now)s + total, %(now)s + total, %(now)s, %(now)s
                 from unnest(%(id)s::uuid[], %(user)s::text[], %(type)s::text[], %(project)s::uuid[],
                             %(product)s::uuid[], %(key)s::text[], %(self_made)s::boolean[],
                             %(parameters)s::bytea[], %(priced_as)s::text[], %(retry_of)s::uuid[],
                             %(traceparent)s::text[], %(total)s::interval[])
                      as given (id, user_id, type, project_id, product_id, key, self_made, parameters, priced_as,
                                retry_of, traceparent, total)
                order by user_id, key, retry_of, id  -- batches lock keys in the same order, and so cannot deadlock
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
                "priced_as": [submission.priced_as for submission in submissions],
                "retry_of": [submission.retry_of for submission in submissions],
                "traceparent": [submission.traceparent for submission in submissions],
                "total": [limit.total for limit in limits],
            },
        )
        return {row["id"] for row in rows}

    async def live_jobs(self, connection: Connection, submissions: Sequence[Submission]) -> dict[UUID, FoundJob]:
        """The live job of each submission's key, or the earlier retry of the same dead job, by the submission's id."""
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
        for a transaction that ends a job of the key. A self-made job counts as live until its hold is settled, because
        its first request gets its response only then.
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
        """Queues pending jobs whose holds were placed; the rows of those that were still pending.

        held: job id and credits of each.
        """
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
                "again": REDISPATCH_INTERVAL,
                "types": list(self._policy.limits),
                "start": [limit.start for limit in self._policy.limits.values()],
            },
        )

    async def start_self_made(
        self, connection: Connection, held: Sequence[tuple[UUID, int, str, bool]], now: datetime
    ) -> list[DictRow]:
        """Starts pending jobs that their submitters make; the rows of those that were still pending.

        held: job id, credits, worker, and whether the worker sends heartbeats.
        """
        rows = await fetch_all(
            connection,
            """update job set status = 'processing', credits = given.credits, attempt = 1, worker = given.worker,
                      lease_expires_at = case when given.heartbeats then least(%(now)s + %(lease)s, job.deadline)
                                              else job.deadline end,
                      attempt_deadline = job.deadline, updated_at = %(now)s
                 from unnest(%(id)s::uuid[], %(credits)s::int[], %(worker)s::text[], %(heartbeats)s::boolean[])
                      as given (id, credits, worker, heartbeats)
                where job.id = given.id and job.status = 'pending' and not job.abandoned
               returning job.id, job.user_id, job.type, job.project_id, job.status, job.attempt, job.worker,
                         job.traceparent""",
            {
                "id": [job_id for job_id, _, _, _ in held],
                "credits": [amount for _, amount, _, _ in held],
                "worker": [worker for _, _, worker, _ in held],
                "heartbeats": [heartbeats for _, _, _, heartbeats in held],
                "lease": SELF_MADE_LEASE,
                "now": now,
            },
        )
        await open_attempts(connection, rows, now)
        return rows

    async def mark_taken_back(self, connection: Connection, job_ids: Sequence[UUID]) -> list[UUID]:
        """Prevents those of these jobs that are pending from being accepted; the ids whose holds must be released.

        They include the ids of rows that were lost in a crash. The column `abandoned` is the mark.
        """
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
        """Deletes those of these jobs that are pending."""
        await connection.execute("delete from job where id = any(%s) and status = 'pending'", [list(job_ids)])

    async def pending_before(self, connection: Connection, before: datetime, limit: int) -> list[UUID]:
        """Jobs that are pending since before this time, oldest first: their submissions were interrupted."""
        rows = await fetch_all(
            connection,
            "select id from job where status = 'pending' and created_at < %s order by created_at limit %s",
            [before, limit],
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
