"""The sweeper: finds jobs that are stuck and moves them on.

It works on the database alone, so neither Kafka nor any maker has to be well for it, and any number of replicas may
sweep at once: rows are taken with `skip locked`. Only taking back half-way submissions needs billing, and that is a
loop of its own: a billing service that hangs keeps no lost job from running again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from services.chassis.interceptors import refusal_of
from services.job.jobs import Jobs

TICK_SECONDS = 0.5
BATCH = 200
DISPATCH_BATCH = 50
LEFTOVER_AGE = timedelta(seconds=20)  # longer than the slowest submission that can still be decided

log = structlog.get_logger()


class Sweeper:
    """Two loops, until cancelled. A step that fails is tried again at the next tick and keeps no other from running."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def run(self) -> None:
        """Moves on what the database alone can decide."""
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            await self._step("expire", lambda: self._jobs.expire(BATCH))
            await self._step("recover_lost", lambda: self._jobs.recover_lost(BATCH))
            await self._step("dispatch_again", lambda: self._jobs.dispatch_again(DISPATCH_BATCH))

    async def run_leftovers(self) -> None:
        """Takes back half-way submissions."""
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            await self._step("resolve_leftovers", lambda: self._jobs.resolve_leftovers(LEFTOVER_AGE, BATCH))

    async def _step(self, name: str, step: Callable[[], Awaitable[int]]) -> None:
        try:
            count = await step()
        except Exception as error:
            refusal = refusal_of(error)
            if refusal is not None and refusal.stated_kind().retryable:
                log.warning("sweep_step_failed", step=name, error=refusal.message)
            else:
                log.exception("sweep_step_failed", step=name)
            return
        if count and name != "dispatch_again":
            log.info("swept", step=name, jobs=count)
