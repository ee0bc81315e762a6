"""Metrics of the job service. Each gauge's query reads live, unsettled, dead or waiting rows only, by an index."""

from __future__ import annotations

from typing import Any

from prometheus_client import Counter, Gauge
from sqlalchemy import ColumnElement, Integer, exists, extract, func, literal_column, select

from services.chassis.data.sql_gauges import SqlGauge
from services.job.tables import LIVE, PROCESSING, QUEUED, UNSETTLED, job, outbox

JOB_CHANGES = Counter("adwright_jobs_total", "Changes of jobs, by their new status", ["type", "status"])

_ZERO, _ONE = literal_column("0", Integer), literal_column("1", Integer)
_retry = job.alias("retry")


def _seconds_since(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    return extract("epoch", func.now() - moment)


GAUGES = (
    SqlGauge(
        gauge=Gauge("adwright_live_jobs", "Jobs that have not ended", ["type", "status"]),
        query=select(job.c.type, job.c.status, func.count().label("value"))
        .where(LIVE)
        .group_by(job.c.type, job.c.status),
        labels=("type", "status"),
    ),
    SqlGauge(
        gauge=Gauge("adwright_queue_age_seconds", "How long the oldest queued job has been ready", ["type"]),
        query=select(
            job.c.type,
            func.greatest(_ZERO, _seconds_since(func.min(func.greatest(job.c.created_at, job.c.not_before)))).label(
                "value"
            ),
        )
        .where(QUEUED)
        .group_by(job.c.type),
        labels=("type",),
    ),
    SqlGauge(
        gauge=Gauge("adwright_lease_overdue_seconds", "How long the oldest lost lease has waited for the sweeper"),
        query=select(func.greatest(_ZERO, _seconds_since(func.min(job.c.lease_expires_at))).label("value")).where(
            PROCESSING
        ),
    ),
    SqlGauge(
        gauge=Gauge("adwright_settlement_lag_seconds", "How long the oldest ended job has waited for its settlement"),
        query=select(_seconds_since(func.min(job.c.completed_at)).label("value")).where(UNSETTLED),
    ),
    SqlGauge(
        gauge=Gauge(
            "adwright_dead_jobs",
            "Dead jobs that were not retried: they failed for unknown reasons or expired in an outage",
        ),
        query=select(func.count().label("value")).where(job.c.dead, ~exists().where(_retry.c.retry_of == job.c.id)),
    ),
    SqlGauge(
        gauge=Gauge("adwright_outbox_lag_seconds", "Age of the oldest row that waits in the outbox"),
        query=select(_seconds_since(outbox.c.created_at).label("value")).order_by(outbox.c.id).limit(_ONE),
    ),
)
