"""Reads job's feed of ended jobs and records the deliveries that follow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
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
from services.webhook import delivery_store, url_store
from services.webhook.domain import KEPT_FOR, Event
from services.webhook.metrics import FEED_DELAY_SECONDS

TICK_SECONDS = 0.4  # half of it is what the feed adds to a delivery whose message was lost
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
        self._any_endpoint = False  # as of the last reading
        self.in_use = asyncio.Event()  # somebody has registered an endpoint, or a request has named an address

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
        """Records the deliveries of all ends up to now; their number. Without endpoints, only jobs with an address of
        their own are read."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            self._any_endpoint = await delivery_store.any_endpoint(connection)
            if self._any_endpoint:
                self.in_use.set()
            since = await delivery_store.position(connection)
            if since is None:
                await delivery_store.move_position(connection, now)
        since = (since or now) - REREAD
        count, after = 0, ""
        for _ in range(MAX_PAGES):
            request = job_pb2.ListEndedJobsRequest(after_job_id=after, page_size=PAGE)
            request.since.FromDatetime(since)
            page = await self._ended(request)
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

    async def record_jobs(self, job_ids: Sequence[UUID]) -> int:
        """Records the deliveries of those of these jobs that have ended; their number. At most PAGE jobs."""
        request = job_pb2.ListEndedJobsRequest(job_ids=[str(job_id) for job_id in job_ids], page_size=PAGE)
        request.since.GetCurrentTime()  # required, without effect
        count = await self._record(await self._ended(request), self._clock.now())
        if count:
            self._recorded()
        return count

    async def delete_old(self) -> int:
        """Deletes deliveries past their retention; their number."""
        cutoff = self._clock.now() - KEPT_FOR
        async with self._database.transaction() as connection:
            await url_store.delete_unused(connection, cutoff - REREAD)
        async with self._database.transaction() as connection:
            return await delivery_store.delete_old(connection, cutoff)

    async def _ended(self, request: job_pb2.ListEndedJobsRequest) -> list[job_pb2.EndedJob]:
        request.with_webhook_url = not self._any_endpoint
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
                webhook_url=job.webhook_url,
            )
            for job in page
        ]
        fresh = [event for event in events if event.id not in self._known]
        if not fresh:
            return 0
        async with self._database.transaction() as connection:
            origins = await url_store.origins_of(connection, fresh, now)
            count = await delivery_store.record(connection, fresh, origins, now)
        if count:
            self.in_use.set()
        if len(self._known) < MAX_KNOWN:
            self._known.update({event.id: event.occurred_at for event in fresh})
        return count
