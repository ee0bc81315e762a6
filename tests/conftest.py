"""Real dependencies that many tests share; each starts when the first test needs it, once per test process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.system import Options
from tests.running import Customer, Postgres, RunningSystem

# The fixtures that start the whole system once per test process.
SYSTEM_FIXTURES = frozenset({"system", "waiting_system"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups the tests for `pytest-xdist --dist loadgroup`.

    The files that use a shared system form one group, so that one process starts it for all of them; each other file
    is a group of its own, as with `--dist loadfile`.
    """
    sharing = {item.path for item in items if SYSTEM_FIXTURES.intersection(getattr(item, "fixturenames", ()))}
    for item in items:
        group = "system" if item.path in sharing else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; `database()` creates a database."""
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
    """The whole system without workers; queued jobs stay queued."""
    running = RunningSystem(Options(workers=False))
    yield running
    running.stop()


@pytest.fixture
def customer(system: RunningSystem) -> Customer:
    return system.customer()
