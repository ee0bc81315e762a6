"""PostgreSQL and Apache Kafka in containers: the stack that `ADWRIGHT_TEST_STACK=containers` selects for the tests.

testcontainers talks to the engine's Docker-compatible socket (DOCKER_HOST): Docker, or `podman system service`.
The images are settings: ADWRIGHT_TEST_POSTGRES_IMAGE and ADWRIGHT_TEST_KAFKA_IMAGE.

`python -m tests.containers PORT` runs a broker on a port until it gets SIGTERM, as the supervisor starts processes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer
    from testcontainers.postgres import PostgresContainer

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "apache/kafka:4.1.1"
START_SECONDS = 60
# By the names of server.properties; the image reads them as KAFKA_… from the environment.
KAFKA = {
    "NODE_ID": "1",
    "PROCESS_ROLES": "broker,controller",
    "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "AUTO_CREATE_TOPICS_ENABLE": "false",
}


def selected() -> bool:
    """Whether tests run on containers. Raises ValueError for an unknown stack."""
    stack = os.environ.get("ADWRIGHT_TEST_STACK", "embedded")
    if stack not in ("embedded", "containers"):
        raise ValueError(f"ADWRIGHT_TEST_STACK is {stack!r} but must be embedded or containers")
    return stack == "containers"


def start_postgres() -> PostgresContainer:
    """Starts PostgreSQL; `get_connection_url()` is its address."""
    from testcontainers.postgres import PostgresContainer

    image = os.environ.get("ADWRIGHT_TEST_POSTGRES_IMAGE", POSTGRES_IMAGE)
    return PostgresContainer(image, username="postgres", dbname="postgres", driver=None).start()


def kafka(port: int) -> DockerContainer:
    """A broker on a port of this machine; its data goes with the container."""
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(os.environ.get("ADWRIGHT_TEST_KAFKA_IMAGE", KAFKA_IMAGE))
    container.with_name(f"adwright-test-kafka-{port}").with_bind_ports(port, port)
    listeners = {
        "LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
    }
    for name, value in {**KAFKA, **listeners}.items():
        container.with_env(f"KAFKA_{name}", value)
    return container


def start_kafka(port: int) -> DockerContainer:
    """Starts a broker and waits until it responds to requests. One that was killed on this port is removed before."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient
    from docker.errors import NotFound

    container = kafka(port)
    with suppress(NotFound):
        container.get_docker_client().client.containers.get(f"adwright-test-kafka-{port}").remove(force=True)
    container.start()
    client = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0})
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.list_topics(timeout=1)
            break
        except KafkaException:
            if time.monotonic() > deadline:
                raise TimeoutError(container.get_logs()[0].decode()[-3000:]) from None
    return container


def broker_command(port: int, _folder: Path) -> list[str]:
    """The command that runs a broker in a container as a process of the supervisor."""
    return [sys.executable, "-m", "tests.containers", str(port)]


def main() -> None:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    container = start_kafka(int(sys.argv[1]))
    stopped.wait()
    container.stop()


if __name__ == "__main__":
    main()
