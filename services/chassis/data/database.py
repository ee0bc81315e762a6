"""PostgreSQL: a pool, transactions that are opened in one place, and numbered migrations.

Statements are written in SQL and run by psycopg: nearly every one of them is a multi-row statement over `unnest`ed
arrays with row locks and partial indexes in mind, where a query builder would only be a longer way to write the text.
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

# Longer than any statement of ours takes; past it the caller had better try again. Three tries of the gateway, each of
# which waits so long, end before its time-out of 15 s does.
POOL_WAIT_SECONDS = 4.0
# How long the pool's own attempts at a connection go on, with pauses that double from 1 s. After it the next request
# starts over; with the default of 5 minutes a server that is back would be tried again a minute later.
RECONNECT_SECONDS = 4.0
# All idle connections are dropped when one turns out to be read-only, and no more often: a database that is made
# read-only for hours is not to be connected to for every request.
DRAIN_SECONDS = 2.0
UNAVAILABLE_LOG_SECONDS = 1.0  # a line for every refused request would fill the disk that may be the fault
STATEMENT_TIMEOUT_MS = 15_000
CONNECT_TIMEOUT_SECONDS = 5
# A transaction whose process has been frozen, or whose host is gone, lets go of its locks after this. The relay sends
# inside one, for up to 20 s.
IDLE_TRANSACTION_MS = 30_000
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
MIGRATION_LOCK_TIMEOUT = "10s"  # a migration that cannot get its lock fails; it never queues all readers behind it
MIGRATION_TURN_SECONDS = 0.5
MIGRATION_WAIT_SECONDS = 3_600  # building an index over many millions of rows takes tens of minutes
NO_TRANSACTION = "-- no transaction"
# What passes without a change to the statement, and is no OperationalError to psycopg: a server that has become a
# standby or is made read-only, a transaction that idled or ran for too long.
PASSING = (
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
        """One transaction, committed on leaving. Raises DependencyUnavailable when the database is out of reach."""
        with child_span("transaction", SQL, SpanKind.CLIENT):
            async with self._connected() as connection, connection.transaction():
                yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection where each statement is a transaction of its own: for reading, and for single statements."""
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
                    # After a failover the old primary may stay up as a standby: a closed connection is not put back.
                    await connection.close()
                    await self._drain()
                    raise
        except (psycopg.OperationalError, PoolTimeout, *PASSING) as error:
            # Includes a lost connection during commit: whether it happened is unknown, so every write must be
            # safe to repeat.
            raise self._refusal(error) from error

    async def _drain(self) -> None:
        """Replaces the idle connections, which lead to the same server as the one that is read-only."""
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
        """Whether a statement can be run now. Leaves a server that has become a standby or takes no writes, so that a
        process that only reads does not go on with what was true before a failover."""
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
    """Brings the database up to the newest of the numbered files in `folder`; gives the names of those it applied.

    Files are `0001_name.sql`, applied in order, each in a transaction of its own with the record of it, under an
    advisory lock: several processes may call this at the same time. A file that was changed after it was applied is
    an error, as is a database that is newer than the files (an older release may still run against it, so only a
    gap below is refused).

    A file that begins with NO_TRANSACTION is run statement by statement (each ends a line with a semicolon), for
    `create index concurrently` and the like. It must be one that can be run again from its start.
    """
    files = await asyncio.to_thread(lambda: sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")))
    applied: list[str] = []
    connection: psycopg.AsyncConnection[TupleRow]
    async with await psycopg.AsyncConnection.connect(
        url, autocommit=True, row_factory=tuple_row, connect_timeout=CONNECT_TIMEOUT_SECONDS
    ) as connection:
        await _take_turn(connection)
        # Nothing is written when nothing is missing: a service starts on a read-only database too.
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
                    raise RuntimeError(f"{file.name} was changed after it had been applied")
                continue
            await connection.execute(f"set lock_timeout = '{MIGRATION_LOCK_TIMEOUT}'")
            if text.startswith(NO_TRANSACTION):
                for statement in filter(str.strip, text.split(";\n")):
                    await connection.execute(statement.encode())
                await _note(connection, file.name, digest)
            else:
                async with connection.transaction():
                    await connection.execute(text.encode())
                    await _note(connection, file.name, digest)
            applied.append(file.name)
            log.info("migration_applied", name=file.name)
    return applied


async def _applied(connection: psycopg.AsyncConnection[TupleRow]) -> dict[str, str] | None:
    """The digests of the applied migrations by name; None: the database has no table of them."""
    there = await (await connection.execute("select to_regclass('schema_migration') is not null")).fetchone()
    if there != (True,):
        return None
    return dict(await (await connection.execute("select name, sha256 from schema_migration")).fetchall())


async def _take_turn(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    """Takes the lock of migrating processes by asking again and again: a statement that waits for it would be a
    transaction that `create index concurrently` of its holder waits for."""
    give_up = time.monotonic() + MIGRATION_WAIT_SECONDS
    while time.monotonic() < give_up:
        asked = await connection.execute("select pg_try_advisory_lock(%s)", [MIGRATION_LOCK])
        if await asked.fetchone() == (True,):
            return
        await asyncio.sleep(MIGRATION_TURN_SECONDS)
    raise RuntimeError(f"another process has been migrating this database for {MIGRATION_WAIT_SECONDS} seconds")


async def _note(connection: psycopg.AsyncConnection[TupleRow], name: str, digest: str) -> None:
    await connection.execute("insert into schema_migration (name, sha256) values (%s, %s)", [name, digest])


async def prepare(url: str, folder: Path, *, auto_migrate: bool) -> None:
    """Migrates the database, or makes sure that somebody has: raises RuntimeError naming what is missing.

    A service that ends with it is started again by whatever runs it, so a rollout waits for its migrations.
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
    """All rows of a query, as dictionaries by column name."""
    return await (await connection.execute(query, parameters)).fetchall()


async def fetch_one(connection: Connection, query: LiteralString, parameters: Any = None) -> DictRow | None:
    """The first row of a query, or None."""
    return await (await connection.execute(query, parameters)).fetchone()
