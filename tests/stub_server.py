"""An HTTP server that stands in for a remote API; the test supplies its responses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A received request. The names in `headers` are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class StubResponse:
    """A response: `value` as JSON, bytes unchanged. breaks_off: the body ends after its first half."""

    status: int = 200
    value: Any = None
    kind: str = "application/json"
    breaks_off: bool = False


class StubServer:
    """Responds with the result of `answer` and records each request in `asked`."""

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.respond: Callable[[ReceivedRequest], StubResponse] = lambda request: StubResponse(status=404)
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                request = ReceivedRequest(
                    method=self.command,
                    path=self.path,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(length),
                )
                stub.requests.append(request)
                answer = stub.respond(request)
                value = answer.value
                content = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
                self.send_response(answer.status)
                self.send_header("content-type", answer.kind)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if answer.breaks_off else content)

            do_GET = do_POST = do_PUT = do_DELETE = _serve

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def paths(self, method: str) -> list[str]:
        """The paths of the requests with this method, in order."""
        return [request.path for request in self.requests if request.method == method]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
