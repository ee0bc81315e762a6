"""Steady jobs of one customer while parts of the cluster are restarted, and the check of how each of them ended."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from services.billing.audit import verify
from services.chassis.data.database import Database
from tests.cluster.commands import StepError, console
from tests.cluster.system import ClusterSystem
from tests.running import Customer
from tests.support import TERMINAL_STATUSES

GRANT = 1_000_000
REQUEST_SECONDS = 30.0
SUBMIT_SECONDS = 240.0  # of repeats with the same Idempotency-Key, as a client would
RETRY_SECONDS = 1.0
SETTLE_SECONDS = 900.0


@dataclass
class SteadyLoad:
    """Submits a static ad at every interval, and reads credits in between; every refusal is repeated with its key."""

    system: ClusterSystem
    interval: float
    customer: Customer = field(init=False)
    responses: Counter[str] = field(default_factory=Counter)
    """The number of responses by kind of request and status; "lost": no response."""
    accepted: dict[str, str] = field(default_factory=dict)
    """Job by Idempotency-Key."""
    unaccepted: list[str] = field(default_factory=list)
    slowest: float = 0.0
    """The longest time until a submission was accepted, with its repeats, in seconds."""

    def __post_init__(self) -> None:
        self.customer = self.system.customer(GRANT)

    async def run(self, until: asyncio.Event) -> None:
        """Sends requests until the event; returns when all have been answered or given up."""
        headers = {"Authorization": f"Bearer {self.system.token(self.customer.id)}"}
        limits = httpx.Limits(max_connections=100)
        async with (
            httpx.AsyncClient(
                base_url=self.system.system.url,
                headers=headers,
                timeout=REQUEST_SECONDS,
                trust_env=False,
                limits=limits,
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            for number in itertools.count(1):
                if until.is_set():
                    break
                group.create_task(self._submit(client, number))
                group.create_task(self._request(client, "read", "GET", "/api/credits"))
                await asyncio.sleep(self.interval)

    async def _submit(self, client: httpx.AsyncClient, number: int) -> None:
        key, began = uuid.uuid4().hex, time.monotonic()
        body = {**self.customer.ids, "prompt": f"A bottle on a shelf, number {number}"}
        while time.monotonic() - began < SUBMIT_SECONDS:
            response = await self._request(
                client, "submit", "POST", "/api/generate/static-ad", json=body, headers={"Idempotency-Key": key}
            )
            if response is not None and response.status_code == 200:
                self.accepted[key] = str(response.json()["jobId"])
                self.slowest = max(self.slowest, time.monotonic() - began)
                return
            await asyncio.sleep(RETRY_SECONDS)
        self.unaccepted.append(key)

    async def _request(
        self, client: httpx.AsyncClient, kind: str, method: str, path: str, **request: Any
    ) -> httpx.Response | None:
        try:
            response = await client.request(method, path, **request)
        except httpx.HTTPError:
            self.responses[f"{kind} lost"] += 1
            return None
        self.responses[f"{kind} {response.status_code}"] += 1
        return response

    def counts(self) -> dict[str, int]:
        """What became of the jobs, once all have ended: accepted, completed, failed, lost, doubled, unpaid or overpaid.

        Waits up to SETTLE_SECONDS for the end of the jobs; the rest count as lost.
        """
        jobs = self._jobs()
        deadline = time.monotonic() + SETTLE_SECONDS
        while any(status not in TERMINAL_STATUSES for _, status, _ in jobs) and time.monotonic() < deadline:
            time.sleep(5)
            jobs = self._jobs()
        ended = {job for job, status, _ in jobs if status in TERMINAL_STATUSES}
        paid = sum(credits_ for _, status, credits_ in jobs if status == "completed")
        found = self.customer.credits
        for _ in range(30):
            if found["held"] == 0:
                break
            time.sleep(1)
            found = self.customer.credits
        return {
            "accepted": len(self.accepted),
            "completed": sum(status == "completed" for _, status, _ in jobs),
            "failed": sum(status == "failed" for _, status, _ in jobs),
            "lost": len(set(self.accepted.values()) - ended),
            "doubled": len({job for job, _, _ in jobs} - set(self.accepted.values())),
            "never accepted": len(self.unaccepted),
            "credits still held": found["held"],
            "credits paid too much": GRANT - found["available"] - found["held"] - paid,
        }

    def _jobs(self) -> list[tuple[str, str, int]]:
        with psycopg.connect(self.system.system.database_url("job")) as connection:
            return connection.execute(
                "select id::text, status, credits from job where user_id = %s and type = 'static_ad'",
                [self.customer.id],
            ).fetchall()


async def ledger_problems(system: ClusterSystem) -> list[str]:
    """The inconsistencies that billing's audit finds in the cluster's database."""
    database = Database(system.system.database_url("billing"), pool_size=1)
    await database.open()
    try:
        async with database.connection() as connection:
            return list((await verify(connection)).problems)
    finally:
        await database.close()


def check(load: SteadyLoad) -> None:
    """Prints the counts. Raises StepError if a job was lost, doubled or paid wrongly, or the ledger is inconsistent."""
    counts = load.counts()
    problems = asyncio.run(ledger_problems(load.system))
    for name, number in counts.items():
        console.print(f"  {name}: {number}")
    console.print(f"  responses: {dict(sorted(load.responses.items()))}")
    console.print(f"  slowest acceptance: {load.slowest:.1f} s; ledger: {'; '.join(problems) or 'consistent'}")
    wrong = {name: number for name, number in counts.items() if name not in ("accepted", "completed") and number}
    if wrong or problems or not counts["accepted"]:
        raise StepError(f"the load did not survive: {wrong} {problems}")
