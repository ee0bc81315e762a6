"""API keys as every service checks them: billing knows them, and is asked for a key once in a while."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import OrderedDict

import grpc
from adwright.billing.v1 import keys_pb2, keys_pb2_grpc

from services.chassis.errors import Unauthenticated
from services.chassis.rpc.auth import CallerIdentity, ServiceIdentity

PREFIX = "adw_"  # tells people and secret scanners what they have before them
REMEMBERED_SECONDS = 10.0  # how long a revoked key may still open what it opened
MAX_REMEMBERED = 10_000
LOOKUP_SECONDS = 3.0
# The gateway's answer.lua says the same.
WRONG_FORM = "The API key does not look like one: it is adw_ and 43 letters, digits, - or _, without quotes or spaces."
_FORM = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")

Found = CallerIdentity | None


class ApiKeys:
    """Turns an API key into a caller. Good and bad ones are remembered by their hash, for REMEMBERED_SECONDS."""

    def __init__(self, *, billing: grpc.aio.Channel, identity: ServiceIdentity) -> None:
        self._billing = keys_pb2_grpc.ApiKeyLookupServiceStub(billing)
        self._identity = identity
        self._known: OrderedDict[bytes, tuple[Found, float]] = OrderedDict()
        self._asked: dict[bytes, asyncio.Task[Found]] = {}

    async def verify(self, key: str) -> CallerIdentity:
        """The key's owner. Raises Unauthenticated; the call's own error when billing cannot be asked."""
        if _FORM.fullmatch(key) is None:
            raise Unauthenticated(WRONG_FORM)
        key_hash = hashlib.sha256(key.encode()).digest()
        known = self._known.get(key_hash)
        if known is not None and known[1] > time.time():
            self._known.move_to_end(key_hash)
            found = known[0]
        else:
            # Of many calls with a key that come at once, the first asks for all.
            task = self._asked.get(key_hash)
            if task is None:
                task = self._asked[key_hash] = asyncio.create_task(self._find(key_hash))
                task.add_done_callback(lambda _: self._asked.pop(key_hash, None))
            found = await asyncio.shield(task)
        if found is None:
            raise Unauthenticated("The API key is not valid, was revoked or has expired.")
        return found

    async def _find(self, key_hash: bytes) -> Found:
        asked_at = time.time()
        answer = await self._billing.FindApiKey(
            keys_pb2.FindApiKeyRequest(key_hash=key_hash), metadata=self._identity.metadata(), timeout=LOOKUP_SECONDS
        )
        until, found = asked_at + REMEMBERED_SECONDS, None
        if answer.user_id:
            expires_at = answer.expires_at.ToMicroseconds() / 1_000_000
            until = min(until, expires_at)
            found = CallerIdentity(user_id=answer.user_id, api_key_id=answer.key_id, expires_at=expires_at)
        self._known[key_hash] = (found, until)
        self._known.move_to_end(key_hash)
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return found
