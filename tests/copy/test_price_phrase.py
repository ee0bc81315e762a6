"""The price with the words that belong to it, cut from a longer text."""

from __future__ import annotations

import pytest

from services.copy.domain import Format, Platform
from services.copy.providers.local import engine
from services.copy.providers.local.material import material_of
from services.copy.providers.local.picture_price import picture_price
from services.copy.providers.local.price_phrase import price_phrase
from tests.copy.test_material import fact, request


@pytest.mark.parametrize(
    ("text", "price", "language", "phrase"),
    [
        (
            "Hire is £310 for two days and that covers the trailer, straps and a spare wheel.",
            "310",
            "en",
            "£310 for two days",
        ),
        ("A lesson costs from $45 an hour, bow included.", "45", "en", "from $45 an hour"),
        ("The loom is $1,150 including GST; the bench is extra.", "1150", "en", "$1,150 including GST"),
        ("It's £60 for the boat on weekdays, £85 on a Sunday.", "60", "en", "from £60 for the boat"),
        (
            "Our tank is $3,190 delivered within 200 km, and the driver rolls it in if he can.",
            "3190",
            "en",
            "$3,190 delivered within 200 km",
        ),
        ("$29.90 a pair, three for $80.", "29.90", "en", "$29.90 a pair"),
        ("Der Kurs kostet 140 € pro Person und dauert zwei Tage.", "140", "de", "140 € pro Person"),
        ("L’atelier coûte 55 € par enfant, goûter compris.", "55", "fr", "55 € par enfant"),
        ("Cuesta 30 € al mes y se deja cuando se quiera.", "30", "es", "30 € al mes"),
        ("La visita costa 12 € a persona, bambini gratis.", "12", "it", "12 € a persona"),
        ("A aula custa 20 € por hora e inclui o caderno.", "20", "pt", "20 € por hora"),
        # limited, another amount, a deposit, an old price, a language without words of its own
        ("£310 for two days if you collect it.", "310", "en", ""),
        ("£310 for up to two days.", "310", "en", ""),
        ("Uprights £78, and £64 for members.", "78", "en", ""),
        ("Book with a £50 deposit.", "50", "en", ""),
        ("Was £90.", "90", "en", ""),
        ("De cursus kost € 128, inclusief entree.", "128", "nl", ""),
    ],
)
def test_a_phrase_says_what_the_amount_is_for_and_nothing_less(
    text: str, price: str, language: str, phrase: str
) -> None:
    assert price_phrase([text], price, language) == phrase


def test_one_text_that_limits_the_price_is_enough() -> None:
    texts = ["A chair is £40 a day.", "£40 a day only with two chairs or more."]
    assert price_phrase(texts[:1], "40", "en") == "£40 a day"
    assert price_phrase(texts, "40", "en") == ""


def test_a_text_without_room_for_the_sentence_says_the_phrase_and_a_picture_too() -> None:
    sentence = (
        "Hire is £310 for two days and that covers the trailer, the straps, a spare wheel and a person who shows how "
        "it is reversed."
    )
    made = request(
        fact(1, sentence, "price", strength=0.4),
        *(fact(number, text, "feature", source="features") for number, text in enumerate(FEATURES, 2)),
        price="310.00",
        currency="GBP",
        platform=Platform.META,
        format=Format.SHORT,
    )
    assert picture_price(made) == "£310 for two days"
    texts = [f"{variant.hook}\n{variant.body}" for variant in engine.write(made, "seed").variants]
    assert all("£310 for two days" in text for text in texts), texts


FEATURES = ("Tilts with one hand", "Braked axle", "Number plate holder", "Room for a sofa and a bed")


def test_a_row_of_a_feed_is_no_price() -> None:
    made = request(fact(1, "price=44.95 AUD", "price", strength=0.4), price="44.95", currency="AUD", language="en")
    assert "=" not in material_of(made).price


def test_what_is_free_has_no_price_of_nothing() -> None:
    amount = fact(1, "$0", "price", source="price")
    made = request(amount, fact(2, "The first meeting costs nothing."), price="0.00", currency="CAD", language="en")
    assert all(found.source != "price" for found in (*material_of(made).quotes, *material_of(made).spare))


def test_the_price_of_one_size_is_no_price_of_all() -> None:
    sized = "A 2.4 metre lean-to costs £2,980 including VAT, delivery and fitting within 80 miles."
    for name, price in (("Cedar lean-to", ""), ("Cedar lean-to, 2.4 metre", "£2,980 including VAT")):
        facts = (fact(1, sized, "price", strength=0.2), fact(2, "Roof vents that open by themselves."))
        made = request(*facts, price="2980.00", currency="GBP", language="en", product_name=name)
        assert material_of(made).price == price


@pytest.mark.parametrize(
    "text",
    [
        "Reckon with $16 for a small reel of 15 metres and $52 for a large one.",
        "Infants 12 / primary 16 / others on request.",
    ],
)
def test_the_amount_of_the_smallest_of_several_is_no_price_by_itself(text: str) -> None:
    made = request(
        fact(1, text, "price", strength=0.3), fact(2, "Cleaned by hand."), price="16", currency="USD", language="en"
    )
    assert material_of(made).price != "$16"
