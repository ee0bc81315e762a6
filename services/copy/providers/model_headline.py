"""The lines of a picture, by the remote model, with the built-in engine where it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import structlog
from cachetools import LRUCache

from services.chassis.circuit_breaker import CircuitBreaker
from services.chassis.errors import TransientFault
from services.copy.domain import CopyBrief, Format, Headline, Platform, Usage, Variant
from services.copy.providers import content_filters
from services.copy.providers.brief_facts import facts_of
from services.copy.providers.chat_client import ChatClient, OpenAISettings, UsageTotal
from services.copy.providers.local import write_headline
from services.copy.providers.local.request import understand_order
from services.copy.providers.model_judge import VariantJudge
from services.copy.providers.model_prompt import (
    CTA_CHARACTERS,
    HEADLINE_CHARACTERS,
    SUBLINE_CHARACTERS,
    headline_prompt,
)
from services.copy.providers.model_reply import read_headline

CALLS: Final = 2  # the first and one repair
REMEMBERED: Final = 512  # headlines of jobs whose attempts may be repeated; a repetition is not paid for again
NO_LINES: Final = "The last reply held no usable lines. Answer with the JSON object only."

log = structlog.get_logger()


class HeadlineWriter(Protocol):
    """Writes the lines of a picture. Never fails: the built-in engine writes where a model does not."""

    async def write(self, brief: CopyBrief, seed: str, taken: Collection[str] = ()) -> Headline: ...


class LocalHeadlines:
    """Writes with the built-in engine."""

    async def write(self, brief: CopyBrief, seed: str, taken: Collection[str] = ()) -> Headline:
        return write_headline(brief, seed, taken)


@dataclass(slots=True)
class _Attempt:
    """One reply, judged: the lines if they may go out, or else the reason."""

    headline: Headline | None
    reason: str


class ModelHeadlines:
    """Writes with the model. The lines of a seed are remembered, for repeated attempts of its job."""

    def __init__(self, client: ChatClient, breaker: CircuitBreaker, settings: OpenAISettings) -> None:
        self._client = client
        self._breaker = breaker
        self._settings = settings
        self._written: LRUCache[tuple[str, CopyBrief], Headline] = LRUCache(REMEMBERED)

    async def write(self, brief: CopyBrief, seed: str, taken: Collection[str] = ()) -> Headline:
        key = (seed, brief)
        if seed and key in self._written:
            return self._written[key]
        headline = await self._by_model(brief) if self._breaker.allows_request() else None
        if headline is None or headline.headline in taken:
            return write_headline(brief, seed, taken)
        self._written[key] = headline
        return headline

    async def _by_model(self, brief: CopyBrief) -> Headline | None:
        total = UsageTotal(model=self._settings.model)
        headline: Headline | None = None
        try:
            async with asyncio.timeout(self._settings.headline_seconds):
                headline = await self._ask(brief, total)
        except TimeoutError:
            self._breaker.record_failure()
            log.warning("model_failed", reason="MODEL_TIMED_OUT", detail="headline")
        except TransientFault as fault:
            self._breaker.record_failure()
            log.warning("model_failed", reason=fault.reason, detail=str(fault))
        except Exception as error:  # whatever an endpoint may send, the built-in engine writes the lines
            self._breaker.record_failure()
            log.exception("model_failed", reason="MODEL_UNUSABLE", detail=type(error).__name__)
        else:
            self._breaker.record_success()
        finally:  # also when the worker hangs up
            log_usage(total.usage(self._settings), purpose="headline")
        return headline

    async def _ask(self, brief: CopyBrief, total: UsageTotal) -> Headline | None:
        picture = replace(brief, platform=Platform.UNIVERSAL, format=Format.HOOK)
        facts = facts_of(picture)
        judge = VariantJudge(picture, understand_order(picture), facts)
        repair: dict[str, Any] | None = None
        for _ in range(CALLS):
            reply = await self._client.complete(headline_prompt(picture, judge.request, facts, repair=repair), total)
            attempt = _judged(reply.text, judge)
            if attempt.headline is not None:
                return attempt.headline
            repair = {"corrections": [attempt.reason]}
        return None


def _judged(text: str, judge: VariantJudge) -> _Attempt:
    found = read_headline(text)
    if found is None:
        return _Attempt(None, NO_LINES)
    lines, used = found
    variant = judge.normalized(
        Variant(
            angle="picture",
            hook=lines.headline,
            body=lines.subline or "-",
            cta=lines.cta or "Learn more",
            hashtags=(),
            facts=used,
        )
    )
    headline = variant.hook.removesuffix(".") if variant.hook.count(".") == 1 else variant.hook
    subline = "" if variant.body == "-" else variant.body
    for part, line, limit in (
        ("headline", headline, HEADLINE_CHARACTERS),
        ("subline", subline, SUBLINE_CHARACTERS),
        ("cta", variant.cta, CTA_CHARACTERS),
    ):
        if len(line) > limit:
            return _Attempt(None, f"The {part} has {len(line)} characters, {limit} are allowed.")
    rules = replace(judge.request.rules, emoji_max=0)
    judged = replace(variant, hook=headline)
    reason = (
        content_filters.wording_violation(judged, rules, judge.claims)
        or judge.limit_sold(headline, variant.facts)
        or judge.legal_missing(f"{headline}\n{subline}")
        or judge.wishes.violation(judged)
        or ("it speaks about the task" if judge.mentions_the_task(f"{headline} {subline}") else None)
    )
    if reason is not None:
        return _Attempt(None, f"“{headline}”: {reason}")
    return _Attempt(Headline(headline=headline, subline=subline, cta=variant.cta), "")


def log_usage(usage: Usage | None, *, purpose: str) -> None:
    """Logs the usage of texts that no job's result records it for."""
    if usage is not None:
        log.info(
            "model_used", provider="openai", model=usage.model, prompt_tokens=usage.prompt_tokens, calls=usage.calls,
            completion_tokens=usage.completion_tokens, cost_micros=usage.cost_micros, estimated=usage.estimated,
            purpose=purpose,
        )  # fmt: skip
