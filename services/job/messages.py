"""Translates domain values to protobuf messages and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from uuid import UUID

from adwright.copy.v1 import copy_pb2
from adwright.job.v1 import job_pb2
from google.protobuf import json_format

from services.chassis.observability.tracing import current_traceparent
from services.chassis.rpc.pagination import parse_page_token, timestamp
from services.job.domain import (
    TERMINAL_STATUSES,
    AcceptedJob,
    Asset,
    Attempt,
    AttemptFailure,
    Completion,
    DeadJob,
    FaultKind,
    FinishedVariant,
    Heartbeat,
    Job,
    JobFilter,
    JobPolicy,
    Lease,
    Status,
    Submission,
    part_of_credits,
    plausible_arrival,
)

MAX_SIZE_BYTES = 2**32 - 1  # that an asset's message can state; no platform takes a larger file
FAULT_KINDS = {
    job_pb2.FAULT_KIND_TRANSIENT: FaultKind.TRANSIENT,
    job_pb2.FAULT_KIND_INPUT: FaultKind.INPUT,
    job_pb2.FAULT_KIND_UNKNOWN: FaultKind.UNKNOWN,
}


def status_message(job: Job, asset_url: Callable[[UUID], str]) -> job_pb2.JobStatus:
    """The status of a job as its owner sees it. asset_url: returns the URL of the asset with an id."""
    message = job_pb2.JobStatus(
        id=str(job.id),
        job_id=str(job.id),
        type=job.type,
        status=job.status.value,
        assets=[_asset_message(asset, asset_url) for asset in job.assets if asset.deleted_at is None],
        deleted_assets=[
            job_pb2.DeletedAsset(id=str(asset.id), type=asset.type, deleted_at=timestamp(asset.deleted_at))
            for asset in job.assets
            if asset.deleted_at is not None
        ],
        created_at=timestamp(job.created_at),
        notes=[*_variant_notes(job), *job.notes],
        project_id=str(job.project_id),
        product_id=str(job.product_id),
    )
    if job.completed_at is not None:
        message.completed_at.CopyFrom(timestamp(job.completed_at))
    if job.status is Status.FAILED or (job.status is Status.EXPIRED and job.error_reason):
        message.error.CopyFrom(job_pb2.JobError(reason=job.error_reason, message=job.error_message))
    if job.quantity > 1:
        message.variants_total, message.variants_done = job.quantity, job.delivered
    if job.status is Status.PROCESSING:
        message.progress = job.progress
        message.attempt = job.attempt
    if job.queue_position is not None:
        message.queue_position = job.queue_position
    return message


def _asset_message(asset: Asset, asset_url: Callable[[UUID], str]) -> job_pb2.Asset:
    message = job_pb2.Asset(
        id=str(asset.id),
        type=asset.type,
        url=asset_url(asset.id),
        content_type=asset.content_type,
        size_bytes=min(asset.size_bytes, MAX_SIZE_BYTES),
        sha256=asset.sha256,
    )
    if asset.variant:
        message.variant = asset.variant
    if asset.facts:
        json_format.Parse(asset.facts, message.facts, ignore_unknown_fields=True)
    if asset.parent_asset_id is not None:
        message.parent_asset_id = str(asset.parent_asset_id)
    return message


def _variant_notes(job: Job) -> list[str]:
    """What an ended job that delivers only some of its variants costs."""
    if job.status not in TERMINAL_STATUSES or not 0 < job.delivered < job.quantity:
        return []
    spent = part_of_credits(job.credits, job.quantity, job.delivered)
    return [
        f"{job.delivered} of {job.quantity} variants were made. You were charged {spent} credits for them; "
        f"{job.credits - spent} were released."
    ]


def variants_of(job: Job) -> list[copy_pb2.Variant]:
    """The texts of a completed copy; empty for any other job."""
    if job.type != "copy" or job.status is not Status.COMPLETED:
        return []
    return list(copy_pb2.CopyJobResult.FromString(job.result).variants)


def submission(request: job_pb2.SubmitJobRequest, job_id: UUID, now: datetime) -> Submission:
    """The submission that a request describes, as the job `job_id`. now: replaces an implausible arrival time."""
    arrived_at = request.arrived_at.ToDatetime(tzinfo=UTC) if request.HasField("arrived_at") else None
    return Submission(
        job_id=job_id,
        user_id=request.user_id,
        type=request.type,
        project_id=UUID(request.project_id),
        product_id=UUID(request.product_id),
        idempotency_key=request.idempotency_key,
        parameters=request.parameters,
        priced_as=request.priced_as,
        price_list=request.price_list,
        quantity=request.quantity or 1,
        worker=request.worker,
        idempotency_key_header=request.idempotency_key_header,
        request_digest=request.request_digest,
        api_key_id=request.api_key_id,
        traceparent=request.traceparent or current_traceparent(),
        arrived_at=plausible_arrival(arrived_at, now),
        sends_heartbeats=request.sends_heartbeats,
        webhook_url=request.webhook_url,
    )


def accepted_message(accepted: AcceptedJob) -> job_pb2.SubmitJobResponse:
    return job_pb2.SubmitJobResponse(
        job_id=str(accepted.job_id),
        status=accepted.status,
        credits_used=accepted.credits_used,
        credits_remaining=accepted.credits_remaining,
        attempt=accepted.attempt,
        replayed=accepted.replayed,
        job_type=accepted.job_type,
    )


def lease_message(lease: Lease, policy: JobPolicy) -> job_pb2.LeasedJob:
    return job_pb2.LeasedJob(
        job_id=str(lease.job_id),
        user_id=lease.user_id,
        attempt=lease.attempt,
        parameters=lease.parameters,
        checkpoint=lease.checkpoint,
        lease_seconds=int(policy.lease.total_seconds()),
        heartbeat_seconds=int(policy.heartbeat.total_seconds()),
        attempt_deadline=timestamp(lease.attempt_deadline),
        created_at=timestamp(lease.created_at),
        traceparent=lease.traceparent,
        stored_variants=lease.stored_variants,
    )


def heartbeat(request: job_pb2.HeartbeatRequest) -> Heartbeat:
    return Heartbeat(
        job_id=UUID(request.job_id),
        attempt=request.attempt,
        progress=request.progress,
        stage=request.stage,
        checkpoint=request.checkpoint if request.HasField("checkpoint") else None,
    )


def completion(request: job_pb2.CompleteJobRequest) -> Completion:
    return Completion(
        job_id=UUID(request.job_id),
        attempt=request.attempt,
        assets=_assets(request.assets),
        result=request.result,
        notes=tuple(request.notes),
        scenes=_scenes(request.assets),
    )


def finished_variant(request: job_pb2.StoreVariantRequest) -> FinishedVariant:
    return FinishedVariant(
        job_id=UUID(request.job_id),
        attempt=request.attempt,
        number=request.number,
        assets=_assets(request.assets),
        notes=tuple(request.notes),
        checkpoint=request.checkpoint,
        scenes=_scenes(request.assets),
    )


def _scenes(stored: Iterable[job_pb2.StoredAsset]) -> dict[UUID, bytes]:
    return {UUID(asset.id): asset.scene for asset in stored if asset.scene}


def _assets(stored: Iterable[job_pb2.StoredAsset]) -> tuple[Asset, ...]:
    return tuple(
        Asset(
            id=UUID(asset.id),
            type=asset.type,
            key=asset.key,
            content_type=asset.content_type,
            size_bytes=asset.size_bytes,
            sha256=asset.sha256,
            facts=json_format.MessageToJson(asset.facts, indent=None) if asset.HasField("facts") else "",
            parent_asset_id=UUID(asset.parent_asset_id) if asset.parent_asset_id else None,
        )
        for asset in stored
    )


def failure(request: job_pb2.FailJobRequest) -> AttemptFailure:
    return AttemptFailure(
        job_id=UUID(request.job_id),
        attempt=request.attempt,
        kind=FAULT_KINDS[request.kind],
        reason=request.reason,
        message=request.message,
    )


def job_filter(request: job_pb2.ListJobsRequest, user_id: str) -> JobFilter:
    """The filter that a request describes. Raises ValidationFailed for an invalid page token."""
    return JobFilter(
        user_id=user_id,
        size=request.page_size or 20,
        before=parse_page_token(request.page_token),
        status=request.status if request.HasField("status") else None,
        type=request.type if request.HasField("type") else None,
        project_id=UUID(request.project_id) if request.HasField("project_id") else None,
        since=getattr(request, "from").ToDatetime(tzinfo=UTC) if request.HasField("from") else None,
        until=request.to.ToDatetime(tzinfo=UTC) if request.HasField("to") else None,
    )


def attempt_message(attempt: Attempt) -> job_pb2.Attempt:
    message = job_pb2.Attempt(
        number=attempt.number,
        worker=attempt.worker,
        started_at=timestamp(attempt.started_at),
        outcome=attempt.outcome,
        cause=attempt.cause,
    )
    if attempt.ended_at is not None:
        message.ended_at.CopyFrom(timestamp(attempt.ended_at))
    return message


def dead_message(dead: DeadJob) -> job_pb2.DeadJob:
    message = job_pb2.DeadJob(
        job_id=str(dead.job.id),
        user_id=dead.job.user_id,
        type=dead.job.type,
        created_at=timestamp(dead.job.created_at),
        attempts=[attempt_message(attempt) for attempt in dead.attempts],
        reason=dead.job.error_reason,
    )
    if dead.job.completed_at is not None:
        message.failed_at.CopyFrom(timestamp(dead.job.completed_at))
    if dead.retried_as is not None:
        message.retried_as = str(dead.retried_as)
    return message
