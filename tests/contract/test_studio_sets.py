"""/studio in headless Chromium: sets from an empty account to a downloaded pack, and what becomes of results."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from zipfile import ZipFile

from PIL import Image
from playwright.sync_api import Route, expect

from tests.contract.studio import SECONDS, TEXTS, Opener, StudioTab, needs_studio, new_user
from tests.running import Customer, RunningSystem
from tests.support import ended

pytestmark = needs_studio


def choose_set(studio: StudioTab) -> None:
    studio.heading("What shall we make?").wait_for()
    studio.page.get_by_role("checkbox", name=re.compile("^A set")).check()
    studio.button("Work out the price").wait_for()


def test_empty_account_reaches_a_downloaded_pack(tab: Opener, system: RunningSystem, tmp_path: Path) -> None:
    user = new_user(system, 20)
    studio = tab()
    studio.open(system.token(user))
    page = studio.page
    studio.make_project("Aurora")
    studio.make_product("Aurora Bottle", description=TEXTS["description"])
    studio.heading("What we understood").wait_for()
    studio.go("create/product")
    studio.button("New product").click()
    studio.make_product("Aurora Cup", description=TEXTS["description"])
    studio.heading("What we understood").wait_for()
    studio.button("Continue").click()
    choose_set(studio)
    page.get_by_label("All products of this brand").check()
    page.get_by_label("Name of the set").fill("Summer")
    page.get_by_role("checkbox", name=re.compile("^9:16")).uncheck()
    studio.button("Work out the price").click()
    summary = page.locator(".summary")
    expect(summary).to_contain_text("2 × Texts")
    expect(summary).to_contain_text("8 credits in all")
    client = system.client(user)
    assert client.get("/api/credits").json() == {"available": 20, "held": 0}
    page.get_by_label("Name of the set").fill("Summer sale")  # another request: its price is not known yet
    studio.button("Work out the price").click()
    page.get_by_text("Price of each of the 4 ads").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.reload()  # the estimate is kept
    studio.button("Make the set for 8 credits").click()
    studio.heading("Summer sale").wait_for()
    page.reload()
    expect(page.locator(".job-head .badge.completed")).to_be_visible(timeout=SECONDS * 1000)
    expect(page.get_by_role("list", name="Ads of the set").get_by_role("listitem")).to_have_count(4)
    expect(page.get_by_text("4 of 4 ads done")).to_be_visible()
    with page.expect_download() as download:
        studio.button("Download the pack").click()
    assert download.value.suggested_filename == "Summer-sale.zip"
    with ZipFile(download.value.path()) as pack:
        manifest = json.loads(pack.read("manifest.json"))
        assert (len(manifest["files"]), len(manifest["texts"])) == (2, 2)
        assert pack.testzip() is None
    assert client.get("/api/credits").json() == {"available": 12, "held": 0}
    page.get_by_role("listitem").filter(has_text="Aurora Cup").filter(has_text="Texts").get_by_role("link").click()
    studio.heading("Aurora Cup").wait_for()
    studio.go("sets")
    expect(page.get_by_role("link", name="Summer sale")).to_be_visible()
    assert studio.violations() == []
    assert studio.errors == []


def test_set_is_paid_once_when_the_response_is_lost_and_can_be_canceled(
    tab: Opener, system: RunningSystem, customer: Customer
) -> None:
    studio = tab()
    page = studio.page
    lost: list[int] = []

    def lose_first(route: Route) -> None:
        if lost or (route.request.post_data_json or {}).get("mode") != "execute":
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/api/generate/campaign", lose_first)
    studio.open(system.token(customer.id))
    studio.button("Choose: Aurora").click()
    studio.button("Choose: Aurora Bottle").click()
    studio.button("Continue").click()
    choose_set(studio)
    page.get_by_label("Versions", exact=True).fill("5")
    page.get_by_label("Spend at most").fill("30")
    studio.button("Work out the price").click()
    expect(page.locator(".summary")).to_contain_text("31 credits in all")
    studio.button("Make it for at most 30 credits").click()
    expect(page.get_by_role("alert")).to_contain_text("What you entered is kept")
    assert lost == [200]
    page.reload()
    studio.button("Make it for at most 30 credits").click()
    page.get_by_text("of 11 ads done").wait_for()
    [campaign] = customer.client.get("/api/campaigns").json()["campaigns"]
    assert campaign["maxCredits"] == 30
    studio.button("Cancel the set").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the set").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".badge.canceled, .badge.capped").first).to_be_visible(timeout=SECONDS * 1000)
    assert customer.client.get("/api/credits").json()["available"] >= 70


def test_402_of_a_set_says_how_to_get_credits(tab: Opener, system: RunningSystem) -> None:
    poor = system.customer(0)
    studio = tab()
    studio.open(system.token(poor.id))
    studio.button("Choose: Aurora").click()
    studio.button("Choose: Aurora Bottle").click()
    studio.button("Continue").click()
    choose_set(studio)
    studio.button("Work out the price").click()
    expect(studio.page.locator(".summary")).to_contain_text("You have 7 too few.")
    studio.button("Make the set for 7 credits").click()
    expect(studio.page.get_by_role("alert").first).to_contain_text("adwright grant")
    assert poor.client.get("/api/campaigns").json()["campaigns"] == []


def test_set_of_another_user_shows_nothing(tab: Opener, system: RunningSystem, customer: Customer) -> None:
    wanted = {
        "mode": "execute",
        "projectId": customer.project_id,
        "allProducts": True,
        "images": [{"aspectRatios": ["1:1"]}],
    }
    theirs = customer.client.post("/api/generate/campaign", json=wanted).json()["campaignId"]
    message = customer.client.get(f"/api/campaigns/{uuid.uuid4()}").json()["error"]["message"]
    studio = tab()
    studio.open(system.token(new_user(system)), f"sets/{theirs}")
    expect(studio.page.get_by_role("alert")).to_contain_text(message)
    assert studio.page.locator(".set-children").count() == 0


def test_results_are_saved_marked_hidden_and_deleted(tab: Opener, system: RunningSystem, customer: Customer) -> None:
    body = {**customer.ids, "platform": "meta", "format": "short", "tone": "bold"}
    texts = customer.client.post("/api/generate/copy", json=body).json()
    picture = ended(
        customer, customer.client.post("/api/generate/static-ad", json={**customer.ids, "variants": 2}).json()["jobId"]
    )
    studio = tab()
    page = studio.page
    studio.open(system.token(customer.id), f"gallery/{picture['id']}")
    with page.expect_download() as download:
        studio.button("Download all").click()
    with ZipFile(download.value.path()) as files:
        assert files.testzip() is None
        names = sorted(files.namelist())
        assert [name.rpartition("picture-")[2][-4:] for name in names] == [".png"] * 2
        assert Image.open(files.open(names[0])).size == (1080, 1080)
    page.get_by_role("button", name=re.compile("^Favourite: ")).click()
    studio.go("gallery")
    expect(page.locator(".gallery li")).to_have_count(2)
    page.get_by_label("Favourites only").check()
    expect(page.locator(".gallery li")).to_have_count(1)
    assert page.evaluate("Object.values(localStorage)") == [json.dumps([picture["id"]])]  # ids, nothing else
    page.reload()
    page.get_by_label("Favourites only").check()
    page.get_by_role("link", name=re.compile("Aurora Bottle Pictures")).click()
    studio.button("Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("main .notice")).to_contain_text("are deleted")
    for asset in picture["assets"]:
        assert customer.client.get(asset["url"]).status_code == 404
    studio.go("gallery")
    page.get_by_role("link", name=re.compile("5 texts")).click()
    with page.expect_download() as download:
        studio.button("Download all").click()
    with ZipFile(download.value.path()) as files:
        [name] = files.namelist()
        assert texts["variants"][4]["hook"] in files.read(name).decode()
    studio.button("Hide").click()
    studio.go("gallery")
    expect(page.get_by_text("Nothing yet that matches.")).to_be_visible()
    studio.button("Show what is hidden (1)").click()
    expect(page.locator(".gallery li")).to_have_count(1)
    assert studio.violations() == []
    assert studio.errors == []


def test_refused_logo_does_not_make_a_second_project(tab: Opener, system: RunningSystem, tmp_path: Path) -> None:
    broken, logo = tmp_path / "broken.png", tmp_path / "logo.png"
    broken.write_bytes(b"not a picture")
    Image.new("RGB", (200, 100), "#205080").save(logo)
    user = new_user(system)
    studio = tab()
    studio.open(system.token(user))
    page = studio.page
    page.get_by_label("Name of the brand").fill("Aurora")
    chooser = page.get_by_label("Logo")
    chooser.set_input_files(broken)
    for _ in range(2):
        studio.button("Save and continue").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(studio.button("Save and continue")).to_be_enabled()
    chooser.set_input_files(logo)
    studio.button("Save and continue").click()
    studio.heading("What is advertised?").wait_for()
    [project] = system.client(user).get("/api/projects").json()["projects"]
    assert project["hasLogo"] is True


def test_two_tabs_show_the_same_jobs_and_keep_their_own_drafts(
    tab: Opener, system: RunningSystem, customer: Customer
) -> None:
    first = tab()
    first.open(system.token(customer.id))
    second = StudioTab.beside(first)
    second.open(system.token(customer.id), "jobs")
    second.heading("Jobs").wait_for()
    first.button("Choose: Aurora").click()
    first.button("Choose: Aurora Bottle").click()
    first.button("Continue").click()
    first.page.get_by_label("Instructions").fill("Only here")
    first.page.get_by_role("checkbox", name=re.compile("^Texts")).uncheck()
    first.button("Make it for 3 credits").click()
    row = second.page.get_by_role("list", name="Jobs, newest first").get_by_role("listitem")
    expect(row).to_contain_text("Pictures: Aurora Bottle", timeout=SECONDS * 1000)
    expect(row.locator(".badge.completed")).to_be_visible(timeout=SECONDS * 1000)
    assert "Only here" not in second.page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")
    second.button("Sign out").click()
    second.heading("Sign in").wait_for()
    first.page.locator(".pictures img").first.wait_for()  # the other tab stays signed in
    assert len(customer.client.get("/api/generate/jobs").json()["jobs"]) == 1


SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100" onload="alert(1)">
<script>alert(2)</script><foreignObject><body xmlns="http://www.w3.org/1999/xhtml">
<img src="x" onerror="alert(3)"/></body></foreignObject>
<image href="https://attacker.example/pixel.png"/><rect width="200" height="100" fill="#205080"/></svg>"""


def test_script_in_an_svg_logo_does_not_run_and_loads_nothing(
    tab: Opener, system: RunningSystem, tmp_path: Path
) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text(SVG, encoding="utf-8")
    user = new_user(system)
    studio = tab()
    studio.open(system.token(user))
    page = studio.page
    page.get_by_label("Name of the brand").fill("Aurora")
    page.get_by_label("Logo").set_input_files(logo)
    studio.button("Save and continue").click()
    page.locator("main [role=alert], h1:has-text('What is advertised?')").first.wait_for()
    [project] = system.client(user).get("/api/projects").json()["projects"]
    if project["hasLogo"]:
        studio.go("create/project")
        page.locator("img.logo").wait_for()
        served = system.client(user).get(f"/api/projects/{project['id']}/logo")
        assert b"<script" not in served.content
        assert "default-src 'none'" in served.headers["content-security-policy"]
    assert studio.dialogs == []
    assert studio.hosts() == {page.evaluate("location.host")}
