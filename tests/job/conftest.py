from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.job.world import World, opened
from tests.running import Postgres


@pytest.fixture
async def world(postgres: Postgres) -> AsyncIterator[World]:
    async with opened(postgres) as found:
        yield found
