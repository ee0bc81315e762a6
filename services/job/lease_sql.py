"""Statements of leases, attempts and ends of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Interval,
    LargeBinary,
    Text,
    Update,
    Uuid,
    all_,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.data.sql import among, inline, unnest
from services.chassis.data.statements import IdRow, Query
from services.job.attempt_store import CHANGED
from services.job.domain import ChangedJob, Status
from services.job.tables import (
    EXPIRES,
    IS_DISPATCHED,
    MOMENT,
    PROCESSING,
    QUEUED,
    asset,
    attempt,
    job,
    may_become,
    status_is,
)

_NOW = bindparam("now", type_=MOMENT)
_AGAIN = bindparam("again", type_=Interval)
_LEASE = bindparam("lease", type_=Interval)
_MOST = bindparam("most", type_=Integer)
_SHARE = bindparam("share", type_=Integer)
_TYPE = bindparam("job_type", type_=Text)
_ID = bindparam("job_id", type_=Uuid)
_ZERO, _ONE = literal_column("0", Integer), literal_column("1", Integer)
_EMPTY = literal_column("''", Text)

_at_their_share = (
    select(job.c.user_id)
    .where(PROCESSING, job.c.type == _TYPE)
    .group_by(job.c.user_id)
    .having(func.count() >= _SHARE)
    .correlate(None)
    .scalar_subquery()
)


class CandidateRow(NamedTuple):
    id: UUID
    user_id: str


CANDIDATES = Query(
    CandidateRow,
    (
        select(job.c.id, job.c.user_id)
        .where(
            QUEUED,
            job.c.type == _TYPE,
            job.c.not_before <= _NOW,
            # An array is read once. `not in (select …)` would be read for each row.
            job.c.user_id != all_(func.array(_at_their_share)),
        )
        .order_by(job.c.turn, job.c.id)
        .limit(_MOST)
        .with_for_update(skip_locked=True)
    ),
)

_names = unnest("given", name=Text)
_keys = (
    select(func.hashtextextended(_names.c.name, literal_column("3")).label("key"))
    .distinct()
    .order_by("key")
    .offset(_ZERO)  # the locks are taken in this order
    .subquery("keys")
)
LOCK_SHARES = select(func.pg_advisory_xact_lock(_keys.c.key))

_candidates = unnest("given", id=Uuid, user_id=Text, ordinality="place")
_numbered = select(
    _candidates.c.id,
    _candidates.c.user_id,
    func.row_number().over(partition_by=_candidates.c.user_id, order_by=_candidates.c.place).label("number"),
).cte("numbered")
_users = select(_numbered.c.user_id).distinct().subquery("users")
_shares = (
    select(
        _users.c.user_id,
        select(func.count())
        .where(PROCESSING, job.c.type == _TYPE, job.c.user_id == _users.c.user_id)
        .correlate(_users)
        .scalar_subquery()
        .label("busy"),
    )
    .cte("shares")
    .prefix_with("materialized")
)
_within_shares = (
    select(_numbered.c.id, func.row_number().over(order_by=_numbered.c.id).label("place"))
    .join_from(_numbered, _shares, _shares.c.user_id == _numbered.c.user_id)
    .where(_shares.c.busy + _numbered.c.number <= _SHARE)
    .cte("within_shares")
)
_workers = unnest("workers", worker=Text, ordinality="place")
_LEASED_COLUMNS = (job.c.parameters, job.c.checkpoint, job.c.attempt_deadline, job.c.created_at)


@dataclass(frozen=True, slots=True)
class LeasedRow(ChangedJob):
    """A job that is leased now, with what its worker needs."""

    parameters: bytes
    checkpoint: bytes | None
    attempt_deadline: datetime
    created_at: datetime


LEASE_JOBS = Query(
    LeasedRow,
    (
        update(job)
        .values(
            status=inline(Status.PROCESSING),
            attempt=job.c.attempt + _ONE,
            worker=_workers.c.worker,
            lease_expires_at=_NOW + _LEASE,
            attempt_deadline=func.least(_NOW + bindparam("longest", type_=Interval) * job.c.quantity, job.c.deadline),
            expires_at=job.c.deadline,
            progress=_ZERO,
            stage=_EMPTY,
            updated_at=_NOW,
        )
        .where(job.c.id == _within_shares.c.id, _workers.c.place == _within_shares.c.place, QUEUED)
        .returning(*CHANGED, *_LEASED_COLUMNS)
    ),
)

_beats = unnest("given", id=Uuid, attempt=Integer, progress=Integer, stage=Text, checkpoint=LargeBinary)


class ExtendedRow(NamedTuple):
    id: UUID
    attempt: int


HEARTBEAT = Query(
    ExtendedRow,
    (
        update(job)
        .values(
            lease_expires_at=func.least(_NOW, job.c.attempt_deadline) + _LEASE,
            progress=func.greatest(job.c.progress, _beats.c.progress),
            stage=_beats.c.stage,
            checkpoint=func.coalesce(_beats.c.checkpoint, job.c.checkpoint),
            updated_at=_NOW,
        )
        .where(job.c.id == _beats.c.id, job.c.attempt == _beats.c.attempt, PROCESSING)
        .returning(job.c.id, job.c.attempt)
    ),
)


class StatusRow(NamedTuple):
    id: UUID
    status: str


STATUSES = Query(StatusRow, select(job.c.id, job.c.status).where(among(job.c.id, "ids")))

_results = unnest("given", id=Uuid, attempt=Integer, result=LargeBinary, notes=Text)
COMPLETE = Query(
    ChangedJob,
    (
        update(job)
        .values(
            status=inline(Status.COMPLETED),
            completed_at=_NOW,
            settle=inline("capture"),
            progress=literal_column("100"),
            result=_results.c.result,
            # As JSON, because arrays of different lengths do not make an array.
            notes=func.array_cat(
                job.c.notes,  # of the variants that were stored before
                func.array(
                    select(func.jsonb_array_elements_text(cast(_results.c.notes, JSONB)))
                    .correlate(_results)
                    .scalar_subquery()
                ),
            ),
            error_reason=null(),
            lease_expires_at=null(),
            updated_at=_NOW,
        )
        .where(
            job.c.id == _results.c.id,
            job.c.attempt == _results.c.attempt,
            may_become(Status.COMPLETED),
            or_(job.c.quantity == _ONE, job.c.delivered > _ZERO),
        )
        .returning(*CHANGED)
    ),
)

# Taken before a variant is counted: a repetition that waits for the first report then sees what that stored.
LOCK_JOB = Query(IdRow, select(job.c.id).where(job.c.id == _ID).with_for_update())
# Every variant is counted once, however often it is reported.
_NUMBER = bindparam("number", type_=Integer)
_notes = unnest("given", note=Text, ordinality="place")
STORE_VARIANT = Query(
    IdRow,
    (
        update(job)
        .values(
            delivered=job.c.delivered + _ONE,
            checkpoint=bindparam("content", type_=LargeBinary),
            notes=func.array_cat(
                job.c.notes,
                func.array(
                    select(_notes.c.note)
                    .where(_notes.c.note != all_(job.c.notes))
                    .order_by(_notes.c.place)
                    .correlate(job)
                    .scalar_subquery()
                ),
            ),
            updated_at=_NOW,
        )
        .where(
            job.c.id == _ID,
            job.c.attempt == bindparam("given_attempt", type_=Integer),
            PROCESSING,
            job.c.quantity > _ONE,
            job.c.quantity >= _NUMBER,
            ~exists().where(asset.c.job_id == job.c.id, asset.c.variant == _NUMBER),
        )
        .returning(job.c.id)
    ),
)
FIND_ASSET_OF_JOB = Query(
    IdRow, select(asset.c.id).where(asset.c.id == bindparam("asset_id", type_=Uuid), asset.c.job_id == _ID)
)


class VariantRow(NamedTuple):
    job_id: UUID
    variant: int


STORED_VARIANTS = Query(
    VariantRow, select(asset.c.job_id, asset.c.variant).where(among(asset.c.job_id, "ids")).distinct()
)

_repeated = unnest("given", id=Uuid, attempt=Integer)
COMPLETED_BEFORE = Query(
    ChangedJob,
    select(*CHANGED).join_from(
        _repeated,
        job,
        and_(job.c.id == _repeated.c.id, job.c.attempt == _repeated.c.attempt, status_is(Status.COMPLETED)),
    ),
)


@dataclass(frozen=True, slots=True)
class FailingRow(ChangedJob):
    """A job whose attempt is reported as failed; outcome: of the attempt, if it has ended."""

    failures: int
    outcome: str | None


FAILING = Query(
    FailingRow,
    (
        select(*CHANGED, job.c.failures, attempt.c.outcome)
        .outerjoin_from(job, attempt, and_(attempt.c.job_id == job.c.id, attempt.c.number == job.c.attempt))
        .where(job.c.id == _ID)
        .with_for_update(of=job)
    ),
)
_AFTER = bindparam("after", type_=Interval)
RETRY = Query(
    ChangedJob,
    (
        update(job)
        .values(
            status=inline(Status.QUEUED),
            failures=job.c.failures + _ONE,
            not_before=_NOW + _AFTER,
            worker=null(),
            lease_expires_at=null(),
            dispatches=_ONE,
            dispatch_at=_NOW + func.coalesce(func.nullif(_AFTER, literal_column("interval '0'", Interval)), _AGAIN),
            updated_at=_NOW,
        )
        .where(job.c.id == _ID, may_become(Status.QUEUED))
        .returning(*CHANGED)
    ),
)
FAIL = Query(
    ChangedJob,
    (
        update(job)
        .values(
            status=inline(Status.FAILED),
            failures=job.c.failures + _ONE,
            completed_at=_NOW,
            settle=inline("release"),
            error_reason=bindparam("reason", type_=Text),
            error_message=bindparam("message", type_=Text),
            dead=bindparam("is_dead", type_=Boolean),
            lease_expires_at=null(),
            updated_at=_NOW,
        )
        .where(job.c.id == _ID, may_become(Status.FAILED))
        .returning(*CHANGED)
    ),
)
COMPLETE_PARTLY = Query(
    ChangedJob,
    (
        update(job)
        .values(
            status=inline(Status.COMPLETED),
            failures=job.c.failures + _ONE,
            completed_at=_NOW,
            settle=inline("capture"),
            progress=literal_column("100"),
            notes=func.array_append(job.c.notes, bindparam("note", type_=Text)),
            error_reason=null(),
            lease_expires_at=null(),
            updated_at=_NOW,
        )
        .where(job.c.id == _ID, may_become(Status.COMPLETED), job.c.delivered > _ZERO)
        .returning(*CHANGED)
    ),
)
RETURN = Query(
    ChangedJob,
    (
        update(job)
        .values(
            status=inline(Status.QUEUED),
            not_before=literal_column("'-infinity'"),
            worker=null(),
            lease_expires_at=null(),
            error_reason=func.coalesce(func.nullif(bindparam("reason", type_=Text), _EMPTY), job.c.error_reason),
            error_message=null(),
            dispatch_at=_NOW + _AGAIN,
            dispatches=_ONE,
            updated_at=_NOW,
        )
        .where(job.c.id == _ID, job.c.attempt == bindparam("number", type_=Integer), PROCESSING, ~job.c.self_made)
        .returning(*CHANGED)
    ),
)

_USER = bindparam("user", type_=Text)


class CancelingRow(NamedTuple):
    status: str
    credits: int
    quantity: int
    delivered: int


CANCELING = Query(
    CancelingRow,
    (
        select(job.c.status, func.coalesce(job.c.credits, _ZERO).label("credits"), job.c.quantity, job.c.delivered)
        .where(job.c.id == _ID, or_(job.c.user_id == _USER, _USER.is_(None)))
        .with_for_update()
    ),
)
DUE = Query(
    IdRow,
    (
        select(job.c.id)
        .where(status_is(Status.QUEUED, Status.PROCESSING), EXPIRES, job.c.expires_at < _NOW)
        .order_by(job.c.expires_at)
        .limit(_MOST)
        .with_for_update(skip_locked=True)
    ),
)


_SOME_DELIVERED = job.c.delivered > _ZERO


def _end_statement(status: Status, **values: ColumnElement[Any]) -> Update:
    """Ends the jobs with the ids `ids` that may become `status`."""
    return (
        update(job)
        .values(
            status=inline(status),
            completed_at=_NOW,
            settle=case((_SOME_DELIVERED, inline("capture")), else_=inline("release")),
            lease_expires_at=null(),
            updated_at=_NOW,
            **values,
        )
        .where(among(job.c.id, "ids"), may_become(status))
        .returning(*CHANGED)
    )


CANCEL = Query(ChangedJob, _end_statement(Status.CANCELED, dead=false(), error_reason=null(), error_message=null()))
_OUTAGE = and_(job.c.error_reason.is_not(None), ~_SOME_DELIVERED)
EXPIRE = Query(
    ChangedJob,
    _end_statement(
        Status.EXPIRED,
        dead=_OUTAGE,
        error_reason=case((_OUTAGE, job.c.error_reason)),
        error_message=case((_OUTAGE, bindparam("message", type_=Text))),
    ),
)


class LostRow(NamedTuple):
    id: UUID
    attempt: int
    worker: str | None
    outlived_deadline: bool


LOST = Query(
    LostRow,
    (
        select(
            job.c.id,
            job.c.attempt,
            job.c.worker,
            (job.c.lease_expires_at >= job.c.attempt_deadline + _LEASE).label("outlived_deadline"),
        )
        .where(PROCESSING, job.c.lease_expires_at < _NOW)
        .order_by(job.c.lease_expires_at)
        .limit(_MOST)
        .with_for_update(skip_locked=True)
    ),
)
_stale = (
    select(job.c.id)
    .where(QUEUED, IS_DISPATCHED, job.c.dispatch_at <= _NOW)
    .order_by(job.c.dispatch_at)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
    .cte("stale")
)
DISPATCH_AGAIN = Query(
    ChangedJob,
    (
        update(job)
        .values(
            dispatches=job.c.dispatches + _ONE,
            dispatch_at=_NOW
            + func.least(
                literal_column("interval '10 minutes'", Interval),
                _AGAIN * func.power(literal_column("2"), func.least(job.c.dispatches, literal_column("10"))),
            ),
            updated_at=_NOW,
        )
        .where(job.c.id == _stale.c.id, QUEUED)
        .returning(*CHANGED)
    ),
)
