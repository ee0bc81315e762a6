"""Group commit: batches, outcomes, bounds and deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.chassis.data.batcher import Batcher
from services.chassis.errors import Overloaded, Refusal


class TestBatcher:
    async def test_sequential_items_each_get_their_outcome(self) -> None:
        async def double(items: Sequence[int]) -> list[int | Refusal]:
            return [item * 2 for item in items]

        batcher = Batcher(double, max_batch=4, max_waiting=10, max_wait_seconds=30)
        async with asyncio.timeout(30):  # a runner that ends unnoticed would leave the second caller waiting forever
            assert [await batcher.submit(number) for number in range(20)] == [number * 2 for number in range(20)]

    async def test_concurrent_items_are_applied_in_one_batch(self) -> None:
        sizes = []

        async def count(items: Sequence[int]) -> list[int | Refusal]:
            sizes.append(len(items))
            await asyncio.sleep(0)
            return list(items)

        batcher = Batcher(count, max_batch=8, max_waiting=100, max_wait_seconds=30)
        assert await asyncio.gather(*(batcher.submit(number) for number in range(20))) == list(range(20))
        assert sizes == [8, 8, 4]

    async def test_refusal_reaches_only_its_own_caller(self) -> None:
        async def odd(items: Sequence[int]) -> list[int | Refusal]:
            return [item if item % 2 else Refusal("even") for item in items]

        outcomes = await asyncio.gather(
            *(Batcher(odd, max_batch=8, max_waiting=8, max_wait_seconds=30).submit(number) for number in (1, 2, 3)),
            return_exceptions=True,
        )
        assert [isinstance(outcome, Refusal) for outcome in outcomes] == [False, True, False]

    async def test_error_reaches_its_whole_batch_and_the_next_batch_is_applied(self) -> None:
        async def fail_on_zero(items: Sequence[int]) -> list[int | Refusal]:
            if 0 in items:
                raise ValueError("zero")
            return list(items)

        batcher = Batcher(fail_on_zero, max_batch=2, max_waiting=8, max_wait_seconds=30)
        outcomes = await asyncio.gather(*(batcher.submit(number) for number in range(4)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ValueError, ValueError, int, int]

    async def test_full_queue_refuses_immediately(self) -> None:
        release = asyncio.Event()

        async def wait(items: Sequence[int]) -> list[int | Refusal]:
            await release.wait()
            return list(items)

        batcher = Batcher(wait, max_batch=1, max_waiting=2, max_wait_seconds=30)
        waiting = [asyncio.create_task(batcher.submit(number)) for number in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.append(asyncio.create_task(batcher.submit(2)))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await batcher.submit(3)
        release.set()
        assert await asyncio.gather(*waiting) == [0, 1, 2]

    async def test_item_that_waited_too_long_is_refused_and_not_applied(self) -> None:
        started, release = asyncio.Event(), asyncio.Event()
        applied: list[int] = []

        async def wait(items: Sequence[int]) -> list[int | Refusal]:
            applied.extend(items)
            started.set()
            await release.wait()
            return list(items)

        batcher = Batcher(wait, max_batch=1, max_waiting=8, max_wait_seconds=0.05)
        first = asyncio.create_task(batcher.submit(1))
        await started.wait()
        with pytest.raises(Overloaded, match="waited too long"):
            await batcher.submit(2)
        release.set()
        assert await first == 1, "an item in a batch must not be refused, however long the batch takes"
        assert await batcher.submit(3) == 3
        assert applied == [1, 3]

    async def test_batch_beside_another_begins_only_after_its_items_have_waited(self) -> None:
        sizes: list[int] = []
        release, second = asyncio.Event(), asyncio.Event()

        async def hold_back_zero(items: Sequence[int]) -> list[int | Refusal]:
            sizes.append(len(items))
            if 0 in items:
                await release.wait()
            else:
                second.set()
            return list(items)

        batcher = Batcher(
            hold_back_zero, max_batch=8, max_waiting=8, max_wait_seconds=30, concurrency=2, beside_after_seconds=0.1
        )
        tasks = []
        for number in range(4):
            tasks.append(asyncio.create_task(batcher.submit(number)))
            await asyncio.sleep(0)
        assert sizes == [1], "items share the next batch while one is applied"
        async with asyncio.timeout(30):
            await second.wait()  # and are not held back by it
        assert sizes == [1, 3]
        release.set()
        assert await asyncio.gather(*tasks) == [0, 1, 2, 3]
