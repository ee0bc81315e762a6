"""A running system for fault tests: processes to kill and freeze, a load that records responses, and the invariants."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from cli.reconciliation import Outcome, Reconciliation
from local.process import Process
from local.system import Options, health
from services.billing.audit import AuditResult, verify
from services.chassis.data.database import Database
from tests.running import Customer, RunningSystem, accepts, free_port
from tests.support import until, until_async

# The limit of every wait for an expected event. On a shared machine everything takes ten times as long as on an idle
# one; a test whose promise is a time has its own limit.
EVENT_SECONDS = 240.0
RETRY_SECONDS = 0.5


class FaultHarness:
    """The system without its workers; tests add stub workers by name."""

    def __init__(self, *settings: tuple[str, str], running: RunningSystem | None = None) -> None:
        self.running = running or RunningSystem(Options(workers=False, settings=settings))
        self.home, self.system = self.running.home, self.running.system
        self._added: dict[str, Process] = {}

    def stop(self) -> None:
        async def stop_added() -> None:
            await asyncio.gather(*(process.stop() for process in self._added.values()))

        self.running.run(stop_added())
        self.running.stop()

    def add_replica(self, service: str) -> str:
        """Starts another process of the service on the same database; its address. Only the test calls it.

        The next `repair` stops it.
        """
        port = free_port()
        name = f"{service}-{port}"
        environment = self.system.environment(service, port)

        async def ready() -> bool:
            return await accepts(port)

        process = Process(
            name,
            [sys.executable, "-m", f"services.{service}"],
            environment=environment,
            log=self.home.logs / f"{name}.log",
            ready=ready,
            on_message=self.running.messages.append,
        )
        self._added[name] = process
        self.running.run(process.start())
        return f"127.0.0.1:{port}"

    def add_worker(self, name: str, *, slots: int = 1, **settings: str) -> Process:
        """Starts a worker whose static ads end as their prompts say; the supervisor restarts it when it dies."""
        port = free_port()
        environment = self.system.environment(name, port) | {
            "ADWRIGHT_SLOTS": str(slots),
            "ADWRIGHT_STOP_GRACE_SECONDS": "2",
            **settings,
        }

        async def ready() -> bool:
            return await accepts(port)

        process = Process(
            name,
            [sys.executable, "-m", "tests.stub_worker", "static_ad"],
            environment=environment,
            log=self.home.logs / f"{name}.log",
            ready=ready,
            on_message=self.running.messages.append,
        )
        self._added[name] = process
        self.running.run(process.start())
        return process

    def remove_worker(self, name: str) -> None:
        """Stops an added process as a rolling restart does."""
        self.running.run(self._added.pop(name).stop())

    def pid(self, name: str) -> int:
        """The process id of a service, of `postgres`, or of a stub worker; 0 while it does not run."""
        if name == "postgres":
            return self.system.postgres.pid
        process = self._added.get(name) or self.system.processes[name]
        return process.pid

    def signal(self, name: str, number: signal.Signals) -> bool:
        """Sends a signal; False when the process does not run."""
        pid = self.pid(name)
        if not pid:
            return False
        os.kill(pid, number)
        return True

    def kill(self, name: str) -> bool:
        """Sends SIGKILL; False when the process does not run."""
        return self.signal(name, signal.SIGKILL)

    def rows(self, database: str, query: str, *parameters: object) -> list[dict[str, Any]]:
        """The rows of a query; waits for PostgreSQL while it restarts."""

        def connect() -> psycopg.Connection[dict[str, Any]] | None:
            try:
                return psycopg.connect(self.system.database_url(database), row_factory=dict_row)
            except psycopg.OperationalError:
                return None

        connection = until(connect, seconds=EVENT_SECONDS, describe=lambda: self.running.messages)
        assert connection is not None
        with connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def count(self, database: str, query: str, *parameters: object) -> int:
        """The result of a `select count(*)`."""
        return int(self.rows(database, query, *parameters)[0]["count"])

    async def until(
        self, condition: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = EVENT_SECONDS
    ) -> float:
        """Waits until the condition is true; the seconds that this took. Fails after `seconds`."""
        began = time.monotonic()
        await until_async(condition, seconds=seconds, describe=lambda: self.running.messages[-5:])
        return time.monotonic() - began

    async def settled(self) -> None:
        """Waits until no job is live and billing has settled every job."""
        await self.until(lambda: not self.count("job", "select count(*) from job where settled_at is null"))

    async def repair(self, workers: Mapping[str, int]) -> None:
        """Undoes what other tests have left behind.

        Afterwards the stub workers of `workers` (slots by name) run and no others, and every process is healthy.
        """
        for name in self._added.keys() - workers.keys():
            self.remove_worker(name)
        for name, slots in workers.items():
            if name not in self._added:
                self.add_worker(name, slots=slots)
        for process in (*self.system.processes.values(), *self._added.values()):
            if process.pid:
                os.kill(process.pid, signal.SIGCONT)
        await self.until(self.healthy)

    async def healthy(self) -> bool:
        """Whether every process runs and passes its health check."""
        running = all(self.pid(name) for name in ("postgres", *self.system.processes, *self._added))
        return running and all((await health(self.system.write_state())).values())

    async def audit(self) -> AuditResult:
        """The result of billing's audit of the ledger."""
        database = Database(self.system.database_url("billing"), pool_size=1)
        await database.open()
        try:
            async with database.connection() as connection:
                return await verify(connection)
        finally:
            await database.close()

    async def reconcile(self, *, heal: bool = False) -> Outcome:
        """Compares holds and jobs as `adwright ledger reconcile` does."""
        reconciliation = Reconciliation(
            billing=f"127.0.0.1:{self.system.ports['billing']}",
            job=f"127.0.0.1:{self.system.ports['job']}",
            secret=(self.home.keys / "service-secret").read_text(encoding="utf-8").strip(),
            admin_token=self.home.token("reconcile", admin=True),
        )
        try:
            return await reconciliation.run(heal=heal, settling_seconds=0)
        finally:
            await reconciliation.close()

    async def check_ledger(self) -> None:
        """Checks that the ledger is consistent in itself and with the jobs."""
        audit = await self.audit()
        assert audit.problems == ()
        outcome = await self.reconcile()
        assert outcome.differences == ()

    def check_assets(self, user_id: str = "") -> None:
        """Checks that a completed job has the stored assets of one attempt, and that other jobs have none.

        user_id: whose jobs; empty: everybody's.
        """
        whose = user_id or "%"
        wrong = self.rows(
            "job",
            """select job.id, status, count(asset.id) as assets, count(distinct split_part(key, '/', 3)) as attempts
                 from job left join asset on asset.job_id = job.id where user_id like %s group by job.id, status
               having (status = 'completed') <> (count(distinct split_part(key, '/', 3)) = 1)
                   or (status = 'completed') <> (count(asset.id) = 1)""",
            whose,
        )
        assert wrong == []
        stored = "select key, size_bytes from asset join job on job.id = job_id where user_id like %s"
        for row in self.rows("job", stored, whose):
            file = Path(self.home.assets) / row["key"]
            assert file.stat().st_size == row["size_bytes"], file


@dataclass
class Load:
    """Requests of one customer, retried as a client does while the system is impaired."""

    harness: FaultHarness
    customer: Customer
    concurrency: int = 16
    accepted: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)  # by status, after all retries; 0: no response
    retried: int = 0
    fields: dict[str, Any] = field(default_factory=dict)  # further ones of each request

    async def submit(self, client: httpx.AsyncClient, prompt: str) -> str | None:
        """Submits a job until it is accepted; its id. The key makes retries safe whatever the job's state."""
        body = {**self.customer.ids, "prompt": f"attempts: {prompt}", **self.fields}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        deadline = time.monotonic() + EVENT_SECONDS
        response: httpx.Response | None = None
        while time.monotonic() < deadline:
            try:
                response = await client.post("/api/generate/static-ad", json=body, headers=key)
            except httpx.HTTPError:
                self.retried += 1
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if response.status_code == 200:
                job_id = str(response.json()["jobId"])
                self.accepted.append(job_id)
                return job_id
            in_flight = response.status_code == 409 and response.json()["error"]["reason"] == "REQUEST_IN_FLIGHT"
            if response.status_code not in (429, 500, 502, 503, 504) and not in_flight:
                break
            self.retried += 1
            await asyncio.sleep(RETRY_SECONDS)
        self.refused[response.status_code if response is not None else 0] += 1
        return None

    async def run(
        self,
        *,
        jobs: int | None = None,
        until: asyncio.Event | None = None,
        prompt: Callable[[int], str] = lambda _: "ok",
        cancel_every: int = 0,
        pause: float = 0,
    ) -> None:
        """Submits `jobs` jobs, or jobs until the event, and cancels one in `cancel_every`.

        pause: seconds between two requests of one client. Without one the load takes all the processor time that is
        left, and the longer the event takes on a busy machine, the more jobs there are to end afterwards.
        """
        numbers = iter(range(jobs if jobs is not None else 1_000_000))
        async with self._client() as client:

            async def one() -> None:
                for number in numbers:
                    if until is not None and until.is_set():
                        return
                    job_id = await self.submit(client, prompt(number))
                    if job_id and cancel_every and number % cancel_every == 0:
                        with suppress(httpx.HTTPError):  # the job's status shows whether it was canceled
                            await client.post("/api/generate/cancel", json={"jobId": job_id})
                    await asyncio.sleep(pause)

            await asyncio.gather(*(one() for _ in range(self.concurrency)))

    async def cancel_live(self) -> None:
        """Cancels the accepted jobs; those that have ended stay as they are."""
        left = iter(self.accepted)
        async with self._client() as client:

            async def one() -> None:
                for job_id in left:
                    response = await client.post("/api/generate/cancel", json={"jobId": job_id})
                    assert response.status_code in (200, 409), response.text

            await asyncio.gather(*(one() for _ in range(self.concurrency)))

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.harness.system.url,
            headers={"Authorization": f"Bearer {self.harness.running.token(self.customer.id)}"},
            timeout=20,
            trust_env=False,
        )
