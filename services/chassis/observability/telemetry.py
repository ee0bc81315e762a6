"""Logs, metrics and trace ids: what can be seen of a running service.

Logs are events with fields, one a decision, as JSON lines on standard output. Metrics are Prometheus's, on a port of
their own when one is set. Tokens and customers' texts are never logged.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from services.chassis.observability.tracing import trace_id

CALLS = Counter("adwright_calls_total", "RPCs answered", ["method", "code"])
CALL_SECONDS = Histogram(
    "adwright_call_seconds",
    "Time an RPC took",
    ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
OUTBOX_SENT = Counter("adwright_outbox_sent_total", "Outbox rows handed to Kafka", ["topic"])
DATABASE_ERRORS = Counter(
    "adwright_database_errors_total", "Transactions that the database could not take", ["sqlstate", "reason"]
)
LOG_LOST = Counter("adwright_log_writes_lost_total", "Writes to the log that failed")
KAFKA_READERS_ENDED = Counter("adwright_kafka_readers_ended_total", "Kafka reader processes that ended by themselves")
STORAGE_ERRORS = Counter("adwright_storage_errors_total", "Failed asset storage operations", ["operation", "reason"])
ATTEMPTS_FINISHED = Counter("adwright_worker_attempts_total", "Attempts that ended in this worker", ["type", "outcome"])
FAULTS = Counter("adwright_worker_faults_total", "Attempts that failed in this worker", ["type", "kind", "reason"])
DEPENDENCY_AWAY = Gauge(
    "adwright_worker_dependency_away", "1 while the worker leases nothing because this is away", ["type", "dependency"]
)
MAKE_SECONDS = Histogram(
    "adwright_worker_seconds",
    "Time an attempt took",
    ["type"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 80, 160, 320, 640),
)


class SteadyStream:
    """A text stream that loses what cannot be written, on a full disk or to a reader that is gone, and never raises."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):  # ValueError: it is closed
            LOG_LOST.inc()
            return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def _with_trace(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if found := trace_id():
        event["trace_id"] = found
    return event


def configure(service: str, *, log_format: str, log_level: str, metrics_listen: str) -> None:
    """Sets up logging and, where asked, the metrics endpoint. Called once, from a service's `__main__`."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _with_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(),
    ]
    stream = cast(TextIO, SteadyStream(sys.stdout))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[log_level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard module: their warnings are ours to see, in the same form.
    logging.basicConfig(level=logging.WARNING, stream=stream, format="%(name)s %(levelname)s %(message)s", force=True)
    structlog.contextvars.bind_contextvars(service=service)
    if metrics_listen:
        host, _, port = metrics_listen.rpartition(":")
        start_http_server(int(port), addr=host or "127.0.0.1")
