"""PostgreSQL: a pool of connections, transactions, and the errors of an unavailable database.

Statements are SQLAlchemy Core, run by psycopg (see statements.py). The pool is psycopg's: it replaces connections that
the server has ended, and a statement costs what it costs without SQLAlchemy's engine.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import structlog
from opentelemetry.trace import SpanKind
from psycopg.adapt import AdaptersMap
from psycopg.types.array import ListBinaryDumper
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from services.chassis.errors import DependencyUnavailable, StorageFull
from services.chassis.observability.telemetry import DATABASE_ERRORS
from services.chassis.observability.tracing import child_span

Connection = psycopg.AsyncConnection[Any]  # the statement says what its rows are, see statements.py

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
# Errors that a retry may not meet and that psycopg does not class as OperationalError: the server became a standby or
# read-only, or the transaction idled or ran for too long.
TRANSIENT_ERRORS = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)

# Arrays in binary form. As text, each element is escaped by regular expressions and bytes become twice as many
# hexadecimal digits: a batch of 16 jobs took 1.2 ms of processor time to send instead of 0.3.
ADAPTERS = AdaptersMap(psycopg.adapters)
ADAPTERS.register_dumper(list, ListBinaryDumper)

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
                "autocommit": True,
                "context": ADAPTERS,
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
                cursor = await connection.execute("select current_setting('transaction_read_only') = 'on'")
                if await cursor.fetchone() == (True,):
                    await self._drain()
        except (DependencyUnavailable, psycopg.Error, TimeoutError):
            return False
        return True
