"""Copy from an OpenAI-compatible chat endpoint: hosted ones, and Ollama, vLLM, llama.cpp or LM Studio on one's machine.

A copy request costs one call to the model, and one more where texts are missing or were rejected. Every text is judged
by the brief's facts; texts that are still missing come from the built-in engine, with a note. Customers' texts are
data: they are sent as one JSON document in the user message, and nothing in the reply is used except its texts and the
ids of facts.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import structlog

from services.ad_policy import sentences_without_offences
from services.chassis.backoff import Backoff
from services.chassis.circuit_breaker import CircuitBreaker
from services.chassis.errors import TransientFault
from services.copy.domain import VARIANT_COUNT, BriefFact, CopyBrief, CopyResult, Notes, Variant
from services.copy.providers import CopyProvider, model_judge
from services.copy.providers.brief_facts import facts_of
from services.copy.providers.chat_client import ChatClient, OpenAISettings, UsageTotal
from services.copy.providers.chat_reply import Reply
from services.copy.providers.chat_stream import Progress
from services.copy.providers.local import engine
from services.copy.providers.local.notes import notes_for
from services.copy.providers.local.request import Order, check_feasible, understand_order
from services.copy.providers.model_headline import ModelHeadlines, log_usage
from services.copy.providers.model_prompt import copy_prompt
from services.copy.providers.model_reply import is_unfinished_thought, read_variants
from services.copy.providers.wish_judge import judged

log = structlog.get_logger()

UNUSABLE = "MODEL_UNUSABLE"
MAX_CORRECTIONS = 10  # that a repair names
MORE_TOKENS = 2  # times the limit, in the repair of a reply that ended before its texts began
NO_TEXTS = "The last reply held no usable texts. Answer with the JSON object only, without thoughts or remarks."


@dataclass(slots=True)
class _Work:
    """One copy request: what it is judged by, and the texts accepted so far."""

    brief: CopyBrief
    request: Order
    facts: tuple[BriefFact, ...]
    judge: model_judge.VariantJudge
    total: UsageTotal
    progress: Progress = field(default_factory=Progress)
    accepted: list[Variant] = field(default_factory=list)

    @property
    def missing(self) -> int:
        return VARIANT_COUNT - len(self.accepted)


class OpenAICopyProvider:
    """Writes with a chat model. With a `fallback`, that provider writes when the endpoint fails.

    headlines: writes the lines of pictures at the same endpoint. Raises TransientFault when the endpoint fails, or
    fewer than five of its texts pass, and there is no fallback.
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
        random_ = random_ or random.Random()
        pauses = Backoff(settings.breaker_seconds, settings.breaker_seconds)
        self._client = ChatClient(settings, transport=transport, sleep=sleep, random_=random_, clock=clock)
        # One each: a picture's lines end sooner, and a slow model may still write whole copies in its longer time.
        self._breaker, headline_breaker = (
            CircuitBreaker(pauses, failures=settings.breaker_failures, clock=clock, chance=random_.random)
            for _ in range(2)
        )
        self.headlines = ModelHeadlines(self._client, headline_breaker, settings)

    def check(self, brief: CopyBrief) -> None:
        check_feasible(understand_order(brief))

    async def close(self) -> None:
        await self._client.close()
        if self._fallback is not None:
            await self._fallback.close()

    async def write(self, brief: CopyBrief, seed: str) -> CopyResult:
        if not self._breaker.allows_request():
            broken = TransientFault("MODEL_UNAVAILABLE", "the circuit breaker is open")
            return await self._fall_back(brief, seed, broken, None)
        work = self._work(brief)
        fault = await self._ask(work)
        if not work.accepted:
            if fault is None:  # the endpoint works; what it wrote for this brief may not go out
                self._breaker.record_success()
            else:
                self._breaker.record_failure()
            fault = fault or TransientFault(UNUSABLE, "none of the model's texts passed the filters")
            return await self._fall_back(brief, seed, fault, work.total)
        self._breaker.record_success()
        if work.missing and self._fallback is None:
            few = f"{len(work.accepted)} of the model's texts passed the filters, {VARIANT_COUNT} are needed"
            return await self._fall_back(brief, seed, fault or TransientFault(UNUSABLE, few), work.total)
        return self._result(work, seed, fault)

    def _work(self, brief: CopyBrief) -> _Work:
        request = understand_order(brief)
        facts = facts_of(brief)
        judge = model_judge.VariantJudge(brief, request, facts)
        return _Work(
            brief=brief,
            request=judge.request,
            facts=facts,
            judge=judge,
            total=UsageTotal(model=self._settings.model),
        )

    async def _ask(self, work: _Work) -> TransientFault | None:
        """Asks the model, and once more for what is missing. The fault of a failed call; its good texts are kept."""
        try:
            return await self._ask_in_time(work)
        except TransientFault as fault:
            return fault
        except Exception as error:  # whatever an endpoint may send, the fallback writes and the breaker counts
            log.exception("model_reply_not_handled")
            return TransientFault(UNUSABLE, f"the reply led to {type(error).__name__}")

    async def _ask_in_time(self, work: _Work) -> TransientFault | None:
        try:
            async with asyncio.timeout(self._settings.total_seconds):
                reply = await self._call(work, None, None)
                rejections = self._accept(work, reply)
                if work.missing:
                    await self._repair(work, reply, rejections)
        except TimeoutError:
            self._accept(work, Reply(text=work.progress.text, cut=True))  # the texts that were complete by then
            return TransientFault("MODEL_TIMED_OUT", f"no response within {self._settings.total_seconds:g} s")
        return None

    async def _repair(self, work: _Work, reply: Reply, rejections: list[str]) -> None:
        began_nothing = not work.accepted and not rejections
        repair: dict[str, Any] = {
            "corrections": rejections[:MAX_CORRECTIONS] or [NO_TEXTS if began_nothing else "Texts were missing."],
            "variants_wanted": work.missing,
            "angles_taken": [variant.angle for variant in work.accepted],
        }
        longer = began_nothing and (reply.cut or is_unfinished_thought(reply.text))
        tokens = MORE_TOKENS * self._settings.max_tokens if longer else None
        self._accept(work, await self._call(work, repair, tokens))

    async def _call(self, work: _Work, repair: dict[str, Any] | None, tokens: int | None) -> Reply:
        prompt = copy_prompt(work.brief, work.request, work.facts, repair=repair, tokens=tokens)
        return await self._client.complete(prompt, work.total, work.progress)

    def _accept(self, work: _Work, reply: Reply) -> list[str]:
        """Keeps the usable variants of a reply; returns a sentence for each rejected one."""
        proposed = read_variants(reply.text)[: 2 * VARIANT_COUNT]
        if work.judge.in_other_language(proposed):
            return ["All texts are in another language than `language` demands."]
        rejections = []
        for raw in proposed:
            variant = work.judge.normalized(raw)
            reason = work.judge.rejection_reason(variant, work.accepted)
            if reason is not None:
                rejections.append(f"“{variant.hook[:80]}”: {reason}")
            elif work.missing:
                work.accepted.append(variant)
        return rejections

    async def _fall_back(
        self, brief: CopyBrief, seed: str, fault: TransientFault, total: UsageTotal | None
    ) -> CopyResult:
        """The fallback's copy. The tokens that the failed model used are recorded with it."""
        if self._fallback is None:
            log_usage(total.usage(self._settings) if total else None, purpose="failed copy")
            raise fault
        log.warning("model_failed", reason=fault.reason, detail=str(fault))
        result = await self._fallback.write(brief, seed)
        why = (
            "the language model's did not pass the filters" if fault.reason == UNUSABLE else "the language model failed"
        )
        notes = replace(
            result.notes, not_applied=(*result.notes.not_applied, f"The built-in engine wrote the texts because {why}.")
        )
        return replace(result, notes=notes, usage=total.usage(self._settings) if total else None)

    def _result(self, work: _Work, seed: str, fault: TransientFault | None) -> CopyResult:
        missing = work.missing
        if fault is not None:
            log.warning("model_failed", reason=fault.reason, detail=str(fault), kept=len(work.accepted))
        if missing:
            _fill_up(work.accepted, engine.write(work.brief, seed).variants)
        variants = tuple(work.accepted[:VARIANT_COUNT])
        return CopyResult(
            variants=variants,
            notes=_notes(work, variants, missing, fault),
            provider=self.name,
            usage=work.total.usage(self._settings),
        )


def _fill_up(accepted: list[Variant], local: tuple[Variant, ...]) -> None:
    """Appends the built-in engine's variants until there are five: those that differ first, then any others."""
    for variant in local:
        if len(accepted) < VARIANT_COUNT and model_judge.differs(variant, accepted):
            accepted.append(variant)
    for variant in local:
        if len(accepted) < VARIANT_COUNT and variant not in accepted:
            taken = {other.angle for other in accepted}
            numbers = itertools.count(2)
            named = next(name for number in numbers if (name := f"{variant.angle} {number}") not in taken)
            accepted.append(replace(variant, angle=variant.angle if variant.angle not in taken else named))


def _notes(work: _Work, variants: tuple[Variant, ...], filled: int, fault: TransientFault | None) -> Notes:
    applied, missed = judged(work.judge.wishes, variants, body_characters=work.request.layout.body)
    if filled:
        why = "the model's did not pass the filters"
        if fault is not None:
            why = "the model's time ended" if fault.reason == "MODEL_TIMED_OUT" else "the model failed meanwhile"
        missed = (*missed, f"The built-in engine wrote {filled} of the five variants because {why}.")
    audience = sentences_without_offences(work.brief.audience, subject=work.brief.subject)
    left_out = (*notes_for(work.request, variants).filtered, *(part.note for part in audience.left_out))
    return Notes(applied=applied, not_applied=missed, filtered=left_out)
