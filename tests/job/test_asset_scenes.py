"""What an asset was made from is kept with it, for its owner, as long as the asset."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import delete

from services.job import queries
from services.job.domain import Asset, Completion, FinishedVariant
from services.job.errors import AssetNotFound
from services.job.tables import asset_scene, job
from tests.job.harness import JobHarness


def asset(**more: object) -> Asset:
    return Asset(id=uuid.uuid4(), type="image", key="k", content_type="image/png", size_bytes=1, **more)  # type: ignore[arg-type]


async def scene(harness: JobHarness, asset_id: uuid.UUID, user: str = "u") -> bytes:
    async with harness.database.connection() as connection:
        return bytes((await queries.asset_scene(connection, asset_id, user)).scene)


class TestScenes:
    async def test_scene_and_parent_are_kept_with_the_asset(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        parent, bare = uuid.uuid4(), asset()
        drawn = asset(parent_asset_id=parent)
        job_id = await harness.submitted()
        lease = await harness.leases.lease("static_ad", "w")
        assert lease is not None
        result = Completion(
            job_id=job_id, attempt=1, assets=(drawn, bare), result=b"", notes=(), scenes={drawn.id: b"\x00scene"}
        )
        await harness.leases.complete(result)
        assert await scene(harness, drawn.id) == b"\x00scene"
        assert await scene(harness, bare.id) == b""
        async with harness.database.connection() as connection:
            found = (await queries.jobs_by_id(connection, [job_id]))[job_id]
        assert [item.parent_asset_id for item in found.assets] == [parent, None]
        async with harness.database.transaction() as connection:
            await queries.mark_deleted(connection, bare.id, "u", harness.clock.now())
        assert await harness.column(asset_scene.c.asset_id) == [drawn.id]
        for asset_id, user in ((bare.id, "u"), (drawn.id, "somebody else"), (uuid.uuid4(), "u")):
            with pytest.raises(AssetNotFound):
                await scene(harness, asset_id, user)
        async with harness.database.transaction() as connection:
            await queries.mark_deleted(connection, drawn.id, "u", harness.clock.now())
        assert await harness.column(asset_scene.c.asset_id) == []  # gone with the file, while the row stays

    async def test_scene_goes_with_its_job(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        drawn = asset()
        job_id = await harness.submitted()
        assert await harness.leases.lease("static_ad", "w") is not None
        result = Completion(job_id=job_id, attempt=1, assets=(drawn,), result=b"", notes=(), scenes={drawn.id: b"s"})
        await harness.leases.complete(result)
        await harness.run(delete(job).where(job.c.id == job_id))
        assert await harness.column(asset_scene.c.asset_id) == []

    async def test_each_variant_of_a_job_has_its_scene(self, harness: JobHarness) -> None:
        await harness.grant("u", 10)
        job_id = await harness.submitted(quantity=2)
        assert await harness.leases.lease("static_ad", "w") is not None
        one = asset()
        made = FinishedVariant(
            job_id=job_id, attempt=1, number=1, assets=(one,), notes=(), checkpoint=b"", scenes={one.id: b"first"}
        )
        await harness.leases.store_variant(made)
        with pytest.raises(AssetNotFound):  # it is listed when the job has ended
            await scene(harness, one.id)
        await harness.leases.complete(Completion(job_id=job_id, attempt=1, assets=(), result=b"", notes=()))
        assert await scene(harness, one.id) == b"first"
