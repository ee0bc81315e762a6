"""/studio in headless Chromium: one thing of a finished picture is changed."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Route, expect

from tests.contract.studio import SECONDS, Opener, StudioTab, needs_studio
from tests.running import Customer, RunningSystem
from tests.support import ended

pytestmark = needs_studio

PICTURE = {"style": "bold", "seed": "kept", "headline": "Water that stays cold", "badge": "New"}
OTHERS = {
    "Line below": ("subline", "For a whole day"),
    "Button": ("cta", "See it now"),
    "Price": ("price", "39.50"),
    "Sticker": ("badge", "Back again"),
}


def finished_picture(customer: Customer, **more: Any) -> dict[str, Any]:
    """The completed job of a picture."""
    response = customer.client.post("/api/generate/static-ad", json={**customer.ids, **PICTURE, **more})
    assert response.status_code == 200, response.text
    return ended(customer, response.json()["jobId"], status="completed")


def image_of(job: dict[str, Any]) -> dict[str, Any]:
    return next(asset for asset in job["assets"] if asset["type"] == "image")


def newest(customer: Customer) -> dict[str, Any]:
    """The customer's newest job."""
    return dict(customer.client.get("/api/generate/jobs", params={"pageSize": 1}).json()["jobs"][0])


def form_of(studio: StudioTab, article: Locator | None = None) -> Locator:
    """Opens the form below a picture."""
    form = (article or studio.page).locator("details.change-picture")
    form.locator("summary").first.click()
    return form


def choose(form: Locator, part: str) -> None:
    form.get_by_label("What", exact=True).select_option(label=part)


class TestFlow:
    def test_changed_headline_stands_beside_its_picture(
        self, tab: Opener, system: RunningSystem, customer: Customer
    ) -> None:
        studio = tab()
        page = studio.page
        studio.open(system.token(customer.id))
        studio.button("Choose: Aurora").click()
        studio.button("Choose: Aurora Bottle").click()
        studio.button("Continue").click()
        page.get_by_role("checkbox", name=re.compile("^Texts")).uncheck()
        studio.button("Make it for 3 credits").click()
        before = page.get_by_role("article", name="Pictures: Done")
        before.wait_for()
        form = form_of(studio, before)
        expect(form.locator("summary").first).to_have_text("Change one thing: 1 credit")
        form.get_by_role("textbox", name="Headline").fill("Cold at noon, cold at night")
        assert customer.credits == {"available": 97, "held": 0}
        form.get_by_role("button", name="Make it for 1 credit").click()
        after = page.get_by_role("article", name="Changed: headline: Done")
        after.wait_for()
        assert customer.credits == {"available": 96, "held": 0}
        job = newest(customer)
        assert "Cold at noon, cold at night" in job["notes"][0]
        boxes = [box for item in (before, after) if (box := item.bounding_box())]
        assert [box["y"] for box in boxes] == [boxes[0]["y"]] * 2
        assert boxes[0]["x"] < boxes[1]["x"]
        assert after.locator("figure.before").count() == 0
        page.reload()
        expect(page.get_by_role("article", name=re.compile("Done$"))).to_have_count(2)
        assert studio.violations() == []
        assert studio.errors == []

    def test_gallery_shows_the_picture_before_the_change_and_leads_to_it(
        self, tab: Opener, system: RunningSystem, customer: Customer
    ) -> None:
        parent = finished_picture(customer)
        studio = tab()
        page = studio.page
        studio.open(system.token(customer.id), f"gallery/{parent['id']}")
        form = form_of(studio)
        choose(form, "Colours")
        form.get_by_label("Colour 1").fill("#0a7d3c")
        form.get_by_role("button", name="Make it for 1 credit").click()
        studio.heading("Results").wait_for()
        page.get_by_role("article", name="Changed: colours: Done").wait_for()
        other = tab()  # knows nothing of the request
        page = other.page
        other.open(system.token(customer.id), f"gallery/{newest(customer)['id']}")
        page.get_by_role("article", name="Changed picture: Done").wait_for()
        shown = page.locator("figure.before img")
        assert image_of(parent)["id"] in (shown.get_attribute("src") or "")
        assert other.violations() == []
        page.locator("figure.before a").click()
        page.get_by_role("article", name="Pictures: Done").wait_for()
        customer.client.delete(f"/api/assets/{image_of(parent)['id']}")
        page.go_back()
        page.reload()
        expect(page.get_by_text("The picture before the change is deleted")).to_be_visible()
        assert studio.errors == other.errors == []

    def test_each_text_and_the_price_can_be_changed(
        self, tab: Opener, system: RunningSystem, customer: Customer
    ) -> None:
        parent = finished_picture(customer, subline="All day long")
        studio = tab()
        page = studio.page
        for label, (part, value) in OTHERS.items():
            studio.open(system.token(customer.id))
            studio.go(f"gallery/{parent['id']}")
            form = form_of(studio)
            choose(form, label)
            form.get_by_role("textbox", name=label).fill(value)
            with page.expect_request("**/variants") as sent:
                form.get_by_role("button", name="Make it for 1 credit").click()
            assert sent.value.post_data_json == {"changes": {part: value}}
            assert sent.value.url.endswith(f"/api/assets/{image_of(parent)['id']}/variants")
            page.get_by_role("article", name=f"Changed: {label.lower()}: Done").wait_for()
        assert studio.errors == []

    def test_only_what_the_picture_has_is_offered(self, tab: Opener, system: RunningSystem, customer: Customer) -> None:
        job = finished_picture(customer, prompt="no button, no price, bright", badge=None, subline="All day long")
        studio = tab()
        studio.open(system.token(customer.id), f"gallery/{job['id']}")
        options = form_of(studio).get_by_label("What", exact=True).locator("option")
        expect(options).to_have_text(["Headline", "Line below", "Colours", "Shape"])


class TestErrors:
    def test_text_that_does_not_fit_is_named_at_its_field(
        self, tab: Opener, system: RunningSystem, customer: Customer
    ) -> None:
        parent = finished_picture(customer)
        before = customer.credits
        studio = tab()
        studio.open(system.token(customer.id), f"gallery/{parent['id']}")
        form = form_of(studio)
        headline = form.get_by_role("textbox", name="Headline")
        headline.fill("W" * 80)
        form.get_by_role("button", name="Make it for 1 credit").click()
        expect(headline).to_have_attribute("aria-invalid", "true")
        expect(headline).to_be_focused()
        body = {"changes": {"headline": "W" * 80}}
        path = f"/api/assets/{image_of(parent)['id']}/variants"
        [field] = customer.client.post(path, json=body).json()["error"]["fields"]
        expect(form.locator(".field .error")).to_have_text(field["message"])
        expect(headline).to_have_value("W" * 80)
        studio.page.reload()  # what was entered is kept
        expect(headline).to_have_value("W" * 80)
        assert customer.credits == before
        choose(form, "Price")
        form.get_by_role("textbox", name="Price").fill("0")
        form.get_by_role("button", name="Make it for 1 credit").click()
        expect(form.locator(".field .error")).to_have_text("must be higher than 0")
        assert studio.errors == []

    def test_402_says_how_to_get_credits(self, tab: Opener, system: RunningSystem) -> None:
        poor = system.customer(3)
        parent = finished_picture(poor)
        studio = tab()
        studio.open(system.token(poor.id), f"gallery/{parent['id']}")
        form = form_of(studio)
        form.get_by_role("textbox", name="Headline").fill("Cold")
        form.get_by_role("button", name="Make it for 1 credit").click()
        expect(form.get_by_role("alert")).to_contain_text("adwright grant")

    def test_change_whose_response_is_lost_is_paid_once(
        self, tab: Opener, system: RunningSystem, customer: Customer
    ) -> None:
        parent = finished_picture(customer)
        studio = tab()
        page = studio.page
        lost: list[int] = []

        def lose_two(route: Route) -> None:
            if len(lost) == 2:
                route.continue_()
                return
            lost.append(route.fetch().status)
            route.abort()

        page.route("**/variants", lose_two)
        studio.open(system.token(customer.id), f"gallery/{parent['id']}")
        form = form_of(studio)
        form.get_by_role("textbox", name="Headline").fill("Cold")
        form.get_by_role("button", name="Make it for 1 credit").click()
        expect(form.get_by_role("alert")).to_contain_text("What you entered is kept")
        assert lost == [200, 200]  # the page sent it again by itself
        page.reload()
        form.get_by_role("button", name="Make it for 1 credit").click()
        article = page.get_by_role("article", name="Changed: headline: Done")
        expect(article).to_be_visible(timeout=SECONDS * 1000)
        assert customer.credits == {"available": 96, "held": 0}
