"""Guarantees of the engines, on a real PostgreSQL and a real billing service."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from datetime import timedelta
from unittest.mock import AsyncMock

import psycopg
import pytest
from adwright.job.v1 import job_pb2
from sqlalchemy import update

from services.billing.domain import EntryKind
from services.billing.ledger import Ledger
from services.billing.tables import ENTRY
from services.chassis.data.outbox import OUTBOX
from services.chassis.errors import Refusal
from services.job import domain, messages, queries, tables
from services.job.domain import AcceptedJob, EndedJob, FaultKind, Heartbeat, JobFilter, Status
from services.job.errors import InsufficientCredits, JobEnded, JobNotDead, JobNotFound, StaleAttempt, TooManyLiveJobs
from services.job.events import EVENTS_TOPIC, event_records
from services.job.servicer import wait_for_settlement
from tests.database import column
from tests.job.harness import PRICES, JobHarness, completion, failure

TRACEPARENT = f"00-{'a' * 32}-{'b' * 16}-01"
PAGE = JobFilter(user_id="u", size=20, before=None, status=None, type=None, project_id=None, since=None, until=None)


class TestSubmission:
    async def test_submission_places_a_hold(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        accepted = await harness.submissions.submit(harness.submission())
        assert (accepted.status, accepted.credits_used, accepted.credits_remaining) == ("queued", 3, 7)
        assert await harness.balance() == (7, 3)

    async def test_only_jobs_that_are_queued_are_dispatched(self, harness: JobHarness) -> None:
        """Of two pending jobs, one is taken back before its hold is known."""
        kept, lost = harness.submission(), harness.submission()
        store, now = harness.submission_store, harness.clock.now()
        records = event_records([kept.accepted(), lost.accepted()], now, dispatch=True)
        async with harness.database.transaction() as connection:
            await store.insert_pending(connection, [kept, lost], now)
            await store.mark_taken_back(connection, [lost.job_id])
            queued = await store.queue(connection, [kept, lost], {kept.job_id: 3, lost.job_id: 3}, records, now)
        assert queued == [kept.accepted()]
        assert await harness.column(OUTBOX.c.topic) == ["adwright.job.dispatch.image.v1", EVENTS_TOPIC]
        assert set(await harness.column(OUTBOX.c.key)) == {str(kept.job_id)}

    async def test_insufficient_credits_leave_no_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 2)
        with pytest.raises(InsufficientCredits):
            await harness.submissions.submit(harness.submission())
        assert await harness.jobs() == []
        assert await harness.balance() == (2, 0)

    async def test_concurrent_submissions_of_a_key_create_one_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        answers = await asyncio.gather(
            *(harness.submissions.submit(harness.submission(idempotency_key="k")) for _ in range(100))
        )
        assert len({answer.job_id for answer in answers}) == 1
        assert sorted(answer.status for answer in answers) == ["queued"] + ["reused"] * 99
        assert await harness.balance() == (27, 3)

    async def test_concurrent_submissions_of_a_key_without_credits_are_refused(self, harness: JobHarness) -> None:
        answers = await asyncio.gather(
            *(harness.submissions.submit(harness.submission(idempotency_key="k")) for _ in range(20)),
            return_exceptions=True,
        )
        assert {type(answer) for answer in answers} == {InsufficientCredits}
        assert await harness.jobs() == []

    async def test_reuse_is_exempt_from_the_limit_of_live_jobs(self, harness: JobHarness) -> None:
        await harness.grant("u", 1000)
        first = await harness.submissions.submit(harness.submission(idempotency_key="k"))
        answers = await asyncio.gather(
            *(harness.submissions.submit(harness.submission()) for _ in range(60)), return_exceptions=True
        )
        assert sum(isinstance(answer, AcceptedJob) for answer in answers) == 49
        assert sum(isinstance(answer, TooManyLiveJobs) for answer in answers) == 11
        again = await harness.submissions.submit(harness.submission(idempotency_key="k"))
        assert (again.job_id, again.status) == (first.job_id, "reused")

    async def test_interrupted_submission_is_taken_back_and_never_charged(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        submission = harness.submission(idempotency_key="k")
        async with harness.database.transaction() as connection:
            await harness.submission_store.insert_pending(connection, [submission], harness.clock.now())
        harness.clock.ahead = timedelta(minutes=1)
        assert await harness.submissions.take_back_leftovers(timedelta(seconds=20), 10) == 1
        assert await harness.jobs() == []
        # The delayed hold of the interrupted submission is not placed any more.
        async with harness.ledger_database.transaction() as connection:
            from services.billing.domain import HoldRequest

            outcome = await Ledger(PRICES).place_holds(
                connection,
                [
                    HoldRequest(
                        job_id=submission.job_id,
                        user_id="u",
                        type="static_ad",
                        project_id=None,
                        expires_at=harness.clock.now(),
                    )
                ],
                harness.clock.now(),
            )
        assert outcome[0].result.value == "ended"
        assert await harness.balance() == (3, 0)

    async def test_unavailable_billing_refuses_the_submission_without_a_hold(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        submission = harness.submission(idempotency_key="k")
        await harness.billing.stop(None)
        with pytest.raises(Refusal) as refused:
            await harness.submissions.submit(submission)
        assert refused.value.kind.retryable
        assert await harness.balance() == (3, 0)


class TestFairness:
    async def test_small_customer_is_leased_before_a_large_ones_backlog(self, harness: JobHarness) -> None:
        await harness.grant("large", 1000)
        await harness.grant("small", 3)
        await asyncio.gather(*(harness.submissions.submit(harness.submission("large")) for _ in range(40)))
        for _ in range(3):
            lease = await harness.leases.lease("static_ad", "m")
            assert lease is not None
            await harness.leases.complete(completion(lease.job_id, 1))
        small = await harness.submitted("small")
        served = []
        for _ in range(3):
            lease = await harness.leases.lease("static_ad", "m")
            assert lease is not None
            served.append(lease.job_id)
        assert small in served[:2]

    async def test_processing_jobs_per_user_are_limited(self, harness: JobHarness) -> None:
        await harness.grant("u", 100)
        for _ in range(6):
            await harness.submitted()
        leases = [await harness.leases.lease("static_ad", "m") for _ in range(6)]
        assert [lease is not None for lease in leases] == [True] * 4 + [False] * 2

    async def test_queue_position_matches_lease_order(self, harness: JobHarness) -> None:
        for user in ("u", "v", "w"):
            await harness.grant(user, 200)
        videos = [await harness.submitted("u", type="video") for _ in range(2)]
        ids = [await harness.submitted(user) for user in ("u", "u", "u", "v", "w", "v", "u", "w")]
        async with harness.database.connection() as connection:
            batch = await queries.jobs_by_id(connection, [*videos, *ids])
            alone = {job_id: (await queries.jobs_by_id(connection, [job_id]))[job_id] for job_id in [*videos, *ids]}
            page = await queries.list_jobs(connection, PAGE)
        leased = [lease.job_id for _ in ids if (lease := await harness.leases.lease("static_ad", "m")) is not None]
        assert sorted(ids, key=lambda job_id: batch[job_id].queue_position or 0) == leased
        assert sorted(batch[job_id].queue_position or 0 for job_id in ids) == list(range(len(ids)))
        assert [batch[job_id].queue_position for job_id in videos] == [0, 1]
        assert {job_id: job.queue_position for job_id, job in alone.items()} == {
            job_id: job.queue_position for job_id, job in batch.items()
        }
        mine = sorted((job_id for job_id in batch if batch[job_id].user_id == "u"), reverse=True)
        assert [(job.id, job.queue_position) for job in page] == [
            (job_id, batch[job_id].queue_position) for job_id in mine
        ]

    async def test_concurrent_leases_are_distinct(self, harness: JobHarness) -> None:
        await harness.grant("u", 100)
        await harness.grant("v", 100)
        for user in ("u", "v"):
            for _ in range(4):
                await harness.submitted(user)
        leases = await asyncio.gather(*(harness.leases.lease("static_ad", f"m{number}") for number in range(12)))
        leased = [lease.job_id for lease in leases if lease is not None]
        assert len(leased) == len(set(leased)) == 8


class TestAttempts:
    async def test_reports_of_a_superseded_attempt_are_refused(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted()
        await harness.leases.lease("static_ad", "slow")
        harness.clock.ahead = timedelta(seconds=10)
        assert await harness.lifecycle.recover_lost(10) == 1
        second = await harness.leases.lease("static_ad", "other")
        assert second is not None
        assert second.attempt == 2
        heartbeat = Heartbeat(job_id=job_id, attempt=1, progress=5, stage="", checkpoint=None)
        assert await harness.leases.heartbeat(heartbeat) == "superseded"
        with pytest.raises(StaleAttempt):
            await harness.leases.complete(completion(job_id, 1))
        with pytest.raises(StaleAttempt):
            await harness.leases.fail(failure(job_id, 1, FaultKind.INPUT))
        assert (await harness.reader.job(job_id, "u")).status is Status.PROCESSING
        await harness.leases.complete(completion(job_id, 2))
        assert (await harness.reader.job(job_id, "u")).status is Status.COMPLETED

    async def test_heartbeats_extend_the_lease(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted()
        await harness.leases.lease("static_ad", "m")
        for seconds in (4, 8, 12):
            harness.clock.ahead = timedelta(seconds=seconds)
            heartbeat = Heartbeat(job_id=job_id, attempt=1, progress=seconds, stage="drawing", checkpoint=None)
            assert await harness.leases.heartbeat(heartbeat) == ""
            assert await harness.lifecycle.recover_lost(10) == 0
        assert (await harness.reader.job(job_id, "u")).progress == 12

    async def test_repeated_completion_changes_nothing(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted()
        await harness.leases.lease("static_ad", "m")
        await asyncio.gather(*(harness.leases.complete(completion(job_id, 1)) for _ in range(5)))
        topics = await harness.column(tables.outbox.c.topic)
        assert topics.count(EVENTS_TOPIC) == 3  # queued, processing, completed

    async def test_input_fault_fails_the_job_with_the_workers_message(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted()
        await harness.leases.lease("static_ad", "m")
        status, _ = await harness.leases.fail(failure(job_id, 1, FaultKind.INPUT))
        assert status is Status.FAILED
        job = await harness.reader.job(job_id, "u")
        assert (job.error_reason, job.error_message) == ("R", "message")

    @pytest.mark.parametrize(("kind", "dead"), [(FaultKind.TRANSIENT, 0), (FaultKind.UNKNOWN, 1)])
    async def test_other_faults_are_retried_with_a_delay_up_to_a_limit(
        self, harness: JobHarness, kind: FaultKind, dead: int
    ) -> None:
        await harness.grant("u", 6)
        job_id = await harness.submitted()
        for attempt in (1, 2, 3):
            lease = await harness.leases.lease("static_ad", "m")
            assert lease is not None
            status, _ = await harness.leases.fail(failure(job_id, attempt, kind))
            if attempt < 3:
                assert status is Status.QUEUED
                assert await harness.leases.lease("static_ad", "m") is None  # not before the delay is over
                harness.clock.ahead += timedelta(minutes=5)
        assert status is Status.FAILED
        async with harness.database.connection() as connection:
            listed = await queries.dead_jobs(connection, None, 10)
        assert len(listed) == dead
        if dead:
            assert [attempt.outcome for attempt in listed[0].attempts] == ["unknown"] * 3
            again = await harness.submissions.retry_dead(job_id)
            assert again.credits_used == 3
            assert (await harness.submissions.retry_dead(job_id)).job_id == again.job_id
        else:
            with pytest.raises(JobNotDead):
                await harness.submissions.retry_dead(job_id)

    async def test_job_with_a_price_of_its_own_keeps_it_when_captured_and_when_retried(
        self, harness: JobHarness
    ) -> None:
        await harness.grant("u", 100)
        job_id = await harness.submitted(type="video", priced_as="video_product")
        assert await harness.balance() == (85, 15)
        for attempt in (1, 2, 3):
            assert await harness.leases.lease("video", "m") is not None
            await harness.leases.fail(failure(job_id, attempt, FaultKind.UNKNOWN))
            harness.clock.ahead += timedelta(minutes=5)
        await harness.settlement.settle_all()
        assert await harness.balance() == (100, 0)
        again = await harness.submissions.retry_dead(job_id)
        assert again.credits_used == 15
        assert await harness.balance() == (85, 15)
        await harness.leases.lease("video", "m")
        await harness.leases.complete(completion(again.job_id, 1))
        await harness.settlement.settle_all()
        assert await harness.balance() == (85, 0)

    async def test_returned_attempts_do_not_count_as_failures(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted()
        for attempt in range(1, 6):
            assert await harness.leases.lease("static_ad", "m") is not None
            await harness.leases.return_job(job_id, attempt)
        assert (await harness.reader.job(job_id, "u")).status is Status.QUEUED


class TestEnds:
    @pytest.mark.parametrize("when", ["queued", "processing"])
    async def test_cancel_ends_the_job_and_releases_its_credits(self, harness: JobHarness, when: str) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted(traceparent=TRACEPARENT)
        if when == "processing":
            await harness.leases.lease("static_ad", "m")
        with pytest.raises(JobNotFound):
            await harness.lifecycle.cancel(job_id, "somebody else")
        ended = EndedJob(id=job_id, settle="release", traceparent=TRACEPARENT)
        assert await harness.lifecycle.cancel(job_id, "u") == (ended, Status(when), 3)
        with pytest.raises(JobEnded):
            await harness.lifecycle.cancel(job_id, "u")
        if when == "processing":
            heartbeat = Heartbeat(job_id=job_id, attempt=1, progress=1, stage="", checkpoint=None)
            assert await harness.leases.heartbeat(heartbeat) == "canceled"
        assert await harness.settlement.settle_all() == 1
        assert await harness.balance() == (3, 0)

    async def test_status_request_settles_an_ended_job_in_its_trace(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted(traceparent=TRACEPARENT)
        await harness.lifecycle.cancel(job_id, "u")
        settle = AsyncMock()
        await wait_for_settlement(await harness.reader.job(job_id, "u"), settle, harness.clock)
        settle.assert_awaited_once_with(EndedJob(id=job_id, settle="release", traceparent=TRACEPARENT))

    async def test_settlement_follows_the_winner_of_cancel_and_complete(self, harness: JobHarness) -> None:
        await harness.grant("u", 90)
        for _ in range(20):
            job_id = await harness.submitted()
            await harness.leases.lease("static_ad", "m")
            await asyncio.gather(
                harness.leases.complete(completion(job_id, 1)),
                harness.lifecycle.cancel(job_id, "u"),
                return_exceptions=True,
            )
        await harness.settlement.settle_all()
        done = Counter((job.status, job.settle) for job in await harness.jobs())
        assert set(done) <= {("completed", "capture"), ("canceled", "release")}
        assert await harness.balance() == (90 - 3 * done["completed", "capture"], 0)

    async def test_job_that_is_never_leased_expires_and_releases_its_credits(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted()
        harness.clock.ahead = timedelta(minutes=59)
        assert await harness.lifecycle.expire(10) == 0
        harness.clock.ahead = timedelta(minutes=61)
        assert await harness.lifecycle.expire(10) == 1
        await harness.settlement.settle_all()
        assert (await harness.reader.job(job_id, "u")).status is Status.EXPIRED
        assert await harness.balance() == (3, 0)

    async def test_ended_jobs_are_settled_from_the_queue(self, harness: JobHarness) -> None:
        """A completed job and an expired one; a job that is canceled is settled by the request that cancels it."""
        await harness.grant("u", 9)
        completed, canceled, _ = [await harness.submitted() for _ in range(3)]
        await harness.leases.lease("static_ad", "m")
        await harness.leases.complete(completion(completed, 1))
        await harness.lifecycle.cancel(canceled, "u")
        harness.clock.ahead = timedelta(minutes=61)
        assert await harness.lifecycle.expire(10) == 1
        assert len(harness.ended) == 2
        await harness.settlement.settle_ended()
        assert len(harness.ended) == 0
        assert [job.id for job in await harness.jobs(tables.job.c.settled_at.is_(None))] == [canceled]
        assert await harness.balance() == (3, 3)

    async def test_concurrent_settlements_capture_each_hold_once(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        for _ in range(10):
            job_id = await harness.submitted()
            await harness.leases.lease("static_ad", "m")
            await harness.leases.complete(completion(job_id, 1))
        await asyncio.gather(*(harness.settlement.settle_all() for _ in range(4)))
        assert await harness.balance() == (0, 0)
        async with harness.ledger_database.connection() as connection:
            kinds = await column(connection, ENTRY.c.kind)
        assert kinds.count(EntryKind.CAPTURE) == 10

    async def test_dispatches_repeat_at_increasing_intervals(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        await harness.submitted()
        sent = []
        for seconds in (1, 6, 8, 17, 20, 40):
            harness.clock.ahead = timedelta(seconds=seconds)
            sent.append(await harness.lifecycle.dispatch_again(10))
        assert sent == [0, 1, 0, 1, 0, 1]


class TestTransitions:
    def test_terminal_statuses_have_no_transitions(self) -> None:
        assert {status.value for status in domain.TERMINAL_STATUSES} == {"completed", "failed", "canceled", "expired"}
        assert all(not domain.TRANSITIONS[status] for status in domain.TERMINAL_STATUSES)

    async def test_schema_rejects_an_ended_job_without_a_settlement(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted()
        with pytest.raises(psycopg.errors.CheckViolation):
            await harness.run(update(tables.job).where(tables.job.c.id == job_id).values(status="completed"))


class TestAssets:
    async def test_status_has_the_recorded_facts_of_a_file(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        job_id = await harness.submitted()
        assert await harness.leases.lease("static_ad", "m") is not None
        facts = job_pb2.AssetFacts(width=1080, height=1350, origin="algorithmicMedia")
        facts.text_areas.areas.add(role="price", left=0.25, top=0.5, right=0.75, bottom=0.55, contrast=8.5)
        stored = [
            job_pb2.StoredAsset(
                id=str(uuid.uuid4()), type=kind, key=f"k-{kind}", size_bytes=9, sha256="ab", facts=found
            )
            for kind, found in (("image", facts), ("thumbnail", None))
        ]
        request = job_pb2.CompleteJobRequest(job_id=str(job_id), attempt=1, assets=stored)
        await harness.leases.complete(messages.completion(request))
        status = messages.status_message(await harness.reader.job(job_id, "u"), lambda asset_id: "")
        image, thumbnail = status.assets
        assert image.facts == facts
        assert (image.size_bytes, image.sha256) == (9, "ab")
        assert not thumbnail.HasField("facts")
