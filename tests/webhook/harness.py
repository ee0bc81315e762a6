"""A webhook service without its server, on a real PostgreSQL, with receivers that listen on this machine."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from adwright.job.v1 import job_pb2, job_pb2_grpc
from adwright.webhook.v1 import webhook_pb2

from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from services.chassis.errors import DependencyUnavailable
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.webhook_signatures import new_secret
from services.webhook import delivery_store, endpoint_store
from services.webhook.dispatcher import Dispatcher
from services.webhook.domain import EVENT_TYPES
from services.webhook.event_feed import EventFeed
from services.webhook.messages import delivery_message
from services.webhook.sender import Sender
from services.webhook.servicer import WebhookServicer

MIGRATIONS = Path(__file__).resolve().parents[2] / "services" / "webhook" / "migrations"
IDENTITY = ServiceIdentity("webhook", "s" * 32)


class SetClock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        return self.time


class EndedJobs:
    """Stands for the job service, at the interface of its stub."""

    def __init__(self) -> None:
        self.ended: list[job_pb2.EndedJob] = []
        self.feed_fails = False

    async def ListEndedJobs(self, request: job_pb2.ListEndedJobsRequest, **_: Any) -> job_pb2.ListEndedJobsResponse:
        wanted = [job for job in self.ended if job.webhook_url or not request.with_webhook_url]
        if request.job_ids:
            return job_pb2.ListEndedJobsResponse(jobs=[job for job in wanted if job.job_id in request.job_ids])
        if self.feed_fails:
            raise DependencyUnavailable("the feed")
        position = (request.since.ToNanoseconds(), request.after_job_id)
        found = sorted(wanted, key=lambda job: (job.ended_at.ToNanoseconds(), job.job_id))
        after = [job for job in found if (job.ended_at.ToNanoseconds(), job.job_id) > position]
        return job_pb2.ListEndedJobsResponse(jobs=after[: request.page_size])

    async def GetUserJob(self, request: job_pb2.GetUserJobRequest, **_: Any) -> job_pb2.JobStatus:
        return job_pb2.JobStatus(id=request.job_id, type="copy", status="completed")


@dataclass
class Receiver:
    """An HTTP server of a customer. `reply` is the raw answer; a coroutine function may answer by itself."""

    reply: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    answer: Callable[[asyncio.StreamWriter], Any] | None = None
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            headers = dict(_header(line) for line in head[1:] if line)
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append((headers, body))
            if self.answer is not None:
                await self.answer(writer)
            else:
                writer.write(self.reply)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name.lower(), value


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    """Serves the receiver on this machine."""
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.close()


@dataclass
class WebhookHarness:
    """A service and its parts."""

    database: Database
    clock: SetClock = field(default_factory=SetClock)
    jobs: EndedJobs = field(default_factory=EndedJobs)
    sender: Sender = field(default_factory=lambda: Sender(allow_http=True, allowed=["127.0.0.1"]))

    @property
    def stub(self) -> job_pb2_grpc.JobFeedServiceAsyncStub:
        return cast("job_pb2_grpc.JobFeedServiceAsyncStub", self.jobs)

    def feed(self) -> EventFeed:
        return EventFeed(
            database=self.database, jobs=self.stub, identity=IDENTITY, clock=self.clock, recorded=lambda: None
        )

    @asynccontextmanager
    async def dispatching(self) -> AsyncIterator[asyncio.Task[None]]:
        """Runs a dispatcher; leaving or cancelling the task kills it in whatever it does."""
        dispatcher = Dispatcher(
            database=self.database, jobs=self.stub, identity=IDENTITY, sender=self.sender, clock=self.clock
        )
        task = asyncio.create_task(dispatcher.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def endpoint(self, url: str, user: str = "u", ed25519_key: str | None = None) -> Any:
        """Registers an endpoint for all events; returns its row."""
        values = {
            "id": new_id(self.clock.now()),
            "user_id": user,
            "url": url,
            "events": list(EVENT_TYPES),
            "project_id": None,
            "secret": new_secret(),
            "created_at": self.clock.now(),
            "ed25519_key": ed25519_key,
        }
        async with self.database.transaction() as connection:
            return await endpoint_store.create(connection, values)

    def end_job(self, user: str = "u", later: timedelta = timedelta(0), webhook_url: str = "") -> str:
        """A job of the user ends now, whose request named the address; returns the event's id."""
        job = job_pb2.EndedJob(
            event_id=str(uuid.uuid4()),
            job_id=str(uuid.uuid4()),
            user_id=user,
            project_id=str(uuid.uuid4()),
            status="completed",
            webhook_url=webhook_url,
        )
        job.ended_at.FromDatetime(self.clock.now() + later)
        self.jobs.ended.append(job)
        return job.event_id

    def servicer(self) -> WebhookServicer:
        return WebhookServicer(database=self.database, sender=self.sender, clock=self.clock, wake=lambda: None)

    async def deliveries(self, endpoint: Any) -> list[webhook_pb2.Delivery]:
        async with self.database.connection() as connection:
            rows = await delivery_store.list_deliveries(connection, endpoint.id, None, 1000)
        return [delivery_message(row) for row in rows]
