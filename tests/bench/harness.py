"""The measured system, the echo service as its baseline, and users with a project and a product."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
import psycopg

from gateway.render import command, render
from gateway.settings import Address, GatewaySettings
from local.home import AUDIENCE, ISSUER, ROOT
from local.probes import accepts_connections, is_serving
from local.process import Process
from local.system import SERVICES, Options
from tests.bench import processes
from tests.bench.client import Load, Result
from tests.bench.echo import JOB
from tests.running import Customer, RunningSystem, free_port
from tests.support import until

USERS = 64
CREDITS = 5_000_000
CONNECTIONS = 64
LOAD_SECONDS = 120


@dataclass(kw_only=True)
class Cost:
    """CPU time per request, by process."""

    requests: int = 0
    by_process: dict[str, float] = field(default_factory=dict)

    def add(self, requests: int, used: dict[str, float]) -> None:
        """Adds a round. used: CPU seconds by process."""
        self.requests += requests
        for name, spent in used.items():
            self.by_process[name] = self.by_process.get(name, 0.0) + spent

    def per_request(self) -> dict[str, float]:
        """CPU milliseconds per request, which equal CPU seconds per 1,000 requests."""
        return {name: 1000 * spent / max(1, self.requests) for name, spent in self.by_process.items()}


class BenchHarness:
    """The whole system without workers, the echo service behind a second Envoy of the same configuration, and users."""

    def __init__(self, *settings: tuple[str, str]) -> None:
        self.running = RunningSystem(Options(workers=False, settings=settings), durable=True)
        self.system, self.home = self.running.system, self.running.home
        self.echo_port, self._echo_service_port = free_port(), free_port()
        self.targets = {"system": self.system.ports["gateway"], "echo": self.echo_port}
        """Ports by the name of what listens: the measured system and its baselines."""
        self.leases = self.home.folder / "leases"
        self._extra: dict[str, Process] = {}
        self._start_echo()
        self.customers = [Customer(self.running, CREDITS) for _ in range(USERS)]
        self.tokens = [self.running.token(customer.id) for customer in self.customers]

    def stop(self) -> None:
        for name in list(self._extra):
            self.remove(name)
        self.running.stop()

    # -- processes

    def add(
        self,
        name: str,
        line: list[str],
        port: int,
        environment: dict[str, str],
        ready: Callable[[int], Awaitable[bool]] = accepts_connections,
    ) -> None:
        """Starts a process that is measured, and waits until `ready` says so of its port."""
        process = Process(
            name,
            line,
            environment=environment,
            log=self.home.logs / f"{name}.log",
            ready=lambda: ready(port),
            on_message=self.running.messages.append,
        )
        self._extra[name] = process
        self.running.run(process.start())

    def remove(self, name: str) -> None:
        """Stops an added process."""
        self.running.run(self._extra.pop(name).stop())

    def _start_echo(self) -> None:
        settings = GatewaySettings(
            listen=Address(host="127.0.0.1", port=self.echo_port),
            upstreams={name: Address(host="127.0.0.1", port=self._echo_service_port) for name in SERVICES},
            token_issuer=ISSUER,
            token_audience=AUDIENCE,
            token_jwks=str(self.home.keys / "jwks.json"),
            descriptors=ROOT / "gen" / "descriptors.binpb",
            access_log=str(self.home.logs / "echo.access.log"),
            health_checks=False,
        )
        configuration = self.home.folder / "echo.json"
        configuration.write_text(render(settings), encoding="utf-8")
        environment = self.system.environment("echo", self._echo_service_port)
        line = [sys.executable, "-m", "tests.bench.echo", str(self._echo_service_port)]
        self.add("echo", line, self._echo_service_port, environment)
        self.add("echo-gateway", [str(part) for part in command(configuration)], self.echo_port, dict(os.environ))
        # Envoy loads the issuer's keys after it has opened its port.
        headers = {"Authorization": f"Bearer {self.running.token('echo')}"}
        url = f"http://127.0.0.1:{self.echo_port}/api/generate/status?jobId={JOB}"
        until(lambda: httpx.get(url, headers=headers, trust_env=False).status_code == 200)

    def add_worker(self, name: str, *, slots: int) -> None:
        """Starts a worker whose provider does nothing; it records the time of each lease in `leases`."""
        port = free_port()
        environment = self.system.environment(name, port) | {"ADWRIGHT_SLOTS": str(slots)}
        self.add(name, [sys.executable, "-m", "tests.stub_worker", "static_ad", str(self.leases)], port, environment)

    @contextmanager
    def real_worker(self, service: str) -> Iterator[str]:
        """Runs the worker of a service as `make up` does; yields its name once it reports that it serves."""
        name, port = f"{service}-worker", free_port()
        self.add(
            name,
            [sys.executable, "-m", f"services.{service}", "worker"],
            port,
            self.system.environment(name, port),
            is_serving,
        )
        try:
            yield name
        finally:
            self.remove(name)

    def log_of(self, name: str) -> list[dict[str, Any]]:
        """The events that an added process has logged."""
        lines = (self.home.logs / f"{name}.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def pids(self) -> dict[str, int]:
        """The process ids of all measured processes by name."""
        found = {name: process.pid for name, process in (self.system.processes | self._extra).items()}
        found["postgres"] = self.system.postgres.pid
        return {name: pid for name, pid in found.items() if pid}

    # -- load

    def requests(
        self, method: str, path: str, body: dict[str, Any] | None, *, wait_seconds: int = 0
    ) -> list[tuple[str, str | None]]:
        """One request per user; the load client adds `idempotencyKey` to the body.

        wait_seconds: of the header `Prefer: wait`, with which the response is the finished job.
        """
        prefer = {"Prefer": f"wait={wait_seconds}"} if wait_seconds else {}
        made: list[tuple[str, str | None]] = []
        for customer, token in zip(self.customers, self.tokens, strict=True):
            made.append(request(method, path, token, None if body is None else {**customer.ids, **body}, prefer))
        return made

    def load(
        self, requests: list[tuple[str, str | None]], *, to: str = "system", **more: Any
    ) -> tuple[Result, dict[str, float]]:
        """Runs the load client: its result, and the CPU seconds that each process used meanwhile.

        to: a name of `targets`. more: see Load.
        """
        settings: dict[str, Any] = {"connections": CONNECTIONS, "key": uuid.uuid4().hex[:12], "seconds": 4.0, **more}
        load = Load(port=self.targets[to], requests=requests, **settings)
        before = self.used()
        result = Result(**run_module(self.system.environment("client", 0), "tests.bench.client", asdict(load)))
        return result, self.used(before) | {"client": result.processor}

    def used(self, before: dict[str, float] | None = None) -> dict[str, float]:
        """CPU seconds by process, since `before` when that is given."""
        now = processes.seconds(self.pids())
        return {name: spent - (before or {}).get(name, 0.0) for name, spent in now.items()}

    def database(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.system.database_url(name), autocommit=True)

    def count(self, database: str, query: str) -> int:
        with self.database(database) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None, "a count has a row"
        return int(row[0])


def request(
    method: str, path: str, token: str, body: dict[str, Any] | None, headers: dict[str, str] | None = None
) -> tuple[str, str | None]:
    """An HTTP request as text; in two parts when the client inserts an idempotency key between them."""
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = f"{method} {path} HTTP/1.1\r\nHost: adwright\r\nAuthorization: Bearer {token}\r\n{more}"
    if body is None:
        return head + "\r\n", None
    mark = "K" * 24
    text = json.dumps(body | {"idempotencyKey": mark}, separators=(",", ":"))
    before, _, after = text.partition(mark)
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(text.encode())}\r\n\r\n{before}", after


def run_module(environment: dict[str, str], module: str, work: dict[str, Any]) -> dict[str, Any]:
    """Runs a module that reads JSON from standard input and writes JSON to standard output.

    Raises RuntimeError when its exit status is not 0.
    """
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(work),
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LOAD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} exited with status {done.returncode}:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


@contextmanager
def running_harness(*settings: tuple[str, str]) -> Iterator[BenchHarness]:
    """Starts a harness and stops it at the end of the context."""
    harness = BenchHarness(*settings)
    try:
        yield harness
    finally:
        harness.stop()
