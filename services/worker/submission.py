"""How a generating service hands a job in: look the brief up, then submit; each call has a deadline.

A request with an Idempotency-Key is looked up first, so that its recorded answer is replayed whatever has become of
the project since.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc
import structlog
from adwright.catalog.v1 import catalog_pb2
from adwright.job.v1 import job_pb2, job_pb2_grpc
from google.protobuf.message import Message

from services.chassis.errors import Refusal, Unauthenticated
from services.chassis.rpc import request_headers
from services.chassis.rpc.auth import ServiceIdentity, caller
from services.chassis.rpc.interceptors import request_id
from services.chassis.rpc.multiplexing import BatchedChannel

LOOKUP_SECONDS = 5.0
SUBMIT_SECONDS = 15.0
GET_BRIEF = "/adwright.catalog.v1.CatalogLookupService/GetBrief"
SUBMIT_JOB = "/adwright.job.v1.JobSubmissionService/SubmitJob"
EARLIER_UNDECIDED = "EARLIER_REQUEST_UNDECIDED"
API_KEY_ENDED = "API_KEY_ENDED"
UNDECIDED_SECONDS = 8.0  # how long a duplicate waits for the first one's outcome
UNDECIDED_POLL_SECONDS = (0.01, 0.1)
TERMINAL = ("completed", "failed", "canceled", "expired")
THINGS = {"copy": "copy", "static_ad": "an image", "video": "a video"}  # as customers call what jobs make

log = structlog.get_logger()
Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionResult:
    """What became of a request: the job service's answer, and the brief it was made with; a replay has none."""

    answer: job_pb2.SubmitJobResponse
    brief: catalog_pb2.Brief | None
    job: job_pb2.JobStatus | None = None
    """The job as it ended, where the caller waited for that and it did in time."""
    notes: tuple[str, ...] = ()
    """What there is to say of the request, in words for the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """A request that has been looked up: its recorded answer, or the job to submit for it and the brief."""

    answer: job_pb2.SubmitJobResponse | None
    job: job_pb2.SubmitJobRequest
    brief: catalog_pb2.Brief | None


def reuse_notes(answer: job_pb2.SubmitJobResponse, job_type: str) -> list[str]:
    """What to say where the job of a request's idempotency key makes something else than `job_type`."""
    if answer.job_type in ("", job_type):
        return []
    other, asked = THINGS.get(answer.job_type, answer.job_type), THINGS[job_type]
    return [
        f"The idempotencyKey belongs to an earlier request for {other}, whose job is the answer. This request for "
        f"{asked} was not carried out and nothing was charged. Send a key of its own with each different request."
    ]


class Submitter:
    """Asks the catalogue and the job service on behalf of the caller. Their refusals are the caller's answer."""

    def __init__(self, *, catalog: grpc.aio.Channel, job: grpc.aio.Channel, identity: ServiceIdentity) -> None:
        self._catalog = BatchedChannel(catalog, identity, seconds=LOOKUP_SECONDS)
        self._submissions = BatchedChannel(job, identity, seconds=SUBMIT_SECONDS, concurrency=2)
        self._jobs = job_pb2_grpc.JobSubmissionServiceStub(job)
        self._identity = identity

    async def submit(
        self,
        request: Any,
        context: Context,
        submission: Callable[[catalog_pb2.Brief, str], job_pb2.SubmitJobRequest],
        *,
        may_wait: bool,
        check: Callable[[catalog_pb2.Brief, str], Awaitable[None]] | None = None,
    ) -> SubmissionResult:
        """Accepts the caller's request as a job, or finds the live one of its body's key, or replays what its
        Idempotency-Key stands for. With `may_wait`, Prefer: wait is heeded.

        `submission` makes the job of a brief and a user; `check` may refuse it before
        it is accepted. Refused: PROJECT_NOT_FOUND, PRODUCT_NOT_FOUND,
        INSUFFICIENT_CREDITS, TOO_MANY_LIVE_JOBS, IDEMPOTENCY_KEY_REUSED, REQUEST_IN_FLIGHT and others.
        """
        began = asyncio.get_running_loop().time()
        user_id, metadata = caller().user_id, context.invocation_metadata()
        prepared = await self.prepare(request, context, submission, check=check)
        answer = prepared.answer or await self.accept(prepared.job)
        said = _replayed(answer)
        applied = _applied(metadata)
        status = None
        seconds = request_headers.wait_seconds(metadata) if may_wait else 0
        if seconds:
            applied.append(f"wait={seconds}")
            left = began + seconds - asyncio.get_running_loop().time()
            status = await self._ended(user_id, answer.job_id, max(0, round(left)))
            answer = _with_credits_back(answer, status)
        if applied:
            said.append(("preference-applied", ", ".join(applied)))
        if said:
            await context.send_initial_metadata(tuple(said))
        notes = tuple(request_headers.unknown_field_notes(metadata))
        return SubmissionResult(answer=answer, brief=prepared.brief, job=status, notes=notes)

    async def prepare(
        self,
        request: Any,
        context: Context,
        submission: Callable[[catalog_pb2.Brief, str], job_pb2.SubmitJobRequest],
        *,
        check: Callable[[catalog_pb2.Brief, str], Awaitable[None]] | None = None,
    ) -> PreparedRequest:
        """Looks up what the request's Idempotency-Key stands for, or else the brief. Nothing is written; refused as
        `submit`."""
        user_id, metadata = caller().user_id, context.invocation_metadata()
        arrived_at = request_headers.arrived_at(metadata, datetime.now(UTC))
        key = request_headers.idempotency_key(metadata)
        answer = await self._recorded(user_id, key, request) if key else None
        if answer is not None:
            return PreparedRequest(answer=answer, job=job_pb2.SubmitJobRequest(), brief=None)
        brief = await self._brief(user_id, request.project_id, request.product_id)
        if check is not None:
            await check(brief, user_id)
        job = submission(brief, user_id)
        job.api_key_id = caller().api_key_id
        job.arrived_at.FromDatetime(arrived_at)
        if key:
            job.idempotency_key_header, job.request_digest = key, request_headers.digest(request)
        return PreparedRequest(answer=None, job=job, brief=brief)

    async def outcome(self, *, user_id: str, job_id: str, wait_seconds: int) -> job_pb2.JobOutcome:
        """How the job ended, if it does within `wait_seconds`."""
        return await self._jobs.GetJobOutcome(
            job_pb2.GetJobOutcomeRequest(user_id=user_id, job_id=job_id, wait_seconds=wait_seconds),
            metadata=self._identity.metadata(request_id()),
            timeout=wait_seconds + LOOKUP_SECONDS,
        )

    async def _brief(self, user_id: str, project_id: str, product_id: str) -> catalog_pb2.Brief:
        return await self._catalog(
            GET_BRIEF,
            catalog_pb2.GetBriefRequest(user_id=user_id, project_id=project_id, product_id=product_id),
            catalog_pb2.Brief,
        )

    @staticmethod
    async def announce(context: Context, answer: job_pb2.SubmitJobResponse) -> None:
        """Sends the response headers that name a replay and the preferences that were applied."""
        said = _replayed(answer)
        if applied := _applied(context.invocation_metadata()):
            said.append(("preference-applied", ", ".join(applied)))
        if said:
            await context.send_initial_metadata(tuple(said))

    async def accept(self, job: job_pb2.SubmitJobRequest) -> job_pb2.SubmitJobResponse:
        """Submits a prepared job; again while an earlier request with the same key is not decided, for
        UNDECIDED_SECONDS. Refused as `submit`; Unauthenticated where the caller's API key has ended since it was
        checked."""
        give_up = asyncio.get_running_loop().time() + UNDECIDED_SECONDS
        while True:
            try:
                return await self._submissions(SUBMIT_JOB, job, job_pb2.SubmitJobResponse)
            except Refusal as refusal:
                if refusal.reason == API_KEY_ENDED:
                    raise Unauthenticated(refusal.message) from refusal
                late = asyncio.get_running_loop().time() > give_up
                if late or refusal.reason != EARLIER_UNDECIDED:
                    raise
            await asyncio.sleep(random.uniform(*UNDECIDED_POLL_SECONDS))

    async def _recorded(self, user_id: str, key: str, request: Message) -> job_pb2.SubmitJobResponse | None:
        found = await self._jobs.FindIdempotencyRecord(
            job_pb2.FindIdempotencyRecordRequest(
                user_id=user_id, idempotency_key_header=key, request_digest=request_headers.digest(request)
            ),
            metadata=self._identity.metadata(request_id()),
            timeout=LOOKUP_SECONDS,
        )
        return found.answer if found.HasField("answer") else None

    async def _ended(self, user_id: str, job_id: str, seconds: int) -> job_pb2.JobStatus | None:
        """The job, if it ends in time. Waiting that fails is no failure of the request: the job is accepted."""
        try:
            outcome = await self.outcome(user_id=user_id, job_id=job_id, wait_seconds=seconds)
        except grpc.aio.AioRpcError as error:
            log.warning("wait_given_up", job_id=job_id, code=error.code().name)
            return None
        return outcome.job if outcome.job.status in TERMINAL else None


def _with_credits_back(
    answer: job_pb2.SubmitJobResponse, status: job_pb2.JobStatus | None
) -> job_pb2.SubmitJobResponse:
    """The answer as it is where the job has ended without a result, and its credits are back."""
    if status is None or status.status == "completed":
        return answer
    changed = job_pb2.SubmitJobResponse()
    changed.CopyFrom(answer)
    changed.credits_used, changed.credits_remaining = 0, answer.credits_remaining + answer.credits_used
    return changed


def _replayed(answer: job_pb2.SubmitJobResponse) -> list[tuple[str, str]]:
    return [("idempotency-replayed", "true")] if answer.replayed else []


def _applied(metadata: Iterable[tuple[str, Any]] | None) -> list[str]:
    return ["handling=strict"] if request_headers.is_strict(metadata) else []
