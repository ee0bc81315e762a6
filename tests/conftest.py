"""Real parts that many tests share; each is started once, when the first test asks for it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.system import Options
from tests.running import Customer, Postgres, RunningSystem


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; ask it for a database."""
    with tempfile.TemporaryDirectory(prefix="adwright-postgres-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder) / "data")
        yield server
        server.stop()


@pytest.fixture(scope="session")
def system() -> Iterator[RunningSystem]:
    """The whole system, workers included."""
    running = RunningSystem(Options())
    yield running
    running.stop()


@pytest.fixture(scope="session")
def waiting_system() -> Iterator[RunningSystem]:
    """The whole system without workers: what is queued stays queued."""
    running = RunningSystem(Options(workers=False))
    yield running
    running.stop()


@pytest.fixture
def customer(system: RunningSystem) -> Customer:
    return system.customer()
