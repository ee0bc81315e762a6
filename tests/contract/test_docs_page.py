"""/docs in a real headless Chromium: it can be read and tried, and asks nobody but the gateway."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

from tests.running import Customer

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
SECONDS = 60

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium: neither chromium, chromium-browser nor google-chrome is on the PATH"
)


class Browsed:
    """A page of the browser, with what it asked for and complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._note_request)
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note_request(self, request: Request) -> None:
        self.asked.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@pytest.fixture
def browsed(customer: Customer) -> Iterator[Browsed]:
    # Started by root, as in containers, Chromium refuses to run with a sandbox.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*arguments, "--no-proxy-server"])
        page = browser.new_page()
        page.set_default_timeout(SECONDS * 1000)
        found = Browsed(page)
        page.goto(f"{customer.system.system.url}/docs")
        yield found
        browser.close()


class TestDocsPage:
    def test_every_operation_is_shown_and_no_request_leaves_the_gateway(
        self, browsed: Browsed, customer: Customer
    ) -> None:
        described = customer.client.get("/openapi.json").json()["paths"]
        browsed.page.wait_for_selector(".opblock")
        assert browsed.page.locator(".opblock").count() == sum(len(methods) for methods in described.values())
        assert browsed.page.locator(".info .title").first.inner_text().startswith("Adwright")
        gateway = urlsplit(customer.system.system.url).netloc
        elsewhere = [url for url in browsed.asked if urlsplit(url).scheme != "data" and urlsplit(url).netloc != gateway]
        assert elsewhere == []
        assert browsed.complaints == []

    def test_copy_can_be_generated_from_it(self, browsed: Browsed, customer: Customer) -> None:
        page = browsed.page
        token = str(customer.client.headers["authorization"]).removeprefix("Bearer ")
        page.click("button.authorize")
        page.locator(".modal-ux input[type=text]").first.fill(token)
        page.locator(".modal-ux .auth-container").first.locator("button.authorize").click()
        page.locator(".modal-ux .btn-done").first.click()
        block = page.locator('.opblock[id$="generateCopy"]')
        block.locator(".opblock-summary-control").click()
        body = {**customer.ids, "platform": "meta", "format": "short", "tone": "bold"}
        block.locator("textarea.body-param__text").fill(json.dumps(body))
        block.locator("button.execute").click()
        answer = block.locator(".live-responses-table .response").first
        answer.wait_for()
        assert answer.locator(".response-col_status").inner_text().strip().startswith("200")
        shown = json.loads(answer.locator(".highlight-code code, .microlight code, pre.microlight").first.inner_text())
        assert shown["status"] == "completed"
        assert len(shown["variants"]) == 5
        assert customer.credits["available"] == 99
        assert customer.status(shown["jobId"])["status"] == "completed"
        assert token not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")

    def test_without_a_token_the_page_shows_the_refusal(self, browsed: Browsed) -> None:
        page = browsed.page
        block = page.locator('.opblock[id$="getCredits"]')
        block.locator(".opblock-summary-control").click()
        block.locator("button.execute").click()
        answer = block.locator(".live-responses-table .response").first
        answer.wait_for()
        assert "401" in answer.locator(".response-col_status").inner_text()
        assert "UNAUTHENTICATED" in answer.inner_text()
