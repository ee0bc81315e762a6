"""Finds what a text says the product costs, where no fact of it does: "A tuning is £78." of "Piano tuning"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from services.catalog.understanding import mess, roles
from services.catalog.understanding.amounts import names_amount
from services.catalog.understanding.roles import Cues
from services.catalog.understanding.values import Fact

LONGEST: Final = 110  # characters of a sentence that is quoted whole
SHORTEST: Final = 2  # words of a clause besides the amount
STRENGTH: Final = 0.45
UNSOLD: Final = frozenset({"condition", "legal"})
ROLES: Final = frozenset({"price", "figure", "feature", "logistics"})  # of such a text; no offer, no benefit
_CLAUSE_END: Final = re.compile(
    r"[;:!?]+\s|,\s(?=(?:and|but|so|und|aber|et|mais|y|pero|e|ma|mas)\s)|\s[–—-]\s|\s/\s|\n"
)
_JOINT: Final = re.compile(r"\s(?=(?:and|und|et|y|e) (?:we|i|it|you|wir|ich|es|sie|nous|je|il|vous)\s)", re.IGNORECASE)


def with_own_price(facts: Sequence[Fact], statements: Iterable[str], price: Decimal | None, cues: Cues) -> list[Fact]:
    """Returns the facts, with the shortest whole statement that names the product's price where none of them does.

    statements: the sentences and rows of the product's texts. price: of its fields; None changes nothing.
    """
    found = list(facts)
    stated = (fact for fact in found if fact.role not in UNSOLD)
    if price is None or any(names_amount(fact.text, price, beside_currency=False) for fact in stated):
        return found
    text = min(_priced(statements, price, cues), key=len, default="")
    if text:
        found.append(Fact(text=text, role="price", strength=STRENGTH, source="description"))
    return found


def _priced(statements: Iterable[str], price: Decimal, cues: Cues) -> Iterator[str]:
    """Yields what names the price: a sentence, or of a long one the clause. None on a case, a refund or another's."""
    for statement in statements:
        if not names_amount(statement, price, beside_currency=True):
            continue
        texts = [statement] if len(statement) <= LONGEST else []
        texts += [part for whole in _CLAUSE_END.split(statement) for part in _JOINT.split(whole)]
        for text in texts:
            kept = text.strip(" ,;:–—-*")
            if (
                names_amount(kept, price, beside_currency=True)
                and len(kept) <= LONGEST
                and len(kept.split()) > SHORTEST
                and not mess.is_torn(kept)
                and roles.condition_at(kept, cues) < 0
                and roles.role_of(kept, cues) in ROLES
            ):
                yield kept
