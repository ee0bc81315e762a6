"""Real dependencies that many tests share; each starts when the first test needs it, once per test process."""

from __future__ import annotations

import gc
import os
import ssl
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import httpx._transports.default
import pytest
from xdist.scheduler import LoadScopeScheduling

from local import ports
from local.system import Options
from tests.cluster.system import cluster_system
from tests.faults.harness import FaultHarness
from tests.fork_server import fork_services
from tests.platform.collector import Collector
from tests.running import Customer, Postgres, RunningSystem

# The groups of tests that share whole systems: the fixtures, and the folders and files whose tests use them, in the
# order in which they run. The tests of video share loaded models and a finished video, which no other folder can use.
# Two groups use `system`, one in each process that runs them: together they would take longer than all other tests.
SHARED_FIXTURES = {
    "system": frozenset({"system"}),
    "interfaces": frozenset({"system"}),
    "waiting": frozenset({"waiting_system"}),
    "impaired": frozenset({"impaired"}),
}
SHARED = frozenset().union(*SHARED_FIXTURES.values())
USERS = {
    "waiting": (
        "tests/contract/test_campaigns.py",
        "tests/contract/test_credits.py",
        "tests/contract/test_fuzz.py",
        "tests/contract/test_impossible_briefs.py",
        "tests/contract/test_keys.py",
        "tests/contract/test_others.py",
        "tests/contract/test_queued_jobs.py",
        "tests/contract/test_unknown_fields.py",
        "tests/contract/test_unspeakable_scripts.py",
        "tests/contract/test_waiting.py",
        "tests/contract/test_webhook_urls.py",
        "tests/journeys/test_idempotency.py",
        "tests/journeys/test_races.py",
    ),
    "interfaces": (
        "tests/contract/test_clients.py",
        "tests/contract/test_docs_page.py",
        "tests/contract/test_studio",
        "tests/cli/test_catalog.py",
        "tests/cli/test_commands.py",
        "tests/cli/test_curl.py",
        "tests/cli/test_demo.py",
        "tests/cli/test_listen.py",
        "tests/platform/test_metrics.py",
        "tests/platform/test_traces.py",
    ),
    "system": ("tests/contract/", "tests/journeys/"),
    "impaired": (
        "tests/faults/test_campaigns.py",
        "tests/faults/test_commands.py",
        "tests/faults/test_disks.py",
        "tests/faults/test_ledger.py",
        "tests/faults/test_storage.py",
        "tests/platform/test_backup.py",
        "tests/faults/test_databases.py",  # leaves the services without a database
    ),
    "video": ("tests/video/",),
    # These share what kustomize renders of deploy/: two seconds for each overlay.
    "manifests": (
        "tests/platform/test_apply.py",
        "tests/platform/test_bucket.py",
        "tests/platform/test_chart.py",
        "tests/platform/test_manifests.py",
        "tests/platform/test_pod_security.py",
        "tests/platform/test_release.py",
    ),
}
# The groups that take longest, which start first.
LONG_GROUPS = ("system", "video", "interfaces", "tests/faults/test_processes.py", "impaired", "waiting", "manifests")
IMPAIRED_FAILURES = 2  # the failed attempts after which a job of `impaired` fails
# A test process has over a million objects that stay: modules and tests. With the default of 700 new objects, scanning
# them takes a tenth of the suite's processor time.
gc.set_threshold(50_000)
PUBLIC_AUTHORITIES = cache(httpx.create_ssl_context)


def _shared_context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    """`httpx.create_ssl_context`, but with one context for all clients that trust the public authorities.

    Reading their certificates takes 40 ms of processor time, and the tests make thousands of clients.
    """
    own = cert is not None or (trust_env and not {"SSL_CERT_FILE", "SSL_CERT_DIR"}.isdisjoint(os.environ))
    return httpx.create_ssl_context(verify, cert, trust_env) if own or verify is not True else PUBLIC_AUTHORITIES()


httpx._transports.default.create_ssl_context = _shared_context  # type: ignore[attr-defined]
# What files import that start systems.
STARTERS = frozenset({"RunningSystem", "FaultHarness", "Foreground"})


def group_of(node_id: str) -> str:
    """The group of a test: the tests that share its fixtures, or its file."""
    return _place_of(node_id)[0]


def _place_of(node_id: str) -> tuple[str, int]:
    """The group of a test, and the place of its file or folder in USERS."""
    for group, places in USERS.items():
        for number, place in enumerate(places):
            if node_id.startswith(place):
                return group, number
    return node_id.partition("::")[0], 0


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Runs a group of tests in one process, so that one process sets up the shared fixtures for all of them.

    pytest-xdist's own groups have no effect with the pytest of the lock: it writes them where pytest reads no longer.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_configure(config: pytest.Config) -> None:
    """Lets systems fork their services, and gives each process of the tests ports of its own, so that none takes a port
    between another's choice and use."""
    fork_services()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        count, place = int(os.environ["PYTEST_XDIST_WORKER_COUNT"]), int(worker.removeprefix("gw"))
        size = len(ports.PORT_RANGE) // count
        ports.PORT_RANGE = ports.PORT_RANGE[place * size : (place + 1) * size]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Selects the scheduler of `--dist loadgroup`."""
    return GroupScheduling(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(trylast=True)  # after the tests that do not run have been taken out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the groups for `--no-loadscope-reorder`. Raises UsageError for a file that is missing in USERS.

    LONG_GROUPS come first, then others that start systems, then those of many tests: towards the end short groups are
    left, and the processes end at nearly the same time.
    """
    gc.freeze()
    for item in items:
        shared = SHARED.intersection(getattr(item, "fixturenames", ()))
        if not shared <= SHARED_FIXTURES.get(group_of(item.nodeid), frozenset()):
            raise pytest.UsageError(f"tests/conftest.py: no group with {', '.join(shared)} has {item.nodeid}")
    places = {item: _place_of(item.nodeid) for item in items}
    groups = {item: group for item, (group, _) in places.items()}
    sizes = Counter(groups.values())
    starting = {group for item, group in groups.items() if STARTERS.intersection(dir(getattr(item, "module", None)))}
    order = {group: number for number, group in enumerate(LONG_GROUPS)}
    items.sort(
        key=lambda item: (
            order.get(groups[item], len(order)),
            groups[item] not in starting,
            -sizes[groups[item]],
            *places[item],
        )
    )


@pytest.hookimpl(trylast=True)  # after the fixtures of the test's file, which may use the system
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stops the systems of a group after its last test: an idle one takes a tenth of a processor until the run ends."""
    group = group_of(item.nodeid)
    if nextitem is None or group_of(nextitem.nodeid) == group:
        return
    for name in SHARED_FIXTURES.get(group, ()):
        for definition in item.session._fixturemanager.getfixturedefs(name, item) or ():
            definition.finish(item._request)  # type: ignore[attr-defined]


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
    options = Options(trace_collector=collector.address, metrics=True)
    running = cluster_system(workers=True) or RunningSystem(options)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def waiting_system() -> Iterator[RunningSystem]:
    """The whole system without workers; queued jobs stay queued."""
    running = cluster_system(workers=False) or RunningSystem(Options(workers=False))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def impaired() -> Iterator[FaultHarness]:
    """A system with short attempts; each file adds the workers that it needs and undoes what others would notice.

    Assets may be missing: a test replaces their storage for a while.
    """
    found = FaultHarness(
        ("ADWRIGHT_ATTEMPT_SECONDS", "copy=20,static_ad=20,video=60"),
        ("ADWRIGHT_ATTEMPT_FAILURES", str(IMPAIRED_FAILURES)),
    )
    yield found
    found.stop()


@pytest.fixture
def customer(system: RunningSystem) -> Customer:
    return system.customer()
