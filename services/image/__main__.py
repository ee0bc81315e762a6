"""The image service: `python -m services.image` accepts jobs, `python -m services.image worker` makes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import grpc
from adwright.copy.v1 import copy_pb2_grpc
from adwright.image.v1 import image_pb2_grpc
from pydantic import Field, SecretStr

from services.chassis.clock import SystemClock
from services.chassis.config import ServiceSettings, read_settings_or_exit
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel, start
from services.clients.billing_keys import BillingApiKeyLookup
from services.image.messages import JOB_TYPE
from services.image.providers import ImageProvider
from services.image.servicer import ImageServicer
from services.worker.process import WorkerSettings, answering, run_worker, signing_of
from services.worker.submission import Submitter

SERVICES = ("adwright.image.v1.ImageService",)
DISPATCH_TOPIC = "adwright.job.dispatch.image.v1"


async def serve(settings: ServiceSettings) -> None:
    """Accepts jobs until told to stop."""
    identity = ServiceIdentity("image", settings.service_secrets())
    api_keys = BillingApiKeyLookup(settings.billing_address, identity)
    catalog, job = open_channel(settings.catalog_address), open_channel(settings.job_address)
    servicer = ImageServicer(Submitter(catalog=catalog, job=job, identity=identity))

    def register(server: grpc.aio.Server) -> None:
        image_pb2_grpc.add_ImageServiceServicer_to_server(servicer, server)

    try:
        await Server(settings, register=register, services=SERVICES, ready=always_ready, api_keys=api_keys).run()
    finally:
        await api_keys.close()
        await catalog.close()
        await job.close()


class ImageWorkerSettings(WorkerSettings):
    """What the image worker reads besides. Without an engine's name the scene is drawn here, too."""

    image_engine: str = Field(default="local", pattern="^(local|openai|replicate|fal|comfyui)$")
    image_engine_url: str = Field(default="", description="where the engine is; its public address when empty")
    image_engine_key: SecretStr = Field(default=SecretStr(""), description="the key to ask with")
    image_engine_model: str = Field(default="", description="replicate: owner/name[:version]; fal: the model's path")
    image_engine_inputs: dict[str, Any] = Field(
        default_factory=dict, description='replicate, fal: the model\'s inputs as JSON: {"prompt": "{prompt}"}'
    )
    image_engine_workflow: Path | None = Field(default=None, description="comfyui: file of a workflow in API format")


PUBLIC_ADDRESSES = {
    "openai": "https://api.openai.com/v1",
    "replicate": "https://api.replicate.com",
    "fal": "https://queue.fal.run",
}


def provider_of(settings: ImageWorkerSettings) -> ImageProvider:
    """The engine that the settings name."""
    from services.image.providers.local import LocalImageProvider
    from services.image.providers.remote import RemoteImageProvider
    from services.image.providers.remote.engines import ENGINES, EngineSettings

    signing = signing_of(settings)
    local = LocalImageProvider(models=settings.models, signing_chain=signing.chain, signing_key=signing.key)
    name = settings.image_engine
    if name == "local":
        return local
    url = settings.image_engine_url or PUBLIC_ADDRESSES.get(name, "")
    if not url:
        raise SystemExit(f"ADWRIGHT_IMAGE_ENGINE_URL: is needed with ADWRIGHT_IMAGE_ENGINE={name}")
    if name != "comfyui" and not settings.image_engine_model:
        raise SystemExit(f"ADWRIGHT_IMAGE_ENGINE_MODEL: is needed with ADWRIGHT_IMAGE_ENGINE={name}")
    engine = EngineSettings(
        base_url=url,
        key=settings.image_engine_key.get_secret_value(),
        model=settings.image_engine_model,
        inputs=_workflow(settings.image_engine_workflow) if name == "comfyui" else settings.image_engine_inputs,
    )
    return RemoteImageProvider(ENGINES[name](engine), local)


def _workflow(path: Path | None) -> dict[str, Any]:
    if path is None:
        raise SystemExit("ADWRIGHT_IMAGE_ENGINE_WORKFLOW: is needed with ADWRIGHT_IMAGE_ENGINE=comfyui")
    try:
        workflow = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"ADWRIGHT_IMAGE_ENGINE_WORKFLOW: {path} cannot be read as JSON: {error}") from None
    if not isinstance(workflow, dict) or "{prompt}" not in json.dumps(workflow):
        raise SystemExit(f"ADWRIGHT_IMAGE_ENGINE_WORKFLOW: {path} has no text with {{prompt}} in it")
    return workflow


async def make(settings: ImageWorkerSettings) -> None:
    """Makes jobs until told to stop."""
    from services.chassis.data.assets import AssetStore
    from services.image.worker import ImageWorker
    from services.worker.remote.fetcher import Fetcher
    from services.worker.remote.pictures import PictureSource

    identity = ServiceIdentity("image-worker", settings.service_secrets())
    copy = open_channel(settings.copy_address)
    assets = AssetStore(settings.assets_url)
    provider = provider_of(settings)
    worker = ImageWorker(
        provider=provider,
        pictures=PictureSource(assets=assets, fetcher=Fetcher()),
        copy=copy_pb2_grpc.CopyWriterServiceStub(copy),
        identity=identity,
        clock=SystemClock(),
    )
    try:
        await run_worker(
            settings,
            job_type=JOB_TYPE,
            topic=DISPATCH_TOPIC,
            group="adwright-image-workers",
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
        worker_settings = read_settings_or_exit(ImageWorkerSettings)
        start("image-worker", worker_settings, make(worker_settings))
    else:
        settings = read_settings_or_exit(ServiceSettings)
        start("image", settings, serve(settings))


if __name__ == "__main__":
    main()
