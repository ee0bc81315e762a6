"""Many jobs with random failures under random kills: none lost, none doubled, the ledger clean. Prints a table.

ADWRIGHT_SOAK_JOBS says how many; a long one has 5,000. `pytest -s` shows the table.
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

from tests.faults.harness import TERMINAL, Breakable, Load

JOBS = int(os.environ.get("ADWRIGHT_SOAK_JOBS", "300"))
VICTIMS = ("job", "billing", "image", "catalog", "gateway", "postgres", "broker", "maker-1", "maker-2")
QUEUED = "select count(*) from job where status = 'queued'"
# Between kills. A system whose parts are killed every second or two does little but start; the long soak is for work
# that goes on through many deaths.
PAUSE_SECONDS = (0.5, 3.0) if JOBS < 1_000 else (3.0, 12.0)


@pytest.fixture
def broken() -> Iterator[Breakable]:
    """Short limits, so that what hangs is found out soon."""
    system = Breakable(("ADWRIGHT_ATTEMPT_SECONDS", "copy=60,static_ad=3,video=60"))
    for number in (1, 2):
        system.add_maker(f"maker-{number}", slots=8)
    yield system
    system.stop()


@pytest.mark.timeout(300 + JOBS)
async def test_nothing_is_lost_and_nothing_doubled(broken: Breakable) -> None:
    chance = random.Random(JOBS)
    kills: Counter[str] = Counter()
    customers = [broken.running.customer(10 * JOBS) for _ in range(4)]
    loads = [Load(broken, customer, concurrency=6 if JOBS < 1_000 else 12) for customer in customers]
    began = time.monotonic()
    stopping = asyncio.Event()

    async def killing() -> None:
        while not stopping.is_set():
            await asyncio.sleep(chance.uniform(*PAUSE_SECONDS))
            name = chance.choice(VICTIMS)
            kills[name] += broken.kill(name)

    killer = asyncio.create_task(killing())
    await asyncio.gather(
        *(load.run(jobs=JOBS // len(loads), prompt=lambda _: "random", cancel_every=20) for load in loads)
    )
    submitted = time.monotonic() - began
    await broken.until(lambda: broken.count("job", QUEUED) < JOBS // 10, 60 + JOBS)
    stopping.set()
    await killer
    await broken.settled(120)
    took = time.monotonic() - began

    accepted = {job_id for load in loads for job_id in load.accepted}
    rows = broken.rows("job", "select id::text, status, attempt, dead, error_reason from job")
    statuses = Counter(row["status"] for row in rows)
    attempts = Counter(row["outcome"] for row in broken.rows("job", "select outcome from attempt"))
    table = Table(title=f"{JOBS} jobs, {sum(kills.values())} kills, {took:.0f} s")
    table.add_column("what")
    table.add_column("how many", justify="right")
    for name, number in [
        ("accepted", len(accepted)),
        ("requests repeated", sum(load.repeated for load in loads)),
        *(("  " + name, number) for name, number in sorted(statuses.items())),
        *(("attempts " + (name or "open"), number) for name, number in sorted(attempts.items())),
        *(("killed " + name, number) for name, number in sorted(kills.items())),
        ("submitting took s", round(submitted)),
        ("made twice", len({row["id"] for row in rows} - accepted)),
        ("lost", len(accepted - {row["id"] for row in rows if row["status"] in TERMINAL})),
    ]:
        table.add_row(name, str(number))
    Console().print(table)

    assert [load.refused for load in loads] == [{}] * len(loads)
    assert accepted == {row["id"] for row in rows}, "a job is gone, or was made twice"
    assert set(statuses) <= TERMINAL
    assert {row["error_reason"] for row in rows if row["status"] == "failed"} <= {
        "BAD_PICTURE", "GENERATION_FAILED", "MAKER_LOST", "PROVIDER_BUSY", "ATTEMPT_TIMED_OUT",
    }  # fmt: skip
    assert {row["error_reason"] for row in rows if row["dead"]} <= {"GENERATION_FAILED", "MAKER_LOST"}
    assert statuses["completed"] > JOBS * 0.7
    broken.check_assets()
    await broken.check_books()
    spent = sum(10 * JOBS - customer.credits["available"] for customer in customers)
    assert spent == 3 * statuses["completed"]


async def test_a_small_customer_does_not_wait_for_a_big_one(broken: Breakable) -> None:
    """One customer queues thousands; another's single jobs wait no longer than a few jobs take."""
    big, small = broken.running.customer(100_000), broken.running.customer(1_000)
    slots, job_seconds, many = 16, 1.0, 600

    async def waits(number: int) -> list[float]:
        load = Load(broken, small, concurrency=1)
        await load.run(jobs=number, prompt=lambda _: f"ok:{job_seconds}")
        await broken.until(
            lambda: (
                not broken.count(
                    "job",
                    "select count(*) from job where user_id = %s and status not in ('completed', 'failed')",
                    small.id,
                )
            ),
            60,
        )
        rows = broken.rows(
            "job",
            """select extract(epoch from started_at - created_at)::float as waited
                 from job join attempt on job_id = id where user_id = %s and number = 1
                order by id desc limit %s""",
            small.id,
            number,
        )
        return sorted(row["waited"] for row in rows)

    alone = await waits(10)
    await Load(broken, big, concurrency=32).run(jobs=many, prompt=lambda _: f"ok:{job_seconds}")
    assert broken.count("job", QUEUED) > many // 4
    beside = await waits(10)
    table = Table(title=f"waiting for a maker, seconds: 10 single jobs, {slots} slots of {job_seconds} s")
    for column in ("", "median", "longest"):
        table.add_column(column, justify="right" if column else "left")
    for name, found in (("alone", alone), (f"beside {many} queued jobs of another", beside)):
        table.add_row(name, f"{found[len(found) // 2]:.2f}", f"{found[-1]:.2f}")
    Console().print(table)
    left = broken.count("job", "select count(*) from job where user_id = %s and status = 'queued'", big.id)
    assert left > 0, "the big customer had ended before the comparison did"
    assert beside[-1] < 4 * job_seconds, "a few jobs' time"
    await broken.settled(180)
