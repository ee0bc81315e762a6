"""A text says all of a short brief, prices with what limits them, and each statement in readable words."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from services.copy.domain import Format, Platform, Variant
from services.copy.providers.local import engine
from tests.copy.products import Product, brief
from tests.copy.test_material import fact, request

STUMPS = Product(
    name="Stump grinding",
    brand="Hollis Trees",
    description="We grind stumps up to 60 cm wide. £90 a stump. Minimum two stumps. Chips are left as mulch.",
)
OARS = Product(
    name="Oars",
    brand="Quayside",
    description="Spruce oars shaped by hand in Fowey, all lengths from 6 to 10 ft, leathers fitted while you wait.",
)
STILL = Product(
    name="Stills for hire, and a distiller",
    brand="Alder Press",
    description=(
        "We distil your fruit while you watch. 62 € a charge of 120 litres. Duty is not included. Wood is 8 € extra."
    ),
)
PAVING = Product(
    name="Cobble repair",
    brand="Falcon Bros",
    description="We relay patterned pavements of limestone and basalt with your own stone, from 4 m2, near Setúbal.",
)
LESSONS = Product(
    name="Evening lessons",
    brand="Linden",
    features=("German and Dutch for adults", "Groups of six", "First evening free", "Starts every month"),
)


def _variants(product: Product, platform: Platform, format_: Format) -> tuple[Variant, ...]:
    return engine.write(brief(product, platform, format_), "seed").variants


@pytest.mark.parametrize(("platform", "format_"), list(itertools.product(Platform, Format)))
def test_a_price_stands_with_the_limit_that_follows_it(platform: Platform, format_: Format) -> None:
    for variant in _variants(STUMPS, platform, format_):
        text = f"{variant.hook}\n{variant.body}"
        assert "£90" not in text or "Minimum two stumps" in text, variant


@pytest.mark.parametrize(("platform", "format_"), list(itertools.product(Platform, Format)))
def test_a_price_stands_with_all_that_is_paid_on_top(platform: Platform, format_: Format) -> None:
    for variant in _variants(STILL, platform, format_):
        text = f"{variant.hook}\n{variant.body}"
        assert "62" not in text or ("Duty is not included" in text and "8 €" in text), variant


def test_a_text_with_room_says_all_of_a_short_brief() -> None:
    said = [f"{variant.hook} {variant.body}" for variant in _variants(STUMPS, Platform.META, Format.STORY)]
    whole = [text for text in said if all(part in text for part in ("60 cm", "£90", "Minimum two stumps", "mulch"))]
    assert len(whole) >= 3, said


def test_a_long_line_is_divided_without_a_loss() -> None:
    variants = [
        variant
        for platform in (Platform.META, Platform.PINTEREST)
        for variant in _variants(OARS, platform, Format.HOOK)
    ]
    begun = [variant for variant in variants if variant.hook == "Spruce oars shaped by hand in Fowey"]
    assert begun
    assert all("All lengths from 6 to 10 ft, leathers fitted while you wait." in variant.body for variant in begun)


@pytest.mark.parametrize("format_", list(Format))
def test_a_line_too_long_for_a_platform_stands_with_its_first_clause(format_: Format) -> None:
    variants = _variants(PAVING, Platform.GOOGLE, format_)
    texts = [f"{variant.hook}\n{variant.body}" for variant in variants]
    said = [text for text in texts if "We relay patterned pavements" in text]
    assert len(said) >= 2, variants
    assert not any("m2" in text and "from 4 m2" not in text.casefold() for text in said)
    assert all(any(name in variant.hook for name in ("Cobble", "Falcon", "We relay")) for variant in variants), variants


def test_small_letters_follow_a_colon_but_names_keep_theirs() -> None:
    texts = [
        text
        for format_ in Format
        for variant in _variants(LESSONS, Platform.LINKEDIN, format_)
        for text in (variant.hook, variant.body)
    ]
    behind = {text.partition("Evening lessons: ")[2].split()[0] for text in texts if "Evening lessons: " in text}
    assert behind & {"groups", "first", "starts"}
    assert not behind & {"Groups", "First", "Starts", "german"}


def test_a_fact_that_may_not_stand_beside_another_leaves_the_rest() -> None:
    made = request(
        fact(1, "We row you out to the oyster beds and open the first dozen at your table.", strength=0.8),
        fact(2, "Lunch comes with a glass of white wine from up the valley.", strength=0.5),
        fact(3, "Groups of ten at most", source="features", strength=0.6),
        fact(4, "£60 adults, £30 for kids", "price", strength=0.4),
        name="Oyster tour",
        price="60.00",
        currency="GBP",
        regulated=("alcohol",),
    )
    for variant in engine.write(replace(made, platform=Platform.LINKEDIN, format=Format.LONG), "s").variants:
        assert not ("wine" in variant.body and "kids" in variant.body), variant
        assert variant.body.replace("Oyster tour.", "").strip(), variant  # more than the name


@pytest.mark.parametrize("platform", [Platform.META, Platform.GOOGLE])
def test_what_a_price_says_is_not_said_again(platform: Platform) -> None:
    made = request(
        fact(1, "£260 inc VAT, two weeks.", "price", source="description", strength=0.7),
        fact(2, "Two weeks", "logistics", source="features", strength=0.5),
        fact(3, "Delivered within the ring road", "logistics", source="features", strength=0.6),
        name="Small skip, delivered",
        brand="Mudge",
        price="260.00",
        currency="GBP",
        description="£260 inc VAT, two weeks.",
    )
    for variant in engine.write(replace(made, platform=platform, format=Format.SHORT), "s").variants:
        assert variant.body.casefold().count("two weeks") <= 1, variant
        assert variant.body != "Two weeks." or "two weeks" not in variant.hook, variant
        assert "delivered: delivered" not in variant.hook.casefold(), variant
