"""Whatever an endpoint sends, the built-in engine writes, the breaker counts, and the usage is known."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
import structlog

from services.copy.domain import CopyBrief
from services.copy.providers import model_headline, openai
from services.copy.providers.chat_client import CHARACTERS_PER_TOKEN
from services.copy.providers.local import LocalCopyProvider
from services.copy.providers.model_prompt import HEADLINE_PROMPT
from services.copy.providers.model_reply import mentions_the_task, read_variants
from services.copy.providers.openai import OpenAICopyProvider
from tests.copy.chat_server import Response, completion
from tests.copy.chat_transport import SETTINGS, ChatTransport, in_order
from tests.copy.products import PRODUCTS, brief
from tests.copy.test_model_facts import understood
from tests.copy.test_openai import GOOD, ROWS, request_of_bottle
from tests.copy.test_streams import FOURTH, Endpoint, texts, write


def provider_of(transport: httpx.AsyncBaseTransport, **changes: Any) -> OpenAICopyProvider:
    return OpenAICopyProvider(replace(SETTINGS, **changes), LocalCopyProvider(), transport=transport)


class Garbled(httpx.AsyncBaseTransport):
    """Says that its body is compressed, which it is not."""

    def __init__(self) -> None:
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        stream = httpx.ByteStream(b"\x00garbage")
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=stream)


async def test_body_that_cannot_be_decoded_leads_to_the_fallback_and_opens_the_breaker() -> None:
    garbled = Garbled()
    provider = provider_of(garbled, breaker_failures=1, retries=0)
    for _ in range(2):
        assert (await provider.write(request_of_bottle(), "seed")).provider == "local"
    await provider.close()
    assert garbled.calls == 1


async def test_unforeseen_error_leads_to_the_fallback_and_opens_the_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(openai, "read_variants", fail)
    monkeypatch.setattr(model_headline, "read_headline", fail)
    transport = ChatTransport(in_order(completion(GOOD)))
    provider = provider_of(transport, breaker_failures=1)
    for _ in range(2):
        assert (await provider.write(request_of_bottle(), "seed")).provider == "local"
        assert (await provider.headlines.write(understood(), "seed")).headline
    await provider.close()
    assert len(transport.payloads) == 2


@pytest.mark.parametrize("text", ["[" * 100_000, '{"hook": ' + "[" * 100_000 + "]" * 100_000 + "}"])
def test_deeply_nested_reply_holds_no_texts(text: str) -> None:
    assert read_variants(text) == []


async def test_failing_headlines_leave_copy_to_the_model() -> None:
    async def answer(payload: dict[str, Any]) -> Response:
        if payload["messages"][0]["content"] == HEADLINE_PROMPT:
            await asyncio.Event().wait()
        return completion(GOOD)

    provider = provider_of(ChatTransport(answer), breaker_failures=1, headline_seconds=0.05)
    await provider.headlines.write(understood(), "seed")
    assert (await provider.write(request_of_bottle(), "seed")).provider == "openai"
    await provider.close()


class TestUsageOfCallsThatEndEarly:
    @pytest.mark.parametrize("end", ["hangs", "breaks"])
    async def test_tokens_are_estimated(self, end: str) -> None:
        sent = GOOD[:FOURTH]
        endpoint = Endpoint(texts(sent), end=end)
        usage = (await write(endpoint, replace(SETTINGS, total_seconds=0.3))).usage
        prompts = sum(
            -(-sum(len(message["content"]) for message in payload["messages"]) // CHARACTERS_PER_TOKEN)
            for payload in endpoint.payloads
        )
        assert usage is not None
        assert usage.estimated
        assert usage.calls == len(endpoint.payloads)
        assert usage.prompt_tokens == prompts
        assert usage.completion_tokens == usage.calls * -(-len(sent) // CHARACTERS_PER_TOKEN)

    async def test_reported_tokens_are_not_marked(self) -> None:
        provider = provider_of(ChatTransport(in_order(completion(GOOD))))
        usage = (await provider.write(request_of_bottle(), "seed")).usage
        await provider.close()
        assert usage is not None
        assert not usage.estimated

    async def test_address_that_does_not_answer_costs_nothing(self) -> None:
        async def answer(_payload: dict[str, Any]) -> Response:
            raise httpx.ConnectError("")

        provider = provider_of(ChatTransport(answer))
        assert (await provider.write(request_of_bottle(), "seed")).usage is None
        await provider.close()

    async def test_headline_whose_caller_hangs_up_is_logged(self) -> None:
        async def answer(_payload: dict[str, Any]) -> Response:
            await asyncio.Event().wait()
            raise AssertionError

        provider = provider_of(ChatTransport(answer))
        with structlog.testing.capture_logs() as logs, pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await provider.headlines.write(understood(), "seed")
        await provider.close()
        used = [row for row in logs if row["event"] == "model_used"]
        assert [(row["purpose"], row["calls"], row["estimated"]) for row in used] == [("headline", 1, True)]


class TestWordsOfTheTask:
    def test_words_of_the_product_are_its_own(self) -> None:
        assert mentions_the_task("Read JSON at a glance.")
        assert not mentions_the_task("Read JSON at a glance.", ["A JSON viewer"])
        assert mentions_the_task("As an AI, I read JSON.", ["A JSON viewer"])

    async def test_texts_about_a_json_viewer_are_used(self) -> None:
        request: CopyBrief = replace(brief(PRODUCTS[0]), features=("A JSON display", *request_of_bottle().features))
        rows = [{**ROWS[0], "body": "Aurora Bottle has a JSON display."}, *ROWS[1:]]
        transport = ChatTransport(in_order(completion(json.dumps({"variants": rows}))))
        provider = provider_of(transport)
        result = await provider.write(request, "seed")
        await provider.close()
        assert result.variants[0].body == rows[0]["body"]
