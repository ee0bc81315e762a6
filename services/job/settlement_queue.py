"""The queue of ended jobs between those who end them and the settlement loop, which need not read them again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import islice

from services.job.domain import EndedJob

MAX_ENDED = 10_000  # bounds memory; the loop finds the others in the table


class SettlementQueue:
    """Ended jobs of this process whose settlement no caller waits for."""

    def __init__(self) -> None:
        self._jobs: list[EndedJob] = []
        self._added = asyncio.Event()

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, jobs: Iterable[EndedJob]) -> None:
        self._jobs += islice(jobs, MAX_ENDED - len(self._jobs))
        if self._jobs:
            self._added.set()

    async def wait(self) -> None:
        """Returns when there are jobs."""
        await self._added.wait()

    def take(self) -> list[EndedJob]:
        """Removes and returns all jobs."""
        jobs, self._jobs = self._jobs, []
        self._added.clear()
        return jobs
