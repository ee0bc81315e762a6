"""The models of kinds and goals, and the products that they are fitted on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from services.catalog.understanding import aims, build_index
from services.catalog.understanding.encoder import shared_encoder
from services.catalog.understanding.index import load_index
from services.catalog.understanding.recognition import Readings, Recogniser
from services.catalog.understanding.taxonomy import read_trades
from services.catalog.understanding.values import ProductTexts


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser(load_index())


def product(name: str, description: str, *, price_per: str = "", kind: str = "", goal: str = "") -> ProductTexts:
    return ProductTexts(
        project="", name=name, description=description, features=(), price_per=price_per, kind=kind, goal=goal
    )


def test_every_kind_and_goal_has_examples_in_several_languages() -> None:
    products = list(aims.read_products())
    assert len(products) > 1_000
    assert min(Counter(row.kind for row in products)[kind] for kind in aims.KINDS) >= 20
    assert min(Counter(row.goal for row in products)[goal] for goal in aims.GOALS) >= 10
    assert len({(row.name, row.description) for row in products}) == len(products)


@pytest.mark.parametrize(("kind", "goal"), [("thing", "sell"), ("good", "buy")])
def test_a_label_that_there_is_not_is_refused(tmp_path: Path, kind: str, goal: str) -> None:
    (tmp_path / "aims").mkdir()
    row = f'[[product]]\nname = "Lamp"\ndescription = ""\nkind = "{kind}"\ngoal = "{goal}"\n'
    (tmp_path / "aims" / "en.toml").write_text(row, encoding="utf-8")
    with pytest.raises(ValueError, match=r"en\.toml, Lamp"):
        list(aims.read_products(tmp_path))


@pytest.mark.parametrize(("language", "name", "description", "goal"), [
    ("en", "Sunday choir for beginners", "Ten weeks, no audition. Register with Ann by the 20th.", "sign_up"),
    ("en", "Panel beater wanted", "Full time at our shop, $38 an hour. Send a CV to Moana by the 9th.", "apply"),
    ("en", "The old tannery yard", "Reclaimed brick, slate and oak. Open Thursday to Sunday, nine till four.", "visit"),
    ("en", "Loft ladder and hatch, fitted", "Every loft differs. We come and measure before we name a price.", "call"),
    ("en", "Feed a foal", "Our charity takes in orphaned foals. £4 buys a bucket of milk: give today.", "donate"),
    ("en", "Tide tables for your wrist", "A free app for Wear OS and iPhone. Works offline.", "download"),
    ("en", "Ukulele circle", "Mondays at six in the library. No need to book, we lend you one.", "visit"),
    ("en", "Cider by the jug", "Press house only, nothing online. Bring a jug, Saturdays till one.", "visit"),
    ("en", "Rotavator", "£60 the weekend, collected. Ring Tam the day before and he has it fuelled.", "call"),
    ("en", "Canopy over your door, fitted", "From £890 fitted. Free survey, then a price in writing.", "call"),
    ("de", "Klavier stimmen", "Eine Stunde, 95 €, Termine auch am Abend.", "book"),
    ("fr", "Sirop de sureau", "Bouteille de 50 cl, 7,50 €, commandée avant midi, expédiée le jour même.", "sell"),
    ("es", "Cajero o cajera de fin de semana", "Contrato de 16 horas, con formación. Manda tu currículum.", "apply"),
])  # fmt: skip
def test_goals_of_products_that_it_has_not_seen(
    recogniser: Recogniser, language: str, name: str, description: str, goal: str
) -> None:
    assert name not in {row.name for row in aims.read_products()}
    assert recogniser.recognise(product(name, description), language).goal == goal


def test_what_is_lent_for_a_time_is_never_bought(recogniser: Recogniser) -> None:
    canoe = ("Two-person canoe", "Green canoe with paddles, in stock.")
    assert recogniser.recognise(product(*canoe), "en").goal == "sell"
    assert recogniser.recognise(product(*canoe, price_per="day"), "en").goal == "book"


def test_a_kind_that_the_customer_gave_limits_the_goals(recogniser: Recogniser) -> None:
    appeal = ("Give to the lifeboat", "Please donate £5 today, every gift helps our volunteers.")
    assert recogniser.recognise(product(*appeal), "en").goal == "donate"
    assert recogniser.recognise(product(*appeal, kind="good"), "en").goal in {"sell", "visit", ""}


def test_words_of_a_goal_that_makes_no_sense_are_not_followed(recogniser: Recogniser) -> None:
    text = (
        "8ft garland of paper lanterns, you pick 4 colours, we come and put it up for you, takes us an hour. $165 pick "
        "up at the shop / $210 if we install. They last 2 weeks. Deposit 50% non refundable, need 5 days notice."
    )
    assert recogniser.recognise(product("Lantern garland, 8 foot", text), "en").goal != "download"


def test_whether_a_study_takes_one_is_not_signed_up_for(recogniser: Recogniser) -> None:
    text = (
        "We are asking adults with gout to take part in a study of a tablet that is not licensed. Half of those taking "
        "part have a placebo. Six visits. A nurse tells you first whether you can take part."
    )
    assert recogniser.recognise(product("The TEAL study of gout", text), "en").goal not in {"sign_up", "sell", "book"}


def test_that_a_labelled_product_has_a_price_is_read() -> None:
    readings = Readings(load_index(), shared_encoder())
    rows = [aims.LabelledProduct("Lamp", "A lamp.", (), priced, "good", "sell") for priced in (True, False)]
    assert [read.priced for read in build_index.aimed_products(rows, readings)] == [True, False]


def test_a_goal_has_its_words_or_its_meaning_for_evidence(recogniser: Recogniser) -> None:
    found = recogniser.recognise(product("Dental practice", "Check-ups for families. Call us today."), "en")
    (evidence,) = [item for item in found.evidence if item.decided == "goal"]
    assert (evidence.by, bool(evidence.words)) in {("phrase", True), ("meaning", False)}
    assert not [
        item
        for item in recogniser.recognise(product("Dental practice", "Call us.", goal="visit"), "en").evidence
        if item.decided == "goal" and item.by != "field"
    ]


@pytest.mark.slow
def test_of_products_that_the_models_did_not_see_most_are_right_and_few_wrong() -> None:
    products = list(aims.read_products())
    index = load_index()
    readings = Readings(index, shared_encoder())
    read = build_index.aimed_products(products, readings)
    fold = np.arange(len(products)) % 4
    right = wrong = 0
    typical = list(aims.typical_products(read_trades()))
    plain = build_index.aimed_products(typical, readings)
    for held in range(4):
        seen = np.flatnonzero(fold != held)
        rows = [*(products[place] for place in seen), *typical]
        inputs = [*(read[place] for place in seen), *plain]
        weigh = [*(1.0 for _ in seen), *(aims.TYPICAL for _ in typical)]
        model = aims.Aims(aims.fit(inputs, [row.kind for row in rows], [row.goal for row in rows], weigh))
        for place in np.flatnonzero(fold == held):
            _, goals = model.chances(read[place])
            goal = aims.sure_goal(goals, read[place].ways)
            fits = {products[place].goal, *products[place].also}
            right += goal != "" and goal in fits
            wrong += goal != "" and goal not in fits
    assert right >= 0.67 * len(products)
    assert wrong <= 0.13 * len(products)
