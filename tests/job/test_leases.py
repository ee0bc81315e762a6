"""Leases when the worker is in trouble: a blocked event loop loses none, and a stop returns unused ones."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from pathlib import Path
from typing import Any

import grpc
import pytest
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2, job_pb2_grpc

from services.chassis.config import ServiceSettings
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel
from services.job.servicer import JobWorkerServicer
from services.worker.leases import LeaseClient
from tests.job.harness import JobHarness

SECRET = "s" * 32
SERVICE = "adwright.job.v1.JobWorkerService"
ROOT = Path(__file__).resolve().parents[2]


async def served(harness: JobHarness, tmp_path: Path, servicer: JobWorkerServicer) -> Server:
    settings = ServiceSettings(
        listen="127.0.0.1:0",
        token_issuer="https://adwright.local",
        token_jwks=str(tmp_path / "none"),
        service_secret=SECRET,  # type: ignore[arg-type]  # pydantic wraps it
    )

    def register(server: grpc.aio.Server) -> None:
        job_pb2_grpc.add_JobWorkerServiceServicer_to_server(servicer, server)

    server = Server(settings, register=register, services=[SERVICE], ready=always_ready)
    await server.start()
    return server


async def test_blocked_event_loop_loses_no_lease(harness: JobHarness, tmp_path: Path) -> None:
    """Each image blocks the worker's event loop for longer than a lease, which delays the other slot's reports too."""
    await harness.grant("u", 6)
    seconds = harness.policy.lease.total_seconds() + 2
    parameters = image_pb2.ImageJobParameters()
    parameters.request.prompt = f"attempts: block:{seconds}"
    for _ in range(2):
        await harness.submitted(parameters=parameters.SerializeToString())
    server = await served(
        harness,
        tmp_path,
        JobWorkerServicer(leases=harness.leases, settle=harness.settlement.settle_promptly, policy=harness.policy),
    )
    environment = {
        **os.environ,
        "ADWRIGHT_JOB_ADDRESS": f"127.0.0.1:{server.port}",
        "ADWRIGHT_ASSETS_URL": f"file://{tmp_path}/assets",
        "ADWRIGHT_TOKEN_ISSUER": "https://adwright.local",
        "ADWRIGHT_TOKEN_JWKS": str(tmp_path / "none"),
        "ADWRIGHT_SERVICE_SECRET": SECRET,
        "ADWRIGHT_KAFKA_BOOTSTRAP": "127.0.0.1:1",  # no broker: the worker polls by its own timer
        "ADWRIGHT_SLOTS": "2",
    }
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.stub_worker", "static_ad", cwd=ROOT, env=environment
    )
    try:
        async with asyncio.timeout(90):
            while True:
                await harness.lifecycle.recover_lost(10)
                if all(job.status == "completed" for job in await harness.jobs()):
                    break
                await asyncio.sleep(0.2)
    finally:
        worker.kill()  # stopping would take 6 s: the broker that is missing keeps the Kafka reader waiting
        await worker.wait()
        await server.stop()
    assert [(attempt.number, attempt.outcome) for attempt in await harness.attempts()] == [(1, "completed")] * 2


async def test_lease_of_an_unknown_job_type_is_a_wrong_field(harness: JobHarness, tmp_path: Path) -> None:
    server = await served(
        harness,
        tmp_path,
        JobWorkerServicer(leases=harness.leases, settle=harness.settlement.settle_promptly, policy=harness.policy),
    )
    channel = open_channel(f"127.0.0.1:{server.port}")
    try:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await job_pb2_grpc.JobWorkerServiceStub(channel).LeaseJob(
                job_pb2.LeaseJobRequest(type="banner", worker="w"),
                metadata=ServiceIdentity("image", SECRET).metadata(),
            )
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "type: must be one of copy, static_ad, video" in str(refused.value.details())
    finally:
        await channel.close()
        await server.stop()


class Slow(JobWorkerServicer):
    """Grants a lease but delays the response until `go` is set; takes half a second to accept a returned job."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.granted, self.go, self.returning = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def LeaseJobs(self, request: job_pb2.LeaseJobsRequest, context: Any) -> job_pb2.LeaseJobsResponse:
        response = await super().LeaseJobs(request, context)
        self.granted.set()
        await self.go.wait()
        return response

    async def ReturnJob(self, request: job_pb2.ReturnJobRequest, context: Any) -> job_pb2.ReturnJobResponse:
        self.returning.set()
        await asyncio.sleep(0.5)
        return await super().ReturnJob(request, context)


@pytest.mark.parametrize("answered", ["before the stop", "during the stop"])
async def test_lease_of_a_canceled_request_is_returned(
    harness: JobHarness, tmp_path: Path, answered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.worker.leases.STOP_SECONDS", 60.0)  # a busy machine may take that long
    await harness.grant("u", 3)
    await harness.submitted()
    servicer = Slow(leases=harness.leases, settle=harness.settlement.settle_promptly, policy=harness.policy)
    server = await served(harness, tmp_path, servicer)
    leases = LeaseClient(f"127.0.0.1:{server.port}", ServiceIdentity("image", SECRET))
    leases.start()
    asking = asyncio.create_task(leases.lease("static_ad", f"worker/{uuid.uuid4()}"))
    await servicer.granted.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    if answered == "before the stop":
        servicer.go.set()
        await servicer.returning.wait()  # the stop waits for the call in progress
        await leases.stop()
    else:
        stopping = asyncio.create_task(leases.stop())
        await asyncio.sleep(0)
        servicer.go.set()
        await stopping
    await server.stop()
    assert [job.status for job in await harness.jobs()] == ["queued"]
    assert [attempt.outcome for attempt in await harness.attempts()] == ["returned"]
