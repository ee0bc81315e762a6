"""Random and hostile requests cause no 5xx and no response outside the OpenAPI document."""

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
from tests.contract.fuzzing import fuzz, fuzz_routes, run_schemathesis
from tests.running import RunningSystem


class TestAnyRequest:
    @pytest.mark.timeout(1_800)  # takes ten seconds on an idle machine, many times as long on a busy one
    def test_random_schemathesis_cases_find_nothing(self, waiting_system: RunningSystem) -> None:
        outcome = fuzz(waiting_system, 1, phases=("examples", "fuzzing", "stateful"), seed=1)
        assert outcome.passed, outcome.report
        assert outcome.cases > 120

    @pytest.mark.timeout(1_800)
    def test_a_thousand_barrage_requests_find_nothing(self, waiting_system: RunningSystem) -> None:
        outcome = fuzz_routes(waiting_system, 1_000, seconds=1_200, seed=1)
        assert outcome.findings == [], outcome.report()
        assert outcome.sent == 1_000
        # Accepted, and refused for the body, the token, the role and the path.
        assert {200, 400, 401, 403, 404} <= set(outcome.statuses), outcome.report()

    @pytest.mark.slow
    @pytest.mark.timeout(1_800)
    def test_extremes_of_every_field_find_nothing(self, waiting_system: RunningSystem) -> None:
        outcome = fuzz(waiting_system, 1, phases=("coverage",), seed=1)
        assert outcome.passed, outcome.report
        assert outcome.cases > 1_000

    @pytest.mark.slow
    @pytest.mark.timeout(7_200)
    def test_thousands_of_schemathesis_cases_find_nothing(self, waiting_system: RunningSystem) -> None:
        outcome = fuzz(waiting_system, 150)
        assert outcome.passed, outcome.report
        assert outcome.cases > 5_000


class FaultyHandler(BaseHTTPRequestHandler):
    """Serves the real OpenAPI document of GET /api/credits, and `response` as its response."""

    response: tuple[int, dict[str, Any]] = (200, {})
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/openapi.json":
            whole = openapi(read_descriptors(IMAGE))
            self._send(200, {**whole, "paths": {"/api/credits": whole["paths"]["/api/credits"]}})
        elif self.headers.get("authorization", "").startswith("Bearer good"):
            self._send(*type(self).response)
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
    server = ThreadingHTTPServer(("127.0.0.1", 0), FaultyHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


class TestFuzzing:
    """The functions that the tests above use detect faults."""

    @pytest.mark.timeout(600)
    @pytest.mark.parametrize(
        ("response", "finding"),
        [
            ((200, {"available": "many", "held": 0}), "Response violates schema"),
            pytest.param((500, {"error": {}}), "Server error", marks=pytest.mark.slow),
        ],
    )
    def test_schemathesis_finds_responses_outside_the_document(
        self, faulty: str, response: tuple[int, dict[str, Any]], finding: str
    ) -> None:
        FaultyHandler.response = response
        ids = (str(uuid.uuid4()), str(uuid.uuid4()))
        outcome = run_schemathesis(faulty, token="good", ids=ids, examples=2, seed=1)
        assert not outcome.passed
        assert finding in outcome.report, outcome.report

    @pytest.mark.parametrize(
        ("response", "finding"),
        [
            ((500, {"error": {"reason": "INTERNAL", "message": "m", "requestId": "r", "retryable": False}}), "500 "),
            ((503, {}), "503 "),
            ((400, {"detail": "no"}), "400 without the usual body"),
        ],
    )
    def test_barrage_finds_5xx_and_errors_without_the_usual_body(
        self, faulty: str, response: tuple[int, dict[str, Any]], finding: str
    ) -> None:
        FaultyHandler.response = response
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
        assert [found for found in outcome.findings if found.startswith(finding)], outcome.report()
