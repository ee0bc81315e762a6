"""A ledger on a real PostgreSQL database, for the tests of billing."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc
from psycopg.errors import UniqueViolation

from services.billing.audit import AuditResult, verify
from services.billing.domain import Balance, Grant, HoldEnd, HoldOutcome, HoldRequest, Settlement
from services.billing.ledger import Ledger
from services.billing.servicer import BillingLedgerServicer
from services.chassis.clock import SystemClock
from services.chassis.data.database import Connection, Database
from services.chassis.rpc.server import open_channel
from tests.database import until_statements_wait_for_locks

MIGRATIONS = Path(__file__).resolve().parents[2] / "services" / "billing" / "migrations"
NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)
LEDGER = Ledger({"one": 1, "three": 3})
POOL_SIZE = 8  # connections of the harness


@dataclass
class LedgerHarness:
    """A ledger with a clock that tests set, and as many replicas of its service as a test starts."""

    url: str
    database: Database
    now: datetime = NOW
    connections: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(POOL_SIZE))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Opens a transaction as soon as a connection is free; the pool itself would give up after 4 s."""
        async with self.connections, self.database.transaction() as connection:
            yield connection

    @asynccontextmanager
    async def serving(self, replicas: int = 1) -> AsyncIterator[list[Any]]:
        """Serves the ledger over gRPC, by so many replicas with connections of their own; yields a stub of each."""
        async with AsyncExitStack() as stack:
            stubs = []
            for _ in range(replicas):
                database = Database(self.url, pool_size=4)
                await database.open()
                stack.push_async_callback(database.close)
                server = grpc.aio.server()
                billing_pb2_grpc.add_BillingLedgerServiceServicer_to_server(
                    BillingLedgerServicer(database=database, ledger=LEDGER, clock=SystemClock()), server
                )
                port = server.add_insecure_port("127.0.0.1:0")
                await server.start()
                stack.push_async_callback(server.stop, None)
                channel = await stack.enter_async_context(open_channel(f"127.0.0.1:{port}"))
                stubs.append(billing_pb2_grpc.BillingLedgerServiceStub(channel))
            yield stubs

    async def grant(
        self, user: str, amount: int, grant_id: str = "", *, days: float | None = None, kind: str = "paid"
    ) -> int:
        """Grants credits that lapse after so many days (None: never); returns the user's available credits."""
        grant = Grant(
            grant_id=grant_id or str(uuid.uuid4()),
            user_id=user,
            credits=amount,
            reason="test",
            type=kind,
            expires_at=self.now + timedelta(days=days) if days is not None else None,
        )
        async with self.transaction() as connection:
            return await LEDGER.grant(connection, grant, self.now)

    async def place_holds(self, *requests: HoldRequest) -> list[HoldOutcome]:
        """Places holds in one transaction, repeated when a job is released concurrently, as the service does."""
        while True:
            try:
                async with self.transaction() as connection:
                    return await LEDGER.place_holds(connection, requests, self.now)
            except UniqueViolation:
                continue

    async def end_hold(self, job_id: uuid.UUID, end: HoldEnd, delivered: int = 0) -> str:
        """Ends a hold; returns its state, which an earlier end may have decided."""
        settlement = Settlement(end=end, delivered=delivered)
        async with self.transaction() as connection:
            return (await LEDGER.end_holds(connection, {job_id: settlement}, self.now))[job_id].state

    async def refund(self, job_id: uuid.UUID) -> int:
        """Refunds a job; returns the credits."""
        async with self.transaction() as connection:
            return (await LEDGER.refund(connection, job_id, "sorry", self.now))[0]

    async def lapse_credits(self) -> int:
        """Lapses credits past their last day; returns the number of users that had some."""
        async with self.transaction() as connection:
            return await LEDGER.lapse_credits(connection, self.now, 100)

    async def credits(self, user: str = "u") -> Balance:
        """Returns a user's credits; zero without an account."""
        async with self.database.connection() as connection:
            return (await LEDGER.balances(connection, [user], self.now)).get(user, Balance())

    async def balance(self, user: str = "u") -> tuple[int, int]:
        """Returns a user's (available, held)."""
        found = await self.credits(user)
        return found.available, found.held

    async def audit(self) -> AuditResult:
        """Audits the ledger."""
        async with self.database.connection() as connection:
            return await verify(connection)

    async def problems(self) -> list[str]:
        """Returns the inconsistencies that an audit finds."""
        return list((await self.audit()).problems)

    async def until_statements_wait_for_locks(self, number: int) -> None:
        """Returns once exactly so many statements wait for locks."""
        await until_statements_wait_for_locks(self.database, number)


def hold_request(user: str = "u", kind: str = "one", job_id: uuid.UUID | None = None) -> HoldRequest:
    """Returns a hold request for a new job; jobs of kind `one` cost 1 credit, those of kind `three` 3."""
    return HoldRequest(
        job_id=job_id or uuid.uuid4(), user_id=user, type=kind, project_id=None, expires_at=NOW + timedelta(days=1)
    )


def place_holds_message(*requests: HoldRequest) -> billing_pb2.PlaceHoldsRequest:
    """Returns the RPC's request for these holds."""
    message = billing_pb2.PlaceHoldsRequest()
    for request in requests:
        hold = message.holds.add(job_id=str(request.job_id), user_id=request.user_id, type=request.type)
        hold.expires_at.FromDatetime(request.expires_at)
    return message


def release_message(*requests: HoldRequest) -> billing_pb2.SettleHoldsRequest:
    """Returns the RPC's request that releases the jobs of these holds."""
    return billing_pb2.SettleHoldsRequest(
        settlements=[
            billing_pb2.Settlement(job_id=str(request.job_id), kind=billing_pb2.SETTLEMENT_KIND_RELEASE)
            for request in requests
        ]
    )
