"""Grants and refunds happen once, and credits with a last day are spent first."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import NamedTuple

import psycopg
import pytest
from sqlalchemy import select

from services.billing.domain import MAX_BALANCE, Balance, EntryKind, HoldEnd, HoldResult
from services.billing.errors import AlreadyRefunded, BalanceTooLarge, GrantConflict, NotCaptured
from services.billing.tables import ENTRY
from services.chassis.data.statements import Query, fetch_rows
from services.chassis.errors import ValidationFailed
from tests.billing.harness import NOW, LedgerHarness, hold_request


class LapseRow(NamedTuple):
    grant_id: str | None
    amount: int
    credit: str


LAPSES = Query(
    LapseRow, select(ENTRY.c.grant_id, ENTRY.c.amount, ENTRY.c.credit).where(ENTRY.c.kind == EntryKind.LAPSE)
)


class TestGrantsAndRefunds:
    async def test_repeated_grant_adds_its_credits_once(self, harness: LedgerHarness) -> None:
        balances = await asyncio.gather(*(harness.grant("u", 5, "welcome") for _ in range(20)))
        assert set(balances) == {5}
        with pytest.raises(GrantConflict):
            await harness.grant("u", 6, "welcome")
        with pytest.raises(GrantConflict):
            await harness.grant("other", 5, "welcome")
        assert await harness.balance("other") == (0, 0)

    async def test_concurrent_grants_of_one_id_to_two_users_credit_one_of_them(self, harness: LedgerHarness) -> None:
        for number in range(20):
            outcomes = await asyncio.gather(
                *(harness.grant(user, 1, f"gift-{number}") for user in "ab"), return_exceptions=True
            )
            assert sum(isinstance(outcome, GrantConflict) for outcome in outcomes) == 1
        assert (await harness.balance("a"))[0] + (await harness.balance("b"))[0] == 20

    async def test_only_a_captured_job_is_refunded_and_only_once(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 3)
        job = hold_request(kind="three")
        await harness.place_holds(job)
        with pytest.raises(NotCaptured):
            await harness.refund(job.job_id)
        await harness.end_hold(job.job_id, HoldEnd.CAPTURE)
        outcomes = await asyncio.gather(*(harness.refund(job.job_id) for _ in range(5)), return_exceptions=True)
        assert sorted(str(outcome) if isinstance(outcome, int) else type(outcome).__name__ for outcome in outcomes) == [
            "3",
            *[AlreadyRefunded.__name__] * 4,
        ]
        assert await harness.balance() == (3, 0)
        assert await harness.problems() == []

    async def test_refund_above_the_largest_balance_is_refused(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 3)
        job = hold_request(kind="three")
        await harness.place_holds(job)
        await harness.end_hold(job.job_id, HoldEnd.CAPTURE)
        await harness.grant("u", MAX_BALANCE - 2)
        with pytest.raises(BalanceTooLarge):
            await harness.refund(job.job_id)
        assert await harness.balance() == (MAX_BALANCE - 2, 0)


class TestExpiringCredits:
    async def test_credits_that_lapse_first_are_spent_first(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 2, "a: late", days=30)
        await harness.grant("u", 5, "b: never")
        await harness.grant("u", 2, "c: early", days=3)
        assert await harness.credits() == _balance(9, soon=2, days=3)
        await harness.place_holds(hold_request(kind="three"))
        assert await harness.credits() == _balance(6, held=3, soon=0, days=30)
        await harness.place_holds(hold_request(kind="three"))
        assert await harness.credits() == _balance(3, held=6)
        assert await harness.problems() == []

    async def test_credits_past_their_last_day_lapse_by_one_entry(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 4, "gift", days=1, kind="promotional")
        await harness.grant("u", 1)
        harness.now += timedelta(days=2)
        assert await harness.balance() == (1, 0), "credits past their last day are not available, lapsed or not"
        assert (await harness.place_holds(hold_request(kind="three")))[0].result is HoldResult.INSUFFICIENT
        assert await harness.lapse_credits() in (0, 1)  # the hold request may have lapsed them already
        assert await harness.lapse_credits() == 0
        async with harness.database.connection() as connection:
            [lapse] = await fetch_rows(connection, LAPSES)
        assert (lapse.grant_id, lapse.amount, lapse.credit) == ("gift", 4, "issued")
        assert await harness.problems() == []

    async def test_credits_lapse_without_any_request_of_their_owner(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 4, days=1)
        harness.now += timedelta(days=1)
        assert await harness.lapse_credits() == 1
        with psycopg.connect(harness.url) as connection:
            row = connection.execute("select available, expiring from account").fetchone()
        assert row == (0, 0)
        assert await harness.problems() == []

    async def test_released_credits_go_back_to_their_grant(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 2, "early", days=3)
        await harness.grant("u", 2)
        job = hold_request(kind="three")
        await harness.place_holds(job)
        assert await harness.credits() == _balance(1, held=3)
        await harness.end_hold(job.job_id, HoldEnd.RELEASE)
        assert await harness.credits() == _balance(4, soon=2, days=3)
        assert await harness.problems() == []

    async def test_credits_whose_last_day_passes_while_held_lapse_on_release(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 2, "early", days=3)
        await harness.grant("u", 2)
        await harness.grant("u", 2, "other", days=3)
        job = hold_request(kind="three")
        await harness.place_holds(job)
        harness.now += timedelta(days=4)
        await harness.lapse_credits()
        await harness.end_hold(job.job_id, HoldEnd.RELEASE)
        await harness.lapse_credits()
        assert await harness.credits() == _balance(2)
        assert await harness.problems() == []

    async def test_credits_whose_last_day_passes_while_held_can_be_captured(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 3, days=3)
        job = hold_request(kind="three")
        await harness.place_holds(job)
        harness.now += timedelta(days=4)
        await harness.lapse_credits()
        assert await harness.end_hold(job.job_id, HoldEnd.CAPTURE) == "captured"
        assert await harness.credits() == _balance(0)
        assert await harness.problems() == []

    async def test_last_day_must_be_in_the_future_but_grant_can_be_repeated_later(self, harness: LedgerHarness) -> None:
        with pytest.raises(ValidationFailed):
            await harness.grant("u", 3, days=-1)
        await harness.grant("u", 3, "gift", days=1)
        harness.now += timedelta(days=2)
        assert await harness.grant("u", 3, "gift", days=-1) == 0  # the same expiry as before

    async def test_concurrent_holds_never_spend_the_credits_of_a_lot_twice(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 20, days=3)
        await harness.grant("u", 30)
        outcomes = await asyncio.gather(*(harness.place_holds(hold_request()) for _ in range(100)))
        assert sum(outcome[0].result is HoldResult.HELD for outcome in outcomes) == 50
        assert await harness.problems() == []


def _balance(available: int, *, held: int = 0, soon: int = 0, days: float | None = None) -> Balance:
    return Balance(
        available=available,
        held=held,
        expiring_soon=soon,
        next_expiry=NOW + timedelta(days=days) if days is not None else None,
    )
