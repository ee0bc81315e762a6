"""Entry point of the copy service: `python -m services.copy`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import grpc
from adwright.copy.v1 import copy_pb2_grpc
from pydantic import Field, SecretStr

from services.chassis.config import ServiceSettings, WebhookUrlSettings, read_settings_or_exit
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel, start
from services.clients.billing_keys import BillingApiKeyLookup
from services.copy.providers import CopyProvider
from services.copy.providers.chat_client import OpenAISettings
from services.copy.providers.local import LocalCopyProvider, read_all
from services.copy.providers.model_headline import HeadlineWriter, LocalHeadlines
from services.copy.providers.openai import OpenAICopyProvider
from services.copy.servicer import WRITE_SECONDS, CopyServicer, CopyWriterServicer
from services.worker.remote.webhook_urls import WebhookUrls
from services.worker.submission import Submitter

HEADLINE_SECONDS = 40.0  # below the image worker's deadline for its headline, with room for the built-in engine
LOCAL_MARGIN_SECONDS = 5.0  # for the built-in engine, after the model's time has ended
SERVICES = ("adwright.copy.v1.CopyService", "adwright.copy.v1.CopyWriterService")


class CopySettings(ServiceSettings, WebhookUrlSettings):
    """Settings of the copy service. Without an endpoint the built-in engine writes."""

    copy_openai_url: str = Field(
        default="", description="OpenAI-compatible endpoint, with its version: https://host/v1."
    )
    copy_openai_model: str = Field(default="", description="Model name at that endpoint.")
    copy_openai_key: SecretStr = Field(default=SecretStr(""), description="API key of that endpoint.")
    copy_openai_prompt_price: float = Field(default=0.0, ge=0, description="US dollars per million prompt tokens.")
    copy_openai_completion_price: float = Field(
        default=0.0, ge=0, description="US dollars per million completion tokens."
    )
    copy_openai_seconds: float = Field(
        default=120.0,
        ge=5,
        le=120,
        description="Longest time for the endpoint's texts of one copy, in seconds, with a repair and retries; the "
        "built-in engine then writes what is missing. 120 s let a model at 10 tokens a second finish.",
    )
    copy_openai_max_tokens: int = Field(
        default=3000,
        ge=500,
        le=32_000,
        description="Longest reply of the model in tokens; models that think before they write need more.",
    )
    copy_fallback: bool = Field(
        default=True, description="Write with the built-in engine what the endpoint does not write."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Writers:
    """What writes copy and the lines of pictures. write_seconds: longest time of one copy."""

    copy: CopyProvider
    headlines: HeadlineWriter
    write_seconds: float


def create_writers(settings: CopySettings) -> Writers:
    """The writers that the settings choose. Exits the program when a setting is missing."""
    local = LocalCopyProvider()
    if not settings.copy_openai_url:
        return Writers(copy=local, headlines=LocalHeadlines(), write_seconds=WRITE_SECONDS)
    if not settings.copy_openai_model:
        raise SystemExit("ADWRIGHT_COPY_OPENAI_MODEL: required with ADWRIGHT_COPY_OPENAI_URL")
    endpoint = OpenAISettings(
        base_url=settings.copy_openai_url,
        model=settings.copy_openai_model,
        api_key=settings.copy_openai_key.get_secret_value(),
        read_seconds=settings.copy_openai_seconds,
        total_seconds=settings.copy_openai_seconds,
        headline_seconds=min(settings.copy_openai_seconds, HEADLINE_SECONDS),
        max_tokens=settings.copy_openai_max_tokens,
        prompt_price=settings.copy_openai_prompt_price,
        completion_price=settings.copy_openai_completion_price,
    )
    provider = OpenAICopyProvider(endpoint, local if settings.copy_fallback else None)
    return Writers(
        copy=provider,
        headlines=provider.headlines,
        write_seconds=settings.copy_openai_seconds + LOCAL_MARGIN_SECONDS,
    )


async def serve(settings: CopySettings) -> None:
    """Builds the service and serves until a stop signal."""
    identity = ServiceIdentity("copy", settings.service_secrets())
    api_keys = BillingApiKeyLookup(settings.billing_address, identity)
    catalog, job = open_channel(settings.catalog_address), open_channel(settings.job_address)
    webhook_urls = WebhookUrls(allow_http=settings.webhook_allow_http, allowed=settings.allowed_addresses())
    submitter = Submitter(catalog=catalog, job=job, identity=identity, webhook_url_problem=webhook_urls.problem_of)
    writers = create_writers(settings)
    servicer = CopyServicer(
        submitter=submitter,
        jobs=job,
        identity=identity,
        provider=writers.copy,
        write_seconds=writers.write_seconds,
    )

    def register(server: grpc.aio.Server) -> None:
        copy_pb2_grpc.add_CopyServiceServicer_to_server(servicer, server)
        copy_pb2_grpc.add_CopyWriterServiceServicer_to_server(CopyWriterServicer(writers.headlines), server)

    reading = asyncio.create_task(asyncio.to_thread(read_all))
    try:
        await Server(settings, register=register, services=SERVICES, ready=always_ready, api_keys=api_keys).run()
    finally:
        await api_keys.close()
        await servicer.drain()
        await writers.copy.close()
        await catalog.close()
        await job.close()
        await asyncio.gather(reading, return_exceptions=True)  # read_all is bounded; a fault of it shows at first use


def main() -> None:
    settings = read_settings_or_exit(CopySettings)
    start("copy", settings, serve(settings))


if __name__ == "__main__":
    main()
