"""Portraits of people: within the user's limit, never a file without a row that names it, deleted for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from adwright.catalog.v1 import catalog_pb2

from services.catalog.errors import AvatarLimitReached, AvatarNotFound
from services.catalog.portraits import PortraitServicer
from services.chassis.data.assets import AssetStore, StoredObject
from services.chassis.data.database import Database
from services.chassis.errors import DependencyUnavailable
from tests.catalog.harness import MIGRATIONS, SettableClock
from tests.running import Postgres

LIMIT = 3
CONTEXT: Any = None  # the calls read nothing of it


class Storage(AssetStore):
    """The real storage, whose next writes and deletions a test can hold or fail."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder.as_uri())
        self.written = asyncio.Event()
        self.held = False
        self.down = False

    async def put_bytes(self, key: str, content: bytes, content_type: str) -> StoredObject:
        if self.down:
            raise DependencyUnavailable("The storage is down.", retry_after_seconds=1)
        stored = await super().put_bytes(key, content, content_type)
        self.written.set()
        if self.held:
            await asyncio.Event().wait()
        return stored

    async def delete(self, key: str) -> None:
        if self.down:
            raise DependencyUnavailable("The storage is down.", retry_after_seconds=1)
        await super().delete(key)


class Harness:
    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.storage = Storage(folder)
        self.portraits = self.servicer()

    def servicer(self, limit: int = LIMIT) -> PortraitServicer:
        return PortraitServicer(
            database=self.database, assets=self.storage, clock=SettableClock(), portraits_per_user=limit
        )

    async def store(self, user: str = "u") -> catalog_pb2.Portrait:
        request = catalog_pb2.StorePortraitRequest(
            user_id=user, name="Ana", content=b"picture", content_type="image/png"
        )
        return await self.portraits.StorePortrait(request, CONTEXT)

    async def delete(self, portrait: catalog_pb2.Portrait) -> None:
        request = catalog_pb2.DeletePortraitRequest(user_id="u", portrait_id=portrait.id)
        await self.portraits.DeletePortrait(request, CONTEXT)

    async def listed(self, servicer: PortraitServicer | None = None) -> list[catalog_pb2.Portrait]:
        request = catalog_pb2.ListPortraitsRequest(user_id="u")
        return list((await (servicer or self.portraits).ListPortraits(request, CONTEXT)).portraits)

    def files(self) -> int:
        return sum(path.is_file() for path in self.folder.rglob("*"))


@pytest.fixture
async def harness(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Harness]:
    async with postgres.migrated(MIGRATIONS) as url:
        database = Database(url, pool_size=8)
        await database.open()
        try:
            yield Harness(database, tmp_path / "assets")
        finally:
            await database.close()


async def test_concurrent_uploads_stay_within_the_limit_and_leave_no_file_of_those_refused(harness: Harness) -> None:
    outcomes = await asyncio.gather(*(harness.store() for _ in range(3 * LIMIT)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, AvatarLimitReached)]
    assert len(refused) == 2 * LIMIT
    assert len(await harness.listed()) == harness.files() == LIMIT
    with pytest.raises(AvatarLimitReached):
        await harness.portraits.CheckPortraitLimit(catalog_pb2.CheckPortraitLimitRequest(user_id="u"), CONTEXT)
    await harness.portraits.CheckPortraitLimit(catalog_pb2.CheckPortraitLimitRequest(user_id="other"), CONTEXT)


async def test_upload_that_is_cancelled_behind_its_file_leaves_neither_file_nor_row(harness: Harness) -> None:
    harness.storage.held = True
    upload = asyncio.create_task(harness.store())
    await harness.storage.written.wait()
    assert len(await harness.listed()) == 1  # whatever ends the process now, the owner sees the portrait
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert not await harness.listed()
    assert not harness.files()


async def test_deleted_portrait_is_gone_and_stays_listed_while_the_storage_is_down(harness: Harness) -> None:
    portrait = await harness.store()
    harness.storage.down = True
    with pytest.raises(DependencyUnavailable):
        await harness.delete(portrait)
    assert [each.id for each in await harness.listed()] == [portrait.id]
    harness.storage.down = False
    await harness.delete(portrait)
    assert not await harness.listed()
    assert not harness.files()
    with pytest.raises(AvatarNotFound):
        await harness.delete(portrait)


async def test_limit_that_was_lowered_hides_no_portrait_from_its_owner(harness: Harness) -> None:
    stored = [await harness.store() for _ in range(LIMIT)]
    assert len(await harness.listed(harness.servicer(limit=1))) == len(stored)
