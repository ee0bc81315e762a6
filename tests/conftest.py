"""Real dependencies that many tests share; each starts when the first test needs it, once per test process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.system import Options
from tests.running import Customer, Postgres, RunningSystem

# The expensive fixtures of a test process (a whole system, loaded models and a finished video), and the group of the
# tests that use them.
GROUP_OF_FIXTURE = {"system": "system", "waiting_system": "system", "watched": "watched", "models": "video"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups the tests for `pytest-xdist --dist loadgroup`.

    The files that use a shared system form one group, so that one process starts it for all of them, and so do the
    files that use the models of the video engine; each other file is a group of its own, as with `--dist loadfile`.
    """
    group_of_file: dict[Path, str] = {}
    for item in items:
        for fixture in GROUP_OF_FIXTURE.keys() & set(getattr(item, "fixturenames", ())):
            group_of_file[item.path] = GROUP_OF_FIXTURE[fixture]
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of_file.get(item.path, item.nodeid.partition("::")[0])))


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
