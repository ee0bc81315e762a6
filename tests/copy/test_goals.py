"""The goal of a button: what was understood of the product, in the platforms' terms."""

from __future__ import annotations

from typing import Any

import pytest

from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local import engine
from services.copy.providers.local.goals import ENQUIRE, goal_of
from services.copy.providers.local.material import material_of
from tests.copy.test_material import fact, request

FACTS = (fact(1, "Clean, dry and ready on Friday"), fact(2, "Three sizes"))


def goal(*facts: Any, price: str = "", **changes: Any) -> str:
    return goal_of(material_of(request(*FACTS, *facts, price=price, currency="GBP" if price else "", **changes)))


@pytest.mark.parametrize("known", ["sell", "book", "sign_up", "donate", "visit", "apply", "download", ""])
def test_the_button_asks_for_what_was_understood(known: str) -> None:
    assert goal(kind="service", goal=known) == known


def test_who_has_no_number_is_written_to() -> None:
    assert goal(kind="service", goal="call") == ENQUIRE
    assert goal(fact(3, "Ring 020 7946 0012"), kind="service", goal="call") == "call"


@pytest.mark.parametrize("said", ["Ring us by noon", "Locked out at night?", "24-hour breakdown cover"])
def test_who_says_to_ring_or_comes_at_once_is_called(said: str) -> None:
    assert goal(fact(3, said), kind="service", goal="call") == "call"


def test_who_asks_not_to_be_called_is_written_to() -> None:
    assert goal(fact(3, "Please do not ring us at night"), kind="service", goal="call") == ENQUIRE


def button(platform: Platform, **changes: Any) -> str:
    made = request(*FACTS, platform=platform, format=Format.SHORT, tone=Tone.PROFESSIONAL, **changes)
    (found,) = {variant.cta for variant in engine.write(made, "seed").variants}
    return found


def test_no_button_names_a_site_or_a_quotation_that_there_may_not_be() -> None:
    visits = {button(platform, kind="place", goal="visit") for platform in Platform}
    assert visits == {"Get directions", "Visit store", "Learn more"}
    assert button(Platform.LINKEDIN, kind="service", goal="call") == "Learn more"


def test_a_service_by_the_piece_is_ordered() -> None:
    assert button(Platform.META, kind="service", goal="sell") == "Order now"
    assert button(Platform.PINTEREST, kind="service", goal="sell") == "Order now"
    assert button(Platform.GOOGLE, kind="service", goal="sell") == "Order now"
    assert button(Platform.LINKEDIN, kind="service", goal="sell") == "Learn more"  # which has no other
    assert button(Platform.META, kind="good", goal="sell") == "Shop now"


@pytest.mark.parametrize(("kind", "said", "price", "wanted"), [
    ("event", "Tickets at the door", "22.00", "tickets"), ("place", "Tickets last all day", "9.00", "tickets"),
    ("event", "Tickets at the door", "", "book"),  # free
    ("event", "Doors open at seven", "22.00", "book"),
    ("job", "No trade ticket needed", "22.00", "book"), ("service", "We fight parking tickets", "90.00", "book"),
])  # fmt: skip
def test_who_sells_tickets_has_a_button_for_them(kind: str, said: str, price: str, wanted: str) -> None:
    assert goal(fact(3, said), kind=kind, goal="book", price=price) == wanted


def test_a_goal_that_is_not_known_has_a_neutral_button() -> None:
    made = request(*FACTS, kind="service", platform=Platform.META, format=Format.SHORT, tone=Tone.PROFESSIONAL)
    assert {variant.cta for variant in engine.write(made, "seed").variants} == {"Learn more"}
