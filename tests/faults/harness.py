"""A running system to break: processes to kill, freeze and thaw, a load that keeps account of what it was told, and
what must hold afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from cli.reconciliation import Outcome, Reconciliation
from local.process import Process
from local.system import Options, health
from services.billing.audit import Proof, verify
from services.chassis.data.database import Database
from tests.running import Customer, RunningSystem, free_port

TERMINAL = {"completed", "failed", "canceled", "expired"}
# How long a test waits for what must come. On a machine that others use as well, all this takes ten times as long as
# on an idle one; where seconds matter, a test has a bound of its own.
PATIENCE_SECONDS = 240.0
TRY_SECONDS = 0.25


class FaultHarness:
    """The system without its own workers; stub workers are added by name."""

    def __init__(self, *settings: tuple[str, str], running: RunningSystem | None = None) -> None:
        self.running = running or RunningSystem(Options(workers=False, settings=settings))
        self.home, self.system = self.running.home, self.running.system
        self._workers: dict[str, Process] = {}

    def stop(self) -> None:
        for worker in self._workers.values():
            self.running.run(worker.stop())
        self.running.stop()

    def add_replica(self, service: str) -> str:
        """Another process of the service on the same database; its address. Nothing but the test calls it."""
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
            on_message=self.running.said.append,
        )
        self._workers[name] = process
        self.running.run(process.start())
        return f"127.0.0.1:{port}"

    def add_worker(self, name: str, *, slots: int = 1, **settings: str) -> Process:
        """A process that makes static ads as their prompts say; the supervisor starts it again when it dies."""
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
            on_message=self.running.said.append,
        )
        self._workers[name] = process
        self.running.run(process.start())
        return process

    def remove_worker(self, name: str) -> None:
        """Stops it as a rolling restart would."""
        self.running.run(self._workers.pop(name).stop())

    def pid(self, name: str) -> int:
        """The process of a service, of `postgres`, or of a stub worker; 0 while it is not there."""
        if name == "postgres":
            return self.system.postgres.pid
        process = self._workers.get(name) or self.system.processes[name]
        return process.pid

    def signal(self, name: str, number: signal.Signals) -> bool:
        """Sends it; False when the process is not there, being dead from before."""
        pid = self.pid(name)
        if not pid:
            return False
        os.kill(pid, number)
        return True

    def kill(self, name: str) -> bool:
        """kill -9."""
        return self.signal(name, signal.SIGKILL)

    def rows(self, database: str, query: str, *parameters: object) -> list[dict[str, Any]]:
        """Waits for a PostgreSQL that is being started again."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                connection = psycopg.connect(self.system.database_url(database), row_factory=dict_row)
            except psycopg.OperationalError:
                assert time.monotonic() < give_up, self.running.said
                time.sleep(0.1)
                continue
            with connection:
                return connection.execute(query.encode(), parameters).fetchall()

    def count(self, database: str, query: str, *parameters: object) -> int:
        """The number that a `select count(*)` gives."""
        return int(self.rows(database, query, *parameters)[0]["count"])

    async def until(
        self, met: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = PATIENCE_SECONDS
    ) -> float:
        """Waits for it; how long that took. Fails after `seconds`."""
        began = time.monotonic()
        while True:
            answer = met()
            if answer if isinstance(answer, bool) else await answer:
                return time.monotonic() - began
            assert time.monotonic() - began < seconds, f"not after {seconds} s; {self.running.said[-5:]}"
            await asyncio.sleep(0.05)

    async def settled(self) -> None:
        """Waits until no job is live and every end is confirmed by billing."""
        await self.until(lambda: not self.count("job", "select count(*) from job where settled_at is null"))

    async def whole(self, workers: Mapping[str, int]) -> None:
        """Mends what a failed test has left: the stub workers are these, by their slots, and every process answers."""
        for name, slots in workers.items():
            if name not in self._workers:
                self.add_worker(name, slots=slots)
        for process in (*self.system.processes.values(), *self._workers.values()):
            if process.pid:
                os.kill(process.pid, signal.SIGCONT)

        async def answers() -> bool:
            there = all(self.pid(name) for name in ("postgres", *self.system.processes, *self._workers))
            return there and all((await health(self.system.tell())).values())

        await self.until(answers)

    async def proof(self) -> Proof:
        database = Database(self.system.database_url("billing"), pool_size=1)
        await database.open()
        try:
            async with database.connection() as connection:
                return await verify(connection)
        finally:
            await database.close()

    async def reconciled(self, *, heal: bool = False) -> Outcome:
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

    async def check_books(self) -> None:
        """The ledger fits, and fits the jobs."""
        proof = await self.proof()
        assert proof.wrong == ()
        outcome = await self.reconciled()
        assert outcome.differences == ()

    def check_assets(self) -> None:
        """A completed job has the assets of one attempt, all of them stored; no other job has any."""
        wrong = self.rows(
            "job",
            """select job.id, status, count(asset.id) as assets, count(distinct split_part(key, '/', 3)) as attempts
                 from job left join asset on asset.job_id = job.id group by job.id, status
               having (status = 'completed') <> (count(distinct split_part(key, '/', 3)) = 1)
                   or (status = 'completed') <> (count(asset.id) = 1)""",
        )
        assert wrong == []
        for row in self.rows("job", "select key, size_bytes from asset"):
            file = Path(self.home.assets) / row["key"]
            assert file.stat().st_size == row["size_bytes"], file


async def accepts(port: int) -> bool:
    """Whether something listens on the port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@dataclass
class Load:
    """Requests of one customer, repeated as a client would while the system is not well."""

    breakable: FaultHarness
    customer: Customer
    concurrency: int = 16
    accepted: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)  # what a repetition did not mend; 0: no answer at all
    repeated: int = 0

    async def submit(self, client: httpx.AsyncClient, prompt: str) -> str | None:
        """The id of an accepted job. The key makes repeating safe, whatever has become of the job meanwhile."""
        body = {**self.customer.ids, "prompt": f"attempts: {prompt}"}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        give_up = time.monotonic() + PATIENCE_SECONDS
        answer: httpx.Response | None = None
        while time.monotonic() < give_up:
            try:
                answer = await client.post("/api/generate/static-ad", json=body, headers=key)
            except httpx.HTTPError:
                self.repeated += 1
                await asyncio.sleep(TRY_SECONDS)
                continue
            if answer.status_code == 200:
                job_id = str(answer.json()["jobId"])
                self.accepted.append(job_id)
                return job_id
            in_flight = answer.status_code == 409 and answer.json()["error"]["reason"] == "REQUEST_IN_FLIGHT"
            if answer.status_code not in (429, 500, 502, 503, 504) and not in_flight:
                break
            self.repeated += 1
            await asyncio.sleep(TRY_SECONDS)
        self.refused[answer.status_code if answer is not None else 0] += 1
        return None

    async def run(
        self,
        *,
        jobs: int | None = None,
        until: asyncio.Event | None = None,
        prompt: Callable[[int], str] = lambda _: "ok",
        cancel_every: int = 0,
    ) -> None:
        """Submits `jobs` jobs, or goes on until the event; cancels some of them."""
        numbers = iter(range(jobs if jobs is not None else 1_000_000))
        async with httpx.AsyncClient(
            base_url=self.breakable.system.url,
            headers={"Authorization": f"Bearer {self.breakable.running.token(self.customer.id)}"},
            timeout=20,
            trust_env=False,
        ) as client:

            async def one() -> None:
                for number in numbers:
                    if until is not None and until.is_set():
                        return
                    job_id = await self.submit(client, prompt(number))
                    if job_id and cancel_every and number % cancel_every == 0:
                        try:
                            await client.post("/api/generate/cancel", json={"jobId": job_id})
                        except httpx.HTTPError:
                            continue  # whether it was done shows in the job

            await asyncio.gather(*(one() for _ in range(self.concurrency)))
