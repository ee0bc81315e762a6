"""API keys: kept as hashes, found while they are good, and never over their budget."""

from __future__ import annotations

import asyncio
import hashlib
import random
import uuid
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from services.billing import api_keys
from services.billing.domain import ApiKey, ApiKeyLimitReached, ApiKeyNotFound, HoldEnd, HoldResult
from services.chassis.data.database import fetch_all
from tests.billing.harness import NOW, LedgerHarness, order

HASH = hashlib.sha256(b"secret").digest()


async def made(
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
    async with harness.database.transaction() as connection:
        await api_keys.insert(connection, key, key_hash or hashlib.sha256(key.id.bytes).digest(), NOW)
    return key.id


async def spent(harness: LedgerHarness, key_id: uuid.UUID) -> int:
    """What the key says it has spent; it must be what its jobs have."""
    async with harness.database.connection() as connection:
        rows = await fetch_all(
            connection,
            """select spent, (select coalesce(sum(hold.amount), 0)::int from key_spending join hold using (job_id)
                               where key_id = api_key.id and refunded_at is null
                                 and state in ('held', 'captured')) as counted from api_key where id = %s""",
            [key_id],
        )
    assert rows[0]["spent"] == rows[0]["counted"]
    return int(rows[0]["spent"])


class TestLookup:
    async def test_it_is_found_until_it_expires_or_is_revoked(self, harness: LedgerHarness) -> None:
        key_id = await made(harness, key_hash=HASH)
        async with harness.database.connection() as connection:
            found = await api_keys.find(connection, HASH, NOW)
            assert found is not None
            assert (found["id"], found["user_id"]) == (key_id, "u")
            assert await api_keys.find(connection, hashlib.sha256(b"other").digest(), NOW) is None
            assert await api_keys.find(connection, HASH, NOW + timedelta(days=1)) is None
            with pytest.raises(ApiKeyNotFound):
                await api_keys.revoke(connection, key_id, "somebody else", NOW)
            assert await api_keys.find(connection, HASH, NOW) is not None
            await api_keys.revoke(connection, key_id, "u", NOW)
            await api_keys.revoke(connection, key_id, "u", NOW + timedelta(hours=1))
            assert await api_keys.find(connection, HASH, NOW) is None
            listed = await api_keys.of_user(connection, "u", None, 10)
            assert [key.revoked_at for key in listed] == [NOW]

    async def test_their_number_is_bounded_however_many_are_made_at_once(self, harness: LedgerHarness) -> None:
        made_at_once = await asyncio.gather(
            *(made(harness) for _ in range(api_keys.MAX_KEYS + 10)), return_exceptions=True
        )
        assert Counter(type(outcome) for outcome in made_at_once) == {
            uuid.UUID: api_keys.MAX_KEYS,
            ApiKeyLimitReached: 10,
        }
        async with harness.database.connection() as connection:
            await api_keys.revoke(connection, next(key for key in made_at_once if isinstance(key, uuid.UUID)), "u", NOW)
        await made(harness)


class TestBudget:
    async def test_what_is_past_it_is_refused_and_leaves_the_balance(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 100)
        key_id = await made(harness, budget=4)
        keyed = [replace(order(kind="three"), key_id=key_id) for _ in range(2)]
        outcomes = await harness.hold(*keyed, replace(order(), key_id=key_id), order(kind="three"))
        results = [outcome.result for outcome in outcomes]
        assert results == [HoldResult.HELD, HoldResult.OVER_BUDGET, HoldResult.HELD, HoldResult.HELD]
        assert await spent(harness, key_id) == 4
        assert await harness.balance() == (93, 7)

    async def test_what_jobs_give_back_can_be_spent_again_once(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 100)
        key_id = await made(harness, budget=3)
        for end in (HoldEnd.RELEASE, HoldEnd.EXPIRE):
            job = replace(order(kind="three"), key_id=key_id)
            assert (await harness.hold(job))[0].result is HoldResult.HELD
            for _ in range(2):
                await harness.end(job.job_id, end)
            assert await spent(harness, key_id) == 0
        job = replace(order(kind="three"), key_id=key_id)
        await harness.hold(job)
        await harness.end(job.job_id, HoldEnd.CAPTURE)
        assert await spent(harness, key_id) == 3
        assert (await harness.hold(replace(order(), key_id=key_id)))[0].result is HoldResult.OVER_BUDGET
        await harness.refund(job.job_id)
        assert await spent(harness, key_id) == 0

    async def test_many_connections_at_once_never_pass_it(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 1000)
        key_id = await made(harness, budget=50)
        ends = random.Random(3)

        async def one() -> HoldResult:
            job = replace(order(kind=ends.choice(["one", "three"])), key_id=key_id)
            result = (await harness.hold(job))[0].result
            if result is HoldResult.HELD and ends.random() < 0.3:
                await harness.end(job.job_id, ends.choice([HoldEnd.RELEASE, HoldEnd.CAPTURE]))
            return result

        results = Counter(await asyncio.gather(*(one() for _ in range(200))))
        assert set(results) == {HoldResult.HELD, HoldResult.OVER_BUDGET}
        assert 0 < await spent(harness, key_id) <= 50  # the rest came back after the last had asked
        assert await harness.complaints() == []

    async def test_a_second_hold_for_a_job_is_not_counted_twice(self, harness: LedgerHarness) -> None:
        await harness.grant("u", 10)
        key_id = await made(harness, budget=3)
        job = replace(order(kind="three"), key_id=key_id)
        for _ in range(2):
            assert (await harness.hold(job))[0].result is HoldResult.HELD
        assert await spent(harness, key_id) == 3

    @pytest.mark.parametrize("how", ["revoked", "expired", "unknown", "somebody else's"])
    async def test_a_key_that_is_not_good_spends_nothing(self, harness: LedgerHarness, how: str) -> None:
        await harness.grant("u", 10)
        key_id = await made(harness, user="v" if how == "somebody else's" else "u")
        if how == "revoked":
            async with harness.database.connection() as connection:
                await api_keys.revoke(connection, key_id, "u", NOW)
        if how == "expired":
            harness.now = NOW + timedelta(days=2)
        if how == "unknown":
            key_id = uuid.uuid4()
        assert (await harness.hold(replace(order(), key_id=key_id)))[0].result is HoldResult.KEY_ENDED
        assert await harness.balance() == (10, 0)

    async def test_a_revoked_key_is_named_before_its_owners_lack_of_credits(self, harness: LedgerHarness) -> None:
        key_id = await made(harness)
        async with harness.database.connection() as connection:
            await api_keys.revoke(connection, key_id, "u", NOW)
        assert (await harness.hold(replace(order(), key_id=key_id)))[0].result is HoldResult.KEY_ENDED

    async def test_the_schema_says_so_too(self, harness: LedgerHarness) -> None:
        key_id = await made(harness, budget=3)
        with pytest.raises(psycopg.errors.CheckViolation):
            async with harness.database.transaction() as connection:
                await api_keys.spend(connection, [(uuid.uuid4(), key_id, 4)])
