"""Event streams across reconnects: no change is lost, and no end is sent twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from adwright.job.v1 import job_pb2
from google.api import httpbody_pb2

from services.chassis.data.assets import AssetStore
from services.chassis.rpc import server_sent_events
from services.chassis.rpc.auth import CallerIdentity, set_caller
from services.job.asset_urls import AssetUrlSigner
from services.job.change_feed import JobWatcher, UserFeed
from services.job.event_stream import MAX_LISTED_ENDS, MAX_RESUME_AGE, Cursor
from services.job.servicer import JobServicer
from services.job.statuses import Statuses
from tests.job.harness import JobHarness

WAIT_SECONDS = 60.0


@dataclass
class Call:
    """The servicer context of a call."""

    last_event_id: str = ""
    sent: list[tuple[str, str]] = field(default_factory=list)

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return (("last-event-id", self.last_event_id),) if self.last_event_id else ()

    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self.sent += metadata


class Browser:
    """Reads a stream as EventSource does, and stores the last event id."""

    def __init__(self) -> None:
        self.last_event_id = ""
        self.comments = 0
        self.retry = 0

    async def events(self, stream: AsyncIterator[httpbody_pb2.HttpBody]) -> AsyncGenerator[dict[str, Any] | None]:
        """The data of each event; None for a block without data."""
        async for body in stream:
            for block in body.data.decode().removesuffix("\n\n").split("\n\n"):
                data = ""
                for line in block.split("\n"):
                    name, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    if name == "id":
                        self.last_event_id = value
                    elif name == "retry":
                        self.retry = int(value)
                    elif name == "":
                        self.comments += 1
                    else:
                        assert name == "data"
                        data += value
                yield json.loads(data) if data else None


class StreamHarness:
    """A job servicer on a harness's database. Tests poll its loops themselves or run them as tasks."""

    def __init__(self, harness: JobHarness, storage: str = "memory:///") -> None:
        self.harness = harness
        self.watcher = JobWatcher(harness.database)
        self.feed = UserFeed(harness.database, harness.clock)
        asset_urls = AssetUrlSigner(secret="s" * 32, public_url="https://a", lifetime=timedelta(hours=1))
        statuses = Statuses(
            database=harness.database,
            reader=harness.reader,
            watcher=self.watcher,
            feed=self.feed,
            asset_urls=asset_urls,
            clock=harness.clock,
            max_lifetime=max(limits.total for limits in harness.policy.limits.values()),
        )
        self.servicer = JobServicer(
            database=harness.database,
            reader=harness.reader,
            lifecycle=harness.lifecycle,
            statuses=statuses,
            asset_urls=asset_urls,
            assets=AssetStore(storage),
            clock=harness.clock,
            settle=harness.settlement.settle_promptly,
        )

    def one(self, browser: Browser, job_id: UUID, call: Call | None = None) -> AsyncGenerator[dict[str, Any] | None]:
        call = call or Call(browser.last_event_id)
        request = job_pb2.StreamJobEventsRequest(job_id=str(job_id))
        return browser.events(self.servicer.StreamJobEvents(request, cast(Any, call)))

    def all(self, browser: Browser) -> AsyncGenerator[dict[str, Any] | None]:
        call = Call(browser.last_event_id)
        return browser.events(self.servicer.StreamAllJobEvents(job_pb2.StreamAllJobEventsRequest(), cast(Any, call)))


@pytest.fixture
async def streams(harness: JobHarness) -> AsyncIterator[StreamHarness]:
    set_caller(CallerIdentity(user_id="u"))
    await harness.grant("u", 100)
    found = StreamHarness(harness)
    loops = [asyncio.create_task(found.watcher.run()), asyncio.create_task(found.feed.run())]
    yield found
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)


async def next_event(events: AsyncGenerator[dict[str, Any] | None]) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in events:
            if event is not None:
                return event
    raise AssertionError("the stream has ended")


async def quiet_until_heartbeat(events: AsyncGenerator[dict[str, Any] | None], browser: Browser) -> None:
    """Asserts that a heartbeat is sent before any event."""
    before = browser.comments
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in events:
            assert event is None
            if browser.comments > before:
                return


class TestOneJob:
    async def test_stream_starts_with_the_retry_time_and_the_status(self, streams: StreamHarness) -> None:
        job_id = await streams.harness.submitted()
        browser = Browser()
        async with aclosing(streams.one(browser, job_id)) as events:
            assert await anext(events) is None
            assert browser.retry == server_sent_events.RETRY_MILLISECONDS
            event = await next_event(events)
        assert (event["id"], event["status"], event["queuePosition"]) == (str(job_id), "queued", 0)
        assert (event["assets"], event["notes"]) == ([], [])  # as in GetJobStatus, including empty lists
        assert browser.last_event_id

    async def test_reconnect_resumes_after_the_last_event(self, streams: StreamHarness) -> None:
        job_id = await streams.harness.submitted()
        browser = Browser()
        async with aclosing(streams.one(browser, job_id)) as events:
            assert (await next_event(events))["status"] == "queued"
        async with aclosing(streams.one(browser, job_id)) as events:
            await quiet_until_heartbeat(events, browser)
            await streams.harness.leases.lease("static_ad", "m")
            assert (await next_event(events))["status"] == "processing"
        await streams.harness.lifecycle.cancel(job_id, "u")  # while disconnected
        async with aclosing(streams.one(browser, job_id)) as events:
            assert (await next_event(events))["status"] == "canceled"
            assert [event async for event in events] == []

    async def test_reconnect_after_the_jobs_end_receives_204(self, streams: StreamHarness) -> None:
        job_id, other = await streams.harness.submitted(), await streams.harness.submitted()
        for each in (job_id, other):
            await streams.harness.lifecycle.cancel(each, "u")
        browser = Browser()
        for _ in range(2):  # without an id, every connection receives the end
            assert [event["status"] async for event in streams.one(Browser(), job_id) if event] == ["canceled"]
        assert [event["status"] async for event in streams.one(browser, job_id) if event] == ["canceled"]
        call = Call(browser.last_event_id)
        assert [event async for event in streams.one(browser, job_id, call)] == []
        assert call.sent == [("x-adwright-status", "204")]
        # The id of one job's end does not apply to another job.
        assert [event["id"] async for event in streams.one(browser, other) if event] == [str(other)]

    @pytest.mark.parametrize("seen", ["nonsense", "0", "é", "x" * 5000])
    async def test_invalid_last_event_id_is_ignored(self, seen: str, streams: StreamHarness) -> None:
        job_id = await streams.harness.submitted()
        browser = Browser()
        browser.last_event_id = seen
        async with aclosing(streams.one(browser, job_id)) as events:
            assert (await next_event(events))["status"] == "queued"
        async with aclosing(streams.all(browser)) as events:
            assert (await next_event(events))["status"] == "queued"

    async def test_idle_stream_sends_heartbeats(self, streams: StreamHarness, monkeypatch: pytest.MonkeyPatch) -> None:
        assert server_sent_events.HEARTBEAT_SECONDS <= 15
        monkeypatch.setattr(server_sent_events, "HEARTBEAT_SECONDS", 0.05)
        job_id = await streams.harness.submitted()
        for stream in (lambda browser: streams.one(browser, job_id), streams.all):
            browser = Browser()
            async with aclosing(stream(browser)) as events:
                await next_event(events)
                for _ in range(3):
                    await quiet_until_heartbeat(events, browser)

    async def test_watch_job_sends_statuses_only(self, streams: StreamHarness, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server_sent_events, "HEARTBEAT_SECONDS", 0.05)
        job_id = await streams.harness.submitted()
        request = job_pb2.WatchJobRequest(job_id=str(job_id))
        async with aclosing(cast(Any, streams.servicer.WatchJob(request, cast(Any, Call())))) as statuses:
            assert (await anext(statuses)).status == "queued"
            await streams.harness.lifecycle.cancel(job_id, "u")
            assert [status.status async for status in statuses] == ["canceled"]


class TestAllJobs:
    async def test_stream_without_jobs_starts_immediately(self, harness: JobHarness) -> None:
        set_caller(CallerIdentity(user_id="u"))
        streams, browser = StreamHarness(harness), Browser()  # no loop runs, so nothing was polled
        async with aclosing(streams.all(browser)) as events:
            assert await anext(events) is None
        assert browser.retry > 0
        assert browser.last_event_id

    async def test_end_during_a_disconnect_is_sent_once(self, streams: StreamHarness) -> None:
        first, second = await streams.harness.submitted(), await streams.harness.submitted()
        browser = Browser()
        async with aclosing(streams.all(browser)) as events:
            assert {(await next_event(events))["id"] for _ in range(2)} == {str(first), str(second)}
        await streams.harness.lifecycle.cancel(first, "u")
        brief = await streams.harness.submitted()  # created and ended while disconnected
        await streams.harness.lifecycle.cancel(brief, "u")
        async with aclosing(streams.all(browser)) as events:
            found = [await next_event(events) for _ in range(3)]
        ends = [event["id"] for event in found if event["status"] == "canceled"]
        assert sorted(ends) == sorted([str(first), str(brief)])
        assert [event["id"] for event in found if event["status"] == "queued"] == [str(second)]
        async with aclosing(streams.all(browser)) as events:  # live jobs are sent again, ended ones are not
            assert (await next_event(events))["id"] == str(second)
            await streams.harness.lifecycle.cancel(second, "u")
            event = await next_event(events)
            assert (event["id"], event["status"]) == (str(second), "canceled")

    async def test_disconnect_within_a_batch_loses_no_event(self, streams: StreamHarness) -> None:
        jobs = {await streams.harness.submitted() for _ in range(4)}
        browser = Browser()
        async with aclosing(streams.all(browser)) as events:
            await next_event(events)
            for job_id in jobs:
                await streams.harness.lifecycle.cancel(job_id, "u")
        ended: list[str] = []
        for _ in range(4):  # each connection receives one end
            async with aclosing(streams.all(browser)) as events:
                ended.append((await next_event(events))["id"])
        assert sorted(ended) == sorted(map(str, jobs))

    async def test_heartbeats_advance_the_event_id(
        self, streams: StreamHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server_sent_events, "HEARTBEAT_SECONDS", 0.05)
        browser = Browser()
        async with aclosing(streams.all(browser)) as events:
            await anext(events)
            began = browser.last_event_id
            async with asyncio.timeout(WAIT_SECONDS):
                while int(browser.last_event_id) - int(began) < 500_000:  # microseconds
                    await anext(events)

    async def test_ended_job_is_not_sent_again_when_it_leaves_the_recent_jobs(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        feed = UserFeed(harness.database, harness.clock)
        async with feed.subscribe("u") as subscription:
            await feed.poll()
            brief = await harness.submitted()
            await harness.lifecycle.cancel(brief, "u")
            await feed.poll()
            assert await subscription.next_changes(10) == [brief]
            harness.clock.ahead = timedelta(minutes=5)
            await feed.poll()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await subscription.next_changes(10)


class TestCursor:
    def test_event_id_round_trips(self, harness: JobHarness) -> None:
        now = harness.clock.now()
        jobs = [UUID(int=number) for number in range(1, 4)]
        cursor = Cursor(now, dict.fromkeys(jobs, now))
        found = Cursor.parse(cursor.event_id, now)
        assert found is not None
        assert (found.until, list(found.ended)) == (now, jobs)

    def test_event_id_is_bounded(self, harness: JobHarness) -> None:
        now = harness.clock.now()
        cursor = Cursor(now, {UUID(int=number): now for number in range(1, 100)})
        found = Cursor.parse(cursor.event_id, now)
        assert found is not None
        assert list(found.ended) == list(cursor.ended)[-MAX_LISTED_ENDS:]
        assert len(cursor.event_id) < 1000

    def test_old_and_future_event_ids_are_rejected(self, harness: JobHarness) -> None:
        now = harness.clock.now()
        assert Cursor.parse(Cursor(now - MAX_RESUME_AGE - timedelta(seconds=1)).event_id, now) is None
        assert Cursor.parse(Cursor(now + timedelta(minutes=1)).event_id, now) is None
        assert Cursor.parse("9" * 16 + "0", now) is None
        assert Cursor.parse("9" * 16, now) is None
