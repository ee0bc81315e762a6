"""Waiting for jobs to change: one look-up for all that are being watched, however many watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import structlog

from services.chassis.data.database import Database
from services.chassis.errors import DependencyUnavailable
from services.job import queries
from services.job.domain import TooManyStreams

TICK_SECONDS = 0.2
MAX_WATCHED = 2_000

log = structlog.get_logger()


class Watch:
    """Wakes those who wait for a job when its row has changed. One query a tick, and none while nobody waits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watched: dict[UUID, set[asyncio.Event]] = {}
        self._seen: dict[UUID, datetime] = {}
        self._count = 0
        self._anybody = asyncio.Event()
        self.closed = False

    def close(self) -> None:
        """Wakes everybody who waits, to end: the process stops. Clients open their streams anew, elsewhere."""
        self.closed = True
        for events in self._watched.values():
            for event in events:
                event.set()

    @asynccontextmanager
    async def changes(self, job_id: UUID) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the job has changed; its user clears it. Raises TooManyStreams."""
        if self._count >= MAX_WATCHED:
            raise TooManyStreams
        event = asyncio.Event()
        self._watched.setdefault(job_id, set()).add(event)
        self._count += 1
        self._anybody.set()
        try:
            yield event
        finally:
            self._count -= 1
            events = self._watched[job_id]
            events.discard(event)
            if not events:
                del self._watched[job_id]
                self._seen.pop(job_id, None)

    async def run(self) -> None:
        """Looks for changes until cancelled."""
        while True:
            if not self._watched:
                self._anybody.clear()
                await self._anybody.wait()
            try:
                async with self._database.connection() as connection:
                    changes = await queries.changes_of(connection, list(self._watched))
            except DependencyUnavailable:
                changes = {}
            for job_id, changed_at in changes.items():
                if self._seen.get(job_id) != changed_at and job_id in self._watched:
                    self._seen[job_id] = changed_at
                    for event in self._watched[job_id]:
                        event.set()
            await asyncio.sleep(TICK_SECONDS)
