"""Metrics of the ledger. The queries read only the holds that have not ended, by a partial index."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import Gauge
from sqlalchemy import func, select

from services.billing.tables import HOLD, IS_HELD
from services.chassis.data.sql_gauges import SqlGauge

OVERDUE = timedelta(minutes=1)

GAUGES = (
    SqlGauge(
        gauge=Gauge("adwright_credits_held", "Credits held for jobs that have not ended"),
        query=select(func.coalesce(func.sum(HOLD.c.amount), 0).label("value")).where(IS_HELD),
    ),
    SqlGauge(
        gauge=Gauge("adwright_holds_overdue", "Holds that are past their expiry and have not ended"),
        query=select(func.count().label("value")).where(IS_HELD, HOLD.c.expires_at < func.now() - OVERDUE),
    ),
)
