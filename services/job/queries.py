"""What is read of jobs: by id in batches, in pages, and what operators look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from services.chassis.data.database import Connection, fetch_all, fetch_one
from services.chassis.data.ids import new_id
from services.job.domain import Asset, AssetNotFound, Attempt, DeadJob, Job, JobFilter, Status

UNMADE = ("failed", "canceled", "expired")
EARLIEST, LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
FOLLOWED = 1_000  # of one user, in a stream of all jobs
# Ids hold the time at which a job was asked for; it was made no longer than this after it.
ID_MARGIN = timedelta(minutes=1)

# A job with its assets and its place in the queue, in one look-up each by index. A place past 10,000 is told as this
# one: counting on would cost more than it tells.
_JOB: LiteralString = """
  select job.id, job.user_id, job.type, job.project_id, job.status, job.created_at, job.completed_at, job.credits,
         job.error_reason, job.error_message, job.progress, job.attempt, job.notes, job.result, job.updated_at,
         case when job.settled_at is null then job.settle end as unsettled,
         case when job.status = 'completed' then
           (select jsonb_agg(jsonb_build_object('id', id, 'type', type, 'key', key, 'content_type', content_type,
                                                'size_bytes', size_bytes) order by position)
              from asset where asset.job_id = job.id) end as assets,
         case when job.status = 'queued' then
           (select count(*)::int from (
              select from job as ahead where ahead.status = 'queued' and ahead.type = job.type
                 and (ahead.turn, ahead.id) < (job.turn, job.id) limit 10000) as ahead) end as queue_position
    from job"""


async def jobs_by_id(connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, Job]:
    """The jobs that exist among these."""
    rows = await fetch_all(connection, _JOB + " where job.id = any(%s)", [list(job_ids)])
    return {row["id"]: _job_of(row) for row in rows}


async def changes_of(connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each of these was last changed."""
    rows = await fetch_all(connection, "select id, updated_at from job where id = any(%s)", [list(job_ids)])
    return {row["id"]: row["updated_at"] for row in rows}


async def current(
    connection: Connection, users: Sequence[str], oldest: UUID
) -> dict[str, list[tuple[UUID, datetime, Status]]]:
    """Of each user the jobs that are queued or in work, and those with ids from `oldest` on: id, when it was last
    changed, status. Of more than FOLLOWED the newest, and those in work.

    `offset 0` keeps the planner from walking a user's whole history backwards to find the few that are live.
    """
    rows = await fetch_all(
        connection,
        """select wanted.user_id, found.id, found.updated_at, found.status
             from unnest(%(users)s::text[]) as wanted (user_id) cross join lateral (
               (select id, updated_at, status from (
                  select id, updated_at, status from job
                   where job.user_id = wanted.user_id and status in ('queued', 'processing') offset 0) as live
                 order by status = 'processing' desc, id desc limit %(most)s)
               union
               (select id, updated_at, status from job
                 where job.user_id = wanted.user_id and id >= %(oldest)s and status <> 'pending'
                 order by id desc limit %(most)s)) as found
            order by found.id""",
        {"users": list(users), "oldest": oldest, "most": FOLLOWED},
    )
    found: dict[str, list[tuple[UUID, datetime, Status]]] = {}
    for row in rows:
        found.setdefault(row["user_id"], []).append((row["id"], row["updated_at"], Status(row["status"])))
    return found


async def ended_since(connection: Connection, user_id: str, since: datetime, oldest: UUID) -> list[UUID]:
    """The user's jobs that have ended from this time on, among those with ids from `oldest` on, in order of their
    ends; of more than FOLLOWED the newest."""
    rows = await fetch_all(
        connection,
        """select id from (
             select id, updated_at from job
              where user_id = %(user_id)s and id >= %(oldest)s and updated_at >= %(since)s
                and status in ('completed', 'failed', 'canceled', 'expired')
              order by updated_at desc limit %(most)s) as ended
            order by updated_at""",
        {"user_id": user_id, "oldest": oldest, "since": since, "most": FOLLOWED},
    )
    return [row["id"] for row in rows]


async def list_jobs(connection: Connection, page: JobFilter) -> list[Job]:
    """A user's jobs, newest first."""
    conditions: list[LiteralString] = ["job.user_id = %(user_id)s"]
    if page.before is not None:
        conditions.append("job.id < %(before)s")
    if page.status is not None:
        conditions.append("job.status = %(status)s")
        if page.status in UNMADE:
            conditions.append("job.status in ('failed', 'canceled', 'expired')")  # in the words of the index
    if page.type is not None:
        conditions.append("job.type = %(type)s")
    if page.project_id is not None:
        conditions.append("job.project_id = %(project_id)s")
    if page.since is not None:
        conditions.append("job.created_at >= %(since)s and job.id >= %(first)s")
    if page.until is not None:
        conditions.append("job.created_at < %(until)s and job.id < %(last)s")
    rows = await fetch_all(
        connection,
        _JOB + " where " + " and ".join(conditions) + " order by job.id desc limit %(size)s",
        {
            "user_id": page.user_id,
            "before": page.before,
            "status": page.status,
            "type": page.type,
            "project_id": page.project_id,
            "since": page.since,
            "until": page.until,
            "first": _id_at(page.since, -ID_MARGIN),
            "last": _id_at(page.until, ID_MARGIN),
            "size": page.size,
        },
    )
    return [_job_of(row) for row in rows]


def _id_at(moment: datetime | None, margin: timedelta) -> UUID | None:
    """A bound for the ids of jobs that were made before or after this moment: pages of old jobs are found by index."""
    if moment is None:
        return None
    return new_id(min(max(moment, EARLIEST), LATEST) + margin, entropy=bytes(10))


async def asset(connection: Connection, asset_id: UUID) -> Asset:
    """One asset. Raises AssetNotFound."""
    row = await fetch_one(
        connection, "select id, type, key, content_type, size_bytes, sha256 from asset where id = %s", [asset_id]
    )
    if row is None:
        raise AssetNotFound
    return Asset(**row)


async def dead_jobs(connection: Connection, before: UUID | None, size: int) -> list[DeadJob]:
    """Dead jobs, newest first."""
    rows = await fetch_all(
        connection,
        _JOB
        + " where job.dead and (job.id < %(before)s or %(before)s::uuid is null) order by job.id desc limit %(size)s",
        {"before": before, "size": size},
    )
    ids = [row["id"] for row in rows]
    retries = await fetch_all(connection, "select id, retry_of from job where retry_of = any(%s)", [ids])
    retried = {row["retry_of"]: row["id"] for row in retries}
    attempts = await attempts_of(connection, ids)
    return [
        DeadJob(job=_job_of(row), attempts=tuple(attempts.get(row["id"], ())), retried_as=retried.get(row["id"]))
        for row in rows
    ]


async def attempts_of(connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, list[Attempt]]:
    """The attempts of jobs, in order."""
    rows = await fetch_all(
        connection,
        """select job_id, number, worker, started_at, ended_at, coalesce(outcome, '') as outcome, cause
             from attempt where job_id = any(%s) order by job_id, number""",
        [list(job_ids)],
    )
    found: dict[UUID, list[Attempt]] = {}
    for row in rows:
        found.setdefault(row.pop("job_id"), []).append(Attempt(**row))
    return found


async def retryable(connection: Connection, job_id: UUID) -> DictRow | None:
    """What a retry of the job needs; None: there is no such job."""
    return await fetch_one(
        connection,
        "select id, user_id, type, project_id, product_id, parameters, dead, self_made from job where id = %s",
        [job_id],
    )


_SETTLEMENT: LiteralString = """select id, user_id, status, coalesce(credits, 0) as credits,
    settled_at is not null as settled, created_at from job"""


async def settlements(connection: Connection, after: UUID, size: int) -> list[DictRow]:
    """Jobs in order of id, with what their holds should have become."""
    return await fetch_all(connection, _SETTLEMENT + " where id > %s order by id limit %s", [after, size])


async def settlements_of(connection: Connection, job_ids: Sequence[UUID]) -> list[DictRow]:
    """The same of these jobs."""
    return await fetch_all(connection, _SETTLEMENT + " where id = any(%s)", [list(job_ids)])


def _job_of(row: DictRow) -> Job:
    """The job that a row of _JOB describes."""
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
        unsettled=row["unsettled"] or "",
    )
