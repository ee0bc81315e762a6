"""The video service: `python -m services.video` accepts jobs, `python -m services.video worker` makes them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import grpc
from adwright.copy.v1 import copy_pb2_grpc
from adwright.video.v1 import video_pb2_grpc
from pydantic import Field, SecretStr

from services.chassis.config import ServiceSettings, read_settings_or_exit
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel, start
from services.clients.billing_keys import BillingApiKeyLookup
from services.video.messages import JOB_TYPE
from services.video.policy import policy_of
from services.video.providers import VideoProvider, Voice
from services.video.samples import Samples
from services.video.servicer import VideoServicer
from services.worker.process import DEFAULT_MODELS, WorkerSettings, answering, run_worker, signing_of
from services.worker.submission import Submitter

SERVICES = ("adwright.video.v1.VideoService",)
DISPATCH_TOPIC = "adwright.job.dispatch.video.v1"


class VideoSettings(ServiceSettings):
    """What the video service reads from the environment."""

    models: Path = Field(default=DEFAULT_MODELS, description="folder of model files; voice samples are made with them")
    video_policy_url: str = Field(default="", description="an address that is asked whether a script may be spoken")
    video_policy_key: SecretStr = Field(default=SecretStr(""), description="the key to ask it with")


async def serve(settings: VideoSettings) -> None:
    """Accepts jobs until told to stop."""
    identity = ServiceIdentity("video", settings.service_secrets())
    api_keys = BillingApiKeyLookup(settings.billing_address, identity)
    catalog, job = open_channel(settings.catalog_address), open_channel(settings.job_address)
    samples = Samples(models=settings.models)
    policy = policy_of(settings.video_policy_url, settings.video_policy_key.get_secret_value())
    servicer = VideoServicer(Submitter(catalog=catalog, job=job, identity=identity), samples, policy)

    def register(server: grpc.aio.Server) -> None:
        video_pb2_grpc.add_VideoServiceServicer_to_server(servicer, server)

    try:
        await Server(settings, register=register, services=SERVICES, ready=always_ready, api_keys=api_keys).run()
    finally:
        await api_keys.close()
        await policy.close()
        await samples.close()
        await catalog.close()
        await job.close()


class VideoWorkerSettings(WorkerSettings):
    """What the video worker reads besides. Without an engine's name everything is made here."""

    video_engine: str = Field(default="local", pattern="^(local|machine|replicate|fal|heygen|d-id)$")
    video_engine_url: str = Field(default="", description="where the engine is; its public address when empty")
    video_engine_key: SecretStr = Field(default=SecretStr(""), description="the key to ask with")
    video_engine_model: str = Field(default="", description="replicate: owner/name[:version]; fal: the model's path")
    video_engine_inputs: dict[str, Any] = Field(
        default_factory=dict, description='the model\'s inputs as JSON: {"image": "{picture}", "audio": "{sound}"}'
    )
    video_engine_avatar: str = Field(default="", description="heygen: the stock avatar for jobs without a photo")
    video_engine_upload_url: str = Field(default="", description="heygen: where files go; public when empty")
    voice_openai_url: str = Field(default="", description="OpenAI-compatible speech, with its version: https://host/v1")
    voice_openai_model: str = Field(default="", description="the model to ask there")
    voice_openai_key: SecretStr = Field(default=SecretStr(""), description="the key to ask with")
    voice_openai_voices: dict[str, str] = Field(
        default_factory=dict, description='the endpoint\'s voices as JSON: {"male-1": "onyx"}; OpenAI\'s when empty'
    )


PUBLIC_ADDRESSES = {
    "replicate": "https://api.replicate.com",
    "fal": "https://queue.fal.run",
    "heygen": "https://api.heygen.com",
    "d-id": "https://api.d-id.com",
}
HEYGEN_UPLOADS = "https://upload.heygen.com"


def provider_of(settings: VideoWorkerSettings) -> VideoProvider:
    """The engine that the settings name, with the voice that they name."""
    from services.video.providers.local import LocalVideoProvider
    from services.video.providers.remote import RemoteVideoProvider
    from services.video.providers.remote.heads import ENGINES, HeadSettings

    local = LocalVideoProvider(models=settings.models, voice=voice_of(settings), signing=signing_of(settings))
    name = settings.video_engine
    if name == "local":
        return local
    url = settings.video_engine_url or PUBLIC_ADDRESSES.get(name, "")
    if not url:
        raise SystemExit(f"ADWRIGHT_VIDEO_ENGINE_URL: is needed with ADWRIGHT_VIDEO_ENGINE={name}")
    if name in ("replicate", "fal") and not settings.video_engine_model:
        raise SystemExit(f"ADWRIGHT_VIDEO_ENGINE_MODEL: is needed with ADWRIGHT_VIDEO_ENGINE={name}")
    uploads = settings.video_engine_upload_url or (HEYGEN_UPLOADS if not settings.video_engine_url else url)
    head = HeadSettings(
        base_url=url,
        key=settings.video_engine_key.get_secret_value(),
        model=settings.video_engine_model,
        avatar=settings.video_engine_avatar,
        upload_url=uploads,
        inputs=settings.video_engine_inputs,
    )
    return RemoteVideoProvider(ENGINES[name](head), local)


def voice_of(settings: VideoWorkerSettings) -> Voice | None:
    """The voice elsewhere that the settings name, if they name one."""
    from services.video.providers.remote.voice import OPENAI_VOICES, SpeechEndpoint, VoiceSettings

    if not settings.voice_openai_url:
        return None
    if not settings.voice_openai_model:
        raise SystemExit("ADWRIGHT_VOICE_OPENAI_MODEL: is needed with ADWRIGHT_VOICE_OPENAI_URL")
    return SpeechEndpoint(
        VoiceSettings(
            base_url=settings.voice_openai_url,
            model=settings.voice_openai_model,
            key=settings.voice_openai_key.get_secret_value(),
            voices=settings.voice_openai_voices or OPENAI_VOICES,
        )
    )


async def make(settings: VideoWorkerSettings) -> None:
    """Makes jobs until told to stop."""
    from services.chassis.data.assets import AssetStore
    from services.video.worker import VideoWorker
    from services.worker.remote.fetcher import Fetcher
    from services.worker.remote.pictures import PictureSource

    identity = ServiceIdentity("video-worker", settings.service_secrets())
    copy = open_channel(settings.copy_address)
    assets = AssetStore(settings.assets_url)
    provider = provider_of(settings)
    worker = VideoWorker(
        provider=provider,
        pictures=PictureSource(assets=assets, fetcher=Fetcher()),
        copy=copy_pb2_grpc.CopyWriterServiceStub(copy),
        identity=identity,
    )
    try:
        await run_worker(
            settings,
            job_type=JOB_TYPE,
            topic=DISPATCH_TOPIC,
            group="adwright-video-workers",
            make=worker.make,
            identity=identity,
            assets=assets,
            prepare=provider.prepare,
            probes={"COPY_UNAVAILABLE": answering(copy, "adwright.copy.v1.CopyWriterService")},
        )
    finally:
        await provider.close()
        await copy.close()


def main() -> None:
    if sys.argv[1:] == ["worker"]:
        worker_settings = read_settings_or_exit(VideoWorkerSettings)
        start("video-worker", worker_settings, make(worker_settings))
    else:
        settings = read_settings_or_exit(VideoSettings)
        start("video", settings, serve(settings))


if __name__ == "__main__":
    main()
