"""The RPCs of ImageService."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import grpc
from adwright.catalog.v1 import catalog_pb2
from adwright.image.v1 import image_pb2, image_pb2_grpc
from adwright.job.v1 import job_pb2
from adwright.video.v1 import video_pb2, video_pb2_grpc

from services.chassis.banned_words import check_product_name
from services.chassis.errors import FieldViolation, ValidationFailed
from services.chassis.rpc import request_headers
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.interceptors import request_id
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.image import messages
from services.image.errors import AssetWithoutScene
from services.worker.submission import Submitter, reuse_notes

WITHOUT_SCENE = {
    "thumbnail": "A thumbnail cannot be changed. Use the id of its picture, the asset of type image.",
    "poster": "A poster cannot be changed. Use the id of its film, the asset of type video.",
}
OF_FILMS = ("sentence", "cta")  # changes
FILM_CHANGE_SECONDS = 15.0  # the first script loads dictionaries, and an operator's policy has 5 s
Context = grpc.aio.ServicerContext[Any, Any]


class ImageServicer(image_pb2_grpc.ImageServiceServicer):
    """Accepts image jobs."""

    def __init__(
        self,
        submitter: Submitter,
        *,
        films: video_pb2_grpc.FilmChangeServiceAsyncStub,
        identity: ServiceIdentity,
    ) -> None:
        self._submitter = submitter
        self._films = films
        self._identity = identity

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

    async def GenerateVariant(
        self, request: image_pb2.GenerateVariantRequest, context: Context
    ) -> image_pb2.GenerateVariantResponse:
        unknown = request_headers.unknown_field_notes(context.invocation_metadata())
        if request.HasField("changes") == bool(request.lock):
            message = "must be given, or lock, and not both"
            raise ValidationFailed([FieldViolation(field="changes", message=message)])
        found, scene = job_pb2.GetAssetSceneResponse(), image_pb2.Scene()
        film = video_pb2.VideoJobParameters()  # of a film, filled by the check

        async def locate(user_id: str) -> tuple[str, str]:
            found.CopyFrom(await self._submitter.asset_scene(user_id, request.asset_id))
            return found.project_id, found.product_id

        async def check(brief: catalog_pb2.Brief, user_id: str) -> None:
            if found.type == "video":
                film.CopyFrom(await self._changed_film(request, found, brief, user_id))
            else:
                scene.CopyFrom(await asyncio.to_thread(_changed, request, found, brief))

        def submission(_: catalog_pb2.Brief, user_id: str) -> job_pb2.SubmitJobRequest:
            if found.type == "video":
                return messages.film_variant_submission(request, film, found, user_id, unknown)
            return messages.variant_submission(request, scene, found, user_id, unknown)

        result = await self._submitter.submit(
            request,
            context,
            submission,
            may_wait=True,
            check=check,
            locate=locate,
        )
        return image_pb2.GenerateVariantResponse(
            job_id=result.response.job_id,
            status=result.job.status if result.job else result.response.status,
            credits_used=result.response.credits_used,
            credits_remaining=result.response.credits_remaining,
            job=result.job,
            notes=[
                *result.notes,
                *reuse_notes(result.response, messages.FILM_TYPE if found.type == "video" else messages.JOB_TYPE),
            ],
            parent_asset_id=request.asset_id,
        )

    async def _changed_film(
        self,
        request: image_pb2.GenerateVariantRequest,
        found: job_pb2.GetAssetSceneResponse,
        brief: catalog_pb2.Brief,
        user_id: str,
    ) -> video_pb2.VideoJobParameters:
        """The job's parameters of a changed film. Raises AssetWithoutScene, ValidationFailed and the refusals of
        FilmChangeService."""
        if not found.scene:
            raise AssetWithoutScene(
                "This film cannot be made again: a remote engine made a part of it, or it is too old."
            )
        _check_film_changes(request)
        changes = request.changes
        wanted = video_pb2.ChangeFilmRequest(
            user_id=user_id,
            scene=video_pb2.FilmScene.FromString(found.scene),
            brief=brief,
            sentence_number=changes.sentence.number,
            replaces=changes.sentence.replaces,
            sentence=changes.sentence.text,
            cta=changes.cta,
        )
        try:
            changed = await self._films.ChangeFilm(
                wanted, metadata=self._identity.metadata(request_id()), timeout=FILM_CHANGE_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            raise refusal_from_rpc_error(error, of_users_input=True) from error
        return changed.parameters


def _check_film_changes(request: image_pb2.GenerateVariantRequest) -> None:
    """Raises ValidationFailed for what a film does not have, and for a sentence that is named in no way or in two."""
    if request.lock:
        raise ValidationFailed([FieldViolation(field="lock", message="applies to pictures only")])
    given = [field.json_name for field, _ in request.changes.ListFields() if field.name not in OF_FILMS]
    problems = [FieldViolation(field=f"changes.{name}", message="applies to pictures only") for name in given]
    sentence = request.changes.sentence
    if request.changes.HasField("sentence") and sentence.HasField("number") == sentence.HasField("replaces"):
        message = "must name the sentence it replaces by number or by replaces"
        problems.append(FieldViolation(field="changes.sentence", message=message))
    if problems:
        raise ValidationFailed(problems)


def _changed(
    request: image_pb2.GenerateVariantRequest, found: job_pb2.GetAssetSceneResponse, brief: catalog_pb2.Brief
) -> image_pb2.Scene:
    """The changed scene of an asset. Raises AssetWithoutScene and the refusals of scene_changes."""
    from services.image.scene_changes import changed_scene, locked_scene  # with the typefaces, on the first request

    if found.type != "image":
        raise AssetWithoutScene(WITHOUT_SCENE.get(found.type, f"An asset of type {found.type} cannot be changed."))
    if not found.scene:
        raise AssetWithoutScene(
            "This picture cannot be drawn again: a remote engine made a part of it, or it is too old."
        )
    scene = image_pb2.Scene.FromString(found.scene)
    if request.lock:
        return locked_scene(scene, request.lock)
    return changed_scene(scene, request.changes, brief)


async def _check(request: image_pb2.GenerateStaticAdRequest, brief: catalog_pb2.Brief) -> None:
    """Refuses what no image can be made of, before credits are held: texts that cannot be printed, a product name that
    contains a banned word, and texts in a script that no typeface has. Raises BriefNotPossible."""
    messages.check_texts(request, brief)
    check_product_name(brief.product.name, brief.project.brand.banned_words)
    messages.check_scripts(request, brief, datetime.now(UTC).date())
