"""The commands of an operator, on a system where something has gone wrong."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.faults.harness import FaultHarness
from tests.running import Customer


@pytest.fixture(scope="module")
def harness() -> Iterator[FaultHarness]:
    system = FaultHarness()
    system.add_worker("worker-1", slots=4)
    yield system
    system.stop()


async def adwright(harness: FaultHarness, *line: str) -> tuple[int, str]:
    """Runs a command on the system: its status and what it said."""
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


async def ended(harness: FaultHarness, customer: Customer, prompt: str, status: str) -> str:
    """A job that was made as the prompt says and has ended so."""
    body = {**customer.ids, "prompt": f"attempts: {prompt}"}
    job_id = str(customer.client.post("/api/generate/static-ad", json=body).json()["jobId"])
    await harness.until(lambda: customer.status(job_id)["status"] == status)
    await harness.settled()
    return job_id


async def test_a_dead_job_is_listed_and_run_again_with_a_hold_of_its_own(harness: FaultHarness) -> None:
    customer = harness.running.customer(10)
    job_id = await ended(harness, customer, "unknown", "failed")
    assert customer.credits == {"available": 10, "held": 0}
    status, said = await adwright(harness, "jobs", "dead")
    assert status == 0
    assert job_id in said
    assert said.count("RuntimeError: nobody expected this") == 4
    harness.remove_worker("worker-1")
    for _ in range(2):  # the second time, the same job
        status, said = await adwright(harness, "jobs", "retry", job_id)
        assert status == 0
        assert customer.credits == {"available": 7, "held": 3}
    again = said.split()[0]
    status, said = await adwright(harness, "jobs", "dead")
    assert (status, job_id in said) == (0, False), "it has been run again"
    status, said = await adwright(harness, "jobs", "dead", "--retried")
    assert f"run again as {again}" in said
    customer.client.post("/api/generate/cancel", json={"jobId": again})
    await harness.settled()
    harness.add_worker("worker-1", slots=4)


async def test_what_was_spent_is_refunded_once(harness: FaultHarness) -> None:
    customer = harness.running.customer(10)
    job_id = await ended(harness, customer, "ok", "completed")
    assert customer.credits == {"available": 7, "held": 0}
    assert (await adwright(harness, "ledger", "refund", job_id, "--reason", "blurred"))[0] == 0
    assert customer.credits == {"available": 10, "held": 0}
    status, said = await adwright(harness, "ledger", "refund", job_id, "--reason", "blurred")
    assert (status, "refunded before" in said) == (1, True)
    entry = customer.client.get("/api/credits/statement", params={"kind": "refund"}).json()["entries"][0]
    assert (entry["jobId"], entry["reason"], entry["availableChange"]) == (job_id, "blurred", 3)


async def test_the_ledger_is_proved_and_compared(harness: FaultHarness) -> None:
    status, said = await adwright(harness, "ledger", "verify")
    assert (status, "The ledger is consistent." in said) == (0, True)
    assert (await adwright(harness, "ledger", "verify", "--head", "00" * 32))[0] == 1
    await harness.until(lambda: not harness.count("job", "select count(*) from job where settled_at is null"))
    assert (await adwright(harness, "ledger", "reconcile"))[0] == 0
    customer = harness.running.customer(10)
    job_id = await ended(harness, customer, "ok", "completed")
    harness.rows(
        "billing",
        "update hold set state = 'released' where job_id = %s returning job_id",
        job_id,
    )
    status, said = await adwright(harness, "ledger", "verify")
    assert (status, f"job {job_id}: its hold is released" in said) == (1, True)
    status, said = await adwright(harness, "ledger", "reconcile", "--settling", "0")
    assert status == 1
    assert f"{job_id}  completed job of {customer.id} was not paid for: its hold is released" in said
