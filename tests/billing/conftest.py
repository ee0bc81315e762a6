from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.chassis.data.database import Database, migrate
from tests.billing.books import MIGRATIONS, Books
from tests.running import Postgres


@pytest.fixture
async def books(postgres: Postgres) -> AsyncIterator[Books]:
    url = postgres.database()
    await migrate(url, MIGRATIONS)
    database = Database(url, pool_size=8)
    await database.open()
    yield Books(url, database)
    await database.close()
