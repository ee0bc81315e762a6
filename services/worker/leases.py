"""Job leases of a worker and their heartbeats, on a separate thread and gRPC channel.

A blocked event loop cannot lose a lease: the thread sends heartbeats meanwhile, starting when the lease is granted and
before the loop receives it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import structlog
from adwright.job.v1 import job_pb2, job_pb2_grpc

from services.chassis.data.batcher import Batcher
from services.chassis.errors import Overloaded, Refusal
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.chassis.rpc.server import CHANNEL_OPTIONS
from services.worker.progress import Progress

CALL_SECONDS = 5.0
STOP_SECONDS = 2.0  # limit for the calls in flight at a stop
IDLE_SECONDS = 60.0  # a new lease wakes the thread earlier
MAX_SLOTS = 256  # leases in one call, as in the proto

log = structlog.get_logger()


@dataclass(eq=False, slots=True, kw_only=True)
class HeldLease:
    """A leased attempt whose lease heartbeats renew until `release`. `stopped` resolves to the reason for which the
    attempt must stop."""

    job: job_pb2.LeasedJob
    stopped: asyncio.Future[str]
    due: float  # monotonic time of the next heartbeat
    progress: Progress = field(default_factory=Progress)
    delivered: bool = False  # whether the event loop has received it; a stop returns the others


@dataclass(eq=False, slots=True)
class _LeaseRequest:
    """A slot that waits for a lease."""

    stopped: asyncio.Future[str]
    cancelled: bool = False


class LeaseClient:
    """Leases jobs and renews the leases. Belongs to one event loop; `start` is called before the first lease.

    Slots that are free at the same time lease by one call.
    """

    def __init__(self, address: str, identity: ServiceIdentity) -> None:
        self._identity = identity
        self._channel = grpc.insecure_channel(address, CHANNEL_OPTIONS)
        self._stub = job_pb2_grpc.JobWorkerServiceStub(self._channel)
        self._condition = threading.Condition()
        self._held: set[HeldLease] = set()
        self._batchers: dict[tuple[str, str], Batcher[_LeaseRequest, HeldLease | None]] = {}
        self._lease_calls: set[Any] = set()  # LeaseJobs calls in flight
        self._returning: set[HeldLease] = set()  # leases with a ReturnJob call in flight
        self._stopping = False
        self._thread = threading.Thread(target=self._run_heartbeats, name="heartbeats", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        """Stops the thread, and returns the leases that the event loop has not received."""
        await asyncio.to_thread(self._stop)

    async def lease(self, job_type: str, worker: str) -> HeldLease | None:
        """Leases the next job in the queue and starts its heartbeats. Returns None when no job is queued. Raises the
        refusal of the job service."""
        batcher = self._batchers.get((job_type, worker))
        if batcher is None:
            batcher = self._batchers[job_type, worker] = Batcher(
                lambda requests: self._lease(job_type, worker, requests),
                max_batch=MAX_SLOTS,
                max_waiting=MAX_SLOTS,
                max_wait_seconds=CALL_SECONDS,
            )
        request = _LeaseRequest(asyncio.get_running_loop().create_future())
        try:
            held = await batcher.submit(request)
        except asyncio.CancelledError:
            request.cancelled = True
            raise
        if held is not None:
            held.delivered = True
        return held

    async def _lease(
        self, job_type: str, worker: str, requests: Sequence[_LeaseRequest]
    ) -> list[HeldLease | Refusal | None]:
        """Leases a job for each of these requests, as long as there are any; returns those that nobody waits for."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[HeldLease]] = loop.create_future()
        message = job_pb2.LeaseJobsRequest(type=job_type, worker=worker, count=len(requests))
        call = self._stub.LeaseJobs.future(message, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
        with self._condition:
            self._lease_calls.add(call)
        call.add_done_callback(lambda call: self._on_lease_response(call, requests, future))
        leases = await future
        for request, held in zip(requests, leases, strict=False):
            if request.cancelled:
                self._return(held)
        return [*leases, *[None] * (len(requests) - len(leases))]

    def release(self, held: HeldLease) -> None:
        """Stops the heartbeats of a lease."""
        with self._condition:
            self._held.discard(held)

    # -- on the channel's thread

    def _on_lease_response(
        self,
        call: Any,
        requests: Sequence[_LeaseRequest],
        future: asyncio.Future[list[HeldLease]],
    ) -> None:
        leases: list[HeldLease] = []
        refusal: Refusal | None = None
        try:
            now = time.monotonic()
            leases = [
                HeldLease(job=job, stopped=request.stopped, due=now + job.heartbeat_seconds)
                for request, job in zip(requests, call.result().jobs, strict=False)
            ]
        except grpc.RpcError as error:
            refusal = refusal_from_rpc_error(cast(grpc.Call, error))  # grpc raises the call itself
        except grpc.FutureCancelledError:
            refusal = Overloaded("The worker is stopping.")
        with self._condition:
            self._held.update(leases)
            self._lease_calls.discard(call)
            self._condition.notify_all()
        with contextlib.suppress(RuntimeError):  # the loop is closed, and _stop returns the leases
            future.get_loop().call_soon_threadsafe(_resolve, future, refusal or leases)

    # -- on the heartbeat thread

    def _run_heartbeats(self) -> None:
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
                self._send_heartbeat(held)

    def _send_heartbeat(self, held: HeldLease) -> None:
        job = held.job
        request = job_pb2.HeartbeatRequest(
            job_id=job.job_id, attempt=job.attempt, progress=held.progress.percent, stage=held.progress.stage
        )
        # Calls are not awaited, so a slow response delays no other heartbeat. No call outlives its lease.
        call = self._stub.Heartbeat.future(request, metadata=self._identity.metadata(), timeout=job.lease_seconds)
        call.add_done_callback(lambda call: self._on_heartbeat_response(held, call))

    def _on_heartbeat_response(self, held: HeldLease, call: Any) -> None:
        try:
            response = call.result()
        except (grpc.RpcError, grpc.FutureCancelledError) as error:
            # The attempt goes on: the lease may outlast the outage. If it does not, the next response says so.
            code = cast(grpc.Call, error).code().name if isinstance(error, grpc.RpcError) else "CANCELLED"
            log.warning("heartbeat_failed", job_id=held.job.job_id, error=code)
            return
        if response.stop:
            self.release(held)
            loop = held.stopped.get_loop()
            with contextlib.suppress(RuntimeError):  # the loop is closed, and the attempt with it
                loop.call_soon_threadsafe(_resolve, held.stopped, str(response.reason))

    # -- at shutdown

    def _stop(self) -> None:
        give_up = time.monotonic() + STOP_SECONDS
        with self._condition:
            # Waits for the callbacks, not for the calls: a call has its result before its callback adds the lease.
            self._condition.wait_for(lambda: not self._lease_calls, STOP_SECONDS)
            undelivered = [held for held in self._held if not held.delivered]
            self._stopping = True
            self._condition.notify_all()
        for held in undelivered:
            self._return(held)
        with self._condition:
            # Closing the channel would cancel the ReturnJob calls that the event loop made.
            self._condition.wait_for(lambda: not self._returning, max(0.1, give_up - time.monotonic()))
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self._channel.close()

    def _return(self, held: HeldLease) -> None:
        """Returns a lease, unless it was returned or released before."""
        with self._condition:
            if held not in self._held:
                return
            # In one step: a stop in between would find the lease in neither set.
            self._held.discard(held)
            self._returning.add(held)
        request = job_pb2.ReturnJobRequest(job_id=held.job.job_id, attempt=held.job.attempt)
        try:
            call = self._stub.ReturnJob.future(request, metadata=self._identity.metadata(), timeout=STOP_SECONDS)
        except BaseException:
            with self._condition:
                self._returning.discard(held)
            raise
        # The callback also refers to the call; grpc cancels a call without references.
        call.add_done_callback(lambda call: self._on_returned(held, call))

    def _on_returned(self, held: HeldLease, call: Any) -> None:
        log.info("lease_returned", job_id=held.job.job_id, done=call.code() is grpc.StatusCode.OK)
        with self._condition:
            self._returning.discard(held)
            self._condition.notify_all()


def _resolve(future: asyncio.Future[Any], result: object) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
