"""On Apache Kafka, the documented consumer of job events shares its work in a group, survives a kill, and replays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from adwright.job.v1 import events_pb2
from confluent_kafka import Consumer, KafkaException, TopicPartition

from services.chassis.config import KafkaSettings
from services.chassis.data.kafka import Producer, Record, create_topics, quiet_client_logs
from services.job.events import EVENTS_TOPIC
from tests import containers
from tests.platform.kafka.broker import Broker
from tests.platform.manifests import ROOT
from tests.running import free_port
from tests.support import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLE = ROOT / "docs" / "examples" / "read_job_events.py"
SECONDS = 120.0  # longer than the broker waits for a member that was killed
JOBS = 20
STATUSES = ("queued", "processing", "completed")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    """A broker with the topic of job events, in a container if those are selected."""
    quiet_client_logs()
    stop: Callable[[], object]
    if containers.selected():
        port = free_port()
        container = containers.start_kafka(port)
        stop = container.stop
    else:
        broker = Broker(tmp_path_factory.mktemp("kafka"))
        broker.start()
        port, stop = broker.port, broker.kill
    found = KafkaSettings(kafka_bootstrap=f"127.0.0.1:{port}")
    create_topics(found, [EVENTS_TOPIC])
    yield found
    stop()


async def publish(settings: KafkaSettings, first: int) -> list[str]:
    """Sends the events of JOBS jobs as the job service does; their ids."""
    events = [
        events_pb2.JobEvent(id=f"{status} {job}", job_id=f"job {job}", status=status)
        for status in STATUSES
        for job in range(first, first + JOBS)
    ]
    producer = Producer(settings, [EVENTS_TOPIC])
    try:
        records = [Record(topic=EVENTS_TOPIC, key=event.job_id, value=event.SerializeToString()) for event in events]
        assert await producer.send(records) == len(records)
    finally:
        await producer.close()
    return sorted(event.id for event in events)


@contextmanager
def reader(settings: KafkaSettings, output: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the example, which cannot import this project; `output` gets its lines. It is killed at the end."""
    command = [sys.executable, "-I", str(EXAMPLE), "--bootstrap", settings.kafka_bootstrap]
    command += ["--descriptors", str(ROOT / "gen" / "descriptors.binpb"), *options]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd="/", env=environment, stdout=file)
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)


def read(*outputs: Path) -> list[dict[str, Any]]:
    """The events in the complete lines of these files."""
    lines = [line for output in outputs for line in output.read_text().split("\n")[:-1]]
    return [json.loads(line) for line in lines]


def ids(*outputs: Path) -> list[str]:
    return sorted({event["id"] for event in read(*outputs)})


def committed(settings: KafkaSettings, group: str) -> int:
    """The number of events before the group's offsets; 0 while the group has no coordinator yet."""
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap, "group.id": group})
    try:
        partitions = [TopicPartition(EVENTS_TOPIC, number) for number in range(settings.kafka_partitions)]
        return sum(max(0, part.offset) for part in consumer.committed(partitions, timeout=SECONDS))
    except KafkaException:
        return 0
    finally:
        consumer.close()


async def test_group_goes_on_where_a_killed_member_stopped_and_others_replay(
    settings: KafkaSettings, tmp_path: Path
) -> None:
    killed, one, two = (tmp_path / name for name in ("killed", "one", "two"))
    before = await publish(settings, 0)
    with reader(settings, killed, "--group", "analytics"):
        until(lambda: committed(settings, "analytics") == len(before), seconds=SECONDS)
    assert ids(killed) == before

    after = await publish(settings, JOBS)
    with reader(settings, one, "--group", "analytics"), reader(settings, two, "--group", "analytics"):
        until(lambda: committed(settings, "analytics") == len(before) + len(after), seconds=SECONDS)
    assert ids(one, two) == after, "the group continues, and reads nothing twice that it has processed"

    again, alone = tmp_path / "again", tmp_path / "alone"
    everything = sorted(before + after)
    with reader(settings, again, "--group", "billing"), reader(settings, alone):
        until(lambda: ids(again) == ids(alone) == everything, seconds=SECONDS)
    by_job: dict[str, list[str]] = {}
    for event in read(alone):
        by_job.setdefault(event["jobId"], []).append(event["status"])
    assert list(by_job.values()) == [list(STATUSES)] * (2 * JOBS)
