"""A maker process: the parts of chassis.maker put together from settings, a health endpoint beside it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from pydantic import Field

from services.chassis.auth import ServiceIdentity
from services.chassis.config import AssetSettings, KafkaSettings, ServiceSettings
from services.chassis.server import open_channel, stop_event

if TYPE_CHECKING:  # the services read settings of makers too, and need not hold what only makers use
    from services.chassis.assets import AssetStore
    from services.chassis.maker import Make
    from services.chassis.provenance import Signing

DEFAULT_MODELS = Path.home() / ".cache" / "adwright" / "models"


class MakerSettings(ServiceSettings, KafkaSettings, AssetSettings):
    """What a maker reads from the environment; each kind of maker extends it."""

    models: Path = Field(default=DEFAULT_MODELS, description="folder of model files")
    signing_chain: Path | None = Field(default=None, description="C2PA certificate chain, PEM; none: a development one")
    signing_key: Path | None = Field(default=None, description="its private key, PEM, EC P-256")
    slots: int = Field(default=1, ge=1, le=64, description="jobs that one maker process makes at a time")


def signing_of(settings: MakerSettings) -> Signing:
    """Who signs what the maker makes."""
    from services.chassis.provenance import Signing

    if (settings.signing_chain is None) != (settings.signing_key is None):
        raise SystemExit("ADWRIGHT_SIGNING_CHAIN and ADWRIGHT_SIGNING_KEY are given together, or neither is")
    for path in (settings.signing_chain, settings.signing_key):
        if path is not None and not os.access(path, os.R_OK):
            raise SystemExit(f"ADWRIGHT_SIGNING_CHAIN, ADWRIGHT_SIGNING_KEY: {path} cannot be read")
    return Signing(folder=settings.models.parent / "signing", chain=settings.signing_chain, key=settings.signing_key)


async def run_maker(
    settings: MakerSettings,
    *,
    job_type: str,
    topic: str,
    group: str,
    make: Make,
    identity: ServiceIdentity,
    assets: AssetStore,
) -> None:
    """Makes jobs of one type until SIGTERM or SIGINT. Health answers SERVING while the loop runs."""
    from services.chassis.kafka import WakeUps, quiet_client_logs
    from services.chassis.maker import Maker

    quiet_client_logs()
    channel = open_channel(settings.job_address)
    maker = Maker(
        job_type=job_type,
        make=make,
        jobs=channel,
        identity=identity,
        assets=assets,
        wake_ups=WakeUps(settings, topic=topic, group=group),
        slots=settings.slots,
        stop_grace_seconds=settings.stop_grace_seconds,
    )
    server = grpc.aio.server()
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(settings.listen)
    stopping: asyncio.Event = stop_event()
    await server.start()
    await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    try:
        await maker.run(stopping)
    finally:
        await server.stop(None)
        await channel.close()
