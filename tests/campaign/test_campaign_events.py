"""Streams of campaigns: every change arrives, a client that reconnects misses none, and the end is sent once."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
from adwright.campaign.v1 import campaign_pb2

import services.campaign
from services.campaign import campaign_store, campaign_watcher, child_store
from services.campaign.campaign_watcher import CampaignWatcher
from services.campaign.child_store import EndedChild
from services.campaign.domain import Child, ChildState, Product, State
from services.campaign.errors import CampaignNotFound, TooManyStreams
from services.campaign.servicer import CampaignServicer
from services.chassis.clock import SystemClock
from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from services.chassis.rpc import server_sent_events
from services.chassis.rpc.auth import CallerIdentity, set_caller
from services.chassis.tasks import cancel_and_wait
from tests.running import Postgres

MIGRATIONS = Path(services.campaign.__file__).parent / "migrations"
SECONDS = 60.0
NOW = SystemClock().now()


class Harness:
    """A campaign service on a database of its own, without other services."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.watcher = CampaignWatcher(database)
        self.servicer = CampaignServicer(
            database=database, calls=Mock(), watcher=self.watcher, clock=SystemClock(), wake=lambda: None
        )

    async def begun(self, user_id: str = "u", children: int = 2) -> uuid.UUID:
        """A campaign whose children wait."""
        campaign_id = new_id(NOW)
        values: dict[str, Any] = dict.fromkeys(("api_key_id", "name", "tone", "idempotency_key", "price_list"), "")
        values |= {"id": campaign_id, "user_id": user_id, "project_id": uuid.uuid4(), "state": State.ADMITTING.value}
        values |= dict.fromkeys(("variant_axis", "max_credits", "expires_at"))
        values |= {"credits_estimated": 3 * children, "children": children}
        values |= dict.fromkeys(("created_at", "begun_at", "next_step_at"), NOW)
        product = Product(id=uuid.uuid4(), name="Lamp")
        planned = [
            Child(
                number=number,
                product=product,
                type="static_ad",
                request=b"",
                version=0,
                headline_version=1,
                credits=3,
            )
            for number in range(1, children + 1)
        ]
        async with self.database.transaction() as connection:
            await campaign_store.create(connection, values)
            await child_store.create(connection, campaign_id, planned)
        return campaign_id

    async def make(self, campaign_id: uuid.UUID, number: int) -> None:
        """Begins and completes a child, and ends the campaign with its last one."""
        async with self.database.transaction() as connection:
            await child_store.begin(connection, campaign_id, [(number, uuid.uuid4())])
            await child_store.end(
                connection, campaign_id, [EndedChild(number=number, state=ChildState.COMPLETED, spent=3)]
            )
            row = (await campaign_store.find_all(connection, [campaign_id]))[0]
            if row.completed == row.children:
                await campaign_store.move(connection, campaign_id, State.COMPLETED, NOW)

    def stream(self, campaign_id: uuid.UUID, seen: str = "") -> Stream:
        return Stream(self.servicer, campaign_id, seen)


class Stream:
    """A stream as EventSource reads it."""

    def __init__(self, servicer: CampaignServicer, campaign_id: uuid.UUID, seen: str) -> None:
        self.sent: list[tuple[str, str]] = []
        self.last_event_id = seen
        self.comments = 0
        request = campaign_pb2.StreamCampaignEventsRequest(campaign_id=str(campaign_id))
        self._bodies = servicer.StreamCampaignEvents(request, cast(Any, self))

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return (("last-event-id", self.last_event_id),) if self.last_event_id else ()

    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self.sent += metadata

    async def events(self) -> AsyncGenerator[dict[str, Any]]:
        async with aclosing(cast(AsyncGenerator[Any], self._bodies)) as bodies:
            async for body in bodies:
                for line in body.data.decode().splitlines():
                    name, _, value = line.partition(": ")
                    self.comments += line == ":"
                    if name == "id":
                        self.last_event_id = value
                    if name == "data":
                        yield json.loads(value)


@pytest.fixture
async def harness(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Harness]:
    monkeypatch.setattr(campaign_watcher, "TICK_SECONDS", 0.02)
    set_caller(CallerIdentity(user_id="u"))
    async with postgres.migrated(MIGRATIONS) as url:
        database = Database(url, pool_size=4)
        await database.open()
        found = Harness(database)
        polling = asyncio.create_task(found.watcher.run())
        yield found
        await cancel_and_wait(polling)
        await database.close()


async def test_every_change_arrives_and_the_end_ends_the_stream(harness: Harness) -> None:
    campaign_id = await harness.begun()
    seen = []
    async with asyncio.timeout(SECONDS), aclosing(harness.stream(campaign_id).events()) as events:
        async for event in events:
            seen.append((event["status"], event["counts"]["completed"], event["creditsSpent"]))
            if len(seen) <= 2:
                await harness.make(campaign_id, len(seen))
    assert seen == [("admitting", 0, 0), ("admitting", 1, 3), ("completed", 2, 6)]


async def test_a_client_that_reconnects_gets_the_next_change_and_after_the_end_204(harness: Harness) -> None:
    campaign_id = await harness.begun()
    first = harness.stream(campaign_id)
    async with asyncio.timeout(SECONDS), aclosing(first.events()) as events:
        assert (await anext(events))["counts"]["completed"] == 0
    for number in (1, 2):  # while nobody listens
        await harness.make(campaign_id, number)
    second = harness.stream(campaign_id, first.last_event_id)
    assert [event["status"] async for event in second.events()] == ["completed"]
    third = harness.stream(campaign_id, second.last_event_id)
    assert [event async for event in third.events()] == []
    assert third.sent == [("x-adwright-status", "204")]
    assert [event["status"] async for event in harness.stream(campaign_id).events()] == ["completed"]


async def test_an_unchanged_campaign_sends_heartbeats_only(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_sent_events, "HEARTBEAT_SECONDS", 0.05)
    campaign_id = await harness.begun()
    first = harness.stream(campaign_id)
    async with aclosing(first.events()) as events:
        await anext(events)
    again = harness.stream(campaign_id, first.last_event_id)
    reading = asyncio.create_task(anext(again.events()))
    async with asyncio.timeout(SECONDS):
        while again.comments < 3:
            assert not reading.done()
            await asyncio.sleep(0.01)
    await harness.make(campaign_id, 1)
    assert (await asyncio.wait_for(reading, SECONDS))["counts"]["completed"] == 1


async def test_campaigns_of_others_are_not_found_and_streams_are_limited(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_watcher, "MAX_WATCHES_PER_USER", 1)
    other = await harness.begun("other")
    with pytest.raises(CampaignNotFound):
        await anext(harness.stream(other).events())
    campaign_id = await harness.begun()
    async with aclosing(harness.stream(campaign_id).events()) as events:
        await anext(events)
        with pytest.raises(TooManyStreams):
            await anext(harness.stream(campaign_id).events())
    async with aclosing(harness.stream(campaign_id).events()) as events:  # the closed one counts no more
        await anext(events)


async def test_a_stop_of_the_service_ends_streams(harness: Harness) -> None:
    campaign_id = await harness.begun()
    async with asyncio.timeout(SECONDS), aclosing(harness.stream(campaign_id).events()) as events:
        await anext(events)
        harness.watcher.close()
        assert [event async for event in events] == []
