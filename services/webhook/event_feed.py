"""Reads job's feed of ended jobs and records the deliveries that follow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
import psycopg
import structlog
from adwright.job.v1 import job_pb2, job_pb2_grpc

from services.chassis.backoff import Backoff, jittered
from services.chassis.clock import Clock
from services.chassis.data.database import Database
from services.chassis.errors import Refusal
from services.chassis.rpc.auth import ServiceIdentity
from services.webhook import delivery_store
from services.webhook.domain import KEPT_FOR, Event
from services.webhook.metrics import FEED_DELAY_SECONDS

TICK_SECONDS = 0.4  # half of it is what the feed adds to the time from a job's end to its delivery
PAGE = 500
MAX_PAGES = 100  # of one reading; the next tick continues
# An end becomes visible up to 30 s after its time (IDLE_TRANSACTION_MS), and replicas' clocks differ a little.
REREAD = timedelta(seconds=60)
CALL_SECONDS = 10.0
RETENTION_TICKS = 500  # between deletions of old deliveries: about 200 s
MAX_KNOWN = 100_000  # ids of ends that are read again but need no statement
AFTER_FAILURE = Backoff(first=0.5, longest=10.0)

log = structlog.get_logger()


class EventFeed:
    """Follows job's feed. Replicas may read it at the same time: an event is recorded once."""

    def __init__(
        self,
        *,
        database: Database,
        jobs: job_pb2_grpc.JobFeedServiceAsyncStub,
        identity: ServiceIdentity,
        clock: Clock,
        recorded: Callable[[], object],
    ) -> None:
        """recorded: called when there are new deliveries."""
        self._database = database
        self._jobs = jobs
        self._identity = identity
        self._clock = clock
        self._recorded = recorded
        self._known: dict[UUID, datetime] = {}

    async def run(self) -> None:
        """Reads at every tick until cancelled."""
        failures = ticks = 0
        complete_at = self._clock.now()
        while True:
            try:
                await self.read()
                complete_at, failures, ticks = self._clock.now(), 0, ticks + 1
                if ticks % RETENTION_TICKS == 0:
                    await self.delete_old()
            except (Refusal, psycopg.Error, grpc.aio.AioRpcError) as error:
                failures += 1
                log.warning("feed_unavailable", error=str(error)[:200])
                await AFTER_FAILURE.pause(failures)
            FEED_DELAY_SECONDS.set((self._clock.now() - complete_at).total_seconds())
            await asyncio.sleep(jittered(TICK_SECONDS))

    async def read(self) -> int:
        """Records the deliveries of all ends up to now; their number. Without endpoints, only the position moves."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            wanted = await delivery_store.any_endpoint(connection)
            since = await delivery_store.position(connection)
            if not wanted or since is None:
                await delivery_store.move_position(connection, now)
            if not wanted:
                return 0
        since = (since or now) - REREAD
        count, after = 0, ""
        for _ in range(MAX_PAGES):
            page = await self._page(since, after)
            count += await self._record(page, now)
            if len(page) < PAGE:
                break
            since, after = page[-1].ended_at.ToDatetime(tzinfo=UTC), page[-1].job_id
        else:
            now = since  # the next reading continues here
        async with self._database.connection() as connection:
            await delivery_store.move_position(connection, now)
        self._known = {job_id: at for job_id, at in self._known.items() if at > now - 2 * REREAD}
        if count:
            self._recorded()
        return count

    async def delete_old(self) -> int:
        """Deletes deliveries past their retention; their number."""
        async with self._database.transaction() as connection:
            return await delivery_store.delete_old(connection, self._clock.now() - KEPT_FOR)

    async def _page(self, since: datetime, after: str) -> list[job_pb2.EndedJob]:
        request = job_pb2.ListEndedJobsRequest(after_job_id=after, page_size=PAGE)
        request.since.FromDatetime(since)
        response = await self._jobs.ListEndedJobs(request, metadata=self._identity.metadata(), timeout=CALL_SECONDS)
        return list(response.jobs)

    async def _record(self, page: list[job_pb2.EndedJob], now: datetime) -> int:
        events = [
            Event(
                id=UUID(job.event_id),
                type=f"job.{job.status}",
                job_id=UUID(job.job_id),
                user_id=job.user_id,
                project_id=UUID(job.project_id),
                occurred_at=job.ended_at.ToDatetime(tzinfo=UTC),
            )
            for job in page
        ]
        fresh = [event for event in events if event.id not in self._known]
        async with self._database.transaction() as connection:
            count = await delivery_store.record(connection, fresh, now)
        if len(self._known) < MAX_KNOWN:
            self._known.update({event.id: event.occurred_at for event in fresh})
        return count
