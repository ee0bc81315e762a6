"""What customers see of jobs that workers end: credits, notes, the response that waited, and the stream of all jobs."""

from __future__ import annotations

import httpx

from tests.contract.test_unknown_fields import RATIO
from tests.contract.test_waiting import events, post
from tests.running import Customer, RunningSystem
from tests.support import TERMINAL_STATUSES, ended


def test_credits_are_released_once_the_status_is_failed(system: RunningSystem) -> None:
    customer = system.customer(40)
    body = {
        **customer.ids,
        "script": "Hello and welcome to our little shop.",
        "avatarUrl": "http://127.0.0.1/a.jpg",
    }
    accepted = customer.client.post("/api/generate/video", json=body).json()
    assert accepted["creditsUsed"] == 40
    ended(customer, accepted["jobId"], status="failed")
    assert customer.credits == {"available": 40, "held": 0}


def test_response_that_waited_for_a_failure_charges_nothing(system: RunningSystem) -> None:
    customer = system.customer(40)
    body = {
        **customer.ids,
        "script": "Hello and welcome to our little shop.",
        "avatarUrl": "http://127.0.0.1/a.jpg",
    }
    response = customer.client.post("/api/generate/video", json=body, headers={"Prefer": "wait=50"}).json()
    assert response["job"]["status"] == "failed"
    assert (response["creditsUsed"], response["creditsRemaining"]) == (0, 40)
    assert customer.credits == {"available": 40, "held": 0}


def test_completed_job_reports_unknown_fields(customer: Customer) -> None:
    body = {**customer.ids, "ratio": "9:16"}
    response = customer.client.post("/api/generate/static-ad", json=body, headers={"Prefer": "wait=60"}).json()
    job = response["job"] if response["status"] in TERMINAL_STATUSES else ended(customer, response["jobId"])
    assert RATIO in job["notes"]
    assert response["notes"] == [RATIO]


def test_response_contains_a_job_that_completes_within_the_wait(customer: Customer) -> None:
    response = post(customer, "static-ad", customer.ids, prefer="wait=60", idempotency_key="w")
    assert response.headers["preference-applied"] == "wait=60"
    body = response.json()
    assert (body["status"], body["creditsUsed"], body["job"]["status"]) == ("completed", 3, "completed")
    assert body["job"]["id"] == body["jobId"]
    image = next(asset for asset in body["job"]["assets"] if asset["type"] == "image")
    assert httpx.get(image["url"], trust_env=False).status_code == 200
    replayed = post(customer, "static-ad", customer.ids, prefer="wait=1", idempotency_key="w").json()
    assert (replayed["jobId"], replayed["status"]) == (body["jobId"], "completed")


def test_stream_reports_each_change_of_the_callers_jobs(system: RunningSystem) -> None:
    customer, other = system.customer(100), system.customer(100)
    with customer.client.stream("GET", "/api/generate/jobs/events", timeout=120) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        mine = [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(2)]
        other.client.post("/api/generate/static-ad", json=other.ids)
        reported: dict[str, list[str]] = {job_id: [] for job_id in mine}
        for event in events(response):
            reported[event["id"]].append(event["status"])  # a KeyError: the job of another user
            if all(statuses and statuses[-1] == "completed" for statuses in reported.values()):
                break
    for statuses in reported.values():
        assert statuses == sorted(statuses, key=["queued", "processing", "completed"].index)
