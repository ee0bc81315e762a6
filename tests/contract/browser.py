"""Chromium for the tests of the gateway's pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

# The shell is Chromium without its user interface: a tab of it takes a quarter of the processor time.
NAMES = ("chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), "")
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason=f"no Chromium: none of {', '.join(NAMES)} is on the PATH")


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Headless Chromium, which connects to this machine only."""
    # Chromium refuses to run with a sandbox as root, the usual user in containers.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*arguments, "--no-proxy-server"])
        yield started
        started.close()
