"""Forgets recorded answers after their 24 hours, a bounded number at a time."""

from __future__ import annotations

import asyncio
import random

import structlog

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import Refusal
from services.job import answers

TICK_SECONDS = 30.0
BATCH = 1_000
MAX_BATCHES = 100  # at a tick: 100,000 records, more than 3,000 a second bring

log = structlog.get_logger()


class Forgetting:
    """Forgets until cancelled. Replicas pass over what another is deleting."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            try:
                await self.forget()
            except Refusal as refusal:
                log.warning("forgetting_delayed", error=refusal.message)
            except Exception:
                log.exception("forgetting_failed")

    async def forget(self) -> int:
        """Deletes what is over, a transaction a batch; how many."""
        count = 0
        for _ in range(MAX_BATCHES):
            async with self._database.transaction() as connection:
                deleted = await answers.forget(connection, self._clock.now(), BATCH)
            count += deleted
            if deleted < BATCH:
                break
        return count
