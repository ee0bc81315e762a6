"""The video service: `python -m services.video` runs the API, `python -m services.video worker` the worker."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import grpc
from adwright.copy.v1 import copy_pb2_grpc
from adwright.video.v1 import video_pb2_grpc
from pydantic import Field, SecretStr

from services.chassis.config import RenderSettings, ServiceSettings, WebhookUrlSettings, read_settings_or_exit
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel, start
from services.clients.billing_keys import BillingApiKeyLookup
from services.video.messages import JOB_TYPE
from services.video.policy import policy_of
from services.video.portraits import Consent, Portraits
from services.video.providers import SpeechEngine, VideoProvider
from services.video.samples import Samples
from services.video.servicer import FilmChangeServicer, VideoServicer
from services.worker.process import DEFAULT_MODELS_FOLDER, WorkerSettings, health_probe, run_worker, signing_of
from services.worker.remote.webhook_urls import WebhookUrls
from services.worker.submission import Submitter

SERVICES = ("adwright.video.v1.VideoService", "adwright.video.v1.FilmChangeService")
CONSENT_TEXT = (
    "I have the right to use this portrait, and the person in it agrees that it is animated and speaks in advertising."
)
DISPATCH_TOPIC = "adwright.job.dispatch.video.v1"


class VideoSettings(ServiceSettings, WebhookUrlSettings, RenderSettings):
    """Environment variables of the video API."""

    models: Path = Field(default=DEFAULT_MODELS_FOLDER, description="Folder of the model files, for voice samples.")
    video_policy_url: str = Field(
        default="",
        description="URL of a service that allows or rejects each script before the job is accepted; "
        "services/video/README.md describes its API. Default: only the project's banned words are checked.",
    )
    video_policy_key: SecretStr = Field(
        default=SecretStr(""), description="Bearer token for ADWRIGHT_VIDEO_POLICY_URL."
    )
    avatar_consent_version: str = Field(
        default="1",
        max_length=60,
        pattern="^[A-Za-z0-9._-]*$",
        description="Version of the text that users agree to before they upload a portrait; stored with the time. "
        "Change it with the text. Empty: no consent is asked for.",
    )
    avatar_consent_text: str = Field(
        default=CONSENT_TEXT,
        max_length=600,
        description="The text that users agree to before they upload a portrait; shown by GET /api/avatars.",
    )


async def run_api(settings: VideoSettings) -> None:
    """Runs the API until the process is stopped."""
    identity = ServiceIdentity("video", settings.service_secrets())
    api_keys = BillingApiKeyLookup(settings.billing_address, identity)
    catalog, job = open_channel(settings.catalog_address), open_channel(settings.job_address)
    webhook_urls = WebhookUrls(allow_http=settings.webhook_allow_http, allowed=settings.allowed_addresses())
    submitter = Submitter(catalog=catalog, job=job, identity=identity, webhook_url_problem=webhook_urls.problem_of)
    samples = Samples(models=settings.models, niceness=settings.render_niceness)
    policy = policy_of(settings.video_policy_url, settings.video_policy_key.get_secret_value())
    portraits = Portraits(
        catalog=catalog,
        identity=identity,
        models=settings.models,
        consent=Consent(version=settings.avatar_consent_version, text=settings.avatar_consent_text),
        niceness=settings.render_niceness,
    )
    servicer = VideoServicer(submitter, samples, policy, portraits)

    def register(server: grpc.aio.Server) -> None:
        video_pb2_grpc.add_VideoServiceServicer_to_server(servicer, server)
        video_pb2_grpc.add_FilmChangeServiceServicer_to_server(FilmChangeServicer(policy), server)

    try:
        await Server(settings, register=register, services=SERVICES, ready=always_ready, api_keys=api_keys).run()
    finally:
        await api_keys.close()
        await policy.close()
        await samples.close()
        await portraits.close()
        await catalog.close()
        await job.close()


class VideoWorkerSettings(WorkerSettings):
    """Further environment variables of the video worker."""

    video_engine: str = Field(
        default="local",
        pattern="^(local|machine|replicate|fal|heygen|d-id)$",
        description=(
            "Engine that animates the talking head: local, machine (self-hosted; services/video/README.md describes "
            "its API), replicate, fal, heygen or d-id. The local engine always makes the rest of the video."
        ),
    )
    video_engine_url: str = Field(
        default="",
        description="Base URL of the video engine. Default: the public API of replicate, fal, heygen and d-id; "
        "required for machine.",
    )
    video_engine_key: SecretStr = Field(default=SecretStr(""), description="API key of the video engine.")
    video_engine_model: str = Field(
        default="",
        description="Model of the video engine; required for replicate (owner/name or owner/name:version) and fal "
        "(model path).",
    )
    video_engine_inputs: dict[str, Any] = Field(
        default_factory=dict,
        description='Inputs of the replicate or fal model, as JSON: {"image": "{picture}", "audio": "{sound}"}. '
        "Placeholders: {picture}, {sound}. Default: the inputs of common models.",
    )
    video_engine_avatar: str = Field(
        default="",
        description="HeyGen stock avatar for jobs without avatarUrl. Default: the image of the drawn avatar is "
        "uploaded.",
    )
    video_engine_upload_url: str = Field(
        default="",
        description="Base URL of HeyGen's upload API. Default: the public one, or ADWRIGHT_VIDEO_ENGINE_URL if it is "
        "set.",
    )
    voice_openai_url: str = Field(
        default="",
        description="Base URL of an OpenAI-compatible speech API including its version, as in https://host/v1. "
        "Default: the local voice model speaks.",
    )
    voice_openai_model: str = Field(default="", description="Speech model; required with ADWRIGHT_VOICE_OPENAI_URL.")
    voice_openai_key: SecretStr = Field(default=SecretStr(""), description="API key of the speech API.")
    voice_openai_voices: dict[str, str] = Field(
        default_factory=dict,
        description='Voice ids of the platform to those of the speech API, as JSON: {"male-1": "onyx"}. Default: '
        "OpenAI's voices.",
    )


PUBLIC_URLS = {
    "replicate": "https://api.replicate.com",
    "fal": "https://queue.fal.run",
    "heygen": "https://api.heygen.com",
    "d-id": "https://api.d-id.com",
}
HEYGEN_UPLOAD_URL = "https://upload.heygen.com"


def provider_of(settings: VideoWorkerSettings) -> VideoProvider:
    """Builds the configured engine and voice. Exits the process when a required setting is missing."""
    from services.video.providers.local import LocalVideoProvider
    from services.video.providers.remote import RemoteVideoProvider
    from services.video.providers.remote.heads import ENGINES, HeadSettings

    local = LocalVideoProvider(
        models=settings.models,
        voice=speech_engine_of(settings),
        signing=signing_of(settings),
        niceness=settings.render_niceness,
    )
    name = settings.video_engine
    if name == "local":
        return local
    url = settings.video_engine_url or PUBLIC_URLS.get(name, "")
    if not url:
        raise SystemExit(f"ADWRIGHT_VIDEO_ENGINE_URL is required with ADWRIGHT_VIDEO_ENGINE={name}")
    if name in ("replicate", "fal") and not settings.video_engine_model:
        raise SystemExit(f"ADWRIGHT_VIDEO_ENGINE_MODEL is required with ADWRIGHT_VIDEO_ENGINE={name}")
    uploads = settings.video_engine_upload_url or (HEYGEN_UPLOAD_URL if not settings.video_engine_url else url)
    head = HeadSettings(
        base_url=url,
        key=settings.video_engine_key.get_secret_value(),
        model=settings.video_engine_model,
        avatar=settings.video_engine_avatar,
        upload_url=uploads,
        inputs=settings.video_engine_inputs,
    )
    return RemoteVideoProvider(ENGINES[name](head), local)


def speech_engine_of(settings: VideoWorkerSettings) -> SpeechEngine | None:
    """Builds the configured remote voice; None for the local voice."""
    from services.video.providers.remote.openai_speech import OPENAI_VOICES, OpenAISpeech, SpeechSettings

    if not settings.voice_openai_url:
        return None
    if not settings.voice_openai_model:
        raise SystemExit("ADWRIGHT_VOICE_OPENAI_MODEL is required with ADWRIGHT_VOICE_OPENAI_URL")
    return OpenAISpeech(
        SpeechSettings(
            base_url=settings.voice_openai_url,
            model=settings.voice_openai_model,
            key=settings.voice_openai_key.get_secret_value(),
            voices=settings.voice_openai_voices or OPENAI_VOICES,
        )
    )


async def run_video_worker(settings: VideoWorkerSettings) -> None:
    """Works on jobs until the process is stopped."""
    from services.chassis.data.assets import AssetStore
    from services.video.worker import VideoWorker
    from services.worker.remote.customer_images import CustomerImages
    from services.worker.remote.fetcher import Fetcher

    identity = ServiceIdentity("video-worker", settings.service_secrets())
    copy = open_channel(settings.copy_address)
    assets = AssetStore(settings.assets_url)
    provider = provider_of(settings)
    worker = VideoWorker(
        provider=provider,
        customer_images=CustomerImages(assets=assets, fetcher=Fetcher()),
        copy=copy_pb2_grpc.CopyWriterServiceStub(copy),
        identity=identity,
    )
    try:
        await run_worker(
            settings,
            job_type=JOB_TYPE,
            topic=DISPATCH_TOPIC,
            group="adwright-video-workers",
            handler=worker.handle,
            identity=identity,
            assets=assets,
            prepare=provider.prepare,
            probes={"COPY_UNAVAILABLE": health_probe(copy, "adwright.copy.v1.CopyWriterService")},
        )
    finally:
        await provider.close()
        await copy.close()


def main() -> None:
    if sys.argv[1:] == ["worker"]:
        worker_settings = read_settings_or_exit(VideoWorkerSettings)
        start("video-worker", worker_settings, run_video_worker(worker_settings))
    else:
        settings = read_settings_or_exit(VideoSettings)
        start("video", settings, run_api(settings))


if __name__ == "__main__":
    main()
