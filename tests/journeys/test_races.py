"""Many requests at once, and the broker's death, against the whole system."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from typing import Any

import httpx
import psycopg

from services.billing.audit import verify
from services.chassis.data.database import Database
from tests.running import Customer, RunningSystem


async def at_once(customer: Customer, bodies: list[dict[str, Any]]) -> list[httpx.Response]:
    """The answers to requests that are sent together."""
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=customer.system.system.url,
        headers=dict(customer.client.headers),
        timeout=httpx.Timeout(240, pool=None),  # for a connection they wait in turn
        trust_env=False,
        limits=limits,
    ) as client:
        return await asyncio.gather(*(client.post("/api/generate/static-ad", json=body) for body in bodies))


def rows(system: RunningSystem, database: str, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(system.system.database_url(database)) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


async def ledger_complaints(system: RunningSystem) -> list[str]:
    database = Database(system.system.database_url("billing"), pool_size=1)
    await database.open()
    async with database.connection() as connection:
        proof = await verify(connection)
    await database.close()
    return list(proof.wrong)


async def test_two_hundred_identical_requests_make_one_job_and_one_hold(waiting_system: RunningSystem) -> None:
    customer = waiting_system.customer(100)
    answers = await at_once(customer, [{**customer.ids, "idempotencyKey": "one"}] * 200)
    assert {answer.status_code for answer in answers} == {200}
    bodies = [answer.json() for answer in answers]
    assert len({body["jobId"] for body in bodies}) == 1
    assert Counter((body["status"], body["creditsUsed"]) for body in bodies) == {("queued", 3): 1, ("reused", 0): 199}
    assert {body["creditsRemaining"] for body in bodies} == {97}
    assert customer.credits == {"available": 97, "held": 3}
    assert rows(waiting_system, "billing", "select count(*) from hold where user_id = %s", customer.id) == [(1,)]
    assert await ledger_complaints(waiting_system) == []


async def test_a_thousand_requests_on_three_hundred_credits_make_a_hundred_jobs(
    waiting_system: RunningSystem,
) -> None:
    customer = waiting_system.customer(300)
    answers = await at_once(customer, [customer.ids] * 1000)
    assert Counter(answer.status_code for answer in answers) == {200: 100, 402: 900}
    assert customer.credits == {"available": 0, "held": 300}
    counted = rows(waiting_system, "job", "select status, count(*) from job where user_id = %s group by 1", customer.id)
    assert counted == [("queued", 100)]
    assert await ledger_complaints(waiting_system) == []


def test_jobs_complete_when_the_broker_dies_and_comes_back_empty(system: RunningSystem) -> None:
    customer = system.customer(30)
    jobs = [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]
    os.kill(system.system.processes["broker"].pid, signal.SIGKILL)
    jobs += [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]
    give_up = time.monotonic() + 120
    while {customer.status(job)["status"] for job in jobs} != {"completed"}:
        assert time.monotonic() < give_up, [customer.status(job) for job in jobs]
        time.sleep(0.3)
    while customer.credits != {"available": 0, "held": 0}:
        assert time.monotonic() < give_up, customer.credits
        time.sleep(0.1)


def test_a_job_runs_again_when_its_worker_is_killed(system: RunningSystem) -> None:
    customer = system.customer(40)
    body = {**customer.ids, "script": "This is a longer script, so that there is time to end its worker. " * 4}
    job_id = customer.client.post("/api/generate/video", json=body).json()["jobId"]
    give_up = time.monotonic() + 240
    while customer.status(job_id)["status"] != "processing":
        assert time.monotonic() < give_up, customer.status(job_id)
        time.sleep(0.1)
    os.kill(system.system.processes["video-worker"].pid, signal.SIGKILL)
    killed = time.monotonic()
    while customer.status(job_id).get("attempt") != 2:
        assert time.monotonic() - killed < 60, customer.status(job_id)
        time.sleep(0.1)
    canceled = customer.client.post("/api/generate/cancel", json={"jobId": job_id}).json()
    assert (canceled["status"], canceled["previousStatus"]) == ("canceled", "processing")
    while customer.credits != {"available": 40, "held": 0}:
        assert time.monotonic() < give_up + 60, customer.credits
        time.sleep(0.1)
