"""Two Kafka adapters: a producer for the outbox relay and a reader of topics.

The client is librdkafka (confluent-kafka), since a client in Python spends five times the CPU time on a message. It
blocks, so the producer runs it in a thread. It can crash its process, so the reader runs it in a process of its own.
Delivery settings: `acks=all` and an idempotent producer. An acknowledged message is on every in-sync replica, and
retries neither duplicate nor reorder it. Messages with the same key go to one partition and stay in order.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as Client
from confluent_kafka.admin import AdminClient, NewTopic
from opentelemetry.trace import SpanKind
from pydantic import SecretStr

from services.chassis.config import KafkaSettings
from services.chassis.observability.telemetry import KAFKA_READERS_ENDED
from services.chassis.observability.tracing import HEADER, record_past_span

REQUEST_TIMEOUT_MS = 5_000
DELIVERY_TIMEOUT_MS = 8_000  # the relay keeps its rows, so a short timeout is safe and reports failures earlier
POLL_SECONDS = 0.1
MAX_READ = 64  # messages per read
RESTART_SECONDS = 1.0  # between the end of a reader process and its replacement
SESSION_TIMEOUT_MS = 6_000  # a killed consumer's partitions are taken over after this; the default is 45 s
STOP_SECONDS = SESSION_TIMEOUT_MS / 1000  # for the reader to leave its group; by then the brokers would expel it anyway
ROOT = Path(__file__).resolve().parents[3]
RETENTION_MS = {"dispatch": 24 * 3600 * 1000, "events": 7 * 24 * 3600 * 1000}

log = structlog.get_logger()
client_log = logging.getLogger("kafka")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One message to send."""

    topic: str
    key: str
    value: bytes
    traceparent: str = ""


def connection_options(settings: KafkaSettings) -> dict[str, Any]:
    """Returns the connection and security options of every client, under librdkafka's names."""
    options: dict[str, Any] = {
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": settings.kafka_security_protocol,
        "socket.timeout.ms": REQUEST_TIMEOUT_MS,
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 1_000,
        "logger": client_log,
    }
    if settings.kafka_sasl_mechanism:
        options["sasl.mechanism"] = settings.kafka_sasl_mechanism
        options["sasl.username"] = settings.kafka_sasl_username
        options["sasl.password"] = settings.kafka_sasl_password.get_secret_value()
    if settings.kafka_ssl_cafile:
        options["ssl.ca.location"] = settings.kafka_ssl_cafile
    return options


def quiet_client_logs() -> None:
    """Silences the client, which logs every reconnect attempt. The adapters log their own events once."""
    client_log.setLevel(logging.CRITICAL)


def create_topics(settings: KafkaSettings, topics: Sequence[str]) -> None:
    """Creates missing topics with the configured partitions and replication and with RETENTION_MS. Blocks.

    Raises KafkaException when the brokers cannot be reached or refuse.
    """
    seconds = REQUEST_TIMEOUT_MS / 1000
    admin = AdminClient(connection_options(settings))
    present = set(admin.list_topics(timeout=seconds).topics)
    missing = [
        NewTopic(
            topic,
            num_partitions=settings.kafka_partitions,
            replication_factor=settings.kafka_replication,
            config={"retention.ms": str(RETENTION_MS["dispatch" if ".dispatch." in topic else "events"])},
        )
        for topic in topics
        if topic not in present
    ]
    if not missing:
        return
    for topic, created in admin.create_topics(missing, request_timeout=seconds).items():
        try:
            created.result(seconds * 2)
            log.info("topic_created", topic=topic)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


class Producer:
    """Sends records and reports how many were acknowledged. Creates its client and the topics again after a failure."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[str]) -> None:
        self._settings = settings
        self._topics = topics
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kafka-producer")
        self._client: Client | None = None

    async def send(self, records: Sequence[Record]) -> int:
        """Sends the records in order. Returns how many, counted from the first, were acknowledged. Never raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._send, list(records))

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown(wait=False)

    def _send(self, records: list[Record]) -> int:
        outcomes: list[KafkaError | str | None] = ["not acknowledged in time"] * len(records)
        pending = 0

        def record_outcome_of(number: int) -> Callable[[KafkaError | None, Message], None]:
            def record_outcome(error: KafkaError | None, _: Message) -> None:
                nonlocal pending
                outcomes[number] = error
                pending -= 1

            return record_outcome

        try:
            client = self._connected()
            for number, record in enumerate(records):
                client.produce(
                    record.topic,
                    key=record.key.encode(),
                    value=record.value,
                    headers=[(HEADER, record.traceparent.encode())] if record.traceparent else None,
                    on_delivery=record_outcome_of(number),
                )
                pending += 1
            give_up = time.monotonic() + DELIVERY_TIMEOUT_MS / 1000 + 1
            while pending and time.monotonic() < give_up:
                client.poll(POLL_SECONDS)
        except (KafkaException, BufferError) as error:
            outcomes[0] = str(error)
        sent = next((number for number, outcome in enumerate(outcomes) if outcome is not None), len(records))
        if sent < len(records):
            log.warning("kafka_send_failed", error=str(outcomes[sent]), sent=sent, of=len(records))
            self._drop()
        return sent

    def _connected(self) -> Client:
        if self._client is None:
            create_topics(self._settings, self._topics)
            self._client = Client(
                {
                    **connection_options(self._settings),
                    "acks": "all",
                    "enable.idempotence": True,
                    "enable.gapless.guarantee": True,  # a message after a refused one is not sent before it
                    "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
                    "request.timeout.ms": REQUEST_TIMEOUT_MS,
                    "linger.ms": 0,
                }
            )
        return self._client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.purge()
            client.poll(0)


class TopicReader:
    """Reads a topic as one member of a group and reports how many messages have arrived, up to a requested number.

    Consumes only as many messages, and commits only their offsets, as `allow` permits, so that the group's lag measures
    the waiting work. Buffers messages beyond that. The reader also polls while nothing is allowed, so that the group
    never takes this member for dead during long work. A lost message is harmless, since the job service holds the
    work.

    The reader is a process of its own (kafka_reader). When the client library crashes it, another one is started, and
    running jobs are not affected.
    """

    def __init__(
        self, settings: KafkaSettings, *, topic: str, group: str, values: bool = False, from_start: bool = True
    ) -> None:
        """values: whether the messages' values are wanted. from_start: whether a new group reads older messages too."""
        options = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name in KafkaSettings.model_fields
            for value in [getattr(settings, name)]
        }
        self._request = json.dumps(
            {"settings": options, "topic": topic, "group": group, "values": values, "from_start": from_start}
        )
        self._topic = topic
        self._allowed = 0  # the last request; repeated to a new reader process
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._reader: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name="kafka-reader", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_messages: Callable[[int], None] = lambda count: None
        self._on_values: Callable[[Sequence[bytes]], None] | None = None

    def start(
        self, on_messages: Callable[[int], None], on_values: Callable[[Sequence[bytes]], None] | None = None
    ) -> None:
        """Starts reading. Calls `on_messages` in the running loop with the number of messages consumed, and `on_values`
        with their values."""
        self._loop = asyncio.get_running_loop()
        self._on_messages, self._on_values = on_messages, on_values
        self._thread.start()

    async def stop(self) -> None:
        """Stops the reader, which leaves its group. Kills it when it does not finish in STOP_SECONDS."""
        self._stopping.set()
        await asyncio.to_thread(self._stop_reader)

    def allow(self, at_least: int) -> None:
        """Allows at least this many further messages to be consumed."""
        with self._lock:
            self._allowed = at_least
            self._write_line(str(at_least))

    @property
    def reader_pid(self) -> int | None:
        """The pid of the reader process; None while there is none."""
        reader = self._reader
        return reader.pid if reader is not None and reader.poll() is None else None

    def _write_line(self, line: str) -> None:
        """Writes to the reader. Never blocks for long: a line is far smaller than the pipe, which the reader drains."""
        if self._reader is not None and self._reader.stdin is not None and not self._reader.stdin.closed:
            with contextlib.suppress(OSError):  # the reader has died; its replacement gets the request
                self._reader.stdin.write(f"{line}\n")
                self._reader.stdin.flush()

    def _run(self) -> None:
        while not self._stopping.is_set():
            started_at = time.monotonic()
            reader = subprocess.Popen(
                [sys.executable, "-m", "services.chassis.data.kafka_reader"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            )  # fmt: skip
            with self._lock:
                self._reader = reader
                self._write_line(self._request)
                if self._allowed:
                    self._write_line(str(self._allowed))
                if self._stopping.is_set() and reader.stdin is not None:
                    reader.stdin.close()
            assert reader.stdout is not None
            for line in reader.stdout:
                self._report(json.loads(line))
            code = reader.wait()
            if self._stopping.is_set():
                return
            KAFKA_READERS_ENDED.inc()
            log.warning(
                "kafka_reader_ended", topic=self._topic, status=code, seconds=round(time.monotonic() - started_at, 1)
            )
            self._stopping.wait(RESTART_SECONDS)

    def _report(self, consumed: Sequence[Mapping[str, Any]]) -> None:
        for message in consumed:
            name = f"receive {self._topic}"
            record_past_span(message["traceparent"], name, began=message["sent_at"], kind=SpanKind.CONSUMER)
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._on_messages, len(consumed))
            if self._on_values is not None:
                values = [base64.b64decode(message["value"]) for message in consumed]
                loop.call_soon_threadsafe(self._on_values, values)

    def _stop_reader(self) -> None:
        with self._lock:
            reader = self._reader
            if reader is not None and reader.stdin is not None:
                with contextlib.suppress(OSError):
                    reader.stdin.close()
        self._thread.join(STOP_SECONDS)
        if reader is not None and reader.poll() is None:
            reader.kill()
            self._thread.join(STOP_SECONDS)
