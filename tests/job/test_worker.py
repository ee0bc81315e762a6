"""A worker with the job service: wake-ups, and the files of stopped attempts."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2_grpc

from services.chassis.clock import SystemClock
from services.chassis.config import ServiceSettings
from services.chassis.data.assets import AssetStore, StoredObject
from services.chassis.errors import InputFault, TransientFault
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel
from services.image.domain import ImageBrief, RenderedImage, Taken
from services.image.variants import VariantState
from services.image.worker import ImageWorker
from services.job.servicer import JobWorkerServicer
from services.job.tables import asset
from services.worker.leases import LeaseClient
from services.worker.loop import AttemptHandler, AttemptResult, ResultFile, RunningAttempt, Worker
from services.worker.progress import ReportProgress
from services.worker.remote.customer_images import CustomerImages
from services.worker.remote.fetcher import Fetcher
from services.worker.remote.remote_task import Checkpoints
from tests.job.harness import JobHarness
from tests.support import until_async

SLOTS = 8
POLL_SECONDS = 1.5  # the shortest poll interval of an idle slot
SERVICE = "adwright.job.v1.JobWorkerService"


class CountingServicer(JobWorkerServicer):
    """Counts the requests for leases."""

    lease_requests: int = 0

    async def LeaseJobs(self, request: Any, context: Any) -> Any:
        self.lease_requests += request.count
        return await super().LeaseJobs(request, context)


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
async def running_worker(
    harness: JobHarness, assets: AssetStore, tmp_path: Path, handler: AttemptHandler = make_image
) -> AsyncIterator[WorkerHarness]:
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
        handler=handler,
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
    return (await harness.job(job_id)).status


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
        [key] = await harness.column(asset.c.key, asset.c.job_id == job_id)
        assert files(folder) == [folder / key]


@dataclass
class FaultyPainter:
    """Draws a picture per call, except where `faults` has one for the number of the call, from 1. Call `stuck` never
    ends."""

    faults: dict[int, Exception]
    stuck: int = 0
    name: str = "faulty"
    taken: list[Taken] = field(default_factory=list)
    resumed: list[bytes] = field(default_factory=list)
    bought: list[str] = field(default_factory=list)

    async def render(
        self, brief: ImageBrief, folder: Path, report: ReportProgress, checkpoints: Checkpoints
    ) -> RenderedImage:
        self.taken.append(brief.taken)
        self.resumed.append(checkpoints.checkpoint)
        if not checkpoints.checkpoint:
            self.bought.append(brief.seed)
            await checkpoints.save_checkpoint(f"task of {brief.seed}".encode())
        if len(self.taken) == self.stuck:
            await asyncio.Event().wait()
        if fault := self.faults.get(len(self.taken)):
            raise fault
        for name in ("ad.png", "thumbnail.webp"):
            (folder / name).write_bytes(b"a picture")
        return RenderedImage(
            image=folder / "ad.png",
            thumbnail=folder / "thumbnail.webp",
            content_type="image/png",
            width=1,
            height=1,
            alt_text=brief.seed,
            notes=(),
            provider=self.name,
            headline=brief.headline,
            layout=f"layout {len(self.taken)}",
        )

    async def draw_again(self, brief: ImageBrief, folder: Path, report: ReportProgress) -> RenderedImage:
        raise AssertionError("no test draws a picture again")

    async def prepare(self) -> None:
        return

    async def close(self) -> None:
        return


class Lines:
    """The copy service: another headline for each seed."""

    async def WriteHeadline(self, request: copy_pb2.WriteHeadlineRequest, **_: Any) -> copy_pb2.WriteHeadlineResponse:
        return copy_pb2.WriteHeadlineResponse(headline=f"For {request.seed}")


@asynccontextmanager
async def running_painter(
    harness: JobHarness, tmp_path: Path, faults: dict[int, Exception], *, stuck: int = 0
) -> AsyncIterator[tuple[FaultyPainter, Any]]:
    """A worker of images, and the id of a job of four variants that it makes; the user had 30 credits."""
    await harness.grant("u", 30)
    assets, painter = AssetStore(f"file://{tmp_path}/assets"), FaultyPainter(faults, stuck=stuck)
    worker = ImageWorker(
        provider=painter,
        customer_images=CustomerImages(assets=assets, fetcher=Fetcher()),
        copy=cast(Any, Lines()),
        identity=ServiceIdentity("image", "s" * 32),
        clock=SystemClock(),
    )
    async with running_worker(harness, assets, tmp_path, worker.handle) as running:
        request = image_pb2.GenerateStaticAdRequest(variants=4, seed="s")
        parameters = image_pb2.ImageJobParameters(request=request).SerializeToString()
        job_id = await harness.submitted(quantity=4, parameters=parameters)
        running.worker.wake(1)
        yield painter, job_id


async def failed_once(harness: JobHarness, job_id: Any) -> None:
    """Waits until the job's first attempt has failed. Fails if the job has ended with it."""

    async def failures() -> int | None:
        return (await harness.job(job_id)).failures or None

    found: int = await until_async(failures)
    assert found == 1
    assert await status(harness, job_id) == "queued"


async def next_attempt(harness: JobHarness) -> None:
    harness.clock.ahead += timedelta(minutes=1)
    await harness.lifecycle.dispatch_again(10)


class TestVariants:
    async def test_picture_that_fails_for_good_leaves_the_others(self, harness: JobHarness, tmp_path: Path) -> None:
        fault = InputFault("CONTENT_REFUSED", "The engine refused the picture.")
        async with running_painter(harness, tmp_path, {2: fault}) as (painter, job_id):
            assert await ended(harness, job_id) == "completed"
            await harness.settlement.settle_all()
        assert await harness.balance() == (30 - 3 * 3, 0)
        job = await harness.reader.job(job_id, "u")
        assert [(asset.variant, asset.type) for asset in job.assets] == [
            (number, name) for number in (1, 3, 4) for name in ("image", "thumbnail")
        ]
        assert job.notes == (
            *(f"Alternative text of picture {number}: s{f' #{number}' * (number > 1)}" for number in (1, 3, 4)),
            "Picture 2 could not be made: The engine refused the picture.",
        )
        assert len(files(tmp_path / "assets")) == 6
        assert painter.taken[-1] == Taken(headlines=("For s", "For s #3"), layouts=("layout 1", "layout 3"))

    async def test_paid_tasks_are_resumed_and_never_bought_again(self, harness: JobHarness, tmp_path: Path) -> None:
        """Each picture has a task of its own, which a later attempt continues however the others fared."""
        faults: dict[int, Exception] = {
            1: TransientFault("PROVIDER_BUSY", "ten polls failed"),
            3: InputFault("PROVIDER_UNCONFIRMED", "It may have been charged."),
            4: RuntimeError("a defect"),
        }
        async with running_painter(harness, tmp_path, faults) as (painter, job_id):
            await failed_once(harness, job_id)
            kept = VariantState.read((await harness.job(job_id)).checkpoint or b"")
            assert kept.tasks == {1: b"task of s", 3: b"task of s #3", 4: b"task of s #4"}
            assert kept.taken == Taken(headlines=("For s #2",), layouts=("layout 2",))
            await next_attempt(harness)
            assert await ended(harness, job_id) == "completed"
        assert painter.resumed == [b""] * 4 + [b"task of s", b"task of s #3", b"task of s #4"]
        assert painter.bought == ["s", "s #2", "s #3", "s #4"]

    @pytest.mark.parametrize(
        "faults",
        [
            {1: "busy", 2: "refused", 3: "refused", 4: "refused"},
            {1: "refused", 2: "defect", 3: "busy", 4: "refused"},
        ],
    )
    async def test_refused_picture_does_not_end_a_job_whose_others_may_succeed(
        self, harness: JobHarness, tmp_path: Path, faults: dict[int, str]
    ) -> None:
        kinds: dict[str, Exception] = {
            "refused": InputFault("CONTENT_REFUSED", "Refused."),
            "busy": TransientFault("ENGINE_BUSY", "busy"),
            "defect": RuntimeError("a defect"),
        }
        raised = {number: kinds[kind] for number, kind in faults.items()}
        async with running_painter(harness, tmp_path, raised) as (painter, job_id):
            await failed_once(harness, job_id)
            await next_attempt(harness)
            assert await ended(harness, job_id) == "completed"
            await harness.settlement.settle_all()
        assert len(painter.taken) == 8
        assert await harness.balance() == (30 - 4 * 3, 0)

    @pytest.mark.parametrize("first", [RuntimeError("a defect"), TransientFault("ENGINE_BUSY", "busy")])
    async def test_full_disk_of_the_worker_is_no_failure_of_a_picture(
        self, harness: JobHarness, tmp_path: Path, first: Exception
    ) -> None:
        full = OSError(errno.ENOSPC, "no space left on device")
        async with running_painter(harness, tmp_path, {1: first, 2: full}) as (painter, job_id):

            async def returned() -> bool | None:
                return [attempt.outcome for attempt in (await harness.attempts())[:1]] == ["returned"] or None

            known: bool = await until_async(returned)
            assert known
            assert (await harness.job(job_id)).failures == 0
            assert painter.bought[:2] == ["s", "s #2"]
            assert await ended(harness, job_id) == "completed"
            await harness.settlement.settle_all()
        assert await harness.balance() == (30 - 4 * 3, 0)

    async def test_next_attempt_makes_only_what_is_missing(self, harness: JobHarness, tmp_path: Path) -> None:
        async with running_painter(harness, tmp_path, {2: TransientFault("ENGINE_BUSY", "busy")}) as (painter, job_id):
            await failed_once(harness, job_id)
            assert (await harness.reader.job(job_id, "u")).delivered == 3
            await next_attempt(harness)
            assert await ended(harness, job_id) == "completed"
            await harness.settlement.settle_all()
        assert len(painter.taken) == 5
        assert len(painter.taken[-1].layouts) == 3
        assert await harness.balance() == (30 - 4 * 3, 0)

    @pytest.mark.parametrize("stuck", [1, 3])
    async def test_picture_that_never_ends_leaves_time_for_the_others(
        self, harness: JobHarness, tmp_path: Path, stuck: int
    ) -> None:
        policy = replace(harness.policy.limits["static_ad"], attempt=timedelta(seconds=2))
        short = harness.with_policy(limits={**harness.policy.limits, "static_ad": policy})
        async with running_painter(short, tmp_path, {}, stuck=stuck) as (painter, job_id):
            await failed_once(short, job_id)
            assert (await short.reader.job(job_id, "u")).delivered == 3
            await next_attempt(short)
            assert await ended(short, job_id) == "completed"
        names = ["s", "s #2", "s #3", "s #4"]
        assert painter.bought == names
        assert painter.resumed[4:] == [f"task of {names[stuck - 1]}".encode()]

    async def test_files_of_an_unanswered_report_stay(
        self, harness: JobHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The job may list and charge for a picture whose report ended in an error after it was stored."""
        store, reports = JobWorkerServicer.StoreVariant, list[int]()

        async def store_and_break(servicer: JobWorkerServicer, request: Any, context: Any) -> Any:
            response = await store(servicer, request, context)
            reports.append(request.number)
            if len(reports) == 2:
                raise RuntimeError("after the commit")
            return response

        monkeypatch.setattr(JobWorkerServicer, "StoreVariant", store_and_break)
        async with running_painter(harness, tmp_path, {}) as (_, job_id):
            await failed_once(harness, job_id)
            await next_attempt(harness)
            assert await ended(harness, job_id) == "completed"
            await harness.settlement.settle_all()
        assert reports == [1, 2, 3, 4], "no picture is made twice"
        keys = await harness.column(asset.c.key, asset.c.job_id == job_id)
        assert sorted(files(tmp_path / "assets")) == sorted(tmp_path / "assets" / key for key in keys)
        assert await harness.balance() == (30 - 4 * 3, 0)

    async def test_job_without_a_picture_fails_and_costs_nothing(self, harness: JobHarness, tmp_path: Path) -> None:
        faults: dict[int, Exception] = {number: InputFault("CONTENT_REFUSED", "Refused.") for number in range(1, 5)}
        async with running_painter(harness, tmp_path, faults) as (_, job_id):
            assert await ended(harness, job_id) == "failed"
            await harness.settlement.settle_all()
        assert await harness.balance() == (30, 0)
        assert (await harness.reader.job(job_id, "u")).error_reason == "CONTENT_REFUSED"
