"""Nothing is printed twice, and a known price is on the picture."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from services.image.domain import Style
from services.image.known_price import known_price
from services.image.providers.local.ad_text import Wording
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
        ("165", [], "Full board is €165 a week, minimum four weeks.", ""),
        ("640", [], "A typical house costs £640 including labour.", ""),
        ("0", ["£0 to pay"], "", ""),
    ],
)
def test_known_price_is_the_customers_short_text_or_nothing(
    price: str, features: list[str], description: str, shown: str
) -> None:
    assert known_price(price, features, description) == shown
