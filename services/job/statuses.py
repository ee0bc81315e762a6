"""Statuses of jobs as their owners see them: once, or at every change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from uuid import UUID

from adwright.job.v1 import job_pb2

from services.chassis.clock import Clock
from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from services.chassis.rpc import server_sent_events
from services.job import event_stream, messages, queries
from services.job.asset_urls import AssetUrlSigner
from services.job.change_feed import JobWatcher, UserFeed
from services.job.domain import TERMINAL_STATUSES, Job
from services.job.job_reader import JobReader

STREAM_BATCH = 100  # jobs that one query for a stream of all jobs reads


class Statuses:
    """Builds and streams status messages, with asset URLs that are valid from now."""

    def __init__(
        self,
        *,
        database: Database,
        reader: JobReader,
        watcher: JobWatcher,
        feed: UserFeed,
        asset_urls: AssetUrlSigner,
        clock: Clock,
        max_lifetime: timedelta,
    ) -> None:
        """max_lifetime: the longest time from a job's creation to its end."""
        self._database = database
        self._reader = reader
        self._watcher = watcher
        self._feed = feed
        self._asset_urls = asset_urls
        self._clock = clock
        self._max_lifetime = max_lifetime

    def message(self, job: Job) -> job_pb2.JobStatus:
        """The job's status."""
        now = self._clock.now()
        return messages.status_message(job, lambda asset_id: self._asset_urls.sign(asset_id, now))

    async def wait_for_end(self, job_id: UUID, user_id: str, *, seconds: float) -> Job:
        """The user's job when it has ended, or as it is after `seconds`. Raises JobNotFound, TooManyStreams."""
        end = asyncio.get_running_loop().time() + seconds
        async with self._watcher.watch(job_id) as changed:
            while True:
                changed.clear()
                job = await self._reader.job(job_id, user_id)
                if job.status in TERMINAL_STATUSES or asyncio.get_running_loop().time() >= end:
                    return job
                try:
                    async with asyncio.timeout_at(end):
                        await changed.wait()
                except TimeoutError:
                    continue

    async def stream_job(self, job_id: UUID, user_id: str, seen: str) -> AsyncGenerator[job_pb2.JobStatus | None]:
        """A job's status at every change after the status with the id `seen`, until the job has ended.

        None stands for no change within HEARTBEAT_SECONDS, and at the start for no change since `seen`. Raises
        JobNotFound and TooManyStreams before the first item.
        """
        await self._reader.job(job_id, user_id)  # a started stream has already responded with 200
        async with self._watcher.watch(job_id) as changed:
            end = asyncio.get_running_loop().time() + server_sent_events.MAX_STREAM_SECONDS
            while asyncio.get_running_loop().time() < end and not self._watcher.closed:
                changed.clear()
                job = await self._reader.job(job_id, user_id)
                status = self.message(job)
                if event_stream.status_id(status) == seen:
                    yield None
                else:
                    yield status
                    seen = event_stream.status_id(status)
                if job.status in TERMINAL_STATUSES:
                    return
                try:
                    # The queue position changes without the job's row, so read again after the timeout.
                    async with asyncio.timeout(server_sent_events.HEARTBEAT_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    continue

    async def stream_all(
        self, user_id: str, cursor: event_stream.Cursor, *, resumed: bool = False
    ) -> AsyncGenerator[job_pb2.JobStatus | None]:
        """The statuses of all jobs of a user as they change; advances `cursor`.

        A resumed stream sends the jobs that have ended since the cursor first. None is sent at the start and when
        nothing has changed for HEARTBEAT_SECONDS. Raises TooManyStreams before the first item.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + server_sent_events.MAX_STREAM_SECONDS
        heartbeat_at = loop.time() + server_sent_events.HEARTBEAT_SECONDS  # changes that send nothing do not delay it
        sent: dict[str, str] = {}
        since = cursor.until if resumed else None
        async with self._feed.subscribe(user_id) as subscription:
            yield None
            while loop.time() < end:
                try:
                    async with asyncio.timeout_at(heartbeat_at):
                        if since is not None:
                            # The subscription reports jobs that end after its first poll.
                            await subscription.wait_for_first_poll()
                            changed, until = await self._ended_since(user_id, since), None
                        else:
                            changed = await subscription.next_changes(STREAM_BATCH)
                            until = subscription.delivered_until
                            if not changed:
                                return
                except TimeoutError:
                    if since is None:
                        cursor.advance(subscription.delivered_until)
                    yield None
                    heartbeat_at = loop.time() + server_sent_events.HEARTBEAT_SECONDS
                    continue
                since = None
                fresh = []
                for job in await self._reader.jobs(changed):
                    status = self.message(job)
                    event_id = event_stream.status_id(status)
                    if job.id not in cursor.ended and sent.get(status.id) != event_id:
                        fresh.append((job, status))
                    sent[status.id] = event_id
                    if job.status in TERMINAL_STATUSES:
                        del sent[status.id]
                for number, (job, status) in enumerate(fresh, start=1):
                    if job.status in TERMINAL_STATUSES:
                        cursor.ended[job.id] = job.completed_at or self._clock.now()
                    if number == len(fresh):
                        cursor.advance(until)
                    yield status
                    heartbeat_at = loop.time() + server_sent_events.HEARTBEAT_SECONDS

    async def _ended_since(self, user_id: str, since: datetime) -> list[UUID]:
        """The user's jobs that ended after `since` or shortly before, earliest end first."""
        first = since - event_stream.CLOCK_MARGIN
        oldest = new_id(first - self._max_lifetime, entropy=bytes(10))
        async with self._database.connection() as connection:
            return await queries.ended_since(connection, user_id, first, oldest)
