"""The circuit of a worker: while a dependency is unavailable, no slot leases or retries a job.

The first slot that meets the outage opens the circuit for all slots. Probes with doubling pauses detect the
dependency's recovery. For a dependency without a probe the circuit closes after one pause, and the next job serves as
the probe.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping

import structlog

from services.chassis.backoff import Backoff
from services.chassis.circuit_breaker import CircuitBreaker
from services.chassis.data.assets import AssetStore
from services.chassis.errors import DependencyFault
from services.chassis.observability.telemetry import DEPENDENCY_UNAVAILABLE
from services.chassis.observability.tracing import without_trace
from services.chassis.tasks import cancel_and_wait

PAUSES = Backoff(1.0, 120.0)  # short enough for restarts, long enough to be cheap in long outages
PROBE_SECONDS = 15.0  # a slower probe counts as failed

Probe = Callable[[], Awaitable[None]]

log = structlog.get_logger()


class DependencyCircuit:
    """Open while a dependency is unavailable. Belongs to one event loop.

    probes: by the reason of the dependency's fault. A probe returns when the dependency works, and raises otherwise.
    pauses: between probes.
    """

    def __init__(self, job_type: str, probes: Mapping[str, Probe], *, pauses: Backoff = PAUSES) -> None:
        self._type = job_type
        self._probes = probes
        self._breaker = CircuitBreaker(pauses)
        self._closed = asyncio.Event()
        self._closed.set()
        self._recovery: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        return not self._closed.is_set()

    def open(self, fault: DependencyFault) -> None:
        """Opens the circuit until the dependency of the fault recovers. Has no effect while the circuit is open."""
        if self.is_open:
            return
        self._closed.clear()
        self._breaker.record_failure()
        log.warning("dependency_lost", type=self._type, dependency=fault.reason, error=fault.message)
        DEPENDENCY_UNAVAILABLE.labels(self._type, fault.reason).set(1)
        with without_trace():
            self._recovery = asyncio.create_task(self._wait_for_recovery(fault.reason))

    def succeeded(self) -> None:
        """Records that real work succeeded, so that the next outage starts with the shortest pause."""
        if not self.is_open:
            self._breaker.record_success()

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
        while True:
            await asyncio.sleep(self._breaker.remaining_seconds)
            if probe is None or await _probe_succeeds(probe):
                break  # not recorded as a success: only real work is, since it may fail while a probe succeeds
            self._breaker.record_failure()
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
