"""The delay of another user's single job while a set of 1,000 ads of one user is made."""

from __future__ import annotations

import time
from typing import Any

from tests.bench.figures import Figure
from tests.bench.harness import BenchHarness
from tests.bench.rows import DRAIN_SECONDS, clear, leases, wait_until_drained
from tests.running import Customer
from tests.support import until

SLOTS = 4
JOB_SECONDS = 0.2  # that the stub works on each job
SINGLES = 20
PAUSE_SECONDS = 0.3
RATIOS = ("1:1", "9:16", "4:5", "16:9", "1.91:1")
DELIVERABLES, VERSIONS = 20, 10  # with RATIOS: 1,000 children of one product
PROMPT = f"attempts: ok:{JOB_SECONDS}"


def behind_a_set(harness: BenchHarness) -> list[Figure]:
    """Measures the time from a single job's request until a worker has its lease, at rest and beside the set.

    The set has always 64 jobs in progress, of which the worker makes 4 at a time. In order of arrival, a single job
    would wait for the other 60, 3 seconds; in turns it waits for the next free slot.
    """
    clear(harness)
    harness.add_worker("bench-worker", slots=SLOTS)
    large, small = harness.customers[:2]
    try:
        _waits(harness, small, 3)  # the first ones open connections
        at_rest = _waits(harness, small, SINGLES)
        campaign = _begin(large)
        counts = until(lambda: _busy(large, campaign), seconds=DRAIN_SECONDS)
        beside = _waits(harness, small, SINGLES)
        if _busy(large, campaign) is None:
            raise RuntimeError("the set ended before the single jobs did")
        large.client.post(f"/api/campaigns/{campaign}/cancel", json={})
        wait_until_drained(harness)
    finally:
        harness.remove("bench-worker")
    each: dict[str, Any] = {"row": "set", "unit": "ms"}
    note = f"{counts['total']} children, {counts['running']} in progress at the start"
    return [
        Figure(
            name="single job beside another user's set of 1,000: request → worker has the lease, p50",
            rounds=[beside[len(beside) // 2]],
            at_most=1000 * JOB_SECONDS,
            details={"at_rest": at_rest[len(at_rest) // 2]},
            note=note,
            **each,
        ),
        Figure(
            name="the same, longest",
            rounds=[beside[-1]],
            at_most=2.5 * 1000 * JOB_SECONDS,
            details={"at_rest": at_rest[-1]},
            note=f"at rest p50 {at_rest[len(at_rest) // 2]:.0f} ms, longest {at_rest[-1]:.0f} ms",
            **each,
        ),
    ]


def _begin(customer: Customer) -> str:
    images = [{"aspectRatios": list(RATIOS), "prompt": f"{PROMPT} {number}"} for number in range(DELIVERABLES)]
    body = {"mode": "execute", "projectId": customer.project_id, "productIds": [customer.product_id]}
    wanted = {**body, "images": images, "variants": VERSIONS, "variantAxis": "layout"}
    response = customer.client.post("/api/generate/campaign", json=wanted)
    response.raise_for_status()
    return str(response.json()["campaignId"])


def _busy(customer: Customer, campaign: str) -> dict[str, int] | None:
    """The counts of a set whose queue is longer than the worker's slots; None: it is not, or not yet."""
    counts: dict[str, int] = customer.client.get(f"/api/campaigns/{campaign}", params={"pageSize": 1}).json()["counts"]
    return counts if counts["waiting"] and counts["running"] > 4 * SLOTS else None


def _waits(harness: BenchHarness, customer: Customer, number: int) -> list[float]:
    """Milliseconds from request to lease of so many jobs, one after the other; sorted."""
    sent: dict[str, float] = {}
    for _ in range(number):
        at = time.time()
        body = {**customer.ids, "aspectRatio": "1:1", "prompt": PROMPT}
        response = customer.client.post("/api/generate/static-ad", json=body)
        response.raise_for_status()
        sent[response.json()["jobId"]] = at
        time.sleep(PAUSE_SECONDS)
    leased = until(lambda: found if sent.keys() <= (found := leases(harness)).keys() else None, seconds=DRAIN_SECONDS)
    return sorted(1000 * (leased[job_id] - at) for job_id, at in sent.items())
