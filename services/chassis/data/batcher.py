"""Group commit: concurrent calls are applied in batches.

Items that arrive while a batch is applied form the next one. No item waits for others to arrive: under load the batches
grow and share the cost of a transaction, and an idle batcher applies an item immediately.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from services.chassis.errors import Overloaded, Refusal
from services.chassis.observability.tracing import current_traceparent, linked_span

MAX_WAIT_SECONDS = 10.0  # shorter than the 15 s deadline of most callers

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Batcher(Generic[Item, Outcome]):
    """Collects items and applies them in batches. Every item has its own outcome.

    `apply` takes 1..max_batch items and returns as many outcomes in the same order. A Refusal among the outcomes is
    raised to its own caller only. When `apply` raises, every caller of the batch gets the exception. An item whose
    caller is cancelled while it is applied stays applied, so `apply` must be safe to repeat. An item that has waited
    for `max_wait_seconds`, which must be shorter than its caller's deadline, is refused and not applied.

    Up to `concurrency` batches are applied at a time. With `beside_after_seconds`, a batch begins beside others only
    when items have waited that long: where a batch costs much more than an item, few large ones are cheaper, and one
    that takes long still holds nobody back for longer.
    """

    def __init__(
        self,
        apply: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Refusal]]],
        *,
        max_batch: int,
        max_waiting: int,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
        concurrency: int = 1,
        beside_after_seconds: float = 0.0,
    ) -> None:
        self._apply = apply
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._max_wait = max_wait_seconds
        self._concurrency = concurrency
        self._beside_after = beside_after_seconds
        self._beside: asyncio.TimerHandle | None = None
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome], str, asyncio.TimerHandle]] = deque()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """The number of items that wait. Those that are being applied do not count."""
        return len(self._waiting)

    async def submit(self, item: Item) -> Outcome:
        """Returns the item's outcome. Raises Overloaded, without applying the item, when max_waiting items wait."""
        (future,) = self._add([item])
        return await future

    async def submit_all(self, items: Sequence[Item]) -> list[Outcome | BaseException]:
        """Returns the items' outcomes in order; for a refused or failed item, the exception.

        Raises Overloaded, without applying any, when more than max_waiting items would wait.
        """
        return await asyncio.gather(*self._add(items), return_exceptions=True)

    def _add(self, items: Sequence[Item]) -> list[asyncio.Future[Outcome]]:
        if len(self._waiting) + len(items) > self._max_waiting:
            raise Overloaded("Too many requests are waiting; try again.", retry_after_seconds=1)
        loop, traceparent = asyncio.get_running_loop(), current_traceparent()
        futures: list[asyncio.Future[Outcome]] = [loop.create_future() for _ in items]
        for item, future in zip(items, futures, strict=True):
            overdue = loop.call_later(self._max_wait, _refuse_overdue, future)
            self._waiting.append((item, future, traceparent, overdue))
        if items and self._running < self._concurrency:
            if not self._running or not self._beside_after:
                self._start()
            elif self._beside is None:
                self._beside = loop.call_later(self._beside_after, self._start_beside)
        return futures

    def _start(self) -> None:
        # Counted here and in _run, not in the done callback: a caller that submits between the task's last step and
        # its callback would count on a runner that has finished, and wait forever.
        self._running += 1
        task = asyncio.create_task(self._run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _start_beside(self) -> None:
        self._beside = None
        if self._waiting and self._running < self._concurrency:
            self._start()

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
                if not future.done():  # done: the caller was cancelled or timed out while the item was queued
                    batch.append((item, future, traceparent))
            if not batch:
                continue
            try:
                with linked_span("batch", [traceparent for _, _, traceparent in batch]):
                    outcomes = await self._apply([item for item, _, _ in batch])
                if len(outcomes) != len(batch):
                    raise RuntimeError(f"apply returned {len(outcomes)} outcomes for {len(batch)} items")
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


def _refuse_overdue(future: asyncio.Future[Outcome]) -> None:
    """Refuses an item that is still queued. The timer is cancelled when the item joins a batch."""
    if not future.done():
        future.set_exception(Overloaded("The request waited too long; try again.", retry_after_seconds=1))
