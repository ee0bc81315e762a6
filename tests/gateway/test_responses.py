"""Responses of REST clients, made from services' responses and from Envoy's local replies."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import grpc
import httpx
import pytest
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2
from google.api import httpbody_pb2

from services.chassis.rpc.request_headers import ARRIVAL_TIME_HEADER, arrival_time
from tests.gateway.envoy_process import RunningGateway
from tests.gateway.stub_services import StubServices, refusing
from tests.support import error_of

AD = "/api/generate/static-ad"
JOB = "0b54b4a8-4a1e-4f5e-9c1c-0e8d7f0f2f11"


def error_metadata(reason: str, status: int, **more: Any) -> tuple[tuple[str, str | bytes], ...]:
    body = {"error": {"reason": reason, "message": "Größe: “7”", "requestId": "r-1", "retryable": False, **more}}
    return (
        ("x-adwright-error", json.dumps(body)),
        ("x-adwright-status", str(status)),
        ("grpc-status-details-bin", b"\x08\x09"),
    )


class TestSuccess:
    def test_fields_are_camel_case_and_zero_is_shown(self, client: httpx.Client, services: StubServices) -> None:
        async def reused(request: Any, context: Any) -> Any:
            return image_pb2.GenerateStaticAdResponse(job_id="abc", status="reused")

        services.unary["GenerateStaticAd"] = reused
        response = client.post(AD, json={})
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.json() == {"jobId": "abc", "status": "reused", "creditsUsed": 0, "creditsRemaining": 0}

    def test_notes_are_present_only_when_not_empty(self, client: httpx.Client, services: StubServices) -> None:
        job = job_pb2.JobStatus(id="j")
        for notes in ([], ["n"], [',"notes":[]}']):

            async def respond(request: Any, context: Any, notes: list[str] = notes) -> Any:
                return image_pb2.GenerateStaticAdResponse(job_id="j", job=job, notes=notes)

            services.unary["GenerateStaticAd"] = respond
            found = client.post(AD, json={}).json()
            assert found.get("notes", []) == notes
            assert ("notes" in found) == bool(notes)
            assert found["job"]["notes"] == []

    def test_request_arrives_field_by_field(self, client: httpx.Client, services: StubServices) -> None:
        body = {"projectId": "p", "productId": "q", "aspectRatio": "1:1", "prompt": "grün 😀", "unknown": [1]}
        assert client.post(AD, json=body).status_code == 200
        expected = image_pb2.GenerateStaticAdRequest(
            project_id="p", product_id="q", aspect_ratio="1:1", prompt="grün 😀"
        )
        assert services.last().request == expected

    def test_optional_fields_are_absent_when_unset(self, client: httpx.Client, services: StubServices) -> None:
        status = client.get("/api/generate/status", params={"jobId": JOB}).json()
        lists = {"assets", "variants", "notes", "deletedAssets"}
        assert set(status) == {"id", "jobId", "type", "status", "projectId", "productId"} | lists
        assert status["assets"] == []

    def test_nested_values_arrive(self, client: httpx.Client, services: StubServices) -> None:
        async def respond(request: Any, context: Any) -> Any:
            variant = copy_pb2.Variant(hook="h", body="b", cta="c", hashtags=["#x"])
            return copy_pb2.GenerateCopyResponse(job_id="j", status="completed", credits_used=1, variants=[variant])

        services.unary["GenerateCopy"] = respond
        answered = client.post("/api/generate/copy", json={}).json()
        assert answered["variants"] == [{"hook": "h", "body": "b", "cta": "c", "hashtags": ["#x"]}]
        assert "notes" not in answered

    def test_idempotency_and_waiting_headers_reach_the_service(
        self, client: httpx.Client, services: StubServices
    ) -> None:
        client.post(AD, json={}, headers={"idempotency-key": "k-1", "prefer": "wait=5"})
        metadata = services.last().metadata
        assert (metadata["idempotency-key"], metadata["prefer"]) == ("k-1", "wait=5")


class TestRefusalsOfServices:
    @pytest.mark.parametrize(
        ("code", "status"),
        [
            (grpc.StatusCode.INVALID_ARGUMENT, 400),
            (grpc.StatusCode.UNAUTHENTICATED, 401),
            (grpc.StatusCode.FAILED_PRECONDITION, 402),
            (grpc.StatusCode.PERMISSION_DENIED, 403),
            (grpc.StatusCode.NOT_FOUND, 404),
            (grpc.StatusCode.ABORTED, 409),
            (grpc.StatusCode.OUT_OF_RANGE, 413),
            (grpc.StatusCode.OUT_OF_RANGE, 416),
            (grpc.StatusCode.FAILED_PRECONDITION, 422),
            (grpc.StatusCode.RESOURCE_EXHAUSTED, 429),
            (grpc.StatusCode.INTERNAL, 500),
            (grpc.StatusCode.DEADLINE_EXCEEDED, 504),
        ],
    )
    def test_status_and_body_come_from_the_service(
        self, code: grpc.StatusCode, status: int, client: httpx.Client, services: StubServices
    ) -> None:
        metadata = error_metadata("SOME_REASON", status, fields=[{"field": "platform", "message": "unknown"}])
        services.unary["GenerateStaticAd"] = refusing(code, *metadata)
        response = client.post(AD, json={})
        assert response.status_code == status
        assert response.headers["content-type"] == "application/json"
        assert response.json() == json.loads(str(metadata[0][1]))

    def test_402_has_no_internal_headers(self, client: httpx.Client, services: StubServices) -> None:
        services.unary["GenerateStaticAd"] = refusing(
            grpc.StatusCode.FAILED_PRECONDITION, *error_metadata("INSUFFICIENT_CREDITS", 402)
        )
        response = client.post(AD, json={})
        assert response.status_code == 402
        assert [
            name for name in response.headers if name.startswith(("x-adwright", "grpc-", "x-envoy", "server"))
        ] == []

    def test_retry_after_arrives(self, client: httpx.Client, services: StubServices) -> None:
        services.unary["GenerateStaticAd"] = refusing(
            grpc.StatusCode.RESOURCE_EXHAUSTED, *error_metadata("TOO_MANY_LIVE_JOBS", 429), ("retry-after", "7")
        )
        assert client.post(AD, json={}).headers["retry-after"] == "7"

    def test_503_of_an_unsafe_call_is_not_retried(self, client: httpx.Client, services: StubServices) -> None:
        services.unary["GenerateStaticAd"] = refusing(grpc.StatusCode.UNAVAILABLE, *error_metadata("OVERLOADED", 503))
        assert client.post(AD, json={}).status_code == 503
        assert len(services.calls) == 1

    def test_503_of_a_safe_call_is_retried(self, client: httpx.Client, services: StubServices) -> None:
        async def better_the_second_time(request: Any, context: Any) -> Any:
            if len(services.calls) == 1:
                await context.abort(
                    grpc.StatusCode.UNAVAILABLE, "no", trailing_metadata=error_metadata("OVERLOADED", 503)
                )
            return job_pb2.JobStatus(id=JOB)

        services.unary["GetJobStatus"] = better_the_second_time
        assert client.get("/api/generate/status", params={"jobId": JOB}).json()["id"] == JOB
        assert len(services.calls) == 2

    @pytest.mark.parametrize(
        ("code", "status", "reason"),
        [
            (grpc.StatusCode.UNIMPLEMENTED, 501, "NOT_PROVIDED"),
            (grpc.StatusCode.INTERNAL, 500, "INTERNAL"),
            (grpc.StatusCode.NOT_FOUND, 404, "NOT_FOUND"),
            (grpc.StatusCode.UNKNOWN, 500, "INTERNAL"),
            (grpc.StatusCode.RESOURCE_EXHAUSTED, 429, "LIMITED"),
        ],
    )
    def test_bare_grpc_status_gets_the_tables_message(
        self, code: grpc.StatusCode, status: int, reason: str, client: httpx.Client, services: StubServices
    ) -> None:
        services.unary["GenerateStaticAd"] = refusing(code, details="secret: Traceback in /srv/x.py")
        response = client.post(AD, json={})
        error_of(response, status, reason)
        assert "secret" not in response.text + str(response.headers)

    def test_crash_gives_500(self, client: httpx.Client, services: StubServices) -> None:
        async def crash(request: Any, context: Any) -> Any:
            raise ValueError("secret")

        services.unary["GenerateStaticAd"] = crash
        response = client.post(AD, json={})
        error_of(response, 500, "INTERNAL")
        assert "secret" not in response.text


class TestHeadersCannotBeAbused:
    @pytest.mark.parametrize("value", ["99", "600", "1000", "2e2", "-402", "0x192", "4O2", "100", "199", ""])
    def test_invalid_status_is_ignored(self, value: str, client: httpx.Client, services: StubServices) -> None:
        services.unary["GenerateStaticAd"] = refusing(grpc.StatusCode.NOT_FOUND, ("x-adwright-status", value))
        assert client.post(AD, json={}).status_code == 404

    def test_clients_internal_headers_are_dropped(self, client: httpx.Client, services: StubServices) -> None:
        forged = {
            "x-adwright-status": "299",
            "x-adwright-error": "{}",
            "x-request-id": "mine",
            "x-adwright-invalid": "1",
        }
        response = client.post(AD, json={}, headers=forged)
        assert response.status_code == 200
        seen = services.last().metadata
        assert [name for name in seen if name.startswith("x-adwright")] == ["x-adwright-arrived"]  # the gateway's own
        assert seen["x-request-id"] == response.headers["x-request-id"] != "mine"

    @pytest.mark.parametrize("forged", [[], ["1.000000"], ["99999999999.000000"], ["1.000000", "2.000000"], [""]])
    def test_time_of_arrival_is_the_gateways(
        self, forged: list[str], client: httpx.Client, services: StubServices
    ) -> None:
        seen: list[tuple[str, Any]] = []

        async def respond(request: Any, context: Any) -> image_pb2.GenerateStaticAdResponse:
            seen.extend(context.invocation_metadata())
            return image_pb2.GenerateStaticAdResponse()

        services.unary["GenerateStaticAd"] = respond
        before = datetime.now(UTC)
        assert client.post(AD, json={}, headers=[(ARRIVAL_TIME_HEADER, text) for text in forged]).status_code == 200
        after = datetime.now(UTC)
        assert before <= arrival_time(seen, after) < after, "one stamp, which the services believe"

    def test_error_text_cannot_inject_headers_or_responses(
        self, gateway: RunningGateway, client: httpx.Client, services: StubServices
    ) -> None:
        # gRPC rejects line ends in metadata; text that an error quotes from a request is escaped in JSON.
        nasty = 'x\r\nset-cookie: a=b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}}'
        body = json.dumps({"error": {"reason": "X", "message": nasty, "requestId": "r", "retryable": False}})
        services.unary["GenerateStaticAd"] = refusing(
            grpc.StatusCode.INVALID_ARGUMENT, ("x-adwright-error", body), ("x-adwright-status", "400")
        )
        response = client.post(AD, json={})
        assert response.status_code == 400
        assert "set-cookie" not in response.headers
        assert response.json()["error"]["message"] == nasty
        assert response.headers["content-length"] == str(len(response.content))

    def test_unknown_names_are_quoted_in_errors(self, client: httpx.Client, services: StubServices) -> None:
        name = 'a"],"x":"\\\r\n\u2028'
        response = client.post("/api/generate/video", json={"pronunciations": {name: 1}})
        fields = error_of(response, 400, "VALIDATION_FAILED")["fields"]
        assert fields[0]["field"] == f'pronunciations["{name}"]'

    def test_client_cannot_control_envoy_by_headers(self, client: httpx.Client, services: StubServices) -> None:
        services.unary["GenerateStaticAd"] = refusing(grpc.StatusCode.UNAVAILABLE, *error_metadata("OVERLOADED", 503))
        orders = {"x-envoy-retry-grpc-on": "unavailable", "x-envoy-retry-on": "5xx", "x-envoy-max-retries": "9"}
        assert client.post(AD, json={}, headers=orders).status_code == 503
        assert len(services.calls) == 1

    def test_request_id_is_generated_and_returned(self, client: httpx.Client) -> None:
        found = {client.get("/api/prices").headers["x-request-id"] for _ in range(5)}
        assert len(found) == 5


class TestLocalReplies:
    def test_unknown_path_gives_404(self, client: httpx.Client) -> None:
        assert error_of(client.get("/nope"), 404, "ROUTE_NOT_FOUND")["retryable"] is False

    def test_wrong_method_gets_the_allowed_ones(self, client: httpx.Client) -> None:
        response = client.put("/api/projects")
        error_of(response, 405, "METHOD_NOT_ALLOWED")
        assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"])
    def test_wrong_media_type_gives_415(self, kind: str, client: httpx.Client, services: StubServices) -> None:
        error_of(client.post(AD, content="{}", headers={"content-type": kind}), 415, "UNSUPPORTED_MEDIA_TYPE")
        assert services.calls == []

    @pytest.mark.parametrize(
        "kind", ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
    )
    def test_other_json_media_types_are_accepted(self, kind: str, client: httpx.Client) -> None:
        assert client.post(AD, content="{}", headers={"content-type": kind}).status_code == 200

    def test_too_large_body_is_rejected_by_its_length_or_its_bytes(
        self, client: httpx.Client, services: StubServices
    ) -> None:
        large = b'{"prompt":"' + b"x" * (1 << 21) + b'"}'
        headers = {"content-type": "application/json"}
        error_of(client.post(AD, content=large, headers=headers), 413, "BODY_TOO_LARGE")
        chunks = iter([large[:1000], large[1000:]])
        error_of(client.post(AD, content=chunks, headers=headers), 413, "BODY_TOO_LARGE")
        assert services.calls == []

    def test_large_headers_give_431(self, client: httpx.Client, services: StubServices) -> None:
        response = client.get("/api/prices", headers={"x-large": "x" * 40_000})
        assert response.status_code == 431
        assert response.json()["error"]["reason"] == "HEADERS_TOO_LARGE"
        assert services.calls == []

    @pytest.mark.parametrize(
        "text",
        [
            b"GET /api/prices HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /api/projects HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            b"GET /api/prices HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
            b"GET /api/prices HTTP/1.1\r\nHost : a\r\n\r\n",
            b"GET /api/prices HTTP/1.1\r\nHost: a\r\nX-A: b\r\n smuggled: c\r\nX_Under: 1\r\n\r\n",
            b"nonsense\r\n\r\n",
            b"QUERY /api/prices HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /api/prices HTTP/1.1\r\n\r\n",
        ],
    )
    def test_bytes_that_are_not_http_are_rejected_and_the_connection_closes(
        self, text: bytes, gateway: RunningGateway, services: StubServices
    ) -> None:
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as line:
            line.sendall(text)
            response = b""
            while part := line.recv(65536):
                response += part
        assert response.split(b" ", 2)[1] in (b"400", b"401", b"501")
        assert response.count(b"HTTP/1.1 ") == 1
        assert services.calls == []
        body = json.loads(response.partition(b"\r\n\r\n")[2])
        assert set(body["error"]) == {"reason", "message", "requestId", "retryable"}
        assert body["error"]["message"]
        assert isinstance(body["error"]["requestId"], str)

    @pytest.mark.parametrize("method", ["FOO", "PROPFIND", "QUERY", "TRACE", "PUT"])
    def test_methods_that_no_path_supports_give_405(
        self, method: str, client: httpx.Client, services: StubServices
    ) -> None:
        response = client.request(method, "/api/prices", headers={"content-type": "application/json"})
        error_of(response, 405, "METHOD_NOT_ALLOWED")
        assert services.calls == []

    def test_every_response_has_the_security_headers(self, client: httpx.Client) -> None:
        for path in ("/api/prices", "/nope"):
            headers = client.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert headers["cache-control"] == "no-store"
            assert not {"server", "x-powered-by", "via", "x-envoy-upstream-service-time"} & set(headers)


class TestStreams:
    def test_events_arrive_as_the_service_writes_them(self, client: httpx.Client, services: StubServices) -> None:
        async def changes(request: Any, context: Any) -> AsyncIterator[Any]:
            yield httpbody_pb2.HttpBody(content_type="text/event-stream", data=b"retry: 3000\n\n")
            for number in range(3):
                data = json.dumps({"id": request.job_id, "number": number}).encode()
                yield httpbody_pb2.HttpBody(data=b"id: %d\ndata: %s\n\n" % (number, data))

        services.stream["StreamJobEvents"] = changes
        response = client.get("/api/generate/events", params={"jobId": JOB}, headers={"last-event-id": "x.1"})
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["cache-control"] == "no-store"
        assert services.last().metadata["last-event-id"] == "x.1"
        opening, *events = response.text.removesuffix("\n\n").split("\n\n")
        assert opening == "retry: 3000"
        assert events == [f'id: {n}\ndata: {{"id": "{JOB}", "number": {n}}}' for n in range(3)]

    def test_events_are_sent_as_they_happen(self, client: httpx.Client, services: StubServices) -> None:
        async def endless(request: Any, context: Any) -> AsyncIterator[Any]:
            yield httpbody_pb2.HttpBody(content_type="text/event-stream", data=b"retry: 3000\n\n")
            await asyncio.Event().wait()

        services.stream["StreamAllJobEvents"] = endless
        with client.stream("GET", "/api/generate/jobs/events") as response:
            assert next(response.iter_lines()) == "retry: 3000"

    def test_reconnecting_after_the_end_gives_204(self, client: httpx.Client, services: StubServices) -> None:
        async def nothing(request: Any, context: Any) -> AsyncIterator[Any]:
            await context.send_initial_metadata((("x-adwright-status", "204"),))
            for message in list[httpbody_pb2.HttpBody]():
                yield message

        services.stream["StreamJobEvents"] = nothing
        for _ in range(3):
            response = client.get("/api/generate/events", params={"jobId": JOB})
            assert (response.status_code, response.content) == (204, b"")
            assert not {"content-type", "content-length", "transfer-encoding"} & set(response.headers)

    def test_grpc_clients_stream_messages_and_cannot_call_the_rest_method(
        self, client: httpx.Client, services: StubServices
    ) -> None:
        headers = {"content-type": "application/grpc-web+proto"}
        for method, served in (("WatchJob", True), ("StreamJobEvents", False)):
            response = client.post(f"/adwright.job.v1.JobService/{method}", content=b"\0\0\0\0\0", headers=headers)
            assert (response.headers.get("grpc-status", "0") == "0") is served
        assert [call.method for call in services.calls] == ["WatchJob"]

    def test_error_before_the_first_message_has_its_status(self, client: httpx.Client, services: StubServices) -> None:
        async def refuse(request: Any, context: Any) -> AsyncIterator[Any]:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no", trailing_metadata=error_metadata("JOB_NOT_FOUND", 404))
            yield httpbody_pb2.HttpBody()

        services.stream["StreamJobEvents"] = refuse
        response = client.get("/api/generate/events", params={"jobId": JOB})
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/json"
        assert response.json()["error"]["reason"] == "JOB_NOT_FOUND"


class TestFiles:
    def test_upload_of_10_mib_arrives_complete(self, client: httpx.Client, services: StubServices) -> None:
        picture = bytes(range(256)) * (10 * 4096 - 1)
        response = client.post("/api/products/p-1/image", content=picture, headers={"content-type": "image/png"})
        assert response.status_code == 200
        request = services.last().request
        assert request.product_id == "p-1"
        assert request.image.content_type == "image/png"
        assert request.image.data == picture

    def test_larger_upload_is_rejected(self, client: httpx.Client, services: StubServices) -> None:
        picture = b"x" * (10 * (1 << 20) + 1)
        for content in (picture, iter([picture[:1000], picture[1000:]])):
            response = client.post("/api/products/p-1/image", content=content, headers={"content-type": "image/png"})
            error_of(response, 413, "BODY_TOO_LARGE")
        assert services.calls == []

    def test_range_of_an_asset_gives_206(self, anonymous: httpx.Client, services: StubServices) -> None:
        async def part(request: Any, context: Any) -> AsyncIterator[Any]:
            await context.send_initial_metadata(
                (
                    ("x-adwright-status", "206"),
                    ("content-range", "bytes 2-5/10"),
                    ("accept-ranges", "bytes"),
                    ("content-disposition", 'inline; filename="ad.png"'),
                    ("cache-control", "private, max-age=60"),
                )
            )
            yield httpbody_pb2.HttpBody(content_type="image/png", data=b"23")
            yield httpbody_pb2.HttpBody(data=b"45")

        services.stream["GetAsset"] = part
        response = anonymous.get("/api/assets/a-1?expires=99&signature=s", headers={"range": "bytes=2-5"})
        assert response.status_code == 206
        assert response.content == b"2345"
        assert response.headers["content-type"] == "image/png"
        assert response.headers["content-range"] == "bytes 2-5/10"
        assert response.headers["cache-control"] == "private, max-age=60"
        assert response.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "x-adwright-status" not in response.headers
        request = services.last().request
        assert (request.asset_id, request.expires, request.signature) == ("a-1", 99, "s")
        assert services.last().metadata["range"] == "bytes=2-5"

    def test_expired_link_gives_403(self, anonymous: httpx.Client, services: StubServices) -> None:
        async def refuse(request: Any, context: Any) -> AsyncIterator[Any]:
            await context.abort(
                grpc.StatusCode.PERMISSION_DENIED, "no", trailing_metadata=error_metadata("LINK_EXPIRED", 403)
            )
            yield httpbody_pb2.HttpBody()

        services.stream["GetAsset"] = refuse
        response = anonymous.get("/api/assets/a-1")
        assert (response.status_code, response.json()["error"]["reason"]) == (403, "LINK_EXPIRED")
