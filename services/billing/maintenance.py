"""What billing does by itself: holds that nobody has settled, credits past their last day, the seals of the chain.

Every replica does all of it; what two of them find at once is done once.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import psycopg
import structlog

from services.billing import hash_chain
from services.billing.domain import HoldEnd
from services.billing.ledger import Ledger
from services.chassis.clock import Clock
from services.chassis.data.database import Database
from services.chassis.errors import Refusal

TICK_SECONDS = 2.0
BATCH = 500

log = structlog.get_logger()


class Maintenance:
    """Works until cancelled. A step that fails is tried again at the next tick and keeps no other from running."""

    def __init__(self, *, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            await self._step("expire_holds", self.expire_holds)
            await self._step("lapse_credits", self.lapse_credits)
            await self._step("seal", self.seal)

    async def expire_holds(self) -> int:
        """Gives back holds whose own time is over: nobody has settled them."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            overdue = await self._ledger.overdue(connection, now, BATCH)
        if overdue:
            async with self._database.transaction() as connection:
                await self._ledger.end_holds(connection, dict.fromkeys(overdue, HoldEnd.EXPIRE), now)
        return len(overdue)

    async def lapse_credits(self) -> int:
        """Takes back credits past their last day."""
        async with self._database.transaction() as connection:
            return await self._ledger.lapse(connection, self._clock.now(), BATCH)

    async def seal(self) -> int:
        """Seals the entries since the last time."""
        return await hash_chain.seal(self._database, self._clock.now())

    async def _step(self, name: str, step: Callable[[], Awaitable[int]]) -> None:
        try:
            count = await step()
        except (Refusal, psycopg.errors.LockNotAvailable) as error:
            log.warning("upkeep_delayed", step=name, error=str(error))
        except Exception:
            log.exception("upkeep_failed", step=name)
        else:
            if count and name != "seal":
                log.warning("upkeep", step=name, count=count)
