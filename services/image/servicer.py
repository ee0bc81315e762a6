"""The RPCs of the image service."""

from __future__ import annotations

from typing import Any

import grpc
from adwright.image.v1 import image_pb2, image_pb2_grpc

from services.chassis.auth import caller
from services.chassis.submission import Submitter
from services.image import messages

Context = grpc.aio.ServicerContext[Any, Any]


class ImageServicer(image_pb2_grpc.ImageServiceServicer):
    """Accepts image jobs."""

    def __init__(self, submitter: Submitter) -> None:
        self._submitter = submitter

    async def GenerateStaticAd(
        self, request: image_pb2.GenerateStaticAdRequest, context: Context
    ) -> image_pb2.GenerateStaticAdResponse:
        user_id = caller().user_id
        brief = await self._submitter.brief(
            user_id=user_id, project_id=request.project_id, product_id=request.product_id
        )
        accepted = await self._submitter.submit(messages.submission(request, brief, user_id))
        return image_pb2.GenerateStaticAdResponse(
            job_id=accepted.job_id,
            status=accepted.status,
            credits_used=accepted.credits_used,
            credits_remaining=accepted.credits_remaining,
        )
