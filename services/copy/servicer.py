"""The RPCs of the copy service. Copy is made in the request itself, on the same path as every paid job."""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from typing import Any

import grpc
import structlog
from adwright.copy.v1 import copy_pb2, copy_pb2_grpc
from adwright.job.v1 import job_pb2, job_pb2_grpc

from services.chassis.auth import ServiceIdentity, caller
from services.chassis.banned_words import BriefNotPossible
from services.chassis.errors import InputFault, Kind, Refusal
from services.chassis.faults import classified
from services.chassis.interceptors import request_id
from services.chassis.submission import Submitter
from services.chassis.together import Calls
from services.copy import messages
from services.copy.domain import CopyBrief
from services.copy.providers import CopyProvider
from services.copy.providers.local import write_headline
from services.copy.providers.local.feasibility import check_feasible
from services.copy.providers.local.order import understand_order

Context = grpc.aio.ServicerContext[Any, Any]

WRITE_SECONDS = 25.0  # below the gateway's time-out, so that the customer gets our answer and not the gateway's
REPORT_SECONDS = 5.0
REPORT_TRIES = 3
REUSE_WAIT_SECONDS = 20
COMPLETE_JOB = "/adwright.job.v1.JobWorkerService/CompleteJob"

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
        self._reports = Calls(jobs, identity, seconds=REPORT_SECONDS)
        self._identity = identity
        self._provider = provider
        self._name = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"

    async def GenerateCopy(
        self, request: copy_pb2.GenerateCopyRequest, context: Context
    ) -> copy_pb2.GenerateCopyResponse:
        accepted = await self._submitter.submit(
            request,
            context,
            lambda brief, user_id: messages.submission(request, brief, user_id, self._name),
            may_wait=False,
            check=lambda brief, _: self._check(messages.copy_brief(request, brief)),
        )
        if accepted.brief is None or accepted.answer.replayed or accepted.answer.status == "reused":
            return await self._made_before(accepted.answer)  # a replay has no brief
        # From here on the job must end, whatever becomes of the caller's connection: the work is shielded from it.
        assert accepted.brief is not None, "only a replay has none"
        asked = messages.copy_brief(request, accepted.brief)
        work = asyncio.create_task(self.write_accepted(asked, accepted.answer))
        return await asyncio.shield(work)

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
            async with asyncio.timeout(WRITE_SECONDS):
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
        await self._complete(accepted, made)
        return messages.response(accepted, made, "completed")

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
                if refusal.stated_kind() is not Kind.UNAVAILABLE or left == 0 or time.monotonic() > give_up:
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
        outcome = await self._submitter.outcome(
            user_id=caller().user_id, job_id=accepted.job_id, wait_seconds=REUSE_WAIT_SECONDS
        )
        if outcome.error.reason == BriefNotPossible.reason:
            raise BriefNotPossible(f"{outcome.error.message} You have not been charged.")
        if outcome.status != "completed":
            raise GenerationFailed("The copy is not there. You have not been charged; please try again.")
        return messages.response(accepted, copy_pb2.CopyJobResult.FromString(outcome.result), accepted.status)


class CopyWriterServicer(copy_pb2_grpc.CopyWriterServiceServicer):
    """Lines for other makers."""

    async def WriteHeadline(
        self, request: copy_pb2.WriteHeadlineRequest, context: Context
    ) -> copy_pb2.WriteHeadlineResponse:
        headline = write_headline(messages.headline_brief(request), request.seed)
        return copy_pb2.WriteHeadlineResponse(
            headline=headline.headline, subline=headline.subline, call_to_action=headline.cta
        )
