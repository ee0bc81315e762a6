"""Pictures that users wait for, by the image worker of `make up`: from the request until the picture is finished."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.bench.client import Result
from tests.bench.figures import Figure
from tests.bench.harness import BenchHarness, Cost
from tests.bench.rows import Requests, checked, clear, percentile, status_queries
from tests.running import Customer
from tests.support import until

ROUNDS = 3
CLIENTS = (1, 4, 16)
SECONDS = 10.0  # of a round
AT_REST_RATE = 0.4  # pictures a second: each meets a system that has rested
AT_REST_SECONDS = 30.0
WAIT_SECONDS = 60  # of Prefer: wait
COMPLETED = '"status":"completed"'

JOBS, VARIANTS = 2, 6
SET_SECONDS = 120.0  # limit of a round
RATIOS = ("1:1", "4:5")

STARTS = 3
NEXT_PICTURES = 3

STATUS_RATE = 100.0  # requests a second
STATUS_SECONDS = 8.0
PAINTERS = 4  # clients that wait for pictures meanwhile


def picture_requests(harness: BenchHarness) -> Requests:
    """One request per user, whose response is the finished picture."""
    return harness.requests("POST", "/api/generate/static-ad", {}, wait_seconds=WAIT_SECONDS)


def picture(harness: BenchHarness) -> list[Figure]:
    """Measures milliseconds from the request to the finished picture, at rest and with 1, 4 and 16 clients, and those
    of each stage of the worker with one client."""
    clear(harness)
    requests = picture_requests(harness)
    figures: list[Figure] = []
    with harness.real_worker("image") as worker:
        checked(harness.load(requests, connections=1, count=1, seconds=30.0, expect=COMPLETED)[0])  # see `first`
        result, used = harness.load(
            requests, connections=4, rate=AT_REST_RATE, seconds=AT_REST_SECONDS, expect=COMPLETED
        )
        figures += _of_clients("a client at rest", [checked(result)], used, None)
        for clients in CLIENTS:
            checked(harness.load(requests, connections=clients, seconds=3.0, expect=COMPLETED)[0])
            results, cost, logged = [], Cost(), len(harness.log_of(worker))
            for _ in range(ROUNDS):
                result, used = harness.load(requests, connections=clients, seconds=SECONDS, expect=COMPLETED)
                results.append(checked(result))
                cost.add(result.answered, used)
            label = "1 client" if clients == 1 else f"{clients} clients"
            figures += _of_clients(label, results, cost.by_process, 400 if clients == 1 else None)
            if clients == 1:
                stages = _stages(harness.log_of(worker)[logged:])
    return figures + stages


def _of_clients(label: str, results: list[Result], used: dict[str, float], at_most: float | None) -> list[Figure]:
    """The figures of some rounds. used: CPU seconds of all rounds by process."""
    made = sum(result.answered for result in results)
    latencies = sorted(latency for result in results for latency in result.latencies)
    cost = Cost()
    cost.add(made, used)
    return [
        Figure(
            row="picture",
            name=f"POST → finished picture, {label}, p50",
            unit="ms",
            rounds=[percentile(result, 0.5) for result in results],
            at_most=at_most,
            costs={label: cost.per_request()},
            note=f"{made} pictures, {made / sum(result.seconds for result in results):.2f} a second, "
            f"{sum(cost.per_request().values()):,.0f} ms of CPU time each",
            details={"rates": [result.answered / result.seconds for result in results]},
        ),
        Figure(
            row="picture",
            name="the same, p95",
            unit="ms",
            rounds=[latencies[min(len(latencies) - 1, int(0.95 * len(latencies)))]],
        ),
    ]


def _stages(events: list[dict[str, object]]) -> list[Figure]:
    """The median time of each stage of the attempts that these events of a worker's log tell of."""
    found = [event["stages"] for event in events if event["event"] == "attempt_ended"]
    if not found:
        raise RuntimeError("the worker has logged no attempt")
    times: dict[str, list[float]] = {}
    for stages in found:
        assert isinstance(stages, dict)
        for stage, seconds in stages.items():
            times.setdefault(stage, []).append(1000 * seconds)
    median = {stage: statistics.median(each) for stage, each in times.items()}
    return [
        Figure(
            row="picture",
            name=f"stage of the worker: {stage}",
            unit="ms",
            rounds=[milliseconds],
            details={"attempts": len(times[stage])},
        )
        for stage, milliseconds in median.items()
        if milliseconds >= 0.5  # the log rounds to milliseconds
    ]


def pictures(harness: BenchHarness) -> list[Figure]:
    """Measures the seconds that two jobs of six pictures take."""
    clear(harness)
    seconds = []
    with harness.real_worker("image"):
        for number in range(ROUNDS + 1):
            customer = harness.customers[number]
            began = time.monotonic()
            jobs = [
                _submitted(customer, {**customer.ids, "aspectRatio": ratio, "variants": VARIANTS})
                for ratio in RATIOS[:JOBS]
            ]
            until(lambda customer=customer, jobs=jobs: _made(customer, jobs), seconds=SET_SECONDS)  # type: ignore[misc]
            if number:  # in the first round the second render process starts
                seconds.append(time.monotonic() - began)
    return [
        Figure(
            row="pictures",
            name=f"{JOBS * VARIANTS} pictures of a set, {JOBS} jobs of {VARIANTS} variants",
            unit="s",
            rounds=seconds,
            at_most=3.4,
        )
    ]


def _made(customer: Customer, jobs: list[str]) -> bool:
    statuses = [customer.status(job_id) for job_id in jobs]
    if bad := [status for status in statuses if status["status"] in ("failed", "expired", "canceled")]:
        raise RuntimeError(f"A job of the set was not made: {bad[0]}")
    return all(status["status"] == "completed" and status["variantsDone"] == VARIANTS for status in statuses)


def _submitted(customer: Customer, body: dict[str, object]) -> str:
    response: httpx.Response = customer.client.post("/api/generate/static-ad", json=body)
    if response.status_code != httpx.codes.OK:
        raise RuntimeError(response.text)
    return str(response.json()["jobId"])


def first(harness: BenchHarness) -> list[Figure]:
    """Measures the first picture of a worker that has just reported that it serves, against its next ones."""
    clear(harness)
    requests = picture_requests(harness)
    firsts, nexts, starts = [], [], []
    for _ in range(STARTS):
        began = time.monotonic()
        with harness.real_worker("image"):
            starts.append(time.monotonic() - began)
            times = [
                checked(harness.load(requests, connections=1, count=1, seconds=30.0, expect=COMPLETED)[0]).latencies[0]
                for _ in range(1 + NEXT_PICTURES)
            ]
        firsts.append(times[0])
        nexts.append(statistics.median(times[1:]))
    return [
        Figure(
            row="first",
            name="the first picture of a new worker ÷ its next ones",
            unit="ms",
            rounds=firsts,
            beside=nexts,
            at_most=1.5,
            note=f"the worker serves after {statistics.median(starts):.1f} s",
        )
    ]


def beside(harness: BenchHarness) -> list[Figure]:
    """Measures status requests at an even rate while pictures are drawn, against the same at rest."""
    queries = status_queries(harness)
    clear(harness)
    requests = picture_requests(harness)
    figures: dict[float, tuple[list[float], list[float]]] = {0.5: ([], []), 0.99: ([], [])}
    made: list[float] = []
    with harness.real_worker("image"), ThreadPoolExecutor(1) as pool:
        checked(harness.load(requests, connections=PAINTERS, seconds=5.0, expect=COMPLETED)[0])

        def statuses() -> Result:
            return checked(harness.load(queries, rate=STATUS_RATE, seconds=STATUS_SECONDS)[0])

        for _ in range(ROUNDS):
            at_rest = statuses()
            painting = pool.submit(
                harness.load, requests, connections=PAINTERS, seconds=STATUS_SECONDS + 3.0, expect=COMPLETED
            )
            time.sleep(1.5)  # until pictures are being drawn
            meanwhile = statuses()
            drawn = checked(painting.result()[0])
            made.append(drawn.answered / drawn.seconds)
            for share, (rounds, rest) in figures.items():
                rounds.append(percentile(meanwhile, share))
                rest.append(percentile(at_rest, share))
    return [
        Figure(
            row="beside",
            name=f"GET /api/generate/status at {STATUS_RATE:.0f}/s while drawing ÷ at rest, p{100 * share:.0f}",
            unit="ms",
            rounds=rounds,
            beside=rest,
            note=f"{statistics.median(made):.2f} pictures a second meanwhile" if share == 0.99 else "",
        )
        for share, (rounds, rest) in figures.items()
    ]
