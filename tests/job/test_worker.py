"""A worker with the job service: wake-ups, and the files of stopped attempts."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from adwright.job.v1 import job_pb2_grpc

from services.chassis.config import ServiceSettings
from services.chassis.data.assets import AssetStore, StoredObject
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel
from services.job.servicer import JobWorkerServicer
from services.worker.leases import LeaseClient
from services.worker.loop import AttemptResult, ResultFile, RunningAttempt, Worker
from tests.job.harness import JobHarness
from tests.support import until_async

SLOTS = 8
POLL_SECONDS = 1.5  # the shortest poll interval of an idle slot
SERVICE = "adwright.job.v1.JobWorkerService"


class CountingServicer(JobWorkerServicer):
    """Counts the requests for leases."""

    lease_requests: int = 0

    async def LeaseJob(self, request: Any, context: Any) -> Any:
        self.lease_requests += 1
        return await super().LeaseJob(request, context)


class HeldUploads(AssetStore):
    """An asset storage whose uploads finish only after `finish` is set."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"file://{folder}")
        self.stored = asyncio.Event()
        self.finish = asyncio.Event()

    async def put_file(self, key: str, path: Path, content_type: str) -> StoredObject:
        found = await super().put_file(key, path, content_type)
        self.stored.set()
        await self.finish.wait()
        return found


@dataclass
class WorkerHarness:
    """A running worker and its job service."""

    worker: Worker
    servicer: CountingServicer


async def make_image(attempt: RunningAttempt) -> AttemptResult:
    path = attempt.folder / "image.png"
    path.write_bytes(b"a picture")
    return AttemptResult(files=(ResultFile(path=path, type="image", content_type="image/png"),))


@asynccontextmanager
async def running_worker(harness: JobHarness, assets: AssetStore, tmp_path: Path) -> AsyncIterator[WorkerHarness]:
    settings = ServiceSettings(
        listen="127.0.0.1:0",
        token_issuer="https://adwright.local",
        token_jwks=str(tmp_path / "none"),
        service_secret="s" * 32,  # type: ignore[arg-type]  # pydantic wraps it
    )
    servicer = CountingServicer(leases=harness.leases, settle=harness.settlement.settle_promptly, policy=harness.policy)

    def register(server: grpc.aio.Server) -> None:
        job_pb2_grpc.add_JobWorkerServiceServicer_to_server(servicer, server)

    server = Server(settings, register=register, services=[SERVICE], ready=always_ready)
    await server.start()
    channel = open_channel(f"127.0.0.1:{server.port}")
    worker = Worker(
        job_type="static_ad",
        handler=make_image,
        jobs=channel,
        leases=LeaseClient(f"127.0.0.1:{server.port}", ServiceIdentity("image", "s" * 32)),
        identity=ServiceIdentity("image", "s" * 32),
        assets=assets,
        dispatch_reader=None,
        slots=SLOTS,
    )
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.run(stopping))
    try:
        yield WorkerHarness(worker, servicer)
    finally:
        stopping.set()
        await running
        await channel.close()
        await server.stop()


async def status(harness: JobHarness, job_id: Any) -> str:
    (row,) = await harness.rows("select status from job where id = %s", job_id)
    return str(row["status"])


async def ended(harness: JobHarness, job_id: Any) -> str:
    async def terminal() -> str | None:
        found = await status(harness, job_id)
        return None if found in ("queued", "processing") else found

    return await until_async(terminal)


def files(folder: Path) -> list[Path]:
    # os.walk skips folders that are deleted meanwhile; rglob raises.
    return [Path(root) / name for root, _, names in os.walk(folder) for name in names]


class TestWaking:
    async def test_one_message_wakes_one_slot(self, harness: JobHarness, tmp_path: Path) -> None:
        await harness.grant("u", 30)
        async with running_worker(harness, AssetStore(f"file://{tmp_path}/assets"), tmp_path) as running:
            await until_async(lambda: running.servicer.lease_requests >= SLOTS)
            job_id = await harness.submitted()
            before, began = running.servicer.lease_requests, time.monotonic()
            running.worker.wake(1)
            assert await ended(harness, job_id) == "completed"
            # One slot leases the job and polls again after it; the others may have polled by their timers meanwhile.
            timers = SLOTS * int((time.monotonic() - began) / POLL_SECONDS)
            assert running.servicer.lease_requests - before <= 2 + timers

    async def test_wake_ups_while_busy_are_retained_once_per_slot(self, harness: JobHarness, tmp_path: Path) -> None:
        async with running_worker(harness, AssetStore(f"file://{tmp_path}/assets"), tmp_path) as running:
            await until_async(lambda: running.servicer.lease_requests >= SLOTS)
            before = running.servicer.lease_requests
            for _ in range(100):
                running.worker.wake(100)  # more than there are slots, without a chance to lease in between
            await until_async(lambda: running.servicer.lease_requests >= before + SLOTS)
            assert running.servicer.lease_requests <= before + 2 * SLOTS


class TestUnreferencedFiles:
    @pytest.mark.parametrize("stopped_by", ["heartbeat", "completion"])
    async def test_files_of_a_stopped_attempt_are_deleted(
        self, harness: JobHarness, tmp_path: Path, stopped_by: str
    ) -> None:
        await harness.grant("u", 30)
        folder = tmp_path / "assets"
        assets = HeldUploads(folder)
        async with running_worker(harness, assets, tmp_path) as running:
            job_id = await harness.submitted()
            running.worker.wake(1)
            await assets.stored.wait()
            assert len(files(folder)) == 1
            await harness.lifecycle.cancel(job_id, "u")
            if stopped_by == "completion":
                assets.finish.set()
            await until_async(lambda: not files(folder))
            assets.finish.set()
        assert await status(harness, job_id) == "canceled"

    async def test_files_of_a_completed_job_stay(self, harness: JobHarness, tmp_path: Path) -> None:
        await harness.grant("u", 30)
        folder = tmp_path / "assets"
        async with running_worker(harness, AssetStore(f"file://{folder}"), tmp_path) as running:
            job_id = await harness.submitted()
            running.worker.wake(1)
            assert await ended(harness, job_id) == "completed"
        (row,) = await harness.rows("select key from asset where job_id = %s", job_id)
        assert files(folder) == [folder / row["key"]]
