"""The image service: `python -m services.image` runs the API, `python -m services.image worker` the worker."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import grpc
from adwright.copy.v1 import copy_pb2_grpc
from adwright.image.v1 import image_pb2_grpc
from adwright.video.v1 import video_pb2_grpc
from pydantic import Field, SecretStr

from services.chassis.clock import SystemClock
from services.chassis.config import ServiceSettings, WebhookUrlSettings, read_settings_or_exit
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel, start
from services.clients.billing_keys import BillingApiKeyLookup
from services.image.messages import JOB_TYPE
from services.image.providers import ImageProvider
from services.image.servicer import ImageServicer
from services.worker.process import WorkerSettings, health_probe, run_worker, signing_of
from services.worker.remote.webhook_urls import WebhookUrls
from services.worker.submission import Submitter

SERVICES = ("adwright.image.v1.ImageService",)
DISPATCH_TOPIC = "adwright.job.dispatch.image.v1"


class ImageSettings(ServiceSettings, WebhookUrlSettings):
    """Environment variables of the image API."""

    video_address: str = Field(default="127.0.0.1:7106", description="gRPC address of the video service.")


async def run_api(settings: ImageSettings) -> None:
    """Runs the API until the process is stopped."""
    identity = ServiceIdentity("image", settings.service_secrets())
    api_keys = BillingApiKeyLookup(settings.billing_address, identity)
    catalog, job = open_channel(settings.catalog_address), open_channel(settings.job_address)
    webhook_urls = WebhookUrls(allow_http=settings.webhook_allow_http, allowed=settings.allowed_addresses())
    submitter = Submitter(catalog=catalog, job=job, identity=identity, webhook_url_problem=webhook_urls.problem_of)
    video = open_channel(settings.video_address)
    servicer = ImageServicer(submitter, films=video_pb2_grpc.FilmChangeServiceStub(video), identity=identity)

    def register(server: grpc.aio.Server) -> None:
        image_pb2_grpc.add_ImageServiceServicer_to_server(servicer, server)

    try:
        await Server(settings, register=register, services=SERVICES, ready=always_ready, api_keys=api_keys).run()
    finally:
        await api_keys.close()
        await video.close()
        await catalog.close()
        await job.close()


class ImageWorkerSettings(WorkerSettings):
    """Further environment variables of the image worker."""

    image_engine: str = Field(
        default="local",
        pattern="^(local|openai|replicate|fal|comfyui)$",
        description=(
            "Engine that generates the scene of an ad image: local, openai, replicate, fal or comfyui. The local "
            "compositor always adds product, text and button."
        ),
    )
    image_engine_url: str = Field(
        default="",
        description="Base URL of the image engine. Default: the public API of openai, replicate and fal; required for "
        "comfyui.",
    )
    image_engine_key: SecretStr = Field(default=SecretStr(""), description="API key of the image engine.")
    image_engine_model: str = Field(
        default="",
        description="Model of the image engine; required for openai (model name), replicate (owner/name or "
        "owner/name:version) and fal (model path).",
    )
    image_engine_inputs: dict[str, Any] = Field(
        default_factory=dict,
        description='Inputs of the replicate or fal model, as JSON: {"prompt": "{prompt}"}. Placeholders: {prompt}, '
        "{ratio}, {width}, {height}, {seed}. Default: the inputs of common models.",
    )
    image_engine_workflow: Path | None = Field(
        default=None,
        description="JSON file with the ComfyUI workflow in API format; required for comfyui. Placeholders as in "
        "ADWRIGHT_IMAGE_ENGINE_INPUTS; {prompt} is required.",
    )


PUBLIC_URLS = {
    "openai": "https://api.openai.com/v1",
    "replicate": "https://api.replicate.com",
    "fal": "https://queue.fal.run",
}


def provider_of(settings: ImageWorkerSettings) -> ImageProvider:
    """Builds the configured engine. Exits the process when a required setting is missing."""
    from services.image.providers.local import LocalImageProvider
    from services.image.providers.remote import RemoteImageProvider
    from services.image.providers.remote.engines import ENGINES, EngineSettings
    from services.worker.render_pool import usable_cores

    processes = min(settings.slots, usable_cores())
    local = LocalImageProvider(
        models=settings.models, signing=signing_of(settings), processes=processes, niceness=settings.render_niceness
    )
    name = settings.image_engine
    if name == "local":
        return local
    url = settings.image_engine_url or PUBLIC_URLS.get(name, "")
    if not url:
        raise SystemExit(f"ADWRIGHT_IMAGE_ENGINE_URL is required with ADWRIGHT_IMAGE_ENGINE={name}")
    if name != "comfyui" and not settings.image_engine_model:
        raise SystemExit(f"ADWRIGHT_IMAGE_ENGINE_MODEL is required with ADWRIGHT_IMAGE_ENGINE={name}")
    engine = EngineSettings(
        base_url=url,
        key=settings.image_engine_key.get_secret_value(),
        model=settings.image_engine_model,
        inputs=_read_workflow(settings.image_engine_workflow) if name == "comfyui" else settings.image_engine_inputs,
    )
    return RemoteImageProvider(ENGINES[name](engine), local)


def _read_workflow(path: Path | None) -> dict[str, Any]:
    if path is None:
        raise SystemExit("ADWRIGHT_IMAGE_ENGINE_WORKFLOW is required with ADWRIGHT_IMAGE_ENGINE=comfyui")
    try:
        workflow = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"ADWRIGHT_IMAGE_ENGINE_WORKFLOW: {path} cannot be read as JSON: {error}") from None
    if not isinstance(workflow, dict) or "{prompt}" not in json.dumps(workflow):
        raise SystemExit(f"ADWRIGHT_IMAGE_ENGINE_WORKFLOW: {path} does not contain {{prompt}}")
    return workflow


async def run_image_worker(settings: ImageWorkerSettings) -> None:
    """Works on jobs until the process is stopped."""
    from services.chassis.data.assets import AssetStore
    from services.image.worker import ImageWorker
    from services.worker.remote.customer_images import CustomerImages
    from services.worker.remote.fetcher import Fetcher

    identity = ServiceIdentity("image-worker", settings.service_secrets())
    copy = open_channel(settings.copy_address)
    assets = AssetStore(settings.assets_url)
    provider = provider_of(settings)
    worker = ImageWorker(
        provider=provider,
        customer_images=CustomerImages(assets=assets, fetcher=Fetcher()),
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
        worker_settings = read_settings_or_exit(ImageWorkerSettings)
        start("image-worker", worker_settings, run_image_worker(worker_settings))
    else:
        settings = read_settings_or_exit(ImageSettings)
        start("image", settings, run_api(settings))


if __name__ == "__main__":
    main()
