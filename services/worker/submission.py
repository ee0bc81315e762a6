"""Submission of jobs by the services that generate creatives: gets the brief, then submits the job.

A request with an Idempotency-Key is looked up first, so its stored response is replayed even if the project has been
changed or deleted since. Every call has a deadline.
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
from adwright.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from adwright.job.v1 import job_pb2, job_pb2_grpc
from google.protobuf.message import Message

from services.chassis.errors import FieldViolation, Refusal, Unauthenticated, ValidationFailed
from services.chassis.observability.tracing import current_traceparent
from services.chassis.rpc import request_headers
from services.chassis.rpc.auth import ServiceIdentity, caller
from services.chassis.rpc.batch_rpcs import BatchCalls
from services.chassis.rpc.interceptors import request_id
from services.chassis.tasks import cancel_and_wait

LOOKUP_SECONDS = 5.0
SUBMIT_SECONDS = 15.0
BRIEFS_BESIDE_SECONDS = 0.03  # longer than a message of known products takes, so that these share messages
EARLIER_UNDECIDED = "EARLIER_REQUEST_UNDECIDED"
API_KEY_ENDED = "API_KEY_ENDED"
UNDECIDED_SECONDS = 8.0  # limit of a duplicate's wait for the outcome of the first request
UNDECIDED_POLL_SECONDS = (0.01, 0.1)
TERMINAL_STATUSES = ("completed", "failed", "canceled", "expired")
JOB_TYPE_NOUNS = {"copy": "copy", "static_ad": "an image", "video": "a video"}  # in messages to customers

log = structlog.get_logger()
Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionResult:
    """The result of a request: the job service's response, and the brief of the new job; a replay has no brief."""

    response: job_pb2.SubmitJobResponse
    brief: catalog_pb2.Brief | None
    job: job_pb2.JobStatus | None = None
    """The finished job, if the caller waited for it and it finished in time."""
    notes: tuple[str, ...] = ()
    """Notes on the request, for the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """A request after its lookup: either its stored response, or the job to submit and its brief."""

    stored_response: job_pb2.SubmitJobResponse | None
    job: job_pb2.SubmitJobRequest
    brief: catalog_pb2.Brief | None


def reuse_notes(response: job_pb2.SubmitJobResponse, job_type: str) -> list[str]:
    """Returns a note for the customer when the idempotency key belongs to a job of another type than `job_type`."""
    if response.job_type in ("", job_type):
        return []
    other, requested = JOB_TYPE_NOUNS.get(response.job_type, response.job_type), JOB_TYPE_NOUNS[job_type]
    return [
        f"The idempotencyKey belongs to an earlier request for {other}, and this response describes its job. This "
        f"request for {requested} was not carried out and not charged. Use a new key for each different request."
    ]


class Submitter:
    """Calls the catalog and the job service on behalf of the caller. Their refusals reach the caller."""

    def __init__(
        self,
        *,
        catalog: grpc.aio.Channel,
        job: grpc.aio.Channel,
        identity: ServiceIdentity,
        webhook_url_problem: Callable[[str], Awaitable[str]],
    ) -> None:
        """webhook_url_problem: why nothing may be posted to an address; empty: it may (WebhookUrls.problem_of)."""
        briefs = catalog_pb2_grpc.CatalogLookupServiceStub(catalog)
        self._jobs = job_pb2_grpc.JobSubmissionServiceStub(job)
        self._brief: BatchCalls[catalog_pb2.GetBriefRequest, catalog_pb2.Brief] = BatchCalls(
            single=briefs.GetBrief,
            batch=briefs.GetBriefs,
            message=catalog_pb2.GetBriefsRequest,
            identity=identity,
            seconds=LOOKUP_SECONDS,
            # A product that was not read yet holds back its message for 0.1 s or more; others go beside it.
            concurrency=4,
            beside_after_seconds=BRIEFS_BESIDE_SECONDS,
        )
        self._submit: BatchCalls[job_pb2.SubmitJobRequest, job_pb2.SubmitJobResponse] = BatchCalls(
            single=self._jobs.SubmitJob,
            batch=self._jobs.SubmitJobs,
            message=job_pb2.SubmitJobsRequest,
            identity=identity,
            seconds=SUBMIT_SECONDS,
            concurrency=2,
        )
        self._identity = identity
        self._webhook_url_problem = webhook_url_problem

    async def submit(
        self,
        request: Any,
        context: Context,
        submission: Callable[[catalog_pb2.Brief, str], job_pb2.SubmitJobRequest],
        *,
        may_wait: bool,
        check: Callable[[catalog_pb2.Brief, str], Awaitable[None]] | None = None,
        locate: Callable[[str], Awaitable[tuple[str, str]]] | None = None,
    ) -> SubmissionResult:
        """Submits the caller's request as a job. Returns the live job of the body's idempotencyKey, or the stored
        response of the Idempotency-Key header, if there is one.

        submission: builds the job from a brief and a user id. check: may refuse the request before the job is
        submitted. may_wait: whether `Prefer: wait` applies. locate: finds project and product for a user id, where the
        request names neither.
        Raises VALIDATION_FAILED for a webhookUrl that is not allowed, PROJECT_NOT_FOUND, PRODUCT_NOT_FOUND,
        INSUFFICIENT_CREDITS, TOO_MANY_LIVE_JOBS, IDEMPOTENCY_KEY_REUSED, REQUEST_IN_FLIGHT and other refusals of the
        catalog and the job service.
        """
        began = asyncio.get_running_loop().time()
        user_id, metadata = caller().user_id, context.invocation_metadata()
        prepared = await self.prepare(request, context, submission, check=check, locate=locate)
        response = prepared.stored_response or await self.submit_prepared(prepared.job)
        headers = _replay_headers(response)
        applied = _applied_preferences(metadata)
        job = None
        seconds = request_headers.wait_seconds(metadata) if may_wait else 0
        if seconds:
            applied.append(f"wait={seconds}")
            left = began + seconds - asyncio.get_running_loop().time()
            job = await self._wait_for_end(user_id, response.job_id, max(0, round(left)))
            response = _with_released_credits(response, job)
        if applied:
            headers.append(("preference-applied", ", ".join(applied)))
        if headers:
            await context.send_initial_metadata(tuple(headers))
        notes = tuple(request_headers.unknown_field_notes(metadata))
        return SubmissionResult(response=response, brief=prepared.brief, job=job, notes=notes)

    async def prepare(
        self,
        request: Any,
        context: Context,
        submission: Callable[[catalog_pb2.Brief, str], job_pb2.SubmitJobRequest],
        *,
        check: Callable[[catalog_pb2.Brief, str], Awaitable[None]] | None = None,
        locate: Callable[[str], Awaitable[tuple[str, str]]] | None = None,
    ) -> PreparedRequest:
        """Looks up the stored response of the request's Idempotency-Key, or else the brief. Writes nothing. Raises as
        `submit`."""
        user_id, metadata = caller().user_id, context.invocation_metadata()
        arrived_at = request_headers.arrival_time(metadata, datetime.now(UTC))
        key = request_headers.idempotency_key(metadata)

        async def brief_of_product() -> catalog_pb2.Brief:
            project_id, product_id = (
                await locate(user_id) if locate is not None else (request.project_id, request.product_id)
            )
            return await self._brief(
                catalog_pb2.GetBriefRequest(user_id=user_id, project_id=project_id, product_id=product_id)
            )

        if not key:
            brief = await brief_of_product()
        else:
            asked = asyncio.create_task(brief_of_product())  # at the same time as the stored response
            try:
                stored = await self._find_idempotency_record(user_id, key, request)
                if stored is not None:
                    return PreparedRequest(stored_response=stored, job=job_pb2.SubmitJobRequest(), brief=None)
                brief = await asked
            finally:
                await cancel_and_wait(asked)
        webhook_url = await self._checked_webhook_url(request)
        if check is not None:
            await check(brief, user_id)
        job = submission(brief, user_id)
        job.webhook_url = webhook_url
        job.api_key_id, job.price_list = caller().api_key_id, caller().price_list
        job.traceparent = current_traceparent()
        job.arrived_at.FromDatetime(arrived_at)
        if key:
            job.idempotency_key_header, job.request_digest = key, request_headers.request_digest(request)
        return PreparedRequest(stored_response=None, job=job, brief=brief)

    async def _checked_webhook_url(self, request: Any) -> str:
        """The address to which the request has the job's end posted; empty: none. Raises ValidationFailed."""
        if not request.HasField("webhook_url"):
            return ""
        if problem := await self._webhook_url_problem(request.webhook_url):
            raise ValidationFailed([FieldViolation(field="webhookUrl", message=problem)])
        return str(request.webhook_url)

    async def asset_scene(self, user_id: str, asset_id: str) -> job_pb2.GetAssetSceneResponse:
        """Returns what a user's asset was made from. Raises ASSET_NOT_FOUND, also for an asset of somebody else."""
        return await self._jobs.GetAssetScene(
            job_pb2.GetAssetSceneRequest(user_id=user_id, asset_id=asset_id),
            metadata=self._identity.metadata(request_id()),
            timeout=LOOKUP_SECONDS,
        )

    async def outcome(self, *, user_id: str, job_id: str, wait_seconds: int) -> job_pb2.JobOutcome:
        """Returns the job's outcome, after waiting up to `wait_seconds` for the job to finish."""
        return await self._jobs.GetJobOutcome(
            job_pb2.GetJobOutcomeRequest(user_id=user_id, job_id=job_id, wait_seconds=wait_seconds),
            metadata=self._identity.metadata(request_id()),
            timeout=wait_seconds + LOOKUP_SECONDS,
        )

    @staticmethod
    async def send_response_headers(context: Context, response: job_pb2.SubmitJobResponse) -> None:
        """Sends the response headers that mark a replay and list the applied preferences."""
        headers = _replay_headers(response)
        if applied := _applied_preferences(context.invocation_metadata()):
            headers.append(("preference-applied", ", ".join(applied)))
        if headers:
            await context.send_initial_metadata(tuple(headers))

    async def submit_prepared(self, job: job_pb2.SubmitJobRequest) -> job_pb2.SubmitJobResponse:
        """Submits a prepared job. Retries for UNDECIDED_SECONDS while an earlier request with the same key is pending.

        Raises as `submit`, and Unauthenticated when the caller's API key was revoked after its check.
        """
        give_up = asyncio.get_running_loop().time() + UNDECIDED_SECONDS
        while True:
            try:
                return await self._submit(job)
            except Refusal as refusal:
                if refusal.reason == API_KEY_ENDED:
                    raise Unauthenticated(refusal.message) from refusal
                expired = asyncio.get_running_loop().time() > give_up
                if expired or refusal.reason != EARLIER_UNDECIDED:
                    raise
            await asyncio.sleep(random.uniform(*UNDECIDED_POLL_SECONDS))

    async def _find_idempotency_record(
        self, user_id: str, key: str, request: Message
    ) -> job_pb2.SubmitJobResponse | None:
        found = await self._jobs.FindIdempotencyRecord(
            job_pb2.FindIdempotencyRecordRequest(
                user_id=user_id, idempotency_key_header=key, request_digest=request_headers.request_digest(request)
            ),
            metadata=self._identity.metadata(request_id()),
            timeout=LOOKUP_SECONDS,
        )
        return found.response if found.HasField("response") else None

    async def _wait_for_end(self, user_id: str, job_id: str, seconds: int) -> job_pb2.JobStatus | None:
        """Returns the job if it finishes in time, else None. A failing wait fails no request: the job is accepted."""
        try:
            outcome = await self.outcome(user_id=user_id, job_id=job_id, wait_seconds=seconds)
        except grpc.aio.AioRpcError as error:
            log.warning("wait_given_up", job_id=job_id, code=error.code().name)
            return None
        return outcome.job if outcome.job.status in TERMINAL_STATUSES else None


def _with_released_credits(
    response: job_pb2.SubmitJobResponse, job: job_pb2.JobStatus | None
) -> job_pb2.SubmitJobResponse:
    """Returns the response with what the finished job has released: all credits, or those of variants not made."""
    if job is None:
        return response
    total, done = job.variants_total or 1, job.variants_done
    if job.variants_total == 0:
        done = int(job.status == "completed")
    changed = job_pb2.SubmitJobResponse()
    changed.CopyFrom(response)
    changed.credits_used = response.credits_used // total * done
    changed.credits_remaining = response.credits_remaining + response.credits_used - changed.credits_used
    return changed


def _replay_headers(response: job_pb2.SubmitJobResponse) -> list[tuple[str, str]]:
    return [("idempotency-replayed", "true")] if response.replayed else []


def _applied_preferences(metadata: Iterable[tuple[str, Any]] | None) -> list[str]:
    return ["handling=strict"] if request_headers.prefers_strict_handling(metadata) else []
