"""What the texts say the product costs is among its facts, whatever else the sentence with it says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.catalog.understanding.own_price import with_own_price
from services.catalog.understanding.roles import cues_of
from services.catalog.understanding.values import Fact
from tests.copy.products import Product, brief

PRICE = Decimal(46)


def added(*statements: str, facts: tuple[Fact, ...] = (), price: Decimal | None = PRICE) -> list[str]:
    return [fact.text for fact in with_own_price(facts, statements, price, cues_of("en"))[len(facts) :]]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("A tuning is £46.", "A tuning is £46."),
        (
            "A whole wheel is €46 and we post it Mondays and Tuesdays only, so it is never in a depot for a weekend.",
            "A whole wheel is €46",
        ),
        (
            "Forty minutes, $46, including the mat board and glass.",
            "Forty minutes, $46, including the mat board and glass.",
        ),
    ],
)
def test_a_sentence_or_clause_with_the_price_is_a_fact(statement: str, said: str) -> None:
    assert added("We have tuned since 1998.", statement) == [said]


@pytest.mark.parametrize(
    "statement",
    [
        "If yours is not worth tuning, I charge you £20 instead of £46.",
        "£46",
        "It weighs 46 kg.",
        "You must be able to lend us a deposit of £46.",
    ],
)
def test_a_case_a_bare_amount_and_another_measure_are_none(statement: str) -> None:
    assert added(statement) == []


def test_nothing_is_added_where_a_fact_that_sells_names_the_price_or_no_price_is_known() -> None:
    sold = Fact(text="£46 a visit", role="price", strength=0.4, source="features")
    limit = Fact(text="If we come twice, the second is £46.", role="condition", strength=0.0, source="description")
    assert added("A tuning is £46.", facts=(sold,)) == []
    assert added("A tuning is £46.", facts=(limit,)) == ["A tuning is £46."]
    assert added("A tuning is £46.", price=None) == []


def test_what_is_understood_of_a_product_names_its_price() -> None:
    """A sentence that says no more than the name and the price is folded into a condition with the same amount."""
    text = (
        "I tune pianos in people's homes and put small faults right on the day. A tuning is £78. If yours is not worth "
        "tuning I will say so, and charge you £20 for the call instead of £78."
    )
    product = Product(name="Home piano tuning", brand="Vale", description=text, price="78.00", currency="GBP")
    known = brief(product).understanding
    assert known is not None
    assert ("price", "A tuning is £78.") in {(fact.role, fact.text) for fact in known.facts}
