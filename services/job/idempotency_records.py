"""SQL of idempotency records: the response to a request with an Idempotency-Key, replayed for 24 hours.

A record is claimed in the transaction that inserts its pending job, and decided in the transaction that accepts the
job. A job that is not accepted is deleted together with its record. So, whatever is interrupted, a record exists
exactly as long as its job. The key of a self-made job that failed is free again, because nothing was charged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    and_,
    bindparam,
    delete,
    exists,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.chassis.data.database import Connection
from services.chassis.data.sql import among, inline, unnest
from services.chassis.data.statements import Query, fetch_rows, run
from services.chassis.errors import Refusal
from services.job.domain import UNSUCCESSFUL_STATUSES, AcceptedJob, IdempotentRequest, Status, Submission
from services.job.errors import KeyReused, RequestInFlight
from services.job.tables import MOMENT, idempotency_record, job, status_is

RETENTION = timedelta(hours=24)
REUSED = "reused"  # the status of a record whose request found the live job of its key

_NOW, _CUTOFF = bindparam("now", type_=MOMENT), bindparam("cutoff", type_=MOMENT)
_record = idempotency_record
_SELF_MADE = inline(Status.PROCESSING)  # the status in the response of a self-made job
_undecided = _record.c.status.is_(None)


def _free(created_at: ColumnElement[datetime], status: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition on these columns of a record, and on its job, that the key may be claimed again."""
    return or_(
        created_at <= _CUTOFF,
        and_(status.is_(None), status_is(Status.CANCELED, Status.EXPIRED)),
        and_(status == _SELF_MADE, status_is(*UNSUCCESSFUL_STATUSES)),
    )


# The request is still being processed.
_IN_FLIGHT = or_(_undecided, and_(_record.c.status == _SELF_MADE, status_is(Status.PROCESSING)))

_requests = unnest("given", id=Uuid, user_id=Text, key=Text, hash=LargeBinary)


class _FoundRow(NamedTuple):
    submission_id: UUID
    same: bool
    in_flight: bool  # then the next three columns are null
    job_id: UUID
    status: str
    credits_used: int
    credits_remaining: int
    type: str


_FIND = Query(
    _FoundRow,
    (
        select(
            _requests.c.id.label("submission_id"),
            (_record.c.digest == _requests.c.hash).label("same"),
            _IN_FLIGHT.label("in_flight"),
            _record.c.job_id,
            _record.c.status,
            _record.c.credits_used,
            _record.c.credits_remaining,
            job.c.type,
        )
        .join_from(_requests, _record, and_(_record.c.user_id == _requests.c.user_id, _record.c.key == _requests.c.key))
        .join(job, job.c.id == _record.c.job_id)
        .where(~_free(_record.c.created_at, _record.c.status))
    ),
)
_inserted = insert(_record).from_select(
    ["user_id", "key", "digest", "job_id", "created_at"],
    select(_requests.c.user_id, _requests.c.key, _requests.c.hash, _requests.c.id, _NOW).order_by(
        _requests.c.user_id, _requests.c.key
    ),
)


class _ClaimedRow(NamedTuple):
    job_id: UUID


_CLAIM = Query(
    _ClaimedRow,
    _inserted.on_conflict_do_update(
        index_elements=[_record.c.user_id, _record.c.key],
        set_={
            "digest": _inserted.excluded.digest,
            "job_id": _inserted.excluded.job_id,
            "created_at": _inserted.excluded.created_at,
            "status": null(),
            "credits_used": null(),
            "credits_remaining": null(),
        },
        # As names: SQLAlchemy correlates nothing with `on conflict`, and would read the records again.
        where=exists(
            select(job.c.id).where(
                job.c.id == literal_column("idempotency_record.job_id", Uuid),
                _free(
                    literal_column("idempotency_record.created_at", MOMENT),
                    literal_column("idempotency_record.status", Text),
                ),
            )
        ),
    ).returning(_record.c.job_id),
)

_found = unnest("given", id=Uuid, job_id=Uuid)
_NO_CREDITS = literal_column("0", Integer)
_REUSE = (
    update(_record)
    .values(job_id=_found.c.job_id, status=inline(REUSED), credits_used=_NO_CREDITS, credits_remaining=_NO_CREDITS)
    .where(_record.c.job_id == _found.c.id)
)
_DROP = delete(_record).where(among(_record.c.job_id, "ids"))

_accepted = unnest("given", job_id=Uuid, status=Text, used=Integer, remaining=Integer)
_DECIDE = (
    update(_record)
    .values(status=_accepted.c.status, credits_used=_accepted.c.used, credits_remaining=_accepted.c.remaining)
    .where(_record.c.job_id == _accepted.c.job_id, _undecided)
)

_expired = (
    select(_record.c.user_id, _record.c.key)
    .where(_record.c.created_at <= _CUTOFF)
    .order_by(_record.c.created_at)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(skip_locked=True)
)
_DELETE_EXPIRED = delete(_record).where(tuple_(_record.c.user_id, _record.c.key).in_(_expired))


async def find(
    connection: Connection, requests: Sequence[IdempotentRequest], now: datetime
) -> dict[UUID, AcceptedJob | Refusal]:
    """The stored responses of these requests' keys, by the request's job id; a key that is free has no entry."""
    keyed = [entry for entry in requests if entry.idempotency_key_header]
    if not keyed:
        return {}
    rows = await fetch_rows(connection, _FIND, {**_arrays(keyed), "cutoff": now - RETENTION})
    found: dict[UUID, AcceptedJob | Refusal] = {}
    for row in rows:
        if not row.same:
            found[row.submission_id] = KeyReused()
        elif row.in_flight:
            found[row.submission_id] = RequestInFlight()
        else:
            found[row.submission_id] = AcceptedJob(
                job_id=row.job_id,
                status=Status.COMPLETED.value if row.status == Status.PROCESSING else row.status,
                credits_used=row.credits_used,
                credits_remaining=row.credits_remaining,
                replayed=True,
                job_type=row.type if row.status == REUSED else "",
            )
    return found


async def claim(connection: Connection, submissions: Sequence[Submission], now: datetime) -> set[UUID]:
    """Claims the keys of these submissions; the ids of those whose keys other requests have claimed."""
    keyed: dict[tuple[str, str], Submission] = {}
    for entry in submissions:
        if entry.idempotency_key_header:
            keyed.setdefault((entry.user_id, entry.idempotency_key_header), entry)
    if not keyed:
        return set()
    rows = await fetch_rows(
        connection, _CLAIM, {**_arrays(list(keyed.values())), "now": now, "cutoff": now - RETENTION}
    )
    claimed = {row.job_id for row in rows}
    return {entry.job_id for entry in submissions if entry.idempotency_key_header and entry.job_id not in claimed}


async def reuse(connection: Connection, live: Sequence[tuple[UUID, UUID]]) -> None:
    """Points claimed keys to the live jobs that their submissions found. live: submission id and job id of each."""
    await run(
        connection,
        _REUSE,
        {"given_id": [entry for entry, _ in live], "given_job_id": [job_id for _, job_id in live]},
    )


async def drop(connection: Connection, submission_ids: Sequence[UUID]) -> None:
    """Deletes the claims of submissions that made no job."""
    await run(connection, _DROP, {"ids": list(submission_ids)})


async def decide(connection: Connection, accepted: Sequence[AcceptedJob]) -> None:
    """Records the responses of keyed jobs that are accepted in this transaction."""
    await run(
        connection,
        _DECIDE,
        {
            "given_job_id": [entry.job_id for entry in accepted],
            "given_status": [entry.status for entry in accepted],
            "given_used": [entry.credits_used for entry in accepted],
            "given_remaining": [entry.credits_remaining for entry in accepted],
        },
    )


async def delete_expired(connection: Connection, now: datetime, limit: int) -> int:
    """Deletes at most `limit` records whose retention is over; their number."""
    return await run(connection, _DELETE_EXPIRED, {"cutoff": now - RETENTION, "most": limit})


def _arrays(requests: Sequence[IdempotentRequest]) -> dict[str, object]:
    return {
        "given_id": [entry.job_id for entry in requests],
        "given_user_id": [entry.user_id for entry in requests],
        "given_key": [entry.idempotency_key_header for entry in requests],
        "given_hash": [entry.request_digest for entry in requests],
    }
