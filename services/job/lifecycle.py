"""Changes jobs for other reasons than a worker's report: cancellation, expiry, lost leases and repeated dispatches.

Each method is one transaction.
"""

from __future__ import annotations

import random
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.data.database import Database
from services.chassis.data.outbox import Relay
from services.job.domain import TERMINAL_STATUSES, EndedJob, JobPolicy, Status
from services.job.events import write_dispatches, write_events
from services.job.lease_store import LeaseStore
from services.job.settlement_queue import SettlementQueue


class Lifecycle:
    """Ends or requeues live jobs. Any number of replicas may call every method concurrently."""

    def __init__(
        self, *, database: Database, relay: Relay, policy: JobPolicy, clock: Clock, ended: SettlementQueue
    ) -> None:
        """ended: gets the jobs whose settlement no caller waits for."""
        self._database = database
        self._relay = relay
        self._clock = clock
        self._ended = ended
        self._store = LeaseStore(policy)

    async def cancel(self, job_id: UUID, user_id: str | None) -> tuple[EndedJob, Status, int]:
        """Cancels a live job of the user, or of anybody for None; the job, its status before, the credits to release.

        The caller settles the job. Raises JobNotFound, JobEnded.
        """
        async with self._database.transaction() as connection:
            job, before, amount = await self._store.cancel(connection, job_id, user_id, self._clock.now())
            await write_events(connection, [job], self._clock.now(), dispatch=False)
        self._relay.wake(soon=True)
        return EndedJob.of(job), before, amount

    async def expire(self, limit: int) -> int:
        """Expires live jobs whose time is over; their number."""
        async with self._database.transaction() as connection:
            jobs = await self._store.expire(connection, self._clock.now(), limit)
            await write_events(connection, jobs, self._clock.now(), dispatch=False)
        if jobs:
            self._relay.wake(soon=True)
            self._ended.add(map(EndedJob.of, jobs))
        return len(jobs)

    async def recover_lost(self, limit: int) -> int:
        """Fails attempts whose leases have run out, so that their jobs are retried or end; their number."""
        async with self._database.transaction() as connection:
            now = self._clock.now()
            lost = await self._store.lost(connection, now, limit)
            failed = [await self._store.fail(connection, failure, now, jitter=random.random()) for failure in lost]
            jobs = [job for job, changed in failed if changed]
            await write_events(connection, jobs, self._clock.now(), dispatch=True)
        if lost:
            self._relay.wake()
            self._ended.add(EndedJob.of(job) for job in jobs if job.status in TERMINAL_STATUSES)
        return len(lost)

    async def dispatch_again(self, limit: int) -> int:
        """Dispatches queued jobs again that no worker has leased; their number."""
        async with self._database.transaction() as connection:
            jobs = await self._store.stale_dispatches(connection, self._clock.now(), limit)
            await write_dispatches(connection, jobs, self._clock.now())
        if jobs:
            self._relay.wake()
        return len(jobs)
