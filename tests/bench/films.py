"""Films that users wait for, by the video worker of `make up`: from the request until the film is finished."""

from __future__ import annotations

import io
import time
from typing import Any

import av
import httpx

from tests.bench.figures import Figure
from tests.bench.harness import BenchHarness, Cost
from tests.bench.rows import clear
from tests.running import Customer
from tests.support import until

ROUNDS = 3
SECONDS = 240.0  # limit of a film
HEIGHT, WIDTH = 1280, 720
SCRIPT = (
    "Maybe your bottle smells by Friday. Ours cleans itself while you work. Buy the Aurora Bottle now, for only $49."
)
KINDS: dict[str, dict[str, Any]] = {
    "avatar": {"kind": "avatar", "script": SCRIPT, "voiceId": "female-1"},
    "product": {"kind": "product", "script": SCRIPT},
}


def film(harness: BenchHarness) -> list[Figure]:
    """Measures seconds of film for each second from the request to the finished film, for both kinds of films; and the
    first film of a new worker against the next one of its kind."""
    clear(harness)
    figures = []
    first: list[float] = []
    with harness.real_worker("video") as worker:
        for kind, body in KINDS.items():
            speeds, lengths, cost, seconds = [], [], Cost(), []
            for number in range(ROUNDS + 1):
                before = harness.used()
                length, took = _made(harness.customers[number], {**body, "aspectRatio": "9:16", "resolution": "720p"})
                if number == 0:
                    first = first or [took]
                    continue
                cost.add(1, harness.used(before))
                speeds.append(length / took)
                lengths.append(length)
                seconds.append(took)
            if kind == "avatar":
                next_ones = [min(seconds)]
            spent = sum(cost.by_process.values()) / sum(lengths)
            figures.append(
                Figure(
                    row="film",
                    name=f"film of kind {kind}, {WIDTH}×{HEIGHT}, {sum(lengths) / len(lengths):.1f} s long",
                    unit="film s/s",
                    rounds=speeds,
                    at_least=8 / 9.7 if kind == "avatar" else None,
                    costs={kind: cost.per_request()},
                    note=f"{spent:.2f} s of CPU time for each second, {cost.by_process[worker] / sum(lengths):.2f} s "
                    "of them in the worker",
                    details={"seconds": seconds, "lengths": lengths},
                )
            )
    figures.append(
        Figure(
            row="film",
            name="the first film of a new worker ÷ its quickest next one",
            unit="s",
            rounds=first,
            beside=next_ones,
            at_most=1.5,
        )
    )
    return figures


def _made(customer: Customer, body: dict[str, Any]) -> tuple[float, float]:
    """Orders a film: its length, and the time from the request until it is finished, in seconds. Raises RuntimeError
    when the film is not made in the size that is measured."""
    began = time.monotonic()
    response = customer.client.post("/api/generate/video", json={**customer.ids, **body})
    if response.status_code != httpx.codes.OK:
        raise RuntimeError(response.text)
    job_id = response.json()["jobId"]
    status = until(lambda: _ended(customer, job_id), seconds=SECONDS)
    took = time.monotonic() - began
    if status["status"] != "completed":
        raise RuntimeError(f"the film was not made: {status}")
    url = next(asset["url"] for asset in status["assets"] if asset["type"] == "video")
    content = httpx.get(url, trust_env=False).raise_for_status().content
    with av.open(io.BytesIO(content), "r") as video:
        stream = video.streams.video[0]
        if (stream.width, stream.height) != (WIDTH, HEIGHT):
            raise RuntimeError(f"the film is {stream.width}×{stream.height} pixels large")
        return (video.duration or 0) / av.time_base, took


def _ended(customer: Customer, job_id: str) -> dict[str, Any] | None:
    status = customer.status(job_id)
    return status if status["status"] in ("completed", "failed", "expired", "canceled") else None
