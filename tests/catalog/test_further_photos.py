"""Several uploaded photos of a product: in order, at most ten, deleted with the product."""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

import psycopg
import pytest

from tests.catalog.harness import CatalogHarness, Refused
from tests.catalog.photos import photo

MAX_PHOTOS = 10
COLOURS = ("red", "green", "blue", "white", "black", "yellow", "orange", "purple", "pink", "brown", "grey")


async def create(harness: CatalogHarness, *colours: str) -> str:
    """Creates a project with one product that has these photos; returns the product's id."""
    user = harness.user()
    product_id = await user.create_product(await user.create_project())
    for colour in colours:
        await user.add_photo(product_id, photo(colour))
    return product_id


async def ids(harness: CatalogHarness, product_id: str) -> list[str]:
    """Returns the ids of a product's photos by position."""
    product = await harness.user(replica=1).call("GetProduct", product_id=product_id)
    assert [image.position for image in product.images] == list(range(1, product.image_count + 1))
    return [image.id for image in product.images]


async def photos(harness: CatalogHarness, product_id: str) -> list[bytes]:
    """Returns the photos of a product by position."""
    return [
        (await harness.user().call("GetProductImageById", product_id=product_id, image_id=image_id)).data
        for image_id in await ids(harness, product_id)
    ]


async def delete(harness: CatalogHarness, product_id: str, position: int) -> Any:
    """Deletes the photo in a position; returns the product."""
    image_id = (await ids(harness, product_id))[position - 1]
    return await harness.user().call("DeleteProductImage", product_id=product_id, image_id=image_id)


class TestPositions:
    async def test_photos_stand_in_the_order_of_their_uploads(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red", "green", "blue")
        assert await photos(harness, product_id) == [photo("red"), photo("green"), photo("blue")]
        product = await harness.user(replica=1).call("GetProduct", product_id=product_id)
        assert (product.has_image, product.image_count) == (True, 3)

    async def test_position_1_is_the_main_photo(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red", "green")
        main = await harness.user().call("GetProductImage", product_id=product_id)
        assert main.data == (await photos(harness, product_id))[0]
        product = await harness.user().upload_photo(product_id, photo("blue"))
        assert product.image_count == 2
        assert await photos(harness, product_id) == [photo("blue"), photo("green")]
        assert sorted(harness.photos()) == sorted([photo("blue"), photo("green")])

    async def test_each_photo_has_the_type_of_its_bytes(self, harness: CatalogHarness) -> None:
        product_id = await create(harness)
        types = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
        for kind in types:
            await harness.user().add_photo(product_id, photo(kind=kind))
        found = [
            (await harness.user().call("GetProductImageById", product_id=product_id, image_id=image_id)).content_type
            for image_id in await ids(harness, product_id)
        ]
        assert found == list(types.values())

    async def test_photo_of_another_product_is_not_found(self, harness: CatalogHarness) -> None:
        product_id, other_id = await create(harness, "red"), await create(harness, "green")
        (other_image,) = await ids(harness, other_id)
        for method in ("GetProductImageById", "DeleteProductImage"):
            with pytest.raises(Refused) as refused:
                await harness.user().call(method, product_id=product_id, image_id=other_image)
            assert (refused.value.code, refused.value.reason) == ("NOT_FOUND", "IMAGE_NOT_FOUND")
            assert refused.value.message == "The product has no uploaded photo with this id."
            for image_id in ("", "1", "../secret"):
                with pytest.raises(Refused) as refused:
                    await harness.user().call(method, product_id=product_id, image_id=image_id)
                assert set(refused.value.fields) == {"imageId"}
        assert sorted(harness.photos()) == sorted([photo("red"), photo("green")])

    async def test_id_stays_until_the_photo_is_replaced_or_deleted(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red", "green", "blue")
        red, green, blue = await ids(harness, product_id)
        assert len({red, green, blue}) == 3
        await delete(harness, product_id, 2)
        assert await ids(harness, product_id) == [red, blue]
        await harness.user().upload_photo(product_id, photo("white"))
        white, still_blue = await ids(harness, product_id)
        assert (white not in (red, green, blue), still_blue) == (True, blue)

    async def test_update_of_the_product_keeps_its_photos(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red", "green")
        await harness.user().call("UpdateProduct", product_id=product_id, name="Flask")
        assert await photos(harness, product_id) == [photo("red"), photo("green")]


class TestDeletion:
    @pytest.mark.parametrize(
        ("position", "left"), [(1, ["green", "blue"]), (2, ["red", "blue"]), (3, ["red", "green"])]
    )
    async def test_photos_behind_a_deleted_one_move_up(
        self, harness: CatalogHarness, position: int, left: list[str]
    ) -> None:
        product_id = await create(harness, "red", "green", "blue")
        product = await delete(harness, product_id, position)
        assert (product.image_count, len(product.images)) == (2, 2)
        assert await photos(harness, product_id) == [photo(colour) for colour in left]
        assert sorted(harness.photos()) == sorted(photo(colour) for colour in left)

    async def test_repeated_deletion_deletes_nothing(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red", "green", "blue")
        request = {"product_id": product_id, "image_id": (await ids(harness, product_id))[0]}
        await harness.user().call("DeleteProductImage", **request)
        before = await harness.user().call("GetProduct", product_id=product_id)
        with pytest.raises(Refused) as refused:
            await harness.user(replica=1).call("DeleteProductImage", **request)
        assert (refused.value.code, refused.value.reason) == ("NOT_FOUND", "IMAGE_NOT_FOUND")
        assert await harness.user().call("GetProduct", product_id=product_id) == before
        assert await photos(harness, product_id) == [photo("green"), photo("blue")]

    async def test_concurrent_deletions_of_one_photo_delete_only_that_one(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red", "green", "blue")
        request = {"product_id": product_id, "image_id": (await ids(harness, product_id))[0]}
        async with harness.lock_rows("select 1 from product where id = %s for update", product_id):
            calls = [
                asyncio.ensure_future(harness.user(replica=replica).call("DeleteProductImage", **request))
                for replica in (0, 1)
            ]
            await harness.until_statements_wait_for_locks(2)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)] == ["IMAGE_NOT_FOUND"]
        assert await photos(harness, product_id) == [photo("green"), photo("blue")]

    async def test_new_main_photo_keeps_its_type(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red")
        await harness.user().add_photo(product_id, photo(kind="JPEG"))
        await delete(harness, product_id, 1)
        assert (await harness.user().call("GetProductImage", product_id=product_id)).content_type == "image/jpeg"

    async def test_product_without_its_last_photo_has_none(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red")
        product = await delete(harness, product_id, 1)
        assert (product.has_image, product.image_count, harness.photos()) == (False, 0, [])

    async def test_photos_are_deleted_with_their_product_and_project(self, harness: CatalogHarness) -> None:
        await harness.user().call("DeleteProduct", product_id=await create(harness, "red", "green"))
        assert harness.photos() == []
        product_id = await create(harness, "red", "green")
        project_id = (await harness.user().call("GetProduct", product_id=product_id)).project_id
        await harness.user().call("DeleteProject", project_id=project_id)
        assert harness.photos() == []


class TestLimit:
    async def test_eleventh_photo_is_refused_until_one_is_deleted(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, *COLOURS[:MAX_PHOTOS])
        with pytest.raises(Refused) as refused:
            await harness.user().add_photo(product_id, photo(COLOURS[-1]))
        assert (refused.value.code, refused.value.reason) == ("ABORTED", "IMAGE_LIMIT_REACHED")
        assert refused.value.message == "A product can have at most 10 uploaded photos. Delete one first."
        with pytest.raises(Refused) as refused:  # before it is decoded, which takes up to a second
            await harness.user().add_photo(product_id, b"no photo")
        assert refused.value.reason == "IMAGE_LIMIT_REACHED"
        assert len(harness.photos()) == MAX_PHOTOS
        await delete(harness, product_id, 1)
        await harness.user().add_photo(product_id, photo(COLOURS[-1]))
        assert await photos(harness, product_id) == [photo(colour) for colour in COLOURS[1:]]

    async def test_concurrent_uploads_never_exceed_the_limit(self, harness: CatalogHarness) -> None:
        """The row lock lets both uploads read the product before either changes it, unless they lock it first."""
        product_id = await create(harness, *COLOURS[: MAX_PHOTOS - 1])
        async with harness.lock_rows("select 1 from product where id = %s for update", product_id):
            calls = [
                asyncio.ensure_future(harness.user(replica=replica).add_photo(product_id, photo(COLOURS[-1])))
                for replica in (0, 1)
            ]
            await harness.until_statements_wait_for_locks(2)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        reasons = sorted(outcome.reason if isinstance(outcome, Refused) else "added" for outcome in outcomes)
        assert reasons == ["IMAGE_LIMIT_REACHED", "added"]
        assert len(harness.photos()) == MAX_PHOTOS

    async def test_schema_refuses_an_eleventh_photo_and_further_ones_without_a_main_one(
        self, harness: CatalogHarness
    ) -> None:
        product_id = await create(harness)
        for change in ("further_image_keys = array_fill('k'::text, array[10])", "further_image_keys = '{k}'"):
            set_main = "image_key = 'k', image_type = 't', " if "fill" in change else ""
            with pytest.raises(psycopg.errors.CheckViolation):
                async with harness.lock_rows(f"update product set {set_main}{change} where id = %s", product_id):
                    pass


class TestUploads:
    async def test_unusable_photo_is_refused_and_changes_nothing(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red")
        with pytest.raises(Refused) as refused:
            await harness.user().add_photo(product_id, b"no photo")
        assert refused.value.reason == "IMAGE_UNREADABLE"
        assert harness.photos() == [photo("red")]

    async def test_concurrent_uploads_are_both_kept(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red")
        async with harness.lock_rows("select 1 from product where id = %s for update", product_id):
            calls = [
                asyncio.ensure_future(harness.user(replica=replica).add_photo(product_id, photo(colour)))
                for replica, colour in enumerate(["green", "blue"])
            ]
            await harness.until_statements_wait_for_locks(2)
        await asyncio.gather(*calls)
        assert sorted(await photos(harness, product_id)) == sorted(photo(c) for c in ("red", "green", "blue"))

    async def test_upload_without_storage_is_refused_as_retryable(self, harness: CatalogHarness) -> None:
        product_id = await create(harness)
        shutil.rmtree(harness.assets)
        with pytest.raises(Refused) as refused:
            await harness.user().add_photo(product_id, photo())
        assert (refused.value.reason, refused.value.retryable) == ("STORAGE_UNAVAILABLE", True)
        assert (await harness.user().call("GetProduct", product_id=product_id)).image_count == 0


class TestBrief:
    async def test_brief_has_the_keys_of_all_photos_the_main_one_first(self, harness: CatalogHarness) -> None:
        product_id = await create(harness, "red", "green")
        project_id = (await harness.user().call("GetProduct", product_id=product_id)).project_id
        brief = await harness.service().brief("u", project_id, product_id)
        contents = [(harness.assets / key).read_bytes() for key in brief.image_keys]
        assert contents == [photo("red"), photo("green")]
        assert brief.image_key == brief.image_keys[0]
        await delete(harness, product_id, 1)
        brief = await harness.service().brief("u", project_id, product_id)
        assert [(harness.assets / key).read_bytes() for key in brief.image_keys] == [photo("green")]

    async def test_brief_of_a_product_without_photos_has_no_keys(self, harness: CatalogHarness) -> None:
        product_id = await create(harness)
        project_id = (await harness.user().call("GetProduct", product_id=product_id)).project_id
        brief = await harness.service().brief("u", project_id, product_id)
        assert (brief.image_key, list(brief.image_keys)) == ("", [])
