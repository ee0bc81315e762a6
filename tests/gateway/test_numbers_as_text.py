"""Fields that take a JSON number as well as text: the service receives the digits as they were written."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from gateway.openapi import IMAGE, openapi
from gateway.routes import read_descriptors
from tests.gateway.stub_services import StubServices

PRODUCT = "/api/products/0b54b4a8-4a1e-4f5e-9c1c-0e8d7f0f2f11"
PRODUCTS = "/api/projects/0b54b4a8-4a1e-4f5e-9c1c-0e8d7f0f2f11/products"
JSON = {"content-type": "application/json"}


def sent(client: httpx.Client, services: StubServices, body: str | bytes, path: str = PRODUCT) -> Any:
    """Sends a body as it is; returns the request that the service received."""
    response = client.request("PATCH" if path == PRODUCT else "POST", path, content=body, headers=JSON)
    assert response.status_code == 200, response.text
    return services.last().request


def refused(response: httpx.Response, services: StubServices) -> dict[str, str]:
    assert (response.status_code, services.calls) == (400, []), response.text
    return {item["field"]: item["message"] for item in response.json()["error"]["fields"]}


@pytest.mark.parametrize("path", [PRODUCT, PRODUCTS])
@pytest.mark.parametrize(
    "number",
    ["24.9", "24.90", "1299", "0", "0.5", "123456789.12", "-5", "1e3", "1E+3", "24.999", "10000000000000000000"],
)
def test_digits_arrive_as_written(path: str, number: str, client: httpx.Client, services: StubServices) -> None:
    assert sent(client, services, f'{{"name": "n", "price": {number}}}', path).price == number
    assert sent(client, services, f'{{"name": "n", "price":{number}\n}}', path).price == number


def test_text_is_unchanged(client: httpx.Client, services: StubServices) -> None:
    assert sent(client, services, '{"price": "24.90", "salePrice": ""}').price == "24.90"
    assert services.last().request.HasField("sale_price")


def test_all_number_fields_in_any_order(client: httpx.Client, services: StubServices) -> None:
    body = (
        '{"proof": {"count": 12, "rating": 4.80, "source": "12 \\" 4.8"}, "oldPrice": 30.0, "name": "24.90 and 20",'
        ' "sale_price": 20, "features": ["1", "2"], "price": 24.90, "currency": "EUR"}'
    )
    request = sent(client, services, body)
    assert (request.price, request.sale_price, request.old_price) == ("24.90", "20", "30.0")
    assert (request.proof.rating, request.proof.count, request.proof.source) == ("4.80", 12, '12 " 4.8')
    assert (request.name, list(request.features), request.currency) == ("24.90 and 20", ["1", "2"], "EUR")


def test_byte_order_mark_does_not_shift_the_digits(client: httpx.Client, services: StubServices) -> None:
    assert sent(client, services, b'\xef\xbb\xbf{"audience": "\xc3\xa9", "price": 24.90}').price == "24.90"


def test_null_is_absent(client: httpx.Client, services: StubServices) -> None:
    assert not sent(client, services, '{"price": null, "salePrice": 20}').HasField("price")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ('{"price": 1, "price": 2}', {"price": "is given more than once"}),
        ('{"price": true}', {"price": "must be a string or a number"}),
        ('{"price": [24.90]}', {"price": "must be a string or a number"}),
        ('{"pricePer": 3, "audience": 5}', {"pricePer": "must be a string", "audience": "must be a string"}),
        ('{"price": 5, "features": [1]}', {"features[0]": "must be a string"}),
        ('{"gtin": 4006381333931}', {"gtin": "must be a string"}),
    ],
)
def test_other_values_are_refused(
    body: str, fields: dict[str, str], client: httpx.Client, services: StubServices
) -> None:
    assert refused(client.patch(PRODUCT, content=body, headers=JSON), services) == fields


def test_description_says_string_or_number() -> None:
    schemas = openapi(read_descriptors(IMAGE))["components"]["schemas"]
    create = openapi(read_descriptors(IMAGE))["paths"]["/api/projects/{projectId}/products"]["post"]["requestBody"]
    properties = create["content"]["application/json"]["schema"]["properties"]
    for name in ("price", "salePrice", "oldPrice"):
        assert properties[name]["type"] == ["string", "number", "null"], json.dumps(properties[name])
    assert schemas["Proof"]["properties"]["rating"]["type"] == ["string", "number", "null"]
    assert schemas["Product"]["properties"]["price"]["type"] == "string"
