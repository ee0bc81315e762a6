"""Requests that arrived while the job of their key was live are its duplicates, whenever they are decided."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import psycopg
import pytest
from adwright.billing.v1 import billing_pb2_grpc
from adwright.job.v1 import job_pb2

from services.job.credits import BillingClient
from services.job.domain import (
    MAX_ARRIVAL_AGE,
    PROMPT_SETTLEMENT,
    SELF_MADE_LEASE,
    AcceptedJob,
    FaultKind,
    plausible_arrival,
)
from services.job.loops.settlement import Settlement
from services.job.servicer import JobWorkerServicer
from tests.job.harness import IDENTITY, JobHarness, completion, failure
from tests.job.test_races import Paused

MOMENT = timedelta(microseconds=1)


async def completed(harness: JobHarness, **changes: Any) -> AcceptedJob:
    """A job of the key that is completed and settled."""
    accepted = await harness.submissions.submit(harness.submission(idempotency_key="k", **changes))
    assert await harness.leases.lease("static_ad", "m") is not None
    await harness.leases.complete(completion(accepted.job_id, 1))
    await harness.settlement.settle_all()
    return accepted


async def end_of(harness: JobHarness, accepted: AcceptedJob, column: str = "completed_at") -> datetime:
    moment: datetime = getattr(await harness.job(accepted.job_id), column)
    return datetime.fromtimestamp(moment.timestamp(), UTC)


async def repeat(harness: JobHarness, arrived_at: datetime | None, **changes: Any) -> AcceptedJob:
    return await harness.submissions.submit(harness.submission(idempotency_key="k", arrived_at=arrived_at, **changes))


class TestDecisionAfterTheJobsEnd:
    async def test_request_that_arrived_before_the_jobs_end_is_its_duplicate(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await completed(harness)
        again = await repeat(harness, await end_of(harness, first) - MOMENT)
        assert again == AcceptedJob(
            job_id=first.job_id, status="reused", credits_used=0, credits_remaining=7, job_type="static_ad"
        )
        assert await harness.balance() == (7, 0)
        assert len(await harness.jobs()) == 1

    async def test_request_that_arrives_after_the_jobs_end_creates_a_new_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await completed(harness)
        again = await repeat(harness, await end_of(harness, first) + MOMENT)
        assert (again.status, again.credits_used) == ("queued", 3)
        assert again.job_id != first.job_id

    async def test_request_that_arrived_before_the_jobs_creation_is_its_duplicate(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        before = harness.clock.now()
        first = await completed(harness)
        assert (await repeat(harness, before)).job_id == first.job_id

    async def test_live_job_of_the_key_takes_precedence_over_an_ended_one(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        before = harness.clock.now()
        await completed(harness)
        live = await repeat(harness, harness.clock.now())
        assert (live.status, (await repeat(harness, before)).job_id) == ("queued", live.job_id)

    async def test_other_users_other_keys_and_missing_keys_match_no_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        await harness.grant("v", 30)
        before = harness.clock.now()
        await completed(harness)
        submissions = [
            harness.submission("v", idempotency_key="k", arrived_at=before),
            harness.submission(idempotency_key="K", arrived_at=before),
            harness.submission(arrived_at=before),
            harness.submission(arrived_at=before),
        ]
        assert {(await harness.submissions.submit(entry)).status for entry in submissions} == {"queued"}

    async def test_duplicate_of_another_type_reports_the_jobs_type(self, harness: JobHarness) -> None:
        await harness.grant("u", 100)
        before = harness.clock.now()
        first = await completed(harness)
        again = await repeat(harness, before, type="video")
        assert (again.job_id, again.status, again.job_type) == (first.job_id, "reused", "static_ad")

    async def test_batch_of_duplicates_finds_the_same_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        before = harness.clock.now()
        first = await completed(harness)
        batch = [harness.submission(idempotency_key="k", arrived_at=before) for _ in range(5)]
        outcomes = await harness.submissions.submit_batch(batch)
        assert {(answer.job_id, answer.status) for answer in outcomes if isinstance(answer, AcceptedJob)} == {
            (first.job_id, "reused")
        }
        assert len(outcomes) == 5
        assert len(await harness.jobs()) == 1

    async def test_duplicate_is_found_at_the_limit_of_live_jobs(self, harness: JobHarness) -> None:
        await harness.grant("u", 200)
        before = harness.clock.now()
        first = await completed(harness)
        for _ in range(harness.policy.live_jobs_per_user):
            await harness.submitted()
        assert (await repeat(harness, before)).job_id == first.job_id

    async def test_duplicates_idempotency_key_header_replays_the_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        before = harness.clock.now()
        first = await completed(harness)
        keyed: dict[str, Any] = {"idempotency_key_header": "header", "request_digest": b"d" * 32}
        assert (await repeat(harness, before, **keyed)).status == "reused"
        replayed = await repeat(harness, harness.clock.now(), **keyed)
        assert (replayed.job_id, replayed.status, replayed.replayed) == (first.job_id, "reused", True)
        assert replayed.job_type == "static_ad"


class TestFailedAndCanceledJobs:
    async def test_duplicate_of_a_failed_job_creates_a_new_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        before = harness.clock.now()
        first = await harness.submissions.submit(harness.submission(idempotency_key="k"))
        assert await harness.leases.lease("static_ad", "m") is not None
        await harness.leases.fail(failure(first.job_id, 1, FaultKind.INPUT))
        await harness.settlement.settle_all()
        again = await repeat(harness, before)
        assert (again.status, again.job_id == first.job_id) == ("queued", False)
        assert await harness.balance() == (0, 3)

    async def test_duplicate_of_a_canceled_job_creates_no_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        before = harness.clock.now()
        first = await harness.submissions.submit(harness.submission(idempotency_key="k"))
        await harness.lifecycle.cancel(first.job_id, "u")
        await harness.settlement.settle_all()
        assert (await repeat(harness, before)).job_id == first.job_id
        assert (await repeat(harness, harness.clock.now())).job_id != first.job_id


class TestSelfMadeJobs:
    """A copy's first request is answered when its hold is settled; until then its key finds the copy."""

    async def written(self, harness: JobHarness) -> AcceptedJob:
        accepted = await harness.submissions.submit(
            harness.submission(type="copy", idempotency_key="k", worker="copy", sends_heartbeats=True)
        )
        await harness.leases.complete(completion(accepted.job_id, 1))
        return accepted

    async def test_request_that_arrives_before_the_settlement_is_a_duplicate(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await self.written(harness)
        arrived = await end_of(harness, first) + MOMENT
        assert (await repeat(harness, arrived, type="copy", worker="copy")).job_id == first.job_id
        await harness.settlement.settle_all()
        assert (await repeat(harness, arrived, type="copy", worker="copy")).job_id == first.job_id
        settled = await end_of(harness, first, "settled_at")
        assert (await repeat(harness, settled + MOMENT, type="copy", worker="copy")).job_id != first.job_id

    async def test_delayed_settlement_blocks_the_key_no_longer_than_the_response(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await self.written(harness)
        end = await end_of(harness, first)
        harness.clock.ahead = 2 * PROMPT_SETTLEMENT
        assert (await repeat(harness, end + PROMPT_SETTLEMENT, type="copy", worker="copy")).job_id == first.job_id
        assert (
            await repeat(harness, end + PROMPT_SETTLEMENT + MOMENT, type="copy", worker="copy")
        ).status == "processing"

    async def test_lease_of_a_silent_submitter_runs_out_after_10_seconds(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        keyed: dict[str, Any] = {"idempotency_key_header": "header", "request_digest": b"d" * 32}
        first = await repeat(harness, None, type="copy", worker="copy", sends_heartbeats=True, **keyed)
        harness.clock.ahead = SELF_MADE_LEASE + timedelta(seconds=1)
        assert await harness.lifecycle.recover_lost(10) == 1
        await harness.settlement.settle_all()
        assert await harness.balance() == (10, 0)
        again = await repeat(harness, None, type="copy", worker="copy", sends_heartbeats=True, **keyed)
        assert (again.status, again.job_id == first.job_id) == ("processing", False)

    async def test_submitter_without_heartbeats_is_leased_until_the_deadline(self, harness: JobHarness) -> None:
        """Submitters of the previous release send none."""
        await harness.grant("u", 10)
        await repeat(harness, None, type="copy", worker="copy")
        harness.clock.ahead = SELF_MADE_LEASE + timedelta(minutes=1)
        assert await harness.lifecycle.recover_lost(10) == 0


def complete_request(accepted: AcceptedJob) -> job_pb2.CompleteJobRequest:
    return job_pb2.CompleteJobRequest(job_id=str(accepted.job_id), attempt=accepted.attempt)


def fail_request(accepted: AcceptedJob) -> job_pb2.FailJobRequest:
    return job_pb2.FailJobRequest(
        job_id=str(accepted.job_id), attempt=accepted.attempt, kind=job_pb2.FAULT_KIND_UNKNOWN, reason="R", message="m"
    )


class TestPromptSettlement:
    async def worker(self, harness: JobHarness, stub: Any) -> JobWorkerServicer:
        settlement = Settlement(
            database=harness.database, billing=BillingClient(stub, IDENTITY), clock=harness.clock, ended=harness.ended
        )
        return JobWorkerServicer(leases=harness.leases, settle=settlement.settle_promptly, policy=harness.policy)

    async def copies(self, harness: JobHarness, number: int) -> Sequence[AcceptedJob]:
        await harness.grant("u", 100)
        return await asyncio.gather(
            *(harness.submissions.submit(harness.submission(type="copy", worker="copy")) for _ in range(number))
        )

    async def test_complete_job_responds_after_the_copys_hold_is_captured(self, harness: JobHarness) -> None:
        worker = await self.worker(harness, harness.stub)
        copies = await self.copies(harness, 20)
        assert await harness.balance() == (80, 20)
        await asyncio.gather(*(worker.CompleteJob(complete_request(job), None) for job in copies))  # type: ignore[arg-type]
        assert await harness.balance() == (80, 0)
        assert None not in [job.settled_at for job in await harness.jobs()]
        assert len(harness.ended) == 0, "the settlement loop has nothing to do"

    async def test_fail_job_responds_after_the_copys_hold_is_released(self, harness: JobHarness) -> None:
        worker = await self.worker(harness, harness.stub)
        (copy,) = await self.copies(harness, 1)
        await worker.FailJob(fail_request(copy), None)  # type: ignore[arg-type]
        assert await harness.balance() == (100, 0)

    async def test_complete_job_responds_without_billing_and_settles_later(self, harness: JobHarness) -> None:
        async with grpc.aio.insecure_channel("127.0.0.1:1") as nowhere:
            worker = await self.worker(harness, billing_pb2_grpc.BillingLedgerServiceStub(nowhere))
            (copy,) = await self.copies(harness, 1)
            await worker.CompleteJob(complete_request(copy), None)  # type: ignore[arg-type]
        assert await harness.balance() == (99, 1)
        assert len(harness.ended) == 1, "the settlement loop is woken"
        assert await harness.settlement.settle_all() == 1
        assert await harness.balance() == (99, 0)

    async def test_hanging_billing_delays_the_response_by_a_bounded_time(self, harness: JobHarness) -> None:
        hanging = Paused(harness.stub)
        worker = await self.worker(harness, hanging)
        (copy,) = await self.copies(harness, 1)
        async with asyncio.timeout(10 * PROMPT_SETTLEMENT.total_seconds()):
            await worker.CompleteJob(complete_request(copy), None)  # type: ignore[arg-type]
        hanging.go.set()


class TestInterleavings:
    async def test_insert_that_waits_for_the_jobs_end_finds_the_ended_job(self, harness: JobHarness) -> None:
        """The duplicate reaches the unique index while the transaction that completes the job is open."""
        await harness.grant("u", 10)
        before = harness.clock.now()
        first = await harness.submissions.submit(harness.submission(idempotency_key="k"))
        assert await harness.leases.lease("static_ad", "m") is not None
        async with await psycopg.AsyncConnection.connect(harness.url) as ending:
            await ending.execute(
                """update job set status = 'completed', completed_at = %s, settle = 'capture', lease_expires_at = null
                    where id = %s""",
                [harness.clock.now(), first.job_id],
            )
            submitting = asyncio.create_task(repeat(harness, before))
            await harness.until_statements_wait_for_locks(1)
            await ending.commit()
        assert (await submitting).job_id == first.job_id

    @pytest.mark.parametrize("seed", range(12))
    async def test_one_of_several_concurrent_copies_is_charged(self, harness: JobHarness, seed: int) -> None:
        """Several replicas decide them in any order, and the first copy ends while other requests still wait."""
        chance = random.Random(seed)
        await harness.grant("u", 100)
        replicas = [harness.replica() for _ in range(3)]
        arrived = harness.clock.now()

        async def request(number: int) -> AcceptedJob:
            await asyncio.sleep(chance.uniform(0, 0.08))  # delay between arrival and decision
            replica = replicas[number % 3]
            accepted = await replica.submissions.submit(
                harness.submission(type="copy", idempotency_key="k", worker="m", arrived_at=arrived)
            )
            if accepted.status == "processing":
                await asyncio.sleep(chance.uniform(0, 0.02))
                await replica.leases.complete(completion(accepted.job_id, accepted.attempt))
            return accepted

        answers = await asyncio.gather(*(request(number) for number in range(20)))
        assert len({answer.job_id for answer in answers}) == 1
        assert sorted(answer.credits_used for answer in answers) == [0] * 19 + [1]
        await harness.settlement.settle_all()
        assert await harness.balance() == (99, 0)


class TestPlausibleArrival:
    NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

    @pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=5), MAX_ARRIVAL_AGE])
    def test_recent_arrival_time_is_accepted(self, age: timedelta) -> None:
        assert plausible_arrival(self.NOW - age, self.NOW) == self.NOW - age

    @pytest.mark.parametrize("age", [-MOMENT, -timedelta(hours=1), MAX_ARRIVAL_AGE + MOMENT, timedelta(days=400)])
    def test_future_or_old_arrival_time_is_replaced(self, age: timedelta) -> None:
        assert plausible_arrival(self.NOW - age, self.NOW) == self.NOW

    def test_missing_arrival_time_is_replaced(self) -> None:
        assert plausible_arrival(None, self.NOW) == self.NOW
