"""The lines for a picture: short, quoted, and not the same thing twice."""

from __future__ import annotations

import itertools
import re

import pytest

from services.copy.domain import Headline, Tone
from services.copy.providers.local import write_headline
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
            assert 0 < len(found.headline) <= 40
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
            for part in (found.headline, *found.subline.split(" · ")):
                sources.units(part)

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
    assert len({lines(PRODUCTS[10], Tone.BOLD, str(seed)).headline for seed in range(12)}) >= 3


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
    assert 0 < len(found.headline) <= 40
