"""Many jobs with random faults under random kills: no job is lost or duplicated, and the ledger is consistent.

ADWRIGHT_SOAK_JOBS sets the number of jobs; a long soak has 5,000. `pytest -s` shows the table of results.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.table import Table

from tests.faults.harness import FaultHarness, Load
from tests.support import TERMINAL_STATUSES

JOBS = int(os.environ.get("ADWRIGHT_SOAK_JOBS", "300"))
VICTIMS = (
    "job",
    "billing",
    "image",
    "catalog",
    "webhook",
    "campaign",
    "gateway",
    "postgres",
    "broker",
    "worker-1",
    "worker-2",
)
QUEUED = "select count(*) from job where status = 'queued'"
# The pause between kills. A system whose processes are killed every second or two does little but start; the long soak
# is for work that continues through many kills.
PAUSE_SECONDS = (0.5, 3.0) if JOBS < 1_000 else (3.0, 12.0)


@pytest.fixture
def harness() -> Iterator[FaultHarness]:
    """A system with a short attempt deadline, so that hanging attempts end soon."""
    system = FaultHarness(("ADWRIGHT_ATTEMPT_SECONDS", "copy=60,static_ad=3,video=60"))
    for number in (1, 2):
        system.add_worker(f"worker-{number}", slots=8)
    yield system
    system.stop()


@pytest.mark.slow  # test_processes.py kills each process once under load; this kills many in random order
@pytest.mark.timeout(300 + JOBS)
async def test_no_job_is_lost_or_duplicated_under_random_kills(harness: FaultHarness) -> None:
    chance = random.Random(JOBS)
    kills: Counter[str] = Counter()
    customers = [harness.running.customer(10 * JOBS) for _ in range(4)]
    loads = [Load(harness, customer, concurrency=6 if JOBS < 1_000 else 12) for customer in customers]
    began = time.monotonic()
    stopping = asyncio.Event()

    async def killing() -> None:
        while not stopping.is_set():
            await asyncio.sleep(chance.uniform(*PAUSE_SECONDS))
            name = chance.choice(VICTIMS)
            kills[name] += harness.kill(name)

    killer = asyncio.create_task(killing())
    await asyncio.gather(
        *(load.run(jobs=JOBS // len(loads), prompt=lambda _: "random", cancel_every=20) for load in loads)
    )
    submitted = time.monotonic() - began
    await harness.until(lambda: harness.count("job", QUEUED) < JOBS // 10, 60 + JOBS)
    stopping.set()
    await killer
    await harness.settled()
    took = time.monotonic() - began

    accepted = {job_id for load in loads for job_id in load.accepted}
    rows = harness.rows("job", "select id::text, status, attempt, dead, error_reason from job")
    statuses = Counter(row["status"] for row in rows)
    attempts = Counter(row["outcome"] for row in harness.rows("job", "select outcome from attempt"))
    table = Table(title=f"{JOBS} jobs, {sum(kills.values())} kills, {took:.0f} s")
    table.add_column("event")
    table.add_column("count", justify="right")
    for name, number in [
        ("accepted", len(accepted)),
        ("requests retried", sum(load.retried for load in loads)),
        *(("  " + name, number) for name, number in sorted(statuses.items())),
        *(("attempts " + (name or "open"), number) for name, number in sorted(attempts.items())),
        *(("killed " + name, number) for name, number in sorted(kills.items())),
        ("seconds of submissions", round(submitted)),
        ("duplicated", len({row["id"] for row in rows} - accepted)),
        ("lost", len(accepted - {row["id"] for row in rows if row["status"] in TERMINAL_STATUSES})),
    ]:
        table.add_row(name, str(number))
    Console().print(table)

    assert [load.refused for load in loads] == [{}] * len(loads)
    assert accepted == {row["id"] for row in rows}, "a job is lost or duplicated"
    assert set(statuses) <= TERMINAL_STATUSES
    assert {row["error_reason"] for row in rows if row["status"] == "failed"} <= {
        "BAD_PICTURE", "GENERATION_FAILED", "MAKER_LOST", "PROVIDER_BUSY", "ATTEMPT_TIMED_OUT",
    }  # fmt: skip
    assert {row["error_reason"] for row in rows if row["dead"]} <= {"GENERATION_FAILED", "MAKER_LOST"}
    assert statuses["completed"] > JOBS * 0.7
    harness.check_assets()
    await harness.check_ledger()
    spent = sum(10 * JOBS - customer.credits["available"] for customer in customers)
    assert spent == 3 * statuses["completed"]
