"""Slow clients, many connections, request smuggling, and a gateway that runs out of memory."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.settings import GatewaySettings
from local.certificate import write_certificate
from tests.gateway.envoy_process import IssuerKeys, RunningGateway, running_gateway
from tests.gateway.stub_services import StubServices
from tests.support import until

WAIT_SECONDS = 30


def whole_response(line: socket.socket) -> bytes:
    response = b""
    while part := line.recv(65536):
        response += part
    return response


def drip(port: int, head: bytes, each: bytes) -> tuple[bytes, float]:
    """Sends a few bytes every 0.2 s until the gateway closes the connection; returns the response and the duration."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as line:
        line.sendall(head)
        line.settimeout(0.2)
        response = b""
        while time.monotonic() - began < WAIT_SECONDS:
            try:
                line.sendall(each)
                part = line.recv(65536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            response += part
            if not part:
                break
        return response, time.monotonic() - began


class TestSlowClients:
    # One limit is short and the other very long, so that the test shows which of them closes the connection.
    @pytest.fixture
    def short_header_limit(
        self, settings: dict[str, Any], services: StubServices, tmp_path: Path
    ) -> Iterator[RunningGateway]:
        with running_gateway(
            GatewaySettings(**{**settings, "headers_seconds": 1, "request_seconds": 600}), tmp_path
        ) as found:
            yield found

    @pytest.fixture
    def short_body_limit(
        self, settings: dict[str, Any], services: StubServices, tmp_path: Path
    ) -> Iterator[RunningGateway]:
        with running_gateway(
            GatewaySettings(**{**settings, "headers_seconds": 600, "request_seconds": 2}), tmp_path
        ) as found:
            yield found

    def test_slow_headers_get_408(self, short_header_limit: RunningGateway, services: StubServices) -> None:
        response, seconds = drip(short_header_limit.port, b"GET /api/prices HTTP/1.1\r\nHost: a\r\n", b"X-A: b\r\n")
        assert response.startswith(b"HTTP/1.1 408")
        assert json.loads(response.partition(b"\r\n\r\n")[2])["error"]["reason"] == "REQUEST_TIMED_OUT"
        assert seconds > 0.9
        assert services.calls == []

    def test_slow_body_gets_408(
        self, short_body_limit: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        head = (
            b"POST /api/projects HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
            b"Authorization: Bearer " + keys.token().encode() + b"\r\n\r\n"
        )
        response, seconds = drip(short_body_limit.port, head, b" ")
        assert response.startswith(b"HTTP/1.1 408")
        assert seconds > 1.9
        assert services.calls == []

    def test_missing_tls_handshake_closes_the_connection(
        self, settings: dict[str, Any], services: StubServices, tmp_path: Path
    ) -> None:
        public, private = write_certificate(tmp_path / "tls", ("127.0.0.1",), datetime.now(UTC))
        secure = {"tls_certificate": str(public), "tls_private_key": str(private), "headers_seconds": 1}
        with running_gateway(GatewaySettings(**{**settings, **secure}), tmp_path) as found:
            began = time.monotonic()
            with socket.create_connection(("127.0.0.1", found.port), timeout=WAIT_SECONDS) as line:
                assert line.recv(1) == b""
            assert time.monotonic() - began > 0.9


class TestOverload:
    def test_full_heap_gives_a_retryable_503_immediately(
        self, settings: dict[str, Any], keys: IssuerKeys, services: StubServices, tmp_path: Path
    ) -> None:
        with running_gateway(GatewaySettings(**{**settings, "max_heap_bytes": 1 << 20}), tmp_path) as found:
            headers = {"authorization": f"Bearer {keys.token()}"}

            def rejected() -> httpx.Response | None:
                response = httpx.get(f"{found.url}/api/prices", headers=headers)
                return response if response.status_code == 503 else None

            refusal = until(rejected, seconds=WAIT_SECONDS)
            error = refusal.json()["error"]  # Envoy rejects the request before it has an id
            assert (error["reason"], error["retryable"]) == ("UNAVAILABLE", True)
            assert refusal.headers["retry-after"] == "1"


class TestSmuggling:
    @pytest.mark.parametrize(
        "head",
        [
            b"Transfer-Encoding: chunked\r\nContent-Length: 6",
            b"Content-Length: 6\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            b"Transfer-Encoding: identity, chunked",
            b"Transfer-Encoding:\x0bchunked",
            b"Content-Length: +6",
            b"Content-Length: 6, 7",
            b"Content-Length: 0x6",
        ],
    )
    def test_request_inside_a_body_is_never_handled(
        self, head: bytes, gateway: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        token = keys.token().encode()
        inner = b"GET /api/credits HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token + b"\r\n\r\n"
        outer = (
            b"POST /api/projects HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: Bearer "
            + token
            + b"\r\n"
            + head
            + b"\r\n\r\n0\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=3) as line:
            line.sendall(outer + inner)
            try:
                response = whole_response(line)
            except TimeoutError:
                response = b""
        assert [call.method for call in services.calls if call.method == "GetCredits"] == []
        assert response.count(b"HTTP/1.1 ") <= 1
