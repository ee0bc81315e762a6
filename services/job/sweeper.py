"""The sweeper: finds jobs that are stuck and moves them on.

It works on the database alone, so neither Kafka nor any worker has to be well for it, and any number of replicas may
sweep at once: rows are taken with `skip locked`. Only taking back half-way submissions needs billing, and that is a
loop of its own: a billing service that hangs keeps no lost job from running again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from services.chassis.rpc.refusals import to_refusal
from services.job.jobs import Jobs

TICK_SECONDS = 0.5
BATCH = 200
DISPATCH_BATCH = 50
# After a start, a freeze or an outage of the database, leases have run out that no worker could renew: those that live
# are listened for before any is called lost. Longer than a reconnect of theirs (2 s) and a heartbeat (1 s).
LISTEN_SECONDS = 4.0
GAP_SECONDS = 2.5  # between two ticks, which are half a second apart
LEFTOVER_AGE = timedelta(seconds=20)  # longer than the slowest submission that can still be decided

log = structlog.get_logger()


class Sweeper:
    """Two loops, until cancelled. A step that fails is tried again at the next tick and keeps no other from running."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def run(self) -> None:
        """Moves on what the database alone can decide."""
        loop = asyncio.get_running_loop()
        well_since = last = loop.time()
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            if loop.time() - last > GAP_SECONDS:
                well_since = loop.time()  # this process was frozen or starved, and heard no heartbeat meanwhile
            last = loop.time()
            if not await self._step("expire", lambda: self._jobs.expire(BATCH)):
                well_since = loop.time()
                continue
            if loop.time() - well_since >= LISTEN_SECONDS:
                await self._step("recover_lost", lambda: self._jobs.recover_lost(BATCH))
            await self._step("dispatch_again", lambda: self._jobs.dispatch_again(DISPATCH_BATCH))

    async def run_leftovers(self) -> None:
        """Takes back half-way submissions."""
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            await self._step("resolve_leftovers", lambda: self._jobs.resolve_leftovers(LEFTOVER_AGE, BATCH))

    async def _step(self, name: str, step: Callable[[], Awaitable[int]]) -> bool:
        """Whether it could be done."""
        try:
            count = await step()
        except Exception as error:
            refusal = to_refusal(error)
            if refusal is not None and refusal.kind.retryable:
                log.warning("sweep_step_failed", step=name, error=refusal.message)
            else:
                log.exception("sweep_step_failed", step=name)
            return False
        if count and name != "dispatch_again":
            log.info("swept", step=name, jobs=count)
        return True
