"""Kafka behind two adapters: a producer for the relay and a reader of wake-ups for makers.

kafka-python blocks, so each adapter keeps its client in a thread of its own. Delivery settings: `acks=all` and an
idempotent producer, so that an acknowledged message is on every in-sync replica and retries neither double nor
reorder it; messages with one key go to one partition and stay in order.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError
from opentelemetry.trace import SpanKind

from services.chassis.config import KafkaSettings
from services.chassis.tracing import HEADER, noted

REQUEST_TIMEOUT_MS = 5_000
DELIVERY_TIMEOUT_MS = 8_000  # the relay keeps its rows until then, so giving up is safe and tells sooner
SESSION_TIMEOUT_MS = 6_000  # the default lets a killed consumer's partitions lie for 45 s; with this, a takeover in 6 s
HEARTBEAT_MS = 1_000
FETCH_WAIT_MS = 100
MAX_TAKEN = 64  # messages at a time; committing each by itself costs more than all the rest
RESTART_SECONDS = 1.0
RETENTION_MS = {"dispatch": 24 * 3600 * 1000, "events": 7 * 24 * 3600 * 1000}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One message to send."""

    topic: str
    key: str
    value: bytes
    traceparent: str = ""


def connection_options(settings: KafkaSettings) -> dict[str, Any]:
    """What every client of kafka-python needs to reach and trust the brokers."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "security_protocol": settings.kafka_security_protocol,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "reconnect_backoff_ms": 100,
        "reconnect_backoff_max_ms": 1_000,
    }
    if settings.kafka_sasl_mechanism:
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_sasl_username
        options["sasl_plain_password"] = settings.kafka_sasl_password.get_secret_value()
    if settings.kafka_ssl_cafile:
        options["ssl_cafile"] = settings.kafka_ssl_cafile
    return options


def quiet_client_logs() -> None:
    """kafka-python logs each reconnect attempt as an error; while a broker is away our own events say so once."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def create_topics(settings: KafkaSettings, topics: Sequence[str]) -> None:
    """Makes the topics that are missing, with the partitions, replication and retention of the settings. Blocks."""
    admin = KafkaAdminClient(**connection_options(settings))
    try:
        present = set(admin.list_topics())
        for topic in topics:
            if topic in present:
                continue
            retention = RETENTION_MS["dispatch" if ".dispatch." in topic else "events"]
            try:
                admin.create_topics(
                    [
                        NewTopic(
                            name=topic,
                            num_partitions=settings.kafka_partitions,
                            replication_factor=settings.kafka_replication,
                            topic_configs={"retention.ms": str(retention)},
                        )
                    ]
                )
                log.info("topic_created", topic=topic)
            except TopicAlreadyExistsError:
                continue
    finally:
        admin.close()


class Producer:
    """Sends records and says which were acknowledged. Made anew, topics included, after the brokers were lost."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[str]) -> None:
        self._settings = settings
        self._topics = topics
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kafka-producer")
        self._producer: Any = None

    async def send(self, records: Sequence[Record]) -> int:
        """Sends in order; the number of records from the first on that are acknowledged. Never raises KafkaError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._send, list(records))

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown(wait=False)

    def _send(self, records: list[Record]) -> int:
        sent = 0
        try:
            if self._producer is None:
                create_topics(self._settings, self._topics)
                self._producer = KafkaProducer(
                    **connection_options(self._settings),
                    acks="all",
                    enable_idempotence=True,
                    delivery_timeout_ms=DELIVERY_TIMEOUT_MS,
                    max_block_ms=REQUEST_TIMEOUT_MS,
                    linger_ms=0,
                    allow_auto_create_topics=False,
                )
            futures = [
                self._producer.send(
                    record.topic,
                    key=record.key.encode(),
                    value=record.value,
                    headers=[(HEADER, record.traceparent.encode())] if record.traceparent else None,
                )
                for record in records
            ]
            for future in futures:
                future.get(timeout=DELIVERY_TIMEOUT_MS / 1000 + 1)
                sent += 1
        except (KafkaError, OSError, AssertionError, ValueError) as error:
            log.warning("kafka_send_failed", error=repr(error), sent=sent, of=len(records))
            self._drop()
        return sent

    def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                producer.close(timeout=1)
            except (KafkaError, OSError, AssertionError) as error:
                log.debug("kafka_close_failed", error=repr(error))


class WakeUps:
    """Reads a topic as one member of a group and calls back for each message, as many as were asked for.

    Only as many messages are taken as `want` allows: the rest stays in the topic, so that the group's lag says how
    much work waits. The thread keeps polling while nothing is wanted, with its partitions paused: work of any length
    never makes the group think this member dead. Offsets are committed as messages are taken; losing one loses
    nothing, since the job service holds the work.
    """

    def __init__(self, settings: KafkaSettings, *, topic: str, group: str, on_message: Callable[[], None]) -> None:
        self._settings = settings
        self._topic = topic
        self._group = group
        self._on_message = on_message
        self._wanted = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-wake-ups", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
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
            consumer: Any = None
            try:
                create_topics(self._settings, [self._topic])
                consumer = KafkaConsumer(
                    self._topic,
                    **connection_options(self._settings),
                    group_id=self._group,
                    session_timeout_ms=SESSION_TIMEOUT_MS,
                    heartbeat_interval_ms=HEARTBEAT_MS,
                    fetch_max_wait_ms=FETCH_WAIT_MS,
                    max_poll_records=MAX_TAKEN,
                    auto_offset_reset="earliest",
                    enable_auto_commit=False,
                )
                self._consume(consumer)
            except (KafkaError, OSError, AssertionError, ValueError, TypeError) as error:
                log.warning("kafka_read_failed", topic=self._topic, error=repr(error))
                self._stopping.wait(RESTART_SECONDS)
            finally:
                if consumer is not None:
                    try:
                        consumer.close()
                    except (KafkaError, OSError, AssertionError, ValueError) as error:
                        log.debug("kafka_close_failed", error=repr(error))

    def _consume(self, consumer: Any) -> None:
        while not self._stopping.is_set():
            with self._lock:
                wanted = self._wanted
            if wanted > 0:
                consumer.resume(*consumer.paused())
            else:
                consumer.pause(*consumer.assignment())
            records = consumer.poll(timeout_ms=FETCH_WAIT_MS, max_records=min(MAX_TAKEN, max(1, wanted)))
            taken = sum(len(batch) for batch in records.values())
            for record in (record for batch in records.values() for record in batch):
                traceparent = dict(record.headers or ()).get(HEADER, b"").decode("ascii", "replace")
                noted(traceparent, f"receive {self._topic}", began=record.timestamp / 1000, kind=SpanKind.CONSUMER)
            if taken:
                with self._lock:
                    self._wanted = max(0, self._wanted - taken)
                consumer.commit()
                loop = self._loop
                if loop is not None and not loop.is_closed():
                    loop.call_soon_threadsafe(self._on_message)
