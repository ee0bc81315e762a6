"""The attempts of jobs: opened with a lease, closed with its outcome, kept with worker, times and cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from services.chassis.data.database import Connection


async def open_attempts(connection: Connection, rows: Sequence[DictRow], now: datetime) -> None:
    if rows:
        await connection.execute(
            """insert into attempt (job_id, number, worker, started_at)
               select *, %s from unnest(%s::uuid[], %s::int[], %s::text[])""",
            [
                now,
                [row["id"] for row in rows],
                [row["attempt"] for row in rows],
                [row["worker"] for row in rows],
            ],
        )


async def close_attempts(
    connection: Connection, rows: Sequence[DictRow], outcome: str, cause: str, now: datetime
) -> None:
    if rows:
        await connection.execute(
            """update attempt set ended_at = %s, outcome = %s, cause = %s
                 from unnest(%s::uuid[], %s::int[]) as given (job_id, number)
                where attempt.job_id = given.job_id and attempt.number = given.number and ended_at is null""",
            [now, outcome, cause, [row["id"] for row in rows], [row["attempt"] for row in rows]],
        )
