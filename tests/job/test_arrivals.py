"""A request that arrived while the job of its key was live is that job's duplicate, whenever it is decided."""

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
from tests.job.test_races import Paused, waiting_for_locks

MOMENT = timedelta(microseconds=1)


async def completed(harness: JobHarness, **changes: Any) -> AcceptedJob:
    """A job of the key that a worker has completed and billing has settled."""
    accepted = await harness.submissions.submit(harness.submission(idempotency_key="k", **changes))
    assert await harness.leases.lease("static_ad", "m") is not None
    await harness.leases.complete(completion(accepted.job_id, 1))
    await harness.settlement.settle_all()
    return accepted


async def end_of(harness: JobHarness, accepted: AcceptedJob, column: str = "completed_at") -> datetime:
    row = (await harness.rows("select completed_at, settled_at from job where id = %s", accepted.job_id))[0]
    return datetime.fromtimestamp(row[column].timestamp(), UTC)


async def repeat(harness: JobHarness, arrived_at: datetime | None, **changes: Any) -> AcceptedJob:
    return await harness.submissions.submit(harness.submission(idempotency_key="k", arrived_at=arrived_at, **changes))


class TestDecisionAfterTheEnd:
    async def test_a_request_that_arrived_before_the_end_is_the_duplicate(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await completed(harness)
        again = await repeat(harness, await end_of(harness, first) - MOMENT)
        assert again == AcceptedJob(
            job_id=first.job_id, status="reused", credits_used=0, credits_remaining=7, job_type="static_ad"
        )
        assert await harness.balance() == (7, 0)
        assert len(await harness.rows("select id from job")) == 1

    async def test_a_request_that_arrives_after_the_end_makes_a_new_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await completed(harness)
        again = await repeat(harness, await end_of(harness, first) + MOMENT)
        assert (again.status, again.credits_used) == ("queued", 3)
        assert again.job_id != first.job_id

    async def test_a_request_that_arrived_before_the_job_was_made_races_it_too(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        before = harness.clock.now()
        first = await completed(harness)
        assert (await repeat(harness, before)).job_id == first.job_id

    async def test_the_live_job_comes_before_one_that_has_ended(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        before = harness.clock.now()
        await completed(harness)
        live = await repeat(harness, harness.clock.now())
        assert (live.status, (await repeat(harness, before)).job_id) == ("queued", live.job_id)

    async def test_keys_of_others_and_other_keys_and_no_keys_are_not_found(self, harness: JobHarness) -> None:
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

    async def test_another_endpoints_request_finds_it_and_learns_its_type(self, harness: JobHarness) -> None:
        await harness.grant("u", 100)
        before = harness.clock.now()
        first = await completed(harness)
        again = await repeat(harness, before, type="video")
        assert (again.job_id, again.status, again.job_type) == (first.job_id, "reused", "static_ad")

    async def test_a_batch_of_them_is_decided_at_once(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        before = harness.clock.now()
        first = await completed(harness)
        batch = [harness.submission(idempotency_key="k", arrived_at=before) for _ in range(5)]
        told = await harness.submissions.submit_batch(batch)
        assert {(answer.job_id, answer.status) for answer in told if isinstance(answer, AcceptedJob)} == {
            (first.job_id, "reused")
        }
        assert len(told) == 5
        assert len(await harness.rows("select id from job")) == 1

    async def test_a_user_at_the_limit_of_live_jobs_gets_it(self, harness: JobHarness) -> None:
        await harness.grant("u", 200)
        before = harness.clock.now()
        first = await completed(harness)
        for _ in range(harness.policy.live_jobs_per_user):
            await harness.submitted()
        assert (await repeat(harness, before)).job_id == first.job_id

    async def test_its_idempotency_key_header_stands_for_the_job_from_then_on(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        before = harness.clock.now()
        first = await completed(harness)
        keyed: dict[str, Any] = {"idempotency_key_header": "header", "request_digest": b"d" * 32}
        assert (await repeat(harness, before, **keyed)).status == "reused"
        replayed = await repeat(harness, harness.clock.now(), **keyed)
        assert (replayed.job_id, replayed.status, replayed.replayed) == (first.job_id, "reused", True)
        assert replayed.job_type == "static_ad"


class TestOtherEnds:
    async def test_a_job_that_failed_charged_nothing_and_the_duplicate_makes_a_new_one(
        self, harness: JobHarness
    ) -> None:
        await harness.grant("u", 3)
        before = harness.clock.now()
        first = await harness.submissions.submit(harness.submission(idempotency_key="k"))
        assert await harness.leases.lease("static_ad", "m") is not None
        await harness.leases.fail(failure(first.job_id, 1, FaultKind.INPUT))
        await harness.settlement.settle_all()
        again = await repeat(harness, before)
        assert (again.status, again.job_id == first.job_id) == ("queued", False)
        assert await harness.balance() == (0, 3)

    async def test_a_canceled_job_is_not_made_after_all_by_its_duplicate(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        before = harness.clock.now()
        first = await harness.submissions.submit(harness.submission(idempotency_key="k"))
        await harness.lifecycle.cancel(first.job_id, "u")
        await harness.settlement.settle_all()
        assert (await repeat(harness, before)).job_id == first.job_id
        assert (await repeat(harness, harness.clock.now())).job_id != first.job_id


class TestSelfMadeJobs:
    """Copies: the first request is answered once its hold is settled, so its key stands for it until then."""

    async def written(self, harness: JobHarness) -> AcceptedJob:
        accepted = await harness.submissions.submit(
            harness.submission(type="copy", idempotency_key="k", worker="copy", sends_heartbeats=True)
        )
        await harness.leases.complete(completion(accepted.job_id, 1))
        return accepted

    async def test_a_request_that_arrives_before_the_settlement_is_the_duplicate(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await self.written(harness)
        arrived = await end_of(harness, first) + MOMENT
        assert (await repeat(harness, arrived, type="copy", worker="copy")).job_id == first.job_id
        await harness.settlement.settle_all()
        assert (await repeat(harness, arrived, type="copy", worker="copy")).job_id == first.job_id
        settled = await end_of(harness, first, "settled_at")
        assert (await repeat(harness, settled + MOMENT, type="copy", worker="copy")).job_id != first.job_id

    async def test_a_settlement_that_is_late_holds_the_key_no_longer_than_the_answer(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await self.written(harness)
        end = await end_of(harness, first)
        harness.clock.ahead = 2 * PROMPT_SETTLEMENT
        assert (await repeat(harness, end + PROMPT_SETTLEMENT, type="copy", worker="copy")).job_id == first.job_id
        assert (
            await repeat(harness, end + PROMPT_SETTLEMENT + MOMENT, type="copy", worker="copy")
        ).status == "processing"

    async def test_its_lease_runs_out_soon_when_nothing_is_heard_of_its_submitter(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        keyed: dict[str, Any] = {"idempotency_key_header": "header", "request_digest": b"d" * 32}
        first = await repeat(harness, None, type="copy", worker="copy", sends_heartbeats=True, **keyed)
        harness.clock.ahead = SELF_MADE_LEASE + timedelta(seconds=1)
        assert await harness.lifecycle.recover_lost(10) == 1
        await harness.settlement.settle_all()
        assert await harness.balance() == (10, 0)
        again = await repeat(harness, None, type="copy", worker="copy", sends_heartbeats=True, **keyed)
        assert (again.status, again.job_id == first.job_id) == ("processing", False)

    async def test_a_submitter_that_sends_no_heartbeats_keeps_its_lease(self, harness: JobHarness) -> None:
        """One of the release before."""
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


class TestWaitingForTheSettlement:
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

    async def test_a_copys_result_is_answered_once_its_hold_is_captured(self, harness: JobHarness) -> None:
        worker = await self.worker(harness, harness.stub)
        copies = await self.copies(harness, 20)
        assert await harness.balance() == (80, 20)
        await asyncio.gather(*(worker.CompleteJob(complete_request(job), None) for job in copies))  # type: ignore[arg-type]
        assert await harness.balance() == (80, 0)
        assert await harness.rows("select id from job where settled_at is null") == []
        assert not harness.ended.is_set(), "the loop finds nothing to do"

    async def test_a_failures_answer_waits_for_the_release(self, harness: JobHarness) -> None:
        worker = await self.worker(harness, harness.stub)
        (copy,) = await self.copies(harness, 1)
        await worker.FailJob(fail_request(copy), None)  # type: ignore[arg-type]
        assert await harness.balance() == (100, 0)

    async def test_without_billing_it_is_answered_all_the_same_and_settled_later(self, harness: JobHarness) -> None:
        async with grpc.aio.insecure_channel("127.0.0.1:1") as nowhere:
            worker = await self.worker(harness, billing_pb2_grpc.BillingLedgerServiceStub(nowhere))
            (copy,) = await self.copies(harness, 1)
            await worker.CompleteJob(complete_request(copy), None)  # type: ignore[arg-type]
        assert await harness.balance() == (99, 1)
        assert harness.ended.is_set(), "the loop is woken"
        assert await harness.settlement.settle_all() == 1
        assert await harness.balance() == (99, 0)

    async def test_billing_that_hangs_delays_the_answer_by_the_bound_only(self, harness: JobHarness) -> None:
        hanging = Paused(harness.stub)
        worker = await self.worker(harness, hanging)
        (copy,) = await self.copies(harness, 1)
        async with asyncio.timeout(10 * PROMPT_SETTLEMENT.total_seconds()):
            await worker.CompleteJob(complete_request(copy), None)  # type: ignore[arg-type]
        hanging.go.set()


class TestInterleavings:
    async def test_an_insert_that_waits_for_the_end_of_the_job_finds_it(self, harness: JobHarness) -> None:
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
            await waiting_for_locks(harness, 1)
            await ending.commit()
        assert (await submitting).job_id == first.job_id

    @pytest.mark.parametrize("seed", range(12))
    async def test_of_copies_that_arrive_together_one_is_charged(self, harness: JobHarness, seed: int) -> None:
        """Several replicas decide them in any order, and the first ends while others still wait."""
        chance = random.Random(seed)
        await harness.grant("u", 100)
        replicas = [harness.replica() for _ in range(3)]
        arrived = harness.clock.now()

        async def request(number: int) -> AcceptedJob:
            await asyncio.sleep(chance.uniform(0, 0.08))  # as long as it is on its way to the decision
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
    def test_a_recent_time_is_believed(self, age: timedelta) -> None:
        assert plausible_arrival(self.NOW - age, self.NOW) == self.NOW - age

    @pytest.mark.parametrize("age", [-MOMENT, -timedelta(hours=1), MAX_ARRIVAL_AGE + MOMENT, timedelta(days=400)])
    def test_a_time_that_another_clock_got_wrong_is_not(self, age: timedelta) -> None:
        assert plausible_arrival(self.NOW - age, self.NOW) == self.NOW

    def test_without_a_time_it_is_now(self) -> None:
        assert plausible_arrival(None, self.NOW) == self.NOW
