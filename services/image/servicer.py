"""The RPCs of ImageService."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import grpc
from adwright.catalog.v1 import catalog_pb2
from adwright.image.v1 import image_pb2, image_pb2_grpc

from services.chassis.banned_words import check_product_name
from services.chassis.rpc import request_headers
from services.image import messages
from services.worker.submission import Submitter, reuse_notes

Context = grpc.aio.ServicerContext[Any, Any]


class ImageServicer(image_pb2_grpc.ImageServiceServicer):
    """Accepts image jobs."""

    def __init__(self, submitter: Submitter) -> None:
        self._submitter = submitter

    async def GenerateStaticAd(
        self, request: image_pb2.GenerateStaticAdRequest, context: Context
    ) -> image_pb2.GenerateStaticAdResponse:
        unknown = request_headers.unknown_field_notes(context.invocation_metadata())
        result = await self._submitter.submit(
            request,
            context,
            lambda brief, user_id: messages.job_submission(request, brief, user_id, unknown),
            may_wait=True,
            check=lambda brief, _: _check(request, brief),
        )
        return image_pb2.GenerateStaticAdResponse(
            job_id=result.response.job_id,
            status=result.job.status if result.job else result.response.status,
            credits_used=result.response.credits_used,
            credits_remaining=result.response.credits_remaining,
            job=result.job,
            notes=[*result.notes, *reuse_notes(result.response, messages.JOB_TYPE)],
        )


async def _check(request: image_pb2.GenerateStaticAdRequest, brief: catalog_pb2.Brief) -> None:
    """Refuses what no image can be made of, before credits are held: texts that cannot be printed, a product name that
    contains a banned word, and texts in a script that no typeface has. Raises BriefNotPossible."""
    messages.check_texts(request, brief)
    check_product_name(brief.product.name, brief.project.brand.banned_words)
    messages.check_scripts(request, brief, datetime.now(UTC).date())
