"""/studio at the identity provider of the gateway's settings: OpenID Connect with PKCE, in headless Chromium."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from gateway.api_docs import write_documents
from gateway.settings import Address, GatewaySettings
from local.home import AUDIENCE, ISSUER, ROOT
from local.system import SERVICES
from tests.contract.studio import StudioTab, needs_studio
from tests.gateway.envoy_process import RunningGateway, running_gateway
from tests.running import RunningSystem

pytestmark = needs_studio

USER = f"user-{uuid.uuid4()}"


class Issuer:
    """The issuer's process, as a test sees it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.Client(base_url=url, trust_env=False)

    def requests(self, path: str) -> list[dict[str, Any]]:
        return [request for request in self.client.get("/test").json() if request["path"] == path]

    def set(self, **values: str) -> None:
        self.client.post("/test", data=values)


@pytest.fixture(scope="module")
def issuer(system: RunningSystem) -> Iterator[Issuer]:
    command = [sys.executable, "-m", "tests.contract.oidc_issuer", str(system.home.folder), USER]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Issuer(process.stdout.readline().strip())
        process.terminate()


@pytest.fixture(scope="module")
def gateway(
    system: RunningSystem, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """A second gateway of the system, whose studio signs in at the issuer."""
    folder = tmp_path_factory.mktemp("gateway")
    settings = GatewaySettings(
        listen=Address(host="127.0.0.1", port=0),
        admin=Address(host="127.0.0.1", port=0),
        upstreams={name: Address(host="127.0.0.1", port=system.system.ports[name]) for name in SERVICES},
        token_issuer=ISSUER,
        token_audience=AUDIENCE,
        token_jwks=str(system.home.keys / "jwks.json"),
        access_log=str(folder / "access.log"),
        documents=write_documents(folder / "documents"),
        studio_issuer=issuer.url,
        studio_client_id="studio",
        studio_scopes="openid profile",
    )
    with running_gateway(settings, folder) as found:
        issuer.set(redirect=f"{found.url}/studio")
        yield found


@pytest.fixture
def studio(browser: Browser, gateway: RunningGateway, issuer: Issuer) -> Iterator[StudioTab]:
    tab = StudioTab(browser, gateway.url)
    issuer.set(fault="")
    yield tab
    tab.close()


def sign_in(studio: StudioTab, issuer: Issuer) -> None:
    studio.button(offer(issuer)).click()
    studio.page.get_by_role("link", name="Agree").click()


def test_provider_signs_in_and_leaves_no_trace(
    studio: StudioTab, issuer: Issuer, gateway: RunningGateway, system: RunningSystem
) -> None:
    studio.open(place="account")
    sign_in(studio, issuer)
    studio.heading("Account").wait_for()
    page = studio.page
    expect(page.get_by_text(f"Signed in as {USER}")).to_be_visible()
    assert page.url == f"{gateway.url}/studio#/account"
    [asked] = issuer.requests("/authorize")
    [exchanged] = issuer.requests("/token")
    assert (asked["scope"], asked["code_challenge_method"]) == ("openid profile", "S256")
    assert len(exchanged["code_verifier"]) >= 43
    assert "client_secret" not in exchanged
    stored = page.evaluate("JSON.stringify({...sessionStorage})")
    assert exchanged["code_verifier"] not in stored
    assert exchanged["code"] not in stored
    assert page.evaluate("localStorage.length") == 0
    assert page.context.cookies() == []
    log = gateway.access_log.read_text(encoding="utf-8")
    assert not any(part in log for part in (exchanged["code"], asked["state"], exchanged["code_verifier"]))
    assert not any(gateway.url in request["referer"] for request in issuer.client.get("/test").json())
    assert studio.hosts() == {httpx.URL(url).netloc.decode() for url in (gateway.url, issuer.url)}
    policy = httpx.get(f"{gateway.url}/studio", trust_env=False).headers["content-security-policy"]
    assert f"connect-src 'self' {issuer.url};" in policy
    page.go_back()  # to the issuer, not to an address with the code
    assert exchanged["code"] not in page.url
    assert studio.errors == []


def test_response_that_this_tab_did_not_ask_for_is_dropped(studio: StudioTab, issuer: Issuer) -> None:
    """Otherwise a link could sign a visitor in as someone else, who would see what the visitor enters."""
    before = len(issuer.requests("/token"))
    page = studio.page
    studio.open()
    studio.heading("Sign in").wait_for()
    page.goto(f"{studio.url}/studio?code=stolen&state=another")
    expect(page.get_by_role("alert")).to_contain_text("was not begun in this tab")
    assert page.url == f"{studio.url}/studio"
    studio.button(offer(issuer)).click()
    page.get_by_role("link", name="Agree").wait_for()
    page.goto(f"{studio.url}/studio?code=stolen&state=another")  # while a sign-in is pending
    expect(page.get_by_role("alert")).to_contain_text("was not begun in this tab")
    assert len(issuer.requests("/token")) == before


@pytest.mark.parametrize("fault", ["nonce", "audience", "issuer", "expiry"])
def test_id_token_of_another_sign_in_is_refused(studio: StudioTab, issuer: Issuer, fault: str) -> None:
    issuer.set(fault=fault)
    studio.open()
    sign_in(studio, issuer)
    expect(studio.page.get_by_role("alert")).to_contain_text("was not for this sign-in")
    assert studio.page.evaluate("sessionStorage.getItem('studio.credentials')") in (None, "null")
    assert studio.violations() == []


def test_code_is_worth_nothing_without_the_verifier(studio: StudioTab, issuer: Issuer, gateway: RunningGateway) -> None:
    studio.open()
    studio.button(offer(issuer)).click()
    link = studio.page.get_by_role("link", name="Agree").get_attribute("href") or ""
    form = {
        "grant_type": "authorization_code", "client_id": "studio", "redirect_uri": f"{gateway.url}/studio",
        "code": httpx.URL(link).params["code"], "code_verifier": "guessed" * 8,
    }  # fmt: skip
    assert issuer.client.post("/token", data=form).json()["error"] == "invalid_grant"


def offer(issuer: Issuer) -> str:
    return f"Sign in with {httpx.URL(issuer.url).netloc.decode()}"


def test_refusal_of_the_provider_is_shown(studio: StudioTab, issuer: Issuer) -> None:
    studio.open()
    studio.button(offer(issuer)).click()
    page = studio.page
    link = httpx.URL(page.get_by_role("link", name="Agree").get_attribute("href") or "")
    said = "<b>No account</b>"
    refused = link.copy_with(
        params={"error": "access_denied", "error_description": said, "state": link.params["state"]}
    )
    page.goto(str(refused))
    expect(page.get_by_role("alert")).to_contain_text(said)


def test_no_provider_is_offered_unless_the_settings_name_one(browser: Browser, system: RunningSystem) -> None:
    studio = StudioTab(browser, system.system.url)
    studio.open()
    studio.heading("Sign in").wait_for()
    expect(studio.page.get_by_label("Token", exact=True).last).to_be_visible()
    assert httpx.get(f"{system.system.url}/studio/settings.json", trust_env=False).json() == {}
    assert studio.page.get_by_role("button", name="Sign in with").count() == 0
    studio.close()
