from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.system import Options
from tests.platform.collector import Collector
from tests.running import RunningSystem


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.stop()


@pytest.fixture(scope="package")
def watched(collector: Collector) -> Iterator[RunningSystem]:
    """The whole system, with its traces sent to `collector` and a Prometheus endpoint at every process."""
    running = RunningSystem(Options(trace_collector=collector.address, metrics=True))
    yield running
    running.stop()
