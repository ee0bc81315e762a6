"""Writes the pictures of docs/studio.md: the screens of /studio in both themes and at 360 pixels, and results.

Run from the root of the tree: python -m tests.galleries.studio [--folder docs]
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, expect

from local.system import Options
from tests.campaign.whole_set import drawn_photo, executed, posted
from tests.contract.browser import running_browser
from tests.contract.studio import SECONDS, StudioTab
from tests.running import Customer, RunningSystem
from tests.support import ended

CREDITS = 200
WIDE, NARROW = {"width": 1200, "height": 840}, {"width": 360, "height": 740}
GAP, GROUND = 14, "#9d9dac"
WIDE_TILE, NARROW_TILE = 727, 270  # width in pixels
SETTLE_SECONDS = 0.6  # for pictures and typefaces
PRODUCT = {
    "name": "Aurora Bottle",
    "description": "A steel bottle that cleans itself with UV-C light, keeps water fresh for 24 hours and charges over "
    "USB-C.",
    "features": ["Keeps drinks cold for 24 hours", "Cleans itself in 60 seconds"],
    "price": "49.00",
    "currency": "USD",
    "audience": "commuters and gym-goers",
}
HEADLINE = "Cold at noon, cold at night"


class Account:
    """A user with a brand, a product, a set, a picture and one with another headline."""

    def __init__(self, system: RunningSystem) -> None:
        self.customer = customer = Customer(system, CREDITS)
        client = customer.client
        client.delete(f"/api/projects/{customer.project_id}").raise_for_status()
        brand = {"colours": ["#1d2a8c", "#7c3aed", "#ffd166"]}
        self.project_id = posted(client, "/api/projects", {"name": "Aurora Outdoor", "brand": brand})["id"]
        product = posted(client, f"/api/projects/{self.project_id}/products", PRODUCT)
        path = f"/api/products/{product['id']}/images"
        client.post(path, content=drawn_photo("#2b4a7d"), headers={"Content-Type": "image/jpeg"}).raise_for_status()
        self.ids = {"projectId": self.project_id, "productId": product["id"]}
        wanted = {
            "mode": "execute",
            "name": "Spring",
            "projectId": self.project_id,
            "allProducts": True,
            "copy": [{"platforms": ["meta"], "format": "short", "tone": "bold"}],
            "images": [{"style": "modern", "aspectRatios": ["1:1", "9:16"]}],
        }
        self.set_id = executed(customer, wanted)[1]["id"]
        self.picture = self._finished("/api/generate/static-ad", {**self.ids, "style": "lifestyle"})
        picture_id = next(asset["id"] for asset in self.picture["assets"] if asset["type"] == "image")
        self.changed = self._finished(f"/api/assets/{picture_id}/variants", {"changes": {"headline": HEADLINE}})

    def _finished(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        job_id = posted(self.customer.client, path, body)["jobId"]
        return ended(self.customer, job_id, status="completed")


def shot(studio: StudioTab, **options: Any) -> Image.Image:
    """What is shown, once it stands still."""
    expect(studio.page.locator(".loading")).to_have_count(0, timeout=SECONDS * 1000)
    time.sleep(SETTLE_SECONDS)
    return Image.open(BytesIO(studio.page.screenshot(**options))).convert("RGB")


def screens(studio: StudioTab, account: Account, token: str) -> Iterator[Image.Image]:
    """Each step, from the sign-in to the account."""
    page = studio.page
    studio.open()
    studio.heading("Sign in").wait_for()
    yield shot(studio)
    studio.open(token)
    studio.button("Choose: Aurora Outdoor").wait_for()
    yield shot(studio)
    studio.button("Choose: Aurora Outdoor").click()
    studio.button("Choose: Aurora Bottle").wait_for()
    yield shot(studio)
    studio.button("Choose: Aurora Bottle").click()
    studio.heading("What we understood").wait_for()
    page.get_by_text("What the texts say").wait_for()
    yield shot(studio)
    studio.button("Continue").click()
    studio.button(re.compile("^Make it for")).wait_for()
    yield shot(studio)
    page.get_by_role("checkbox", name=re.compile("^A set")).check()
    studio.button("Work out the price").click()
    page.get_by_text(re.compile("^Price of each of the")).click()
    yield shot(studio)
    for place, wait in (
        (f"sets/{account.set_id}", ".badge.completed"),
        ("gallery", ".gallery img"),
        (f"gallery/{account.picture['id']}", ".pictures img"),
        (f"gallery/{account.changed['id']}", "figure.before img"),
        ("jobs", "main li"),
        ("account", ".numbers"),
    ):
        studio.go(place)
        page.locator(wait).first.wait_for()
        if place == f"gallery/{account.picture['id']}":
            form = page.locator("details.change-picture")
            form.locator("summary").first.click()
            form.get_by_role("textbox").fill(HEADLINE)
            form.evaluate("element => element.scrollIntoView({block: 'end'})")
        yield shot(studio)


def sheet(tiles: list[Image.Image], columns: int, width: int) -> Image.Image:
    """The pictures in rows, each as wide as `width`."""
    height = round(tiles[0].height * width / tiles[0].width)
    rows = -(-len(tiles) // columns)
    size = (GAP + columns * (width + GAP), GAP + rows * (height + GAP))
    made = Image.new("RGB", size, GROUND)
    for number, tile in enumerate(tiles):
        place = (GAP + number % columns * (width + GAP), GAP + number // columns * (height + GAP))
        made.paste(tile.resize((width, height), Image.Resampling.LANCZOS), place)
    return made


def results(studio: StudioTab, token: str) -> Image.Image:
    """Texts, a film and a picture that were made in the page, and the picture with another headline beside it."""
    page = studio.page
    studio.open(token)
    studio.button("Choose: Aurora Outdoor").click()
    studio.button("Choose: Aurora Bottle").click()
    studio.button("Continue").click()
    page.get_by_role("checkbox", name=re.compile("^Texts")).uncheck()
    page.get_by_role("checkbox", name=re.compile("^Film")).check()
    page.get_by_label("Length").select_option("6")
    studio.button(re.compile("^Make it for")).click()
    picture = page.get_by_role("article", name="Pictures: Done")
    picture.wait_for(timeout=SECONDS * 1000)
    form = picture.locator("details.change-picture")
    form.locator("summary").first.click()
    form.get_by_role("textbox").fill(HEADLINE)
    form.get_by_role("button", name=re.compile("^Make it for")).click()
    changed = page.get_by_role("article", name="Changed: headline: Done")
    changed.wait_for(timeout=SECONDS * 1000)
    page.locator("figure.film video").wait_for(timeout=4 * SECONDS * 1000)
    changed.get_by_role("button", name="Feed").click()
    return shot(studio, full_page=True)


def write(browser: Browser, system: RunningSystem, folder: Path) -> None:
    """Makes everything and writes the pictures."""
    account = Account(system)
    token = system.token(account.customer.id)
    narrow: list[Image.Image] = []

    def taken(take: Callable[[StudioTab], Any], **options: Any) -> Any:
        studio = StudioTab(browser, system.system.url, **options)
        try:
            return take(studio)
        finally:
            studio.close()

    for scheme in ("light", "dark"):
        wide = taken(lambda studio: list(screens(studio, account, token)), color_scheme=scheme, viewport=WIDE)
        sheet(wide, 2, WIDE_TILE).save(folder / f"studio-{scheme}.webp", quality=80, method=6)
        narrow += taken(lambda studio: list(screens(studio, account, token)), color_scheme=scheme, viewport=NARROW)
    sheet(narrow, 6, NARROW_TILE).save(folder / "studio-360.webp", quality=80, method=6)
    made = taken(lambda studio: results(studio, token), viewport={"width": 960, "height": 1000})
    made.quantize(256, dither=Image.Dither.NONE).save(folder / "studio-results.png", optimize=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, default=Path("out"))
    folder = arguments.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    system = RunningSystem(Options())
    try:
        with running_browser() as browser:
            write(browser, system, folder)
    finally:
        system.stop()


if __name__ == "__main__":
    main()
