"""The outbox: events are rows of the same transaction as the change they tell of; the relay sends them to Kafka.

A service that uses it has this table among its migrations:

    create table outbox (
      id bigint generated always as identity primary key,
      topic text not null, key text not null, value bytea not null,
      created_at timestamptz not null default now(), traceparent text not null default ''
    );
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

import psycopg
import structlog
from opentelemetry.trace import SpanKind

from services.chassis.data.database import Connection, Database, fetch_all
from services.chassis.data.kafka import Producer, Record
from services.chassis.data.locks import RELAY_LOCK
from services.chassis.errors import DependencyUnavailable
from services.chassis.observability.telemetry import OUTBOX_SENT
from services.chassis.observability.tracing import record_past_span

RELAY_BATCH = 500
IDLE_SECONDS = 1.0  # rows of another replica that died before its relay sent them are found this late
SOON_SECONDS = 0.05
BACKOFF_SECONDS = (0.2, 5.0)

log = structlog.get_logger()


async def add(connection: Connection, records: Sequence[Record]) -> None:
    """Writes the records in the connection's transaction."""
    if records:
        await connection.execute(
            """insert into outbox (topic, key, value, traceparent)
               select * from unnest(%s::text[], %s::text[], %s::bytea[], %s::text[])""",
            [
                [record.topic for record in records],
                [record.key for record in records],
                [record.value for record in records],
                [record.traceparent for record in records],
            ],
        )


class Relay:
    """Sends what is in the outbox, in order, and removes what was acknowledged. Sends at least once.

    The one place where the network is used inside a transaction: it holds the advisory lock that makes it the only
    sender, and touches no row that anybody else waits for.
    """

    def __init__(self, database: Database, producer: Producer) -> None:
        self._database = database
        self._producer = producer
        self._woken = asyncio.Event()
        self._soon: asyncio.TimerHandle | None = None

    def wake(self, *, soon: bool = False) -> None:
        """Tells that a transaction with rows for the outbox was committed. soon: nobody waits for them, so that those
        of the next SOON_SECONDS may be sent with them."""
        if not soon:
            self._woken.set()
        elif self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SOON_SECONDS, self._woken.set)

    async def run(self) -> None:
        """Sends until cancelled."""
        failures = 0
        while True:
            try:
                async with asyncio.timeout(IDLE_SECONDS * random.uniform(0.8, 1.2)):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            if self._soon is not None:
                self._soon.cancel()
                self._soon = None
            try:
                while await self.send_batch() == RELAY_BATCH:
                    continue
                failures = 0
            except (DependencyUnavailable, NotAcknowledged):
                low, high = BACKOFF_SECONDS
                await asyncio.sleep(random.uniform(0.5, 1.0) * min(high, low * 2 ** min(failures, 10)))
                failures += 1
                self._woken.set()

    async def send_batch(self) -> int:
        """Sends up to RELAY_BATCH rows; how many. Raises when some were not acknowledged: those stay."""
        async with self._database.transaction() as connection:
            turn = await fetch_all(
                connection,
                # A row whose deletion is lost in a crash is sent again: no reason to wait for the disk.
                """select pg_try_advisory_xact_lock(%s) as mine, set_config('synchronous_commit', 'off', true),
                          current_setting('transaction_read_only') = 'on' as read_only""",
                [RELAY_LOCK],
            )
            if not turn[0]["mine"]:
                return 0
            if turn[0]["read_only"]:
                # What cannot be removed is not sent either: it would be sent again at every try.
                raise psycopg.errors.ReadOnlySqlTransaction("the outbox is read-only")
            rows = await fetch_all(
                connection,
                """select id, topic, key, value, traceparent
                     from outbox order by id limit %s""",
                [RELAY_BATCH],
            )
            if not rows:
                return 0
            began = time.time()
            sent = await self._producer.send(
                [
                    Record(
                        topic=row["topic"],
                        key=row["key"],
                        value=bytes(row["value"]),
                        traceparent=row["traceparent"],
                    )
                    for row in rows
                ]
            )
            if sent:
                await connection.execute("delete from outbox where id = any(%s)", [[row["id"] for row in rows[:sent]]])
        for row in rows[:sent]:
            OUTBOX_SENT.labels(row["topic"]).inc()
            record_past_span(row["traceparent"], f"publish {row['topic']}", began=began, kind=SpanKind.PRODUCER)
        if sent < len(rows):
            raise NotAcknowledged
        return sent


class NotAcknowledged(Exception):
    """The brokers did not take everything."""
