"""Hears of ends from the topic of job events, sooner than the feed does. Messages may be lost: the feed is complete."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from typing import Protocol
from uuid import UUID

import grpc
import psycopg
import structlog
from adwright.job.v1 import events_pb2
from google.protobuf.message import DecodeError

from services.chassis.clock import Clock
from services.chassis.errors import Refusal
from services.webhook.domain import EVENT_TYPES
from services.webhook.event_feed import PAGE, EventFeed

TOPIC = "adwright.job.events.v1"
GROUP = "adwright-webhook"
MAX_WAITING = 2_000  # messages that were read and not looked at; the reader then waits
OLDEST = timedelta(seconds=60)  # the feed has read older ends

log = structlog.get_logger()


class MessageReader(Protocol):
    """Reads a topic: services.chassis.data.kafka.TopicReader."""

    def start(
        self, on_messages: Callable[[int], None], on_values: Callable[[Sequence[bytes]], None] | None = None
    ) -> None: ...

    def allow(self, at_least: int) -> None: ...

    async def stop(self) -> None: ...


class EventMessages:
    """Has the jobs of new messages looked up in job, which alone says whether and how a job has ended."""

    def __init__(self, *, reader: MessageReader, feed: EventFeed, clock: Clock) -> None:
        self._reader = reader
        self._feed = feed
        self._clock = clock
        self._waiting: list[bytes] = []
        self._arrived = asyncio.Event()

    async def run(self) -> None:
        """Reads until cancelled; begins when there is anybody to tell, since a reader costs CPU time also when idle."""
        await self._feed.in_use.wait()
        self._reader.start(lambda _: None, self._take)
        try:
            while True:
                self._reader.allow(MAX_WAITING)
                await self._arrived.wait()
                self._arrived.clear()
                values, self._waiting = self._waiting, []
                await self._record(values)
        finally:
            await self._reader.stop()

    def _take(self, values: Sequence[bytes]) -> None:
        self._waiting += values
        self._arrived.set()

    async def _record(self, values: Sequence[bytes]) -> None:
        job_ids = self._ended(values)
        for start in range(0, len(job_ids), PAGE):
            try:
                await self._feed.record_jobs(job_ids[start : start + PAGE])
            except (Refusal, psycopg.Error, grpc.aio.AioRpcError) as error:
                log.info("messages_left_to_feed", error=str(error)[:200])
                return

    def _ended(self, values: Sequence[bytes]) -> list[UUID]:
        """The jobs of the events that are ends, each once."""
        found: dict[UUID, None] = {}
        for value in values:
            event = events_pb2.JobEvent()
            # Another program may write to the topic; its messages are not events of jobs.
            with contextlib.suppress(DecodeError, ValueError):
                event.ParseFromString(value)
                age = self._clock.now() - event.occurred_at.ToDatetime(tzinfo=UTC)
                if f"job.{event.status}" in EVENT_TYPES and age < OLDEST:
                    found[UUID(event.job_id)] = None
        return list(found)
