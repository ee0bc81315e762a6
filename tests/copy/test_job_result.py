"""What is kept with a job, and that it reads as what was kept before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
import pytest
from adwright.batch.v1 import batch_pb2, batch_pb2_grpc
from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2
from adwright.job.v1 import job_pb2

from services.chassis.errors import Overloaded
from services.chassis.rpc.auth import ServiceIdentity
from services.copy import messages
from services.copy.domain import CopyBrief, CopyResult, Notes, Usage, Variant
from services.copy.servicer import CopyServicer, GenerationFailed
from services.worker.submission import PreparedRequest, Submitter
from tests.copy.products import PRODUCTS, brief

USAGE = Usage(model="m-1", prompt_tokens=900, completion_tokens=400, cost_micros=123, calls=2)
REQUEST = copy_pb2.GenerateCopyRequest(platform="meta", format="short", tone="bold")
VARIANTS = tuple(Variant(angle=str(n), hook=f"h{n}", body="b", cta="c", hashtags=("#x",)) for n in range(5))
RESULT = CopyResult(variants=VARIANTS, notes=Notes(applied=("No emoji.",)), provider="openai", cost=USAGE)
ACCEPTED = job_pb2.SubmitJobResponse(job_id="j", attempt=1, credits_used=1, credits_remaining=9)


class Jobs(batch_pb2_grpc.BatchServiceServicer):
    """Stands in for the job service: keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[job_pb2.CompleteJobRequest] = []
        self.stale = False

    async def CallTogether(
        self, request: batch_pb2.CallTogetherRequest, context: Any
    ) -> batch_pb2.CallTogetherResponse:
        assert request.method == "/adwright.job.v1.JobWorkerService/CompleteJob"
        self.told += [job_pb2.CompleteJobRequest.FromString(call.request) for call in request.calls]
        if self.stale:
            body = '{"error":{"reason":"STALE_ATTEMPT","message":"not the current one"}}'
            refused = batch_pb2.Refused(code="ABORTED", http_status=409, body=body)
            return batch_pb2.CallTogetherResponse(answers=[batch_pb2.Answer(refused=refused) for _ in request.calls])
        return batch_pb2.CallTogetherResponse(answers=[batch_pb2.Answer(response=b"") for _ in request.calls])


@pytest.fixture
async def jobs() -> AsyncIterator[tuple[Jobs, grpc.aio.Channel]]:
    server, stand_in = grpc.aio.server(), Jobs()
    batch_pb2_grpc.add_BatchServiceServicer_to_server(stand_in, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield stand_in, channel
    await server.stop(None)


class Paid:
    """A provider that has asked a model."""

    name = "openai"

    async def write(self, brief: CopyBrief, seed: str) -> CopyResult:
        return RESULT

    async def close(self) -> None:
        return None


class Call:
    """The context of a call without headers."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()


class Held:
    """Stands in for the submitter: takes a job when it is let."""

    def __init__(self) -> None:
        self.submitting, self.taken = asyncio.Event(), asyncio.Event()
        self.submitted = 0

    async def prepare(self, request: Any, context: Any, submission: Any, *, check: Any) -> PreparedRequest:
        return PreparedRequest(answer=None, job=job_pb2.SubmitJobRequest(), brief=catalog_pb2.Brief())

    async def accept(self, job: job_pb2.SubmitJobRequest) -> job_pb2.SubmitJobResponse:
        self.submitted += 1
        self.submitting.set()
        await self.taken.wait()
        return ACCEPTED

    async def announce(self, context: Any, answer: job_pb2.SubmitJobResponse) -> None:
        return None


class TestCompletedJob:
    async def test_keeps_model_tokens_and_cost_and_the_answer_does_not_tell_them(
        self, jobs: tuple[Jobs, grpc.aio.Channel]
    ) -> None:
        stand_in, channel = jobs
        servicer = CopyServicer(
            submitter=cast(Submitter, None),
            jobs=channel,
            identity=ServiceIdentity("copy", "s" * 32),
            provider=Paid(),
        )
        asked = brief(PRODUCTS[0])
        answer = await servicer.write_accepted(asked, ACCEPTED)
        kept = copy_pb2.CopyJobResult.FromString(stand_in.told[0].result)
        assert (kept.usage.model, kept.usage.prompt_tokens, kept.usage.completion_tokens) == ("m-1", 900, 400)
        assert (kept.usage.cost_micros, kept.usage.calls) == (123, 2)
        assert [variant.hook for variant in answer.variants] == [f"h{n}" for n in range(5)]
        assert list(answer.notes.applied) == ["No emoji."]
        assert b"m-1" not in answer.SerializeToString()

    async def test_one_that_came_too_late_is_said_not_to_be_charged(self, jobs: tuple[Jobs, grpc.aio.Channel]) -> None:
        stand_in, channel = jobs
        stand_in.stale = True
        identity = ServiceIdentity("copy", "s" * 32)
        servicer = CopyServicer(submitter=cast(Submitter, None), jobs=channel, identity=identity, provider=Paid())
        with pytest.raises(GenerationFailed, match="not been charged"):
            await servicer.write_accepted(brief(PRODUCTS[0]), ACCEPTED)
        assert len(stand_in.told) == 1, "it is not tried again"


class TestHangUp:
    async def test_a_submitted_copy_is_completed_though_its_caller_has_gone(
        self, jobs: tuple[Jobs, grpc.aio.Channel]
    ) -> None:
        """The call is cancelled while the job service takes the job."""
        stand_in, channel = jobs
        submitter = Held()
        servicer = CopyServicer(
            submitter=cast(Submitter, submitter), jobs=channel, identity=ServiceIdentity("copy", "s" * 32),
            provider=Paid(),
        )  # fmt: skip
        call = asyncio.create_task(servicer.GenerateCopy(REQUEST, cast(Any, Call())))
        async with asyncio.timeout(10):
            await submitter.submitting.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        submitter.taken.set()
        await servicer.finish()
        assert [told.job_id for told in stand_in.told] == [ACCEPTED.job_id]

    async def test_more_than_a_bound_of_them_are_refused_before_they_are_submitted(
        self, jobs: tuple[Jobs, grpc.aio.Channel], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.copy.servicer.MAX_JOBS_UNDER_WAY", 1)
        submitter = Held()
        servicer = CopyServicer(
            submitter=cast(Submitter, submitter), jobs=jobs[1], identity=ServiceIdentity("copy", "s" * 32),
            provider=Paid(),
        )  # fmt: skip
        call = asyncio.create_task(servicer.GenerateCopy(REQUEST, cast(Any, Call())))
        async with asyncio.timeout(10):
            await submitter.submitting.wait()
        with pytest.raises(Overloaded):
            await servicer.GenerateCopy(REQUEST, cast(Any, Call()))
        submitter.taken.set()
        assert len((await call).variants) == 5
        assert submitter.submitted == 1


class TestKeptResult:
    def test_results_kept_as_answers_are_read(self) -> None:
        old = copy_pb2.GenerateCopyResponse(job_id="j", status="completed", credits_used=1)
        old.variants.add(hook="h", body="b", cta="c", hashtags=["#x"])
        old.notes.applied.append("No emoji.")
        read = messages.response(ACCEPTED, copy_pb2.CopyJobResult.FromString(old.SerializeToString()), "reused")
        assert (read.status, read.credits_remaining) == ("reused", 9)
        assert read.variants[0].hook == "h"
        assert list(read.notes.applied) == ["No emoji."]

    def test_without_a_model_there_is_no_usage(self) -> None:
        local = CopyResult(variants=VARIANTS, notes=Notes(), provider="local")
        assert not messages.job_result(local).HasField("usage")
