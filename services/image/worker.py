"""The worker of image jobs: collects the inputs, renders the image, returns its files."""

from __future__ import annotations

import grpc
import structlog
from adwright.copy.v1 import copy_pb2, copy_pb2_grpc
from adwright.image.v1 import image_pb2

from services.chassis.clock import Clock
from services.chassis.errors import DependencyFault
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.image import messages
from services.image.providers import ImageProvider
from services.worker.loop import AttemptResult, ResultFile, RunningAttempt
from services.worker.remote.customer_images import CustomerImages

HEADLINE_SECONDS = 45.0  # a language model may take 40 s, after which the built-in engine writes
FURTHER_PHOTOS = 2  # no layout shows more than three

log = structlog.get_logger()


class ImageWorker:
    """Produces the ad image of a job and its thumbnail."""

    def __init__(
        self,
        *,
        provider: ImageProvider,
        customer_images: CustomerImages,
        copy: copy_pb2_grpc.CopyWriterServiceAsyncStub,
        identity: ServiceIdentity,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._customer_images = customer_images
        self._copy = copy
        self._identity = identity
        self._clock = clock

    async def handle(self, attempt: RunningAttempt) -> AttemptResult:
        """Produces the result of one attempt. Raises the faults of chassis.errors."""
        parameters = image_pb2.ImageJobParameters.FromString(attempt.job.parameters)
        notes = list(parameters.notes)
        attempt.progress.report(2, "gathering")
        photo = await self._customer_images.product_photo(parameters.brief, attempt.folder / "photo")
        further = await self._customer_images.further_photos(
            parameters.brief, attempt.folder, most=FURTHER_PHOTOS, notes=notes
        )
        logo = await self._customer_images.brand_logo(parameters.brief, attempt.folder / "logo", notes)
        headline = await self._write_headline(parameters, messages.concept_of(parameters.request, attempt.job.job_id))
        brief = messages.image_brief(
            parameters,
            seed=attempt.job.job_id,
            date=self._clock.now().date(),
            photo=photo,
            more_photos=further,
            logo=logo,
            headline=headline,
        )
        folder = attempt.folder / "output"
        folder.mkdir()
        rendered = await self._provider.render(brief, folder, attempt.progress.report, attempt)
        thumbnail_type = (
            "image/jpeg" if rendered.thumbnail.suffix in {".jpg", ".jpeg"} else f"image/{rendered.thumbnail.suffix[1:]}"
        )
        return AttemptResult(
            files=(
                ResultFile(path=rendered.image, type="image", content_type=rendered.content_type),
                ResultFile(path=rendered.thumbnail, type="thumbnail", content_type=thumbnail_type),
            ),
            notes=(f"Alternative text: {rendered.alt_text}", *notes, *rendered.notes),
        )

    async def _write_headline(
        self, parameters: image_pb2.ImageJobParameters, seed: str
    ) -> copy_pb2.WriteHeadlineResponse:
        """Requests headline, sub-line and call to action from the copy service. Raises DependencyFault while it is
        unavailable."""
        try:
            return await self._copy.WriteHeadline(
                copy_pb2.WriteHeadlineRequest(
                    brief=parameters.brief,
                    tone=messages.tone_of(parameters.request.style),
                    seed=seed,
                    instructions=messages.copy_instructions(parameters.request.prompt),
                    product_texts=messages.product_texts(parameters),
                ),
                metadata=self._identity.metadata(),
                timeout=HEADLINE_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            log.warning("headline_failed", code=error.code().name)
            if refusal_from_rpc_error(error).retryable:
                raise DependencyFault("COPY_UNAVAILABLE", f"the copy service failed: {error.code().name}") from error
            raise
