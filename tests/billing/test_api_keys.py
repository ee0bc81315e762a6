"""API keys: found while they are usable, and never over their budget."""

from __future__ import annotations

import asyncio
import hashlib
import random
import uuid
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import psycopg
import pytest
from sqlalchemy import text

from services.billing import api_keys
from services.billing.domain import ApiKey, HoldEnd, HoldResult
from services.billing.errors import ApiKeyLimitReached, ApiKeyNotFound
from services.chassis.data.statements import Query, fetch_row
from tests.billing.harness import NOW, LedgerHarness, hold_request


class SpendingRow(NamedTuple):
    spent: int
    counted: int


SPENDING = Query(
    SpendingRow,
    text("""select spent, (select coalesce(sum(hold.amount - remainder), 0)::int
                             from key_spending join hold using (job_id)
                            where key_id = api_key.id and refunded_at is null
                              and state in ('held', 'captured')) as counted from api_key where id = :key"""),
)
HASH = hashlib.sha256(b"secret").digest()


async def create_key(
    harness: LedgerHarness, *, user: str = "u", budget: int | None = None, key_hash: bytes = b""
) -> uuid.UUID:
    key = ApiKey(
        id=uuid.uuid4(),
        user_id=user,
        name="n",
        hint="adw_x",
        budget=budget,
        created_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    async with harness.transaction() as connection:
        await api_keys.insert(connection, key, key_hash or hashlib.sha256(key.id.bytes).digest(), NOW)
    return key.id


async def credits_spent(harness: LedgerHarness, key_id: uuid.UUID) -> int:
    """Returns the credits counted against the key; asserts that its jobs hold or have captured as many."""
    async with harness.database.connection() as connection:
        row = await fetch_row(connection, SPENDING, {"key": key_id})
    assert row is not None
    assert row.spent == row.counted
    return row.spent


class TestLookup:
    async def test_key_is_found_until_it_expires_or_is_revoked(self, harness: LedgerHarness) -> None:
        key_id = await create_key(harness, key_hash=HASH)
        async with harness.database.connection() as connection:
            found = await api_keys.find_usable(connection, HASH, NOW)
            assert found is not None
            assert (found.key_id, found.user_id) == (str(key_id), "u")
            assert await api_keys.find_usable(connection, hashlib.sha256(b"other").digest(), NOW) is None
            assert await api_keys.find_usable(connection, HASH, NOW + timedelta(days=1)) is None
            with pytest.raises(ApiKeyNotFound):
                await api_keys.revoke(connection, key_id, "stranger", NOW)
            assert await api_keys.find_usable(connection, HASH, NOW) is not None
            await api_keys.revoke(connection, key_id, "u", NOW)
            await api_keys.revoke(connection, key_id, "u", NOW + timedelta(hours=1))
            assert await api_keys.find_usable(connection, HASH, NOW) is None
            listed = await api_keys.list_keys(connection, "u", None, 10)
            assert [key.revoked_at for key in listed] == [NOW]

    async def test_concurrent_creation_never_exceeds_the_key_limit(self, harness: LedgerHarness) -> None:
        outcomes = await asyncio.gather(
            *(create_key(harness) for _ in range(api_keys.MAX_KEYS + 10)), return_exceptions=True
        )
        assert Counter(type(outcome) for outcome in outcomes) == {
            uuid.UUID: api_keys.MAX_KEYS,
            ApiKeyLimitReached: 10,
        }
        async with harness.database.connection() as connection:
            await api_keys.revoke(connection, next(key for key in outcomes if isinstance(key, uuid.UUID)), "u", NOW)
        await create_key(harness)


class TestBudget:
    async def test_hold_over_budget_is_refused_without_changing_the_balance(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 100)
        key_id = await create_key(harness, budget=4)
        requests = [replace(hold_request(kind="three"), key_id=key_id) for _ in range(2)]
        outcomes = await harness.place_holds(
            *requests, replace(hold_request(), key_id=key_id), hold_request(kind="three")
        )
        results = [outcome.result for outcome in outcomes]
        assert results == [HoldResult.HELD, HoldResult.OVER_BUDGET, HoldResult.HELD, HoldResult.HELD]
        assert await credits_spent(harness, key_id) == 4
        assert await harness.balance() == (93, 7)

    async def test_released_expired_and_refunded_credits_restore_the_budget_once(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 100)
        key_id = await create_key(harness, budget=3)
        for end in (HoldEnd.RELEASE, HoldEnd.EXPIRE):
            job = replace(hold_request(kind="three"), key_id=key_id)
            assert (await harness.place_holds(job))[0].result is HoldResult.HELD
            for _ in range(2):
                await harness.end_hold(job.job_id, end)
            assert await credits_spent(harness, key_id) == 0
        job = replace(hold_request(kind="three"), key_id=key_id)
        await harness.place_holds(job)
        await harness.end_hold(job.job_id, HoldEnd.CAPTURE)
        assert await credits_spent(harness, key_id) == 3
        assert (await harness.place_holds(replace(hold_request(), key_id=key_id)))[0].result is HoldResult.OVER_BUDGET
        await harness.refund(job.job_id)
        assert await credits_spent(harness, key_id) == 0

    async def test_concurrent_holds_never_exceed_the_budget(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 1000)
        key_id = await create_key(harness, budget=50)
        ends = random.Random(3)

        async def place_one() -> HoldResult:
            job = replace(hold_request(kind=ends.choice(["one", "three"])), key_id=key_id)
            result = (await harness.place_holds(job))[0].result
            if result is HoldResult.HELD and ends.random() < 0.3:
                await harness.end_hold(job.job_id, ends.choice([HoldEnd.RELEASE, HoldEnd.CAPTURE]))
            return result

        results = Counter(await asyncio.gather(*(place_one() for _ in range(200))))
        assert set(results) == {HoldResult.HELD, HoldResult.OVER_BUDGET}
        # Below 50 when the last releases follow the last hold request.
        assert 0 < await credits_spent(harness, key_id) <= 50
        assert await harness.problems() == []

    async def test_repeated_hold_is_charged_to_the_budget_once(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 10)
        key_id = await create_key(harness, budget=3)
        job = replace(hold_request(kind="three"), key_id=key_id)
        for _ in range(2):
            assert (await harness.place_holds(job))[0].result is HoldResult.HELD
        assert await credits_spent(harness, key_id) == 3

    @pytest.mark.parametrize("how", ["revoked", "expired", "unknown", "another user's"])
    async def test_unusable_key_holds_no_credits(self, harness: LedgerHarness, how: str) -> None:
        await harness.grant("u", 10)
        key_id = await create_key(harness, user="v" if how == "another user's" else "u")
        if how == "revoked":
            async with harness.database.connection() as connection:
                await api_keys.revoke(connection, key_id, "u", NOW)
        if how == "expired":
            harness.now = NOW + timedelta(days=2)
        if how == "unknown":
            key_id = uuid.uuid4()
        assert (await harness.place_holds(replace(hold_request(), key_id=key_id)))[0].result is HoldResult.KEY_ENDED
        assert await harness.balance() == (10, 0)

    async def test_revoked_key_is_reported_before_insufficient_credits(self, harness: LedgerHarness) -> None:
        key_id = await create_key(harness)
        async with harness.database.connection() as connection:
            await api_keys.revoke(connection, key_id, "u", NOW)
        assert (await harness.place_holds(replace(hold_request(), key_id=key_id)))[0].result is HoldResult.KEY_ENDED

    async def test_schema_refuses_spending_over_the_budget(self, harness: LedgerHarness) -> None:
        key_id = await create_key(harness, budget=3)
        with pytest.raises(psycopg.errors.CheckViolation):
            async with harness.transaction() as connection:
                await api_keys.charge_budgets(connection, [(uuid.uuid4(), key_id, 4)])


async def test_budget_pays_for_delivered_units_only(harness: LedgerHarness) -> None:
    await harness.grant("u", 100)
    key_id = await create_key(harness, budget=24)
    job = replace(hold_request(kind="three"), quantity=8, key_id=key_id)
    more = replace(hold_request(kind="three"), quantity=3, key_id=key_id)
    outcomes = await harness.place_holds(job, more)
    assert [outcome.result for outcome in outcomes] == [HoldResult.HELD, HoldResult.OVER_BUDGET]
    await harness.end_hold(job.job_id, HoldEnd.CAPTURE, delivered=5)
    assert await credits_spent(harness, key_id) == 15
    assert (await harness.place_holds(more))[0].result is HoldResult.HELD
    await harness.refund(job.job_id)
    assert await credits_spent(harness, key_id) == 9
    assert await harness.problems() == []
