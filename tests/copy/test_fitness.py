"""What may open an ad, and what an ad is asked to do, on briefs of trades that no other test has."""

from __future__ import annotations

import pytest

from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local import engine
from services.copy.providers.local.material import material_of
from services.copy.providers.local.request import goal_of
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
    quoted = {found.text for found in material_of(brief(product)).quotes}
    assert "No deposit" in quoted
    assert "Late fee £9" not in quoted


def test_the_first_sentence_says_what_is_offered() -> None:
    material = material_of(brief(CHIMNEY))
    assert material.opening is not None
    found = variants(CHIMNEY, Platform.META, Format.SHORT)
    assert any("We sweep chimneys" in f"{variant.hook} {variant.body}" for variant in found)


def test_nobody_buys_a_volunteer_by_a_click() -> None:
    product = Product(
        name="Toad patrol volunteers",
        brand="Fen Wardens",
        description="Volunteers carry toads over the road in March.",
    )  # fmt: skip
    assert goal_of(material_of(brief(product))) == ""
    assert {variant.cta for variant in variants(product, Platform.META, Format.SHORT)} == {"Learn more"}


def test_an_amount_beside_another_is_no_price_by_itself() -> None:
    product = Product(
        name="Harpsichord tuning", description="Single manuals £70, double manuals £95.", price="70.00", currency="GBP"
    )
    for variant in variants(product, Platform.PINTEREST, Format.SHORT):
        text = f"{variant.hook} {variant.body}"
        assert "£70" not in text or "£95" in text
