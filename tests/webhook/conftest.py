from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.chassis.data.database import Database
from tests.running import Postgres
from tests.webhook.harness import MIGRATIONS, WebhookHarness


@pytest.fixture
async def harness(postgres: Postgres) -> AsyncIterator[WebhookHarness]:
    async with postgres.migrated(MIGRATIONS) as url:
        database = Database(url, pool_size=8)
        await database.open()
        yield WebhookHarness(database)
        await database.close()
