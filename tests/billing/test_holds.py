"""Holds: each is placed once, ends once, and never exceeds the balance, under any concurrency."""

from __future__ import annotations

import asyncio
import random
import uuid
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from adwright.billing.v1 import billing_pb2

from services.billing.domain import EndedHold, HoldEnd, HoldResult, HoldState, Settlement
from services.billing.ledger import Ledger
from services.chassis.data.database import IDLE_TRANSACTION_MS, Database
from services.chassis.errors import DependencyUnavailable
from tests.billing.harness import LEDGER, NOW, LedgerHarness, hold_request, place_holds_message, release_message


class TestHolds:
    async def test_insufficient_balance_refuses_only_its_own_request_of_a_batch(self, harness: LedgerHarness) -> None:
        await harness.grant("rich", 10)
        await harness.grant("poor", 2)
        outcomes = await harness.place_holds(
            hold_request("rich", "three"), hold_request("poor", "three"), hold_request("poor"), hold_request("nobody")
        )
        assert [outcome.result.value for outcome in outcomes] == ["held", "insufficient", "held", "insufficient"]
        assert await harness.balance("rich") == (7, 3)
        assert await harness.balance("poor") == (1, 1)
        assert await harness.problems() == []

    async def test_repeated_hold_returns_the_first_outcome(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 10)
        job = hold_request(kind="three")
        assert [outcome.result for outcome in await harness.place_holds(job, job)] == [HoldResult.HELD] * 2
        assert (await harness.place_holds(job))[0].result is HoldResult.HELD
        assert await harness.balance() == (7, 3)

    @pytest.mark.parametrize("replicas", [1, 3])
    async def test_thousand_concurrent_holds_on_fifty_credits_place_exactly_fifty(
        self, harness: LedgerHarness, replicas: int
    ) -> None:
        await harness.grant("u", 50)
        async with harness.serving(replicas) as stubs:
            in_flight = asyncio.Semaphore(200)  # more would wait for over 4 s on a slow machine, and be refused

            async def place(number: int) -> int:
                async with in_flight:
                    response = await stubs[number % replicas].PlaceHolds(place_holds_message(hold_request()))
                return int(response.outcomes[0].result)

            results = await asyncio.gather(*(place(number) for number in range(1000)))
        assert results.count(billing_pb2.HOLD_RESULT_HELD) == 50
        assert await harness.balance() == (0, 50)
        assert await harness.problems() == []

    async def test_concurrent_ends_of_a_hold_all_return_the_same_state(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 100)
        jobs = [hold_request(kind="three") for _ in range(30)]
        await harness.place_holds(*jobs)
        ends = [(job.job_id, end) for job in jobs for end in (HoldEnd.CAPTURE, HoldEnd.RELEASE, HoldEnd.EXPIRE)]
        random.Random(1).shuffle(ends)
        states = await asyncio.gather(*(harness.end_hold(job_id, end) for job_id, end in ends))
        returned: dict[uuid.UUID, set[str]] = {}
        for (job_id, _), state in zip(ends, states, strict=True):
            returned.setdefault(job_id, set()).add(state)
        assert all(len(states_of_job) == 1 for states_of_job in returned.values())
        captured = sum(states_of_job == {"captured"} for states_of_job in returned.values())
        assert await harness.balance() == (100 - 3 * captured, 0)
        assert await harness.problems() == []

    async def test_repeated_hold_returns_the_amount_held_and_refuses_another_user(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 10)
        job = hold_request(kind="three")
        await harness.place_holds(job)
        more_expensive = Ledger({"one": 1, "three": 4})
        async with harness.database.transaction() as connection:
            repeated = (await more_expensive.place_holds(connection, [job, replace(job, user_id="v")], NOW))[:2]
        assert [(outcome.result.value, outcome.amount) for outcome in repeated] == [("held", 3), ("ended", 3)]
        assert await harness.balance() == (7, 3)

    async def test_ending_an_unknown_hold_does_not_affect_the_rest_of_its_batch(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 10)
        job, unknown = hold_request(), uuid.uuid4()
        await harness.place_holds(job)
        async with harness.database.transaction() as connection:
            captures = dict.fromkeys((unknown, job.job_id), Settlement(end=HoldEnd.CAPTURE))
            ended = await LEDGER.end_holds(connection, captures, NOW)
        assert ended == {job.job_id: EndedHold(state=HoldState.CAPTURED, amount=1, captured=1)}
        assert await harness.balance() == (9, 0)

    async def test_holds_and_release_tombstones_do_not_deadlock(self, harness: LedgerHarness) -> None:
        """A third transaction inserts the middle job and rolls back, so both wait halfway through their jobs."""
        await harness.grant("u", 10)
        jobs = sorted((hold_request() for _ in range(3)), key=lambda job: job.job_id)
        async with harness.serving() as (stub,), await psycopg.AsyncConnection.connect(harness.url) as third:
            await third.execute(
                """insert into hold (job_id, type, amount, state, created_at, expires_at, ended_at)
                   values (%s, '', 0, 'released', now(), now(), now())""",
                [jobs[1].job_id],
            )
            calls = [
                asyncio.ensure_future(stub.PlaceHolds(place_holds_message(*reversed(jobs)))),
                asyncio.ensure_future(stub.SettleHolds(release_message(*jobs))),
            ]
            await harness.until_statements_wait_for_locks(2)
            await third.rollback()
            await asyncio.gather(*calls)
        assert (await harness.balance())[1] == 0
        assert await harness.problems() == []

    async def test_job_released_before_its_hold_request_is_never_held(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 10)
        job = hold_request()
        async with harness.database.connection() as connection:
            await LEDGER.insert_release_tombstones(connection, [job.job_id], NOW)
        assert (await harness.place_holds(job))[0].result is HoldResult.ENDED
        assert await harness.balance() == (10, 0)


class TestFrozenReplica:
    async def test_locks_of_a_replica_frozen_in_a_transaction_are_released(self, harness: LedgerHarness) -> None:
        """As when its host is lost: the server ends the idle transaction, and the other replicas continue."""
        await harness.grant("u", 2)
        frozen = Database(harness.url, pool_size=1)
        await frozen.open()

        async def freeze() -> None:
            async with frozen.transaction() as connection:
                limit = await connection.execute("show idle_in_transaction_session_timeout")
                assert await limit.fetchone() == (f"{IDLE_TRANSACTION_MS // 1000}s",)
                await connection.execute("set local idle_in_transaction_session_timeout = '200ms'")
                await LEDGER.place_holds(connection, [hold_request()], NOW)
                assert (await harness.place_holds(hold_request()))[0].result is HoldResult.HELD, (
                    "the account is free again"
                )
                await connection.execute("select 1")

        with pytest.raises(DependencyUnavailable):
            await freeze()
        await frozen.close()
        assert await harness.balance() == (1, 1)


class TestPartialCapture:
    async def test_undelivered_units_are_released_in_the_settlement_that_captures_the_others(
        self, harness: LedgerHarness
    ) -> None:
        await harness.grant("u", 30)
        job = replace(hold_request(kind="three"), quantity=8)
        [held] = await harness.place_holds(job)
        assert (held.amount, held.available, held.held) == (24, 6, 24)
        settlement = {job.job_id: Settlement(end=HoldEnd.CAPTURE, delivered=5)}
        for _ in range(2):
            async with harness.database.transaction() as connection:
                ended = await LEDGER.end_holds(connection, settlement, NOW)
            assert ended == {job.job_id: EndedHold(state=HoldState.CAPTURED, amount=24, captured=15)}
            assert await harness.balance() == (15, 0)
        assert await harness.problems() == []
        assert await harness.refund(job.job_id) == 15
        assert await harness.balance() == (30, 0)
        assert await harness.problems() == []

    async def test_part_that_was_captured_is_taken_from_the_credits_that_lapse_first(
        self, harness: LedgerHarness
    ) -> None:
        await harness.grant("u", 4, days=1)
        await harness.grant("u", 4, days=9)
        await harness.grant("u", 10)
        job = replace(hold_request(kind="three"), quantity=3)  # 4 + 4 of the lots, 1 without an end
        await harness.place_holds(job)
        await harness.end_hold(job.job_id, HoldEnd.CAPTURE, delivered=1)  # 6 come back: 1 without an end, 4, and 1
        harness.now += timedelta(days=2)
        assert await harness.balance() == (14, 0)
        harness.now += timedelta(days=8)
        assert await harness.balance() == (10, 0)
        await harness.lapse_credits()
        assert await harness.problems() == []

    @pytest.mark.parametrize(
        "statement",
        [
            "update hold set remainder = 4",  # no whole unit
            "update hold set remainder = 24",  # of nothing captured
            "update hold set state = 'released'",
            "update hold set quantity = 7",
        ],
    )
    async def test_schema_refuses_a_part_that_is_no_number_of_units(
        self, harness: LedgerHarness, statement: str
    ) -> None:
        await harness.grant("u", 30)
        job = replace(hold_request(kind="three"), quantity=8)
        await harness.place_holds(job)
        await harness.end_hold(job.job_id, HoldEnd.CAPTURE, delivered=5)
        with psycopg.connect(harness.url) as connection, pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(statement.encode())

    @pytest.mark.parametrize("statement", ["remainder = 12", "remainder = 0", "amount = 16, remainder = 6"])
    async def test_audit_names_a_remainder_without_its_entry(self, harness: LedgerHarness, statement: str) -> None:
        await harness.grant("u", 30)
        job = replace(hold_request(kind="three"), quantity=8)
        await harness.place_holds(job)
        await harness.end_hold(job.job_id, HoldEnd.CAPTURE, delivered=5)
        with psycopg.connect(harness.url) as connection:
            connection.execute(f"update hold set {statement}".encode())
        assert str(job.job_id) in (await harness.problems())[0]
