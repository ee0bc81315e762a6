"""Copy from an OpenAI-compatible chat endpoint: hosted ones, and Ollama, vLLM, llama.cpp or LM Studio on one's machine.

The content filters check every text of the model. Rejected texts are returned to the model with the reasons, and texts
that are still missing after that come from the built-in engine. Customers' texts are data: they are sent as one JSON
document in the user message, and nothing in the reply is used except five texts.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
import structlog

from services.chassis.errors import TransientFault
from services.copy.domain import VARIANT_COUNT, CopyBrief, CopyResult, Notes, Variant
from services.copy.providers import CopyProvider, content_filters
from services.copy.providers.ad_policy import allowed_text, sentences_without_offences
from services.copy.providers.chat_client import ChatClient, EndpointBreaker, OpenAISettings, UsageTotal
from services.copy.providers.local import engine, spelling
from services.copy.providers.local.choice import overlap
from services.copy.providers.local.facts import content_words
from services.copy.providers.model_prompt import mentions_the_task, read_variants, request_document

log = structlog.get_logger()

MAX_ROUNDS = 3  # requests to the model for one copy request, corrections included
MAX_SHARED_WORDS = 0.8  # of the smaller text's content words; two variants that share more are too much alike
MAX_CALL_TO_ACTION = 40  # characters


class OpenAICopyProvider:
    """Writes with a chat model. With a `fallback`, that provider writes when the endpoint fails.

    Raises TransientFault when the endpoint fails and there is no fallback.
    """

    name = "openai"

    def __init__(
        self,
        settings: OpenAISettings,
        fallback: CopyProvider | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random_: random.Random | None = None,
    ) -> None:
        self._settings = settings
        self._fallback = fallback
        self._breaker = EndpointBreaker(settings.breaker_failures, settings.breaker_seconds, clock)
        self._client = ChatClient(settings, transport=transport, sleep=sleep, random_=random_ or random.Random())

    async def close(self) -> None:
        await self._client.close()
        if self._fallback is not None:
            await self._fallback.close()

    async def write(self, brief: CopyBrief, seed: str) -> CopyResult:
        if not self._breaker.allows_request():
            fault = TransientFault("MODEL_UNAVAILABLE", "the circuit breaker is open")
            return await self._fall_back(brief, seed, fault, None)
        total = UsageTotal(model=self._settings.model)
        try:
            async with asyncio.timeout(self._settings.total_seconds):
                result = await self._write(brief, seed, total)
        except TimeoutError:
            self._breaker.record_failure()
            fault = TransientFault("MODEL_TIMED_OUT", f"no response within {self._settings.total_seconds} s")
            return await self._fall_back(brief, seed, fault, total)
        except TransientFault as fault:
            self._breaker.record_failure()
            return await self._fall_back(brief, seed, fault, total)
        self._breaker.record_success()
        return result

    async def _fall_back(
        self, brief: CopyBrief, seed: str, fault: TransientFault, total: UsageTotal | None
    ) -> CopyResult:
        """The fallback's copy. The tokens that the failed model used are recorded with it."""
        if self._fallback is None:
            raise fault
        log.warning("model_failed", reason=fault.reason, detail=str(fault))
        result = await self._fallback.write(brief, seed)
        return replace(result, usage=total.usage(self._settings) if total else None)

    async def _write(self, brief: CopyBrief, seed: str, total: UsageTotal) -> CopyResult:
        allowed = allowed_text(brief.description, brief.features, subject=brief.subject)
        audience = sentences_without_offences(brief.audience, subject=brief.subject)
        request = engine.understand_order(brief)
        accepted: list[Variant] = []
        rejections: list[str] = []
        for _ in range(MAX_ROUNDS):
            document = request_document(
                replace(brief, description=allowed.description, features=allowed.features, audience=audience.text),
                request,
            )
            if rejections:
                document["corrections"] = rejections[:10]
                document["variants_wanted"] = VARIANT_COUNT - len(accepted)
                document["angles_taken"] = [variant.angle for variant in accepted]
            proposed = read_variants(await self._client.complete(document, total))
            rejections = _accept(proposed, brief, request, accepted)
            if len(accepted) >= VARIANT_COUNT:
                break
            rejections = rejections or ["There were fewer than five usable variants."]
        missing = VARIANT_COUNT - len(accepted)
        if not accepted:
            raise TransientFault("MODEL_UNUSABLE", "none of the model's texts passed the filters")
        if missing:
            _fill_up(accepted, engine.write(brief, seed).variants)
        notes = _notes(request, tuple(accepted), missing)
        notes = replace(notes, filtered=(*notes.filtered, *(part.note for part in audience.left_out)))
        return CopyResult(
            variants=tuple(accepted[:VARIANT_COUNT]), notes=notes, provider=self.name, usage=total.usage(self._settings)
        )


def _accept(proposed: list[Variant], brief: CopyBrief, request: engine.Order, accepted: list[Variant]) -> list[str]:
    """Appends the usable variants to `accepted`; returns a sentence for each rejected one."""
    rejections = []
    for raw in proposed[: 2 * VARIANT_COUNT]:
        variant = _normalized(raw, request)
        reason = _rejection_reason(variant, brief, request, accepted)
        if reason is not None:
            rejections.append(f"“{variant.hook[:80]}”: {reason}")
        elif len(accepted) < VARIANT_COUNT:
            accepted.append(variant)
    return rejections


def _rejection_reason(variant: Variant, brief: CopyBrief, request: engine.Order, accepted: list[Variant]) -> str | None:
    reason = content_filters.rejection_reason(variant, brief, request.rules)
    if reason is not None:
        return reason
    for sentence in request.instructions.sentences:
        if sentence.rstrip(".") not in variant.body:
            return f"“{sentence}” is missing from the body"
    if request.instructions.questions is False and "?" in variant.hook + variant.body:
        return "it holds a question"
    if not _differs(variant, accepted):
        return "it repeats another variant or its angle"
    if mentions_the_task(variant):
        return "it speaks about the task and not about the product"
    return None


def _fill_up(accepted: list[Variant], local: tuple[Variant, ...]) -> None:
    """Appends the built-in engine's variants until there are five: those that differ first, then any others."""
    for variant in local:
        if len(accepted) < VARIANT_COUNT and _differs(variant, accepted):
            accepted.append(variant)
    for variant in local:
        if len(accepted) < VARIANT_COUNT and variant not in accepted:
            accepted.append(replace(variant, angle=f"{variant.angle}, again"))


def _normalized(variant: Variant, request: engine.Order) -> Variant:
    """Corrects what needs no new text: hashtags, spaces, spelling, and a call to action that the customer set."""
    tags = ["#" + re.sub(r"\W", "", tag) for tag in variant.hashtags if re.sub(r"\W", "", tag)]
    hook, body = re.sub(r"\s+", " ", variant.hook), re.sub(r"[ \t]+", " ", variant.body)
    if request.spelling:
        protected = tuple(part for part in (request.subject.name, request.offers) if part)
        hook, body = (spelling.respell(text, request.spelling, protected=protected) for text in (hook, body))
    return replace(
        variant,
        hook=hook,
        body=body,
        cta=(request.instructions.cta or variant.cta)[:MAX_CALL_TO_ACTION],
        hashtags=tuple(dict.fromkeys(tags))[: request.rules.hashtags_max],
    )


def _differs(variant: Variant, accepted: list[Variant]) -> bool:
    words = content_words(f"{variant.hook} {variant.body}")
    return all(
        variant.angle != other.angle
        and variant.hook.lower() != other.hook.lower()
        and overlap(words, content_words(f"{other.hook} {other.body}")) <= MAX_SHARED_WORDS
        for other in accepted
    )


def _notes(request: engine.Order, variants: tuple[Variant, ...], filled: int) -> Notes:
    notes = engine.notes_for(request, variants)
    extra = (
        (f"The built-in engine wrote {filled} of the five variants because the model's did not pass the filters.",)
        if filled
        else ()
    )
    return replace(notes, not_applied=(*notes.not_applied, *extra))
