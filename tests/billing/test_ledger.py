"""The ledger's promises, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from services.billing.domain import (
    AlreadyRefunded,
    End,
    Grant,
    GrantConflict,
    HoldOrder,
    HoldOutcome,
    HoldResult,
    NotCaptured,
)
from services.billing.servicer import BillingLedgerServicer
from services.billing.storage import Ledger, verify
from services.chassis.clock import SystemClock
from services.chassis.database import Database, fetch_all, migrate
from tests.running import Postgres

MIGRATIONS = Path(__file__).resolve().parents[2] / "services" / "billing" / "migrations"
NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)
LEDGER = Ledger({"one": 1, "three": 3})


@dataclass
class Books:
    """A ledger, with as many replicas of the service on it as a test wants."""

    url: str
    database: Database

    async def grant(self, user: str, amount: int, grant_id: str = "") -> int:
        grant = Grant(grant_id=grant_id or str(uuid.uuid4()), user_id=user, credits=amount, reason="test", type="paid")
        async with self.database.transaction() as connection:
            return await LEDGER.grant(connection, grant, NOW)

    async def hold(self, *orders: HoldOrder) -> list[HoldOutcome]:
        async with self.database.transaction() as connection:
            return await LEDGER.place_holds(connection, orders, NOW)

    async def end(self, job_id: uuid.UUID, end: End) -> str:
        async with self.database.transaction() as connection:
            return (await LEDGER.end_holds(connection, {job_id: end}, NOW))[job_id][0]

    async def balance(self, user: str = "u") -> tuple[int, int]:
        async with self.database.connection() as connection:
            return (await LEDGER.balances(connection, [user])).get(user, (0, 0))

    async def complaints(self) -> list[str]:
        async with self.database.connection() as connection:
            return await verify(connection)


@pytest.fixture
async def books(postgres: Postgres) -> AsyncIterator[Books]:
    url = postgres.database()
    await migrate(url, MIGRATIONS)
    database = Database(url, pool_size=8)
    await database.open()
    yield Books(url, database)
    await database.close()


def order(user: str = "u", kind: str = "one", job_id: uuid.UUID | None = None) -> HoldOrder:
    return HoldOrder(
        job_id=job_id or uuid.uuid4(), user_id=user, type=kind, project_id=None, expires_at=NOW + timedelta(days=1)
    )


class TestHolds:
    async def test_one_insufficient_balance_in_a_batch_refuses_that_order_alone(self, books: Books) -> None:
        await books.grant("rich", 10)
        await books.grant("poor", 2)
        outcomes = await books.hold(order("rich", "three"), order("poor", "three"), order("poor"), order("nobody"))
        assert [outcome.result.value for outcome in outcomes] == ["held", "insufficient", "held", "insufficient"]
        assert await books.balance("rich") == (7, 3)
        assert await books.balance("poor") == (1, 1)
        assert await books.complaints() == []

    async def test_a_second_hold_for_a_job_answers_as_the_first(self, books: Books) -> None:
        await books.grant("u", 10)
        job = order(kind="three")
        assert [outcome.result for outcome in await books.hold(job, job)] == [HoldResult.HELD] * 2
        assert (await books.hold(job))[0].result is HoldResult.HELD
        assert await books.balance() == (7, 3)

    @pytest.mark.parametrize("replicas", [1, 3])
    async def test_a_thousand_holds_on_fifty_credits_make_exactly_fifty(self, books: Books, replicas: int) -> None:
        await books.grant("u", 50)
        databases = [Database(books.url, pool_size=4) for _ in range(replicas)]
        for database in databases:
            await database.open()
        servicers = [
            BillingLedgerServicer(database=database, ledger=LEDGER, clock=SystemClock()) for database in databases
        ]
        outcomes = await asyncio.gather(
            *(servicers[number % replicas]._holds.submit((order(),)) for number in range(1000))
        )
        for database in databases:
            await database.close()
        assert sum(outcome[0].result is HoldResult.HELD for outcome in outcomes) == 50
        assert await books.balance() == (0, 50)
        assert await books.complaints() == []

    async def test_a_hold_ends_once_whatever_races(self, books: Books) -> None:
        await books.grant("u", 100)
        jobs = [order(kind="three") for _ in range(30)]
        await books.hold(*jobs)
        ends = [(job.job_id, end) for job in jobs for end in (End.CAPTURE, End.RELEASE, End.EXPIRE)]
        random.Random(1).shuffle(ends)
        answers = await asyncio.gather(*(books.end(job_id, end) for job_id, end in ends))
        told: dict[uuid.UUID, set[str]] = {}
        for (job_id, _), answer in zip(ends, answers, strict=True):
            told.setdefault(job_id, set()).add(answer)
        assert all(len(states) == 1 for states in told.values())
        captured = sum(states == {"captured"} for states in told.values())
        assert await books.balance() == (100 - 3 * captured, 0)
        assert await books.complaints() == []

    async def test_a_job_released_before_its_hold_came_is_never_held(self, books: Books) -> None:
        await books.grant("u", 10)
        job = order()
        async with books.database.connection() as connection:
            await LEDGER.mark_released(connection, [job.job_id], NOW)
        assert (await books.hold(job))[0].result is HoldResult.ENDED
        assert await books.balance() == (10, 0)


class TestGrantsAndRefunds:
    async def test_a_grant_happens_once_however_often_it_is_sent(self, books: Books) -> None:
        answers = await asyncio.gather(*(books.grant("u", 5, "welcome") for _ in range(20)))
        assert set(answers) == {5}
        with pytest.raises(GrantConflict):
            await books.grant("u", 6, "welcome")
        with pytest.raises(GrantConflict):
            await books.grant("other", 5, "welcome")
        assert await books.balance("other") == (0, 0)

    async def test_only_what_was_spent_is_refunded_and_once(self, books: Books) -> None:
        await books.grant("u", 3)
        job = order(kind="three")
        await books.hold(job)

        async def refund() -> int:
            async with books.database.transaction() as connection:
                return (await LEDGER.refund(connection, job.job_id, "sorry", NOW))[0]

        with pytest.raises(NotCaptured):
            await refund()
        await books.end(job.job_id, End.CAPTURE)
        answers = await asyncio.gather(*(refund() for _ in range(5)), return_exceptions=True)
        assert sorted(str(answer) if isinstance(answer, int) else type(answer).__name__ for answer in answers) == [
            "3",
            *[AlreadyRefunded.__name__] * 4,
        ]
        assert await books.balance() == (3, 0)
        assert await books.complaints() == []


class TestProof:
    @pytest.mark.parametrize(
        "statement",
        ["update entry set amount = amount + 1", "delete from entry", "truncate entry"],
    )
    async def test_the_schema_refuses_to_change_an_entry(self, books: Books, statement: str) -> None:
        await books.grant("u", 5)
        with psycopg.connect(books.url) as connection, pytest.raises(psycopg.errors.RaiseException):
            connection.execute(statement.encode())

    @pytest.mark.parametrize(
        "statement",
        [
            "update account set available = -1",
            "insert into entry (kind, user_id, amount, debit, credit, grant_id, created_at)"
            " values ('grant', 'u', 5, 'revenue', 'available', 'g', now())",
            "insert into entry (kind, user_id, amount, debit, credit, grant_id, created_at)"
            " values ('grant', 'u', 0, 'issued', 'available', 'g', now())",
        ],
    )
    async def test_the_schema_refuses_what_the_rules_exclude(self, books: Books, statement: str) -> None:
        await books.grant("u", 5)
        with psycopg.connect(books.url) as connection, pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(statement.encode())

    async def test_verify_names_an_account_that_does_not_fit(self, books: Books) -> None:
        await books.grant("u", 5)
        with psycopg.connect(books.url) as connection:
            connection.execute("update account set available = 6 where user_id = 'u'")
        assert "user u" in (await books.complaints())[0]

    async def test_verify_names_a_hold_whose_entry_is_missing(self, books: Books) -> None:
        await books.grant("u", 5)
        job = order()
        await books.hold(job)
        with psycopg.connect(books.url) as connection:
            connection.execute("alter table entry disable trigger all")
            connection.execute("delete from entry where kind = 'hold'")
        complaints = await books.complaints()
        assert any(str(job.job_id) in complaint for complaint in complaints)

    async def test_random_operations_agree_with_a_plain_model(self, books: Books) -> None:
        """Batches of random operations from several connections; the sums are those of a model of one variable each."""
        chance = random.Random(7)
        users = ["a", "b", "c"]
        granted = dict.fromkeys(users, 0)
        jobs: list[HoldOrder] = []

        async def step() -> None:
            kind = chance.random()
            if kind < 0.2:
                user, amount = chance.choice(users), chance.randint(1, 6)
                granted[user] += amount
                await books.grant(user, amount)
            elif kind < 0.6 or not jobs:
                batch = [order(chance.choice(users), chance.choice(["one", "three"])) for _ in range(3)]
                jobs.extend(batch)
                await books.hold(*batch, chance.choice(jobs))
            else:
                job_id = chance.choice(jobs).job_id
                end = chance.choice(list(End))
                async with books.database.transaction() as connection:
                    await LEDGER.end_holds(connection, {job_id: end}, NOW)

        for _ in range(40):
            await asyncio.gather(*(step() for _ in range(8)))
        assert await books.complaints() == []
        async with books.database.connection() as connection:
            rows = await fetch_all(
                connection,
                """select user_id, state, sum(amount)::int as amount from hold where user_id is not null
                    group by 1, 2""",
            )
        held = {(row["user_id"], row["state"]): row["amount"] for row in rows}
        for user in users:
            spent = held.get((user, "captured"), 0)
            aside = held.get((user, "held"), 0)
            assert await books.balance(user) == (granted[user] - spent - aside, aside)
