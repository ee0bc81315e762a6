"""Briefs: never older than their request, on any replica, and only of the user's own product in their own project."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from services.catalog.catalog_store import CatalogStore
from services.catalog.domain import BriefKey, Product, Project
from services.chassis.data.database import Database
from services.chassis.data.ids import new_id
from tests.catalog.harness import CatalogHarness, HarnessReader, Refused, harness_briefs, harness_understandings
from tests.catalog.photos import photo

UNKNOWN = "4be0643f-1d98-473b-97cd-ca98a65347dd"
REPLICAS = (0, 1)


async def create(harness: CatalogHarness, user: str = "u") -> tuple[str, str]:
    """Creates a project with one product; returns their ids."""
    project_id = await harness.user(user).create_project()
    return project_id, await harness.user(user).create_product(project_id)


async def reason(harness: CatalogHarness, user: str, project_id: str, product_id: str) -> str:
    """Looks a brief up; returns the reason of the refusal, or "found"."""
    try:
        await harness.service().brief(user, project_id, product_id)
    except Refused as refused:
        return refused.reason
    return "found"


class TestContents:
    async def test_brief_holds_project_and_product_as_their_owner_gets_them(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        brief = await harness.service().brief("u", project_id, product_id)
        assert brief.project == await harness.user().call("GetProject", project_id=project_id)
        assert brief.product == await harness.user().call("GetProduct", product_id=product_id)
        assert brief.image_key == ""

    async def test_image_key_names_the_uploaded_photo_in_the_asset_storage(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        await harness.user().upload_photo(product_id, photo())
        brief = await harness.service().brief("u", project_id, product_id)
        assert (harness.assets / brief.image_key).read_bytes() == photo()


class TestFreshness:
    """The clock stands still, so that changes cannot be recognised by their time."""

    async def test_every_change_shows_in_the_next_lookup_on_every_replica(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        for number in range(4):
            user = harness.user(replica=number % 2)
            await user.call("UpdateProduct", product_id=product_id, name=f"Bottle {number}")
            await user.call("UpdateProject", project_id=project_id, brand={"font": f"Font {number}"})
            for replica in REPLICAS:
                brief = await harness.service(replica=replica).brief("u", project_id, product_id)
                assert (brief.product.name, brief.project.brand.font) == (f"Bottle {number}", f"Font {number}")

    async def test_new_photo_shows_in_the_next_lookup_on_every_replica(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        for colour in ("red", "blue"):
            await harness.user().upload_photo(product_id, photo(colour))
            for replica in REPLICAS:
                brief = await harness.service(replica=replica).brief("u", project_id, product_id)
                assert (harness.assets / brief.image_key).read_bytes() == photo(colour)

    async def test_brief_of_a_deleted_product_or_project_is_not_found(self, harness: CatalogHarness) -> None:
        project_id, product_id = await create(harness)
        for replica in REPLICAS:
            await harness.service(replica=replica).brief("u", project_id, product_id)
        await harness.user().call("DeleteProduct", product_id=product_id)
        for replica in REPLICAS:
            with pytest.raises(Refused) as refused:
                await harness.service(replica=replica).brief("u", project_id, product_id)
            assert refused.value.reason == "PRODUCT_NOT_FOUND"
        await harness.user().call("DeleteProject", project_id=project_id)
        assert await reason(harness, "u", project_id, product_id) == "PROJECT_NOT_FOUND"

    async def test_unchanged_rows_are_converted_once(self, harness: CatalogHarness) -> None:
        database = Database(harness.url, pool_size=2)
        await database.open()
        store, now = CatalogStore(projects_per_user=9, products_per_project=9), harness.clock.now()
        project = Project(id=new_id(now), user_id="u", name="Aurora", brand=b"", created_at=now, updated_at=now)
        product = Product(
            id=new_id(now), project_id=project.id, user_id="u", name="Bottle", description="", features=(), price=None,
            currency=None, image_url=None, image_key=None, image_type=None, landing_page=None, audience="",
            created_at=now, updated_at=now,
        )  # fmt: skip
        async with database.transaction() as connection:
            await store.insert_project(connection, project)
            await store.insert_product(connection, product)
        understandings = harness_understandings(database, HarnessReader(), harness.clock)
        briefs, key = harness_briefs(database, understandings), BriefKey("u", project.id, product.id)
        await briefs.find([key])  # reads the product
        (first,) = await briefs.find([key])
        (second,) = await briefs.find([key])
        assert second is first
        async with database.transaction() as connection:
            await store.update_product(connection, replace(product, name="Flask"))
        (renamed,) = await briefs.find([key])
        assert not isinstance(renamed, BaseException)
        assert renamed.product.name == "Flask"
        await understandings.close()
        await database.close()


class TestOwnership:
    async def test_brief_needs_a_project_of_the_user_and_a_product_of_the_project(
        self, harness: CatalogHarness
    ) -> None:
        project_id, product_id = await create(harness)
        other_project_id, other_product_id = await create(harness)
        foreign_project_id, foreign_product_id = await create(harness, "stranger")
        for user, project, product, expected in (
            ("u", project_id, product_id, "found"),
            ("stranger", project_id, product_id, "PROJECT_NOT_FOUND"),
            ("u", foreign_project_id, foreign_product_id, "PROJECT_NOT_FOUND"),
            ("u", UNKNOWN, product_id, "PROJECT_NOT_FOUND"),
            ("u", project_id, UNKNOWN, "PRODUCT_NOT_FOUND"),
            ("u", project_id, foreign_product_id, "PRODUCT_NOT_FOUND"),
            ("u", project_id, other_product_id, "PRODUCT_NOT_FOUND"),
            ("u", other_project_id, other_product_id, "found"),
        ):
            for _ in range(2):  # the second lookup finds the cache filled
                assert await reason(harness, user, project, product) == expected, (user, project, product)


class TestBatches:
    async def test_concurrent_lookups_each_get_their_own_outcome(self, harness: CatalogHarness) -> None:
        """The table lock holds the first lookup back, so that the others wait and are read as one batch."""
        project_id, product_id = await create(harness)
        other_project_id, other_product_id = await create(harness, "other")
        keys = [
            ("u", project_id, product_id),
            ("u", other_project_id, other_product_id),
            ("other", other_project_id, other_product_id),
            ("u", project_id, UNKNOWN),
        ]
        async with harness.lock_rows("lock table project in access exclusive mode"):
            calls = [asyncio.ensure_future(reason(harness, *key)) for key in keys * 5]
            await harness.until_statements_wait_for_locks(1)
        assert await asyncio.gather(*calls) == ["found", "PROJECT_NOT_FOUND", "found", "PRODUCT_NOT_FOUND"] * 5
