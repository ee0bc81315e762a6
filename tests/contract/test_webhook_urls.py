"""An address that no webhook may have is refused before anything is held, on every route that makes a job."""

from __future__ import annotations

from typing import Any

import pytest

from tests.running import Customer, RunningSystem
from tests.support import SCRIPT, invalid_fields

ROUTES: dict[str, dict[str, Any]] = {
    "/api/generate/copy": {"platform": "meta", "format": "short", "tone": "bold"},
    "/api/generate/static-ad": {},
    "/api/generate/video": {"script": SCRIPT},
}
REFUSED = (
    "http://example.com/hook",
    "https://example.com:8443/hook",
    "https://user:secret@example.com/hook",
    "https://127.0.0.1/hook",
    "https://2130706433/hook",
    "https://0x7f.1/hook",
    "https://localhost/hook",
    "https://10.1.2.3/hook",
    "https://192.168.1.1/hook",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/hook",
    "https://[fe80::1]/hook",
    "https://[fd00::1]/hook",
    "https://[::ffff:10.0.0.1]/hook",
    "https://[64:ff9b::a00:1]/hook",
    "file:///etc/passwd",
    "https://",
    "not an address",
    "",
    "https://example.com/" + "a" * 2_000,
)


@pytest.fixture(scope="module")
def customer(waiting_system: RunningSystem) -> Customer:
    return waiting_system.customer(100)


@pytest.mark.parametrize("route", ROUTES)
def test_refused_before_credits_are_held(customer: Customer, route: str) -> None:
    before = customer.credits
    for url in REFUSED:
        response = customer.client.post(route, json={**customer.ids, **ROUTES[route], "webhookUrl": url})
        assert invalid_fields(response) == {"webhookUrl"}, url
    assert customer.credits == before == {"available": 100, "held": 0}
    assert customer.client.get("/api/generate/jobs").json()["jobs"] == []
