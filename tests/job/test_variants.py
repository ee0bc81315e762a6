"""A job of several variants: each that is stored is paid for once, the others are released, however the job ends."""

from __future__ import annotations

import asyncio
import random
import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from adwright.billing.v1 import billing_pb2
from adwright.job.v1 import job_pb2

from cli.reconciliation import compare
from services.job import queries
from services.job.domain import Asset, FaultKind, FinishedVariant, Status
from services.job.errors import JobEnded, JobsOverloaded, StaleAttempt
from services.job.lease_store import LeaseStore
from services.job.messages import status_message
from tests.job.harness import JobHarness, completion, failure

ASKED, PRICE = 8, 3


def variant(job_id: uuid.UUID, attempt: int, number: int, note: str = "seen") -> FinishedVariant:
    assets = tuple(
        Asset(id=uuid.uuid4(), type=name, key=f"{job_id}/{number}/{name}", content_type="image/png", size_bytes=1)
        for name in ("image", "thumbnail")
    )
    notes = (f"picture {number}", note)
    return FinishedVariant(
        job_id=job_id, attempt=attempt, number=number, assets=assets, notes=notes, checkpoint=b"%d" % number
    )


async def leased(harness: JobHarness) -> tuple[uuid.UUID, int]:
    """A job of ASKED variants that a worker has leased: its id and attempt. The user had 30 credits."""
    await harness.grant("u", 30)
    job_id = await harness.submitted(quantity=ASKED)
    assert await harness.balance() == (30 - ASKED * PRICE, ASKED * PRICE)
    lease = await harness.leases.lease("static_ad", "m")
    assert lease is not None
    return job_id, lease.attempt


async def seen(harness: JobHarness, job_id: uuid.UUID) -> job_pb2.JobStatus:
    return status_message(await harness.reader.job(job_id, "u"), str)


async def assert_paid_for(harness: JobHarness, job_id: uuid.UUID, made: list[int], status: Status) -> None:
    """Asserts that the job ended with these variants, that they alone were paid for, and that both sides agree."""
    await harness.settlement.settle_all()
    spent = PRICE * len(made)
    assert await harness.balance() == (30 - spent, 0)
    shown = await seen(harness, job_id)
    assert (shown.status, shown.variants_total, shown.variants_done) == (status, ASKED, len(made))
    assert [(asset.variant, asset.type) for asset in shown.assets] == [
        (number, name) for number in made for name in ("image", "thumbnail")
    ]
    [row] = await settlements(harness, job_id)
    hold = (await harness.stub.ListHolds(billing_pb2.ListHoldsRequest(job_ids=[str(job_id)], page_size=1))).holds[0]
    assert compare(row, hold) is None
    assert hold.captured == spent
    if 0 < len(made) < ASKED:
        assert f"{len(made)} of {ASKED} variants were made. You were charged {spent} credits" in shown.notes[0]


async def settlements(harness: JobHarness, job_id: uuid.UUID) -> list[job_pb2.JobSettlement]:
    async with harness.database.connection() as connection:
        return [
            job_pb2.JobSettlement(
                job_id=str(row.id),
                user_id=row.user_id,
                status=row.status,
                credits=row.credits,
                captured=row.captured,
                delivered=row.delivered,
            )
            for row in await queries.settlements_of(connection, [job_id])
        ]


class TestMoney:
    async def test_all_variants_are_captured(self, harness: JobHarness) -> None:
        job_id, attempt = await leased(harness)
        for number in range(1, ASKED + 1):
            await harness.leases.store_variant(variant(job_id, attempt, number))
        await harness.leases.complete(completion(job_id, attempt))
        await assert_paid_for(harness, job_id, list(range(1, ASKED + 1)), Status.COMPLETED)
        assert list((await seen(harness, job_id)).notes[:3]) == ["picture 1", "seen", "picture 2"]

    async def test_variants_that_failed_are_released(self, harness: JobHarness) -> None:
        job_id, attempt = await leased(harness)
        for number in (1, 2, 4, 5, 8):
            await harness.leases.store_variant(variant(job_id, attempt, number))
        await harness.leases.complete(completion(job_id, attempt))
        await assert_paid_for(harness, job_id, [1, 2, 4, 5, 8], Status.COMPLETED)

    @pytest.mark.parametrize("made", [[], [1, 2, 3]])
    async def test_cancellation_keeps_what_was_made(self, harness: JobHarness, made: list[int]) -> None:
        job_id, attempt = await leased(harness)
        for number in made:
            await harness.leases.store_variant(variant(job_id, attempt, number))
        _, _, released = await harness.lifecycle.cancel(job_id, "u")
        assert released == PRICE * (ASKED - len(made))
        with pytest.raises(StaleAttempt):
            await harness.leases.store_variant(variant(job_id, attempt, 4))
        await assert_paid_for(harness, job_id, made, Status.CANCELED)

    @pytest.mark.parametrize("kind", [FaultKind.INPUT, FaultKind.UNKNOWN])
    async def test_last_failure_keeps_what_was_made(self, harness: JobHarness, kind: FaultKind) -> None:
        job_id, attempt = await leased(harness)
        await harness.leases.store_variant(variant(job_id, attempt, 2))
        while (await harness.leases.fail(failure(job_id, attempt, kind)))[0] is Status.QUEUED:
            harness.clock.ahead += timedelta(minutes=3)
            lease = await harness.leases.lease("static_ad", "m")
            assert lease is not None
            assert lease.stored_variants == (2,)
            attempt = lease.attempt
        await assert_paid_for(harness, job_id, [2], Status.COMPLETED)
        # The attempts' deadline or a busy engine may be the cause too, so the note blames nobody.
        assert "The other variants could not be made." in (await seen(harness, job_id)).notes

    async def test_expiry_keeps_what_was_made(self, harness: JobHarness) -> None:
        job_id, attempt = await leased(harness)
        await harness.leases.store_variant(variant(job_id, attempt, 1))
        harness.clock.ahead += timedelta(hours=3)
        assert await harness.lifecycle.expire(10) == 1
        await assert_paid_for(harness, job_id, [1], Status.EXPIRED)

    async def test_live_job_has_captured_nothing(self, harness: JobHarness) -> None:
        job_id, attempt = await leased(harness)
        await harness.leases.store_variant(variant(job_id, attempt, 1))
        single = await harness.submitted()
        [several], [one] = await settlements(harness, job_id), await settlements(harness, single)
        assert (several.credits, several.delivered, several.captured) == (ASKED * PRICE, 1, 0)
        assert (one.credits, one.captured) == (PRICE, 0)

    async def test_job_without_a_variant_cannot_be_completed(self, harness: JobHarness) -> None:
        job_id, attempt = await leased(harness)
        with pytest.raises(StaleAttempt):
            await harness.leases.complete(completion(job_id, attempt))
        for settle, made in (("capture", 0), ("release", 1)):
            with psycopg.connect(harness.url) as connection, pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(
                    "update job set status = 'completed', completed_at = now(), settle = %s, delivered = %s",
                    [settle, made],
                )


class OneVariantBilling:
    """A stub of a billing service that does not know of variants: it holds the price of one."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stub, name)

    async def PlaceHolds(self, request: billing_pb2.PlaceHoldsRequest, **options: Any) -> Any:
        for hold in request.holds:
            hold.quantity = 1
        return await self._stub.PlaceHolds(request, **options)


class TestEarlierBilling:
    @pytest.mark.parametrize("quantity", [2, 8, 10])
    async def test_hold_that_cannot_be_for_all_variants_is_released(self, harness: JobHarness, quantity: int) -> None:
        await harness.grant("u", 30)
        replica = harness.replica(OneVariantBilling(harness.stub))
        with pytest.raises(JobsOverloaded):
            await replica.submissions.submit(harness.submission(quantity=quantity))
        assert await harness.balance() == (30, 0)
        assert await harness.jobs() == []
        await replica.submissions.submit(harness.submission())
        assert await harness.balance() == (30 - PRICE, PRICE)


class TestAttempts:
    async def test_lost_worker_costs_no_stored_variant_twice(self, harness: JobHarness) -> None:
        job_id, attempt = await leased(harness)
        for number in (1, 2, 3):
            await harness.leases.store_variant(variant(job_id, attempt, number))
        harness.clock.ahead += timedelta(minutes=1)
        assert await harness.lifecycle.recover_lost(10) == 1
        lease = await harness.leases.lease("static_ad", "other")
        assert lease is not None
        assert (lease.stored_variants, lease.checkpoint) == ((1, 2, 3), b"3")
        with pytest.raises(StaleAttempt):  # the lost worker is fenced
            await harness.leases.store_variant(variant(job_id, attempt, 4))
        with pytest.raises(StaleAttempt):
            await harness.leases.store_variant(variant(job_id, lease.attempt, 3))
        for number in range(4, ASKED + 1):
            await harness.leases.store_variant(variant(job_id, lease.attempt, number))
        await harness.leases.complete(completion(job_id, lease.attempt))
        await assert_paid_for(harness, job_id, list(range(1, ASKED + 1)), Status.COMPLETED)

    async def test_repeated_report_is_accepted_after_the_jobs_end(self, harness: JobHarness) -> None:
        """The worker would otherwise delete the files of a report whose response was lost."""
        job_id, attempt = await leased(harness)
        report = variant(job_id, attempt, 1)
        await asyncio.gather(*(harness.leases.store_variant(report) for _ in range(4)))
        await harness.lifecycle.cancel(job_id, "u")
        await harness.leases.store_variant(report)
        await assert_paid_for(harness, job_id, [1], Status.CANCELED)

    @pytest.mark.parametrize("other_number", [None, 2])
    async def test_report_that_overlaps_another_waits_for_it(
        self, harness: JobHarness, other_number: int | None
    ) -> None:
        """A repetition changes nothing, also while the first report has not been committed; another picture counts."""
        job_id, attempt = await leased(harness)
        first = variant(job_id, attempt, 1)
        second = first if other_number is None else variant(job_id, attempt, other_number)
        async with harness.database.transaction() as connection:
            await LeaseStore(harness.policy).store_variant(connection, first, harness.clock.now())
            repeated = asyncio.create_task(harness.leases.store_variant(second))
            await harness.until_statements_wait_for_locks(1)
        await repeated
        await harness.leases.complete(completion(job_id, attempt))
        await assert_paid_for(harness, job_id, sorted({1, other_number or 1}), Status.COMPLETED)

    async def test_cancellation_during_reports_pays_for_what_is_listed(self, harness: JobHarness) -> None:
        job_id, attempt = await leased(harness)
        chance = random.Random(4)

        async def report(number: int) -> int:
            await asyncio.sleep(chance.uniform(0, 0.05))
            try:
                await harness.leases.store_variant(variant(job_id, attempt, number))
            except StaleAttempt:
                return 0
            return number

        async def cancel() -> None:
            await asyncio.sleep(0.02)
            await harness.lifecycle.cancel(job_id, "u")
            with pytest.raises(JobEnded):
                await harness.lifecycle.cancel(job_id, "u")

        stored, _ = await asyncio.gather(asyncio.gather(*(report(number) for number in range(1, 9))), cancel())
        await assert_paid_for(harness, job_id, sorted(filter(None, stored)), Status.CANCELED)

    async def test_variants_count_in_the_queue(self, harness: JobHarness) -> None:
        await harness.grant("u", 30)
        await harness.grant("v", 30)
        first = [await harness.submitted("v") for _ in range(3)]
        first.append(await harness.submitted(quantity=4))
        await harness.submitted("v")
        order = []
        for _ in first:
            lease = await harness.leases.lease("static_ad", "m")
            assert lease is not None
            order.append(lease.job_id)
        assert order == first
