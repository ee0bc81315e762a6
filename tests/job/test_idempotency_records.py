"""Idempotency records: the guarantees of an Idempotency-Key in every state of its job."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from services.chassis.data.assets import AssetStore
from services.chassis.errors import DependencyUnavailable
from services.job import idempotency_records
from services.job.domain import AcceptedJob, FaultKind, Submission
from services.job.errors import InsufficientCredits, KeyReused, RequestInFlight, TooManyLiveJobs
from services.job.loops.retention import Retention
from services.job.tables import idempotency_record
from tests.job.harness import JobHarness, completion, failure

DIGEST = b"d" * 32


def keyed(harness: JobHarness, user: str = "u", key: str = "k", digest: bytes = DIGEST, **changes: Any) -> Submission:
    return harness.submission(user, idempotency_key_header=key, request_digest=digest, **changes)


async def jobs_of(harness: JobHarness) -> int:
    return len(await harness.jobs())


class TestReplay:
    async def test_repetition_replays_the_response_and_is_charged_once(self, harness: JobHarness) -> None:
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

    async def test_response_is_replayed_after_the_jobs_end(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await harness.submissions.submit(keyed(harness))
        await harness.leases.lease("static_ad", "m")
        await harness.leases.complete(completion(first.job_id, 1))
        assert (await harness.submissions.submit(keyed(harness))).job_id == first.job_id
        canceled = await harness.submissions.submit(keyed(harness, key="other"))
        await harness.lifecycle.cancel(canceled.job_id, "u")
        assert (await harness.submissions.submit(keyed(harness, key="other"))).job_id == canceled.job_id

    async def test_response_is_replayed_for_24_hours(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        first = await harness.submissions.submit(keyed(harness))
        harness.clock.ahead = timedelta(hours=23, minutes=59)
        assert (await harness.submissions.submit(keyed(harness))).job_id == first.job_id
        harness.clock.ahead = timedelta(hours=24, minutes=1)
        assert await harness.submissions.find_idempotency_record("u", "k", DIGEST) is None
        second = await harness.submissions.submit(keyed(harness))
        assert (second.job_id, second.replayed) != (first.job_id, True)
        assert second.job_id != first.job_id

    async def test_different_request_with_the_key_is_refused(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        await harness.submissions.submit(keyed(harness))
        with pytest.raises(KeyReused):
            await harness.submissions.submit(keyed(harness, digest=b"e" * 32))
        with pytest.raises(KeyReused):
            await harness.submissions.find_idempotency_record("u", "k", b"e" * 32)
        assert await harness.balance() == (7, 3)

    async def test_keys_of_different_users_are_independent(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        await harness.grant("v", 3)
        assert (await harness.submissions.submit(keyed(harness, "u"))).replayed is False
        assert (await harness.submissions.submit(keyed(harness, "v", digest=b"e" * 32))).replayed is False

    async def test_response_is_replayed_at_the_limit_of_live_jobs(self, harness: JobHarness) -> None:
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
    async def test_concurrent_requests_of_a_key_create_one_job(self, harness: JobHarness) -> None:
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

    async def test_repetition_of_an_undecided_request_is_in_flight(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        submission = keyed(harness)
        async with harness.database.transaction() as connection:  # the state that an interrupted submission leaves
            await idempotency_records.claim(connection, [submission], harness.clock.now())
            await harness.submission_store.insert_pending(connection, [submission], harness.clock.now())
        with pytest.raises(RequestInFlight):
            await harness.submissions.submit(keyed(harness))
        harness.clock.ahead = timedelta(minutes=1)
        assert await harness.submissions.take_back_leftovers(timedelta(seconds=20), 10) == 1
        assert (await harness.submissions.submit(keyed(harness))).replayed is False
        assert await harness.balance() == (7, 3)

    @pytest.mark.parametrize("stale", [False, True], ids=["new", "expired"])
    async def test_two_transactions_do_not_claim_the_same_free_key(self, harness: JobHarness, stale: bool) -> None:
        await harness.grant("u", 10)
        if stale:
            await harness.submissions.submit(keyed(harness))
            harness.clock.ahead = timedelta(hours=25)
        other = keyed(harness)
        async with harness.database.transaction() as connection:  # another replica, between its statements
            assert await idempotency_records.claim(connection, [other], harness.clock.now()) == set()
            await harness.submission_store.insert_pending(connection, [other], harness.clock.now())
            second = asyncio.create_task(harness.submissions.submit(keyed(harness)))
            await harness.until_statements_wait_for_locks(1)
        with pytest.raises(RequestInFlight):
            await second
        assert await jobs_of(harness) == (2 if stale else 1)


class TestFreeKeys:
    async def test_refused_request_releases_its_key(self, harness: JobHarness) -> None:
        with pytest.raises(InsufficientCredits):
            await harness.submissions.submit(keyed(harness))
        await harness.grant("u", 3)
        assert (await harness.submissions.submit(keyed(harness, digest=b"e" * 32))).status == "queued"

    async def test_key_stays_claimed_while_a_hold_is_uncertain(self, harness: JobHarness) -> None:
        await harness.grant("u", 3)
        await harness.billing.stop(None)
        with pytest.raises(DependencyUnavailable):
            await harness.submissions.submit(keyed(harness))
        with pytest.raises(RequestInFlight):  # it is unknown whether a hold was placed
            await harness.submissions.submit(keyed(harness))

    async def test_key_of_a_failed_copy_is_free_again(self, harness: JobHarness) -> None:
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

    async def test_header_key_replays_a_job_that_the_body_key_found(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        live = await harness.submissions.submit(harness.submission(idempotency_key="body"))
        first = await harness.submissions.submit(keyed(harness, idempotency_key="body"))
        assert (first.job_id, first.status, first.credits_used) == (live.job_id, "reused", 0)
        await harness.lifecycle.cancel(live.job_id, "u")
        again = await harness.submissions.submit(keyed(harness, idempotency_key="body"))
        assert (again.job_id, again.status, again.credits_used, again.replayed) == (live.job_id, "reused", 0, True)
        assert again.credits_remaining == 7


class TestRecordRetention:
    async def test_expired_records_are_deleted_in_bounded_batches(self, harness: JobHarness) -> None:
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
        assert await harness.column(idempotency_record.c.key) == ["new"]
        assert await jobs_of(harness) == 6
