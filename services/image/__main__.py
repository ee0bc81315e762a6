"""The image service: `python -m services.image` accepts jobs, `python -m services.image maker` makes them."""

from __future__ import annotations

import sys

import grpc
from adwright.copy.v1 import copy_pb2_grpc
from adwright.image.v1 import image_pb2_grpc

from services.chassis.auth import ServiceIdentity
from services.chassis.clock import SystemClock
from services.chassis.config import ServiceSettings, read_settings_or_exit
from services.chassis.making import MakerSettings, run_maker, signing_of
from services.chassis.server import Server, always_ready, open_channel, start
from services.chassis.submission import Submitter
from services.image.messages import JOB_TYPE
from services.image.providers import ImageProvider
from services.image.servicer import ImageServicer

SERVICES = ("adwright.image.v1.ImageService",)
DISPATCH_TOPIC = "adwright.job.dispatch.image.v1"


async def serve(settings: ServiceSettings) -> None:
    """Accepts jobs until told to stop."""
    identity = ServiceIdentity("image", settings.service_secret.get_secret_value())
    catalog, job = open_channel(settings.catalog_address), open_channel(settings.job_address)
    servicer = ImageServicer(Submitter(catalog=catalog, job=job, identity=identity))

    def register(server: grpc.aio.Server) -> None:
        image_pb2_grpc.add_ImageServiceServicer_to_server(servicer, server)

    try:
        await Server(settings, register=register, services=SERVICES, ready=always_ready).run()
    finally:
        await catalog.close()
        await job.close()


def provider_of(settings: MakerSettings) -> ImageProvider:
    """The engine that the settings name."""
    from services.image.providers.local import LocalImageProvider

    signing = signing_of(settings)
    return LocalImageProvider(models=settings.models, signing_chain=signing.chain, signing_key=signing.key)


async def make(settings: MakerSettings) -> None:
    """Makes jobs until told to stop."""
    from services.chassis.assets import AssetStore
    from services.chassis.fetcher import Fetcher
    from services.chassis.pictures import PictureSource
    from services.image.maker import ImageMaker

    identity = ServiceIdentity("image-maker", settings.service_secret.get_secret_value())
    copy = open_channel(settings.copy_address)
    assets = AssetStore(settings.assets_url)
    provider = provider_of(settings)
    maker = ImageMaker(
        provider=provider,
        pictures=PictureSource(assets=assets, fetcher=Fetcher()),
        copy=copy_pb2_grpc.CopyWriterServiceStub(copy),
        identity=identity,
        clock=SystemClock(),
    )
    try:
        await run_maker(
            settings,
            job_type=JOB_TYPE,
            topic=DISPATCH_TOPIC,
            group="adwright-image-makers",
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
        start("image-maker", maker_settings, make(maker_settings))
    else:
        settings = read_settings_or_exit(ServiceSettings)
        start("image", settings, serve(settings))


if __name__ == "__main__":
    main()
