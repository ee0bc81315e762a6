"""Retention: deletes idempotency records after 24 hours, and old jobs with their attempts and assets.

Each transaction deletes a bounded number of rows. The ledger retains what the jobs cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import Integer, Uuid, and_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.backoff import jittered
from services.chassis.clock import Clock
from services.chassis.data.assets import AssetStore, job_folder
from services.chassis.data.database import Connection, Database
from services.chassis.data.ids import new_id
from services.chassis.data.sql import among
from services.chassis.data.statements import Query, fetch_rows, run
from services.chassis.errors import Refusal
from services.job import idempotency_records
from services.job.tables import MOMENT, job, retention_mark

TICK_SECONDS = 30.0
RECORD_BATCH = 1_000
MAX_RECORD_BATCHES = 100  # per tick: 100,000 records, enough for more than 3,000 requests a second
JOB_BATCH = 200  # their assets are deleted one after the other
MAX_JOB_BATCHES = 25  # per tick: 5,000 jobs, 160 a second: more than workers finish

_CUTOFF = bindparam("cutoff", type_=MOMENT)
_OLD = and_(job.c.completed_at < _CUTOFF, job.c.settled_at.is_not(None))


class _EndedRow(NamedTuple):
    id: UUID
    type: str


_ENDED_BEFORE = Query(
    _EndedRow,
    (
        select(job.c.id, job.c.type)
        .where(job.c.id < bindparam("first", type_=Uuid()), _OLD)
        .order_by(job.c.id)
        .limit(bindparam("most", type_=Integer()))
    ),
)
_inserted = insert(retention_mark).from_select(["deleted_until"], select(_CUTOFF))
_MARK_DELETED = _inserted.on_conflict_do_update(
    index_elements=[retention_mark.c.singleton],
    set_={"deleted_until": func.greatest(retention_mark.c.deleted_until, _inserted.excluded.deleted_until)},
)
_DELETE_JOBS = delete(job).where(among(job.c.id, "ids"), _OLD)

log = structlog.get_logger()


class Retention:
    """Deletes what is past its retention time. Replicas skip, or find deleted, what another replica deletes."""

    def __init__(
        self, database: Database, clock: Clock, assets: AssetStore, *, job_retention: timedelta | None
    ) -> None:
        """job_retention: how long a job is retained after its end; None: for ever."""
        self._database = database
        self._clock = clock
        self._assets = assets
        self._job_retention = job_retention

    async def run(self) -> None:
        """Deletes at every tick until cancelled."""
        while True:
            await asyncio.sleep(jittered(TICK_SECONDS))
            try:
                await self.delete_expired_records()
                await self.delete_old_jobs()
            except Refusal as refusal:
                log.warning("retention_delayed", error=refusal.message)
            except Exception:
                log.exception("retention_failed")

    async def delete_expired_records(self) -> int:
        """Deletes expired idempotency records, one transaction per batch; their number."""
        count = 0
        for _ in range(MAX_RECORD_BATCHES):
            async with self._database.transaction() as connection:
                deleted = await idempotency_records.delete_expired(connection, self._clock.now(), RECORD_BATCH)
            count += deleted
            if deleted < RECORD_BATCH:
                break
        return count

    async def delete_old_jobs(self) -> int:
        """Deletes jobs that ended too long ago; their number.

        Files are deleted before rows: an interruption leaves a job without files, which the next round finds again,
        and never a file without a job.
        """
        if self._job_retention is None:
            return 0
        count = 0
        for _ in range(MAX_JOB_BATCHES):
            cutoff = self._clock.now() - self._job_retention
            async with self._database.connection() as connection:
                found = await ended_before(connection, cutoff, JOB_BATCH)
            for job_id, job_type in found:
                await self._assets.delete_all(job_folder(job_type, str(job_id)))
            if found:
                async with self._database.transaction() as connection:
                    count += await delete_jobs(connection, [job_id for job_id, _ in found], cutoff)
            if len(found) < JOB_BATCH:
                break
        if count:
            log.info("jobs_deleted", jobs=count)
        return count


async def ended_before(connection: Connection, cutoff: datetime, limit: int) -> list[tuple[UUID, str]]:
    """Settled jobs that ended before `cutoff`, oldest first: id and type.

    Ids are in order of creation, and a job ends later, so only the oldest end of the primary key is read.
    """
    rows = await fetch_rows(
        connection, _ENDED_BEFORE, {"first": new_id(cutoff, entropy=bytes(10)), "cutoff": cutoff, "most": limit}
    )
    return [(row.id, row.type) for row in rows]


async def delete_jobs(connection: Connection, job_ids: Sequence[UUID], cutoff: datetime) -> int:
    """Deletes these jobs and records the cutoff, which `queries.deleted_until` reads; the number of deleted jobs."""
    await run(connection, _MARK_DELETED, {"cutoff": cutoff})
    return await run(connection, _DELETE_JOBS, {"ids": list(job_ids), "cutoff": cutoff})
