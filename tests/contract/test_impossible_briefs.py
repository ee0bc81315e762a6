"""Briefs that no engine can serve: refused in words, not retryable, and nothing is charged or stays held."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.contract.test_reference import SCRIPT, error_of
from tests.running import Customer, RunningSystem

COPY = {"platform": "meta", "format": "short", "tone": "bold"}
KINDS = [("copy", COPY), ("static-ad", {}), ("video", {"script": SCRIPT})]


def with_brief(system: RunningSystem, name: str, banned: list[str]) -> Customer:
    customer = system.customer(100)
    project = customer.client.post("/api/projects", json={"name": "Tarn", "brand": {"bannedWords": banned}})
    customer.project_id = project.json()["id"]
    product = customer.client.post(
        f"/api/projects/{customer.project_id}/products",
        json={"name": name, "description": "Oak tray with a raised rim and two handles.", "features": ["Wipes clean"]},
    )
    customer.product_id = product.json()["id"]
    return customer


def generate(customer: Customer, path: str, more: dict[str, Any], **headers: str) -> httpx.Response:
    ids = {"projectId": customer.project_id, "productId": customer.product_id}
    return customer.client.post(f"/api/generate/{path}", json={**ids, **more}, headers=headers)


def assert_refused(customer: Customer, answer: httpx.Response, words: str) -> None:
    assert answer.status_code == 422, answer.text
    error = error_of(answer)
    assert error["reason"] == "BRIEF_NOT_POSSIBLE"
    assert error["retryable"] is False
    assert words in error["message"]


def released(customer: Customer) -> bool:
    """Whether nothing is held or spent, now or soon: settlement follows a job's end."""
    give_up = time.monotonic() + 20
    while customer.credits != {"available": 100, "held": 0}:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(("path", "more"), KINDS, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize(
    ("name", "banned", "found"),
    [
        ("Fell Serving Tray", ["plate", "SERVING"], "SERVING"),
        ("Tray of 100% Oak", ["100%"], "100%"),
        ("Größe Tray", ["größe"], "größe"),
    ],
)
def test_banned_word_in_product_name_is_refused_before_a_hold(
    waiting_system: RunningSystem, path: str, more: dict[str, Any], name: str, banned: list[str], found: str
) -> None:
    customer = with_brief(waiting_system, name, banned)
    answer = generate(customer, path, more)
    assert_refused(customer, answer, f"The product's name holds “{found}”, which the project's banned words rule out.")
    assert customer.client.get("/api/generate/jobs").json()["jobs"] == []
    assert customer.credits == {"available": 100, "held": 0}


@pytest.mark.parametrize(("path", "more"), KINDS, ids=lambda value: value if isinstance(value, str) else "")
def test_part_of_a_word_is_not_banned(waiting_system: RunningSystem, path: str, more: dict[str, Any]) -> None:
    customer = with_brief(waiting_system, "Fell Serving Tray", ["ervin", "ray", "20%"])
    assert generate(customer, path, more).status_code == 200


@pytest.mark.parametrize(
    ("instructions", "words"),
    [
        ("avoid the word tray", "custom instructions rule out"),
        ("max 3 words; say 'Carved in Cumbria by two sisters since 1981'", "have 8 words"),
        ("max 20 characters; say 'Carved in Cumbria by two sisters'", "allow 20 in all"),
        ("say 'The cheap one is gone'", "holds the banned word “cheap”"),
    ],
)
def test_contradicting_instructions_are_refused_before_a_hold(
    waiting_system: RunningSystem, instructions: str, words: str
) -> None:
    customer = with_brief(waiting_system, "Fell Serving Tray", ["cheap"])
    answer = generate(customer, "copy", {**COPY, "customInstructions": instructions})
    assert_refused(customer, answer, words)
    assert customer.client.get("/api/generate/jobs").json()["jobs"] == []
    assert customer.credits == {"available": 100, "held": 0}


def test_refusal_that_only_the_engine_finds_releases_the_hold(waiting_system: RunningSystem) -> None:
    customer = with_brief(waiting_system, "Fell Serving Tray", [])
    body = {**COPY, "customInstructions": "max 2 words"}
    answer = generate(customer, "copy", body, **{"Idempotency-Key": "two"})
    assert_refused(customer, answer, "the limit of 2 words")
    (job,) = customer.client.get("/api/generate/jobs").json()["jobs"]
    assert (job["status"], job["error"]["reason"]) == ("failed", "BRIEF_NOT_POSSIBLE")
    again = generate(customer, "copy", body, **{"Idempotency-Key": "two"})
    assert_refused(customer, again, "the limit of 2 words")
    assert released(customer)
