"""Takes out what stands in a text and is said in no ad, where no list of words knows it.

That is what a pasted page leaves behind, notes to whoever makes the ad, questions with answers that mean nothing alone,
and statements that take another one back. The model of roles has learnt them from labelled statements
(services.catalog.understanding.role_model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from services.catalog.understanding.learning import Array
from services.catalog.understanding.role_model import (
    CLASSES,
    LIMIT_COLUMNS,
    READ_SOURCES,
    SELLING_COLUMNS,
    SHOWN,
    UNSAID_COLUMNS,
    RoleModel,
    thresholds,
)
from services.catalog.understanding.values import BESIDE, Fact
from services.catalog.understanding.words import stems_of

# Chances from which a statement leads nothing, and from which it is said in no ad: where no word has shown a role, and
# where words have shown that it sells. Of the labelled statements, each read by a model that had not seen its trade,
# 77, 68, 51 and 37 of 100 that are unsaid reach them; of those that sell or inform 23, 15, 5 and 1 of 1,000, and of the
# taxonomy's whole sentences at most 2 (`python -m services.catalog.understanding.role_model`).
DOUBTFUL: Final = 0.45
SURE: Final = 0.60
DOUBTFUL_IF_SHOWN: Final = 0.80
SURE_IF_SHOWN: Final = 0.90
SURE_OF_WITHDRAWAL: Final = 0.80  # from which the statement that is taken back goes too
# Chance of a limit from which a statement of both kinds stays and leads nothing: a limit is not lost to a guess.
MAY_LIMIT: Final = 0.15
MOST: Final = 40  # statements of a product that are read, the strongest first; a new one costs 3 ms
# Chance to sell or inform below which a statement of a messy description is said in no ad.
SELLS_IN_MESS: Final = 0.5
KEPT: Final = frozenset({"legal", "contact"})  # roles that are never taken out
LONG: Final = 4  # letters of a word that two statements of one thing share
ALIKE: Final = 0.30  # similarity of a statement to the one that takes it back; unrelated ones reach 0.2
LOGISTICS: Final = CLASSES.index("logistics")
WITHDRAWAL: Final = CLASSES.index("withdrawal")


class UnsaidStatements:
    """Finds statements that are said in no ad."""

    def __init__(self, model: RoleModel) -> None:
        self._model = model

    def without(self, facts: Sequence[Fact], name: str, language: str, *, is_messy: bool = False) -> list[Fact]:
        """Returns the facts without those that no ad says and those that these take back, in their order.

        It reads texts in the languages of `role_model.thresholds` only; fields that say what they are stay. What may
        be a limit stays; that and what is in doubt is at most BESIDE strong.

        name: of the product. Its words do not tell which statement is taken back. is_messy: whether the description is
        a pasted page, a feed or notes; of those only what most likely sells or informs stays.
        """
        if language not in thresholds():
            return list(facts)
        read = sorted(
            (fact for fact in facts if fact.source in READ_SOURCES and fact.role not in KEPT),
            key=lambda fact: -fact.strength,
        )[:MOST]
        if not read:
            return list(facts)
        vectors = self._model.encoded([fact.text for fact in read])
        chances = self._model.chances([fact.text for fact in read], vectors)
        unsaid, limits = chances[:, UNSAID_COLUMNS].sum(axis=1), chances[:, LIMIT_COLUMNS].sum(axis=1)
        sells = chances[:, [*SELLING_COLUMNS, LOGISTICS]].sum(axis=1)
        changed: dict[int, Fact | None] = {}
        for at, fact in enumerate(read):
            if fact.role == "condition":  # it leads nothing anyway, and a limit is not lost to a guess
                if unsaid[at] >= SURE and limits[at] < MAY_LIMIT:
                    changed[id(fact)] = None
                continue
            doubtful, sure = (DOUBTFUL_IF_SHOWN, SURE_IF_SHOWN) if fact.role in SHOWN else (DOUBTFUL, SURE)
            if unsaid[at] >= sure:
                changed[id(fact)] = _beside(fact) if limits[at] >= MAY_LIMIT else None
                if chances[at, WITHDRAWAL] >= SURE_OF_WITHDRAWAL:
                    back = self._taken_back(at, read, vectors, frozenset(stems_of(name, language)), language)
                    changed.update({id(taken): None for taken in back})
            elif is_messy and fact.source == "description" and sells[at] < SELLS_IN_MESS:
                changed[id(fact)] = _beside(fact) if limits[at] >= MAY_LIMIT and fact.role == "price" else None
            elif unsaid[at] >= doubtful and id(fact) not in changed:
                changed[id(fact)] = _beside(fact)
        kept = (changed.get(id(fact), fact) for fact in facts)
        return [fact for fact in kept if fact is not None]

    @staticmethod
    def _taken_back(at: int, read: Sequence[Fact], vectors: Array, common: frozenset[str], language: str) -> list[Fact]:
        """Returns the statement that the one at this place takes back: the most alike that shares a word or number."""
        words = _telling(read[at].text, language) - common  # a condition is not lost to a guess
        alike = vectors @ vectors[at]
        found = [
            (float(alike[other]), fact)
            for other, fact in enumerate(read)
            if other != at
            and fact.role != "condition"
            and alike[other] >= ALIKE
            and words & (_telling(fact.text, language) - common)
        ]
        return [max(found, key=lambda each: each[0])[1]] if found else []


def _beside(fact: Fact) -> Fact:
    return replace(fact, strength=min(fact.strength, BESIDE))


def _telling(text: str, language: str) -> frozenset[str]:
    """The stems of a text that may tell what it is about: long words and numbers."""
    return frozenset(stem for stem in stems_of(text, language) if len(stem) >= LONG or stem[0].isdigit())
