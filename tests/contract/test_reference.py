"""Every example and rule of the API reference, through the real gateway and the whole system."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import httpx
import jwt
import pytest

from local.home import AUDIENCE, ISSUER, KEY_ID
from tests.running import Customer, RunningSystem
from tests.support import SCRIPT, ended, error_of, invalid_fields, until

RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class TestCopy:
    def body(self, customer: Customer, **changes: Any) -> dict[str, Any]:
        return {
            **customer.ids,
            "platform": "meta",
            "format": "short",
            "tone": "bold",
            "customInstructions": "Focus on the summer sale",
            "idempotencyKey": "user-session-abc123",
            **changes,
        }

    def test_copy_example_returns_five_variants_for_one_credit(self, system: RunningSystem) -> None:
        customer = system.customer(25)
        response = customer.client.post("/api/generate/copy", json=self.body(customer))
        assert response.status_code == 200, response.text
        body = response.json()
        assert set(body) - {"notes"} == {"jobId", "status", "creditsUsed", "creditsRemaining", "variants"}
        assert (body["status"], body["creditsUsed"], body["creditsRemaining"]) == ("completed", 1, 24)
        assert len(body["variants"]) == 5
        for variant in body["variants"]:
            assert set(variant) == {"hook", "body", "cta", "hashtags"}
            assert variant["hook"]
            assert variant["cta"]
        assert any("Aurora" in variant["hook"] + variant["body"] for variant in body["variants"])
        assert customer.credits["available"] == 24
        status = ended(customer, body["jobId"])
        assert (status["type"], status["status"]) == ("copy", "completed")
        assert status["jobId"] == status["id"] == body["jobId"]
        assert status["variants"] == body["variants"]
        listed = customer.client.get("/api/generate/jobs").json()["jobs"]
        assert [(job["jobId"], job["variants"]) for job in listed] == [(body["jobId"], [])]

    @pytest.mark.parametrize(
        ("field", "options"),
        [
            ("platform", ["meta", "tiktok", "google", "linkedin", "pinterest", "universal"]),
            ("format", ["short", "long", "hook", "story"]),
            ("tone", ["professional", "casual", "urgent", "luxe", "playful", "bold"]),
        ],
    )
    def test_documented_options_are_accepted_and_others_refused(
        self, customer: Customer, field: str, options: list[str]
    ) -> None:
        for option in options:
            body = self.body(customer, idempotencyKey=str(uuid.uuid4()), **{field: option})
            assert customer.client.post("/api/generate/copy", json=body).status_code == 200
        refused = customer.client.post("/api/generate/copy", json=self.body(customer, **{field: "other"}))
        assert invalid_fields(refused) == {field}

    @pytest.mark.parametrize("field", ["projectId", "productId", "platform", "format", "tone"])
    def test_missing_required_field_is_400(self, customer: Customer, field: str) -> None:
        body = self.body(customer)
        del body[field]
        assert invalid_fields(customer.client.post("/api/generate/copy", json=body)) == {field}

    def test_length_limits_count_characters(self, customer: Customer) -> None:
        taken = self.body(customer, customInstructions="é" * 500, idempotencyKey="ü" * 128)
        assert customer.client.post("/api/generate/copy", json=taken).status_code == 200
        refused = self.body(customer, customInstructions="é" * 501, idempotencyKey="ü" * 129)
        response = customer.client.post("/api/generate/copy", json=refused)
        assert invalid_fields(response) == {"customInstructions", "idempotencyKey"}

    def test_unknown_fields_are_ignored(self, customer: Customer) -> None:
        response = customer.client.post("/api/generate/copy", json=self.body(customer, campaign={"name": "x"}))
        assert response.status_code == 200


class TestStaticAd:
    def test_static_ad_example_is_queued_then_completed_with_an_image(self, system: RunningSystem) -> None:
        customer = system.customer(24)
        response = customer.client.post(
            "/api/generate/static-ad",
            json={
                **customer.ids,
                "style": "modern",
                "aspectRatio": "1:1",
                "prompt": "Summer vibes, bright background",
                "idempotencyKey": "static-abc123",
            },
        )
        assert response.status_code == 200, response.text
        body = response.json()
        assert body == {"jobId": body["jobId"], "status": "queued", "creditsUsed": 3, "creditsRemaining": 21}
        status = ended(customer, body["jobId"])
        assert set(status) - {"notes", "jobId", "variants", "projectId", "productId", "deletedAssets"} == {
            "id",
            "type",
            "status",
            "assets",
            "createdAt",
            "completedAt",
        }
        assert (status["id"], status["type"], status["status"]) == (body["jobId"], "static_ad", "completed")
        assert RFC3339_UTC.fullmatch(status["createdAt"])
        assert RFC3339_UTC.fullmatch(status["completedAt"])
        images = [asset for asset in status["assets"] if asset["type"] == "image"]
        assert len(images) == 1
        assert set(images[0]) - {"contentType", "sizeBytes", "sha256", "facts"} == {"id", "type", "url"}
        image = httpx.get(images[0]["url"], trust_env=False)  # without a token
        assert image.status_code == 200
        assert image.headers["content-type"] == "image/png"
        assert image.content.startswith(b"\x89PNG")
        assert int.from_bytes(image.content[16:20]) == int.from_bytes(image.content[20:24]) == 1080
        assert customer.credits == {"available": 21, "held": 0}

    def test_modified_asset_link_is_403(self, customer: Customer) -> None:
        accepted = customer.client.post("/api/generate/static-ad", json=customer.ids).json()
        url = ended(customer, accepted["jobId"])["assets"][0]["url"]
        whole = httpx.get(url, trust_env=False)
        part = httpx.get(url, headers={"Range": "bytes=0-7"}, trust_env=False)
        assert (part.status_code, part.content) == (206, whole.content[:8])
        for changed in (
            url[:-2] + ("AA" if url[-2:] != "AA" else "BB"),
            re.sub(r"expires=\d+", "expires=9999999999", url),
            url.split("?")[0],
        ):
            refused = httpx.get(changed, trust_env=False)
            error_of(refused, 403, "BAD_SIGNATURE")

    def test_all_invalid_fields_are_reported(self, customer: Customer) -> None:
        body = {
            "projectId": "x",
            "style": "cubist",
            "aspectRatio": "2:1",
            "prompt": "abcd",
            "idempotencyKey": "k" * 129,
        }
        response = customer.client.post("/api/generate/static-ad", json=body)
        assert invalid_fields(response) == {
            "projectId",
            "productId",
            "style",
            "aspectRatio",
            "prompt",
            "idempotencyKey",
        }

    def test_wrong_types_and_malformed_json_are_400(self, customer: Customer) -> None:
        wrong = {**customer.ids, "style": 5, "prompt": ["a"]}
        assert invalid_fields(customer.client.post("/api/generate/static-ad", json=wrong)) == {"style", "prompt"}
        response = customer.client.post(
            "/api/generate/static-ad", content=b"{not json", headers={"Content-Type": "application/json"}
        )
        error_of(response, 400)


class TestVideo:
    def test_completed_video_has_h264_and_aac_streams(self, system: RunningSystem) -> None:
        import io

        import av

        customer = system.customer(40)
        accepted = customer.client.post(
            "/api/generate/video", json={**customer.ids, "script": SCRIPT, "aspectRatio": "1:1"}
        ).json()
        status = ended(customer, accepted["jobId"])
        assert status["status"] == "completed", status
        video = next(asset for asset in status["assets"] if asset["type"] == "video")
        content = httpx.get(video["url"], trust_env=False).content
        with av.open(io.BytesIO(content), "r") as container:
            assert container.streams.video[0].codec_context.name == "h264"
            assert container.streams.audio[0].codec_context.name == "aac"
            assert container.duration is not None
            assert container.duration / 1_000_000 > 2
        assert customer.credits == {"available": 0, "held": 0}

    def test_private_avatar_address_fails_with_a_message_and_releases_credits(self, system: RunningSystem) -> None:
        customer = system.customer(40)
        body = {**customer.ids, "script": SCRIPT, "avatarUrl": "http://127.0.0.1/avatar.jpg"}
        accepted = customer.client.post("/api/generate/video", json=body).json()
        status = ended(customer, accepted["jobId"])
        assert status["status"] == "failed"
        assert status["error"]["reason"] == "ADDRESS_NOT_PUBLIC"
        assert status["error"]["message"] == (
            "avatarUrl could not be used. The address is not a public internet address."
        )
        assert status["assets"] == []
        until(lambda: customer.credits == {"available": 40, "held": 0}, describe=lambda: customer.credits)

    def test_script_length_voice_and_ratio_are_validated(self, customer: Customer) -> None:
        short = {**customer.ids, "script": "too short", "aspectRatio": "3:2", "avatarUrl": "no address"}
        response = customer.client.post("/api/generate/video", json=short)
        assert invalid_fields(response) == {"script", "aspectRatio", "avatarUrl"}
        for body, field in (({"script": SCRIPT, "aspectRatio": "4:5"}, "aspectRatio"), ({}, "script")):
            response = customer.client.post("/api/generate/video", json={**customer.ids, **body})
            assert invalid_fields(response) == {field}  # both are for product films
        unknown = {**customer.ids, "script": SCRIPT, "voiceId": "robot-9"}
        response = customer.client.post("/api/generate/video", json=unknown)
        assert "male-1" in error_of(response, 400)["message"]


class TestRefusals:
    PATHS = ("copy", "static-ad", "video")

    def body(self, customer: Customer, path: str) -> dict[str, Any]:
        more = {"copy": {"platform": "meta", "format": "short", "tone": "bold"}, "video": {"script": SCRIPT}}
        return {**customer.ids, **more.get(path, {})}

    @pytest.mark.parametrize("path", PATHS)
    def test_insufficient_credits_is_402_and_creates_nothing(self, system: RunningSystem, path: str) -> None:
        customer = system.customer(0)
        response = customer.client.post(f"/api/generate/{path}", json=self.body(customer, path))
        error = error_of(response, 402, "INSUFFICIENT_CREDITS")
        price = {"copy": 1, "static-ad": 3, "video": 40}[path]
        assert {field["field"]: field["message"] for field in error["fields"]} == {
            "price": str(price),
            "available": "0",
        }
        assert "operator" in error["message"]
        assert customer.credits == {"available": 0, "held": 0}
        assert customer.client.get("/api/generate/jobs").json()["jobs"] == []
        assert customer.client.get("/api/credits/statement").json()["entries"] == []

    @pytest.mark.parametrize("path", PATHS)
    def test_project_or_product_of_another_user_is_404(self, system: RunningSystem, path: str) -> None:
        owner, other = system.customer(0), system.customer(100)
        body = self.body(other, path)
        for change, reason in (
            ({"projectId": owner.project_id, "productId": owner.product_id}, "PROJECT_NOT_FOUND"),
            ({"productId": owner.product_id}, "PRODUCT_NOT_FOUND"),
            ({"projectId": str(uuid.uuid4())}, "PROJECT_NOT_FOUND"),
        ):
            response = other.client.post(f"/api/generate/{path}", json={**body, **change})
            error_of(response, 404, reason)
        assert other.credits["available"] == 100

    def test_product_of_the_callers_other_project_is_404(self, customer: Customer) -> None:
        second = customer.client.post("/api/projects", json={"name": "Second"}).json()
        body = {"projectId": second["id"], "productId": customer.product_id}
        assert customer.client.post("/api/generate/static-ad", json=body).status_code == 404

    def test_job_of_another_user_is_404(self, system: RunningSystem) -> None:
        owner, other = system.customer(), system.customer()
        job_id = owner.client.post("/api/generate/static-ad", json=owner.ids).json()["jobId"]
        for response in (
            other.client.get("/api/generate/status", params={"jobId": job_id}),
            other.client.post("/api/generate/cancel", json={"jobId": job_id}),
            other.client.get("/api/generate/events", params={"jobId": job_id}),
        ):
            error_of(response, 404, "JOB_NOT_FOUND")

    def test_untrusted_tokens_are_401(self, system: RunningSystem) -> None:
        key = (system.home.keys / "private.pem").read_bytes()
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u", "iat": now, "exp": now + 60}
        bad = {
            "none": None,
            "unsigned": jwt.encode(claims, "", algorithm="none"),
            "expired": jwt.encode({**claims, "exp": now - 3600}, key, algorithm="RS256", headers={"kid": KEY_ID}),
            "audience": jwt.encode({**claims, "aud": "other"}, key, algorithm="RS256", headers={"kid": KEY_ID}),
            "issuer": jwt.encode({**claims, "iss": "other"}, key, algorithm="RS256", headers={"kid": KEY_ID}),
            "garbage": "abc.def.ghi",
        }
        for name, token in bad.items():
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            response = httpx.get(f"{system.system.url}/api/credits", headers=headers, trust_env=False)
            assert response.status_code == 401, name
            error_of(response, 401, "UNAUTHENTICATED")

    def test_grant_without_admin_role_is_403(self, customer: Customer) -> None:
        body = {"userId": customer.id, "credits": 1, "grantId": "g", "reason": "r"}
        response = customer.client.post("/api/admin/grants", json=body)
        error_of(response, 403, "FORBIDDEN")


class TestStatus:
    def test_event_stream_ends_with_the_terminal_status(self, customer: Customer) -> None:
        job_id = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
        with customer.client.stream("GET", "/api/generate/events", params={"jobId": job_id}) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            lines = [line for line in response.iter_lines() if line.startswith("data:")]
        assert '"completed"' in lines[-1]

    def test_resumed_stream_of_a_completed_job_is_204_and_assets_support_head(self, customer: Customer) -> None:
        job_id = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
        path = f"/api/generate/events?jobId={job_id}"
        ids = [line.removeprefix("id: ") for line in customer.client.get(path).text.split("\n") if line[:4] == "id: "]
        for seen, status in ((ids[-1], 204), ("", 200), ("of another job", 200)):
            response = customer.client.get(path, headers={"last-event-id": seen} if seen else {})
            assert response.status_code == status
            assert ('"completed"' in response.text) is (status == 200)
        image = next(asset for asset in customer.status(job_id)["assets"] if asset["type"] == "image")
        # One connection for all requests: a surplus byte in one response would break the next.
        with httpx.Client(trust_env=False) as anybody:
            for part, status in (({}, 200), ({"range": "bytes=10-99"}, 206), ({}, 200)):
                head = anybody.head(image["url"], headers=part)
                whole = anybody.get(image["url"], headers=part)
                assert head.status_code == whole.status_code == status
                assert head.content == b""
                assert head.headers["content-length"] == whole.headers["content-length"] == str(len(whole.content))
                assert head.headers["content-type"] == whole.headers["content-type"]
            refused = anybody.head(image["url"][:-1])
            assert refused.status_code == 403
            assert anybody.get(image["url"]).status_code == 200


class TestCatalogAndCredits:
    def test_project_and_product_are_created_changed_and_deleted(self, customer: Customer) -> None:
        client = customer.client
        changed = client.patch(f"/api/projects/{customer.project_id}", json={"name": "Renamed"}).json()
        assert (changed["name"], changed["brand"]["colours"]) == ("Renamed", ["#1d2a8c"])
        product = client.patch(f"/api/products/{customer.product_id}", json={"price": "39.50"}).json()
        assert (product["price"], product["currency"]) == ("39.50", "USD")
        refused = client.patch(f"/api/products/{customer.product_id}", json={"currency": ""})
        assert invalid_fields(refused) == {"currency"}
        unpriced = {"name": "x", "price": "1.00"}
        response = client.post(f"/api/projects/{customer.project_id}/products", json=unpriced)
        assert invalid_fields(response) == {"currency"}
        assert client.delete(f"/api/projects/{customer.project_id}").status_code == 200
        assert client.get(f"/api/products/{customer.product_id}").status_code == 404

    def test_catalog_of_another_user_is_404(self, system: RunningSystem) -> None:
        owner, other = system.customer(0), system.customer(0)
        project, product = f"/api/projects/{owner.project_id}", f"/api/products/{owner.product_id}"
        for response in (
            other.client.get(project),
            other.client.patch(project, json={"name": "x"}),
            other.client.delete(project),
            other.client.get(f"{project}/products"),
            other.client.post(f"{project}/products", json={"name": "x"}),
            other.client.get(product),
            other.client.patch(product, json={"name": "x"}),
            other.client.delete(product),
            other.client.get(f"{product}/image"),
            other.client.get(f"{product}/understanding"),
            other.client.patch(f"{product}/understanding", json={"kind": "good"}),
        ):
            assert response.status_code == 404, response.request.url
        assert owner.client.get(product).status_code == 200

    def test_understanding_is_shown_corrected_and_reset(self, customer: Customer) -> None:
        client, path = customer.client, f"/api/products/{customer.product_id}/understanding"
        client.patch(f"/api/products/{customer.product_id}", json={"features": ["keeps drinks cold", "fits a bag"]})
        first = client.get(path)
        assert first.status_code == 200, first.text
        shown = first.json()
        assert shown["productId"] == customer.product_id
        assert shown["confidence"] in ("sure", "likely", "not_known")
        assert {"name", "brand", "language", "facts", "version", "madeAt"} <= shown.keys()
        strongest = shown["facts"][0]
        body = {"kind": "cause", "facts": [{"text": strongest["text"].upper(), "role": "condition"}]}
        changed = client.patch(path, json=body).json()
        assert (changed["kind"], changed["corrected"]) == ("cause", ["kind", "facts"])
        assert {fact["text"]: fact["role"] for fact in changed["facts"]}[strongest["text"]] == "condition"
        client.patch(f"/api/products/{customer.product_id}", json={"audience": "hikers"})
        again = client.get(path).json()
        assert (again["kind"], again["audience"], again["corrected"]) == ("cause", "hikers", ["kind", "facts"])
        emptied = client.patch(path, json={"updateMask": "sensitive", "reset": ["kind", "facts"]}).json()
        assert (emptied["corrected"], emptied["facts"]) == (["sensitive"], shown["facts"])
        assert client.patch(path, json={"reset": ["all"]}).json() == client.get(path).json()
        assert client.get(path).json().get("corrected", []) == []

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"trade": "no such trade"}, {"trade"}),
            ({"kind": "sandwich"}, {"kind"}),
            ({"goal": "sing"}, {"goal"}),
            ({"language": "the English one"}, {"language"}),
            ({"sensitive": ["weather"]}, {"sensitive[0]"}),
            ({"facts": [{"text": "nobody said this", "role": "benefit"}]}, {"facts[0].text"}),
            ({"facts": [{"text": "x", "role": "joke"}]}, {"facts[0].role"}),
            ({"reset": ["name"]}, {"reset[0]"}),
        ],
    )
    def test_invalid_corrections_are_refused(self, customer: Customer, body: dict[str, Any], fields: set[str]) -> None:
        path = f"/api/products/{customer.product_id}/understanding"
        assert invalid_fields(customer.client.patch(path, json=body)) == fields

    def test_uploaded_photo_is_readable_and_invalid_bytes_are_refused(self, customer: Customer) -> None:
        import io

        from PIL import Image

        content = io.BytesIO()
        Image.new("RGB", (80, 70), "red").save(content, "PNG")
        path = f"/api/products/{customer.product_id}/image"
        response = customer.client.post(path, content=content.getvalue(), headers={"Content-Type": "image/png"})
        assert response.status_code == 200, response.text
        assert response.json()["hasImage"] is True
        read = customer.client.get(path)
        assert (read.headers["content-type"], read.content) == ("image/png", content.getvalue())
        refused = customer.client.post(path, content=b"not an image", headers={"Content-Type": "image/png"})
        error_of(refused, 400, "IMAGE_UNREADABLE")

    def test_prices_are_listed(self, customer: Customer) -> None:
        prices = customer.client.get("/api/prices").json()["prices"]
        assert {price["type"]: price["credits"] for price in prices} == {
            "copy": 1,
            "static_ad": 3,
            "video": 40,
            "video_product": 15,
            "static_ad_variant": 1,
            "video_variant": 5,
        }

    def test_repeated_grant_id_grants_once(self, system: RunningSystem) -> None:
        customer = system.customer(0)
        admin = system.client("admin", admin=True)
        body = {"userId": customer.id, "credits": 5, "grantId": str(uuid.uuid4()), "reason": "r"}
        responses = [admin.post("/api/admin/grants", json=body).json()["available"] for _ in range(3)]
        assert responses == [5, 5, 5]
        conflict = admin.post("/api/admin/grants", json={**body, "credits": 6})
        assert conflict.status_code == 409

    def test_voices_and_avatars_are_listed(self, customer: Customer) -> None:
        voices = customer.client.get("/api/voices").json()["voices"]
        assert {"male-1", "female-4"} <= {voice["id"] for voice in voices}
        assert len(customer.client.get("/api/avatars").json()["avatars"]) >= 6
