"""The lines for a picture: short, quoted, and not the same thing twice."""

from __future__ import annotations

import itertools
import re

import pytest

from services.copy.domain import Headline, Tone
from services.copy.providers.local import picture_price, write_headline
from services.copy.providers.local.quotes import content_words
from services.copy.providers.local.words import words_of
from tests.copy.products import CAREFUL, FOREIGN, PRODUCTS, UNMET, Product, brief
from tests.copy.provenance import language_of, plain, sources_of

SAMPLE = (*PRODUCTS[::6], *UNMET[::6], *FOREIGN[::2], *CAREFUL)


def lines(product: Product, tone: Tone, seed: str = "s") -> Headline:
    return write_headline(brief(product, tone=tone), seed)


@pytest.mark.parametrize("product", SAMPLE, ids=lambda product: product.name)
class TestEveryProduct:
    def test_lines_fit_an_image(self, product: Product) -> None:
        for tone in Tone:
            found = lines(product, tone)
            assert 0 < len(found.headline) <= 48
            assert len(found.subline) <= 90
            assert 0 < len(found.cta) <= 20

    def test_subline_does_not_repeat_the_headline(self, product: Product) -> None:
        for tone, seed in itertools.product(Tone, "ab"):
            found = lines(product, tone, seed)
            assert plain(found.subline) != plain(found.headline)
            assert not found.subline or plain(found.subline) not in plain(found.headline), found
            assert plain(found.headline) not in plain(found.subline), found

    def test_every_line_is_quoted_or_a_line_of_the_data(self, product: Product) -> None:
        for tone in Tone:
            found = lines(product, tone)
            sources = sources_of(product, tone)
            sources.units(found.headline, beside=found.subline)
            for part in found.subline.split(" · "):
                sources.units(part, beside=found.headline)

    def test_button_is_one_of_the_language(self, product: Product) -> None:
        language = language_of(brief(product))
        labels = words_of(language).buttons
        assert lines(product, Tone.BOLD).cta in {label for row in labels.values() for label in row}


def test_lists_of_features_share_no_word_with_the_headline() -> None:
    lists = 0
    for product, tone in itertools.product(PRODUCTS[::3], Tone):
        found = lines(product, tone)
        if " · " in found.subline:
            lists += 1
            words = words_of("en")
            assert not content_words(found.headline, words) & content_words(found.subline, words), found
    assert lists >= 5


def test_offer_becomes_the_subline() -> None:
    assert write_headline(brief(PRODUCTS[0], instructions="Mention 20% off"), "s").subline == "20% off."


def test_headline_says_more_than_the_product_name() -> None:
    for product, tone in itertools.product(PRODUCTS[::4], Tone):
        found = lines(product, tone)
        assert plain(found.headline) not in {plain(product.name), plain(product.brand)}, found


def test_headline_differs_between_seeds() -> None:
    assert len({lines(PRODUCTS[10], Tone.BOLD, str(seed)).headline for seed in range(12)}) >= 2


def test_headline_holds_no_banned_word() -> None:
    for seed in range(6):
        found = write_headline(brief(PRODUCTS[0], banned_words=("cleans", "water")), str(seed))
        assert not re.search(r"\b(?:cleans|water)\b", f"{found.headline} {found.subline}", re.I), found


def test_questions_are_left_out_where_the_customer_asks_so() -> None:
    for tone in Tone:
        found = write_headline(brief(PRODUCTS[2], tone=tone, instructions="No questions"), "s")
        assert "?" not in f"{found.headline}{found.subline}"


def test_a_name_of_one_long_word_is_cut() -> None:
    found = write_headline(brief(Product(name="Donaudampfschifffahrtsgesellschaftskapitänsmütze")), "s")
    assert 0 < len(found.headline) <= 48


SHELTER = Product(
    name="Insulated ice shelter for a party of four",
    brand="Northbay",
    description=(
        "Never run a stove with the doors shut. Carbon monoxide can kill. Pets must stay outside. "
        "Open Monday 9:00 to 17:00. Max wind 40 km/h when anchored. 12 Mill Lane, Porter."
    ),
    features=("Two doors and six windows", "Sets up in two minutes"),
    price="549.00",
    currency="USD",
)
GRINDER = Product(name="Garden shears sharpening", brand="Edgewise", description="£4.50 a blade, no saws.")


def test_headlines_of_a_set_are_no_warning_condition_or_hours() -> None:
    for product, sold in (
        (SHELTER, ("doors and", "two minutes", "shelter", "Northbay")),
        (GRINDER, ("shears", "Edgewise", "a blade, no saws")),
    ):
        taken: list[str] = []
        for number in range(12):
            taken.append(
                write_headline(brief(product, tone=list(Tone)[number % len(Tone)]), str(number), taken).headline
            )
        assert all(any(word.casefold() in line.casefold() for word in sold) for line in taken), taken


def test_headlines_that_stand_again_take_turns() -> None:
    taken: list[str] = []
    for number in range(12):
        taken.append(write_headline(brief(SHELTER), str(number), taken).headline)
    counts = [taken.count(line) for line in set(taken)]
    assert max(counts) - min(counts) <= 1, taken


def test_price_of_a_picture_has_its_unit_and_limits_or_is_left_out() -> None:
    def price(description: str, amount: str, currency: str = "GBP") -> str:
        product = Product(name="Drum lessons", brand="Loft", description=description, price=amount, currency=currency)
        return picture_price(brief(product))

    assert "a month" in price("Weekly lessons in a small room. £24 a month.", "24.00")
    assert "from" in price("Weekly lessons in a small room. Lessons from £18.", "18.00").casefold()
    assert not price("Weekly lessons for £24 a month with a contract of twelve months, paid in advance.", "24.00")
    assert price("Weekly lessons in a small room.", "24.00") in {"24.00", "£24"}
    assert "without" in price("Weekly lessons in a small room, £24, without a kit.", "24.00")


def test_what_a_picture_must_say_stands_below_its_headline() -> None:
    long = "Lessons are £24 a month, twelve months at least."
    lessons = Product(name="Drum lessons", brand="Loft", description=long, price="24.00", currency="GBP")
    assert not picture_price(brief(lessons))
    found = lines(lessons, Tone.BOLD)
    said = f"{found.headline} {found.subline}"
    assert "£24 a month" in said
    assert "twelve months" in found.subline.casefold()  # what limits it


def test_two_facts_that_do_not_say_what_of_are_no_headline() -> None:
    product = Product(
        name="Rabies vaccination for dogs",
        brand="Town of Ely",
        features=("Three places", "Card included", "No appointment"),
    )
    for seed in range(8):
        headline = lines(product, list(Tone)[seed % len(Tone)], str(seed)).headline
        assert "vaccination" in headline.casefold() or ". " not in headline, headline


def test_a_line_below_does_not_begin_with_the_headline() -> None:
    text = "Seats caned by hand in six-way pattern, old cane stripped out first. Two weeks."
    caning = Product(name="Chair caning", brand="Brackett", description=text, price="", currency="AUD")
    found = [lines(caning, tone) for tone in Tone]
    headed = [each for each in found if each.headline == "Seats caned by hand in six-way pattern"]
    assert headed
    assert {each.subline for each in headed} == {"Old cane stripped out first."}
