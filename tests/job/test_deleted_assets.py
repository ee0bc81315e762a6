"""Deletion of an asset by its job's owner: not before the job has ended, and through an outage of the storage."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, cast

import pytest
from adwright.job.v1 import job_pb2

from services.chassis.errors import StorageUnavailable
from services.chassis.rpc.auth import CallerIdentity, set_caller
from services.job.errors import AssetNotFound
from services.job.servicer import JobServicer
from tests.job.harness import JobHarness, completion
from tests.job.test_event_stream import StreamHarness
from tests.job.test_outages import Folder
from tests.job.test_variants import leased, seen, variant


async def delete(servicer: JobServicer, asset_id: uuid.UUID, user: str = "u") -> None:
    set_caller(CallerIdentity(user_id=user))
    await servicer.DeleteAsset(job_pb2.DeleteAssetRequest(asset_id=str(asset_id)), cast(Any, None))


async def test_files_of_a_job_that_has_not_ended_are_kept(harness: JobHarness) -> None:
    """Until then a later attempt may still depend on them."""
    servicer = StreamHarness(harness).servicer
    job_id, attempt = await leased(harness)
    stored = variant(job_id, attempt, 1)
    await harness.leases.store_variant(stored)
    picture = stored.assets[0].id
    with pytest.raises(AssetNotFound):
        await delete(servicer, picture)
    await harness.leases.complete(completion(job_id, attempt))
    with pytest.raises(AssetNotFound):
        await delete(servicer, picture, "another user")
    await delete(servicer, picture)
    status = await seen(harness, job_id)
    assert [asset.type for asset in status.assets] == ["thumbnail"]
    assert [asset.id for asset in status.deleted_assets] == [str(picture)]


async def test_deletion_during_an_outage_stops_links_and_a_repetition_deletes_the_file(
    harness: JobHarness, tmp_path: Path
) -> None:
    (tmp_path / "assets").mkdir()
    folder = Folder(tmp_path / "assets")
    servicer = StreamHarness(harness, f"file://{folder.path}").servicer
    job_id, attempt = await leased(harness)
    stored = variant(job_id, attempt, 1)
    file = folder.path / stored.assets[0].key
    file.parent.mkdir(parents=True)
    file.write_bytes(b"a picture")
    await harness.leases.store_variant(stored)
    await harness.leases.complete(completion(job_id, attempt))
    folder.start_outage()
    with pytest.raises(StorageUnavailable):
        await delete(servicer, stored.assets[0].id)
    deleted = (await seen(harness, job_id)).deleted_assets[0].deleted_at
    folder.end_outage()
    assert file.exists()
    await delete(servicer, stored.assets[0].id)
    assert not file.exists()
    assert (await seen(harness, job_id)).deleted_assets[0].deleted_at == deleted
