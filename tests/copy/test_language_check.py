"""Texts in another language are recognised by their function words, without the names in them."""

from __future__ import annotations

from dataclasses import replace

from services.copy.domain import Variant
from services.copy.providers.brief_facts import facts_of
from services.copy.providers.language_check import is_other_language
from services.copy.providers.local.request import understand_order
from services.copy.providers.model_judge import VariantJudge
from tests.copy.products import PRODUCTS, brief

NAME = "La Casa de los Muebles y el Pan"
GERMAN = Variant(
    angle="a", hook="Das ist die Flasche, und sie ist gut.", body="Mit der Kappe.", cta="Mehr", hashtags=()
)
ENGLISH = Variant(
    angle="b",
    hook="This is the bottle that you want.",
    body="It is made of steel for the gym.",
    cta="More",
    hashtags=(),
)


def test_names_are_in_no_language() -> None:
    text = f"{NAME}: tables of oak."
    assert is_other_language(text, "en")
    assert not is_other_language(text, "en", [NAME])


def test_texts_are_judged_together_and_one_alone_is_not() -> None:
    request = replace(brief(PRODUCTS[0]), custom_instructions="Write in German.")
    judge = VariantJudge(request, understand_order(request), facts_of(request))
    assert judge.in_other_language([ENGLISH, ENGLISH])
    assert not judge.in_other_language([ENGLISH])
    assert not judge.in_other_language([GERMAN, GERMAN])
    assert judge.wishes.violation(ENGLISH) is None
