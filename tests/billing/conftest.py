from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.chassis.data.database import Database
from tests.billing.harness import MIGRATIONS, POOL_SIZE, LedgerHarness
from tests.running import Postgres


@pytest.fixture
async def harness(postgres: Postgres) -> AsyncIterator[LedgerHarness]:
    async with postgres.migrated(MIGRATIONS) as url:
        database = Database(url, pool_size=POOL_SIZE)
        await database.open()
        yield LedgerHarness(url, database)
        await database.close()
