"""The API reference, example by example and row by row, through the real gateway and the whole system."""

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

TERMINAL = {"completed", "failed", "canceled", "expired"}
RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SCRIPT = "Hey! You need to check out this amazing product..."


def ended(customer: Customer, job_id: str, seconds: float = 120) -> dict[str, Any]:
    """The job's status once it has ended."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        status = customer.status(job_id)
        if status["status"] in TERMINAL:
            return status
        time.sleep(0.2)
    raise AssertionError(f"the job has not ended: {status}")


def error_of(answer: httpx.Response) -> dict[str, Any]:
    """The error of a refusal, whose shape is always the same."""
    assert answer.headers["content-type"].startswith("application/json"), answer.headers
    body = answer.json()
    assert set(body) == {"error"}
    assert {"reason", "message", "requestId", "retryable"} <= set(body["error"]) <= {
        "reason", "message", "requestId", "retryable", "fields",
    }  # fmt: skip
    return dict(body["error"])


def wrong_fields(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 400, answer.text
    return {field["field"] for field in error_of(answer)["fields"]}


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

    def test_the_example_answers_with_five_variants_and_costs_one_credit(self, system: RunningSystem) -> None:
        customer = system.customer(25)
        answer = customer.client.post("/api/generate/copy", json=self.body(customer))
        assert answer.status_code == 200, answer.text
        body = answer.json()
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
    def test_every_option_is_taken_and_no_other(self, customer: Customer, field: str, options: list[str]) -> None:
        for option in options:
            body = self.body(customer, idempotencyKey=str(uuid.uuid4()), **{field: option})
            assert customer.client.post("/api/generate/copy", json=body).status_code == 200
        refused = customer.client.post("/api/generate/copy", json=self.body(customer, **{field: "other"}))
        assert wrong_fields(refused) == {field}

    @pytest.mark.parametrize("field", ["projectId", "productId", "platform", "format", "tone"])
    def test_a_required_field_is_required(self, customer: Customer, field: str) -> None:
        body = self.body(customer)
        del body[field]
        assert wrong_fields(customer.client.post("/api/generate/copy", json=body)) == {field}

    def test_lengths_count_characters(self, customer: Customer) -> None:
        taken = self.body(customer, customInstructions="é" * 500, idempotencyKey="ü" * 128)
        assert customer.client.post("/api/generate/copy", json=taken).status_code == 200
        refused = self.body(customer, customInstructions="é" * 501, idempotencyKey="ü" * 129)
        answer = customer.client.post("/api/generate/copy", json=refused)
        assert wrong_fields(answer) == {"customInstructions", "idempotencyKey"}

    def test_unknown_fields_are_ignored(self, customer: Customer) -> None:
        answer = customer.client.post("/api/generate/copy", json=self.body(customer, campaign={"name": "x"}))
        assert answer.status_code == 200


class TestStaticAd:
    def test_the_example_is_queued_then_completed_with_an_image(self, system: RunningSystem) -> None:
        customer = system.customer(24)
        answer = customer.client.post(
            "/api/generate/static-ad",
            json={
                **customer.ids,
                "style": "modern",
                "aspectRatio": "1:1",
                "prompt": "Summer vibes, bright background",
                "idempotencyKey": "static-abc123",
            },
        )
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body == {"jobId": body["jobId"], "status": "queued", "creditsUsed": 3, "creditsRemaining": 21}
        status = ended(customer, body["jobId"])
        assert set(status) - {"notes", "jobId", "variants"} == {
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
        assert set(images[0]) == {"id", "type", "url"}
        picture = httpx.get(images[0]["url"], trust_env=False)  # without a token
        assert picture.status_code == 200
        assert picture.headers["content-type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")
        assert int.from_bytes(picture.content[16:20]) == int.from_bytes(picture.content[20:24]) == 1080
        assert customer.credits == {"available": 21, "held": 0}

    def test_a_changed_link_opens_nothing(self, customer: Customer) -> None:
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
            assert refused.status_code == 403, changed
            assert error_of(refused)["reason"] == "BAD_SIGNATURE"

    def test_wrong_options_and_lengths_are_all_named(self, customer: Customer) -> None:
        body = {
            "projectId": "x",
            "style": "cubist",
            "aspectRatio": "2:1",
            "prompt": "abcd",
            "idempotencyKey": "k" * 129,
        }
        answer = customer.client.post("/api/generate/static-ad", json=body)
        assert wrong_fields(answer) == {"projectId", "productId", "style", "aspectRatio", "prompt", "idempotencyKey"}

    def test_wrong_types_and_bad_json_are_400(self, customer: Customer) -> None:
        wrong = {**customer.ids, "style": 5, "prompt": ["a"]}
        assert wrong_fields(customer.client.post("/api/generate/static-ad", json=wrong)) == {"style", "prompt"}
        answer = customer.client.post(
            "/api/generate/static-ad", content=b"{not json", headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400
        error_of(answer)


class TestVideo:
    def test_the_example_is_queued_and_costs_forty(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        body = {**customer.ids, "script": SCRIPT, "voiceId": "male-1", "aspectRatio": "9:16", "idempotencyKey": "v"}
        body["avatarUrl"] = "https://example.com/avatar.jpg"
        answer = customer.client.post("/api/generate/video", json=body).json()
        assert answer == {"jobId": answer["jobId"], "status": "queued", "creditsUsed": 40, "creditsRemaining": 60}

    def test_a_video_is_made_and_holds_sound_and_picture(self, system: RunningSystem) -> None:
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

    def test_an_avatar_that_is_not_public_fails_in_words_and_gives_the_credits_back(
        self, system: RunningSystem
    ) -> None:
        customer = system.customer(40)
        body = {**customer.ids, "script": SCRIPT, "avatarUrl": "http://127.0.0.1/avatar.jpg"}
        accepted = customer.client.post("/api/generate/video", json=body).json()
        status = ended(customer, accepted["jobId"])
        assert status["status"] == "failed"
        assert status["error"]["reason"] == "ADDRESS_NOT_PUBLIC"
        assert status["error"]["message"] == (
            "avatarUrl could not be used. The address does not lead to a host on the public internet."
        )
        assert status["assets"] == []
        give_up = time.monotonic() + 10
        while customer.credits != {"available": 40, "held": 0}:
            assert time.monotonic() < give_up, customer.credits
            time.sleep(0.1)

    def test_script_length_voice_and_ratio_are_checked(self, customer: Customer) -> None:
        short = {**customer.ids, "script": "too short", "aspectRatio": "4:5", "avatarUrl": "no address"}
        answer = customer.client.post("/api/generate/video", json=short)
        assert wrong_fields(answer) == {"script", "aspectRatio", "avatarUrl"}
        unknown = {**customer.ids, "script": SCRIPT, "voiceId": "robot-9"}
        answer = customer.client.post("/api/generate/video", json=unknown)
        assert answer.status_code == 400
        assert "male-1" in error_of(answer)["message"]


class TestRefusals:
    PATHS = ("copy", "static-ad", "video")

    def body(self, customer: Customer, path: str) -> dict[str, Any]:
        more = {"copy": {"platform": "meta", "format": "short", "tone": "bold"}, "video": {"script": SCRIPT}}
        return {**customer.ids, **more.get(path, {})}

    @pytest.mark.parametrize("path", PATHS)
    def test_too_few_credits_is_402_and_leaves_nothing(self, system: RunningSystem, path: str) -> None:
        customer = system.customer(0)
        answer = customer.client.post(f"/api/generate/{path}", json=self.body(customer, path))
        assert answer.status_code == 402
        error = error_of(answer)
        assert error["reason"] == "INSUFFICIENT_CREDITS"
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
    def test_what_is_somebody_elses_is_404(self, system: RunningSystem, path: str) -> None:
        owner, other = system.customer(0), system.customer(100)
        body = self.body(other, path)
        for change, reason in (
            ({"projectId": owner.project_id, "productId": owner.product_id}, "PROJECT_NOT_FOUND"),
            ({"productId": owner.product_id}, "PRODUCT_NOT_FOUND"),
            ({"projectId": str(uuid.uuid4())}, "PROJECT_NOT_FOUND"),
        ):
            answer = other.client.post(f"/api/generate/{path}", json={**body, **change})
            assert answer.status_code == 404
            assert error_of(answer)["reason"] == reason
        assert other.credits["available"] == 100

    def test_a_product_of_another_project_of_the_caller_is_404(self, customer: Customer) -> None:
        second = customer.client.post("/api/projects", json={"name": "Second"}).json()
        body = {"projectId": second["id"], "productId": customer.product_id}
        assert customer.client.post("/api/generate/static-ad", json=body).status_code == 404

    def test_another_users_job_is_404(self, system: RunningSystem) -> None:
        owner, other = system.customer(), system.customer()
        job_id = owner.client.post("/api/generate/static-ad", json=owner.ids).json()["jobId"]
        for answer in (
            other.client.get("/api/generate/status", params={"jobId": job_id}),
            other.client.post("/api/generate/cancel", json={"jobId": job_id}),
            other.client.get("/api/generate/events", params={"jobId": job_id}),
        ):
            assert answer.status_code == 404
            assert error_of(answer)["reason"] == "JOB_NOT_FOUND"

    def test_tokens_that_are_not_to_be_trusted_are_401(self, system: RunningSystem) -> None:
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
            answer = httpx.get(f"{system.system.url}/api/credits", headers=headers, trust_env=False)
            assert answer.status_code == 401, name
            assert error_of(answer)["reason"] == "UNAUTHENTICATED"

    def test_only_an_admin_grants(self, customer: Customer) -> None:
        body = {"userId": customer.id, "credits": 1, "grantId": "g", "reason": "r"}
        answer = customer.client.post("/api/admin/grants", json=body)
        assert answer.status_code == 403
        assert error_of(answer)["reason"] == "FORBIDDEN"


class TestReuse:
    def test_a_duplicate_answers_with_the_live_job_and_charges_nothing(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        body = {**customer.ids, "idempotencyKey": "my-key-123"}
        first = customer.client.post("/api/generate/static-ad", json=body).json()
        second = customer.client.post("/api/generate/static-ad", json={**body, "style": "bold"}).json()
        assert second == {"jobId": first["jobId"], "status": "reused", "creditsUsed": 0, "creditsRemaining": 7}
        video = {**customer.ids, "script": SCRIPT, "idempotencyKey": "my-key-123"}
        assert customer.client.post("/api/generate/video", json=video).json()["jobId"] == first["jobId"]

    def test_a_key_whose_job_has_ended_starts_a_new_one(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        body = {**customer.ids, "idempotencyKey": "again"}
        first = customer.client.post("/api/generate/static-ad", json=body).json()
        canceled = customer.client.post("/api/generate/cancel", json={"jobId": first["jobId"]}).json()
        assert canceled == {
            "jobId": first["jobId"], "status": "canceled", "creditsReleased": 3, "previousStatus": "queued",
        }  # fmt: skip
        second = customer.client.post("/api/generate/static-ad", json=body).json()
        assert second["status"] == "queued"
        assert second["jobId"] != first["jobId"]

    def test_another_users_equal_key_is_another_key(self, waiting_system: RunningSystem) -> None:
        jobs = set()
        for customer in (waiting_system.customer(3), waiting_system.customer(3)):
            body = {**customer.ids, "idempotencyKey": "same"}
            jobs.add(customer.client.post("/api/generate/static-ad", json=body).json()["jobId"])
        assert len(jobs) == 2


class TestStatus:
    def test_a_queued_job_has_no_assets_and_no_end(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(3)
        job_id = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
        status = customer.status(job_id)
        assert status["status"] == "queued"
        assert status["assets"] == []
        assert "completedAt" not in status
        assert customer.credits == {"available": 0, "held": 3}
        again = customer.client.post("/api/generate/cancel", json={"jobId": job_id})
        assert again.status_code == 200
        ended_before = customer.client.post("/api/generate/cancel", json={"jobId": job_id})
        assert ended_before.status_code == 409
        assert error_of(ended_before)["reason"] == "JOB_ENDED"

    def test_jobs_are_listed_newest_first_page_by_page(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(15)
        made = [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]
        listed: list[str] = []
        token = ""
        for _ in range(4):
            page = customer.client.get("/api/generate/jobs", params={"pageSize": 2, "pageToken": token}).json()
            listed += [job["id"] for job in page["jobs"]]
            token = page["nextPageToken"]
            if not token:
                break
        assert listed == made[::-1]

    def test_the_stream_tells_changes_until_the_end(self, customer: Customer) -> None:
        job_id = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
        with customer.client.stream("GET", "/api/generate/events", params={"jobId": job_id}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = [line for line in answer.iter_lines() if line.startswith("data:")]
        assert '"completed"' in lines[-1]

    def test_a_stream_is_over_for_who_has_seen_the_end_and_files_answer_head(self, customer: Customer) -> None:
        job_id = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
        path = f"/api/generate/events?jobId={job_id}"
        ids = [line.removeprefix("id: ") for line in customer.client.get(path).text.split("\n") if line[:4] == "id: "]
        for seen, status in ((ids[-1], 204), ("", 200), ("of another job", 200)):
            answer = customer.client.get(path, headers={"last-event-id": seen} if seen else {})
            assert answer.status_code == status
            assert ('"completed"' in answer.text) is (status == 200)
        image = next(asset for asset in customer.status(job_id)["assets"] if asset["type"] == "image")
        with httpx.Client(trust_env=False) as anybody:  # one connection for all: a byte too many would show
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


class TestCatalogueAndCredits:
    def test_a_project_and_a_product_are_made_read_changed_and_deleted(self, customer: Customer) -> None:
        client = customer.client
        changed = client.patch(f"/api/projects/{customer.project_id}", json={"name": "Renamed"}).json()
        assert (changed["name"], changed["brand"]["colours"]) == ("Renamed", ["#1d2a8c"])
        product = client.patch(f"/api/products/{customer.product_id}", json={"price": "39.50"}).json()
        assert (product["price"], product["currency"]) == ("39.50", "USD")
        refused = client.patch(f"/api/products/{customer.product_id}", json={"currency": ""})
        assert wrong_fields(refused) == {"currency"}
        unpriced = {"name": "x", "price": "1.00"}
        answer = client.post(f"/api/projects/{customer.project_id}/products", json=unpriced)
        assert wrong_fields(answer) == {"currency"}
        assert client.delete(f"/api/projects/{customer.project_id}").status_code == 200
        assert client.get(f"/api/products/{customer.product_id}").status_code == 404

    def test_the_catalogue_of_others_does_not_exist(self, system: RunningSystem) -> None:
        owner, other = system.customer(0), system.customer(0)
        project, product = f"/api/projects/{owner.project_id}", f"/api/products/{owner.product_id}"
        for answer in (
            other.client.get(project),
            other.client.patch(project, json={"name": "x"}),
            other.client.delete(project),
            other.client.get(f"{project}/products"),
            other.client.post(f"{project}/products", json={"name": "x"}),
            other.client.get(product),
            other.client.patch(product, json={"name": "x"}),
            other.client.delete(product),
            other.client.get(f"{product}/image"),
        ):
            assert answer.status_code == 404, answer.request.url
        assert owner.client.get(product).status_code == 200

    def test_an_uploaded_photo_can_be_read_back_and_rubbish_is_refused(self, customer: Customer) -> None:
        import io

        from PIL import Image

        content = io.BytesIO()
        Image.new("RGB", (80, 70), "red").save(content, "PNG")
        path = f"/api/products/{customer.product_id}/image"
        answer = customer.client.post(path, content=content.getvalue(), headers={"Content-Type": "image/png"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["hasImage"] is True
        read = customer.client.get(path)
        assert (read.headers["content-type"], read.content) == ("image/png", content.getvalue())
        refused = customer.client.post(path, content=b"no picture", headers={"Content-Type": "image/png"})
        assert refused.status_code == 400
        assert error_of(refused)["reason"] == "IMAGE_UNREADABLE"

    def test_prices_are_listed(self, customer: Customer) -> None:
        prices = customer.client.get("/api/prices").json()["prices"]
        assert {price["type"]: price["credits"] for price in prices} == {"copy": 1, "static_ad": 3, "video": 40}

    def test_a_grant_happens_once(self, system: RunningSystem) -> None:
        customer = system.customer(0)
        admin = system.client("admin", admin=True)
        body = {"userId": customer.id, "credits": 5, "grantId": str(uuid.uuid4()), "reason": "r"}
        answers = [admin.post("/api/admin/grants", json=body).json()["available"] for _ in range(3)]
        assert answers == [5, 5, 5]
        conflict = admin.post("/api/admin/grants", json={**body, "credits": 6})
        assert conflict.status_code == 409

    def test_voices_and_avatars_can_be_chosen_from(self, customer: Customer) -> None:
        voices = customer.client.get("/api/voices").json()["voices"]
        assert {"male-1", "female-4"} <= {voice["id"] for voice in voices}
        assert len(customer.client.get("/api/avatars").json()["avatars"]) >= 6
