"""Entry point of the copy service: `python -m services.copy`."""

from __future__ import annotations

import grpc
from adwright.copy.v1 import copy_pb2_grpc
from pydantic import Field, SecretStr

from services.chassis.config import ServiceSettings, read_settings_or_exit
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, always_ready, open_channel, start
from services.clients.billing_keys import BillingApiKeyLookup
from services.copy.providers import CopyProvider
from services.copy.providers.chat_client import OpenAISettings
from services.copy.providers.local import LocalCopyProvider
from services.copy.providers.openai import OpenAICopyProvider
from services.copy.servicer import CopyServicer, CopyWriterServicer
from services.worker.submission import Submitter

SERVICES = ("adwright.copy.v1.CopyService", "adwright.copy.v1.CopyWriterService")


class CopySettings(ServiceSettings):
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
    copy_fallback: bool = Field(default=True, description="Write with the built-in engine when the endpoint fails.")


def create_provider(settings: CopySettings) -> CopyProvider:
    """The provider that the settings choose. Exits the program when a setting is missing."""
    local = LocalCopyProvider()
    if not settings.copy_openai_url:
        return local
    if not settings.copy_openai_model:
        raise SystemExit("ADWRIGHT_COPY_OPENAI_MODEL: required with ADWRIGHT_COPY_OPENAI_URL")
    endpoint = OpenAISettings(
        base_url=settings.copy_openai_url,
        model=settings.copy_openai_model,
        api_key=settings.copy_openai_key.get_secret_value(),
        prompt_price=settings.copy_openai_prompt_price,
        completion_price=settings.copy_openai_completion_price,
    )
    return OpenAICopyProvider(endpoint, local if settings.copy_fallback else None)


async def serve(settings: CopySettings) -> None:
    """Builds the service and serves until a stop signal."""
    identity = ServiceIdentity("copy", settings.service_secrets())
    api_keys = BillingApiKeyLookup(settings.billing_address, identity)
    catalog, job = open_channel(settings.catalog_address), open_channel(settings.job_address)
    provider = create_provider(settings)
    servicer = CopyServicer(
        submitter=Submitter(catalog=catalog, job=job, identity=identity),
        jobs=job,
        identity=identity,
        provider=provider,
    )

    def register(server: grpc.aio.Server) -> None:
        copy_pb2_grpc.add_CopyServiceServicer_to_server(servicer, server)
        copy_pb2_grpc.add_CopyWriterServiceServicer_to_server(CopyWriterServicer(), server)

    try:
        await Server(settings, register=register, services=SERVICES, ready=always_ready, api_keys=api_keys).run()
    finally:
        await api_keys.close()
        await servicer.drain()
        await provider.close()
        await catalog.close()
        await job.close()


def main() -> None:
    settings = read_settings_or_exit(CopySettings)
    start("copy", settings, serve(settings))


if __name__ == "__main__":
    main()
