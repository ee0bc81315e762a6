"""The circuit of a worker: while a dependency of its own is away, no slot leases a job or tries it again.

The first slot that sees it opens the circuit for all. One probe after another, with pauses that double, finds out when
the dependency is back; a dependency without a probe is tried again with the next job.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping

import structlog

from services.chassis.data.assets import AssetStore
from services.chassis.errors import DependencyFault
from services.chassis.observability.telemetry import DEPENDENCY_AWAY
from services.chassis.observability.tracing import without_trace
from services.chassis.tasks import cancel_and_wait

PAUSE_SECONDS = (1.0, 120.0)  # first and longest: a restart is found over soon, a long outage costs next to nothing
PROBE_SECONDS = 15.0  # past it the dependency counts as away

Probe = Callable[[], Awaitable[None]]

log = structlog.get_logger()


class CircuitBreaker:
    """Open while a dependency is away. Belongs to one event loop.

    probes: by the reason of the fault; each returns when the dependency works and raises while it does not.
    """

    def __init__(
        self, job_type: str, probes: Mapping[str, Probe], *, pause_seconds: tuple[float, float] = PAUSE_SECONDS
    ) -> None:
        self._type = job_type
        self._probes = probes
        self._pauses = pause_seconds
        self._closed = asyncio.Event()
        self._closed.set()
        self._failures = 0
        self._watching: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        return not self._closed.is_set()

    def open(self, fault: DependencyFault) -> None:
        """Holds up all slots until the dependency is back. No effect while another slot's fault does."""
        if self.is_open:
            return
        self._closed.clear()
        log.warning("dependency_away", type=self._type, dependency=fault.reason, error=fault.message)
        DEPENDENCY_AWAY.labels(self._type, fault.reason).set(1)
        with without_trace():
            self._watching = asyncio.create_task(self._watch(fault.reason))

    def succeeded(self) -> None:
        """What needs the dependencies has worked: the next outage begins with the shortest pause."""
        if not self.is_open:
            self._failures = 0

    async def wait(self) -> None:
        """Returns when the circuit is closed."""
        await self._closed.wait()

    async def stop(self) -> None:
        if self._watching is not None:
            await cancel_and_wait(self._watching)

    async def _watch(self, reason: str) -> None:
        began = time.monotonic()
        probe = self._probes.get(reason)
        low, high = self._pauses
        while True:
            # Counted on after a probe that was too hopeful, until real work succeeds.
            await asyncio.sleep(random.uniform(0.5, 1.0) * min(high, low * 2 ** min(self._failures, 20)))
            self._failures += 1
            if probe is None or await _answers(probe):
                break
        DEPENDENCY_AWAY.labels(self._type, reason).set(0)
        log.info(
            "dependency_back" if probe is not None else "dependency_tried_again",
            type=self._type,
            dependency=reason,
            seconds=round(time.monotonic() - began, 1),
        )
        self._closed.set()


async def _answers(probe: Probe) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await probe()
    except Exception:
        return False  # whatever it is: what was reported away does not work yet
    return True


def storage_probe(assets: AssetStore) -> Probe:
    """Stores and deletes a few bytes."""

    async def probe() -> None:
        key = f"probe/{uuid.uuid4()}"
        await assets.put_bytes(key, b"probe", "text/plain")
        await assets.delete(key)

    return probe
