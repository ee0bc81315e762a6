"""Pictures that users wait for: a set, from the requests until the last picture is finished, at rest."""

from __future__ import annotations

import time

import httpx

from tests.bench.figures import Figure
from tests.bench.harness import BenchHarness
from tests.running import Customer
from tests.support import until

ROUNDS = 3
JOBS, VARIANTS = 2, 6
SECONDS = 120.0  # limit of a round
RATIOS = ("1:1", "4:5")


def _made(customer: Customer, jobs: list[str]) -> bool:
    statuses = [customer.status(job_id) for job_id in jobs]
    if bad := [status for status in statuses if status["status"] in ("failed", "expired", "canceled")]:
        raise RuntimeError(f"A job of the set was not made: {bad[0]}")
    return all(status["status"] == "completed" and status["variantsDone"] == VARIANTS for status in statuses)


def pictures(harness: BenchHarness) -> list[Figure]:
    """Measures the seconds that two jobs of six pictures take with the image worker of `make up`."""
    harness.add_image_worker("bench-image-worker")
    seconds = []
    try:
        for number in range(ROUNDS + 1):
            customer = harness.customers[number]
            began = time.monotonic()
            jobs = [
                _submitted(customer, {**customer.ids, "aspectRatio": ratio, "variants": VARIANTS})
                for ratio in RATIOS[:JOBS]
            ]
            until(lambda customer=customer, jobs=jobs: _made(customer, jobs), seconds=SECONDS)  # type: ignore[misc]
            if number:  # the first round loads typefaces
                seconds.append(time.monotonic() - began)
    finally:
        harness.remove("bench-image-worker")
    return [
        Figure(
            row="pictures",
            name=f"{JOBS * VARIANTS} pictures of a set, {JOBS} jobs of {VARIANTS} variants",
            unit="s",
            rounds=seconds,
            at_most=10,
        )
    ]


def _submitted(customer: Customer, body: dict[str, object]) -> str:
    response: httpx.Response = customer.client.post("/api/generate/static-ad", json=body)
    if response.status_code != httpx.codes.OK:
        raise RuntimeError(response.text)
    return str(response.json()["jobId"])
