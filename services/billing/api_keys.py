"""API keys: their table, and what they may spend.

The budget functions are called by the ledger with the owners' accounts locked, which is what keeps two transactions
from spending the same rest of a budget.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from services.billing.domain import ApiKey, ApiKeyLimitReached, ApiKeyNotFound, HoldOrder
from services.chassis.data.database import Connection, fetch_all, fetch_one

MAX_KEYS = 50  # of one user, that are good


async def insert(connection: Connection, key: ApiKey, key_hash: bytes, now: datetime) -> None:
    """Raises ApiKeyLimitReached."""
    # The number is counted under a lock of the user's own; there need not be an account yet.
    await connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))", [f"api_key {key.user_id}"])
    row = await fetch_one(
        connection,
        "select count(*) as good from api_key where user_id = %s and revoked_at is null and expires_at > %s",
        [key.user_id, now],
    )
    assert row is not None, "a count has a row"
    if row["good"] >= MAX_KEYS:
        raise ApiKeyLimitReached(MAX_KEYS)
    await connection.execute(
        """insert into api_key (id, user_id, name, hint, hash, budget, created_at, expires_at)
           values (%s, %s, %s, %s, %s, %s, %s, %s)""",
        [key.id, key.user_id, key.name, key.hint, key_hash, key.budget, key.created_at, key.expires_at],
    )


async def of_user(connection: Connection, user_id: str, before: UUID | None, size: int) -> list[ApiKey]:
    """A user's keys, newest first."""
    rows = await fetch_all(
        connection,
        """select id, user_id, name, hint, budget, spent, created_at, expires_at, revoked_at from api_key
            where user_id = %(user)s and (id < %(before)s or %(before)s::uuid is null)
            order by id desc limit %(size)s""",
        {"user": user_id, "before": before, "size": size},
    )
    return [ApiKey(**row) for row in rows]


async def revoke(connection: Connection, key_id: UUID, user_id: str, now: datetime) -> None:
    """Raises ApiKeyNotFound."""
    row = await fetch_one(
        connection,
        """update api_key set revoked_at = coalesce(revoked_at, %s) where id = %s and user_id = %s returning id""",
        [now, key_id, user_id],
    )
    if row is None:
        raise ApiKeyNotFound


async def find(connection: Connection, key_hash: bytes, now: datetime) -> DictRow | None:
    """Whose key it is: (id, user_id, expires_at); None: nobody's, or nobody's any more."""
    return await fetch_one(
        connection,
        "select id, user_id, expires_at from api_key where hash = %s and revoked_at is null and expires_at > %s",
        [key_hash, now],
    )


async def allowances(connection: Connection, orders: Sequence[HoldOrder], now: datetime) -> Mapping[UUID, int | None]:
    """What the keys of these orders may still spend (None: anything); a key that is not good any more has no entry."""
    keys = {order.key_id: order.user_id for order in orders if order.key_id is not None}
    if not keys:
        return {}
    rows = await fetch_all(
        connection,
        """select api_key.id, budget - spent as left from api_key
             join unnest(%s::uuid[], %s::text[]) as given (id, user_id) using (id, user_id)
            where revoked_at is null and expires_at > %s""",
        [list(keys), list(keys.values()), now],
    )
    return {row["id"]: row["left"] for row in rows}


async def spend(connection: Connection, spendings: Sequence[tuple[UUID, UUID, int]]) -> None:
    """Counts holds (job id, key id, amount) against their keys."""
    if not spendings:
        return
    totals: defaultdict[UUID, int] = defaultdict(int)
    for _, key_id, amount in spendings:
        totals[key_id] += amount
    await connection.execute(
        "insert into key_spending (job_id, key_id, amount) select * from unnest(%s::uuid[], %s::uuid[], %s::int[])",
        [list(column) for column in zip(*spendings, strict=True)],
    )
    await connection.execute(
        """update api_key set spent = spent + given.amount
             from unnest(%s::uuid[], %s::int[]) as given (id, amount) where api_key.id = given.id""",
        [list(totals), list(totals.values())],
    )


async def give_back(connection: Connection, job_ids: Sequence[UUID]) -> None:
    """What these jobs have cost can be spent by their keys again."""
    if not job_ids:
        return
    await connection.execute(
        """with gone as (update key_spending set returned = true where job_id = any(%s) and not returned
                         returning key_id, amount)
           update api_key set spent = spent - sums.amount
             from (select key_id, sum(amount) as amount from gone group by key_id) as sums
            where api_key.id = sums.key_id""",
        [list(job_ids)],
    )
