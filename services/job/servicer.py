"""RPC methods of the job service: they translate messages and call the service's stores, batchers and readers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC
from typing import Any
from uuid import UUID

import grpc
from adwright.job.v1 import job_pb2, job_pb2_grpc
from google.api import httpbody_pb2

from services.chassis.clock import Clock
from services.chassis.data.assets import AssetStore
from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from services.chassis.errors import FieldViolation, ValidationFailed
from services.chassis.rpc import server_sent_events
from services.chassis.rpc.auth import caller
from services.chassis.rpc.batch_rpcs import outcomes
from services.chassis.rpc.pagination import page_token, parse_page_token, timestamp
from services.job import event_stream, messages, queries
from services.job.asset_urls import AssetUrlSigner
from services.job.byte_ranges import parse_byte_range
from services.job.domain import PROMPT_SETTLEMENT, TERMINAL_STATUSES, EndedJob, Job, JobPolicy
from services.job.events import end_event_id
from services.job.job_reader import JobReader
from services.job.leases import Leases
from services.job.lifecycle import Lifecycle
from services.job.statuses import Statuses
from services.job.submission import Submissions

Context = grpc.aio.ServicerContext[Any, Any]
Settle = Callable[..., Awaitable[None]]
"""Takes ended jobs; returns when their holds are settled, or after a bound of its own."""
SUBMIT_JOB = "/adwright.job.v1.JobSubmissionService/SubmitJob"
COMPLETE_JOB = "/adwright.job.v1.JobWorkerService/CompleteJob"


class JobServicer(job_pb2_grpc.JobServiceServicer):
    """The RPCs of jobs' owners."""

    def __init__(
        self,
        *,
        database: Database,
        reader: JobReader,
        lifecycle: Lifecycle,
        statuses: Statuses,
        asset_urls: AssetUrlSigner,
        assets: AssetStore,
        clock: Clock,
        settle: Settle,
    ) -> None:
        self._database = database
        self._reader = reader
        self._lifecycle = lifecycle
        self._statuses = statuses
        self._asset_urls = asset_urls
        self._assets = assets
        self._clock = clock
        self._settle = settle

    async def GetJobStatus(self, request: job_pb2.GetJobStatusRequest, context: Context) -> job_pb2.JobStatus:
        job = await self._reader.job(UUID(request.job_id), caller().user_id)
        await wait_for_settlement(job, self._settle, self._clock)
        status = self._statuses.message(job)
        status.variants.extend(messages.variants_of(job))
        return status

    async def ListJobs(self, request: job_pb2.ListJobsRequest, context: Context) -> job_pb2.ListJobsResponse:
        wanted = messages.job_filter(request, caller().user_id)
        async with self._database.connection() as connection:
            found = await queries.list_jobs(connection, wanted)
        last = found[-1].id if len(found) == wanted.size else None
        return job_pb2.ListJobsResponse(
            jobs=[self._statuses.message(job) for job in found], next_page_token=page_token(last)
        )

    async def CancelJob(self, request: job_pb2.CancelJobRequest, context: Context) -> job_pb2.CancelJobResponse:
        who = caller()
        job, before, amount = await self._lifecycle.cancel(UUID(request.job_id), None if who.admin else who.user_id)
        await self._settle(job)
        return job_pb2.CancelJobResponse(
            job_id=request.job_id, status="canceled", credits_released=amount, previous_status=before.value
        )

    async def WatchJob(self, request: job_pb2.WatchJobRequest, context: Context) -> AsyncIterator[job_pb2.JobStatus]:
        stream = self._statuses.stream_job(UUID(request.job_id), caller().user_id, "")
        async with aclosing(stream) as statuses:
            async for status in statuses:
                if status is not None:
                    yield status

    async def StreamJobEvents(
        self, request: job_pb2.StreamJobEventsRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        job_id, user_id = UUID(request.job_id), caller().user_id
        seen = server_sent_events.last_event_id(context.invocation_metadata())
        job = await self._reader.job(job_id, user_id)
        if job.status in TERMINAL_STATUSES and seen == event_stream.status_id(self._statuses.message(job)):
            await context.send_initial_metadata(server_sent_events.STOP_RECONNECTING)
            return
        started = False
        async with aclosing(self._statuses.stream_job(job_id, user_id, seen)) as statuses:
            async for status in statuses:
                if not started:
                    yield server_sent_events.opening()
                    started = True
                if status is None:
                    yield server_sent_events.heartbeat()
                else:
                    yield server_sent_events.event(status, event_stream.status_id(status))

    async def WatchJobs(self, request: job_pb2.WatchJobsRequest, context: Context) -> AsyncIterator[job_pb2.JobStatus]:
        cursor = event_stream.Cursor(self._clock.now())
        async with aclosing(self._statuses.stream_all(caller().user_id, cursor)) as statuses:
            async for status in statuses:
                if status is None:  # start the response before there is a status to send
                    await context.send_initial_metadata(())
                    break
            async for status in statuses:
                if status is not None:
                    yield status

    async def StreamAllJobEvents(
        self, request: job_pb2.StreamAllJobEventsRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        seen = server_sent_events.last_event_id(context.invocation_metadata())
        resumed = event_stream.Cursor.parse(seen, self._clock.now())
        cursor = resumed or event_stream.Cursor(self._clock.now())
        stream = self._statuses.stream_all(caller().user_id, cursor, resumed=resumed is not None)
        started = False
        async with aclosing(stream) as statuses:
            async for status in statuses:
                if not started:
                    yield server_sent_events.opening(cursor.event_id)
                    started = True
                elif status is None:
                    yield server_sent_events.heartbeat(cursor.event_id)
                else:
                    yield server_sent_events.event(status, cursor.event_id)

    async def GetAsset(
        self, request: job_pb2.GetAssetRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        asset_id = UUID(request.asset_id)
        self._asset_urls.verify(asset_id, request.expires, request.signature, self._clock.now())
        async with self._database.connection() as connection:
            asset = await queries.asset(connection, asset_id)
        start, end = 0, asset.size_bytes
        headers = [
            ("accept-ranges", "bytes"),
            ("cache-control", "private, max-age=3600, immutable"),
            ("content-disposition", f'inline; filename="{asset.type}-{asset.id}{_suffix(asset.key)}"'),
        ]
        metadata = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        range_header = metadata.get("range", "")
        if range_header and (byte_range := parse_byte_range(range_header, asset.size_bytes)) is not None:
            start, end = byte_range
            headers.append(("content-range", f"bytes {start}-{end - 1}/{asset.size_bytes}"))
            headers.append(("x-adwright-status", "206"))
        headers.append(("x-adwright-content-length", str(end - start)))
        if "x-adwright-head" in metadata:  # a HEAD request at the gateway: headers only
            await context.send_initial_metadata(tuple(headers))
            yield httpbody_pb2.HttpBody(content_type=asset.content_type)
            return
        chunks = self._assets.read(asset.key, start=start, end=end if end != asset.size_bytes or start else None)
        first = await anext(chunks, b"")  # before the headers, so that a storage failure becomes an error response
        await context.send_initial_metadata(tuple(headers))
        yield httpbody_pb2.HttpBody(content_type=asset.content_type, data=first)
        async for chunk in chunks:
            yield httpbody_pb2.HttpBody(data=chunk)

    async def DeleteAsset(self, request: job_pb2.DeleteAssetRequest, context: Context) -> job_pb2.DeleteAssetResponse:
        async with self._database.transaction() as connection:
            key = await queries.mark_deleted(connection, UUID(request.asset_id), caller().user_id, self._clock.now())
        # After the commit: a failure leaves a file that nothing links to, which a repetition or the retention deletes.
        await self._assets.delete(key)
        return job_pb2.DeleteAssetResponse()


class JobAdminServicer(job_pb2_grpc.JobAdminServiceServicer):
    """The RPCs of operators."""

    def __init__(self, *, submissions: Submissions, database: Database) -> None:
        self._submissions = submissions
        self._database = database

    async def ListDeadJobs(
        self, request: job_pb2.ListDeadJobsRequest, context: Context
    ) -> job_pb2.ListDeadJobsResponse:
        size = request.page_size or 20
        async with self._database.connection() as connection:
            found = await queries.dead_jobs(connection, parse_page_token(request.page_token), size)
        last = found[-1].job.id if len(found) == size else None
        return job_pb2.ListDeadJobsResponse(
            jobs=[messages.dead_message(dead) for dead in found], next_page_token=page_token(last)
        )

    async def RetryJob(self, request: job_pb2.RetryJobRequest, context: Context) -> job_pb2.RetryJobResponse:
        accepted = await self._submissions.retry_dead(UUID(request.job_id))
        return job_pb2.RetryJobResponse(
            job_id=str(accepted.job_id), status=accepted.status, credits_used=accepted.credits_used
        )


class JobSubmissionServicer(job_pb2_grpc.JobSubmissionServiceServicer):
    """The RPCs of the generating services."""

    def __init__(
        self, *, submissions: Submissions, database: Database, statuses: Statuses, clock: Clock, settle: Settle
    ) -> None:
        self._submissions = submissions
        self._database = database
        self._statuses = statuses
        self._clock = clock
        self._settle = settle

    async def FindIdempotencyRecord(
        self, request: job_pb2.FindIdempotencyRecordRequest, context: Context
    ) -> job_pb2.FindIdempotencyRecordResponse:
        found = await self._submissions.find_idempotency_record(
            request.user_id, request.idempotency_key_header, request.request_digest
        )
        return job_pb2.FindIdempotencyRecordResponse(response=messages.accepted_message(found) if found else None)

    async def SubmitJob(self, request: job_pb2.SubmitJobRequest, context: Context) -> job_pb2.SubmitJobResponse:
        (accepted,) = await self._submit([request])
        if isinstance(accepted, BaseException):
            raise accepted
        return accepted

    async def SubmitJobs(self, request: job_pb2.SubmitJobsRequest, context: Context) -> job_pb2.SubmitJobsResponse:
        return job_pb2.SubmitJobsResponse(
            outcomes=await outcomes(job_pb2.SubmitJobOutcome, SUBMIT_JOB, request.requests, self._submit)
        )

    async def _submit(
        self, requests: Sequence[job_pb2.SubmitJobRequest]
    ) -> list[job_pb2.SubmitJobResponse | BaseException]:
        now = self._clock.now()
        found = await self._submissions.submit_all(
            [messages.submission(request, new_id(now), now) for request in requests]
        )
        return [
            accepted if isinstance(accepted, BaseException) else messages.accepted_message(accepted)
            for accepted in found
        ]

    async def GetJobOutcome(self, request: job_pb2.GetJobOutcomeRequest, context: Context) -> job_pb2.JobOutcome:
        job = await self._statuses.wait_for_end(UUID(request.job_id), request.user_id, seconds=request.wait_seconds)
        await wait_for_settlement(job, self._settle, self._clock)
        return job_pb2.JobOutcome(
            status=job.status.value,
            result=job.result,
            error=job_pb2.JobError(reason=job.error_reason, message=job.error_message) if job.error_reason else None,
            job=self._statuses.message(job),
        )

    async def GetAssetScene(
        self, request: job_pb2.GetAssetSceneRequest, context: Context
    ) -> job_pb2.GetAssetSceneResponse:
        async with self._database.connection() as connection:
            found = await queries.asset_scene(connection, UUID(request.asset_id), request.user_id)
        return job_pb2.GetAssetSceneResponse(
            type=found.type,
            project_id=str(found.project_id),
            product_id=str(found.product_id),
            scene=found.scene,
            key=found.key,
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
            # Read after the jobs, so that it covers a job that was deleted between the two statements.
            deleted_until = await queries.deleted_until(connection)
        return job_pb2.ListSettlementsResponse(
            deleted_until=timestamp(deleted_until) if deleted_until else None,
            jobs=[
                job_pb2.JobSettlement(
                    job_id=str(row.id),
                    user_id=row.user_id,
                    status=row.status,
                    credits=row.credits,
                    settled=row.settled,
                    created_at=timestamp(row.created_at),
                    captured=row.captured,
                    delivered=row.delivered,
                )
                for row in rows
            ],
        )


class JobFeedServicer(job_pb2_grpc.JobFeedServiceServicer):
    """The RPCs of services that tell others of ended jobs."""

    def __init__(self, *, database: Database, reader: JobReader, statuses: Statuses) -> None:
        self._database = database
        self._reader = reader
        self._statuses = statuses

    async def ListEndedJobs(
        self, request: job_pb2.ListEndedJobsRequest, context: Context
    ) -> job_pb2.ListEndedJobsResponse:
        since = request.since.ToDatetime(tzinfo=UTC)
        after = UUID(request.after_job_id) if request.after_job_id else UUID(int=0)
        async with self._database.connection() as connection:
            if request.job_ids:
                ids = [UUID(job_id) for job_id in request.job_ids]
                rows = await queries.ended_among(connection, ids, with_url=request.with_webhook_url)
            else:
                rows = await queries.ended_jobs(
                    connection, since, after, request.page_size, with_url=request.with_webhook_url
                )
        response = job_pb2.ListEndedJobsResponse()
        for row in rows:
            ended = response.jobs.add(
                event_id=str(end_event_id(row.id)),
                job_id=str(row.id),
                user_id=row.user_id,
                project_id=str(row.project_id),
                status=row.status,
                webhook_url=row.webhook_url,
            )
            ended.ended_at.FromDatetime(row.completed_at)  # in microseconds: the next page starts here
        return response

    async def GetUserJob(self, request: job_pb2.GetUserJobRequest, context: Context) -> job_pb2.JobStatus:
        job = await self._reader.job(UUID(request.job_id), request.user_id)
        status = self._statuses.message(job)
        status.variants.extend(messages.variants_of(job))
        return status


class JobWorkerServicer(job_pb2_grpc.JobWorkerServiceServicer):
    """The RPCs of workers."""

    def __init__(self, *, leases: Leases, settle: Settle, policy: JobPolicy) -> None:
        self._leases = leases
        self._settle = settle
        self._policy = policy

    async def LeaseJob(self, request: job_pb2.LeaseJobRequest, context: Context) -> job_pb2.LeaseJobResponse:
        leased = await self._lease(request.type, request.worker, 1)
        return job_pb2.LeaseJobResponse(job=leased[0] if leased else None)

    async def LeaseJobs(self, request: job_pb2.LeaseJobsRequest, context: Context) -> job_pb2.LeaseJobsResponse:
        return job_pb2.LeaseJobsResponse(jobs=await self._lease(request.type, request.worker, request.count))

    async def _lease(self, job_type: str, worker: str, count: int) -> list[job_pb2.LeasedJob]:
        if job_type not in self._policy.limits:
            names = ", ".join(sorted(self._policy.limits))
            raise ValidationFailed([FieldViolation(field="type", message=f"must be one of {names}")])
        leases = await self._leases.lease_several(job_type, worker, count)
        return [messages.lease_message(lease, self._policy) for lease in leases]

    async def Heartbeat(self, request: job_pb2.HeartbeatRequest, context: Context) -> job_pb2.HeartbeatResponse:
        reason = await self._leases.heartbeat(messages.heartbeat(request))
        return job_pb2.HeartbeatResponse(stop=bool(reason), reason=reason)

    async def StoreVariant(
        self, request: job_pb2.StoreVariantRequest, context: Context
    ) -> job_pb2.StoreVariantResponse:
        await self._leases.store_variant(messages.finished_variant(request))
        return job_pb2.StoreVariantResponse()

    async def CompleteJob(self, request: job_pb2.CompleteJobRequest, context: Context) -> job_pb2.CompleteJobResponse:
        (completed,) = await self._complete([request])
        if isinstance(completed, BaseException):
            raise completed
        return completed

    async def CompleteJobs(
        self, request: job_pb2.CompleteJobsRequest, context: Context
    ) -> job_pb2.CompleteJobsResponse:
        return job_pb2.CompleteJobsResponse(
            outcomes=await outcomes(job_pb2.CompleteJobOutcome, COMPLETE_JOB, request.requests, self._complete)
        )

    async def _complete(
        self, requests: Sequence[job_pb2.CompleteJobRequest]
    ) -> list[job_pb2.CompleteJobResponse | BaseException]:
        jobs = await self._leases.complete_all([messages.completion(request) for request in requests])
        self_made = [job for job in jobs if isinstance(job, EndedJob) and job.self_made]
        if self_made:
            await self._settle(*self_made)
        return [job if isinstance(job, BaseException) else job_pb2.CompleteJobResponse() for job in jobs]

    async def FailJob(self, request: job_pb2.FailJobRequest, context: Context) -> job_pb2.FailJobResponse:
        status, job = await self._leases.fail(messages.failure(request))
        if job is not None and job.self_made:
            await self._settle(job)
        return job_pb2.FailJobResponse(status=status.value)

    async def ReturnJob(self, request: job_pb2.ReturnJobRequest, context: Context) -> job_pb2.ReturnJobResponse:
        await self._leases.return_job(UUID(request.job_id), request.attempt, request.reason, request.message)
        return job_pb2.ReturnJobResponse()


async def wait_for_settlement(job: Job, settle: Settle, clock: Clock) -> None:
    """Settles a job that has just ended, so that a client that reads its end finds the balance to match.

    Returns immediately for a job that ended more than PROMPT_SETTLEMENT ago: billing is unavailable then.
    """
    if job.unsettled and job.completed_at is not None and clock.now() - job.completed_at < PROMPT_SETTLEMENT:
        await settle(EndedJob(id=job.id, settle=job.unsettled, delivered=job.delivered, traceparent=job.traceparent))


def _suffix(key: str) -> str:
    name = key.rsplit("/", 1)[-1]
    return f".{name.rsplit('.', 1)[-1]}" if "." in name else ""
