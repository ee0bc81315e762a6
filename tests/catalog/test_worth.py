"""What statements are worth in an ad: learnt from labelled statements, tried on others."""

from __future__ import annotations

import numpy as np
import pytest

from services.catalog.understanding.encoder import shared_encoder
from services.catalog.understanding.index import load_index
from services.catalog.understanding.taxonomy import LANGUAGES
from services.catalog.understanding.values import Fact
from services.catalog.understanding.worth import CLASSES, SHARE, Worth, fit, read_labelled


@pytest.fixture(scope="module")
def worth() -> Worth:
    return Worth(load_index().worth, shared_encoder())


def test_every_class_of_every_language_has_statements() -> None:
    found = {(statement.language, statement.worth) for statement in read_labelled()}
    assert found == {(language, place / (len(CLASSES) - 1)) for language in LANGUAGES for place in range(len(CLASSES))}


def test_statements_differ() -> None:
    texts = [(statement.language, statement.text) for statement in read_labelled()]
    assert len(texts) == len(set(texts))


# None of these is among the labelled statements.
@pytest.mark.parametrize(("reason", "other"), [
    ("Your boiler mended the same evening, or you pay nothing", "Parking is in the yard behind the shop"),
    ("Winner of the regional cheese prize 2024", "Store between 2 and 8 °C"),
    ("Deine Fahrräder sind morgen fertig", "Bitte Personalausweis vorlegen"),
    ("Le deuxième article à moitié prix", "Taille 36 à 44"),
    ("Devolvemos el dinero si no te convence", "Medidas 40 x 60 cm"),
    ("Spedizione gratis e reso entro un anno", "Temperatura di esercizio 5–40 °C"),
    ("As crianças não pagam aos domingos", "Marcação com 24 horas de antecedência"),
    ("Over 900 families sleep better since they came to us", "Next page"),
])  # fmt: skip
def test_what_people_buy_for_is_worth_more_than_what_they_want_to_know(worth: Worth, reason: str, other: str) -> None:
    assert not {reason, other} & {statement.text for statement in read_labelled()}
    first, second = worth.of([reason, other])
    assert first > second + 0.1


def test_limits_keep_their_strength_and_the_strongest_stands_first(worth: Worth) -> None:
    limit = Fact(text="Free for everyone today", role="condition", strength=0.0, source="description")
    weak = Fact(text="Sizes S to XL", role="feature", strength=0.6, source="description")
    strong = Fact(text="Half price until Sunday", role="offer", strength=0.6, source="description")
    weighed = worth.weigh([weak, limit, strong])
    assert [fact.text for fact in weighed] == [strong.text, weak.text, limit.text]
    assert weighed[-1].strength == 0.0
    assert abs(weighed[1].strength - (1 - SHARE) * 0.6) <= SHARE


def test_fit_finds_a_linear_rule() -> None:
    vectors = np.eye(512, dtype=np.float32)[:20]
    values = np.array([1.0, 0.0] * 10, np.float32)
    weights = fit(vectors, values)
    assert weights.shape == (513,)
    assert weights[0] > 0 > weights[1]
