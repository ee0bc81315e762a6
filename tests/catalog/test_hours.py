"""A claim of being open day and night is no fact where the same text names hours."""

from __future__ import annotations

import pytest

from services.catalog.understanding.facts import find_facts
from services.catalog.understanding.hours import has_hours, says_always_open
from services.catalog.understanding.values import ProductTexts


@pytest.mark.parametrize(
    ("text", "names_hours"),
    [
        ("24 hr access ... gate is 5am-10pm 7 days actually", True),
        ("Gate open 6:00–22:00", True),
        ("Zutritt von 6 bis 22 Uhr", True),
        ("Portail ouvert de 7 h à 21 h", True),
        ("24/7 key fob. Staffed M-Th 10-8", False),
        ("Open 24/7. Office open 9am to 5pm", False),
        ("Access day and night, reception 9-5", False),
        ("Doors 2 to 4 cm thick", False),
    ],
)
def test_hours_of_entry_are_found(text: str, names_hours: bool) -> None:
    assert has_hours(text) is names_hours


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("24hr access", True),
        ("24/7 key fob", True),
        ("Zugang rund um die Uhr", True),
        ("Emergency line round the clock", False),
        ("24 hours in the oven", False),
        ("Online vet 24/7 included", False),
    ],
)
def test_claims_of_entry_are_found(text: str, claims: bool) -> None:
    assert says_always_open(text) is claims


@pytest.mark.parametrize(("hours", "is_said"), [("Gate is 5am-10pm.", False), ("Reception 9am-5pm.", True)])
def test_a_claim_that_the_hours_contradict_is_no_fact(hours: str, is_said: bool) -> None:
    texts = ProductTexts(
        project="Shop", name="Unit", description=f"A dry unit. {hours}", features=("24hr access", "CCTV")
    )
    assert ("24hr access" in [fact.text for fact in find_facts(texts, "en")]) is is_said
