"""The video service: `python -m services.video` accepts jobs, `python -m services.video maker` makes them."""

from __future__ import annotations

import sys
from pathlib import Path

import grpc
from adwright.copy.v1 import copy_pb2_grpc
from adwright.video.v1 import video_pb2_grpc
from pydantic import Field

from services.chassis.assets import AssetStore
from services.chassis.auth import ServiceIdentity
from services.chassis.config import ServiceSettings, read_settings_or_exit
from services.chassis.fetcher import Fetcher
from services.chassis.making import DEFAULT_MODELS, MakerSettings, run_maker
from services.chassis.pictures import PictureSource
from services.chassis.server import Server, always_ready, open_channel, start
from services.chassis.submission import Submitter
from services.video.maker import VideoMaker
from services.video.messages import JOB_TYPE
from services.video.providers import VideoProvider
from services.video.samples import Samples
from services.video.servicer import VideoServicer

SERVICES = ("adwright.video.v1.VideoService",)
DISPATCH_TOPIC = "adwright.job.dispatch.video.v1"


class VideoSettings(ServiceSettings):
    """What the video service reads from the environment."""

    models: Path = Field(default=DEFAULT_MODELS, description="folder of model files; voice samples are made with them")


async def serve(settings: VideoSettings) -> None:
    """Accepts jobs until told to stop."""
    identity = ServiceIdentity("video", settings.service_secret.get_secret_value())
    catalog, job = open_channel(settings.catalog_address), open_channel(settings.job_address)
    samples = Samples(models=settings.models)
    servicer = VideoServicer(Submitter(catalog=catalog, job=job, identity=identity), samples)

    def register(server: grpc.aio.Server) -> None:
        video_pb2_grpc.add_VideoServiceServicer_to_server(servicer, server)

    try:
        await Server(settings, register=register, services=SERVICES, ready=always_ready).run()
    finally:
        await samples.close()
        await catalog.close()
        await job.close()


def provider_of(settings: MakerSettings) -> VideoProvider:
    """The engine that the settings name."""
    from services.video.providers.local import LocalVideoProvider

    return LocalVideoProvider(models=settings.models)


async def make(settings: MakerSettings) -> None:
    """Makes jobs until told to stop."""
    identity = ServiceIdentity("video-maker", settings.service_secret.get_secret_value())
    copy = open_channel(settings.copy_address)
    assets = AssetStore(settings.assets_url)
    provider = provider_of(settings)
    maker = VideoMaker(
        provider=provider,
        pictures=PictureSource(assets=assets, fetcher=Fetcher()),
        copy=copy_pb2_grpc.CopyWriterServiceStub(copy),
        identity=identity,
    )
    try:
        await run_maker(
            settings,
            job_type=JOB_TYPE,
            topic=DISPATCH_TOPIC,
            group="adwright-video-makers",
            make=maker.make,
            identity=identity,
            assets=assets,
        )
    finally:
        await provider.close()
        await copy.close()


def main() -> None:
    if sys.argv[1:] == ["maker"]:
        maker_settings = read_settings_or_exit(MakerSettings)
        start("video-maker", maker_settings, make(maker_settings))
    else:
        settings = read_settings_or_exit(VideoSettings)
        start("video", settings, serve(settings))


if __name__ == "__main__":
    main()
