"""Tasks at remote engines that cost money: submitted once, whatever fails, and polled until they finish.

The job's checkpoint records each step before anything depends on it: that a submission is about to be sent, then the
id that the engine returned. After a restart the checkpoint therefore holds nothing (the task is submitted), an id (the
task is polled), or a submission without a response. The last may be paid for already: it is repeated only at an engine
that deduplicates submissions by our key.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Generic, Protocol, TypeVar

import structlog

from services.chassis.errors import InputFault, TransientFault

MAX_SUBMISSIONS: Final = 2  # of one job, or one of its variants: a task that fails at the engine is submitted once more
MAX_POLL_FAILURES: Final = 10  # in a row, before the attempt fails; the next attempt polls the same task
CANCEL_SECONDS: Final = 1.5  # below the two seconds within which a canceled job frees its worker

Result = TypeVar("Result")

log = structlog.get_logger()


class Checkpoints(Protocol):
    """The part of an attempt that a remote task needs; worker.loop.RunningAttempt implements it."""

    checkpoint: bytes

    @property
    def cancelled(self) -> bool: ...

    async def save_checkpoint(self, content: bytes) -> None: ...


class TaskNotAccepted(TransientFault):
    """The engine rejected the submission or could not be reached, so nothing is charged."""


class TaskFailed(TransientFault):
    """The engine accepted the task and will never have a result for it."""


def submission_unconfirmed() -> InputFault:
    """Returns the fault of a submission that the engine may have accepted. An InputFault, because a retry could be
    charged a second time."""
    return InputFault(
        "PROVIDER_UNCONFIRMED",
        "The image or video engine did not confirm this job. You have not been charged; please try again.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTask(Generic[Result]):
    """A task for one engine.

    submit: submits the task and returns the engine's id for it. Raises TaskNotAccepted, InputFault when the engine
    refuses the content, and any other exception when it is unknown whether the engine accepted the task.
    poll: returns the result, or None while there is none. Raises TaskFailed, InputFault, or TransientFault when the
    state could not be read this time.
    cancel: cancels the task at the engine; None if the engine cannot.
    repeatable: whether a second submission with the same content and key creates no second task.
    """

    engine: str
    submit: Callable[[], Awaitable[str]]
    poll: Callable[[str], Awaitable[Result | None]]
    cancel: Callable[[str], Awaitable[None]] | None = None
    repeatable: bool = False
    poll_seconds: float = 2.0


async def run(task: RemoteTask[Result], checkpoints: Checkpoints, on_wait: Callable[[], None] = lambda: None) -> Result:
    """Submits the task, or resumes it from the checkpoint, and returns its result.

    `on_wait` is called before each pause between polls. The attempt's deadline is the only time limit. Cancelling this
    call cancels the task at the engine only if the job itself is cancelled: after a restart a later attempt resumes.
    """
    state = _State.read(checkpoints.checkpoint)
    if state.engine not in ("", task.engine) and state.step in (_Step.SUBMITTING, _Step.ACCEPTED):
        raise submission_unconfirmed()
    if state.step == _Step.SUBMITTING and not task.repeatable:
        log.warning("remote_task_unconfirmed", engine=task.engine)
        raise submission_unconfirmed()
    if state.step == _Step.ACCEPTED:
        log.info("remote_task_resumed", engine=task.engine, task=state.task_id)
    else:
        state = await _submit_once(task, checkpoints, state)
    try:
        return await _poll_until_finished(task, checkpoints, state, on_wait)
    except asyncio.CancelledError:
        if checkpoints.cancelled and task.cancel is not None:
            await _cancel_task(task.cancel, state.task_id, task.engine)
        raise


async def _poll_until_finished(
    task: RemoteTask[Result], checkpoints: Checkpoints, state: _State, on_wait: Callable[[], None]
) -> Result:
    failures = 0
    while True:
        try:
            result = await task.poll(state.task_id)
            failures = 0
        except TaskFailed as failure:
            await checkpoints.save_checkpoint(replace(state, step=_Step.FAILED).to_bytes())
            log.info("remote_task_failed", engine=task.engine, task=state.task_id, reason=failure.reason)
            raise
        except TransientFault as fault:
            failures += 1
            if failures >= MAX_POLL_FAILURES:
                raise
            log.info("remote_task_poll_failed", engine=task.engine, task=state.task_id, reason=fault.reason)
            result = None
        if result is not None:
            return result
        on_wait()
        await asyncio.sleep(task.poll_seconds)


async def _submit_once(task: RemoteTask[Result], checkpoints: Checkpoints, state: _State) -> _State:
    """Submits the task with its checkpoints. Returns the state with the engine's id."""
    repeated = state.step == _Step.SUBMITTING
    if not repeated and state.submissions >= MAX_SUBMISSIONS:
        raise TransientFault("PROVIDER_FAILED", f"{task.engine} failed {state.submissions} tasks of this job")
    submitting = _State(engine=task.engine, step=_Step.SUBMITTING, submissions=state.submissions + (not repeated))
    await checkpoints.save_checkpoint(submitting.to_bytes())
    # Shielded, because a cancellation between the engine's response and its checkpoint would lose the id.
    submission = asyncio.ensure_future(_submit_and_checkpoint(task, checkpoints, submitting))
    try:
        return await asyncio.shield(submission)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception, asyncio.TimeoutError):
            async with asyncio.timeout(CANCEL_SECONDS):
                accepted = await asyncio.shield(submission)
                if checkpoints.cancelled and task.cancel is not None:
                    await task.cancel(accepted.task_id)
        submission.cancel()
        raise


async def _submit_and_checkpoint(task: RemoteTask[Result], checkpoints: Checkpoints, submitting: _State) -> _State:
    try:
        task_id = await task.submit()
    except (TaskNotAccepted, InputFault):
        rejected = replace(submitting, step=_Step.FAILED, submissions=submitting.submissions - 1)
        with contextlib.suppress(TransientFault):  # without this checkpoint the submission counts as unconfirmed
            await checkpoints.save_checkpoint(rejected.to_bytes())
        raise
    except TransientFault as fault:
        if task.repeatable:
            raise
        log.warning("remote_task_unconfirmed", engine=task.engine, reason=fault.reason, message=fault.message)
        raise submission_unconfirmed() from fault
    accepted = replace(submitting, step=_Step.ACCEPTED, task_id=task_id)
    log.info("remote_task_accepted", engine=task.engine, task=task_id)
    with contextlib.suppress(TransientFault):  # this attempt has the id anyway; heartbeats say when to stop
        await checkpoints.save_checkpoint(accepted.to_bytes())
    return accepted


async def _cancel_task(cancel: Callable[[str], Awaitable[None]], task_id: str, engine: str) -> None:
    try:
        async with asyncio.timeout(CANCEL_SECONDS):
            await cancel(task_id)
        log.info("remote_task_canceled", engine=engine, task=task_id)
    except (TransientFault, InputFault, TimeoutError) as error:
        log.warning("remote_task_not_canceled", engine=engine, task=task_id, error=str(error)[:200])


class _Step(StrEnum):
    """The last recorded step of a task. Jobs store the values, so changing them loses tasks across an upgrade."""

    NONE = ""
    SUBMITTING = "asked"
    ACCEPTED = "taken"
    FAILED = "ended"  # rejected, or without a result; the task may be submitted again


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """The state of a job's remote task, as its checkpoint stores it."""

    engine: str = ""
    step: _Step = _Step.NONE
    submissions: int = 0
    task_id: str = ""

    @staticmethod
    def read(content: bytes) -> _State:
        if not content:
            return _State()
        stored: dict[str, Any] = json.loads(content)
        return _State(
            engine=stored["engine"],
            step=_Step(stored["step"]),
            submissions=stored["orders"],
            task_id=stored["order_id"],
        )

    def to_bytes(self) -> bytes:
        return json.dumps(
            {"engine": self.engine, "step": self.step, "orders": self.submissions, "order_id": self.task_id}
        ).encode()
