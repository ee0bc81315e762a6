"""The result stored with a copy job, and the job's end when the caller hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2
from adwright.job.v1 import job_pb2, job_pb2_grpc

from services.chassis.errors import Overloaded
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.refusals import rich_status
from services.chassis.rpc.server import open_channel
from services.copy import messages
from services.copy.domain import CopyBrief, CopyResult, Notes, Usage, Variant
from services.copy.servicer import CopyServicer, GenerationFailed
from services.job.errors import StaleAttempt
from services.job.servicer import JobWorkerServicer
from services.worker.submission import PreparedRequest, Submitter
from tests.copy.products import PRODUCTS, brief

USAGE = Usage(model="m-1", prompt_tokens=900, completion_tokens=400, cost_micros=123, calls=2)
REQUEST = copy_pb2.GenerateCopyRequest(platform="meta", format="short", tone="bold")
VARIANTS = tuple(Variant(angle=str(n), hook=f"h{n}", body="b", cta="c", hashtags=("#x",)) for n in range(5))
RESULT = CopyResult(variants=VARIANTS, notes=Notes(applied=("No emoji.",)), provider="openai", usage=USAGE)
ACCEPTED = job_pb2.SubmitJobResponse(job_id="j", attempt=1, credits_used=1, credits_remaining=9)


class FakeJobService(JobWorkerServicer):
    """A job service that records completions; stale: it refuses them."""

    def __init__(self) -> None:
        self.completions: list[job_pb2.CompleteJobRequest] = []
        self.stale = False

    async def CompleteJobs(self, request: job_pb2.CompleteJobsRequest, context: Any) -> job_pb2.CompleteJobsResponse:
        self.completions += request.requests
        outcome = job_pb2.CompleteJobOutcome(response=job_pb2.CompleteJobResponse())
        if self.stale:
            outcome = job_pb2.CompleteJobOutcome(refused=rich_status(StaleAttempt()))
        return job_pb2.CompleteJobsResponse(outcomes=[outcome for _ in request.requests])


@pytest.fixture
async def jobs() -> AsyncIterator[tuple[FakeJobService, grpc.aio.Channel]]:
    server, job_service = grpc.aio.server(), FakeJobService()
    job_pb2_grpc.add_JobWorkerServiceServicer_to_server(job_service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield job_service, channel
    await server.stop(None)


class ProviderWithUsage:
    """A provider whose result has the usage of a model."""

    name = "openai"

    def check(self, brief: CopyBrief) -> None:
        return None

    async def write(self, brief: CopyBrief, seed: str) -> CopyResult:
        return RESULT

    async def close(self) -> None:
        return None


class CallContext:
    """The context of a call without headers."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()


class BlockingSubmitter:
    """A submitter that accepts a job only after `accepting` is set."""

    def __init__(self) -> None:
        self.submitting, self.accepting = asyncio.Event(), asyncio.Event()
        self.submitted = 0

    async def prepare(self, request: Any, context: Any, submission: Any, *, check: Any) -> PreparedRequest:
        return PreparedRequest(stored_response=None, job=job_pb2.SubmitJobRequest(), brief=catalog_pb2.Brief())

    async def submit_prepared(self, job: job_pb2.SubmitJobRequest) -> job_pb2.SubmitJobResponse:
        self.submitted += 1
        self.submitting.set()
        await self.accepting.wait()
        return ACCEPTED

    async def send_response_headers(self, context: Any, answer: job_pb2.SubmitJobResponse) -> None:
        return None


class TestCompletedJob:
    async def test_stored_result_holds_the_usage_and_the_response_does_not(
        self, jobs: tuple[FakeJobService, grpc.aio.Channel]
    ) -> None:
        job_service, channel = jobs
        servicer = CopyServicer(
            submitter=cast(Submitter, None),
            jobs=channel,
            identity=ServiceIdentity("copy", "s" * 32),
            provider=ProviderWithUsage(),
        )
        request = brief(PRODUCTS[0])
        answer = await servicer.write_for_job(request, ACCEPTED)
        stored = copy_pb2.CopyJobResult.FromString(job_service.completions[0].result)
        assert (stored.usage.model, stored.usage.prompt_tokens, stored.usage.completion_tokens) == ("m-1", 900, 400)
        assert (stored.usage.cost_micros, stored.usage.calls) == (123, 2)
        assert [variant.hook for variant in answer.variants] == [f"h{n}" for n in range(5)]
        assert list(answer.notes.applied) == ["No emoji."]
        assert b"m-1" not in answer.SerializeToString()

    async def test_job_that_ended_meanwhile_is_reported_as_not_charged(
        self, jobs: tuple[FakeJobService, grpc.aio.Channel]
    ) -> None:
        job_service, channel = jobs
        job_service.stale = True
        identity = ServiceIdentity("copy", "s" * 32)
        servicer = CopyServicer(
            submitter=cast(Submitter, None), jobs=channel, identity=identity, provider=ProviderWithUsage()
        )
        with pytest.raises(GenerationFailed, match="not been charged"):
            await servicer.write_for_job(brief(PRODUCTS[0]), ACCEPTED)
        assert len(job_service.completions) == 1, "it is not retried"


class TestHangUp:
    async def test_submitted_job_is_completed_after_the_caller_hangs_up(
        self, jobs: tuple[FakeJobService, grpc.aio.Channel]
    ) -> None:
        """The call is cancelled while the job service accepts the job."""
        job_service, channel = jobs
        submitter = BlockingSubmitter()
        servicer = CopyServicer(
            submitter=cast(Submitter, submitter), jobs=channel, identity=ServiceIdentity("copy", "s" * 32),
            provider=ProviderWithUsage(),
        )  # fmt: skip
        call = asyncio.create_task(servicer.GenerateCopy(REQUEST, cast(Any, CallContext())))
        async with asyncio.timeout(10):
            await submitter.submitting.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        submitter.accepting.set()
        await servicer.drain()
        assert [completion.job_id for completion in job_service.completions] == [ACCEPTED.job_id]

    async def test_jobs_above_the_limit_are_refused_before_submission(
        self, jobs: tuple[FakeJobService, grpc.aio.Channel], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.copy.servicer.MAX_CONCURRENT_JOBS", 1)
        submitter = BlockingSubmitter()
        servicer = CopyServicer(
            submitter=cast(Submitter, submitter), jobs=jobs[1], identity=ServiceIdentity("copy", "s" * 32),
            provider=ProviderWithUsage(),
        )  # fmt: skip
        call = asyncio.create_task(servicer.GenerateCopy(REQUEST, cast(Any, CallContext())))
        async with asyncio.timeout(10):
            await submitter.submitting.wait()
        with pytest.raises(Overloaded):
            await servicer.GenerateCopy(REQUEST, cast(Any, CallContext()))
        submitter.accepting.set()
        assert len((await call).variants) == 5
        assert submitter.submitted == 1


class TestStoredResult:
    def test_results_stored_in_the_old_form_are_read(self) -> None:
        old = copy_pb2.GenerateCopyResponse(job_id="j", status="completed", credits_used=1)
        old.variants.add(hook="h", body="b", cta="c", hashtags=["#x"])
        old.notes.applied.append("No emoji.")
        read = messages.generate_copy_response(
            ACCEPTED, copy_pb2.CopyJobResult.FromString(old.SerializeToString()), "reused"
        )
        assert (read.status, read.credits_remaining) == ("reused", 9)
        assert read.variants[0].hook == "h"
        assert list(read.notes.applied) == ["No emoji."]

    def test_result_of_the_built_in_engine_has_no_usage(self) -> None:
        local = CopyResult(variants=VARIANTS, notes=Notes(), provider="local")
        assert not messages.job_result(local).HasField("usage")
