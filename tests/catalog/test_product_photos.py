"""Product photos: checked on upload, stored as they are, replaced and deleted with their product."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from services.media.photo import MAX_ASPECT, MAX_SIDE, MIN_SIDE
from tests.catalog.harness import CatalogHarness, Refused
from tests.catalog.photos import photo

MAX_PHOTO_MIB = 10
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>'


async def create(harness: CatalogHarness) -> str:
    """Creates a project with one product; returns the product's id."""
    return await harness.user().create_product(await harness.user().create_project())


class TestUpload:
    @pytest.mark.parametrize(
        ("kind", "content_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
    )
    async def test_photo_is_returned_as_uploaded_with_the_type_of_its_bytes(
        self, harness: CatalogHarness, kind: str, content_type: str
    ) -> None:
        product_id, content = await create(harness), photo(kind=kind)
        harness.clock.advance(60)
        product = await harness.user().upload_photo(product_id, content, "text/html")
        assert product.has_image
        assert product.updated_at.seconds - product.created_at.seconds == 60
        image = await harness.user(replica=1).call("GetProductImage", product_id=product_id)
        assert (image.content_type, image.data) == (content_type, content)
        assert harness.photos() == [content]

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            pytest.param(b"", "IMAGE_UNREADABLE", id="empty"),
            pytest.param(b"no photo", "IMAGE_UNREADABLE", id="text"),
            pytest.param(SVG, "IMAGE_UNREADABLE", id="svg"),
            pytest.param(b"%PDF-1.7\n", "IMAGE_UNREADABLE", id="pdf"),
            pytest.param(HEIC, "IMAGE_UNREADABLE", id="heic"),
            pytest.param(photo(kind="GIF"), "IMAGE_UNREADABLE", id="gif"),
            pytest.param(photo(kind="TIFF"), "IMAGE_UNREADABLE", id="tiff"),
            pytest.param(photo(kind="JPEG")[:-40], "IMAGE_UNREADABLE", id="truncated"),
            pytest.param(photo(size=(MIN_SIDE - 1, 100)), "IMAGE_UNREADABLE", id="too narrow"),
            pytest.param(photo(size=(MIN_SIDE * MAX_ASPECT + 1, MIN_SIDE)), "IMAGE_UNREADABLE", id="sliver"),
            pytest.param(photo(size=(MAX_SIDE + 1, MIN_SIDE)), "IMAGE_TOO_LARGE", id="too wide"),
            pytest.param(partial(photo, size=(8_001, 8_001)), "IMAGE_TOO_LARGE", id="too many pixels"),  # 1 s
        ],
    )
    async def test_unusable_photo_is_refused_and_the_former_one_stays(
        self, harness: CatalogHarness, content: bytes | Callable[[], bytes], reason: str
    ) -> None:
        product_id = await create(harness)
        await harness.user().upload_photo(product_id, photo())
        with pytest.raises(Refused) as refused:
            await harness.user().upload_photo(product_id, content if isinstance(content, bytes) else content())
        assert refused.value.reason == reason
        assert refused.value.message.startswith("The photo ")
        assert not refused.value.retryable
        assert (await harness.user().call("GetProductImage", product_id=product_id)).data == photo()
        assert harness.photos() == [photo()]

    @pytest.mark.parametrize("size", [(MIN_SIDE, MIN_SIDE), (MAX_SIDE, MAX_SIDE // MAX_ASPECT)])
    async def test_photo_of_the_smallest_and_the_largest_side_is_accepted(
        self, harness: CatalogHarness, size: tuple[int, int]
    ) -> None:
        assert (await harness.user().upload_photo(await create(harness), photo(size=size))).has_image

    async def test_photo_of_the_largest_size_in_bytes_is_accepted_and_a_larger_one_refused(
        self, harness: CatalogHarness
    ) -> None:
        product_id = await create(harness)
        content = photo().ljust(MAX_PHOTO_MIB * 1024 * 1024, b"\0")  # decoders ignore bytes after a PNG's end
        with pytest.raises(Refused) as refused:
            await harness.user().upload_photo(product_id, content + b"\0")
        assert (refused.value.code, refused.value.reason) == ("OUT_OF_RANGE", "IMAGE_TOO_LARGE")
        assert refused.value.message == f"The photo may be at most {MAX_PHOTO_MIB} MiB."
        await harness.user().upload_photo(product_id, content)
        assert len((await harness.user().call("GetProductImage", product_id=product_id)).data) == len(content)

    async def test_update_of_the_product_keeps_its_photo(self, harness: CatalogHarness) -> None:
        product_id = await create(harness)
        await harness.user().upload_photo(product_id, photo())
        assert (await harness.user().call("UpdateProduct", product_id=product_id, name="Flask")).has_image
        assert (await harness.user().call("GetProductImage", product_id=product_id)).data == photo()

    async def test_product_without_an_upload_has_no_photo(self, harness: CatalogHarness) -> None:
        with pytest.raises(Refused) as refused:
            await harness.user().call("GetProductImage", product_id=await create(harness))
        assert (refused.value.code, refused.value.reason) == ("NOT_FOUND", "IMAGE_NOT_FOUND")
        assert refused.value.message == "No photo was uploaded for this product."


class TestReplacement:
    async def test_replaced_photo_is_deleted(self, harness: CatalogHarness) -> None:
        product_id = await create(harness)
        for colour in ("red", "green", "blue"):
            await harness.user().upload_photo(product_id, photo(colour))
        assert harness.photos() == [photo("blue")]
        assert (await harness.user().call("GetProductImage", product_id=product_id)).data == photo("blue")

    async def test_of_concurrent_uploads_only_the_photo_of_the_product_stays(self, harness: CatalogHarness) -> None:
        """The row lock lets both uploads read the product before either changes it, unless they lock it first."""
        product_id = await create(harness)
        await harness.user().upload_photo(product_id, photo("red"))
        async with harness.lock_rows("select 1 from product where id = %s for update", product_id):
            calls = [
                asyncio.ensure_future(harness.user(replica=replica).upload_photo(product_id, photo(colour)))
                for replica, colour in enumerate(["green", "blue"])
            ]
            await harness.until_statements_wait_for_locks(2)
        await asyncio.gather(*calls)
        image = await harness.user().call("GetProductImage", product_id=product_id)
        assert harness.photos() == [image.data]

    async def test_upload_to_a_product_deleted_meanwhile_leaves_no_photo(self, harness: CatalogHarness) -> None:
        product_id = await create(harness)
        async with harness.lock_rows("delete from product where id = %s", product_id):
            call = asyncio.ensure_future(harness.user().upload_photo(product_id, photo()))
            await harness.until_statements_wait_for_locks(1)
        with pytest.raises(Refused) as refused:
            await call
        assert refused.value.reason == "PRODUCT_NOT_FOUND"
        assert harness.photos() == []

    async def test_update_during_an_upload_keeps_both_changes(self, harness: CatalogHarness) -> None:
        product_id = await create(harness)
        async with harness.lock_rows("select 1 from product where id = %s for update", product_id):
            calls: list[asyncio.Future[Any]] = [
                asyncio.ensure_future(harness.user().upload_photo(product_id, photo())),
                asyncio.ensure_future(
                    harness.user(replica=1).call("UpdateProduct", product_id=product_id, name="Flask")
                ),
            ]
            await harness.until_statements_wait_for_locks(2)
        await asyncio.gather(*calls)
        product = await harness.user().call("GetProduct", product_id=product_id)
        assert (product.name, product.has_image) == ("Flask", True)


class TestStorageOutage:
    async def test_upload_without_storage_is_refused_as_retryable(self, harness: CatalogHarness) -> None:
        product_id = await create(harness)
        shutil.rmtree(harness.assets)
        with pytest.raises(Refused) as refused:
            await harness.user().upload_photo(product_id, photo())
        assert (refused.value.code, refused.value.reason) == ("UNAVAILABLE", "STORAGE_UNAVAILABLE")
        assert refused.value.retryable
        assert not (await harness.user().call("GetProduct", product_id=product_id)).has_image

    async def test_product_is_deleted_even_if_its_photo_cannot_be(self, harness: CatalogHarness) -> None:
        product_id = await create(harness)
        await harness.user().upload_photo(product_id, photo())
        shutil.rmtree(harness.assets)
        await harness.user().call("DeleteProduct", product_id=product_id)
        with pytest.raises(Refused) as refused:
            await harness.user().call("GetProduct", product_id=product_id)
        assert refused.value.reason == "PRODUCT_NOT_FOUND"
