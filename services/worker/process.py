"""A worker process: the parts of chassis.worker put together from settings, a health endpoint beside it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from pydantic import Field

from services.chassis.config import AssetSettings, KafkaSettings, ServiceSettings
from services.chassis.errors import Fault
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import open_channel, stop_event
from services.chassis.tasks import cancel_and_wait

if TYPE_CHECKING:  # the services read settings of workers too, and need not hold what only workers use
    from services.chassis.data.assets import AssetStore
    from services.media.provenance import Signing
    from services.worker.circuit_breaker import Probe
    from services.worker.loop import Make, Worker

PROBE_SECONDS = 2.0

log = structlog.get_logger()

DEFAULT_MODELS = Path.home() / ".cache" / "adwright" / "models"


class WorkerSettings(ServiceSettings, KafkaSettings, AssetSettings):
    """What a worker reads from the environment; each kind of worker extends it."""

    models: Path = Field(default=DEFAULT_MODELS, description="folder of model files")
    signing_chain: Path | None = Field(default=None, description="C2PA certificate chain, PEM; none: a development one")
    signing_key: Path | None = Field(default=None, description="its private key, PEM, EC P-256")
    slots: int = Field(default=1, ge=1, le=64, description="jobs that one worker process makes at a time")


def signing_of(settings: WorkerSettings) -> Signing:
    """Who signs what the worker makes."""
    from services.media.provenance import Signing

    if (settings.signing_chain is None) != (settings.signing_key is None):
        raise SystemExit("ADWRIGHT_SIGNING_CHAIN and ADWRIGHT_SIGNING_KEY are given together, or neither is")
    for path in (settings.signing_chain, settings.signing_key):
        if path is not None and not os.access(path, os.R_OK):
            raise SystemExit(f"ADWRIGHT_SIGNING_CHAIN, ADWRIGHT_SIGNING_KEY: {path} cannot be read")
    return Signing(folder=settings.models.parent / "signing", chain=settings.signing_chain, key=settings.signing_key)


async def run_worker(
    settings: WorkerSettings,
    *,
    job_type: str,
    topic: str,
    group: str,
    make: Make,
    identity: ServiceIdentity,
    assets: AssetStore,
    prepare: Callable[[], Awaitable[None]] | None = None,
    probes: Mapping[str, Probe] | None = None,
) -> None:
    """Makes jobs of one type until SIGTERM or SIGINT.

    prepare: loads what attempts need, before the first lease is asked for; health answers SERVING from then on. Where
    it raises a DependencyFault, the worker begins with its circuit open. probes: as Worker has them.
    """
    from services.chassis.data.kafka import WakeUps, quiet_client_logs
    from services.worker.leases import Leases
    from services.worker.loop import Worker

    quiet_client_logs()
    channel = open_channel(settings.job_address)
    worker = Worker(
        job_type=job_type,
        make=make,
        jobs=channel,
        leases=Leases(settings.job_address, identity),
        identity=identity,
        assets=assets,
        wake_ups=WakeUps(settings, topic=topic, group=group),
        slots=settings.slots,
        stop_grace_seconds=settings.stop_grace_seconds,
        probes=probes,
    )
    server = grpc.aio.server()
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(settings.listen)
    stopping: asyncio.Event = stop_event()
    await servicer.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    await server.start()
    try:
        if prepare is not None:
            await _prepared(prepare, worker, stopping)
        await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
        await worker.run(stopping)
    finally:
        await server.stop(None)
        await channel.close()


async def _prepared(prepare: Callable[[], Awaitable[None]], worker: Worker, stopping: asyncio.Event) -> None:
    """Runs `prepare` unless the process is to stop before it ends. What fails in it fails again, and is dealt with, in
    the first attempt; a missing dependency keeps that from being leased."""
    from services.worker.faults import dependency_fault

    began = time.perf_counter()
    preparing, stop = asyncio.ensure_future(prepare()), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait([preparing, stop], return_when=asyncio.FIRST_COMPLETED)
        if preparing.done():
            preparing.result()
            log.info("worker_prepared", seconds=round(time.perf_counter() - began, 2))
    except (Fault, RuntimeError) as error:
        away = dependency_fault(error)
        if away is not None:
            worker.circuit.open(away)
        else:
            log.warning("worker_not_prepared", error=str(error))
    finally:
        await cancel_and_wait(preparing, stop)


def answering(channel: grpc.aio.Channel, service: str) -> Probe:
    """A probe of another service: raises unless its health says SERVING."""

    async def probe() -> None:
        answer = await health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service=service), timeout=PROBE_SECONDS
        )
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise RuntimeError(f"{service} is not serving")

    return probe
