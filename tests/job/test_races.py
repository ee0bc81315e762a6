"""Requests in one batch, or concurrently at several replicas, have the same effect as requests in sequence."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from adwright.billing.v1 import billing_pb2
from sqlalchemy import delete, func, update

from services.billing.domain import HoldState
from services.billing.tables import HOLD
from services.chassis.data.database import Connection, Database
from services.chassis.errors import DependencyUnavailable
from services.job import tables
from services.job.domain import AcceptedJob, Asset, Completion, EndedJob, FaultKind, Heartbeat, Status
from services.job.errors import StaleAttempt, TooManyLiveJobs
from tests.database import column
from tests.job.harness import JobHarness


def asset() -> Asset:
    return Asset(id=uuid.uuid4(), type="image", key="k", content_type="image/png", size_bytes=1)


def result(job_id: uuid.UUID, attempt: int) -> Completion:
    return Completion(job_id=job_id, attempt=attempt, assets=(asset(),), result=b"", notes=())


async def leased(harness: JobHarness) -> uuid.UUID:
    """A job whose first attempt is leased."""
    job_id = await harness.submitted()
    assert await harness.leases.lease("static_ad", "m") is not None
    return job_id


class TestReportBatches:
    """Heartbeats and results that a replica applies in one transaction."""

    async def test_plain_heartbeat_in_the_same_batch_keeps_the_checkpoint(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await leased(harness)
        plain = Heartbeat(job_id=job_id, attempt=1, progress=40, stage="drawing", checkpoint=None)
        keeping = replace(plain, progress=10, checkpoint=b"task 7")
        for heartbeats in ([plain, keeping], [keeping, plain], [plain, keeping, plain]):
            await harness.run(update(tables.job).values(checkpoint=None))
            assert await harness.leases.heartbeat_batch(heartbeats) == [""] * len(heartbeats)
            stored = await harness.job(job_id)
            assert (stored.progress, stored.checkpoint) == (40, b"task 7")

    async def test_repeated_completion_in_a_batch_counts_once(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await leased(harness)
        first, second = result(job_id, 1), result(job_id, 1)
        outcomes = await harness.leases.complete_batch([first, first, second])
        assert [type(answer) for answer in outcomes] == [EndedJob] * 3
        assert await harness.column(tables.asset.c.id) == [first.assets[0].id]

    async def test_lost_attempts_completion_in_the_same_batch_is_refused(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await leased(harness)
        harness.clock.ahead = timedelta(seconds=10)
        assert await harness.lifecycle.recover_lost(10) == 1
        assert await harness.leases.lease("static_ad", "other") is not None
        late, current = result(job_id, 1), result(job_id, 2)
        for _ in range(2):  # the second round repeats both
            outcomes = await harness.leases.complete_batch([late, current])
            assert [type(answer) for answer in outcomes] == [StaleAttempt, EndedJob]
        assert await harness.column(tables.asset.c.id) == [current.assets[0].id]


class TestDeadlines:
    async def test_heartbeats_do_not_extend_an_attempt_beyond_its_deadline(self, harness: JobHarness) -> None:
        """A worker with a hanging engine goes on sending heartbeats."""
        await harness.grant("u", 3)
        job_id = await leased(harness)
        heartbeat = Heartbeat(job_id=job_id, attempt=1, progress=50, stage="", checkpoint=None)
        started = time.monotonic()
        for seconds in range(0, 310, 5):
            harness.clock.ahead = timedelta(seconds=seconds - (time.monotonic() - started))  # the clock runs on besides
            assert await harness.lifecycle.recover_lost(10) == 0
            assert await harness.leases.heartbeat(heartbeat) == ""
        harness.clock.ahead = timedelta(seconds=311 - (time.monotonic() - started))
        assert await harness.lifecycle.recover_lost(10) == 1
        assert await harness.leases.heartbeat(heartbeat) == "superseded"
        [attempt] = await harness.attempts()
        assert attempt.outcome == FaultKind.TRANSIENT.value
        assert attempt.cause.startswith("ATTEMPT_TIMED_OUT")

    @pytest.mark.parametrize("minutes", [1, 6])
    async def test_worker_silent_before_the_deadline_is_lost(self, harness: JobHarness, minutes: int) -> None:
        await harness.grant("u", 3)
        await leased(harness)
        harness.clock.ahead = timedelta(minutes=minutes)
        assert await harness.lifecycle.recover_lost(10) == 1
        assert [attempt.outcome for attempt in await harness.attempts()] == [FaultKind.LOST.value]


class Paused:
    """A billing stub that blocks after each settlement until `go` is set."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub
        self.settled, self.go = asyncio.Event(), asyncio.Event()

    async def SettleHolds(self, request: billing_pb2.SettleHoldsRequest, **options: Any) -> Any:
        answer = await self._stub.SettleHolds(request, **options)
        self.settled.set()
        await self.go.wait()
        return answer

    async def PlaceHolds(self, request: billing_pb2.PlaceHoldsRequest, **options: Any) -> Any:
        return await self._stub.PlaceHolds(request, **options)


class Slow(Paused):
    """A billing stub that also delays the response of PlaceHolds until `go` is set."""

    async def PlaceHolds(self, request: billing_pb2.PlaceHoldsRequest, **options: Any) -> Any:
        answer = await super().PlaceHolds(request, **options)
        self.settled.set()
        await self.go.wait()
        return answer


class LostCommit(Database):
    """A database that loses the connection during the first commit, after it has taken effect."""

    lost = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with super().transaction() as connection:
            yield connection
        if not self.lost:
            self.lost = True
            raise DependencyUnavailable("The database cannot be reached; try again.")


class Unreachable(Database):
    """A database that can be made unreachable."""

    unreachable = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        self._refuse()
        async with super().transaction() as connection:
            yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self._refuse()
        async with super().connection() as connection:
            yield connection

    def _refuse(self) -> None:
        if self.unreachable:
            raise DependencyUnavailable("The database cannot be reached; try again.")


class Recording(Database):
    """Records for each transaction whether its commit waits for the disk."""

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=2)
        self.commits: list[str] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with super().transaction() as connection:
            yield connection
            cursor = await connection.execute("show synchronous_commit")
            self.commits += [row[0] for row in await cursor.fetchall()]


async def test_submission_waits_for_the_disk_only_where_its_job_is_queued(harness: JobHarness) -> None:
    """Only the pending row is in an explicit transaction; the statement that queues is one by itself."""
    await harness.grant("u", 3)
    database = Recording(harness.url)
    await database.open()
    accepted = await replace(harness, database=database).replica().submissions.submit(harness.submission())
    assert (accepted.status, database.commits) == ("queued", ["off"])
    await database.close()


class TestTakingBack:
    """Submissions that the sweeper takes back while their submitter may still continue."""

    async def test_submission_is_not_queued_after_its_hold_is_released(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        slow, paused = Slow(harness.stub), Paused(harness.stub)
        submitting = asyncio.create_task(
            harness.replica(slow).submissions.submit(harness.submission(idempotency_key="k"))
        )
        await slow.settled.wait()  # the hold is placed; the submitter has no response yet
        assert await harness.balance() == (0, 3)
        harness.clock.ahead = timedelta(minutes=1)
        sweeping = asyncio.create_task(
            harness.replica(paused).submissions.take_back_leftovers(timedelta(seconds=20), 10)
        )
        await paused.settled.wait()  # the hold is released; the row still exists
        slow.go.set()
        outcome = (await asyncio.gather(submitting, return_exceptions=True))[0]
        paused.go.set()
        await sweeping
        assert not isinstance(outcome, AcceptedJob)
        assert await harness.jobs() == []
        assert await harness.balance() == (3, 0)

    async def test_decided_submission_is_not_taken_back(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted()
        await harness.submissions.take_back([job_id])
        assert (await harness.reader.job(job_id, "u")).status is Status.QUEUED
        assert await harness.balance() == (0, 3)

    async def test_hold_of_a_row_lost_in_a_crash_is_released(self, harness: JobHarness) -> None:
        """The pending row is committed asynchronously, so a crash may lose it."""
        await harness.grant("u", 3)
        submission = harness.submission()
        slow = Slow(harness.stub)
        submitting = asyncio.create_task(harness.replica(slow).submissions.submit(submission))
        await slow.settled.wait()
        await harness.run(delete(tables.job))
        await harness.submissions.take_back([submission.job_id])
        assert await harness.balance() == (3, 0)
        slow.go.set()
        assert not isinstance((await asyncio.gather(submitting, return_exceptions=True))[0], AcceptedJob)

    async def test_unconfirmed_commit_is_taken_back_immediately(self, harness: JobHarness) -> None:
        """The pending row and its key exist, but the commit was not confirmed."""
        await harness.grant("u", 3)
        submission = harness.submission(idempotency_key_header="k", request_digest=b"d")
        database = LostCommit(harness.url, pool_size=2)
        submissions = replace(harness, database=database).replica().submissions
        await database.open()
        with pytest.raises(DependencyUnavailable):
            await submissions.submit(submission)
        assert [job.status for job in await harness.jobs()] == ["pending"]
        assert await submissions.take_back_leftovers(timedelta(seconds=20), 10) == 1
        assert await submissions.take_back_leftovers(timedelta(seconds=20), 10) == 0
        assert await harness.column(tables.idempotency_record.c.job_id) == []
        again = await harness.submissions.submit(harness.submission(idempotency_key_header="k", request_digest=b"d"))
        assert again.status == "queued"
        await database.close()

    async def test_database_failure_while_queueing_leaves_no_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        slow = Slow(harness.stub)
        database = Unreachable(harness.url, pool_size=4)
        await database.open()
        submissions = replace(harness, database=database).replica(slow).submissions
        submitting = [asyncio.create_task(submissions.submit(harness.submission())) for _ in range(5)]
        await slow.settled.wait()
        database.unreachable = True  # the statement that queues cannot run
        slow.go.set()
        outcomes = await asyncio.gather(*submitting, return_exceptions=True)
        assert not any(isinstance(outcome, AcceptedJob) for outcome in outcomes)
        database.unreachable = False
        slow.settled.clear()
        assert await submissions.take_back_leftovers(timedelta(seconds=20), 10) > 0  # immediately, at any age
        await database.close()
        assert {job.status for job in await harness.jobs()} <= {"pending"}
        assert (await harness.balance())[1] == 0


class TestLimits:
    async def test_limit_of_live_jobs_holds_across_replicas(self, harness: JobHarness) -> None:
        await harness.grant("u", 1000)
        replicas = [harness.replica() for _ in range(3)]
        answers = await asyncio.gather(
            *(replicas[number % 3].submissions.submit(harness.submission()) for number in range(150)),
            return_exceptions=True,
        )
        assert sum(isinstance(answer, AcceptedJob) for answer in answers) == 50
        assert sum(isinstance(answer, TooManyLiveJobs) for answer in answers) == 100

    async def test_concurrent_leases_respect_the_users_share(self, harness: JobHarness) -> None:
        await harness.grant("u", 1000)
        for _ in range(20):
            await harness.submitted()
        for _ in range(5):
            leases = await asyncio.gather(*(harness.leases.lease("static_ad", f"m{number}") for number in range(12)))
            assert sum(lease is not None for lease in leases) == 4
            for lease in leases:
                if lease is not None:
                    await harness.leases.return_job(lease.job_id, lease.attempt)

    async def test_user_at_their_share_does_not_block_other_users(self, harness: JobHarness) -> None:
        await harness.grant("u", 1000)
        await harness.grant("v", 3)
        for _ in range(8):
            await harness.submitted("u")
        for _ in range(4):
            assert await harness.leases.lease("static_ad", "m") is not None
        assert await harness.leases.lease("static_ad", "m") is None
        other = await harness.submitted("v")
        lease = await harness.leases.lease("static_ad", "m")
        assert lease is not None
        assert lease.job_id == other


class TestKeys:
    async def test_batches_with_keys_in_opposite_order_do_not_deadlock(self, harness: JobHarness) -> None:
        """A third transaction holds the middle key, so both batches wait half-way; then it rolls back."""
        await harness.grant("u", 30)
        batches = [[harness.submission(idempotency_key=key) for key in keys] for keys in ("abc", "cba")]
        async with await psycopg.AsyncConnection.connect(harness.url) as third:
            await third.execute(
                """insert into job (id, user_id, type, project_id, product_id, idempotency_key, status, self_made,
                                    parameters, expires_at, deadline, created_at, updated_at)
                   values (gen_random_uuid(), 'u', 'static_ad', gen_random_uuid(), gen_random_uuid(), 'b', 'pending',
                           false, '', now(), now(), now(), now())"""
            )
            # Near the limit they would run one by one.
            far_from_limit = harness.with_policy(live_jobs_per_user=20_000)
            submitting = [
                asyncio.create_task(far_from_limit.replica().submissions.submit_batch(batch)) for batch in batches
            ]
            await harness.until_statements_wait_for_locks(2)
            await third.rollback()
        batches_outcomes = await asyncio.gather(*submitting)
        accepted = [answer for outcomes in batches_outcomes for answer in outcomes if isinstance(answer, AcceptedJob)]
        assert sum(answer.credits_used for answer in accepted) == 9


class TestRetries:
    async def test_concurrent_retries_of_a_dead_job_create_one_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 6)
        job_id = await leased(harness)
        await harness.run(
            update(tables.job).values(status="failed", dead=True, settle="release", completed_at=func.now())
        )
        await harness.settlement.settle_all()
        answers = await asyncio.gather(*(harness.replica().submissions.retry_dead(job_id) for _ in range(8)))
        assert len({answer.job_id for answer in answers}) == 1
        assert sum(answer.credits_used for answer in answers) == 3
        assert await harness.balance() == (3, 3)
        async with harness.ledger_database.connection() as connection:
            assert (await column(connection, HOLD.c.state)).count(HoldState.HELD) == 1


class TestLeaseBatches:
    """Leases that many workers request in one batch."""

    async def test_each_worker_leases_a_different_job_or_none(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        jobs = {await harness.submitted() for _ in range(3)}
        leases = await harness.leases.lease_batch("static_ad", [f"m{number}" for number in range(8)])
        found = [lease for lease in leases if lease is not None]
        assert {lease.job_id for lease in found} == jobs  # type: ignore[union-attr]
        assert len(found) == 3
        assert len({job.worker for job in await harness.jobs() if job.status == "processing"}) == 3

    async def test_worker_may_lease_several_jobs_in_a_batch(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        jobs = {await harness.submitted() for _ in range(3)}
        leases = await harness.leases.lease_batch("static_ad", ["m", "m", "m"])
        assert {lease.job_id for lease in leases} == jobs  # type: ignore[union-attr]

    async def test_batch_respects_the_users_share(self, harness: JobHarness) -> None:
        limit = harness.policy.processing_jobs_per_user
        await harness.grant("u", 3 * (limit + 5))
        await harness.grant("v", 3)
        for _ in range(limit + 5):
            await harness.submitted()
        other = await harness.submitted("v")
        leases = await harness.leases.lease_batch("static_ad", ["m"] * (limit + 6))
        found = [lease.job_id for lease in leases if lease is not None]  # type: ignore[union-attr]
        assert len(found) == limit + 1
        assert other in found
