"""Measures that only the database knows: how old what waits is, and how much of it there is.

Every replica asks and tells the same numbers, so dashboards and alerts take their maximum and never their sum.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

import structlog
from prometheus_client import Gauge

from services.chassis.data.database import Database, fetch_all
from services.chassis.errors import DependencyUnavailable

SECONDS = 10.0  # a scrape asks every 15 to 30 s

MEASURED_AT = Gauge("adwright_measured_timestamp_seconds", "When the measures of the database were last taken")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlGauge:
    """A gauge, and the query that fills it: a column `value`, and one for each label of the gauge."""

    gauge: Gauge
    query: LiteralString
    labels: tuple[str, ...] = ()


class SqlGauges:
    """Takes measures until cancelled."""

    def __init__(self, database: Database, measures: Sequence[SqlGauge]) -> None:
        self._database = database
        self._measures = measures

    async def run(self) -> None:
        while True:
            try:
                await self.take()
            except DependencyUnavailable as refusal:  # MEASURED_AT stands still, which an alert watches
                log.warning("measures_not_taken", error=refusal.message)
            await asyncio.sleep(SECONDS * random.uniform(0.9, 1.1))

    async def take(self) -> None:
        """Asks once for all of them. What has no row any more is gone from its gauge."""
        for measure in self._measures:
            async with self._database.connection() as connection:
                rows = await fetch_all(connection, measure.query)
            if not measure.labels:
                measure.gauge.set(float(rows[0]["value"] or 0) if rows else 0.0)
                continue
            measure.gauge.clear()
            for row in rows:
                measure.gauge.labels(*(row[name] for name in measure.labels)).set(float(row["value"] or 0))
        MEASURED_AT.set(time.time())
