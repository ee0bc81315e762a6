"""One sentence of a finished film is changed through the gateway: the rest stays, and it is an ordinary job."""

from __future__ import annotations

import io
import json
from typing import Any

import av
import c2pa
import httpx
import numpy
import pytest

from tests.running import Customer, RunningSystem
from tests.support import ended, error_of, invalid_fields

SCRIPT = "Cold all day, warm all night. It keeps tea hot for many hours. Find it in your shop today."
OLD, NEW = "It keeps tea hot for many hours.", "Your tea stays hot until late in the evening."
SECONDS = 600.0  # a film is made in 10 s, on a machine that has time for it
PRICE = 5


def asset(job: dict[str, Any], kind: str = "video") -> dict[str, Any]:
    return next(item for item in job["assets"] if item["type"] == kind)


def content(customer: Customer, job: dict[str, Any], kind: str = "video") -> bytes:
    return customer.client.get(asset(job, kind)["url"]).content


def frames(film: bytes) -> list[Any]:
    with av.open(io.BytesIO(film), mode="r") as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def variant(customer: Customer, asset_id: str, body: dict[str, Any]) -> httpx.Response:
    return customer.client.post(f"/api/assets/{asset_id}/variants", json=body)


def finished(customer: Customer, response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return ended(customer, response.json()["jobId"], status="completed", seconds=SECONDS)


@pytest.fixture(scope="module")
def maker(system: RunningSystem) -> Customer:
    return system.customer(100)


@pytest.fixture(scope="module")
def film(maker: Customer) -> dict[str, Any]:
    body = {**maker.ids, "kind": "product", "aspectRatio": "1:1", "script": SCRIPT, "music": "none"}
    return finished(maker, maker.client.post("/api/generate/video", json=body))


def test_changed_sentence_leaves_the_film_before_it_and_costs_its_own_price(
    maker: Customer, film: dict[str, Any]
) -> None:
    before = maker.credits["available"]
    wanted = {"changes": {"sentence": {"replaces": OLD, "text": NEW}}}
    response = variant(maker, asset(film)["id"], wanted)
    job = finished(maker, response)
    assert response.json()["creditsUsed"] == PRICE
    assert maker.credits == {"available": before - PRICE, "held": 0}
    statement = maker.client.get(f"/api/credits/jobs/{job['jobId']}").json()
    assert (statement["held"], statement["captured"], statement["released"]) == (PRICE, PRICE, 0)
    assert {"type": "video_variant", "credits": PRICE} in maker.client.get("/api/prices").json()["prices"]
    assert response.json()["parentAssetId"] == asset(job)["parentAssetId"] == asset(film)["id"]

    captions = content(maker, job, "captions_srt").decode()
    assert " ".join(captions.split()).count("Your tea stays hot") == 1
    assert "many hours" not in captions
    old, new = frames(content(maker, film)), frames(content(maker, job))
    same = next(n for n, (one, two) in enumerate(zip(old, new, strict=False)) if not numpy.array_equal(one, two))
    first = content(maker, film, "captions_srt").decode().split("\n\n")[1].split("-->")[0].split(":")[-1].strip()
    assert same > 25
    assert same / 25 > float(first.replace(",", ".")) - 1  # the encoder looks ahead by a few frames

    with c2pa.Reader("video/mp4", io.BytesIO(content(maker, film))) as reader:
        earlier = json.loads(reader.json())["active_manifest"]
    with c2pa.Reader("video/mp4", io.BytesIO(content(maker, job))) as reader:
        manifests = json.loads(reader.json())
    [ingredient] = manifests["manifests"][manifests["active_manifest"]]["ingredients"]
    assert (ingredient["relationship"], ingredient["active_manifest"]) == ("parentOf", earlier)
    assert manifests["validation_state"] == "Valid"


@pytest.mark.slow
def test_changed_film_is_changed_again(maker: Customer, film: dict[str, Any]) -> None:
    wanted = {"changes": {"sentence": {"number": 2, "text": NEW}}}
    job = finished(maker, variant(maker, asset(film)["id"], wanted))
    before = maker.credits["available"]
    again = {"changes": {"sentence": {"number": 3, "text": "See it in your shop on Monday."}, "cta": "See it now"}}
    chained = finished(maker, variant(maker, asset(job)["id"], again))
    words = " ".join(content(maker, chained, "captions_srt").decode().split())
    assert "Your tea stays hot" in words
    assert "shop on Monday." in words
    assert asset(chained)["parentAssetId"] == asset(job)["id"]
    assert maker.credits == {"available": before - PRICE, "held": 0}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"changes": {"sentence": {"number": 4, "text": NEW}}}, "changes.sentence.number"),
        ({"changes": {"sentence": {"replaces": "It keeps tea hot.", "text": NEW}}}, "changes.sentence.replaces"),
        ({"changes": {"sentence": {"text": NEW}}}, "changes.sentence"),
        ({"changes": {"sentence": {"number": 2, "replaces": OLD, "text": NEW}}}, "changes.sentence"),
        ({"changes": {"sentence": {"number": 2}}}, "changes.sentence.text"),
        ({"changes": {"sentence": {"number": 2, "text": "今すぐ買う。"}}}, "changes.sentence.text"),
        ({"changes": {"sentence": {"number": 2, "text": "A bargain for you."}}}, "changes.sentence.text"),
        ({"changes": {"cta": "A bargain"}}, "changes.cta"),
        ({"changes": {"headline": "Cold"}}, "changes.headline"),
        ({"lock": ["headline"]}, "lock"),
    ],
)
def test_change_that_cannot_be_made_is_named_before_the_hold(
    maker: Customer, film: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    maker.client.patch(f"/api/projects/{maker.ids['projectId']}", json={"brand": {"bannedWords": ["bargain"]}})
    before = maker.credits
    response = variant(maker, asset(film)["id"], body)
    assert response.status_code == 400, response.text
    assert field in invalid_fields(response)
    assert maker.credits == before


def test_other_assets_and_other_users_find_no_film(
    system: RunningSystem, maker: Customer, film: dict[str, Any]
) -> None:
    wanted = {"changes": {"sentence": {"number": 2, "text": NEW}}}
    error_of(variant(maker, asset(film, "poster")["id"], wanted), 422, "ASSET_WITHOUT_SCENE")
    error_of(variant(maker, asset(film, "captions_srt")["id"], wanted), 422, "ASSET_WITHOUT_SCENE")
    error_of(variant(system.customer(10), asset(film)["id"], wanted), 404, "ASSET_NOT_FOUND")


def test_budget_of_an_api_key_holds_for_films(maker: Customer, film: dict[str, Any]) -> None:
    key = maker.client.post("/api/keys", json={"name": "ci", "creditBudget": PRICE - 1}).json()["key"]
    url = f"{maker.system.system.url}/api/assets/{asset(film)['id']}/variants"
    before = maker.credits
    body = {"changes": {"sentence": {"number": 2, "text": NEW}}}
    answer = httpx.post(url, json=body, headers={"X-API-Key": key}, timeout=60, trust_env=False)
    error_of(answer, 402, "API_KEY_BUDGET_EXCEEDED")
    assert maker.credits == before
