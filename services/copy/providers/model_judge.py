"""Judges the variants of a remote model: by the filters, the brief's facts, the instructions, and beside each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from services.ad_policy import forbidden_claim
from services.copy.domain import BriefFact, CopyBrief, Variant
from services.copy.providers import content_filters
from services.copy.providers.brief_facts import LIMITING_ROLES, claim_judge
from services.copy.providers.figures import figures
from services.copy.providers.language_check import is_other_language
from services.copy.providers.language_names import language_code
from services.copy.providers.local import spelling
from services.copy.providers.local.request import Order
from services.copy.providers.meaning import concepts
from services.copy.providers.model_prompt import buttons_of, language_of
from services.copy.providers.model_reply import MAX_CALL_TO_ACTION, mentions_the_task
from services.copy.providers.wish_judge import wish_rules

MAX_SHARED_WORDS: Final = 0.8  # of the smaller text's concepts; two variants that share more are too much alike
_ADDRESS: Final = re.compile(
    r"\b[a-z0-9-]{2,}\.(?:com|net|org|io|co|co\.uk|uk|shop|store|app|de|fr|es|it|pt|eu|nl|example)\b", re.I
)
LIMIT_SHARE: Final = 0.7  # of a condition's concepts; a hook that holds so many leads with it


class VariantJudge:
    """Judges the variants of one request.

    request: the request's rules, stricter where the subject is sensitive. wishes: the instructions as rules.
    """

    def __init__(self, brief: CopyBrief, request: Order, facts: Sequence[BriefFact]) -> None:
        self._brief = brief
        self._facts = {fact.id: fact for fact in facts}
        self._ids = {fact.text.casefold(): fact.id for fact in facts}
        self.request = _respectful(brief, request)
        self._language = language_code(language_of(brief, request))
        self.wishes = wish_rules(brief, request.instructions, self._language)
        self.claims = claim_judge(brief, facts, stated_by(request))

    def normalized(self, raw: Variant) -> Variant:
        """Corrects what needs no new text: hashtags, spaces, spelling, the button, and the ids of facts."""
        request = self.request
        tags = ["#" + re.sub(r"\W", "", tag) for tag in raw.hashtags if re.sub(r"\W", "", tag)]
        hook, body = re.sub(r"\s+", " ", raw.hook), re.sub(r"[ \t]+", " ", raw.body)
        if request.spelling:
            protected = tuple(
                part for part in (request.material.full_name, request.material.name, *request.offers) if part
            )
            hook, body = (spelling.respell(text, request.spelling, protected=protected) for text in (hook, body))
        variant = replace(
            raw,
            hook=hook,
            body=body,
            cta=self._button(raw.cta),
            hashtags=tuple(dict.fromkeys(tags))[: request.rules.hashtags_max],
        )
        return replace(variant, facts=self._used(variant))

    def _button(self, cta: str) -> str:
        """The customer's call to action, or the model's; in English texts with a known goal, one that fits it."""
        wanted = self.request.instructions.cta
        if wanted:
            return wanted[:MAX_CALL_TO_ACTION]
        buttons = buttons_of(self._brief)
        same = next((button for button in buttons if button.casefold() == cta.casefold().rstrip(".!")), "")
        goal = self._brief.understanding is not None and bool(self._brief.understanding.goal)
        return same or (buttons[0] if goal and self._language == "en" else cta[:MAX_CALL_TO_ACTION])

    def _used(self, variant: Variant) -> tuple[str, ...]:
        """The facts that the variant names and that its text shows; a fact may be named by its text."""
        named = (self._ids.get(name.casefold(), name) for name in variant.facts)
        text = f"{variant.hook}\n{variant.body}"
        return tuple(dict.fromkeys(name for name in named if name in self._facts and _shows(text, self._facts[name])))

    def in_other_language(self, variants: Sequence[Variant]) -> bool:
        """Whether the texts together are in another language than demanded; one alone is often too short to tell."""
        if len(variants) < 2:
            return False
        text = "\n".join(f"{variant.hook}\n{variant.body}" for variant in variants)
        return is_other_language(text, self._language, [self._brief.product_name, self._brief.brand_name])

    def rejection_reason(self, variant: Variant, accepted: Sequence[Variant]) -> str | None:
        """Why a variant must not be delivered beside the accepted ones, as a phrase; None if it may."""
        text = f"{variant.hook} {variant.body} {variant.cta}"
        return (
            content_filters.rejection_reason(variant, self._brief, self.request.rules, self.claims)
            or self.limit_sold(variant.hook, variant.facts)
            or self.legal_missing(f"{variant.hook}\n{variant.body}")
            or ("a link in the text" if self.holds_link(f"{variant.hook}\n{variant.body}") else None)
            or self.wishes.violation(variant)
            or ("it speaks about the task and not about the product" if self.mentions_the_task(text) else None)
            or (None if differs(variant, accepted) else "it repeats another variant or its angle")
        )

    def limit_sold(self, opening: str, used: Sequence[str]) -> str | None:
        """Whether a text sells a condition as a benefit: it opens with one, or rests on nothing else."""
        limits = [fact for fact in self._facts.values() if fact.role in LIMITING_ROLES]
        held = concepts(opening)
        for fact in limits:
            said = concepts(fact.text)
            if len(said) > 1 and len(said & held) >= LIMIT_SHARE * len(said):
                return f"it leads with a limit (“{fact.text[:60]}”)"
        if used and all(self._facts[name] in limits for name in used):
            return "it rests on a limit alone"
        return None

    def mentions_the_task(self, text: str) -> bool:
        """Whether a text speaks about the task; words that stand in the product's texts are about the product."""
        brief = self._brief
        return mentions_the_task(text, [brief.product_name, brief.brand_name, brief.description, *brief.features])

    def holds_link(self, text: str) -> bool:
        """Whether a text holds a web address that is neither the product's nor the brand's name."""
        names = f"{self._brief.product_name} {self._brief.brand_name}".casefold()
        return any(match.group().casefold() not in names for match in _ADDRESS.finditer(text))

    def legal_missing(self, text: str) -> str | None:
        """The legal line that must stand beside a rate of credit or of an investment, where a text leaves it out."""
        understood = self._brief.understanding
        if understood is None or not {"credit", "finance"} & set(understood.regulated):
            return None
        rates = [figure for figure in figures(text) if figure.kind == "percent"]
        for fact in self._facts.values():
            lines = [figure for figure in figures(fact.text) if figure.kind == "percent"]
            if rates and lines and fact.role == "legal":
                held = all(any(line.equals(rate) for rate in rates) for line in lines)
                said = concepts(fact.text)
                if not held or len(said & concepts(text)) < LIMIT_SHARE * len(said):
                    return f"“{fact.text[:80]}” must stand beside the rate"
        return None


def stated_by(request: Order) -> list[str]:
    """What the instructions state of the product, besides its facts: offers, occasions and words to use."""
    instructions = request.instructions
    stated = [*instructions.sentences, *instructions.focus, *instructions.required, instructions.audience]
    return [text for text in stated if text and forbidden_claim(text, subject=request.brief.subject) is None]


def _respectful(brief: CopyBrief, request: Order) -> Order:
    """Without emoji and exclamation marks where the subject is sensitive, whatever the tone."""
    if brief.understanding is None or not brief.understanding.sensitive:
        return request
    return replace(request, rules=replace(request.rules, emoji_max=0, exclamation=False))


def _shows(text: str, fact: BriefFact) -> bool:
    if concepts(text) & concepts(fact.text):
        return True
    held = figures(text)
    return any(figure.equals(known) for figure in held for known in figures(fact.text))


def differs(variant: Variant, accepted: Sequence[Variant]) -> bool:
    """Whether a variant takes another angle and other words than the accepted ones."""
    words = concepts(f"{variant.hook} {variant.body}")
    return all(
        variant.angle != other.angle
        and variant.hook.lower() != other.hook.lower()
        and _overlap(words, concepts(f"{other.hook} {other.body}")) <= MAX_SHARED_WORDS
        for other in accepted
    )


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))
