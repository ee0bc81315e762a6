"""Client of billing's ApiKeyLookupService, for the services that accept API keys and are not billing."""

from __future__ import annotations

from datetime import UTC

from adwright.billing.v1 import keys_pb2, keys_pb2_grpc

from services.chassis.rpc.api_keys import LOOKUP_TIMEOUT_SECONDS, ApiKeyOwner
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import open_channel


class BillingApiKeyLookup:
    """Finds the owners of API keys by calling billing. Holds a channel, so it must be closed."""

    def __init__(self, address: str, identity: ServiceIdentity) -> None:
        """address: billing's gRPC address. identity: the calling service."""
        self._channel = open_channel(address)
        self._stub = keys_pb2_grpc.ApiKeyLookupServiceStub(self._channel)
        self._identity = identity

    async def find(self, key_hash: bytes) -> ApiKeyOwner | None:
        """See ApiKeyLookup. Raises grpc.aio.AioRpcError when billing refuses or cannot be reached in time."""
        response = await self._stub.FindApiKey(
            keys_pb2.FindApiKeyRequest(key_hash=key_hash),
            metadata=self._identity.metadata(),
            timeout=LOOKUP_TIMEOUT_SECONDS,
        )
        if not response.user_id:
            return None
        return ApiKeyOwner(
            user_id=response.user_id,
            key_id=response.key_id,
            expires_at=response.expires_at.ToDatetime(tzinfo=UTC),
        )

    async def close(self) -> None:
        await self._channel.close()
