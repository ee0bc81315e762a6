"""The API description is complete and consistent, and its page loads nothing from other hosts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from protovalidate import collect_violations

from gateway.api_docs import write_documents
from gateway.openapi import IMAGE, openapi
from gateway.routes import Route, read_descriptors
from gateway.settings import GatewaySettings
from tests.gateway.envoy_process import IssuerKeys, running_gateway
from tests.gateway.stub_services import StubServices, message_class


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return openapi(read_descriptors(IMAGE))


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for verb, operation in methods.items():
            yield path, verb, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


class TestDescription:
    def test_description_has_exactly_the_routes(self, description: dict[str, Any], routes: tuple[Route, ...]) -> None:
        found = {(verb.upper(), re.sub(r"\{[^}]*\}", "{}", path)) for path, verb, _ in operations(description)}
        assert found == {(route.verb, re.sub(r"\{[^}]*\}", "{}", route.path)) for route in routes}

    def test_every_reference_resolves(self, description: dict[str, Any]) -> None:
        schemas = description["components"]["schemas"]
        found = set(references(description))
        assert len(found) > 20
        assert {reference.removeprefix("#/components/schemas/") for reference in found} <= set(schemas)

    def test_methods_and_request_fields_have_the_protos_comments(self, description: dict[str, Any]) -> None:
        assert all(operation["description"] for _, _, operation in operations(description))
        video = description["components"]["schemas"]["GenerateVideoRequest"]["properties"]
        assert video["script"]["description"].startswith("10-2000 characters in a language of /api/voices, all")

    def test_rules_of_the_protos_are_in_the_schema(self, description: dict[str, Any]) -> None:
        video = description["components"]["schemas"]["GenerateVideoRequest"]
        script = video["properties"]["script"]
        assert (script["minLength"], script["maxLength"]) == (10, 2000)
        assert "string" in script["type"]
        assert video["properties"]["projectId"]["format"] == "uuid"
        assert video["properties"]["aspectRatio"]["enum"] == ["9:16", "1:1", "16:9", "4:5", None]
        assert video["required"] == ["projectId", "productId"]

    def test_status_and_type_of_responses_are_enumerations(self, description: dict[str, Any]) -> None:
        schemas = description["components"]["schemas"]
        job = schemas["JobStatus"]["properties"]
        assert job["type"]["enum"] == ["copy", "static_ad", "video"]
        for name, schema in schemas.items():
            for field in ("status", "type"):
                if schema.get("properties", {}).get(field, {}).get("type") == "string":
                    assert schema["properties"][field].get("enum"), f"{name}.{field}"

    def test_photo_upload_has_a_media_type_for_client_generators(self, description: dict[str, Any]) -> None:
        body = description["paths"]["/api/products/{productId}/image"]["post"]["requestBody"]
        assert next(iter(body["content"])) == "application/octet-stream"
        assert body["content"]["application/octet-stream"]["schema"] == {"type": "string", "format": "binary"}

    def test_paid_calls_describe_402_and_all_describe_the_error_body(self, description: dict[str, Any]) -> None:
        for path in ("/api/generate/copy", "/api/generate/static-ad", "/api/generate/video"):
            assert "402" in description["paths"][path]["post"]["responses"]
        for _, _, operation in operations(description):
            schema = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorResponse"}

    def test_resumable_streams_describe_204(self, description: dict[str, Any]) -> None:
        with_204 = {
            path
            for path, operations in description["paths"].items()
            for operation in operations.values()
            if "204" in operation["responses"]
        }
        assert with_204 == {"/api/generate/events", "/api/campaigns/{campaignId}/events"}

    def test_only_public_paths_need_no_credentials(
        self, description: dict[str, Any], routes: tuple[Route, ...]
    ) -> None:
        security = {operation["operationId"]: operation.get("security") for _, _, operation in operations(description)}
        both = description["security"]
        assert both == [{"bearer": []}, {"apiKey": []}]
        for route in routes:
            expected: list[dict[str, list[str]]] | None = (
                [] if route.public else None if route.keys else [{"bearer": []}]
            )
            assert security[route.method[0].lower() + route.method[1:]] == expected, route.method

    def test_request_examples_are_valid(self, description: dict[str, Any], routes: tuple[Route, ...]) -> None:
        checked = 0
        for route in routes:
            path = re.sub(r"_([a-z])", lambda found: found[1].upper(), route.path)
            operation = description["paths"][path][route.verb.lower()]
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "example" not in content:
                continue
            message = message_class(route.request)()
            json_format.ParseDict(content["example"], message)
            bound = set(route.variables)
            paths: list[Any] = [found.proto.field for found in collect_violations(message)]
            assert {found.elements[0].field_name for found in paths} <= bound, route.path
            checked += 1
        assert checked >= 7


class TestPages:
    def test_pages_need_no_token_and_load_nothing_from_other_hosts(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        documents = write_documents(tmp_path / "documents")
        with (
            running_gateway(GatewaySettings(**{**settings, "documents": documents}), tmp_path) as found,
            httpx.Client(base_url=found.url) as client,
        ):
            response = client.get("/openapi.json")
            assert response.headers["content-type"] == "application/json"
            assert response.json() == openapi(read_descriptors(IMAGE))
            page = client.get("/docs")
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            policy = page.headers["content-security-policy"]
            assert "script-src 'self';" in policy
            assert "connect-src 'self';" in policy
            loaded = re.findall(r'(?:src|href)="(/[^"]*)"', page.text)
            assert len(loaded) == 3
            for path in loaded:
                part = client.get(path)
                assert part.status_code == 200
                assert part.headers["content-type"].startswith(("text/javascript", "text/css"))
            assert not re.search(r'(?:src|href)="https?:', page.text)
            assert client.post("/docs").status_code == 404
            assert json.dumps(response.json()).count("http://") == 0
