"""An task is ordered once, whatever dies and whenever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from services.chassis.errors import InputFault, TransientFault
from services.worker.remote import remote_task
from services.worker.remote.remote_task import (
    CANCEL_SECONDS,
    MAX_POLL_FAILURES,
    MAX_SUBMISSIONS,
    MemoryCheckpoints,
    RemoteTask,
    TaskFailed,
    TaskNotAccepted,
)
from tests.stub_server import until


@dataclass
class Engine:
    """An engine that counts what it is asked for. `answers` are given to looks in turn, the last again and again."""

    answers: list[str | Exception | None] = field(default_factory=lambda: [None, "result"])
    refuses: Exception | None = None
    before_answering: Callable[[], None] = lambda: None
    orders: list[str] = field(default_factory=list)
    canceled: list[str] = field(default_factory=list)
    looks: int = 0

    async def submit(self) -> str:
        if isinstance(self.refuses, TaskNotAccepted):
            raise self.refuses
        self.orders.append(f"order-{len(self.orders) + 1}")
        self.before_answering()
        if self.refuses is not None:
            raise self.refuses
        return self.orders[-1]

    async def poll(self, order_id: str) -> str | None:
        answer = self.answers[min(self.looks, len(self.answers) - 1)]
        self.looks += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def cancel(self, order_id: str) -> None:
        self.canceled.append(order_id)

    def task(self, *, repeatable: bool = False, poll_seconds: float = 0.0) -> RemoteTask[str]:
        return RemoteTask(
            engine="stub",
            submit=self.submit,
            poll=self.poll,
            cancel=self.cancel,
            repeatable=repeatable,
            poll_seconds=poll_seconds,
        )


class Killed(BaseException):
    """Stands for the death of the process: nothing after it happens."""


class TestSingleSubmission:
    async def test_result_is_awaited(self) -> None:
        engine = Engine()
        assert await remote_task.run(engine.task(), MemoryCheckpoints()) == "result"
        assert engine.orders == ["order-1"]

    async def test_restart_polls_and_submits_nothing(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(answers=[None])
        first = asyncio.ensure_future(remote_task.run(engine.task(), checkpoints))
        await until(lambda: engine.looks >= 3)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        engine.answers = ["result"]
        assert await remote_task.run(engine.task(), MemoryCheckpoints(checkpoint=checkpoints.checkpoint)) == "result"
        assert engine.orders == ["order-1"]
        assert engine.canceled == []

    async def test_submission_interrupted_by_a_crash_is_not_repeated(self) -> None:
        def die() -> None:
            raise Killed

        checkpoints, engine = MemoryCheckpoints(), Engine(before_answering=die)
        with pytest.raises(Killed):
            await remote_task.run(engine.task(), checkpoints)
        with pytest.raises(InputFault, match="did not confirm"):
            await remote_task.run(Engine().task(), MemoryCheckpoints(checkpoint=checkpoints.checkpoint))
        assert len(engine.orders) == 1

    async def test_repeatable_submission_is_repeated(self) -> None:
        checkpoints = MemoryCheckpoints(
            checkpoint=json.dumps({"engine": "stub", "step": "asked", "orders": 1, "order_id": ""}).encode()
        )
        engine = Engine()
        assert await remote_task.run(engine.task(repeatable=True), checkpoints) == "result"
        assert json.loads(checkpoints.checkpoint)["orders"] == 1

    async def test_submission_with_unknown_outcome_is_not_repeated(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(refuses=TransientFault("PROVIDER_FAILED", "502"))
        for _ in range(2):
            with pytest.raises(InputFault, match="not been charged"):
                await remote_task.run(engine.task(), checkpoints)
        assert len(engine.orders) == 1

    async def test_rejected_submission_may_be_repeated(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(refuses=TaskNotAccepted("PROVIDER_BUSY", "429"))
        for _ in range(5):
            with pytest.raises(TaskNotAccepted):
                await remote_task.run(engine.task(), checkpoints)
        engine.refuses = None
        assert await remote_task.run(engine.task(), checkpoints) == "result"

    async def test_failed_task_is_submitted_once_more(self) -> None:
        checkpoints = MemoryCheckpoints()
        engine = Engine(answers=[TaskFailed("PROVIDER_FAILED", "out of memory")])
        for _ in range(4):
            with pytest.raises(TransientFault):
                await remote_task.run(engine.task(), checkpoints)
        assert len(engine.orders) == MAX_SUBMISSIONS

    async def test_other_engine_does_not_repeat_the_submission(self) -> None:
        checkpoints = MemoryCheckpoints(
            checkpoint=json.dumps({"engine": "other", "step": "taken", "orders": 1, "order_id": "x"}).encode()
        )
        with pytest.raises(InputFault):
            await remote_task.run(Engine().task(), checkpoints)

    async def test_nothing_is_submitted_without_a_checkpoint(self) -> None:
        class Deaf(MemoryCheckpoints):
            async def save_checkpoint(self, content: bytes) -> None:
                raise TransientFault("CHECKPOINT_NOT_KEPT", "x")

        engine = Engine()
        with pytest.raises(TransientFault, match="CHECKPOINT"):
            await remote_task.run(engine.task(), Deaf())
        assert engine.orders == []


class TestPolling:
    async def test_failing_polls_are_tolerated(self) -> None:
        fault = TransientFault("PROVIDER_UNREACHABLE", "x")
        engine = Engine(answers=[*[fault] * (MAX_POLL_FAILURES - 1), "result"])
        assert await remote_task.run(engine.task(), MemoryCheckpoints()) == "result"

    async def test_poll_failures_are_limited(self) -> None:
        engine = Engine(answers=[TransientFault("PROVIDER_UNREACHABLE", "x")])
        with pytest.raises(TransientFault):
            await remote_task.run(engine.task(), MemoryCheckpoints())
        assert engine.looks == MAX_POLL_FAILURES


class TestCancelling:
    async def test_canceled_job_cancels_the_task(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(answers=[None])
        running = asyncio.ensure_future(remote_task.run(engine.task(poll_seconds=0.01), checkpoints))
        await until(lambda: engine.looks >= 2)
        checkpoints.cancelled = True
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert engine.canceled == ["order-1"]

    async def test_submission_in_flight_is_canceled_once_accepted(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(answers=[None])
        answered = asyncio.Event()

        async def slow_order() -> str:
            await answered.wait()
            return await engine.submit()

        asked = RemoteTask(engine="stub", submit=slow_order, poll=engine.poll, cancel=engine.cancel)
        running = asyncio.ensure_future(remote_task.run(asked, checkpoints))
        await until(lambda: checkpoints.checkpoint)
        checkpoints.cancelled = True
        running.cancel()
        asyncio.get_running_loop().call_later(0.05, answered.set)
        with pytest.raises(asyncio.CancelledError):
            await running
        assert engine.canceled == ["order-1"]

    async def test_unresponsive_engine_does_not_delay_cancellation(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(answers=[None])

        async def never(order_id: str) -> None:
            await asyncio.sleep(60)

        asked = RemoteTask(engine="stub", submit=engine.submit, poll=engine.poll, cancel=never, poll_seconds=0.01)
        running = asyncio.ensure_future(remote_task.run(asked, checkpoints))
        await until(lambda: engine.looks)
        checkpoints.cancelled = True
        running.cancel()
        began = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.get_running_loop().time() - began < CANCEL_SECONDS + 0.5
