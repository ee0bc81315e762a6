"""The lookup of API keys in billing over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from adwright.billing.v1 import keys_pb2, keys_pb2_grpc

from services.chassis.config import ServiceSettings
from services.chassis.rpc.auth import ServiceIdentity, caller
from services.chassis.rpc.pagination import timestamp
from services.chassis.rpc.server import Server, always_ready
from services.clients.billing_keys import BillingApiKeyLookup

SECRET = "s" * 32
KNOWN = b"k" * 32
EXPIRES_AT = datetime(2026, 3, 9, 10, tzinfo=UTC)


class Lookups(keys_pb2_grpc.ApiKeyLookupServiceServicer):
    """Knows one key, whose owner is named after the calling service."""

    async def FindApiKey(self, request: Any, context: Any) -> keys_pb2.FindApiKeyResponse:
        if request.key_hash != KNOWN:
            return keys_pb2.FindApiKeyResponse()
        return keys_pb2.FindApiKeyResponse(
            user_id=f"user of {caller().service}", key_id="k-1", expires_at=timestamp(EXPIRES_AT)
        )


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    settings = ServiceSettings(
        token_issuer="https://adwright.local",
        token_jwks=str(tmp_path / "none"),
        service_secret=SECRET,  # type: ignore[arg-type]  # pydantic wraps it
    )
    server = Server(
        settings,
        register=lambda found: keys_pb2_grpc.add_ApiKeyLookupServiceServicer_to_server(Lookups(), found),
        services=["adwright.billing.v1.ApiKeyLookupService"],
        ready=always_ready,
    )
    await server.start()
    yield f"127.0.0.1:{server.port}"
    await server.stop()


async def test_owner_is_found_with_the_name_of_the_calling_service(address: str) -> None:
    lookup = BillingApiKeyLookup(address, ServiceIdentity("catalog", SECRET))
    owner = await lookup.find(KNOWN)
    assert owner is not None
    assert (owner.user_id, owner.key_id, owner.expires_at) == ("user of catalog", "k-1", EXPIRES_AT)
    assert await lookup.find(b"u" * 32) is None
    await lookup.close()


async def test_unreachable_billing_raises_the_error_of_the_call() -> None:
    lookup = BillingApiKeyLookup("127.0.0.1:1", ServiceIdentity("catalog", SECRET))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await lookup.find(KNOWN)
    assert error.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    await lookup.close()
