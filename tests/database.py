"""What tests read of databases beside the stores: columns of the code's tables, and statements that wait for locks."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import ColumnElement, select, text

from services.chassis.data.database import Connection, Database
from services.chassis.data.statements import CountRow, Query, fetch_mappings, fetch_rows

LOCK_WAIT_SECONDS = 60
WAITING = Query(
    CountRow,
    text("""select count(*)::int as number from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'"""),
)


async def column(connection: Connection, of: ColumnElement[Any], *where: ColumnElement[bool]) -> list[Any]:
    """The values of a column in the rows with these conditions, in ascending order."""
    rows = await fetch_mappings(connection, select(of.label("value")).where(*where).order_by("value"))
    return [row["value"] for row in rows]


async def until_statements_wait_for_locks(database: Database, number: int) -> None:
    """Returns once exactly so many statements in the database wait for locks."""
    async with asyncio.timeout(LOCK_WAIT_SECONDS), database.connection() as connection:
        while (await fetch_rows(connection, WAITING))[0].number != number:  # noqa: ASYNC110 - lock waits have no event
            await asyncio.sleep(0.005)
