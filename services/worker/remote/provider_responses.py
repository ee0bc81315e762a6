"""Reading what engines answer about orders: states, ids, addresses, and how one ended."""

from __future__ import annotations

import re
from typing import Any

from services.chassis.errors import InputFault, TransientFault
from services.worker.remote.provider_client import MAX_ANSWER_BYTES, REFUSED, ProviderClient, refused, text_of
from services.worker.remote.remote_task import NotOrdered, OrderFailed


async def state_of(endpoint: ProviderClient, path: str, *, max_bytes: int = MAX_ANSWER_BYTES) -> dict[str, Any]:
    """The state of an order. Raises OrderFailed when the engine no longer knows it."""
    try:
        answer = await endpoint.json("GET", path, max_bytes=max_bytes)
    except NotOrdered as fault:
        if fault.reason == "PROVIDER_GONE":
            raise OrderFailed("PROVIDER_GONE", "the engine does not know the order") from None
        raise
    if not isinstance(answer, dict):
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the engine's answer is not an object")
    return answer


def identity_of(answer: Any, *names: str) -> str:
    """An order's id: it becomes part of addresses, so that it may hold nothing that leads elsewhere."""
    value = text_of(answer, *names)
    if re.fullmatch(r"[\w.:|-]{1,200}", value) is None or ".." in value:
        raise TransientFault("PROVIDER_UNINTELLIGIBLE", "the engine's id is not one that can be asked for")
    return value


def failure_of(status: str, words: str, *, refusal: bool = False) -> InputFault | OrderFailed:
    """How an order ended without a result: refused for its content, or failed."""
    if refusal or refused(words):
        return InputFault("REFUSED_BY_PROVIDER", REFUSED)
    return OrderFailed("PROVIDER_FAILED", f"the engine says {status[:40]}: {words[:200]}")


def address_of(value: Any) -> str:
    """The address of a result: the text itself, the first of several, or an object's url."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("url")
    if not isinstance(value, str) or not value:
        raise OrderFailed("PROVIDER_UNINTELLIGIBLE", "the engine's result has no address")
    return value
