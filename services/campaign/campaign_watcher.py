"""Change notification of campaigns by polling: one query a tick for all that are watched, none without a watcher."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from adwright.campaign.v1 import campaign_pb2

from services.campaign import campaign_store, messages
from services.campaign.domain import ENDED
from services.campaign.errors import TooManyStreams
from services.campaign.rows import CampaignRow
from services.chassis.data.database import Database
from services.chassis.errors import DependencyUnavailable
from services.chassis.rpc import server_sent_events

TICK_SECONDS = 0.5  # as often as a campaign makes a step
MAX_WATCHES = 500
MAX_WATCHES_PER_USER = 10


def event_id(row: CampaignRow) -> str:
    """The event id of a campaign's state: that of an equal state is equal."""
    counts = row.counts
    numbers = (
        counts.waiting,
        counts.running,
        counts.completed,
        counts.failed,
        counts.canceled,
        counts.skipped,
        counts.held,
        counts.spent,
    )
    return ".".join(map(str, (row.id, row.state, *numbers)))


class CampaignWatcher:
    """Sets the events of those who watch a campaign when its state or its counts change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events: dict[UUID, set[asyncio.Event]] = {}
        self._seen: dict[UUID, str] = {}
        self._of_user: Counter[str] = Counter()
        self._any_watch = asyncio.Event()
        self.closed = False

    def close(self) -> None:
        """Wakes every watcher for the last time, because the process stops. Clients reconnect to another replica."""
        self.closed = True
        for events in self._events.values():
            for event in events:
                event.set()

    async def run(self) -> None:
        """Polls until cancelled."""
        while True:
            if not self._events:
                self._any_watch.clear()
                await self._any_watch.wait()
            await self.poll()
            await asyncio.sleep(TICK_SECONDS)

    async def poll(self) -> None:
        """Polls once; skipped while the database is unavailable."""
        try:
            async with self._database.connection() as connection:
                rows = await campaign_store.find_all(connection, list(self._events))
        except DependencyUnavailable:
            return
        found = {row.id: event_id(row) for row in rows}
        for campaign_id, events in self._events.items():
            state = found.get(campaign_id, "")  # empty: it was deleted
            if self._seen.get(campaign_id) != state:
                self._seen[campaign_id] = state
                for event in events:
                    event.set()

    async def stream(
        self, campaign_id: UUID, user_id: str, seen: str
    ) -> AsyncGenerator[tuple[campaign_pb2.Campaign, str] | None]:
        """The user's campaign without children at every change after the state with the event id `seen`, until it has
        ended, each with its event id.

        None stands for no change within HEARTBEAT_SECONDS, and at the start for no change since `seen`. Raises
        CampaignNotFound and TooManyStreams before the first item.
        """
        loop = asyncio.get_running_loop()
        row = await self._row(campaign_id, user_id)  # a started stream has already responded with 200
        async with self._watch(campaign_id, user_id) as changed:
            end = loop.time() + server_sent_events.MAX_STREAM_SECONDS
            while loop.time() < end and not self.closed:
                changed.clear()
                row = await self._row(campaign_id, user_id)
                if event_id(row) == seen:
                    yield None
                else:
                    seen = event_id(row)
                    yield messages.campaign_message(row), seen
                if row.state in ENDED:
                    return
                try:
                    async with asyncio.timeout(server_sent_events.HEARTBEAT_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    continue

    async def _row(self, campaign_id: UUID, user_id: str) -> CampaignRow:
        async with self._database.connection() as connection:
            return await campaign_store.find_begun(connection, campaign_id, user_id)

    @asynccontextmanager
    async def _watch(self, campaign_id: UUID, user_id: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the campaign changes. Raises TooManyStreams."""
        if self._of_user.total() >= MAX_WATCHES or self._of_user[user_id] >= MAX_WATCHES_PER_USER:
            raise TooManyStreams
        event = asyncio.Event()
        self._events.setdefault(campaign_id, set()).add(event)
        self._of_user[user_id] += 1
        self._any_watch.set()
        try:
            yield event
        finally:
            self._of_user -= Counter({user_id: 1})  # drops users that watch nothing
            events = self._events[campaign_id]
            events.discard(event)
            if not events:
                del self._events[campaign_id]
                self._seen.pop(campaign_id, None)
