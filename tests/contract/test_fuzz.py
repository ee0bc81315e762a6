"""Random and hostile requests, by the API's own description: no 5xx, and no answer outside the description."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gateway.openapi import IMAGE, openapi
from gateway.routes import read_descriptors, routes_of
from gateway.schema import messages_of
from tests.contract.barrage import barrage
from tests.contract.fuzzing import fuzz, rain, schemathesis
from tests.running import RunningSystem


class TestAnyRequest:
    @pytest.mark.timeout(1_800)  # a minute alone; a machine with other work takes many times as long
    def test_a_thousand_find_nothing(self, waiting_system: RunningSystem) -> None:
        outcome = fuzz(waiting_system, 2, seed=1)
        assert outcome.passed, outcome.report
        assert outcome.cases > 1_000

    @pytest.mark.timeout(1_800)
    def test_thousands_by_the_route_table_find_nothing(self, waiting_system: RunningSystem) -> None:
        outcome = rain(waiting_system, 3_000, seconds=1_200, seed=1)
        assert outcome.findings == [], outcome.report()
        assert outcome.sent == 3_000
        # Of each kind there are some: accepted, refused for the body, the token, the role, the path.
        assert {200, 400, 401, 403, 404} <= set(outcome.statuses), outcome.report()

    @pytest.mark.slow
    @pytest.mark.timeout(7_200)
    def test_many_thousands_find_nothing(self, waiting_system: RunningSystem) -> None:
        outcome = fuzz(waiting_system, 150)
        assert outcome.passed, outcome.report
        assert outcome.cases > 5_000


class Faulty(BaseHTTPRequestHandler):
    """Answers GET /api/credits as `answer` says, under the description of the real one."""

    answer: tuple[int, dict[str, Any]] = (200, {})
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/openapi.json":
            whole = openapi(read_descriptors(IMAGE))
            self._send(200, {**whole, "paths": {"/api/credits": whole["paths"]["/api/credits"]}})
        elif self.headers.get("authorization", "").startswith("Bearer good"):
            self._send(*type(self).answer)
        else:
            error = {"reason": "UNAUTHENTICATED", "message": "no", "requestId": "r", "retryable": False}
            self._send(401, {"error": error})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def faulty() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Faulty)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


class TestFuzzing:
    """The very command of the tests above sees what is wrong, where something is."""

    @pytest.mark.timeout(600)
    @pytest.mark.parametrize(
        ("answer", "complaint"),
        [
            ((200, {"available": "many", "held": 0}), "Response violates schema"),
            ((500, {"error": {}}), "Server error"),
        ],
    )
    def test_an_answer_outside_the_description_is_found(
        self, faulty: str, answer: tuple[int, dict[str, Any]], complaint: str
    ) -> None:
        Faulty.answer = answer
        ids = (str(uuid.uuid4()), str(uuid.uuid4()))
        outcome = schemathesis(faulty, token="good", ids=ids, examples=2, seed=1)
        assert not outcome.passed
        assert complaint in outcome.report, outcome.report

    @pytest.mark.parametrize(
        ("answer", "complaint"),
        [
            ((500, {"error": {"reason": "INTERNAL", "message": "m", "requestId": "r", "retryable": False}}), "500 "),
            ((503, {}), "503 "),
            ((400, {"detail": "no"}), "400 without the usual body"),
        ],
    )
    def test_the_barrage_finds_what_no_request_may_cause(
        self, faulty: str, answer: tuple[int, dict[str, Any]], complaint: str
    ) -> None:
        Faulty.answer = answer
        descriptors = read_descriptors(IMAGE)
        credits_route = [route for route in routes_of(descriptors) if route.path == "/api/credits"]
        outcome = barrage(
            faulty,
            credits_route,
            messages_of(descriptors),
            tokens=["good"],
            ids={},
            requests=200,
            seconds=60,
            seed=1,
        )
        assert [finding for finding in outcome.findings if finding.startswith(complaint)], outcome.report()
