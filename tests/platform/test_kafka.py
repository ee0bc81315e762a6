"""On Apache Kafka, messages arrive despite failures of brokers and readers, and TLS and SASL work."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from adwright.job.v1 import events_pb2
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from local.certificate import write_certificate
from local.system import Options
from services.chassis.config import KafkaSettings
from services.chassis.data import outbox
from services.chassis.data.database import Database
from services.chassis.data.kafka import RETENTION_MS, Producer, Record, TopicReader, create_topics, quiet_client_logs
from services.chassis.data.migrations import migrate
from services.chassis.data.outbox import Relay
from services.job.events import EVENTS_TOPIC, TOPICS
from tests.platform.kafka.broker import PASSWORD, USER, Broker, Secured, command
from tests.running import Postgres, RunningSystem
from tests.support import ended, until, until_async

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MIGRATIONS = Path(__file__).parents[2] / "services" / "job" / "migrations"
SECONDS = 60.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    quiet_client_logs()
    found = Broker(tmp_path_factory.mktemp("kafka"))
    found.start()
    yield found
    found.kill()


@pytest.fixture(scope="module")
def settings(broker: Broker) -> KafkaSettings:
    return KafkaSettings(kafka_bootstrap=broker.address)


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[Database]:
    url = postgres.database()
    await migrate(url, MIGRATIONS)
    found = Database(url, pool_size=4)
    await found.open()
    yield found
    await found.close()


@dataclass(frozen=True)
class Arrived:
    """A record of a topic."""

    key: bytes
    value: bytes


def everything_in(settings: KafkaSettings, topic: str, enough: Callable[[list[Arrived]], bool]) -> list[Arrived]:
    """Reads the records of a topic from its beginning until `enough` accepts them."""
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap, "group.id": "test-everything"})
    partitions = until(lambda: consumer.list_topics(topic, timeout=SECONDS).topics[topic].partitions, seconds=SECONDS)
    deadline = time.monotonic() + SECONDS
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    found: list[Arrived] = []
    try:
        while not enough(found) and time.monotonic() < deadline:
            record = consumer.poll(0.2)
            if record is not None and record.error() is None:
                found.append(Arrived(key=record.key() or b"", value=record.value() or b""))
    finally:
        consumer.close()
    return found


class TestTopics:
    def test_topics_have_the_configured_partitions_and_retention(self, settings: KafkaSettings) -> None:
        create_topics(settings, TOPICS)
        create_topics(settings, TOPICS)  # repeating it is harmless
        admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap})
        present = admin.list_topics(timeout=SECONDS).topics
        for topic in TOPICS:
            assert len(present[topic].partitions) == settings.kafka_partitions
            (described,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
            retention = described.result(SECONDS)["retention.ms"].value
            assert retention == str(RETENTION_MS["dispatch" if ".dispatch." in topic else "events"])


class TestOutbox:
    async def test_death_of_a_broker_loses_nothing_and_preserves_order_by_key(
        self, broker: Broker, settings: KafkaSettings, database: Database
    ) -> None:
        topic = "test.death"
        producer = Producer(settings, [topic])
        relay = Relay(database, producer)
        sending = asyncio.create_task(relay.run())
        try:
            for number in range(60):
                records = [Record(topic=topic, key=f"key-{key}", value=f"{number}".encode()) for key in range(5)]
                async with database.transaction() as connection:
                    await outbox.add(connection, records)
                relay.wake()
                if number == 20:
                    broker.kill()
                if number == 40:
                    await asyncio.to_thread(broker.start)
            found = await asyncio.to_thread(
                everything_in, settings, topic, lambda records: len({(r.key, r.value) for r in records}) == 300
            )
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await producer.close()
        by_key: dict[bytes, list[int]] = {}
        for record in found:
            numbers = by_key.setdefault(record.key, [])
            if int(record.value) not in numbers:  # delivery is at least once
                numbers.append(int(record.value))
        assert list(by_key.values()) == [list(range(60))] * 5

    async def test_rejected_rows_wait_and_are_sent_when_brokers_accept_them(
        self, settings: KafkaSettings, database: Database
    ) -> None:
        topic = "test.refusal"
        admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap})
        # No message is this small, so the broker rejects every write, as with a full disk.
        narrow = NewTopic(topic, num_partitions=1, replication_factor=1, config={"max.message.bytes": "1"})
        admin.create_topics([narrow])[topic].result(SECONDS)
        producer = Producer(settings, [topic])
        relay = Relay(database, producer)
        async with database.transaction() as connection:
            await outbox.add(
                connection, [Record(topic=topic, key="k", value=b"1"), Record(topic=topic, key="k", value=b"2")]
            )
        try:
            with pytest.raises(outbox.RecordsNotAcknowledged):
                await relay.send_batch()
            async with database.connection() as connection:
                assert (await (await connection.execute("select count(*) from outbox")).fetchone()) == {"count": 2}
            wide = ConfigResource(ResourceType.TOPIC, topic, set_config={"max.message.bytes": "1048588"})
            admin.alter_configs([wide])[wide].result(SECONDS)
            sent = 0
            async with asyncio.timeout(SECONDS):
                while sent != 2:
                    try:
                        sent = await relay.send_batch()
                    except outbox.RecordsNotAcknowledged:
                        await asyncio.sleep(0.5)
            async with database.connection() as connection:
                assert (await (await connection.execute("select count(*) from outbox")).fetchone()) == {"count": 0}
        finally:
            await producer.close()


class TestDispatches:
    async def test_joining_and_leaving_readers_lose_nothing_under_load(self, settings: KafkaSettings) -> None:
        topic, messages = "test.rebalance", 400
        taken: Counter[str] = Counter()
        readers: dict[str, TopicReader] = {}

        def reader(name: str) -> TopicReader:
            def on_messages(count: int) -> None:
                taken[name] += count
                readers[name].allow(1)

            readers[name] = TopicReader(settings, topic=topic, group="test-rebalance")
            readers[name].start(on_messages)
            readers[name].allow(1)
            return readers[name]

        producer = Producer(settings, [topic])
        try:
            for number in range(messages // 10):
                records = [Record(topic=topic, key=f"{number}-{part}", value=b"") for part in range(10)]
                assert await producer.send(records) == 10
                if number == 0:
                    reader("first")
                if number == 10:
                    reader("second")
                if number == 25:
                    await readers["first"].stop()
                if number == 30:
                    reader("third")
                await asyncio.sleep(0.1)
            await until_async(lambda: sum(taken.values()) >= messages)
        finally:
            for found in readers.values():
                await found.stop()
            await producer.close()
        assert taken["second"] > 0
        # A message may be read twice while readers change, but never zero times.
        assert messages <= sum(taken.values()) <= messages + 30


class TestSecurity:
    @pytest.fixture(scope="class")
    @staticmethod
    def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Path]]:
        folder = tmp_path_factory.mktemp("secured")
        certificate, key = write_certificate(folder, ("127.0.0.1", "localhost"), datetime.now(UTC))
        pem = folder / "both.pem"
        pem.write_text(key.read_text() + certificate.read_text())
        found = Broker(folder, Secured(pem=pem))
        found.start()
        yield found, certificate
        found.kill()

    def settings(self, broker: Broker, certificate: Path, **changes: str) -> KafkaSettings:
        return KafkaSettings.model_validate(
            {
                "kafka_bootstrap": broker.address,
                "kafka_security_protocol": "SASL_SSL",
                "kafka_sasl_mechanism": "SCRAM-SHA-512",
                "kafka_sasl_username": USER,
                "kafka_sasl_password": PASSWORD,
                "kafka_ssl_cafile": str(certificate),
                **changes,
            }
        )

    async def test_messages_arrive_over_tls_with_scram(self, secured: tuple[Broker, Path]) -> None:
        settings = self.settings(*secured)
        arrived = asyncio.Event()
        reader = TopicReader(settings, topic="test.secured", group="test-secured")
        reader.start(lambda count: arrived.set())
        reader.allow(1)
        producer = Producer(settings, ["test.secured"])
        try:
            assert await producer.send([Record(topic="test.secured", key="k", value=b"v")]) == 1
            async with asyncio.timeout(SECONDS):
                await arrived.wait()
        finally:
            await reader.stop()
            await producer.close()

    @pytest.mark.parametrize("change", [{"kafka_sasl_password": "wrong"}, {"kafka_ssl_cafile": ""}])
    async def test_wrong_password_and_unknown_certificate_are_rejected(
        self, secured: tuple[Broker, Path], change: dict[str, str]
    ) -> None:
        broker, certificate = secured
        producer = Producer(self.settings(broker, certificate, **change), ["test.secured"])
        try:
            assert await producer.send([Record(topic="test.secured", key="k", value=b"v")]) == 0
        finally:
            await producer.close()


class TestWholeSystem:
    @pytest.fixture(scope="class")
    @staticmethod
    def on_kafka() -> Iterator[RunningSystem]:
        running = RunningSystem(Options(broker=command))
        yield running
        running.stop()

    def test_events_of_every_job_are_in_order_after_the_broker_was_killed(self, on_kafka: RunningSystem) -> None:
        customer = on_kafka.customer(60)
        jobs = [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]
        os.kill(on_kafka.system.processes["broker"].pid, signal.SIGKILL)
        jobs += [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]
        for job in jobs:
            ended(customer, job, seconds=180, status="completed")
        settings = KafkaSettings(kafka_bootstrap=f"127.0.0.1:{on_kafka.system.ports['broker']}")

        def statuses(records: list[Arrived]) -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for record in records:
                event = events_pb2.JobEvent.FromString(record.value)
                seen = found.setdefault(event.job_id, [])
                if event.status not in seen:
                    seen.append(event.status)
            return found

        def complete(records: list[Arrived]) -> bool:
            return sum("completed" in seen for seen in statuses(records).values()) == 10

        published = statuses(everything_in(settings, EVENTS_TOPIC, complete))
        assert published == {job: ["queued", "processing", "completed"] for job in jobs}
