"""The RPCs of ImageService."""

from __future__ import annotations

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
            check=_check,
        )
        return image_pb2.GenerateStaticAdResponse(
            job_id=result.answer.job_id,
            status=result.job.status if result.job else result.answer.status,
            credits_used=result.answer.credits_used,
            credits_remaining=result.answer.credits_remaining,
            job=result.job,
            notes=[*result.notes, *reuse_notes(result.answer, messages.JOB_TYPE)],
        )


async def _check(brief: catalog_pb2.Brief, _: str) -> None:
    """Refuses a product name that contains a banned word, before credits are held."""
    check_product_name(brief.product.name, brief.project.brand.banned_words)
