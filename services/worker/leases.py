"""Leases and their heartbeats, from a thread and a channel of their own.

Nothing that the worker's event loop does can lose a lease: the thread sends heartbeats also while the loop is blocked,
and from the moment the lease is granted, before the loop has heard of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import structlog
from adwright.job.v1 import job_pb2, job_pb2_grpc

from services.chassis.errors import Refusal
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.chassis.rpc.server import CHANNEL_OPTIONS

CALL_SECONDS = 5.0
STOP_SECONDS = 2.0  # for calls that are under way at a stop
IDLE_SECONDS = 60.0  # the thread is woken when there is something to do

log = structlog.get_logger()


@dataclass(slots=True)
class Progress:
    """How far an attempt is; the worker's part writes it, heartbeats read it."""

    percent: int = 0
    stage: str = ""

    def report(self, percent: int, stage: str) -> None:
        """Percent never goes back: a customer watches it."""
        self.percent = max(self.percent, min(100, max(0, percent)))
        self.stage = stage[:100]


@dataclass(eq=False, slots=True, kw_only=True)
class HeldLease:
    """A leased attempt, kept alive until it is released. `stopped` resolves to the reason when it must stop."""

    job: job_pb2.LeasedJob
    stopped: asyncio.Future[str]
    due: float  # monotonic time of the next heartbeat
    progress: Progress = field(default_factory=Progress)
    taken: bool = False  # whether the event loop has it; one that is not at a stop is returned


class Leases:
    """Asks for jobs and holds their leases. Used from one event loop; `start` before the first lease."""

    def __init__(self, address: str, identity: ServiceIdentity) -> None:
        self._identity = identity
        # Without a pool of its own, the channel would share a connection with others to the same address.
        self._channel = grpc.insecure_channel(address, [*CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1)])
        self._stub = job_pb2_grpc.JobWorkerServiceStub(self._channel)
        self._condition = threading.Condition()
        self._held: set[HeldLease] = set()
        self._asking: set[Any] = set()  # LeaseJob calls without an answer
        self._returning: set[HeldLease] = set()  # ReturnJob calls without one
        self._stopping = False
        self._thread = threading.Thread(target=self._beat, name="heartbeats", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        """Ends the thread; leases that nobody has taken go back at once."""
        await asyncio.to_thread(self._stop)

    async def lease(self, job_type: str, worker: str) -> HeldLease | None:
        """The next job in turn, its heartbeats running; None when there is none. Raises the service's refusal."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[HeldLease | None] = loop.create_future()
        stopped: asyncio.Future[str] = loop.create_future()
        request = job_pb2.LeaseJobRequest(type=job_type, worker=worker)
        call = self._stub.LeaseJob.future(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
        with self._condition:
            self._asking.add(call)
        call.add_done_callback(lambda call: self._answered(call, loop, future, stopped))
        held = await future  # a lease that is granted after a cancellation is returned by _deliver
        if held is not None:
            held.taken = True
        return held

    def release(self, held: HeldLease) -> None:
        """Sends no further heartbeat for it."""
        with self._condition:
            self._held.discard(held)

    # -- in the channel's thread

    def _answered(
        self,
        call: Any,
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[HeldLease | None],
        stopped: asyncio.Future[str],
    ) -> None:
        held: HeldLease | None = None
        refusal: Refusal | None = None
        try:
            answer = call.result()
            if answer.HasField("job"):
                due = time.monotonic() + answer.job.heartbeat_seconds
                held = HeldLease(job=answer.job, stopped=stopped, due=due)
        except grpc.RpcError as error:
            refusal = refusal_from_rpc_error(cast(grpc.Call, error))  # errors of calls are calls
        with self._condition:
            if held is not None:
                self._held.add(held)
            self._asking.discard(call)
            self._condition.notify_all()
        with contextlib.suppress(RuntimeError):  # the loop is closed: _stop returns what is held
            loop.call_soon_threadsafe(self._deliver, future, held, refusal)

    def _deliver(
        self, future: asyncio.Future[HeldLease | None], held: HeldLease | None, refusal: Refusal | None
    ) -> None:
        """In the event loop: hands the answer to who asked, or the job back when they do not wait any more."""
        if not future.done():
            if refusal is not None:
                future.set_exception(refusal)
            else:
                future.set_result(held)
        elif held is not None:
            self._return(held)

    # -- in the heartbeats' thread

    def _beat(self) -> None:
        while True:
            with self._condition:
                if self._stopping:
                    return
                now = time.monotonic()
                due = [held for held in self._held if held.due <= now]
                if not due:
                    next_due = min((held.due for held in self._held), default=now + IDLE_SECONDS)
                    self._condition.wait(next_due - now)
                    continue
                for held in due:
                    held.due = now + held.job.heartbeat_seconds
            for held in due:
                self._send(held)

    def _send(self, held: HeldLease) -> None:
        job = held.job
        request = job_pb2.HeartbeatRequest(
            job_id=job.job_id, attempt=job.attempt, progress=held.progress.percent, stage=held.progress.stage
        )
        # A slow answer delays no other heartbeat: as many are under way as a lease is long.
        call = self._stub.Heartbeat.future(request, metadata=self._identity.metadata(), timeout=job.lease_seconds)
        call.add_done_callback(lambda call: self._heard(held, call))

    def _heard(self, held: HeldLease, call: Any) -> None:
        try:
            answer = call.result()
        except (grpc.RpcError, grpc.FutureCancelledError) as error:
            # The work goes on: the lease may outlive the trouble, and if it does not, the next answer says so.
            code = cast(grpc.Call, error).code().name if isinstance(error, grpc.RpcError) else "CANCELLED"
            log.warning("heartbeat_failed", job_id=held.job.job_id, error=code)
            return
        if answer.stop:
            self.release(held)
            loop = held.stopped.get_loop()
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody works on it any more
                loop.call_soon_threadsafe(_resolve, held.stopped, str(answer.reason))

    # -- at a stop

    def _stop(self) -> None:
        give_up = time.monotonic() + STOP_SECONDS
        with self._condition:
            # Not for the calls' results: those are there a moment before their callbacks have put down what was leased.
            self._condition.wait_for(lambda: not self._asking, STOP_SECONDS)
            left = [held for held in self._held if not held.taken]
            self._stopping = True
            self._condition.notify_all()
        for held in left:
            self._return(held)
        with self._condition:
            # The event loop may have handed some back by itself; the channel's end would cancel those calls.
            self._condition.wait_for(lambda: not self._returning, max(0.1, give_up - time.monotonic()))
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self._channel.close()

    def _return(self, held: HeldLease) -> None:
        """Gives a lease back that is not given back already."""
        with self._condition:
            if held not in self._held:
                return
            # In one step, or a stop in between would find it neither held nor on its way.
            self._held.discard(held)
            self._returning.add(held)
        request = job_pb2.ReturnJobRequest(job_id=held.job.job_id, attempt=held.job.attempt)
        call = self._stub.ReturnJob.future(request, metadata=self._identity.metadata(), timeout=STOP_SECONDS)
        # The callback also keeps the call: one that nothing refers to is cancelled.
        call.add_done_callback(lambda call: self._returned(held, call))

    def _returned(self, held: HeldLease, call: Any) -> None:
        log.info("lease_returned", job_id=held.job.job_id, done=call.code() is grpc.StatusCode.OK)
        with self._condition:
            self._returning.discard(held)
            self._condition.notify_all()


def _resolve(future: asyncio.Future[str], reason: str) -> None:
    if not future.done():
        future.set_result(reason)
