"""The headers Idempotency-Key and Prefer: wait, and the stream of all jobs, through the gateway to the services."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.running import Customer, RunningSystem
from tests.support import SCRIPT, error_of, invalid_fields, until

COPY = {"platform": "meta", "format": "short", "tone": "bold"}


def post(customer: Customer, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return customer.client.post(
        f"/api/generate/{path}", json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


class TestIdempotencyKey:
    @pytest.mark.parametrize(
        ("path", "more"),
        [("static-ad", {}), ("video", {"script": SCRIPT}), ("copy", COPY)],
        ids=str,
    )
    def test_recorded_response_is_replayed_unchanged(
        self, waiting_system: RunningSystem, path: str, more: dict[str, Any]
    ) -> None:
        customer = waiting_system.customer(100)
        body, key = {**customer.ids, **more}, str(uuid.uuid4())
        first = post(customer, path, body, idempotency_key=key)
        assert first.status_code == 200, first.text
        assert "idempotency-replayed" not in first.headers
        again = post(customer, path, body, idempotency_key=f'"{key}"')
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert len(customer.client.get("/api/generate/jobs").json()["jobs"]) == 1

    def test_response_is_replayed_after_cancel_and_project_deletion(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        first = post(customer, "static-ad", customer.ids, idempotency_key="k").json()
        customer.client.post("/api/generate/cancel", json={"jobId": first["jobId"]})
        customer.client.delete(f"/api/projects/{customer.project_id}")
        assert post(customer, "static-ad", customer.ids, idempotency_key="k").json() == first

    def test_reused_key_with_another_body_or_method_is_422(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        post(customer, "static-ad", customer.ids, idempotency_key="k")
        for response in (
            post(customer, "static-ad", {**customer.ids, "style": "bold"}, idempotency_key="k"),
            post(customer, "video", {**customer.ids, "script": SCRIPT}, idempotency_key="k"),
        ):
            assert error_of(response, 422, "IDEMPOTENCY_KEY_REUSED")["retryable"] is False
        assert customer.credits["held"] == 3

    def test_one_of_forty_concurrent_duplicates_pays_and_the_others_replay_or_409(
        self, waiting_system: RunningSystem
    ) -> None:
        customer = waiting_system.customer(200)
        responses: list[httpx.Response] = []

        def send() -> None:
            responses.append(post(customer, "static-ad", customer.ids, idempotency_key="race"))

        threads = [threading.Thread(target=send) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        counted = Counter(response.status_code for response in responses)
        assert set(counted) <= {200, 409}
        assert sum(counted.values()) == 40
        for response in responses:
            if response.status_code == 409:
                assert error_of(response, 409, "REQUEST_IN_FLIGHT")["retryable"] is True
                assert response.headers["retry-after"] == "1"
        assert len({response.json()["jobId"] for response in responses if response.status_code == 200}) == 1
        assert customer.credits == {"available": 197, "held": 3}

    def test_refused_request_does_not_claim_its_key(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(0)
        assert post(customer, "static-ad", customer.ids, idempotency_key="k").status_code == 402
        customer.grant(3)
        assert post(customer, "static-ad", customer.ids, idempotency_key="k").status_code == 200

    def test_invalid_key_is_reported_by_header_name(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(3)
        response = post(customer, "static-ad", customer.ids, idempotency_key="no key")
        assert invalid_fields(response) == {"Idempotency-Key"}

    def test_header_and_body_key_are_independent(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        body = {**customer.ids, "idempotencyKey": "field"}
        first = post(customer, "static-ad", body, idempotency_key="one").json()
        second = post(customer, "static-ad", body, idempotency_key="two").json()
        assert (second["jobId"], second["status"], second["creditsUsed"]) == (first["jobId"], "reused", 0)
        assert post(customer, "static-ad", body, idempotency_key="one").json() == first


class TestPreferWait:
    def test_response_is_queued_when_the_wait_elapses(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(40)
        began = time.monotonic()
        response = post(customer, "video", {**customer.ids, "script": SCRIPT}, prefer="wait=1")
        assert 0.9 < time.monotonic() - began < 30
        assert response.json()["status"] == "queued"
        assert "job" not in response.json()

    def test_copy_and_requests_without_the_header_do_not_wait(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        assert "preference-applied" not in post(customer, "static-ad", customer.ids).headers
        assert "preference-applied" not in post(customer, "copy", {**customer.ids, **COPY}, prefer="wait=5").headers

    def test_wait_ends_when_the_job_is_canceled(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(3)

        def queued() -> dict[str, Any] | None:
            jobs = customer.client.get("/api/generate/jobs").json()["jobs"]
            return jobs[0] if jobs and jobs[0]["status"] == "queued" else None

        def cancel() -> None:
            job = until(queued)
            customer.client.post("/api/generate/cancel", json={"jobId": job["id"]})

        thread = threading.Thread(target=cancel)
        thread.start()
        response = post(customer, "static-ad", customer.ids, prefer="wait=60").json()
        thread.join(60)
        assert (response["status"], response["job"]["status"]) == ("canceled", "canceled")


def events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines():
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))


class TestAllJobs:
    def test_stream_starts_with_the_live_jobs(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(3)
        job_id = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
        with customer.client.stream("GET", "/api/generate/jobs/events", timeout=120) as response:
            assert next(events(response))["id"] == job_id
