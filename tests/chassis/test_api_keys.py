"""Verification of API keys: the cache, shared lookups and failed lookups."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta

import pytest

from services.chassis.errors import DependencyUnavailable, Unauthenticated
from services.chassis.rpc import api_keys
from services.chassis.rpc.api_keys import ApiKeyOwner, ApiKeyVerifier, NoApiKeys
from tests.chassis.clocks import MovableClock

KEY = "adw_" + "k" * 43
OTHER_KEY = "adw_" + "o" * 43


class MemoryLookup:
    """Finds owners in memory; counts lookups, waits for `gate` and raises `error` where they are set."""

    def __init__(self) -> None:
        self.owners: dict[bytes, ApiKeyOwner] = {}
        self.lookups = 0
        self.gate: asyncio.Event | None = None
        self.error: Exception | None = None

    def add(self, key: str, owner: ApiKeyOwner) -> None:
        self.owners[hashlib.sha256(key.encode()).digest()] = owner

    async def find(self, key_hash: bytes) -> ApiKeyOwner | None:
        self.lookups += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.owners.get(key_hash)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def lookup(clock: MovableClock) -> MemoryLookup:
    found = MemoryLookup()
    found.add(KEY, ApiKeyOwner(user_id="u-1", key_id="k-1", expires_at=clock.now() + timedelta(days=1)))
    return found


@pytest.fixture
def verifier(lookup: MemoryLookup, clock: MovableClock) -> ApiKeyVerifier:
    return ApiKeyVerifier(lookup, clock=clock)


async def test_key_is_verified_as_its_owner(verifier: ApiKeyVerifier) -> None:
    identity = await verifier.verify(KEY)
    assert (identity.user_id, identity.api_key_id, identity.admin, identity.service) == ("u-1", "k-1", False, "")


async def test_known_key_is_cached_and_refused_within_10_seconds_of_revocation(
    verifier: ApiKeyVerifier, lookup: MemoryLookup, clock: MovableClock
) -> None:
    await verifier.verify(KEY)
    lookup.owners.clear()
    clock.forward = api_keys.CACHE_SECONDS - 1
    await verifier.verify(KEY)
    assert lookup.lookups == 1
    clock.forward = api_keys.CACHE_SECONDS + 0.1
    with pytest.raises(Unauthenticated):
        await verifier.verify(KEY)


async def test_unknown_key_is_cached_too(verifier: ApiKeyVerifier, lookup: MemoryLookup, clock: MovableClock) -> None:
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await verifier.verify(OTHER_KEY)
    assert lookup.lookups == 1
    lookup.add(OTHER_KEY, ApiKeyOwner(user_id="u-2", key_id="k-2", expires_at=clock.now() + timedelta(days=1)))
    clock.forward = api_keys.CACHE_SECONDS + 0.1
    assert (await verifier.verify(OTHER_KEY)).user_id == "u-2"


async def test_cached_key_ends_when_it_expires(
    verifier: ApiKeyVerifier, lookup: MemoryLookup, clock: MovableClock
) -> None:
    lookup.add(OTHER_KEY, ApiKeyOwner(user_id="u-2", key_id="k-2", expires_at=clock.now() + timedelta(seconds=3)))
    await verifier.verify(OTHER_KEY)
    lookup.owners.clear()
    clock.forward = 4.0
    with pytest.raises(Unauthenticated):
        await verifier.verify(OTHER_KEY)


async def test_concurrent_calls_share_one_lookup_and_one_cancelled_call_leaves_it_running(
    verifier: ApiKeyVerifier, lookup: MemoryLookup
) -> None:
    lookup.gate = asyncio.Event()
    calls = [asyncio.create_task(verifier.verify(KEY)) for _ in range(20)]
    await asyncio.sleep(0)
    calls[0].cancel()
    await asyncio.sleep(0)
    lookup.gate.set()
    identities = await asyncio.gather(*calls[1:])
    assert {identity.user_id for identity in identities} == {"u-1"}
    assert lookup.lookups == 1


async def test_failed_lookup_raises_its_own_error_and_is_not_cached(
    verifier: ApiKeyVerifier, lookup: MemoryLookup
) -> None:
    lookup.error = DependencyUnavailable("The database is unavailable.")
    with pytest.raises(DependencyUnavailable, match="The database is unavailable"):
        await verifier.verify(KEY)
    lookup.error = None
    assert (await verifier.verify(KEY)).user_id == "u-1"


async def test_lookup_has_a_deadline(
    verifier: ApiKeyVerifier, lookup: MemoryLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "LOOKUP_TIMEOUT_SECONDS", 0.05)
    lookup.gate = asyncio.Event()
    with pytest.raises(DependencyUnavailable):
        await verifier.verify(KEY)


@pytest.mark.parametrize("key", ["", "adw_", "adw_short", KEY + "x", KEY[4:], f'"{KEY}"', f" {KEY}"])
async def test_malformed_key_is_refused_without_a_lookup(
    verifier: ApiKeyVerifier, lookup: MemoryLookup, key: str
) -> None:
    with pytest.raises(Unauthenticated, match="is malformed"):
        await verifier.verify(key)
    assert lookup.lookups == 0


async def test_server_without_a_lookup_refuses_every_key(clock: MovableClock) -> None:
    with pytest.raises(Unauthenticated):
        await ApiKeyVerifier(NoApiKeys(), clock=clock).verify(KEY)
