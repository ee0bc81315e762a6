"""Recorded answers: what an Idempotency-Key promises, whatever happens to its job."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.data.assets import AssetStore
from services.job import idempotency_records
from services.job.change_feed import UserFeed
from services.job.domain import (
    AcceptedJob,
    FaultKind,
    InsufficientCredits,
    KeyReused,
    RequestInFlight,
    Submission,
    TooManyLiveJobs,
)
from services.job.loops.retention import Retention
from services.job.queries import MAX_STREAMED_JOBS
from tests.job.harness import JobHarness, completion, failure

DIGEST = b"d" * 32


def keyed(harness: JobHarness, user: str = "u", key: str = "k", digest: bytes = DIGEST, **changes: Any) -> Submission:
    return harness.submission(user, idempotency_key_header=key, request_digest=digest, **changes)


async def jobs_of(harness: JobHarness) -> int:
    return int((await harness.rows("select count(*)::int as count from job"))[0]["count"])


class TestReplay:
    async def test_the_same_request_gets_the_same_answer_and_pays_once(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await harness.submissions.submit(keyed(harness))
        again = await harness.submissions.submit(keyed(harness))
        assert (first.status, first.credits_used, first.credits_remaining) == ("queued", 3, 7)
        assert again == AcceptedJob(
            job_id=first.job_id, status="queued", credits_used=3, credits_remaining=7, replayed=True
        )
        assert await harness.submissions.find_idempotency_record("u", "k", DIGEST) == again
        assert await harness.balance() == (7, 3)
        assert await jobs_of(harness) == 1

    async def test_also_after_the_job_has_ended(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await harness.submissions.submit(keyed(harness))
        await harness.leases.lease("static_ad", "m")
        await harness.leases.complete(completion(first.job_id, 1))
        assert (await harness.submissions.submit(keyed(harness))).job_id == first.job_id
        canceled = await harness.submissions.submit(keyed(harness, key="other"))
        await harness.lifecycle.cancel(canceled.job_id, "u")
        assert (await harness.submissions.submit(keyed(harness, key="other"))).job_id == canceled.job_id

    async def test_for_24_hours_and_no_longer(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await harness.submissions.submit(keyed(harness))
        harness.clock.ahead = timedelta(hours=23, minutes=59)
        assert (await harness.submissions.submit(keyed(harness))).job_id == first.job_id
        harness.clock.ahead = timedelta(hours=24, minutes=1)
        assert await harness.submissions.find_idempotency_record("u", "k", DIGEST) is None
        second = await harness.submissions.submit(keyed(harness))
        assert (second.job_id, second.replayed) != (first.job_id, True)
        assert second.job_id != first.job_id

    async def test_another_request_with_the_key_is_refused(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        await harness.submissions.submit(keyed(harness))
        with pytest.raises(KeyReused):
            await harness.submissions.submit(keyed(harness, digest=b"e" * 32))
        with pytest.raises(KeyReused):
            await harness.submissions.find_idempotency_record("u", "k", b"e" * 32)
        assert await harness.balance() == (7, 3)

    async def test_another_users_equal_key_is_another_key(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        await harness.grant("v", 3)
        assert (await harness.submissions.submit(keyed(harness, "u"))).replayed is False
        assert (await harness.submissions.submit(keyed(harness, "v", digest=b"e" * 32))).replayed is False

    async def test_a_user_at_the_limit_of_live_jobs_gets_the_recorded_answer(self, harness: JobHarness) -> None:
        await harness.grant("u", 200)
        first = await harness.submissions.submit(keyed(harness))
        for _ in range(harness.policy.live_jobs_per_user - 1):
            await harness.submitted()
        with pytest.raises(TooManyLiveJobs):
            await harness.submissions.submit(keyed(harness, key="new"))
        assert (await harness.submissions.submit(keyed(harness))).job_id == first.job_id
        await harness.lifecycle.cancel(first.job_id, "u")
        assert (await harness.submissions.submit(keyed(harness, key="new"))).replayed is False


class TestRaces:
    async def test_of_many_at_once_one_makes_a_job_and_the_others_get_its_answer_or_409(
        self, harness: JobHarness
    ) -> None:
        await harness.grant("u", 300)
        for round_ in range(5):
            outcomes = await asyncio.gather(
                *(harness.submissions.submit(keyed(harness, key=f"k{round_}")) for _ in range(40)),
                return_exceptions=True,
            )
            kinds = Counter(type(outcome) for outcome in outcomes)
            assert set(kinds) <= {AcceptedJob, RequestInFlight}
            made = [outcome for outcome in outcomes if isinstance(outcome, AcceptedJob)]
            assert len([outcome for outcome in made if not outcome.replayed]) == 1
            assert len({outcome.job_id for outcome in made}) == 1
        assert await jobs_of(harness) == 5
        assert await harness.balance() == (285, 15)

    async def test_while_the_first_is_undecided_it_is_in_flight(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        submission = keyed(harness)
        async with harness.database.transaction() as connection:  # as far as a submission comes that dies half-way
            await idempotency_records.claim(connection, [submission], harness.clock.now())
            await harness.submission_store.insert_pending(connection, [submission], harness.clock.now())
        with pytest.raises(RequestInFlight):
            await harness.submissions.submit(keyed(harness))
        harness.clock.ahead = timedelta(minutes=1)
        assert await harness.submissions.take_back_leftovers(timedelta(seconds=20), 10) == 1
        assert (await harness.submissions.submit(keyed(harness))).replayed is False
        assert await harness.balance() == (7, 3)

    @pytest.mark.parametrize("stale", [False, True], ids=["new", "over"])
    async def test_two_that_see_the_key_free_do_not_both_take_it(self, harness: JobHarness, stale: bool) -> None:
        await harness.grant("u", 10)
        if stale:
            await harness.submissions.submit(keyed(harness))
            harness.clock.ahead = timedelta(hours=25)
        other = keyed(harness)
        async with harness.database.transaction() as connection:  # another replica, between its statements
            assert await idempotency_records.claim(connection, [other], harness.clock.now()) == set()
            await harness.submission_store.insert_pending(connection, [other], harness.clock.now())
            second = asyncio.create_task(harness.submissions.submit(keyed(harness)))
            async with asyncio.timeout(10):
                while not await harness.rows(  # noqa: ASYNC110 - nothing tells of a lock that is waited for
                    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
                ):
                    await asyncio.sleep(0.01)
        with pytest.raises(RequestInFlight):
            await second
        assert await jobs_of(harness) == (2 if stale else 1)


class TestFreeKeys:
    async def test_a_refused_request_leaves_its_key_free(self, harness: JobHarness) -> None:
        with pytest.raises(InsufficientCredits):
            await harness.submissions.submit(keyed(harness))
        await harness.grant("u", 3)
        assert (await harness.submissions.submit(keyed(harness, digest=b"e" * 32))).status == "queued"

    async def test_billing_that_is_away_leaves_it_free_once_the_submission_is_taken_back(
        self, harness: JobHarness
    ) -> None:
        await harness.grant("u", 3)
        await harness.billing.stop(None)
        with pytest.raises(Exception, match=r"."):
            await harness.submissions.submit(keyed(harness))
        with pytest.raises(RequestInFlight):  # whether a hold was placed is not known
            await harness.submissions.submit(keyed(harness))

    async def test_copy_that_could_not_be_written_may_be_asked_for_again(self, harness: JobHarness) -> None:
        await harness.grant("u", 2)
        first = await harness.submissions.submit(keyed(harness, type="copy", worker="copy-1"))
        with pytest.raises(RequestInFlight):
            await harness.submissions.submit(keyed(harness, type="copy", worker="copy-2"))
        await harness.leases.fail(failure(first.job_id, 1, FaultKind.INPUT))
        second = await harness.submissions.submit(keyed(harness, type="copy", worker="copy-2"))
        assert (second.status, second.replayed) == ("processing", False)
        await harness.leases.complete(completion(second.job_id, 1))
        third = await harness.submissions.submit(keyed(harness, type="copy", worker="copy-3"))
        assert (third.job_id, third.status, third.replayed) == (second.job_id, "completed", True)

    async def test_a_key_can_stand_for_a_job_that_the_bodys_key_found(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        live = await harness.submissions.submit(harness.submission(idempotency_key="body"))
        first = await harness.submissions.submit(keyed(harness, idempotency_key="body"))
        assert (first.job_id, first.status, first.credits_used) == (live.job_id, "reused", 0)
        await harness.lifecycle.cancel(live.job_id, "u")
        again = await harness.submissions.submit(keyed(harness, idempotency_key="body"))
        assert (again.job_id, again.status, again.credits_used, again.replayed) == (live.job_id, "reused", 0, True)
        assert again.credits_remaining == 7


class TestForgetting:
    async def test_what_is_over_goes_a_bounded_number_at_a_time(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        for number in range(5):
            await harness.submissions.submit(keyed(harness, key=f"old-{number}"))
        harness.clock.ahead = timedelta(hours=25)
        await harness.submissions.submit(keyed(harness, key="new"))
        async with harness.database.connection() as connection:
            assert await idempotency_records.delete_expired(connection, harness.clock.now(), 2) == 2
        assert (
            await Retention(
                harness.database, harness.clock, AssetStore("memory:///"), job_retention=None
            ).delete_expired_records()
            == 3
        )
        assert [row["key"] for row in await harness.rows("select key from idempotency_record")] == ["new"]
        assert await jobs_of(harness) == 6


class TestFollowing:
    async def test_each_change_of_any_job_is_news_once(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        await harness.grant("v", 30)
        feed = UserFeed(harness.database, harness.clock)
        ended = await harness.submitted()
        await harness.lifecycle.cancel(ended, "u")
        live = await harness.submitted()
        await harness.submitted("v")
        async with feed.subscribe("u") as subscription:
            await feed.poll()
            assert await subscription.next_changes(10) == [live]
            await feed.poll()
            fresh = await harness.submitted()
            await harness.leases.lease("static_ad", "m")
            await feed.poll()
            assert set(await subscription.next_changes(10)) == {live, fresh}
            brief = await harness.submitted()  # made and ended between two looks
            await harness.lifecycle.cancel(brief, "u")
            harness.clock.ahead = timedelta(seconds=20)
            await feed.poll()
            assert await subscription.next_changes(10) == [brief]
            harness.clock.ahead = timedelta(minutes=5)
            await harness.lifecycle.cancel(fresh, "u")
            await feed.poll()
            assert fresh in await subscription.next_changes(10)
            await feed.poll()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await subscription.next_changes(10)

    async def test_what_is_looked_at_has_a_bound(self, harness: JobHarness) -> None:
        many = [uuid.uuid4() for _ in range(MAX_STREAMED_JOBS + 50)]
        await harness.rows(
            """insert into job (id, user_id, type, project_id, product_id, status, self_made, parameters, credits,
                                expires_at, deadline, created_at, updated_at)
               select id, 'u', 'video', id, id, 'queued', false, '', 40, now(), now(), now(), now()
                 from unnest(%s::uuid[]) as given (id) returning id""",
            many,
        )
        feed = UserFeed(harness.database, harness.clock)
        async with feed.subscribe("u") as subscription:
            await feed.poll()
            assert len(await subscription.next_changes(10_000)) == MAX_STREAMED_JOBS

    async def test_streams_have_a_number(self, harness: JobHarness) -> None:
        from contextlib import AsyncExitStack

        from services.job.change_feed import MAX_SUBSCRIPTIONS_PER_USER
        from services.job.domain import TooManyStreams

        feed = UserFeed(harness.database, harness.clock)
        async with AsyncExitStack() as stack:
            for _ in range(MAX_SUBSCRIPTIONS_PER_USER):
                await stack.enter_async_context(feed.subscribe("u"))
            with pytest.raises(TooManyStreams):
                await stack.enter_async_context(feed.subscribe("u"))
            await stack.enter_async_context(feed.subscribe("v"))
        async with feed.subscribe("u"):
            pass
