"""What may open an ad, and what an ad is asked to do, on briefs of trades that no other test has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local import engine
from services.copy.providers.local.fitness import UNFIT, is_demand
from services.copy.providers.local.goals import goal_of
from services.copy.providers.local.hashtags import hashtags
from services.copy.providers.local.material import material_of
from services.copy.providers.local.names import spoken_name, what_is_sold
from services.copy.providers.local.quotes import head_of
from services.copy.providers.local.telephones import has_telephone
from services.copy.providers.local.words import words_of
from tests.copy.products import Product, brief

CHIMNEY = Product(
    name="Chimney sweep and bird guard",
    brand="Sootless",
    description="We sweep chimneys in old farmhouses and leave the hearth rug as it was.",
    features=(
        "Camera look up the flue",
        "Please move furniture first",
        "£15 parking charge in town",
        "Nest check free",
    ),
)


def variants(product: Product, platform: Platform, form: Format, tone: Tone = Tone.CASUAL):  # type: ignore[no-untyped-def]
    return engine.write(brief(product, platform, form, tone), "s").variants


@pytest.mark.parametrize("bare", ["5 years", "3 hours", "8ft", "14 Tage", "2 semaines"])
def test_a_number_of_a_unit_says_nothing_by_itself(bare: str) -> None:
    for said, is_said in ((bare, False), (f"{bare} of soot-free cover", True)):
        brushed = replace(CHIMNEY, features=(*CHIMNEY.features, said))
        texts = {found.text for found in material_of(brief(brushed)).quotes}
        assert (said in texts) is is_said, texts


@pytest.mark.parametrize("form", [Format.SHORT, Format.LONG, Format.STORY])
def test_no_text_asks_the_customer_for_something(form: Format) -> None:
    for variant in variants(CHIMNEY, Platform.META, form):
        text = f"{variant.hook} {variant.body}"
        assert "move furniture" not in text
        assert not variant.hook.startswith("£15")


def test_a_negation_turns_a_demand_into_a_reason() -> None:
    product = Product(
        name="Punt hire",
        description="Punts by the hour on the Cam.",
        features=("No deposit", "Late fee £9"),
        price="24.00",
        currency="GBP",
    )
    late = {found.text: found.late for found in material_of(brief(product)).quotes}
    assert late["No deposit"] is False
    assert late.get("Late fee £9", True)  # it stands only where nothing else does
    found = [f"{variant.hook} {variant.body}" for variant in variants(product, Platform.META, Format.SHORT)]
    assert any("No deposit" in text for text in found)
    assert not any("Late fee" in variant.hook for variant in variants(product, Platform.META, Format.SHORT))


def test_the_first_sentence_says_what_is_offered() -> None:
    material = material_of(brief(CHIMNEY))
    assert material.opening is not None
    found = variants(CHIMNEY, Platform.META, Format.SHORT)
    assert any("We sweep chimneys" in f"{variant.hook} {variant.body}" for variant in found)


def test_an_amount_beside_another_is_no_price_by_itself() -> None:
    product = Product(
        name="Harpsichord tuning", description="Single manuals £70, double manuals £95.", price="70.00", currency="GBP"
    )
    found = [f"{variant.hook} {variant.body}" for variant in variants(product, Platform.PINTEREST, Format.SHORT)]
    assert any("£70" in text for text in found)
    assert all("£95" in text for text in found if "£70" in text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("We thatch roofs in reed and straw. We look before we name a price.", "enquire"),
        ("We thatch roofs in reed and straw. Call us for a price.", "call"),
        ("We thatch roofs in reed and straw. Write to us for a price, please don't call us.", "enquire"),
        ("We thatch roofs in reed and straw. We look before we name a price. 01632 960 418", "call"),
    ],
)
def test_called_is_who_has_a_number_or_says_so(text: str, wanted: str) -> None:
    assert goal_of(material_of(brief(Product(name="Thatching", description=text)))) == wanted


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("Marquee rental", "Marquees in stock, delivered and put up."),
        ("Betonmischer", "Wir vermieten Betonmischer, Versand frei."),
    ],
)  # fmt: skip
def test_what_is_lent_is_not_bought(name: str, description: str) -> None:
    assert goal_of(material_of(brief(Product(name=name, description=description)))) != "sell"


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("platform", [Platform.GOOGLE, Platform.META, Platform.TIKTOK])
def test_a_line_on_age_stands_in_every_text(platform: Platform, form: Format) -> None:
    sloe = Product(
        name="Hedge Sloe Gin", brand="Hedge", description="Sloe gin from one hedgerow, 50 cl. Rested for a winter. 18+."
    )
    for variant in variants(sloe, platform, form):
        assert "18+" in variant.body


def test_an_answer_stays_with_its_question() -> None:
    moths = Product(
        name="Larch wardrobe",
        description="Wardrobes of larch, built in a barn.",
        features=("Moths? We replace the shelf", "Soft hinges", "Flat packed in one box"),
    )
    texts = [f"{variant.hook} {variant.body}" for variant in variants(moths, Platform.META, Format.SHORT)]
    assert any("Moths? We replace the shelf" in text for text in texts)
    assert all("Moths? We" in text for text in texts if "replace the shelf" in text)


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("We rent ponies by the hour, from £15, minimum 2", "We rent ponies by the hour"),
        ("Straw bale workshop near Ludlow, 2 days, tools lent", "Straw bale workshop near Ludlow"),
        ("We fit bathrooms in the valley, not kitchens", None),
        ("We fit bathrooms in the valley, only in winter", None),
        ("A small charity giving free, confidential advice to tenants", None),
        ("Delivery within 12 miles, from £15", None),
    ],
)
def test_the_first_clause_loses_nothing_that_limits_it(text: str, head: str | None) -> None:
    assert head_of(text, 60, words_of("en")) == head


def test_a_name_is_said_without_measures_and_capitals() -> None:
    words = words_of("en")
    assert spoken_name("ELM BENCH 6FT", "ELM BENCH 6FT", "a bench of elm, 6 ft") == "Elm bench 6ft"
    assert spoken_name("LED BENCH", "LED BENCH", "a bench") == "LED bench"
    assert what_is_sold("Learner week, 5 days", "", words, said="5 days, 8 learners") == "Learner week"
    assert what_is_sold("Learner week, 5 days", "", words, said="8 learners") == "Learner week, 5 days"


@pytest.mark.parametrize("name", ["Field recorder X3 - 64GB", "Belt sander - 240V", "Linseed oil - 2L"])
def test_a_figure_of_a_name_stays_unless_other_facts_have_it(name: str) -> None:
    assert what_is_sold(name, "", words_of("en"), said="") == name


@pytest.mark.parametrize(("language", "text", "demands"), [
    ("en", "Blue card needed before the start", True), ("en", "No teaching degree needed", False),
    ("en", "No fees, own boots needed", True), ("de", "Auto mit Anhängerkupplung nötig", True),
    ("de", "Keine Vorkenntnisse nötig", False), ("fr", "Réservation nécessaire", True),
    ("es", "No hace falta experiencia", False), ("it", "Non occorre esperienza", False),
])  # fmt: skip
def test_what_is_needed_is_a_demand_unless_its_clause_negates_it(language: str, text: str, *, demands: bool) -> None:
    assert is_demand(text, words_of(language)) is demands


def losses(*features: str) -> dict[str, float]:
    made = brief(Product(name="Heath cargo trike", description="A trike for loads.", features=features))
    return {found.text: found.loss for found in material_of(made).quotes}


def test_ordinary_words_before_a_number_are_no_address() -> None:
    texts = ("Drive for 90 km before a charge", "The fast way to carry 4 crates", "Sent via Courier Post, 3 days")
    found = losses("A bell of brass", *texts, "Our shop is at 14 Heron Lane", "Tienda en Calle de la Rosa, 9")
    assert all(found[text] < UNFIT for text in texts)
    assert found["Our shop is at 14 Heron Lane"] >= UNFIT
    assert found["Tienda en Calle de la Rosa, 9"] >= UNFIT


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Shoes in 35 37 39 41 43", False),
        ("Bags of 10 25 50 100 kg", False),
        ("ISBN 979-8-12345-678-9", False),
        ("Finalist 2018 2019 2022", False),
        ("2 400 000 bottles a year", False),
        ("Ring 01632 960 733", True),
        ("(212) 555-0163", True),
        ("Tel. 612 345 987", True),
    ],
)
def test_rows_of_numbers_are_no_telephone_numbers(text: str, is_one: bool) -> None:
    assert has_telephone(text) is is_one


def test_a_place_of_several_words_is_one_hashtag() -> None:
    course = Product(
        name="Corso di potatura", brand="Ramo", description="Corso di potatura a Castel del Piano, tre sabati di marzo."
    )
    tags = hashtags(material_of(brief(course)), count=3, index=0)
    assert "#CastelDelPiano" in tags
    assert "#Castel" not in tags
