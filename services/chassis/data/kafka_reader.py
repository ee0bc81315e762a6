"""The process that reads a topic for WakeUps: `python -m services.chassis.data.kafka_reader`.

A process of its own, because librdkafka can crash when a broker is replaced by one that does not know the topic's id:
the worker lives on and starts another. One JSON document a line: on standard input first a Request, then numbers, each
letting at least so many further messages be taken; on standard output a list of Taken for what was taken together.
The process ends when its input does. Logs go to standard error.
"""

from __future__ import annotations

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
HELD_POLL_SECONDS = 0.02  # while something is held that may be wanted at any moment
MAX_HELD = 1_000
RESTART_SECONDS = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to read. `settings` are those of KafkaSettings, secrets included."""

    settings: dict[str, Any]
    topic: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One message that was taken: its trace, empty for none, and when it was sent, in seconds since 1970."""

    traceparent: str
    sent_at: float


class LogSettings(Settings):
    """How the process logs: as the worker that it belongs to."""

    log_format: str = Field(default="json", pattern="^(json|console)$")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")


class Reader:
    """Reads a topic as one member of a group until it is stopped; a consumer that fails is replaced."""

    def __init__(
        self, settings: KafkaSettings, *, topic: str, group: str, on_taken: Callable[[Sequence[Taken]], None]
    ) -> None:
        self._settings = settings
        self._topic = topic
        self._group = group
        self._on_taken = on_taken
        self._wanted = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def want(self, at_least: int) -> None:
        """Lets at least this many further messages be taken."""
        with self._lock:
            self._wanted = max(self._wanted, at_least)

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Blocks until `stop`."""
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
                        "auto.offset.reset": "earliest",
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
        held: deque[Message] = deque()
        # What is held of partitions that go to another member is read again there.
        consumer.subscribe([self._topic], on_revoke=lambda *_: held.clear(), on_lost=lambda *_: held.clear())
        paused = False
        while not self._stopping.is_set():
            # A consumer that is resumed gets nothing for a second: so there is much in hand before it is paused.
            if len(held) >= MAX_HELD:
                consumer.pause(consumer.assignment())
                paused = True
            elif paused and len(held) < MAX_HELD / 2:
                consumer.resume(consumer.assignment())
                paused = False
            held.extend(_arrived(consumer, HELD_POLL_SECONDS if held else POLL_SECONDS))
            with self._lock:
                taken = [held.popleft() for _ in range(min(self._wanted, len(held)))]
                self._wanted -= len(taken)
            if taken:
                self._take(consumer, taken)

    def _take(self, consumer: Consumer, taken: Sequence[Message]) -> None:
        ends: dict[int, int] = {}
        found = []
        for message in taken:
            headers: dict[str, Any] = dict(message.headers() or ())
            traceparent = (headers.get(HEADER) or b"").decode("ascii", "replace")
            found.append(Taken(traceparent=traceparent, sent_at=message.timestamp()[1] / 1000))
            ends[message.partition() or 0] = (message.offset() or 0) + 1
        offsets = [TopicPartition(self._topic, partition, end) for partition, end in ends.items()]
        consumer.commit(offsets=offsets, asynchronous=True)
        self._on_taken(found)


def _arrived(consumer: Consumer, seconds: float) -> list[Message]:
    """Messages that are there, waiting for the first of them for a while. Raises KafkaException for what only a new
    consumer can mend."""
    first = consumer.poll(seconds)
    if first is None:
        return []
    found = [first, *consumer.consume(MAX_READ, timeout=0)]  # with a time to wait it would wait until all are there
    for message in found:
        error = message.error()
        if error is not None and (error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART):
            raise KafkaException(error)
    return [message for message in found if message.error() is None]


def main() -> None:
    """Runs the protocol of this module's description on standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C goes to the worker, which decides
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # from here on, what is printed does not mix with the answers
    logs = read_settings(LogSettings)
    telemetry.configure("kafka-reader", log_format=logs.log_format, log_level=logs.log_level, metrics_listen="")
    quiet_client_logs()
    request = Request(**json.loads(sys.stdin.readline()))

    def told(taken: Sequence[Taken]) -> None:
        try:
            output.write(json.dumps([asdict(message) for message in taken]) + "\n")
        except BrokenPipeError:
            os._exit(0)  # the worker has gone

    reader = Reader(KafkaSettings(**request.settings), topic=request.topic, group=request.group, on_taken=told)

    def listen() -> None:
        for line in sys.stdin:
            reader.want(int(line))
        reader.stop()

    threading.Thread(target=listen, name="wanted", daemon=True).start()
    reader.run()


if __name__ == "__main__":
    main()
