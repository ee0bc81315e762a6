"""Verification of API keys, with a short-lived cache in front of the lookup that the service passes in."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cachetools import LRUCache

from services.chassis.clock import Clock
from services.chassis.errors import DependencyUnavailable, Unauthenticated
from services.chassis.rpc.auth import CallerIdentity

API_KEY_PREFIX = "adw_"  # people and secret scanners recognize a key by it
CACHE_SECONDS = 10.0  # a revoked key is accepted by a service for at most this long
MAX_CACHED_KEYS = 10_000
LOOKUP_TIMEOUT_SECONDS = 3.0
# The gateway's response.lua holds the same text.
WRONG_FORM = (
    "The API key is malformed: it must be adw_ followed by 43 letters, digits, - or _, without quotes or spaces."
)
_FORM = re.compile(re.escape(API_KEY_PREFIX) + r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyOwner:
    """The user who owns a valid API key. `expires_at` is aware, in UTC."""

    user_id: str
    key_id: str
    expires_at: datetime


class ApiKeyLookup(Protocol):
    """Finds the owners of API keys. Billing reads its own database; the other services call billing."""

    async def find(self, key_hash: bytes) -> ApiKeyOwner | None:
        """Returns the owner of the key with this SHA-256 hash; None when no valid key has it.

        Raises an error that the interceptor turns into a refusal when the lookup itself fails.
        """


class NoApiKeys:
    """The lookup of a server that accepts no API keys."""

    async def find(self, key_hash: bytes) -> ApiKeyOwner | None:
        return None


class ApiKeyVerifier:
    """Turns an API key into a caller. Caches lookups, of valid and of unknown keys, for a few seconds."""

    def __init__(self, lookup: ApiKeyLookup, *, clock: Clock) -> None:
        self._lookup = lookup
        self._clock = clock
        self._cached: LRUCache[bytes, tuple[CallerIdentity | None, datetime]] = LRUCache(MAX_CACHED_KEYS)
        self._lookups: dict[bytes, asyncio.Task[CallerIdentity | None]] = {}

    async def verify(self, key: str) -> CallerIdentity:
        """Returns the key's owner. Raises Unauthenticated; DependencyUnavailable or the lookup's own error when the
        lookup fails."""
        if _FORM.fullmatch(key) is None:
            raise Unauthenticated(WRONG_FORM)
        key_hash = hashlib.sha256(key.encode()).digest()
        cached = self._cached.get(key_hash)
        if cached is not None and cached[1] > self._clock.now():
            identity = cached[0]
        else:
            # Concurrent calls with one key share a single lookup.
            task = self._lookups.get(key_hash)
            if task is None:
                task = self._lookups[key_hash] = asyncio.create_task(self._find(key_hash))
                task.add_done_callback(lambda _: self._lookups.pop(key_hash, None))
            identity = await asyncio.shield(task)
        if identity is None:
            raise Unauthenticated("The API key is not valid, was revoked or has expired.")
        return identity

    async def _find(self, key_hash: bytes) -> CallerIdentity | None:
        cached_until = self._clock.now() + timedelta(seconds=CACHE_SECONDS)
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_SECONDS):
                owner = await self._lookup.find(key_hash)
        except TimeoutError:
            raise DependencyUnavailable(
                "Part of the system cannot be reached; try again.", retry_after_seconds=1
            ) from None
        identity = None
        if owner is not None:
            cached_until = min(cached_until, owner.expires_at)
            identity = CallerIdentity(
                user_id=owner.user_id, api_key_id=owner.key_id, expires_at=owner.expires_at.timestamp()
            )
        self._cached[key_hash] = (identity, cached_until)
        return identity
