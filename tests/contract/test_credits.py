"""Credits over REST beyond the reference: expiry, usage by day, pages and filters of the statement, releases."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.running import RunningSystem
from tests.support import until


def grant(system: RunningSystem, user: str, amount: int, **more: Any) -> httpx.Response:
    body = {"userId": user, "credits": amount, "grantId": str(uuid.uuid4()), "reason": "a test", **more}
    return system.client("admin", admin=True).post("/api/admin/grants", json=body)


def rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TestExpiry:
    def test_credits_that_expire_first_are_spent_first(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        soon = datetime.now(UTC) + timedelta(days=2)
        granted = grant(waiting_system, customer.id, 2, type="promotional", expiresAt=rfc3339(soon))
        assert granted.json()["available"] == 12
        assert customer.client.get("/api/credits").json() == {
            "available": 12,
            "held": 0,
            "expiringSoon": 2,
            "nextExpiry": rfc3339(soon),
        }
        job = customer.client.post("/api/generate/static-ad", json=customer.ids).json()
        assert customer.client.get("/api/credits").json() == {"available": 9, "held": 3}
        customer.client.post("/api/generate/cancel", json={"jobId": job["jobId"]})

    def test_expiry_in_the_past_is_400(self, waiting_system: RunningSystem) -> None:
        response = grant(waiting_system, "somebody", 2, expiresAt="2020-01-01T00:00:00Z")
        assert response.status_code == 400
        assert response.json()["error"]["fields"] == [{"field": "expiresAt", "message": "must be in the future"}]


class TestStatement:
    def test_statement_has_pages_and_filters(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        jobs = [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]

        def entries(**query: Any) -> list[dict[str, Any]]:
            response = customer.client.get("/api/credits/statement", params=query)
            assert response.status_code == 200, response.text
            return list(response.json()["entries"])

        whole = entries()
        assert [entry["kind"] for entry in whole] == ["hold"] * 5 + ["grant"]
        pages, token = [], ""
        for _ in range(3):
            response = customer.client.get("/api/credits/statement", params={"pageSize": 2, "pageToken": token}).json()
            pages += response["entries"]
            token = response["nextPageToken"]
        assert pages == whole
        assert [entry["jobId"] for entry in entries(jobId=jobs[2])] == [jobs[2]]
        assert [entry["amount"] for entry in entries(kind="grant")] == [100]
        assert len(entries(projectId=customer.project_id)) == 5
        assert entries(to="2020-01-01T00:00:00Z") == []
        assert len(entries(**{"from": "2020-01-01T00:00:00Z"})) == 6
        bad = customer.client.get("/api/credits/statement", params={"pageToken": "abc"})
        assert (bad.status_code, bad.json()["error"]["fields"][0]["field"]) == (400, "pageToken")

    def test_credits_of_one_job_are_readable_by_its_owner_only(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        job_id = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
        held = customer.client.get(f"/api/credits/jobs/{job_id}").json()
        assert (held["state"], held["held"], held["captured"]) == ("held", 3, 0)
        other = waiting_system.customer(0)
        assert other.client.get(f"/api/credits/jobs/{job_id}").status_code == 404


class TestUsage:
    def test_usage_is_grouped_by_day_and_type(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        body = {**customer.ids, "platform": "meta", "format": "short", "tone": "bold"}
        for _ in range(2):
            assert customer.client.post("/api/generate/copy", json=body).status_code == 200
        until(lambda: not customer.credits["held"])
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        assert customer.client.get("/api/credits/usage").json() == {
            "days": [{"date": today, "type": "copy", "jobs": 2, "credits": 2, "refunded": 0}]
        }

    def test_usage_of_two_years_is_400(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        query = {"from": "2020-01-01T00:00:00Z", "to": "2022-01-01T00:00:00Z"}
        response = customer.client.get("/api/credits/usage", params=query)
        assert (response.status_code, response.json()["error"]["fields"][0]["field"]) == (400, "from")


class TestRelease:
    """A terminal status without a result is visible only once the credits are released."""

    def test_credits_of_a_canceled_job_can_be_spent_immediately(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(3)
        for _ in range(5):
            job = customer.client.post("/api/generate/static-ad", json=customer.ids)
            assert job.status_code == 200, job.text
            canceled = customer.client.post("/api/generate/cancel", json={"jobId": job.json()["jobId"]}).json()
            assert canceled["creditsReleased"] == 3
            assert customer.credits == {"available": 3, "held": 0}

    def test_product_film_has_a_price_of_its_own(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(15)
        listed = customer.client.get("/api/prices").json()["prices"]
        assert {"type": "video_product", "credits": 15} in listed
        body = {**customer.ids, "kind": "product", "aspectRatio": "4:5", "script": "Cold all day, warm all night."}
        refused = customer.client.post("/api/generate/video", json={**body, "avatarUrl": "https://faces.example/a.png"})
        assert refused.status_code == 400, refused.text
        assert customer.credits == {"available": 15, "held": 0}
        job = customer.client.post("/api/generate/video", json=body)
        assert job.status_code == 200, job.text
        assert job.json()["creditsUsed"] == 15
        canceled = customer.client.post("/api/generate/cancel", json={"jobId": job.json()["jobId"]}).json()
        assert canceled["creditsReleased"] == 15
        assert customer.credits == {"available": 15, "held": 0}
