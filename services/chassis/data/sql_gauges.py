"""Gauges that are computed by SQL queries: sizes of queues and ages of their oldest entries.

Every replica queries and reports the same numbers, so dashboards and alerts must take the maximum, never the sum.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Gauge
from sqlalchemy import Executable

from services.chassis.backoff import jittered
from services.chassis.data.database import Database
from services.chassis.data.statements import fetch_mappings
from services.chassis.errors import DependencyUnavailable

QUERY_SECONDS = 10.0  # between queries; metrics are scraped every 15 to 30 s

MEASURED_AT = Gauge("adwright_measured_timestamp_seconds", "Time at which the gauges of the database were last updated")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlGauge:
    """A gauge and its query, which returns a column `value` and one column for each label of the gauge."""

    gauge: Gauge
    query: Executable
    labels: tuple[str, ...] = ()


class SqlGauges:
    """Updates gauges from the database until cancelled."""

    def __init__(self, database: Database, gauges: Sequence[SqlGauge]) -> None:
        self._database = database
        self._gauges = gauges

    async def run(self) -> None:
        while True:
            try:
                await self.update()
            except DependencyUnavailable as refusal:  # an alert watches the age of MEASURED_AT
                log.warning("gauges_not_updated", error=refusal.message)
            await asyncio.sleep(jittered(QUERY_SECONDS))

    async def update(self) -> None:
        """Queries all gauges once. Label sets without a row are removed. Raises DependencyUnavailable."""
        for gauge in self._gauges:
            async with self._database.connection() as connection:
                rows = await fetch_mappings(connection, gauge.query)
            if not gauge.labels:
                gauge.gauge.set(float(rows[0]["value"] or 0) if rows else 0.0)
                continue
            gauge.gauge.clear()
            for row in rows:
                gauge.gauge.labels(*(row[name] for name in gauge.labels)).set(float(row["value"] or 0))
        MEASURED_AT.set(time.time())
