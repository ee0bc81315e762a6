"""What is measured of the ledger. The query reads holds that have not ended only, by an index."""

from __future__ import annotations

from prometheus_client import Gauge

from services.chassis.observability.metrics import SqlGauge

GAUGES = (
    SqlGauge(
        gauge=Gauge("adwright_credits_held", "Credits set aside for jobs that have not ended"),
        query="select coalesce(sum(amount), 0) as value from hold where state = 'held'",
    ),
    SqlGauge(
        gauge=Gauge("adwright_holds_overdue", "Holds whose time is over and that have not been released"),
        query="select count(*) as value from hold where state = 'held' and expires_at < now() - interval '1 minute'",
    ),
)
