"""Product fields and habits of the wire through the gateway, as clients use them."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.running import Customer
from tests.support import error_of

JSON = {"content-type": "application/json"}
PNG = {"content-type": "image/png"}
FIELDS: dict[str, Any] = {
    "kind": "place",
    "category": "Travel > Cabins",
    "goal": "book",
    "price": "120.00",
    "currency": "EUR",
    "salePrice": "99.50",
    "oldPrice": "140",
    "pricePer": "night",
    "offer": {"text": "Third night free", "code": "THREE", "ends": "2027-03-31"},
    "proof": {"rating": "4.8", "best": 5, "count": 212, "source": "Holidu", "award": ""},
    "conditions": ["no pets", "from two nights"],
    "externalId": "cabin-7",
    "gtin": "96385074",
    "imageUrls": ["https://example.com/lake.jpg", "https://example.com/stove.jpg"],
}


def fields_of(response: httpx.Response) -> dict[str, str]:
    return {item["field"]: item["message"] for item in error_of(response, 400, "VALIDATION_FAILED")["fields"]}


def photo(colour: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (80, 70), colour).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def products(customer: Customer) -> str:
    return f"/api/projects/{customer.project_id}/products"


@pytest.fixture
def product(customer: Customer, products: str) -> dict[str, Any]:
    """A product with all fields."""
    response = customer.client.post(products, json={"name": "Cabin", **FIELDS})
    assert response.status_code == 200, response.text
    return dict(response.json())


def patched(customer: Customer, product: dict[str, Any], **changes: Any) -> dict[str, Any]:
    response = customer.client.patch(f"/api/products/{product['id']}", json=changes)
    assert response.status_code == 200, response.text
    return dict(response.json())


class TestFields:
    def test_fields_are_returned_as_sent(self, customer: Customer, product: dict[str, Any]) -> None:
        assert {name: product[name] for name in FIELDS} == FIELDS
        assert customer.client.get(f"/api/products/{product['id']}").json() == product

    def test_whole_product_can_be_sent_back(self, customer: Customer, product: dict[str, Any]) -> None:
        changed = patched(customer, product, **{**product, "goal": "visit"})
        assert changed | {"updatedAt": ""} == {**product, "goal": "visit", "updatedAt": ""}

    @pytest.mark.parametrize("name", ["kind", "category", "goal", "salePrice", "oldPrice", "externalId", "gtin"])
    def test_empty_text_removes_a_field(self, customer: Customer, product: dict[str, Any], name: str) -> None:
        assert not patched(customer, product, **{name: ""}).get(name)

    @pytest.mark.parametrize("name", ["offer", "proof"])
    def test_empty_object_removes_offer_and_proof_and_null_keeps_them(
        self, customer: Customer, product: dict[str, Any], name: str
    ) -> None:
        assert patched(customer, product, **{name: None})[name] == FIELDS[name]
        assert name not in patched(customer, product, **{name: {}})

    def test_update_mask_removes_lists(self, customer: Customer, product: dict[str, Any]) -> None:
        assert patched(customer, product, conditions=[])["conditions"] == FIELDS["conditions"]
        changed = patched(customer, product, updateMask="conditions,imageUrls")
        assert (changed["conditions"], changed["imageUrls"]) == ([], [])

    def test_rules_are_refused_in_words(self, customer: Customer, products: str) -> None:
        broken: list[tuple[dict[str, Any], dict[str, str]]] = [
            ({"salePrice": "5"}, {"price": "is required with salePrice"}),
            (
                {"price": "5", "currency": "EUR", "salePrice": "5.00"},
                {"salePrice": "must be lower than the price, which is 5"},
            ),
            (
                {"gtin": "4006381333930"},
                {"gtin": "has a wrong digit: after 400638133393, the last one, the check digit, would be 1"},
            ),
            (
                {"offer": {"text": "x", "ends": "2027-02-30"}},
                {"offer.ends": "2027-02-30 is not a date of the calendar"},
            ),
            ({"currency": "EURO"}, {"currency": "must be an ISO 4217 code such as EUR"}),
            ({"currency": "xxx"}, {"currency": "XXX is not a current ISO 4217 code"}),
            ({"goal": "win"}, {"goal": "must be one of sell, book, sign_up, donate, visit, apply, download, call"}),
            ({"category": "x" * 751}, {"category": "must be at most 750 characters"}),
            (
                {"imageUrls": ["nowhere"]},
                {"imageUrls[0]": "must be a web address such as https://example.com/photo.jpg"},
            ),
        ]
        for fields, expected in broken:
            assert fields_of(customer.client.post(products, json={"name": "Cabin", **fields})) == expected


class TestWireHabits:
    def test_prices_can_be_numbers_and_keep_their_digits(self, customer: Customer, products: str) -> None:
        body = (
            '{"name": "Lamp", "currency": "eur", "price": 24.90, "oldPrice": 1299, "salePrice": 19.9,'
            ' "proof": {"rating": 4.80}}'
        )
        product = customer.client.post(products, content=body, headers=JSON).json()
        assert [product[name] for name in ("price", "oldPrice", "salePrice")] == ["24.90", "1299", "19.9"]
        assert (product["currency"], product["proof"]["rating"]) == ("EUR", "4.80")
        assert patched(customer, product, price=25)["price"] == "25"

    @pytest.mark.parametrize("number", ["1e3", "24.999", "-5", "12345678901"])
    def test_number_that_is_no_price_is_refused_in_words(self, customer: Customer, products: str, number: str) -> None:
        body = f'{{"name": "Lamp", "currency": "EUR", "price": {number}}}'
        found = fields_of(customer.client.post(products, content=body, headers=JSON))
        assert found == {"price": "must be a decimal number such as 24.90"}

    def test_american_and_british_colours(self, customer: Customer) -> None:
        client, colours = customer.client, ["#0b7a75", "#ffb703"]
        for name in ("colors", "colours"):
            brand = client.post("/api/projects", json={"name": "x", "brand": {name: colours}}).json()["brand"]
            assert brand["colors"] == brand["colours"] == colours
        different = {"colors": ["#111111"], "colours": ["#222222"]}
        assert fields_of(client.post("/api/projects", json={"name": "x", "brand": different})) == {
            "brand": "has different colours and colors: send one of them, or the same in both"
        }

    @pytest.mark.parametrize("edited", ["colours", "colors"])
    def test_either_spelling_can_be_edited_in_a_project_that_was_read(self, customer: Customer, edited: str) -> None:
        created = customer.client.post("/api/projects", json={"name": "x", "brand": {"colours": ["#0b7a75"]}}).json()
        path, brand = f"/api/projects/{created['id']}", {**created["brand"], edited: ["#ffb703"]}
        changed = customer.client.patch(path, json={**created, "brand": brand}).json()
        assert changed["brand"]["colours"] == changed["brand"]["colors"] == ["#ffb703"]

    def test_unknown_field_is_named(self, customer: Customer, products: str) -> None:
        unknown = "is not a field of this request"
        found = fields_of(
            customer.client.post(products, json={"name": "Lamp", "offer": {"codes": "x"}, "colour": "red"})
        )
        assert found == {"offer.codes": f"{unknown}. Did you mean offer.code?", "colour": unknown}
        found = fields_of(customer.client.patch(f"/api/projects/{customer.project_id}", json={"brand": {"colour": []}}))
        assert set(found) == {"brand.colour"}

    def test_project_can_be_sent_back(self, customer: Customer) -> None:
        path = f"/api/projects/{customer.project_id}"
        project = customer.client.get(path).json()
        changed = customer.client.patch(path, json={**project, "name": "Borealis"}).json()
        assert changed | {"updatedAt": ""} == {**project, "name": "Borealis", "updatedAt": ""}


class TestPhotos:
    def test_photos_are_added_read_and_deleted_by_id(self, customer: Customer) -> None:
        client, path = customer.client, f"/api/products/{customer.product_id}"
        for number, colour in enumerate(("red", "green", "blue"), start=1):
            response = client.post(f"{path}/images", content=photo(colour), headers=PNG)
            assert (response.status_code, response.json()["imageCount"]) == (200, number)
        images = client.get(path).json()["images"]
        assert [image["position"] for image in images] == [1, 2, 3]
        red, green, _ = (f"{path}/images/{image['id']}" for image in images)
        read = client.get(green)
        assert (read.headers["content-type"], read.content) == ("image/png", photo("green"))
        assert client.get(f"{path}/image").content == client.get(red).content == photo("red")
        assert client.delete(red).json()["images"] == [
            {**image, "position": position} for position, image in enumerate(images[1:], start=1)
        ]
        error_of(client.delete(red), 404, "IMAGE_NOT_FOUND")
        assert client.get(path).json()["imageCount"] == 2
        assert client.get(f"{path}/image").content == photo("green")
        error_of(client.get(red), 404, "IMAGE_NOT_FOUND")
        assert set(fields_of(client.get(f"{path}/images/1"))) == {"imageId"}
        error_of(client.post(f"{path}/images", content=b"no photo", headers=PNG), 400, "IMAGE_UNREADABLE")
