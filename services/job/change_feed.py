"""Change notification by polling: of single jobs for those who watch one, and of all jobs of a user.

Both poll the database with one query per tick for all listeners, and not at all without listeners.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from services.chassis.errors import DependencyUnavailable
from services.job import queries
from services.job.domain import TERMINAL_STATUSES, Status
from services.job.errors import TooManyStreams

WATCH_TICK_SECONDS = 0.2
MAX_WATCHES = 2_000
FEED_TICK_SECONDS = 1.0
MAX_SUBSCRIPTIONS = 500
MAX_SUBSCRIPTIONS_PER_USER = 10
# A job that is created and ends between two polls is found by its age. Ids of several replicas may be out of order.
RECENT_AGE = timedelta(seconds=30)


class JobWatcher:
    """Sets the events of those who watch a job when its row changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events: dict[UUID, set[asyncio.Event]] = {}
        self._seen: dict[UUID, datetime] = {}
        self._count = 0
        self._any_watch = asyncio.Event()
        self.closed = False

    def close(self) -> None:
        """Wakes every watcher for the last time, because the process stops. Clients reconnect to another replica."""
        self.closed = True
        for events in self._events.values():
            for event in events:
                event.set()

    @asynccontextmanager
    async def watch(self, job_id: UUID) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the job changes; the watcher clears it. Raises TooManyStreams."""
        if self._count >= MAX_WATCHES:
            raise TooManyStreams
        event = asyncio.Event()
        self._events.setdefault(job_id, set()).add(event)
        self._count += 1
        self._any_watch.set()
        try:
            yield event
        finally:
            self._count -= 1
            events = self._events[job_id]
            events.discard(event)
            if not events:
                del self._events[job_id]
                self._seen.pop(job_id, None)

    async def run(self) -> None:
        """Polls until cancelled."""
        while True:
            if not self._events:
                self._any_watch.clear()
                await self._any_watch.wait()
            try:
                async with self._database.connection() as connection:
                    changes = await queries.change_times(connection, list(self._events))
            except DependencyUnavailable:
                changes = {}
            for job_id, changed_at in changes.items():
                if self._seen.get(job_id) != changed_at and job_id in self._events:
                    self._seen[job_id] = changed_at
                    for event in self._events[job_id]:
                        event.set()
            await asyncio.sleep(WATCH_TICK_SECONDS)


class Subscription:
    """The changes of a user's jobs that have not been delivered to one subscriber yet."""

    def __init__(self) -> None:
        self._seen: dict[UUID, tuple[datetime, Status]] | None = None
        self._polled_at: datetime | None = None
        self._first_poll = asyncio.Event()
        self._changed: dict[UUID, None] = {}
        self._has_changes = asyncio.Event()
        self._closed = False
        self.delivered_until: datetime | None = None
        """All changes until then have been delivered; None: some of the first poll have not."""

    def update(self, rows: Iterable[tuple[UUID, datetime, Status]], at: datetime) -> None:
        """Compares a poll's rows with the rows of the poll before, and records the jobs that differ.

        rows: id, time of the last change, and status of each job. at: when the poll started.
        """
        before, now = self._seen, {job_id: (changed_at, status) for job_id, changed_at, status in rows}
        if before is None:  # first poll: a job that ended earlier is no change
            changed = [job_id for job_id, (_, status) in now.items() if status not in TERMINAL_STATUSES]
        else:
            changed = [job_id for job_id, seen in now.items() if before.get(job_id) != seen]
            # A live job leaves the rows because it has ended; an ended one because of its age.
            changed += [
                job_id
                for job_id, (_, status) in before.items()
                if job_id not in now and status not in TERMINAL_STATUSES
            ]
        self._seen = now
        self._changed.update(dict.fromkeys(changed))
        self._polled_at = at
        if self._changed:
            self._has_changes.set()
        else:
            self.delivered_until = at
        self._first_poll.set()

    def close(self) -> None:
        """Ends the subscription: no more changes will follow."""
        self._closed = True
        self._first_poll.set()
        self._has_changes.set()

    async def wait_for_first_poll(self) -> None:
        """Returns when the first poll is done."""
        await self._first_poll.wait()

    async def next_changes(self, limit: int) -> list[UUID]:
        """The next jobs that have changed, oldest change first; waits for one. Empty: the subscription is closed."""
        await self._has_changes.wait()
        if self._closed:
            return []
        delivered = list(self._changed)[:limit]
        for job_id in delivered:
            del self._changed[job_id]
        if not self._changed:
            self._has_changes.clear()
            self.delivered_until = self._polled_at
        return delivered


class UserFeed:
    """Updates the subscriptions to all jobs of a user."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._any_subscription = asyncio.Event()

    @asynccontextmanager
    async def subscribe(self, user_id: str) -> AsyncIterator[Subscription]:
        """A subscription to the user's jobs while the context is open. Raises TooManyStreams."""
        subscriptions = self._subscriptions.get(user_id, set())
        if (
            len(subscriptions) >= MAX_SUBSCRIPTIONS_PER_USER
            or sum(map(len, self._subscriptions.values())) >= MAX_SUBSCRIPTIONS
        ):
            raise TooManyStreams
        subscription = Subscription()
        self._subscriptions.setdefault(user_id, subscriptions).add(subscription)
        self._any_subscription.set()
        try:
            yield subscription
        finally:
            subscriptions.discard(subscription)
            if not subscriptions:
                self._subscriptions.pop(user_id, None)

    def close(self) -> None:
        """Ends all subscriptions, because the process stops. Clients reconnect to another replica."""
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.close()

    async def run(self) -> None:
        """Polls until cancelled."""
        while True:
            if not self._subscriptions:
                self._any_subscription.clear()
                await self._any_subscription.wait()
            await self.poll()
            await asyncio.sleep(FEED_TICK_SECONDS)

    async def poll(self) -> None:
        """Polls once for all subscriptions; skipped while the database is unavailable."""
        subscribed = {user_id: list(subscriptions) for user_id, subscriptions in self._subscriptions.items()}
        now = self._clock.now()
        oldest = new_id(now - RECENT_AGE, entropy=bytes(10))
        try:
            async with self._database.connection() as connection:
                found = await queries.live_and_recent_jobs(connection, list(subscribed), oldest)
        except DependencyUnavailable:
            return
        for user_id, subscriptions in subscribed.items():
            for subscription in subscriptions:
                subscription.update(found.get(user_id, []), now)
