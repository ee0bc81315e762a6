"""The RPCs of the job service: one short method each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import grpc
from adwright.job.v1 import job_pb2, job_pb2_grpc
from google.api import httpbody_pb2

from services.chassis.clock import Clock
from services.chassis.data.assets import AssetStore
from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from services.chassis.errors import Kind, Refusal
from services.chassis.rpc.auth import caller
from services.chassis.rpc.pagination import page_token, timestamp, token_id
from services.job import event_stream, messages, queries, retention
from services.job.asset_urls import AssetUrlSigner
from services.job.change_feed import Watch
from services.job.domain import PROMPT_SETTLEMENT, TERMINAL, EndedJob, Job, JobNotFound, JobPolicy
from services.job.following import Following
from services.job.jobs import Jobs

Context = grpc.aio.ServicerContext[Any, Any]
Settle = Callable[[EndedJob], Awaitable[None]]

STREAM_BATCH = 100  # jobs that one look-up for a stream of all jobs reads
STREAM_SECONDS = 3600.0  # a client that still wants to know opens another stream; a forgotten one ends
BYTE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class RangeNotSatisfiable(Refusal):
    """The part asked for is not in the file."""

    kind = Kind.RANGE_NOT_SATISFIABLE
    reason = "RANGE_NOT_SATISFIABLE"


class JobServicer(job_pb2_grpc.JobServiceServicer):
    """What owners do with their jobs."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        database: Database,
        watch: Watch,
        following: Following,
        links: AssetUrlSigner,
        assets: AssetStore,
        clock: Clock,
        settle: Settle,
        longest: timedelta,
    ) -> None:
        """settle: as of JobWorkerServicer. longest: how long a job may live."""
        self._jobs = jobs
        self._settle = settle
        self._longest = longest
        self._database = database
        self._watch = watch
        self._following = following
        self._links = links
        self._assets = assets
        self._clock = clock

    async def GetJobStatus(self, request: job_pb2.GetJobStatusRequest, context: Context) -> job_pb2.JobStatus:
        job = await self._jobs.job(UUID(request.job_id), caller().user_id)
        await credits_returned(job, self._settle, self._clock)
        status = status_of(job, self._links, self._clock)
        status.variants.extend(messages.variants_of(job))
        return status

    async def ListJobs(self, request: job_pb2.ListJobsRequest, context: Context) -> job_pb2.ListJobsResponse:
        page = messages.page(request, caller().user_id)
        async with self._database.connection() as connection:
            found = await queries.list_jobs(connection, page)
        last = found[-1].id if len(found) == page.size else None
        return job_pb2.ListJobsResponse(
            jobs=[status_of(job, self._links, self._clock) for job in found], next_page_token=page_token(last)
        )

    async def CancelJob(self, request: job_pb2.CancelJobRequest, context: Context) -> job_pb2.CancelJobResponse:
        who = caller()
        before, amount = await self._jobs.cancel(UUID(request.job_id), None if who.admin else who.user_id)
        await self._settle(EndedJob(id=UUID(request.job_id), settle="release"))
        return job_pb2.CancelJobResponse(
            job_id=request.job_id, status="canceled", credits_released=amount, previous_status=before.value
        )

    async def WatchJob(self, request: job_pb2.WatchJobRequest, context: Context) -> AsyncIterator[job_pb2.JobStatus]:
        async with aclosing(self._statuses(UUID(request.job_id), caller().user_id, "")) as statuses:
            async for status in statuses:
                if status is not None:
                    yield status

    async def StreamJobEvents(
        self, request: job_pb2.StreamJobEventsRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        job_id, user_id = UUID(request.job_id), caller().user_id
        seen = event_stream.last_event_id(context.invocation_metadata())
        job = await self._jobs.job(job_id, user_id)
        if job.status in TERMINAL and seen == event_stream.status_id(status_of(job, self._links, self._clock)):
            await context.send_initial_metadata((("x-adwright-status", "204"),))
            return
        begun = False
        async with aclosing(self._statuses(job_id, user_id, seen)) as statuses:
            async for status in statuses:
                if not begun:
                    yield event_stream.opening()
                    begun = True
                if status is None:
                    yield event_stream.heartbeat()
                else:
                    yield event_stream.event(status, event_stream.status_id(status))

    async def _statuses(self, job_id: UUID, user_id: str, seen: str) -> AsyncGenerator[job_pb2.JobStatus | None]:
        """A job's status at every change after the one with the id `seen`, until it has ended; None where it has not
        changed for HEARTBEAT_SECONDS, and at the start where there is no news. Raises before the first: JobNotFound,
        TooManyStreams."""
        await self._jobs.job(job_id, user_id)  # refused before the stream begins: a begun one answers 200
        async with self._watch.changes(job_id) as changed:
            end = asyncio.get_running_loop().time() + STREAM_SECONDS
            while asyncio.get_running_loop().time() < end and not self._watch.closed:
                changed.clear()
                job = await self._jobs.job(job_id, user_id)
                status = status_of(job, self._links, self._clock)
                if event_stream.status_id(status) == seen:
                    yield None
                else:
                    yield status
                    seen = event_stream.status_id(status)
                if job.status in TERMINAL:
                    return
                try:
                    # The place in the queue changes without the job's row.
                    async with asyncio.timeout(event_stream.HEARTBEAT_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    continue

    async def WatchJobs(self, request: job_pb2.WatchJobsRequest, context: Context) -> AsyncIterator[job_pb2.JobStatus]:
        async with aclosing(self._all_statuses(caller().user_id, event_stream.Place(self._clock.now()))) as statuses:
            async for status in statuses:
                if status is None:  # a stream that has nothing to tell yet has begun all the same
                    await context.send_initial_metadata(())
                    break
            async for status in statuses:
                if status is not None:
                    yield status

    async def StreamAllJobEvents(
        self, request: job_pb2.StreamAllJobEventsRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        seen = event_stream.last_event_id(context.invocation_metadata())
        resumed = event_stream.Place.parse(seen, self._clock.now())
        place = resumed or event_stream.Place(self._clock.now())
        begun = False
        async with aclosing(self._all_statuses(caller().user_id, place, resumed=resumed is not None)) as statuses:
            async for status in statuses:
                if not begun:
                    yield event_stream.opening(place.event_id)
                    begun = True
                elif status is None:
                    yield event_stream.heartbeat(place.event_id)
                else:
                    yield event_stream.event(status, place.event_id)

    async def _all_statuses(
        self, user_id: str, place: event_stream.Place, *, resumed: bool = False
    ) -> AsyncGenerator[job_pb2.JobStatus | None]:
        """The statuses of all jobs of a user as they change, and `place` moves along; where the stream is resumed,
        first those that ended since then. None at the start, and where nothing has changed for HEARTBEAT_SECONDS.
        Raises before the first: TooManyStreams."""
        loop = asyncio.get_running_loop()
        end = loop.time() + STREAM_SECONDS
        beat = loop.time() + event_stream.HEARTBEAT_SECONDS  # changes that are no news do not put it off
        sent: dict[str, str] = {}
        since = place.until if resumed else None
        async with self._following.stream(user_id) as stream:
            yield None
            while loop.time() < end:
                try:
                    async with asyncio.timeout_at(beat):
                        if since is not None:
                            # What ends after the first look is news of the stream.
                            await stream.begun()
                            changed, until = await self._ended_since(user_id, since), None
                        else:
                            changed = await stream.changed(STREAM_BATCH)
                            until = stream.taken_until
                            if not changed:
                                return
                except TimeoutError:
                    if since is None:
                        place.advance(stream.taken_until)
                    yield None
                    beat = loop.time() + event_stream.HEARTBEAT_SECONDS
                    continue
                since = None
                news = []
                for job in await self._jobs.jobs(changed):
                    status = status_of(job, self._links, self._clock)
                    event_id = event_stream.status_id(status)
                    if job.id not in place.ended and sent.get(status.id) != event_id:
                        news.append((job, status))
                    sent[status.id] = event_id
                    if job.status in TERMINAL:
                        del sent[status.id]
                for number, (job, status) in enumerate(news, start=1):
                    if job.status in TERMINAL:
                        place.ended[job.id] = job.completed_at or self._clock.now()
                    if number == len(news):
                        place.advance(until)
                    yield status
                    beat = loop.time() + event_stream.HEARTBEAT_SECONDS

    async def _ended_since(self, user_id: str, since: datetime) -> list[UUID]:
        """The user's jobs that ended about then or later, oldest end first."""
        first = since - event_stream.MARGIN
        oldest = new_id(first - self._longest, entropy=bytes(10))
        async with self._database.connection() as connection:
            return await queries.ended_since(connection, user_id, first, oldest)

    async def GetAsset(
        self, request: job_pb2.GetAssetRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        asset_id = UUID(request.asset_id)
        self._links.check(asset_id, request.expires, request.signature, self._clock.now())
        async with self._database.connection() as connection:
            asset = await queries.asset(connection, asset_id)
        start, end = 0, asset.size_bytes
        headers = [
            ("accept-ranges", "bytes"),
            ("cache-control", "private, max-age=3600, immutable"),
            ("content-disposition", f'inline; filename="{asset.type}-{asset.id}{_suffix(asset.key)}"'),
        ]
        given = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        asked = given.get("range", "")
        if asked and (part := _byte_range(asked, asset.size_bytes)) is not None:
            start, end = part
            headers.append(("content-range", f"bytes {start}-{end - 1}/{asset.size_bytes}"))
            headers.append(("x-adwright-status", "206"))
        headers.append(("x-adwright-content-length", str(end - start)))
        if "x-adwright-head" in given:  # the gateway asks for the headers only
            await context.send_initial_metadata(tuple(headers))
            yield httpbody_pb2.HttpBody(content_type=asset.content_type)
            return
        chunks = self._assets.read(asset.key, start=start, end=end if end != asset.size_bytes or start else None)
        first = await anext(chunks, b"")  # storage that fails is told as an error: nothing has been sent yet
        await context.send_initial_metadata(tuple(headers))
        yield httpbody_pb2.HttpBody(content_type=asset.content_type, data=first)
        async for chunk in chunks:
            yield httpbody_pb2.HttpBody(data=chunk)


class JobAdminServicer(job_pb2_grpc.JobAdminServiceServicer):
    """What an operator does with jobs."""

    def __init__(self, *, jobs: Jobs, database: Database) -> None:
        self._jobs = jobs
        self._database = database

    async def ListDeadJobs(
        self, request: job_pb2.ListDeadJobsRequest, context: Context
    ) -> job_pb2.ListDeadJobsResponse:
        size = request.page_size or 20
        async with self._database.connection() as connection:
            found = await queries.dead_jobs(connection, token_id(request.page_token), size)
        last = found[-1].job.id if len(found) == size else None
        return job_pb2.ListDeadJobsResponse(
            jobs=[messages.dead_message(dead) for dead in found], next_page_token=page_token(last)
        )

    async def RetryJob(self, request: job_pb2.RetryJobRequest, context: Context) -> job_pb2.RetryJobResponse:
        accepted = await self._jobs.retry_dead(UUID(request.job_id))
        return job_pb2.RetryJobResponse(
            job_id=str(accepted.job_id), status=accepted.status, credits_used=accepted.credits_used
        )


class JobSubmissionServicer(job_pb2_grpc.JobSubmissionServiceServicer):
    """What the generating services hand in."""

    def __init__(
        self, *, jobs: Jobs, database: Database, watch: Watch, links: AssetUrlSigner, clock: Clock, settle: Settle
    ) -> None:
        """settle: as of JobWorkerServicer."""
        self._jobs = jobs
        self._settle = settle
        self._database = database
        self._watch = watch
        self._links = links
        self._clock = clock

    async def FindRecordedAnswer(
        self, request: job_pb2.FindRecordedAnswerRequest, context: Context
    ) -> job_pb2.FindRecordedAnswerResponse:
        found = await self._jobs.recorded_answer(request.user_id, request.request_key, request.request_digest)
        return job_pb2.FindRecordedAnswerResponse(answer=messages.accepted_message(found) if found else None)

    async def SubmitJob(self, request: job_pb2.SubmitJobRequest, context: Context) -> job_pb2.SubmitJobResponse:
        now = self._clock.now()
        submission = messages.submission(request, new_id(now), now)
        return messages.accepted_message(await self._jobs.submit(submission, wait_seconds=0))

    async def GetJobOutcome(self, request: job_pb2.GetJobOutcomeRequest, context: Context) -> job_pb2.JobOutcome:
        job_id = UUID(request.job_id)
        end = asyncio.get_running_loop().time() + request.wait_seconds
        async with self._watch.changes(job_id) as changed:
            while True:
                changed.clear()
                job = await self._jobs.job(job_id, request.user_id)
                if job.status in TERMINAL or asyncio.get_running_loop().time() >= end:
                    break
                try:
                    async with asyncio.timeout_at(end):
                        await changed.wait()
                except TimeoutError:
                    continue
        await credits_returned(job, self._settle, self._clock)
        return job_pb2.JobOutcome(
            status=job.status.value,
            result=job.result,
            error=job_pb2.JobError(reason=job.error_reason, message=job.error_message) if job.error_reason else None,
            job=status_of(job, self._links, self._clock),
        )

    async def ListSettlements(
        self, request: job_pb2.ListSettlementsRequest, context: Context
    ) -> job_pb2.ListSettlementsResponse:
        after = UUID(request.after_job_id) if request.after_job_id else UUID(int=0)
        async with self._database.connection() as connection:
            if request.job_ids:
                rows = await queries.settlements_of(connection, [UUID(job_id) for job_id in request.job_ids])
            else:
                rows = await queries.settlements(connection, after, request.page_size)
            # Read after the jobs: what was deleted since then is not missed.
            forgotten = await retention.forgotten_until(connection)
        return job_pb2.ListSettlementsResponse(
            forgotten_until=timestamp(forgotten) if forgotten else None,
            jobs=[
                job_pb2.JobSettlement(
                    job_id=str(row["id"]),
                    user_id=row["user_id"],
                    status=row["status"],
                    credits=row["credits"],
                    settled=row["settled"],
                    created_at=timestamp(row["created_at"]),
                )
                for row in rows
            ],
        )


class JobWorkerServicer(job_pb2_grpc.JobWorkerServiceServicer):
    """What workers say."""

    def __init__(self, *, jobs: Jobs, settle: Settle, policy: JobPolicy) -> None:
        """settle: returns when the hold of an ended job is settled, or a bound of its own is over."""
        self._jobs = jobs
        self._settle = settle
        self._policy = policy

    async def LeaseJob(self, request: job_pb2.LeaseJobRequest, context: Context) -> job_pb2.LeaseJobResponse:
        if request.type not in self._policy.limits:
            raise JobNotFound
        lease = await self._jobs.lease(request.type, request.worker)
        return job_pb2.LeaseJobResponse(job=messages.lease_message(lease, self._policy) if lease else None)

    async def Heartbeat(self, request: job_pb2.HeartbeatRequest, context: Context) -> job_pb2.HeartbeatResponse:
        reason = await self._jobs.heartbeat(messages.beat(request))
        return job_pb2.HeartbeatResponse(stop=bool(reason), reason=reason)

    async def CompleteJob(self, request: job_pb2.CompleteJobRequest, context: Context) -> job_pb2.CompleteJobResponse:
        job = await self._jobs.complete(messages.completion(request))
        if job.self_made:
            await self._settle(job)
        return job_pb2.CompleteJobResponse()

    async def FailJob(self, request: job_pb2.FailJobRequest, context: Context) -> job_pb2.FailJobResponse:
        status, job = await self._jobs.fail(messages.failure(request))
        if job is not None and job.self_made:
            await self._settle(job)
        return job_pb2.FailJobResponse(status=status.value)

    async def ReturnJob(self, request: job_pb2.ReturnJobRequest, context: Context) -> job_pb2.ReturnJobResponse:
        await self._jobs.give_back(UUID(request.job_id), request.attempt, request.reason, request.message)
        return job_pb2.ReturnJobResponse()


async def credits_returned(job: Job, settle: Settle, clock: Clock) -> None:
    """Returns when the hold of a job that has just ended is settled, so that who reads its end finds the credits as it
    says; at once where it ended longer ago than a settlement is waited for: billing is away then."""
    if job.unsettled and job.completed_at is not None and clock.now() - job.completed_at < PROMPT_SETTLEMENT:
        await settle(EndedJob(id=job.id, settle=job.unsettled))


def status_of(job: Job, links: AssetUrlSigner, clock: Clock) -> job_pb2.JobStatus:
    """The job as its owner sees it, with links to its assets that are valid from now on."""
    now = clock.now()
    return messages.status_message(job, lambda asset_id: links.link(asset_id, now))


def _suffix(key: str) -> str:
    name = key.rsplit("/", 1)[-1]
    return f".{name.rsplit('.', 1)[-1]}" if "." in name else ""


def _byte_range(asked: str, size: int) -> tuple[int, int] | None:
    """The part (from, before) that a Range header asks for; None: none that we serve, so the whole.

    Raises RangeNotSatisfiable.
    """
    match = BYTE_RANGE.fullmatch(asked.strip())
    if match is None or match.groups() == ("", ""):
        return None  # several parts or another unit: a server may send the whole (RFC 9110, 14.2)
    first, last = match.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= size or end <= start:
        raise RangeNotSatisfiable(f"The file has {size} bytes.")
    return start, end
