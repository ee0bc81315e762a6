from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.chassis.data.database import Database, migrate
from tests.billing.harness import MIGRATIONS, POOL_SIZE, LedgerHarness
from tests.running import Postgres


@pytest.fixture
async def harness(postgres: Postgres) -> AsyncIterator[LedgerHarness]:
    url = postgres.database()
    await migrate(url, MIGRATIONS)
    database = Database(url, pool_size=POOL_SIZE)
    await database.open()
    yield LedgerHarness(url, database)
    await database.close()
