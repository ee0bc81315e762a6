"""`adwright listen`: shows the ends of a user's jobs as they happen, and forwards them as webhooks to this machine."""

from __future__ import annotations

import json
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import typer

from cli.api import Api, ApiError
from cli.terminal import DEMO_USER, INTERRUPTED, error_exit, print_error, print_line, printable, user_api
from services.chassis.backoff import Backoff
from services.chassis.webhook_signatures import SECRET_PREFIX, is_secret, new_secret, signature_headers

STREAM = "/api/generate/jobs/events"
EVENTS = ("job.completed", "job.failed", "job.canceled", "job.expired")
FORWARD_SECONDS = 15.0  # the time that the sender of real webhooks gives
MAX_FAILURES = 20  # connections in a row that brought nothing: about three minutes
AFTER_FAILURE = Backoff(first=0.5, longest=10.0)
MAX_SEEN = 10_000  # jobs whose end was shown; a reconnected stream repeats some
MAX_SHOWN_BYTES = 200  # of a handler's answer to what it refused


def listen(
    forward: Annotated[
        str, typer.Option(help="Address to which events are posted: http://127.0.0.1:3000/hook. Default: only show.")
    ] = "",
    event: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(EVENTS[:-1])} or {EVENTS[-1]}. Default: all.")
    ] = None,
    secret: Annotated[str, typer.Option(help="Secret that signs what is forwarded. Default: a new one.")] = "",
    user: Annotated[str, typer.Option(help="The user id.")] = DEMO_USER,
) -> None:
    """Show events of a user's jobs, and forward them to a server on this machine, signed as webhooks are."""
    wanted = frozenset(event or EVENTS)
    if unknown := sorted(wanted - set(EVENTS)):
        raise error_exit(f"--event: {unknown[0]!r} is none of {', '.join(EVENTS)}", 2)
    if forward and (urlsplit(forward).scheme not in ("http", "https") or not urlsplit(forward).hostname):
        raise error_exit(f"--forward: {forward!r} is not an address such as http://127.0.0.1:3000/hook", 2)
    secret = secret or new_secret()
    if not is_secret(secret):
        raise error_exit(f"--secret: it must be {SECRET_PREFIX} and 24 to 64 bytes in Base64", 2)
    api = user_api(user)
    if forward:
        print(f"Secret: {secret}", flush=True)
    try:
        with httpx.Client(timeout=FORWARD_SECONDS, trust_env=False) as client:
            for status in ended_jobs(api):
                kind = f"job.{status['status']}"
                if kind not in wanted:
                    continue
                line = f"{status['completedAt']}  {kind}  {status['type']}  {status['id']}"
                print(line + (f"  {_forwarded(client, forward, secret, kind, status)}" if forward else ""), flush=True)
    except ApiError as error:
        raise error_exit(str(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def ended_jobs(api: Api) -> Iterator[dict[str, Any]]:
    """The statuses of the user's jobs that end from now on, each once, across lost connections.

    Raises ApiError when the stream is refused, or after MAX_FAILURES connections in a row that brought nothing.
    """
    seen: OrderedDict[str, None] = OrderedDict()
    last_id, failures = "", 0
    while True:
        lost, arrived = ApiError(0, "UNREACHABLE", "The event stream was closed."), False
        try:
            for event_id, status in api.events(STREAM, last_id):
                if failures:
                    print_line("Connected again.", "dim")
                failures, arrived = 0, True
                if status and f"job.{status['status']}" in EVENTS and status["id"] not in seen:
                    yield api.call("GET", "/api/generate/status", jobId=status["id"])
                    seen[status["id"]] = None
                    if len(seen) > MAX_SEEN:
                        seen.popitem(last=False)
                if event_id not in ("", last_id):  # what came before it has been shown
                    last_id = event_id
            if arrived:  # a stream ends after an hour
                time.sleep(AFTER_FAILURE.first)
                continue
        except ApiError as error:
            lost = error
        failures += 1
        refused = 400 <= lost.status < 500 and lost.status != httpx.codes.TOO_MANY_REQUESTS
        if refused or failures >= MAX_FAILURES:
            raise lost
        if failures == 1:
            print_error(f"{lost} Trying again.")
        time.sleep(max(lost.retry_after_seconds, AFTER_FAILURE.seconds(failures)))


def _forwarded(client: httpx.Client, url: str, secret: str, kind: str, status: dict[str, Any]) -> str:
    """Posts one event once, and says what came of it."""
    content = {"type": kind, "timestamp": status["completedAt"], "data": status}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    event_id = str(uuid.uuid5(uuid.NAMESPACE_OID, status["id"]))  # a job's end has one id each time it is forwarded
    headers = signature_headers(event_id, body, [secret], datetime.now(UTC))
    try:
        answer = client.post(url, content=body, headers={**headers, "Content-Type": "application/json"})
    except httpx.TimeoutException:
        return f"no answer within {FORWARD_SECONDS:g} seconds"
    except httpx.HTTPError as error:
        return f"not forwarded: {printable(error)}"
    refused = "" if answer.is_success else f": {printable(answer.text[:MAX_SHOWN_BYTES])}"
    return f"{answer.status_code}{refused}"
