"""Nothing is printed twice, and a known price is on the picture."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from services.image.domain import Style
from services.image.known_price import known_price
from services.image.price_terms import least_behind, price_terms
from services.image.providers.local.ad_text import Wording, without_repeated_price
from services.image.providers.local.choice import chosen
from services.image.providers.local.layouts import Shows
from services.image.providers.local.repetition import unrepeated, with_whole_price
from tests.image.briefs import brief

WORDS = Wording(
    brand="Ashby",
    eyebrow="Oak logs from £95 a load",
    headline="Dry logs",
    subline="£95 a load, two loads at least.",
    price="From £95 a load, two loads at least",
    call_to_action="Order",
    product_name="Oak logs",
    further=("£95 a load, stacked for you", "£95 a load", "£12 for kindling", "Dried for two years"),
    joined=2,
)


def test_lines_leave_out_what_the_price_says() -> None:
    made = unrepeated(WORDS)
    assert (made.eyebrow, made.subline) == ("Oak logs", "")
    assert made.further == ("Stacked for you", "£12 for kindling", "Dried for two years")
    assert made.joined == 1


def test_sentences_of_the_price_are_not_repeated_one_by_one() -> None:
    hire = replace(WORDS, price="$90/hr, 3 hr minimum. Fuel extra.", subline="$90/hr, 3 hr minimum.", eyebrow="")
    assert unrepeated(hire).subline == ""


def test_rest_of_a_list_is_no_line() -> None:
    day = replace(WORDS, price="£35, boots and helmet", subline="£35, boots and helmet, hot soup.", eyebrow="")
    assert unrepeated(day).subline == ""
    assert unrepeated(replace(day, subline="£35, hot soup at noon.")).subline == "Hot soup at noon."


def test_what_the_customer_asked_for_stays_and_other_amounts_do() -> None:
    assert unrepeated(replace(WORDS, quoted=("subline",))).subline == WORDS.subline
    other = replace(WORDS, eyebrow="Oak logs from £80", subline="£80 for a half load.")
    assert (unrepeated(other).eyebrow, unrepeated(other).subline) == (other.eyebrow, other.subline)


def test_bare_price_is_said_with_what_a_fact_says_of_it() -> None:
    bare = replace(WORDS, price="€39")
    facts = ("€30 without the box", "€39 delivered anywhere in Wales", "Packed in straw")
    assert with_whole_price(bare, facts).price == "€39 delivered anywhere in Wales"
    assert with_whole_price(replace(bare, old_price="€45"), facts).price == "€39"


def test_picture_has_no_line_twice() -> None:
    request = brief(style=Style.LIFESTYLE)
    request = replace(
        request, price="€4 a loaf, two at least", subline="€4 a loaf, two at least.", headline="Rye bread"
    )
    made = chosen(request, random.Random(1), shows=Shows.TYPE, layout_draw=random.Random(1))
    assert made.words.price.startswith("€4")
    assert "€4" not in made.words.subline


@pytest.mark.parametrize(
    ("price", "features", "description", "shown"),
    [
        ("24", ["Open all night", "$24/hr by day, $17/hr by night"], "", "$24/hr by day, $17/hr by night"),
        ("165", ["Hay included"], "Full board is €165 a week and covers hay.", "€165 a week"),
        ("220", [], "We come to you. $220 for a van, $150 for a motorhome and its trailer.", "$220 for a van"),
        ("96", [], "Geölt. 96 €, Versand 5,90 €, nach Österreich bei kleinen Paketen 11,90 €.", "96 €, Versand 5,90 €"),
        ("14.50", [], "Polo shirts are £14.50 each with a logo.", "£14.50 each"),
        ("640", [], "A typical house costs £640 including labour.", ""),
        ("0", ["£0 to pay"], "", ""),
    ],
)
def test_known_price_is_the_customers_short_text_or_nothing(
    price: str, features: list[str], description: str, shown: str
) -> None:
    assert known_price(price, features, description) == shown


@pytest.mark.parametrize(
    ("price", "text", "features", "description", "terms"),
    [
        ("24", "$24 per roll", [], "Rolls are $24 each. Minimum order 20 rolls.", "Minimum order 20 rolls"),
        ("24", "$24 per roll, min. 20 rolls", [], "Minimum order 20 rolls.", ""),
        ("149", "$149", [], "$149 any patio (up to 600 sq ft, bigger is .25 a ft).", "up to 600 sq ft"),
        ("165", "€165 a week", [], "Full board is €165 a week, minimum four weeks.", "minimum four weeks"),
        ("52", "$52 a yard", [], "$52 a yard. Delivery is $70 within 15 miles, 2-yard minimum.", ""),
        ("40", "€40", [], "Zwei Sitzungen von 45 min. Mindestalter 16 Jahre. Keine Mindestabnahme.", ""),
        ("40", "€40", [], "Minimum age 8 years. You keep it for at least 2 years.", ""),
        ("195", "CA$195", [], "38 cents a sq ft, 195 minimum.", None),  # not what is paid, but the least
        ("9", "€9", [], "Minimum " + "of as many as you could possibly carry home " * 2, None),
        ("9", "€9", [], "Minimum [ask Daz]", None),
        ("24.99", "£24.99", ["Can be trimmed to width (min 60cm)"], "A roller blind.", ""),
    ],
)
def test_price_terms_are_what_limits_the_price_elsewhere(
    price: str, text: str, features: list[str], description: str, terms: str | None
) -> None:
    assert price_terms(price, text, features, description) == terms


def test_item_with_a_price_keeps_its_least_sum() -> None:
    text = "Asphalt only. 38 cents a sq ft, 195 minimum. Two coats."
    assert least_behind("38 cents a sq ft", "Sealing 38 cents a sq ft. Two coats.") == "38 cents a sq ft"
    assert least_behind("$2 a sq ft", "Sealing $2 a sq ft, 195 minimum. Two coats.") == "$2 a sq ft, 195 minimum"
    assert least_behind("$2 a sq ft", f"$2 a sq ft, minimum {'of a large driveway ' * 3}") is None
    assert least_behind("38 cents a sq ft", text) == "38 cents a sq ft, 195 minimum"
    assert least_behind("Two coats", text) == "Two coats"


@pytest.mark.parametrize(
    ("headline", "price", "left"),
    [
        ("Patio Special $149", "$149 a patio, up to 600 sq ft", ("Patio Special", "$149 a patio, up to 600 sq ft")),
        ("Tour: adults $26, ages 5–12 $15", "Adults $26, ages 5–12 $15", ("Tour: adults $26, ages 5–12 $15", "")),
        ("Only $149 buys all this", "$149 a patio, up to 600 sq ft", ("Only $149 buys all this", "Up to 600 sq ft")),
        ("Rye bread", "€4 a loaf", ("Rye bread", "€4 a loaf")),
    ],
)
def test_amount_of_headline_and_price_is_printed_once(headline: str, price: str, left: tuple[str, str]) -> None:
    words = without_repeated_price(replace(WORDS, headline=headline, price=price, subline=""))
    assert (words.headline, words.price) == left
    assert words.subline == ""
