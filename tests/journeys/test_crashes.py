"""Crashes of the broker and of a worker, against the whole system."""

from __future__ import annotations

import os
import signal
from typing import Any

from tests.running import RunningSystem
from tests.support import until


def test_jobs_complete_after_the_broker_crashes_and_restarts_empty(system: RunningSystem) -> None:
    customer = system.customer(30)
    jobs = [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]
    os.kill(system.system.processes["broker"].pid, signal.SIGKILL)
    jobs += [customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"] for _ in range(5)]
    until(
        lambda: {customer.status(job)["status"] for job in jobs} == {"completed"},
        seconds=120,
        describe=lambda: [customer.status(job) for job in jobs],
    )
    until(lambda: customer.credits == {"available": 0, "held": 0}, describe=lambda: customer.credits)


def test_job_runs_again_after_its_worker_is_killed(system: RunningSystem) -> None:
    customer = system.customer(40)
    body = {**customer.ids, "script": "This is a longer script, so that there is time to end its worker. " * 4}
    job_id = customer.client.post("/api/generate/video", json=body).json()["jobId"]

    def status() -> dict[str, Any]:
        return customer.status(job_id)

    until(lambda: status()["status"] == "processing", seconds=240, describe=status)
    os.kill(system.system.processes["video-worker"].pid, signal.SIGKILL)
    until(lambda: status().get("attempt") == 2, seconds=120, describe=status)
    canceled = customer.client.post("/api/generate/cancel", json={"jobId": job_id}).json()
    assert (canceled["status"], canceled["previousStatus"]) == ("canceled", "processing")
    until(lambda: customer.credits == {"available": 40, "held": 0}, seconds=60, describe=lambda: customer.credits)
