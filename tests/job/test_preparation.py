"""A worker prepares before it leases: until then its health says NOT_SERVING."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from adwright.job.v1 import job_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.chassis.data.assets import AssetStore
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel
from services.worker.process import WorkerSettings, run_worker
from tests.job.harness import JobHarness
from tests.job.test_worker import SERVICE, CountingServicer, make_image
from tests.running import free_port
from tests.support import until_async

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


async def test_nothing_is_leased_before_models_are_loaded(harness: JobHarness, tmp_path: Path) -> None:
    port = free_port()
    values: dict[str, Any] = {
        "listen": f"127.0.0.1:{port}",
        "token_issuer": "https://adwright.local",
        "token_jwks": str(tmp_path / "none"),
        "service_secret": "s" * 32,
        "assets_url": f"file://{tmp_path}/assets",
        "kafka_bootstrap": "127.0.0.1:1",
    }
    servicer = CountingServicer(leases=harness.leases, settle=harness.settlement.settle_promptly, policy=harness.policy)
    server = Server(
        WorkerSettings(**{**values, "listen": "127.0.0.1:0"}),
        register=lambda server: job_pb2_grpc.add_JobWorkerServiceServicer_to_server(servicer, server),
        services=[SERVICE],
        ready=always_ready,
    )
    await server.start()
    preparing, prepared = asyncio.Event(), asyncio.Event()

    async def prepare() -> None:
        preparing.set()
        await prepared.wait()

    running = asyncio.create_task(
        run_worker(
            WorkerSettings(**values, job_address=f"127.0.0.1:{server.port}"),
            job_type="static_ad",
            topic="adwright.job.dispatch.image.v1",
            group="g",
            handler=make_image,
            identity=ServiceIdentity("image", "s" * 32),
            assets=AssetStore(values["assets_url"]),
            prepare=prepare,
        )
    )
    try:
        async with open_channel(f"127.0.0.1:{port}") as channel:
            health = health_pb2_grpc.HealthStub(channel)
            await preparing.wait()
            answer = await health.Check(health_pb2.HealthCheckRequest(), wait_for_ready=True)
            assert answer.status == NOT_SERVING
            assert servicer.lease_requests == 0
            prepared.set()
            await until_async(lambda: servicer.lease_requests > 0)
            assert (await health.Check(health_pb2.HealthCheckRequest())).status == SERVING
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await server.stop()
