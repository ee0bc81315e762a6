"""Retention: deletes idempotency records after 24 hours, and old jobs with their attempts and assets.

Each transaction deletes a bounded number of rows. The ledger retains what the jobs cost.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from services.chassis.clock import Clock
from services.chassis.data.assets import AssetStore, job_folder
from services.chassis.data.database import Connection, Database, fetch_all
from services.chassis.data.ids import new_id
from services.chassis.errors import Refusal
from services.job import idempotency_records

TICK_SECONDS = 30.0
RECORD_BATCH = 1_000
MAX_RECORD_BATCHES = 100  # per tick: 100,000 records, enough for more than 3,000 requests a second
JOB_BATCH = 200  # their assets are deleted one after the other
MAX_JOB_BATCHES = 25  # per tick: 5,000 jobs, 160 a second: more than workers finish

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
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
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
    rows = await fetch_all(
        connection,
        """select id, type from job
            where id < %(first)s and completed_at < %(cutoff)s and settled_at is not null
            order by id limit %(limit)s""",
        {"first": new_id(cutoff, entropy=bytes(10)), "cutoff": cutoff, "limit": limit},
    )
    return [(row["id"], row["type"]) for row in rows]


async def delete_jobs(connection: Connection, job_ids: Sequence[UUID], cutoff: datetime) -> int:
    """Deletes these jobs and records the cutoff, which `queries.deleted_until` reads; the number of deleted jobs."""
    await connection.execute(
        """insert into retention_mark (deleted_until) values (%s)
           on conflict (singleton)
           do update set deleted_until = greatest(retention_mark.deleted_until, excluded.deleted_until)""",
        [cutoff],
    )
    deleted = await connection.execute(
        "delete from job where id = any(%s) and completed_at < %s and settled_at is not null", [list(job_ids), cutoff]
    )
    return deleted.rowcount
