"""The REST API as the commands use it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

POLL_SECONDS = 0.4
JOB_SECONDS = 1800.0


class ApiError(Exception):
    """The API refused; says why, in its words."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{message} ({status} {reason})")
        self.status = status
        self.reason = reason


class Api:
    """Calls the gateway with one token."""

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """The answer's JSON. Raises ApiError, also when nothing answers."""
        try:
            answer = self._client.request(method, path, json=body, params=query or None)
        except httpx.HTTPError as error:
            raise ApiError(0, "UNREACHABLE", f"The gateway does not answer: {error}") from None
        if answer.status_code >= 400:
            told = answer.json().get("error", {})
            raise ApiError(answer.status_code, told.get("reason", ""), told.get("message", answer.text[:200]))
        return dict(answer.json())

    def wait(self, job_id: str, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The job once it has ended; `tell` gets its status in between. Raises ApiError."""
        give_up = time.monotonic() + JOB_SECONDS
        while time.monotonic() < give_up:
            status = self.call("GET", "/api/generate/status", jobId=job_id)
            tell(status)
            if status["status"] not in ("pending", "queued", "processing"):
                return status
            time.sleep(POLL_SECONDS)
        raise ApiError(0, "TIMED_OUT", f"The job {job_id} has not ended after {JOB_SECONDS / 60:g} minutes.")

    def save(self, url: str, path: Path) -> Path:
        """Saves an asset."""
        with self._client.stream("GET", url) as answer:
            answer.raise_for_status()
            with path.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
        return path
