"""Bodies with other encodings, other content types, compression or lone surrogates, as clients send them."""

from __future__ import annotations

import codecs
import gzip
import json

import httpx
import pytest

from tests.gateway.stub_services import StubServices
from tests.support import error_of

AD = "/api/generate/static-ad"
VIDEO = "/api/generate/video"
JSON = {"content-type": "application/json"}
TEXT = json.dumps({"prompt": "Größe 5 Häuser"}, ensure_ascii=False)


class TestEncodings:
    def test_byte_order_mark_is_ignored(self, client: httpx.Client, services: StubServices) -> None:
        response = client.post(AD, content=codecs.BOM_UTF8 + TEXT.encode(), headers=JSON)
        assert response.status_code == 200, response.text
        assert services.last().request.prompt == "Größe 5 Häuser"

    @pytest.mark.parametrize(
        ("encoding", "word"),
        [
            ("utf-16", "UTF-16"),
            ("utf-16-le", "UTF-16"),
            ("utf-16-be", "UTF-16"),
            ("utf-32", "UTF-32"),
            ("utf-32-le", "UTF-32"),
            ("utf-32-be", "UTF-32"),
            ("cp1252", "Windows-1252"),
            ("latin-1", "Latin-1"),
        ],
    )
    def test_other_encodings_are_named_and_never_misread(
        self, encoding: str, word: str, client: httpx.Client, services: StubServices
    ) -> None:
        error = error_of(client.post(AD, content=TEXT.encode(encoding), headers=JSON), 400, "MALFORMED_REQUEST")
        assert word in error["message"]
        assert "UTF-8" in error["message"]
        assert services.calls == []

    @pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\xef\xbb", b"{\0", b"\xfe\xff\0{"])
    def test_bodies_of_a_few_bytes_never_give_500(
        self, content: bytes, client: httpx.Client, services: StubServices
    ) -> None:
        error_of(client.post(AD, content=content, headers=JSON), 400, "MALFORMED_REQUEST")
        assert services.calls == []


class TestContentTypes:
    @pytest.mark.parametrize(
        "kind",
        [
            "application/json;charset=UTF-8",
            'application/json; charset="utf-8"',
            "application/json; charset=utf8; profile=x",
            "application/json; profile=x; charset=us-ascii",
            "application/vnd.api+json",
            "APPLICATION/JSON",
            "",
        ],
    )
    def test_json_content_types_are_accepted(self, kind: str, client: httpx.Client, services: StubServices) -> None:
        response = client.post(AD, content=TEXT.encode(), headers={"content-type": kind})
        assert response.status_code == 200, response.text
        assert services.last().request.prompt == "Größe 5 Häuser"

    def test_missing_content_type_is_accepted(self, client: httpx.Client, services: StubServices) -> None:
        assert client.post(AD, content=TEXT.encode()).status_code == 200
        assert services.last().request.prompt == "Größe 5 Häuser"

    @pytest.mark.parametrize(
        "kind",
        [
            "application/x-www-form-urlencoded",
            "text/json",
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/grpc",
            "application/grpc+json",
            "application/grpc-web+proto",
            "application/GRPC",
            "application/jsonp",
            "Größe",
        ],
    )
    @pytest.mark.parametrize("method", ["POST", "PATCH"])
    def test_other_content_types_give_415_with_the_right_one(
        self, method: str, kind: str, client: httpx.Client, services: StubServices
    ) -> None:
        path = AD if method == "POST" else "/api/projects/p"
        response = client.request(method, path, content=b"{}", headers={b"content-type": kind.encode()})
        error = error_of(response, 415, "UNSUPPORTED_MEDIA_TYPE")
        assert "-H 'Content-Type: application/json'" in error["message"]
        assert "grpc-status" not in response.headers
        assert services.calls == []

    @pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "windows-1252", '"latin1"', "utf-8x"])
    def test_other_charset_gives_415(self, charset: str, client: httpx.Client, services: StubServices) -> None:
        headers = {"content-type": f"application/json; charset={charset}"}
        error = error_of(client.post(AD, content=b"{}", headers=headers), 415, "UNSUPPORTED_MEDIA_TYPE")
        assert "UTF-8" in error["message"]
        assert services.calls == []

    def test_unknown_path_gives_404_for_any_content_type(self, client: httpx.Client) -> None:
        for kind in ("text/plain", "application/json", "multipart/form-data"):
            response = client.post("/nope", content=b"{}", headers={"content-type": kind})
            error_of(response, 404, "ROUTE_NOT_FOUND")


class TestCompression:
    @pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, identity", "x"])
    @pytest.mark.parametrize(("path", "kind"), [(AD, "application/json"), ("/api/products/p/image", "image/png")])
    def test_compressed_body_gives_415(
        self, path: str, kind: str, coding: str, client: httpx.Client, services: StubServices
    ) -> None:
        headers = {"content-type": kind, "content-encoding": coding}
        response = client.post(path, content=gzip.compress(TEXT.encode()), headers=headers)
        assert "uncompressed" in error_of(response, 415, "UNSUPPORTED_MEDIA_TYPE")["message"]
        assert services.calls == []

    def test_identity_encoding_is_accepted(self, client: httpx.Client, services: StubServices) -> None:
        assert client.post(AD, content=b"{}", headers=JSON | {"content-encoding": "identity"}).status_code == 200


class TestLoneSurrogates:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (r'{"pronunciations": {"\ud83d": "x"}}', 'pronunciations["\ufffd"]'),
            (r'{"pronunciations": {"ä\ude00": "x"}}', 'pronunciations["ä\ufffd"]'),
            (r'{"pronunciations": {"a": "\ud83d"}}', 'pronunciations["a"]'),
            (r'{"\ud83d": 1}', "\ufffd"),
            (r'{"script": "\ud83d hello there"}', "script"),
        ],
    )
    def test_field_with_a_lone_surrogate_is_named(
        self, body: str, field: str, client: httpx.Client, services: StubServices
    ) -> None:
        error = error_of(client.post(VIDEO, content=body.encode(), headers=JSON), 400, "VALIDATION_FAILED")
        assert error["fields"][0]["field"] == field
        assert "surrogate" in error["fields"][0]["message"]
        assert services.calls == []

    @pytest.mark.parametrize("body", [r'{"unknown": {"\ud83d": 1}}', r'{"unknown": ["\udc00"]}'])
    def test_lone_surrogate_in_an_unknown_field_gives_a_message(
        self, body: str, client: httpx.Client, services: StubServices
    ) -> None:
        error = error_of(client.post(VIDEO, content=body.encode(), headers=JSON), 400, "MALFORMED_REQUEST")
        assert "unpaired surrogate" in error["message"]
        assert services.calls == []

    def test_complete_surrogate_pair_is_accepted(self, client: httpx.Client, services: StubServices) -> None:
        body = r'{"pronunciations": {"\ud83d\ude00": "\uD83D\uDE00"}, "unknown": "\ud83d\ude00"}'
        assert client.post(VIDEO, content=body.encode(), headers=JSON).status_code == 200
        assert dict(services.last().request.pronunciations) == {"😀": "😀"}


class TestErrorTexts:
    @pytest.mark.parametrize("path", ["/api/prices?größe=1", "/api/prices?a%22b=1", "/api/prices?100%25=1"])
    def test_text_of_a_request_is_readable_in_errors(self, path: str, client: httpx.Client) -> None:
        response = client.get(path)
        assert response.status_code == 400
        message = response.json()["error"]["message"]
        assert "Ã" not in message
        assert "\\u00" not in message
