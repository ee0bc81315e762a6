"""Unknown fields are rejected, or accepted and named to the service."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx
import pytest
from adwright.catalog.v1.catalog_pb2 import Offer, Product, ProductImage, Proof
from google.protobuf import json_format

from services.chassis.rpc.request_headers import UNKNOWN_FIELDS_HEADER, unknown_field_notes
from tests.gateway.stub_services import StubServices

PROJECT = "/api/projects/0b54b4a8-4a1e-4f5e-9c1c-0e8d7f0f2f11"
PRODUCT = "/api/products/0b54b4a8-4a1e-4f5e-9c1c-0e8d7f0f2f11"
PAID = ("/api/generate/copy", "/api/generate/static-ad", "/api/generate/video")
JSON = {"content-type": "application/json"}
STRICT = {"prefer": "wait=1, handling=strict"}


def refused(response: httpx.Response, services: StubServices) -> dict[str, str]:
    assert response.status_code == 400, response.text
    assert response.json()["error"]["reason"] == "VALIDATION_FAILED"
    assert services.calls == []
    return {item["field"]: item["message"] for item in response.json()["error"]["fields"]}


class TestRefused:
    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"colour": 1}, {"colour": "brand.colours"}),
            ({"colors": ["#ffffff"]}, {"colors": "brand.colors"}),
            ({"nmae": "n"}, {"nmae": "name"}),
            ({"projectName": "n"}, {"projectName": "name"}),
            ({"brand": {"xyz": 1}}, {"brand.xyz": ""}),
            ({"brand": {"logoURL": "x"}}, {"brand.logoURL": "brand.logoUrl"}),
            ({"brand": {"logo": "x", "fnt": "y"}}, {"brand.logo": "brand.logoUrl", "brand.fnt": ""}),
            ({"brand_colours": []}, {"brand_colours": "brand.colours"}),
            ({"name": "n", "ident": "x", "createdBy": "y"}, {"ident": "", "createdBy": ""}),
            ({"brand": {"id": "x", "createdAt": "y"}}, {"brand.id": "", "brand.createdAt": ""}),
        ],
    )
    def test_catalog_methods_name_each_with_the_closest_field(
        self, body: Any, fields: dict[str, str], client: httpx.Client, services: StubServices
    ) -> None:
        expected = {
            name: "is not a field of this request" + (f". Did you mean {meant}?" if meant else "")
            for name, meant in fields.items()
        }
        assert refused(client.patch(PROJECT, json=body), services) == expected

    def test_methods_for_keys_and_grants_reject_them_too(self, client: httpx.Client, services: StubServices) -> None:
        # A misspelled budget would create a key without one.
        found = refused(client.post("/api/keys", json={"name": "ci", "creditsBudget": 5}), services)
        assert found == {"creditsBudget": "is not a field of this request. Did you mean creditBudget?"}
        assert "note" in refused(client.post("/api/admin/grants", json={"note": "x"}), services)

    @pytest.mark.parametrize("path", PAID)
    def test_paid_calls_reject_them_with_strict_handling(
        self, path: str, client: httpx.Client, services: StubServices
    ) -> None:
        response = client.post(path, json={"ratio": "9:16", "size": 3}, headers=STRICT)
        assert set(refused(response, services)) >= {"ratio", "size"}
        assert response.headers["preference-applied"] == "handling=strict"

    def test_preference_may_be_in_a_second_header(self, client: httpx.Client, services: StubServices) -> None:
        headers = [("prefer", "wait=1"), ("prefer", "handling=strict")]
        assert "ratio" in refused(client.post(PAID[1], json={"ratio": 1}, headers=headers), services)

    def test_wrong_types_are_named_too(self, client: httpx.Client, services: StubServices) -> None:
        body = {"ratio": "9:16", "aspectRatio": 5}
        assert set(refused(client.post(PAID[1], json=body, headers=STRICT), services)) >= {"ratio", "aspectRatio"}
        services.forget()
        assert "ratio" not in refused(client.post(PAID[1], json=body), services)


class TestReadOnly:
    """Fields that only the response has: a client may send back what it has read."""

    TIMES: ClassVar = {"createdAt": "2026-03-09T10:00:00Z", "updatedAt": "2026-03-09T10:00:00Z"}

    def test_whole_project_can_be_sent_back(self, client: httpx.Client, services: StubServices) -> None:
        body = {"id": PROJECT[-36:], "name": "n", "brand": {"font": "Inter"}, **self.TIMES}
        for path, send in ((PROJECT, client.patch), ("/api/projects", client.post)):
            assert send(path, json=body).status_code == 200
            request = services.last().request
            assert (request.name, request.brand.font) == ("n", "Inter")
            assert UNKNOWN_FIELDS_HEADER not in services.last().metadata

    def test_whole_product_can_be_sent_back(self, client: httpx.Client, services: StubServices) -> None:
        product = Product(
            id=PROJECT[-36:], project_id=PROJECT[-36:], name="n", has_image=True, image_count=1, price="24.90",
            images=[ProductImage(id=PROJECT[-36:], position=1)], currency="EUR", features=["f"],
            offer=Offer(text="Two for one"), proof=Proof(rating="4.8", best=5),
        )  # fmt: skip
        product.created_at.GetCurrentTime()
        every_field = json_format.MessageToDict(product, always_print_fields_with_no_presence=True)
        assert client.patch(PRODUCT, json=every_field).status_code == 200
        request = services.last().request
        assert (request.price, request.offer.text, request.proof.rating) == ("24.90", "Two for one", "4.8")
        services.forget()
        del every_field["projectId"]
        assert client.post(f"{PROJECT}/products", json=every_field).status_code == 200

    def test_proto_names_are_known_too(self, client: httpx.Client, services: StubServices) -> None:
        assert client.patch(PRODUCT, json={"created_at": "x", "project_id": 5}).status_code == 200

    def test_field_of_the_path_is_still_refused(self, client: httpx.Client, services: StubServices) -> None:
        body = {"name": "n", "projectId": PROJECT[-36:]}
        assert refused(client.post(f"{PROJECT}/products", json=body), services) == {"projectId": "belongs in the path"}

    def test_other_methods_refuse_them(self, client: httpx.Client, services: StubServices) -> None:
        found = refused(client.patch(f"{PRODUCT}/understanding", json={"tradeName": "x", "madeAt": "y"}), services)
        assert set(found) == {"tradeName", "madeAt"}


class TestNamed:
    def notes(self, services: StubServices) -> list[str]:
        return unknown_field_notes(services.last().metadata.items())

    @pytest.mark.parametrize(
        ("path", "body", "names"),
        [
            (PAID[0], {"size": "large", "tne": "bold"}, ["size", "tne"]),
            (PAID[1], {"ratio": "9:16", "colors": ["red"]}, ["ratio", "colors"]),
            (PAID[2], {"ratio": "9:16", "voice": "x", "pronunciation": {}}, ["ratio", "voice", "pronunciation"]),
            (PAID[1], {'a", =,%+\r\n': 1, "é😀": 2, "\x00": None}, ['a", =,%+\r\n', "é😀"]),
        ],
    )
    def test_paid_calls_succeed_and_the_service_receives_the_names(
        self, path: str, body: dict[str, Any], names: list[str], client: httpx.Client, services: StubServices
    ) -> None:
        body.pop("\x00", None)
        assert client.post(path, json=body).status_code == 200
        notes = self.notes(services)
        assert [note.partition(" was ignored")[0] for note in notes] == [f"The unknown field {name}" for name in names]
        assert services.last().metadata[UNKNOWN_FIELDS_HEADER].isascii()

    def test_closest_field_is_sent_with_the_name(self, client: httpx.Client, services: StubServices) -> None:
        client.post(PAID[1], json={"ratio": "1:1"})
        assert self.notes(services) == ["The unknown field ratio was ignored. Did you mean aspectRatio?"]

    def test_both_spellings_of_known_fields_are_known(self, client: httpx.Client, services: StubServices) -> None:
        body = {"aspect_ratio": "1:1", "fileFormat": "png", "file_format": None, "prompt": None}
        body |= {"projectId": PROJECT[-36:], "product_id": PROJECT[-36:]}
        assert client.post(PAID[1], json=body, headers=STRICT).status_code == 200
        assert UNKNOWN_FIELDS_HEADER not in services.last().metadata

    def test_number_and_length_of_names_are_limited(self, client: httpx.Client, services: StubServices) -> None:
        assert client.post(PAID[1], json={"ü" * 5_000 + str(number): 1 for number in range(13)}).status_code == 200
        notes = self.notes(services)
        assert len(notes) == 11
        assert notes[-1] == "Further unknown fields that were ignored: 3."
        assert len(services.last().metadata[UNKNOWN_FIELDS_HEADER]) < 4_096

    def test_client_cannot_set_the_header(self, client: httpx.Client, services: StubServices) -> None:
        for body in ({}, {"ratio": 1}):
            client.post(PAID[1], json=body, headers={UNKNOWN_FIELDS_HEADER: "forged"})
            assert "forged" not in str(services.last().metadata)

    @pytest.mark.parametrize("name", ["\\ud800", "a\\u0000b"])
    def test_name_that_is_not_text_is_rejected(self, name: str, client: httpx.Client, services: StubServices) -> None:
        for text in (f'{{"{name}":1}}', f'{{"x":"{name}"}}', f'{{"pronunciations":{{"{name}":"x"}}}}'):
            response = client.post(PAID[2], content=text, headers=JSON)
            assert "unpaired surrogate" in str(refused(response, services).values())

    @pytest.mark.parametrize("text", ['["\\ud800"]', '{"\\udc00":1}'])
    def test_lone_surrogate_in_an_unknown_field_is_named(
        self, text: str, client: httpx.Client, services: StubServices
    ) -> None:
        error = client.post(PAID[0], content=f'{{"x":{text}}}', headers=JSON).json()["error"]
        assert error["reason"] == "MALFORMED_REQUEST"
        assert error["message"] == (
            "The body must not contain an unpaired surrogate: an escape from \\ud800 to \\udfff without its other half."
        )
        assert services.calls == []
