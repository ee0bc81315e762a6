"""Metrics of the job service. Each gauge's query reads live, unsettled, dead or waiting rows only, by an index."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from services.chassis.data.sql_gauges import SqlGauge

JOB_CHANGES = Counter("adwright_jobs_total", "Changes of jobs, by their new status", ["type", "status"])

GAUGES = (
    SqlGauge(
        gauge=Gauge("adwright_live_jobs", "Jobs that have not ended", ["type", "status"]),
        query="""select type, status, count(*) as value from job where status in ('pending', 'queued', 'processing')
                  group by type, status""",
        labels=("type", "status"),
    ),
    SqlGauge(
        gauge=Gauge("adwright_queue_age_seconds", "How long the oldest queued job has been ready", ["type"]),
        query="""select type, greatest(0, extract(epoch from now() - min(greatest(created_at, not_before)))) as value
                   from job where status = 'queued' group by type""",
        labels=("type",),
    ),
    SqlGauge(
        gauge=Gauge("adwright_lease_overdue_seconds", "How long the oldest lost lease has waited for the sweeper"),
        query="""select greatest(0, extract(epoch from now() - min(lease_expires_at))) as value
                   from job where status = 'processing'""",
    ),
    SqlGauge(
        gauge=Gauge("adwright_settlement_lag_seconds", "How long the oldest ended job has waited for its settlement"),
        query="""select extract(epoch from now() - min(completed_at)) as value
                   from job where settle is not null and settled_at is null""",
    ),
    SqlGauge(
        gauge=Gauge(
            "adwright_dead_jobs",
            "Dead jobs that were not retried: they failed for unknown reasons or expired in an outage",
        ),
        query="""select count(*) as value from job as dead
                  where dead.dead and not exists (select from job where retry_of = dead.id)""",
    ),
    SqlGauge(
        gauge=Gauge("adwright_outbox_lag_seconds", "Age of the oldest row that waits in the outbox"),
        query="""select extract(epoch from now() - created_at) as value from outbox order by id limit 1""",
    ),
)
