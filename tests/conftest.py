"""Real dependencies that many tests share; each starts when the first test needs it, once per test process."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.system import Options
from tests.platform.collector import Collector
from tests.running import Customer, Postgres, RunningSystem

# The expensive fixtures of a test process (a whole system, loaded models and a finished video), and the group of the
# tests that use them.
GROUP_OF_FIXTURE = {"system": "system", "waiting_system": "system", "impaired": "impaired", "models": "video"}
# What files import that start systems.
STARTERS = frozenset({"RunningSystem", "FaultHarness", "Foreground"})


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups the tests for `pytest-xdist --dist loadgroup`, and orders them for `--no-loadscope-reorder`.

    The files that use a shared system form one group, so that one process starts it for all of them, and so do the
    files that use the models of the video engine; each other file is a group of its own, as with `--dist loadfile`.
    Groups that start systems come first, then those of many tests: towards the end short groups are left, and the
    processes end at nearly the same time.
    """
    group_of_file: dict[Path, str] = {}
    for item in items:
        for fixture in GROUP_OF_FIXTURE.keys() & set(getattr(item, "fixturenames", ())):
            group_of_file[item.path] = GROUP_OF_FIXTURE[fixture]
    groups = {item: group_of_file.get(item.path, item.nodeid.partition("::")[0]) for item in items}
    sizes = Counter(groups.values())
    starting = {group for item, group in groups.items() if STARTERS & vars(getattr(item, "module", pytest)).keys()}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: (groups[item] not in starting, -sizes[groups[item]]))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; `database()` creates a database."""
    with tempfile.TemporaryDirectory(prefix="adwright-postgres-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder) / "data")
        yield server
        server.stop()


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Receives the traces of `system`."""
    found = Collector()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def system(collector: Collector) -> Iterator[RunningSystem]:
    """The whole system, workers included, with its traces and metrics."""
    running = RunningSystem(Options(trace_collector=collector.address, metrics=True))
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
