"""Read-only SQL: jobs by id and in pages, changes for streams, dead jobs, settlements for reconciliation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from services.chassis.data.database import Connection, fetch_all, fetch_one
from services.chassis.data.ids import new_id
from services.job.domain import Asset, Attempt, DeadJob, Job, JobFilter, Status
from services.job.errors import AssetNotFound

UNSUCCESSFUL = ("failed", "canceled", "expired")
EARLIEST, LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
MAX_STREAMED_JOBS = 1_000  # of one user, in a stream of all jobs
# An id holds the time at which the job was requested; its row was created at most this much later.
ID_MARGIN = timedelta(minutes=1)

# A job with its assets and its queue position, each found by index. A position above 10,000 is reported as 10,000, to
# bound the count.
_JOB: LiteralString = """
  select job.id, job.user_id, job.type, job.project_id, job.status, job.created_at, job.completed_at, job.credits,
         job.error_reason, job.error_message, job.progress, job.attempt, job.notes, job.result, job.updated_at,
         job.traceparent,
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
    """Those of these jobs that exist, by id."""
    rows = await fetch_all(connection, _JOB + " where job.id = any(%s)", [list(job_ids)])
    return {row["id"]: _job_of(row) for row in rows}


async def change_times(connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each of these jobs was last changed, by id."""
    rows = await fetch_all(connection, "select id, updated_at from job where id = any(%s)", [list(job_ids)])
    return {row["id"]: row["updated_at"] for row in rows}


async def live_and_recent_jobs(
    connection: Connection, users: Sequence[str], oldest: UUID
) -> dict[str, list[tuple[UUID, datetime, Status]]]:
    """Each user's jobs that are queued or processing, and those with ids from `oldest` on: id, last change, status.

    Of more than MAX_STREAMED_JOBS, the newest and those that are processing.

    `offset 0` keeps the planner from walking a user's whole history backwards to find the few that are live.
    """
    rows = await fetch_all(
        connection,
        """select wanted.user_id, found.id, found.updated_at, found.status
             from unnest(%(users)s::text[]) as wanted (user_id) cross join lateral (
               (select id, updated_at, status from (
                  select id, updated_at, status from job
                   where job.user_id = wanted.user_id and status in ('queued', 'processing') offset 0) as live
                 order by status = 'processing' desc, id desc limit %(limit)s)
               union
               (select id, updated_at, status from job
                 where job.user_id = wanted.user_id and id >= %(oldest)s and status <> 'pending'
                 order by id desc limit %(limit)s)) as found
            order by found.id""",
        {"users": list(users), "oldest": oldest, "limit": MAX_STREAMED_JOBS},
    )
    found: dict[str, list[tuple[UUID, datetime, Status]]] = {}
    for row in rows:
        found.setdefault(row["user_id"], []).append((row["id"], row["updated_at"], Status(row["status"])))
    return found


async def ended_since(connection: Connection, user_id: str, since: datetime, oldest: UUID) -> list[UUID]:
    """The user's jobs with ids from `oldest` on that have ended since this time, earliest end first.

    Of more than MAX_STREAMED_JOBS, those that ended last.
    """
    rows = await fetch_all(
        connection,
        """select id from (
             select id, updated_at from job
              where user_id = %(user_id)s and id >= %(oldest)s and updated_at >= %(since)s
                and status in ('completed', 'failed', 'canceled', 'expired')
              order by updated_at desc limit %(limit)s) as ended
            order by updated_at""",
        {"user_id": user_id, "oldest": oldest, "since": since, "limit": MAX_STREAMED_JOBS},
    )
    return [row["id"] for row in rows]


async def list_jobs(connection: Connection, wanted: JobFilter) -> list[Job]:
    """A page of a user's jobs, newest first."""
    conditions: list[LiteralString] = ["job.user_id = %(user_id)s"]
    if wanted.before is not None:
        conditions.append("job.id < %(before)s")
    if wanted.status is not None:
        conditions.append("job.status = %(status)s")
        if wanted.status in UNSUCCESSFUL:
            conditions.append("job.status in ('failed', 'canceled', 'expired')")  # as the partial index is defined
    if wanted.type is not None:
        conditions.append("job.type = %(type)s")
    if wanted.project_id is not None:
        conditions.append("job.project_id = %(project_id)s")
    if wanted.since is not None:
        conditions.append("job.created_at >= %(since)s and job.id >= %(first)s")
    if wanted.until is not None:
        conditions.append("job.created_at < %(until)s and job.id < %(last)s")
    rows = await fetch_all(
        connection,
        _JOB + " where " + " and ".join(conditions) + " order by job.id desc limit %(size)s",
        {
            "user_id": wanted.user_id,
            "before": wanted.before,
            "status": wanted.status,
            "type": wanted.type,
            "project_id": wanted.project_id,
            "since": wanted.since,
            "until": wanted.until,
            "first": _id_at(wanted.since, -ID_MARGIN),
            "last": _id_at(wanted.until, ID_MARGIN),
            "size": wanted.size,
        },
    )
    return [_job_of(row) for row in rows]


def _id_at(moment: datetime | None, margin: timedelta) -> UUID | None:
    """The bound of ids for jobs created before or after `moment`, so that pages of old jobs are found by index."""
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
    """A page of dead jobs with ids below `before`, newest first."""
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
    """The attempts of these jobs by job id, in order of their numbers."""
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
    """The columns of the job that a retry needs; None: there is no such job."""
    return await fetch_one(
        connection,
        """select id, user_id, type, project_id, product_id, parameters, priced_as, dead, self_made
             from job where id = %s""",
        [job_id],
    )


_SETTLEMENT: LiteralString = """select id, user_id, status, coalesce(credits, 0) as credits,
    settled_at is not null as settled, created_at from job"""


async def settlements(connection: Connection, after: UUID, size: int) -> list[DictRow]:
    """Jobs with ids above `after` in order of id, as reconciliation compares them with holds."""
    return await fetch_all(connection, _SETTLEMENT + " where id > %s order by id limit %s", [after, size])


async def settlements_of(connection: Connection, job_ids: Sequence[UUID]) -> list[DictRow]:
    """These jobs, as `settlements` reads them."""
    return await fetch_all(connection, _SETTLEMENT + " where id = any(%s)", [list(job_ids)])


async def deleted_until(connection: Connection) -> datetime | None:
    """Jobs that ended before this time may have been deleted for their age; None: none were."""
    row = await fetch_one(connection, "select deleted_until from retention_mark")
    return row["deleted_until"] if row else None


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
        traceparent=row["traceparent"],
    )
