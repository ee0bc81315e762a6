"""Real parts that many tests share; each is started once, when the first test asks for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.system import Options
from tests.platform.kafka.broker import command as apache_kafka
from tests.running import Customer, Postgres, RunningSystem


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; ask it for a database."""
    with tempfile.TemporaryDirectory(prefix="adwright-postgres-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder) / "data")
        yield server
        server.stop()


def broker_to_test_with() -> Callable[[int, Path], list[str]] | None:
    """ADWRIGHT_TEST_BROKER=apache-kafka runs the system on Apache Kafka itself; else the bundled broker is used."""
    name = os.environ.get("ADWRIGHT_TEST_BROKER", "")
    if name not in ("", "apache-kafka"):
        raise pytest.UsageError(f"ADWRIGHT_TEST_BROKER: {name!r} is not a broker that is known here")
    return apache_kafka if name else None


@pytest.fixture(scope="session")
def system() -> Iterator[RunningSystem]:
    """The whole system, makers included."""
    running = RunningSystem(Options(broker=broker_to_test_with()))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def waiting_system() -> Iterator[RunningSystem]:
    """The whole system without makers: what is queued stays queued."""
    running = RunningSystem(Options(makers=False, broker=broker_to_test_with()))
    yield running
    running.stop()


@pytest.fixture
def customer(system: RunningSystem) -> Customer:
    return system.customer()
