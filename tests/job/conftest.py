from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.job.harness import JobHarness, opened
from tests.running import Postgres


@pytest.fixture
async def harness(postgres: Postgres) -> AsyncIterator[JobHarness]:
    async with opened(postgres) as found:
        yield found
