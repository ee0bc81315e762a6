"""Render processes of one worker, so that it can render several jobs at a time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import structlog

from services.chassis.errors import Fault
from services.chassis.tasks import cancel_and_wait
from services.worker.progress import ReportProgress
from services.worker.render_process import NICENESS, RenderProcess

Argument = TypeVar("Argument")
Result = TypeVar("Result")
Preparation = tuple[Callable[[Any, ReportProgress], object], Any]

IDLE_SECONDS: Final = 60.0  # after which all but one process end, since each holds the engine's memory

log = structlog.get_logger()


def usable_cores() -> int:
    """The cores that this process may use: more render processes than these only slow each other."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class RenderPool:
    """Runs up to `size` functions at a time, each in a RenderProcess; further calls wait for one.

    One process stays. Another one is started and prepared beside when all are busy, and takes work once it is ready, so
    no job waits for the start of a process while another process becomes free. It ends after IDLE_SECONDS without work.
    """

    def __init__(
        self,
        name: str,
        *,
        size: int,
        memory_limit_bytes: int,
        time_limit_seconds: float,
        niceness: int = NICENESS,
    ) -> None:
        """size: at least 1. The limits and the niceness are those of each process."""
        self._name = name
        self._size = size
        self._memory_limit = memory_limit_bytes
        self._time_limit = time_limit_seconds
        self._niceness = niceness
        first = self._new()
        self._all = [first]
        self._free: asyncio.LifoQueue[RenderProcess] = asyncio.LifoQueue()  # the one used last has the warmest caches
        self._free.put_nowait(first)
        self._preparation: Preparation | None = None
        self._growing: asyncio.Task[None] | None = None
        self._shrinking: asyncio.Task[None] | None = None

    async def prepare(self, function: Callable[[Argument, ReportProgress], object], argument: Argument) -> None:
        """Runs the function in the first process, and in each further one before its first work. Raises as `run`."""
        self._preparation = (function, argument)
        await self.run(function, argument)

    async def run(
        self,
        function: Callable[[Argument, ReportProgress], Result],
        argument: Argument,
        report: ReportProgress | None = None,
    ) -> Result:
        """Runs the function in a free process and returns its result. Cancelling kills that process. Raises as
        RenderProcess.run."""
        if self._free.empty() and len(self._all) < self._size and self._growing is None:
            self._growing = asyncio.create_task(self._grow())
        process = await self._free.get()
        try:
            return await process.run(function, argument, report)
        finally:
            self._free.put_nowait(process)
            if len(self._all) > 1:
                self._shrink_later()

    async def close(self) -> None:
        """Ends all processes."""
        await cancel_and_wait(*(task for task in (self._growing, self._shrinking) if task is not None))
        await asyncio.gather(*(process.close() for process in self._all))

    def _new(self) -> RenderProcess:
        return RenderProcess(
            self._name,
            memory_limit_bytes=self._memory_limit,
            time_limit_seconds=self._time_limit,
            niceness=self._niceness,
        )

    async def _grow(self) -> None:
        process = self._new()
        self._all.append(process)
        try:
            if self._preparation is not None:
                await process.run(*self._preparation)
        except (Fault, RuntimeError) as error:  # the work goes on in the others, and the next call tries again
            log.warning("render_process_not_prepared", engine=self._name, error=str(error))
            self._all.remove(process)
            await process.close()
        else:
            self._free.put_nowait(process)
            self._shrink_later()
        finally:
            self._growing = None

    def _shrink_later(self) -> None:
        if self._shrinking is not None:
            self._shrinking.cancel()
        self._shrinking = asyncio.create_task(self._shrink())

    async def _shrink(self) -> None:
        await asyncio.sleep(IDLE_SECONDS)
        while self._free.qsize() > 1:  # the first in line stays for the next call
            kept, other = self._free.get_nowait(), self._free.get_nowait()
            self._free.put_nowait(kept)
            self._all.remove(other)
            await other.close()
