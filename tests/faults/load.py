"""A load of reads and writes that records every answer: for faults in which some of them fail."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.faults.harness import FaultHarness
from tests.running import Customer

FAULT_SECONDS = float(os.environ.get("ADWRIGHT_FAULT_SECONDS", "6"))
# Between requests of one kind: some 60 of each during a fault, also a long one, so that jobs that wait for its end
# do not reach the limit of live jobs.
PAUSE_SECONDS = max(0.1, FAULT_SECONDS / 60)
REPEATS = 120  # of a generation that was refused; 60 s at half a second each
REPEAT_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request was answered with. status 0: the connection was lost."""

    name: str
    write: bool
    status: int
    reason: str = ""
    retryable: bool = False
    retry_after: str = ""
    message: str = ""


@dataclass
class MixedLoad:
    """Copies, static ads, cancels, projects, statuses and credits of one customer, over and over."""

    harness: FaultHarness
    customer: Customer
    answers: list[Answer] = field(default_factory=list)
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
        kinds = (self.copy, self.static_ad, self.cancel, self.project, self.status, self.credits)

        async def repeat(kind: Any) -> None:
            while not until.is_set():
                await kind()
                await asyncio.sleep(PAUSE_SECONDS)

        await asyncio.gather(*(repeat(kind) for kind in kinds))

    async def copy(self) -> Answer:
        return await self._generate(
            "/api/generate/copy", {**self.customer.ids, "platform": "meta", "format": "short", "tone": "casual"}
        )

    async def static_ad(self) -> Answer:
        return await self._generate("/api/generate/static-ad", {**self.customer.ids, "prompt": "attempts: ok:0.2"})

    async def cancel(self) -> Answer:
        job_id = next(reversed(self.accepted.values()), str(uuid.uuid4()))
        return await self._send("cancel", True, "POST", "/api/generate/cancel", json={"jobId": job_id})

    async def project(self) -> Answer:
        return await self._send("project", True, "POST", "/api/projects", json={"name": "Aurora"})

    async def status(self) -> Answer:
        job_id = next(iter(self.accepted.values()), str(uuid.uuid4()))
        return await self._send("status", False, "GET", "/api/generate/status", params={"jobId": job_id})

    async def credits(self) -> Answer:
        return await self._send("credits", False, "GET", "/api/credits")

    async def repeat_refused(self) -> None:
        """Sends every refused generation again, with its key, until it is accepted."""
        for key, (path, body) in list(self.refused.items()):
            for _ in range(REPEATS):
                answer = await self._generate(path, body, key)
                if answer.status == 200:
                    break
                await asyncio.sleep(REPEAT_SECONDS)
            assert answer.status == 200, answer

    def since(self, index: int, *, write: bool) -> list[Answer]:
        """The answers after the first `index`, of writes or of reads."""
        return [answer for answer in self.answers[index:] if answer.write is write]

    def summary(self, index: int = 0) -> Counter[tuple[str, int, str]]:
        return Counter((answer.name, answer.status, answer.reason) for answer in self.answers[index:])

    async def _generate(self, path: str, body: dict[str, Any], key: str = "") -> Answer:
        key = key or uuid.uuid4().hex
        answer = await self._send(
            path.rpartition("/")[2], True, "POST", path, json=body, headers={"Idempotency-Key": key}, key=key
        )
        if answer.status != 200:
            self.refused[key] = (path, body)
        else:
            self.refused.pop(key, None)
        return answer

    async def _send(self, name: str, write: bool, method: str, path: str, *, key: str = "", **request: Any) -> Answer:
        try:
            response = await self._client.request(method, path, **request)
        except httpx.HTTPError:
            answer = Answer(name=name, write=write, status=0)
        else:
            said = response.json()
            error = said.get("error", {}) if response.status_code >= 400 else {}
            answer = Answer(
                name=name,
                write=write,
                status=response.status_code,
                reason=error.get("reason", ""),
                retryable=error.get("retryable", False),
                retry_after=response.headers.get("retry-after", ""),
                message=error.get("message", ""),
            )
            if key and response.status_code == 200:
                self.accepted[key] = str(said.get("jobId") or said["id"])
        self.answers.append(answer)
        return answer
