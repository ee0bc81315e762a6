"""Following all jobs of a user: one look-up a second for all users that are followed, however many streams."""

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
from services.job.domain import TERMINAL, Status, TooManyStreams

TICK_SECONDS = 1.0
MAX_STREAMS = 500
MAX_STREAMS_PER_USER = 10
# A job that is made and ends between two looks is found by its age; ids of several replicas need not come in order.
RECENT = timedelta(seconds=30)


class Stream:
    """What one follower has not been told yet."""

    def __init__(self) -> None:
        self._seen: dict[UUID, tuple[datetime, Status]] | None = None
        self._looked_at: datetime | None = None
        self._begun = asyncio.Event()
        self._changed: dict[UUID, None] = {}
        self._news = asyncio.Event()
        self._closed = False
        self.taken_until: datetime | None = None
        """All changes until then have been taken; None: not even those of the first look."""

    def look(self, rows: Iterable[tuple[UUID, datetime, Status]], at: datetime) -> None:
        """Compares what is there at a time with what was: changed, new, and no longer there because it has ended."""
        before, now = self._seen, {job_id: (changed_at, status) for job_id, changed_at, status in rows}
        if before is None:  # the first look: what has ended before is no news
            changed = [job_id for job_id, (_, status) in now.items() if status not in TERMINAL]
        else:
            changed = [job_id for job_id, seen in now.items() if before.get(job_id) != seen]
            # One that has ended before leaves because of its age.
            changed += [
                job_id for job_id, (_, status) in before.items() if job_id not in now and status not in TERMINAL
            ]
        self._seen = now
        self._changed.update(dict.fromkeys(changed))
        self._looked_at = at
        if self._changed:
            self._news.set()
        else:
            self.taken_until = at
        self._begun.set()

    def close(self) -> None:
        """There is no more news."""
        self._closed = True
        self._begun.set()
        self._news.set()

    async def begun(self) -> None:
        """Waits for the first look."""
        await self._begun.wait()

    async def changed(self, most: int) -> list[UUID]:
        """The next jobs that have changed, oldest news first; waits for one. None: the stream has ended."""
        await self._news.wait()
        if self._closed:
            return []
        taken = list(self._changed)[:most]
        for job_id in taken:
            del self._changed[job_id]
        if not self._changed:
            self._news.clear()
            self.taken_until = self._looked_at
        return taken


class Following:
    """Keeps streams informed. One query a tick, and none while nobody follows."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._streams: dict[str, set[Stream]] = {}
        self._anybody = asyncio.Event()

    @asynccontextmanager
    async def stream(self, user_id: str) -> AsyncIterator[Stream]:
        """A stream of the user's changes for as long as it is wanted. Raises TooManyStreams."""
        streams = self._streams.get(user_id, set())
        if len(streams) >= MAX_STREAMS_PER_USER or sum(map(len, self._streams.values())) >= MAX_STREAMS:
            raise TooManyStreams
        stream = Stream()
        self._streams.setdefault(user_id, streams).add(stream)
        self._anybody.set()
        try:
            yield stream
        finally:
            streams.discard(stream)
            if not streams:
                self._streams.pop(user_id, None)

    def close(self) -> None:
        """Ends all streams: the process stops. Clients open theirs anew, elsewhere."""
        for streams in self._streams.values():
            for stream in streams:
                stream.close()

    async def run(self) -> None:
        """Looks for changes until cancelled."""
        while True:
            if not self._streams:
                self._anybody.clear()
                await self._anybody.wait()
            await self.look()
            await asyncio.sleep(TICK_SECONDS)

    async def look(self) -> None:
        """One look for all; a database that is away is looked at again."""
        followed = {user_id: list(streams) for user_id, streams in self._streams.items()}
        now = self._clock.now()
        oldest = new_id(now - RECENT, entropy=bytes(10))
        try:
            async with self._database.connection() as connection:
                found = await queries.current(connection, list(followed), oldest)
        except DependencyUnavailable:
            return
        for user_id, streams in followed.items():
            for stream in streams:
                stream.look(found.get(user_id, []), now)
