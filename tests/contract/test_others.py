"""Every operation that takes an id returns 404 for the ids of another user."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.openapi import IMAGE, openapi
from gateway.routes import read_descriptors
from tests.running import Customer, RunningSystem
from tests.support import SCRIPT, error_of

DESCRIPTION = openapi(read_descriptors(IMAGE))
BODIES: dict[str, dict[str, Any]] = {
    "generateCopy": {"platform": "meta", "format": "short", "tone": "bold"},
    "generateVideo": {"script": SCRIPT},
    "createProduct": {"name": "x"},
    "updateProject": {"name": "x"},
    "updateProduct": {"name": "x"},
    "replayWebhook": {"since": "2026-01-31T12:00:00Z"},
}
# Assets are authorised by their signed link, and test_deleted_assets.py deletes them; operators act on the jobs of
# every user; the project of a webhook only narrows the events of its owner; a campaign takes one of two ids
# (tests/contract/test_campaigns.py); a variant needs a finished picture (tests/contract/test_picture_variants.py).
NOT_BY_OWNER = {
    "getAsset",
    "deleteAsset",
    "retryJob",
    "refundJob",
    "createWebhook",
    "generateCampaign",
    "generateVariant",
}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return dict(DESCRIPTION["components"]["schemas"][name]) if name else schema


def operations_with_ids() -> list[tuple[str, str, str, list[str], list[str]]]:
    """The operations that take ids: operation id, verb, path, ids in the URL, ids in the body."""
    found = []
    for path, methods in DESCRIPTION["paths"].items():
        for verb, operation in methods.items():
            named = [
                item["name"]
                for item in operation.get("parameters", [])
                if item["in"] in ("path", "query") and item["schema"].get("format") == "uuid"
            ]
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            fields = resolved(content.get("schema", {})).get("properties", {})
            inside = [name for name, schema in fields.items() if schema.get("format") == "uuid"]
            if (named or inside) and operation["operationId"] not in NOT_BY_OWNER:
                found.append((operation["operationId"], verb, path, named, inside))
    return found


@pytest.fixture(scope="module")
def owner(waiting_system: RunningSystem) -> Customer:
    return waiting_system.customer(100)


@pytest.fixture(scope="module")
def ids(owner: Customer) -> dict[str, str]:
    """The id of one resource of each kind that has an owner."""
    photo = (Path(__file__).parents[2] / "docs" / "results.jpg").read_bytes()
    path = f"/api/products/{owner.product_id}/image"
    uploaded = owner.client.post(path, content=photo, headers={"content-type": "image/jpeg"})
    image = uploaded.json()["images"][0]["id"]
    job = owner.client.post("/api/generate/static-ad", json=owner.ids).json()["jobId"]
    key = owner.client.post("/api/keys", json={"name": "n"}).json()["apiKey"]["id"]
    webhook = owner.client.post("/api/webhooks", json={"url": "https://example.com/hook"}).json()["webhook"]["id"]
    delivery = owner.client.post(f"/api/webhooks/{webhook}/test", json={}).json()["id"]
    portrait = owner.client.post("/api/avatars?consent=1", content=photo).json()["id"]
    wanted = {"mode": "execute", "projectId": owner.project_id, "allProducts": True}
    campaign = owner.client.post("/api/generate/campaign", json={**wanted, "images": [{"aspectRatios": ["1:1"]}]})
    resources = {"imageId": image, "portraitId": portrait, "webhookId": webhook, "deliveryId": delivery}
    resources["campaignId"] = campaign.json()["campaignId"]
    return {**owner.ids, "jobId": job, "keyId": key, **resources}


def call(
    client: httpx.Client,
    operation: str,
    verb: str,
    path: str,
    query: list[str],
    values: dict[str, str],
    body: list[str],
) -> httpx.Response:
    address = path.format(**values)
    parameters = {name: values[name] for name in query if f"{{{name}}}" not in path}
    if operation in ("uploadProductImage", "addProductImage"):
        return client.post(address, content=b"x", headers={"content-type": "image/png"})
    content = (
        {**BODIES.get(operation, {}), **{name: values[name] for name in body}} if verb in ("post", "patch") else None
    )
    return client.request(verb, address, params=parameters, json=content)


class TestIdsOfAnotherUser:
    @pytest.mark.parametrize(
        ("operation", "verb", "path", "query", "body"),
        operations_with_ids(),
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_response_equals_that_for_an_unknown_id(
        self,
        waiting_system: RunningSystem,
        ids: dict[str, str],
        operation: str,
        verb: str,
        path: str,
        query: list[str],
        body: list[str],
    ) -> None:
        other = waiting_system.customer(100)
        existing = call(other.client, operation, verb, path, query, ids, body)
        unknown = call(other.client, operation, verb, path, query, dict.fromkeys(ids, str(uuid.uuid4())), body)
        if operation in ("listJobs", "getStatement", "listUrlDeliveries"):  # the ids are filters: the lists are empty
            assert existing.status_code == 200
            lists = ("jobs", "entries", "deliveries")
            assert not any(existing.json()[name] for name in lists if name in existing.json())
            return
        assert error_of(existing, 404) | {"requestId": ""} == error_of(unknown) | {"requestId": ""}
        assert other.credits["available"] == 100

    def test_all_operations_are_covered_and_the_owners_resources_unchanged(
        self, owner: Customer, ids: dict[str, str]
    ) -> None:
        assert len(operations_with_ids()) >= 19
        assert owner.status(ids["jobId"])["status"] == "queued"
        assert owner.client.get(f"/api/products/{owner.product_id}/image").status_code == 200
        assert owner.client.get(f"/api/avatars/{ids['portraitId']}/image").status_code == 200
        assert [found["id"] for found in owner.client.get("/api/webhooks").json()["webhooks"]] == [ids["webhookId"]]
        assert owner.client.get(f"/api/campaigns/{ids['campaignId']}").json()["status"] in ("admitting", "running")
        assert "revokedAt" not in owner.client.get("/api/keys").json()["apiKeys"][0]
