"""A user's tab with /studio open: what the tests of the page do with it, and what it sent, logged and ran."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Locator, Page, Request

from deploy.studio import STUDIO, BuildError, install
from tests.contract.browser import needs_chromium
from tests.running import RunningSystem

SECONDS = 60
BUILT = all((STUDIO / "dist" / name).exists() for name in ("studio.js", "studio.css"))
needs_studio = [needs_chromium, pytest.mark.skipif(not BUILT, reason="studio/dist is missing; make studio builds it")]
TEXTS = {"description": "A steel bottle that cleans itself and keeps water fresh for 24 hours."}


class StudioTab:
    """A tab, in a browser context of its own or in that of another tab."""

    @classmethod
    def beside(cls, other: StudioTab) -> StudioTab:
        """A second tab of the same browser window, with the same local storage."""
        return cls(None, other.url, context=other.context)

    def __init__(
        self, browser: Browser | None, url: str, *, context: BrowserContext | None = None, **options: Any
    ) -> None:
        self.url = url
        assert browser is not None or context is not None
        self.context = context or browser.new_context(accept_downloads=True, **options)  # type: ignore[union-attr]
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(SECONDS * 1000)
        self.requests: list[Request] = []
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("request", self._record_request)
        self.page.on("console", self._record)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", self._dismiss)

    def _record_request(self, request: Request) -> None:
        self.requests.append(request)

    def _dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _record(self, message: ConsoleMessage) -> None:
        # Chromium logs every refused request; the tests read those from the page.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    def open(self, token: str = "", place: str = "") -> None:
        """Opens the page, signed in by a token in the fragment, and then goes to a place in it."""
        self.page.goto(f"{self.url}/studio{f'#token={token}' if token else ''}")
        if token:
            self.page.wait_for_selector("header nav")
        if place:
            self.go(place)

    def go(self, place: str) -> None:
        self.page.evaluate("place => { location.hash = place }", f"#/{place}")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name)

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name, level=1)

    def hosts(self) -> set[str]:
        """The hosts that received requests."""
        return {urlsplit(request.url).netloc for request in self.requests if request.url.startswith("http")}

    def violations(self) -> list[str]:
        """What axe-core finds serious or critical on what is shown."""
        try:
            modules = install(everything=True)
        except BuildError as error:
            pytest.skip(f"axe-core cannot be fetched: {error}")
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate((modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{item['id']}: {node['target']} {node['failureSummary']}"
            for item in found["violations"]
            if item["impact"] in ("serious", "critical")
            for node in item["nodes"]
        ]

    def make_project(self, name: str) -> None:
        self.heading("Whose ads are these?").wait_for()
        self.page.get_by_label("Name of the brand").fill(name)
        self.button("Save and continue").click()

    def make_product(self, name: str, *, description: str = "", photo: Path | None = None) -> None:
        self.heading("What is advertised?").wait_for()
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_label("Description").fill(description)
        if photo is not None:
            self.page.locator(".drop input[type=file]").set_input_files(photo)
        self.button("Save and continue").click()

    def close(self) -> None:
        self.context.close()


Opener = Callable[..., StudioTab]
"""Opens a tab of a browser context of its own; its arguments are those of Browser.new_context."""


def new_user(system: RunningSystem, credits_: int = 0) -> str:
    """A user without projects, with credits."""
    user = f"user-{uuid.uuid4()}"
    if credits_:
        body = {"userId": user, "credits": credits_, "grantId": str(uuid.uuid4()), "reason": "a test"}
        assert system.client("admin", admin=True).post("/api/admin/grants", json=body).status_code == 200
    return user
