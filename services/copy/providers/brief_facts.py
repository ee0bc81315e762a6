"""The facts of a brief with their ids: those that the catalog understood, or the brief's own texts, numbered."""

from __future__ import annotations

from collections.abc import Iterable

from services.ad_policy import allowed_text, forbidden_claim
from services.copy.domain import BriefFact, CopyBrief
from services.copy.providers.claims import ClaimJudge
from services.copy.providers.meaning import sentences

MAX_FACTS = 40  # that a prompt holds; the strongest stand first
# Roles that limit or bind: they are stated or left out, and never sold as benefits.
LIMITING_ROLES = frozenset({"condition", "legal"})
UNUSED_ROLE = "unused"  # of a text that a correction keeps out of creatives


def facts_of(brief: CopyBrief) -> tuple[BriefFact, ...]:
    """The usable facts, the strongest first. Facts that platforms forbid are left out."""
    understood = brief.understanding.facts if brief.understanding is not None else ()
    facts = [
        fact
        for fact in understood or _numbered(brief)
        if fact.text.strip() and fact.role != UNUSED_ROLE and forbidden_claim(fact.text, subject=brief.subject) is None
    ][:MAX_FACTS]
    if brief.price and not any(fact.role == "price" for fact in facts):
        facts.append(BriefFact(id="price", text=_price(brief), role="price", source="price"))
    return tuple(facts)


def _numbered(brief: CopyBrief) -> list[BriefFact]:
    """The features and the sentences of the description, in this order, as facts without a role of their own."""
    allowed = allowed_text(brief.description, brief.features, subject=brief.subject)
    texts = [("features", text) for text in allowed.features]
    texts += [("description", text) for text in sentences(allowed.description)]
    return [
        BriefFact(id=f"f{number}", text=text, role="feature", source=source)
        for number, (source, text) in enumerate(dict.fromkeys(texts), start=1)
    ]


def _price(brief: CopyBrief) -> str:
    return f"{brief.price} {brief.currency or ''}".strip()


def claim_judge(brief: CopyBrief, facts: Iterable[BriefFact], allowed: Iterable[str] = ()) -> ClaimJudge:
    """The judge of texts about this brief. allowed: further statements, such as offers from the instructions."""
    return ClaimJudge(
        [*(fact.text for fact in facts), *([_price(brief)] if brief.price else []), brief.audience, *allowed],
        names=[brief.product_name, brief.brand_name],
    )
