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

from services.job.domain import (
    MAX_ARRIVAL_AGE,
    PROMPT_SETTLEMENT,
    SELF_MADE_LEASE,
    AcceptedJob,
    FaultKind,
    plausible_arrival,
)
from services.job.servicer import JobWorkerServicer
from services.job.settlement import Settlement
from tests.job.test_races import Paused, waiting_for_locks
from tests.job.world import IDENTITY, World, completion, failure

MOMENT = timedelta(microseconds=1)


async def completed(world: World, **changes: Any) -> AcceptedJob:
    """A job of the key that a worker has completed and billing has settled."""
    accepted = await world.jobs.submit(world.submission(idempotency_key="k", **changes))
    assert await world.jobs.lease("static_ad", "m") is not None
    await world.jobs.complete(completion(accepted.job_id, 1))
    await world.settlement.settle_all()
    return accepted


async def end_of(world: World, accepted: AcceptedJob, column: str = "completed_at") -> datetime:
    row = (await world.rows("select completed_at, settled_at from job where id = %s", accepted.job_id))[0]
    return datetime.fromtimestamp(row[column].timestamp(), UTC)


async def repeat(world: World, arrived_at: datetime | None, **changes: Any) -> AcceptedJob:
    return await world.jobs.submit(world.submission(idempotency_key="k", arrived_at=arrived_at, **changes))


class TestDecisionAfterTheEnd:
    async def test_a_request_that_arrived_before_the_end_is_the_duplicate(self, world: World) -> None:
        await world.grant("u", 10)
        first = await completed(world)
        again = await repeat(world, await end_of(world, first) - MOMENT)
        assert again == AcceptedJob(
            job_id=first.job_id, status="reused", credits_used=0, credits_remaining=7, job_type="static_ad"
        )
        assert await world.balance() == (7, 0)
        assert len(await world.rows("select id from job")) == 1

    async def test_a_request_that_arrives_after_the_end_makes_a_new_job(self, world: World) -> None:
        await world.grant("u", 10)
        first = await completed(world)
        again = await repeat(world, await end_of(world, first) + MOMENT)
        assert (again.status, again.credits_used) == ("queued", 3)
        assert again.job_id != first.job_id

    async def test_a_request_that_arrived_before_the_job_was_made_races_it_too(self, world: World) -> None:
        await world.grant("u", 10)
        before = world.clock.now()
        first = await completed(world)
        assert (await repeat(world, before)).job_id == first.job_id

    async def test_the_live_job_comes_before_one_that_has_ended(self, world: World) -> None:
        await world.grant("u", 10)
        before = world.clock.now()
        await completed(world)
        live = await repeat(world, world.clock.now())
        assert (live.status, (await repeat(world, before)).job_id) == ("queued", live.job_id)

    async def test_keys_of_others_and_other_keys_and_no_keys_are_not_found(self, world: World) -> None:
        await world.grant("u", 30)
        await world.grant("v", 30)
        before = world.clock.now()
        await completed(world)
        submissions = [
            world.submission("v", idempotency_key="k", arrived_at=before),
            world.submission(idempotency_key="K", arrived_at=before),
            world.submission(arrived_at=before),
            world.submission(arrived_at=before),
        ]
        assert {(await world.jobs.submit(entry)).status for entry in submissions} == {"queued"}

    async def test_another_endpoints_request_finds_it_and_learns_its_type(self, world: World) -> None:
        await world.grant("u", 100)
        before = world.clock.now()
        first = await completed(world)
        again = await repeat(world, before, type="video")
        assert (again.job_id, again.status, again.job_type) == (first.job_id, "reused", "static_ad")

    async def test_a_batch_of_them_is_decided_at_once(self, world: World) -> None:
        await world.grant("u", 10)
        before = world.clock.now()
        first = await completed(world)
        batch = [world.submission(idempotency_key="k", arrived_at=before) for _ in range(5)]
        told = await world.jobs._submit_batch(batch)
        assert {(answer.job_id, answer.status) for answer in told if isinstance(answer, AcceptedJob)} == {
            (first.job_id, "reused")
        }
        assert len(told) == 5
        assert len(await world.rows("select id from job")) == 1

    async def test_a_user_at_the_limit_of_live_jobs_gets_it(self, world: World) -> None:
        await world.grant("u", 200)
        before = world.clock.now()
        first = await completed(world)
        for _ in range(world.policy.live_jobs_per_user):
            await world.submitted()
        assert (await repeat(world, before)).job_id == first.job_id

    async def test_its_idempotency_key_header_stands_for_the_job_from_then_on(self, world: World) -> None:
        await world.grant("u", 10)
        before = world.clock.now()
        first = await completed(world)
        keyed: dict[str, Any] = {"request_key": "header", "request_digest": b"d" * 32}
        assert (await repeat(world, before, **keyed)).status == "reused"
        replayed = await repeat(world, world.clock.now(), **keyed)
        assert (replayed.job_id, replayed.status, replayed.replayed) == (first.job_id, "reused", True)
        assert replayed.job_type == "static_ad"


class TestOtherEnds:
    async def test_a_job_that_failed_charged_nothing_and_the_duplicate_makes_a_new_one(self, world: World) -> None:
        await world.grant("u", 3)
        before = world.clock.now()
        first = await world.jobs.submit(world.submission(idempotency_key="k"))
        assert await world.jobs.lease("static_ad", "m") is not None
        await world.jobs.fail(failure(first.job_id, 1, FaultKind.INPUT))
        await world.settlement.settle_all()
        again = await repeat(world, before)
        assert (again.status, again.job_id == first.job_id) == ("queued", False)
        assert await world.balance() == (0, 3)

    async def test_a_canceled_job_is_not_made_after_all_by_its_duplicate(self, world: World) -> None:
        await world.grant("u", 3)
        before = world.clock.now()
        first = await world.jobs.submit(world.submission(idempotency_key="k"))
        await world.jobs.cancel(first.job_id, "u")
        await world.settlement.settle_all()
        assert (await repeat(world, before)).job_id == first.job_id
        assert (await repeat(world, world.clock.now())).job_id != first.job_id


class TestSelfMadeJobs:
    """Copies: the first request is answered once its hold is settled, so its key stands for it until then."""

    async def written(self, world: World) -> AcceptedJob:
        accepted = await world.jobs.submit(
            world.submission(type="copy", idempotency_key="k", worker="copy", sends_heartbeats=True)
        )
        await world.jobs.complete(completion(accepted.job_id, 1))
        return accepted

    async def test_a_request_that_arrives_before_the_settlement_is_the_duplicate(self, world: World) -> None:
        await world.grant("u", 10)
        first = await self.written(world)
        arrived = await end_of(world, first) + MOMENT
        assert (await repeat(world, arrived, type="copy", worker="copy")).job_id == first.job_id
        await world.settlement.settle_all()
        assert (await repeat(world, arrived, type="copy", worker="copy")).job_id == first.job_id
        settled = await end_of(world, first, "settled_at")
        assert (await repeat(world, settled + MOMENT, type="copy", worker="copy")).job_id != first.job_id

    async def test_a_settlement_that_is_late_holds_the_key_no_longer_than_the_answer(self, world: World) -> None:
        await world.grant("u", 10)
        first = await self.written(world)
        end = await end_of(world, first)
        world.clock.ahead = 2 * PROMPT_SETTLEMENT
        assert (await repeat(world, end + PROMPT_SETTLEMENT, type="copy", worker="copy")).job_id == first.job_id
        assert (
            await repeat(world, end + PROMPT_SETTLEMENT + MOMENT, type="copy", worker="copy")
        ).status == "processing"

    async def test_its_lease_runs_out_soon_when_nothing_is_heard_of_its_submitter(self, world: World) -> None:
        await world.grant("u", 10)
        keyed: dict[str, Any] = {"request_key": "header", "request_digest": b"d" * 32}
        first = await repeat(world, None, type="copy", worker="copy", sends_heartbeats=True, **keyed)
        world.clock.ahead = SELF_MADE_LEASE + timedelta(seconds=1)
        assert await world.jobs.recover_lost(10) == 1
        await world.settlement.settle_all()
        assert await world.balance() == (10, 0)
        again = await repeat(world, None, type="copy", worker="copy", sends_heartbeats=True, **keyed)
        assert (again.status, again.job_id == first.job_id) == ("processing", False)

    async def test_a_submitter_that_sends_no_heartbeats_keeps_its_lease(self, world: World) -> None:
        """One of the release before."""
        await world.grant("u", 10)
        await repeat(world, None, type="copy", worker="copy")
        world.clock.ahead = SELF_MADE_LEASE + timedelta(minutes=1)
        assert await world.jobs.recover_lost(10) == 0


def complete_request(accepted: AcceptedJob) -> job_pb2.CompleteJobRequest:
    return job_pb2.CompleteJobRequest(job_id=str(accepted.job_id), attempt=accepted.attempt)


def fail_request(accepted: AcceptedJob) -> job_pb2.FailJobRequest:
    return job_pb2.FailJobRequest(
        job_id=str(accepted.job_id), attempt=accepted.attempt, kind=job_pb2.FAULT_KIND_UNKNOWN, reason="R", message="m"
    )


class TestWaitingForTheSettlement:
    async def worker(self, world: World, stub: Any) -> JobWorkerServicer:
        settlement = Settlement(
            database=world.database,
            storage=world.jobs.storage,
            billing=stub,
            identity=IDENTITY,
            clock=world.clock,
            ended=world.jobs.ended,
        )
        return JobWorkerServicer(jobs=world.jobs, settle=settlement.settle_promptly, policy=world.policy)

    async def copies(self, world: World, number: int) -> Sequence[AcceptedJob]:
        await world.grant("u", 100)
        return await asyncio.gather(
            *(world.jobs.submit(world.submission(type="copy", worker="copy")) for _ in range(number))
        )

    async def test_a_copys_result_is_answered_once_its_hold_is_captured(self, world: World) -> None:
        worker = await self.worker(world, world.stub)
        copies = await self.copies(world, 20)
        assert await world.balance() == (80, 20)
        await asyncio.gather(*(worker.CompleteJob(complete_request(job), None) for job in copies))  # type: ignore[arg-type]
        assert await world.balance() == (80, 0)
        assert await world.rows("select id from job where settled_at is null") == []
        assert not world.jobs.ended.is_set(), "the loop finds nothing to do"

    async def test_a_failures_answer_waits_for_the_release(self, world: World) -> None:
        worker = await self.worker(world, world.stub)
        (copy,) = await self.copies(world, 1)
        await worker.FailJob(fail_request(copy), None)  # type: ignore[arg-type]
        assert await world.balance() == (100, 0)

    async def test_without_billing_it_is_answered_all_the_same_and_settled_later(self, world: World) -> None:
        async with grpc.aio.insecure_channel("127.0.0.1:1") as nowhere:
            worker = await self.worker(world, billing_pb2_grpc.BillingLedgerServiceStub(nowhere))
            (copy,) = await self.copies(world, 1)
            await worker.CompleteJob(complete_request(copy), None)  # type: ignore[arg-type]
        assert await world.balance() == (99, 1)
        assert world.jobs.ended.is_set(), "the loop is woken"
        assert await world.settlement.settle_all() == 1
        assert await world.balance() == (99, 0)

    async def test_billing_that_hangs_delays_the_answer_by_the_bound_only(self, world: World) -> None:
        hanging = Paused(world.stub)
        worker = await self.worker(world, hanging)
        (copy,) = await self.copies(world, 1)
        async with asyncio.timeout(10 * PROMPT_SETTLEMENT.total_seconds()):
            await worker.CompleteJob(complete_request(copy), None)  # type: ignore[arg-type]
        hanging.go.set()


class TestInterleavings:
    async def test_an_insert_that_waits_for_the_end_of_the_job_finds_it(self, world: World) -> None:
        """The duplicate reaches the unique index while the transaction that completes the job is open."""
        await world.grant("u", 10)
        before = world.clock.now()
        first = await world.jobs.submit(world.submission(idempotency_key="k"))
        assert await world.jobs.lease("static_ad", "m") is not None
        async with await psycopg.AsyncConnection.connect(world.url) as ending:
            await ending.execute(
                """update job set status = 'completed', completed_at = %s, settle = 'capture', lease_expires_at = null
                    where id = %s""",
                [world.clock.now(), first.job_id],
            )
            submitting = asyncio.create_task(repeat(world, before))
            await waiting_for_locks(world, 1)
            await ending.commit()
        assert (await submitting).job_id == first.job_id

    @pytest.mark.parametrize("seed", range(12))
    async def test_of_copies_that_arrive_together_one_is_charged(self, world: World, seed: int) -> None:
        """Several replicas decide them in any order, and the first ends while others still wait."""
        chance = random.Random(seed)
        await world.grant("u", 100)
        engines = [world.engine() for _ in range(3)]
        arrived = world.clock.now()

        async def request(number: int) -> AcceptedJob:
            await asyncio.sleep(chance.uniform(0, 0.08))  # as long as it is on its way to the decision
            engine = engines[number % 3]
            accepted = await engine.submit(
                world.submission(type="copy", idempotency_key="k", worker="m", arrived_at=arrived)
            )
            if accepted.status == "processing":
                await asyncio.sleep(chance.uniform(0, 0.02))
                await engine.complete(completion(accepted.job_id, accepted.attempt))
            return accepted

        answers = await asyncio.gather(*(request(number) for number in range(20)))
        assert len({answer.job_id for answer in answers}) == 1
        assert sorted(answer.credits_used for answer in answers) == [0] * 19 + [1]
        await world.settlement.settle_all()
        assert await world.balance() == (99, 0)


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
