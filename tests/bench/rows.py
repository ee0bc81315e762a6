"""The rows that are measured at the gateway and at workers: requests, their delay, jobs from end to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.bench.client import Result
from tests.bench.figures import Figure
from tests.bench.lab import CONNECTIONS, Cost, Lab, request

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


def submissions(lab: Lab) -> Requests:
    """A request for an image of each user."""
    return lab.requests("POST", "/api/generate/static-ad", IMAGE)


def looks(lab: Lab) -> Requests:
    """Each user looks at one of their jobs, the oldest that still waits."""
    with lab.database("job") as connection:
        rows = connection.execute(
            "select distinct on (user_id) user_id, id from job where status = 'queued' order by user_id, turn"
        ).fetchall()
    jobs = dict(rows)
    if len(jobs) < len(lab.customers):
        good(lab.load(submissions(lab), count=2 * len(lab.customers), seconds=30)[0])
        return looks(lab)
    return [
        request("GET", f"/api/generate/status?jobId={jobs[customer.id]}", token, None)
        for customer, token in zip(lab.customers, lab.tokens, strict=True)
    ]


def against_echo(lab: Lab, row: str, name: str, requests: Requests, at_least: float) -> Figure:
    """Requests a second of the system by those of the echo, in turn, at CONNECTIONS connections."""
    own, echo = Cost(), Cost()
    rounds: list[float] = []
    beside: list[float] = []
    latencies: list[Result] = []
    good(lab.load(requests, seconds=1.5, echo=True)[0])
    good(lab.load(requests, seconds=2.5)[0])
    for _ in range(ROUNDS):
        for to_echo, cost, rates in ((True, echo, beside), (False, own, rounds)):
            result, used = lab.load(requests, seconds=SECONDS, echo=to_echo)
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


def submit(lab: Lab) -> list[Figure]:
    """How many images can be asked for in a second."""
    return [against_echo(lab, "submit", "POST /api/generate/static-ad", submissions(lab), 0.25)]


def latency(lab: Lab) -> list[Figure]:
    """How long asking for an image takes at half of what goes, requests falling due by the clock."""
    requests = submissions(lab)
    good(lab.load(requests, seconds=2)[0])
    most = good(lab.load(requests, seconds=SECONDS)[0])
    rate = most.answered / most.seconds / 2
    results = [good(lab.load(requests, seconds=LATENCY_SECONDS, rate=rate)[0]) for _ in range(ROUNDS)]
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


def copy(lab: Lab) -> list[Figure]:
    """How many copies the local engine writes in a second, charged and answered."""
    requests = lab.requests("POST", "/api/generate/copy", COPY)
    return [against_echo(lab, "copy", "POST /api/generate/copy", requests, 0.10)]


def status(lab: Lab) -> list[Figure]:
    """How many looks at a waiting job can be answered in a second."""
    return [against_echo(lab, "status", "GET /api/generate/status", looks(lab), 0.45)]


def _leases(lab: Lab) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in lab.leases.read_text(encoding="utf-8").splitlines():
        job_id, moment = line.split()
        found.setdefault(job_id, float(moment))
    return found


def _drained(lab: Lab) -> None:
    """Waits until nothing is queued or in work."""
    _until(lambda: not lab.count("job", "select count(*) from job where status in ('pending', 'queued', 'processing')"))


def _until(met: Callable[[], bool], seconds: float = DRAIN_SECONDS) -> None:
    give_up = time.monotonic() + seconds
    while not met():
        if time.monotonic() > give_up:
            raise RuntimeError(f"not after {seconds} s")
        time.sleep(0.05)


def _clear(lab: Lab) -> None:
    """Ends what other rows have left in the queue, as the sweeper would, so that workers see this row's jobs only."""
    with lab.database("job") as connection:
        connection.execute("update job set expires_at = now() - interval '1 hour' where status = 'queued'")
    _drained(lab)
    _until(lambda: not lab.count("job", "select count(*) from job where settle is not null and settled_at is null"))


def dispatch(lab: Lab) -> list[Figure]:
    """From the moment a request is due at the client until a worker has the lease of its job."""
    _clear(lab)
    lab.add_worker("bench-worker", slots=SLOTS)
    waits: list[list[float]] = []
    cost = Cost()
    try:
        good(lab.load(submissions(lab), rate=PACE, seconds=2)[0])
        for _ in range(ROUNDS):
            result, used = lab.load(submissions(lab), rate=PACE, seconds=PACE_SECONDS, keep_jobs=True)
            good(result)
            cost.add(result.answered, used)
            _drained(lab)
            leased = _leases(lab)
            waits.append(sorted(1000 * (leased[job_id] - due) for job_id, due, _ in result.jobs))
    finally:
        lab.remove("bench-worker")
    each: dict[str, Any] = {"unit": "ms", "row": "dispatch"}
    middle = [part[len(part) // 2] for part in waits]
    late = [part[int(0.99 * len(part))] for part in waits]
    return [
        Figure(name="request due → worker has the lease, 50 jobs/s, p50", rounds=middle, at_most=25, **each),
        Figure(name="the same, p99", rounds=late, at_most=100, costs={"": cost.each()}, **each),
    ]


def drain(lab: Lab) -> list[Figure]:
    """Jobs a second from the first request to the last completed job, a worker working meanwhile."""
    _clear(lab)
    lab.add_worker("bench-worker", slots=SLOTS)
    rates, cost = [], Cost()
    try:
        for _ in range(ROUNDS):
            began, before = time.time(), lab.used()
            good(lab.load(submissions(lab), count=DRAINED, seconds=DRAIN_SECONDS)[0])
            _drained(lab)
            cost.add(DRAINED, lab.used(before))
            with lab.database("job") as connection:
                row = connection.execute(
                    """select count(*), extract(epoch from max(completed_at))::float8 from job
                        where status = 'completed' and created_at >= to_timestamp(%s)""",
                    [began],
                ).fetchone()
            assert row is not None, "an aggregate has a row"
            rates.append(row[0] / (row[1] - began))
    finally:
        lab.remove("bench-worker")
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
