"""The transactional outbox: events are written in the transaction of their change, and a relay sends them to Kafka.

A service that uses it has the table of `outbox_table` among its tables.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    Update,
    cast,
    delete,
    func,
    insert,
    select,
    true,
)

from services.chassis.backoff import Backoff, jittered
from services.chassis.data.database import Connection, Database
from services.chassis.data.kafka import Producer, Record
from services.chassis.data.locks import RELAY_LOCK
from services.chassis.data.sql import among, unnest
from services.chassis.data.statements import Query, fetch_rows, run
from services.chassis.errors import DependencyUnavailable
from services.chassis.observability.telemetry import OUTBOX_SENT
from services.chassis.observability.tracing import record_past_span

RELAY_BATCH = 500
IDLE_SECONDS = 1.0  # interval for finding rows of a replica that died before its relay sent them
BATCHING_SECONDS = 0.05  # for which rows that nobody waits for are collected
BACKOFF = Backoff(0.2, 5.0)

log = structlog.get_logger()


def outbox_table(metadata: MetaData) -> Table:
    """Adds the table of the outbox to a service's tables."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("traceparent", Text, nullable=False, server_default=""),
    )


OUTBOX = outbox_table(MetaData())
GIVEN = unnest("record", topic=Text, key=Text, value=LargeBinary, traceparent=Text)
ADD = insert(OUTBOX).from_select([column.name for column in GIVEN.c], select(GIVEN))


class BatchRow(NamedTuple):
    locked: bool
    set_config: str
    read_only: bool


BEGIN_BATCH = Query(
    BatchRow,
    select(
        func.pg_try_advisory_xact_lock(RELAY_LOCK).label("locked"),
        # A deletion that a crash loses only sends the row again, so the commit need not wait for the disk.
        func.set_config("synchronous_commit", "off", true()),
        (func.current_setting("transaction_read_only") == "on").label("read_only"),
    ),
)


class OutboxRow(NamedTuple):
    id: int
    topic: str
    key: str
    value: bytes
    created_at: datetime
    traceparent: str


READ_BATCH = Query(OutboxRow, select(OUTBOX).order_by(OUTBOX.c.id).limit(RELAY_BATCH))
DELETE = delete(OUTBOX).where(among(OUTBOX.c.id, "ids"))


async def add(connection: Connection, records: Sequence[Record]) -> None:
    """Inserts the records in the connection's transaction."""
    if records:
        await run(connection, ADD, arrays(records))


def arrays(records: Sequence[Record]) -> dict[str, object]:
    """The parameters of GIVEN."""
    return {
        "record_topic": [record.topic for record in records],
        "record_key": [record.key for record in records],
        "record_value": [record.value for record in records],
        "record_traceparent": [record.traceparent for record in records],
    }


def with_records(changed: Update, key: str) -> Select[Any]:
    """A statement that makes a change and adds the records of the rows that it has changed; returns these rows.

    changed: an update that returns rows. key: the column of these rows that the keys of the records name. The
    parameters of the records are `arrays`.
    """
    rows = changed.cte("changed")
    added = (
        insert(OUTBOX)
        .from_select(
            [column.name for column in GIVEN.c],
            select(GIVEN).where(GIVEN.c.key.in_(select(cast(rows.c[key], Text)))),
        )
        .cte("added")
    )
    return select(*rows.c).add_cte(added)


class RecordsNotAcknowledged(Exception):
    """The brokers did not acknowledge every record."""


class Relay:
    """Sends the rows of the outbox in order and deletes acknowledged ones. Delivers at least once.

    The only place that uses the network inside a transaction: the transaction holds the advisory lock that makes it
    the only sender, and locks no row that others wait for.
    """

    def __init__(self, database: Database, producer: Producer) -> None:
        self._database = database
        self._producer = producer
        self._woken = asyncio.Event()
        self._delayed_wake: asyncio.TimerHandle | None = None

    def wake(self, *, soon: bool = False) -> None:
        """Notifies the relay of committed rows. soon: nobody waits for them, so the relay collects rows for
        BATCHING_SECONDS before it sends."""
        if not soon:
            self._woken.set()
        elif self._delayed_wake is None:
            self._delayed_wake = asyncio.get_running_loop().call_later(BATCHING_SECONDS, self._woken.set)

    async def run(self) -> None:
        """Sends until cancelled."""
        failures = 0
        while True:
            try:
                async with asyncio.timeout(jittered(IDLE_SECONDS)):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            if self._delayed_wake is not None:
                self._delayed_wake.cancel()
                self._delayed_wake = None
            try:
                while await self.send_batch() == RELAY_BATCH:
                    continue
                failures = 0
            except (DependencyUnavailable, RecordsNotAcknowledged):
                failures += 1
                await BACKOFF.pause(failures)
                self._woken.set()

    async def send_batch(self) -> int:
        """Sends up to RELAY_BATCH rows and returns their number. Raises when some were not acknowledged; those stay."""
        async with self._database.transaction() as connection:
            state = (await fetch_rows(connection, BEGIN_BATCH))[0]
            if not state.locked:
                return 0
            if state.read_only:
                # Rows that cannot be deleted must not be sent: every retry would send them again.
                raise psycopg.errors.ReadOnlySqlTransaction("the outbox is read-only")
            rows = await fetch_rows(connection, READ_BATCH)
            if not rows:
                return 0
            started_at = time.time()
            sent = await self._producer.send(
                [Record(topic=row.topic, key=row.key, value=row.value, traceparent=row.traceparent) for row in rows]
            )
            if sent:
                await run(connection, DELETE, {"ids": [row.id for row in rows[:sent]]})
        for row in rows[:sent]:
            OUTBOX_SENT.labels(row.topic).inc()
            record_past_span(row.traceparent, f"publish {row.topic}", began=started_at, kind=SpanKind.PRODUCER)
        if sent < len(rows):
            raise RecordsNotAcknowledged
        return sent
