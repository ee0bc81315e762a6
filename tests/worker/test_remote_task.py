"""A remote task is submitted once, whatever fails and whenever."""

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
    RemoteTask,
    TaskFailed,
    TaskNotAccepted,
)
from tests.support import until_async
from tests.worker.checkpoints import MemoryCheckpoints


@dataclass
class Engine:
    """An engine that counts its requests. Successive polls get `states` in turn, and the last one repeatedly."""

    states: list[str | Exception | None] = field(default_factory=lambda: [None, "result"])
    submit_error: Exception | None = None
    before_response: Callable[[], None] = lambda: None
    submissions: list[str] = field(default_factory=list)
    canceled: list[str] = field(default_factory=list)
    polls: int = 0

    async def submit(self) -> str:
        if isinstance(self.submit_error, TaskNotAccepted):
            raise self.submit_error
        self.submissions.append(f"task-{len(self.submissions) + 1}")
        self.before_response()
        if self.submit_error is not None:
            raise self.submit_error
        return self.submissions[-1]

    async def poll(self, task_id: str) -> str | None:
        state = self.states[min(self.polls, len(self.states) - 1)]
        self.polls += 1
        if isinstance(state, Exception):
            raise state
        return state

    async def cancel(self, task_id: str) -> None:
        self.canceled.append(task_id)

    def remote_task(self, *, repeatable: bool = False, poll_seconds: float = 0.0) -> RemoteTask[str]:
        return RemoteTask(
            engine="stub",
            submit=self.submit,
            poll=self.poll,
            cancel=self.cancel,
            repeatable=repeatable,
            poll_seconds=poll_seconds,
        )


class Killed(BaseException):
    """Simulates the death of the process."""


class TestSingleSubmission:
    async def test_result_is_awaited(self) -> None:
        engine = Engine()
        assert await remote_task.run(engine.remote_task(), MemoryCheckpoints()) == "result"
        assert engine.submissions == ["task-1"]

    async def test_restart_polls_and_submits_nothing(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(states=[None])
        first = asyncio.ensure_future(remote_task.run(engine.remote_task(), checkpoints))
        await until_async(lambda: engine.polls >= 3)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        engine.states = ["result"]
        assert (
            await remote_task.run(engine.remote_task(), MemoryCheckpoints(checkpoint=checkpoints.checkpoint))
            == "result"
        )
        assert engine.submissions == ["task-1"]
        assert engine.canceled == []

    async def test_submission_interrupted_by_a_crash_is_not_repeated(self) -> None:
        def die() -> None:
            raise Killed

        checkpoints, engine = MemoryCheckpoints(), Engine(before_response=die)
        with pytest.raises(Killed):
            await remote_task.run(engine.remote_task(), checkpoints)
        with pytest.raises(InputFault, match="did not confirm"):
            await remote_task.run(Engine().remote_task(), MemoryCheckpoints(checkpoint=checkpoints.checkpoint))
        assert len(engine.submissions) == 1

    async def test_repeatable_submission_is_repeated(self) -> None:
        checkpoints = MemoryCheckpoints(
            checkpoint=json.dumps({"engine": "stub", "step": "asked", "orders": 1, "order_id": ""}).encode()
        )
        engine = Engine()
        assert await remote_task.run(engine.remote_task(repeatable=True), checkpoints) == "result"
        assert json.loads(checkpoints.checkpoint)["orders"] == 1

    async def test_submission_with_unknown_outcome_is_not_repeated(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(submit_error=TransientFault("PROVIDER_FAILED", "502"))
        for _ in range(2):
            with pytest.raises(InputFault, match="not been charged"):
                await remote_task.run(engine.remote_task(), checkpoints)
        assert len(engine.submissions) == 1

    async def test_rejected_submission_may_be_repeated(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(submit_error=TaskNotAccepted("PROVIDER_BUSY", "429"))
        for _ in range(5):
            with pytest.raises(TaskNotAccepted):
                await remote_task.run(engine.remote_task(), checkpoints)
        engine.submit_error = None
        assert await remote_task.run(engine.remote_task(), checkpoints) == "result"

    async def test_failed_task_is_submitted_once_more(self) -> None:
        checkpoints = MemoryCheckpoints()
        engine = Engine(states=[TaskFailed("PROVIDER_FAILED", "out of memory")])
        for _ in range(4):
            with pytest.raises(TransientFault):
                await remote_task.run(engine.remote_task(), checkpoints)
        assert len(engine.submissions) == MAX_SUBMISSIONS

    async def test_other_engine_does_not_repeat_the_submission(self) -> None:
        checkpoints = MemoryCheckpoints(
            checkpoint=json.dumps({"engine": "other", "step": "taken", "orders": 1, "order_id": "x"}).encode()
        )
        with pytest.raises(InputFault):
            await remote_task.run(Engine().remote_task(), checkpoints)

    async def test_nothing_is_submitted_without_a_checkpoint(self) -> None:
        class UnavailableCheckpoints(MemoryCheckpoints):
            async def save_checkpoint(self, content: bytes) -> None:
                raise TransientFault("CHECKPOINT_NOT_KEPT", "x")

        engine = Engine()
        with pytest.raises(TransientFault, match="CHECKPOINT"):
            await remote_task.run(engine.remote_task(), UnavailableCheckpoints())
        assert engine.submissions == []


class TestPolling:
    async def test_failing_polls_are_tolerated(self) -> None:
        fault = TransientFault("PROVIDER_UNREACHABLE", "x")
        engine = Engine(states=[*[fault] * (MAX_POLL_FAILURES - 1), "result"])
        assert await remote_task.run(engine.remote_task(), MemoryCheckpoints()) == "result"

    async def test_poll_failures_are_limited(self) -> None:
        engine = Engine(states=[TransientFault("PROVIDER_UNREACHABLE", "x")])
        with pytest.raises(TransientFault):
            await remote_task.run(engine.remote_task(), MemoryCheckpoints())
        assert engine.polls == MAX_POLL_FAILURES


class TestCancelling:
    async def test_canceled_job_cancels_the_task(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(states=[None])
        running = asyncio.ensure_future(remote_task.run(engine.remote_task(poll_seconds=0.01), checkpoints))
        await until_async(lambda: engine.polls >= 2)
        checkpoints.cancelled = True
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert engine.canceled == ["task-1"]

    async def test_submission_in_flight_is_canceled_once_accepted(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(states=[None])
        accepted = asyncio.Event()

        async def slow_submit() -> str:
            await accepted.wait()
            return await engine.submit()

        task = RemoteTask(engine="stub", submit=slow_submit, poll=engine.poll, cancel=engine.cancel)
        running = asyncio.ensure_future(remote_task.run(task, checkpoints))
        await until_async(lambda: checkpoints.checkpoint)
        checkpoints.cancelled = True
        running.cancel()
        asyncio.get_running_loop().call_later(0.05, accepted.set)
        with pytest.raises(asyncio.CancelledError):
            await running
        assert engine.canceled == ["task-1"]

    async def test_unresponsive_engine_does_not_delay_cancellation(self) -> None:
        checkpoints, engine = MemoryCheckpoints(), Engine(states=[None])

        async def never(task_id: str) -> None:
            await asyncio.sleep(60)

        task = RemoteTask(engine="stub", submit=engine.submit, poll=engine.poll, cancel=never, poll_seconds=0.01)
        running = asyncio.ensure_future(remote_task.run(task, checkpoints))
        await until_async(lambda: engine.polls)
        checkpoints.cancelled = True
        running.cancel()
        began = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.get_running_loop().time() - began < CANCEL_SECONDS + 0.5
