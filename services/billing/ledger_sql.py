"""Statements of the ledger: holds and their draws, lots, grants, balances, usage and entries."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.billing.domain import EntryKind, EntryRow, HoldRow, HoldState
from services.billing.tables import (
    ACCOUNT,
    DRAW,
    ENDS,
    ENTRY,
    HOLD,
    IS_HELD,
    IS_RARE,
    LOT,
    MOMENT,
    NEWEST_FIRST,
    UNSPENT,
    is_kind,
)
from services.chassis.data.sql import among, inline, unnest
from services.chassis.data.statements import Query

NOW = bindparam("now", type_=MOMENT)
LIMIT = bindparam("limit", type_=BigInteger())
SINCE = bindparam("since", type_=MOMENT)
UNTIL = bindparam("until", type_=MOMENT)
JOB = bindparam("job", type_=Uuid())
USER = bindparam("user", type_=Text())
NO_CREDITS = literal_column("0", Integer)

_HOLDS = unnest(
    "given",
    job_id=Uuid,
    user_id=Text,
    type=Text,
    project_id=Uuid,
    amount=Integer,
    drawn=Integer,
    expires_at=MOMENT,
    quantity=Integer,
)
INSERT_HOLDS = insert(HOLD).from_select(
    [*(column.name for column in _HOLDS.c), "state", "created_at"], select(_HOLDS, inline(HoldState.HELD), NOW)
)
# A data-modifying expression that no other part of the statement reads runs all the same.
_DRAWS = select(unnest("given", job_id=Uuid, grant_id=Text, amount=Integer)).cte("drawn")
_DRAW_SUMS = (
    select(_DRAWS.c.grant_id, func.sum(_DRAWS.c.amount).label("total")).group_by(_DRAWS.c.grant_id).subquery("sums")
)
INSERT_DRAWS = (
    insert(DRAW)
    .from_select(["job_id", "grant_id", "amount"], select(_DRAWS))
    .add_cte(
        update(LOT)
        .where(LOT.c.grant_id == _DRAW_SUMS.c.grant_id)
        .values(remaining=LOT.c.remaining - _DRAW_SUMS.c.total)
        .cte("updated")
    )
)
_TOMBSTONES = unnest("given", job_id=Uuid)
INSERT_TOMBSTONES = (
    insert(HOLD)
    .from_select(
        ["job_id", "user_id", "type", "amount", "state", "created_at", "expires_at", "ended_at"],
        select(
            _TOMBSTONES.c.job_id, cast(null(), Text), inline(""), NO_CREDITS, inline(HoldState.RELEASED), NOW, NOW, NOW
        ),
    )
    .on_conflict_do_nothing()
)
HOLDS_OF_JOBS = among(HOLD.c.job_id, "job_ids")


class HeldRow(NamedTuple):
    job_id: UUID
    user_id: str


FIND_HELD = Query(HeldRow, select(HOLD.c.job_id, HOLD.c.user_id).where(HOLDS_OF_JOBS, IS_HELD))
_ENDS = unnest("given", job_id=Uuid, state=Text, delivered=Integer)
_DELIVERED = func.coalesce(func.nullif(_ENDS.c.delivered, NO_CREDITS), HOLD.c.quantity)
_NOT_DELIVERED = func.greatest(HOLD.c.quantity - _DELIVERED, NO_CREDITS)


class EndedHoldRow(NamedTuple):
    job_id: UUID
    user_id: str
    type: str
    project_id: UUID | None
    amount: int
    drawn: int
    remainder: int


END_HOLDS = Query(
    EndedHoldRow,
    (
        update(HOLD)
        .where(HOLD.c.job_id == _ENDS.c.job_id, IS_HELD)
        .values(
            state=_ENDS.c.state,
            ended_at=NOW,
            remainder=case(
                (_ENDS.c.state == inline(HoldState.CAPTURED), HOLD.c.amount // HOLD.c.quantity * _NOT_DELIVERED),
                else_=NO_CREDITS,
            ),
        )
        .returning(
            *(HOLD.c[name] for name in ("job_id", "user_id", "type", "project_id", "amount", "drawn", "remainder"))
        )
    ),
)


class DrawRow(NamedTuple):
    job_id: UUID
    grant_id: str
    user_id: str
    amount: int
    expires_at: datetime


FIND_DRAWS = Query(
    DrawRow,
    (
        select(DRAW.c.job_id, DRAW.c.grant_id, LOT.c.user_id, DRAW.c.amount, LOT.c.expires_at)
        .join_from(DRAW, LOT)
        .where(among(DRAW.c.job_id, "job_ids"))
        .order_by(LOT.c.expires_at.desc(), LOT.c.grant_id.desc())
    ),
)
_RELEASED = unnest("given", grant_id=Text, amount=Integer)
RELEASE_TO_LOTS = (
    update(LOT).where(LOT.c.grant_id == _RELEASED.c.grant_id).values(remaining=LOT.c.remaining + _RELEASED.c.amount)
)
_REDUCED = unnest("given", job_id=Uuid, grant_id=Text, amount=Integer)
_REDUCTIONS = (
    select(_REDUCED.c.job_id, func.sum(_REDUCED.c.amount).label("total")).group_by(_REDUCED.c.job_id).subquery("sums")
)
REDUCE_DRAWS = (
    update(HOLD)
    .where(HOLD.c.job_id == _REDUCTIONS.c.job_id)
    .values(drawn=HOLD.c.drawn - _REDUCTIONS.c.total)
    .add_cte(
        update(DRAW)
        .where(DRAW.c.job_id == _REDUCED.c.job_id, DRAW.c.grant_id == _REDUCED.c.grant_id)
        .values(amount=DRAW.c.amount - _REDUCED.c.amount)
        .cte("reduced")
    )
)


class LapsedRow(NamedTuple):
    user_id: str


FIND_LAPSED = Query(
    LapsedRow,
    (
        select(LOT.c.user_id)
        .where(UNSPENT, LOT.c.expires_at <= NOW)
        .group_by(LOT.c.user_id)
        .order_by(func.min(LOT.c.expires_at))
        .limit(LIMIT)
    ),
)


class ExpiredRow(NamedTuple):
    job_id: UUID


FIND_EXPIRED = Query(
    ExpiredRow, select(HOLD.c.job_id).where(IS_HELD, HOLD.c.expires_at < NOW).order_by(HOLD.c.expires_at).limit(LIMIT)
)
INSERT_ACCOUNT = insert(ACCOUNT).values(user_id=bindparam("user_id")).on_conflict_do_nothing()


class GrantRow(NamedTuple):
    user_id: str
    amount: int
    reason: str | None
    grant_type: str | None
    expires_at: datetime | None


FIND_GRANT = Query(
    GrantRow,
    select(ENTRY.c.user_id, ENTRY.c.amount, ENTRY.c.reason, ENTRY.c.grant_type, ENTRY.c.expires_at).where(
        ENTRY.c.grant_id == bindparam("grant"), is_kind(EntryKind.GRANT)
    ),
)
INSERT_LOT = insert(LOT).values({column: bindparam(column.name) for column in LOT.c})


_ONE_HOLD = select(HOLD).where(HOLD.c.job_id == JOB)
FIND_HOLD = Query(HoldRow, _ONE_HOLD)
LOCK_HOLD = Query(HoldRow, _ONE_HOLD.with_for_update())
FIND_HOLD_OF_USER = Query(HoldRow, _ONE_HOLD.where(HOLD.c.user_id == USER))
REFUND_HOLD = update(HOLD).where(HOLD.c.job_id == JOB).values(refunded_at=NOW)
IS_PLACED = HOLD.c.user_id.is_not(None)  # not a tombstone
LIST_HOLDS = Query(
    HoldRow,
    (
        select(HOLD)
        .where(HOLD.c.job_id > bindparam("after", type_=Uuid()), IS_PLACED)
        .order_by(HOLD.c.job_id)
        .limit(LIMIT)
    ),
)
FIND_HOLDS = Query(HoldRow, select(HOLD).where(HOLDS_OF_JOBS, IS_PLACED))


class HoldStateRow(NamedTuple):
    job_id: UUID
    state: str
    user_id: str | None
    amount: int
    remainder: int


STATES = Query(
    HoldStateRow,
    select(HOLD.c.job_id, HOLD.c.state, HOLD.c.user_id, HOLD.c.amount, HOLD.c.remainder).where(HOLDS_OF_JOBS),
)

_SOON = bindparam("soon", type_=MOMENT)
_REMAINING = func.sum(LOT.c.remaining)
_LOTS = (
    select(
        cast(_REMAINING.filter(LOT.c.expires_at <= NOW), Integer).label("past"),
        cast(_REMAINING.filter(LOT.c.expires_at > NOW, LOT.c.expires_at <= _SOON), Integer).label("soon"),
        func.min(LOT.c.expires_at).filter(LOT.c.expires_at > NOW).label("next_expiry"),
    )
    .where(LOT.c.user_id == ACCOUNT.c.user_id, UNSPENT)
    .lateral("lots")
)


class BalanceRow(NamedTuple):
    user_id: str
    available: int
    held: int
    expiring_soon: int
    next_expiry: datetime | None


BALANCES = Query(
    BalanceRow,
    (
        select(
            ACCOUNT.c.user_id,
            (ACCOUNT.c.available - func.coalesce(_LOTS.c.past, NO_CREDITS)).label("available"),
            ACCOUNT.c.held,
            func.coalesce(_LOTS.c.soon, NO_CREDITS).label("expiring_soon"),
            _LOTS.c.next_expiry,
        )
        .select_from(ACCOUNT.outerjoin(_LOTS, ACCOUNT.c.expiring > NO_CREDITS))
        .where(among(ACCOUNT.c.user_id, "users"))
    ),
)

_DAY = func.to_char(func.timezone(inline("UTC"), ENTRY.c.created_at), inline("YYYY-MM-DD"))


def _credits_of(kind: EntryKind) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(ENTRY.c.amount).filter(is_kind(kind)), NO_CREDITS), Integer)


class UsageRow(NamedTuple):
    date: str
    type: str
    jobs: int
    credits: int
    refunded: int


USAGE = Query(
    UsageRow,
    (
        select(
            _DAY.label("date"),
            ENTRY.c.job_type.label("type"),
            cast(func.count().filter(is_kind(EntryKind.CAPTURE)), Integer).label("jobs"),
            _credits_of(EntryKind.CAPTURE).label("credits"),
            _credits_of(EntryKind.REFUND).label("refunded"),
        )
        .where(
            ENTRY.c.user_id == USER,
            ENTRY.c.created_at >= SINCE,
            ENTRY.c.created_at < UNTIL,
            is_kind(EntryKind.CAPTURE, EntryKind.REFUND),
        )
        .group_by(literal_column("1"), literal_column("2"))
        .order_by(literal_column("1"), literal_column("2"))
    ),
)

_OF_JOB = ENTRY.c.job_id == JOB
_DRAWN_BY_JOB = select(DRAW.c.grant_id).where(DRAW.c.job_id == JOB).scalar_subquery()
# By the name of the filter's parameter.
ENTRY_FILTERS: dict[str, ColumnElement[bool]] = {
    "before_id": tuple_(ENTRY.c.created_at, ENTRY.c.id)
    < tuple_(bindparam("before_time", type_=MOMENT), bindparam("before_id", type_=BigInteger())),
    "since": ENTRY.c.created_at >= SINCE,
    "until": ENTRY.c.created_at < UNTIL,
    # Spelled like the conditions of the partial unique indexes; otherwise none of them is used.
    "job": or_(
        and_(is_kind(EntryKind.HOLD), _OF_JOB),
        and_(ENDS, _OF_JOB),
        and_(is_kind(EntryKind.REMAINDER), _OF_JOB),
        and_(is_kind(EntryKind.REFUND), _OF_JOB),
        and_(is_kind(EntryKind.LAPSE), _OF_JOB, ENTRY.c.grant_id.in_(_DRAWN_BY_JOB)),
    ),
    "project": ENTRY.c.project_id == bindparam("project", type_=Uuid()),
    "kind": ENTRY.c.kind == bindparam("kind", type_=Text()),
}


@cache
def entries_page(filters: tuple[str, ...], rare: bool) -> Query[EntryRow]:
    """Returns the query of entries with these filters. rare: only kinds that the index entry_of_user_rare covers."""
    found = select(ENTRY).where(ENTRY.c.user_id == USER, *(ENTRY_FILTERS[name] for name in filters))
    return Query(EntryRow, (found.where(IS_RARE) if rare else found).order_by(*NEWEST_FIRST).limit(LIMIT))
