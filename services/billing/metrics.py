"""Metrics of the ledger. The queries read only the holds that have not ended, by a partial index."""

from __future__ import annotations

from prometheus_client import Gauge

from services.chassis.data.sql_gauges import SqlGauge

GAUGES = (
    SqlGauge(
        gauge=Gauge("adwright_credits_held", "Credits held for jobs that have not ended"),
        query="select coalesce(sum(amount), 0) as value from hold where state = 'held'",
    ),
    SqlGauge(
        gauge=Gauge("adwright_holds_overdue", "Holds that are past their expiry and have not ended"),
        query="select count(*) as value from hold where state = 'held' and expires_at < now() - interval '1 minute'",
    ),
)
