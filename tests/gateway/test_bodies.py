"""Invalid input: every wrong field is named by its JSON name, and no such request reaches a service."""

from __future__ import annotations

import codecs
import json
from typing import Any

import httpx
import pytest
from adwright.catalog.v1 import catalog_pb2
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.stub_services import StubServices

PROJECTS = "/api/projects"
PROJECT = f"{PROJECTS}/0b54b4a8-4a1e-4f5e-9c1c-0e8d7f0f2f11"
JSON = {"content-type": "application/json"}


def fields_of(response: httpx.Response, services: StubServices) -> dict[str, str]:
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert error["reason"] == "VALIDATION_FAILED"
    assert error["requestId"] == response.headers["x-request-id"]
    assert services.calls == []
    found = {item["field"]: item["message"] for item in error["fields"]}
    assert all(name in error["message"] for name in list(found)[:10])
    return found


class TestWrongTypes:
    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"name": 5}, {"name": "must be a string"}),
            ({"name": True}, {"name": "must be a string"}),
            ({"name": ["a"]}, {"name": "must be a string"}),
            ({"name": {"a": 1}}, {"name": "must be a string"}),
            ({"name": "n", "brand": 5}, {"brand": "must be an object"}),
            ({"name": "n", "brand": []}, {"brand": "must be an object"}),
            ({"name": "n", "brand": {"colours": "#fff"}}, {"brand.colours": "must be a list"}),
            (
                {"name": "n", "brand": {"colours": [1, "#ffffff", None]}},
                {"brand.colours[0]": "must be a string", "brand.colours[2]": "must be a string"},
            ),
            ({"name": "n", "brand": {"logo_url": 1}}, {"brand.logoUrl": "must be a string"}),
        ],
    )
    def test_each_wrong_field_is_named_with_its_path(
        self, body: Any, fields: dict[str, str], client: httpx.Client, services: StubServices
    ) -> None:
        assert fields_of(client.post(PROJECTS, json=body), services) == fields

    def test_rules_of_values_are_left_to_the_service(self, client: httpx.Client, services: StubServices) -> None:
        body = {
            "projectId": 5,
            "script": "too short",
            "captions": "yes",
            "voiceId": "",
            "aspectRatio": "2:1",
            "idempotencyKey": "ü" * 129,
            "pronunciations": {"a": 1, "b": "c"},
            "avatarUrl": None,
            "speed": 1.26,
        }
        assert fields_of(client.post("/api/generate/video", json=body), services) == {
            "projectId": "must be a string",
            "captions": "must be true or false",
            'pronunciations["a"]': "must be a string",
        }

    @pytest.mark.parametrize("credits", ["5", 1.5, True, [], {}, 1e300, 2147483648, -2147483649])
    def test_values_that_are_not_whole_numbers_are_rejected(
        self,
        credits: Any,  # noqa: A002
        client: httpx.Client,
        services: StubServices,
    ) -> None:
        body = {"userId": "u", "credits": credits, "grantId": "g", "reason": "r"}
        found = fields_of(client.post("/api/admin/grants", json=body), services)
        assert found == {"credits": "must be a whole number"}

    @pytest.mark.parametrize("text", ["5", "5.0", "5e0", "50E-1"])
    def test_other_notations_of_whole_numbers_are_accepted(
        self, text: str, client: httpx.Client, services: StubServices
    ) -> None:
        body = f'{{"userId":"u","credits":{text},"grantId":"g","reason":"r"}}'
        assert client.post("/api/admin/grants", content=body, headers=JSON).status_code == 200
        assert services.last().request.credits == 5

    @pytest.mark.parametrize("text", ['"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"'])
    def test_text_that_no_database_stores_is_named(
        self, text: str, client: httpx.Client, services: StubServices
    ) -> None:
        response = client.post(PROJECTS, content=f'{{"name": {text}}}', headers=JSON)
        assert set(fields_of(response, services)) == {"name"}

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (b'{"name": "a", "name": "b"}', "name"),
            (b'{"name": "a", "n\\u0061me": "a"}', "name"),
            (b'{"brand": {"logoUrl": "", "logo_url": ""}}', "brand.logoUrl"),
            (b'{"brand": {"colours": []}, "brand": {}}', "brand"),
        ],
    )
    def test_repeated_field_is_named(
        self, body: bytes, field: str, client: httpx.Client, services: StubServices
    ) -> None:
        found = fields_of(client.post(PROJECTS, content=body, headers=JSON), services)
        assert found[field] == "is given more than once"


class TestBadJson:
    @pytest.mark.parametrize(
        "body",
        [
            b'{"name": "a"', b'{"name": "a"} x', b"{'name': 'a'}", b"{name: 1}", b'{"name": "a",}', b"[]", b"5", b" ",
            b'"x"', b"null", b'{"name": nul}', b'{"name": 01}', b'{"name": +1}', b'{"name": .5}', b'{"name": "\n"}',
            b'{"name": "\\x"}', b'{"name": "\\u12"}', b'{"name": "a\xff"}', b'{"name": "\xc0\x80"}', b'{"a":1 "b":2}',
            b'{"a":[1 2]}', b"{" * 100_000, b"[" * 100_000, b'{"a":' * 50 + b"1" + b"}" * 50, b"\xef\xbb{}",
            b'{"name": NaN}', b'{"name": 1e400}', b'{"name": "a", "x": -1e999}', b'{"name": Infinity}',
            b"<a/>", b"name=a",
        ],
    )  # fmt: skip
    def test_invalid_json_gives_400_with_the_cause(
        self, body: bytes, client: httpx.Client, services: StubServices
    ) -> None:
        response = client.post(PROJECTS, content=body, headers=JSON)
        assert response.status_code == 400
        error = response.json()["error"]
        assert error["reason"] == "MALFORMED_REQUEST"
        assert error["message"].startswith("The body ")
        assert services.calls == []

    @pytest.mark.parametrize(
        ("body", "name"),
        [
            (b'{"name": "\\u00e9\\ud83d\\ude00\\n\\/"}', "é😀\n/"),
            ('{"name": "ü\\"}{"}'.encode(), 'ü"}{'),
            (b' \r\n\t{ "name" : "a" , "brand" : { "colours" : [ ] , "pronunciations" : { } } }\n', "a"),
            (b'{"name": null, "name": "b"}', "b"),
            (b'{"n\\u0061me": "z"}', "z"),
            (b'{"name": null}', ""),
            (b"{}", ""),
            (b"", ""),
        ],
    )
    def test_valid_json_arrives_unchanged(
        self, body: bytes, name: str, client: httpx.Client, services: StubServices
    ) -> None:
        response = client.post(PROJECTS, content=body, headers=JSON)
        assert response.status_code == 200, response.text
        assert services.last().request.name == name

    def test_large_valid_body_arrives_complete(self, client: httpx.Client, services: StubServices) -> None:
        text = "ß" * 200_000
        assert client.post(PROJECTS, json={"name": text}).status_code == 200
        assert services.last().request.name == text


TEXTS = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
BRANDS = st.dictionaries(
    st.sampled_from(["colours", "logoUrl", "logo_url", "font", "toneWords", "x"]), VALUES, max_size=4
)
BODIES = st.dictionaries(
    st.sampled_from(["name", "brand", "unknown", 'a"\\b', ""]) | TEXTS, VALUES | BRANDS | TEXTS, max_size=4
)


class TestAnyBody:
    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=BODIES, ascii_only=st.booleans())
    def test_accepted_bodies_arrive_as_protobuf_parses_them_and_others_give_400(
        self, body: dict[str, Any], ascii_only: bool, client: httpx.Client, services: StubServices
    ) -> None:
        services.forget()
        response = client.post(PROJECTS, content=json.dumps(body, ensure_ascii=ascii_only).encode(), headers=JSON)
        if response.status_code == 200:
            assert services.last().request == json_format.ParseDict(body, catalog_pb2.CreateProjectRequest())
        else:
            assert response.status_code == 400
            assert response.json()["error"]["fields"]

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=st.binary(max_size=60) | st.text(alphabet='{}[]":,\\u0eE+-.tfn \n\u00e9', max_size=30).map(str.encode))
    def test_random_bytes_give_400_and_never_500(
        self, body: bytes, client: httpx.Client, services: StubServices
    ) -> None:
        services.forget()
        response = client.post(PROJECTS, content=body, headers=JSON)
        try:
            good = body == b"" or isinstance(json.loads(body.removeprefix(codecs.BOM_UTF8).decode()), dict)
        except ValueError:
            good = False
        if not good:
            assert response.status_code == 400
            assert services.calls == []
        assert response.status_code in (200, 400)


class TestParameters:
    @pytest.mark.parametrize(
        ("query", "field", "message"),
        [
            ("pageSize=abc", "pageSize", "must be a whole number"),
            ("page_size=1.5", "pageSize", "must be a whole number"),
            ("from=yesterday", "from", "must be an RFC 3339 time such as 2026-01-31T12:00:00Z"),
        ],
    )
    def test_wrong_parameter_is_named(
        self, query: str, field: str, message: str, client: httpx.Client, services: StubServices
    ) -> None:
        assert fields_of(client.get(f"/api/generate/jobs?{query}"), services) == {field: message}

    KNOWN = "The parameters are pageSize, pageToken, status, type, projectId, from, to."

    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            ("jobIdd=x", {"jobIdd": f"is not a parameter of this method. {KNOWN}"}),
            ("a=1&b=2&status=queued", dict.fromkeys("ab", f"is not a parameter of this method. {KNOWN}")),
            ("status.x=1", {"status.x": f"is not a parameter of this method. {KNOWN}"}),
            ("%73tatus=queued", {"status": f"is not a parameter of this method. {KNOWN}"}),
            ("x", {"x": f"is not a parameter of this method. {KNOWN}"}),
            ("=x", {"": f"is not a parameter of this method. {KNOWN}"}),
            ("pageSize=1&pageSize=2", {"pageSize": "is given more than once"}),
            ("pageSize=1&page_size=2", {"pageSize": "is given more than once"}),
        ],
    )
    def test_unknown_and_repeated_parameters_are_named_with_the_known_ones(
        self, query: str, fields: dict[str, str], client: httpx.Client, services: StubServices
    ) -> None:
        assert fields_of(client.get(f"/api/generate/jobs?{query}"), services) == fields

    def test_random_parameters_never_give_500(self, client: httpx.Client, services: StubServices) -> None:
        many = "&".join(f"p{number}=1" for number in range(2_000))
        assert len(fields_of(client.get(f"/api/generate/jobs?{many}"), services)) <= 50
        assert "query" not in fields_of(client.get(f"/api/generate/jobs?{'x' * 20_000}=1"), services)

    def test_valid_parameters_arrive(self, client: httpx.Client, services: StubServices) -> None:
        query = "pageSize=7&status=queued&from=2026-03-09T10:00:00Z&pageToken=a%2Bb%20c%C3%BC"
        assert client.get(f"/api/generate/jobs?{query}").status_code == 200
        request = services.last().request
        assert (request.page_size, request.status, request.page_token) == (7, "queued", "a+b cü")

    @pytest.mark.parametrize("query", ["jobId=%ff", "jobId=%00", "jobId=%C0%80", "jobId=%ED%A0%80"])
    def test_address_that_is_not_text_is_rejected(
        self, query: str, client: httpx.Client, services: StubServices
    ) -> None:
        response = client.get(f"/api/generate/status?{query}")
        assert (response.status_code, response.json()["error"]["reason"]) == (400, "MALFORMED_REQUEST")
        assert services.calls == []
