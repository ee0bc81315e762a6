"""The RPCs of API keys: one short method each."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc
import structlog
from adwright.billing.v1 import keys_pb2, keys_pb2_grpc
from google.protobuf import empty_pb2

from services.billing import api_keys, messages
from services.billing.domain import ApiKey
from services.chassis.clock import Clock
from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from services.chassis.rpc.api_keys import API_KEY_PREFIX
from services.chassis.rpc.auth import caller
from services.chassis.rpc.pagination import page_token, parse_page_token, timestamp

Context = grpc.aio.ServicerContext[Any, Any]

DEFAULT_DAYS = 90
DEFAULT_PAGE = 50
SECRET_BYTES = 32
HINT_LENGTH = 12  # characters: the prefix and 48 of the 256 bits

log = structlog.get_logger()


class ApiKeyServicer(keys_pb2_grpc.ApiKeyServiceServicer):
    """Creates, lists and revokes the caller's own keys."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def CreateApiKey(
        self, request: keys_pb2.CreateApiKeyRequest, context: Context
    ) -> keys_pb2.CreateApiKeyResponse:
        now = self._clock.now()
        days = request.expires_in_days if request.HasField("expires_in_days") else DEFAULT_DAYS
        secret = API_KEY_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        key = ApiKey(
            id=new_id(now),
            user_id=caller().user_id,
            name=request.name,
            hint=secret[:HINT_LENGTH],
            budget=request.credit_budget if request.HasField("credit_budget") else None,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        async with self._database.transaction() as connection:
            await api_keys.insert(connection, key, hashlib.sha256(secret.encode()).digest(), now)
        log.info("api_key_created", key_id=str(key.id), user_id=key.user_id, budget=key.budget)
        return keys_pb2.CreateApiKeyResponse(key=secret, api_key=messages.api_key_message(key))

    async def ListApiKeys(self, request: keys_pb2.ListApiKeysRequest, context: Context) -> keys_pb2.ListApiKeysResponse:
        size = request.page_size or DEFAULT_PAGE
        async with self._database.connection() as connection:
            found = await api_keys.list_keys(connection, caller().user_id, parse_page_token(request.page_token), size)
        last = found[-1].id if len(found) == size else None
        return keys_pb2.ListApiKeysResponse(
            api_keys=[messages.api_key_message(key) for key in found], next_page_token=page_token(last)
        )

    async def RevokeApiKey(self, request: keys_pb2.RevokeApiKeyRequest, context: Context) -> empty_pb2.Empty:
        user_id = caller().user_id
        async with self._database.transaction() as connection:
            await api_keys.revoke(connection, UUID(request.key_id), user_id, self._clock.now())
        log.info("api_key_revoked", key_id=request.key_id, user_id=user_id)
        return empty_pb2.Empty()


class ApiKeyLookupServicer(keys_pb2_grpc.ApiKeyLookupServiceServicer):
    """Resolves a key's hash to its owner, for the other services."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def FindApiKey(self, request: keys_pb2.FindApiKeyRequest, context: Context) -> keys_pb2.FindApiKeyResponse:
        async with self._database.connection() as connection:
            owner = await api_keys.find_usable(connection, request.key_hash, self._clock.now())
        if owner is None:
            return keys_pb2.FindApiKeyResponse()
        return keys_pb2.FindApiKeyResponse(
            user_id=owner.user_id, key_id=owner.key_id, expires_at=timestamp(owner.expires_at)
        )
