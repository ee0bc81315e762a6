"""Client of an OpenAI-compatible chat endpoint: retries, negotiation of parameters, and the usage it reports."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from services.chassis.errors import TransientFault
from services.copy.domain import Usage
from services.copy.providers.chat_reply import Reply, error_of, read_reply
from services.copy.providers.chat_stream import MAX_STREAM_BYTES, Progress
from services.copy.providers.endpoint_features import EndpointFeatures
from services.worker.remote.provider_client import (
    ProviderClient,
    TryAgain,
    is_retryable,
    read_limited,
    retry_after_seconds,
)

MAX_RESPONSE_BYTES = 256 * 1024  # five texts take a few kilobytes
# Statuses with which servers refuse a parameter; llama.cpp answers 500 to a schema that it cannot turn into a grammar.
NEGOTIABLE_STATUSES = frozenset({400, 404, 415, 422, 500, 501})
UNEXPLAINED_TRIES = 2  # after an error that names no status, in a response with status 200
MAX_NEGOTIATIONS = 7  # of one request: two formats, two token limits, the temperature, the stream, a shorter reply
MAX_COST_DOLLARS = 1000.0  # for one response; a higher one is an error of the endpoint
MAX_RETRY_AFTER_SECONDS = 5.0  # the customer waits; a longer pause counts as a failure
MAX_MODEL_NAME = 120  # characters
EVENT_STREAM = "text/event-stream"
CHARACTERS_PER_TOKEN = 4  # about, in the languages of Europe; for calls that ended before the endpoint counted
SPOILT = (httpx.RequestError, httpx.StreamError)  # no response, or one that cannot be read
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAISettings:
    """The endpoint and the limits of its use.

    base_url: ends in the version ("https://host/v1"). read_seconds: limit of one call. total_seconds: limit of one copy
    request with its repair and all retries. headline_seconds: the same of one headline. prompt_price, completion_price:
    US dollars per million tokens, for endpoints that report no cost; 0: not known. breaker_failures: consecutive
    failures that open the circuit breaker, for half to all of breaker_seconds.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    connect_seconds: float = 3.0
    read_seconds: float = 120.0
    total_seconds: float = 120.0
    headline_seconds: float = 40.0
    retries: int = 2
    backoff_seconds: float = 0.4
    temperature: float = 0.9
    max_tokens: int = 3000
    prompt_price: float = 0.0
    completion_price: float = 0.0
    breaker_failures: int = 5
    breaker_seconds: float = 30.0


@dataclass(slots=True)
class UsageTotal:
    """Sums the usage of all calls for one copy request.

    estimated: some calls ended before the endpoint reported their tokens, which are estimated from the texts.
    """

    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0
    estimated: bool = False
    cost_dollars: float = 0.0  # where the endpoint reports a cost

    def add(self, response: dict[str, Any]) -> None:
        """Adds a response. Implausible numbers are ignored."""
        self.calls += 1
        usage = response.get("usage")
        if isinstance(usage, dict):
            self.prompt_tokens += _token_count(usage.get("prompt_tokens"))
            self.completion_tokens += _token_count(usage.get("completion_tokens"))
            cost = usage.get("cost")
            if isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < MAX_COST_DOLLARS:
                self.cost_dollars += cost
        if isinstance(response.get("model"), str):
            self.model = response["model"][:MAX_MODEL_NAME]

    def estimate(self, prompt_characters: int, reply_characters: int) -> None:
        """Adds a call that was sent and ended without a report of its tokens."""
        self.calls += 1
        self.estimated = True
        self.prompt_tokens += -(-prompt_characters // CHARACTERS_PER_TOKEN)
        self.completion_tokens += -(-reply_characters // CHARACTERS_PER_TOKEN)

    def usage(self, settings: OpenAISettings) -> Usage | None:
        """The sum; None when no call can have cost anything."""
        if self.calls == 0:
            return None
        # Dollars per million tokens equal millionths of a dollar per token.
        priced = self.prompt_tokens * settings.prompt_price + self.completion_tokens * settings.completion_price
        return Usage(
            model=self.model,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cost_micros=round(self.cost_dollars * 1_000_000) or round(priced),
            calls=self.calls,
            estimated=self.estimated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One request to a model.

    document: the user message, sent as JSON. schema: of the reply. tokens: limit of the reply; None: the settings' one.
    """

    system: str
    document: dict[str, Any]
    schema_name: str
    schema: dict[str, Any]
    tokens: int | None = None


class ChatClient:
    """Sends chat completions, retries failed ones, and keeps to the parameters that the endpoint accepts."""

    def __init__(
        self,
        settings: OpenAISettings,
        *,
        transport: httpx.AsyncBaseTransport | None,
        sleep: Callable[[float], Awaitable[None]],
        random_: random.Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._features = EndpointFeatures(clock, settings.max_tokens)
        self._client = ProviderClient(
            settings.base_url,
            {"authorization": f"Bearer {settings.api_key}"} if settings.api_key else {},
            pause_seconds=settings.backoff_seconds,
            response_seconds=settings.read_seconds,
            connect_seconds=settings.connect_seconds,
            tries=settings.retries + 1,
            transport=transport,
            sleep=sleep,
            chance=random_.random,
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def complete(self, prompt: Prompt, total: UsageTotal, progress: Progress | None = None) -> Reply:
        """The model's reply. Adds the usage to `total`. Raises TransientFault.

        progress: holds what the endpoint has sent so far, also when this call is cancelled.
        """
        progress = progress or Progress()
        for _ in range(MAX_NEGOTIATIONS + 1):
            sent = self._choices(prompt)
            payload = _payload(self._settings, prompt, sent)
            response = await self._client.repeat(partial(self._post, payload, sent, progress, total))
            if response is not None:
                return read_reply(response)
        raise TransientFault("MODEL_REFUSED", "the endpoint accepts none of the known parameters")

    def _choices(self, prompt: Prompt) -> dict[str, Any]:
        """The choices of one attempt. They travel with it: others may change what is chosen meanwhile."""
        limit = self._features.max_tokens
        wanted = prompt.tokens or self._settings.max_tokens
        return {choice: self._features.chosen(choice) for choice in ("format", "tokens", "temperature", "stream")} | {
            "max_tokens": wanted if limit == self._settings.max_tokens else min(limit, wanted)
        }

    async def _post(
        self, payload: dict[str, Any], sent: dict[str, Any], progress: Progress, total: UsageTotal
    ) -> dict[str, Any] | None:
        """One try: the response's object; None when the endpoint refused one of `sent`, and others are chosen now.

        Raises TryAgain when another try may succeed, and TransientFault when none will.
        """
        settings = self._settings
        try:
            status, headers, body = await self._send_counted(payload, progress, total)
        except httpx.ReadTimeout:  # another attempt would take as long
            raise TransientFault("MODEL_TIMED_OUT", f"no response within {settings.read_seconds:g} s") from None
        except SPOILT as error:
            raise TryAgain(_unavailable(type(error).__name__)) from None
        response = _json_object(body) if status == 200 else {}
        problem = error_of(body)
        if status == 200 and (problem is None or response.get("choices")):
            self._features.record_response(_fingerprint(headers, response))
            if not progress.broken or progress.has_usage:
                total.add(response)
            else:
                total.estimate(_characters(payload), progress.characters)
            return response
        tries = None
        if status == 200 and problem is not None:  # an error inside of a success, as routers send it
            status = problem.status
            if not problem.has_status:  # it may be paid for, and nothing says that it will pass
                tries = UNEXPLAINED_TRIES
        if problem is not None and "json_validate_failed" in problem.code:
            total.estimate(_characters(payload), len(problem.failed_text))
            return {"choices": [{"message": {"content": problem.failed_text}}]}
        if problem is not None and "insufficient_quota" in problem.code:
            raise TransientFault("MODEL_REFUSED", "the endpoint's account has no quota left")
        if status in NEGOTIABLE_STATUSES and problem is not None and self._features.learn(problem, sent):
            return None
        if not is_retryable(status):
            raise TransientFault("MODEL_REFUSED", f"the endpoint responded with status {status}")
        asked = retry_after_seconds(headers) or 0.0
        if asked > MAX_RETRY_AFTER_SECONDS:
            raise TransientFault("MODEL_BUSY", f"the endpoint asks to wait {asked:.0f} s")
        raise TryAgain(_unavailable(f"status {status}"), at_least_seconds=asked, tries=tries)

    async def _send_counted(
        self, payload: dict[str, Any], progress: Progress, total: UsageTotal
    ) -> tuple[int, httpx.Headers, bytes]:
        """As `_send`. A call that is sent and then fails or is cancelled is added to the usage: the model has run."""
        ended = False
        try:
            response = await self._send(payload, progress)
            ended = True
        except UNSENT:
            ended = True
            raise
        finally:
            if not ended:
                total.estimate(_characters(payload), progress.characters)
        return response

    async def _send(self, payload: dict[str, Any], progress: Progress) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and body; the body of a stream is the completion that it ends in."""
        progress.begin()
        async with self._client.response("POST", "chat/completions", body=payload) as response:
            if response.status_code == 200 and response.headers.get("content-type", "").startswith(EVENT_STREAM):
                progress.broken = not await _read_stream(response, progress)
                if not progress.broken and not progress.has_usage:
                    self._features.refuse_stream()
                return response.status_code, response.headers, json.dumps(progress.response()).encode()
            return response.status_code, response.headers, await read_limited(response, MAX_RESPONSE_BYTES)


def _unavailable(failure: str) -> TransientFault:
    return TransientFault("MODEL_UNAVAILABLE", f"the endpoint failed at the last try: {failure}")


async def _read_stream(response: httpx.Response, progress: Progress) -> bool:
    """Feeds the stream's lines to `progress`; returns whether it ended as it should.

    A stream that breaks off after its text has begun counts as a reply that was cut: another attempt would be paid for
    again. Raises one of SPOILT before that, and TransientFault when the stream is too long.
    """
    read, rest = 0, b""
    try:
        async for chunk in response.aiter_bytes():
            read += len(chunk)
            if read > MAX_STREAM_BYTES:
                raise TransientFault("MODEL_UNUSABLE", f"the stream is longer than {MAX_STREAM_BYTES} bytes")
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                progress.feed(line.decode(errors="replace"))
    except SPOILT:
        if not progress.text:
            raise
        return False
    progress.feed(rest.decode(errors="replace"))
    return True


def _payload(settings: OpenAISettings, prompt: Prompt, sent: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "model": settings.model,
        "messages": [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": json.dumps(prompt.document, ensure_ascii=False)},
        ],
    }
    if sent["stream"] != "none":
        payload |= {"stream": True, "stream_options": {"include_usage": True}}
    if sent["temperature"] != "none":
        payload["temperature"] = settings.temperature
    if sent["tokens"] != "none":
        payload[sent["tokens"]] = sent["max_tokens"]
    if sent["format"] == "json_schema":
        payload["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": prompt.schema_name, "strict": True, "schema": prompt.schema},
        }
    elif sent["format"] == "json_object":
        payload["response_format"] = {"type": "json_object"}
    return payload


def _characters(payload: dict[str, Any]) -> int:
    return sum(len(message["content"]) for message in payload["messages"])


def _fingerprint(headers: httpx.Headers, response: dict[str, Any]) -> dict[str, str]:
    """What changes when the server's software or model does. Hosted endpoints change `fp_…` from call to call."""
    build = str(response.get("system_fingerprint") or "")
    found = {"server": headers.get("server", ""), "model": str(response.get("model") or "")}
    if not build.startswith("fp_"):
        found["build"] = build
    return {name: value for name, value in found.items() if value}


def _token_count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else 0


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise TransientFault("MODEL_UNUSABLE", "the endpoint's response is not JSON") from None
    if not isinstance(found, dict):
        raise TransientFault("MODEL_UNUSABLE", "the endpoint's response is not an object")
    return found
