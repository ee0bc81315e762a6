"""`adwright listen` shows each end once, signs what it forwards, and stops when it cannot go on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cli import listen
from cli.api import Api, ApiError
from local.home import ROOT
from tests.cli.terminal import Terminal
from tests.running import Customer, RunningSystem
from tests.support import until

COPY = {"platform": "meta", "format": "short", "tone": "bold"}


class Handler(BaseHTTPRequestHandler):
    """A developer's handler; it keeps what it gets."""

    received: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_an_end_is_shown_and_forwarded_with_a_signature_by_the_printed_secret(
    system: RunningSystem, customer: Customer
) -> None:
    received: list[tuple[dict[str, str], bytes]] = []
    with serving(type("Keeping", (Handler,), {"received": received})) as url:
        listening = subprocess.Popen(
            [sys.executable, "-m", "cli", "listen", "--forward", f"{url}/hook", "--user", customer.id],
            env={"ADWRIGHT_HOME": str(system.home.folder), "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"},
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert listening.stdout is not None
            secret = listening.stdout.readline().removeprefix("Secret: ").strip()

            def forwarded() -> bool:  # a job that ends before the stream is open is not shown
                customer.client.post("/api/generate/copy", json={**customer.ids, **COPY})
                return bool(received)

            until(forwarded, seconds=60)
            line = listening.stdout.readline()
        finally:
            listening.kill()
            listening.wait()
    headers, body = received[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    content = json.loads(body)
    assert content["type"] == "job.completed"
    assert content["data"] == customer.status(content["data"]["id"])
    assert f"{content['data']['id']}  204" in line


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--event", "job.done"), "job.completed"),
        (("--forward", "127.0.0.1:3000"), "http://127.0.0.1:3000/hook"),
        (("--secret", "whsec_short"), "whsec_"),
    ],
)
def test_wrong_options_are_named(system: RunningSystem, tmp_path: Any, arguments: tuple[str, str], named: str) -> None:
    assert named in Terminal(system.home, tmp_path).bad("listen", *arguments, code=2)


class Gateway(BaseHTTPRequestHandler):
    """A gateway whose streams break off. streams: the jobs that each stream brings before it does."""

    streams: list[list[str]]
    resumed: list[str]

    def do_GET(self) -> None:
        if self.path.startswith("/api/generate/status"):
            job_id = self.path.rpartition("=")[2]
            return self._answer(200, json.dumps({"id": job_id, "status": "completed"}))
        self.resumed.append(self.headers.get("Last-Event-ID", ""))
        if not self.streams:
            return self._answer(503, json.dumps({"error": {"reason": "UNAVAILABLE", "message": "Not now."}}))
        events = [f'id: {job}\ndata: {{"id": "{job}", "status": "completed"}}\n\n' for job in self.streams.pop(0)]
        return self._answer(200, "".join(["retry: 1\n\n", *events]))

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def test_lost_streams_are_resumed_and_given_up_after_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("cli.listen.time.sleep", pauses.append)
    resumed: list[str] = []
    attributes = {"streams": [["a", "b"], ["b", "c"]], "resumed": resumed}
    with serving(type("Breaking", (Gateway,), attributes)) as url:
        found = listen.ended_jobs(Api(url, "token"))
        assert [next(found)["id"] for _ in range(3)] == ["a", "b", "c"]
        with pytest.raises(ApiError, match="Not now"):
            next(found)
    assert resumed == ["", "b", *["c"] * listen.MAX_FAILURES]
    assert 60 < sum(pauses) < 300
