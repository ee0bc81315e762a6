"""Concurrent requests against the whole system."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.journeys.ledger import ledger_violations, rows
from tests.running import Customer, RunningSystem


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
