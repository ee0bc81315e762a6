"""Billing and PostgreSQL killed at random moments under load: the ledger fits each time, and fits the jobs."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator

import pytest

from tests.faults.harness import Breakable, Load

PENDING = "select count(*) from job where status = 'pending'"
UNSETTLED = "select count(*) from job where settle is not null and settled_at is null"
ENTRIES = "select count(*) from entry"
ROUNDS = int(os.environ.get("ADWRIGHT_KILLS", "6"))


@pytest.fixture(scope="module")
def broken() -> Iterator[Breakable]:
    system = Breakable()
    yield system
    system.stop()


@pytest.mark.timeout(120 + 30 * ROUNDS)
async def test_books_fit_after_every_kill(broken: Breakable) -> None:
    """ADWRIGHT_KILLS says how often; each round ends with a proof and a reconciliation."""
    chance = random.Random(ROUNDS)
    load = Load(broken, broken.running.customer(1_000_000))
    for number in range(ROUNDS):
        stopping = asyncio.Event()
        running = asyncio.create_task(load.run(until=stopping, cancel_every=3))
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        name = "billing" if number % 2 else "postgres"
        assert broken.kill(name)
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        stopping.set()
        await running
        await asyncio.sleep(1.0)
        told = set(load.accepted)

        await broken.until(lambda: not broken.count("job", PENDING), 60)
        kept = {str(row["job_id"]) for row in broken.rows("billing", "select job_id from hold where amount > 0")}
        assert told <= kept, "somebody was told of a job that has no hold"
        await broken.until(lambda: not broken.count("job", UNSETTLED), 30)
        await broken.check_books()
    assert len(load.accepted) > 20 * ROUNDS
    assert load.refused == {}


async def test_what_differs_is_named_and_mended_by_entries(broken: Breakable) -> None:
    customer = broken.running.customer(100)
    jobs = [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(6)]
    end = "settle = %s, settled_at = now(), completed_at = now() where id = %s returning id"
    broken.rows("job", "update job set status = 'failed', " + end, "release", jobs[0])
    broken.rows("job", "update job set status = 'completed', " + end, "capture", jobs[1])
    broken.rows("job", "delete from job where id = %s returning id", jobs[2])
    broken.rows("billing", "update hold set amount = 4 where job_id = %s returning job_id", jobs[3])
    before = broken.count("billing", ENTRIES)
    found = await broken.reconciled()
    assert {difference.job_id for difference in found.differences} == set(jobs[:4])
    assert found.healed == ()
    assert broken.count("billing", ENTRIES) == before

    mended = await broken.reconciled(heal=True)
    outcome = {difference.job_id: healed for difference, healed in zip(mended.differences, mended.healed, strict=True)}
    assert outcome == {
        jobs[0]: "released",
        jobs[1]: "captured",
        jobs[2]: "released",
        jobs[3]: "left for a person to decide",
    }
    assert broken.count("billing", ENTRIES) == before + 3
    broken.rows("billing", "update hold set amount = 3 where job_id = %s returning job_id", jobs[3])
    await broken.check_books()

    broken.rows("job", "update job set status = 'failed', settle = 'release' where id = %s returning id", jobs[1])
    assert [(await broken.reconciled(heal=True)).healed] == [("refunded",)]
    assert customer.credits == {"available": 91, "held": 9}
    await broken.check_books()
