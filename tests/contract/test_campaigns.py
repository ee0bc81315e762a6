"""Campaigns through the gateway: estimates, what is refused, owners, keys and cancellation. Jobs stay queued."""

from __future__ import annotations

import json
import uuid
from typing import Any

import grpc
import httpx
import pytest
from adwright.access.v1 import access_pb2

from gateway.openapi import IMAGE
from gateway.routes import read_descriptors
from services.chassis.rpc.auth import ActingFor, ServiceIdentity
from tests.running import Customer, RunningSystem
from tests.support import error_of, invalid_fields, until

COPY = {"platforms": ["meta", "tiktok"], "format": "short", "tone": "bold"}
IMAGES = {"style": "modern", "aspectRatios": ["1:1", "4:5"]}


def body(customer: Customer, mode: str = "execute", **more: Any) -> dict[str, Any]:
    return {"mode": mode, "projectId": customer.project_id, "productIds": [customer.product_id], **more}


def post(customer: Customer, content: dict[str, Any], **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return customer.client.post("/api/generate/campaign", json=content, headers=named)


def begun(customer: Customer, content: dict[str, Any], **headers: str) -> str:
    response = post(customer, content, **headers)
    assert response.status_code == 200, response.text
    return str(response.json()["campaignId"])


def campaign(customer: Customer, campaign_id: str) -> dict[str, Any]:
    response = customer.client.get(f"/api/campaigns/{campaign_id}")
    assert response.status_code == 200, response.text
    return dict(response.json())


UNKNOWN = [str(uuid.UUID(int=number, version=4)) for number in range(1, 502)]  # equal in every process of the tests


class TestEstimate:
    def test_every_child_has_its_price_and_nothing_is_held(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        wanted = body(customer, "estimate", copy=[COPY], images=[IMAGES], variants=2, variantAxis="angle")
        wanted["videos"] = [{"aspectRatios": ["9:16"], "seconds": 6}]
        answer = post(customer, wanted).json()
        children = [
            (child["type"], child.get("platform") or child["aspectRatio"], child.get("version"), child["credits"])
            for child in answer["children"]
        ]
        assert children == [
            ("copy", "meta", None, 1),
            ("copy", "tiktok", None, 1),
            ("static_ad", "1:1", 1, 3),
            ("static_ad", "4:5", 1, 3),
            ("video", "9:16", None, 15),
            ("static_ad", "1:1", 2, 3),
            ("static_ad", "4:5", 2, 3),
        ]
        assert answer["creditsEstimated"] == sum(child[3] for child in children)
        assert answer["status"] == "estimated"
        assert customer.credits == {"available": 100, "held": 0}
        assert customer.client.get("/api/campaigns").json()["campaigns"] == []
        error_of(customer.client.get(f"/api/campaigns/{answer['campaignId']}"), 404, "CAMPAIGN_NOT_FOUND")

    def test_each_child_is_in_its_language_or_refused_and_not_begun(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)  # its product is described in English
        wanted = body(customer, "estimate", images=[{"aspectRatios": ["1:1"], "languages": ["de", "en"]}])
        estimate = post(customer, wanted).json()
        german, english = estimate["children"]
        assert (german["language"], german["status"], german["credits"]) == ("de", "failed", 0)
        assert german["error"]["reason"] == "LANGUAGE_NOT_AVAILABLE"
        assert (english["language"], english["status"], english["credits"]) == ("en", "waiting", 3)
        assert estimate["creditsEstimated"] == 3
        execution = {"mode": "execute", "estimateId": estimate["campaignId"], "maxCredits": 3}
        campaign_id = begun(customer, execution)
        until(lambda: campaign(customer, campaign_id)["counts"]["running"] == 1 or None, seconds=60)
        german, english = campaign(customer, campaign_id)["children"]
        assert ("jobId" in german, german["status"], german["error"]["reason"]) == (
            False,
            "failed",
            "LANGUAGE_NOT_AVAILABLE",
        )
        assert (english["language"], "error" in english) == ("en", False)
        assert customer.credits["held"] == 3
        wanted["images"][0]["languages"] = ["de", "fr"]
        assert invalid_fields(post(customer, wanted)) == {"images[0].languages"}

    def test_progress_is_streamed_to_the_owner_until_the_end(self, waiting_system: RunningSystem) -> None:
        customer, other = waiting_system.customer(10), waiting_system.customer(10)
        campaign_id = begun(customer, body(customer, images=[IMAGES]))
        path = f"/api/campaigns/{campaign_id}/events"
        error_of(other.client.get(path), 404, "CAMPAIGN_NOT_FOUND")
        events: list[dict[str, Any]] = []
        last = ""
        with customer.client.stream("GET", path, timeout=60) as response:
            assert response.headers["content-type"] == "text/event-stream"
            for line in response.iter_lines():
                last = line.removeprefix("id: ") if line.startswith("id: ") else last
                if line.startswith("data: "):
                    events.append(json.loads(line.removeprefix("data: ")))
                    if events[-1]["counts"]["running"] == 2:
                        customer.client.post(f"/api/campaigns/{campaign_id}/cancel", json={})
        assert events[-1]["status"] == "canceled"
        assert (events[-1]["counts"]["canceled"], events[-1]["children"]) == (2, [])
        assert customer.client.get(path, headers={"last-event-id": last}).status_code == 204

    def test_estimate_is_executed_once_for_its_owner_only(self, waiting_system: RunningSystem) -> None:
        customer, other = waiting_system.customer(100), waiting_system.customer(100)
        estimate = begun(customer, body(customer, "estimate", images=[IMAGES]))
        execution = {"mode": "execute", "estimateId": estimate}
        error_of(post(other, execution), 404, "ESTIMATE_NOT_FOUND")
        assert post(customer, execution).json()["status"] == "admitting"
        assert post(customer, execution).json()["status"] == "reused"
        until(lambda: customer.credits["held"] == 6 or None)
        assert len(customer.client.get("/api/generate/jobs").json()["jobs"]) == 2
        error_of(other.client.get(f"/api/campaigns/{estimate}"), 404, "CAMPAIGN_NOT_FOUND")


class TestRefusals:
    @pytest.mark.parametrize(
        ("more", "field"),
        [
            ({}, "images"),
            ({"images": [IMAGES], "variants": 3}, "variantAxis"),
            ({"copy": [COPY], "variants": 2, "variantAxis": "palette"}, "variantAxis"),
            ({"images": [IMAGES, IMAGES]}, "images[1]"),
            ({"images": [{"aspectRatios": ["3:1"]}]}, "images[0].aspectRatios[0]"),
            ({"images": [IMAGES], "allProducts": True}, "productIds"),
            ({"videos": [{"kind": "avatar", "aspectRatios": ["9:16"]}]}, "videos[0].script"),
            ({"videos": [{"aspectRatios": ["9:16"], "voiceIds": ["nobody"]}]}, "videos[0].voiceIds"),
            ({"images": [IMAGES], "estimateId": UNKNOWN[0]}, "images"),
            (
                {"productIds": UNKNOWN, "images": [IMAGES]},
                "productIds",
            ),
        ],
        ids=str,
    )
    def test_wrong_field_is_named_before_anything_is_held(
        self, waiting_system: RunningSystem, more: dict[str, Any], field: str
    ) -> None:
        customer = waiting_system.customer(100)
        assert field in invalid_fields(post(customer, {**body(customer), **more}))
        assert customer.credits == {"available": 100, "held": 0}
        assert customer.client.get("/api/campaigns").json()["campaigns"] == []

    def test_products_of_others_and_too_few_credits(self, waiting_system: RunningSystem) -> None:
        customer, other = waiting_system.customer(2), waiting_system.customer(0)
        theirs = {**body(customer, images=[IMAGES]), "productIds": [other.product_id]}
        error_of(post(customer, theirs), 404, "PRODUCT_NOT_FOUND")
        theirs = {**body(other, images=[IMAGES]), "productIds": [], "allProducts": True}
        error_of(post(customer, theirs), 404, "PROJECT_NOT_FOUND")
        error_of(post(customer, body(customer, images=[IMAGES])), 402, "INSUFFICIENT_CREDITS")
        assert customer.credits == {"available": 2, "held": 0}


class TestKeys:
    def test_header_replays_and_body_finds_the_live_campaign(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        wanted = body(customer, images=[IMAGES], idempotencyKey="set")
        first = post(customer, wanted, idempotency_key="k")
        again = post(customer, wanted, idempotency_key="k")
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        error_of(post(customer, {**wanted, "name": "x"}, idempotency_key="k"), 422, "IDEMPOTENCY_KEY_REUSED")
        live = post(customer, wanted).json()
        assert (live["campaignId"], live["status"]) == (first.json()["campaignId"], "reused")
        assert len(customer.client.get("/api/campaigns").json()["campaigns"]) == 1

    def test_budget_of_the_api_key_pays_for_the_children(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        key = customer.client.post("/api/keys", json={"name": "n", "creditBudget": 7}).json()["key"]
        machine = httpx.Client(base_url=waiting_system.system.url, headers={"X-API-Key": key}, timeout=60)
        ratios = {"aspectRatios": ["1:1", "4:5", "9:16"]}
        response = machine.post("/api/generate/campaign", json=body(customer, images=[ratios]))
        assert response.status_code == 200, response.text
        path = f"/api/campaigns/{response.json()['campaignId']}"
        until(lambda: machine.get(path).json()["status"] == "running" or None)
        shown = machine.get(path).json()
        assert (shown["counts"]["running"], shown["counts"]["skipped"]) == (2, 1)
        [skipped] = [child for child in shown["children"] if child["status"] == "skipped"]
        assert skipped["error"]["reason"] == "API_KEY_BUDGET_EXCEEDED"
        assert customer.credits == {"available": 94, "held": 6}


class TestCancel:
    def test_jobs_that_no_worker_has_taken_are_canceled_and_their_credits_back(
        self, waiting_system: RunningSystem
    ) -> None:
        customer, other = waiting_system.customer(100), waiting_system.customer(0)
        campaign_id = begun(customer, body(customer, images=[IMAGES]))
        until(lambda: customer.credits["held"] == 6 or None)
        error_of(customer.client.get(f"/api/campaigns/{campaign_id}/pack"), 409, "CAMPAIGN_HAS_NO_ADS")
        path = f"/api/campaigns/{campaign_id}/cancel"
        error_of(other.client.post(path, json={}), 404, "CAMPAIGN_NOT_FOUND")
        assert customer.client.post(path, json={}).status_code == 200
        until(lambda: campaign(customer, campaign_id)["status"] == "canceled" or None)
        assert customer.credits == {"available": 100, "held": 0}
        shown = campaign(customer, campaign_id)
        assert (shown["counts"]["canceled"], shown["creditsSpent"], shown["creditsHeld"]) == (2, 0, 0)
        error_of(customer.client.post(path, json={}), 409, "CAMPAIGN_ENDED")


class TestActing:
    def test_service_that_acts_for_a_user_may_call_the_methods_that_say_so_and_no_other(
        self, waiting_system: RunningSystem
    ) -> None:
        customer = waiting_system.customer(0)
        secret = (waiting_system.home.keys / "service-secret").read_text(encoding="utf-8").strip()
        metadata = ServiceIdentity("campaign", secret).metadata(acting_for=ActingFor(user_id=customer.id))
        reached: set[str] = set()
        public: set[str] = set()
        for file in read_descriptors(IMAGE).file:
            for service in file.service if file.package.startswith("adwright.") else ():
                port = waiting_system.system.ports[file.package.split(".")[1]]
                with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                    for method in service.method:
                        path = f"/{file.package}.{service.name}/{method.name}"
                        if access_pb2.CALLER_PUBLIC in method.options.Extensions[access_pb2.callers]:
                            public.add(method.name)
                        elif status_of(channel, path, metadata) is not grpc.StatusCode.PERMISSION_DENIED:
                            reached.add(method.name)
        generating = {"GenerateCopy", "GenerateStaticAd", "GenerateVideo"}
        assert reached == generating | {"CancelJob", "GetProduct", "ListProducts", "ListVoices"}
        assert public == {"GetAsset", "GetVoiceSample", "GetAvatarPreview", "GetPublicKey"}


def status_of(channel: grpc.Channel, path: str, metadata: Any) -> grpc.StatusCode:
    """The status of a call with an empty request: the caller is checked first."""
    try:
        call: Any = channel.unary_stream(path)
        list(call(b"", metadata=metadata, timeout=20))  # reads a single response too
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK
