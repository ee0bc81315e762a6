"""Reachable methods, and limits of requests and connections."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from adwright.access.v1 import access_pb2
from adwright.image.v1 import image_pb2, image_pb2_grpc
from adwright.job.v1 import job_pb2, job_pb2_grpc

from gateway.routes import Route, read_descriptors
from gateway.settings import GatewaySettings, RateLimit
from services.chassis.rpc.server import CHANNEL_OPTIONS
from tests.gateway.conftest import DESCRIPTORS
from tests.gateway.envoy_process import IssuerKeys, RunningGateway, running_gateway
from tests.gateway.stub_services import StubServices, refusing

FRAME = b"\0" + struct.pack(">I", 0)
SECONDS = 10


def every_method() -> list[tuple[str, frozenset[int]]]:
    return [
        (f"/{file.package}.{service.name}/{method.name}", frozenset(method.options.Extensions[access_pb2.callers]))
        for file in read_descriptors(DESCRIPTORS).file
        if file.package.startswith("adwright.")
        for service in file.service
        for method in service.method
    ]


class TestInternalMethods:
    def test_internal_methods_cannot_be_reached(
        self, client: httpx.Client, routes: tuple[Route, ...], services: StubServices
    ) -> None:
        internal = [path for path, callers in every_method() if access_pb2.CALLER_SERVICE in callers]
        assert "/adwright.job.v1.JobWorkerService/LeaseJob" in internal
        assert "/adwright.billing.v1.BillingLedgerService/PlaceHolds" in internal
        for path in internal:
            for kind in ("application/grpc", "application/grpc-web+proto", "application/json", "application/grpc+json"):
                response = client.post(path, content=FRAME, headers={"content-type": kind})
                unreached = response.status_code in (404, 405) or response.headers.get("grpc-status") == "12"
                assert unreached, (path, kind, response.status_code, response.headers)
            assert client.post(path, json={}).status_code == 404
        assert services.calls == []

    def test_exactly_the_public_methods_have_paths(self, routes: tuple[Route, ...]) -> None:
        public = {path for path, callers in every_method() if access_pb2.CALLER_SERVICE not in callers}
        served = {path for route in routes for path in (route.grpc_path, route.native_path)}
        assert served == public

    def test_health_and_reflection_of_services_are_not_reachable(
        self, client: httpx.Client, services: StubServices
    ) -> None:
        for path in ("/grpc.health.v1.Health/Check", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"):
            response = client.post(path, content=FRAME, headers={"content-type": "application/grpc"})
            assert response.headers["grpc-status"] == "12"


class TestGrpcClients:
    def test_public_method_responds(self, gateway: RunningGateway, keys: IssuerKeys, services: StubServices) -> None:
        async def respond(request: Any, context: Any) -> Any:
            return image_pb2.GenerateStaticAdResponse(job_id=request.prompt)

        services.unary["GenerateStaticAd"] = respond
        metadata = (("authorization", f"Bearer {keys.token()}"),)
        with grpc.insecure_channel(f"127.0.0.1:{gateway.port}", CHANNEL_OPTIONS) as channel:
            stub = image_pb2_grpc.ImageServiceStub(channel)
            request = image_pb2.GenerateStaticAdRequest(prompt="hello")
            assert stub.GenerateStaticAd(request, metadata=metadata, timeout=SECONDS).job_id == "hello"
        assert "x-adwright-arrived" in services.last().metadata

    def test_stream_responds(self, gateway: RunningGateway, keys: IssuerKeys, services: StubServices) -> None:
        metadata = (("authorization", f"Bearer {keys.token()}"),)
        with grpc.insecure_channel(f"127.0.0.1:{gateway.port}", CHANNEL_OPTIONS) as channel:
            stub = job_pb2_grpc.JobServiceStub(channel)
            found = list(stub.WatchJob(job_pb2.WatchJobRequest(job_id="x"), metadata=metadata, timeout=SECONDS))
        assert found == [job_pb2.JobStatus()]

    def test_call_without_a_token_is_unauthenticated(self, gateway: RunningGateway, services: StubServices) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{gateway.port}", CHANNEL_OPTIONS) as channel:
            stub = image_pb2_grpc.ImageServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.GenerateStaticAd(image_pb2.GenerateStaticAdRequest(), timeout=SECONDS)
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert "{" not in str(caught.value.details())
        assert services.calls == []

    def test_refusal_has_its_status_and_details(
        self, gateway: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        services.unary["GenerateStaticAd"] = refusing(
            grpc.StatusCode.FAILED_PRECONDITION,
            ("x-adwright-error", "{}"),
            ("x-adwright-status", "402"),
            ("grpc-status-details-bin", b"\x08\x09"),
            details="too few",
        )
        metadata = (("authorization", f"Bearer {keys.token()}"),)
        with grpc.insecure_channel(f"127.0.0.1:{gateway.port}", CHANNEL_OPTIONS) as channel:
            stub = image_pb2_grpc.ImageServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.GenerateStaticAd(image_pb2.GenerateStaticAdRequest(), metadata=metadata, timeout=SECONDS)
        assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "too few")
        trailing: Any = caught.value.trailing_metadata()
        assert dict(trailing)["grpc-status-details-bin"] == b"\x08\x09"

    def test_internal_method_is_unimplemented_with_a_valid_token(
        self, gateway: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        metadata = (("authorization", f"Bearer {keys.token(roles=['admin'])}"),)
        with grpc.insecure_channel(f"127.0.0.1:{gateway.port}", CHANNEL_OPTIONS) as channel:
            stub = job_pb2_grpc.JobWorkerServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.LeaseJob(job_pb2.LeaseJobRequest(type="video", worker="m"), metadata=metadata, timeout=SECONDS)
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
        assert services.calls == []

    def test_grpc_web_responds(self, client: httpx.Client, services: StubServices) -> None:
        response = client.post(
            "/adwright.image.v1.ImageService/GenerateStaticAd",
            content=FRAME,
            headers={"content-type": "application/grpc-web+proto", "x-grpc-web": "1"},
        )
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("application/grpc-web")
        assert b"grpc-status:0" in response.content.replace(b" ", b"")


class TestCors:
    ORIGIN = "https://shop.example"

    def test_preflight_needs_no_token(self, anonymous: httpx.Client, services: StubServices) -> None:
        asked = {"origin": self.ORIGIN, "access-control-request-method": "POST"}
        for path in ("/api/projects", "/api/projects/x", "/api/generate/video"):
            response = anonymous.options(path, headers=asked)
            assert response.status_code == 200
            assert response.headers["access-control-allow-origin"] == self.ORIGIN
            assert "authorization" in response.headers["access-control-allow-headers"]
            assert "access-control-allow-credentials" not in response.headers
        assert services.calls == []

    def test_pages_may_read_responses_and_errors(self, client: httpx.Client, anonymous: httpx.Client) -> None:
        for found in (client, anonymous):
            response = found.get("/api/prices", headers={"origin": self.ORIGIN})
            assert response.headers["access-control-allow-origin"] == self.ORIGIN
            assert "x-request-id" in response.headers["access-control-expose-headers"]

    def test_origins_can_be_restricted(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        limited = GatewaySettings(**{**settings, "cors_origins": (self.ORIGIN,)})
        with running_gateway(limited, tmp_path) as found, httpx.Client(base_url=found.url) as client:
            asked = {"access-control-request-method": "GET"}
            good = client.options("/api/prices", headers={**asked, "origin": self.ORIGIN})
            evil = client.options("/api/prices", headers={**asked, "origin": "https://shop.example.evil"})
            assert good.headers["access-control-allow-origin"] == self.ORIGIN
            assert "access-control-allow-origin" not in evil.headers
        assert services.calls == []


class TestLimits:
    def test_burst_of_a_thousand_is_accepted_by_default(self, client: httpx.Client, services: StubServices) -> None:
        assert {client.get("/api/prices").status_code for _ in range(1_000)} == {200}
        response = client.get("/api/prices")
        assert int(response.headers["x-ratelimit-remaining"]) > 5_000

    def test_limit_gives_429_to_this_user_only(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        narrow = GatewaySettings(**{**settings, "rate_limit": RateLimit(burst=5, per_second=1)})
        with running_gateway(narrow, tmp_path) as found, httpx.Client(base_url=found.url) as client:

            def ask(user: str) -> httpx.Response:
                return client.get("/api/prices", headers={"authorization": f"Bearer {keys.token(user)}"})

            responses = [ask("busy") for _ in range(12)]
            assert [response.status_code for response in responses[:5]] == [200] * 5
            refused = next(response for response in responses if response.status_code == 429)
            assert refused.json()["error"] == {
                "reason": "RATE_LIMITED",
                "message": "Too many requests; slow down.",
                "requestId": refused.headers["x-request-id"],
                "retryable": True,
            }
            assert refused.headers["retry-after"] == "1"
            assert refused.headers["x-ratelimit-limit"] == "5"
            assert refused.headers["x-ratelimit-remaining"] == "0"
            assert ask("calm").status_code == 200

    def test_limit_applies_per_user_over_all_methods(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        narrow = GatewaySettings(**{**settings, "rate_limit": RateLimit(burst=5, per_second=1)})
        with running_gateway(narrow, tmp_path) as found, httpx.Client(base_url=found.url) as client:
            headers = {"authorization": f"Bearer {keys.token()}"}
            paths = ["/api/prices", "/api/credits", "/api/projects", "/api/voices"] * 4
            assert 429 in {client.get(path, headers=headers).status_code for path in paths}

    def test_connections_are_limited(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        few = GatewaySettings(**{**settings, "max_connections": 3})
        with running_gateway(few, tmp_path) as found:
            lines = [socket.create_connection(("127.0.0.1", found.port), timeout=10) for _ in range(8)]
            request = b"GET /api/prices HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            answered = 0
            for line in lines:
                try:
                    line.sendall(request)
                    answered += line.recv(100).startswith(b"HTTP/1.1 401")
                except ConnectionError:
                    continue  # closed by the connection limit
            for line in lines:
                line.close()
            assert 1 <= answered <= 3
