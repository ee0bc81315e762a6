"""Retention of jobs and their assets, and reconciliation with the ledger after their deletion."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from adwright.billing.v1 import billing_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from cli.reconciliation import compare
from services.chassis.data.assets import AssetStore, job_folder
from services.chassis.errors import DependencyUnavailable
from services.job import queries
from services.job.loops.retention import Retention, delete_jobs
from tests.job.harness import JobHarness, completion

JOB_RETENTION = timedelta(days=30)


def retention(harness: JobHarness, folder: Path, job_retention: timedelta | None = JOB_RETENTION) -> Retention:
    return Retention(harness.database, harness.clock, AssetStore(f"file://{folder}"), job_retention=job_retention)


async def completed(harness: JobHarness, folder: Path) -> uuid.UUID:
    """A completed and settled job, with a file of its second attempt and one left by its lost first attempt."""
    job_id = await harness.submitted()
    lease = await harness.leases.lease("static_ad", "m")
    assert lease is not None
    await harness.leases.complete(completion(job_id, lease.attempt))
    await harness.settlement.settle_all()
    for attempt in (1, 2):
        file = folder / job_folder("static_ad", str(job_id)) / str(attempt) / "asset.png"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"image")
    return job_id


def images(folder: Path) -> list[Path]:
    return list(folder.rglob("*.png"))


async def ids(harness: JobHarness) -> set[uuid.UUID]:
    return {job.id for job in await harness.jobs()}


class TestJobRetention:
    async def test_old_jobs_are_deleted_with_all_their_files(self, harness: JobHarness, tmp_path: Path) -> None:
        await harness.grant("u", 20)
        old = [await completed(harness, tmp_path) for _ in range(3)]
        harness.clock.ahead = timedelta(days=29)
        young = await completed(harness, tmp_path)
        assert await retention(harness, tmp_path).delete_old_jobs() == 0
        harness.clock.ahead = timedelta(days=31)
        assert await retention(harness, tmp_path, job_retention=None).delete_old_jobs() == 0
        assert await ids(harness) == {*old, young}
        assert await retention(harness, tmp_path).delete_old_jobs() == 3
        assert await ids(harness) == {young}
        assert {path.parts[-3] for path in images(tmp_path)} == {str(young)}
        assert (await harness.balance()) == (8, 0)  # the ledger retains what they cost, and verifies

    async def test_live_and_unsettled_jobs_are_never_deleted(self, harness: JobHarness, tmp_path: Path) -> None:
        await harness.grant("u", 20)
        unsettled = await harness.submitted()
        assert await harness.leases.lease("static_ad", "m") is not None
        await harness.leases.complete(completion(unsettled, 1))
        live = await harness.submitted()
        files = [tmp_path / job_folder("static_ad", str(job_id)) / "1" / "asset.png" for job_id in (unsettled, live)]
        for file in files:
            file.parent.mkdir(parents=True)
            file.write_bytes(b"image")
        harness.clock.ahead = timedelta(days=400)
        assert await retention(harness, tmp_path).delete_old_jobs() == 0
        assert await ids(harness) == {unsettled, live}
        assert all(file.exists() for file in files)

    async def test_job_is_retained_while_its_files_cannot_be_deleted(self, harness: JobHarness, tmp_path: Path) -> None:
        folder = tmp_path / "assets"
        folder.mkdir()
        await harness.grant("u", 20)
        job_id = await completed(harness, folder)
        harness.clock.ahead = timedelta(days=31)
        found = retention(harness, folder)
        folder.rename(tmp_path / "moved")
        folder.write_text("not a folder")
        with pytest.raises(DependencyUnavailable):
            await found.delete_old_jobs()
        assert await ids(harness) == {job_id}
        folder.unlink()
        (tmp_path / "moved").rename(folder)
        assert await found.delete_old_jobs() == 1
        assert images(folder) == []

    async def test_replicas_may_delete_concurrently(self, harness: JobHarness, tmp_path: Path) -> None:
        await harness.grant("u", 60)
        for _ in range(12):
            await completed(harness, tmp_path)
        harness.clock.ahead = timedelta(days=31)
        deleted = await asyncio.gather(*(retention(harness, tmp_path).delete_old_jobs() for _ in range(3)))
        assert sum(deleted) == 12
        assert await ids(harness) == set()
        assert images(tmp_path) == []

    async def test_deleted_until_is_recorded_and_never_decreases(self, harness: JobHarness, tmp_path: Path) -> None:
        await harness.grant("u", 20)
        await completed(harness, tmp_path)
        harness.clock.ahead = timedelta(days=31)
        await retention(harness, tmp_path).delete_old_jobs()
        async with harness.database.connection() as connection:
            first = await queries.deleted_until(connection)
        assert first is not None
        assert abs(first - (harness.clock.now() - JOB_RETENTION)) < timedelta(seconds=10)
        harness.clock.ahead = timedelta(days=32)
        await completed(harness, tmp_path)
        harness.clock.ahead = timedelta(days=70)
        await retention(harness, tmp_path, job_retention=timedelta(days=35)).delete_old_jobs()
        async with harness.database.connection() as connection:
            later = await queries.deleted_until(connection)
            assert later is not None
            assert later > first
            await delete_jobs(connection, [], first)
            assert await queries.deleted_until(connection) == later


class TestReconciliation:
    @pytest.mark.parametrize(
        ("state", "days", "wrong"),
        [("captured", 40, False), ("captured", 20, True), ("held", 40, True), ("released", 40, False)],
    )
    def test_hold_of_a_deleted_job_is_no_difference(self, state: str, days: int, wrong: bool) -> None:
        now = datetime.now(UTC)
        created = Timestamp()
        created.FromDatetime(now - timedelta(days=days))
        hold = billing_pb2.Hold(job_id="j", user_id="u", amount=3, state=state, created_at=created)
        assert (compare(None, hold, (now - JOB_RETENTION).timestamp()) is not None) is wrong
