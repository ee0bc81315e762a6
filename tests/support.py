"""Helpers that many tests share: bounded waiting, assertions about jobs and errors of the REST API, a script."""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import httpx

from tests.running import Customer

Result = TypeVar("Result")

WAIT_SECONDS = 30.0
# Between two polls: a condition may cost a request or a query, and a wait of seconds would repeat it a hundred times.
FIRST_POLL_SECONDS, LAST_POLL_SECONDS, POLL_GROWTH = 0.02, 0.25, 1.3
TERMINAL_STATUSES = frozenset({"completed", "failed", "canceled", "expired"})
# A script that the reference's own example uses; it satisfies the limits of every method that takes one.
SCRIPT = "Hey! You need to check out this amazing product..."


def until(
    condition: Callable[[], Result | None],
    *,
    seconds: float = WAIT_SECONDS,
    interval_seconds: float = LAST_POLL_SECONDS,
    describe: Callable[[], object] | None = None,
) -> Result:
    """Polls until the condition is true, first often and then every `interval_seconds`, and returns its value.

    describe: called after `seconds` without success; its value is part of the failure's text.
    Raises AssertionError when the condition does not become true within `seconds`.
    """
    deadline, pauses = time.monotonic() + seconds, _pauses(interval_seconds)
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(_timeout_text(condition, seconds, describe, value))
        time.sleep(next(pauses))
    return value


def _pauses(longest: float) -> Iterator[float]:
    pause = FIRST_POLL_SECONDS
    while True:
        yield min(pause, longest)
        pause = min(pause * POLL_GROWTH, longest)


async def until_async(
    condition: Callable[[], Awaitable[Result | None]] | Callable[[], Result | None],
    *,
    seconds: float = WAIT_SECONDS,
    interval_seconds: float = LAST_POLL_SECONDS,
    describe: Callable[[], object] | None = None,
) -> Result:
    """`until` for a condition that is a function or a coroutine function; other tasks run between polls."""
    deadline, pauses = time.monotonic() + seconds, _pauses(interval_seconds)
    while True:
        found = condition()
        value: Result | None = await found if inspect.isawaitable(found) else found
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(_timeout_text(condition, seconds, describe, value))
        await asyncio.sleep(next(pauses))


def _timeout_text(
    condition: Callable[[], object], seconds: float, describe: Callable[[], object] | None, value: object
) -> str:
    code = getattr(condition, "__code__", None)
    place = f" at {code.co_filename}:{code.co_firstlineno}" if code else ""
    detail = describe() if describe is not None else f"last value {value!r}"
    return f"The condition{place} was not met within {seconds:g} s: {detail}"


def ended(customer: Customer, job_id: str, *, seconds: float = 120.0, status: str = "") -> dict[str, Any]:
    """The REST status of a job of the customer, once it is terminal.

    status: the terminal status that the job must have; by default any.
    """

    def terminal() -> dict[str, Any] | None:
        current = customer.status(job_id)
        return current if current["status"] in TERMINAL_STATUSES else None

    found = until(terminal, seconds=seconds, describe=lambda: customer.status(job_id))
    assert not status or found["status"] == status, found
    return found


def error_of(response: httpx.Response, status: int | None = None, reason: str | None = None) -> dict[str, Any]:
    """The error of a refused REST request, whose body always has the documented shape.

    status, reason: the HTTP status and the reason that the response must have; by default any.
    """
    assert status is None or response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) - {"fields"} == {"reason", "message", "requestId", "retryable"}
    assert reason is None or error["reason"] == reason, error
    assert error["message"]
    assert error["requestId"] == response.headers["x-request-id"]
    return error


def invalid_fields(response: httpx.Response) -> set[str]:
    """The names of the fields that a 400 refuses."""
    return {field["field"] for field in error_of(response, 400)["fields"]}


def calls_in(run: Callable[[], object]) -> int:
    """Returns how many functions a piece of work calls, in Python and C: a measure of work that needs no clock."""
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count
