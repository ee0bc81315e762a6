# ruff: noqa: E501  (rows of examples)
"""Replies in every wrapping are read; a reply without texts costs one repair, and never a third call."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from services.chassis.errors import TransientFault
from services.copy.providers.local import LocalCopyProvider
from services.copy.providers.model_reply import read_variants
from services.copy.providers.openai import OpenAICopyProvider
from tests.copy.chat_server import Response, completion
from tests.copy.chat_transport import SETTINGS, Answer, ChatTransport, in_order
from tests.copy.test_openai import GOOD, ROWS, request_of_bottle

HOOKS = [row["hook"] for row in ROWS]


def renamed(names: dict[str, str]) -> list[dict[str, Any]]:
    return [{names.get(key, key): value for key, value in row.items()} for row in ROWS]


@pytest.mark.parametrize("reply", [
    f"<think>Five. {{not json}} The user wants {GOOD[:40]}</think>\n{GOOD}",
    f"Okay, so the user wants five.\n</think>\n{GOOD}",
    f"<think>I will write them now.\n{GOOD}",
    f"<|channel|>analysis<|message|>Five [of them].<|end|><|start|>assistant<|channel|>final<|message|>{GOOD}",
    f"```json\n{GOOD}\n```\nLet me know if you'd like changes!",
    f"Here are your ads {{as JSON}}:\n\n{GOOD}",
    json.dumps({"ads": renamed({"hook": "headline", "body": "text", "cta": "call_to_action"})}),
    json.dumps({"variants": renamed({"hook": "Title", "body": "Primary Text", "cta": "CTA", "hashtags": "Tags"})}),
    json.dumps(renamed({"hook": "headline", "body": "description", "cta": "button"})),
    json.dumps({f"variant_{number}": row for number, row in enumerate(ROWS, 1)}),
    json.dumps({"ad_copy": {"variants": ROWS}}),
    json.dumps({"result": "ok", "data": {"variants": ROWS}}),
    "\n".join(json.dumps(row) for row in ROWS),
    json.dumps(GOOD),
    f"Draft one: {json.dumps(ROWS[0])} and so on.</think>{GOOD}",
    GOOD.replace("fresh for 24 hours.", "fresh for\n24 hours."),
], ids=["think", "only-closed", "unclosed", "channels", "fence", "braces", "headline", "capitals", "list", "numbered", "nested", "data", "lines", "string", "draft", "line-break"])  # fmt: skip
def test_texts_are_read_in_any_wrapping(reply: str) -> None:
    assert [variant.hook for variant in read_variants(reply)] == HOOKS


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>Draft one: {json.dumps(ROWS[0])}. Better",
        f"<thinking>{json.dumps(ROWS[:2])}",
        f"<think>{json.dumps(ROWS[0])}</think>I cannot do that.",
    ],
)
def test_drafts_within_thoughts_are_no_texts(reply: str) -> None:
    assert read_variants(reply) == []


def message(**fields: Any) -> Response:
    finish = fields.pop("finish_reason", "stop")
    usage = {"prompt_tokens": 100, "completion_tokens": 50}
    return Response(body=json.dumps({"choices": [{"message": fields, "finish_reason": finish}], "usage": usage}))


BAD = {
    "refusal in words": completion("I'm sorry, but I can't help with that."),
    "refusal in its field": message(role="assistant", content=None, refusal="I can't."),
    "filtered": message(role="assistant", content="", finish_reason="content_filter"),
    "empty choices": Response(body='{"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":0}}'),
    "empty message": completion(""),
    "unclosed thought": message(role="assistant", content="<think>Let me think about bottles", finish_reason="length"),
    "thought in its own field": message(role="assistant", content=None, reasoning_content="Bottles …", finish_reason="length"),
    "cut before the texts": message(role="assistant", content='{"variants": [{"angle": "pro', finish_reason="length"),
    "no JSON": completion("1. Warm water, again? Aurora Bottle keeps it fresh."),
    "other data": completion('{"product": "bottle"}'),
    "choice with an error": Response(body='{"choices":[{"error":{"code":502,"message":"x"},"finish_reason":"error","message":{"role":"assistant","content":""}}]}'),
}  # fmt: skip


async def written(answer: Answer, **changes: Any) -> tuple[Any, ChatTransport]:
    transport = ChatTransport(answer)
    provider = OpenAICopyProvider(SETTINGS, LocalCopyProvider(), transport=transport, **changes)
    result = await provider.write(request_of_bottle(), "seed")
    await provider.close()
    return result, transport


class TestOneRepair:
    @pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
    async def test_unusable_reply_is_repaired_once(self, bad: Response) -> None:
        result, transport = await written(in_order(bad, completion(GOOD)))
        assert [variant.hook for variant in result.variants] == HOOKS
        assert result.usage.calls == len(transport.payloads) == 2
        assert transport.documents()[1]["corrections"]

    @pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
    async def test_second_unusable_reply_is_not_followed_by_a_third_call(self, bad: Response) -> None:
        result, transport = await written(in_order(bad))
        assert len(transport.payloads) == 2
        assert (result.provider, result.usage.calls) == ("local", 2)

    async def test_reply_that_ended_within_its_thoughts_gets_more_tokens(self) -> None:
        _, transport = await written(in_order(BAD["unclosed thought"], completion(GOOD)))
        first, second = (payload["max_tokens"] for payload in transport.payloads)
        assert second == 2 * first

    async def test_missing_texts_are_requested_by_number_and_filled_up_after_that(self) -> None:
        result, transport = await written(in_order(completion(json.dumps({"variants": ROWS[:3]}))))
        assert len(transport.payloads) == 2
        assert transport.documents()[1]["variants_wanted"] == 2
        assert transport.documents()[1]["angles_taken"] == [row["angle"] for row in ROWS[:3]]
        assert [variant.hook for variant in result.variants[:3]] == HOOKS[:3]
        assert any("wrote 2 of the five" in note for note in result.notes.not_applied)


class TestEndpointErrors:
    async def test_text_that_the_endpoint_found_malformed_is_read(self) -> None:
        error = {"message": "Failed to generate JSON.", "type": "invalid_request_error", "code": "json_validate_failed"}
        failed = Response(status=400, body=json.dumps({"error": error | {"failed_generation": GOOD[:-1]}}))
        result, transport = await written(in_order(failed))
        assert [variant.hook for variant in result.variants] == HOOKS
        assert len(transport.payloads) == 1

    async def test_empty_account_is_not_asked_again(self) -> None:
        error = {
            "message": "You exceeded your current quota.",
            "type": "insufficient_quota",
            "code": "insufficient_quota",
        }
        result, transport = await written(in_order(Response(status=429, body=json.dumps({"error": error}))))
        assert (result.provider, len(transport.payloads)) == ("local", 1)

    async def test_customer_is_told_that_the_built_in_engine_wrote(self) -> None:
        failed, _ = await written(in_order(Response(status=401)))
        rejected, _ = await written(in_order(completion("No.")))
        assert any("because the language model failed" in note for note in failed.notes.not_applied)
        assert any("did not pass the filters" in note for note in rejected.notes.not_applied)

    async def test_rejected_texts_do_not_open_the_circuit_breaker(self) -> None:
        transport = ChatTransport(in_order(completion("No.")))
        provider = OpenAICopyProvider(replace(SETTINGS, breaker_failures=1), LocalCopyProvider(), transport=transport)
        for _ in range(3):
            await provider.write(request_of_bottle(), "seed")
        await provider.close()
        assert len(transport.payloads) == 6


class TestEndOfTime:
    async def test_good_texts_are_kept_when_the_time_ends_in_the_repair(self) -> None:
        first = [completion(json.dumps({"variants": ROWS[:4]}))]

        async def answer(_payload: dict[str, Any]) -> Response:
            if first:
                return first.pop()
            await asyncio.Event().wait()
            raise AssertionError

        transport = ChatTransport(answer)
        provider = OpenAICopyProvider(replace(SETTINGS, total_seconds=0.5), LocalCopyProvider(), transport=transport)
        result = await provider.write(request_of_bottle(), "seed")
        await provider.close()
        assert [variant.hook for variant in result.variants[:4]] == HOOKS[:4]
        assert result.provider == "openai"
        assert result.usage is not None
        assert result.usage.completion_tokens == 50
        assert any(
            "wrote 1 of the five variants because the model's time ended" in note for note in result.notes.not_applied
        )

    async def test_good_texts_are_kept_when_the_repair_fails(self) -> None:
        result, _ = await written(in_order(completion(json.dumps({"variants": ROWS[:4]})), Response(status=401)))
        assert [variant.hook for variant in result.variants[:4]] == HOOKS[:4]
        assert any("the model failed meanwhile" in note for note in result.notes.not_applied)

    async def test_read_limit_is_not_followed_by_another_attempt(self) -> None:
        attempts = 0

        async def answer(_payload: dict[str, Any]) -> Response:
            nonlocal attempts
            attempts += 1
            raise httpx.ReadTimeout("")

        provider = OpenAICopyProvider(SETTINGS, transport=ChatTransport(answer))
        with pytest.raises(TransientFault) as fault:
            await provider.write(request_of_bottle(), "seed")
        await provider.close()
        assert fault.value.reason == "MODEL_TIMED_OUT"
        assert attempts == 1
