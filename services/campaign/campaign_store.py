"""SQL of campaigns and of the responses to their requests. The caller opens the transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Delete,
    Integer,
    LargeBinary,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy import insert as sql_insert
from sqlalchemy.dialects.postgresql import insert

from services.campaign.domain import (
    EXPIRED_ESTIMATE_KEPT_FOR,
    KEPT_FOR,
    KEY_KEPT_FOR,
    LIVE,
    MAX_ESTIMATES,
    MAX_LIVE,
    ChildState,
    State,
)
from services.campaign.errors import CampaignLimitReached, CampaignNotFound, KeyReused
from services.campaign.rows import CampaignRow, DueRow, LeasedRow, LockedRow, RecordRow
from services.campaign.tables import CAMPAIGN, CHILD, IDEMPOTENCY_RECORD, MOMENT
from services.chassis.data.database import Connection
from services.chassis.data.sql import among, in_inline, inline
from services.chassis.data.statements import CountRow, IdRow, Query, fetch_row, fetch_rows, run

MAX_DELETED = 200  # campaigns in one transaction, each with up to 1,000 children

_USER = bindparam("user", type_=Text())
_ROW_ID = bindparam("row_id", type_=Uuid())
_NOW = bindparam("now", type_=MOMENT)
_MOST = bindparam("most", type_=Integer())
_IS_LIVE = in_inline(CAMPAIGN.c.state, [state.value for state in LIVE])
_IS_ESTIMATE = CAMPAIGN.c.state == inline(State.ESTIMATED)


def _number(state: ChildState) -> Any:
    return func.count().filter(CHILD.c.state == inline(state))


_COUNTED = (
    select(
        _number(ChildState.WAITING).label("waiting"),
        _number(ChildState.RUNNING).label("running"),
        _number(ChildState.COMPLETED).label("completed"),
        _number(ChildState.FAILED).label("failed"),
        _number(ChildState.CANCELED).label("canceled_children"),
        _number(ChildState.SKIPPED).label("skipped"),
        func.coalesce(func.sum(CHILD.c.credits).filter(CHILD.c.state == inline(ChildState.RUNNING)), 0).label("held"),
        func.coalesce(func.sum(CHILD.c.spent), 0).label("spent"),
    )
    .where(CHILD.c.campaign_id == CAMPAIGN.c.id)
    .lateral("counted")
)
_SHOWN = tuple(CAMPAIGN.c[name] for name in CampaignRow._fields if name in CAMPAIGN.c)


def _campaigns() -> Select[Any]:
    return select(*_SHOWN, *_COUNTED.c).select_from(CAMPAIGN).join(_COUNTED, true())


_NEW = (
    "id",
    "user_id",
    "api_key_id",
    "project_id",
    "name",
    "state",
    "variant_axis",
    "max_credits",
    "price_list",
    "credits_estimated",
    "children",
    "tone",
    "idempotency_key",
    "created_at",
    "expires_at",
    "begun_at",
    "next_step_at",
)
_INSERT = sql_insert(CAMPAIGN).values({CAMPAIGN.c[name]: bindparam(name) for name in _NEW})
# Serializes a user's inserts while the campaigns are counted.
_LOCK_USER = select(func.pg_advisory_xact_lock(func.hashtextextended(_USER, 3)))
_COUNT_LIVE = Query(CountRow, select(func.count().label("number")).where(CAMPAIGN.c.user_id == _USER, _IS_LIVE))
_COUNT_ESTIMATES = Query(
    CountRow,
    select(func.count().label("number")).where(CAMPAIGN.c.user_id == _USER, _IS_ESTIMATE, CAMPAIGN.c.expires_at > _NOW),
)
_FIND = Query(CampaignRow, _campaigns().where(CAMPAIGN.c.id == _ROW_ID, CAMPAIGN.c.user_id == _USER))
_FIND_ALL = Query(CampaignRow, _campaigns().where(among(CAMPAIGN.c.id, "ids")))
_LIVE_KEY = Query(
    IdRow,
    select(CAMPAIGN.c.id).where(
        CAMPAIGN.c.user_id == _USER, CAMPAIGN.c.idempotency_key == bindparam("given_key", type_=Text()), _IS_LIVE
    ),
)
_LIST = Query(
    CampaignRow,
    _campaigns()
    .where(
        CAMPAIGN.c.user_id == _USER,
        CAMPAIGN.c.state != inline(State.ESTIMATED),
        or_(CAMPAIGN.c.id < bindparam("before", type_=Uuid()), bindparam("before", type_=Uuid()).is_(None)),
    )
    .order_by(CAMPAIGN.c.id.desc())
    .limit(_MOST),
)
_LOCK = Query(
    LockedRow, select(CAMPAIGN.c.state, CAMPAIGN.c.canceled).where(CAMPAIGN.c.id == _ROW_ID).with_for_update()
)
_BEGIN = (
    update(CAMPAIGN)
    .where(CAMPAIGN.c.id == _ROW_ID, _IS_ESTIMATE)
    .values(
        state=State.ADMITTING.value,
        begun_at=_NOW,
        next_step_at=_NOW,
        api_key_id=bindparam("new_api_key_id", type_=Text()),
        max_credits=bindparam("new_max_credits", type_=Integer()),
        idempotency_key=bindparam("new_key", type_=Text()),
    )
)
_CANCEL = update(CAMPAIGN).where(CAMPAIGN.c.id == _ROW_ID).values(canceled=True, next_step_at=_NOW)
_due = (
    select(CAMPAIGN.c.id)
    .where(
        _IS_LIVE,
        CAMPAIGN.c.next_step_at <= _NOW,
        or_(CAMPAIGN.c.leased_until.is_(None), CAMPAIGN.c.leased_until <= _NOW),
    )
    .order_by(CAMPAIGN.c.next_step_at)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
    .cte("due")
)
_LEASE = Query(
    LeasedRow,
    update(CAMPAIGN)
    .where(CAMPAIGN.c.id == _due.c.id)
    .values(leased_until=bindparam("until", type_=MOMENT))
    .returning(*(CAMPAIGN.c[name] for name in LeasedRow._fields)),
)
_IS_LEASED = CAMPAIGN.c.leased_until == bindparam("lease", type_=MOMENT)
_RETURN = (
    update(CAMPAIGN)
    .where(CAMPAIGN.c.id == _ROW_ID, CAMPAIGN.c.leased_until == bindparam("lease", type_=MOMENT), _IS_LIVE)
    .values(
        leased_until=None,
        next_step_at=bindparam("next", type_=MOMENT),
        failures=bindparam("new_failures", type_=Integer()),
    )
)
_NEW_STATE = bindparam("new_state", type_=Text())
_MOVE = update(CAMPAIGN).where(CAMPAIGN.c.id == _ROW_ID, _IS_LIVE).values(state=_NEW_STATE)
_END = (
    update(CAMPAIGN)
    .where(CAMPAIGN.c.id == _ROW_ID, _IS_LIVE)
    .values(state=_NEW_STATE, ended_at=_NOW, next_step_at=None, leased_until=None, failures=0)
)
_OLDEST_DUE = Query(DueRow, select(func.min(CAMPAIGN.c.next_step_at).label("next_step_at")).where(_IS_LIVE))
_FIND_RECORD = Query(
    RecordRow,
    select(IDEMPOTENCY_RECORD.c.digest, IDEMPOTENCY_RECORD.c.response).where(
        IDEMPOTENCY_RECORD.c.user_id == _USER,
        IDEMPOTENCY_RECORD.c.key == bindparam("given_key", type_=Text()),
        IDEMPOTENCY_RECORD.c.created_at > bindparam("cutoff", type_=MOMENT),
    ),
)
_recorded = insert(IDEMPOTENCY_RECORD).values(
    user_id=_USER,
    key=bindparam("given_key", type_=Text()),
    digest=bindparam("given_digest", type_=LargeBinary()),
    response=bindparam("given_response", type_=LargeBinary()),
    created_at=_NOW,
)
_RECORD = _recorded.on_conflict_do_update(  # an older one than KEY_KEPT_FOR
    index_elements=[IDEMPOTENCY_RECORD.c.user_id, IDEMPOTENCY_RECORD.c.key],
    set_={name: _recorded.excluded[name] for name in ("digest", "response", "created_at")},
)
_CUTOFF = bindparam("cutoff", type_=MOMENT)


def _delete_some(condition: ColumnElement[bool]) -> Delete:
    found = select(CAMPAIGN.c.id).where(condition).limit(_MOST).with_for_update(skip_locked=True)
    return delete(CAMPAIGN).where(CAMPAIGN.c.id.in_(found))


_DELETE_ESTIMATES = _delete_some(and_(_IS_ESTIMATE, CAMPAIGN.c.expires_at < _CUTOFF))
_DELETE_ENDED = _delete_some(CAMPAIGN.c.ended_at < _CUTOFF)
_old_keys = (
    select(IDEMPOTENCY_RECORD.c.user_id, IDEMPOTENCY_RECORD.c.key)
    .where(IDEMPOTENCY_RECORD.c.created_at < _CUTOFF)
    .limit(_MOST)
    .with_for_update(skip_locked=True)
)
_DELETE_KEYS = delete(IDEMPOTENCY_RECORD).where(
    tuple_(IDEMPOTENCY_RECORD.c.user_id, IDEMPOTENCY_RECORD.c.key).in_(_old_keys)
)


async def lock_user(connection: Connection, user_id: str) -> None:
    """Makes the user's other requests for campaigns wait until the transaction ends, so that limits and keys hold."""
    await run(connection, _LOCK_USER, {"user": user_id})


async def check_limits(connection: Connection, user_id: str, now: datetime, *, estimate: bool) -> None:
    """Raises CampaignLimitReached if the user may have no further campaign, or estimate. The user is locked."""
    if estimate:
        [row] = await fetch_rows(connection, _COUNT_ESTIMATES, {"user": user_id, "now": now})
        if row.number >= MAX_ESTIMATES:
            raise CampaignLimitReached(
                f"You have {MAX_ESTIMATES} estimates that are valid. Execute one, or wait until one expires."
            )
        return
    [row] = await fetch_rows(connection, _COUNT_LIVE, {"user": user_id})
    if row.number >= MAX_LIVE:
        raise CampaignLimitReached(f"You have {MAX_LIVE} campaigns in progress. Wait until one ends, or cancel one.")


async def create(connection: Connection, values: Mapping[str, Any]) -> None:
    """Stores a campaign or an estimate, without its children."""
    await run(connection, _INSERT, values)


async def find(connection: Connection, campaign_id: UUID, user_id: str) -> CampaignRow:
    """The user's campaign or estimate. Raises CampaignNotFound, also for one of somebody else."""
    row = await fetch_row(connection, _FIND, {"row_id": campaign_id, "user": user_id})
    if row is None:
        raise CampaignNotFound
    return row


async def find_begun(connection: Connection, campaign_id: UUID, user_id: str) -> CampaignRow:
    """The user's campaign. Raises CampaignNotFound, also for an estimate."""
    row = await find(connection, campaign_id, user_id)
    if row.state == State.ESTIMATED:
        raise CampaignNotFound
    return row


async def find_all(connection: Connection, campaign_ids: Sequence[UUID]) -> Sequence[CampaignRow]:
    """Those of these campaigns that exist, of any user."""
    return await fetch_rows(connection, _FIND_ALL, {"ids": list(campaign_ids)})


async def find_live(connection: Connection, user_id: str, key: str) -> UUID | None:
    """The campaign with this idempotencyKey that has not ended."""
    row = await fetch_row(connection, _LIVE_KEY, {"user": user_id, "given_key": key})
    return None if row is None else row.id


async def list_campaigns(
    connection: Connection, user_id: str, before: UUID | None, limit: int
) -> Sequence[CampaignRow]:
    """The user's campaigns that have begun, newest first; before: only older ones than this."""
    return await fetch_rows(connection, _LIST, {"user": user_id, "before": before, "most": limit})


async def lock(connection: Connection, campaign_id: UUID) -> LockedRow:
    """Locks a campaign, so that it is not canceled meanwhile. Raises CampaignNotFound."""
    row = await fetch_row(connection, _LOCK, {"row_id": campaign_id})
    if row is None:
        raise CampaignNotFound
    return row


async def begin(
    connection: Connection,
    campaign_id: UUID,
    *,
    api_key_id: str,
    max_credits: int | None,
    idempotency_key: str,
    now: datetime,
) -> None:
    """Begins the campaign of an estimate that is locked."""
    parameters = {
        "row_id": campaign_id,
        "new_api_key_id": api_key_id,
        "new_max_credits": max_credits,
        "new_key": idempotency_key,
        "now": now,
    }
    await run(connection, _BEGIN, parameters)


async def cancel(connection: Connection, campaign_id: UUID, now: datetime) -> None:
    """Lets nothing more of a locked campaign begin."""
    await run(connection, _CANCEL, {"row_id": campaign_id, "now": now})


async def lease(connection: Connection, now: datetime, until: datetime, limit: int) -> Sequence[LeasedRow]:
    """Leases due campaigns to the caller until `until`."""
    return await fetch_rows(connection, _LEASE, {"now": now, "until": until, "most": limit})


async def return_lease(connection: Connection, leased: LeasedRow, next_step_at: datetime, failures: int) -> None:
    """Ends a lease; the next step is due at `next_step_at`. Changes nothing if the lease was lost."""
    parameters = {
        "row_id": leased.id,
        "lease": leased.leased_until,
        "next": next_step_at,
        "new_failures": failures,
    }
    await run(connection, _RETURN, parameters)


async def move(connection: Connection, campaign_id: UUID, state: State, now: datetime) -> bool:
    """Sets the state of a campaign that has not ended; whether it ended now."""
    if state in LIVE:
        await run(connection, _MOVE, {"row_id": campaign_id, "new_state": state.value})
        return False
    return bool(await run(connection, _END, {"row_id": campaign_id, "new_state": state.value, "now": now}))


async def oldest_due(connection: Connection) -> datetime | None:
    """When the most overdue step was due; None without campaigns in progress."""
    row = await fetch_row(connection, _OLDEST_DUE)
    return None if row is None else row.next_step_at


async def find_record(connection: Connection, user_id: str, key: str, digest: bytes, now: datetime) -> bytes | None:
    """The response to an earlier request with this Idempotency-Key. Raises KeyReused for a different request."""
    row = await fetch_row(connection, _FIND_RECORD, {"user": user_id, "given_key": key, "cutoff": now - KEY_KEPT_FOR})
    if row is None:
        return None
    if row.digest != digest:
        raise KeyReused
    return row.response


async def record(connection: Connection, user_id: str, key: str, digest: bytes, response: bytes, now: datetime) -> None:
    """Stores the response to a request with an Idempotency-Key. The user is locked, and no record is valid."""
    parameters = {
        "user": user_id,
        "given_key": key,
        "given_digest": digest,
        "given_response": response,
        "now": now,
    }
    await run(connection, _RECORD, parameters)


async def delete_old(connection: Connection, now: datetime) -> int:
    """Deletes estimates, ended campaigns and Idempotency-Keys past their time, MAX_DELETED of each; their number."""
    number = 0
    for statement, age in (
        (_DELETE_ESTIMATES, EXPIRED_ESTIMATE_KEPT_FOR),
        (_DELETE_ENDED, KEPT_FOR),
        (_DELETE_KEYS, KEY_KEPT_FOR),
    ):
        number += await run(connection, statement, {"cutoff": now - age, "most": MAX_DELETED})
    return number
