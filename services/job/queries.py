"""Read-only SQL: jobs by id and in pages, changes for streams, dead jobs, settlements for reconciliation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Integer,
    LargeBinary,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.chassis.data.database import Connection
from services.chassis.data.ids import new_id
from services.chassis.data.sql import among, inline, unnest
from services.chassis.data.statements import IdRow, Query, fetch_row, fetch_rows, run
from services.job.domain import (
    UNSUCCESSFUL_STATUSES,
    Asset,
    AssetScene,
    Attempt,
    DeadJob,
    Job,
    JobFilter,
    JobSettlement,
    RetryableJob,
    Status,
)
from services.job.errors import AssetNotFound
from services.job.tables import (
    HAS_WEBHOOK_URL,
    MOMENT,
    QUEUED,
    TERMINAL,
    UNSUCCESSFUL,
    attempt,
    job,
    retention_mark,
    status_is,
)
from services.job.tables import asset as asset_table
from services.job.tables import asset_scene as scene_table

EARLIEST, LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
MAX_STREAMED_JOBS = 1_000  # of one user, in a stream of all jobs
MAX_QUEUE_POSITION = 10_000  # a higher position is reported as this one, to bound the count
# An id holds the time at which the job was requested; its row was created at most this much later.
ID_MARGIN = timedelta(minutes=1)

_ONE = literal_column("1", Integer)
_MOST = bindparam("most", type_=Integer())
_OLDEST = bindparam("oldest", type_=Uuid())

_ASSET_FIELDS = (
    "id",
    "type",
    "key",
    "content_type",
    "size_bytes",
    "sha256",
    "variant",
    "facts",
    "parent_asset_id",
    "deleted_at",
)
_assets = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object(
                    *(part for name in _ASSET_FIELDS for part in (inline(name), asset_table.c[name]))
                ),
                asset_table.c.position,
            )
        )
    )
    .where(asset_table.c.job_id == job.c.id)
    .correlate(job)
    .scalar_subquery()
)
_ahead = job.alias("ahead")
_jobs_ahead = (
    select(_ONE.label("one"))
    .where(
        _ahead.c.status == inline(Status.QUEUED),
        _ahead.c.type == job.c.type,
        tuple_(_ahead.c.turn, _ahead.c.id) < tuple_(job.c.turn, job.c.id),
    )
    .order_by(_ahead.c.turn, _ahead.c.id)  # only the index of the queue has this order, so no other is read
    .limit(literal_column(str(MAX_QUEUE_POSITION), Integer))
    .correlate(job)
    .subquery("ahead")
)
_queue_position = cast(select(func.count()).select_from(_jobs_ahead).scalar_subquery(), Integer)

# A job with its assets and its queue position, each found by index.
_JOBS = select(
    job.c.id,
    job.c.user_id,
    job.c.type,
    job.c.project_id,
    job.c.product_id,
    job.c.status,
    job.c.created_at,
    job.c.completed_at,
    job.c.credits,
    job.c.error_reason,
    job.c.error_message,
    job.c.progress,
    job.c.attempt,
    job.c.notes,
    job.c.result,
    job.c.traceparent,
    job.c.quantity,
    job.c.delivered,
    case((job.c.settled_at.is_(None), job.c.settle)).label("unsettled"),
    case((job.c.settle == inline("capture"), _assets)).label("assets"),
    case((QUEUED, _queue_position)).label("queue_position"),
)


class _JobRow(NamedTuple):
    id: UUID
    user_id: str
    type: str
    project_id: UUID
    product_id: UUID
    status: str
    created_at: datetime
    completed_at: datetime | None
    credits: int | None
    error_reason: str | None
    error_message: str | None
    progress: int
    attempt: int
    notes: list[str]
    result: bytes | None
    traceparent: str
    quantity: int
    delivered: int
    unsettled: str | None
    assets: list[dict[str, Any]] | None
    queue_position: int | None


_BY_ID = Query(_JobRow, _JOBS.where(among(job.c.id, "ids")))


class _ChangeRow(NamedTuple):
    id: UUID
    updated_at: datetime


_CHANGE_TIMES = Query(_ChangeRow, select(job.c.id, job.c.updated_at).where(among(job.c.id, "ids")))

_wanted = unnest("given", user_id=Text)
_CHANGE = (job.c.id, job.c.updated_at, job.c.status)
# `offset 0` keeps the planner from walking a user's whole history backwards to find the few that are live.
_live = (
    select(*_CHANGE)
    .where(job.c.user_id == _wanted.c.user_id, status_is(Status.QUEUED, Status.PROCESSING))
    .offset(literal_column("0", Integer))
    .correlate(_wanted)
    .subquery("live")
)
_changing = union(
    select(_live).order_by((_live.c.status == inline(Status.PROCESSING)).desc(), _live.c.id.desc()).limit(_MOST),
    select(*_CHANGE)
    .where(job.c.user_id == _wanted.c.user_id, job.c.id >= _OLDEST, job.c.status != inline(Status.PENDING))
    .order_by(job.c.id.desc())
    .limit(_MOST)
    .correlate(_wanted),
).lateral("found")


class _StreamedRow(NamedTuple):
    user_id: str
    id: UUID
    updated_at: datetime
    status: str


_LIVE_AND_RECENT = Query(
    _StreamedRow,
    (
        select(_wanted.c.user_id, _changing.c.id, _changing.c.updated_at, _changing.c.status)
        .join_from(_wanted, _changing, true())
        .order_by(_changing.c.id)
    ),
)

_ended = (
    select(job.c.id, job.c.updated_at)
    .where(
        job.c.user_id == bindparam("user", type_=Text()),
        job.c.id >= _OLDEST,
        job.c.updated_at >= bindparam("since", type_=MOMENT),
        TERMINAL,
    )
    .order_by(job.c.updated_at.desc())
    .limit(_MOST)
    .subquery("ended")
)


_ENDED_SINCE = Query(IdRow, select(_ended.c.id).order_by(_ended.c.updated_at))


class EndedRow(NamedTuple):
    """A job that has ended, as the feed of ended jobs gives it."""

    id: UUID
    user_id: str
    project_id: UUID
    status: str
    completed_at: datetime
    webhook_url: str


_ended_rows = select(
    job.c.id, job.c.user_id, job.c.project_id, job.c.status, job.c.completed_at, job.c.webhook_url
).where(job.c.completed_at.is_not(None))
_ended_after = (
    _ended_rows.where(
        tuple_(job.c.completed_at, job.c.id)
        > tuple_(bindparam("since", type_=MOMENT), bindparam("after", type_=Uuid())),
    )
    .order_by(job.c.completed_at, job.c.id)
    .limit(_MOST)
)
_ENDED_JOBS = Query(EndedRow, _ended_after)
_ENDED_WITH_URL = Query(EndedRow, _ended_after.where(HAS_WEBHOOK_URL))
_ended_among = _ended_rows.where(among(job.c.id, "ids")).order_by(job.c.id)
_ENDED_AMONG = Query(EndedRow, _ended_among)
_ENDED_AMONG_WITH_URL = Query(EndedRow, _ended_among.where(HAS_WEBHOOK_URL))


_ASSET = Query(
    Asset,
    select(*(asset_table.c[field.name] for field in fields(Asset))).where(
        asset_table.c.id == bindparam("asset_id", type_=Uuid()), asset_table.c.deleted_at.is_(None)
    ),
)

_ASSET_SCENE = Query(
    AssetScene,
    select(
        asset_table.c.type,
        asset_table.c.key,
        job.c.project_id,
        job.c.product_id,
        func.coalesce(scene_table.c.scene, literal_column("''::bytea", LargeBinary)).label("scene"),
    )
    .select_from(
        asset_table.join(job, job.c.id == asset_table.c.job_id).outerjoin(
            scene_table, scene_table.c.asset_id == asset_table.c.id
        )
    )
    .where(
        asset_table.c.id == bindparam("asset_id", type_=Uuid()),
        job.c.user_id == bindparam("user_id", type_=Text()),
        job.c.settle == inline("capture"),
        asset_table.c.deleted_at.is_(None),
    ),
)


class _KeyRow(NamedTuple):
    key: str


# An asset is listed once its job has ended with something to pay for; before that a worker may still need it.
_MARK_DELETED = Query(
    _KeyRow,
    update(asset_table)
    .where(
        asset_table.c.id == bindparam("asset_id", type_=Uuid()),
        asset_table.c.job_id == job.c.id,
        job.c.user_id == bindparam("user_id", type_=Text()),
        job.c.settle == inline("capture"),
    )
    .values(deleted_at=func.coalesce(asset_table.c.deleted_at, bindparam("now", type_=MOMENT)))
    .returning(asset_table.c.key),
)
_DELETE_SCENE = delete(scene_table).where(scene_table.c.asset_id == bindparam("of_asset", type_=Uuid()))

_BEFORE = bindparam("before", type_=Uuid())
_DEAD_JOBS = Query(
    _JobRow, _JOBS.where(job.c.dead, or_(job.c.id < _BEFORE, _BEFORE.is_(None))).order_by(job.c.id.desc()).limit(_MOST)
)


class _RetryRow(NamedTuple):
    id: UUID
    retry_of: UUID


_RETRIES = Query(_RetryRow, select(job.c.id, job.c.retry_of).where(among(job.c.retry_of, "ids")))


class _AttemptRow(NamedTuple):
    job_id: UUID
    number: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    cause: str


_ATTEMPTS = Query(
    _AttemptRow,
    (
        select(
            attempt.c.job_id,
            attempt.c.number,
            attempt.c.worker,
            attempt.c.started_at,
            attempt.c.ended_at,
            func.coalesce(attempt.c.outcome, literal_column("''")).label("outcome"),
            attempt.c.cause,
        )
        .where(among(attempt.c.job_id, "ids"))
        .order_by(attempt.c.job_id, attempt.c.number)
    ),
)


_RETRYABLE = Query(
    RetryableJob,
    select(*(job.c[field.name] for field in fields(RetryableJob))).where(job.c.id == bindparam("job_id", type_=Uuid())),
)

_SETTLEMENTS = select(
    job.c.id,
    job.c.user_id,
    job.c.status,
    func.coalesce(job.c.credits, literal_column("0", Integer)).label("credits"),
    job.c.settled_at.is_not(None).label("settled"),
    job.c.created_at,
    case(
        (job.c.settle.is_distinct_from(inline("capture")), literal_column("0", Integer)),
        (job.c.quantity == _ONE, job.c.credits),
        else_=job.c.credits // job.c.quantity * job.c.delivered,
    ).label("captured"),
    job.c.delivered,
)


_SETTLEMENTS_AFTER = Query(
    JobSettlement, _SETTLEMENTS.where(job.c.id > bindparam("after", type_=Uuid())).order_by(job.c.id).limit(_MOST)
)
_SETTLEMENTS_OF = Query(JobSettlement, _SETTLEMENTS.where(among(job.c.id, "ids")))


class _DeletedUntilRow(NamedTuple):
    deleted_until: datetime


_DELETED_UNTIL = Query(_DeletedUntilRow, select(retention_mark.c.deleted_until))


async def jobs_by_id(connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, Job]:
    """Those of these jobs that exist, by id."""
    return {row.id: _job_of(row) for row in await fetch_rows(connection, _BY_ID, {"ids": list(job_ids)})}


async def change_times(connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each of these jobs was last changed, by id."""
    rows = await fetch_rows(connection, _CHANGE_TIMES, {"ids": list(job_ids)})
    return {row.id: row.updated_at for row in rows}


async def live_and_recent_jobs(
    connection: Connection, users: Sequence[str], oldest: UUID
) -> dict[str, list[tuple[UUID, datetime, Status]]]:
    """Each user's jobs that are queued or processing, and those with ids from `oldest` on: id, last change, status.

    Of more than MAX_STREAMED_JOBS, the newest and those that are processing.
    """
    rows = await fetch_rows(
        connection,
        _LIVE_AND_RECENT,
        {"given_user_id": list(users), "oldest": oldest, "most": MAX_STREAMED_JOBS},
    )
    found: dict[str, list[tuple[UUID, datetime, Status]]] = {}
    for row in rows:
        found.setdefault(row.user_id, []).append((row.id, row.updated_at, Status(row.status)))
    return found


async def ended_since(connection: Connection, user_id: str, since: datetime, oldest: UUID) -> list[UUID]:
    """The user's jobs with ids from `oldest` on that have ended since this time, earliest end first.

    Of more than MAX_STREAMED_JOBS, those that ended last.
    """
    rows = await fetch_rows(
        connection,
        _ENDED_SINCE,
        {"user": user_id, "oldest": oldest, "since": since, "most": MAX_STREAMED_JOBS},
    )
    return [row.id for row in rows]


async def ended_jobs(
    connection: Connection, since: datetime, after: UUID, limit: int, *, with_url: bool
) -> Sequence[EndedRow]:
    """Jobs that ended after the position (end, id), in this order. with_url: only those with a webhook_url."""
    query = _ENDED_WITH_URL if with_url else _ENDED_JOBS
    return await fetch_rows(connection, query, {"since": since, "after": after, "most": limit})


async def ended_among(connection: Connection, job_ids: Sequence[UUID], *, with_url: bool) -> Sequence[EndedRow]:
    """Those of these jobs that have ended, in the order of their ids. with_url: only those with a webhook_url."""
    query = _ENDED_AMONG_WITH_URL if with_url else _ENDED_AMONG
    return await fetch_rows(connection, query, {"ids": list(job_ids)})


# The conditions of a page, by the field of the filter.
_FILTERS = {
    "before": (job.c.id < _BEFORE,),
    "status": (job.c.status == bindparam("wanted_status", type_=Text()),),
    "type": (job.c.type == bindparam("wanted_type", type_=Text()),),
    "project_id": (job.c.project_id == bindparam("wanted_project", type_=Uuid()),),
    "since": (job.c.created_at >= bindparam("since", type_=MOMENT), job.c.id >= bindparam("first", type_=Uuid())),
    "until": (job.c.created_at < bindparam("until", type_=MOMENT), job.c.id < bindparam("last", type_=Uuid())),
}


@cache
def _page(filters: tuple[str, ...], *, unsuccessful: bool) -> Query[_JobRow]:
    """The statement of a page with these filters; there are few, so each is built once.

    unsuccessful: the status is one of the partial index of unsuccessful jobs.
    """
    statement = _JOBS.where(job.c.user_id == bindparam("user", type_=Text()))
    for name in filters:
        statement = statement.where(*_FILTERS[name])
    if unsuccessful:
        statement = statement.where(UNSUCCESSFUL)
    return Query(_JobRow, statement.order_by(job.c.id.desc()).limit(_MOST))


async def list_jobs(connection: Connection, wanted: JobFilter) -> list[Job]:
    """A page of a user's jobs, newest first."""
    filters = tuple(name for name in _FILTERS if getattr(wanted, name) is not None)
    rows = await fetch_rows(
        connection,
        _page(filters, unsuccessful=wanted.status in UNSUCCESSFUL_STATUSES),
        {
            "user": wanted.user_id,
            "before": wanted.before,
            "wanted_status": wanted.status,
            "wanted_type": wanted.type,
            "wanted_project": wanted.project_id,
            "since": wanted.since,
            "until": wanted.until,
            "first": _id_at(wanted.since, -ID_MARGIN),
            "last": _id_at(wanted.until, ID_MARGIN),
            "most": wanted.size,
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
    found = await fetch_row(connection, _ASSET, {"asset_id": asset_id})
    if found is None:
        raise AssetNotFound
    return found


async def asset_scene(connection: Connection, asset_id: UUID, user_id: str) -> AssetScene:
    """What a user's asset was made from. Raises AssetNotFound, also for an asset of somebody else."""
    found = await fetch_row(connection, _ASSET_SCENE, {"asset_id": asset_id, "user_id": user_id})
    if found is None:
        raise AssetNotFound
    return found


async def mark_deleted(connection: Connection, asset_id: UUID, user_id: str, now: datetime) -> str:
    """Marks an asset of a user's ended job as deleted, again if it is already, and deletes what it was made from; its
    key. Raises AssetNotFound."""
    marked = await fetch_row(connection, _MARK_DELETED, {"asset_id": asset_id, "user_id": user_id, "now": now})
    if marked is None:
        raise AssetNotFound
    await run(connection, _DELETE_SCENE, {"of_asset": asset_id})
    return marked.key


async def dead_jobs(connection: Connection, before: UUID | None, size: int) -> list[DeadJob]:
    """A page of dead jobs with ids below `before`, newest first."""
    rows = await fetch_rows(connection, _DEAD_JOBS, {"before": before, "most": size})
    if not rows:
        return []  # an empty list implies every index's condition, so the next statement might read any of them
    ids = [row.id for row in rows]
    retried = {row.retry_of: row.id for row in await fetch_rows(connection, _RETRIES, {"ids": ids})}
    attempts = await attempts_of(connection, ids)
    return [
        DeadJob(job=_job_of(row), attempts=tuple(attempts.get(row.id, ())), retried_as=retried.get(row.id))
        for row in rows
    ]


async def attempts_of(connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, list[Attempt]]:
    """The attempts of these jobs by job id, in order of their numbers."""
    found: dict[UUID, list[Attempt]] = {}
    for row in await fetch_rows(connection, _ATTEMPTS, {"ids": list(job_ids)}):
        found.setdefault(row.job_id, []).append(
            Attempt(
                number=row.number,
                worker=row.worker,
                started_at=row.started_at,
                ended_at=row.ended_at,
                outcome=row.outcome,
                cause=row.cause,
            )
        )
    return found


async def retryable(connection: Connection, job_id: UUID) -> RetryableJob | None:
    """The columns of the job that a retry needs; None: there is no such job."""
    return await fetch_row(connection, _RETRYABLE, {"job_id": job_id})


async def settlements(connection: Connection, after: UUID, size: int) -> list[JobSettlement]:
    """Jobs with ids above `after`, in order of id."""
    return await fetch_rows(connection, _SETTLEMENTS_AFTER, {"after": after, "most": size})


async def settlements_of(connection: Connection, job_ids: Sequence[UUID]) -> list[JobSettlement]:
    """Those of these jobs that exist."""
    return await fetch_rows(connection, _SETTLEMENTS_OF, {"ids": list(job_ids)})


async def deleted_until(connection: Connection) -> datetime | None:
    """Jobs that ended before this time may have been deleted for their age; None: none were."""
    row = await fetch_row(connection, _DELETED_UNTIL)
    return row.deleted_until if row else None


def _job_of(row: _JobRow) -> Job:
    """The job that a row of _JOBS describes."""
    return Job(
        id=row.id,
        user_id=row.user_id,
        type=row.type,
        project_id=row.project_id,
        product_id=row.product_id,
        status=Status(row.status),
        created_at=row.created_at,
        credits=row.credits or 0,
        completed_at=row.completed_at,
        assets=tuple(
            Asset(
                id=UUID(asset["id"]),
                type=asset["type"],
                key=asset["key"],
                content_type=asset["content_type"],
                size_bytes=asset["size_bytes"],
                sha256=asset["sha256"],
                variant=asset["variant"],
                facts=asset["facts"],
                parent_asset_id=UUID(asset["parent_asset_id"]) if asset["parent_asset_id"] else None,
                deleted_at=datetime.fromisoformat(asset["deleted_at"]) if asset["deleted_at"] else None,
            )
            for asset in row.assets or ()
        ),
        error_reason=row.error_reason or "",
        error_message=row.error_message or "",
        progress=row.progress,
        attempt=row.attempt,
        queue_position=row.queue_position,
        notes=tuple(row.notes),
        result=bytes(row.result or b""),
        quantity=row.quantity,
        delivered=row.delivered,
        unsettled=row.unsettled or "",
        traceparent=row.traceparent,
    )
