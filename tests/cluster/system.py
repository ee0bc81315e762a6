"""The application on the test cluster, in the place of a system of this machine, for tests that use its API."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.home import Home
from tests.cluster.application import State
from tests.running import Customer, RunningSystem

VARIABLE = "ADWRIGHT_TEST_CLUSTER"  # the path of a State; `python -m tests.cluster test` sets it


class _Processes:
    """What a test may ask of the supervisor. Tests that need more are skipped: there is none in a cluster."""

    def __init__(self, state: State) -> None:
        self.url = state.url
        self._database = state.database

    def database_url(self, name: str) -> str:
        return self._database.format(name=name)

    def __getattr__(self, name: str) -> Any:
        pytest.skip(f"a cluster has no {name} of a local system")


class _Home(Home):
    """The keys of the development issuer. Tests that read files of a local system are skipped."""

    def __init__(self) -> None:
        super().__init__()
        self._made = True

    def __getattribute__(self, name: str) -> Any:
        if name in ("folder", "logs", "assets", "database", "state") and "_made" in vars(self):
            pytest.skip(f"a cluster has no {name} in a home folder")
        return super().__getattribute__(name)


class ClusterSystem(RunningSystem):
    """The same users, clients and databases as RunningSystem, reached through the cluster's gateway."""

    def __init__(self, state: State) -> None:
        self.home = _Home()
        self.system = _Processes(state)  # type: ignore[assignment]
        self.messages = []

    def stop(self) -> None:
        """Leaves the cluster running."""

    def run(self, work: Any) -> Any:
        work.close()
        pytest.skip("a cluster has no supervisor")

    def access_log(self, response: httpx.Response) -> str:
        return response.text

    def customer(self, credits_: int = 100) -> Customer:
        return Customer(self, credits_)


def selected() -> State | None:
    """The cluster that tests run on; None: they start systems of their own."""
    path = os.environ.get(VARIABLE)
    return State.read(Path(path)) if path else None


def cluster_system(*, workers: bool) -> ClusterSystem | None:
    """The cluster, if tests run on one. Skips the test if it needs the workers in another state than they are."""
    state = selected()
    if state is None:
        return None
    if state.workers is not workers:
        pytest.skip(f"the cluster's workers {'run' if state.workers else 'do not run'}")
    return ClusterSystem(state)
