"""Parses engines' responses about tasks: states, ids, URLs of results, failures."""

from __future__ import annotations

import re
from typing import Any

from services.chassis.errors import InputFault, TransientFault
from services.worker.remote.provider_client import (
    CONTENT_REFUSED_MESSAGE,
    MAX_RESPONSE_BYTES,
    ProviderClient,
    is_content_refusal,
    text_of,
)
from services.worker.remote.remote_task import TaskFailed, TaskNotAccepted


async def fetch_state(client: ProviderClient, path: str, *, max_bytes: int = MAX_RESPONSE_BYTES) -> dict[str, Any]:
    """Requests the state of a task. Raises TaskFailed when the engine does not know the task any more."""
    try:
        response = await client.request_json("GET", path, max_bytes=max_bytes)
    except TaskNotAccepted as fault:
        if fault.reason == "PROVIDER_GONE":
            raise TaskFailed("PROVIDER_GONE", "the engine does not know the task") from None
        raise
    if not isinstance(response, dict):
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the engine's response is not an object")
    return response


def task_id_of(response: Any, *names: str) -> str:
    """Returns a task's id, which becomes part of URLs and may therefore contain no path or query."""
    value = text_of(response, *names)
    if re.fullmatch(r"[\w.:|-]{1,200}", value) is None or ".." in value:
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the engine's task id cannot be part of a URL")
    return value


def failure_of(status: str, message: str, *, refusal: bool = False) -> InputFault | TaskFailed:
    """Returns the fault of a task without a result: InputFault when its content was refused, else TaskFailed."""
    if refusal or is_content_refusal(message):
        return InputFault("REFUSED_BY_PROVIDER", CONTENT_REFUSED_MESSAGE)
    return TaskFailed("PROVIDER_FAILED", f"the engine reports {status[:40]}: {message[:200]}")


def result_url_of(value: Any) -> str:
    """Returns the URL of a result: the text itself, the first entry of a list, or the url of an object."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("url")
    if not isinstance(value, str) or not value:
        raise TaskFailed("PROVIDER_UNINTELLIGIBLE", "the engine's result has no URL")
    return value
