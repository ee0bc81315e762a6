"""The API reference of jobs that wait for a worker, through the real gateway: reuse by key, status and lists."""

from __future__ import annotations

from tests.running import RunningSystem
from tests.support import SCRIPT, error_of


def test_video_example_is_queued_for_forty_credits(waiting_system: RunningSystem) -> None:
    customer = waiting_system.customer(100)
    body = {**customer.ids, "script": SCRIPT, "voiceId": "male-1", "aspectRatio": "9:16", "idempotencyKey": "v"}
    body["avatarUrl"] = "https://example.com/avatar.jpg"
    response = customer.client.post("/api/generate/video", json=body).json()
    assert response == {"jobId": response["jobId"], "status": "queued", "creditsUsed": 40, "creditsRemaining": 60}


class TestReuse:
    def test_duplicate_key_returns_the_live_job_free_of_charge(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        body = {**customer.ids, "idempotencyKey": "my-key-123"}
        first = customer.client.post("/api/generate/static-ad", json=body).json()
        second = customer.client.post("/api/generate/static-ad", json={**body, "style": "bold"}).json()
        assert second == {"jobId": first["jobId"], "status": "reused", "creditsUsed": 0, "creditsRemaining": 7}
        video = {**customer.ids, "script": SCRIPT, "idempotencyKey": "my-key-123"}
        assert customer.client.post("/api/generate/video", json=video).json()["jobId"] == first["jobId"]

    def test_key_of_a_terminal_job_starts_a_new_job(self, waiting_system: RunningSystem) -> None:
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

    def test_equal_keys_of_two_users_are_independent(self, waiting_system: RunningSystem) -> None:
        jobs = set()
        for customer in (waiting_system.customer(3), waiting_system.customer(3)):
            body = {**customer.ids, "idempotencyKey": "same"}
            jobs.add(customer.client.post("/api/generate/static-ad", json=body).json()["jobId"])
        assert len(jobs) == 2


class TestStatus:
    def test_queued_job_has_no_assets_and_no_completion_time(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(3)
        job_id = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
        status = customer.status(job_id)
        assert status["status"] == "queued"
        assert status["assets"] == []
        assert "completedAt" not in status
        assert customer.credits == {"available": 0, "held": 3}
        assert customer.client.post("/api/generate/cancel", json={"jobId": job_id}).status_code == 200
        error_of(customer.client.post("/api/generate/cancel", json={"jobId": job_id}), 409, "JOB_ENDED")

    def test_jobs_are_listed_newest_first_in_pages(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(15)
        created = [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]
        listed: list[str] = []
        token = ""
        for _ in range(4):
            page = customer.client.get("/api/generate/jobs", params={"pageSize": 2, "pageToken": token}).json()
            listed += [job["id"] for job in page["jobs"]]
            token = page["nextPageToken"]
            if not token:
                break
        assert listed == created[::-1]
