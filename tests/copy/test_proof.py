"""Finished texts hold no junk: signs of it are found, and what has them is written again without the fact."""

from __future__ import annotations

import itertools

import pytest

from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local import engine, proof, write_headline
from services.copy.providers.local.joining import behind_name, is_phrase, with_price
from services.copy.providers.local.names import without_sender
from services.copy.providers.local.prices import is_amount, readable_amounts
from services.copy.providers.local.words import LANGUAGES, read_data
from tests.copy.products import Product, brief


@pytest.mark.parametrize(("kind", "text"), [
    ("label", "Colours:"), ("punctuation", "Precios::: from 9 to 5"), ("punctuation", "Oak,, oiled"),
    ("unbalanced", "Oak frame (oiled"), ("unbalanced", "“Best bread in town"), ("torn", "A table made of"),
    ("torn", "Ein Tisch für"), ("amount", "Yours for 39.00 EUR"), ("code", "See screenshot_03.png"),
    ("field", "SKU: OH-60"),
    ("page", "Loading"), ("trail", "Home > Shop"), ("shouted", "HOME SHOP GALLERY CONTACT"),
    ("field", "Subject: FW: the text"),
    ("markup", "Oak <b>frame"), ("markup", "Salt &amp; pepper"), ("unfilled", "Visit us in [city]"),
    ("unfilled", "Price TBC"),
    ("twice", "Oak frame, oiled by hand. Oak frame, oiled by hand."), ("labels", "Fern: Notary: wills and deeds"),
])  # fmt: skip
def test_a_sign_of_junk_is_found(kind: str, text: str) -> None:
    language = "de" if text.startswith("Ein ") else "en"
    assert kind in {fault.kind for fault in proof.faults("", text, language)}


@pytest.mark.parametrize(("language", "text"), [
    ("en", "Come and join in."), ("en", "The farm that our milk comes from."),
    ("en", "A place to come home to…"),
    ("en", "Oak desk, 28\" deep (oiled)."), ("en", "What you get:\n• Oak frame\n• Brass hinges"),
    ("en", "ABS, ESP and GPS."),
    ("en", "Menu of seven courses."), ("fr", "DPE : C. Parking en option."), ("de", "Mach mit!"),
    ("en", "£39.00 a month."),
    ("de", "Komplettpaket inkl. Einbau."), ("en", "Rated 4.8/5."), ("en", "“Best bread in town.” Ann B."),
])  # fmt: skip
def test_a_good_text_has_no_sign_of_junk(language: str, text: str) -> None:
    assert not proof.faults("A hook", text, language)


def test_what_the_customer_calls_the_product_is_no_fault() -> None:
    assert not proof.faults("BIKE_LAB pro", "BIKE_LAB pro is a stand.", "en", ("BIKE_LAB pro",))


TORN = Product(
    name="Walnut desk",
    brand="Halden",
    features=(
        "Solid walnut top",
        "Drawers of",
        "Price: 39.00 EUR (old",
        "Cable tray",
        "Ships flat",
        "Loading",
        "Made in Fowey",
    ),
)


@pytest.mark.parametrize(("platform", "format_"), list(itertools.product(Platform, Format)))
def test_a_fact_with_a_fault_stands_in_no_text(platform: Platform, format_: Format) -> None:
    for variant in engine.write(brief(TORN, platform, format_), "seed").variants:
        text = f"{variant.hook}\n{variant.body}"
        assert not any(junk in text for junk in ("Drawers of", "(old", "Loading", "39.00 EUR")), variant


@pytest.mark.parametrize(("language", "raw", "written"), [
    ("en", "39.00 EUR", "€39"), ("en", "$189.00 USD", "$189"),
    ("de", "Ab 89,00 EUR pro Nacht", "Ab 89\u00a0€ pro Nacht"),
    ("en", "EUR 1,200.50", "€1,200.50"), ("fr", "3.99 EUR/mois", "3,99\u00a0€/mois"),
    ("en", "TOP 10, USB 3", "TOP 10, USB 3"),
    ("de", "18.900 EUR netto", "18.900 EUR netto"), ("en", "£24.90", "£24.90"),
])  # fmt: skip
def test_machine_amounts_are_written_as_the_language_does(language: str, raw: str, written: str) -> None:
    assert readable_amounts(raw, language) == written


def test_an_amount_alone_is_known() -> None:
    assert is_amount("39.00 EUR")
    assert is_amount("£24.90.")
    assert not is_amount("£24 a month")


@pytest.mark.parametrize(("name", "kept"), [
    ("Dog grooming - Paws & Rinse", "Dog grooming"), ("Paws & Rinse | dog grooming", "Dog grooming"),
    ("Paws & Rinse", "Paws & Rinse"), ("Dog grooming - mobile", "Dog grooming - mobile"),
])  # fmt: skip
def test_a_name_stands_without_its_sender(name: str, kept: str) -> None:
    assert without_sender(name, "Paws & Rinse") == kept


class TestJoins:
    def test_a_price_that_is_an_amount_makes_a_sentence_with_the_name(self) -> None:
        assert with_price("Oak desk", "€39", "en", turn=0, sold=True) == "Oak desk for €39."
        assert with_price("Oak desk", "€39", "en", turn=1, sold=True) == "Oak desk, yours for €39."
        assert with_price("Dog walk", "€39", "en", turn=1, sold=False) == "Dog walk for €39."
        assert not with_price("Gym", "€39 a month", "en", turn=0, sold=False)

    def test_a_phrase_stands_behind_a_name_only_where_that_is_certain(self) -> None:
        assert behind_name("Oak desk", "With two drawers", "with two drawers", "en") == "Oak desk with two drawers."
        assert behind_name("Oak desk", "Made in Fowey.", "made in Fowey.", "en") == "Oak desk, made in Fowey."
        assert not behind_name("Oak desk", "With it you can stand.", "with it you can stand.", "en")
        assert not behind_name("Oak desk", "Two drawers", "two drawers", "en")

    def test_a_sentence_is_no_phrase(self) -> None:
        assert is_phrase("Brass hinges", "en")
        assert not is_phrase("It has brass hinges", "en")
        assert not is_phrase("Sync with your bank", "en")

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_language_has_its_joins(self, language: str) -> None:
        row = read_data("joins.toml")[language]
        assert row["attached"]
        assert row["verbs"]
        assert all("{name}" in frame and "{price}" in frame for frame in row["priced"])
        assert not set(row["attached"]) & set(row["apposed"])


PRIZE = Product(
    name="Sunday drawing class",
    brand="Ink Room",
    description=(
        "We draw in the park every Sunday. Get £20 off your first class. Paper and pencils are on us."
        " You must book six classes at once and pay on the day to get the £20."
    ),
)


@pytest.mark.parametrize("tone", Tone)
def test_a_picture_shows_an_offer_only_with_what_limits_it(tone: Tone) -> None:
    for seed in "abcdef":
        found = engine_headline(PRIZE, tone, seed)
        assert "£20" not in found or "six classes" in found


def engine_headline(product: Product, tone: Tone, seed: str) -> str:
    found = write_headline(brief(product, tone=tone), seed)
    return f"{found.headline}\n{found.subline}"
