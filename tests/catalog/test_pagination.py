"""Lists are paginated: newest first, by tokens that reveal nothing of other users."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog.harness import PRODUCTS_PER_PROJECT, PROJECTS_PER_USER, CatalogClient, CatalogHarness, Refused

LISTS = ["ListProjects", "ListProducts"]


async def fill(harness: CatalogHarness, method: str, user: str = "u") -> tuple[dict[str, str], list[str]]:
    """Creates as many items as allowed; returns the list's fields and the ids, newest first."""
    client = harness.user(user)
    if method == "ListProjects":
        fields, count = {}, PROJECTS_PER_USER
    else:
        fields, count = {"project_id": await client.create_project()}, PRODUCTS_PER_PROJECT
    ids = []
    for _ in range(count):
        harness.clock.advance(1)
        ids.append(await (client.create_product(**fields) if fields else client.create_project()))
    return fields, ids[::-1]


async def page(client: CatalogClient, method: str, **fields: Any) -> tuple[list[str], str]:
    """Returns the ids of a page and the token of the next one."""
    found = await client.call(method, **fields)
    items = found.projects if method == "ListProjects" else found.products
    return [item.id for item in items], found.next_page_token


@pytest.mark.parametrize("method", LISTS)
class TestPages:
    async def test_pages_hold_every_item_once_newest_first(self, harness: CatalogHarness, method: str) -> None:
        fields, ids = await fill(harness, method)
        for size in (1, 2, 3, 100):
            found, token, pages = [], "", 0
            while pages == 0 or token:
                user = harness.user(replica=pages % 2)
                part, token = await page(user, method, page_size=size, page_token=token, **fields)
                assert len(part) <= size
                found += part
                pages += 1
            assert found == ids, size

    async def test_page_size_zero_means_the_default_and_lists_all(self, harness: CatalogHarness, method: str) -> None:
        fields, ids = await fill(harness, method)
        assert await page(harness.user(), method, **fields) == (ids, "")

    async def test_items_created_or_deleted_between_pages_neither_repeat_nor_skip_others(
        self, harness: CatalogHarness, method: str
    ) -> None:
        fields, ids = await fill(harness, method)
        user = harness.user()
        first, token = await page(user, method, page_size=2, **fields)
        assert first == ids[:2]
        for identifier in ids[1:3]:  # the item that the token stands for, and the next one
            if method == "ListProjects":
                await user.call("DeleteProject", project_id=identifier)
            else:
                await user.call("DeleteProduct", product_id=identifier)
        harness.clock.advance(1)
        await (user.create_product(**fields) if fields else user.create_project())
        rest, _ = await page(user, method, page_size=10, page_token=token, **fields)
        assert rest == ids[3:]

    async def test_page_size_out_of_range_is_refused(self, harness: CatalogHarness, method: str) -> None:
        fields, _ = await fill(harness, method)
        for size in (-1, 101):
            with pytest.raises(Refused) as refused:
                await page(harness.user(), method, page_size=size, **fields)
            assert (refused.value.reason, list(refused.value.fields)) == ("VALIDATION_FAILED", ["pageSize"]), size

    async def test_forged_token_is_refused(self, harness: CatalogHarness, method: str) -> None:
        fields, _ = await fill(harness, method)
        for token in ("x", "abc=", "é", "A" * 21, "A" * 23, "A" * 201):
            with pytest.raises(Refused) as refused:
                await page(harness.user(), method, page_token=token, **fields)
            assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "VALIDATION_FAILED"), token
            assert list(refused.value.fields) == ["pageToken"], token

    async def test_token_of_another_user_lists_own_items_only(self, harness: CatalogHarness, method: str) -> None:
        fields, ids = await fill(harness, method)
        other_fields, other_ids = await fill(harness, method, "other")
        _, token = await page(harness.user("other"), method, page_size=1, **other_fields)
        assert await page(harness.user(), method, page_token=token, **fields) == (ids, "")
        _, token = await page(harness.user(), method, page_size=1, **fields)
        assert (await page(harness.user("other"), method, page_token=token, **other_fields))[0] == []
        assert not {*ids} & {*other_ids}
