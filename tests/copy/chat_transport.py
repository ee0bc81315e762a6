"""A chat endpoint without a network: a function answers each request, and the requests are recorded."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from services.copy.providers.chat_client import OpenAISettings
from tests.copy.chat_server import Response

Answer = Callable[[dict[str, Any]], Awaitable[Response]]
SETTINGS = OpenAISettings(base_url="http://model.test/v1", model="m", backoff_seconds=0.0, total_seconds=20.0)


class ChatTransport(httpx.AsyncBaseTransport):
    """Answers by a function of the request's payload."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.payloads: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        payload = json.loads(await request.aread())
        self.payloads.append(payload)
        response = await self._answer(payload)
        return httpx.Response(response.status, headers=response.headers, content=response.body.encode())

    def documents(self) -> list[dict[str, Any]]:
        """The documents of the user messages."""
        return [json.loads(payload["messages"][1]["content"]) for payload in self.payloads]


def in_order(*responses: Response) -> Answer:
    """Answers with the responses in order, and repeats the last one."""
    left = list(responses)

    async def answer(_payload: dict[str, Any]) -> Response:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer
