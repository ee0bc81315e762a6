"""The worker of video jobs: collects the inputs, renders the video, returns its files."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

import grpc
import structlog
from adwright.copy.v1 import copy_pb2, copy_pb2_grpc
from adwright.job.v1 import job_pb2
from adwright.video.v1 import video_pb2

from services.chassis.errors import DependencyFault, InputFault
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.video import messages
from services.video.providers import VideoProvider
from services.video.scene_messages import scene_of, with_scene
from services.worker.loop import AttemptResult, ResultFile, RunningAttempt
from services.worker.remote.customer_images import CustomerImages

HEADLINE_SECONDS = 5.0
MAX_FILM_BYTES = 256 * 1024 * 1024  # of an earlier film; the engine keeps far below

log = structlog.get_logger()


class VideoWorker:
    """Produces the video of a job, its poster and its caption files."""

    def __init__(
        self,
        *,
        provider: VideoProvider,
        customer_images: CustomerImages,
        copy: copy_pb2_grpc.CopyWriterServiceAsyncStub,
        identity: ServiceIdentity,
    ) -> None:
        self._provider = provider
        self._customer_images = customer_images
        self._copy = copy
        self._identity = identity

    async def handle(self, attempt: RunningAttempt) -> AttemptResult:
        """Produces the result of one attempt. Raises the faults of chassis.errors."""
        parameters = video_pb2.VideoJobParameters.FromString(attempt.job.parameters)
        notes = list(parameters.notes)
        attempt.progress.report(1, "gathering")
        avatar: Path | None = None
        if parameters.request.HasField("avatar_url"):
            avatar = await self._customer_images.download(
                parameters.request.avatar_url, attempt.folder / "avatar", named="avatarUrl"
            )
        elif parameters.portrait_key:
            avatar = await self._customer_images.upload(
                parameters.portrait_key, attempt.folder / "avatar", named="The avatar's portrait"
            )
        product_photo = await self._customer_images.product_photo(parameters.brief, attempt.folder / "photo")
        logo = await self._customer_images.brand_logo(parameters.brief, attempt.folder / "logo", notes)
        files = await asyncio.to_thread(_digests, {"avatar": avatar, "photo": product_photo, "logo": logo})
        scene = parameters.scene if parameters.HasField("scene") else None
        if scene is not None and files != {file.name: file.sha256 for file in scene.files}:
            raise InputFault(
                "SCENE_CHANGED",
                "The film cannot be made again exactly: the portrait, the photo or the logo has changed since. "
                "Generate a new film.",
            )
        seed = scene.seed if scene is not None else attempt.job.job_id
        call_to_action = (
            scene.call_to_action if scene is not None else await self._write_call_to_action(parameters, seed)
        )
        brief = messages.video_brief(
            parameters,
            seed=seed,
            avatar_photo=avatar,
            product_photo=product_photo,
            logo=logo,
            call_to_action=call_to_action,
        )
        if scene is not None:
            parent = await self._customer_images.earlier_file(
                parameters.parent_key, attempt.folder / "parent", max_bytes=MAX_FILM_BYTES
            )
            brief = with_scene(brief, scene, changes_before=parameters.changes_before, parent=parent)
        folder = attempt.folder / "output"
        folder.mkdir()
        rendered = await self._provider.render(brief, folder, attempt.progress.report, attempt)
        return AttemptResult(
            files=(
                ResultFile(
                    path=rendered.video,
                    type="video",
                    content_type="video/mp4",
                    facts=job_pb2.AssetFacts(
                        width=rendered.width,
                        height=rendered.height,
                        duration_seconds=rendered.duration_seconds,
                        origin=rendered.origin.rpartition("/")[2],
                    ),
                    scene=scene_of(parameters, rendered.record, seed=seed, call_to_action=call_to_action, files=files),
                    parent_asset_id=parameters.parent_asset_id,
                ),
                ResultFile(
                    path=rendered.poster,
                    type="poster",
                    content_type=_image_type(rendered.poster),
                    facts=job_pb2.AssetFacts(width=rendered.width, height=rendered.height),
                ),
                ResultFile(path=rendered.captions_srt, type="captions_srt", content_type="application/x-subrip"),
                ResultFile(path=rendered.captions_vtt, type="captions_vtt", content_type="text/vtt"),
            ),
            notes=(*notes, *rendered.notes),
        )

    async def _write_call_to_action(self, parameters: video_pb2.VideoJobParameters, seed: str) -> str:
        """Requests the call to action from the copy service. Raises DependencyFault while it is unavailable."""
        try:
            headline = await self._copy.WriteHeadline(
                copy_pb2.WriteHeadlineRequest(brief=parameters.brief, seed=seed, call_to_action_only=True),
                metadata=self._identity.metadata(),
                timeout=HEADLINE_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            log.warning("headline_failed", code=error.code().name)
            if refusal_from_rpc_error(error).retryable:
                raise DependencyFault("COPY_UNAVAILABLE", f"the copy service failed: {error.code().name}") from error
            raise
        return str(headline.call_to_action)


def _digests(files: Mapping[str, Path | None]) -> dict[str, str]:
    """SHA-256 of each file that there is, hexadecimal, by name."""
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items() if path is not None}


def _image_type(path: Path) -> str:
    return "image/jpeg" if path.suffix in {".jpg", ".jpeg"} else f"image/{path.suffix[1:]}"
