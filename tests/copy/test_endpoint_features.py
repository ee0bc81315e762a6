"""What endpoints accept is learnt from their refusals, in the shapes that known servers send, and without a race."""

from __future__ import annotations

import asyncio
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.chassis.errors import TransientFault
from services.copy.providers.endpoint_features import FORGET_SECONDS
from services.copy.providers.openai import OpenAICopyProvider
from tests.copy.chat_server import Response, completion
from tests.copy.chat_transport import SETTINGS, ChatTransport, in_order
from tests.copy.test_openai import GOOD, request_of_bottle

SHAPES = tomllib.loads((Path(__file__).parent / "server_shapes.toml").read_text(encoding="utf-8"))
SERVERS = SHAPES["server"]


def refuses(refusal: dict[str, Any], payload: dict[str, Any]) -> bool:
    match refusal["when"]:
        case "max_tokens over 2000":
            return int(payload.get("max_tokens", 0)) > 2000
        case "json_schema" | "json_object" as name:
            return bool(payload.get("response_format", {}).get("type") == name)
        case name:
            return name in payload


class Server:
    """Answers as one of the known servers, with a stream or ignoring that one is asked for."""

    def __init__(self, shape: dict[str, Any], *, streams: bool = False) -> None:
        self._shape = shape
        self._streams = streams

    async def answer(self, payload: dict[str, Any]) -> Response:
        for refusal in self._shape["refusals"]:
            if refuses(refusal, payload):
                return Response(status=refusal["status"], body=refusal["body"])
        body = self._shape["completion"].replace("TEXT", json.dumps(GOOD))
        if self._streams and payload.get("stream"):
            return Response(body=streamed(json.loads(body)), headers={"Content-Type": "text/event-stream"})
        return Response(body=body)


def streamed(completion: dict[str, Any]) -> str:
    """A completion as a stream of events, with the usage in an event of its own."""
    further = {
        name: completion[name] for name in ("id", "model", "created", "system_fingerprint") if name in completion
    }
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": GOOD[start : start + 40]} for start in range(0, len(GOOD), 40)]
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}], "usage": None}
        for delta in deltas
    ]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": None})
    chunks.append({"choices": [], "usage": completion["usage"]})
    events = [json.dumps({"object": "chat.completion.chunk", **further, **chunk}) for chunk in chunks]
    return "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"])


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("shape", SERVERS, ids=[shape["name"] for shape in SERVERS])
async def test_known_servers_write_and_their_choices_are_kept(shape: dict[str, Any], streams: bool) -> None:
    transport = ChatTransport(Server(shape, streams=streams).answer)
    provider = OpenAICopyProvider(SETTINGS, transport=transport)
    first = await provider.write(request_of_bottle(), "a")
    negotiated = len(transport.payloads)
    await provider.write(request_of_bottle(), "b")
    await provider.close()
    assert len(transport.payloads) == negotiated + 1, "the second request is right at once"
    payload = transport.payloads[-1]
    wanted = shape["ends_with"]
    assert payload.get("response_format", {"type": "text"})["type"] == wanted["format"]
    assert wanted["tokens"] in payload
    assert ("temperature" in payload) == wanted["temperature"]
    assert first.usage is not None
    assert first.usage.calls == 1, "refused requests are not counted as calls"
    assert [first.usage.prompt_tokens, first.usage.completion_tokens] == shape["tokens"]
    assert first.usage.cost_micros == shape.get("cost_micros", 0)


async def test_missing_model_is_a_fault_after_one_request() -> None:
    shape = next(shape for shape in SERVERS if shape["name"] == "Ollama")["missing_model"]
    transport = ChatTransport(in_order(Response(status=shape["status"], body=shape["body"])))
    provider = OpenAICopyProvider(SETTINGS, transport=transport)
    with pytest.raises(TransientFault):
        await provider.write(request_of_bottle(), "a")
    await provider.close()
    assert len(transport.payloads) == 1


@pytest.mark.parametrize("error", SHAPES["hidden_error"], ids=[error["name"] for error in SHAPES["hidden_error"]])
async def test_error_inside_of_a_success_is_an_error(error: dict[str, Any]) -> None:
    transport = ChatTransport(in_order(Response(body=error["body"]), completion(GOOD)))
    provider = OpenAICopyProvider(SETTINGS, transport=transport)
    if error["retried"]:
        result = await provider.write(request_of_bottle(), "a")
        assert result.usage is not None
        assert result.usage.calls == 1
        assert len(transport.payloads) == 2
    else:
        with pytest.raises(TransientFault):
            await provider.write(request_of_bottle(), "a")
        assert len(transport.payloads) == 1
    await provider.close()


async def test_simultaneous_first_requests_learn_the_same() -> None:
    """Three requests are refused the schema at once, then the object at once; all end with plain text."""
    barriers = {"json_schema": asyncio.Barrier(3), "json_object": asyncio.Barrier(3)}

    async def answer(payload: dict[str, Any]) -> Response:
        kind = payload.get("response_format", {}).get("type")
        if kind is None:
            return completion(GOOD)
        await barriers[kind].wait()
        return Response(status=400, body='{"error":{"message":"response_format is not supported"}}')

    transport = ChatTransport(answer)
    provider = OpenAICopyProvider(SETTINGS, transport=transport)
    async with asyncio.timeout(10):
        results = await asyncio.gather(*(provider.write(request_of_bottle(), "s") for _ in range(3)))
        await provider.write(request_of_bottle(), "later")
    await provider.close()
    assert {result.provider for result in results} == {"openai"}
    kinds = [payload.get("response_format", {}).get("type") for payload in transport.payloads]
    assert kinds == ["json_schema"] * 3 + ["json_object"] * 3 + [None] * 4


class TestForgetting:
    async def kinds(self, *, later: float, server: str = "") -> list[str | None]:
        """The formats of two copy requests with this time between them; `server` is the second one's software."""
        now = [0.0]
        schemas = 0

        async def answer(payload: dict[str, Any]) -> Response:
            nonlocal schemas
            if payload.get("response_format", {}).get("type") == "json_schema":
                schemas += 1
                if schemas == 1:
                    return Response(status=400, body='{"error":{"message":"json_schema is not supported"}}')
            return replace(completion(GOOD), headers={"Server": server if now[0] else "old/1"})

        transport = ChatTransport(answer)
        provider = OpenAICopyProvider(SETTINGS, transport=transport, clock=lambda: now[0])
        await provider.write(request_of_bottle(), "a")
        now[0] = later
        await provider.write(request_of_bottle(), "b")
        await provider.write(request_of_bottle(), "c")
        await provider.close()
        return [payload.get("response_format", {}).get("type") for payload in transport.payloads]

    async def test_refusals_are_kept_for_a_while(self) -> None:
        kinds = await self.kinds(later=FORGET_SECONDS - 1, server="old/1")
        assert kinds == ["json_schema", "json_object", "json_object", "json_object"]

    async def test_refusals_are_forgotten_after_their_time(self) -> None:
        kinds = await self.kinds(later=FORGET_SECONDS, server="old/1")
        assert kinds == ["json_schema", "json_object", "json_schema", "json_schema"]

    async def test_refusals_are_forgotten_when_the_server_changes(self) -> None:
        kinds = await self.kinds(later=1.0, server="new/2")
        assert kinds == ["json_schema", "json_object", "json_object", "json_schema"]


async def test_endless_refusals_end() -> None:
    refusal = Response(
        status=400, body='{"error":{"message":"response_format max_tokens temperature max_completion_tokens"}}'
    )
    transport = ChatTransport(in_order(refusal))
    provider = OpenAICopyProvider(SETTINGS, transport=transport)
    with pytest.raises(TransientFault):
        await provider.write(request_of_bottle(), "a")
    await provider.close()
    assert len(transport.payloads) <= 7
