"""The RPCs of the copy service. Copy is written during the request, on the same path as every paid job."""

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

from services.ad_policy import forbidden_claim
from services.chassis.backoff import Backoff
from services.chassis.banned_words import BriefNotPossible
from services.chassis.errors import InputFault, Overloaded, Refusal, RefusalKind
from services.chassis.rpc import request_headers
from services.chassis.rpc.auth import ServiceIdentity, caller
from services.chassis.rpc.batch_rpcs import BatchCalls
from services.chassis.rpc.interceptors import request_id
from services.copy import messages
from services.copy.domain import CopyBrief
from services.copy.providers import CopyProvider
from services.copy.providers.local import picture_price
from services.copy.providers.local.proof import is_placeholder
from services.copy.providers.model_headline import HeadlineWriter, LocalHeadlines
from services.worker.faults import classify
from services.worker.submission import PreparedRequest, Submitter

Context = grpc.aio.ServicerContext[Any, Any]

# Longest time of the built-in engine; that of a language model is a setting. With the time for reports, both stay below
# the gateway's timeout, so that the customer gets this service's error, and below the job's deadline.
WRITE_SECONDS = 25.0
REPORT_SECONDS = 5.0
REPORT_ATTEMPTS = 3
REPORT_BACKOFF = Backoff(0.3, 0.3)
MAX_REUSE_WAIT_SECONDS = 60  # the job service waits no longer for an outcome
HEARTBEAT_SECONDS = 2.0  # the first lease of a job is 10 s
# Equal to the server's limit of concurrent calls, which does not bound jobs that continue after their caller hung up.
MAX_CONCURRENT_JOBS = 4_000
# Messages by the status of an earlier request's job with the same key, when that job has no copy.
EARLIER_JOB_MESSAGES = {
    "failed": "The copy of the earlier request with this key could not be written. You have not been charged; please "
    "try again.",
    "expired": "The copy of the earlier request with this key was not written in time. You have not been charged; "
    "please try again.",
    "canceled": "The earlier request with this key was canceled. You have not been charged; try again to have the copy "
    "written.",
}
STALE_ATTEMPT = "STALE_ATTEMPT"
JOB_ENDED_MESSAGE = (
    "The copy was not finished in time, or was canceled meanwhile. You have not been charged; please try again."
)
STILL_WRITING_MESSAGE = (
    "The copy of the earlier request with this key is still being written. You have not been charged for this request; "
    "try again to get the copy."
)

Result = TypeVar("Result")

log = structlog.get_logger()


class GenerationFailed(Refusal):
    """The copy could not be written. Nothing is charged."""

    reason = "GENERATION_FAILED"


class CopyServicer(copy_pb2_grpc.CopyServiceServicer):
    """Submits copy jobs and writes the copy while the caller waits."""

    def __init__(
        self,
        *,
        submitter: Submitter,
        jobs: grpc.aio.Channel,
        identity: ServiceIdentity,
        provider: CopyProvider,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        """write_seconds: longest time in which the provider writes one copy."""
        self._submitter = submitter
        self._jobs = job_pb2_grpc.JobWorkerServiceStub(jobs)
        self._complete_job: BatchCalls[job_pb2.CompleteJobRequest, job_pb2.CompleteJobResponse] = BatchCalls(
            single=self._jobs.CompleteJob,
            batch=self._jobs.CompleteJobs,
            message=job_pb2.CompleteJobsRequest,
            identity=identity,
            seconds=REPORT_SECONDS,
            concurrency=2,  # a response comes after the job's hold is settled, so a second batch is sent meanwhile
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._identity = identity
        self._provider = provider
        self._write_seconds = write_seconds
        self._worker_name = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"

    async def GenerateCopy(
        self, request: copy_pb2.GenerateCopyRequest, context: Context
    ) -> copy_pb2.GenerateCopyResponse:
        prepared = await self._submitter.prepare(
            request,
            context,
            lambda brief, user_id: messages.submit_job_request(request, brief, user_id, self._worker_name),
            check=lambda brief, _: self._check(messages.copy_brief(request, brief)),
        )
        if prepared.stored_response is not None:
            accepted, response = prepared.stored_response, None
        else:
            accepted, response = await self._run_detached(self._accept_and_write(request, prepared))
        await self._submitter.send_response_headers(context, accepted)
        notes = request_headers.unknown_field_notes(context.invocation_metadata())
        return messages.with_notes(response or await self._earlier_response(accepted), notes)

    async def drain(self) -> None:
        """Waits for the running jobs. Each ends within the time to write and the time for its reports."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run_detached(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs work that continues when the caller hangs up, and returns its result.

        A submitted job must end: otherwise its key and its credits are held until its lease expires. Raises Overloaded.
        """
        if len(self._tasks) >= MAX_CONCURRENT_JOBS:
            work.close()
            raise Overloaded("Too many copies are being written; try again.", retry_after_seconds=1)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._discard)
        return await asyncio.shield(task)

    def _discard(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # marks it as retrieved, for a caller that hung up

    async def _accept_and_write(
        self, request: copy_pb2.GenerateCopyRequest, prepared: PreparedRequest
    ) -> tuple[job_pb2.SubmitJobResponse, copy_pb2.GenerateCopyResponse | None]:
        """Submits the job and writes its copy. The response is None when another request's job is used instead."""
        assert prepared.brief is not None, "only a stored response has no brief"
        brief = messages.copy_brief(request, prepared.brief)
        accepted = await self._submitter.submit_prepared(prepared.job)
        if accepted.replayed or accepted.status == "reused":
            return accepted, None
        return accepted, await self.write_for_job(brief, accepted)

    async def _check(self, brief: CopyBrief) -> None:
        """Raises BriefNotPossible for a brief that no engine can serve, before credits are held."""
        try:
            self._provider.check(brief)
        except InputFault as fault:
            raise BriefNotPossible(fault.message) from None

    async def write_for_job(
        self, brief: CopyBrief, accepted: job_pb2.SubmitJobResponse
    ) -> copy_pb2.GenerateCopyResponse:
        """Writes the copy of an accepted job and ends the job: completes it with the result, or fails it.

        Raises BriefNotPossible and GenerationFailed.
        """
        try:
            async with asyncio.timeout(self._write_seconds), self._heartbeats_sent(accepted):
                result = await self._provider.write(brief, accepted.job_id)
        except Exception as error:
            kind, reason, message = classify(error)
            log.error("copy_failed", job_id=accepted.job_id, reason=reason, exc_info=error)
            await self._report_failure(accepted, kind, reason, message)
            if kind == job_pb2.FAULT_KIND_INPUT:
                raise BriefNotPossible(f"{message} You have not been charged.") from error
            raise GenerationFailed(
                "The copy could not be written. You have not been charged; please try again."
            ) from error
        if result.usage is not None:
            log.info(
                "model_used", job_id=accepted.job_id, provider=result.provider, model=result.usage.model,
                prompt_tokens=result.usage.prompt_tokens, completion_tokens=result.usage.completion_tokens,
                cost_micros=result.usage.cost_micros, calls=result.usage.calls, estimated=result.usage.estimated,
            )  # fmt: skip
        job_result = messages.job_result(result)
        async with self._heartbeats_sent(accepted):
            await self._complete(accepted, job_result)
        return messages.generate_copy_response(accepted, job_result, "completed")

    @asynccontextmanager
    async def _heartbeats_sent(self, accepted: job_pb2.SubmitJobResponse) -> AsyncIterator[None]:
        """Sends heartbeats, which renew the job's lease, while the block runs."""
        heartbeats = asyncio.create_task(self._send_heartbeats(accepted))
        try:
            yield
        finally:
            heartbeats.cancel()

    async def _send_heartbeats(self, accepted: job_pb2.SubmitJobResponse) -> None:
        request = job_pb2.HeartbeatRequest(job_id=accepted.job_id, attempt=accepted.attempt)
        while True:  # cancelled at the end of the block, whose time is bounded
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self._jobs.Heartbeat(request, metadata=self._identity.metadata(), timeout=HEARTBEAT_SECONDS)
            except grpc.aio.AioRpcError as error:
                log.warning("heartbeat_failed", job_id=accepted.job_id, code=error.code().name)

    async def _complete(self, accepted: job_pb2.SubmitJobResponse, result: copy_pb2.CopyJobResult) -> None:
        """Completes the job, before the response: a charged copy exists, and can be read again from its job.

        Raises GenerationFailed when the job ended meanwhile.
        """
        request = job_pb2.CompleteJobRequest(
            job_id=accepted.job_id, attempt=accepted.attempt, result=result.SerializeToString()
        )
        deadline = time.monotonic() + REPORT_SECONDS * REPORT_ATTEMPTS
        for number in range(1, REPORT_ATTEMPTS + 1):
            try:
                await self._complete_job(request)
            except Refusal as refusal:
                if refusal.reason == STALE_ATTEMPT:
                    raise GenerationFailed(JOB_ENDED_MESSAGE) from refusal
                if (
                    refusal.kind is not RefusalKind.UNAVAILABLE
                    or number == REPORT_ATTEMPTS
                    or time.monotonic() > deadline
                ):
                    raise
                await REPORT_BACKOFF.pause(number)
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
            # The job's deadline ends the job and releases its credits.
            log.warning("failure_not_reported", job_id=accepted.job_id, code=error.code().name)

    async def _earlier_response(self, accepted: job_pb2.SubmitJobResponse) -> copy_pb2.GenerateCopyResponse:
        """The response with the variants of another request's job; waits while that job runs.

        Raises BriefNotPossible and GenerationFailed.
        """
        if accepted.job_type not in ("", messages.JOB_TYPE):
            return messages.generate_copy_response(accepted, copy_pb2.CopyJobResult(), accepted.status)  # with a note
        outcome = await self._submitter.outcome(
            user_id=caller().user_id,
            job_id=accepted.job_id,
            wait_seconds=min(MAX_REUSE_WAIT_SECONDS, round(self._write_seconds)),
        )
        if outcome.error.reason == BriefNotPossible.reason:
            raise BriefNotPossible(f"{outcome.error.message} You have not been charged.")
        if outcome.status != "completed":
            raise GenerationFailed(EARLIER_JOB_MESSAGES.get(outcome.status, STILL_WRITING_MESSAGE))
        result = copy_pb2.CopyJobResult.FromString(outcome.result)
        return messages.generate_copy_response(accepted, result, accepted.status)


class CopyWriterServicer(copy_pb2_grpc.CopyWriterServiceServicer):
    """Writes headlines for the workers of other services."""

    def __init__(self, headlines: HeadlineWriter) -> None:
        self._headlines = headlines

    async def WriteHeadline(
        self, request: copy_pb2.WriteHeadlineRequest, context: Context
    ) -> copy_pb2.WriteHeadlineResponse:
        brief = messages.headline_brief(request)
        writer = LocalHeadlines() if request.call_to_action_only else self._headlines
        headline = await writer.write(brief, request.seed, request.taken)
        return copy_pb2.WriteHeadlineResponse(
            headline=headline.headline,
            subline=headline.subline,
            call_to_action=headline.cta,
            price=picture_price(brief),
            forbidden_texts=[
                text
                for text in request.product_texts
                if is_placeholder(text) or forbidden_claim(text, subject=brief.subject) is not None
            ],
        )
