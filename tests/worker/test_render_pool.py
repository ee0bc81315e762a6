"""The render pool: jobs run side by side, none waits for a new process, and idle processes end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.chassis.errors import TransientFault
from services.worker import render_pool
from services.worker.render_pool import RenderPool
from tests.support import until_async
from tests.worker.render_functions import MEGABYTE, add_one, crash, meet, process_id, record_process


def _recorded(folder: Path) -> set[int]:
    """The ids of the processes that `record_process` ran in."""
    return {int(file.name) for file in folder.glob("[1-9]*")}


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[RenderPool]:
    made = RenderPool("test", size=2, memory_limit_bytes=600 * MEGABYTE, time_limit_seconds=60.0)
    yield made
    await made.close()


async def test_two_jobs_run_side_by_side(pool: RenderPool, tmp_path: Path) -> None:
    # Each waits for the other one: in one process, the first would never end.
    first, second = await asyncio.gather(*(pool.run(meet, (str(tmp_path), number, 2)) for number in range(2)))
    assert first != second


async def test_job_does_not_wait_for_a_new_process_while_another_becomes_free(
    pool: RenderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = await pool.run(process_id, 0)

    async def never(_: RenderPool) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(RenderPool, "_grow", never)
    assert await asyncio.gather(*(pool.run(process_id, 0) for _ in range(4))) == [only] * 4


async def test_each_process_is_prepared_before_its_first_job(pool: RenderPool, tmp_path: Path) -> None:
    await pool.prepare(record_process, str(tmp_path))
    used = await asyncio.gather(*(pool.run(meet, (str(tmp_path), number, 2)) for number in range(2)))
    assert _recorded(tmp_path) == set(used)


async def test_idle_processes_end_but_one(pool: RenderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_pool, "IDLE_SECONDS", 0.1)
    used = await asyncio.gather(*(pool.run(meet, (str(tmp_path), number, 2)) for number in range(2)))
    await until_async(lambda: len([pid for pid in used if Path(f"/proc/{pid}").exists()]) == 1)
    assert await pool.run(process_id, 0) in used


async def test_crash_of_one_process_leaves_the_other_job_alone(pool: RenderPool, tmp_path: Path) -> None:
    await asyncio.gather(*(pool.run(meet, (str(tmp_path), number, 2)) for number in range(2)))
    results = await asyncio.gather(pool.run(crash, 0), pool.run(add_one, 1), return_exceptions=True)
    assert isinstance(results[0], TransientFault)
    assert results[1] == 2
    assert await asyncio.gather(*(pool.run(add_one, number) for number in range(4))) == [1, 2, 3, 4]
