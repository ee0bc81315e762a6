"""Products: created, changed and deleted by their owner only, within the limit; a price has a currency."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.catalog.harness import PRODUCTS_PER_PROJECT, CatalogHarness, Refused
from tests.catalog.photos import photo

UNKNOWN = "4be0643f-1d98-473b-97cd-ca98a65347dd"
PRODUCT: dict[str, Any] = {
    "name": "Bottle",
    "description": "A steel bottle.",
    "features": ["Keeps cold", "Cleans itself"],
    "price": "24.90",
    "currency": "EUR",
    "image_url": "https://example.com/photo.jpg",
    "landing_page": "https://example.com/offer",
    "audience": "Hikers",
}
OPTIONAL = ("price", "currency", "image_url", "landing_page")


async def create(harness: CatalogHarness, **fields: Any) -> Any:
    """Creates a project with one product; returns the product."""
    user = harness.user()
    return await user.call("CreateProduct", project_id=await user.create_project(), **{**PRODUCT, **fields})


class TestCreation:
    async def test_product_is_returned_as_it_was_created(self, harness: CatalogHarness) -> None:
        created = await create(harness)
        assert {name: getattr(created, name) for name in PRODUCT} == PRODUCT
        assert not created.has_image
        assert created.created_at == created.updated_at
        assert await harness.user(replica=1).call("GetProduct", product_id=created.id) == created

    async def test_optional_fields_are_absent_unless_given(self, harness: CatalogHarness) -> None:
        user = harness.user()
        product = await user.call("CreateProduct", project_id=await user.create_project(), name="Bottle")
        assert not any(product.HasField(name) for name in OPTIONAL)
        assert (product.description, list(product.features), product.audience) == ("", [], "")

    async def test_invalid_field_is_named_as_in_json(self, harness: CatalogHarness) -> None:
        invalid: list[tuple[dict[str, Any], str]] = [
            ({"name": ""}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"description": "x" * 5001}, "description"),
            ({"features": ["x"] * 31}, "features"),
            ({"features": ["x", ""]}, "features[1]"),
            ({"price": "24,90"}, "price"),
            ({"price": "-1"}, "price"),
            ({"price": "1.234"}, "price"),
            ({"currency": "euro"}, "currency"),
            ({"image_url": "file:///etc/passwd"}, "imageUrl"),
            ({"landing_page": "example.com"}, "landingPage"),
            ({"audience": "x" * 501}, "audience"),
        ]
        project_id = await harness.user().create_project()
        for fields, field in invalid:
            with pytest.raises(Refused) as refused:
                await harness.user().call("CreateProduct", project_id=project_id, **{**PRODUCT, **fields})
            assert refused.value.reason == "VALIDATION_FAILED", fields
            assert {*refused.value.fields} == {field}

    async def test_price_without_currency_is_refused(self, harness: CatalogHarness) -> None:
        user = harness.user()
        with pytest.raises(Refused) as refused:
            await user.create_product(await user.create_project(), price="24.90")
        assert refused.value.fields == {"currency": "is required with a price"}


class TestLimit:
    async def test_product_above_the_limit_is_refused_until_one_is_deleted(self, harness: CatalogHarness) -> None:
        user = harness.user()
        project_id, other_project_id = await user.create_project(), await user.create_project()
        products = [await user.create_product(project_id) for _ in range(PRODUCTS_PER_PROJECT)]
        with pytest.raises(Refused) as refused:
            await user.create_product(project_id)
        assert (refused.value.code, refused.value.reason) == ("ABORTED", "PRODUCT_LIMIT_REACHED")
        assert refused.value.message == (
            f"A project can have at most {PRODUCTS_PER_PROJECT} products. Delete one first."
        )
        await user.create_product(other_project_id)
        await user.call("DeleteProduct", product_id=products[0])
        await user.create_product(project_id)

    async def test_concurrent_creation_never_exceeds_the_limit(self, harness: CatalogHarness) -> None:
        """The table lock lets every transaction that may count products do so before any of them inserts one."""
        project_id = await harness.user().create_project()
        for _ in range(PRODUCTS_PER_PROJECT - 1):
            await harness.user().create_product(project_id)
        async with harness.lock_rows("lock table product in share row exclusive mode"):
            calls = [asyncio.ensure_future(harness.user(replica=n % 2).create_product(project_id)) for n in range(4)]
            await harness.until_statements_wait_for_locks(4)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        reasons = sorted(outcome.reason if isinstance(outcome, Refused) else "created" for outcome in outcomes)
        assert reasons == ["PRODUCT_LIMIT_REACHED"] * 3 + ["created"]
        found = await harness.user().call("ListProducts", project_id=project_id)
        assert len(found.products) == PRODUCTS_PER_PROJECT


class TestUpdate:
    async def test_only_the_given_field_changes(self, harness: CatalogHarness) -> None:
        created = await create(harness)
        expected = dict(PRODUCT)
        changes: list[tuple[str, Any]] = [
            ("name", "Flask"),
            ("description", "A glass flask."),
            ("features", ["Light"]),
            ("price", "19"),
            ("currency", "USD"),
            ("image_url", "http://example.com/other.png"),
            ("landing_page", "https://example.com/other"),
            ("audience", "Runners"),
        ]
        for number, (name, value) in enumerate(changes, start=1):
            harness.clock.advance(60)
            updated = await harness.user().call("UpdateProduct", product_id=created.id, **{name: value})
            expected[name] = value
            assert {field: getattr(updated, field) for field in PRODUCT} == expected
            assert updated.created_at == created.created_at
            assert updated.updated_at.seconds - created.updated_at.seconds == 60 * number
            assert await harness.user().call("GetProduct", product_id=created.id) == updated

    @pytest.mark.parametrize("name", ["price", "image_url", "landing_page"])
    async def test_empty_text_removes_an_optional_field(self, harness: CatalogHarness, name: str) -> None:
        created = await create(harness)
        updated = await harness.user().call("UpdateProduct", product_id=created.id, **{name: ""})
        assert [field for field in OPTIONAL if not updated.HasField(field)] == [name]

    @pytest.mark.parametrize("name", ["description", "audience"])
    async def test_empty_text_clears_a_text_field(self, harness: CatalogHarness, name: str) -> None:
        created = await create(harness)
        updated = await harness.user().call("UpdateProduct", product_id=created.id, **{name: ""})
        assert {field: getattr(updated, field) for field in PRODUCT} == {**PRODUCT, name: ""}

    async def test_empty_name_is_refused(self, harness: CatalogHarness) -> None:
        created = await create(harness)
        with pytest.raises(Refused) as refused:
            await harness.user().call("UpdateProduct", product_id=created.id, name="")
        assert list(refused.value.fields) == ["name"]

    async def test_update_mask_clears_the_features_that_an_empty_list_leaves(self, harness: CatalogHarness) -> None:
        created = await create(harness)
        updated = await harness.user().call("UpdateProduct", product_id=created.id, features=[])
        assert list(updated.features) == PRODUCT["features"]
        updated = await harness.user().call("UpdateProduct", product_id=created.id, update_mask={"paths": ["features"]})
        assert list(updated.features) == []

    async def test_currency_of_a_price_cannot_be_removed_alone(self, harness: CatalogHarness) -> None:
        created = await create(harness)
        with pytest.raises(Refused) as refused:
            await harness.user().call("UpdateProduct", product_id=created.id, currency="", name="Flask")
        assert refused.value.fields == {"currency": "is required with a price"}
        assert await harness.user().call("GetProduct", product_id=created.id) == created
        updated = await harness.user().call("UpdateProduct", product_id=created.id, currency="", price="")
        assert [field for field in OPTIONAL if not updated.HasField(field)] == ["price", "currency"]
        with pytest.raises(Refused):
            await harness.user().call("UpdateProduct", product_id=created.id, price="5")

    async def test_concurrent_updates_of_different_fields_are_both_kept(self, harness: CatalogHarness) -> None:
        """The row lock lets both transactions read the product before either changes it, unless they lock it first."""
        created = await create(harness)
        async with harness.lock_rows("select 1 from product where id = %s for update", created.id):
            calls = [
                asyncio.ensure_future(
                    harness.user(replica=replica).call("UpdateProduct", product_id=created.id, **change)
                )
                for replica, change in enumerate([{"name": "Flask"}, {"audience": "Runners"}])
            ]
            await harness.until_statements_wait_for_locks(2)
        await asyncio.gather(*calls)
        product = await harness.user().call("GetProduct", product_id=created.id)
        assert (product.name, product.audience) == ("Flask", "Runners")

    async def test_concurrent_updates_cannot_leave_a_price_without_currency(self, harness: CatalogHarness) -> None:
        """Each of the two updates is valid for the product that both find."""
        created = await create(harness, price="5", currency="EUR")
        await harness.user().call("UpdateProduct", product_id=created.id, price="")
        async with harness.lock_rows("select 1 from product where id = %s for update", created.id):
            calls = [
                asyncio.ensure_future(
                    harness.user(replica=replica).call("UpdateProduct", product_id=created.id, **change)
                )
                for replica, change in enumerate([{"price": "7"}, {"currency": ""}])
            ]
            await harness.until_statements_wait_for_locks(2)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert [refusal.fields for refusal in refusals] == [{"currency": "is required with a price"}]
        product = await harness.user().call("GetProduct", product_id=created.id)
        assert product.HasField("currency") or not product.HasField("price")


class TestDeletion:
    async def test_deleted_product_and_its_photo_are_gone(self, harness: CatalogHarness) -> None:
        created = await create(harness)
        await harness.user().upload_photo(created.id, photo())
        await harness.user().call("DeleteProduct", product_id=created.id)
        assert harness.photos() == []
        for method in ("GetProduct", "UpdateProduct", "DeleteProduct", "GetProductImage"):
            with pytest.raises(Refused) as refused:
                await harness.user().call(method, product_id=created.id)
            assert (refused.value.code, refused.value.reason) == ("NOT_FOUND", "PRODUCT_NOT_FOUND")
        assert not (await harness.user().call("ListProducts", project_id=created.project_id)).products


class TestOwnership:
    @pytest.mark.parametrize(
        ("method", "fields"),
        [
            ("GetProduct", {}),
            ("UpdateProduct", {"name": "Stolen"}),
            ("DeleteProduct", {}),
            ("UploadProductImage", {"image": {"data": photo(), "content_type": "image/png"}}),
            ("GetProductImage", {}),
            ("AddProductImage", {"image": {"data": photo(), "content_type": "image/png"}}),
            ("GetProductImageById", {"image_id": UNKNOWN}),
            ("DeleteProductImage", {"image_id": UNKNOWN}),
        ],
    )
    async def test_product_of_another_user_is_refused_like_an_unknown_one(
        self, harness: CatalogHarness, method: str, fields: dict[str, Any]
    ) -> None:
        created = await create(harness)
        await harness.user().upload_photo(created.id, photo("blue"))
        before = await harness.user().call("GetProduct", product_id=created.id)
        refusals = []
        for product_id in (created.id, UNKNOWN):
            with pytest.raises(Refused) as refused:
                await harness.user("stranger").call(method, product_id=product_id, **fields)
            refusals.append((refused.value.code, refused.value.reason, refused.value.message))
        assert refusals == [("NOT_FOUND", "PRODUCT_NOT_FOUND", "Product not found.")] * 2
        assert await harness.user().call("GetProduct", product_id=created.id) == before
        assert harness.photos() == [photo("blue")]
