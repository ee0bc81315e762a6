"""Real dependencies that many tests share; each starts when the first test needs it, once per test process."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from local.system import Options
from tests.platform.collector import Collector
from tests.running import Customer, Postgres, RunningSystem

# The fixtures that start a whole system once per test process, and the files that use them.
SHARED_SYSTEMS = frozenset({"system", "waiting_system"})
USE_SHARED_SYSTEMS = (
    "tests/contract/",
    "tests/journeys/",
    "tests/cli/test_catalog.py",
    "tests/cli/test_commands.py",
    "tests/cli/test_curl.py",
    "tests/cli/test_demo.py",
    "tests/platform/test_metrics.py",
    "tests/platform/test_traces.py",
)
# What files import that start systems.
STARTERS = frozenset({"RunningSystem", "FaultHarness", "Foreground"})


def group_of(node_id: str) -> str:
    """The group of a test: the shared systems, or its file."""
    return "system" if node_id.startswith(USE_SHARED_SYSTEMS) else node_id.partition("::")[0]


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Runs a group of tests in one process, so that one process starts the shared systems for all of them.

    pytest-xdist's own groups have no effect with the pytest of the lock: it writes them where pytest reads no longer.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Selects the scheduler of `--dist loadgroup`."""
    return GroupScheduling(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the groups for `--no-loadscope-reorder`.

    Groups that start systems come first, then those of many tests: towards the end short groups are left, and the
    processes end at nearly the same time.
    """
    for item in items:
        used = SHARED_SYSTEMS.intersection(getattr(item, "fixturenames", ()))
        if used and group_of(item.nodeid) != "system":
            raise pytest.UsageError(f"tests/conftest.py: USE_SHARED_SYSTEMS lacks the file of {item.nodeid}")
    groups = {item: group_of(item.nodeid) for item in items}
    sizes = Counter(groups.values())
    starting = {group for item, group in groups.items() if STARTERS & vars(getattr(item, "module", pytest)).keys()}
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
