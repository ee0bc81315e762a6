"""Outages of workers' dependencies: no attempt counts, nothing is rendered twice, expired jobs can be retried."""

from __future__ import annotations

import asyncio
import errno
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import structlog
from adwright.job.v1 import job_pb2_grpc

from services.chassis.backoff import Backoff
from services.chassis.config import ServiceSettings
from services.chassis.data.assets import AssetStore
from services.chassis.errors import DependencyFault
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel
from services.job import queries
from services.job.errors import JobNotDead
from services.job.servicer import JobWorkerServicer
from services.job.tables import attempt as attempts
from services.media.model_files import ModelMissing
from services.worker.leases import LeaseClient
from services.worker.loop import AttemptResult, ResultFile, RunningAttempt, Worker
from services.worker.scratch import Scratch
from tests.job.harness import JobHarness, JobRow
from tests.support import until_async

SLOTS = 3
PAUSES = Backoff(0.1, 0.8)
SERVICE = "adwright.job.v1.JobWorkerService"


class CountingHandler:
    """A handler that counts its results by job."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.fail: Callable[[RunningAttempt], None] = lambda attempt: None

    async def handle(self, attempt: RunningAttempt) -> AttemptResult:
        (attempt.folder / "made").mkdir()  # like the real handlers, fails if the folder exists
        self.fail(attempt)
        self.made[attempt.job.job_id] += 1
        files = []
        for name in ("image.png", "thumbnail.webp"):
            path = attempt.folder / "made" / name
            path.write_bytes(b"a picture")
            files.append(ResultFile(path=path, type=name.partition(".")[0], content_type="image/png"))
        return AttemptResult(files=tuple(files))


class Folder:
    """The folder of an asset storage, which a file can replace to simulate an outage."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._aside = path.with_name("aside")

    def start_outage(self) -> None:
        self.path.rename(self._aside)
        self.path.write_text("not a folder")

    def end_outage(self) -> None:
        self.path.unlink()
        self._aside.rename(self.path)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "assets").mkdir()
    return Folder(tmp_path / "assets")


@asynccontextmanager
async def running_worker(
    harness: JobHarness, handler: CountingHandler, folder: Folder, *, sweeping: bool = True, **options: Any
) -> AsyncIterator[Worker]:
    settings = ServiceSettings(
        listen="127.0.0.1:0",
        token_issuer="https://adwright.local",
        token_jwks=str(folder.path.parent / "none"),
        service_secret="s" * 32,  # type: ignore[arg-type]  # pydantic wraps it
    )

    def register(server: grpc.aio.Server) -> None:
        servicer = JobWorkerServicer(
            leases=harness.leases, settle=harness.settlement.settle_promptly, policy=harness.policy
        )
        job_pb2_grpc.add_JobWorkerServiceServicer_to_server(servicer, server)

    async def sweep() -> None:
        while True:
            await harness.lifecycle.recover_lost(100)
            await harness.settlement.settle_all()
            await asyncio.sleep(0.2)

    server = Server(settings, register=register, services=[SERVICE], ready=always_ready)
    await server.start()
    address, identity = f"127.0.0.1:{server.port}", ServiceIdentity("image", "s" * 32)
    channel = open_channel(address)
    worker = Worker(
        job_type="static_ad",
        handler=handler.handle,
        jobs=channel,
        leases=LeaseClient(address, identity),
        identity=identity,
        assets=AssetStore(f"file://{folder.path}"),
        dispatch_reader=None,
        slots=SLOTS,
        stop_grace_seconds=2,
        pauses=PAUSES,
        **options,
    )
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.run(stopping))
    sweeper = asyncio.create_task(sweep())
    try:
        yield worker
    finally:
        stopping.set()
        await running
        sweeper.cancel()
        await asyncio.gather(sweeper, return_exceptions=True)
        await channel.close()
        await server.stop()


async def all_ended(harness: JobHarness) -> list[JobRow]:
    async with asyncio.timeout(90):
        while True:
            rows = await harness.jobs()
            if all(row.settled_at is not None for row in rows):
                return rows
            await asyncio.sleep(0.1)


async def test_storage_outage_counts_no_attempt_and_renders_once(harness: JobHarness, folder: Folder) -> None:
    harness = harness.with_policy(retry_base=timedelta(seconds=0.4))
    await harness.grant("u", 60)
    handler = CountingHandler()
    with structlog.testing.capture_logs() as logs:
        async with running_worker(harness, handler, folder) as worker:
            folder.start_outage()
            for _ in range(20):
                await harness.submitted()
            await until_async(lambda: worker.circuit.is_open)
            # Longer than 3 failed attempts with pauses of 0.4 and 0.8 seconds would take.
            await asyncio.sleep(5)
            held = await harness.jobs()
            assert [row.failures for row in held] == [0] * 20
            assert sum(row.status == "processing" for row in held) <= SLOTS
            assert sum(row.attempt for row in held) <= SLOTS  # nothing else was leased during the outage
            folder.end_outage()
            rows = await all_ended(harness)
    assert {(row.status, row.attempt, row.failures) for row in rows} == {("completed", 1, 0)}
    assert sorted(handler.made.values()) == [1] * 20
    assert await harness.balance() == (0, 0)
    changes = [entry["event"] for entry in logs if entry["event"].startswith("dependency_")]
    assert changes == ["dependency_lost", "dependency_recovered"]
    stored = [path for path in folder.path.rglob("*") if path.is_file()]
    assert len(stored) == 40


async def test_copy_service_outage_is_awaited_with_the_lease(harness: JobHarness, folder: Folder) -> None:
    await harness.grant("u", 30)
    handler, probes, unavailable = CountingHandler(), 0, True

    def fail(_: RunningAttempt) -> None:
        if unavailable:
            raise DependencyFault("COPY_UNAVAILABLE", "no response")

    async def probe() -> None:
        nonlocal probes
        probes += 1
        if unavailable:
            raise RuntimeError("still unavailable")

    handler.fail = fail
    async with running_worker(harness, handler, folder, probes={"COPY_UNAVAILABLE": probe}):
        for _ in range(SLOTS + 2):
            await harness.submitted()
        await until_async(lambda: probes >= 3)
        unavailable = False
        rows = await all_ended(harness)
    assert {(row.status, row.attempt, row.failures) for row in rows} == {("completed", 1, 0)}


async def test_job_expired_in_an_outage_is_dead_and_retryable(
    harness: JobHarness, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(harness.policy.limits["static_ad"], attempt=timedelta(seconds=3))
    monkeypatch.setitem(harness.policy.limits, "static_ad", limits)
    await harness.grant("u", 6)
    handler = CountingHandler()
    async with running_worker(harness, handler, folder) as worker:
        folder.start_outage()
        job_id = await harness.submitted()
        await until_async(lambda: worker.circuit.is_open)
        async with asyncio.timeout(30):
            while (await harness.jobs())[0].status != "queued":  # noqa: ASYNC110 - rows have no event
                await asyncio.sleep(0.1)
        [attempt] = await harness.attempts()
        assert attempt.outcome == "returned"
        assert attempt.cause.startswith("STORAGE_UNAVAILABLE: ")
        assert (await harness.reader.job(job_id, "u")).status == "queued"
    harness.clock.ahead += timedelta(hours=3)
    assert await harness.lifecycle.expire(10) == 1
    harness.clock.ahead -= timedelta(hours=3)
    await harness.settlement.settle_all()
    (row,) = await harness.jobs()
    assert (row.status, row.dead, row.error_reason) == ("expired", True, "STORAGE_UNAVAILABLE")
    assert row.failures == 0
    assert await harness.balance() == (6, 0)
    async with harness.database.connection() as connection:
        (dead,) = await queries.dead_jobs(connection, None, 10)
    assert (dead.job.id, dead.job.error_reason) == (job_id, "STORAGE_UNAVAILABLE")
    folder.end_outage()
    async with running_worker(harness, handler, folder):
        retried = await harness.submissions.retry_dead(job_id)
        async with asyncio.timeout(30):
            while (await harness.reader.job(retried.job_id, "u")).status != "completed":  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)


async def test_job_expired_without_an_outage_is_not_dead(harness: JobHarness) -> None:
    await harness.grant("u", 3)
    job_id = await harness.submitted()
    harness.clock.ahead += timedelta(hours=3)
    assert await harness.lifecycle.expire(10) == 1
    (row,) = await harness.jobs()
    assert (row.status, row.dead, row.error_reason) == ("expired", False, None)
    with pytest.raises(JobNotDead):
        await harness.submissions.retry_dead(job_id)


async def test_missing_model_returns_the_job_immediately(harness: JobHarness, folder: Folder) -> None:
    await harness.grant("u", 3)
    handler, missing = CountingHandler(), True

    def fail(_: RunningAttempt) -> None:
        if missing:
            raise ModelMissing("run the set-up")

    handler.fail = fail
    async with running_worker(harness, handler, folder):
        await harness.submitted()
        async with asyncio.timeout(30):
            while not (returned := await harness.attempts(attempts.c.outcome == "returned")):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert returned[0].cause == "MODEL_MISSING: run the set-up"
        missing = False
        (row,) = await all_ended(harness)
    assert (row.status, row.failures, row.error_reason) == ("completed", 0, None)


async def test_full_scratch_disk_returns_the_job_and_worker_survives(
    harness: JobHarness, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await harness.grant("u", 3)
    full = True
    make_folder = Scratch.folder

    def no_space(scratch: Scratch) -> Path:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return make_folder(scratch)

    monkeypatch.setattr(Scratch, "folder", no_space)
    async with running_worker(harness, CountingHandler(), folder) as worker:
        await harness.submitted()
        await until_async(lambda: worker.circuit.is_open)
        async with asyncio.timeout(30):
            while not (returned := await harness.attempts(attempts.c.outcome == "returned")):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert returned[0].cause.startswith("SCRATCH_UNAVAILABLE: ")
        full = False
        (row,) = await all_ended(harness)
    assert (row.status, row.failures) == ("completed", 0)
