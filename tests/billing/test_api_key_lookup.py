"""Billing verifies API keys against its own database, without a call to itself."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc

from services.billing import api_keys
from services.billing.api_key_lookup import DatabaseApiKeyLookup
from services.billing.domain import ApiKey
from services.billing.servicer import BillingServicer
from services.chassis.clock import SystemClock
from services.chassis.config import ServiceSettings
from services.chassis.rpc.server import Server, open_channel
from tests.billing.harness import LEDGER, LedgerHarness

KEY = "adw_" + "k" * 43
UNUSED_ADDRESS = "127.0.0.1:1"  # nothing listens here: a call to billing would fail


async def insert_key(harness: LedgerHarness, key: str, *, user: str) -> uuid.UUID:
    now = SystemClock().now()
    stored = ApiKey(
        id=uuid.uuid4(),
        user_id=user,
        name="ci",
        hint=key[:12],
        budget=None,
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    async with harness.database.transaction() as connection:
        await api_keys.insert(connection, stored, hashlib.sha256(key.encode()).digest(), now)
    return stored.id


class TestLookup:
    async def test_key_is_found_with_its_owner_and_expiry_until_it_is_revoked(self, harness: LedgerHarness) -> None:
        key_id = await insert_key(harness, KEY, user="u-1")
        lookup = DatabaseApiKeyLookup(database=harness.database, clock=SystemClock())
        owner = await lookup.find(hashlib.sha256(KEY.encode()).digest())
        assert owner is not None
        assert (owner.user_id, owner.key_id) == ("u-1", str(key_id))
        assert timedelta(hours=23) < owner.expires_at - SystemClock().now() <= timedelta(days=1)
        assert await lookup.find(hashlib.sha256(b"other").digest()) is None
        async with harness.database.transaction() as connection:
            await api_keys.revoke(connection, key_id, "u-1", SystemClock().now())
        assert await lookup.find(hashlib.sha256(KEY.encode()).digest()) is None


class TestServer:
    @pytest.fixture
    async def balances(
        self, harness: LedgerHarness, tmp_path: Path
    ) -> AsyncIterator[billing_pb2_grpc.BillingServiceAsyncStub]:
        settings = ServiceSettings(
            listen="127.0.0.1:0",
            token_issuer="https://adwright.local",
            token_jwks=str(tmp_path / "none"),
            service_secret="s" * 32,  # type: ignore[arg-type]  # pydantic wraps it
            billing_address=UNUSED_ADDRESS,
        )
        clock = SystemClock()
        server = Server(
            settings,
            register=lambda found: billing_pb2_grpc.add_BillingServiceServicer_to_server(
                BillingServicer(database=harness.database, ledger=LEDGER, clock=clock), found
            ),
            services=["adwright.billing.v1.BillingService"],
            ready=harness.database.ready,
            api_keys=DatabaseApiKeyLookup(database=harness.database, clock=clock),
            clock=clock,
        )
        await server.start()
        channel = open_channel(f"127.0.0.1:{server.port}")
        yield billing_pb2_grpc.BillingServiceStub(channel)
        await channel.close()
        await server.stop()

    async def test_api_key_is_accepted_without_a_call_to_billing(
        self, balances: billing_pb2_grpc.BillingServiceAsyncStub, harness: LedgerHarness
    ) -> None:
        await insert_key(harness, KEY, user="u-1")
        await harness.grant("u-1", 7)
        response = await balances.GetCredits(billing_pb2.GetCreditsRequest(), metadata=(("x-api-key", KEY),))
        assert response.available == 7

    async def test_unknown_api_key_is_refused(self, balances: billing_pb2_grpc.BillingServiceAsyncStub) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await balances.GetCredits(billing_pb2.GetCreditsRequest(), metadata=(("x-api-key", "adw_" + "x" * 43),))
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
