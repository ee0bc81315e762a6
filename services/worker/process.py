"""A worker process: builds a Worker from settings, runs it, and serves the gRPC health protocol."""

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

from services.chassis.config import AssetSettings, KafkaSettings, RenderSettings, ServiceSettings
from services.chassis.errors import Fault
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import open_channel, stop_event
from services.chassis.tasks import cancel_and_wait
from services.media.model_files import default_folder

if TYPE_CHECKING:  # API processes import these settings too, so worker-only imports stay lazy
    from services.chassis.data.assets import AssetStore
    from services.media.provenance import Signing
    from services.worker.dependency_circuit import Probe
    from services.worker.loop import AttemptHandler, Worker

PROBE_SECONDS = 2.0

log = structlog.get_logger()

DEFAULT_MODELS_FOLDER = default_folder()


class WorkerSettings(ServiceSettings, KafkaSettings, AssetSettings, RenderSettings):
    """Environment variables of every worker; each kind of worker extends them."""

    models: Path = Field(default=DEFAULT_MODELS_FOLDER, description="Folder of the model files.")
    signing_chain: Path | None = Field(
        default=None,
        description="PEM file with the C2PA certificate chain that signs results. Default: a development chain.",
    )
    signing_key: Path | None = Field(
        default=None, description="PEM file with the private key (EC P-256) of ADWRIGHT_SIGNING_CHAIN."
    )
    slots: int = Field(default=1, ge=1, le=64, description="Jobs that one worker process works on concurrently.")


def signing_of(settings: WorkerSettings) -> Signing:
    """Reads the C2PA signing identity of the worker's results. Exits the process when the settings are inconsistent."""
    from services.media.provenance import Signing

    if (settings.signing_chain is None) != (settings.signing_key is None):
        raise SystemExit("ADWRIGHT_SIGNING_CHAIN and ADWRIGHT_SIGNING_KEY must be set together")
    for path in (settings.signing_chain, settings.signing_key):
        if path is not None and not os.access(path, os.R_OK):
            raise SystemExit(f"ADWRIGHT_SIGNING_CHAIN, ADWRIGHT_SIGNING_KEY: {path} cannot be read")
    return Signing(chain=settings.signing_chain, key=settings.signing_key)


async def run_worker(
    settings: WorkerSettings,
    *,
    job_type: str,
    topic: str,
    group: str,
    handler: AttemptHandler,
    identity: ServiceIdentity,
    assets: AssetStore,
    prepare: Callable[[], Awaitable[None]] | None = None,
    probes: Mapping[str, Probe] | None = None,
) -> None:
    """Works on jobs of one type until SIGTERM or SIGINT.

    topic, group: the Kafka topic of the job type's dispatches and the consumer group. handler, probes: see Worker.
    prepare: loads models and the like before the first lease; health reports SERVING afterwards. When it raises a
    DependencyFault, the worker starts with its circuit open.
    """
    from services.chassis.data.kafka import TopicReader, quiet_client_logs
    from services.worker.leases import LeaseClient
    from services.worker.loop import Worker

    quiet_client_logs()
    channel = open_channel(settings.job_address)
    worker = Worker(
        job_type=job_type,
        handler=handler,
        jobs=channel,
        leases=LeaseClient(settings.job_address, identity),
        identity=identity,
        assets=assets,
        dispatch_reader=TopicReader(settings, topic=topic, group=group),
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
            await _prepare(prepare, worker, stopping)
        await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
        await worker.run(stopping)
    finally:
        await server.stop(None)
        await channel.close()


async def _prepare(prepare: Callable[[], Awaitable[None]], worker: Worker, stopping: asyncio.Event) -> None:
    """Runs `prepare` until it finishes or the process is to stop.

    A failure is only logged, because the first attempt meets it again and reports it. A missing dependency opens the
    circuit, so that no job is leased before it is back.
    """
    from services.worker.faults import dependency_fault

    began = time.perf_counter()
    preparing, stop = asyncio.ensure_future(prepare()), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait([preparing, stop], return_when=asyncio.FIRST_COMPLETED)
        if preparing.done():
            preparing.result()
            log.info("worker_prepared", seconds=round(time.perf_counter() - began, 2))
    except (Fault, RuntimeError) as error:
        outage = dependency_fault(error)
        if outage is not None:
            worker.circuit.open(outage)
        else:
            log.warning("worker_not_prepared", error=str(error))
    finally:
        await cancel_and_wait(preparing, stop)


def health_probe(channel: grpc.aio.Channel, service: str) -> Probe:
    """Returns a probe of another service, which raises unless the service's health status is SERVING."""

    async def probe() -> None:
        response = await health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service=service), timeout=PROBE_SECONDS
        )
        if response.status != health_pb2.HealthCheckResponse.SERVING:
            raise RuntimeError(f"{service} is not serving")

    return probe
