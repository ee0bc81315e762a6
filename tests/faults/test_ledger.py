"""Billing and PostgreSQL are killed at random moments under load: the ledger stays consistent, and so do the jobs."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from adwright.billing.v1 import billing_pb2, billing_pb2_grpc

from cli import reconciliation
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import open_channel
from tests.faults.harness import FaultHarness, Load

PENDING = "select count(*) from job where status = 'pending'"
UNSETTLED = "select count(*) from job where settle is not null and settled_at is null"
ENTRIES = "select count(*) from entry"
ROUNDS = int(os.environ.get("ADWRIGHT_KILLS", "3"))


@pytest.fixture
async def harness(impaired: FaultHarness) -> FaultHarness:
    """The system without workers: jobs stay queued."""
    await impaired.repair({})
    return impaired


@pytest.mark.parametrize("replicas", [pytest.param(1, marks=pytest.mark.slow), 3])
async def test_a_thousand_concurrent_holds_on_fifty_credits_make_fifty(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch, replicas: int
) -> None:
    """Holds for one process of billing and for three on one database."""
    customer = harness.running.customer(50)
    addresses = [f"127.0.0.1:{harness.system.ports['billing']}"]
    addresses += [harness.add_replica("billing") for _ in range(replicas - 1)]
    secret = (harness.home.keys / "service-secret").read_text(encoding="utf-8").strip()
    metadata = ServiceIdentity("job", secret).metadata()
    channels = [open_channel(address) for address in addresses]
    ledgers = [billing_pb2_grpc.BillingLedgerServiceStub(channel) for channel in channels]

    async def place(number: int) -> int:
        hold = billing_pb2.HoldRequest(job_id=str(uuid.uuid4()), user_id=customer.id, type="copy")
        hold.expires_at.FromDatetime(datetime.now(UTC) + timedelta(hours=1))
        for _ in range(100):
            try:
                response = await ledgers[number % replicas].PlaceHolds(
                    billing_pb2.PlaceHoldsRequest(holds=[hold]), metadata=metadata, timeout=60
                )
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
                # Too many requests wait; this one had no effect.
                await asyncio.sleep(0.1)
                continue
            return int(response.outcomes[0].result)
        raise AssertionError("no attempt to place the hold was accepted")

    results = Counter(await asyncio.gather(*(place(number) for number in range(1000))))
    for channel in channels:
        await channel.close()
    assert results == {billing_pb2.HOLD_RESULT_HELD: 50, billing_pb2.HOLD_RESULT_INSUFFICIENT: 950}
    assert customer.credits == {"available": 0, "held": 50}
    assert (await harness.audit()).problems == ()
    assert harness.count("billing", "select count(*) from hold where user_id = %s", customer.id) == 50
    # No jobs belong to these holds; reconciliation releases such holds.
    monkeypatch.setattr(reconciliation, "RECHECK_AFTER_SECONDS", 0.1)  # no settlement is under way
    found = await harness.reconcile(heal=True)
    assert found.healed == ("released",) * 50
    await harness.check_ledger()


@pytest.mark.timeout(600 + 30 * ROUNDS)
async def test_ledger_is_consistent_after_every_kill(harness: FaultHarness) -> None:
    """ADWRIGHT_KILLS sets the number of rounds; each ends with an audit and a reconciliation."""
    chance = random.Random(ROUNDS)
    load = Load(harness, harness.running.customer(1_000_000), concurrency=8)
    for number in range(ROUNDS):
        stopping = asyncio.Event()
        running = asyncio.create_task(load.run(until=stopping, cancel_every=3, pause=0.1))
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        name = "postgres" if number % 2 else "billing"
        assert harness.kill(name)
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        stopping.set()
        await running
        await harness.until(lambda: not harness.count("job", PENDING))
        holds = {str(row["job_id"]) for row in harness.rows("billing", "select job_id from hold where amount > 0")}
        assert set(load.accepted) <= holds, "an accepted job has no hold"
        await harness.until(lambda: not harness.count("job", UNSETTLED))
        await harness.check_ledger()
    assert len(load.accepted) > 5 * ROUNDS
    assert load.refused == {}
    await load.cancel_live()
    await harness.settled()
    await harness.check_ledger()


async def test_reconciliation_reports_differences_and_heals_them_by_entries(
    harness: FaultHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "RECHECK_AFTER_SECONDS", 0.1)  # no settlement is under way
    customer = harness.running.customer(100)
    jobs = [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(6)]
    end = "settle = %s, settled_at = now(), completed_at = now() where id = %s returning id"
    harness.rows("job", "update job set status = 'failed', " + end, "release", jobs[0])
    harness.rows("job", "update job set status = 'completed', " + end, "capture", jobs[1])
    harness.rows("job", "delete from job where id = %s returning id", jobs[2])
    harness.rows("billing", "update hold set amount = 4 where job_id = %s returning job_id", jobs[3])
    before = harness.count("billing", ENTRIES)
    found = await harness.reconcile()
    assert {difference.job_id for difference in found.differences} == set(jobs[:4])
    assert found.healed == ()
    assert harness.count("billing", ENTRIES) == before

    healed = await harness.reconcile(heal=True)
    outcome = {difference.job_id: result for difference, result in zip(healed.differences, healed.healed, strict=True)}
    assert outcome == {
        jobs[0]: "released",
        jobs[1]: "captured",
        jobs[2]: "released",
        jobs[3]: "not corrected: an operator must decide",
    }
    assert harness.count("billing", ENTRIES) == before + 3
    harness.rows("billing", "update hold set amount = 3 where job_id = %s returning job_id", jobs[3])
    await harness.check_ledger()

    harness.rows("job", "update job set status = 'failed', settle = 'release' where id = %s returning id", jobs[1])
    assert [(await harness.reconcile(heal=True)).healed] == [("refunded",)]
    assert customer.credits == {"available": 91, "held": 9}
    await harness.check_ledger()
    for job_id in jobs[3:]:
        customer.client.post("/api/generate/cancel", json={"jobId": job_id})
    await harness.settled()
    assert customer.credits == {"available": 100, "held": 0}
