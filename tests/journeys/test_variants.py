"""`variants` of an image through the whole system: pictures that differ, and exact credits whatever happens midway."""

from __future__ import annotations

import hashlib
import io
import os
import re
import signal
from typing import Any

import c2pa
import pytest
from PIL import Image

from tests.running import Customer, RunningSystem
from tests.support import until

SECONDS = 120.0
FACTS = {
    "description": "A steel bottle that cleans itself. Keeps water fresh for 24 hours. Charged in one hour.",
    "features": ["No scrubbing, ever", "Leakproof lid", "Fits every cup holder", "Two-year warranty", "Only 390 g"],
}


def submitted(customer: Customer, variants: int) -> str:
    response = customer.client.post("/api/generate/static-ad", json={**customer.ids, "variants": variants})
    assert response.status_code == 200, response.text
    assert response.json()["creditsUsed"] == 3 * variants
    return str(response.json()["jobId"])


def when_made(customer: Customer, job_id: str, number: int) -> dict[str, Any]:
    """The job's status when at least so many pictures are made."""

    def found() -> dict[str, Any] | None:
        status = customer.status(job_id)
        return status if status["variantsDone"] >= number or status["status"] == "completed" else None

    return until(found, seconds=SECONDS)


def ended(customer: Customer, job_id: str) -> dict[str, Any] | None:
    """The job's status, if it is completed."""
    status = customer.status(job_id)
    return status if status["status"] == "completed" else None


def assert_pictures(customer: Customer, status: dict[str, Any], made: list[int]) -> None:
    """Asserts that these pictures are listed, open without a token, are signed, and differ."""
    listed = [(asset["variant"], asset["type"]) for asset in status["assets"]]
    assert listed == [(number, name) for number in made for name in ("image", "thumbnail")]
    contents = [customer.client.get(asset["url"]).content for asset in status["assets"] if asset["type"] == "image"]
    assert len({hashlib.sha256(content).hexdigest() for content in contents}) == len(made)
    for content in contents:
        assert Image.open(io.BytesIO(content)).size == (1080, 1080)
        with c2pa.Reader("image/png", io.BytesIO(content)) as reader:
            assert "c2pa.created" in reader.json()


def test_worker_killed_midway_costs_no_picture_twice(system: RunningSystem) -> None:
    customer = system.customer(40)
    customer.client.patch(f"/api/products/{customer.product_id}", json=FACTS).raise_for_status()
    job_id = submitted(customer, 8)
    assert 0 < when_made(customer, job_id, 2)["variantsDone"] < 8
    os.kill(system.system.processes["image-worker"].pid, signal.SIGKILL)
    status = until(lambda: ended(customer, job_id), seconds=SECONDS)
    assert (status["variantsTotal"], status["variantsDone"]) == (8, 8)
    assert_pictures(customer, status, list(range(1, 9)))
    headlines = re.findall("Headline: “(.+?)”", " ".join(status["notes"]))  # of the alternative texts
    assert len(headlines) == 8
    assert len(set(headlines)) >= 5, headlines
    assert customer.credits == {"available": 16, "held": 0}
    statement = customer.client.get(f"/api/credits/jobs/{job_id}").json()
    assert (statement["held"], statement["captured"], statement["released"]) == (24, 24, 0)


def test_cancellation_midway_pays_for_the_pictures_that_are_listed(system: RunningSystem) -> None:
    customer = system.customer(40)
    job_id = submitted(customer, 10)
    when_made(customer, job_id, 1)
    canceled = customer.client.post("/api/generate/cancel", json={"jobId": job_id}).json()
    status = customer.status(job_id)
    made = status["variantsDone"]
    assert status["status"] == "canceled"
    assert 0 < made < 10
    assert canceled["creditsReleased"] == 30 - 3 * made
    assert status["notes"][0].startswith(f"{made} of 10 variants were made. You were charged {3 * made} credits")
    assert_pictures(customer, status, list(range(1, made + 1)))
    assert customer.credits == {"available": 40 - 3 * made, "held": 0}
    entries = customer.client.get(f"/api/credits/statement?jobId={job_id}").json()["entries"]
    assert [(entry["kind"], entry["amount"]) for entry in reversed(entries)] == [
        ("hold", 30),
        ("capture", 3 * made),
        ("remainder", 30 - 3 * made),
    ]


@pytest.mark.parametrize("variants", [0, 11, "many"])
def test_number_that_cannot_be_made_is_refused_before_the_hold(system: RunningSystem, variants: object) -> None:
    customer = system.customer(40)
    response = customer.client.post("/api/generate/static-ad", json={**customer.ids, "variants": variants})
    assert response.status_code == 400
    assert response.json()["error"]["fields"][0]["field"] == "variants"
    assert customer.credits == {"available": 40, "held": 0}
