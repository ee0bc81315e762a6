"""Operator commands on a system with failed jobs and a damaged ledger."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from tests.conftest import IMPAIRED_FAILURES
from tests.faults.harness import EVENT_SECONDS, FaultHarness
from tests.running import Customer
from tests.support import ended


@pytest.fixture
async def harness(impaired: FaultHarness) -> FaultHarness:
    await impaired.repair({"worker-1": 4})
    return impaired


async def adwright(harness: FaultHarness, *line: str) -> tuple[int, str]:
    """Runs an adwright command on the system: its exit status and its output."""
    environment = {**os.environ, "ADWRIGHT_HOME": str(harness.home.folder), "NO_COLOR": "1"}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cli", *line],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    print(f"$ adwright {' '.join(line)}\n{done.stdout}")
    return done.returncode, done.stdout


async def settled_job(harness: FaultHarness, customer: Customer, prompt: str, status: str) -> str:
    """Submits a job, waits until it has the status and is settled; its id."""
    body = {**customer.ids, "prompt": f"attempts: {prompt}"}
    job_id = str(customer.client.post("/api/generate/static-ad", json=body).json()["jobId"])
    await asyncio.to_thread(ended, customer, job_id, seconds=EVENT_SECONDS, status=status)
    await harness.settled()
    return job_id


async def test_dead_job_is_listed_and_retried_with_a_new_hold(harness: FaultHarness) -> None:
    customer = harness.running.customer(10)
    job_id = await settled_job(harness, customer, "unknown", "failed")
    assert customer.credits == {"available": 10, "held": 0}
    status, output = await adwright(harness, "jobs", "dead")
    assert status == 0
    assert job_id in output
    assert output.count("RuntimeError: nobody expected this") == IMPAIRED_FAILURES
    harness.remove_worker("worker-1")
    for _ in range(2):  # a repeated retry returns the same job
        status, output = await adwright(harness, "jobs", "retry", job_id)
        assert status == 0
        assert customer.credits == {"available": 7, "held": 3}
    again = output.split()[0]
    status, output = await adwright(harness, "jobs", "dead")
    assert (status, job_id in output) == (0, False), "the job has been retried"
    status, output = await adwright(harness, "jobs", "dead", "--retried")
    assert f"retried as {again}" in output
    customer.client.post("/api/generate/cancel", json={"jobId": again})
    await harness.settled()


async def test_captured_credits_are_refunded_once(harness: FaultHarness) -> None:
    customer = harness.running.customer(10)
    job_id = await settled_job(harness, customer, "ok", "completed")
    assert customer.credits == {"available": 7, "held": 0}
    assert (await adwright(harness, "ledger", "refund", job_id, "--reason", "blurred"))[0] == 0
    assert customer.credits == {"available": 10, "held": 0}
    status, output = await adwright(harness, "ledger", "refund", job_id, "--reason", "blurred")
    assert (status, "already been refunded" in output) == (1, True)
    entry = customer.client.get("/api/credits/statement", params={"kind": "refund"}).json()["entries"][0]
    assert (entry["jobId"], entry["reason"], entry["availableChange"]) == (job_id, "blurred", 3)


async def test_ledger_commands_find_a_damaged_hold(harness: FaultHarness) -> None:
    status, output = await adwright(harness, "ledger", "verify")
    assert (status, "The ledger is consistent." in output) == (0, True)
    assert (await adwright(harness, "ledger", "verify", "--head", "00" * 32))[0] == 1
    await harness.settled()
    assert (await adwright(harness, "ledger", "reconcile"))[0] == 0
    customer = harness.running.customer(10)
    job_id = await settled_job(harness, customer, "ok", "completed")
    damage = "update hold set state = %s where job_id = %s returning job_id"
    harness.rows("billing", damage, "released", job_id)
    try:
        status, output = await adwright(harness, "ledger", "verify")
        assert (status, f"job {job_id}: its hold is released" in output) == (1, True)
        status, output = await adwright(harness, "ledger", "reconcile", "--settling", "0")
        assert status == 1
        assert f"{job_id}  completed job of {customer.id} was not paid for: its hold is released" in output
    finally:
        harness.rows("billing", damage, "captured", job_id)
    await harness.check_ledger()
