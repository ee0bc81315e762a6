"""Concurrent requests, and crashes of the broker and of a worker, against the whole system."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.journeys.ledger import ledger_violations, rows
from tests.running import Customer, RunningSystem
from tests.support import until


async def submit_concurrently(customer: Customer, bodies: list[dict[str, Any]]) -> list[httpx.Response]:
    """Sends one static-ad request per body concurrently; the responses in the order of the bodies."""
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=customer.system.system.url,
        headers=dict(customer.client.headers),
        timeout=httpx.Timeout(240, pool=None),  # requests queue for one of the connections
        trust_env=False,
        limits=limits,
    ) as client:
        return await asyncio.gather(*(client.post("/api/generate/static-ad", json=body) for body in bodies))


@pytest.mark.parametrize("number", [60, pytest.param(200, marks=pytest.mark.slow)])
async def test_identical_requests_make_one_job_and_one_hold(waiting_system: RunningSystem, number: int) -> None:
    customer = waiting_system.customer(100)
    responses = await submit_concurrently(customer, [{**customer.ids, "idempotencyKey": "one"}] * number)
    assert {response.status_code for response in responses} == {200}
    bodies = [response.json() for response in responses]
    assert len({body["jobId"] for body in bodies}) == 1
    assert Counter((body["status"], body["creditsUsed"]) for body in bodies) == {
        ("queued", 3): 1,
        ("reused", 0): number - 1,
    }
    assert {body["creditsRemaining"] for body in bodies} == {97}
    assert customer.credits == {"available": 97, "held": 3}
    assert rows(waiting_system, "billing", "select count(*) from hold where user_id = %s", customer.id) == [(1,)]
    assert await ledger_violations(waiting_system) == []


@pytest.mark.parametrize("jobs", [10, pytest.param(100, marks=pytest.mark.slow)])
async def test_concurrent_requests_make_only_as_many_jobs_as_the_credits_pay_for(
    waiting_system: RunningSystem, jobs: int
) -> None:
    customer = waiting_system.customer(3 * jobs)
    responses = await submit_concurrently(customer, [customer.ids] * (10 * jobs))
    assert Counter(response.status_code for response in responses) == {200: jobs, 402: 9 * jobs}
    assert customer.credits == {"available": 0, "held": 3 * jobs}
    counted = rows(waiting_system, "job", "select status, count(*) from job where user_id = %s group by 1", customer.id)
    assert counted == [("queued", jobs)]
    assert await ledger_violations(waiting_system) == []


def test_jobs_complete_after_the_broker_crashes_and_restarts_empty(system: RunningSystem) -> None:
    customer = system.customer(30)
    jobs = [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]
    os.kill(system.system.processes["broker"].pid, signal.SIGKILL)
    jobs += [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]
    until(
        lambda: {customer.status(job)["status"] for job in jobs} == {"completed"},
        seconds=120,
        interval_seconds=0.3,
        describe=lambda: [customer.status(job) for job in jobs],
    )
    until(lambda: customer.credits == {"available": 0, "held": 0}, describe=lambda: customer.credits)


def test_job_runs_again_after_its_worker_is_killed(system: RunningSystem) -> None:
    customer = system.customer(40)
    body = {**customer.ids, "script": "This is a longer script, so that there is time to end its worker. " * 4}
    job_id = customer.client.post("/api/generate/video", json=body).json()["jobId"]

    def status() -> dict[str, Any]:
        return customer.status(job_id)

    until(lambda: status()["status"] == "processing", seconds=240, describe=status)
    os.kill(system.system.processes["video-worker"].pid, signal.SIGKILL)
    until(lambda: status().get("attempt") == 2, seconds=120, interval_seconds=0.1, describe=status)
    canceled = customer.client.post("/api/generate/cancel", json={"jobId": job_id}).json()
    assert (canceled["status"], canceled["previousStatus"]) == ("canceled", "processing")
    until(lambda: customer.credits == {"available": 40, "held": 0}, seconds=60, describe=lambda: customer.credits)
