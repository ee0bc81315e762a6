"""Database rows and ledger consistency of a running system."""

from __future__ import annotations

from typing import Any

import psycopg

from services.billing.audit import verify
from services.chassis.data.database import Database
from tests.running import RunningSystem


def rows(system: RunningSystem, database: str, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(system.system.database_url(database)) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


async def ledger_violations(system: RunningSystem) -> list[str]:
    """The inconsistencies that the audit of billing finds; empty when there are none."""
    database = Database(system.system.database_url("billing"), pool_size=1)
    await database.open()
    async with database.connection() as connection:
        audit = await verify(connection)
    await database.close()
    return list(audit.problems)
