"""A running system that the fault tests share whose faults it survives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.harness import FaultHarness

ATTEMPT_FAILURES = 2  # the failed attempts after which a job of `impaired` fails


@pytest.fixture(scope="session")
def impaired() -> Iterator[FaultHarness]:
    """A system with short attempts; each file adds the workers that it needs and undoes what others would notice.

    Assets may be missing: a test replaces their storage for a while.
    """
    system = FaultHarness(
        ("ADWRIGHT_ATTEMPT_SECONDS", "copy=20,static_ad=20,video=60"),
        ("ADWRIGHT_ATTEMPT_FAILURES", str(ATTEMPT_FAILURES)),
    )
    yield system
    system.stop()
