"""Writes job events and dispatches to the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4, uuid5

from adwright.job.v1 import events_pb2

from services.chassis.data import outbox
from services.chassis.data.database import Connection
from services.chassis.data.kafka import Record
from services.job.domain import TERMINAL_STATUSES, ChangedJob, Status
from services.job.metrics import JOB_CHANGES

DISPATCH_TOPICS = {"static_ad": "adwright.job.dispatch.image.v1", "video": "adwright.job.dispatch.video.v1"}
EVENTS_TOPIC = "adwright.job.events.v1"
TOPICS = (*DISPATCH_TOPICS.values(), EVENTS_TOPIC)
_ENDS = UUID("5e0a6a0c-6f1f-4a35-9b5c-7d0a4d3a2f11")  # the namespace of the ids of ends


def end_event_id(job_id: UUID) -> UUID:
    """The id of the event of a job's end. A job ends once, so Kafka and ListEndedJobs name an end alike."""
    return uuid5(_ENDS, job_id.hex)


async def write_events(connection: Connection, jobs: Sequence[ChangedJob], now: datetime, *, dispatch: bool) -> None:
    """Writes an event for each of these changed jobs, and with `dispatch` a dispatch for each queued one."""
    await outbox.add(connection, event_records(jobs, now, dispatch=dispatch))
    count_changes(jobs)


def count_changes(jobs: Sequence[ChangedJob]) -> None:
    """Counts these changes of status in the metrics."""
    for job in jobs:
        JOB_CHANGES.labels(job.type, job.status).inc()


def event_records(jobs: Sequence[ChangedJob], now: datetime, *, dispatch: bool) -> list[Record]:
    """The events of these changed jobs, and with `dispatch` a dispatch for each queued one. Their keys are job ids."""
    records = []
    for job in jobs:
        event = events_pb2.JobEvent(
            id=str(end_event_id(job.id) if job.status in TERMINAL_STATUSES else uuid4()),
            job_id=str(job.id),
            user_id=job.user_id,
            project_id=str(job.project_id),
            type=job.type,
            status=job.status,
            attempt=job.attempt,
            # A live job's reason is why a worker returned it, which is not why it ends.
            reason=(job.error_reason or "") if job.status in TERMINAL_STATUSES else "",
        )
        event.occurred_at.FromDatetime(now)
        records.append(_record(EVENTS_TOPIC, job, event.SerializeToString()))
    if dispatch:
        records += _dispatches([job for job in jobs if job.status == Status.QUEUED], now)
    return records


async def write_dispatches(connection: Connection, jobs: Sequence[ChangedJob], now: datetime) -> None:
    """Writes a dispatch for each of these queued jobs; types that no worker leases are skipped."""
    await outbox.add(connection, _dispatches(jobs, now))


def _dispatches(jobs: Sequence[ChangedJob], now: datetime) -> list[Record]:
    records = []
    for job in jobs:
        topic = DISPATCH_TOPICS.get(job.type)
        if topic is None:
            continue
        message = events_pb2.JobDispatch(job_id=str(job.id), type=job.type)
        message.dispatched_at.FromDatetime(now)
        records.append(_record(topic, job, message.SerializeToString()))
    return records


def _record(topic: str, job: ChangedJob, value: bytes) -> Record:
    return Record(topic=topic, key=str(job.id), value=value, traceparent=job.traceparent)
