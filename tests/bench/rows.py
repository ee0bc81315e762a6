"""Rows measured at the gateway and at workers: request rates, latency, dispatch, and jobs from end to end."""

from __future__ import annotations

import time
from typing import Any

from tests.bench.client import Result
from tests.bench.figures import Figure
from tests.bench.harness import CONNECTIONS, BenchHarness, Cost, request
from tests.support import until

ROUNDS = 3
SECONDS = 5.0
LATENCY_SECONDS = 8.0
DISPATCH_RATE = 50.0  # jobs a second
DISPATCH_SECONDS = 8.0
DRAIN_JOBS = 4_000
DRAIN_SECONDS = 120.0
SLOTS = 16

IMAGE = {"style": "minimal", "aspectRatio": "1:1", "prompt": "Summer vibes, bright background"}
COPY = {"platform": "meta", "format": "short", "tone": "bold", "customInstructions": "Focus on the summer sale"}

Requests = list[tuple[str, str | None]]


def checked(result: Result) -> Result:
    """Returns the result. Raises RuntimeError when a request was refused, which makes the figures meaningless."""
    if result.refused or not result.answered:
        raise RuntimeError(f"Refused requests by status: {result.refused}. The first: {result.first_refusal}")
    return result


def percentile(result: Result, share: float) -> float:
    """A percentile of the latencies in milliseconds. share: 0.5 for the median."""
    return result.latencies[min(len(result.latencies) - 1, int(share * len(result.latencies)))]


def submissions(harness: BenchHarness) -> Requests:
    """One static-ad request per user."""
    return harness.requests("POST", "/api/generate/static-ad", IMAGE)


def status_queries(harness: BenchHarness) -> Requests:
    """One status request per user, for the user's oldest queued job."""
    with harness.database("job") as connection:
        rows = connection.execute(
            "select distinct on (user_id) user_id, id from job where status = 'queued' order by user_id, turn"
        ).fetchall()
    jobs = dict(rows)
    if len(jobs) < len(harness.customers):
        checked(harness.load(submissions(harness), count=2 * len(harness.customers), seconds=30)[0])
        return status_queries(harness)
    return [
        request("GET", f"/api/generate/status?jobId={jobs[customer.id]}", token, None)
        for customer, token in zip(harness.customers, harness.tokens, strict=True)
    ]


def against(baseline: str, harness: BenchHarness, row: str, name: str, requests: Requests, at_least: float) -> Figure:
    """Measures requests a second of the system and of a baseline in turn, over CONNECTIONS connections.

    baseline: a name of BenchHarness.targets.
    """
    own, other = Cost(), Cost()
    rounds: list[float] = []
    beside: list[float] = []
    latencies: list[Result] = []
    checked(harness.load(requests, seconds=2.5, to=baseline)[0])
    checked(harness.load(requests, seconds=2.5)[0])
    for _ in range(ROUNDS):
        for target, cost, rates in ((baseline, other, beside), ("system", own, rounds)):
            result, used = harness.load(requests, seconds=SECONDS, to=target)
            checked(result)
            rates.append(result.answered / result.seconds)
            cost.add(result.answered, used)
            if target == "system":
                latencies.append(result)
    details = {
        "p50": [percentile(each, 0.5) for each in latencies],
        "p99": [percentile(each, 0.99) for each in latencies],
    }
    return Figure(
        row=row,
        name=f"{name} ÷ {baseline}",
        unit="1/s",
        rounds=rounds,
        beside=beside,
        at_least=at_least,
        costs={"": own.per_request(), baseline: other.per_request()},
        details=details,
    )


def submit(harness: BenchHarness) -> list[Figure]:
    """Measures accepted static-ad requests a second."""
    return [against("echo", harness, "submit", "POST /api/generate/static-ad", submissions(harness), 0.35)]


def few(harness: BenchHarness) -> list[Figure]:
    """Measures submissions one at a time and eight at a time, closed loop."""
    requests = submissions(harness)
    figures = []
    for connections in (1, 8):
        cost, results = Cost(), []
        checked(harness.load(requests, seconds=2, connections=connections)[0])
        for _ in range(ROUNDS):
            result, used = harness.load(requests, seconds=SECONDS, connections=connections)
            results.append(checked(result))
            cost.add(result.answered, used)
        p50, p99 = ([percentile(result, share) for result in results] for share in (0.5, 0.99))
        rates = [result.answered / result.seconds for result in results]
        common: dict[str, Any] = {"row": "few", "costs": {f"{connections} at a time": cost.per_request()}}
        if connections == 1:
            name = "POST /api/generate/static-ad, one at a time, p50"
            details = {"p99": p99, "rate": rates}
            figures.append(Figure(name=name, unit="ms", rounds=p50, at_most=8, details=details, **common))
        else:
            name = "the same, eight at a time"
            details = {"p50": p50, "p99": p99}
            figures.append(Figure(name=name, unit="1/s", rounds=rates, at_least=450, details=details, **common))
    return figures


def latency(harness: BenchHarness) -> list[Figure]:
    """Measures the latency of static-ad requests at half of the highest rate, open loop."""
    requests = submissions(harness)
    checked(harness.load(requests, seconds=2)[0])
    peak = checked(harness.load(requests, seconds=SECONDS)[0])
    rate = peak.answered / peak.seconds / 2
    results = [checked(harness.load(requests, seconds=LATENCY_SECONDS, rate=rate)[0]) for _ in range(ROUNDS)]
    return [
        Figure(
            row="latency",
            name=f"POST /api/generate/static-ad at {rate:,.0f}/s, p99",
            unit="ms",
            rounds=[percentile(result, 0.99) for result in results],
            at_most=100,
            details={"p50": [percentile(result, 0.5) for result in results], "rate": rate},
        )
    ]


def copy(harness: BenchHarness) -> list[Figure]:
    """Measures copies a second by the built-in engine, charges included."""
    requests = harness.requests("POST", "/api/generate/copy", COPY)
    found = [against("echo", harness, "copy", "POST /api/generate/copy", requests, 0.10)]
    cost, results = Cost(), []
    for _ in range(ROUNDS):
        result, used = harness.load(requests, seconds=SECONDS, connections=1)
        results.append(checked(result))
        cost.add(result.answered, used)
    name = "POST /api/generate/copy, one at a time"
    p50, p95 = ([percentile(result, share) for result in results] for share in (0.5, 0.95))
    costs = {"one at a time": cost.per_request()}
    found.append(Figure(row="copy", name=f"{name}, p50", unit="ms", rounds=p50, at_most=29, costs=costs))
    found.append(Figure(row="copy", name="the same, p95", unit="ms", rounds=p95))
    return found


def status(harness: BenchHarness) -> list[Figure]:
    """Measures status requests a second for queued jobs."""
    return [against("echo", harness, "status", "GET /api/generate/status", status_queries(harness), 0.45)]


def leases(harness: BenchHarness) -> dict[str, float]:
    """The time of each job's first lease, in seconds since 1970."""
    found: dict[str, float] = {}
    for line in harness.leases.read_text(encoding="utf-8").splitlines():
        job_id, moment = line.split()
        found.setdefault(job_id, float(moment))
    return found


def wait_until_drained(harness: BenchHarness) -> None:
    """Waits until no job is pending, queued or processing."""
    live = "select count(*) from job where status in ('pending', 'queued', 'processing')"
    until(lambda: not harness.count("job", live), seconds=DRAIN_SECONDS)


def clear(harness: BenchHarness) -> None:
    """Lets the sweeper expire the queued jobs of other rows, so that workers receive only this row's jobs."""
    with harness.database("job") as connection:
        connection.execute("update job set expires_at = now() - interval '1 hour' where status = 'queued'")
    wait_until_drained(harness)
    unsettled = "select count(*) from job where settle is not null and settled_at is null"
    until(lambda: not harness.count("job", unsettled), seconds=DRAIN_SECONDS)


def dispatch(harness: BenchHarness) -> list[Figure]:
    """Measures the time from a request's due time at the client until a worker has the lease of its job."""
    clear(harness)
    harness.add_worker("bench-worker", slots=SLOTS)
    waits: list[list[float]] = []
    cost = Cost()
    try:
        checked(harness.load(submissions(harness), rate=DISPATCH_RATE, seconds=2)[0])
        for _ in range(ROUNDS):
            result, used = harness.load(
                submissions(harness), rate=DISPATCH_RATE, seconds=DISPATCH_SECONDS, keep_jobs=True
            )
            checked(result)
            cost.add(result.answered, used)
            wait_until_drained(harness)
            leased = leases(harness)
            if missing := [job_id for job_id, _, _ in result.jobs if job_id not in leased]:
                raise RuntimeError(f"{len(missing)} of {len(result.jobs)} jobs were not leased")
            waits.append(sorted(1000 * (leased[job_id] - due) for job_id, due, _ in result.jobs))
    finally:
        harness.remove("bench-worker")
    each: dict[str, Any] = {"unit": "ms", "row": "dispatch"}
    p50 = [part[len(part) // 2] for part in waits]
    p99 = [part[int(0.99 * len(part))] for part in waits]
    return [
        Figure(name="request due → worker has the lease, 50 jobs/s, p50", rounds=p50, at_most=25, **each),
        Figure(name="the same, p99", rounds=p99, at_most=100, costs={"": cost.per_request()}, **each),
    ]


def drain(harness: BenchHarness) -> list[Figure]:
    """Measures jobs a second from the first request to the last completed job, with one worker running."""
    clear(harness)
    harness.add_worker("bench-worker", slots=SLOTS)
    rates, cost = [], Cost()
    try:
        for _ in range(ROUNDS):
            began, before = time.time(), harness.used()
            checked(harness.load(submissions(harness), count=DRAIN_JOBS, seconds=DRAIN_SECONDS)[0])
            wait_until_drained(harness)
            cost.add(DRAIN_JOBS, harness.used(before))
            with harness.database("job") as connection:
                row = connection.execute(
                    """select count(*), extract(epoch from max(completed_at))::float8 from job
                        where status = 'completed' and created_at >= to_timestamp(%s)""",
                    [began],
                ).fetchone()
            assert row is not None, "an aggregate has a row"
            if row[0] != DRAIN_JOBS:
                raise RuntimeError(f"{row[0]} of {DRAIN_JOBS} jobs were completed")
            rates.append(row[0] / (row[1] - began))
    finally:
        harness.remove("bench-worker")
    return [
        Figure(
            row="drain",
            name="request → completed, with a provider that does nothing",
            unit="jobs/s",
            rounds=rates,
            at_least=400,
            costs={"": cost.per_request()},
            note=f"{DRAIN_JOBS:,} jobs, {CONNECTIONS} connections, from the first request to the last completed job",
        )
    ]
