"""What comes together in one batch, or from several replicas at once, is as if it had come one after the other."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from adwright.billing.v1 import billing_pb2

from services.chassis.data.database import Connection, Database, fetch_all
from services.chassis.errors import DependencyUnavailable
from services.job.domain import (
    AcceptedJob,
    Asset,
    Completion,
    EndedJob,
    FaultKind,
    Heartbeat,
    StaleAttempt,
    Status,
    TooManyLiveJobs,
)
from tests.job.harness import JobHarness


def asset() -> Asset:
    return Asset(id=uuid.uuid4(), type="image", key="k", content_type="image/png", size_bytes=1)


def result(job_id: uuid.UUID, attempt: int) -> Completion:
    return Completion(job_id=job_id, attempt=attempt, assets=(asset(),), result=b"", notes=())


async def leased(harness: JobHarness) -> uuid.UUID:
    """A job at its first attempt."""
    job_id = await harness.submitted()
    assert await harness.leases.lease("static_ad", "m") is not None
    return job_id


class TestReports:
    """Heartbeats and results that a replica applies in one transaction."""

    async def test_a_checkpoint_is_kept_beside_a_plain_heartbeat_of_the_attempt(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await leased(harness)
        plain = Heartbeat(job_id=job_id, attempt=1, progress=40, stage="drawing", checkpoint=None)
        keeping = replace(plain, progress=10, checkpoint=b"order 7")
        for beats in ([plain, keeping], [keeping, plain], [plain, keeping, plain]):
            await harness.rows("update job set checkpoint = null where id = %s returning id", job_id)
            assert await harness.leases.heartbeat_batch(beats) == [""] * len(beats)
            assert await harness.rows("select progress, checkpoint from job") == [
                {"progress": 40, "checkpoint": b"order 7"}
            ]

    async def test_one_result_twice_counts_once(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await leased(harness)
        first, second = result(job_id, 1), result(job_id, 1)
        told = await harness.leases.complete_batch([first, first, second])
        assert [type(answer) for answer in told] == [EndedJob] * 3
        assert await harness.rows("select id from asset") == [{"id": first.assets[0].id}]

    async def test_a_lost_attempts_result_beside_the_current_ones_is_refused(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await leased(harness)
        harness.clock.ahead = timedelta(seconds=10)
        assert await harness.lifecycle.recover_lost(10) == 1
        assert await harness.leases.lease("static_ad", "other") is not None
        late, current = result(job_id, 1), result(job_id, 2)
        for _ in range(2):  # the second time, nothing of both is new
            told = await harness.leases.complete_batch([late, current])
            assert [type(answer) for answer in told] == [StaleAttempt, EndedJob]
        assert await harness.rows("select id from asset") == [{"id": current.assets[0].id}]


class TestDeadlines:
    async def test_heartbeats_do_not_keep_an_attempt_past_its_deadline(self, harness: JobHarness) -> None:
        """A worker whose engine does not let go goes on beating."""
        await harness.grant("u", 3)
        job_id = await leased(harness)
        beat = Heartbeat(job_id=job_id, attempt=1, progress=50, stage="", checkpoint=None)
        for seconds in range(0, 310, 5):
            harness.clock.ahead = timedelta(seconds=seconds)
            assert await harness.lifecycle.recover_lost(10) == 0
            assert await harness.leases.heartbeat(beat) == ""
        harness.clock.ahead = timedelta(seconds=310)
        assert await harness.lifecycle.recover_lost(10) == 1
        assert await harness.leases.heartbeat(beat) == "superseded"
        attempts = await harness.rows("select outcome, cause from attempt")
        assert attempts[0]["outcome"] == FaultKind.TRANSIENT.value
        assert attempts[0]["cause"].startswith("ATTEMPT_TIMED_OUT")

    @pytest.mark.parametrize("minutes", [1, 6])
    async def test_a_worker_that_fell_silent_before_the_deadline_is_lost_whenever_that_is_seen(
        self, harness: JobHarness, minutes: int
    ) -> None:
        await harness.grant("u", 3)
        await leased(harness)
        harness.clock.ahead = timedelta(minutes=minutes)
        assert await harness.lifecycle.recover_lost(10) == 1
        assert await harness.rows("select outcome from attempt") == [{"outcome": FaultKind.LOST.value}]


class Paused:
    """A way to billing that stops after each settlement until it is let go."""

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
    """A way to billing whose holds are told late."""

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
        if self.unreachable:
            raise DependencyUnavailable("The database cannot be reached; try again.")
        async with super().transaction() as connection:
            yield connection


class TestTakingBack:
    """Submissions that the sweeper gives up while whoever made them may still come back."""

    async def test_a_late_submission_is_not_queued_once_its_hold_is_being_released(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        slow, paused = Slow(harness.stub), Paused(harness.stub)
        submitting = asyncio.create_task(
            harness.replica(slow).submissions.submit(harness.submission(idempotency_key="k"))
        )
        await slow.settled.wait()  # the hold is placed; the submitter does not know it yet
        assert await harness.balance() == (0, 3)
        harness.clock.ahead = timedelta(minutes=1)
        sweeping = asyncio.create_task(
            harness.replica(paused).submissions.take_back_leftovers(timedelta(seconds=20), 10)
        )
        await paused.settled.wait()  # the hold is released, the row is there still
        slow.go.set()
        outcome = (await asyncio.gather(submitting, return_exceptions=True))[0]
        paused.go.set()
        await sweeping
        assert not isinstance(outcome, AcceptedJob)
        assert await harness.rows("select id from job") == []
        assert await harness.balance() == (3, 0)

    async def test_what_was_decided_after_all_is_left_alone(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted()
        await harness.submissions.take_back([job_id])
        assert (await harness.reader.job(job_id, "u")).status is Status.QUEUED
        assert await harness.balance() == (0, 3)

    async def test_a_hold_whose_row_a_crash_has_lost_is_given_back(self, harness: JobHarness) -> None:
        """The pending row is not written durably."""
        await harness.grant("u", 3)
        submission = harness.submission()
        slow = Slow(harness.stub)
        submitting = asyncio.create_task(harness.replica(slow).submissions.submit(submission))
        await slow.settled.wait()
        await harness.rows("delete from job returning id")
        await harness.submissions.take_back([submission.job_id])
        assert await harness.balance() == (3, 0)
        slow.go.set()
        assert not isinstance((await asyncio.gather(submitting, return_exceptions=True))[0], AcceptedJob)

    async def test_a_commit_that_was_cut_off_is_looked_after_at_once(self, harness: JobHarness) -> None:
        """The pending row and its key are there; whoever made them was not told."""
        await harness.grant("u", 3)
        submission = harness.submission(idempotency_key_header="k", request_digest=b"d")
        database = LostCommit(harness.url, pool_size=2)
        submissions = replace(harness, database=database).replica().submissions
        await database.open()
        with pytest.raises(DependencyUnavailable):
            await submissions.submit(submission)
        assert await harness.rows("select status from job") == [{"status": "pending"}]
        assert await submissions.take_back_leftovers(timedelta(seconds=20), 10) == 1
        assert await submissions.take_back_leftovers(timedelta(seconds=20), 10) == 0
        assert await harness.rows("select job_id from idempotency_record") == []
        again = await harness.submissions.submit(harness.submission(idempotency_key_header="k", request_digest=b"d"))
        assert again.status == "queued"
        await database.close()

    async def test_a_database_that_goes_while_jobs_are_queued_leaves_nothing_behind(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        slow = Slow(harness.stub)
        database = Unreachable(harness.url, pool_size=4)
        await database.open()
        submissions = replace(harness, database=database).replica(slow).submissions
        submitting = [asyncio.create_task(submissions.submit(harness.submission())) for _ in range(5)]
        await slow.settled.wait()
        database.unreachable = True  # the second transaction cannot begin
        slow.go.set()
        outcomes = await asyncio.gather(*submitting, return_exceptions=True)
        assert not any(isinstance(outcome, AcceptedJob) for outcome in outcomes)
        database.unreachable = False
        slow.settled.clear()
        assert await submissions.take_back_leftovers(timedelta(seconds=20), 10) > 0  # immediately, whatever their age
        await database.close()
        assert await harness.rows("select id from job where status <> 'pending'") == []
        assert (await harness.balance())[1] == 0


class TestLimits:
    async def test_several_replicas_never_let_a_user_pass_the_limit_of_live_jobs(self, harness: JobHarness) -> None:
        await harness.grant("u", 1000)
        replicas = [harness.replica() for _ in range(3)]
        answers = await asyncio.gather(
            *(replicas[number % 3].submissions.submit(harness.submission()) for number in range(150)),
            return_exceptions=True,
        )
        assert sum(isinstance(answer, AcceptedJob) for answer in answers) == 50
        assert sum(isinstance(answer, TooManyLiveJobs) for answer in answers) == 100

    async def test_workers_that_ask_at_once_never_give_a_user_more_than_their_share(self, harness: JobHarness) -> None:
        await harness.grant("u", 1000)
        for _ in range(20):
            await harness.submitted()
        for _ in range(5):
            leases = await asyncio.gather(*(harness.leases.lease("static_ad", f"m{number}") for number in range(12)))
            assert sum(lease is not None for lease in leases) == 4
            for lease in leases:
                if lease is not None:
                    await harness.leases.return_job(lease.job_id, lease.attempt)

    async def test_a_user_at_their_share_keeps_nobody_else_waiting(self, harness: JobHarness) -> None:
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
    async def test_batches_with_the_same_keys_in_another_order_do_not_wait_in_a_circle(
        self, harness: JobHarness
    ) -> None:
        """A third one, which has the key in the middle and then goes, makes both wait half-way."""
        await harness.grant("u", 30)
        batches = [[harness.submission(idempotency_key=key) for key in keys] for keys in ("abc", "cba")]
        async with await psycopg.AsyncConnection.connect(harness.url) as third:
            await third.execute(
                """insert into job (id, user_id, type, project_id, product_id, idempotency_key, status, self_made,
                                    parameters, expires_at, deadline, created_at, updated_at)
                   values (gen_random_uuid(), 'u', 'static_ad', gen_random_uuid(), gen_random_uuid(), 'b', 'pending',
                           false, '', now(), now(), now(), now())"""
            )
            roomy = replace(
                harness, policy=replace(harness.policy, live_jobs_per_user=20_000)
            )  # near it, they queue up
            submitting = [asyncio.create_task(roomy.replica().submissions.submit_batch(batch)) for batch in batches]
            await waiting_for_locks(harness, 2)
            await third.rollback()
        told = await asyncio.gather(*submitting)
        accepted = [answer for batch in told for answer in batch if isinstance(answer, AcceptedJob)]
        assert sum(answer.credits_used for answer in accepted) == 9


async def waiting_for_locks(harness: JobHarness, number: int) -> None:
    """Returns when so many statements wait for each other."""
    async with asyncio.timeout(30):
        while True:
            rows = await harness.rows(
                """select count(*)::int as waiting from pg_stat_activity
                    where datname = current_database() and wait_event_type = 'Lock'"""
            )
            if rows[0]["waiting"] == number:
                return


class TestRetries:
    async def test_of_operators_who_retry_at_once_one_makes_the_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 6)
        job_id = await leased(harness)
        await harness.rows(
            """update job set status = 'failed', dead = true, settle = 'release', completed_at = now()
                where id = %s returning id""",
            job_id,
        )
        await harness.settlement.settle_all()
        answers = await asyncio.gather(*(harness.replica().submissions.retry_dead(job_id) for _ in range(8)))
        assert len({answer.job_id for answer in answers}) == 1
        assert sum(answer.credits_used for answer in answers) == 3
        assert await harness.balance() == (3, 3)
        async with harness.ledger_database.connection() as connection:
            assert len(await fetch_all(connection, "select job_id from hold where state = 'held'")) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [("video=90", {"copy": 60, "static_ad": 180, "video": 90}), ("", {"copy": 60, "static_ad": 180, "video": 1800})],
)
def test_a_type_that_a_setting_does_not_name_keeps_its_default(text: str, told: dict[str, int]) -> None:
    from services.job.__main__ import parse_seconds_by_type

    assert parse_seconds_by_type("attempt_seconds", text) == {
        name: timedelta(seconds=number) for name, number in told.items()
    }


@pytest.mark.parametrize("text", ["video", "video=0", "video=-1", "vidoe=5", "video=nan", "video=1e99", "video=x"])
def test_a_setting_by_type_that_makes_no_sense_is_named(text: str) -> None:
    from services.job.__main__ import parse_seconds_by_type

    with pytest.raises(SystemExit, match="ADWRIGHT_ATTEMPT_SECONDS"):
        parse_seconds_by_type("attempt_seconds", text)


class TestLeasesTogether:
    """Leases that many workers ask for at once."""

    async def test_each_worker_gets_a_job_of_its_own_and_the_rest_none(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        jobs = {await harness.submitted() for _ in range(3)}
        leases = await harness.leases.lease_batch("static_ad", [f"m{number}" for number in range(8)])
        found = [lease for lease in leases if lease is not None]
        assert {lease.job_id for lease in found} == jobs  # type: ignore[union-attr]
        assert len(found) == 3
        rows = await harness.rows("select worker from job where status = 'processing' order by worker")
        assert len({row["worker"] for row in rows}) == 3

    async def test_a_worker_that_asks_for_several_gets_as_many(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        jobs = {await harness.submitted() for _ in range(3)}
        leases = await harness.leases.lease_batch("static_ad", ["m", "m", "m"])
        assert {lease.job_id for lease in leases} == jobs  # type: ignore[union-attr]

    async def test_no_user_gets_more_than_their_share_in_one_batch(self, harness: JobHarness) -> None:
        most = harness.policy.processing_jobs_per_user
        await harness.grant("u", 3 * (most + 5))
        await harness.grant("v", 3)
        for _ in range(most + 5):
            await harness.submitted()
        other = await harness.submitted("v")
        leases = await harness.leases.lease_batch("static_ad", ["m"] * (most + 6))
        found = [lease.job_id for lease in leases if lease is not None]  # type: ignore[union-attr]
        assert len(found) == most + 1
        assert other in found
