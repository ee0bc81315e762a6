"""The process that reads a topic for a worker: `python -m services.chassis.data.kafka_reader`.

It is a separate process because librdkafka can crash when a broker is replaced by one that does not know the topic's
id. The worker survives and starts another reader. The protocol is one JSON document a line. Standard input: first a
ReadRequest, then numbers, each of which allows at least that many further messages to be consumed. Standard output: for
each consumed batch a list of ConsumedMessage. The process exits when its input ends. Logs go to standard error.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from pydantic import Field

from services.chassis.config import KafkaSettings, Settings, read_settings
from services.chassis.data.kafka import (
    MAX_READ,
    SESSION_TIMEOUT_MS,
    connection_options,
    create_topics,
    quiet_client_logs,
)
from services.chassis.observability import telemetry
from services.chassis.observability.tracing import HEADER

HEARTBEAT_MS = 1_000
POLL_SECONDS = 0.1
BUFFERED_POLL_SECONDS = 0.02  # while messages are buffered, which may be wanted at any moment
MAX_BUFFERED = 1_000
RESTART_SECONDS = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """The topic to read. `settings` are the values of KafkaSettings, secrets included."""

    settings: dict[str, Any]
    topic: str
    group: str
    values: bool = False
    """Whether the messages' values are wanted."""
    from_start: bool = True
    """Whether a group that is new reads the messages that were there before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedMessage:
    """A consumed message: its traceparent, empty for none, the time of sending, in seconds since 1970, and its value in
    Base64, if values are wanted."""

    traceparent: str
    sent_at: float
    value: str = ""


class LogSettings(Settings):
    """Log settings, the same as the worker's."""

    log_format: str = Field(
        default="json", pattern="^(json|console)$", description="Format of log events: json or console."
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="Lowest level that is logged."
    )


class Reader:
    """Reads a topic as one member of a group until it is stopped. Replaces a consumer that fails."""

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        topic: str,
        group: str,
        on_consumed: Callable[[Sequence[ConsumedMessage]], None],
        values: bool = False,
        from_start: bool = True,
    ) -> None:
        self._settings = settings
        self._topic = topic
        self._group = group
        self._on_consumed = on_consumed
        self._values = values
        self._from_start = from_start
        self._wanted = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def allow(self, at_least: int) -> None:
        """Allows at least this many further messages to be consumed."""
        with self._lock:
            self._wanted = max(self._wanted, at_least)

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Reads until `stop` is called."""
        while not self._stopping.is_set():
            consumer: Consumer | None = None
            try:
                create_topics(self._settings, [self._topic])
                consumer = Consumer(
                    {
                        **connection_options(self._settings),
                        "group.id": self._group,
                        "session.timeout.ms": SESSION_TIMEOUT_MS,
                        "heartbeat.interval.ms": HEARTBEAT_MS,
                        "fetch.wait.max.ms": self._settings.kafka_fetch_wait_ms,
                        "queued.min.messages": MAX_READ,
                        "auto.offset.reset": "earliest" if self._from_start else "latest",
                        "enable.auto.commit": False,
                    }
                )
                self._consume(consumer)
            except KafkaException as error:
                log.warning("kafka_read_failed", topic=self._topic, error=str(error))
                self._stopping.wait(RESTART_SECONDS)
            finally:
                if consumer is not None:
                    consumer.close()

    def _consume(self, consumer: Consumer) -> None:
        buffered: deque[Message] = deque()
        # Another member reads the buffered messages of revoked partitions again.
        consumer.subscribe([self._topic], on_revoke=lambda *_: buffered.clear(), on_lost=lambda *_: buffered.clear())
        paused = False
        while not self._stopping.is_set():
            # resume() delays the next fetch by about 1 s, so buffer many messages before pausing.
            if len(buffered) >= MAX_BUFFERED:
                consumer.pause(consumer.assignment())
                paused = True
            elif paused and len(buffered) < MAX_BUFFERED / 2:
                consumer.resume(consumer.assignment())
                paused = False
            buffered.extend(_poll(consumer, BUFFERED_POLL_SECONDS if buffered else POLL_SECONDS))
            with self._lock:
                consumed = [buffered.popleft() for _ in range(min(self._wanted, len(buffered)))]
                self._wanted -= len(consumed)
            if consumed:
                self._commit(consumer, consumed)

    def _commit(self, consumer: Consumer, consumed: Sequence[Message]) -> None:
        ends: dict[int, int] = {}
        found = []
        for message in consumed:
            headers: dict[str, Any] = dict(message.headers() or ())
            traceparent = (headers.get(HEADER) or b"").decode("ascii", "replace")
            value = base64.b64encode(message.value() or b"").decode() if self._values else ""
            found.append(ConsumedMessage(traceparent=traceparent, sent_at=message.timestamp()[1] / 1000, value=value))
            ends[message.partition() or 0] = (message.offset() or 0) + 1
        offsets = [TopicPartition(self._topic, partition, end) for partition, end in ends.items()]
        consumer.commit(offsets=offsets, asynchronous=True)
        self._on_consumed(found)


def _poll(consumer: Consumer, seconds: float) -> list[Message]:
    """Returns the available messages; waits up to `seconds` for the first.

    Raises KafkaException for errors that only a new consumer can recover from.
    """
    first = consumer.poll(seconds)
    if first is None:
        return []
    found = [first, *consumer.consume(MAX_READ, timeout=0)]  # a timeout would wait for MAX_READ messages
    for message in found:
        error = message.error()
        if error is not None and (error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART):
            raise KafkaException(error)
    return [message for message in found if message.error() is None]


def main() -> None:
    """Serves the protocol of the module's docstring on standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C goes to the worker, which decides
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # prints must not mix with the protocol's output
    logs = read_settings(LogSettings)
    telemetry.configure("kafka-reader", log_format=logs.log_format, log_level=logs.log_level, metrics_listen="")
    quiet_client_logs()
    request = ReadRequest(**json.loads(sys.stdin.readline()))

    def write(consumed: Sequence[ConsumedMessage]) -> None:
        try:
            output.write(json.dumps([asdict(message) for message in consumed]) + "\n")
        except BrokenPipeError:
            os._exit(0)  # the worker has exited

    reader = Reader(
        KafkaSettings(**request.settings),
        topic=request.topic,
        group=request.group,
        on_consumed=write,
        values=request.values,
        from_start=request.from_start,
    )

    def read_wanted() -> None:
        for line in sys.stdin:
            reader.allow(int(line))
        reader.stop()

    threading.Thread(target=read_wanted, name="wanted", daemon=True).start()
    reader.run()


if __name__ == "__main__":
    main()
