"""The gateway behind proxies: the client's address, and clients with HTTP/1.0."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.api import httpbody_pb2

from gateway.settings import GatewaySettings, RateLimit, SettingsError
from tests.gateway.envoy_process import IssuerKeys, RunningGateway, running_gateway
from tests.gateway.stub_services import StubServices
from tests.running import free_port
from tests.support import until

WAIT_SECONDS = 20
ASSET = "/api/assets/a?expires=1&signature=s"  # needs no token: limited by address
REAL, OTHER, PROXY = "203.0.113.7", "203.0.113.8", "198.51.100.1"


def behind(count: int, settings: dict[str, Any], folder: Path) -> GatewaySettings:
    """Settings of a gateway behind `count` proxies, with small buckets that do not refill during a test."""
    log = {"access_log": str(folder / "access.log")}
    (folder / "access.log").touch()
    return GatewaySettings(
        **{**settings, **log, "trusted_proxies": count, "rate_limit": RateLimit(burst=3, per_second=1)}
    )


def logged(gateway: RunningGateway, count: int) -> list[dict[str, Any]]:
    until(lambda: len(gateway.access_lines()) >= count, seconds=WAIT_SECONDS)
    return gateway.access_lines()


class TestTrustedProxies:
    @pytest.mark.parametrize(
        ("count", "given", "expected"),
        [
            (0, REAL, "127.0.0.1"),
            (0, f"{REAL}, {PROXY}", "127.0.0.1"),
            (1, REAL, REAL),
            (1, f"{OTHER}, {REAL}", REAL),  # the client has forged the first one
            (2, f"{REAL}, {PROXY}", REAL),
            (2, f"{OTHER}, {REAL}, {PROXY}", REAL),
            (1, "", "127.0.0.1"),
            (1, "nonsense", "127.0.0.1"),
        ],
    )
    def test_client_address_is_that_of_the_outermost_trusted_proxy(
        self, count: int, given: str, expected: str, settings: dict[str, Any], services: StubServices, tmp_path: Path
    ) -> None:
        with running_gateway(behind(count, settings, tmp_path), tmp_path) as gateway:
            headers = {"x-forwarded-for": given} if given else {}
            httpx.get(f"{gateway.url}{ASSET}", headers=headers)
            assert logged(gateway, 1)[0]["from"] == expected

    @pytest.mark.parametrize("count", [0, 1])
    def test_address_limit_applies_to_the_client_despite_forged_headers(
        self, count: int, settings: dict[str, Any], services: StubServices, tmp_path: Path
    ) -> None:
        with running_gateway(behind(count, settings, tmp_path), tmp_path) as gateway:

            def ask(first: int) -> int:
                # A client that forges addresses; the proxy appends its real one.
                given = f"192.0.2.{first}, {REAL}" if count else f"192.0.2.{first}"
                return httpx.get(f"{gateway.url}{ASSET}", headers={"x-forwarded-for": given}).status_code

            assert 429 in [ask(number) for number in range(12)]
            if count:
                other = httpx.get(f"{gateway.url}{ASSET}", headers={"x-forwarded-for": OTHER})
                assert other.status_code == 200

    @pytest.mark.parametrize(("count", "seen"), [(0, "http"), (1, "https")])
    def test_forwarded_scheme_is_trusted_from_proxies_only(
        self, count: int, seen: str, settings: dict[str, Any], services: StubServices, tmp_path: Path
    ) -> None:
        with running_gateway(behind(count, settings, tmp_path), tmp_path) as gateway:
            given = {"x-forwarded-for": REAL, "x-forwarded-proto": "https"}
            httpx.get(f"{gateway.url}{ASSET}", headers=given)
        assert services.last().metadata["x-forwarded-proto"] == seen

    @pytest.mark.parametrize("count", [-1, 11])
    def test_impossible_number_of_proxies_is_rejected(self, count: int, settings: dict[str, Any]) -> None:
        with pytest.raises(SettingsError, match="trusted_proxies"):
            GatewaySettings(**{**settings, "trusted_proxies": count})


def old(port: int, text: str) -> tuple[int, dict[str, str], bytes]:
    """Sends a request and reads until the gateway closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as line:
        line.sendall(text.encode())
        response = b""
        while part := line.recv(65536):
            response += part
    head, _, body = response.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    return int(first.split()[1]), headers, body


class TestHttp10:
    @pytest.fixture
    def token(self, keys: IssuerKeys) -> str:
        return f"Authorization: Bearer {keys.token()}\r\n"

    @pytest.mark.parametrize("host", ["Host: a\r\n", ""])
    def test_response_is_not_chunked_and_the_connection_closes(
        self, host: str, token: str, gateway: RunningGateway, services: StubServices
    ) -> None:
        status, headers, body = old(gateway.port, f"GET /api/prices HTTP/1.0\r\n{host}{token}\r\n")
        assert status == 200
        assert "transfer-encoding" not in headers
        assert headers["connection"] == "close"
        assert len(body) == int(headers["content-length"])
        assert "prices" in json.loads(body)

    def test_request_body_arrives(self, token: str, gateway: RunningGateway, services: StubServices) -> None:
        body = '{"prompt": "hello"}'
        head = f"POST /api/generate/static-ad HTTP/1.0\r\n{token}Content-Type: application/json\r\n"
        status, _, _ = old(gateway.port, f"{head}Content-Length: {len(body)}\r\n\r\n{body}")
        assert status == 200
        assert services.last().request.prompt == "hello"

    def test_stream_ends_with_its_connection(self, token: str, gateway: RunningGateway, services: StubServices) -> None:
        async def events(request: Any, context: Any) -> AsyncIterator[Any]:
            yield httpbody_pb2.HttpBody(content_type="text/event-stream", data=b"retry: 3000\n\n")
            yield httpbody_pb2.HttpBody(data=b"data: 1\n\n")

        services.stream["StreamAllJobEvents"] = events
        status, headers, body = old(gateway.port, f"GET /api/generate/jobs/events HTTP/1.0\r\n{token}\r\n")
        assert (status, body) == (200, b"retry: 3000\n\ndata: 1\n\n")
        assert "transfer-encoding" not in headers

    def test_errors_have_the_usual_shape(self, gateway: RunningGateway, services: StubServices) -> None:
        for path, expected in (("/api/prices", 401), ("/nope", 404)):
            status, headers, body = old(gateway.port, f"GET {path} HTTP/1.0\r\n\r\n")
            assert (status, headers["content-type"]) == (expected, "application/json")
            assert set(json.loads(body)["error"]) == {"reason", "message", "requestId", "retryable"}

    @pytest.mark.parametrize("keep", ["", "Connection: keep-alive\r\n"])
    def test_a_connection_carries_one_request(
        self, keep: str, token: str, gateway: RunningGateway, services: StubServices
    ) -> None:
        # HTTP/1.0 has no chunks: another parser of these bytes could find other requests in them (RFC 9112, 6.1).
        head = f"POST /api/generate/static-ad HTTP/1.0\r\n{token}{keep}Content-Type: application/json\r\n"
        second = f"GET /api/prices HTTP/1.0\r\n{token}{keep}\r\n"
        chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n{second}"
        status, headers, body = old(gateway.port, chunked)
        assert (status, headers["connection"]) == (200, "close")
        assert len(body) == int(headers["content-length"])
        assert [call.method for call in services.calls] == ["GenerateStaticAd"]

    def test_two_content_lengths_are_rejected(
        self, token: str, gateway: RunningGateway, services: StubServices
    ) -> None:
        head = f"POST /api/generate/static-ad HTTP/1.0\r\n{token}Content-Type: application/json\r\n"
        status, _, _ = old(gateway.port, f"{head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}} ")
        assert status == 400
        assert services.calls == []


NGINX = Path(__file__).parents[2] / "docs" / "proxies.md"


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
class TestNginx:
    """The unchanged configuration of docs/proxies.md in a real nginx."""

    @pytest.fixture
    def nginx(
        self, settings: dict[str, Any], services: StubServices, tmp_path: Path
    ) -> Iterator[tuple[str, RunningGateway]]:
        block = re.search(r"```nginx\n(.*?)```", NGINX.read_text(encoding="utf-8"), re.DOTALL)
        assert block is not None
        with running_gateway(behind(1, settings, tmp_path), tmp_path) as gateway:
            port = free_port()
            text = block[1].replace("127.0.0.1:8080", f"127.0.0.1:{gateway.port}")
            text = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", text)
            text = re.sub(r"ssl_certificate.*;", "", text)
            temporary = "".join(
                f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            path = tmp_path / "nginx.conf"
            path.write_text(
                f"daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/nginx.error.log; user root;"
                f"events {{}} http {{ access_log off; {temporary} {text} }}",
                encoding="utf-8",
            )
            process = subprocess.Popen(["nginx", "-c", str(path), "-e", f"{tmp_path}/nginx.error.log"])
            try:
                deadline = time.monotonic() + WAIT_SECONDS
                while True:
                    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                        break
                    assert process.poll() is None, (tmp_path / "nginx.error.log").read_text()
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                yield f"http://127.0.0.1:{port}", gateway
            finally:
                process.terminate()
                process.wait(10)

    def test_events_are_forwarded_immediately(
        self, nginx: tuple[str, RunningGateway], keys: IssuerKeys, services: StubServices
    ) -> None:
        async def events(request: Any, context: Any) -> AsyncIterator[Any]:
            yield httpbody_pb2.HttpBody(content_type="text/event-stream", data=b"retry: 3000\n\n")
            yield httpbody_pb2.HttpBody(data=b"data: 1\n\n")
            await asyncio.Event().wait()

        services.stream["StreamAllJobEvents"] = events
        headers = {"authorization": f"Bearer {keys.token()}"}
        with httpx.stream("GET", f"{nginx[0]}/api/generate/jobs/events", headers=headers, timeout=20) as response:
            lines = response.iter_lines()
            assert response.status_code == 200
            assert [next(lines) for _ in range(3)] == ["retry: 3000", "", "data: 1"]

    def test_forged_address_is_ignored(
        self, nginx: tuple[str, RunningGateway], keys: IssuerKeys, services: StubServices
    ) -> None:
        url, gateway = nginx
        httpx.get(f"{url}{ASSET}", headers={"x-forwarded-for": f"{OTHER}, {REAL}"})
        assert logged(gateway, 1)[0]["from"] == "127.0.0.1"  # the client's address as nginx received it

    def test_large_photo_is_accepted_and_head_has_no_body(
        self, nginx: tuple[str, RunningGateway], keys: IssuerKeys, services: StubServices
    ) -> None:
        headers = {"authorization": f"Bearer {keys.token()}", "content-type": "image/png"}
        response = httpx.post(f"{nginx[0]}/api/products/p/image", content=b"x" * (10 << 20), headers=headers)
        assert response.status_code == 200
        with httpx.Client(base_url=nginx[0], headers=headers) as client:
            for method in ("HEAD", "GET"):
                assert client.request(method, "/api/prices").status_code == 200
