"""API keys through the real gateway and the whole system."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from services.chassis.rpc.api_keys import REMEMBERED_SECONDS
from tests.contract.test_reference import error_of, wrong_fields
from tests.running import Customer, RunningSystem

PATHS: dict[str, dict[str, Any]] = {
    "copy": {"platform": "meta", "format": "short", "tone": "bold"},
    "static-ad": {},
    "video": {"script": "We open at seven, and the first ten guests get a bun."},
}


@pytest.fixture
def owner(waiting_system: RunningSystem) -> Customer:
    return waiting_system.customer(100)


def made(owner: Customer, **body: Any) -> dict[str, Any]:
    answer = owner.client.post("/api/keys", json={"name": "ci", **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def machine(owner: Customer, key: str) -> httpx.Client:
    return httpx.Client(base_url=owner.system.system.url, headers={"X-API-Key": key}, timeout=30, trust_env=False)


class TestKeys:
    def test_a_key_is_shown_once_and_listed_without_it(self, owner: Customer) -> None:
        answer = made(owner, creditBudget=10, expiresInDays=7)
        key, told = answer["key"], answer["apiKey"]
        assert key.startswith(told["hint"])
        assert len(key) > len(told["hint"]) + 30
        lifetime = datetime.fromisoformat(told["expiresAt"]) - datetime.now(UTC)
        assert 6.9 < lifetime.total_seconds() / 86_400 < 7.1
        listed = owner.client.get("/api/keys")
        assert listed.json()["apiKeys"] == [told]
        assert key not in listed.text
        with psycopg.connect(owner.system.system.database_url("billing")) as connection:
            stored = str(connection.execute("select * from api_key where id = %s", [told["id"]]).fetchall())
        assert key not in stored

    def test_it_acts_for_its_owner_and_counts_what_it_spends(self, owner: Customer) -> None:
        answer = made(owner)
        with machine(owner, answer["key"]) as client:
            assert client.get("/api/credits").json()["available"] == 100
            accepted = client.post("/api/generate/static-ad", json=owner.ids)
            assert accepted.status_code == 200, accepted.text
            copy = {**owner.ids, "platform": "meta", "format": "short", "tone": "bold"}
            assert client.post("/api/generate/copy", json=copy).status_code == 200
        assert owner.status(accepted.json()["jobId"])["status"] == "queued"
        assert owner.client.get("/api/keys").json()["apiKeys"][0]["creditsSpent"] == 4

    def test_native_grpc_takes_it_too(self, owner: Customer) -> None:
        import grpc
        from adwright.billing.v1 import billing_pb2, billing_pb2_grpc

        key = made(owner)["key"]
        with grpc.insecure_channel(f"127.0.0.1:{owner.system.system.ports['gateway']}") as channel:
            stub = billing_pb2_grpc.BillingServiceStub(channel)
            found = stub.GetCredits(billing_pb2.GetCreditsRequest(), metadata=(("x-api-key", key),), timeout=10)
        assert found.available == 100

    def test_it_manages_no_keys_and_is_no_admin(self, owner: Customer) -> None:
        answer = made(owner)
        with machine(owner, answer["key"]) as client:
            for refused in (
                client.post("/api/keys", json={"name": "another"}),
                client.get("/api/keys"),
                client.delete(f"/api/keys/{answer['apiKey']['id']}"),
                client.get("/api/admin/jobs/dead"),
                client.post(
                    "/api/admin/grants", json={"userId": owner.id, "credits": 1, "grantId": "g", "reason": "r"}
                ),
            ):
                assert refused.status_code == 403, refused.request.url
                assert error_of(refused)["reason"] == "FORBIDDEN"
                assert error_of(refused)["message"] == (
                    "API keys do not open this method; send a token as Authorization: Bearer."
                )

    def test_a_token_beside_it_is_refused(self, owner: Customer) -> None:
        answer = owner.client.get("/api/credits", headers={"X-API-Key": made(owner)["key"]})
        assert answer.status_code == 401
        assert "not both" in error_of(answer)["message"]

    @pytest.mark.parametrize("key", ["", "x", "adw_", "adw_" + "A" * 43, "adw_" + "A" * 44, "adw_" + "é" * 43])
    def test_what_is_no_key_is_401(self, owner: Customer, key: str) -> None:
        with httpx.Client(base_url=owner.system.system.url, trust_env=False) as client:
            answer = client.get("/api/credits", headers=[(b"x-api-key", key.encode())])
        assert answer.status_code == 401
        assert error_of(answer)["reason"] == "UNAUTHENTICATED"

    def test_revoked_it_spends_nothing_at_once_and_opens_nothing_soon(self, owner: Customer) -> None:
        answer = made(owner)
        with machine(owner, answer["key"]) as client:
            assert client.post("/api/generate/static-ad", json=owner.ids).status_code == 200
            revoked = owner.client.delete(f"/api/keys/{answer['apiKey']['id']}")
            assert (revoked.status_code, revoked.json()) == (200, {})
            since = time.monotonic()
            for path, more in PATHS.items():  # services still remember the key; the ledger does not let it spend
                refused = client.post(f"/api/generate/{path}", json={**owner.ids, **more})
                assert refused.status_code == 401
                assert error_of(refused)["reason"] == "UNAUTHENTICATED"
                assert "revoked" in error_of(refused)["message"]
            while client.get("/api/credits").status_code != 401:
                assert time.monotonic() - since < REMEMBERED_SECONDS + 1
                time.sleep(0.2)
        assert owner.credits["held"] == 3
        assert "revokedAt" in owner.client.get("/api/keys").json()["apiKeys"][0]

    def test_the_budget_holds_when_many_ask_at_once(self, owner: Customer) -> None:
        answer = made(owner, creditBudget=20)
        codes: list[int] = []
        reasons: set[str] = set()

        def ask() -> None:
            with machine(owner, answer["key"]) as client:
                response = client.post("/api/generate/static-ad", json=owner.ids)
            codes.append(response.status_code)
            if response.status_code == 402:
                reasons.add(error_of(response)["reason"])

        threads = [threading.Thread(target=ask) for _ in range(25)]
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
        give_up = time.monotonic() + 20
        with machine(owner, answer["key"]) as client:
            while client.post("/api/generate/static-ad", json=owner.ids).status_code != 200:
                assert time.monotonic() < give_up
                time.sleep(0.2)

    def test_somebody_elses_key_does_not_exist(self, waiting_system: RunningSystem, owner: Customer) -> None:
        mine, other = made(owner), waiting_system.customer(0)
        for key_id in (mine["apiKey"]["id"], str(uuid.uuid4())):
            answer = other.client.delete(f"/api/keys/{key_id}")
            assert answer.status_code == 404
            assert error_of(answer)["reason"] == "API_KEY_NOT_FOUND"
        assert other.client.get("/api/keys").json()["apiKeys"] == []

    def test_bad_wishes_are_named(self, owner: Customer) -> None:
        body = {"name": "", "expiresInDays": 0, "creditBudget": -1}
        assert wrong_fields(owner.client.post("/api/keys", json=body)) == {"name", "expiresInDays", "creditBudget"}

    def test_no_log_of_any_process_holds_a_key_a_token_or_a_secret(self, owner: Customer) -> None:
        key = made(owner)["key"]
        token = str(owner.client.headers["authorization"]).removeprefix("Bearer ")
        with machine(owner, key) as client:
            client.get("/api/credits")
            client.post("/api/generate/static-ad", json={**owner.ids, "style": "wrong"})
        bad = "adw_" + "B" * 43
        with machine(owner, bad) as client:
            last = client.get("/api/credits").headers["x-request-id"]
        home = owner.system.home
        give_up = time.monotonic() + 30
        while last not in (home.logs / "gateway.access.log").read_text():  # Envoy writes every 10 s
            assert time.monotonic() < give_up
            time.sleep(0.5)
        secrets = [key, bad, token, *((home.keys / name).read_text() for name in ("service-secret", "asset-secret"))]
        logs = {path.name: path.read_text(errors="replace") for path in Path(home.logs).iterdir()}
        for name, text in logs.items():
            for secret in secrets:
                assert secret not in text, name
