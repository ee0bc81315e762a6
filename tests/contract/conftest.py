from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.contract.browser import running_browser
from tests.contract.studio import Opener, StudioTab
from tests.running import RunningSystem


# Playwright occupies the thread's event loop while it runs, so that it ends with each file that needs it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as started:
        yield started


@pytest.fixture
def tab(browser: Browser, system: RunningSystem) -> Iterator[Opener]:
    """Opens tabs with the studio, and closes them after the test."""
    opened: list[StudioTab] = []

    def open_tab(**options: Any) -> StudioTab:
        opened.append(StudioTab(browser, system.system.url, **options))
        return opened[-1]

    yield open_tab
    for item in opened:
        item.close()
