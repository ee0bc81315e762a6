"""The number of the chain writers' lock is the same in the registry and in the schema."""

from __future__ import annotations

import psycopg

from services.chassis.data.locks import CHAIN_WRITERS_LOCK
from tests.billing.harness import LedgerHarness


async def test_adding_entries_takes_the_chain_writers_lock_of_the_registry(harness: LedgerHarness) -> None:
    await harness.grant("u", 5)
    with psycopg.connect(harness.url) as connection:
        connection.execute(
            "insert into entry (kind, user_id, amount, debit, credit, grant_id, created_at)"
            " values ('grant', 'u', 5, 'issued', 'available', 'g', now())"
        )
        held = connection.execute(
            "select mode from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"
            " and classid::bigint << 32 | objid::bigint = %s",
            [CHAIN_WRITERS_LOCK],
        ).fetchall()
    assert held == [("ShareLock",)]
