"""PostgreSQL: a connection pool, transactions, and numbered migrations.

Statements are SQL text run by psycopg. Most of them are multi-row statements over `unnest`ed arrays, written for
certain row locks and partial indexes.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import structlog
from opentelemetry.trace import SpanKind
from psycopg.rows import DictRow, TupleRow, dict_row, tuple_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from services.chassis.data.locks import MIGRATION_LOCK
from services.chassis.errors import DependencyUnavailable, StorageFull
from services.chassis.observability.telemetry import DATABASE_ERRORS
from services.chassis.observability.tracing import child_span

Connection = psycopg.AsyncConnection[DictRow]

# Longer than any statement takes; after it the caller should retry. Three tries of the gateway that each wait this long
# finish within its timeout of 15 s.
POOL_WAIT_SECONDS = 4.0
# How long the pool retries a connection, with pauses that double from 1 s. The next request then starts over. With the
# default of 5 minutes the pauses would grow to a minute, and a recovered server would stay unused for that long.
RECONNECT_SECONDS = 4.0
# Lower bound between drops of all idle connections, which happen when one turns out to be read-only. Without it a
# database that is read-only for hours would be connected to for every request.
DRAIN_SECONDS = 2.0
UNAVAILABLE_LOG_SECONDS = 1.0  # a line for every refused request would fill the disk, which may be the cause
STATEMENT_TIMEOUT_MS = 15_000
CONNECT_TIMEOUT_SECONDS = 5
# A transaction of a frozen process or a lost host releases its locks after this. The outbox relay sends inside a
# transaction, for up to 20 s.
IDLE_TRANSACTION_MS = 30_000
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
MIGRATION_LOCK_TIMEOUT = "10s"  # a migration that waits longer for a table lock fails: readers queue behind its wait
MIGRATION_POLL_SECONDS = 0.5
MIGRATION_WAIT_SECONDS = 3_600  # building an index over many millions of rows takes tens of minutes
NO_TRANSACTION = "-- no transaction"
# Errors that a retry may not meet and that psycopg does not class as OperationalError: the server became a standby or
# read-only, or the transaction idled or ran for too long.
TRANSIENT_ERRORS = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)

SQL = {"db.system.name": "postgresql"}

log = structlog.get_logger()


class Database:
    """A pool of connections to one service's database."""

    def __init__(self, url: str, *, pool_size: int) -> None:
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=pool_size,
            timeout=POOL_WAIT_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            open=False,
            check=None,
            kwargs={
                "row_factory": dict_row,
                "autocommit": True,
                "connect_timeout": CONNECT_TIMEOUT_SECONDS,
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC"
                f" -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_MS}"
                + "".join(f" -c tcp_{name}={number}" for name, number in KEEPALIVE.items()),
                **KEEPALIVE,
            },
        )
        self._drained_at = -math.inf
        self._logged_at: dict[str, float] = {}  # by SQLSTATE

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Opens a transaction and commits it on exit. Raises DependencyUnavailable when the database is unavailable."""
        with child_span("transaction", SQL, SpanKind.CLIENT):
            async with self._connected() as connection, connection.transaction():
                yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Opens a connection in autocommit mode, for reads and single statements. Raises as `transaction`."""
        with child_span("statements", SQL, SpanKind.CLIENT):
            async with self._connected() as connection:
                yield connection

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.connection() as connection:
                try:
                    yield connection
                except psycopg.errors.ReadOnlySqlTransaction:
                    # After a failover the old primary may stay up as a standby. The pool discards a closed connection.
                    await connection.close()
                    await self._drain()
                    raise
        except (psycopg.OperationalError, PoolTimeout, *TRANSIENT_ERRORS) as error:
            # Includes a connection that is lost during the commit. The outcome is then unknown, so every write must
            # be safe to repeat.
            raise self._refusal(error) from error

    async def _drain(self) -> None:
        """Replaces the idle connections, which lead to the same read-only server."""
        now = time.monotonic()
        if now - self._drained_at >= DRAIN_SECONDS:
            self._drained_at = now
            await self._pool.drain()

    def _refusal(self, error: Exception) -> DependencyUnavailable:
        sqlstate = getattr(error, "sqlstate", None) or ""
        full = isinstance(error, psycopg.errors.DiskFull)
        DATABASE_ERRORS.labels(sqlstate, StorageFull.reason if full else DependencyUnavailable.reason).inc()
        now = time.monotonic()
        if now - self._logged_at.get(sqlstate, -math.inf) >= UNAVAILABLE_LOG_SECONDS:
            self._logged_at[sqlstate] = now
            event = "database_full" if full else "database_unavailable"
            log.warning(event, sqlstate=sqlstate, error=str(error))
        if full:
            return StorageFull()
        return DependencyUnavailable("The database cannot be reached; try again.", retry_after_seconds=1)

    async def ready(self) -> bool:
        """Whether the database responds. Drops the connections to a read-only server.

        Without the drop, a process that only reads would keep reading outdated data from a standby after a failover.
        """
        try:
            async with asyncio.timeout(2), self.connection() as connection:
                found = await fetch_one(
                    connection, "select current_setting('transaction_read_only') = 'on' as unwritable"
                )
            if found is not None and found["unwritable"]:
                await self._drain()
        except (DependencyUnavailable, psycopg.Error, TimeoutError):
            return False
        return True


async def migrate(url: str, folder: Path) -> list[str]:
    """Applies the migrations in `folder` that the database lacks, in order. Returns the names of the applied files.

    Files are named `0001_name.sql`. Each is applied and recorded in one transaction, under an advisory lock, so several
    processes may call this concurrently. Raises RuntimeError for a file that was changed after it had been applied.
    Migrations in the database that have no file here are accepted: an older release may run against a newer database.

    A file that starts with NO_TRANSACTION is run statement by statement, for `create index concurrently` and similar
    statements. Each statement ends with a semicolon at the end of a line, and the file must be safe to run again.
    """
    files = await asyncio.to_thread(lambda: sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")))
    applied: list[str] = []
    connection: psycopg.AsyncConnection[TupleRow]
    async with await psycopg.AsyncConnection.connect(
        url, autocommit=True, row_factory=tuple_row, connect_timeout=CONNECT_TIMEOUT_SECONDS
    ) as connection:
        await _lock_migrations(connection)
        # Writes nothing unless a migration is missing, so that a service can start on a read-only database.
        if await _applied(connection) is None:
            await connection.execute(
                """create table schema_migration (
                     name text primary key, sha256 text not null, applied_at timestamptz not null default now())"""
            )
        known = await _applied(connection) or {}
        for file in files:
            text = await asyncio.to_thread(file.read_text, encoding="utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()
            if file.name in known:
                if known[file.name] != digest:
                    raise RuntimeError(
                        f"{file.name} was changed after it had been applied: this database belongs to another version"
                    )
                continue
            await connection.execute(f"set lock_timeout = '{MIGRATION_LOCK_TIMEOUT}'")
            if text.startswith(NO_TRANSACTION):
                for statement in filter(str.strip, text.split(";\n")):
                    await connection.execute(statement.encode())
                await _record_migration(connection, file.name, digest)
            else:
                async with connection.transaction():
                    await connection.execute(text.encode())
                    await _record_migration(connection, file.name, digest)
            applied.append(file.name)
            log.info("migration_applied", name=file.name)
    return applied


async def _applied(connection: psycopg.AsyncConnection[TupleRow]) -> dict[str, str] | None:
    """Returns the digests of the applied migrations by name; None when the database has no migration table."""
    exists = await (await connection.execute("select to_regclass('schema_migration') is not null")).fetchone()
    if exists != (True,):
        return None
    return dict(await (await connection.execute("select name, sha256 from schema_migration")).fetchall())


async def _lock_migrations(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    """Takes MIGRATION_LOCK by polling. Raises RuntimeError after MIGRATION_WAIT_SECONDS.

    A statement that waited for the lock would be an open transaction, for which the holder's `create index
    concurrently` would wait in turn.
    """
    give_up = time.monotonic() + MIGRATION_WAIT_SECONDS
    while time.monotonic() < give_up:
        result = await connection.execute("select pg_try_advisory_lock(%s)", [MIGRATION_LOCK])
        if await result.fetchone() == (True,):
            return
        await asyncio.sleep(MIGRATION_POLL_SECONDS)
    raise RuntimeError(f"another process has been migrating this database for {MIGRATION_WAIT_SECONDS} seconds")


async def _record_migration(connection: psycopg.AsyncConnection[TupleRow], name: str, digest: str) -> None:
    await connection.execute("insert into schema_migration (name, sha256) values (%s, %s)", [name, digest])


async def prepare(url: str, folder: Path, *, auto_migrate: bool) -> None:
    """Migrates the database, or checks that it has been migrated. Raises RuntimeError with the missing migrations.

    A supervisor restarts a service that exits with this error, so a rollout waits for its migrations.
    """
    if auto_migrate:
        await migrate(url, folder)
        return
    async with await psycopg.AsyncConnection.connect(
        url, autocommit=True, row_factory=tuple_row, connect_timeout=CONNECT_TIMEOUT_SECONDS
    ) as connection:
        applied = await _applied(connection) or {}
    files = await asyncio.to_thread(lambda: {file.name for file in folder.glob("[0-9][0-9][0-9][0-9]_*.sql")})
    missing = sorted(files - applied.keys())
    if missing:
        raise RuntimeError(f"the database lacks {', '.join(missing)}: run the service with `migrate` first")


async def fetch_all(connection: Connection, query: LiteralString, parameters: Any = None) -> list[DictRow]:
    """Returns all rows of a query as dictionaries by column name."""
    return await (await connection.execute(query, parameters)).fetchall()


async def fetch_one(connection: Connection, query: LiteralString, parameters: Any = None) -> DictRow | None:
    """Returns the first row of a query, or None."""
    return await (await connection.execute(query, parameters)).fetchone()
