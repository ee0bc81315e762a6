"""A load of reads and writes that records every response, for faults in which some requests fail."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.faults.harness import FaultHarness
from tests.running import Customer
from tests.support import TERMINAL_STATUSES, until_async

FAULT_SECONDS = float(os.environ.get("ADWRIGHT_FAULT_SECONDS", "4"))
# The pause between requests of one kind gives about 20 of each kind in a fault of any length, so that the jobs that
# wait for its end stay below the limit of live jobs.
PAUSE_SECONDS = FAULT_SECONDS / 20
RETRIES = 120  # of a refused generation: 60 s
RETRY_SECONDS = 0.5
GRANT = 1_000_000  # credits of the customer; more than any load spends
UNRELATED_REASONS = frozenset({"JOB_ENDED", "JOB_NOT_FOUND"})  # refusals of a cancel that no fault causes


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResponse:
    """The response to one request. status 0: the connection was lost."""

    name: str
    write: bool
    status: int
    reason: str = ""
    retryable: bool = False
    retry_after: str = ""
    message: str = ""


@dataclass
class MixedLoad:
    """Repeated requests of one customer: copies, static ads, cancels, projects, statuses and credits."""

    harness: FaultHarness
    customer: Customer
    responses: list[LoadResponse] = field(default_factory=list)
    refused: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)  # path and body by Idempotency-Key
    accepted: dict[str, str] = field(default_factory=dict)  # job by Idempotency-Key
    _client: httpx.AsyncClient = field(init=False)

    async def __aenter__(self) -> MixedLoad:
        self._client = httpx.AsyncClient(
            base_url=self.harness.system.url,
            headers={"Authorization": f"Bearer {self.harness.running.token(self.customer.id)}"},
            timeout=30,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def run(self, until: asyncio.Event) -> None:
        """Sends every kind of request until the event."""

        async def repeat(kind: Callable[[], Awaitable[LoadResponse]]) -> None:
            while not until.is_set():
                await kind()
                await asyncio.sleep(PAUSE_SECONDS)

        await asyncio.gather(*(repeat(kind) for kind in self._kinds()))

    def _kinds(self) -> tuple[Callable[[], Awaitable[LoadResponse]], ...]:
        return self.copy, self.static_ad, self.cancel, self.project, self.status, self.credits

    async def copy(self) -> LoadResponse:
        return await self._generate(
            "/api/generate/copy", {**self.customer.ids, "platform": "meta", "format": "short", "tone": "casual"}
        )

    async def static_ad(self) -> LoadResponse:
        return await self._generate("/api/generate/static-ad", {**self.customer.ids, "prompt": "attempts: ok:0.2"})

    async def cancel(self) -> LoadResponse:
        job_id = next(reversed(self.accepted.values()), str(uuid.uuid4()))
        return await self._send("cancel", True, "POST", "/api/generate/cancel", json={"jobId": job_id})

    async def project(self) -> LoadResponse:
        return await self._send("project", True, "POST", "/api/projects", json={"name": "Aurora"})

    async def status(self) -> LoadResponse:
        job_id = next(iter(self.accepted.values()), str(uuid.uuid4()))
        return await self._send("status", False, "GET", "/api/generate/status", params={"jobId": job_id})

    async def credits(self) -> LoadResponse:
        return await self._send("credits", False, "GET", "/api/credits")

    async def warmed_up(self) -> None:
        """Waits until requests of every kind have been answered."""
        await until_async(lambda: len({response.name for response in self.responses}) == len(self._kinds()))

    async def writes_succeed(self) -> bool:
        """Whether every kind of write is accepted."""
        responses = [await self.copy(), await self.static_ad(), await self.project()]
        return all(response.status == 200 for response in responses)

    async def retry_refused(self) -> None:
        """Repeats every refused generation with its key until it is accepted."""
        for key, (path, body) in list(self.refused.items()):
            for _ in range(RETRIES):
                response = await self._generate(path, body, key)
                if response.status == 200:
                    break
                await asyncio.sleep(RETRY_SECONDS)
            assert response.status == 200, response

    def since(self, index: int, *, write: bool) -> list[LoadResponse]:
        """The responses to writes, or to reads, after the first `index` responses."""
        return [response for response in self.responses[index:] if response.write is write]

    def summary(self, index: int = 0) -> Counter[tuple[str, int, str]]:
        """The number of responses by name, status and reason, after the first `index` responses."""
        return Counter((response.name, response.status, response.reason) for response in self.responses[index:])

    async def _generate(self, path: str, body: dict[str, Any], key: str = "") -> LoadResponse:
        key = key or uuid.uuid4().hex
        response = await self._send(
            path.rpartition("/")[2], True, "POST", path, json=body, headers={"Idempotency-Key": key}, key=key
        )
        if response.status != 200:
            self.refused[key] = (path, body)
        else:
            self.refused.pop(key, None)
        return response

    async def _send(
        self, name: str, write: bool, method: str, path: str, *, key: str = "", **request: Any
    ) -> LoadResponse:
        try:
            reply = await self._client.request(method, path, **request)
        except httpx.HTTPError:
            response = LoadResponse(name=name, write=write, status=0)
        else:
            body = reply.json()
            error = body.get("error", {}) if reply.status_code >= 400 else {}
            response = LoadResponse(
                name=name,
                write=write,
                status=reply.status_code,
                reason=error.get("reason", ""),
                retryable=error.get("retryable", False),
                retry_after=reply.headers.get("retry-after", ""),
                message=error.get("message", ""),
            )
            if key and reply.status_code == 200:
                self.accepted[key] = str(body.get("jobId") or body["id"])
        self.responses.append(response)
        return response


async def check_end(harness: FaultHarness, load: MixedLoad, *, others: int = 0) -> None:
    """Checks that every generation is accepted exactly once, paid for once, and that the ledger is consistent.

    others: the number of the customer's static ads that are not of this load.
    """
    await load.retry_refused()
    await harness.settled()
    jobs = harness.rows("job", "select id::text, type, status, credits from job where user_id = %s", load.customer.id)
    assert {row["status"] for row in jobs} <= TERMINAL_STATUSES, "a job hangs"
    failed = [row["id"] for row in jobs if row["type"] == "static_ad" and row["status"] == "failed"]
    assert failed == [], "a dependency's outage failed jobs"
    ads = [row["id"] for row in jobs if row["type"] == "static_ad"]
    assert len(set(ads) - set(load.accepted.values())) == others, "a job exists that no response has named"
    paid = sum(row["credits"] for row in jobs if row["status"] == "completed")
    assert load.customer.credits == {"available": GRANT - paid, "held": 0}
    await harness.check_ledger()
