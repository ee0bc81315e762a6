"""Converts rows and planned children to messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from adwright.campaign.v1 import campaign_pb2
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2

from services.campaign.domain import Child, ChildState
from services.campaign.planning import request_message
from services.campaign.rows import CampaignRow, ChildRow
from services.chassis.rpc.pagination import timestamp

DEFAULT_STYLE = "product_hero"
SHOWN_JOBS = ("pending", "queued", "processing")


def campaign_message(row: CampaignRow, children: Sequence[campaign_pb2.Child] = ()) -> campaign_pb2.Campaign:
    """A campaign that has begun."""
    message = campaign_pb2.Campaign(
        id=str(row.id),
        name=row.name,
        project_id=str(row.project_id),
        status=row.state,
        created_at=timestamp(row.begun_at or row.created_at),
        counts=campaign_pb2.ChildCounts(
            total=row.children,
            waiting=row.waiting,
            running=row.running,
            completed=row.completed,
            failed=row.failed,
            canceled=row.canceled_children,
            skipped=row.skipped,
        ),
        credits_estimated=row.credits_estimated,
        credits_held=row.held,
        credits_spent=row.spent,
        max_credits=row.max_credits,
        variant_axis=row.variant_axis,
        children=children,
    )
    if row.ended_at is not None:
        message.completed_at.CopyFrom(timestamp(row.ended_at))
    return message


def planned_message(child: Child) -> campaign_pb2.Child:
    """A child of an estimate."""
    message = _described(child.type, child.request)
    message.number, message.credits, message.status = child.number, child.credits, child.state.value
    if child.language:
        message.language = child.language
    if child.refusal:
        message.error.CopyFrom(job_pb2.JobError(reason=child.reason, message=child.refusal))
    message.product_id, message.product_name = str(child.product.id), child.product.name
    if child.version:
        message.version = child.version
    return message


def estimated_message(row: ChildRow) -> campaign_pb2.Child:
    """A stored child without what its job says."""
    message = _described(row.type, row.request)
    message.number, message.credits, message.credits_spent = row.number, row.credits, row.spent
    message.product_id, message.product_name = str(row.product_id), row.product_name
    message.status = row.state if row.state != ChildState.RUNNING else "queued"
    if row.version:
        message.version = row.version
    if row.language:
        message.language = row.language
    if row.job_id is not None:
        message.job_id = str(row.job_id)
    if row.headline:
        message.headline = row.headline
    if row.reason:
        message.error.CopyFrom(job_pb2.JobError(reason=row.reason, message=row.message))
    return message


def child_message(row: ChildRow, job: job_pb2.JobStatus | None) -> campaign_pb2.Child:
    """A stored child. job: its job as its owner sees it; None: it has none, or it is not asked for."""
    message = estimated_message(row)
    if job is None:
        return message
    if row.state == ChildState.RUNNING:
        # A job that has ended is shown so at the campaign's next step, with what it cost.
        message.status = job.status if job.status in SHOWN_JOBS else "processing"
    if row.state == ChildState.COMPLETED:
        message.assets.extend(job.assets)
        message.variants.extend(job.variants)
    return message


def estimate_response(
    campaign_id: str, credits_: int, expires_at: datetime, children: Sequence[Child]
) -> campaign_pb2.GenerateCampaignResponse:
    """The response to a request for an estimate."""
    return campaign_pb2.GenerateCampaignResponse(
        campaign_id=campaign_id,
        status="estimated",
        credits_estimated=credits_,
        children_total=len(children),
        expires_at=timestamp(expires_at),
        children=[planned_message(child) for child in children],
    )


def _described(kind: str, request: bytes) -> campaign_pb2.Child:
    """What the child's request asks for."""
    wanted = request_message(kind, request)
    if isinstance(wanted, copy_pb2.GenerateCopyRequest):
        return campaign_pb2.Child(type=kind, platform=wanted.platform, format=wanted.format, tone=wanted.tone)
    if isinstance(wanted, image_pb2.GenerateStaticAdRequest):
        style = wanted.style if wanted.HasField("style") else DEFAULT_STYLE
        return campaign_pb2.Child(type=kind, style=style, aspect_ratio=wanted.aspect_ratio)
    return campaign_pb2.Child(
        type=kind,
        kind=wanted.kind,
        aspect_ratio=wanted.aspect_ratio,
        voice_id=wanted.voice_id if wanted.HasField("voice_id") else None,
        language=wanted.language if wanted.HasField("language") else None,
    )
