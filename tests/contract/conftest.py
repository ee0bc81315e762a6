from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.contract.browser import running_browser


# Playwright occupies the thread's event loop while it runs, so that it ends with each file that needs it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as started:
        yield started
