"""PostgreSQL: a pool, transactions that are opened in one place, and numbered migrations.

Statements are written in SQL and run by psycopg: nearly every one of them is a multi-row statement over `unnest`ed
arrays with row locks and partial indexes in mind, where a query builder would only be a longer way to write the text.
"""

from __future__ import annotations

import asyncio
import hashlib
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

from services.chassis.errors import DependencyUnavailable
from services.chassis.tracing import part

Connection = psycopg.AsyncConnection[DictRow]

POOL_WAIT_SECONDS = 5.0  # longer than any statement of ours takes; past it the caller had better try again
STATEMENT_TIMEOUT_MS = 15_000
CONNECT_TIMEOUT_SECONDS = 5
# A transaction whose process has been frozen, or whose host is gone, lets go of its locks after this. The relay sends
# inside one, for up to 20 s.
IDLE_TRANSACTION_MS = 30_000
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
MIGRATION_LOCK = 7_153_001  # the advisory lock that migrating processes take in turn
MIGRATION_LOCK_TIMEOUT = "10s"  # a migration that cannot get its lock fails; it never queues all readers behind it
MIGRATION_TURN_SECONDS = 0.5
MIGRATION_WAIT_SECONDS = 3_600  # building an index over many millions of rows takes tens of minutes
NO_TRANSACTION = "-- no transaction"

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

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction, committed on leaving. Raises DependencyUnavailable when the database is out of reach."""
        with part("transaction", SQL, SpanKind.CLIENT):
            async with self._connected() as connection, connection.transaction():
                yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection where each statement is a transaction of its own: for reading, and for single statements."""
        with part("statements", SQL, SpanKind.CLIENT):
            async with self._connected() as connection:
                yield connection

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout, PoolTimeout) as error:
            # Includes a lost connection during commit: whether it happened is unknown, so every write must be
            # safe to repeat.
            log.warning("database_unavailable", error=str(error))
            raise DependencyUnavailable("The database cannot be reached; try again.", retry_after_seconds=1) from error

    async def ready(self) -> bool:
        """Whether a statement can be run now."""
        try:
            async with asyncio.timeout(2), self.connection() as connection:
                await connection.execute("select 1")
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
        await connection.execute(
            """create table if not exists schema_migration (
                 name text primary key, sha256 text not null, applied_at timestamptz not null default now())"""
        )
        rows = await (await connection.execute("select name, sha256 from schema_migration")).fetchall()
        known: dict[str, str] = dict(rows)
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
        there = await (await connection.execute("select to_regclass('schema_migration') is not null")).fetchone()
        rows = (
            await (await connection.execute("select name from schema_migration")).fetchall() if there == (True,) else []
        )
    files = await asyncio.to_thread(lambda: {file.name for file in folder.glob("[0-9][0-9][0-9][0-9]_*.sql")})
    missing = sorted(files - {str(row[0]) for row in rows})
    if missing:
        raise RuntimeError(f"the database lacks {', '.join(missing)}: run the service with `migrate` first")


async def fetch_all(connection: Connection, query: LiteralString, parameters: Any = None) -> list[DictRow]:
    """All rows of a query, as dictionaries by column name."""
    return await (await connection.execute(query, parameters)).fetchall()


async def fetch_one(connection: Connection, query: LiteralString, parameters: Any = None) -> DictRow | None:
    """The first row of a query, or None."""
    return await (await connection.execute(query, parameters)).fetchone()
