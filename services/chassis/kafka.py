"""Kafka behind two adapters: a producer for the relay and a reader of wake-ups for makers.

The client is librdkafka (confluent-kafka): a client in Python spends five times the processor time on a message. It
blocks, so each adapter keeps it in a thread of its own. Delivery settings: `acks=all` and an idempotent producer, so
that an acknowledged message is on every in-sync replica and retries neither double nor reorder it; messages with one
key go to one partition and stay in order.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka import Producer as Client
from confluent_kafka.admin import AdminClient, NewTopic
from opentelemetry.trace import SpanKind

from services.chassis.config import KafkaSettings
from services.chassis.tracing import HEADER, noted

REQUEST_TIMEOUT_MS = 5_000
DELIVERY_TIMEOUT_MS = 8_000  # the relay keeps its rows until then, so giving up is safe and tells sooner
SESSION_TIMEOUT_MS = 6_000  # the default lets a killed consumer's partitions lie for 45 s; with this, a takeover in 6 s
HEARTBEAT_MS = 1_000
POLL_SECONDS = 0.1
HELD_POLL_SECONDS = 0.02  # while something is held that may be wanted at any moment
MAX_READ = 64  # messages at a time
MAX_HELD = 1_000
RESTART_SECONDS = 1.0
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
    """What every client needs to reach and trust the brokers, by librdkafka's names."""
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
    """The client tells of each reconnect attempt; while a broker is away our own events say so once."""
    client_log.setLevel(logging.CRITICAL)


def create_topics(settings: KafkaSettings, topics: Sequence[str]) -> None:
    """Makes the topics that are missing, with the partitions, replication and retention of the settings. Blocks.

    Raises KafkaException when the brokers cannot be reached or refuse."""
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
    """Sends records and says which were acknowledged. Made anew, topics included, after the brokers were lost."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[str]) -> None:
        self._settings = settings
        self._topics = topics
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kafka-producer")
        self._client: Client | None = None

    async def send(self, records: Sequence[Record]) -> int:
        """Sends in order; the number of records from the first on that are acknowledged. Never raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._send, list(records))

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown(wait=False)

    def _send(self, records: list[Record]) -> int:
        outcomes: list[KafkaError | str | None] = ["not heard of"] * len(records)
        left = 0

        def noting(number: int) -> Callable[[KafkaError | None, Message], None]:
            def note(error: KafkaError | None, _: Message) -> None:
                nonlocal left
                outcomes[number] = error
                left -= 1

            return note

        try:
            client = self._connected()
            for number, record in enumerate(records):
                client.produce(
                    record.topic,
                    key=record.key.encode(),
                    value=record.value,
                    headers=[(HEADER, record.traceparent.encode())] if record.traceparent else None,
                    on_delivery=noting(number),
                )
                left += 1
            give_up = time.monotonic() + DELIVERY_TIMEOUT_MS / 1000 + 1
            while left and time.monotonic() < give_up:
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
                    "enable.gapless.guarantee": True,  # what follows a refused message is not sent before it
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


class WakeUps:
    """Reads a topic as one member of a group and tells how many messages have come, as many as were asked for.

    Only as many messages are taken, and their offsets committed, as `want` allows: the group's lag says how much work
    waits. What has been read beyond that is held. The thread polls also while nothing is wanted: work of any length
    never makes the group think this member dead. Losing a message loses nothing, since the job service holds the work.
    """

    def __init__(self, settings: KafkaSettings, *, topic: str, group: str) -> None:
        self._settings = settings
        self._topic = topic
        self._group = group
        self._wanted = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-wake-ups", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_messages: Callable[[int], None] = lambda count: None

    def start(self, on_messages: Callable[[int], None]) -> None:
        """Begins to read; `on_messages` is called in the running loop with the number of messages taken at a time."""
        self._loop = asyncio.get_running_loop()
        self._on_messages = on_messages
        self._thread.start()

    async def stop(self) -> None:
        self._stopping.set()
        await asyncio.to_thread(self._thread.join, SESSION_TIMEOUT_MS / 1000)

    def want(self, at_least: int) -> None:
        """Lets at least this many further messages be taken."""
        with self._lock:
            self._wanted = max(self._wanted, at_least)

    def _run(self) -> None:
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
                self._tell(consumer, taken)

    def _tell(self, consumer: Consumer, taken: Sequence[Message]) -> None:
        ends: dict[int, int] = {}
        for message in taken:
            headers: dict[str, Any] = dict(message.headers() or ())
            traceparent = (headers.get(HEADER) or b"").decode("ascii", "replace")
            began = message.timestamp()[1] / 1000
            noted(traceparent, f"receive {self._topic}", began=began, kind=SpanKind.CONSUMER)
            ends[message.partition() or 0] = (message.offset() or 0) + 1
        offsets = [TopicPartition(self._topic, partition, end) for partition, end in ends.items()]
        consumer.commit(offsets=offsets, asynchronous=True)
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._on_messages, len(taken))


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
