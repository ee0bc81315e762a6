"""HEAD gives the headers of GET and no byte of a body, so that a persistent connection stays in sync."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import grpc
import pytest
from adwright.job.v1 import job_pb2
from google.api import httpbody_pb2

from gateway.api_docs import write_documents
from gateway.settings import GatewaySettings
from tests.gateway.envoy_process import IssuerKeys, RunningGateway, running_gateway
from tests.gateway.stub_services import StubServices, refusing

JOB = "0b54b4a8-4a1e-4f5e-9c1c-0e8d7f0f2f11"
ASSET = "/api/assets/a-1?expires=99&signature=s"
CONTENT = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def documented(
    settings: dict[str, Any], servers: StubServices, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("documented")
    documents = write_documents(folder / "documents")
    with running_gateway(GatewaySettings(**{**settings, "documents": documents}), folder) as found:
        yield found


@pytest.fixture
def asset(services: StubServices) -> None:
    """Serves assets like the job service."""

    async def respond(request: Any, context: Any) -> AsyncIterator[Any]:
        given = dict(context.invocation_metadata())
        headers = [("accept-ranges", "bytes"), ("content-disposition", 'inline; filename="ad.png"')]
        content = CONTENT
        if "range" in given:
            content = CONTENT[2:6]
            headers += [("content-range", f"bytes 2-5/{len(CONTENT)}"), ("x-adwright-status", "206")]
        headers.append(("x-adwright-content-length", str(len(content))))
        await context.send_initial_metadata(tuple(headers))
        if "x-adwright-head" in given:
            yield httpbody_pb2.HttpBody(content_type="image/png")
            return
        for start in range(0, len(content), 1000):
            kind = "image/png" if start == 0 else ""
            yield httpbody_pb2.HttpBody(content_type=kind, data=content[start : start + 1000])

    services.stream["GetAsset"] = respond


class Line:
    """A persistent HTTP/1.1 connection whose responses are parsed byte by byte and strictly."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._socket = self._connected()
        self._token = token
        self._rest = b""

    def ask(self, method: str, path: str, *more: str) -> tuple[int, dict[str, str], bytes]:
        """Sends a request and reads its response; the body of a response to HEAD is never read."""
        lines = [f"{method} {path} HTTP/1.1", "Host: a", f"Authorization: Bearer {self._token}", *more, "", ""]
        self._socket.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        assert first.startswith("HTTP/1.1 "), first
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        body = b""
        if method != "HEAD":
            size = int(headers["content-length"])
            while len(self._rest) < size:
                self._more()
            body, self._rest = self._rest[:size], self._rest[size:]
        if headers.get("connection") == "close":
            self.close()
            self._socket = self._connected()
        return int(first.split()[1]), headers, body

    def close(self) -> None:
        """Closes the connection; no unread bytes may be left on it."""
        with suppress(OSError):  # the gateway may have closed it first
            self._socket.shutdown(socket.SHUT_WR)
        while part := self._socket.recv(65536):
            self._rest += part
        self._socket.close()
        assert self._rest == b""

    def _connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port), timeout=20)

    def _more(self) -> None:
        part = self._socket.recv(65536)
        assert part, f"the connection ended within an answer: {self._rest!r}"
        self._rest += part


DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS = 1, 4


def http_2(port: int, methods: list[str], path: str, token: str) -> list[tuple[int, int, int]]:
    """Sends requests in sequence on one HTTP/2 connection; returns type, stream and length of the responses' frames."""

    def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload

    def literal(name: str, value: str) -> bytes:  # RFC 7541, 6.2.2: without indexing, with a new name
        texts = (name.encode(), value.encode())
        return b"\0" + b"".join(prefixed(len(text)) + text for text in texts)

    def prefixed(number: int) -> bytes:  # RFC 7541, 5.1, with 7 bits
        if number < 127:
            return bytes([number])
        rest, found = number - 127, b"\x7f"
        while rest >= 128:
            found, rest = found + bytes([rest % 128 + 128]), rest // 128
        return found + bytes([rest])

    with socket.create_connection(("127.0.0.1", port), timeout=20) as line, line.makefile("rb") as responses:
        # With a stream window that is larger than any file of the test.
        window = struct.pack(">HI", 4, 1 << 24)
        line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, window))
        line.sendall(frame(8, 0, 0, struct.pack(">I", 1 << 24)))
        found: list[tuple[int, int, int]] = []
        for stream, method in enumerate(methods):
            pairs = {":method": method, ":path": path, ":scheme": "http", ":authority": "a"}
            block = b"".join(literal(*pair) for pair in {**pairs, "authorization": f"Bearer {token}"}.items())
            line.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 2 * stream + 1, block))
            ended = False
            while not ended:
                head = responses.read(9)
                assert len(head) == 9, "the connection ended"
                size = int.from_bytes(head[:3])
                kind, flags, at = struct.unpack(">BBI", head[3:])
                responses.read(size)
                found.append((kind, at, size))
                assert kind != GOAWAY
                ended = at == 2 * stream + 1 and (kind == RST_STREAM or bool(flags & END_STREAM))
        return found


PATHS = {
    "page": ("/docs", 200),
    "script": ("/docs/swagger-ui-bundle.js", 200),
    "description": ("/openapi.json", 200),
    "asset": (ASSET, 200),
    "REST": ("/api/prices", 200),
    "a list": ("/api/generate/jobs", 200),
    "unknown path": ("/nope", 404),
    "only POST": ("/api/generate/copy", 405),
    "refused by the service": (f"/api/generate/status?jobId={JOB}", 404),
    "refused by the filter": ("/api/prices?x=%FF", 400),
    "unknown parameter": ("/api/prices?nope=1", 400),
}


@pytest.mark.usefixtures("asset")
@pytest.mark.parametrize("name", PATHS)
class TestHead:
    def test_persistent_connection_stays_in_sync_with_the_headers_of_get(
        self, name: str, documented: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        path, status = PATHS[name]
        services.unary["GetJobStatus"] = refusing(
            grpc.StatusCode.NOT_FOUND,
            ("x-adwright-error", json.dumps({"error": {"reason": "JOB_NOT_FOUND", "message": "Größe"}})),
            ("x-adwright-status", "404"),
        )
        line = Line(documented.port, keys.token())
        for _ in range(3):
            found, headers, _ = line.ask("HEAD", path)
            assert found == status
            found, expected, body = line.ask("GET", path)
            assert found == status
            if "content-length" in headers or status == 200:
                assert headers["content-length"] == expected["content-length"] == str(len(body))
            changing = {"date", "x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset", "content-length"}
            changing.add("transfer-encoding")  # replaces a length that is not known yet
            assert {k: v for k, v in headers.items() if k not in changing} == {
                k: v for k, v in expected.items() if k not in changing
            }
        line.close()

    def test_head_over_http_2_has_no_body(
        self, name: str, documented: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        path, _ = PATHS[name]
        services.unary["GetJobStatus"] = refusing(grpc.StatusCode.NOT_FOUND, ("x-adwright-status", "404"))
        frames = http_2(documented.port, ["HEAD", "GET", "HEAD"], path, keys.token())
        sent = {stream: sum(size for kind, at, size in frames if (kind, at) == (DATA, stream)) for stream in (1, 3, 5)}
        assert sent[1] == sent[5] == 0 < sent[3]
        assert {kind for kind, _, _ in frames} & {RST_STREAM, GOAWAY} == set()


@pytest.mark.usefixtures("asset")
class TestAssets:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize(("part", "status", "size"), [([], 200, len(CONTENT)), (["Range: bytes=2-5"], 206, 4)])
    def test_length_of_an_asset_is_stated(
        self,
        method: str,
        part: list[str],
        status: int,
        size: int,
        documented: RunningGateway,
        keys: IssuerKeys,
        services: StubServices,
    ) -> None:
        line = Line(documented.port, keys.token())
        found, headers, body = line.ask(method, ASSET, *part)
        assert (found, headers["content-length"]) == (status, str(size))
        assert headers["content-type"] == "image/png"
        assert "transfer-encoding" not in headers
        if method == "GET":
            assert body == (CONTENT[2:6] if part else CONTENT)
        line.close()


class TestStreams:
    def test_event_streams_reject_head(
        self, documented: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        line = Line(documented.port, keys.token())
        for path in (f"/api/generate/events?jobId={JOB}", "/api/generate/jobs/events"):
            status, headers, _ = line.ask("HEAD", path)
            assert (status, headers["allow"]) == (405, "GET, OPTIONS")
        assert services.calls == []
        line.close()

    def test_client_cannot_set_the_head_marker(
        self, documented: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        async def respond(request: Any, context: Any) -> Any:
            return job_pb2.JobStatus(id=JOB)

        services.unary["GetJobStatus"] = respond
        line = Line(documented.port, keys.token())
        status, _, body = line.ask("GET", f"/api/generate/status?jobId={JOB}", "X-Adwright-Head: 1")
        assert (status, json.loads(body)["id"]) == (200, JOB)
        assert "x-adwright-head" not in services.last().metadata
        line.close()


class TestCredentialsAndLimits:
    def test_head_needs_the_credentials_of_get(self, documented: RunningGateway, services: StubServices) -> None:
        line = Line(documented.port, "no-token")
        assert line.ask("HEAD", "/api/prices")[0] == 401
        assert line.ask("GET", "/api/prices")[0] == 401
        assert services.calls == []
        line.close()

    def test_head_counts_as_a_request(
        self, documented: RunningGateway, keys: IssuerKeys, services: StubServices
    ) -> None:
        line = Line(documented.port, keys.token("somebody-else"))
        left = [int(line.ask("HEAD", "/api/prices")[1]["x-ratelimit-limit"]) for _ in range(2)]
        assert left == [10_000, 10_000]
        line.close()
