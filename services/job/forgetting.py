"""Forgets what has been kept long enough, a bounded number at a time: recorded answers after their 24 hours, and jobs
with their assets when they are older than the operator wants them."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import structlog

from services.chassis.clock import Clock
from services.chassis.data.assets import AssetStore, folder_of
from services.chassis.data.database import Database
from services.chassis.errors import Refusal
from services.job import idempotency_records, retention

TICK_SECONDS = 30.0
BATCH = 1_000
MAX_BATCHES = 100  # at a tick: 100,000 records, more than 3,000 a second bring
JOB_BATCH = 200  # their assets are deleted one after the other
MAX_JOB_BATCHES = 25  # at a tick: 5,000 jobs, 160 a second: more than workers finish

log = structlog.get_logger()


class Forgetting:
    """Forgets until cancelled. `keep` is how long ended jobs are kept; None: for ever.

    Any number of replicas may do it: they pass over what another is deleting, or delete what is gone already.
    """

    def __init__(self, database: Database, clock: Clock, assets: AssetStore, *, keep: timedelta | None) -> None:
        self._database = database
        self._clock = clock
        self._assets = assets
        self._keep = keep

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            try:
                await self.forget()
                await self.forget_jobs()
            except Refusal as refusal:
                log.warning("forgetting_delayed", error=refusal.message)
            except Exception:
                log.exception("forgetting_failed")

    async def forget(self) -> int:
        """Deletes the recorded answers that are over, a transaction a batch; how many."""
        count = 0
        for _ in range(MAX_BATCHES):
            async with self._database.transaction() as connection:
                deleted = await idempotency_records.forget(connection, self._clock.now(), BATCH)
            count += deleted
            if deleted < BATCH:
                break
        return count

    async def forget_jobs(self) -> int:
        """Deletes the jobs that ended too long ago; how many.

        Files go first: what dies in between leaves a job whose files are gone, which the next round finds again, and
        never files that nobody knows of.
        """
        if self._keep is None:
            return 0
        count = 0
        for _ in range(MAX_JOB_BATCHES):
            cutoff = self._clock.now() - self._keep
            async with self._database.connection() as connection:
                found = await retention.ended_before(connection, cutoff, JOB_BATCH)
            for job_id, job_type in found:
                await self._assets.delete_all(folder_of(job_type, str(job_id)))
            if found:
                async with self._database.transaction() as connection:
                    count += await retention.delete(connection, [job_id for job_id, _ in found], cutoff)
            if len(found) < JOB_BATCH:
                break
        if count:
            log.info("jobs_forgotten", jobs=count)
        return count
