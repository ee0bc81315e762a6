"""Group commit: calls that come in together are done together.

While one batch is being applied, the next one gathers; nothing ever waits for company. Under load the batches grow and
the cost of a transaction is shared, when idle a call goes through at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from services.chassis.errors import Overloaded, Refusal
from services.chassis.observability.tracing import current_traceparent, linked_span

MAX_WAIT_SECONDS = 10.0  # most callers wait for 15 s

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Batcher(Generic[Item, Outcome]):
    """Collects items and applies them in batches; every item gets an outcome of its own.

    `apply` takes 1..max_batch items and returns as many outcomes, in order; an outcome that is a Refusal is raised to
    its own caller only. If `apply` raises, every caller of that batch gets the exception. A caller that is cancelled
    while its item is being applied leaves the item applied: `apply` must be safe to repeat. An item that has waited
    for `max_wait_seconds` (less than its caller's patience) is refused, with nothing done.
    """

    def __init__(
        self,
        apply: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Refusal]]],
        *,
        max_batch: int,
        max_waiting: int,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
        concurrency: int = 1,
    ) -> None:
        self._apply = apply
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._max_wait = max_wait_seconds
        self._concurrency = concurrency
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome], str, asyncio.TimerHandle]] = deque()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Outcome:
        """The outcome of the item. Raises Overloaded, with nothing done, when too many wait already."""
        if len(self._waiting) >= self._max_waiting:
            raise Overloaded("Too many requests are waiting; try again.", retry_after_seconds=1)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((item, future, current_traceparent(), loop.call_later(self._max_wait, _overdue, future)))
        if self._running < self._concurrency:
            # Counted here and in _run itself, not when the task is reaped: a caller that is woken between the two
            # would find a runner that has ended already, and wait for ever.
            self._running += 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _run(self) -> None:
        try:
            await self._drain()
        finally:
            self._running -= 1

    async def _drain(self) -> None:
        while self._waiting:
            batch: list[tuple[Item, asyncio.Future[Outcome], str]] = []
            while self._waiting and len(batch) < self._max_batch:
                item, future, traceparent, overdue = self._waiting.popleft()
                overdue.cancel()
                if not future.done():  # done: its caller has gone, or was refused, before anything was
                    batch.append((item, future, traceparent))
            if not batch:
                continue
            try:
                with linked_span("batch", [traceparent for _, _, traceparent in batch]):
                    outcomes = await self._apply([item for item, _, _ in batch])
                if len(outcomes) != len(batch):
                    raise RuntimeError(f"{len(batch)} items got {len(outcomes)} outcomes")
            except BaseException as error:
                for _, future, _ in batch:
                    if not future.done():
                        future.set_exception(
                            Overloaded("The service is stopping; try again.", retry_after_seconds=1)
                            if isinstance(error, asyncio.CancelledError)
                            else error
                        )
                if not isinstance(error, Exception):
                    raise
                continue
            for (_, future, _), outcome in zip(batch, outcomes, strict=True):
                if future.done():
                    continue
                if isinstance(outcome, Refusal):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)


def _overdue(future: asyncio.Future[Outcome]) -> None:
    """Refuses an item that still waits: once it is taken, this is not called any more."""
    if not future.done():
        future.set_exception(Overloaded("This has waited for too long; try again.", retry_after_seconds=1))
