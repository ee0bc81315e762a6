"""One thing of a finished picture is changed through the gateway: the rest stays, and it is an ordinary job."""

from __future__ import annotations

import io
import json
import re
import uuid
from typing import Any

import c2pa
import httpx
import numpy
import pytest
from PIL import Image

from tests.running import Customer, RunningSystem
from tests.support import ended, error_of, invalid_fields


def finished(customer: Customer, response: httpx.Response) -> dict[str, Any]:
    """The completed job of a response, however busy the machine."""
    assert response.status_code == 200, response.text
    return ended(customer, response.json()["jobId"], status="completed")


def asset(job: dict[str, Any], kind: str = "image") -> dict[str, Any]:
    return next(item for item in job["assets"] if item["type"] == kind)


def pixels(customer: Customer, job: dict[str, Any]) -> Any:
    content = customer.client.get(asset(job)["url"]).content
    return numpy.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def manifests(customer: Customer, job: dict[str, Any]) -> dict[str, Any]:
    """What a C2PA reader finds in the file of a job's picture."""
    content = io.BytesIO(customer.client.get(asset(job)["url"]).content)
    with c2pa.Reader("image/png", content) as reader:
        return dict(json.loads(reader.json()))


def picture(customer: Customer, **body: Any) -> dict[str, Any]:
    body = {
        **customer.ids,
        "style": "bold",
        "seed": "kept",
        "headline": "Water that stays cold",
        "badge": "New",
        **body,
    }
    return finished(customer, customer.client.post("/api/generate/static-ad", json=body))


def variant(customer: Customer, asset_id: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return customer.client.post(f"/api/assets/{asset_id}/variants", json=body, headers=headers)


@pytest.fixture(scope="module")
def maker(system: RunningSystem) -> Customer:
    return system.customer(1000)


@pytest.fixture(scope="module")
def parent(maker: Customer) -> dict[str, Any]:
    return picture(maker)


class TestChanges:
    def test_changed_headline_leaves_the_rest_and_costs_one_credit(
        self, maker: Customer, parent: dict[str, Any]
    ) -> None:
        before = maker.credits["available"]
        response = variant(maker, asset(parent)["id"], {"changes": {"headline": "Cold at noon, cold at night"}})
        job = finished(maker, response)
        assert response.json()["creditsUsed"] == 1
        assert response.json()["status"] == "queued"
        assert maker.credits == {"available": before - 1, "held": 0}
        assert response.json()["parentAssetId"] == asset(job)["parentAssetId"] == asset(parent)["id"]
        assert "parentAssetId" not in asset(parent)
        assert "Cold at noon, cold at night" in job["notes"][0]
        changed = (pixels(maker, parent) != pixels(maker, job)).any(axis=2)
        rows, columns = numpy.flatnonzero(changed.any(axis=1)), numpy.flatnonzero(changed.any(axis=0))
        assert changed.any()
        assert (rows[-1] - rows[0]) * (columns[-1] - columns[0]) < changed.size / 2

    def test_manifest_names_the_delivered_picture_as_its_parent(self, maker: Customer, parent: dict[str, Any]) -> None:
        job = finished(maker, variant(maker, asset(parent)["id"], {"changes": {"cta": "Taste it"}}))
        before, after = manifests(maker, parent), manifests(maker, job)
        [ingredient] = after["manifests"][after["active_manifest"]]["ingredients"]
        assert ingredient["relationship"] == "parentOf"
        assert ingredient["active_manifest"] == before["active_manifest"]
        assert after["validation_state"] == "Valid"

    def test_variant_can_be_changed_back_to_the_first_picture(self, maker: Customer, parent: dict[str, Any]) -> None:
        there = finished(maker, variant(maker, asset(parent)["id"], {"changes": {"cta": "See it now"}}))
        other = finished(maker, variant(maker, asset(there)["id"], {"changes": {"badge": "Hot"}}))
        back = finished(maker, variant(maker, asset(other)["id"], {"changes": {"badge": "New"}}))
        assert numpy.array_equal(pixels(maker, there), pixels(maker, back))
        assert asset(back)["parentAssetId"] == asset(other)["id"]

    def test_other_ratio_keeps_the_texts(self, maker: Customer, parent: dict[str, Any]) -> None:
        changed = finished(maker, variant(maker, asset(parent)["id"], {"changes": {"cta": "See it now"}}))
        job = finished(maker, variant(maker, asset(changed)["id"], {"changes": {"aspectRatio": "9:16"}}))
        assert pixels(maker, job).shape[:2] == (1920, 1080)
        assert "Water that stays cold" in job["notes"][0]
        again = finished(maker, variant(maker, asset(job)["id"], {"changes": {"headline": "Taller than before"}}))
        assert "Taller than before" in again["notes"][0]

    def test_other_palette_keeps_the_layout(self, maker: Customer, parent: dict[str, Any]) -> None:
        job = finished(maker, variant(maker, asset(parent)["id"], {"changes": {"palette": ["#0a7d3c", "#f4d35e"]}}))
        assert "Water that stays cold" in job["notes"][0]
        share = (pixels(maker, parent) != pixels(maker, job)).any(axis=2).mean()
        assert share > 0.5

    def test_locked_headline_stays_in_a_new_idea(self, maker: Customer, parent: dict[str, Any]) -> None:
        job = finished(maker, variant(maker, asset(parent)["id"], {"lock": ["headline", "palette"]}))
        assert "Water that stays cold" in job["notes"][0]
        assert (pixels(maker, parent) != pixels(maker, job)).any()

    def test_new_photo_is_shown(self, maker: Customer, parent: dict[str, Any]) -> None:
        shown = io.BytesIO()
        Image.effect_noise((600, 600), 90).convert("RGB").save(shown, "PNG")
        path = f"/api/products/{maker.product_id}/images"
        uploaded = maker.client.post(path, content=shown.getvalue(), headers={"Content-Type": "image/png"})
        assert uploaded.status_code == 200, uploaded.text
        product = maker.client.get(f"/api/products/{maker.product_id}").json()
        job = finished(
            maker, variant(maker, asset(parent)["id"], {"changes": {"productImageId": product["images"][0]["id"]}})
        )
        assert "Water that stays cold" in job["notes"][0]
        # The photo is now the product's; the first picture is drawn as it was, without it.
        again = finished(maker, variant(maker, asset(parent)["id"], {"changes": {"cta": "See it now"}}))
        assert (pixels(maker, parent) != pixels(maker, again)).any(axis=2).mean() < 0.2


class TestRefusals:
    def test_text_that_does_not_fit_is_named_before_the_hold(self, maker: Customer, parent: dict[str, Any]) -> None:
        before = maker.credits
        response = variant(maker, asset(parent)["id"], {"changes": {"headline": "W" * 80, "cta": "Buy"}})
        error_of(response, 422, "TEXT_TOO_LONG")
        assert [field["field"] for field in response.json()["error"]["fields"]] == ["changes.headline"]
        assert maker.credits == before

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "changes"),
            ({"changes": {}}, "changes"),
            ({"changes": {"cta": "Buy"}, "lock": ["headline"]}, "changes"),
            ({"changes": {"cta": "…"}}, "changes.cta"),
            ({"changes": {"price": "0"}}, "changes.price"),
            ({"changes": {"productImageId": str(uuid.uuid4())}}, "changes.productImageId"),
            ({"lock": ["price", "subline", "photo"]}, "lock[2]"),
        ],
    )
    def test_change_that_cannot_be_made_is_named(
        self, maker: Customer, parent: dict[str, Any], body: dict[str, Any], field: str
    ) -> None:
        response = variant(maker, asset(parent)["id"], body)
        assert response.status_code == 400, response.text
        assert field in invalid_fields(response)

    def test_element_that_the_picture_lacks_is_named(self, maker: Customer) -> None:
        job = picture(maker, prompt="no button, no price, bright")
        response = variant(maker, asset(job)["id"], {"changes": {"cta": "Buy", "price": "12"}})
        assert set(invalid_fields(response)) == {"changes.cta", "changes.price"}

    def test_thumbnail_and_foreign_assets_are_refused(
        self, system: RunningSystem, maker: Customer, parent: dict[str, Any]
    ) -> None:
        wanted = {"changes": {"cta": "Buy"}}
        error_of(variant(maker, asset(parent, "thumbnail")["id"], wanted), 422, "ASSET_WITHOUT_SCENE")
        error_of(variant(system.customer(10), asset(parent)["id"], wanted), 404, "ASSET_NOT_FOUND")
        error_of(variant(maker, str(uuid.uuid4()), wanted), 404, "ASSET_NOT_FOUND")


class TestOrdinaryJob:
    def test_repeated_request_is_replayed(self, maker: Customer, parent: dict[str, Any]) -> None:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first = variant(maker, asset(parent)["id"], {"changes": {"cta": "Buy one"}}, **key)
        before = maker.credits
        second = variant(maker, asset(parent)["id"], {"changes": {"cta": "Buy one"}}, **key)
        assert second.headers["idempotency-replayed"] == "true"
        assert second.json()["jobId"] == first.json()["jobId"]
        assert maker.credits == before
        other = variant(maker, asset(parent)["id"], {"changes": {"cta": "Buy two"}}, **key)
        error_of(other, 422, "IDEMPOTENCY_KEY_REUSED")

    def test_without_credits_nothing_is_made(self, system: RunningSystem) -> None:
        poor = system.customer(3)
        job = picture(poor)
        error_of(variant(poor, asset(job)["id"], {"changes": {"cta": "Buy"}}), 402, "INSUFFICIENT_CREDITS")

    def test_response_may_wait_for_the_picture(self, maker: Customer, parent: dict[str, Any]) -> None:
        response = variant(maker, asset(parent)["id"], {"changes": {"cta": "Wait for it"}}, Prefer="wait=50")
        assert response.headers["preference-applied"] == "wait=50"
        if "job" in response.json():
            assert response.json()["status"] == response.json()["job"]["status"] == "completed"

    def test_price_is_listed(self, maker: Customer) -> None:
        prices = maker.client.get("/api/prices").json()["prices"]
        assert {"type": "static_ad_variant", "credits": 1} in prices

    def test_variants_of_a_job_can_each_be_changed(self, maker: Customer) -> None:
        job = picture(maker, variants=2, headline="One of two")
        images = [item for item in job["assets"] if item["type"] == "image"]
        for item in images:
            changed = finished(maker, variant(maker, item["id"], {"changes": {"headline": "Changed"}}))
            assert re.search("“Changed”", changed["notes"][0])


class TestApiKeys:
    """A key makes variants of its owner's pictures, within its budget, until it is revoked."""

    @staticmethod
    def client(owner: Customer, **body: Any) -> tuple[httpx.Client, str]:
        """A client with a new key of the owner only, and the key's id."""
        response = owner.client.post("/api/keys", json={"name": "ci", **body}).json()
        headers = {"X-API-Key": response["key"]}
        url = owner.system.system.url
        return httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False), response["apiKey"]["id"]

    def test_variants_of_a_key_end_with_its_budget(self, maker: Customer, parent: dict[str, Any]) -> None:
        client, key_id = self.client(maker, creditBudget=2)
        before = maker.credits["available"]
        path = f"/api/assets/{asset(parent)['id']}/variants"
        with client:
            for number in (1, 2):
                answer = client.post(path, json={"changes": {"cta": f"Buy {number}"}})
                assert answer.status_code == 200, answer.text
                finished(maker, answer)
            third = client.post(path, json={"changes": {"cta": "Buy 3"}})
            error_of(third, 402, "API_KEY_BUDGET_EXCEEDED")
        assert maker.credits == {"available": before - 2, "held": 0}
        keys = {key["id"]: key for key in maker.client.get("/api/keys").json()["apiKeys"]}
        assert keys[key_id]["creditsSpent"] == 2

    def test_key_of_another_user_finds_no_picture(
        self, system: RunningSystem, maker: Customer, parent: dict[str, Any]
    ) -> None:
        other = system.customer(10)
        client, _ = self.client(other)
        with client:
            answer = client.post(f"/api/assets/{asset(parent)['id']}/variants", json={"changes": {"cta": "Buy"}})
        error_of(answer, 404, "ASSET_NOT_FOUND")
        assert other.credits == {"available": 10, "held": 0}

    def test_revoked_key_makes_nothing(self, maker: Customer, parent: dict[str, Any]) -> None:
        client, key_id = self.client(maker)
        before = maker.credits
        assert maker.client.delete(f"/api/keys/{key_id}").status_code == 200
        with client:
            answer = client.post(f"/api/assets/{asset(parent)['id']}/variants", json={"changes": {"cta": "Buy"}})
        error_of(answer, 401, "UNAUTHENTICATED")
        assert maker.credits == before

    def test_request_without_credentials_is_refused(self, maker: Customer, parent: dict[str, Any]) -> None:
        url = f"{maker.system.system.url}/api/assets/{asset(parent)['id']}/variants"
        error_of(httpx.post(url, json={"changes": {"cta": "Buy"}}, trust_env=False), 401, "UNAUTHENTICATED")
