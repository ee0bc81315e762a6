"""The RPCs of the copy service. Copy is made in the request itself, on the same path as every paid job."""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import grpc
import structlog
from adwright.copy.v1 import copy_pb2, copy_pb2_grpc
from adwright.job.v1 import job_pb2, job_pb2_grpc

from services.chassis.banned_words import BriefNotPossible
from services.chassis.errors import InputFault, Kind, Overloaded, Refusal
from services.chassis.rpc import request_headers
from services.chassis.rpc.auth import ServiceIdentity, caller
from services.chassis.rpc.interceptors import request_id
from services.chassis.rpc.multiplexing import BatchedChannel
from services.copy import messages
from services.copy.domain import CopyBrief
from services.copy.providers import CopyProvider
from services.copy.providers.local import write_headline
from services.copy.providers.local.feasibility import check_feasible
from services.copy.providers.local.request import understand_order
from services.worker.faults import classified
from services.worker.submission import PreparedRequest, Submitter

Context = grpc.aio.ServicerContext[Any, Any]

WRITE_SECONDS = 25.0  # below the gateway's time-out, so that the customer gets our answer and not the gateway's
REPORT_SECONDS = 5.0
REPORT_TRIES = 3
REUSE_WAIT_SECONDS = 20
HEARTBEAT_SECONDS = 2.0  # the first lease of a job is 10 s
# Work goes on when its caller hangs up, so the server's limit of calls does not bound it; this is the same number.
MAX_JOBS_UNDER_WAY = 4_000
COMPLETE_JOB = "/adwright.job.v1.JobWorkerService/CompleteJob"
HEARTBEAT = "/adwright.job.v1.JobWorkerService/Heartbeat"
# Why the job of an earlier request with the same key has no copy, by its status.
NOT_MADE = {
    "failed": "The copy of the earlier request with this key could not be written. You have not been charged; please "
    "try again.",
    "expired": "The copy of the earlier request with this key was not written in time. You have not been charged; "
    "please try again.",
    "canceled": "The earlier request with this key was canceled. You have not been charged; try again to have the copy "
    "written.",
}
STALE_ATTEMPT = "STALE_ATTEMPT"
ENDED_WITHOUT_IT = (
    "The copy was not finished in time, or was canceled meanwhile. You have not been charged; please try again."
)
STILL_WRITING = (
    "The copy of the earlier request with this key is still being written. You have not been charged for this request; "
    "try again to get the copy."
)

Result = TypeVar("Result")

log = structlog.get_logger()


class GenerationFailed(Refusal):
    """The copy could not be written; nothing is charged."""

    kind = Kind.UNAVAILABLE
    reason = "GENERATION_FAILED"


class CopyServicer(copy_pb2_grpc.CopyServiceServicer):
    """Writes copy while the caller waits."""

    def __init__(
        self,
        *,
        submitter: Submitter,
        jobs: grpc.aio.Channel,
        identity: ServiceIdentity,
        provider: CopyProvider,
    ) -> None:
        self._submitter = submitter
        self._jobs = job_pb2_grpc.JobWorkerServiceStub(jobs)
        # An answer comes when the job's hold is settled: the next message need not wait for that.
        self._reports = BatchedChannel(jobs, identity, seconds=REPORT_SECONDS, concurrency=2)
        self._heartbeats = BatchedChannel(jobs, identity, seconds=HEARTBEAT_SECONDS)
        self._work: set[asyncio.Task[Any]] = set()
        self._identity = identity
        self._provider = provider
        self._name = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"

    async def GenerateCopy(
        self, request: copy_pb2.GenerateCopyRequest, context: Context
    ) -> copy_pb2.GenerateCopyResponse:
        prepared = await self._submitter.prepare(
            request,
            context,
            lambda brief, user_id: messages.submission(request, brief, user_id, self._name),
            check=lambda brief, _: self._check(messages.copy_brief(request, brief)),
        )
        if prepared.answer is not None:
            answer, response = prepared.answer, None
        else:
            answer, response = await self._to_the_end(self._accept_and_write(request, prepared))
        await self._submitter.announce(context, answer)
        notes = request_headers.unknown_field_notes(context.invocation_metadata())
        return messages.with_notes(response or await self._made_before(answer), notes)

    async def finish(self) -> None:
        """Returns when the jobs under way have ended; each does within WRITE_SECONDS and the time for its reports."""
        await asyncio.gather(*self._work, return_exceptions=True)

    async def _to_the_end(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The outcome of work that goes on when the caller hangs up: a submitted job must end, or its key and its
        credits would be held until its lease has run out."""
        if len(self._work) >= MAX_JOBS_UNDER_WAY:
            work.close()
            raise Overloaded("Too many copies are being written; try again.", retry_after_seconds=1)
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._work.discard(task)
        if not task.cancelled():
            task.exception()  # the caller has it, unless they hung up: then it must count as retrieved

    async def _accept_and_write(
        self, request: copy_pb2.GenerateCopyRequest, prepared: PreparedRequest
    ) -> tuple[job_pb2.SubmitJobResponse, copy_pb2.GenerateCopyResponse | None]:
        """Submits the job and makes it; without a response where another request's job is the answer."""
        assert prepared.brief is not None, "only a recorded answer has none"
        asked = messages.copy_brief(request, prepared.brief)
        answer = await self._submitter.accept(prepared.job)
        if answer.replayed or answer.status == "reused":
            return answer, None
        return answer, await self.write_accepted(asked, answer)

    async def _check(self, brief: CopyBrief) -> None:
        """Refuses what no engine can write, before anything is held for it. Raises BriefNotPossible."""
        try:
            check_feasible(understand_order(brief))
        except InputFault as fault:
            raise BriefNotPossible(fault.message) from None

    async def write_accepted(
        self, brief: CopyBrief, accepted: job_pb2.SubmitJobResponse
    ) -> copy_pb2.GenerateCopyResponse:
        """Writes for a job that was accepted, and ends it: completed with its result, or failed."""
        try:
            async with asyncio.timeout(WRITE_SECONDS), self._lease_kept(accepted):
                result = await self._provider.write(brief, accepted.job_id)
        except Exception as error:
            kind, reason, message = classified(error)
            log.error("copy_failed", job_id=accepted.job_id, reason=reason, exc_info=error)
            await self._report_failure(accepted, kind, reason, message)
            if kind == job_pb2.FAULT_KIND_INPUT:
                raise BriefNotPossible(f"{message} You have not been charged.") from error
            raise GenerationFailed(
                "The copy could not be written. You have not been charged; please try again."
            ) from error
        if result.cost is not None:
            log.info(
                "model_used", job_id=accepted.job_id, provider=result.provider, model=result.cost.model,
                prompt_tokens=result.cost.prompt_tokens, completion_tokens=result.cost.completion_tokens,
                cost_micros=result.cost.cost_micros, calls=result.cost.calls,
            )  # fmt: skip
        made = messages.job_result(result)
        async with self._lease_kept(accepted):
            await self._complete(accepted, made)
        return messages.response(accepted, made, "completed")

    @asynccontextmanager
    async def _lease_kept(self, accepted: job_pb2.SubmitJobResponse) -> AsyncIterator[None]:
        """Sends heartbeats for as long as the block takes."""
        beats = asyncio.create_task(self._beat(accepted))
        try:
            yield
        finally:
            beats.cancel()

    async def _beat(self, accepted: job_pb2.SubmitJobResponse) -> None:
        request = job_pb2.HeartbeatRequest(job_id=accepted.job_id, attempt=accepted.attempt)
        while True:  # ends with the block, whose time is bounded
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self._heartbeats(HEARTBEAT, request, job_pb2.HeartbeatResponse)
            except Refusal as refusal:
                log.warning("heartbeat_failed", job_id=accepted.job_id, reason=refusal.reason)

    async def _complete(self, accepted: job_pb2.SubmitJobResponse, made: copy_pb2.CopyJobResult) -> None:
        """Completes the job before answering: what is charged has been made, and what has been made can be read
        again from the job."""
        request = job_pb2.CompleteJobRequest(
            job_id=accepted.job_id, attempt=accepted.attempt, result=made.SerializeToString()
        )
        give_up = time.monotonic() + REPORT_SECONDS * REPORT_TRIES
        for left in reversed(range(REPORT_TRIES)):
            try:
                await self._reports(COMPLETE_JOB, request, job_pb2.CompleteJobResponse)
            except Refusal as refusal:
                if refusal.reason == STALE_ATTEMPT:
                    raise GenerationFailed(ENDED_WITHOUT_IT) from refusal
                if refusal.kind is not Kind.UNAVAILABLE or left == 0 or time.monotonic() > give_up:
                    raise
                await asyncio.sleep(0.2)
            else:
                return

    async def _report_failure(
        self, accepted: job_pb2.SubmitJobResponse, kind: job_pb2.FaultKind.ValueType, reason: str, message: str
    ) -> None:
        try:
            await self._jobs.FailJob(
                job_pb2.FailJobRequest(
                    job_id=accepted.job_id, attempt=accepted.attempt, kind=kind, reason=reason, message=message[:2000]
                ),
                metadata=self._identity.metadata(request_id()),
                timeout=REPORT_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            # The job's deadline ends it, and its credits go back then.
            log.warning("failure_not_reported", job_id=accepted.job_id, code=error.code().name)

    async def _made_before(self, accepted: job_pb2.SubmitJobResponse) -> copy_pb2.GenerateCopyResponse:
        """The variants of a job that another request has made, or makes now: once they are there."""
        if accepted.job_type not in ("", messages.JOB_TYPE):
            return messages.response(accepted, copy_pb2.CopyJobResult(), accepted.status)  # the notes say why
        outcome = await self._submitter.outcome(
            user_id=caller().user_id, job_id=accepted.job_id, wait_seconds=REUSE_WAIT_SECONDS
        )
        if outcome.error.reason == BriefNotPossible.reason:
            raise BriefNotPossible(f"{outcome.error.message} You have not been charged.")
        if outcome.status != "completed":
            raise GenerationFailed(NOT_MADE.get(outcome.status, STILL_WRITING))
        return messages.response(accepted, copy_pb2.CopyJobResult.FromString(outcome.result), accepted.status)


class CopyWriterServicer(copy_pb2_grpc.CopyWriterServiceServicer):
    """Lines for other workers."""

    async def WriteHeadline(
        self, request: copy_pb2.WriteHeadlineRequest, context: Context
    ) -> copy_pb2.WriteHeadlineResponse:
        headline = write_headline(messages.headline_brief(request), request.seed)
        return copy_pb2.WriteHeadlineResponse(
            headline=headline.headline, subline=headline.subline, call_to_action=headline.cta
        )
