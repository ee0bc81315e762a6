"""The goal of a brief, by what its name and words say of how the thing is bought."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.copy.providers.local.goals import ENQUIRE, goal_of
from services.copy.providers.local.material import material_of
from tests.copy.test_material import fact, request

FACTS = (fact(1, "Clean, dry and ready on Friday"), fact(2, "Three sizes"))


def goal(name: str, *facts: Any, **changes: Any) -> str:
    made = request(*FACTS, *facts, name=name, price="80.00", currency="GBP", **changes)
    return goal_of(material_of(replace(made, product_name=name)))


@pytest.mark.parametrize(("name", "language"), [
    ("Marquee hire", "en"), ("Tent rental, weekend", "en"), ("Log splitting, half day", "en"), ("Cello lessons", "en"),
    ("Festzeltmiete", "de"), ("Yogakurs am Morgen", "de"), ("Location de vélos", "fr"),
    ("Alquiler de furgonetas", "es"),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["", "good", "service"])
def test_what_is_lent_or_takes_its_time_is_booked(name: str, language: str, kind: str) -> None:
    assert goal(name, kind=kind, language=language) == "book"


def test_what_is_lent_without_a_price_is_asked_for_first() -> None:
    made = request(*FACTS, fact(3, "Ask us for a quote"), name="Marquee hire", kind="service")
    assert goal_of(material_of(replace(made, product_name="Marquee hire"))) == ENQUIRE


@pytest.mark.parametrize("kind", ["job", "property"])
def test_a_flat_to_rent_and_a_job_are_not_booked(kind: str) -> None:
    assert goal("Flat, long rental", kind=kind) != "book"


@pytest.mark.parametrize(("name", "language"), [("Yearly membership", "en"), ("Jahresmitgliedschaft", "de")])
def test_a_membership_is_joined(name: str, language: str) -> None:
    assert goal(name, kind="event", language=language) == "sign_up"


def test_a_sure_course_that_is_signed_up_for_is_not_bought() -> None:
    sent = fact(3, "Books are delivered to your door")
    changes = {"kind": "service", "confidence": "sure", "goal": "sign_up"}
    assert goal("French for beginners", sent, **changes) == "sign_up"


def test_a_home_that_one_applies_for_is_looked_at_first() -> None:
    assert goal("Villa in a village", kind="property", confidence="likely", goal="apply") == ENQUIRE


def test_a_job_is_applied_for_whatever_tickets_its_words_name() -> None:
    ticket = fact(3, "You need no trade ticket to apply, and we start on 3 May")
    assert goal("Lift fitter, trainee", ticket, kind="job", confidence="sure", goal="apply") == "apply"


def test_an_appeal_by_volunteers_asks_for_gifts() -> None:
    gifts = fact(3, "£80 pays for a pen, and forty volunteers feed who is in it: donate today")
    assert goal("Winter appeal", gifts, kind="cause", confidence="likely") == "donate"
