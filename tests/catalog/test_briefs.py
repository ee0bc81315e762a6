"""Briefs: never older than the question, and each for its owner only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.catalog.briefs import Briefs
from services.catalog.catalog_store import CatalogStore
from services.catalog.domain import BriefKey, Product, Project
from services.catalog.errors import ProductNotFound, ProjectNotFound
from services.chassis.data.database import Database, migrate
from services.chassis.data.ids import new_id
from tests.running import Postgres

MIGRATIONS = Path(__file__).resolve().parents[2] / "services" / "catalog" / "migrations"
NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)


@dataclass
class Shelf:
    """A catalogue with one project and one product, and two replicas that look briefs up."""

    database: Database
    storage: CatalogStore
    project: Project
    product: Product
    briefs: Briefs
    other: Briefs

    @property
    def key(self) -> BriefKey:
        return BriefKey(self.project.user_id, self.project.id, self.product.id)

    async def rename(self, name: str) -> None:
        """By whatever replica, within the same microsecond as before."""
        async with self.database.transaction() as connection:
            await self.storage.update_product(connection, replace(self.product, name=name))


@pytest.fixture
async def shelf(postgres: Postgres) -> AsyncIterator[Shelf]:
    url = postgres.database()
    await migrate(url, MIGRATIONS)
    database = Database(url, pool_size=4)
    await database.open()
    storage = CatalogStore(projects_per_user=9, products_per_project=9)
    project = Project(id=new_id(NOW), user_id="u", name="Aurora", brand=b"", created_at=NOW, updated_at=NOW)
    product = Product(
        id=new_id(NOW), project_id=project.id, user_id="u", name="Bottle", description="d", features=("f",), price=None,
        currency=None, image_url=None, image_key=None, image_type=None, landing_page=None, audience="", created_at=NOW,
        updated_at=NOW,
    )  # fmt: skip
    async with database.transaction() as connection:
        await storage.insert_project(connection, project)
        await storage.insert_product(connection, product)
    briefs, other = (Briefs(database=database, store=storage) for _ in range(2))
    yield Shelf(database, storage, project, product, briefs, other)
    await database.close()


class TestBriefs:
    async def test_a_change_shows_at_once_on_every_replica(self, shelf: Shelf) -> None:
        for number in range(5):
            for briefs in (shelf.briefs, shelf.other):
                await briefs.find(shelf.key)
            await shelf.rename(f"Bottle {number}")
            for briefs in (shelf.briefs, shelf.other):
                assert (await briefs.find(shelf.key)).product.name == f"Bottle {number}"

    async def test_a_change_of_the_project_shows_at_once(self, shelf: Shelf) -> None:
        assert (await shelf.briefs.find(shelf.key)).project.name == "Aurora"
        async with shelf.database.transaction() as connection:
            await shelf.storage.update_project(connection, replace(shelf.project, name="Borealis"))
        assert (await shelf.briefs.find(shelf.key)).project.name == "Borealis"

    async def test_what_was_deleted_is_not_found_again(self, shelf: Shelf) -> None:
        await shelf.briefs.find(shelf.key)
        async with shelf.database.transaction() as connection:
            await shelf.storage.delete_product(connection, shelf.product.id, "u")
        with pytest.raises(ProductNotFound):
            await shelf.briefs.find(shelf.key)
        async with shelf.database.transaction() as connection:
            await shelf.storage.delete_project(connection, shelf.project.id, "u")
        with pytest.raises(ProjectNotFound):
            await shelf.briefs.find(shelf.key)

    async def test_strangers_find_nothing_however_often_the_owner_has_looked(self, shelf: Shelf) -> None:
        stranger = shelf.key._replace(user_id="stranger")
        found = await asyncio.gather(
            *(shelf.briefs.find(key) for key in [shelf.key, stranger] * 20), return_exceptions=True
        )
        assert all(not isinstance(brief, BaseException) for brief in found[::2])
        assert all(isinstance(refusal, ProjectNotFound) for refusal in found[1::2])

    async def test_unchanged_rows_are_not_read_again(self, shelf: Shelf) -> None:
        first = await shelf.briefs.find(shelf.key)
        assert await shelf.briefs.find(shelf.key) is first
