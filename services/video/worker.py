"""Makes video jobs: gathers what the video needs, has it rendered, names its files."""

from __future__ import annotations

from pathlib import Path

import grpc
import structlog
from adwright.copy.v1 import copy_pb2, copy_pb2_grpc
from adwright.video.v1 import video_pb2

from services.chassis.errors import DependencyFault
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.video import messages
from services.video.providers import VideoProvider
from services.worker.loop import Made, MadeFile, Work
from services.worker.remote.pictures import PictureSource

HEADLINE_SECONDS = 5.0

log = structlog.get_logger()


class VideoWorker:
    """Turns a leased job into a video, its poster and its captions."""

    def __init__(
        self,
        *,
        provider: VideoProvider,
        pictures: PictureSource,
        copy: copy_pb2_grpc.CopyWriterServiceAsyncStub,
        identity: ServiceIdentity,
    ) -> None:
        self._provider = provider
        self._pictures = pictures
        self._copy = copy
        self._identity = identity

    async def make(self, work: Work) -> Made:
        """Raises faults as chassis.errors has them."""
        parameters = video_pb2.VideoJobParameters.FromString(work.job.parameters)
        notes = list(parameters.notes)
        work.progress.report(1, "gathering")
        avatar: Path | None = None
        if parameters.request.HasField("avatar_url"):
            avatar = await self._pictures.fetched(
                parameters.request.avatar_url, work.folder / "avatar", named="avatarUrl"
            )
        product_photo = await self._pictures.of_product(parameters.brief, work.folder / "photo")
        logo = await self._pictures.of_brand(parameters.brief, work.folder / "logo", notes)
        brief = messages.video_brief(
            parameters,
            seed=work.job.job_id,
            avatar_photo=avatar,
            product_photo=product_photo,
            logo=logo,
            call_to_action=await self._call_to_action(parameters, work.job.job_id),
        )
        folder = work.folder / "made"
        folder.mkdir()
        made = await self._provider.render(brief, folder, work.progress.report, work)
        return Made(
            files=(
                MadeFile(path=made.video, type="video", content_type="video/mp4"),
                MadeFile(path=made.poster, type="poster", content_type=_picture_type(made.poster)),
                MadeFile(path=made.captions_srt, type="captions_srt", content_type="application/x-subrip"),
                MadeFile(path=made.captions_vtt, type="captions_vtt", content_type="text/vtt"),
            ),
            notes=(*notes, *made.notes),
        )

    async def _call_to_action(self, parameters: video_pb2.VideoJobParameters, seed: str) -> str:
        try:
            words = await self._copy.WriteHeadline(
                copy_pb2.WriteHeadlineRequest(brief=parameters.brief, seed=seed),
                metadata=self._identity.metadata(),
                timeout=HEADLINE_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            log.warning("headline_failed", code=error.code().name)
            if refusal_from_rpc_error(error).retryable:
                raise DependencyFault("COPY_UNAVAILABLE", f"the copy service: {error.code().name}") from error
            raise
        return str(words.call_to_action)


def _picture_type(path: Path) -> str:
    return "image/jpeg" if path.suffix in {".jpg", ".jpeg"} else f"image/{path.suffix[1:]}"
