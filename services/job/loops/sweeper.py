"""Sweeper: finds jobs that are stuck and advances them.

It needs only the database, so it works without Kafka and without workers. Rows are locked with `skip locked`, so any
number of replicas may sweep concurrently. Taking back interrupted submissions needs billing, and so is a loop of its
own: a billing service that hangs does not delay the recovery of lost jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from services.chassis.backoff import jittered
from services.chassis.rpc.refusals import to_refusal
from services.job.lifecycle import Lifecycle
from services.job.submission import Submissions

TICK_SECONDS = 0.5
BATCH = 200
DISPATCH_BATCH = 20  # wake-ups for idle slots; a slot that has a job asks for the next one without a message
# After a start, a freeze or a database outage, leases have run out that live workers could not extend. No lease counts
# as lost before their heartbeats had this long to arrive: more than a reconnect (2 s) and a heartbeat (1 s).
GRACE_SECONDS = 4.0
MAX_GAP_SECONDS = 2.5  # between two ticks; a longer gap means that this process was frozen or starved
LEFTOVER_AGE = timedelta(seconds=20)  # longer than the slowest submission that can still be decided

log = structlog.get_logger()


class Sweeper:
    """Runs the sweeper's two loops. A step that fails is retried at the next tick and blocks no other step."""

    def __init__(self, lifecycle: Lifecycle, submissions: Submissions) -> None:
        self._lifecycle = lifecycle
        self._submissions = submissions

    async def run(self) -> None:
        """Expires jobs, recovers lost leases and repeats dispatches, with the database alone."""
        loop = asyncio.get_running_loop()
        healthy_since = last = loop.time()
        while True:
            await asyncio.sleep(jittered(TICK_SECONDS))
            if loop.time() - last > MAX_GAP_SECONDS:
                healthy_since = loop.time()  # no heartbeat was processed during the gap
            last = loop.time()
            if not await self._step("expire", lambda: self._lifecycle.expire(BATCH)):
                healthy_since = loop.time()
                continue
            if loop.time() - healthy_since >= GRACE_SECONDS:
                await self._step("recover_lost", lambda: self._lifecycle.recover_lost(BATCH))
            await self._step("dispatch_again", lambda: self._lifecycle.dispatch_again(DISPATCH_BATCH))

    async def run_leftovers(self) -> None:
        """Takes back interrupted submissions."""
        while True:
            await asyncio.sleep(jittered(TICK_SECONDS))
            await self._step("take_back_leftovers", lambda: self._submissions.take_back_leftovers(LEFTOVER_AGE, BATCH))

    async def _step(self, name: str, step: Callable[[], Awaitable[int]]) -> bool:
        """Runs and logs a step; whether it succeeded."""
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
