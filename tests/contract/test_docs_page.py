"""/docs in headless Chromium: operations can be read and executed, and only the gateway receives requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.contract.browser import needs_chromium
from tests.running import Customer, RunningSystem

SECONDS = 60
pytestmark = needs_chromium


class RecordedPage:
    """A browser page that records its requests and errors."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._record_request)
        page.on("console", self._record_message)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _record_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _record_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)


@pytest.fixture(scope="module")
def docs(browser: Browser, system: RunningSystem) -> Iterator[RecordedPage]:
    """The page, which all tests share: drawing all operations takes five seconds of processor time."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(SECONDS * 1000)
    recorded = RecordedPage(page)
    page.goto(f"{system.system.url}/docs")
    yield recorded
    context.close()


class TestDocsPage:
    def test_page_shows_every_operation_and_sends_requests_only_to_the_gateway(
        self, docs: RecordedPage, customer: Customer
    ) -> None:
        described = customer.client.get("/openapi.json").json()["paths"]
        docs.page.wait_for_selector(".opblock")
        assert docs.page.locator(".opblock").count() == sum(len(methods) for methods in described.values())
        assert docs.page.locator(".info .title").first.inner_text().startswith("Adwright")
        gateway = urlsplit(customer.system.system.url).netloc
        other_hosts = [
            url for url in docs.requests if urlsplit(url).scheme != "data" and urlsplit(url).netloc != gateway
        ]
        assert other_hosts == []
        assert docs.errors == []

    def test_page_without_a_token_shows_the_401(self, docs: RecordedPage) -> None:
        page = docs.page
        block = page.locator('.opblock[id$="getCredits"]')
        block.locator(".opblock-summary-control").click()
        block.locator("button.execute").click()
        response = block.locator(".live-responses-table .response").first
        response.wait_for()
        assert "401" in response.locator(".response-col_status").inner_text()
        assert "UNAUTHENTICATED" in response.inner_text()

    def test_copy_can_be_generated_from_the_page(self, docs: RecordedPage, customer: Customer) -> None:
        page = docs.page
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
        response = block.locator(".live-responses-table .response").first
        response.wait_for()
        assert response.locator(".response-col_status").inner_text().strip().startswith("200")
        shown = json.loads(
            response.locator(".highlight-code code, .microlight code, pre.microlight").first.inner_text()
        )
        assert shown["status"] == "completed"
        assert len(shown["variants"]) == 5
        assert customer.credits["available"] == 99
        assert customer.status(shown["jobId"])["status"] == "completed"
        assert token not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
