"""A ledger on a real database, as the tests of billing drive it."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg.errors import UniqueViolation

from services.billing.audit import Proof, verify
from services.billing.domain import Balance, Grant, HoldEnd, HoldOrder, HoldOutcome
from services.billing.ledger import Ledger
from services.chassis.data.database import Database, fetch_all

MIGRATIONS = Path(__file__).resolve().parents[2] / "services" / "billing" / "migrations"
NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)
LEDGER = Ledger({"one": 1, "three": 3})


@dataclass
class LedgerHarness:
    """A ledger, with as many replicas of the service on it as a test wants, and a time of its own."""

    url: str
    database: Database
    now: datetime = NOW

    async def grant(
        self, user: str, amount: int, grant_id: str = "", *, days: float | None = None, kind: str = "paid"
    ) -> int:
        grant = Grant(
            grant_id=grant_id or str(uuid.uuid4()),
            user_id=user,
            credits=amount,
            reason="test",
            type=kind,
            expires_at=self.now + timedelta(days=days) if days is not None else None,
        )
        async with self.database.transaction() as connection:
            return await LEDGER.grant(connection, grant, self.now)

    async def hold(self, *orders: HoldOrder) -> list[HoldOutcome]:
        while True:
            try:
                async with self.database.transaction() as connection:
                    return await LEDGER.place_holds(connection, orders, self.now)
            except UniqueViolation:
                continue  # as the service does: a release has left its mark in between

    async def end(self, job_id: uuid.UUID, end: HoldEnd) -> str:
        async with self.database.transaction() as connection:
            return (await LEDGER.end_holds(connection, {job_id: end}, self.now))[job_id][0]

    async def refund(self, job_id: uuid.UUID) -> int:
        async with self.database.transaction() as connection:
            return (await LEDGER.refund(connection, job_id, "sorry", self.now))[0]

    async def lapse(self) -> int:
        async with self.database.transaction() as connection:
            return await LEDGER.lapse(connection, self.now, 100)

    async def credits(self, user: str = "u") -> Balance:
        async with self.database.connection() as connection:
            return (await LEDGER.balances(connection, [user], self.now)).get(user, Balance())

    async def balance(self, user: str = "u") -> tuple[int, int]:
        found = await self.credits(user)
        return found.available, found.held

    async def proof(self) -> Proof:
        async with self.database.connection() as connection:
            return await verify(connection)

    async def waiting_for_locks(self, number: int) -> None:
        """Returns when so many statements wait for each other."""
        async with asyncio.timeout(30), self.database.connection() as connection:
            while True:
                rows = await fetch_all(
                    connection,
                    """select count(*)::int as waiting from pg_stat_activity
                        where datname = current_database() and wait_event_type = 'Lock'""",
                )
                if rows[0]["waiting"] == number:
                    return

    async def complaints(self) -> list[str]:
        return list((await self.proof()).wrong)


def order(user: str = "u", kind: str = "one", job_id: uuid.UUID | None = None) -> HoldOrder:
    return HoldOrder(
        job_id=job_id or uuid.uuid4(), user_id=user, type=kind, project_id=None, expires_at=NOW + timedelta(days=1)
    )
