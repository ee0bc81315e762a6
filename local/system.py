"""Supervises the whole system on one machine: PostgreSQL, broker, services, workers and gateway."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from local.broker import broker_command, broker_environment
from local.gateway import ALL_ADDRESSES, gateway_command, generated_certificate
from local.home import AUDIENCE, ISSUER, ROOT, Home, Running
from local.logs import TRIM_INTERVAL_SECONDS, trim
from local.ports import free_ports, gateway_port
from local.postgres import DatabaseServer, PostgresServer
from local.probes import accepts_connections, gateway_ready, is_serving, process_exists
from local.process import OnMessage, Process

DATABASES = ("catalog", "billing", "job", "webhook", "campaign")
SERVICES = ("catalog", "billing", "job", "copy", "image", "video", "webhook", "campaign")
CALLED_SERVICES = ("catalog", "billing", "job", "copy", "image", "video")  # the services that other processes call
WORKERS = ("image", "video")
STATE_RETRY_SECONDS = 2.0  # between attempts to write the state file while that fails
IMAGE_SLOTS = 2  # of the image worker, on as many cores; more take the memory of a render process each
COPY_MODEL_PREFIXES = ("ADWRIGHT_COPY_OPENAI_", "ADWRIGHT_COPY_FALLBACK")  # variables that reach the copy service
LOCK_SECONDS = 0.5  # of waiting for the folder's lock, which `adwright status` holds for a moment


class AlreadyRunning(Exception):
    """Another system runs from the same folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What may differ between local systems.

    workers: start the workers. listen: the gateway's IP address. public_url: the address that clients use for the
    gateway, where it differs. trusted_proxies: number of proxies between clients and the gateway. https: serve HTTPS,
    with a generated certificate unless `certificate` and `private_key` name PEM files. settings: further environment
    variables of services and workers. trace_collector: host:port of an OTLP/gRPC collector; empty: none.
    metrics: give every process a Prometheus endpoint. broker: the command of another broker than the bundled one, for
    a port and a folder. postgres: makes the PostgreSQL server with the databases of these names.
    """

    workers: bool = True
    gateway_port: int = 0
    listen: str = "127.0.0.1"
    public_url: str = ""
    trusted_proxies: int = 0
    https: bool = False
    certificate: str = ""
    private_key: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    trace_collector: str = ""
    metrics: bool = False
    broker: Callable[[int, Path], list[str]] | None = None
    postgres: Callable[[Home, Iterable[str], OnMessage], DatabaseServer] = PostgresServer


class System:
    """Starts the processes in the order of their dependencies and stops them in the reverse order.

    on_message: receives lines for the operator, such as the end of a process.
    """

    def __init__(self, home: Home, options: Options, on_message: OnMessage) -> None:
        self.home = home
        self.processes: dict[str, Process] = {}
        self.ports: dict[str, int] = {}
        self.starting: set[str] = set()
        """Names of the processes that are not ready yet."""
        self.postgres = options.postgres(home, DATABASES, self._report)
        self._options = options
        self._on_message = on_message
        self._starting_postgres: asyncio.Task[None] | None = None
        self._loops: list[asyncio.Task[None]] = []
        self._started = False
        self._state_stale = False
        self._lock: IO[str] | None = None
        self._certificate: Path | None = None
        self._private_key: Path | None = None

    @property
    def url(self) -> str:
        """The gateway's address on this machine."""
        host = "127.0.0.1" if self._options.listen in ALL_ADDRESSES else self._options.listen
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self._options.https else 'http'}://{host}:{self.ports['gateway']}"

    async def start(self) -> Running:
        """Starts everything; stops it again when one process does not start.

        Raises AlreadyRunning, and RuntimeError with a message for the operator.
        """
        try:
            self.home.prepare()
            await self._take_lock()
        except OSError as error:
            raise RuntimeError(f"{self.home.folder} cannot be written: {error.strerror}") from None
        try:
            self._choose_ports()
            self._choose_certificate()
            # The start runs in a thread, which goes on when this task is cancelled. `stop` waits for it, so that its
            # server does not stay behind.
            self._starting_postgres = asyncio.create_task(self._start_postgres())
            await asyncio.gather(asyncio.shield(self._starting_postgres), self._start_broker())
            self._loops = [
                asyncio.create_task(loop())
                for loop in (self.postgres.watch, self._trim_logs_periodically, self._retry_state)
            ]
            # Services need no order: a channel connects as soon as its server listens.
            await asyncio.gather(*(self._start_service(name) for name in SERVICES))
            workers = WORKERS if self._options.workers else ()
            await asyncio.gather(self._start_gateway(), *(self._start_worker(name) for name in workers))
            self._started = True
            return self.write_state()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops the gateway, then the workers, the services, the broker, and PostgreSQL."""
        workers = [f"{name}-worker" for name in WORKERS]
        groups: tuple[Iterable[str], ...] = (["gateway"], workers, SERVICES, ["broker"])
        for group in groups:
            await asyncio.gather(*(self.processes[name].stop() for name in group if name in self.processes))
        self._started = False
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._starting_postgres is not None:
            await asyncio.gather(self._starting_postgres, return_exceptions=True)
        await asyncio.to_thread(self.postgres.stop)
        self.home.state.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def alive(self) -> list[str]:
        """The names of the processes that have not ended."""
        found = sorted(name for name, process in self.processes.items() if process.pid)
        return [*found, *(["postgres"] if self.postgres.started else [])]

    def write_state(self) -> Running:
        """Writes the state file that the commands read, and returns its content. A failed write is repeated later."""
        pids = {name: process.pid for name, process in self.processes.items()}
        if self.postgres.started:
            pids["postgres"] = self.postgres.pid
        running = Running(
            url=self.url,
            supervisor_pid=os.getpid(),
            ports=self.ports,
            pids=pids,
            databases={name: self.database_url(name) for name in DATABASES},
            certificate=str(self._certificate or ""),
        )
        self._state_stale = not self.home.write_state(running)
        return running

    def database_url(self, name: str) -> str:
        """The address of a service's database."""
        return self.postgres.url(name)

    def environment(self, name: str, port: int) -> dict[str, str]:
        """The environment variables of a service or worker that listens on the port."""
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": os.environ.get("HOME", ""),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
            "PYTHONUNBUFFERED": "1",
            "ADWRIGHT_LISTEN": f"127.0.0.1:{port}",
            "ADWRIGHT_TOKEN_ISSUER": ISSUER,
            "ADWRIGHT_TOKEN_AUDIENCE": AUDIENCE,
            "ADWRIGHT_TOKEN_JWKS": str(self.home.keys / "jwks.json"),
            "ADWRIGHT_SERVICE_SECRET_FILE": str(self.home.keys / "service-secret"),
            "ADWRIGHT_ASSET_SIGNING_SECRET_FILE": str(self.home.keys / "asset-secret"),
            "ADWRIGHT_KAFKA_BOOTSTRAP": f"127.0.0.1:{self.ports['broker']}",
            "ADWRIGHT_KAFKA_PARTITIONS": "2",  # limits the workers that share a type; each partition costs CPU
            "ADWRIGHT_KAFKA_FETCH_WAIT_MS": "20",  # the bundled broker responds to a fetch only after this wait
            "ADWRIGHT_ASSETS_URL": f"file://{self.home.assets}",
            "ADWRIGHT_PUBLIC_URL": self._options.public_url or self.url,
        }
        if self._options.trace_collector:
            environment["ADWRIGHT_TRACE_ADDRESS"] = self._options.trace_collector
        if self._options.metrics:
            environment["ADWRIGHT_METRICS_LISTEN"] = f"127.0.0.1:{self.ports[metrics_of(name)]}"
        for service in CALLED_SERVICES:
            environment[f"ADWRIGHT_{service.upper()}_ADDRESS"] = f"127.0.0.1:{self.ports[service]}"
        if name == "image-worker":
            environment["ADWRIGHT_SLOTS"] = str(min(IMAGE_SLOTS, os.cpu_count() or 1))
        if name in DATABASES:
            environment["ADWRIGHT_DATABASE_URL"] = self.database_url(name)
        if "ADWRIGHT_MODELS" in os.environ:
            environment["ADWRIGHT_MODELS"] = os.environ["ADWRIGHT_MODELS"]
        if name == "copy":  # the language model that writes, if there is one
            environment.update({key: value for key, value in os.environ.items() if key.startswith(COPY_MODEL_PREFIXES)})
        environment.update(self._options.settings)
        return environment

    # -- before the start

    async def _take_lock(self) -> None:
        self._lock = self.home.lock.open("w")
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._lock.close()
                    self._lock = None
                    raise AlreadyRunning(f"a system is running from {self.home.folder} already") from None
            await asyncio.sleep(LOCK_SECONDS / 10)

    def _choose_ports(self) -> None:
        processes = [*SERVICES, *(f"{name}-worker" for name in WORKERS)]
        names = [*processes, "broker", "envoy-admin"]
        if self._options.metrics:
            names += [metrics_of(name) for name in processes]
        gateway = gateway_port(self._options.listen, self._options.gateway_port)
        self.ports.update(zip(names, free_ports(len(names), exclude=frozenset({gateway})), strict=True))
        self.ports["gateway"] = gateway

    def _choose_certificate(self) -> None:
        if not self._options.https:
            return
        if self._options.certificate:
            self._certificate = Path(self._options.certificate).resolve()
            self._private_key = Path(self._options.private_key).resolve()
            return
        self._certificate, self._private_key = generated_certificate(
            self.home.keys / "tls", self._options.listen, self._options.public_url
        )

    # -- processes

    async def _start_postgres(self) -> None:
        self.starting.add("postgres")
        await asyncio.to_thread(self.postgres.start)
        self.starting.discard("postgres")

    async def _start_broker(self) -> None:
        port = self.ports["broker"]
        if self._options.broker is not None:
            folder = self.home.folder / "broker"
            folder.mkdir(exist_ok=True)
            command = await asyncio.to_thread(self._options.broker, port, folder)
            environment = dict(os.environ)
        else:
            command, environment = broker_command(port), broker_environment()
        await self._start_process("broker", command, environment, lambda: accepts_connections(port))

    async def _start_service(self, name: str) -> None:
        port = self.ports[name]
        command = [sys.executable, "-m", f"services.{name}"]
        await self._start_process(name, command, self.environment(name, port), lambda: is_serving(port))

    async def _start_worker(self, name: str) -> None:
        worker = f"{name}-worker"
        port = self.ports[worker]
        command = [sys.executable, "-m", f"services.{name}", "worker"]
        await self._start_process(worker, command, self.environment(worker, port), lambda: is_serving(port))

    async def _start_gateway(self) -> None:
        command = await asyncio.to_thread(
            gateway_command,
            self.home,
            listen=self._options.listen,
            ports=self.ports,
            upstreams=SERVICES,
            trusted_proxies=self._options.trusted_proxies,
            certificate=self._certificate,
            private_key=self._private_key,
            trace_collector=self._options.trace_collector,
        )
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "")}
        await self._start_process("gateway", command, environment, lambda: gateway_ready(self.ports["envoy-admin"]))

    async def _start_process(
        self, name: str, command: list[str], environment: dict[str, str], ready: Callable[[], Awaitable[bool]]
    ) -> None:
        process = Process(
            name,
            command,
            environment=environment,
            log=self.home.logs / f"{name}.log",
            ready=ready,
            on_message=self._report,
        )
        self.processes[name] = process
        self.starting.add(name)
        await process.start()
        self.starting.discard(name)

    # -- while it runs

    async def _trim_logs_periodically(self) -> None:
        while True:
            with suppress(OSError):  # the folder cannot be listed
                await asyncio.to_thread(trim, [*self.home.logs.glob("*.log"), self.home.database / "log"])
            await asyncio.sleep(TRIM_INTERVAL_SECONDS)

    async def _retry_state(self) -> None:
        """Writes the state file again after a failed write, as on a full disk."""
        while True:
            await asyncio.sleep(STATE_RETRY_SECONDS)
            if self._started and self._state_stale:
                self.write_state()

    def _report(self, text: str) -> None:
        """Passes a message on and updates the state file: a message mostly means that process ids changed."""
        with suppress(OSError, ValueError):  # the output may be a file on a full disk, or closed
            self._on_message(text)
        if self._started:
            self.write_state()


def metrics_of(name: str) -> str:
    """The key in `System.ports` of a process's Prometheus endpoint."""
    return f"{name}-metrics"


async def health(running: Running) -> dict[str, bool]:
    """Whether each process of a running system is healthy, by name."""

    async def healthy(name: str, pid: int) -> bool:
        if not pid or not process_exists(pid):
            return False
        if name in SERVICES or name.endswith("-worker"):
            return await is_serving(running.ports[name])
        if name == "gateway":
            return await accepts_connections(running.ports[name], urlsplit(running.url).hostname or "")
        return await accepts_connections(running.ports[name]) if name in running.ports else True

    results = await asyncio.gather(*(healthy(name, pid) for name, pid in running.pids.items()))
    return dict(zip(running.pids, results, strict=True))
