"""Figures with millions of ended jobs in the tables beside figures with empty tables, in one run on one system."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from services.chassis.data.database import Database
from services.job.domain import JobFilter, JobPolicy, Limits
from services.job.lease_store import LeaseStore
from services.job.queries import list_jobs
from services.job.submission_store import SubmissionStore
from tests.bench import holds
from tests.bench.figures import Figure
from tests.bench.filling import JOBS, fill
from tests.bench.harness import BenchHarness, Cost
from tests.bench.rows import checked, status_queries, submissions

ROUNDS = 3
SECONDS = 5.0
REPETITIONS = 40  # of each timed statement

Measure = Callable[[BenchHarness], float]


def _requests(harness: BenchHarness, which: Callable[[BenchHarness], list[tuple[str, str | None]]]) -> float:
    result = checked(harness.load(which(harness), seconds=SECONDS)[0])
    return result.answered / result.seconds


def _holds(harness: BenchHarness) -> float:
    return holds.through_billing(harness, holds.open_accounts(harness, "billing")[1:], Cost(), SECONDS)


async def _statements(url: str, user: str) -> dict[str, float]:
    """Milliseconds of a page of jobs and of one round of the sweeper's statements; medians of REPETITIONS."""
    now = datetime.now(UTC)

    limits = Limits(start=timedelta(hours=6), attempt=timedelta(minutes=3), total=timedelta(hours=7))
    policy = JobPolicy(limits=dict.fromkeys(("copy", "static_ad", "video"), limits))
    lease_store, submission_store = LeaseStore(policy), SubmissionStore(policy)
    database = Database(url, pool_size=1)
    await database.open()
    page = JobFilter(
        user_id=user, size=20, before=None, status=None, type=None, project_id=None, since=None, until=None
    )
    durations: dict[str, list[float]] = {"list": [], "sweep": []}
    try:
        for _ in range(REPETITIONS):
            async with database.transaction() as connection:
                began = time.perf_counter()
                await list_jobs(connection, page)
                durations["list"].append(time.perf_counter() - began)
                began = time.perf_counter()
                await lease_store.expire(connection, now, 200)
                await lease_store.lost(connection, now, 200)
                await lease_store.stale_dispatches(connection, now, 50)
                await submission_store.pending_before(connection, now - timedelta(seconds=20), 200)
                durations["sweep"].append(time.perf_counter() - began)
    finally:
        await database.close()
    return {name: 1000 * sorted(times)[REPETITIONS // 2] for name, times in durations.items()}


MEASURES: dict[str, tuple[str, Measure]] = {
    "submit": ("POST /api/generate/static-ad", lambda harness: _requests(harness, submissions)),
    "status": ("GET /api/generate/status", lambda harness: _requests(harness, status_queries)),
    "holds": ("holds through billing", _holds),
}


def grown(harness: BenchHarness) -> list[Figure]:
    """Measures with empty tables, fills the tables, and measures again."""

    empty: dict[str, list[float]] = {}
    full: dict[str, list[float]] = {}
    times: list[dict[str, float]] = []
    seconds = 0.0
    for found in (empty, full):
        if found is full:
            seconds = fill(harness)
        for name, (_, measure) in MEASURES.items():
            measure(harness)  # warms caches and query plans
            found[name] = [measure(harness) for _ in range(ROUNDS)]
        times.append(asyncio.run(_statements(harness.system.database_url("job"), harness.customers[0].id)))
    figures = [
        Figure(
            row="grown",
            name=f"{label}, {JOBS:,} jobs and {4 * JOBS:,} entries ÷ empty",
            unit="1/s",
            rounds=full[name],
            beside=empty[name],
            at_least=0.8,
            note=f"filled in {seconds:.0f} s" if name == "submit" else "",
        )
        for name, (label, _) in MEASURES.items()
    ]
    for name, label in (("list", "a page of a user's jobs"), ("sweep", "one round of the sweeper's statements")):
        figures.append(
            Figure(
                row="grown",
                name=f"{label}, {JOBS:,} ended jobs ÷ empty",
                unit="ms",
                rounds=[times[1][name]],
                beside=[times[0][name]],
                at_most=1.3,
            )
        )
    return figures
