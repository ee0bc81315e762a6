"""Serves workers: leases jobs, extends leases on heartbeats, and records the outcome of attempts.

Each method is one transaction. Calls that arrive concurrently share transactions (see services.chassis.data.batcher).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.data.batcher import Batcher
from services.chassis.data.database import Database
from services.chassis.data.outbox import Relay
from services.chassis.errors import Refusal
from services.chassis.observability.tracing import record_past_span
from services.job.batching import MAX_BATCH, MAX_WAITING
from services.job.domain import (
    TERMINAL_STATUSES,
    AttemptFailure,
    ChangedJob,
    Completion,
    EndedJob,
    FinishedVariant,
    Heartbeat,
    JobPolicy,
    Lease,
    Status,
    merge_heartbeats,
)
from services.job.errors import StaleAttempt
from services.job.events import write_events
from services.job.lease_store import LeaseStore
from services.job.settlement_queue import SettlementQueue

MAX_LEASE_ROUNDS = 5  # while other replicas take users' last shares; workers repeat the request soon in any case
MAX_LEASE_WAIT_SECONDS = 3.0  # a worker waits 5 s


class Leases:
    """Leases jobs to workers. An attempt's number fences: what an earlier attempt sends raises StaleAttempt."""

    def __init__(
        self, *, database: Database, relay: Relay, policy: JobPolicy, clock: Clock, ended: SettlementQueue
    ) -> None:
        """ended: gets the jobs whose settlement no caller waits for."""
        self._database = database
        self._relay = relay
        self._clock = clock
        self._ended = ended
        self._store = LeaseStore(policy)
        self._lease_batchers: dict[str, Batcher[str, Lease | None]] = {}
        self._heartbeat_batcher: Batcher[Heartbeat, str] = Batcher(
            self.heartbeat_batch, max_batch=MAX_BATCH, max_waiting=MAX_WAITING
        )
        self._completion_batcher: Batcher[Completion, EndedJob] = Batcher(
            self.complete_batch, max_batch=MAX_BATCH, max_waiting=MAX_WAITING
        )

    async def lease(self, job_type: str, worker: str) -> Lease | None:
        """Leases the next job in turn to the worker; None: no job is ready."""
        return next(iter(await self.lease_several(job_type, worker, 1)), None)

    async def lease_several(self, job_type: str, worker: str, count: int) -> list[Lease]:
        """Leases the next jobs in turn to the worker, at most `count`. Raises what failed if none was leased."""
        if job_type not in self._lease_batchers:
            self._lease_batchers[job_type] = Batcher(
                lambda workers: self.lease_batch(job_type, workers),
                max_batch=MAX_BATCH,
                max_waiting=MAX_WAITING,
                max_wait_seconds=MAX_LEASE_WAIT_SECONDS,
            )
        found = await self._lease_batchers[job_type].submit_all([worker] * count)
        leases = [lease for lease in found if isinstance(lease, Lease)]
        for outcome in found if not leases else ():
            if isinstance(outcome, BaseException):
                raise outcome
        return leases

    async def lease_batch(self, job_type: str, workers: Sequence[str]) -> list[Lease | Refusal | None]:
        """Leases up to one job to each of these workers, in order; a worker may be listed several times."""
        jobs: list[tuple[ChangedJob, Lease]] = []
        for _ in range(MAX_LEASE_ROUNDS):
            async with self._database.transaction() as connection:
                leased, try_again = await self._store.lease(
                    connection, job_type, workers[len(jobs) :], self._clock.now()
                )
                await write_events(connection, [changed for changed, _ in leased], self._clock.now(), dispatch=False)
            jobs += leased
            if not try_again:
                break
        if jobs:
            self._relay.wake(soon=True)
        leases: dict[str, list[Lease]] = {}
        for changed, lease in jobs:
            worker = changed.worker or ""
            record_past_span(
                changed.traceparent,
                "queued",
                began=lease.created_at.timestamp(),
                attributes={"adwright.worker": worker},
            )
            leases.setdefault(worker, []).append(lease)
        return [leases[worker].pop() if leases.get(worker) else None for worker in workers]

    async def heartbeat(self, heartbeat: Heartbeat) -> str:
        """Extends the lease; returns "" or the reason to stop: canceled, expired or superseded."""
        return await self._heartbeat_batcher.submit(heartbeat)

    async def heartbeat_batch(self, heartbeats: Sequence[Heartbeat]) -> list[str | Refusal]:
        """Applies these heartbeats in one statement; as `heartbeat`, in order."""
        async with self._database.connection() as connection:
            stopped = await self._store.heartbeat(connection, merge_heartbeats(heartbeats), self._clock.now())
        return [stopped.get((heartbeat.job_id, heartbeat.attempt), "") for heartbeat in heartbeats]

    async def store_variant(self, variant: FinishedVariant) -> None:
        """Stores a finished variant of a job that makes several. Raises StaleAttempt. Safe to repeat."""
        async with self._database.transaction() as connection:
            await self._store.store_variant(connection, variant, self._clock.now())

    async def complete(self, completion: Completion) -> EndedJob:
        """Records the attempt's result. Raises StaleAttempt. Safe to repeat.

        The caller of a self-made job waits for its settlement, so the settlement loop is not woken for it.
        """
        return await self._completion_batcher.submit(completion)

    async def complete_all(self, completions: Sequence[Completion]) -> list[EndedJob | BaseException]:
        """Records these results; in order, each as `complete`, with an exception in place of a job."""
        return await self._completion_batcher.submit_all(completions)

    async def complete_batch(self, completions: Sequence[Completion]) -> list[EndedJob | Refusal]:
        """Records these results in one transaction; as `complete`, in order."""
        first: dict[tuple[UUID, int], Completion] = {}
        for completion in completions:
            # A repetition within the batch is treated as one that arrives a batch later.
            first.setdefault((completion.job_id, completion.attempt), completion)
        async with self._database.transaction() as connection:
            completed, repeated = await self._store.complete(connection, list(first.values()), self._clock.now())
            await write_events(connection, completed, self._clock.now(), dispatch=False)
        self._relay.wake(soon=True)
        self._ended.add(EndedJob.of(job) for job in completed if not job.self_made)
        ended = {(job.id, job.attempt): EndedJob.of(job) for job in [*completed, *repeated]}
        return [ended.get((completion.job_id, completion.attempt)) or StaleAttempt() for completion in completions]

    async def fail(self, failure: AttemptFailure) -> tuple[Status, EndedJob | None]:
        """Records the attempt's failure; the job's status after it, and the job if it has ended.

        Raises StaleAttempt. Safe to repeat. The caller of a self-made job waits for its settlement, as in `complete`.
        """
        async with self._database.transaction() as connection:
            job, changed = await self._store.fail(connection, failure, self._clock.now(), jitter=random.random())
            if changed:
                # The sweeper dispatches a job whose next attempt has to wait, when the wait is over.
                await write_events(connection, [job], self._clock.now(), dispatch=False)
        self._relay.wake(soon=True)
        ended = EndedJob.of(job) if job.status in TERMINAL_STATUSES else None
        if ended is not None and not ended.self_made:
            self._ended.add([ended])
        return Status(job.status), ended

    async def return_job(self, job_id: UUID, attempt: int, reason: str = "", message: str = "") -> None:
        """Queues an unfinished job again, at no cost in attempts. Raises StaleAttempt.

        reason: the dependency of the worker that is unavailable, such as STORAGE_UNAVAILABLE; "": the worker stops.
        message: for the operator.
        """
        async with self._database.transaction() as connection:
            job = await self._store.return_job(connection, job_id, attempt, reason, message, self._clock.now())
            if job is None:
                raise StaleAttempt
            await write_events(connection, [job], self._clock.now(), dispatch=True)
        self._relay.wake()
