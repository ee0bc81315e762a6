"""API keys through the real gateway and the whole system."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from services.chassis.rpc.api_keys import CACHE_SECONDS
from services.chassis.rpc.server import CHANNEL_OPTIONS
from tests.running import Customer, RunningSystem
from tests.support import error_of, invalid_fields, until

PATHS: dict[str, dict[str, Any]] = {
    "copy": {"platform": "meta", "format": "short", "tone": "bold"},
    "static-ad": {},
    "video": {"script": "We open at seven, and the first ten guests get a bun."},
}


@pytest.fixture
def owner(waiting_system: RunningSystem) -> Customer:
    return waiting_system.customer(100)


def create_key(owner: Customer, **body: Any) -> dict[str, Any]:
    response = owner.client.post("/api/keys", json={"name": "ci", **body})
    assert response.status_code == 200, response.text
    return dict(response.json())


def key_client(owner: Customer, key: str) -> httpx.Client:
    """A client that authenticates with an API key only."""
    return httpx.Client(base_url=owner.system.system.url, headers={"X-API-Key": key}, timeout=30, trust_env=False)


class TestKeys:
    def test_secret_part_of_a_key_is_shown_once(self, owner: Customer) -> None:
        response = create_key(owner, creditBudget=10, expiresInDays=7)
        key, described = response["key"], response["apiKey"]
        assert key.startswith(described["hint"])
        assert len(key) > len(described["hint"]) + 30
        lifetime = datetime.fromisoformat(described["expiresAt"]) - datetime.now(UTC)
        assert 6.9 < lifetime.total_seconds() / 86_400 < 7.1
        listed = owner.client.get("/api/keys")
        assert listed.json()["apiKeys"] == [described]
        assert key not in listed.text
        with psycopg.connect(owner.system.system.database_url("billing")) as connection:
            stored = str(connection.execute("select * from api_key where id = %s", [described["id"]]).fetchall())
        assert key not in stored

    def test_key_acts_for_its_owner_and_counts_spent_credits(self, owner: Customer) -> None:
        response = create_key(owner)
        with key_client(owner, response["key"]) as client:
            assert client.get("/api/credits").json()["available"] == 100
            accepted = client.post("/api/generate/static-ad", json=owner.ids)
            assert accepted.status_code == 200, accepted.text
            copy = {**owner.ids, "platform": "meta", "format": "short", "tone": "bold"}
            assert client.post("/api/generate/copy", json=copy).status_code == 200
        assert owner.status(accepted.json()["jobId"])["status"] == "queued"
        assert owner.client.get("/api/keys").json()["apiKeys"][0]["creditsSpent"] == 4

    def test_native_grpc_accepts_a_key(self, owner: Customer) -> None:
        import grpc
        from adwright.billing.v1 import billing_pb2, billing_pb2_grpc

        key = create_key(owner)["key"]
        with grpc.insecure_channel(f"127.0.0.1:{owner.system.system.ports['gateway']}", CHANNEL_OPTIONS) as channel:
            stub = billing_pb2_grpc.BillingServiceStub(channel)
            found = stub.GetCredits(billing_pb2.GetCreditsRequest(), metadata=(("x-api-key", key),), timeout=10)
        assert found.available == 100

    def test_key_cannot_manage_keys_or_act_as_admin(self, owner: Customer) -> None:
        response = create_key(owner)
        with key_client(owner, response["key"]) as client:
            for refused in (
                client.post("/api/keys", json={"name": "another"}),
                client.get("/api/keys"),
                client.delete(f"/api/keys/{response['apiKey']['id']}"),
                client.get("/api/admin/jobs/dead"),
                client.post(
                    "/api/admin/grants", json={"userId": owner.id, "credits": 1, "grantId": "g", "reason": "r"}
                ),
            ):
                assert refused.status_code == 403, refused.request.url
                assert error_of(refused, 403, "FORBIDDEN")["message"] == (
                    "API keys cannot call this method. Send a token as Authorization: Bearer."
                )

    def test_key_together_with_a_token_is_401(self, owner: Customer) -> None:
        response = owner.client.get("/api/credits", headers={"X-API-Key": create_key(owner)["key"]})
        assert "not both" in error_of(response, 401)["message"]

    @pytest.mark.parametrize("key", ["", "x", "adw_", "adw_" + "A" * 43, "adw_" + "A" * 44, "adw_" + "é" * 43])
    def test_malformed_or_unknown_key_is_401(self, owner: Customer, key: str) -> None:
        with httpx.Client(base_url=owner.system.system.url, trust_env=False) as client:
            response = client.get("/api/credits", headers=[(b"x-api-key", key.encode())])
        error_of(response, 401, "UNAUTHENTICATED")

    def test_revoked_key_spends_nothing_and_is_401_once_caches_expire(self, owner: Customer) -> None:
        response = create_key(owner)
        with key_client(owner, response["key"]) as client:
            assert client.post("/api/generate/static-ad", json=owner.ids).status_code == 200
            revoked = owner.client.delete(f"/api/keys/{response['apiKey']['id']}")
            assert (revoked.status_code, revoked.json()) == (200, {})
            for path, more in PATHS.items():  # services still cache the key; the ledger refuses to charge it
                refused = client.post(f"/api/generate/{path}", json={**owner.ids, **more})
                assert "revoked" in error_of(refused, 401, "UNAUTHENTICATED")["message"]
            until(lambda: client.get("/api/credits").status_code == 401, seconds=CACHE_SECONDS + 1)
        assert owner.credits["held"] == 3
        assert "revokedAt" in owner.client.get("/api/keys").json()["apiKeys"][0]

    def test_concurrent_requests_stay_within_the_key_budget(self, owner: Customer) -> None:
        key = create_key(owner, creditBudget=20)["key"]
        codes: list[int] = []
        reasons: set[str] = set()

        def submit() -> None:
            with key_client(owner, key) as client:
                response = client.post("/api/generate/static-ad", json=owner.ids)
            codes.append(response.status_code)
            if response.status_code == 402:
                reasons.add(error_of(response)["reason"])

        threads = [threading.Thread(target=submit) for _ in range(25)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert Counter(codes) == {200: 6, 402: 19}
        assert reasons == {"API_KEY_BUDGET_EXCEEDED"}
        assert owner.credits == {"available": 82, "held": 18} | {
            name: value for name, value in owner.credits.items() if name not in ("available", "held")
        }
        jobs = owner.client.get("/api/generate/jobs").json()["jobs"]
        owner.client.post("/api/generate/cancel", json={"jobId": jobs[0]["id"]})
        with key_client(owner, key) as client:
            until(lambda: client.post("/api/generate/static-ad", json=owner.ids).status_code == 200)

    def test_key_of_another_user_is_404(self, waiting_system: RunningSystem, owner: Customer) -> None:
        mine, other = create_key(owner), waiting_system.customer(0)
        for key_id in (mine["apiKey"]["id"], str(uuid.uuid4())):
            response = other.client.delete(f"/api/keys/{key_id}")
            error_of(response, 404, "API_KEY_NOT_FOUND")
        assert other.client.get("/api/keys").json()["apiKeys"] == []

    def test_invalid_fields_of_a_new_key_are_reported(self, owner: Customer) -> None:
        body = {"name": "", "expiresInDays": 0, "creditBudget": -1}
        assert invalid_fields(owner.client.post("/api/keys", json=body)) == {"name", "expiresInDays", "creditBudget"}

    def test_logs_contain_no_key_token_or_secret(self, owner: Customer) -> None:
        key = create_key(owner)["key"]
        token = str(owner.client.headers["authorization"]).removeprefix("Bearer ")
        with key_client(owner, key) as client:
            client.get("/api/credits")
            client.post("/api/generate/static-ad", json={**owner.ids, "style": "wrong"})
        unknown = "adw_" + "B" * 43
        with key_client(owner, unknown) as client:
            last = client.get("/api/credits").headers["x-request-id"]
        home = owner.system.home
        # Envoy flushes its access log every 10 s.
        until(lambda: last in (home.logs / "gateway.access.log").read_text(), seconds=30, interval_seconds=0.5)
        secrets = [
            key,
            unknown,
            token,
            *((home.keys / name).read_text() for name in ("service-secret", "asset-secret")),
        ]
        logs = {path.name: path.read_text(errors="replace") for path in Path(home.logs).iterdir()}
        for name, text in logs.items():
            for secret in secrets:
                assert secret not in text, name
