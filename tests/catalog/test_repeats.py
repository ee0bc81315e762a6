"""Statements that say the same in other words."""

from __future__ import annotations

import pytest

from services.catalog.understanding.encoder import shared_encoder
from services.catalog.understanding.repeats import Repeats
from services.catalog.understanding.values import Fact


@pytest.fixture(scope="module")
def repeats() -> Repeats:
    return Repeats(shared_encoder())


def _facts(*texts: str) -> list[Fact]:
    return [Fact(text=text, role="feature", strength=0.5, source="features") for text in texts]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "Guests pay nothing and see no ads", "Guests do not pay anything and see no advertisements."),
        ("en", "12-year guarantee on the frame", "The frame is guaranteed for 12 years."),
        ("de", "2 Jahre Garantie auf den Motor", "Zwei Jahre Garantie auf den Motor, ein Jahr auf den Rest."),
        ("fr", "Livraison offerte dès 60 €", "La livraison est offerte à partir de 60 € d'achat."),
    ],
)
def test_a_feature_and_its_sentence_say_the_same(repeats: Repeats, language: str, one: str, other: str) -> None:
    facts = _facts("Oak", one, "Open from nine", other)
    assert repeats.pairs(facts, language) == [(1, 3)]


def test_other_statements_of_one_product_do_not(repeats: Repeats) -> None:
    facts = _facts(
        "Knitted in Leicester from lambswool", "Free repairs for five years", "Eight colours", "We post on Fridays"
    )
    assert repeats.pairs(facts, "en") == []


def test_nothing_is_known_of_a_language_that_the_encoder_lacks(repeats: Repeats) -> None:
    facts = _facts("Hunden får följa med på gården.", "Hunden får följa med på gården.")
    assert repeats.pairs(facts, "sv") == []
    assert repeats.pairs([], "en") == []
