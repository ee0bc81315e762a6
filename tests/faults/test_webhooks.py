"""Every end of a job reaches its address, whichever of sender, broker and database is killed meanwhile.

ADWRIGHT_WEBHOOK_EVENTS sets the number of jobs; the full size is 10,000. `pytest -s` shows the table of results.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console
from rich.table import Table

from services.job.events import end_event_id
from tests.faults.harness import FaultHarness, Load
from tests.running import Customer

EVENTS = int(os.environ.get("ADWRIGHT_WEBHOOK_EVENTS", "300"))
CALM_EVENTS = min(EVENTS // 3, 1_000)  # before the first kill; they give the delays
CALM_PAUSE_SECONDS = 5.0  # of each customer between two jobs: 10 jobs a second in all, which leave CPU time
CUSTOMERS = 50  # the last one's endpoint never answers
VICTIMS = ("webhook", "broker", "postgres")
PAUSE_SECONDS = (1.0, 5.0) if EVENTS < 1_000 else (4.0, 12.0)
P50_SECONDS = 1.0
LEASE_SECONDS = 35.0  # after which a killed sender's deliveries are sent again


@pytest.fixture
def harness() -> Iterator[FaultHarness]:
    """A system whose webhooks may lead to this machine."""
    system = FaultHarness(("ADWRIGHT_WEBHOOK_ALLOW_HTTP", "true"), ("ADWRIGHT_WEBHOOK_ALLOWED_ADDRESSES", "127.0.0.1"))
    for number in (1, 2):
        system.add_worker(f"worker-{number}", slots=16)
    yield system
    system.stop()


@dataclass
class Receiver:
    """A server on this machine that records what is posted to each path. silent: it never answers."""

    silent: bool = False
    arrivals: dict[str, list[tuple[str, str, float]]] = field(default_factory=dict)
    """By webhook-id: the path, the job and the time in seconds since 1970 of each arrival."""
    url: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
            content = json.loads(await reader.readexactly(int(lines["content-length"])))
            if self.silent:
                await reader.read()  # until the sender gives up
                return
            arrival = (head.split(" ")[1], content["data"]["id"], time.time())
            self.arrivals.setdefault(lines["webhook-id"], []).append(arrival)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
    finally:
        server.close()


async def submit_jobs(
    harness: FaultHarness, customers: list[Customer], urls: dict[str, str], count: int, pause: float = 0.0
) -> None:
    """Submits `count` jobs in all, with the customer's address if it has one, and retries refused requests."""
    loads = [Load(harness, customer, concurrency=1, fields=_fields(urls.get(customer.id))) for customer in customers]
    counts = [count // len(loads) + (number < count % len(loads)) for number in range(len(loads))]
    await asyncio.gather(*(load.run(jobs=jobs, pause=pause) for load, jobs in zip(loads, counts, strict=True)))
    assert [dict(load.refused) for load in loads] == [{}] * len(loads)


def _fields(url: str | None) -> dict[str, Any]:
    return {"webhookUrl": url} if url else {}


@pytest.mark.slow
@pytest.mark.timeout(600 + EVENTS // 4)
async def test_no_end_is_lost_and_a_dead_endpoint_of_fifty_delays_no_other(harness: FaultHarness) -> None:
    chance = random.Random(EVENTS)
    customers = [harness.running.customer(10 * EVENTS) for _ in range(CUSTOMERS)]
    async with receiving(Receiver()) as live, receiving(Receiver(silent=True)) as dead:
        urls = {customer.id: f"{live.url}/request/{customer.id}" for customer in customers[: CUSTOMERS // 2]}
        for customer in customers[CUSTOMERS // 2 :]:
            url = f"{dead.url}/" if customer is customers[-1] else f"{live.url}/webhook/{customer.id}"
            assert customer.client.post("/api/webhooks", json={"url": url}).status_code == 200
        began = time.monotonic()
        await submit_jobs(harness, customers, urls, CALM_EVENTS, CALM_PAUSE_SECONDS)
        await harness.settled()
        await harness.until(lambda: len(live.arrivals) >= live_ends(harness, customers))
        delays = sorted(delays_of(harness, live))
        assert {len(arrivals) for arrivals in live.arrivals.values()} == {1}, "sent again without a reason"
        kills = await killed_meanwhile(harness, chance, submit_jobs(harness, customers, urls, EVENTS - CALM_EVENTS))
        await harness.until(harness.healthy)
        await harness.settled()
        await harness.until(lambda: len(live.arrivals) >= live_ends(harness, customers), 120 + 4 * LEASE_SECONDS)
        took = time.monotonic() - began
        expected = {
            (str(end_event_id(UUID(row["id"]))), path_of(row["user_id"], urls), row["id"])
            for row in harness.rows("job", "select id::text, user_id from job where completed_at is not null")
            if row["user_id"] != customers[-1].id
        }
        found = {(event, path, job) for event, all_ in live.arrivals.items() for path, job, _ in all_}
        repeated = sum(len(arrivals) - 1 for arrivals in live.arrivals.values())
        show(delays, kills, took, {"events": len(expected), "lost": len(expected - found), "sent again": repeated})
        assert found == expected, "an end is lost, or an id names two ends"
        assert statistics.median(delays) < P50_SECONDS
        assert kills.keys() == set(VICTIMS)
        assert dead.arrivals == {}


async def killed_meanwhile(harness: FaultHarness, chance: random.Random, work: Any) -> Counter[str]:
    """Kills processes at random until the work has ended, each at least once; the number of kills."""
    kills: Counter[str] = Counter()
    working = asyncio.create_task(work)
    while not working.done() or kills.keys() != set(VICTIMS):
        await asyncio.sleep(chance.uniform(*PAUSE_SECONDS))
        name = chance.choice(VICTIMS)
        kills[name] += harness.kill(name)
        kills += Counter()  # without those that were not running
    await working
    return kills


def live_ends(harness: FaultHarness, customers: list[Customer]) -> int:
    query = "select count(*) from job where completed_at is not null and user_id <> %s"
    return harness.count("job", query, customers[-1].id)


def path_of(user_id: str, urls: dict[str, str]) -> str:
    return f"/request/{user_id}" if user_id in urls else f"/webhook/{user_id}"


def delays_of(harness: FaultHarness, receiver: Receiver) -> list[float]:
    """Seconds from each job's end to the first arrival."""
    ends: dict[str, datetime] = {
        row["id"]: row["completed_at"] for row in harness.rows("job", "select id::text, completed_at from job")
    }
    return [all_[0][2] - ends[all_[0][1]].timestamp() for all_ in receiver.arrivals.values()]


def show(delays: list[float], kills: Counter[str], seconds: float, counts: dict[str, int]) -> None:
    table = Table(title=f"{EVENTS} jobs of {CUSTOMERS} customers in {seconds:.0f} s")
    table.add_column("what")
    table.add_column("value", justify="right")
    for name, number in [*counts.items(), *((f"killed {name}", number) for name, number in sorted(kills.items()))]:
        table.add_row(name, str(number))
    for share in (50, 95, 99):
        table.add_row(f"p{share} of {len(delays)} delays without kills", f"{delays[len(delays) * share // 100]:.3f} s")
    Console().print(table)
