"""Which statements an ad may lead with: learnt from graded products, tried on others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.catalog.understanding.encoder import shared_encoder
from services.catalog.understanding.index import load_index
from services.catalog.understanding.leads import Leads, Product, Statement, fit, read_products, read_texts
from services.catalog.understanding.values import BESIDE, Fact
from services.catalog.understanding.worth import CLASSES, read_labelled


@pytest.fixture(scope="module")
def leads() -> Leads:
    return Leads(load_index().leads, shared_encoder())


def _facts(*texts: tuple[str, str], source: str = "features") -> list[Fact]:
    return [Fact(text=text, role=role, strength=0.5, source=source) for text, role in texts]


def test_labelled_and_graded_statements_differ() -> None:
    texts = [(statement.language, statement.text) for statement in read_labelled()]
    assert len(texts) == len(set(texts))
    assert {statement.worth for statement in read_labelled()} == {place / (len(CLASSES) - 1) for place in range(5)}
    products = list(read_products())
    assert len(products) > 200
    assert all(len(product.statements) >= 2 for product in products)
    assert {statement.grade for product in products for statement in product.statements} == {0, 1, 2, 3}


# None of these is among the graded products.
@pytest.mark.parametrize(("name", "lead", "others"), [
    ("Boiler service", "Mended the same evening, or you pay nothing", ("Ring the bell twice", "Invoices by email")),
    ("Oat drink", "Made from oats of one farm, milled the same day", ("Store between 2 and 8 °C", "Carton of 1 litre")),
    ("Fahrradwerkstatt", "Ihr Rad ist am nächsten Tag fertig", ("Bitte Personalausweis vorlegen", "Mo–Fr 9–18 Uhr")),
    ("Chaussures de marche", "Réparées gratuitement pendant dix ans", ("Taille 36 à 44", "Poids 420 g")),
    ("Limpieza de cristales", "Si llueve en 48 horas, volvemos gratis", ("Factura con IVA", "Horario de oficina")),
    ("Corso di nuoto", "Al massimo quattro bambini per istruttore", ("Cuffia obbligatoria", "Chiuso ad agosto")),
    ("Aluguel de caiaque", "Crianças não pagam aos domingos", ("Reserva com 24 horas", "Aceitamos cartão")),
])  # fmt: skip
def test_a_reason_leads_before_what_is_merely_said(leads: Leads, name: str, lead: str, others: tuple[str, ...]) -> None:
    known = {statement.text for product in read_products() for statement in product.statements}
    assert not {lead, *others} & known
    for order in ((lead, *others), (*others, lead)):  # wherever the customer says it
        found = leads.weigh(_facts(*((text, "feature") for text in order)), name, "\n".join(order))
        assert found[0].text == lead, found


def test_what_is_said_first_weighs_more(leads: Leads) -> None:
    texts = ("Cut by hand in Leeds", "Sewn by hand in Leeds", "Dyed by hand in Leeds")
    first = leads.weigh(_facts(*((text, "feature") for text in texts)), "Coat", "\n".join(texts))
    turned = leads.weigh(_facts(*((text, "feature") for text in texts)), "Coat", "\n".join(texts[::-1]))
    strengths = [{fact.text: fact.strength for fact in found} for found in (first, turned)]
    assert strengths[0][texts[0]] > strengths[1][texts[0]]


def test_only_what_sells_in_the_customers_words_is_weighed(leads: Leads) -> None:
    limit = Fact(text="Free for everyone today", role="condition", strength=0.0, source="description")
    beside = Fact(text="Free coffee while you wait", role="benefit", strength=BESIDE, source="description")
    price = Fact(text="$40", role="price", strength=0.7, source="price")
    (sold,) = _facts(("Half price until Sunday", "offer"))
    said = "\n".join(fact.text for fact in (limit, beside, price, sold))
    found = {fact.text: fact.strength for fact in leads.weigh([limit, beside, price, sold], "Lamp", said)}
    assert (found[limit.text], found[beside.text], found[price.text]) == (0.0, BESIDE, 0.7)
    assert BESIDE < found[sold.text] < 1


def test_fit_finds_which_statements_are_graded_best() -> None:
    vectors = np.eye(512, dtype=np.float32)
    products = [
        Product(
            f"Thing {number}",
            tuple(
                Statement(f"statement {place}", "feature", "features", place, 3 * (place == 1)) for place in range(3)
            ),
        )
        for number in range(8)
    ]
    read = [np.stack([vectors[0], vectors[1], vectors[2], vectors[9]]) for _ in products]
    weights = fit(products, read, vectors[:2], np.array([0.0, 1.0], np.float32))
    meant = weights[-512:]
    assert meant[1] > meant[0]
    assert meant[1] > meant[2]
    assert read_texts(products[0]) == ["statement 0", "statement 1", "statement 2", "Thing 0"]


@pytest.mark.parametrize("broken", [("web", "feature", 1), ("features", "praise", 1), ("features", "feature", 4)])
def test_statement_of_no_source_role_or_grade_is_refused(tmp_path: Path, broken: tuple[str, str, int]) -> None:
    source, role, grade = broken
    (tmp_path / "en.toml").write_text(
        f'[[product]]\nname = "Lamp"\nstatements = [["{source}", "{role}", {grade}, "Warm light"]]\n', encoding="utf-8"
    )
    with pytest.raises(ValueError, match="Lamp"):
        list(read_products(tmp_path))


def test_no_statements_have_no_strength(leads: Leads) -> None:
    assert leads.weigh([], "Lamp", "") == []
    assert leads.of(replace(next(iter(read_products())), statements=())).shape == (0,)
