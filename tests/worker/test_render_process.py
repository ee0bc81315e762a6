"""The render process: every failure becomes a fault, and the next job gets a working process."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.chassis.errors import InputFault, TransientFault
from services.worker import render_process
from services.worker.render_process import RenderProcess, lower_limit
from tests.support import until_async
from tests.worker.render_functions import (
    MEGABYTE,
    add_one,
    allocate,
    crash,
    dump_limit,
    never_end,
    priority,
    process_id,
    raise_unexpected,
    refuse,
)

AUTOGROUPS = Path("/proc/sys/kernel/sched_autogroup_enabled")


def _own_group() -> str:
    """What the kernel says of this session's group; empty where it does not schedule by session."""
    if not AUTOGROUPS.exists() or AUTOGROUPS.read_text().strip() != "1":
        return ""
    return Path("/proc/self/autogroup").read_text()


@pytest_asyncio.fixture
async def process() -> AsyncIterator[RenderProcess]:
    made = RenderProcess("test", memory_limit_bytes=600 * MEGABYTE, time_limit_seconds=60.0)
    yield made
    await made.close()


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


async def test_result_and_progress_come_from_one_process(process: RenderProcess) -> None:
    reports: list[tuple[int, str]] = []
    assert await process.run(add_one, 1, lambda percent, stage: reports.append((percent, stage))) == 2
    assert reports == [(50, "adding")]
    first = await process.run(process_id, 0)
    assert first == await process.run(process_id, 0) != os.getpid()


async def test_faults_are_reraised_and_other_errors_carry_the_traceback(process: RenderProcess) -> None:
    with pytest.raises(InputFault, match="Not this") as caught:
        await process.run(refuse, 0)
    assert caught.value.reason == "BAD"
    with pytest.raises(RuntimeError, match="an unexpected error"):
        await process.run(raise_unexpected, 0)
    assert await process.run(add_one, 1) == 2


async def test_memory_is_limited(process: RenderProcess) -> None:
    with pytest.raises(TransientFault) as caught:
        await process.run(allocate, 2000)
    assert caught.value.reason == "RENDER_OUT_OF_MEMORY"
    assert await process.run(allocate, 20) == 20 * MEGABYTE


async def test_time_is_limited(process: RenderProcess, tmp_path: Path) -> None:
    child = await process.run(process_id, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "_time_limit", 1.0)  # short for this run only: starting a child may take longer
        with pytest.raises(TransientFault) as caught:
            await process.run(never_end, str(tmp_path / "id"))
    assert caught.value.reason == "RENDER_TIMED_OUT"
    assert not _is_alive(child)
    assert await process.run(add_one, 1) == 2


async def test_crash_fails_only_the_current_job(process: RenderProcess) -> None:
    with pytest.raises(TransientFault) as caught:
        await process.run(crash, 0)
    assert caught.value.reason == "RENDER_DIED"
    assert await process.run(add_one, 1) == 2
    assert await process.run(dump_limit, 0) == (0, 0)


async def test_services_take_precedence_over_rendering(process: RenderProcess) -> None:
    nice, group = await process.run(priority, 0)
    assert nice >= render_process.NICENESS
    own_group = _own_group()
    if not own_group:
        pytest.skip("this kernel does not schedule by session")
    # In the worker's session the nice value would count among the processes of that session only.
    assert group.endswith(f" nice {render_process.NICENESS}\n")
    assert group != own_group


async def test_rendering_takes_no_second_place_where_it_is_set_so() -> None:
    equal = RenderProcess("test", memory_limit_bytes=600 * MEGABYTE, time_limit_seconds=60.0, niceness=0)
    nice, _ = await equal.run(priority, 0)
    await equal.close()
    assert nice == os.nice(0)


async def test_canceled_job_ends_immediately(process: RenderProcess, tmp_path: Path) -> None:
    running = asyncio.ensure_future(process.run(never_end, str(tmp_path / "id")))
    await until_async(lambda: (tmp_path / "id").exists() and (tmp_path / "id").read_text())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not _is_alive(int((tmp_path / "id").read_text()))
    assert await process.run(add_one, 1) == 2


async def test_process_that_cannot_start_is_a_transient_fault() -> None:
    starved = RenderProcess("test", memory_limit_bytes=1, time_limit_seconds=20.0)
    with pytest.raises(TransientFault) as caught:
        await starved.run(add_one, 1)
    assert caught.value.reason == "RENDER_NOT_STARTED"
    await starved.close()


async def test_child_that_ends_while_it_starts_is_started_once_more(
    process: RenderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, starts = RenderProcess._start, []

    def ended_at_first(self: RenderProcess) -> bool:
        starts.append(start(self))
        return len(starts) > 1

    monkeypatch.setattr(RenderProcess, "_start", ended_at_first)
    assert await process.run(add_one, 1) == 2
    assert starts == [True, True]


@pytest.mark.parametrize(
    "refusal", [ValueError("current limit exceeds maximum limit"), OSError(22, "Invalid argument")]
)
def test_unsupported_limit_is_skipped_except_on_linux(monkeypatch: pytest.MonkeyPatch, refusal: Exception) -> None:
    def refuse_limit(name: int, limits: tuple[int, int]) -> None:
        raise refusal

    monkeypatch.setattr(resource, "setrlimit", refuse_limit)
    monkeypatch.setattr(render_process, "LINUX", False)
    lower_limit(resource.RLIMIT_AS, 1 << 30)
    monkeypatch.setattr(render_process, "LINUX", True)
    with pytest.raises(type(refusal)):
        lower_limit(resource.RLIMIT_AS, 1 << 30)
