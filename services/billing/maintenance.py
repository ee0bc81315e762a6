"""Billing's periodic work: ends expired holds, lapses credits past their last day, seals the hash chain.

Every replica runs all of it; two replicas that find the same work do it once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import structlog

from services.billing import hash_chain
from services.billing.domain import HoldEnd, Settlement
from services.billing.ledger import Ledger
from services.chassis.backoff import jittered
from services.chassis.clock import Clock
from services.chassis.data.database import Database
from services.chassis.errors import Refusal

TICK_SECONDS = 2.0
BATCH = 500

log = structlog.get_logger()


class Maintenance:
    """Runs until cancelled. A failed step does not stop the others; the next tick repeats it."""

    def __init__(self, *, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    async def run(self) -> None:
        while True:
            await asyncio.sleep(jittered(TICK_SECONDS))
            await self._step("expire_holds", self.expire_holds)
            await self._step("lapse_credits", self.lapse_credits)
            await self._step("seal", self.seal)

    async def expire_holds(self) -> int:
        """Ends holds that are past their expiry, releasing their credits; returns their number."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            expired = await self._ledger.expired_holds(connection, now, BATCH)
        if expired:
            async with self._database.transaction() as connection:
                await self._ledger.end_holds(connection, dict.fromkeys(expired, Settlement(end=HoldEnd.EXPIRE)), now)
        return len(expired)

    async def lapse_credits(self) -> int:
        """Lapses credits past their last day; returns the number of users that had some."""
        async with self._database.transaction() as connection:
            return await self._ledger.lapse_credits(connection, self._clock.now(), BATCH)

    async def seal(self) -> int:
        """Seals the entries since the newest seal; returns their number."""
        return await hash_chain.seal(self._database, self._clock.now())

    async def _step(self, name: str, step: Callable[[], Awaitable[int]]) -> None:
        try:
            count = await step()
        except (Refusal, psycopg.errors.LockNotAvailable) as error:
            log.warning("maintenance_step_delayed", step=name, error=str(error))
        except Exception:
            log.exception("maintenance_step_failed", step=name)
        else:
            if count and name != "seal":
                log.warning("maintenance_step", step=name, count=count)
