"""The circuit breaker of a worker: while a dependency is unavailable, no slot leases or retries a job.

The first slot that meets the outage opens the circuit for all slots. Probes with doubling pauses detect the
dependency's recovery. For a dependency without a probe the circuit closes after one pause, and the next job serves as
the probe.
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
from services.chassis.observability.telemetry import DEPENDENCY_UNAVAILABLE
from services.chassis.observability.tracing import without_trace
from services.chassis.tasks import cancel_and_wait

PAUSE_SECONDS = (1.0, 120.0)  # first and longest: short enough for restarts, long enough to be cheap in long outages
PROBE_SECONDS = 15.0  # a slower probe counts as failed

Probe = Callable[[], Awaitable[None]]

log = structlog.get_logger()


class CircuitBreaker:
    """Open while a dependency is unavailable. Belongs to one event loop.

    probes: by the reason of the dependency's fault. A probe returns when the dependency works, and raises otherwise.
    pause_seconds: the first and the longest pause between probes.
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
        self._recovery: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        return not self._closed.is_set()

    def open(self, fault: DependencyFault) -> None:
        """Opens the circuit until the dependency of the fault recovers. Has no effect while the circuit is open."""
        if self.is_open:
            return
        self._closed.clear()
        log.warning("dependency_lost", type=self._type, dependency=fault.reason, error=fault.message)
        DEPENDENCY_UNAVAILABLE.labels(self._type, fault.reason).set(1)
        with without_trace():
            self._recovery = asyncio.create_task(self._wait_for_recovery(fault.reason))

    def succeeded(self) -> None:
        """Records that real work succeeded, so that the next outage starts with the shortest pause."""
        if not self.is_open:
            self._failures = 0

    async def wait(self) -> None:
        """Waits until the circuit is closed."""
        await self._closed.wait()

    async def stop(self) -> None:
        """Stops probing."""
        if self._recovery is not None:
            await cancel_and_wait(self._recovery)

    async def _wait_for_recovery(self, reason: str) -> None:
        began = time.monotonic()
        probe = self._probes.get(reason)
        low, high = self._pauses
        while True:
            # Only real work resets the count, since a probe may succeed while real work still fails.
            await asyncio.sleep(random.uniform(0.5, 1.0) * min(high, low * 2 ** min(self._failures, 20)))
            self._failures += 1
            if probe is None or await _probe_succeeds(probe):
                break
        DEPENDENCY_UNAVAILABLE.labels(self._type, reason).set(0)
        log.info(
            "dependency_recovered" if probe is not None else "dependency_retried",
            type=self._type,
            dependency=reason,
            seconds=round(time.monotonic() - began, 1),
        )
        self._closed.set()


async def _probe_succeeds(probe: Probe) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await probe()
    except Exception:
        return False  # whatever its cause, the dependency does not work yet
    return True


def storage_probe(assets: AssetStore) -> Probe:
    """Returns a probe that stores and deletes an object of a few bytes."""

    async def probe() -> None:
        key = f"probe/{uuid.uuid4()}"
        await assets.put_bytes(key, b"probe", "text/plain")
        await assets.delete(key)

    return probe
