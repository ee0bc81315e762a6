"""The loop of a worker: leases a job, runs the handler, uploads the files, completes the job.

A free slot requests the next job in the queue. Kafka messages wake idle slots; a slow poll does so too, so a lost
message costs time but never a job. While an attempt runs, heartbeats renew its lease and carry its progress; the
response to a heartbeat says when to stop. When a dependency is unavailable (the asset storage, the copy service, model
files), the attempt waits for it and keeps its lease. Shortly before the attempt's deadline the job is returned, and
the attempt is not counted.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import grpc
import structlog
from adwright.job.v1 import job_pb2, job_pb2_grpc

from services.chassis.backoff import Backoff, jittered
from services.chassis.data.assets import AssetStore, StoredObject, job_folder
from services.chassis.data.kafka import TopicReader
from services.chassis.errors import DependencyFault, Refusal, StorageFull, StorageUnavailable, TransientFault
from services.chassis.observability.telemetry import ATTEMPT_SECONDS, ATTEMPTS_FINISHED, FAULTS
from services.chassis.observability.tracing import Attributes, child_span, continue_trace, mark_refused
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.batch_rpcs import BatchCalls
from services.chassis.rpc.refusals import refusal_from_rpc_error
from services.chassis.tasks import cancel_and_wait
from services.worker.dependency_circuit import PAUSES, DependencyCircuit, Probe, storage_probe
from services.worker.faults import classify, dependency_fault, scratch_unavailable
from services.worker.leases import HeldLease, LeaseClient
from services.worker.progress import Progress
from services.worker.scratch import Scratch

IDLE_POLL_SECONDS = 2.0
CALL_SECONDS = 5.0
REPORT_TIMEOUT_SECONDS = (
    120.0  # retries of an outcome while the job service is unavailable; past it the lease has expired
)
CHECKPOINT_TRIES = 4  # few enough to end within a lease
BACKOFF = Backoff(0.2, 5.0)  # while the job service is unavailable
# Reserved before the attempt's deadline for the last upload and for returning the job; a share of short attempts.
RETURN_RESERVE_SECONDS = 10.0
RETURN_RESERVE_SHARE = 0.25
SUPERSEDED = "ATTEMPT_SUPERSEDED"  # the reason of faults after which the attempt cannot report anything
STALE_ATTEMPT = "STALE_ATTEMPT"  # the job service's refusal of an attempt that is not the current one
MAX_MESSAGE_CHARACTERS = 2000
MAX_REASON_CHARACTERS = 100
MAX_NOTES = 50
MAX_SCENE_BYTES = 262_144  # as the proto says
MAX_NOTE_CHARACTERS = 500

log = structlog.get_logger()


class _Report(Enum):
    """What became of a report to the job service."""

    ACCEPTED = "accepted"
    STALE = "stale"  # the job service refers to none of its files
    UNKNOWN = "unknown"  # it may have been stored before an answer was lost, so its files must stay


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A file that an attempt produced and that becomes an asset of the job.

    facts: of a picture or film. scene: what it was made from, stored with it; longer than MAX_SCENE_BYTES, it is left
    out. parent_asset_id: the asset that it is a variant of; empty: of none.
    """

    path: Path
    type: str
    content_type: str
    facts: job_pb2.AssetFacts | None = None
    scene: bytes = b""
    parent_asset_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """The files of a successful attempt, and notes for the customer."""

    files: tuple[ResultFile, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class RunningAttempt:
    """One leased attempt at a job, as its handler sees it."""

    job: job_pb2.LeasedJob
    folder: Path
    store_checkpoint: Callable[[bytes], Awaitable[None]]
    report_variant: Callable[[int, AttemptResult, bytes], Awaitable[None]]
    stored_variants: set[int] = field(default_factory=set)
    """The variants, from 1, that this or an earlier attempt has stored."""
    progress: Progress = field(default_factory=Progress)
    checkpoint: bytes = b""
    """The checkpoint that this or an earlier attempt saved last; empty when there is none."""
    unreferenced_keys: list[str] = field(default_factory=list)
    """Keys of uploaded assets that no job refers to yet."""
    stop_reason: str = ""
    """Why the job service stopped the attempt: canceled, expired or superseded; empty when it did not."""

    async def save_checkpoint(self, content: bytes) -> None:
        """Stores `content` durably with the job, for later attempts. Raises a TransientFault when the job service is
        unavailable or has leased the job to another attempt; callers must not go on as if it were stored."""
        await self.store_checkpoint(content)
        self.checkpoint = content

    async def store_variant(self, number: int, result: AttemptResult, checkpoint: bytes) -> None:
        """Uploads a finished variant and stores it with the job, which pays for it and lists it however it ends.

        checkpoint: replaces the job's. Raises a TransientFault as `save_checkpoint`.
        """
        await self.report_variant(number, result, checkpoint)
        self.stored_variants.add(number)
        self.checkpoint = checkpoint

    @property
    def cancelled(self) -> bool:
        """Whether no attempt will need the result. False at a worker's restart, where a later attempt continues."""
        return self.stop_reason in ("canceled", "expired")


AttemptHandler = Callable[[RunningAttempt], Awaitable[AttemptResult]]
UploadedResult = tuple[Sequence[job_pb2.StoredAsset], tuple[str, ...]]  # the assets and the notes
HandlerTask = asyncio.Task[UploadedResult]
Result = TypeVar("Result")


class Worker:
    """Works on jobs of one type until it is stopped.

    handler: produces the result of an attempt. It raises the faults of chassis.errors; any other exception counts as
    an unknown failure.
    """

    def __init__(
        self,
        *,
        job_type: str,
        handler: AttemptHandler,
        jobs: grpc.aio.Channel,
        leases: LeaseClient,
        identity: ServiceIdentity,
        assets: AssetStore,
        dispatch_reader: TopicReader | None,
        slots: int = 1,
        stop_grace_seconds: float = 10.0,
        probes: Mapping[str, Probe] | None = None,
        pauses: Backoff = PAUSES,
    ) -> None:
        """probes: of dependencies besides the asset storage, by the reason of their faults. pauses: between probes."""
        self._type = job_type
        self._handler = handler
        self._jobs = job_pb2_grpc.JobWorkerServiceStub(jobs)
        self._complete: BatchCalls[job_pb2.CompleteJobRequest, job_pb2.CompleteJobResponse] = BatchCalls(
            single=self._jobs.CompleteJob,
            batch=self._jobs.CompleteJobs,
            message=job_pb2.CompleteJobsRequest,
            identity=identity,
            seconds=CALL_SECONDS,
        )
        self._leases = leases
        self._identity = identity
        self._assets = assets
        probe = storage_probe(assets)
        self.circuit = DependencyCircuit(
            job_type,
            {StorageUnavailable.reason: probe, StorageFull.reason: probe, **(probes or {})},
            pauses=pauses,
        )
        self._dispatch_reader = dispatch_reader
        self._slots = slots
        self._grace = stop_grace_seconds
        self._pending_wakes: asyncio.Queue[None] = asyncio.Queue(slots)  # one entry for each slot that is to lease
        self._stopping = asyncio.Event()
        self._scratch = Scratch()
        # A process id alone is not unique: hosts run several workers, and restarts reuse ids.
        self.name = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"

    async def run(self, stopping: asyncio.Event) -> None:
        """Works until `stopping` is set, then finishes or returns the running attempts within the grace period."""
        with self._scratch:
            await self._run_slots(stopping)

    def wake(self, count: int) -> None:
        """Makes up to `count` idle slots request a job now. Wake-ups that arrive while all slots are busy are retained,
        at most one for each slot."""
        for _ in range(min(count, self._slots - self._pending_wakes.qsize())):
            self._pending_wakes.put_nowait(None)

    async def _run_slots(self, stopping: asyncio.Event) -> None:
        self._leases.start()
        if self._dispatch_reader is not None:
            self._dispatch_reader.start(self.wake)
        slots = [asyncio.create_task(self._slot()) for _ in range(self._slots)]
        log.info("worker_started", type=self._type, worker=self.name, slots=self._slots)
        stop = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait([stop, *slots], return_when=asyncio.FIRST_COMPLETED)
            self._stopping.set()
            self.wake(self._slots)
            if slots:
                await asyncio.wait(slots, timeout=self._grace)
        finally:
            stop.cancel()
            await cancel_and_wait(*slots)
            await self.circuit.stop()
            await self._leases.stop()
            if self._dispatch_reader is not None:
                await self._dispatch_reader.stop()
            log.info("worker_stopped", type=self._type, worker=self.name)
        for slot in slots:
            if not slot.cancelled() and (error := slot.exception()) is not None:
                raise error

    async def _slot(self) -> None:
        failures = 0
        woken = True
        while not self._stopping.is_set():
            if self.circuit.is_open:
                await self._wait_until_closed_or_stopping()
                continue
            if not self._pending_wakes.empty():
                self._pending_wakes.get_nowait()  # the following lease request serves this wake-up
                woken = True
            try:
                held = await self._leases.lease(self._type, self.name)
            except Refusal as refusal:
                log.warning("lease_failed", type=self._type, reason=refusal.reason, details=refusal.message)
                failures += 1
                await BACKOFF.pause(failures)
                continue
            failures = 0
            if self._dispatch_reader is not None:
                self._dispatch_reader.allow(self._slots)
            if held is not None:
                if not woken:
                    self.wake(1)  # the poll found a job without a message, so other messages may be lost too
                woken = False
                job = held.job
                attributes: Attributes = {"adwright.job": job.job_id, "adwright.attempt": job.attempt}
                with continue_trace(job.traceparent, "attempt", attributes=attributes):
                    await self._attempt(held)
                continue
            try:
                async with asyncio.timeout(jittered(IDLE_POLL_SECONDS)):
                    await self._pending_wakes.get()
                woken = True
            except TimeoutError:
                woken = False

    async def _wait_until_closed_or_stopping(self) -> None:
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
        attempt = RunningAttempt(
            job=job,
            folder=folder,
            store_checkpoint=lambda content: self._store_checkpoint(attempt, content),
            report_variant=lambda number, result, checkpoint: self._store_variant(attempt, number, result, checkpoint),
            stored_variants=set(job.stored_variants),
            checkpoint=job.checkpoint,
            progress=held.progress,
        )
        handler_task = asyncio.create_task(self._handle_and_upload(attempt))
        outcome = "completed"
        try:
            ends: list[asyncio.Future[Any]] = [handler_task, held.stopped]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not handler_task.done():
                outcome = attempt.stop_reason = held.stopped.result()
                bound.info("attempt_stopped", reason=outcome)
                return
            attempt.progress.begin("reporting")
            outcome = await self._report_outcome(attempt, handler_task)
            stages = {name: round(seconds, 3) for name, seconds in attempt.progress.stage_seconds().items()}
            seconds = round(time.perf_counter() - began, 3)
            bound.info("attempt_ended", outcome=outcome, seconds=seconds, stages=stages)
        except asyncio.CancelledError:
            # The grace period is over. Returned now, the job need not wait until its lease expires.
            await cancel_and_wait(handler_task)
            outcome = "returned"
            await self._return(job, seconds=CALL_SECONDS)
            bound.info("attempt_returned")
            raise
        finally:
            self._leases.release(held)
            await cancel_and_wait(handler_task)
            await self._delete_unreferenced(attempt)
            await asyncio.to_thread(shutil.rmtree, attempt.folder, ignore_errors=True)
            ATTEMPTS_FINISHED.labels(self._type, outcome).inc()
            ATTEMPT_SECONDS.labels(self._type).observe(time.perf_counter() - began)

    async def _handle_and_upload(self, attempt: RunningAttempt) -> UploadedResult:
        try:
            async with asyncio.timeout(remaining_seconds(attempt)):
                with child_span("make"):
                    result = await self._retry_through_outages(attempt, lambda: self._run_handler(attempt))
        except TimeoutError:
            raise TransientFault("ATTEMPT_TIMED_OUT", "the attempt exceeded its deadline") from None
        attempt.progress.begin("storing")
        with child_span("store"):
            return await self._upload_files(attempt, result), result.notes

    async def _run_handler(self, attempt: RunningAttempt) -> AttemptResult:
        try:
            return await self._handler(attempt)
        except Exception:
            # The next try must find an empty folder, as the first one did.
            await asyncio.to_thread(_clear_folder, attempt.folder)
            raise

    async def _retry_through_outages(self, attempt: RunningAttempt, action: Callable[[], Awaitable[Result]]) -> Result:
        """Returns the action's result. Repeats the action after each outage of a dependency, until the time reserved
        for returning the job begins. The circuit's pauses set the pace.

        Raises DependencyFault when that time begins, or immediately when only this machine lacks the dependency. Any
        other exception passes unchanged.
        """
        remaining = remaining_seconds(attempt)
        give_up = time.monotonic() + remaining - min(RETURN_RESERVE_SECONDS, remaining * RETURN_RESERVE_SHARE)
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

    async def _upload_files(self, attempt: RunningAttempt, result: AttemptResult) -> list[job_pb2.StoredAsset]:
        assets = []
        for file in result.files:
            asset_id = str(uuid.uuid4())
            # The attempt number is part of the key, so a superseded attempt cannot overwrite its successor's files.
            key = f"{job_folder(self._type, attempt.job.job_id)}{attempt.job.attempt}/{asset_id}{file.path.suffix}"
            attempt.unreferenced_keys.append(key)
            stored = await self._retry_through_outages(attempt, partial(self._upload_file, attempt, key, file))
            assets.append(
                job_pb2.StoredAsset(
                    id=asset_id,
                    type=file.type,
                    key=key,
                    content_type=file.content_type,
                    size_bytes=stored.size_bytes,
                    sha256=stored.sha256,
                    facts=file.facts,
                    scene=file.scene if len(file.scene) <= MAX_SCENE_BYTES else b"",
                    parent_asset_id=file.parent_asset_id,
                )
            )
        return assets

    async def _upload_file(self, attempt: RunningAttempt, key: str, file: ResultFile) -> StoredObject:
        try:
            async with asyncio.timeout(remaining_seconds(attempt)):
                return await self._assets.put_file(key, file.path, file.content_type)
        except TimeoutError:
            raise DependencyFault(
                StorageUnavailable.reason, "the asset storage did not respond before the attempt's deadline"
            ) from None

    async def _store_checkpoint(self, attempt: RunningAttempt, content: bytes) -> None:
        request = job_pb2.HeartbeatRequest(
            job_id=attempt.job.job_id,
            attempt=attempt.job.attempt,
            progress=attempt.progress.percent,
            stage=attempt.progress.stage,
            checkpoint=content,
        )
        for number in range(1, CHECKPOINT_TRIES + 1):
            try:
                response = await self._jobs.Heartbeat(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                log.warning("checkpoint_failed", job_id=attempt.job.job_id, error=error.code().name)
                await BACKOFF.pause(number)
                continue
            if response.stop:
                raise TransientFault(SUPERSEDED, f"the attempt must stop: {response.reason}")
            return
        raise DependencyFault("CHECKPOINT_NOT_KEPT", f"the job service did not respond {CHECKPOINT_TRIES} times")

    async def _store_variant(
        self, attempt: RunningAttempt, number: int, result: AttemptResult, checkpoint: bytes
    ) -> None:
        earlier = len(attempt.unreferenced_keys)
        attempt.progress.begin("storing")
        request = job_pb2.StoreVariantRequest(
            job_id=attempt.job.job_id,
            attempt=attempt.job.attempt,
            number=number,
            assets=await self._upload_files(attempt, result),
            notes=[note[:MAX_NOTE_CHARACTERS] for note in result.notes[:MAX_NOTES]],
            checkpoint=checkpoint,
        )
        # As for a completion: from here on the job may refer to the files.
        keys = attempt.unreferenced_keys[earlier:]
        del attempt.unreferenced_keys[earlier:]
        report = await self._report_with_retries(
            lambda: self._jobs.StoreVariant(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
        )
        if report is _Report.STALE:
            attempt.unreferenced_keys += keys
        if report is not _Report.ACCEPTED:
            raise TransientFault(SUPERSEDED, f"the job service did not accept variant {number}")

    async def _report_outcome(self, attempt: RunningAttempt, handler_task: HandlerTask) -> str:
        """Completes, fails or returns the job. Returns the outcome: completed, returned, the kind of the fault, or
        lost when the job service did not accept the report."""
        job = attempt.job
        try:
            assets, notes = handler_task.result()
        except Exception as error:
            return await self._report_failure(job, error)
        request = job_pb2.CompleteJobRequest(
            job_id=job.job_id,
            attempt=job.attempt,
            assets=assets,
            notes=[note[:MAX_NOTE_CHARACTERS] for note in notes[:MAX_NOTES]],
        )
        # From here on the job may refer to the files, even if this call is interrupted before its response arrives.
        keys, attempt.unreferenced_keys = attempt.unreferenced_keys, []
        report = await self._report_with_retries(lambda: self._complete(request))
        if report is _Report.STALE:
            attempt.unreferenced_keys = keys
        return "completed" if report is _Report.ACCEPTED else "lost"

    async def _report_failure(self, job: job_pb2.LeasedJob, error: Exception) -> str:
        outage = dependency_fault(error)
        if outage is not None:
            FAULTS.labels(self._type, "dependency", outage.reason).inc()
            mark_refused(outage.reason, fault=True)
            log.warning("attempt_returned", job_id=job.job_id, attempt=job.attempt, reason=outage.reason)
            return "returned" if await self._return(job, outage) else "lost"
        kind, reason, message = classify(error)
        kind_name = str(job_pb2.FaultKind.Name(kind)).removeprefix("FAULT_KIND_").lower()
        FAULTS.labels(self._type, kind_name, reason).inc()
        mark_refused(reason, fault=kind != job_pb2.FAULT_KIND_INPUT)
        if kind == job_pb2.FAULT_KIND_UNKNOWN:
            log.error("attempt_failed", job_id=job.job_id, attempt=job.attempt, exc_info=error)
        else:
            log.info("attempt_failed", job_id=job.job_id, attempt=job.attempt, reason=reason, message=message)
        request = job_pb2.FailJobRequest(
            job_id=job.job_id, attempt=job.attempt, kind=kind, reason=reason, message=message[:MAX_MESSAGE_CHARACTERS]
        )
        report = await self._report_with_retries(
            lambda: self._jobs.FailJob(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
        )
        return kind_name if report is _Report.ACCEPTED else "lost"

    async def _return(
        self, job: job_pb2.LeasedJob, fault: DependencyFault | None = None, seconds: float = REPORT_TIMEOUT_SECONDS
    ) -> bool:
        """Returns the job to the queue without counting the attempt, with the fault as its cause if there is one.
        Returns whether the job service accepted it."""
        request = job_pb2.ReturnJobRequest(job_id=job.job_id, attempt=job.attempt)
        if fault is not None:
            request.reason = fault.reason[:MAX_REASON_CHARACTERS]
            request.message = fault.message[:MAX_MESSAGE_CHARACTERS]
        report = await self._report_with_retries(
            lambda: self._jobs.ReturnJob(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS),
            seconds=seconds,
        )
        return report is _Report.ACCEPTED

    async def _delete_unreferenced(self, attempt: RunningAttempt) -> None:
        """Deletes the uploaded files that no job refers to, whatever the outcome of the attempt."""
        for key in attempt.unreferenced_keys:
            try:
                await self._assets.delete(key)
            except Refusal as refusal:
                log.warning("asset_not_deleted", key=key, error=refusal.message)

    async def _report_with_retries(
        self, call: Callable[[], Awaitable[object]], seconds: float = REPORT_TIMEOUT_SECONDS
    ) -> _Report:
        """Makes the call, and repeats it for up to `seconds` while the job service is unavailable."""
        give_up = time.monotonic() + seconds
        failures = 0
        while True:
            try:
                await call()
                return _Report.ACCEPTED
            except (grpc.aio.AioRpcError, Refusal) as error:
                refusal = refusal_from_rpc_error(error) if isinstance(error, grpc.aio.AioRpcError) else error
                if not refusal.kind.retryable or time.monotonic() > give_up:
                    log.info("result_refused", reason=refusal.reason)
                    return _Report.STALE if refusal.reason == STALE_ATTEMPT else _Report.UNKNOWN
            failures += 1
            await BACKOFF.pause(failures)


def remaining_seconds(attempt: RunningAttempt) -> float:
    """The time until the attempt's deadline in seconds, 0 once it has passed."""
    deadline = attempt.job.attempt_deadline.ToDatetime(tzinfo=UTC)
    return max(0.0, (deadline - datetime.now(UTC)).total_seconds())


def _clear_folder(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
