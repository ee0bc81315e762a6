"""The RPCs of VideoService."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import grpc
from adwright.catalog.v1 import catalog_pb2
from adwright.video.v1 import video_pb2, video_pb2_grpc
from google.api import httpbody_pb2

from services.chassis.banned_words import BriefNotPossible, check_product_name
from services.chassis.errors import FieldViolation, ValidationFailed
from services.chassis.rpc import request_headers
from services.media.writing_systems import is_unsupported, unsupported_script
from services.video import messages
from services.video.domain import AVATARS, VOICES, ScriptNotSpeakable, UnknownAvatar, UnknownVoice
from services.video.film_request import check_fields, script_for, why_not_renderable
from services.video.policy import ScriptPolicy
from services.video.samples import Samples
from services.worker.remote.fetcher import Resolve, is_unknown_host, resolve_apart
from services.worker.submission import Submitter, reuse_notes

Context = grpc.aio.ServicerContext[Any, Any]


class VideoServicer(video_pb2_grpc.VideoServiceServicer):
    """Accepts video jobs, and lists voices and avatars with their samples."""

    def __init__(
        self, submitter: Submitter, samples: Samples, policy: ScriptPolicy, *, lookup: Resolve = resolve_apart
    ) -> None:
        self._submitter = submitter
        self._samples = samples
        self._policy = policy
        self._lookup = lookup

    async def GenerateVideo(
        self, request: video_pb2.GenerateVideoRequest, context: Context
    ) -> video_pb2.GenerateVideoResponse:
        if request.HasField("voice_id") and request.voice_id not in VOICES:
            raise UnknownVoice(request.voice_id)
        if request.HasField("avatar_id") and request.avatar_id not in AVATARS:
            raise UnknownAvatar(request.avatar_id)
        check_fields(request)
        order = video_pb2.GenerateVideoRequest()  # the request, with the script that is written for it
        order.CopyFrom(request)
        unknown = request_headers.unknown_field_notes(context.invocation_metadata())
        result = await self._submitter.submit(
            request,
            context,
            lambda brief, user_id: messages.job_submission(
                order, brief, user_id, [*unknown, *_script_notes(request, order)]
            ),
            may_wait=True,
            check=lambda brief, user_id: self._check(order, brief, user_id),
        )
        return video_pb2.GenerateVideoResponse(
            job_id=result.response.job_id,
            status=result.job.status if result.job else result.response.status,
            credits_used=result.response.credits_used,
            credits_remaining=result.response.credits_remaining,
            job=result.job,
            notes=[*result.notes, *reuse_notes(result.response, messages.JOB_TYPE)],
        )

    async def _check(self, request: video_pb2.GenerateVideoRequest, brief: catalog_pb2.Brief, user_id: str) -> None:
        """Writes the script of a product film without one. Refuses a script or product name that is not allowed or
        cannot be spoken or shown, and an avatarUrl whose host does not exist, before credits are held."""
        if is_unsupported(brief.product.name):
            raise BriefNotPossible(unsupported_script(brief.product.name))
        pronunciations = messages.pronunciations(request, brief)
        # In a thread: the first script loads the dictionary and the recogniser of languages, about a second.
        if not request.script:
            material = messages.script_material(brief, datetime.now(UTC).date())
            request.script = await asyncio.to_thread(script_for, request, material, pronunciations)
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
        return video_pb2.ListAvatarsResponse(avatars=[messages.avatar_message(avatar) for avatar in AVATARS.values()])

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


def _script_notes(request: video_pb2.GenerateVideoRequest, order: video_pb2.GenerateVideoRequest) -> list[str]:
    return [] if request.script else [f"The script was written from the product's facts: {order.script}"]
