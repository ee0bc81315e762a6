"""Features that the description takes back, and those that it only speaks of."""

from __future__ import annotations

import pytest

from services.catalog.understanding.facts import find_facts
from services.catalog.understanding.retracted import Retractions, without_remark
from services.catalog.understanding.values import ProductTexts

FEATURES = ("Same day fitting", "£20 off coupon", "Waterproof to 50 m", "Two vans")


@pytest.mark.parametrize(
    ("language", "feature", "description"),
    [
        ("en", "Same day fitting", "WE STOPPED SAME DAY FITTING IN MAY, TAKE THAT OFF THE PAGE PLEASE."),
        ("en", "£20 off coupon", "We have two vans. Also take off the £20 coupon, its dead."),
        (
            "en",
            "Waterproof to 50 m",
            'Tested in a pool so don\'t call it "waterproof to 50 m" like the last flyer did.',
        ),
        ("en", "Waterproof to 50 m", "~~Waterproof to 50 m~~ Splash-proof."),
        ("en", "Waterproof to 50 m", "<del>Waterproof to 50 m</del><p>Splash-proof.</p>"),
        ("en", "Spring special $109", "SPRING SPECIAL single oven $109\n(update: special finished, back to 129)"),
        ("en", "36 month warranty", "labour 12 months (website says 36 - Joan fix)"),
        ("en", "2mm / 3mm", "Steel 2mm, painted."),
        ("de", "36 Monate Garantie", "Auf der Homepage steht 36, das ist falsch."),
        ("de", "Frühlingsangebot 89 €", "Das Frühlingsangebot ist leider abgelaufen."),
        ("de", "Lieferung gratis", "Die „Lieferung gratis“ steht noch auf der alten Seite, bitte streichen."),
        ("es", "desde 49 €", "cuesta 65 euros al día; lo de 49 € quitadlo, era del año pasado"),
        ("fr", "Parking gratuit", "Sur l'ancienne affiche il y a encore « parking gratuit », à supprimer."),
        ("it", "Consegna gratuita", 'Togliere "consegna gratuita" dal volantino.'),
        ("pt", "Entrega grátis", 'Na página antiga diz "entrega grátis", esqueçam.'),
        ("sv", "Plats garanterad", "Tidigare stod det ”plats garanterad”, ta bort."),
        ("pl", "Dostawa gratis", "„Dostawa gratis” jest nieaktualne, usunąć."),
        ("nl", "Gratis parkeren", 'De tekst "gratis parkeren" is van vorig jaar, graag verwijderen.'),
    ],
)
def test_a_claim_that_is_taken_back_is_no_feature(language: str, feature: str, description: str) -> None:
    assert Retractions((feature, "X-9"), description, language).features == ("X-9",)


@pytest.mark.parametrize(
    "description",
    [
        "Same day fitting in all of Leeds. We have two vans and a £20 off coupon for new customers.",
        "Take the waterproof bag out of the box and remove the film. It is waterproof to 50 m.",
        "We no longer use plastic. Waterproof to 50 m.",
        "The sign at the door says 50 m and so do we.",
        'Free for 30 days. Don\'t write "free forever".',
        "Same day fitting – we call it “the quick one”.",
        "",
    ],
)
def test_what_is_only_spoken_of_stays(description: str) -> None:
    assert Retractions(FEATURES, description, "en").features == FEATURES


def test_two_measures_that_the_description_names_both_are_a_choice() -> None:
    assert Retractions(("2mm / 3mm",), "In 2mm and in 3mm.", "en").features == ("2mm / 3mm",)


def test_a_number_of_another_clause_takes_nothing_back() -> None:
    run_on = (
        "we rent out cold rooms on a trailer for weddings and fairs, the room is three metres by one sixty and holds"
        " some six cubic metres, it costs 85 a day plus tax, the old page still says 69 a day, of 2023 so ignore that,"
        " for the weekend it is 190, delivery is free within twenty kilometres"
    )
    assert Retractions(("85 a day", "from 69 a day"), run_on, "en").features == ("85 a day",)


def test_it_is_no_fact_of_the_product() -> None:
    texts = ProductTexts(
        project="Dwight's",
        name="Septic pumping",
        description="We pump tanks up to 1,000 gallons. We stopped same day service in August, take that off please.",
        features=("Same day service", "Written slip with the date", "Two trucks"),
    )
    facts = [fact.text for fact in find_facts(texts, "en")]
    assert "Two trucks" in facts
    assert not any("same day" in text.lower() for text in facts)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ('Free for 60 days – don\'t write "free forever" like last time', "Free for 60 days"),
        ("Free for 60 days – no card needed", "Free for 60 days – no card needed"),
        ("Free for 60 days", "Free for 60 days"),
        ("Don't use bleach – it marks the glass", "Don't use bleach – it marks the glass"),
    ],
)
def test_a_remark_to_the_maker_is_left_out(statement: str, said: str) -> None:
    assert without_remark(statement, "en") == said


@pytest.mark.parametrize(
    "description", ["Our sale over three days.", "Special offer over Christmas.", "The special runs until 30 May."]
)
def test_an_offer_that_runs_is_kept(description: str) -> None:
    assert Retractions(("Sale: 20% off",), description, "en").features == ("Sale: 20% off",)
    assert not Retractions(("Special offer",), description, "en").says_so("Special offer $10")
