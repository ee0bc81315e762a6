"""Nobody reaches what is another user's: every operation that takes an id, with the ids of somebody else."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.openapi import IMAGE, openapi
from gateway.routes import read_descriptors
from tests.contract.test_reference import SCRIPT, error_of
from tests.running import Customer, RunningSystem

DESCRIPTION = openapi(read_descriptors(IMAGE))
BODIES: dict[str, dict[str, Any]] = {
    "generateCopy": {"platform": "meta", "format": "short", "tone": "bold"},
    "generateVideo": {"script": SCRIPT},
    "createProduct": {"name": "x"},
    "updateProject": {"name": "x"},
    "updateProduct": {"name": "x"},
}
# What is open by its own link, and what operators may do to everybody.
NOT_BY_OWNER = {"getAsset", "retryJob", "refundJob"}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return dict(DESCRIPTION["components"]["schemas"][name]) if name else schema


def with_ids() -> list[tuple[str, str, str, list[str], list[str]]]:
    """(operation, verb, path, ids in the address, ids in the body)."""
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
    """One of each thing that has an owner."""
    picture = (Path(__file__).parents[2] / "docs" / "results.jpg").read_bytes()
    path = f"/api/products/{owner.product_id}/image"
    assert owner.client.post(path, content=picture, headers={"content-type": "image/jpeg"}).status_code == 200
    job = owner.client.post("/api/generate/static-ad", json=owner.ids).json()["jobId"]
    key = owner.client.post("/api/keys", json={"name": "n"}).json()["apiKey"]["id"]
    return {**owner.ids, "jobId": job, "keyId": key}


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
    if operation == "uploadProductImage":
        return client.post(address, content=b"x", headers={"content-type": "image/png"})
    content = (
        {**BODIES.get(operation, {}), **{name: values[name] for name in body}} if verb in ("post", "patch") else None
    )
    return client.request(verb, address, params=parameters, json=content)


class TestSomebodyElsesIds:
    @pytest.mark.parametrize(
        ("operation", "verb", "path", "query", "body"),
        with_ids(),
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_they_are_404_as_if_there_were_no_such_thing(
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
        taken = call(other.client, operation, verb, path, query, ids, body)
        nothing = call(other.client, operation, verb, path, query, dict.fromkeys(ids, str(uuid.uuid4())), body)
        if operation in ("listJobs", "getStatement"):  # filters: nothing of the owner's comes through
            assert taken.status_code == 200
            assert not any(taken.json()[name] for name in ("jobs", "entries") if name in taken.json())
            return
        assert taken.status_code == 404
        assert error_of(taken) | {"requestId": ""} == error_of(nothing) | {"requestId": ""}
        assert other.credits["available"] == 100

    def test_there_are_as_many_as_there_should_be(self, owner: Customer, ids: dict[str, str]) -> None:
        assert len(with_ids()) >= 19
        assert owner.status(ids["jobId"])["status"] == "queued"  # and nothing of all that has done anything
        assert owner.client.get(f"/api/products/{owner.product_id}/image").status_code == 200
        assert "revokedAt" not in owner.client.get("/api/keys").json()["apiKeys"][0]
