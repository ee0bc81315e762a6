"""The RPCs of VideoService."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import grpc
from adwright.catalog.v1 import catalog_pb2
from adwright.video.v1 import video_pb2, video_pb2_grpc
from google.api import httpbody_pb2
from google.protobuf import empty_pb2

from services.chassis.banned_words import BriefNotPossible, check_product_name
from services.chassis.errors import FieldViolation, Refusal, ValidationFailed
from services.chassis.rpc import request_headers
from services.chassis.rpc.auth import caller
from services.media.writing_systems import is_unsupported, unsupported_script
from services.video import messages
from services.video.domain import AVATARS, VOICES, ScriptNotSpeakable, UnknownAvatar, UnknownVoice
from services.video.film_request import check_fields, check_length, script_for, why_not_renderable, written_language
from services.video.policy import ScriptPolicy
from services.video.portraits import Portraits
from services.video.samples import Samples
from services.video.scene_changes import about_the_sentence, changed_scene, with_script
from services.worker.remote.fetcher import Resolve, is_unknown_host, resolve_apart
from services.worker.submission import Submitter, reuse_notes

Context = grpc.aio.ServicerContext[Any, Any]

UNNAMED_PORTRAIT = "Portrait"


class VideoServicer(video_pb2_grpc.VideoServiceServicer):
    """Accepts video jobs, and lists voices and avatars with their samples."""

    def __init__(
        self,
        submitter: Submitter,
        samples: Samples,
        policy: ScriptPolicy,
        portraits: Portraits,
        *,
        lookup: Resolve = resolve_apart,
    ) -> None:
        self._submitter = submitter
        self._samples = samples
        self._policy = policy
        self._portraits = portraits
        self._lookup = lookup

    async def GenerateVideo(
        self, request: video_pb2.GenerateVideoRequest, context: Context
    ) -> video_pb2.GenerateVideoResponse:
        if request.HasField("voice_id") and request.voice_id not in VOICES:
            raise UnknownVoice(request.voice_id)
        if request.HasField("avatar_id") and request.avatar_id not in AVATARS and not _is_uuid(request.avatar_id):
            raise UnknownAvatar(request.avatar_id)
        check_fields(request)
        order = video_pb2.GenerateVideoRequest()  # the request, with the script that is written for it
        order.CopyFrom(request)
        unknown = request_headers.unknown_field_notes(context.invocation_metadata())
        portrait = catalog_pb2.Portrait()  # filled by the check, where avatarId names one

        async def check(brief: catalog_pb2.Brief, user_id: str) -> None:
            portrait.CopyFrom(await self._portrait(request, user_id))
            await self._check(order, brief, user_id)

        result = await self._submitter.submit(
            request,
            context,
            lambda brief, user_id: messages.job_submission(
                order, brief, user_id, [*unknown, *_script_notes(request, order)], portrait_key=portrait.asset_key
            ),
            may_wait=True,
            check=check,
        )
        return video_pb2.GenerateVideoResponse(
            job_id=result.response.job_id,
            status=result.job.status if result.job else result.response.status,
            credits_used=result.response.credits_used,
            credits_remaining=result.response.credits_remaining,
            job=result.job,
            notes=[*result.notes, *reuse_notes(result.response, messages.JOB_TYPE)],
        )

    async def _portrait(self, request: video_pb2.GenerateVideoRequest, user_id: str) -> catalog_pb2.Portrait:
        """Returns the caller's portrait that avatarId names, an empty one without it. Raises UnknownAvatar."""
        if request.avatar_id in AVATARS or not request.avatar_id:
            return catalog_pb2.Portrait()
        try:
            return await self._portraits.get(request.avatar_id, user_id)
        except Refusal as refusal:
            if refusal.reason != "AVATAR_NOT_FOUND":
                raise
            raise UnknownAvatar(request.avatar_id) from None

    async def _check(self, request: video_pb2.GenerateVideoRequest, brief: catalog_pb2.Brief, user_id: str) -> None:
        """Writes the script of a product film without one. Refuses a script or product name that is not allowed or
        cannot be spoken or shown, and an avatarUrl whose host does not exist, before credits are held."""
        if is_unsupported(brief.product.name):
            raise BriefNotPossible(unsupported_script(brief.product.name))
        pronunciations = messages.pronunciations(request, brief)
        is_spoken = messages.is_spoken(request)
        # In a thread: the first script loads the dictionary and the recogniser of languages, about a second.
        if not request.script:
            material = messages.script_material(brief, datetime.now(UTC).date())
            if is_spoken:
                if not request.HasField("language"):
                    request.language = written_language(material, VOICES[messages.voice_id(request)].language)
                messages.settle_language(request)
            request.script = await asyncio.to_thread(script_for, request, material, pronunciations)
        else:
            if is_spoken:
                await asyncio.to_thread(messages.settle_language, request)
            await asyncio.to_thread(check_length, request)
        script = messages.script_check(request, brief, user_id)
        unspeakable = await asyncio.to_thread(why_not_renderable, request, script.pronunciations)
        if unspeakable is not None:
            raise ScriptNotSpeakable(unspeakable)
        await self._policy.check(script)
        check_product_name(brief.product.name, brief.project.brand.banned_words)
        # A request with a key may repeat one that was accepted while the host existed, and gets its job.
        is_checked = request.HasField("avatar_url") and not request.idempotency_key
        if is_checked and await is_unknown_host(request.avatar_url, lookup=self._lookup):
            raise ValidationFailed(
                [FieldViolation(field="avatarUrl", message="names a host that does not exist in the public internet")]
            )

    async def ListVoices(self, request: video_pb2.ListVoicesRequest, context: Context) -> video_pb2.ListVoicesResponse:
        return video_pb2.ListVoicesResponse(voices=[messages.voice_message(voice) for voice in VOICES.values()])

    async def ListAvatars(
        self, request: video_pb2.ListAvatarsRequest, context: Context
    ) -> video_pb2.ListAvatarsResponse:
        uploaded = await self._portraits.list(caller().user_id)
        consent = self._portraits.consent
        return video_pb2.ListAvatarsResponse(
            avatars=[
                *(messages.portrait_message(portrait) for portrait in uploaded),
                *(messages.avatar_message(avatar) for avatar in AVATARS.values()),
            ],
            consent=video_pb2.AvatarConsent(version=consent.version, text=consent.text) if consent.version else None,
        )

    async def UploadAvatar(self, request: video_pb2.UploadAvatarRequest, context: Context) -> video_pb2.Avatar:
        stored, notes = await self._portraits.store(
            request.image.data,
            user_id=caller().user_id,
            name=request.name or UNNAMED_PORTRAIT,
            consent=request.consent,
        )
        return messages.portrait_message(stored, notes)

    async def GetAvatarImage(self, request: video_pb2.GetAvatarImageRequest, context: Context) -> httpbody_pb2.HttpBody:
        portrait = await self._portraits.get(request.portrait_id, caller().user_id, with_content=True)
        return httpbody_pb2.HttpBody(content_type=portrait.content_type, data=portrait.content)

    async def DeleteAvatar(self, request: video_pb2.DeleteAvatarRequest, context: Context) -> empty_pb2.Empty:
        await self._portraits.delete(request.portrait_id, caller().user_id)
        return empty_pb2.Empty()

    async def GetVoiceSample(self, request: video_pb2.GetVoiceSampleRequest, context: Context) -> httpbody_pb2.HttpBody:
        if request.voice_id not in VOICES:
            raise UnknownVoice(request.voice_id)
        content = await self._samples.voice(VOICES[request.voice_id])
        return httpbody_pb2.HttpBody(content_type=Samples.VOICE_TYPE, data=content)

    async def GetAvatarPreview(
        self, request: video_pb2.GetAvatarPreviewRequest, context: Context
    ) -> httpbody_pb2.HttpBody:
        if request.avatar_id not in AVATARS:
            raise UnknownAvatar(request.avatar_id)
        content = await self._samples.avatar(AVATARS[request.avatar_id])
        return httpbody_pb2.HttpBody(content_type=Samples.AVATAR_TYPE, data=content)


class FilmChangeServicer(video_pb2_grpc.FilmChangeServiceServicer):
    """Checks changes of finished films for the image service."""

    def __init__(self, policy: ScriptPolicy) -> None:
        self._policy = policy

    async def ChangeFilm(self, request: video_pb2.ChangeFilmRequest, context: Context) -> video_pb2.ChangeFilmResponse:
        scene = await asyncio.to_thread(changed_scene, request)  # the first script loads dictionaries
        order = with_script(scene)
        script = messages.script_check(order, scene.brief, request.user_id)
        with about_the_sentence():
            await self._policy.check(replace(script, banned_words=tuple(request.brief.project.brand.banned_words)))
        return video_pb2.ChangeFilmResponse(
            parameters=video_pb2.VideoJobParameters(
                request=scene.request,
                brief=scene.brief,
                portrait_key=scene.portrait_key,
                scene=scene,
                changes_before=len(request.scene.changes),
            )
        )


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()  # the catalog takes no other spelling
    except ValueError:
        return False


def _script_notes(request: video_pb2.GenerateVideoRequest, order: video_pb2.GenerateVideoRequest) -> list[str]:
    return [] if request.script else [f"The script was written from the product's facts: {order.script}"]
