"""Unknown and misplaced fields are reported in notes or, with strict handling, refused free of charge."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.running import RunningSystem
from tests.support import invalid_fields

STRICT = {"Prefer": "handling=strict"}
COPY = {"platform": "meta", "format": "hook", "tone": "bold"}
RATIO = "The unknown field ratio was ignored. Did you mean aspectRatio?"


class TestPaidCalls:
    def test_copy_reports_unknown_fields_in_its_notes_and_in_replays(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(10)
        body = {**customer.ids, **COPY, "size": "large", "formt": "hook"}
        headers = {"Idempotency-Key": "unknown-fields-1"}
        first = customer.client.post("/api/generate/copy", json=body, headers=headers).json()
        assert first["notes"]["general"] == [
            "The unknown field size was ignored.",
            "The unknown field formt was ignored. Did you mean format?",
        ]
        assert len(first["variants"]) == 5
        again = customer.client.post("/api/generate/copy", json=body, headers=headers)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.json() == first
        assert customer.credits["available"] == 9

    @pytest.mark.parametrize("path", ["static-ad", "video"])
    def test_accepted_jobs_report_unknown_fields(self, path: str, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        body = {**customer.ids, "script": "We open at seven, come in.", "ratio": "9:16"}
        if path == "static-ad":
            del body["script"]
        response = customer.client.post(f"/api/generate/{path}", json=body).json()
        assert (response["status"], response["notes"]) == ("queued", [RATIO])
        del body["ratio"]
        assert "notes" not in customer.client.post(f"/api/generate/{path}", json=body).json()

    @pytest.mark.parametrize("path", ["copy", "static-ad", "video"])
    def test_strict_handling_refuses_before_placing_a_hold(self, path: str, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(100)
        body: dict[str, Any] = {**customer.ids, **(COPY if path == "copy" else {}), "colors": ["red"]}
        if path == "video":
            body["script"] = "We open at seven, come in."
        response = customer.client.post(f"/api/generate/{path}", json=body, headers=STRICT)
        assert invalid_fields(response) == {"colors"}
        assert response.headers["preference-applied"] == "handling=strict"
        assert customer.credits == {"available": 100, "held": 0}
        del body["colors"]
        good = customer.client.post(f"/api/generate/{path}", json=body, headers={"Prefer": "handling=strict, wait=0"})
        assert good.status_code == 200
        assert good.headers["preference-applied"] == "handling=strict"


class TestMisplacedFields:
    def test_delete_with_a_contradicting_id_is_400(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(0)
        other = customer.client.post("/api/projects", json={"name": "other"}).json()["id"]
        path = f"/api/projects/{customer.project_id}"
        responses = [
            customer.client.delete(f"{path}?projectId={other}"),
            customer.client.delete(f"{path}?project_id={other}"),
            customer.client.request("DELETE", path, json={"project_id": other}),
            customer.client.patch(path, json={"name": "x", "projectId": other}),
        ]
        assert [response.status_code for response in responses] == [400] * 4
        found = {project["id"] for project in customer.client.get("/api/projects").json()["projects"]}
        assert {customer.project_id, other} <= found

    def test_grant_fields_in_the_query_do_not_replace_the_body(self, waiting_system: RunningSystem) -> None:
        customer = waiting_system.customer(5)
        query = f"userId={customer.id}&credits=7&grantId=g-{time.time_ns()}&reason=r"
        admin = waiting_system.client("operator", admin=True)
        assert invalid_fields(admin.post(f"/api/admin/grants?{query}")) == {"userId", "credits", "grantId", "reason"}
        assert customer.credits["available"] == 5
