"""PostgreSQL and Apache Kafka in containers: the stack that `ADWRIGHT_TEST_STACK=containers` selects for the tests.

One PostgreSQL container serves a test process, and a second one its systems that wait for the disk; each test and each
whole system has databases of its own. A whole system has a broker of its own, because its topics have the same names as
every other system's.

testcontainers talks to the engine's Docker-compatible socket (DOCKER_HOST): Docker, or `podman system service`.
The images are settings: ADWRIGHT_TEST_POSTGRES_IMAGE and ADWRIGHT_TEST_KAFKA_IMAGE.

`python -m tests.containers PORT` runs a broker on a port until it gets SIGTERM, as the supervisor starts processes.

testcontainers reads TESTCONTAINERS_CONNECTION_MODE (docker_host) and TESTCONTAINERS_RYUK_DISABLED; CONTRIBUTING.md
says when.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from local.home import Home
from local.process import OnMessage

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "apache/kafka:4.1.1"
START_SECONDS = 60
MAX_CONNECTIONS = 400
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

_starting = threading.Lock()


def selected() -> bool:
    """Whether tests run on containers. Raises ValueError for an unknown stack."""
    stack = os.environ.get("ADWRIGHT_TEST_STACK", "embedded")
    if stack not in ("embedded", "containers"):
        raise ValueError(f"ADWRIGHT_TEST_STACK is {stack!r} but must be embedded or containers")
    return stack == "containers"


def postgres_url(*, durable: bool = False) -> str:
    """The address of this test process's PostgreSQL, which starts at the first call and stops with the process.

    durable: the address of a second one, which waits for the disk.
    """
    with _starting:  # `cache` alone lets concurrent first calls start a container each
        return _started_postgres(durable=durable)


@cache
def _started_postgres(*, durable: bool) -> str:
    from testcontainers.community.postgres import PostgresContainer

    image = os.environ.get("ADWRIGHT_TEST_POSTGRES_IMAGE", POSTGRES_IMAGE)
    container = PostgresContainer(image, username="postgres", dbname="postgres", driver=None)
    # Many services of several systems connect; the default is 100.
    fsync = "on" if durable else "off"
    container.with_command(f"postgres -c max_connections={MAX_CONNECTIONS} -c fsync={fsync}").start()
    atexit.register(container.stop)
    return container.get_connection_url()


class SystemDatabases:
    """The databases of one whole system in the container, in place of an embedded server.

    As the embedded server's, they belong to the home folder, outlive `stop`, and are found again by the next `start`.
    """

    started = False  # no process of this machine
    pid = 0

    def __init__(
        self, home: Home, databases: Iterable[str], _on_message: OnMessage, *, server: Callable[[], str] = postgres_url
    ) -> None:
        """server: returns the address of the PostgreSQL server."""
        system = uuid.uuid5(uuid.NAMESPACE_URL, home.database.resolve().as_uri()).hex
        self._names = {name: f"{name}_{system}" for name in databases}
        self._server = server

    def url(self, database: str) -> str:
        """The address of a service's database, or of any other database of the server."""
        return psycopg.conninfo.make_conninfo(self._server(), dbname=self._names.get(database, database))

    def start(self) -> None:
        """Creates the missing databases. Raises RuntimeError."""
        try:
            with self._connection() as connection:
                present = {row[0] for row in connection.execute("select datname from pg_database")}
                for name in self._names.values():
                    if name not in present:
                        connection.execute(f'create database "{name}"'.encode())
        except psycopg.Error as error:
            raise RuntimeError(f"postgres does not start: {error}") from None

    def stop(self) -> None:
        """Ends all sessions, as the end of a server does."""
        with self._connection() as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = any(%s)",
                [list(self._names.values())],
            )

    def drop(self) -> None:
        """Drops the databases, as the embedded server's go with the home folder."""
        with self._connection() as connection:
            for name in self._names.values():
                connection.execute(f'drop database if exists "{name}" with (force)'.encode())

    async def watch(self) -> None:
        await asyncio.Event().wait()  # until cancelled: the engine looks after the container

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(self._server(), autocommit=True)


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
