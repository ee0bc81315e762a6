"""How long one waits is no reason to buy; a promise to be quick is."""

from __future__ import annotations

import pytest

from services.catalog.understanding import roles
from services.catalog.understanding.facts import find_facts
from services.catalog.understanding.reading import limits_behind
from services.catalog.understanding.values import BESIDE, Fact, ProductTexts


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "About four weeks from the first visit"),
        ("en", "The waiting time is currently three months"),
        ("en", "Delivery is six to eight weeks after we measure"),
        ("en", "For a full rebuild allow ten weeks"),
        ("de", "Die Lieferzeit beträgt zurzeit drei Wochen"),
        ("de", "Für eine Überholung rechnen Sie mit sechs Wochen"),
        ("fr", "Comptez environ trois semaines de délai"),
        ("es", "El plazo es de cuatro semanas"),
        ("it", "Per un restauro calcoli due mesi"),
        ("pt", "O prazo é de cinco semanas"),
        ("nl", "Reken op vier weken"),
        ("pl", "Czas oczekiwania to około 3 tygodnie"),
        ("sv", "Leveranstiden är sex veckor"),
        ("da", "Ventetiden er to måneder"),
    ],
)
def test_a_wait_is_logistics_that_lead_nothing(language: str, text: str) -> None:
    assert roles.role_of(text, roles.cues_of(language)) == "logistics"
    found = find_facts(ProductTexts(project="", name="Oak", features=(text,)), language)
    assert [fact.strength for fact in found] == [BESIDE]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "No waiting list at the moment"),
        ("en", "Ready in three days, while you wait"),
        ("en", "Don't wait for the frost"),
        ("en", "Six visits at your kitchen table"),
        ("en", "Four weeks at home, money back after that"),
        ("de", "Nur drei Tage Lieferzeit"),
        ("de", "Vier Werktage nach Eingang fertig"),
        ("fr", "Sans liste d'attente"),
        ("it", "Consegna in soli due giorni"),
        ("eo", "About four weeks from the first visit"),
    ],
)
def test_a_promise_to_be_quick_is_no_wait(language: str, text: str) -> None:
    assert not roles.is_wait(text, roles.cues_of(language))


def test_a_wait_behind_a_price_does_not_limit_it() -> None:
    text = "The wait is about nine weeks, so send yours by May."
    said = f"A rebuild costs £400. {text}"
    price = Fact(text="A rebuild costs £400.", role="price", strength=0.4, source="description")
    wait = Fact(text=text, role=roles.role_of(text, roles.cues_of("en")), strength=BESIDE, source="description")
    assert limits_behind([price, wait], said) == {}
