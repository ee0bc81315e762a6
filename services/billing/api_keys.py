"""The table of API keys, and their budgets.

The budget functions are called by the ledger while it holds the locks of the owners' accounts. Without these locks two
transactions could spend the same remaining budget.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy import insert as sql_insert

from services.billing.domain import ApiKey, HoldRequest
from services.billing.errors import ApiKeyLimitReached, ApiKeyNotFound
from services.billing.tables import API_KEY, KEY_SPENDING, MOMENT
from services.chassis.data.database import Connection
from services.chassis.data.sql import among, unnest
from services.chassis.data.statements import CountRow, Query, fetch_row, fetch_rows, run
from services.chassis.rpc.api_keys import ApiKeyOwner

MAX_KEYS = 50  # usable keys of one user: neither revoked nor expired

NOW = bindparam("now", type_=MOMENT)
USER = bindparam("user", type_=Text())
BEFORE = bindparam("before", type_=Uuid())
IS_USABLE = and_(API_KEY.c.revoked_at.is_(None), API_KEY.c.expires_at > NOW)

# Serializes the user's inserts while the keys are counted; the user may have no account to lock.
LOCK_USER = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name", type_=Text()), 1)))


COUNT_USABLE = Query(CountRow, select(func.count().label("number")).where(API_KEY.c.user_id == USER, IS_USABLE))
_STORED = [API_KEY.c[field.name] for field in fields(ApiKey)]  # all columns but the hash
INSERT = sql_insert(API_KEY).values({column: bindparam(column.name) for column in (*_STORED, API_KEY.c.hash)})


LIST = Query(
    ApiKey,
    (
        select(*_STORED)
        .where(API_KEY.c.user_id == USER, or_(API_KEY.c.id < BEFORE, BEFORE.is_(None)))
        .order_by(API_KEY.c.id.desc())
        .limit(bindparam("limit", type_=BigInteger()))
    ),
)
REVOKE = (
    update(API_KEY)
    .where(API_KEY.c.id == bindparam("key_id"), API_KEY.c.user_id == USER)
    .values(revoked_at=func.coalesce(API_KEY.c.revoked_at, NOW))
)


class UsableKeyRow(NamedTuple):
    id: UUID
    user_id: str
    expires_at: datetime


FIND_USABLE = Query(
    UsableKeyRow,
    select(API_KEY.c.id, API_KEY.c.user_id, API_KEY.c.expires_at).where(
        API_KEY.c.hash == bindparam("key_hash"), IS_USABLE
    ),
)
_KEYS = unnest("given", id=Uuid, user_id=Text)


class BudgetRow(NamedTuple):
    id: UUID
    remaining: int | None


REMAINING_BUDGETS = Query(
    BudgetRow,
    (
        select(API_KEY.c.id, (API_KEY.c.budget - API_KEY.c.spent).label("remaining"))
        .join_from(API_KEY, _KEYS, and_(_KEYS.c.id == API_KEY.c.id, _KEYS.c.user_id == API_KEY.c.user_id))
        .where(IS_USABLE)
    ),
)
_CHARGES = unnest("given", job_id=Uuid, key_id=Uuid, amount=Integer)
INSERT_SPENDING = sql_insert(KEY_SPENDING).from_select(["job_id", "key_id", "amount"], select(_CHARGES))
_TOTALS = unnest("given", id=Uuid, amount=Integer)
CHARGE = update(API_KEY).where(API_KEY.c.id == _TOTALS.c.id).values(spent=API_KEY.c.spent + _TOTALS.c.amount)
_RESTORED = (
    update(KEY_SPENDING)
    .where(among(KEY_SPENDING.c.job_id, "job_ids"), ~KEY_SPENDING.c.restored)
    .values(restored=true())
    .returning(KEY_SPENDING.c.key_id, KEY_SPENDING.c.amount)
    .cte("updated")
)
_SUMS = (
    select(_RESTORED.c.key_id, func.sum(_RESTORED.c.amount).label("amount"))
    .group_by(_RESTORED.c.key_id)
    .subquery("sums")
)
_REDUCED = unnest("given", job_id=Uuid, amount=Integer)
_REDUCTIONS = (
    update(KEY_SPENDING)
    .where(KEY_SPENDING.c.job_id == _REDUCED.c.job_id)
    .values(amount=KEY_SPENDING.c.amount - _REDUCED.c.amount)
    .returning(KEY_SPENDING.c.key_id, _REDUCED.c.amount)
    .cte("reduced")
)
_REDUCED_SUMS = (
    select(_REDUCTIONS.c.key_id, func.sum(_REDUCTIONS.c.amount).label("amount"))
    .group_by(_REDUCTIONS.c.key_id)
    .subquery("reduced_sums")
)
REDUCE = (
    update(API_KEY).where(API_KEY.c.id == _REDUCED_SUMS.c.key_id).values(spent=API_KEY.c.spent - _REDUCED_SUMS.c.amount)
)
RESTORE = update(API_KEY).where(API_KEY.c.id == _SUMS.c.key_id).values(spent=API_KEY.c.spent - _SUMS.c.amount)


async def insert(connection: Connection, key: ApiKey, key_hash: bytes, now: datetime) -> None:
    """Stores a new key. Raises ApiKeyLimitReached."""
    await run(connection, LOCK_USER, {"name": f"api_key {key.user_id}"})
    [row] = await fetch_rows(connection, COUNT_USABLE, {"user": key.user_id, "now": now})
    if row.number >= MAX_KEYS:
        raise ApiKeyLimitReached(MAX_KEYS)
    await run(connection, INSERT, {**asdict(key), "hash": key_hash})


async def list_keys(connection: Connection, user_id: str, before: UUID | None, limit: int) -> list[ApiKey]:
    """Returns a user's keys, newest first, revoked and expired ones included; `before`: only keys older than this."""
    return await fetch_rows(connection, LIST, {"user": user_id, "before": before, "limit": limit})


async def revoke(connection: Connection, key_id: UUID, user_id: str, now: datetime) -> None:
    """Revokes a user's key; a repeated call leaves the time of the first. Raises ApiKeyNotFound."""
    if not await run(connection, REVOKE, {"key_id": key_id, "user": user_id, "now": now}):
        raise ApiKeyNotFound


async def find_usable(connection: Connection, key_hash: bytes, now: datetime) -> ApiKeyOwner | None:
    """Finds the owner of a key by its SHA-256. None: unknown, revoked or expired."""
    row = await fetch_row(connection, FIND_USABLE, {"key_hash": key_hash, "now": now})
    return None if row is None else ApiKeyOwner(user_id=row.user_id, key_id=str(row.id), expires_at=row.expires_at)


async def remaining_budgets(
    connection: Connection, requests: Sequence[HoldRequest], now: datetime
) -> Mapping[UUID, int | None]:
    """Returns the remaining budget, in credits, of each key that the hold requests name (None: no limit).

    Keys that are unknown, revoked, expired or another user's have no entry.
    """
    keys = {request.key_id: request.user_id for request in requests if request.key_id is not None}
    if not keys:
        return {}
    rows = await fetch_rows(
        connection, REMAINING_BUDGETS, {"given_id": list(keys), "given_user_id": list(keys.values()), "now": now}
    )
    return {row.id: row.remaining for row in rows}


async def charge_budgets(connection: Connection, charges: Sequence[tuple[UUID, UUID, int]]) -> None:
    """Charges holds to their keys' budgets: (job id, key id, credits) each."""
    if not charges:
        return
    totals: defaultdict[UUID, int] = defaultdict(int)
    for _, key_id, amount in charges:
        totals[key_id] += amount
    job_ids, key_ids, amounts = (list(column) for column in zip(*charges, strict=True))
    await run(connection, INSERT_SPENDING, {"given_job_id": job_ids, "given_key_id": key_ids, "given_amount": amounts})
    await run(connection, CHARGE, {"given_id": list(totals), "given_amount": list(totals.values())})


async def restore_budgets(connection: Connection, job_ids: Sequence[UUID]) -> None:
    """Restores to their keys' budgets the credits that these jobs were charged, once for each job."""
    if not job_ids:
        return
    await run(connection, RESTORE, {"job_ids": list(job_ids)})


async def reduce_spending(connection: Connection, parts: Mapping[UUID, int]) -> None:
    """Restores a part of what these jobs were charged to their keys' budgets: credits by job id."""
    if not parts:
        return
    await run(connection, REDUCE, {"given_job_id": list(parts), "given_amount": list(parts.values())})
