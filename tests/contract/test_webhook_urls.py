"""A webhookUrl is refused before anything is held if no webhook may have it, and otherwise gets one request."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.running import Customer, RunningSystem
from tests.support import SCRIPT, error_of, invalid_fields, until

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


def test_a_repeated_request_has_one_delivery_which_only_its_user_sees(waiting_system: RunningSystem) -> None:
    customer, other = waiting_system.customer(100), waiting_system.customer(0)
    body = {**customer.ids, **ROUTES["/api/generate/copy"], "webhookUrl": "https://example.com/hook?order=7"}
    key = {"Idempotency-Key": "order-7"}
    jobs = {customer.client.post("/api/generate/copy", json=body, headers=key).json()["jobId"] for _ in range(3)}
    [job_id] = jobs
    moved = {**body, "webhookUrl": "https://example.com/other"}
    error_of(customer.client.post("/api/generate/copy", json=moved, headers=key), 422, "IDEMPOTENCY_KEY_REUSED")

    def listed(of: Customer) -> list[dict[str, Any]]:
        found = of.client.get("/api/webhook-deliveries", params={"jobId": job_id}).json()
        return list(found["deliveries"])

    [delivery] = until(lambda: listed(customer))
    assert (delivery["url"], delivery["type"]) == (body["webhookUrl"], "job.completed")
    assert listed(other) == []
    path = f"/api/webhook-deliveries/{delivery['id']}/redeliver"
    error_of(other.client.post(path, json={}), 404, "DELIVERY_NOT_FOUND")
    assert customer.client.post(path, json={}).json()["eventId"] == delivery["eventId"]


def test_the_default_secret_stays_until_it_is_rotated_and_public_keys_need_no_token(
    waiting_system: RunningSystem, customer: Customer
) -> None:
    secrets = [customer.client.get("/api/webhook-secret").json()["secret"] for _ in range(2)]
    rotated = customer.client.post("/api/webhook-secret/rotate", json={"overlapHours": 1}).json()
    assert secrets[0] == secrets[1] != rotated["secret"]
    assert rotated == customer.client.get("/api/webhook-secret").json()
    url = {"url": "https://example.com/hook"}
    signed = customer.client.post("/api/webhooks", json={**url, "ed25519": True}).json()["webhook"]
    plain = customer.client.post("/api/webhooks", json=url).json()["webhook"]
    public = httpx.get(f"{waiting_system.system.url}/api/webhooks/{signed['id']}/public-key", trust_env=False)
    assert public.json() == {"publicKey": signed["publicKey"]}
    assert signed["publicKey"].startswith("whpk_")
    error_of(customer.client.get(f"/api/webhooks/{plain['id']}/public-key"), 404, "WEBHOOK_NOT_FOUND")
    changed = customer.client.patch(f"/api/webhooks/{signed['id']}", json={"ed25519": False}).json()
    assert changed["publicKey"] == ""
