"""Completions are streamed where the endpoint can, so that texts that are complete when the time ends are kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from services.copy.domain import CopyResult
from services.copy.providers.chat_client import OpenAISettings
from services.copy.providers.local import LocalCopyProvider
from services.copy.providers.openai import OpenAICopyProvider
from tests.copy.chat_transport import SETTINGS
from tests.copy.test_openai import GOOD, ROWS, request_of_bottle

USAGE = {"prompt_tokens": 640, "completion_tokens": 380, "total_tokens": 1020}
FOURTH = GOOD.index(str(ROWS[3]["hook"]))


def event(**fields: Any) -> bytes:
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'model': 'stub-1', **fields})}\n\n".encode()


def texts(text: str, size: int = 7) -> list[bytes]:
    """The text in events, after the empty first one that servers send."""
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": part} for part in parts)]
    return [event(choices=[{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]


END = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
USED = event(choices=[], usage=USAGE)
DONE = b"data: [DONE]\n\n"
WHOLE = [b": comment\n\n", *texts(GOOD), END, USED, DONE]


class Stream(httpx.AsyncByteStream):
    """Sends the parts, and then ends, breaks off or hangs."""

    def __init__(self, parts: list[bytes], end: str) -> None:
        self._parts, self._end = parts, end

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
        if self._end == "breaks":
            raise httpx.RemoteProtocolError("peer closed connection")
        if self._end == "hangs":
            await asyncio.Event().wait()


class Endpoint(httpx.AsyncBaseTransport):
    """Answers with a stream, or by a function of the payload's answer to it."""

    def __init__(
        self,
        parts: list[bytes],
        end: str = "ends",
        refuse: Callable[[dict[str, Any]], httpx.Response | None] | None = None,
    ) -> None:
        self._parts, self._end, self._refuse = parts, end, refuse
        self.payloads: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        payload = json.loads(await request.aread())
        self.payloads.append(payload)
        if self._refuse and (refusal := self._refuse(payload)):
            return refusal
        if not payload.get("stream"):
            message = {"role": "assistant", "content": GOOD}
            return httpx.Response(200, json={"model": "stub-1", "choices": [{"message": message}], "usage": USAGE})
        headers = {"content-type": "text/event-stream; charset=utf-8"}
        return httpx.Response(200, headers=headers, stream=Stream(self._parts, self._end))


async def write(endpoint: Endpoint, settings: OpenAISettings = SETTINGS, times: int = 1) -> CopyResult:
    provider = OpenAICopyProvider(settings, LocalCopyProvider(), transport=endpoint)
    for _ in range(times):
        result = await provider.write(request_of_bottle(), "seed")
    await provider.close()
    return result


def hooks(result: CopyResult) -> list[str]:
    return [variant.hook for variant in result.variants]


async def test_stream_is_read_with_its_usage() -> None:
    endpoint = Endpoint(WHOLE)
    result = await write(endpoint)
    assert hooks(result) == [row["hook"] for row in ROWS]
    assert result.usage is not None
    assert (result.usage.model, result.usage.prompt_tokens, result.usage.completion_tokens) == ("stub-1", 640, 380)
    assert endpoint.payloads[0]["stream_options"] == {"include_usage": True}


async def test_chunks_need_not_end_with_lines() -> None:
    whole = b"".join(WHOLE)
    result = await write(Endpoint([whole[start : start + 11] for start in range(0, len(whole), 11)]))
    assert hooks(result) == [row["hook"] for row in ROWS]


async def test_texts_that_are_complete_when_the_time_ends_are_kept() -> None:
    endpoint = Endpoint(texts(GOOD[:FOURTH]), end="hangs")
    result = await write(endpoint, replace(SETTINGS, total_seconds=0.3))
    assert hooks(result)[:3] == [row["hook"] for row in ROWS[:3]]
    assert result.provider == "openai"
    assert any(
        "wrote 2 of the five variants because the model's time ended" in note for note in result.notes.not_applied
    )
    assert len(endpoint.payloads) == 1


async def test_stream_that_breaks_off_is_repaired_and_not_repeated() -> None:
    endpoint = Endpoint(texts(GOOD[:FOURTH]), end="breaks")
    result = await write(endpoint)
    assert hooks(result)[:3] == [row["hook"] for row in ROWS[:3]]
    assert len(endpoint.payloads) == 2
    assert json.loads(endpoint.payloads[1]["messages"][1]["content"])["variants_wanted"] == 2


async def test_stream_without_usage_is_not_asked_for_again() -> None:
    endpoint = Endpoint([*texts(GOOD), END, DONE])
    result = await write(endpoint, times=3)
    assert [bool(payload.get("stream")) for payload in endpoint.payloads] == [True, False, False]
    assert result.usage is not None
    assert result.usage.prompt_tokens == 640


@pytest.mark.parametrize(
    "body",
    [
        '{"error":{"message":"Your organization must be verified to stream this model.","param":"stream"}}',
        '{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Not permitted"}]}',
    ],
)
async def test_refused_stream_is_taken_whole(body: str) -> None:
    def refuse(payload: dict[str, Any]) -> httpx.Response | None:
        return httpx.Response(400, content=body.encode()) if payload.get("stream") else None

    endpoint = Endpoint([], refuse=refuse)
    result = await write(endpoint, times=2)
    assert hooks(result) == [row["hook"] for row in ROWS]
    assert [bool(payload.get("stream")) for payload in endpoint.payloads] == [True, False, False]


async def test_error_in_a_stream_is_an_error() -> None:
    overloaded = event(error={"code": 502, "message": "Provider disconnected"}, choices=[])
    endpoint = Endpoint([overloaded, DONE])
    result = await write(endpoint)
    assert result.provider == "local"
    assert len(endpoint.payloads) == SETTINGS.retries + 1


async def test_thoughts_in_a_stream_are_no_texts() -> None:
    thought = event(choices=[{"index": 0, "delta": {"reasoning_content": "Five bottles …"}}])
    cut = event(choices=[{"index": 0, "delta": {}, "finish_reason": "length"}])
    endpoint = Endpoint([thought, cut, USED, DONE])
    result = await write(endpoint)
    assert (result.provider, len(endpoint.payloads)) == ("local", 2)
