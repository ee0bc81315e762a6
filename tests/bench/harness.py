"""The system under measurement, the yardsticks beside it, and users with something to advertise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg

from gateway.render import command, render
from gateway.settings import Address, GatewaySettings
from local.home import AUDIENCE, ISSUER, ROOT
from local.probes import accepts_connections
from local.process import Process
from local.system import SERVICES, Options
from tests.bench import processes
from tests.bench.client import Load, Result
from tests.running import Customer, RunningSystem, free_port

USERS = 64
CREDITS = 5_000_000
CONNECTIONS = 64
LOAD_SECONDS = 120


@dataclass(kw_only=True)
class Cost:
    """Processor milliseconds for each request, by process."""

    requests: int = 0
    by_process: dict[str, float] = field(default_factory=dict)

    def add(self, requests: int, used: dict[str, float]) -> None:
        """Takes in another round: its requests and the seconds used."""
        self.requests += requests
        for name, spent in used.items():
            self.by_process[name] = self.by_process.get(name, 0.0) + spent

    def each(self) -> dict[str, float]:
        """Milliseconds a request: the same number as seconds for a thousand."""
        return {name: 1000 * spent / max(1, self.requests) for name, spent in self.by_process.items()}


class BenchHarness:
    """The whole system without workers, an echo service behind a second Envoy of the same configuration, and users."""

    def __init__(self, *settings: tuple[str, str]) -> None:
        self.running = RunningSystem(Options(workers=False, settings=settings), durable=True)
        self.system, self.home = self.running.system, self.running.home
        self.echo_port, self._echo_service_port = free_port(), free_port()
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

    def _add(self, name: str, line: list[str], port: int, environment: dict[str, str]) -> None:
        process = Process(
            name,
            line,
            environment=environment,
            log=self.home.logs / f"{name}.log",
            ready=lambda: accepts_connections(port),
            on_message=self.running.said.append,
        )
        self._extra[name] = process
        self.running.run(process.start())

    def remove(self, name: str) -> None:
        """Stops a process that was added."""
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
        self._add("echo", line, self._echo_service_port, environment)
        self._add("echo-gateway", [str(part) for part in command(configuration)], self.echo_port, dict(os.environ))
        time.sleep(1.0)  # the keys come a moment after the port is open

    def add_worker(self, name: str, *, slots: int) -> None:
        """A worker whose provider does nothing; it notes when it has a lease."""
        port = free_port()
        environment = self.system.environment(name, port) | {"ADWRIGHT_SLOTS": str(slots)}
        self._add(name, [sys.executable, "-m", "tests.stub_worker", "static_ad", str(self.leases)], port, environment)

    def pids(self) -> dict[str, int]:
        """Every process that is measured, by name."""
        found = {name: process.pid for name, process in (self.system.processes | self._extra).items()}
        found["postgres"] = self.system.postgres.pid
        return {name: pid for name, pid in found.items() if pid}

    # -- load

    def requests(self, method: str, path: str, body: dict[str, Any] | None) -> list[tuple[str, str | None]]:
        """A request of each user; in the body `idempotencyKey` is put in by the client."""
        made: list[tuple[str, str | None]] = []
        for customer, token in zip(self.customers, self.tokens, strict=True):
            made.append(request(method, path, token, None if body is None else {**customer.ids, **body}))
        return made

    def load(
        self, requests: list[tuple[str, str | None]], *, echo: bool = False, **more: Any
    ) -> tuple[Result, dict[str, float]]:
        """Runs the load client: its result, and the processor seconds that each process used meanwhile."""
        port = self.echo_port if echo else self.system.ports["gateway"]
        settings: dict[str, Any] = {"connections": CONNECTIONS, "key": uuid.uuid4().hex[:12], "seconds": 4.0, **more}
        load = Load(port=port, requests=requests, **settings)
        before = self.used()
        result = Result(**run_beside(self.system.environment("client", 0), "tests.bench.client", asdict(load)))
        return result, self.used(before) | {"client": result.processor}

    def used(self, before: dict[str, float] | None = None) -> dict[str, float]:
        """Processor seconds that each process has used, since `before` if that is given."""
        now = processes.seconds(self.pids())
        return {name: spent - (before or {}).get(name, 0.0) for name, spent in now.items()}

    def database(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.system.database_url(name), autocommit=True)

    def count(self, database: str, query: str) -> int:
        with self.database(database) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None, "a count has a row"
        return int(row[0])


def request(method: str, path: str, token: str, body: dict[str, Any] | None) -> tuple[str, str | None]:
    """The bytes of a request as text, in two parts where an idempotency key stands between them."""
    head = f"{method} {path} HTTP/1.1\r\nHost: adwright\r\nAuthorization: Bearer {token}\r\n"
    if body is None:
        return head + "\r\n", None
    mark = "K" * 24
    text = json.dumps(body | {"idempotencyKey": mark}, separators=(",", ":"))
    before, _, after = text.partition(mark)
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(text.encode())}\r\n\r\n{before}", after


def run_beside(environment: dict[str, str], module: str, work: dict[str, Any]) -> dict[str, Any]:
    """Runs a module that reads JSON from standard input and writes JSON to standard output."""
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
        raise RuntimeError(f"{module} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


@contextmanager
def running_harness(*settings: tuple[str, str]) -> Iterator[BenchHarness]:
    """A harness for as long as it is wanted."""
    made = BenchHarness(*settings)
    try:
        yield made
    finally:
        made.stop()
