"""Jobs that ended long ago: found, and deleted with their attempts and assets. The ledger keeps what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.data.database import Connection, fetch_all, fetch_one
from services.chassis.data.ids import new_id


async def ended_before(connection: Connection, cutoff: datetime, size: int) -> list[tuple[UUID, str]]:
    """Settled jobs that ended before `cutoff`, oldest first: id and type.

    Ids are in order of creation, and a job ends after that, so this reads the oldest end of the primary key only.
    """
    rows = await fetch_all(
        connection,
        """select id, type from job
            where id < %(first)s and completed_at < %(cutoff)s and settled_at is not null order by id limit %(size)s""",
        {"first": new_id(cutoff, entropy=bytes(10)), "cutoff": cutoff, "size": size},
    )
    return [(row["id"], row["type"]) for row in rows]


async def delete(connection: Connection, job_ids: Sequence[UUID], cutoff: datetime) -> int:
    """Deletes these jobs and notes up to when that was done; how many."""
    await connection.execute(
        """insert into forgotten (until) values (%s)
           on conflict (one) do update set until = greatest(forgotten.until, excluded.until)""",
        [cutoff],
    )
    done = await connection.execute(
        "delete from job where id = any(%s) and completed_at < %s and settled_at is not null", [list(job_ids), cutoff]
    )
    return done.rowcount


async def forgotten_until(connection: Connection) -> datetime | None:
    """Jobs that ended before this may have been deleted; None: none were."""
    row = await fetch_one(connection, "select until from forgotten")
    return row["until"] if row else None
