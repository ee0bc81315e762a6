"""The runner of SQL files that the release before Alembic had, for making its databases."""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path

import psycopg
import structlog
from psycopg.rows import TupleRow, tuple_row

from services.chassis.data.database import CONNECT_TIMEOUT_SECONDS
from services.chassis.data.locks import MIGRATION_LOCK

MIGRATION_LOCK_TIMEOUT = "10s"  # a migration that waits longer for a table lock fails: readers queue behind its wait
MIGRATION_POLL_SECONDS = 0.5
MIGRATION_WAIT_SECONDS = 3_600  # building an index over many millions of rows takes tens of minutes
NO_TRANSACTION = "-- no transaction"

log = structlog.get_logger()


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
