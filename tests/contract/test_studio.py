"""/studio in headless Chromium: from an empty account to a downloaded picture, and what must never happen there."""

from __future__ import annotations

import json
import re
import shlex
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Locator, Route, ViewportSize, expect

from tests.contract.studio import SECONDS, TEXTS, Opener, needs_studio, new_user
from tests.running import Customer, RunningSystem
from tests.support import ended

pytestmark = needs_studio

SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"
WIDE: ViewportSize = {"width": 3840, "height": 2160}


def test_empty_account_reaches_a_downloaded_picture_through_a_reload(
    tab: Opener, system: RunningSystem, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    Image.new("RGB", (600, 400), "#c05020").save(photo)
    user = new_user(system, 20)
    studio = tab()
    studio.open(system.token(user))
    page = studio.page
    studio.heading("Whose ads are these?").wait_for()
    page.get_by_label("Name of the brand").fill("Aurora")
    page.get_by_label("Words for its tone").fill("warm, precise")
    page.reload()
    expect(page.get_by_label("Name of the brand")).to_have_value("Aurora")
    studio.button("Save and continue").click()
    studio.make_product("Aurora Bottle", **TEXTS, photo=photo)
    studio.heading("What we understood").wait_for()
    studio.button("Continue").click()
    studio.heading("What shall we make?").wait_for()
    studio.button("Make it for 4 credits").click()
    studio.heading("Results").wait_for()
    page.reload()
    page.locator(".variants li").nth(4).wait_for()
    expect(page.locator(".variants .count").first).to_have_text(re.compile(r"\d+ of 60 characters"))
    again = studio.button("Try again")  # beside other tests a first request may be refused for want of time
    made = page.locator(".pictures img, .badge.failed")
    made.or_(again).first.wait_for(timeout=180_000)
    if again.is_visible():
        again.click()
        made.first.wait_for(timeout=180_000)
    assert page.locator(".badge.failed").count() == 0, page.locator(".run").inner_text()
    for view in ("Feed", "Story", "Reel", "Picture"):
        studio.button(view).click()
    with page.expect_download() as download:
        page.locator(".pictures a", has_text="Download").click()
    picture = Image.open(BytesIO(Path(download.value.path()).read_bytes()))
    assert picture.size == (1080, 1080)
    client = system.client(user)
    assert client.get("/api/credits").json() == {"available": 16, "held": 0}
    [project] = client.get("/api/projects").json()["projects"]
    assert project["brand"]["toneWords"] == ["warm", "precise"]
    [product] = client.get(f"/api/projects/{project['id']}/products").json()["products"]
    assert product["imageCount"] == 1
    jobs = client.get("/api/generate/jobs").json()["jobs"]
    assert [(job["projectId"], job["productId"]) for job in jobs] == [(project["id"], product["id"])] * 2
    studio.go("gallery")
    page.get_by_label("Product").select_option(product["id"])
    page.locator(".gallery a").nth(1).wait_for()
    page.get_by_role("link", name=re.compile("Aurora Bottle Pictures")).click()
    expect(page.get_by_text("Signed: the file says how it was made.")).to_be_visible()
    assert studio.hosts() == {httpx.URL(system.system.url).netloc.decode()}
    assert studio.errors == []


def test_token_stays_out_of_address_history_storage_and_requests(
    tab: Opener, system: RunningSystem, customer: Customer
) -> None:
    token = system.token(customer.id)
    studio = tab()
    studio.open(token, "account")
    studio.heading("Account").wait_for()
    page = studio.page
    page.locator(".numbers").wait_for()
    assert token not in page.url
    page.go_back()
    assert token not in page.url
    assert page.evaluate("localStorage.length") == 0
    assert page.context.cookies() == []
    sent = [(request.url, request.headers.get("referer", ""), request.post_data or "") for request in studio.requests]
    assert not any(token in part for parts in sent for part in parts)
    assert token not in page.content()
    assert token not in (system.home.logs / "gateway.access.log").read_text(encoding="utf-8")
    studio.button("Sign out").click()
    studio.heading("Sign in").wait_for()
    assert page.evaluate("JSON.stringify({...sessionStorage})") == "{}"


def test_page_cannot_be_framed_and_runs_no_script_but_its_own(tab: Opener, system: RunningSystem) -> None:
    studio = tab()
    headers = httpx.get(f"{system.system.url}/studio", trust_env=False).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    studio.open()
    studio.heading("Sign in").wait_for()
    page = studio.page
    page.evaluate("""() => {
      const script = document.createElement("script");
      try { script.textContent = "window.attacked = true" } catch { return }
      document.head.append(script);
    }""")
    assert page.evaluate("window.attacked") is None
    framing = tab()
    framing.page.set_content(f'<iframe src="{system.system.url}/studio"></iframe>')
    framing.page.wait_for_timeout(500)
    assert framing.page.frames[1].evaluate("document.getElementById('studio')") is None


def test_expired_token_asks_to_sign_in_and_keeps_what_was_entered(tab: Opener, system: RunningSystem) -> None:
    user = new_user(system)
    studio = tab()
    studio.open(system.token(user))
    page = studio.page
    page.get_by_label("Name of the brand").fill("Half a thought")
    page.evaluate("""token => {
      sessionStorage.setItem("studio.credentials", JSON.stringify({kind: "token", value: token}))
    }""", system.home.token(user, seconds=-3600))  # fmt: skip
    page.reload()
    studio.heading("Sign in").wait_for()
    expect(page.get_by_role("alert")).to_contain_text("expired")
    page.get_by_label("Token", exact=True).last.fill(system.token(user))
    studio.button("Sign in").click()
    expect(page.get_by_label("Name of the brand")).to_have_value("Half a thought")


def test_402_says_what_is_missing_and_how_to_get_credits(tab: Opener, system: RunningSystem) -> None:
    poor = system.customer(0)
    studio = tab()
    studio.open(system.token(poor.id))
    studio.button("Choose: Aurora").click()
    studio.button("Choose: Aurora Bottle").click()
    studio.button("Continue").click()
    expect(studio.page.locator(".summary")).to_contain_text("You have 4 too few.")
    studio.button("Make it for 4 credits").click()
    alert = studio.page.get_by_role("alert").first
    expect(alert).to_contain_text("credits")
    expect(alert).to_contain_text("adwright grant")
    studio.heading("What shall we make?").wait_for()
    assert poor.client.get("/api/generate/jobs").json()["jobs"] == []


def test_errors_stand_at_their_field_in_the_words_of_the_api(
    tab: Opener, system: RunningSystem, customer: Customer
) -> None:
    studio = tab()
    studio.open(system.token(customer.id))
    studio.button("Choose: Aurora").click()
    studio.button("Edit: Aurora Bottle").click()
    page = studio.page
    page.get_by_label("Price", exact=False).first.fill("cheap")
    studio.button("Save and continue").click()
    price = page.locator("input[name=price]")
    expect(price).to_have_attribute("aria-invalid", "true")
    expect(price).to_be_focused()
    body = {"price": "cheap"}
    refused = customer.client.patch(f"/api/products/{customer.product_id}", json=body).json()["error"]["fields"]
    [message] = [item["message"] for item in refused if item["field"] == "price"]
    described = page.locator(f"[id='{price.get_attribute('aria-describedby')}']")
    expect(described).to_have_text(message)
    expect(price).to_have_value("cheap")


def test_links_of_another_user_show_nothing(tab: Opener, system: RunningSystem, customer: Customer) -> None:
    body = {**customer.ids, "platform": "meta", "format": "short", "tone": "bold"}
    theirs = customer.client.post("/api/generate/copy", json=body).json()["jobId"]
    studio = tab()
    studio.open(system.token(new_user(system)), f"gallery/{theirs}")
    message = customer.client.get(f"/api/generate/status?jobId={uuid.uuid4()}").json()["error"]["message"]
    expect(studio.page.get_by_role("alert")).to_contain_text(message)
    assert studio.page.locator(".variants").count() == 0
    studio.go("gallery")
    expect(studio.page.get_by_text("Nothing yet that matches.")).to_be_visible()
    assert "Aurora" not in studio.page.inner_text("body")


def test_scripts_in_names_files_and_notes_are_shown_as_text(tab: Opener, system: RunningSystem, tmp_path: Path) -> None:
    user = new_user(system, 20)
    photo = tmp_path / "<img src=x onerror=alert(3)>.png"
    Image.new("RGB", (300, 300), "#205080").save(photo)
    studio = tab()
    studio.open(system.token(user))
    page = studio.page
    studio.make_project(f"Brand {SCRIPT}")
    studio.heading("What is advertised?").wait_for()
    page.locator(".drop input[type=file]").set_input_files(photo)
    expect(page.locator(".photos img")).to_have_attribute("alt", photo.name)
    page.locator("input[name=name]").fill(f"Bottle {SCRIPT}")
    page.get_by_label("Description").fill(f"{TEXTS['description']} {SCRIPT} javascript:alert(4)")
    page.get_by_label("Features").fill(f'{SCRIPT}\n"><svg onload=alert(5)>')
    studio.button("Save and continue").click()
    studio.heading("What we understood").wait_for()
    studio.button("Continue").click()
    page.get_by_label("Instructions").fill(SCRIPT)
    page.locator(".make summary", has_text="As a request").click()
    expect(page.locator(".as-request pre").first).to_contain_text("<img src=x onerror=alert(1)>")
    studio.button("Make it for 4 credits").click()
    studio.heading("Results").wait_for()
    page.locator(".badge.completed, .badge.failed, .notice.bad").first.wait_for()
    studio.go("gallery")
    page.locator(".gallery a").first.click()
    expect(page.locator("h1")).to_contain_text("<script>alert(2)</script>")
    assert studio.dialogs == []
    assert page.locator("main script, main svg, img[src=x]").count() == 0
    assert studio.errors == []


def test_request_that_is_shown_does_what_the_button_does(
    tab: Opener, system: RunningSystem, customer: Customer
) -> None:
    token = system.token(customer.id)
    studio = tab()
    studio.open(token, "account")
    page = studio.page
    keys = page.get_by_role("region", name="API keys")
    keys.get_by_label("What it is for").fill("the robot's key")
    keys.get_by_text("As a request").click()
    line = keys.locator("pre").first.inner_text()
    assert token not in line
    words = shlex.split(line.replace("$ADWRIGHT_TOKEN", token))
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    body = words[words.index("-d") + 1]
    shown = httpx.request(words[words.index("-X") + 1], words[3], headers=headers, content=body, trust_env=False)
    assert shown.status_code == 200
    keys.get_by_role("button", name="Make a key").click()
    expect(keys.get_by_role("status").locator("code")).to_be_visible()
    made = keys.get_by_role("status").locator("code").inner_text()
    both = customer.client.get("/api/keys").json()["apiKeys"]
    assert [key["name"] for key in both] == ["the robot's key"] * 2
    expect(keys.locator(".rows li")).to_have_count(2)
    with_key = tab()
    with_key.open()
    with_key.page.get_by_text("API key", exact=True).first.click()
    with_key.page.get_by_label("API key", exact=True).last.fill(made)
    with_key.button("Sign in").click()
    with_key.button("Choose: Aurora").wait_for()
    assert json.loads(body) == {"name": "the robot's key", "expiresInDays": 90}


def test_whole_flow_needs_no_pointer(tab: Opener, system: RunningSystem) -> None:
    user = new_user(system, 1)
    studio = tab()
    studio.open(system.token(user))
    page = studio.page

    def reach(target: Locator) -> None:
        target.wait_for()
        for _ in range(60):
            if target.evaluate("element => element === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")

    reach(page.get_by_label("Name of the brand"))
    page.keyboard.type("Aurora")
    page.keyboard.press("Enter")
    studio.heading("What is advertised?").wait_for()
    expect(studio.heading("What is advertised?")).to_be_focused()
    reach(page.get_by_label("Name", exact=True))
    page.keyboard.type("Aurora Bottle")
    reach(page.get_by_label("Description"))
    page.keyboard.type(TEXTS["description"])
    reach(studio.button("Save and continue"))
    page.keyboard.press("Enter")
    studio.heading("What we understood").wait_for()
    reach(studio.button("Continue"))
    page.keyboard.press("Enter")
    studio.heading("What shall we make?").wait_for()
    reach(page.get_by_role("checkbox", name=re.compile("^Pictures")))
    page.keyboard.press("Space")
    reach(studio.button("Make it for 1 credit"))
    page.keyboard.press("Enter")
    studio.heading("Results").wait_for()
    page.locator(".variants li").nth(4).wait_for()
    with page.expect_download():
        reach(studio.button("Download all"))
        page.keyboard.press("Enter")
    reach(page.get_by_role("link", name="Gallery"))
    page.keyboard.press("Enter")
    reach(page.get_by_role("button", name=re.compile("^Favourite: ")))
    page.keyboard.press("Space")
    reach(page.get_by_role("link", name=re.compile("5 texts")))
    page.keyboard.press("Enter")
    studio.heading("Aurora Bottle").wait_for()


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
        pytest.param({"color_scheme": "dark", "viewport": WIDE}, marks=pytest.mark.slow),
    ],
)
def test_every_screen_is_accessible_and_fits(
    tab: Opener, system: RunningSystem, customer: Customer, options: dict[str, Any]
) -> None:
    body = {**customer.ids, "platform": "meta", "format": "short", "tone": "bold"}
    made = customer.client.post("/api/generate/copy", json=body).json()["jobId"]
    picture = ended(customer, customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"])
    studio = tab(**options)
    page = studio.page
    found: dict[str, list[str]] = {}

    def too_wide() -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def check(name: str) -> None:
        expect(page.locator(".loading")).to_have_count(0, timeout=SECONDS * 1000)
        found[name] = studio.violations() + (["wider than the window"] if too_wide() else [])
        if options.get("color_scheme") == "light":
            usual = page.viewport_size
            assert usual is not None
            page.set_viewport_size(WIDE)
            found[name] += ["wider than a large screen"] if too_wide() else []
            page.set_viewport_size(usual)

    studio.open()
    studio.heading("Sign in").wait_for()
    check("sign-in")
    studio.open(system.token(customer.id, admin=True))
    studio.button("Edit: Aurora").click()
    check("project")
    studio.button("Choose: Aurora").click()
    studio.button("Edit: Aurora Bottle").click()
    page.locator("details > summary", has_text="More details").click()
    check("product")
    studio.button("Choose: Aurora Bottle").click()
    studio.heading("What we understood").wait_for()
    check("understanding")
    studio.button("Continue").click()
    page.get_by_role("checkbox", name=re.compile("^Film")).check()
    page.get_by_role("radio", name=re.compile("^Presenter")).check()
    page.locator(".face").first.wait_for()
    check("options")
    page.get_by_role("checkbox", name=re.compile("^A set")).check()
    page.get_by_label("Make films").check()
    page.get_by_label("Versions", exact=True).fill("2")
    studio.button("Work out the price").click()
    page.get_by_text(re.compile("^Price of each of the")).click()
    check("set")
    for place in ("sets", "gallery", f"gallery/{made}", "jobs", "account", "create/results"):
        studio.go(place)
        page.wait_for_timeout(300)
        check(place)
    studio.go(f"gallery/{picture['id']}")
    page.locator(".change-picture summary").first.click()
    for part in ("Headline", "Colours"):
        page.get_by_label("What", exact=True).select_option(label=part)
        check(f"change: {part}")
    assert {name: problems for name, problems in found.items() if problems} == {}
    assert studio.errors == []


def test_presenter_of_a_product_film_is_drawn_and_speaks_it(
    tab: Opener, system: RunningSystem, customer: Customer
) -> None:
    studio = tab()
    page = studio.page
    studio.open(system.token(customer.id))
    studio.button("Choose: Aurora").click()
    studio.button("Choose: Aurora Bottle").click()
    studio.button("Continue").click()
    page.get_by_role("checkbox", name=re.compile("^Film")).check()
    circle = page.get_by_role("group", name="Presenter in a circle")
    expect(circle.get_by_role("radio", name="None")).to_be_checked()
    body = page.get_by_label("JSON")
    expect(body).not_to_contain_text("avatarId")
    circle.get_by_role("radio", name="Rosa").check()
    expect(body).to_contain_text('"avatarId": "rosa"')
    page.get_by_label("Speak the film").uncheck()  # a silent film has no presenter
    expect(circle).to_have_count(0)
    expect(body).not_to_contain_text("avatarId")


def test_request_whose_response_is_lost_is_paid_once_even_after_a_reload(
    tab: Opener, system: RunningSystem, customer: Customer
) -> None:
    studio = tab()
    page = studio.page
    lost: list[int] = []

    def lose_two(route: Route) -> None:
        if len(lost) == 2:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/api/generate/copy", lose_two)
    studio.open(system.token(customer.id))
    studio.button("Choose: Aurora").click()
    studio.button("Choose: Aurora Bottle").click()
    studio.button("Continue").click()
    page.get_by_role("checkbox", name=re.compile("^Pictures")).uncheck()
    studio.button("Make it for 1 credit").click()
    expect(page.get_by_role("alert")).to_contain_text("What you entered is kept")
    assert lost == [200, 200]  # the page sent it again by itself
    page.reload()
    studio.button("Make it for 1 credit").click()
    studio.heading("Results").wait_for()
    page.locator(".variants li").nth(4).wait_for()
    assert len(customer.client.get("/api/generate/jobs").json()["jobs"]) == 1
    assert customer.credits["available"] == 99


@pytest.mark.parametrize("late", [False, True], ids=["before the stream opened", "after the stream said it"])
def test_end_of_a_job_is_shown_though_its_status_was_read_before(
    tab: Opener, system: RunningSystem, customer: Customer, late: bool
) -> None:
    studio = tab()
    page = studio.page
    studio.open(system.token(customer.id))
    studio.button("Choose: Aurora").click()
    studio.button("Choose: Aurora Bottle").click()
    studio.button("Continue").click()
    page.get_by_role("checkbox", name=re.compile("^Pictures")).uncheck()
    studio.button("Make it for 1 credit").click()
    variants = page.locator(".variants li")
    variants.nth(4).wait_for()
    reads: list[Route] = []

    def answer_first_as_before_the_end(route: Route) -> None:
        reads.append(route)
        if len(reads) > 1:
            route.continue_()
        elif not late:
            route.fulfill(json=unfinished(route))

    def unfinished(route: Route) -> Any:
        return {**route.fetch().json(), "status": "processing", "assets": [], "variants": []}

    page.route("**/api/generate/status?*", answer_first_as_before_the_end)
    page.reload()
    variants.nth(4).wait_for()
    if late:
        reads[0].fulfill(json=unfinished(reads[0]))
        page.wait_for_timeout(200)
        expect(page.locator(".badge.completed")).to_have_count(1)
    expect(variants).to_have_count(5)


@pytest.mark.parametrize("silent", [False, True], ids=["stream says the end", "stream says nothing"])
def test_passing_errors_neither_lose_a_request_nor_leave_its_job_in_progress(
    tab: Opener, system: RunningSystem, customer: Customer, silent: bool
) -> None:
    studio = tab()
    page = studio.page
    sent: list[str] = []
    readable = False
    message = "Part of the system cannot be reached right now."
    refusal = {"error": {"code": 503, "reason": "UNAVAILABLE", "message": message, "requestId": ""}}

    def refuse_first(route: Route) -> None:
        sent.append(route.request.headers["idempotency-key"])
        if len(sent) > 1:
            route.continue_()
        else:
            route.fulfill(status=503, json=refusal)

    def refuse_reading(route: Route) -> None:
        if readable:
            route.continue_()
        else:
            route.fulfill(status=503, json=refusal)

    page.route("**/api/generate/copy", refuse_first)
    page.route("**/api/generate/status?*", refuse_reading)
    if silent:
        page.route("**/api/generate/jobs/events", lambda route: None)
    page.clock.install()
    studio.open(system.token(customer.id))
    studio.button("Choose: Aurora").click()
    studio.button("Choose: Aurora Bottle").click()
    studio.button("Continue").click()
    page.get_by_role("checkbox", name=re.compile("^Pictures")).uncheck()
    studio.button("Make it for 1 credit").click()
    studio.heading("Results").wait_for()
    assert len(set(sent)) == 1
    assert len(sent) == 2
    [job] = customer.client.get("/api/generate/jobs").json()["jobs"]
    ended(customer, job["id"])
    expect(page.get_by_role("status").filter(has_text=message)).to_have_count(1)
    page.reload()
    expect(page.get_by_role("status").filter(has_text=message)).to_have_count(1)
    readable = True
    page.clock.fast_forward(60_000)
    expect(page.locator(".variants li")).to_have_count(5)
    expect(page.get_by_role("status").filter(has_text=message)).to_have_count(0)
    assert customer.credits == {"available": 99, "held": 0}


def test_another_user_in_the_same_tab_sees_nothing_of_the_first(
    tab: Opener, system: RunningSystem, customer: Customer
) -> None:
    studio = tab()
    studio.open(system.token(customer.id))
    page = studio.page
    studio.button("Edit: Aurora").click()
    page.get_by_label("Name of the brand").fill("Half a thought")
    expect(page.locator("header .credits")).to_have_text("100 credits")
    studio.open(system.token(new_user(system)))  # the page stays loaded: only the fragment changes
    page.get_by_text("You have no project yet.").wait_for()
    expect(page.locator("header .credits")).to_have_text("0 credits")
    expect(page.get_by_label("Name of the brand")).to_have_value("")
    kept = page.evaluate("JSON.stringify({...sessionStorage})")
    assert "Half a thought" not in kept
    assert customer.project_id not in kept
