"""Behaviour on a read-only database and on a database server with a full disk."""

from __future__ import annotations

import random
import shutil
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import LiteralString, cast

import psycopg
import pytest
from psycopg.adapt import PyFormat
from psycopg.pq import Format

from services.chassis.data import outbox
from services.chassis.data.database import Connection, Database
from services.chassis.data.kafka import Producer, Record
from services.chassis.data.migrations import migrate, prepare
from services.chassis.data.outbox import Relay, add
from services.chassis.errors import DependencyUnavailable, StorageFull
from tests.database import column
from tests.disks import SmallDisk
from tests.running import Postgres

OUTBOX = """
from alembic import op
from sqlalchemy import MetaData
from services.chassis.data.outbox import outbox_table

revision, down_revision = "0001", None


def upgrade():
    outbox_table(MetaData()).create(op.get_bind())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Migrations: the outbox."""
    (tmp_path / "0001_outbox.py").write_text(OUTBOX, encoding="utf-8")
    return tmp_path


@pytest.fixture
async def address(postgres: Postgres, folder: Path) -> str:
    """A migrated database."""
    found = postgres.database()
    assert await migrate(found, folder) == ["0001_outbox.py"]
    return found


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    found = Database(address, pool_size=1)  # the same connection for every statement
    await found.open()
    yield found
    await found.close()


def set_read_only(address: str, on: bool) -> None:
    """Makes new transactions read-only or writable, also in open sessions, as after a failover."""
    name = psycopg.conninfo.conninfo_to_dict(address)["dbname"]
    with psycopg.connect(address, autocommit=True, options="-c default_transaction_read_only=off") as connection:
        connection.execute(f'alter database "{name}" set default_transaction_read_only = {on}'.encode())


async def empty_outbox(database: Database, pids: list[int]) -> None:
    """Makes a write and appends the pid of its server process to `pids`."""
    async with database.transaction() as connection:
        pids.append(await backend_pid(connection))
        await connection.execute("delete from outbox")


async def backend_pid(connection: Connection) -> int:
    return connection.info.backend_pid


async def test_arrays_are_sent_in_binary_form_and_come_back_as_they_were(database: Database) -> None:
    """As text, PostgreSQL and psycopg would escape each element and write bytes as hexadecimal digits."""
    texts = ["", "NULL", 'a "quoted", {braced} \\ one', "ö😀", None]
    contents = [b"", bytes(range(256)), None, b"\\x", b"{}"]
    async with database.connection() as connection:
        assert connection.adapters.get_dumper(list, PyFormat.AUTO).format is Format.BINARY
        found = await connection.execute(
            "select array_agg(a), array_agg(b) from unnest(%s::text[], %s::bytea[]) as given (a, b)", [texts, contents]
        )
        assert await found.fetchone() == (texts, contents)


async def test_readiness_check_drops_idle_connections_to_a_read_only_server(address: str) -> None:
    """Otherwise a process that only reads would read outdated data from a standby after a failover."""
    size = 3
    database = Database(address, pool_size=size)
    await database.open()
    try:
        old = await backend_pids(database, size, "set default_transaction_read_only = on")
        for _ in range(size):  # each check uses another connection
            assert await database.ready()
        assert not old & await backend_pids(database, size, "select 1")
    finally:
        await database.close()


async def backend_pids(database: Database, size: int, statement: LiteralString) -> set[int]:
    """Runs the statement on `size` connections concurrently. Returns the pids of their server processes."""
    found = set()
    async with AsyncExitStack() as held:
        for _ in range(size):
            connection = await held.enter_async_context(database.connection())
            await connection.execute(statement)
            found.add(await backend_pid(connection))
    return found


async def test_read_only_connection_is_not_reused(address: str, database: Database) -> None:
    pids: list[int] = []
    await empty_outbox(database, pids)
    async with database.connection() as connection:
        await connection.execute("set default_transaction_read_only = on")
    with pytest.raises(DependencyUnavailable) as caught:
        await empty_outbox(database, pids)
    assert (caught.value.retryable, caught.value.retry_after_seconds) == (True, 1)
    await empty_outbox(database, pids)
    first, refused, last = pids
    assert first == refused != last


async def test_connection_that_the_server_ended_is_replaced(address: str, database: Database) -> None:
    """Otherwise every request would fail after a restart of the server, until the process restarts."""
    pids: list[int] = []
    await empty_outbox(database, pids)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(%s, 10000)", pids)
    with pytest.raises(DependencyUnavailable):  # nothing has used the connection since
        await empty_outbox(database, pids)
    await empty_outbox(database, pids)
    assert len(set(pids)) == 2


async def test_migrated_service_starts_on_a_read_only_database(address: str, folder: Path) -> None:
    set_read_only(address, True)
    await prepare(address, folder, auto_migrate=True)
    await prepare(address, folder, auto_migrate=False)


async def test_full_disk_of_the_database_server_is_storage_full(address: str, database: Database) -> None:
    with SmallDisk(1024 * 1024) as disk:
        space = f"small_{uuid.uuid4().hex}"
        (disk.folder / "data").mkdir()
        shutil.chown(disk.folder / "data", "embedded_postgres")
        disk.folder.chmod(0o755)
        with psycopg.connect(address, autocommit=True) as operator:
            operator.execute(f"create tablespace {space} location '{disk.folder}/data'".encode())
            operator.execute(f"alter table outbox set tablespace {space}".encode())
        record = Record(topic="topic", key="key", value=random.randbytes(1_000))

        async def write(count: int) -> None:
            async with database.transaction() as connection:
                await add(connection, [record] * count)

        await write(10)
        disk.fill()
        with pytest.raises(StorageFull) as caught:
            await write(100)
        assert caught.value.retryable
        async with database.connection() as connection:
            assert len(await column(connection, outbox.OUTBOX.c.id)) == 10
        disk.empty()
        await write(100)
        with psycopg.connect(address, autocommit=True) as operator:
            operator.execute("drop table outbox")
            operator.execute(f"drop tablespace {space}".encode())


class RecordingProducer:
    """A producer that acknowledges every record."""

    def __init__(self) -> None:
        self.sent: list[Record] = []

    async def send(self, records: Sequence[Record]) -> int:
        self.sent += records
        return len(records)


async def test_relay_sends_no_row_that_it_cannot_delete(address: str, database: Database) -> None:
    record = Record(topic="topic", key="key", value=b"value")
    async with database.transaction() as connection:
        await add(connection, [record])
    producer = RecordingProducer()
    relay = Relay(database, cast(Producer, producer))
    set_read_only(address, True)
    reading = Database(address, pool_size=1)
    await reading.open()
    read_only_relay = Relay(reading, cast(Producer, producer))
    for _ in range(2):
        with pytest.raises(DependencyUnavailable):
            await read_only_relay.send_batch()
    await reading.close()
    assert producer.sent == []
    set_read_only(address, False)
    assert await relay.send_batch() == 1
    assert [sent.key for sent in producer.sent] == ["key"]
