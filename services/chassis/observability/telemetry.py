"""Logging and the Prometheus metrics of all services and workers.

Logs are events with fields, as JSON lines on standard output, with the trace id. Metrics are served on their own port
when one is set. Tokens and customers' texts are never logged.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from services.chassis.observability.tracing import trace_id

CALLS = Counter("adwright_calls_total", "RPCs handled", ["method", "code"])
CALL_SECONDS = Histogram(
    "adwright_call_seconds",
    "Duration of RPCs",
    ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
OUTBOX_SENT = Counter("adwright_outbox_sent_total", "Outbox rows that Kafka acknowledged", ["topic"])
DATABASE_ERRORS = Counter(
    "adwright_database_errors_total", "Transactions that failed because of the database", ["sqlstate", "reason"]
)
LOG_LOST = Counter("adwright_log_writes_lost_total", "Failed writes to the log")
KAFKA_READERS_ENDED = Counter("adwright_kafka_readers_ended_total", "Kafka reader processes that exited unexpectedly")
STORAGE_ERRORS = Counter("adwright_storage_errors_total", "Failed asset storage operations", ["operation", "reason"])
ATTEMPTS_FINISHED = Counter("adwright_worker_attempts_total", "Finished attempts of this worker", ["type", "outcome"])
FAULTS = Counter("adwright_worker_faults_total", "Failed attempts of this worker", ["type", "kind", "reason"])
DEPENDENCY_UNAVAILABLE = Gauge(
    "adwright_worker_dependency_unavailable",
    "1 while the worker leases no jobs because the dependency is unavailable",
    ["type", "dependency"],
)
ATTEMPT_SECONDS = Histogram(
    "adwright_worker_seconds",
    "Duration of attempts",
    ["type"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 80, 160, 320, 640),
)


class LossyStream:
    """A text stream whose writes never raise: output that a full disk or a closed pipe refuses is discarded."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):  # ValueError: the stream is closed
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
    """Configures logging and, when `metrics_listen` is set, the metrics endpoint. Called once in a process."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _with_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(),
    ]
    stream = cast(TextIO, LossyStream(sys.stdout))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[log_level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    # Warnings of libraries, which log through the standard module, go to the same stream.
    logging.basicConfig(level=logging.WARNING, stream=stream, format="%(name)s %(levelname)s %(message)s", force=True)
    structlog.contextvars.bind_contextvars(service=service)
    if metrics_listen:
        host, _, port = metrics_listen.rpartition(":")
        start_http_server(int(port), addr=host or "127.0.0.1")
