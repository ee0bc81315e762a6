"""Writes job events and dispatches to the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from adwright.job.v1 import events_pb2
from psycopg.rows import DictRow

from services.chassis.data import outbox
from services.chassis.data.database import Connection
from services.chassis.data.kafka import Record
from services.job.domain import Status
from services.job.metrics import JOB_CHANGES

DISPATCH_TOPICS = {"static_ad": "adwright.job.dispatch.image.v1", "video": "adwright.job.dispatch.video.v1"}
EVENTS_TOPIC = "adwright.job.events.v1"
TOPICS = (*DISPATCH_TOPICS.values(), EVENTS_TOPIC)


async def write_events(connection: Connection, rows: Sequence[DictRow], now: datetime, *, dispatch: bool) -> None:
    """Writes an event for each changed row of `job`, and with `dispatch` a dispatch for each queued one."""
    if not rows:
        return
    records = []
    for row in rows:
        JOB_CHANGES.labels(row["type"], row["status"]).inc()
        event = events_pb2.JobEvent(
            id=str(uuid4()),
            job_id=str(row["id"]),
            user_id=row["user_id"],
            project_id=str(row["project_id"]),
            type=row["type"],
            status=row["status"],
            attempt=row["attempt"],
            reason=row.get("error_reason") or "",
        )
        event.occurred_at.FromDatetime(now)
        records.append(_record(EVENTS_TOPIC, row, event.SerializeToString()))
    if dispatch:
        records += _dispatches([row for row in rows if row["status"] == Status.QUEUED], now)
    await outbox.add(connection, records)


async def write_dispatches(connection: Connection, rows: Sequence[DictRow], now: datetime) -> None:
    """Writes a dispatch for each of these queued jobs; types that no worker leases are skipped."""
    await outbox.add(connection, _dispatches(rows, now))


def _dispatches(rows: Sequence[DictRow], now: datetime) -> list[Record]:
    records = []
    for row in rows:
        topic = DISPATCH_TOPICS.get(row["type"])
        if topic is None:
            continue
        message = events_pb2.JobDispatch(job_id=str(row["id"]), type=row["type"])
        message.dispatched_at.FromDatetime(now)
        records.append(_record(topic, row, message.SerializeToString()))
    return records


def _record(topic: str, row: DictRow, value: bytes) -> Record:
    return Record(topic=topic, key=str(row["id"]), value=value, traceparent=row["traceparent"])
