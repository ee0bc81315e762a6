"""Unknown and misplaced fields, through the real gateway and the whole system: named, or refused free of charge."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.contract.test_reference import TERMINAL, ended, wrong_fields
from tests.running import Customer, RunningSystem

STRICT = {"Prefer": "handling=strict"}
COPY = {"platform": "meta", "format": "hook", "tone": "bold"}
RATIO = "The field ratio is not known and was ignored. Did you mean aspectRatio?"


class TestPaidCalls:
    def test_copy_names_them_in_its_notes_and_does_so_again(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        body = {**customer.ids, **COPY, "size": "large", "formt": "hook"}
        headers = {"Idempotency-Key": "unknown-fields-1"}
        first = customer.client.post("/api/generate/copy", json=body, headers=headers).json()
        assert first["notes"]["general"] == [
            "The field size is not known and was ignored.",
            "The field formt is not known and was ignored. Did you mean format?",
        ]
        assert len(first["variants"]) == 5
        again = customer.client.post("/api/generate/copy", json=body, headers=headers)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.json() == first
        assert customer.credits["available"] == 9

    @pytest.mark.parametrize("path", ["static-ad", "video"])
    def test_jobs_are_accepted_and_say_so(self, path: str, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        body = {**customer.ids, "script": "We open at seven, come in.", "ratio": "9:16"}
        if path == "static-ad":
            del body["script"]
        answer = customer.client.post(f"/api/generate/{path}", json=body).json()
        assert (answer["status"], answer["notes"]) == ("queued", [RATIO])
        del body["ratio"]
        assert "notes" not in customer.client.post(f"/api/generate/{path}", json=body).json()

    @pytest.mark.parametrize("path", ["copy", "static-ad", "video"])
    def test_strict_handling_refuses_before_credits_are_held(self, path: str, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        body: dict[str, Any] = {**customer.ids, **(COPY if path == "copy" else {}), "colors": ["red"]}
        if path == "video":
            body["script"] = "We open at seven, come in."
        answer = customer.client.post(f"/api/generate/{path}", json=body, headers=STRICT)
        assert wrong_fields(answer) == {"colors"}
        assert answer.headers["preference-applied"] == "handling=strict"
        assert customer.credits == {"available": 100, "held": 0}
        del body["colors"]
        good = customer.client.post(f"/api/generate/{path}", json=body, headers={"Prefer": "handling=strict, wait=0"})
        assert good.status_code == 200
        assert good.headers["preference-applied"] == "handling=strict"

    def test_a_finished_job_still_says_so(self, customer: Customer) -> None:
        body = {**customer.ids, "ratio": "9:16"}
        answer = customer.client.post("/api/generate/static-ad", json=body, headers={"Prefer": "wait=60"}).json()
        job = answer["job"] if answer["status"] in TERMINAL else ended(customer, answer["jobId"])
        assert RATIO in job["notes"]
        assert answer["notes"] == [RATIO]


class TestOnePlace:
    def test_a_deletion_deletes_what_the_path_names_or_nothing(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(0)
        other = customer.client.post("/api/projects", json={"name": "other"}).json()["id"]
        path = f"/api/projects/{customer.project_id}"
        answers = [
            customer.client.delete(f"{path}?projectId={other}"),
            customer.client.delete(f"{path}?project_id={other}"),
            customer.client.request("DELETE", path, json={"project_id": other}),
            customer.client.patch(path, json={"name": "x", "projectId": other}),
        ]
        assert [answer.status_code for answer in answers] == [400] * 4
        found = {project["id"] for project in customer.client.get("/api/projects").json()["projects"]}
        assert {customer.project_id, other} <= found

    def test_a_grant_needs_its_body(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(5)
        query = f"userId={customer.id}&credits=7&grantId=g-{time.time_ns()}&reason=r"
        admin = waiting_system.client("operator", admin=True)
        assert wrong_fields(admin.post(f"/api/admin/grants?{query}")) == {"userId", "credits", "grantId", "reason"}
        assert customer.credits["available"] == 5
