"""Idempotency-Key, Prefer: wait and the stream of all jobs, through the real gateway and the whole system."""

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

from tests.contract.test_reference import SCRIPT, error_of, wrong_fields
from tests.running import Customer, RunningSystem

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
    def test_the_recorded_answer_is_replayed_word_for_word(
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

    def test_also_after_the_job_and_its_project_are_gone(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        first = post(customer, "static-ad", customer.ids, idempotency_key="k").json()
        customer.client.post("/api/generate/cancel", json={"jobId": first["jobId"]})
        customer.client.delete(f"/api/projects/{customer.project_id}")
        assert post(customer, "static-ad", customer.ids, idempotency_key="k").json() == first

    def test_another_body_or_another_call_is_422(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        post(customer, "static-ad", customer.ids, idempotency_key="k")
        for answer in (
            post(customer, "static-ad", {**customer.ids, "style": "bold"}, idempotency_key="k"),
            post(customer, "video", {**customer.ids, "script": SCRIPT}, idempotency_key="k"),
        ):
            assert answer.status_code == 422
            assert error_of(answer)["reason"] == "IDEMPOTENCY_KEY_REUSED"
            assert error_of(answer)["retryable"] is False
        assert customer.credits["held"] == 3

    def test_of_forty_at_once_one_pays_and_the_others_hear_of_it_or_409(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(200)
        answers: list[httpx.Response] = []

        def send() -> None:
            answers.append(post(customer, "static-ad", customer.ids, idempotency_key="race"))

        threads = [threading.Thread(target=send) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        counted = Counter(answer.status_code for answer in answers)
        assert set(counted) <= {200, 409}
        assert sum(counted.values()) == 40
        for answer in answers:
            if answer.status_code == 409:
                assert error_of(answer)["reason"] == "REQUEST_IN_FLIGHT"
                assert error_of(answer)["retryable"] is True
                assert answer.headers["retry-after"] == "1"
        assert len({answer.json()["jobId"] for answer in answers if answer.status_code == 200}) == 1
        assert customer.credits == {"available": 197, "held": 3}

    def test_a_refused_request_leaves_the_key_free(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(0)
        assert post(customer, "static-ad", customer.ids, idempotency_key="k").status_code == 402
        customer.grant(3)
        assert post(customer, "static-ad", customer.ids, idempotency_key="k").status_code == 200

    def test_what_is_no_key_is_named(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(3)
        answer = post(customer, "static-ad", customer.ids, idempotency_key="no key")
        assert wrong_fields(answer) == {"Idempotency-Key"}

    def test_header_and_field_work_beside_each_other(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        body = {**customer.ids, "idempotencyKey": "field"}
        first = post(customer, "static-ad", body, idempotency_key="one").json()
        second = post(customer, "static-ad", body, idempotency_key="two").json()
        assert (second["jobId"], second["status"], second["creditsUsed"]) == (first["jobId"], "reused", 0)
        assert post(customer, "static-ad", body, idempotency_key="one").json() == first


class TestPreferWait:
    def test_a_job_that_ends_in_time_is_in_the_answer(self, customer: Customer) -> None:
        answer = post(customer, "static-ad", customer.ids, prefer="wait=60", idempotency_key="w")
        assert answer.headers["preference-applied"] == "wait=60"
        body = answer.json()
        assert (body["status"], body["creditsUsed"], body["job"]["status"]) == ("completed", 3, "completed")
        assert body["job"]["id"] == body["jobId"]
        image = next(asset for asset in body["job"]["assets"] if asset["type"] == "image")
        assert httpx.get(image["url"], trust_env=False).status_code == 200
        replayed = post(customer, "static-ad", customer.ids, prefer="wait=1", idempotency_key="w").json()
        assert (replayed["jobId"], replayed["status"]) == (body["jobId"], "completed")

    def test_one_that_does_not_is_queued_after_the_time(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(40)
        began = time.monotonic()
        answer = post(customer, "video", {**customer.ids, "script": SCRIPT}, prefer="wait=1")
        assert 0.9 < time.monotonic() - began < 5
        assert answer.json()["status"] == "queued"
        assert "job" not in answer.json()

    def test_without_the_header_or_on_copy_nothing_waits(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        assert "preference-applied" not in post(customer, "static-ad", customer.ids).headers
        assert "preference-applied" not in post(customer, "copy", {**customer.ids, **COPY}, prefer="wait=5").headers

    def test_a_job_that_is_canceled_while_somebody_waits_is_told(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(3)

        def cancel() -> None:
            give_up = time.monotonic() + 20
            while time.monotonic() < give_up:
                jobs = customer.client.get("/api/generate/jobs").json()["jobs"]
                if jobs and jobs[0]["status"] == "queued":
                    customer.client.post("/api/generate/cancel", json={"jobId": jobs[0]["id"]})
                    return

        thread = threading.Thread(target=cancel)
        thread.start()
        answer = post(customer, "static-ad", customer.ids, prefer="wait=30").json()
        thread.join(30)
        assert (answer["status"], answer["job"]["status"]) == ("canceled", "canceled")


def events(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in answer.iter_lines():
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))


class TestAllJobs:
    def test_live_jobs_first_then_each_change_of_any(self, system: RunningSystem) -> None:
        customer, other = system.customer(100), system.customer(100)
        with customer.client.stream("GET", "/api/generate/jobs/events", timeout=120) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            mine = [
                customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(2)
            ]
            other.client.post("/api/generate/static-ad", json=other.ids)
            told: dict[str, list[str]] = {job_id: [] for job_id in mine}
            for event in events(answer):
                told[event["id"]].append(event["status"])  # a KeyError is somebody else's job
                if all(statuses and statuses[-1] == "completed" for statuses in told.values()):
                    break
        for statuses in told.values():
            assert statuses == sorted(statuses, key=["queued", "processing", "completed"].index)

    def test_a_job_that_was_live_before_is_told_at_the_start(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(3)
        job_id = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
        with customer.client.stream("GET", "/api/generate/jobs/events", timeout=30) as answer:
            assert next(events(answer))["id"] == job_id
