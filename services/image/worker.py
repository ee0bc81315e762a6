"""Makes image jobs: gathers what the picture needs, has it rendered, names its files."""

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
from services.worker.loop import Made, MadeFile, Work
from services.worker.remote.pictures import PictureSource

HEADLINE_SECONDS = 5.0


log = structlog.get_logger()


class ImageWorker:
    """Turns a leased job into a picture and its thumbnail."""

    def __init__(
        self,
        *,
        provider: ImageProvider,
        pictures: PictureSource,
        copy: copy_pb2_grpc.CopyWriterServiceAsyncStub,
        identity: ServiceIdentity,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._pictures = pictures
        self._copy = copy
        self._identity = identity
        self._clock = clock

    async def make(self, work: Work) -> Made:
        """Raises faults as chassis.errors has them."""
        parameters = image_pb2.ImageJobParameters.FromString(work.job.parameters)
        notes = list(parameters.notes)
        work.progress.report(2, "gathering")
        photo = await self._pictures.of_product(parameters.brief, work.folder / "photo")
        logo = await self._pictures.of_brand(parameters.brief, work.folder / "logo", notes)
        words = await self._words(parameters, work.job.job_id)
        brief = messages.image_brief(
            parameters,
            seed=work.job.job_id,
            date=self._clock.now().date(),
            photo=photo,
            logo=logo,
            words=words,
        )
        folder = work.folder / "made"
        folder.mkdir()
        made = await self._provider.render(brief, folder, work.progress.report, work)
        thumbnail_type = (
            "image/jpeg" if made.thumbnail.suffix in {".jpg", ".jpeg"} else f"image/{made.thumbnail.suffix[1:]}"
        )
        return Made(
            files=(
                MadeFile(path=made.image, type="image", content_type=made.content_type),
                MadeFile(path=made.thumbnail, type="thumbnail", content_type=thumbnail_type),
            ),
            notes=(f"Alternative text: {made.alt_text}", *notes, *made.notes),
        )

    async def _words(self, parameters: image_pb2.ImageJobParameters, seed: str) -> copy_pb2.WriteHeadlineResponse:
        """Headline, sub-line and call to action from the copy engine. Raises DependencyFault while it is away."""
        try:
            return await self._copy.WriteHeadline(
                copy_pb2.WriteHeadlineRequest(
                    brief=parameters.brief,
                    tone=messages.tone_of(parameters.request.style),
                    seed=seed,
                    instructions=parameters.request.prompt,
                ),
                metadata=self._identity.metadata(),
                timeout=HEADLINE_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            log.warning("headline_failed", code=error.code().name)
            if refusal_from_rpc_error(error).retryable:
                raise DependencyFault("COPY_UNAVAILABLE", f"the copy service: {error.code().name}") from error
            raise
