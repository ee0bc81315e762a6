"""Work ordered from somebody else's engine and paid for: ordered once, whatever happens, and awaited.

What became of the order is kept with the job before anything is built on it. Before the order goes out the job says
that it is being asked for; once the engine has answered, the job says under which id. A restart therefore finds
either nothing (and orders), an id (and goes on waiting for it), or an order without an answer. The last may be paid
for already: an engine that takes a key of ours is asked again under the same key, any other is not asked again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import structlog

from services.chassis.errors import InputFault, TransientFault

MOST_ORDERS: Final = 2  # of one job: what failed at the engine is ordered once more, and then no more
LOOKS: Final = 10  # in a row that may fail before the attempt does; the next attempt goes on looking
CANCEL_SECONDS: Final = 1.5  # a canceled job lets go of its worker within two seconds

Result = TypeVar("Result")

log = structlog.get_logger()


class Checkpoints(Protocol):
    """What an attempt can ask of its job; chassis.worker.Work is one."""

    kept: bytes

    @property
    def cancelled(self) -> bool: ...

    async def save_checkpoint(self, content: bytes) -> None: ...


@dataclass(slots=True)
class NoCheckpoints:
    """Keeps nothing beyond this process: for engines that are used without a job."""

    kept: bytes = b""
    cancelled: bool = False

    async def save_checkpoint(self, content: bytes) -> None:
        """Forgotten with the process."""
        self.kept = content


class NotOrdered(TransientFault):
    """The engine has said that it did not take the order, or could not be asked: nothing is to be paid."""


class OrderFailed(TransientFault):
    """The engine took the order, and will never have a result for it."""


def unconfirmed() -> InputFault:
    """The engine may or may not have taken the order. It is not asked again: that could be paid for twice."""
    return InputFault(
        "PROVIDER_UNCONFIRMED",
        "The engine that makes this did not confirm that it has begun. You have not been charged; please try again.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTask(Generic[Result]):
    """What is wanted from one engine.

    order: hands the order in and gives the engine's id for it. Raises NotOrdered, InputFault (refused for good), or
    anything else when it is not known whether the engine took it.
    look: the result, or None while there is none. Raises OrderFailed, InputFault, or TransientFault when it could not
    be seen this time.
    cancel: tells the engine that the result is not wanted any more; None when it cannot be told.
    repeatable: whether ordering again with the same content and key makes no second order.
    """

    engine: str
    order: Callable[[], Awaitable[str]]
    look: Callable[[str], Awaitable[Result | None]]
    cancel: Callable[[str], Awaitable[None]] | None = None
    repeatable: bool = False
    poll_seconds: float = 2.0


async def run(errand: RemoteTask[Result], keeper: Checkpoints, waiting: Callable[[], None] = lambda: None) -> Result:
    """The errand's result; `waiting` is called before each pause. How long it may take is the attempt's deadline.

    Cancelling tells the engine only when nobody wants the result: after a restart another attempt goes on waiting.
    """
    state = _State.read(keeper.kept)
    if state.engine not in ("", errand.engine) and state.step in ("asked", "taken"):
        raise unconfirmed()
    if state.step == "asked" and not errand.repeatable:
        log.warning("order_unconfirmed", engine=errand.engine)
        raise unconfirmed()
    if state.step == "taken":
        order_id = state.order_id
        log.info("order_resumed", engine=errand.engine, order=order_id)
    else:
        order_id, state = await _ordered(errand, keeper, state)
    failures = 0
    try:
        while True:
            try:
                result = await errand.look(order_id)
                failures = 0
            except OrderFailed as failure:
                await keeper.save_checkpoint(state.at("ended").written())
                log.info("order_failed", engine=errand.engine, order=order_id, reason=failure.reason)
                raise
            except TransientFault as fault:
                failures += 1
                if failures >= LOOKS:
                    raise
                log.info("order_not_seen", engine=errand.engine, order=order_id, reason=fault.reason)
                result = None
            if result is not None:
                return result
            waiting()
            await asyncio.sleep(errand.poll_seconds)
    except asyncio.CancelledError:
        if keeper.cancelled and errand.cancel is not None:
            await _canceled(errand.cancel, order_id, errand.engine)
        raise


async def _ordered(errand: RemoteTask[Result], keeper: Checkpoints, state: _State) -> tuple[str, _State]:
    if state.step != "asked" and state.orders >= MOST_ORDERS:
        raise TransientFault("PROVIDER_FAILED", f"{errand.engine} failed {state.orders} orders of this job")
    asked = _State(engine=errand.engine, step="asked", orders=state.orders + (state.step != "asked"))
    await keeper.save_checkpoint(asked.written())
    # A cancellation between the engine's answer and keeping it would lose the id: the two are one step.
    step = asyncio.ensure_future(_order_and_keep(errand, keeper, asked))
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception, asyncio.TimeoutError):
            async with asyncio.timeout(CANCEL_SECONDS):
                order_id, _ = await asyncio.shield(step)
                if keeper.cancelled and errand.cancel is not None:
                    await errand.cancel(order_id)
        step.cancel()
        raise


async def _order_and_keep(errand: RemoteTask[Result], keeper: Checkpoints, asked: _State) -> tuple[str, _State]:
    try:
        order_id = await errand.order()
    except (NotOrdered, InputFault):
        with contextlib.suppress(TransientFault):  # not kept, it counts as unconfirmed: on the safe side
            await keeper.save_checkpoint(_State(engine=errand.engine, step="ended", orders=asked.orders - 1).written())
        raise
    except TransientFault as fault:
        if errand.repeatable:
            raise
        log.warning("order_unconfirmed", engine=errand.engine, reason=fault.reason, message=fault.message)
        raise unconfirmed() from fault
    taken = _State(engine=errand.engine, step="taken", orders=asked.orders, order_id=order_id)
    log.info("order_taken", engine=errand.engine, order=order_id)
    with contextlib.suppress(TransientFault):  # this attempt has its id all the same; heartbeats say when to stop
        await keeper.save_checkpoint(taken.written())
    return order_id, taken


async def _canceled(cancel: Callable[[str], Awaitable[None]], order_id: str, engine: str) -> None:
    try:
        async with asyncio.timeout(CANCEL_SECONDS):
            await cancel(order_id)
        log.info("order_canceled", engine=engine, order=order_id)
    except (TransientFault, InputFault, TimeoutError) as error:
        log.warning("order_not_canceled", engine=engine, order=order_id, error=str(error)[:200])


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What a job knows of its order. step: "" (none yet), "asked", "taken", "ended" (without a result)."""

    engine: str = ""
    step: str = ""
    orders: int = 0
    order_id: str = ""

    @staticmethod
    def read(content: bytes) -> _State:
        if not content:
            return _State()
        told: dict[str, Any] = json.loads(content)
        return _State(engine=told["engine"], step=told["step"], orders=told["orders"], order_id=told["order_id"])

    def at(self, step: str) -> _State:
        return _State(engine=self.engine, step=step, orders=self.orders, order_id=self.order_id)

    def written(self) -> bytes:
        return json.dumps(
            {"engine": self.engine, "step": self.step, "orders": self.orders, "order_id": self.order_id}
        ).encode()
