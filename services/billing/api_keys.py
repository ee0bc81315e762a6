"""The table of API keys, and their budgets.

The budget functions are called by the ledger while it holds the locks of the owners' accounts. Without these locks two
transactions could spend the same remaining budget.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from services.billing.domain import ApiKey, HoldRequest
from services.billing.errors import ApiKeyLimitReached, ApiKeyNotFound
from services.chassis.data.database import Connection, fetch_all, fetch_one

MAX_KEYS = 50  # usable keys of one user: neither revoked nor expired


async def insert(connection: Connection, key: ApiKey, key_hash: bytes, now: datetime) -> None:
    """Stores a new key. Raises ApiKeyLimitReached."""
    # An advisory lock serializes the user's inserts while the keys are counted; the user may have no account to lock.
    await connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))", [f"api_key {key.user_id}"])
    row = await fetch_one(
        connection,
        "select count(*) as usable from api_key where user_id = %s and revoked_at is null and expires_at > %s",
        [key.user_id, now],
    )
    assert row is not None, "an aggregate returns one row"
    if row["usable"] >= MAX_KEYS:
        raise ApiKeyLimitReached(MAX_KEYS)
    await connection.execute(
        """insert into api_key (id, user_id, name, hint, hash, budget, created_at, expires_at)
           values (%s, %s, %s, %s, %s, %s, %s, %s)""",
        [key.id, key.user_id, key.name, key.hint, key_hash, key.budget, key.created_at, key.expires_at],
    )


async def list_keys(connection: Connection, user_id: str, before: UUID | None, limit: int) -> list[ApiKey]:
    """Returns a user's keys, newest first, revoked and expired ones included; `before`: only keys older than this."""
    rows = await fetch_all(
        connection,
        """select id, user_id, name, hint, budget, spent, created_at, expires_at, revoked_at from api_key
            where user_id = %(user)s and (id < %(before)s or %(before)s::uuid is null)
            order by id desc limit %(limit)s""",
        {"user": user_id, "before": before, "limit": limit},
    )
    return [ApiKey(**row) for row in rows]


async def revoke(connection: Connection, key_id: UUID, user_id: str, now: datetime) -> None:
    """Revokes a user's key; a repeated call leaves the time of the first. Raises ApiKeyNotFound."""
    row = await fetch_one(
        connection,
        """update api_key set revoked_at = coalesce(revoked_at, %s) where id = %s and user_id = %s returning id""",
        [now, key_id, user_id],
    )
    if row is None:
        raise ApiKeyNotFound


async def find_usable(connection: Connection, key_hash: bytes, now: datetime) -> DictRow | None:
    """Finds a key by its SHA-256: (id, user_id, expires_at). None: unknown, revoked or expired."""
    return await fetch_one(
        connection,
        "select id, user_id, expires_at from api_key where hash = %s and revoked_at is null and expires_at > %s",
        [key_hash, now],
    )


async def remaining_budgets(
    connection: Connection, requests: Sequence[HoldRequest], now: datetime
) -> Mapping[UUID, int | None]:
    """Returns the remaining budget, in credits, of each key that the hold requests name (None: no limit).

    Keys that are unknown, revoked, expired or another user's have no entry.
    """
    keys = {request.key_id: request.user_id for request in requests if request.key_id is not None}
    if not keys:
        return {}
    rows = await fetch_all(
        connection,
        """select api_key.id, budget - spent as remaining from api_key
             join unnest(%s::uuid[], %s::text[]) as given (id, user_id) using (id, user_id)
            where revoked_at is null and expires_at > %s""",
        [list(keys), list(keys.values()), now],
    )
    return {row["id"]: row["remaining"] for row in rows}


async def charge_budgets(connection: Connection, charges: Sequence[tuple[UUID, UUID, int]]) -> None:
    """Charges holds to their keys' budgets: (job id, key id, credits) each."""
    if not charges:
        return
    totals: defaultdict[UUID, int] = defaultdict(int)
    for _, key_id, amount in charges:
        totals[key_id] += amount
    await connection.execute(
        "insert into key_spending (job_id, key_id, amount) select * from unnest(%s::uuid[], %s::uuid[], %s::int[])",
        [list(column) for column in zip(*charges, strict=True)],
    )
    await connection.execute(
        """update api_key set spent = spent + given.amount
             from unnest(%s::uuid[], %s::int[]) as given (id, amount) where api_key.id = given.id""",
        [list(totals), list(totals.values())],
    )


async def restore_budgets(connection: Connection, job_ids: Sequence[UUID]) -> None:
    """Restores to their keys' budgets the credits that these jobs were charged, once for each job."""
    if not job_ids:
        return
    await connection.execute(
        """with updated as (update key_spending set restored = true where job_id = any(%s) and not restored
                             returning key_id, amount)
           update api_key set spent = spent - sums.amount
             from (select key_id, sum(amount) as amount from updated group by key_id) as sums
            where api_key.id = sums.key_id""",
        [list(job_ids)],
    )
