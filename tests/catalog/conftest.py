from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.catalog.harness import CatalogHarness, serving
from tests.running import Postgres


@pytest.fixture
async def harness(postgres: Postgres, tmp_path: Path) -> AsyncIterator[CatalogHarness]:
    async with serving(postgres, tmp_path) as found:
        yield found
