"""Waits for a job to end and shows its progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.api import Api, ApiError
from cli.terminal import console, print_line

POLL_SECONDS = 0.4
MAX_WAIT_SECONDS = 1800.0
RUNNING_STATUSES = ("pending", "queued", "processing")


def wait_for_job(api: Api, job_id: str, on_status: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """The status response of the ended job; `on_status` gets every response, the last one included.

    Raises ApiError, also when the job has not ended after MAX_WAIT_SECONDS.
    """
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while time.monotonic() < deadline:
        status = api.call("GET", "/api/generate/status", jobId=job_id)
        on_status(status)
        if status["status"] not in RUNNING_STATUSES:
            return status
        time.sleep(POLL_SECONDS)
    raise ApiError(0, "TIMED_OUT", f"The job {job_id} has not ended after {MAX_WAIT_SECONDS / 60:g} minutes.")


def wait_with_progress(api: Api, kind: str, job_id: str) -> dict[str, Any]:
    """As `wait_for_job`, with a progress bar; without a terminal, with one line per status. Raises ApiError."""
    if not console.is_terminal:
        return wait_for_job(api, job_id, _status_lines(kind))
    with Progress(
        TextColumn(f"  {kind}:"),
        BarColumn(bar_width=30),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("queued", total=100)

        def update(status: dict[str, Any]) -> None:
            ahead = f" (ahead in the queue: {status['queuePosition']})" if status.get("queuePosition") else ""
            made = f" ({status['variantsDone']} of {status['variantsTotal']})" if "variantsTotal" in status else ""
            bar.update(task, completed=status.get("progress", 0), description=status["status"] + ahead + made)

        return wait_for_job(api, job_id, update)


def _status_lines(kind: str) -> Callable[[dict[str, Any]], None]:
    last = ""

    def line(status: dict[str, Any]) -> None:
        nonlocal last
        made = f", {status['variantsDone']} of {status['variantsTotal']}" if status.get("variantsDone") else ""
        if status["status"] in RUNNING_STATUSES and status["status"] + made != last:
            last = status["status"] + made
            print_line(f"  {kind}: {last}")

    return line
