"""How strong each fact is: the catalog's judgement, and the order in which the customer says things."""

from __future__ import annotations

from collections.abc import Sequence

from services.copy.domain import BriefFact

# Roles that an ad may lead with or list; the others stand in it only where they must.
SELLING = frozenset({"benefit", "feature", "figure", "offer", "price", "proof", "logistics"})
LEADS_NOTHING = 0.15  # the catalog's strength up to which a fact stands beside others only
LISTED = 0.25  # of strength that such features have before the catalog's
ORDER = 0.75  # share of a strength that is the customer's order
FEATURES = (1.0, 0.4)  # strength of the first and the last feature of a list,
ALONE = (0.75, 0.5)  # likewise of less than a list,
BESIDE = (0.55, 0.2)  # of sentences beside a list,
PROSE = (0.75, 0.3)  # and of sentences alone
LEAST_RANKED = 3  # facts of which the last is not yet weak


def ranks_of(facts: Sequence[BriefFact]) -> dict[str, float]:
    """Where each selling fact stands among those of its source: 0 for the first, towards 1 for the last."""
    ranks: dict[str, float] = {}
    for source in {fact.source for fact in facts}:
        selling = sorted(
            (fact for fact in facts if fact.source == source and fact.role in SELLING),
            key=lambda fact: _number(fact.id),
        )
        ranks |= {fact.id: place / max(len(selling), LEAST_RANKED) for place, fact in enumerate(selling)}
    return ranks


def _number(id: str) -> int:  # noqa: A002  (as the proto)
    """Facts are numbered in the customer's order ("f12")."""
    return int(id[1:]) if id[1:].isdigit() else 0


def strength_of(fact: BriefFact, rank: float, *, listed: bool) -> float:
    """The catalog's strength, and as much the order in which the customer says things: what matters comes first.

    `rank`: as `ranks_of`. `listed`: whether the customer lists enough features to choose from.
    """
    if fact.role not in SELLING:
        return fact.strength
    most, least = (FEATURES if listed else ALONE) if fact.source == "features" else (BESIDE if listed else PROSE)
    return (1 - ORDER) * fact.strength + ORDER * (most - (most - least) * rank)
