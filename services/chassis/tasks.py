"""Helpers for asyncio tasks."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN_SECONDS = 30.0  # after which a task is cancelled again; more than any of them needs to clean up


async def cancel_and_wait(*tasks: asyncio.Task[Any]) -> None:
    """Cancels tasks and waits until they have finished. Discards their exceptions.

    A task that goes on is cancelled again: in Python 3.11, asyncio.wait_for, by which connection pools wait, loses a
    cancellation that comes at the moment at which the wait ends.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
