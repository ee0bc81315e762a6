"""Job events are read and understood by a client that is not ours: the documented example, without generated code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from tests.running import Customer, RunningSystem
from tests.support import ended

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "read_job_events.py"
DESCRIPTORS = ROOT / "gen" / "descriptors.binpb"
SECONDS = 60


def read(system: RunningSystem, *options: str) -> list[dict[str, Any]]:
    """Runs the example until no event arrives for a while, in a process that cannot import this project."""
    command = [
        sys.executable, "-I", str(EXAMPLE),
        "--bootstrap", f"127.0.0.1:{system.system.ports['broker']}",
        "--descriptors", str(DESCRIPTORS),
        "--idle-seconds", "2", *options,
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd="/", env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_example_understands_all_events_of_a_job_in_order(system: RunningSystem, customer: Customer) -> None:
    job = customer.client.post("/api/generate/static-ad", json=customer.ids).json()["jobId"]
    ended(customer, job, status="completed")
    found = [event for event in read(system) if event["jobId"] == job]
    assert [event["status"] for event in found] == ["queued", "processing", "completed"]
    for event in found:
        uuid.UUID(event["id"])
        assert (event["userId"], event["projectId"]) == (customer.id, customer.project_id)
        assert event["type"] == "static_ad"
    times = [event["occurredAt"] for event in found]
    assert times == sorted(times)

    since = read(system, "--since", times[-1].replace("Z", "+00:00"))
    # Kafka's times are those of sending, so events from this moment on are all there, and few older ones.
    assert [event["status"] for event in since if event["jobId"] == job][-1] == "completed"
    later = read(system, "--since", "2999-01-01T00:00:00+00:00")
    assert later == []


def test_example_tells_why_a_job_failed(system: RunningSystem, customer: Customer) -> None:
    body = {**customer.ids, "script": "Hello there.", "avatarUrl": "http://127.0.0.1/avatar.jpg"}
    job = customer.client.post("/api/generate/video", json=body).json()["jobId"]
    ended(customer, job, status="failed")
    assert [event.get("reason") for event in read(system) if event["jobId"] == job][-1] == "ADDRESS_NOT_PUBLIC"
