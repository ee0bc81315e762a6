"""Briefs that no engine can serve are refused with a message, are not retryable, and leave no charge and no hold."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.running import Customer, RunningSystem
from tests.support import SCRIPT, error_of, invalid_fields

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


def check_refusal(response: httpx.Response, text: str) -> None:
    error = error_of(response, 422, "BRIEF_NOT_POSSIBLE")
    assert error["retryable"] is False
    assert text in error["message"]


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
    response = generate(customer, path, more)
    check_refusal(response, f"The product's name contains “{found}”, one of the project's banned words.")
    assert customer.client.get("/api/generate/jobs").json()["jobs"] == []
    assert customer.credits == {"available": 100, "held": 0}


@pytest.mark.parametrize(("path", "more"), KINDS, ids=lambda value: value if isinstance(value, str) else "")
def test_banned_word_does_not_match_part_of_a_word(
    waiting_system: RunningSystem, path: str, more: dict[str, Any]
) -> None:
    customer = with_brief(waiting_system, "Fell Serving Tray", ["ervin", "ray", "20%"])
    assert generate(customer, path, more).status_code == 200


@pytest.mark.parametrize(
    ("instructions", "text"),
    [
        ("avoid the word tray", "custom instructions exclude"),
        ("max 2 words", "the limit of 2 words"),  # seen only when the texts are written
        ("max 3 words; say 'Carved in Cumbria by two sisters since 1981'", "have 8 words"),
        ("max 20 characters; say 'Carved in Cumbria by two sisters'", "allow 20 in all"),
        ("say 'The cheap one is gone'", "contains the banned word “cheap”"),
    ],
)
def test_contradicting_instructions_are_refused_before_a_hold(
    waiting_system: RunningSystem, instructions: str, text: str
) -> None:
    customer = with_brief(waiting_system, "Fell Serving Tray", ["cheap"])
    response = generate(customer, "copy", {**COPY, "customInstructions": instructions})
    check_refusal(response, text)
    assert customer.client.get("/api/generate/jobs").json()["jobs"] == []
    assert customer.credits == {"available": 100, "held": 0}


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"headline": "The best serving tray"}, "headline"),
        ({"badge": "New\u0007"}, "badge"),
        ({"cta": "x" * 31}, "cta"),
        ({"oldPrice": 60}, "oldPrice"),
        ({"rating": "5.1"}, "rating"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_text_of_an_image_that_cannot_be_printed_is_refused_before_a_hold(
    waiting_system: RunningSystem, more: dict[str, Any], field: str
) -> None:
    customer = with_brief(waiting_system, "Oak Tray", ["serving"])
    response = generate(customer, "static-ad", more)
    assert invalid_fields(response) == {field}
    assert customer.client.get("/api/generate/jobs").json()["jobs"] == []
    assert customer.credits == {"available": 100, "held": 0}


@pytest.mark.parametrize(
    ("name", "prompt"), [("ថាសឈើ", ""), ("Fell Serving Tray", 'Headline "ថាសឈើ"')], ids=["name", "quoted text"]
)
def test_image_in_a_script_that_the_typefaces_lack_is_refused_before_a_hold(
    waiting_system: RunningSystem, name: str, prompt: str
) -> None:
    customer = with_brief(waiting_system, name, [])
    check_refusal(generate(customer, "static-ad", {"prompt": prompt} if prompt else {}), "Khmer")
    assert customer.credits == {"available": 100, "held": 0}
