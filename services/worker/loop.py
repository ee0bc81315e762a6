"""The loop of a worker: lease a job, make it, store what was made, complete it.

A worker asks the job service for the next job in turn whenever it has a free slot. Kafka tells it when to ask; a slow
timer asks too, so that lost messages cost time and never work. While an attempt runs, heartbeats keep its lease and
carry its progress; the answer to one says when to stop. A dependency that is away (the asset storage, the copy service,
model files) is waited for with the lease held; shortly before the attempt's deadline the job is returned, uncounted.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import grpc
import structlog
from adwright.job.v1 import job_pb2, job_pb2_grpc

from services.chassis.data.assets import AssetStore, StoredObject, folder_of
from services.chassis.data.kafka import WakeUps
from services.chassis.errors import DependencyFault, Refusal, StorageFull, StorageUnavailable, TransientFault
from services.chassis.observability.telemetry import ATTEMPTS_FINISHED, FAULTS, MAKE_SECONDS
from services.chassis.observability.tracing import Attributes, child_span, continue_trace, mark_refused
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.multiplexing import BatchedChannel
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.chassis.tasks import cancel_and_wait
from services.worker.circuit_breaker import PAUSE_SECONDS, CircuitBreaker, Probe, storage_probe
from services.worker.faults import classified, dependency_fault, scratch_unavailable
from services.worker.leases import HeldLease, Leases, Progress
from services.worker.scratch import Scratch

IDLE_POLL_SECONDS = 2.0
CALL_SECONDS = 5.0
REPORT_SECONDS = 120.0  # how long a result is offered to a job service that is away; past it the attempt is lost
KEEP_TRIES = 4  # to keep a checkpoint, within a lease; what must not happen without it does not happen then
BACKOFF_SECONDS = (0.2, 5.0)
# Before the attempt's deadline, for the files' last try and for telling the job service; less where attempts are short.
RETURN_SECONDS = 10.0
RETURN_SHARE = 0.25
WORKER = "/adwright.job.v1.JobWorkerService"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """A file that an attempt made and that becomes an asset."""

    path: Path
    type: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an attempt made."""

    files: tuple[MadeFile, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Work:
    """One leased attempt, as the part that makes it sees it."""

    job: job_pb2.LeasedJob
    folder: Path
    store: Callable[[bytes], Awaitable[None]]
    progress: Progress = field(default_factory=Progress)
    kept: bytes = b""  # what this attempt or an earlier one asked to be kept
    stored: list[str] = field(default_factory=list)  # keys of assets that no job refers to yet
    stopped: str = ""  # why the attempt was told to stop: canceled, expired, superseded; "" when it was not

    async def save_checkpoint(self, content: bytes) -> None:
        """Keeps `content` with the job, durably, for this attempt's successors. Raises TransientFault when the job
        service cannot be reached or has given the job to another attempt: nothing may be built on it then."""
        await self.store(content)
        self.kept = content

    @property
    def cancelled(self) -> bool:
        """Whether nobody will ever want the result: unlike at a restart, where another attempt goes on."""
        return self.stopped in ("canceled", "expired")


Make = Callable[[Work], Awaitable[Made]]
Result = TypeVar("Result")


class Worker:
    """Works on jobs of one type until told to stop. `make` raises faults, or anything else for the unforeseen."""

    def __init__(
        self,
        *,
        job_type: str,
        make: Make,
        jobs: grpc.aio.Channel,
        leases: Leases,
        identity: ServiceIdentity,
        assets: AssetStore,
        wake_ups: WakeUps | None,
        slots: int = 1,
        stop_grace_seconds: float = 10.0,
        probes: Mapping[str, Probe] | None = None,
        pause_seconds: tuple[float, float] = PAUSE_SECONDS,
    ) -> None:
        """probes: of dependencies besides the asset storage, by the reason of their faults. pause_seconds: the first
        and the longest pause between probes."""
        self._type = job_type
        self._make = make
        self._jobs = job_pb2_grpc.JobWorkerServiceStub(jobs)
        self._calls = BatchedChannel(jobs, identity, seconds=CALL_SECONDS)
        self._leases = leases
        self._identity = identity
        self._assets = assets
        stored = storage_probe(assets)
        self.circuit = CircuitBreaker(
            job_type,
            {StorageUnavailable.reason: stored, StorageFull.reason: stored, **(probes or {})},
            pause_seconds=pause_seconds,
        )
        self._wake_ups = wake_ups
        self._slots = slots
        self._grace = stop_grace_seconds
        self._woken: asyncio.Queue[None] = asyncio.Queue(slots)  # one entry for each slot that is to ask
        self._stopping = asyncio.Event()
        self._scratch = Scratch()
        # Two workers on one host, or one restarted with an old process id, are different workers.
        self.name = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"

    async def run(self, stopping: asyncio.Event) -> None:
        """Works until `stopping` is set; then finishes or hands back what is under way within the grace time."""
        with self._scratch:
            await self._work(stopping)

    def wake(self, count: int) -> None:
        """There may be work for so many slots: as many that wait ask for it. What comes while all are at work is
        remembered, up to one for each slot."""
        for _ in range(min(count, self._slots - self._woken.qsize())):
            self._woken.put_nowait(None)

    async def _work(self, stopping: asyncio.Event) -> None:
        self._leases.start()
        if self._wake_ups is not None:
            self._wake_ups.start(self.wake)
        slots = [asyncio.create_task(self._slot()) for _ in range(self._slots)]
        log.info("worker_started", type=self._type, worker=self.name, slots=self._slots)
        watch = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait([watch, *slots], return_when=asyncio.FIRST_COMPLETED)
            self._stopping.set()
            self.wake(self._slots)
            if slots:
                await asyncio.wait(slots, timeout=self._grace)
        finally:
            watch.cancel()
            await cancel_and_wait(*slots)
            await self.circuit.stop()
            await self._leases.stop()
            if self._wake_ups is not None:
                await self._wake_ups.stop()
            log.info("worker_stopped", type=self._type, worker=self.name)
        for slot in slots:
            if not slot.cancelled() and (error := slot.exception()) is not None:
                raise error

    async def _slot(self) -> None:
        failures = 0
        told = True
        while not self._stopping.is_set():
            if self.circuit.is_open:
                await self._until_closed_or_stopping()
                continue
            if not self._woken.empty():
                self._woken.get_nowait()  # what is asked now answers it
                told = True
            try:
                held = await self._leases.lease(self._type, self.name)
            except Refusal as refusal:
                log.warning("lease_failed", type=self._type, reason=refusal.reason, details=refusal.message)
                await self._pause(failures)
                failures += 1
                continue
            failures = 0
            if self._wake_ups is not None:
                self._wake_ups.want(self._slots)
            if held is not None:
                if not told:
                    self.wake(1)  # messages may be lost: where one job waits unannounced, so may others
                job, told = held.job, False
                about: Attributes = {"adwright.job": job.job_id, "adwright.attempt": job.attempt}
                with continue_trace(job.traceparent, "attempt", attributes=about):
                    await self._attempt(held)
                continue
            try:
                async with asyncio.timeout(IDLE_POLL_SECONDS * random.uniform(0.75, 1.25)):
                    await self._woken.get()
                told = True
            except TimeoutError:
                told = False

    async def _pause(self, failures: int) -> None:
        low, high = BACKOFF_SECONDS
        await asyncio.sleep(random.uniform(0.5, 1.0) * min(high, low * 2 ** min(failures, 10)))

    async def _until_closed_or_stopping(self) -> None:
        waits = [asyncio.create_task(self.circuit.wait()), asyncio.create_task(self._stopping.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel_and_wait(*waits)

    async def _attempt(self, held: HeldLease) -> None:
        job = held.job
        bound = log.bind(job_id=job.job_id, user_id=job.user_id, attempt=job.attempt, type=self._type)
        bound.info("attempt_started")
        began = time.perf_counter()
        try:
            folder = await asyncio.to_thread(self._scratch.folder)
        except OSError as error:
            fault = scratch_unavailable(error)
            self.circuit.open(fault)
            self._leases.release(held)
            returned = await self._return(job, fault)
            bound.warning("attempt_returned" if returned else "attempt_lost", reason=fault.reason, error=fault.message)
            return
        work = Work(
            job=job,
            folder=folder,
            store=lambda content: self._keep(work, content),
            kept=job.checkpoint,
            progress=held.progress,
        )
        making = asyncio.create_task(self._make_and_store(work))
        outcome = "completed"
        try:
            ends: list[asyncio.Future[Any]] = [making, held.stopped]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not making.done():
                outcome = work.stopped = held.stopped.result()
                bound.info("attempt_stopped", reason=outcome)
                return
            outcome = await self._tell(work, making)
            bound.info("attempt_ended", outcome=outcome, seconds=round(time.perf_counter() - began, 3))
        except asyncio.CancelledError:
            # The grace time is over: the job goes back at once instead of waiting for its lease to run out.
            await cancel_and_wait(making)
            outcome = "returned"
            await self._return(job, seconds=CALL_SECONDS)
            bound.info("attempt_returned")
            raise
        finally:
            self._leases.release(held)
            await cancel_and_wait(making)
            await self._discard(work)
            await asyncio.to_thread(shutil.rmtree, work.folder, ignore_errors=True)
            ATTEMPTS_FINISHED.labels(self._type, outcome).inc()
            MAKE_SECONDS.labels(self._type).observe(time.perf_counter() - began)

    async def _make_and_store(self, work: Work) -> tuple[Sequence[job_pb2.StoredAsset], tuple[str, ...]]:
        try:
            async with asyncio.timeout(_left(work)):
                with child_span("make"):
                    made = await self._outlasting(work, lambda: self._made(work))
        except TimeoutError:
            raise TransientFault("ATTEMPT_TIMED_OUT", "the attempt took longer than it may") from None
        with child_span("store"):
            return await self._store(work, made), made.notes

    async def _made(self, work: Work) -> Made:
        try:
            return await self._make(work)
        except Exception:
            # The next try finds the folder as the first one did.
            await asyncio.to_thread(_empty, work.folder)
            raise

    async def _outlasting(self, work: Work, action: Callable[[], Awaitable[Result]]) -> Result:
        """The action's result, tried again after an outage of a dependency, for as long as the attempt may wait.

        Raises DependencyFault when it may not any longer, or at once when only this machine lacks the dependency; any
        other exception as it is. Bounded by the attempt's deadline, and in its pace by the circuit's pauses.
        """
        patience = _left(work) - min(RETURN_SECONDS, _left(work) * RETURN_SHARE)
        give_up = time.monotonic() + patience
        while True:
            try:
                result = await action()
            except Exception as error:
                fault = dependency_fault(error)
                if fault is None:
                    raise
                self.circuit.open(fault)
                if not fault.shared:
                    raise fault from error
                try:
                    async with asyncio.timeout(max(0.0, give_up - time.monotonic())):
                        await self.circuit.wait()
                except TimeoutError:
                    raise fault from error
            else:
                self.circuit.succeeded()
                return result

    async def _store(self, work: Work, made: Made) -> list[job_pb2.StoredAsset]:
        stored = []
        for file in made.files:
            asset_id = str(uuid.uuid4())
            # The attempt is part of the key: a late attempt can never overwrite what a later one made.
            key = f"{folder_of(self._type, work.job.job_id)}{work.job.attempt}/{asset_id}{file.path.suffix}"
            work.stored.append(key)
            kept = await self._outlasting(work, partial(self._put, work, key, file))
            stored.append(
                job_pb2.StoredAsset(
                    id=asset_id,
                    type=file.type,
                    key=key,
                    content_type=file.content_type,
                    size_bytes=kept.size_bytes,
                    sha256=kept.sha256,
                )
            )
        return stored

    async def _put(self, work: Work, key: str, file: MadeFile) -> StoredObject:
        try:
            async with asyncio.timeout(_left(work)):
                return await self._assets.put_file(key, file.path, file.content_type)
        except TimeoutError:
            raise DependencyFault(
                StorageUnavailable.reason, "the asset storage did not answer before the attempt's deadline"
            ) from None

    async def _keep(self, work: Work, content: bytes) -> None:
        request = job_pb2.HeartbeatRequest(
            job_id=work.job.job_id,
            attempt=work.job.attempt,
            progress=work.progress.percent,
            stage=work.progress.stage,
            checkpoint=content,
        )
        for failures in range(KEEP_TRIES):
            try:
                answer = await self._jobs.Heartbeat(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                log.warning("checkpoint_failed", job_id=work.job.job_id, error=error.code().name)
                await self._pause(failures)
                continue
            if answer.stop:
                raise TransientFault("ATTEMPT_SUPERSEDED", f"the job was taken away: {answer.reason}")
            return
        raise DependencyFault("CHECKPOINT_NOT_KEPT", f"the job service did not answer {KEEP_TRIES} times")

    async def _tell(
        self, work: Work, making: asyncio.Task[tuple[Sequence[job_pb2.StoredAsset], tuple[str, ...]]]
    ) -> str:
        job = work.job
        try:
            assets, notes = making.result()
        except Exception as error:
            away = dependency_fault(error)
            if away is not None:
                FAULTS.labels(self._type, "dependency", away.reason).inc()
                mark_refused(away.reason, fault=True)
                log.warning("attempt_returned", job_id=job.job_id, attempt=job.attempt, reason=away.reason)
                return "returned" if await self._return(job, away) else "lost"
            kind, reason, message = classified(error)
            fault = str(job_pb2.FaultKind.Name(kind)).removeprefix("FAULT_KIND_").lower()
            FAULTS.labels(self._type, fault, reason).inc()
            mark_refused(reason, fault=kind != job_pb2.FAULT_KIND_INPUT)
            if kind == job_pb2.FAULT_KIND_UNKNOWN:
                log.error("attempt_failed", job_id=job.job_id, attempt=job.attempt, exc_info=error)
            else:
                log.info("attempt_failed", job_id=job.job_id, attempt=job.attempt, reason=reason, message=message)
            request = job_pb2.FailJobRequest(
                job_id=job.job_id, attempt=job.attempt, kind=kind, reason=reason, message=message[:2000]
            )
            told = await self._offer(
                lambda: self._jobs.FailJob(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
            )
            return fault if told else "lost"
        complete = job_pb2.CompleteJobRequest(
            job_id=job.job_id, attempt=job.attempt, assets=assets, notes=[note[:500] for note in notes[:50]]
        )
        # From here on the job may refer to them, also if this is cut short before the answer is there.
        stored, work.stored = work.stored, []
        told = await self._offer(lambda: self._calls(f"{WORKER}/CompleteJob", complete, job_pb2.CompleteJobResponse))
        if not told:
            work.stored = stored
        return "completed" if told else "lost"

    async def _return(
        self, job: job_pb2.LeasedJob, fault: DependencyFault | None = None, seconds: float = REPORT_SECONDS
    ) -> bool:
        """Hands the job back, uncounted, for the fault if there is one; whether it was taken."""
        request = job_pb2.ReturnJobRequest(job_id=job.job_id, attempt=job.attempt)
        if fault is not None:
            request.reason, request.message = fault.reason[:100], fault.message[:2000]
        return await self._offer(
            lambda: self._jobs.ReturnJob(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS),
            seconds=seconds,
        )

    async def _discard(self, work: Work) -> None:
        """Deletes what nobody will ever refer to, whatever the attempt ended with."""
        for key in work.stored:
            try:
                await self._assets.delete(key)
            except Refusal as refusal:
                log.warning("asset_not_deleted", key=key, error=refusal.message)

    async def _offer(self, call: Callable[[], Awaitable[object]], seconds: float = REPORT_SECONDS) -> bool:
        """Makes the call, again while the job service is away; whether it was taken."""
        give_up = time.monotonic() + seconds
        failures = 0
        while True:
            try:
                await call()
                return True
            except (grpc.aio.AioRpcError, Refusal) as error:
                refusal = refusal_from_rpc_error(error) if isinstance(error, grpc.aio.AioRpcError) else error
                if not refusal.kind.retryable or time.monotonic() > give_up:
                    log.info("result_refused", reason=refusal.reason)
                    return False
            await self._pause(failures)
            failures += 1


def _left(work: Work) -> float:
    """Seconds until the attempt's deadline, not less than none."""
    deadline = work.job.attempt_deadline.ToDatetime(tzinfo=UTC)
    return max(0.0, (deadline - datetime.now(UTC)).total_seconds())


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
