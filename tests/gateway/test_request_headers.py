"""Request headers: those that reach a service, and those that gRPC would abort a call for."""

from __future__ import annotations

import httpx
import pytest
from adwright.job.v1 import job_pb2

from tests.gateway.stub_services import StubServices

NATIVE = "/adwright.job.v1.JobService/GetJobStatus"
GRPC_WEB = {"content-type": "application/grpc-web+proto"}
FRAME = b"\0\0\0\0\0"  # an empty message
# Headers that gRPC cannot parse as base64, headers reserved by gRPC, and headers that only the gateway may set.
FORGED = {
    "x-note-bin": "%%%",
    "x-other-bin": "a",
    "grpc-status-details-bin": "!",
    "x-good-bin": "YWJj",
    "grpc-timeout": "1n",
    "grpc-encoding": "snappy",
    "grpc-status": "16",
    "grpc-message": "no",
    "x-adwright-status": "299",
    "x-adwright-error": "{}",
    "x-adwright-content-length": "1",
    "x-adwright-head": "1",
    "x-adwright-anything": "1",
    "x-envoy-anything": "1",
    "x-envoy-upstream-rq-timeout-ms": "1",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}


class TestRestClients:
    @pytest.mark.parametrize("protocol", ["TLS/1.2", "websocket", "h2c", "other"])
    def test_offer_of_another_protocol_is_ignored(self, protocol: str, client: httpx.Client) -> None:
        """Some HTTP libraries send one with every request."""
        headers = {"Connection": "Upgrade", "Upgrade": protocol}
        response = client.post("/api/generate/static-ad", json={}, headers=headers)
        assert response.status_code == 200, response.text
        assert client.get("/api/prices", headers=headers).status_code == 200

    def test_grpc_headers_reach_no_service(self, client: httpx.Client, services: StubServices) -> None:
        given = FORGED | {"x-harmless": "yes", "idempotency-key": "k", "prefer": "wait=1", "range": "bytes=0-"}
        response = client.post("/api/generate/static-ad", json={}, headers=given)
        assert response.status_code == 200, response.text
        seen = services.last().metadata
        internal = [name for name in seen if name.startswith("x-adwright") or name.endswith("-bin")]
        assert internal == ["x-adwright-arrived"]  # the gateway's own
        assert {"x-envoy-anything", "x-envoy-upstream-rq-timeout-ms", "traceparent"} & set(seen) == set()
        # Headers that the transcoder adds to the call.
        assert {name for name in seen if name.startswith("grpc-")} <= {"grpc-accept-encoding"}
        assert {name: seen.get(name) for name in ("x-harmless", "idempotency-key", "prefer", "range")} == {
            "x-harmless": "yes",
            "idempotency-key": "k",
            "prefer": "wait=1",
            "range": "bytes=0-",
        }

    @pytest.mark.parametrize("name", FORGED)
    def test_grpc_headers_do_not_change_the_response(
        self, name: str, client: httpx.Client, services: StubServices
    ) -> None:
        for method, path in (("GET", "/api/prices"), ("POST", "/api/generate/copy"), ("GET", "/nope")):
            expected = client.request(method, path)
            response = client.request(method, path, headers={name: FORGED[name]})
            assert response.status_code == expected.status_code
            assert set(response.json()) == set(expected.json())

    @pytest.mark.parametrize("value", ["Größe", "日本", "a\tb"])
    def test_header_value_that_grpc_rejects_never_gives_500(
        self, value: str, client: httpx.Client, services: StubServices
    ) -> None:
        response = client.get("/api/prices", headers={b"x-note": value.encode()})
        assert response.status_code in (200, 400)


class TestGrpcClients:
    @pytest.mark.parametrize("value", ["%%%", "a", "YWJj,%", "YW=Jj", "YWJj==="])
    def test_binary_metadata_that_is_not_base64_is_dropped(
        self, value: str, client: httpx.Client, services: StubServices
    ) -> None:
        response = client.post(NATIVE, content=FRAME, headers=GRPC_WEB | {"x-note-bin": value, "x-good-bin": "YWJj"})
        assert response.status_code == 200
        seen = services.last().metadata
        assert "x-note-bin" not in seen
        assert seen["x-good-bin"] == b"abc"

    @pytest.mark.parametrize(("value", "expected"), [("YWI", b"ab"), ("YWI=", b"ab"), ("+/+/", b"\xfb\xff\xbf")])
    def test_binary_metadata_arrives(
        self, value: str, expected: bytes, client: httpx.Client, services: StubServices
    ) -> None:
        client.post(NATIVE, content=FRAME, headers=GRPC_WEB | {"x-note-bin": value})
        assert services.last().metadata["x-note-bin"] == expected

    def test_deadline_of_a_grpc_client_applies(self, client: httpx.Client, services: StubServices) -> None:
        async def respond(request: object, context: object) -> object:
            left.append(context.time_remaining())  # type: ignore[attr-defined]
            return job_pb2.JobStatus()

        left: list[float | None] = []
        services.unary["GetJobStatus"] = respond  # type: ignore[assignment]
        client.post(NATIVE, content=FRAME, headers=GRPC_WEB | {"grpc-timeout": "9S"})
        client.get("/api/generate/status?jobId=x", headers={"grpc-timeout": "9S"})
        assert left[0] is not None
        assert left[0] < 9
        assert left[1] is None
