"""A feature that a sentence elsewhere limits is not said without its limit."""

from __future__ import annotations

import pytest

from services.catalog.understanding.engine import load_engine
from services.catalog.understanding.limits import limit_behind, limited_elsewhere, with_limits
from services.catalog.understanding.values import Fact, ProductTexts
from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local import engine
from tests.copy.products import Product, brief_of, catalog_brief


@pytest.mark.parametrize(
    ("language", "feature", "statement", "limit"),
    [
        ("en", "20 min", "Blades in 20 minutes (not ceramic, those 1 hour).", "(not ceramic, those 1 hour)"),
        ("en", "3-year refund", "3 year refund if the seal is unbroken.", "if the seal is unbroken"),
        ("en", "Free fitting", "Fitting is free within 12 miles of Orley, by Dan.", "within 12 miles of Orley"),
        ("en", "€14 a plate", "€14 a plate lamb or chickpea (both €17), with rice", "lamb or chickpea"),
        ("en", "24-hour returns", "24 hour returns with receipt", "with receipt"),
        ("en", "Waterproof to 3 m", "Waterproof to 3 m, not in salt water.", ", not in salt water"),
        ("de", "Gratis Lieferung", "Lieferung gratis ab 40 €, sonst 4 €.", "ab 40 €"),
        ("fr", "Livraison offerte", "Livraison offerte uniquement le mardi.", "uniquement le mardi"),
        ("es", "Envío gratis", "Envío gratis solo en la península.", "solo en la península"),
        ("it", "Consegna gratuita", "Consegna gratuita entro 10 km.", "entro 10 km"),
        ("pt", "Entrega grátis", "Entrega grátis até 10 km.", "até 10 km"),
        ("en", "Visit fee comes off the bill", "It is $90 a visit and comes off the bill if you do.", "if you do"),
        # nothing of these limits the feature
        ("en", "Visit fee comes off the bill", "Parts come off the bill if they fail.", ""),
        ("en", "Visit fee comes off the bill", "The visit comes off the bill, and if it rains we wait.", ""),
        ("en", "20 min", "We are 20 minutes from the station, if you walk.", ""),
        ("en", "Free fitting", "No free fitting over 12 miles.", ""),
        ("en", "Free fitting", "Fitting is free and if you are late we wait.", ""),
        ("en", "Oak and brass lamp", "A brass and oak lamp, if it is dimmed it glows.", ""),
        ("en", "£50", "It is £50 (that's £5 a month).", ""),
        ("xx", "Free fitting", "Fitting is free within 12 miles.", ""),
    ],
)  # fmt: skip
def test_limit_behind_the_words_of_a_feature(language: str, feature: str, statement: str, limit: str) -> None:
    assert limit_behind(feature, statement, language) == limit


def _fact(text: str, role: str, source: str = "features", strength: float = 0.5) -> Fact:
    return Fact(text=text, role=role, strength=strength, source=source)


def test_feature_gets_its_limit_and_the_condition_that_says_it_again_goes() -> None:
    again = _fact("Free fitting within 12 miles.", "condition", "description", 0.0)
    other = _fact("No fitting on Sundays.", "condition", "description", 0.0)
    found = with_limits([_fact("Free fitting", "offer"), again, other], [again.text, other.text], "en")
    assert [(fact.text, fact.role) for fact in found] == [
        ("Free fitting within 12 miles", "offer"),
        ("No fitting on Sundays.", "condition"),
    ]
    assert found[0].strength < 0.5


def test_a_bare_time_says_what_it_is_of() -> None:
    said = ["6-year motor guarantee", "2 remotes"]
    assert [fact.text for fact in with_limits([_fact("6 years", "figure")], said, "en")] == ["6-year motor guarantee"]
    both = [_fact("6 years", "figure"), _fact("6-year motor guarantee", "proof")]
    assert [fact.text for fact in with_limits(both, said, "en")] == ["6-year motor guarantee"]
    assert [fact.text for fact in with_limits([_fact("3 years", "figure")], said, "en")] == ["3 years"]


def test_conditions_on_the_same_benefit_and_on_the_least_number_limit() -> None:
    shipping = _fact("Two with free shipping", "offer")
    price = _fact("$6 a bag", "price", strength=0.6)
    beside = _fact("Scoop $10", "price", strength=0.2)
    away = _fact("We can't ship to Alaska.", "condition")
    least = _fact("Minimum 4 bags.", "condition")
    age = _fact("Minimum age 12", "condition")
    mention = _fact("Sign for the parcel before shipping staff leave.", "condition")
    found = limited_elsewhere([shipping, price, beside, away, least, age, mention], "en")
    assert found == {id(shipping): [away], id(price): [least]}


def test_understanding_says_no_feature_without_its_limit() -> None:
    made = load_engine().reader.read(
        ProductTexts(
            project="Reel Mend",
            name="Reel service",
            description="Reels cleaned in 30 mins (not sealed ones, they r 2 hrs). 2 yr guarantee if u keep the card.",
            features=("30 min", "2 yr guarantee"),
        )
    )
    said = {fact.text for fact in made.facts if fact.role not in {"condition", "legal"}}
    assert "30 min (not sealed ones, they are 2 hours)" in said
    assert "2-year guarantee if you keep the card" in said or "2 year guarantee if you keep the card" in said
    assert not {"30 min", "2-year guarantee", "2 year guarantee"} & said


def test_copy_says_a_limited_promise_with_its_limit_or_not_at_all() -> None:
    product = Product(
        name="Mussel rope kit",
        brand="Skerry Supply",
        description=(
            "A rope kit for growing mussels off your own pontoon. The rope is spun from hemp and lasts six seasons."
            " We can't ship to Alaska."
        ),
        features=("Two kits with free shipping", "Hemp rope", "Lasts six seasons"),
    )
    said = 0
    brief = catalog_brief(product)
    for platform, form in ((Platform.META, Format.SHORT), (Platform.LINKEDIN, Format.LONG)):
        for variant in engine.write(brief_of(brief, platform, form, Tone.PROFESSIONAL), "limits").variants:
            text = f"{variant.hook}\n{variant.body}"
            said += "free shipping" in text
            assert ("free shipping" not in text) or ("Alaska" in text)
    assert said
