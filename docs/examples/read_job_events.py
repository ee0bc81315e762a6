"""Reads Adwright's job events from Kafka and prints each as a line of JSON.

Shares nothing with the services: kafka-python reads the topic, and the events are understood by the compiled protos
(gen/descriptors.binpb, or the output of `buf build`) without generated code. It needs kafka-python and protobuf:

    python read_job_events.py --bootstrap 127.0.0.1:9092 --descriptors gen/descriptors.binpb --group analytics

A group's members share the partitions, and the group continues after the last event that it processed. Without --group
every event is read from the beginning, or from --since, and no offset is stored.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from kafka import KafkaConsumer, TopicPartition

TOPIC = "adwright.job.events.v1"
EVENT = "adwright.job.v1.JobEvent"
REMEMBERED = 100_000  # ids of the latest events, by which repeated deliveries are recognised
POLL_SECONDS = 0.5


def event_class(descriptors: Path) -> type[Any]:
    """Returns the class of the events, built at run time from a FileDescriptorSet."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptors.read_bytes())
    known = {file.name: file for file in files.file}
    pool = descriptor_pool.DescriptorPool()

    def add(name: str) -> None:
        for dependency in known[name].dependency:
            add(dependency)
        pool.Add(known[name])

    add("adwright/job/v1/events.proto")
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(EVENT))


def events(
    consumer: KafkaConsumer,
    event: type[Any],
    *,
    commit: bool,
    since: datetime | None = None,
    idle_seconds: float = float("inf"),
) -> Iterator[dict[str, Any]]:
    """Yields each event once, in the order of its job, until none arrives for `idle_seconds`.

    commit: stores the group's offset after the caller has processed a batch. A consumer that dies before it reads the
    batch again, so delivery is at least once: what the caller does with an event must be harmless when repeated.
    """
    seen: dict[str, None] = {}
    idle = 0.0
    while idle < idle_seconds:
        batches = consumer.poll(timeout_ms=int(POLL_SECONDS * 1000))
        idle = 0.0 if batches else idle + POLL_SECONDS
        for records in batches.values():
            for record in records:
                if since is not None and record.timestamp < since.timestamp() * 1000:
                    continue  # brokers find the place to begin at by batches
                found = event.FromString(record.value)
                if found.id in seen:
                    continue
                seen[found.id] = None
                if len(seen) > REMEMBERED:
                    del seen[next(iter(seen))]
                yield json_format.MessageToDict(found)
        if batches and commit:
            consumer.commit()


def assign_from(consumer: KafkaConsumer, since: datetime | None) -> None:
    """Assigns all partitions and goes to the first event at or after `since`; to the beginning without it."""
    partitions = [TopicPartition(TOPIC, number) for number in sorted(consumer.partitions_for_topic(TOPIC) or ())]
    if not partitions:
        raise SystemExit(f"the broker has no topic {TOPIC}")
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    if since is not None:
        found = consumer.offsets_for_times({part: int(since.timestamp() * 1000) for part in partitions})
        for part, offset in found.items():
            if offset is None:  # all events of the partition are older
                consumer.seek_to_end(part)
            else:
                consumer.seek(part, offset.offset)


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints Adwright's job events as lines of JSON.")
    parser.add_argument("--bootstrap", required=True, help="host:port of a broker")
    parser.add_argument("--descriptors", required=True, type=Path, help="a FileDescriptorSet with events.proto")
    parser.add_argument("--group", help="consumer group; without one, nothing is remembered")
    parser.add_argument("--since", type=datetime.fromisoformat, help="ISO 8601 time; only without --group")
    parser.add_argument("--idle-seconds", type=float, default=float("inf"), help="ends after a silence this long")
    options = parser.parse_args()
    if options.group and options.since:
        parser.error("--since is for reading without a group")
    consumer = KafkaConsumer(
        bootstrap_servers=options.bootstrap,
        group_id=options.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        if options.group:
            consumer.subscribe([TOPIC])
        else:
            assign_from(consumer, options.since)
        for event in events(
            consumer,
            event_class(options.descriptors),
            commit=bool(options.group),
            since=options.since,
            idle_seconds=options.idle_seconds,
        ):
            print(json.dumps(event), flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
