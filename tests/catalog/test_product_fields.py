"""What advertisers say of a product beyond its texts: prices, offer, proof, conditions, identifiers, further photos."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.catalog.harness import CatalogHarness, Refused
from tests.catalog.test_products import PRODUCT

OFFER = {"text": "Two for the price of one", "code": "TWO", "ends": "2020-02-29"}
PROOF = {"rating": "4.8", "best": 5, "count": 1204, "source": "Trustpilot", "award": "Great Taste 2026, two stars"}
FIELDS: dict[str, Any] = {
    "kind": "good",
    "category": "Home & Garden > Kitchen > Bottles",
    "goal": "sign_up",
    "sale_price": "19.90",
    "old_price": "29",
    "price_per": "month",
    "offer": OFFER,
    "proof": PROOF,
    "conditions": ["not waterproof", "from two nights"],
    "external_id": "SKU-7/b",
    "gtin": "4006381333931",
    "image_urls": ["https://example.com/side.jpg", "http://example.com/top.png"],
}
TEXTS = ("kind", "category", "goal", "price_per", "external_id", "gtin")
OPTIONAL = ("sale_price", "old_price")
LISTS = ("conditions", "image_urls")


async def create(harness: CatalogHarness, **fields: Any) -> Any:
    """Creates a project with one product; returns the product."""
    user = harness.user()
    return await user.call("CreateProduct", project_id=await user.create_project(), **{**PRODUCT, **fields})


async def update(harness: CatalogHarness, product: Any, **fields: Any) -> Any:
    return await harness.user().call("UpdateProduct", product_id=product.id, **fields)


def values(product: Any) -> dict[str, Any]:
    """Returns the fields of FIELDS that are set, in the form of FIELDS."""
    found = {name: getattr(product, name) for name in FIELDS if name not in ("offer", "proof", *LISTS)}
    found |= {name: list(getattr(product, name)) for name in LISTS}
    for name, example in (("offer", OFFER), ("proof", PROOF)):
        message = getattr(product, name)
        found[name] = {part: getattr(message, part) for part in example} if product.HasField(name) else None
    return found


async def refused_fields(call: Any) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        await call
    assert refused.value.reason == "VALIDATION_FAILED"
    return dict(refused.value.fields)


class TestCreation:
    async def test_fields_are_returned_as_given(self, harness: CatalogHarness) -> None:
        created = await create(harness, **FIELDS)
        assert values(created) == FIELDS
        assert await harness.user(replica=1).call("GetProduct", product_id=created.id) == created
        listed = await harness.user().call("ListProducts", project_id=created.project_id)
        assert list(listed.products) == [created]

    async def test_fields_are_empty_or_absent_unless_given(self, harness: CatalogHarness) -> None:
        created = await create(harness)
        assert not any(created.HasField(name) for name in (*OPTIONAL, "offer", "proof"))
        assert all(not getattr(created, name) for name in (*TEXTS, *LISTS))

    async def test_empty_offer_and_proof_are_none(self, harness: CatalogHarness) -> None:
        created = await create(harness, offer={}, proof={"best": 10})
        assert not created.HasField("offer")
        assert not created.HasField("proof")

    async def test_values_of_spaces_only_are_none(self, harness: CatalogHarness) -> None:
        fields = {"offer": {"text": " "}, "proof": {"source": " ", "award": "\n"}}
        created = await create(harness, price_per=" ", category=" ", external_id=" ", **fields)
        assert not any(created.HasField(name) for name in ("offer", "proof"))
        assert (created.price_per, created.category, created.external_id) == ("", "", "")

    async def test_spaces_around_texts_are_not_stored(self, harness: CatalogHarness) -> None:
        created = await create(
            harness, offer={"text": " x ", "code": " y "}, proof={"rating": "4", "source": " z ", "award": " a "},
            conditions=[" not waterproof "], category=" Bags ",
        )  # fmt: skip
        assert (created.offer.text, created.offer.code, created.proof.source, created.proof.award) == (
            "x", "y", "z", "a",
        )  # fmt: skip
        assert (list(created.conditions), created.category) == (["not waterproof"], "Bags")

    async def test_blank_condition_and_empty_proof_are_refused_in_words(self, harness: CatalogHarness) -> None:
        found = await refused_fields(create(harness, conditions=["x", " "], proof={"best": 3, "source": "x"}))
        assert found == {"conditions[1]": "must not be empty", "proof": "needs a rating or an award"}

    async def test_rating_without_a_best_one_is_of_five(self, harness: CatalogHarness) -> None:
        created = await create(harness, proof={"rating": "4.8"})
        assert (created.proof.rating, created.proof.best) == ("4.8", 5)

    async def test_brief_has_the_fields(self, harness: CatalogHarness) -> None:
        created = await create(harness, **FIELDS)
        brief = await harness.service().brief("u", created.project_id, created.id)
        assert brief.product == created
        changed = await update(harness, created, proof={"award": "Best of show"})
        brief = await harness.service().brief("u", created.project_id, created.id)
        assert brief.product == changed


class TestRules:
    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"kind": "thing"}, "kind"),
            ({"category": "x" * 751}, "category"),
            ({"goal": "win"}, "goal"),
            ({"sale_price": "19,90"}, "salePrice"),
            ({"old_price": "1e3"}, "oldPrice"),
            ({"price_per": "x" * 21}, "pricePer"),
            ({"offer": {"text": "x" * 201}}, "offer.text"),
            ({"offer": {"text": "x", "code": "x" * 41}}, "offer.code"),
            ({"offer": {"text": "x", "ends": "31.3.2027"}}, "offer.ends"),
            ({"offer": {"text": "x", "ends": "2027-02-29"}}, "offer.ends"),
            ({"offer": {"text": "x", "ends": "0000-01-01"}}, "offer.ends"),
            ({"offer": {"code": "TWO"}}, "offer.text"),
            ({"proof": {"rating": "five"}}, "proof.rating"),
            ({"proof": {"rating": "5.1"}}, "proof.rating"),
            ({"proof": {"rating": "9", "best": 8}}, "proof.rating"),
            ({"proof": {"count": -1}}, "proof.count"),
            ({"proof": {"source": "x" * 81}}, "proof.source"),
            ({"conditions": ["x"] * 11}, "conditions"),
            ({"offer": {"text": " ", "code": "TWO"}}, "offer.text"),
            ({"proof": {"best": 3, "source": "Trustpilot"}}, "proof"),
            ({"proof": {"count": 7}}, "proof"),
            ({"proof": {"award": " ", "count": 7}}, "proof"),
            ({"conditions": ["x", ""]}, "conditions[1]"),
            ({"conditions": ["x", " \t"]}, "conditions[1]"),
            ({"conditions": ["x" * 301]}, "conditions[0]"),
            ({"external_id": "x" * 101}, "externalId"),
            ({"gtin": "400638133393"}, "gtin"),
            ({"gtin": "40063813339"}, "gtin"),
            ({"gtin": "ISBN 3-598"}, "gtin"),
            ({"image_urls": ["https://example.com/a.jpg"] * 11}, "imageUrls"),
            ({"image_urls": ["https://example.com/a.jpg", "file:///etc/passwd"]}, "imageUrls[1]"),
            ({"image_urls": ["example.com"]}, "imageUrls[0]"),
        ],
    )
    async def test_invalid_field_is_named_in_creation_and_update(
        self, harness: CatalogHarness, fields: dict[str, Any], field: str
    ) -> None:
        created = await create(harness)
        for call in (create(harness, **fields), update(harness, created, **fields)):
            found = await refused_fields(call)
            assert set(found) == {field}
            assert not any(sign in found[field] for sign in ("^", "\\", "regex", "pattern", "[0-9]"))
        assert await harness.user().call("GetProduct", product_id=created.id) == created

    @pytest.mark.parametrize("gtin", ["96385074", "036000291452", "4006381333931", "10614141000415", "9783161484100"])
    async def test_real_gtins_are_accepted(self, harness: CatalogHarness, gtin: str) -> None:
        assert (await create(harness, gtin=gtin)).gtin == gtin

    @pytest.mark.parametrize("place", range(13))
    async def test_any_wrong_digit_of_a_gtin_is_found(self, harness: CatalogHarness, place: int) -> None:
        digits = list("4006381333931")
        digits[place] = str((int(digits[place]) + 1) % 10)
        assert "check digit" in (await refused_fields(create(harness, gtin="".join(digits))))["gtin"]

    @pytest.mark.parametrize("fields", [{"rating": "5"}, {"rating": "9.5", "best": 10}, {"rating": "0"}])
    async def test_rating_up_to_the_best_one_is_accepted(self, harness: CatalogHarness, fields: dict[str, Any]) -> None:
        assert (await create(harness, proof=fields)).proof.rating == fields["rating"]


class TestPrices:
    @pytest.mark.parametrize(
        ("fields", "names"),
        [
            ({"sale_price": "1"}, "salePrice"),
            ({"old_price": "1"}, "oldPrice"),
            ({"price_per": "night"}, "pricePer"),
            ({"price_per": "night", "old_price": "9"}, "oldPrice and pricePer"),
        ],
    )
    async def test_other_prices_need_a_price(self, harness: CatalogHarness, fields: dict[str, Any], names: str) -> None:
        user = harness.user()
        project_id = await user.create_project()
        found = await refused_fields(user.call("CreateProduct", project_id=project_id, name="Bottle", **fields))
        assert found == {"price": f"is required with {names}"}

    @pytest.mark.parametrize("sale_price", ["24.90", "24.9", "100", "99999"])
    async def test_sale_price_must_be_lower(self, harness: CatalogHarness, sale_price: str) -> None:
        found = await refused_fields(create(harness, sale_price=sale_price))
        assert found == {"salePrice": "must be lower than the price, which is 24.90"}

    @pytest.mark.parametrize("old_price", ["24.90", "24.9", "3", "9"])
    async def test_old_price_must_be_higher(self, harness: CatalogHarness, old_price: str) -> None:
        found = await refused_fields(create(harness, old_price=old_price))
        assert found == {"oldPrice": "must be higher than the price, which is 24.90"}

    async def test_prices_are_compared_as_numbers(self, harness: CatalogHarness) -> None:
        created = await create(harness, sale_price="9", old_price="100")
        assert (created.sale_price, created.old_price) == ("9", "100")

    async def test_update_is_checked_with_the_stored_prices(self, harness: CatalogHarness) -> None:
        created = await create(harness, sale_price="19.90", old_price="29")
        assert await refused_fields(update(harness, created, price="15")) == {
            "salePrice": "must be lower than the price, which is 15"
        }
        assert await refused_fields(update(harness, created, price="")) == {
            "price": "is required with salePrice and oldPrice"
        }
        updated = await update(harness, created, price="", sale_price="", old_price="")
        assert not any(updated.HasField(name) for name in ("price", *OPTIONAL))

    async def test_concurrent_updates_cannot_leave_a_sale_price_above_the_price(self, harness: CatalogHarness) -> None:
        """Each of the two updates is valid for the product that both find."""
        created = await create(harness)
        async with harness.lock_rows("select 1 from product where id = %s for update", created.id):
            calls = [
                asyncio.ensure_future(
                    harness.user(replica=replica).call("UpdateProduct", product_id=created.id, **change)
                )
                for replica, change in enumerate([{"sale_price": "20"}, {"price": "10"}])
            ]
            await harness.until_statements_wait_for_locks(2)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert len([outcome for outcome in outcomes if isinstance(outcome, Refused)]) == 1


class TestCurrency:
    @pytest.mark.parametrize("given", ["eur", "Eur", "EUR"])
    async def test_any_case_is_stored_in_capitals(self, harness: CatalogHarness, given: str) -> None:
        created = await create(harness, currency=given)
        assert created.currency == "EUR"
        assert (await update(harness, created, currency=given)).currency == "EUR"

    @pytest.mark.parametrize("code", ["CLF", "XOF", "usd", "ZWG"])
    async def test_codes_in_use_are_accepted(self, harness: CatalogHarness, code: str) -> None:
        assert (await create(harness, currency=code)).currency == code.upper()

    @pytest.mark.parametrize("code", ["DEM", "XXX", "BTC", "abc"])
    async def test_codes_that_nobody_pays_with_are_refused(self, harness: CatalogHarness, code: str) -> None:
        created = await create(harness)
        expected = {"currency": f"{code.upper()} is not a current ISO 4217 code"}
        for call in (create(harness, currency=code), update(harness, created, currency=code)):
            assert await refused_fields(call) == expected

    async def test_replaced_currency_keeps_no_product_from_being_changed(self, harness: CatalogHarness) -> None:
        created = await create(harness)
        async with harness.lock_rows("update product set currency = 'HRK' where id = %s", created.id):
            pass
        assert (await update(harness, created, name="Flask")).currency == "HRK"


class TestUpdate:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("kind", "service"),
            ("category", "Bags"),
            ("goal", "visit"),
            ("sale_price", "5"),
            ("old_price", "99"),
            ("price_per", "night"),
            ("offer", {"text": "A free lid", "code": "", "ends": ""}),
            ("proof", {"rating": "4.1", "best": 5, "count": 7, "source": "", "award": ""}),
            ("conditions", ["only in shops"]),
            ("external_id", "9"),
            ("gtin", "96385074"),
            ("image_urls", ["https://example.com/x.jpg"]),
        ],
    )
    async def test_only_the_given_field_changes(self, harness: CatalogHarness, name: str, value: Any) -> None:
        created = await create(harness, **FIELDS)
        updated = await update(harness, created, **{name: value})
        assert values(updated) == {**FIELDS, name: value}
        assert await harness.user().call("GetProduct", product_id=created.id) == updated

    @pytest.mark.parametrize("name", [*TEXTS, *OPTIONAL])
    async def test_empty_text_removes_a_field(self, harness: CatalogHarness, name: str) -> None:
        updated = await update(harness, await create(harness, **FIELDS), **{name: ""})
        assert values(updated) == {**FIELDS, name: ""}
        assert name in TEXTS or not updated.HasField(name)

    @pytest.mark.parametrize(("name", "empty"), [("offer", {}), ("proof", {}), ("proof", {"best": 5})])
    async def test_empty_message_removes_it(self, harness: CatalogHarness, name: str, empty: dict[str, Any]) -> None:
        updated = await update(harness, await create(harness, **FIELDS), **{name: empty})
        assert values(updated) == {**FIELDS, name: None}

    @pytest.mark.parametrize("name", LISTS)
    async def test_empty_list_changes_nothing_unless_the_mask_names_it(
        self, harness: CatalogHarness, name: str
    ) -> None:
        created = await create(harness, **FIELDS)
        assert values(await update(harness, created, **{name: []})) == FIELDS
        updated = await update(harness, created, update_mask={"paths": [name]})
        assert values(updated) == {**FIELDS, name: []}

    async def test_a_product_can_be_sent_back_as_it_was_read(self, harness: CatalogHarness) -> None:
        created = await create(harness, **FIELDS)
        same = {name: getattr(created, name) for name in (*PRODUCT, *FIELDS)}
        assert values(await update(harness, created, **same)) == FIELDS
