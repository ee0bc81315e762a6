"""Tasks end when they are cancelled, even one that loses its cancellation."""

from __future__ import annotations

import asyncio

import pytest

from services.chassis import tasks
from services.chassis.tasks import cancel_and_wait


async def _loses(cancellations: int) -> None:
    """Runs for ever; loses so many cancellations."""
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if not cancellations:
                raise
            cancellations -= 1


async def test_a_task_that_lost_its_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.02)
    started = [asyncio.create_task(_loses(count)) for count in (0, 2)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await cancel_and_wait(*started)
    assert all(task.cancelled() for task in started)


async def test_exceptions_of_the_tasks_are_discarded() -> None:
    async def fails() -> None:
        raise ValueError

    await cancel_and_wait(asyncio.create_task(fails()))
    await cancel_and_wait()
