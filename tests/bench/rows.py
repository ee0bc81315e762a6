"""The rows that are measured at the gateway and at workers: requests, their delay, jobs from end to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.bench.client import Result
from tests.bench.figures import Figure
from tests.bench.harness import CONNECTIONS, BenchHarness, Cost, request

ROUNDS = 3
SECONDS = 5.0
LATENCY_SECONDS = 8.0
PACE = 50.0  # jobs a second at which workers are given work
PACE_SECONDS = 8.0
DRAINED = 4_000
DRAIN_SECONDS = 120.0
SLOTS = 16

IMAGE = {"style": "minimal", "aspectRatio": "1:1", "prompt": "Summer vibes, bright background"}
COPY = {"platform": "meta", "format": "short", "tone": "bold", "customInstructions": "Focus on the summer sale"}

Requests = list[tuple[str, str | None]]


def good(result: Result) -> Result:
    """The result, if nothing was refused: a figure with refusals in it is none."""
    if result.refused or not result.answered:
        raise RuntimeError(f"refused: {result.refused}; the first: {result.first_refusal}")
    return result


def percentile(result: Result, share: float) -> float:
    """Of the latencies, in milliseconds."""
    return result.latencies[min(len(result.latencies) - 1, int(share * len(result.latencies)))]


def submissions(harness: BenchHarness) -> Requests:
    """A request for an image of each user."""
    return harness.requests("POST", "/api/generate/static-ad", IMAGE)


def looks(harness: BenchHarness) -> Requests:
    """Each user looks at one of their jobs, the oldest that still waits."""
    with harness.database("job") as connection:
        rows = connection.execute(
            "select distinct on (user_id) user_id, id from job where status = 'queued' order by user_id, turn"
        ).fetchall()
    jobs = dict(rows)
    if len(jobs) < len(harness.customers):
        good(harness.load(submissions(harness), count=2 * len(harness.customers), seconds=30)[0])
        return looks(harness)
    return [
        request("GET", f"/api/generate/status?jobId={jobs[customer.id]}", token, None)
        for customer, token in zip(harness.customers, harness.tokens, strict=True)
    ]


def against_echo(harness: BenchHarness, row: str, name: str, requests: Requests, at_least: float) -> Figure:
    """Requests a second of the system by those of the echo, in turn, at CONNECTIONS connections."""
    own, echo = Cost(), Cost()
    rounds: list[float] = []
    beside: list[float] = []
    latencies: list[Result] = []
    good(harness.load(requests, seconds=1.5, echo=True)[0])
    good(harness.load(requests, seconds=2.5)[0])
    for _ in range(ROUNDS):
        for to_echo, cost, rates in ((True, echo, beside), (False, own, rounds)):
            result, used = harness.load(requests, seconds=SECONDS, echo=to_echo)
            good(result)
            rates.append(result.answered / result.seconds)
            cost.add(result.answered, used)
            if not to_echo:
                latencies.append(result)
    details = {
        "p50": [percentile(each, 0.5) for each in latencies],
        "p99": [percentile(each, 0.99) for each in latencies],
    }
    return Figure(
        row=row,
        name=f"{name} ÷ echo",
        unit="1/s",
        rounds=rounds,
        beside=beside,
        at_least=at_least,
        costs={"": own.each(), "echo": echo.each()},
        details=details,
    )


def submit(harness: BenchHarness) -> list[Figure]:
    """How many images can be asked for in a second."""
    return [against_echo(harness, "submit", "POST /api/generate/static-ad", submissions(harness), 0.25)]


def latency(harness: BenchHarness) -> list[Figure]:
    """How long asking for an image takes at half of what goes, requests falling due by the clock."""
    requests = submissions(harness)
    good(harness.load(requests, seconds=2)[0])
    most = good(harness.load(requests, seconds=SECONDS)[0])
    rate = most.answered / most.seconds / 2
    results = [good(harness.load(requests, seconds=LATENCY_SECONDS, rate=rate)[0]) for _ in range(ROUNDS)]
    return [
        Figure(
            row="latency",
            name=f"POST /api/generate/static-ad at {rate:,.0f}/s, p99",
            unit="ms",
            rounds=[percentile(result, 0.99) for result in results],
            at_most=50,
            details={"p50": [percentile(result, 0.5) for result in results], "rate": rate},
        )
    ]


def copy(harness: BenchHarness) -> list[Figure]:
    """How many copies the local engine writes in a second, charged and answered."""
    requests = harness.requests("POST", "/api/generate/copy", COPY)
    return [against_echo(harness, "copy", "POST /api/generate/copy", requests, 0.10)]


def status(harness: BenchHarness) -> list[Figure]:
    """How many looks at a waiting job can be answered in a second."""
    return [against_echo(harness, "status", "GET /api/generate/status", looks(harness), 0.45)]


def _leases(harness: BenchHarness) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in harness.leases.read_text(encoding="utf-8").splitlines():
        job_id, moment = line.split()
        found.setdefault(job_id, float(moment))
    return found


def _drained(harness: BenchHarness) -> None:
    """Waits until nothing is queued or in work."""
    _until(
        lambda: not harness.count("job", "select count(*) from job where status in ('pending', 'queued', 'processing')")
    )


def _until(met: Callable[[], bool], seconds: float = DRAIN_SECONDS) -> None:
    give_up = time.monotonic() + seconds
    while not met():
        if time.monotonic() > give_up:
            raise RuntimeError(f"not after {seconds} s")
        time.sleep(0.05)


def _clear(harness: BenchHarness) -> None:
    """Ends what other rows have left in the queue, as the sweeper would, so that workers see this row's jobs only."""
    with harness.database("job") as connection:
        connection.execute("update job set expires_at = now() - interval '1 hour' where status = 'queued'")
    _drained(harness)
    _until(lambda: not harness.count("job", "select count(*) from job where settle is not null and settled_at is null"))


def dispatch(harness: BenchHarness) -> list[Figure]:
    """From the moment a request is due at the client until a worker has the lease of its job."""
    _clear(harness)
    harness.add_worker("bench-worker", slots=SLOTS)
    waits: list[list[float]] = []
    cost = Cost()
    try:
        good(harness.load(submissions(harness), rate=PACE, seconds=2)[0])
        for _ in range(ROUNDS):
            result, used = harness.load(submissions(harness), rate=PACE, seconds=PACE_SECONDS, keep_jobs=True)
            good(result)
            cost.add(result.answered, used)
            _drained(harness)
            leased = _leases(harness)
            waits.append(sorted(1000 * (leased[job_id] - due) for job_id, due, _ in result.jobs))
    finally:
        harness.remove("bench-worker")
    each: dict[str, Any] = {"unit": "ms", "row": "dispatch"}
    middle = [part[len(part) // 2] for part in waits]
    late = [part[int(0.99 * len(part))] for part in waits]
    return [
        Figure(name="request due → worker has the lease, 50 jobs/s, p50", rounds=middle, at_most=25, **each),
        Figure(name="the same, p99", rounds=late, at_most=100, costs={"": cost.each()}, **each),
    ]


def drain(harness: BenchHarness) -> list[Figure]:
    """Jobs a second from the first request to the last completed job, a worker working meanwhile."""
    _clear(harness)
    harness.add_worker("bench-worker", slots=SLOTS)
    rates, cost = [], Cost()
    try:
        for _ in range(ROUNDS):
            began, before = time.time(), harness.used()
            good(harness.load(submissions(harness), count=DRAINED, seconds=DRAIN_SECONDS)[0])
            _drained(harness)
            cost.add(DRAINED, harness.used(before))
            with harness.database("job") as connection:
                row = connection.execute(
                    """select count(*), extract(epoch from max(completed_at))::float8 from job
                        where status = 'completed' and created_at >= to_timestamp(%s)""",
                    [began],
                ).fetchone()
            assert row is not None, "an aggregate has a row"
            rates.append(row[0] / (row[1] - began))
    finally:
        harness.remove("bench-worker")
    return [
        Figure(
            row="drain",
            name="request → completed, provider that does nothing",
            unit="jobs/s",
            rounds=rates,
            at_least=400,
            costs={"": cost.each()},
            note=f"{DRAINED:,} jobs over {CONNECTIONS} connections, from the first request to the last completed job",
        )
    ]
