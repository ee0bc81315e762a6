"""A measurement that did not happen is never a figure."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from rich.console import Console

from tests.bench.__main__ import measure
from tests.bench.client import Load, Result, run
from tests.bench.figures import Figure, show
from tests.bench.harness import request
from tests.bench.rows import checked


@pytest.mark.parametrize(
    "values",
    [
        {"rounds": []},
        {"rounds": [3.0, 0.0]},
        {"rounds": [math.nan]},
        {"rounds": [math.inf]},
        {"rounds": [1.0], "beside": [0.0]},
        {"rounds": [1.0, 2.0], "beside": [1.0]},
    ],
)
def test_no_figure_is_made_of_a_measurement_that_did_not_happen(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="measure"):
        Figure(row="x", name="y", unit="ms", at_most=5, **values)


def test_failed_row_reaches_no_target() -> None:
    failed = Figure(row="x", name="not measured", unit="", rounds=[], at_most=5, failed=True)
    assert failed.reached is None
    console = Console(width=170)
    with console.capture() as shown:
        show([failed], console)
    assert "failed" in shown.get()


def test_row_that_raises_is_reported_and_the_next_one_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    good = Figure(row="memory", name="good", unit="MiB", rounds=[1.0])

    def bad(folder: object) -> list[Figure]:
        raise AssertionError("the condition did not hold in time")

    monkeypatch.setattr("tests.bench.home.warm_folder", _Nothing)
    monkeypatch.setattr("tests.bench.__main__.HOME_ROWS", {"start": bad, "memory": lambda folder: [good]})
    console = Console(width=170)
    with console.capture() as shown:
        found = list(measure(["start", "memory"], console))
    assert [(figure.row, figure.failed) for figure in found] == [("start", True), ("memory", False)]
    assert "the condition did not hold in time" in shown.get()


class _Nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def port() -> Iterator[int]:
    """A server that answers every other request with another status of its job."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        count = 0

        def do_GET(self) -> None:
            Handler.count += 1
            body = b'{"status":"%s"}' % (b"completed" if Handler.count % 2 else b"failed")
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_answers_without_the_expected_text_are_refused(port: int) -> None:
    load = Load(
        port=port,
        connections=1,
        seconds=20.0,
        count=4,
        requests=[request("GET", "/", "token", None)],
        expect='"status":"completed"',
    )
    result = run(load)
    assert (result.answered, sum(result.refused.values())) == (2, 2)
    with pytest.raises(RuntimeError, match="failed"):
        checked(result)


def test_load_without_an_answer_is_no_measurement() -> None:
    with pytest.raises(RuntimeError):
        checked(Result())
