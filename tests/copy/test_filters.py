# ruff: noqa: E501  (rows of examples)
"""Every wording that the filters reject, in texts of the built-in engine and of a model alike."""

from __future__ import annotations

from functools import cache

import pytest

from services.ad_policy import Subject, forbidden_claim
from services.copy.providers import content_filters
from tests.copy.products import Product, brief


def test_a_body_may_begin_with_the_last_word_of_its_headline() -> None:
    assert content_filters.text_defect("A report sent to you\nYou live on the ninth floor.") is None
    assert content_filters.text_defect("A report sent to you you know.") is not None


INVENTED = """
half-price | half off | ten percent | ten per cent | twice the size | double the fun | triple | tenfold | a dozen | dozens | hundreds |
thousands | millions | the best | finest | greatest | fastest | cheapest | lowest | highest | strongest | safest | number one | No. 1 |
no 1 | leading | top-rated | award-winning | world-class | the world's favourite | the world’s favourite | unbeatable | unmatched |
ultimate | perfect | revolutionary | proven | certified | guarantee | guaranteed | guarantees | risk-free | money-back | money back |
warranty | free trial | free shipping | free delivery | free returns | limited-time | limited time | while stocks last | last chance |
selling out | sold out | only today | ends today | ends tonight | ends soon | ends Friday | bestseller | best-selling | loved by |
trusted by | recommended by | customers say | customers love | review | reviews | five stars | a star | better than that | faster than that |
cheaper than that | stronger than that | safer than that | longer than that | lighter than that | unlike the rest | unlike other bottles |
outperforms the rest | beats other bottles | BEST | Award-Winning | in 11 days | 20 euros
"""
FORBIDDEN = """
cures cancer | heals arthritis | reverses diabetes | treats depression | prevents anxiety | fights ADHD | eliminates insomnia | get rid of acne |
end your eczema | relieves psoriasis | banish migraines | prevents covid | fights the flu | cures any disease | prevents illness | fights infections |
relieves chronic pain | relieves joint pain | ends back pain | reverses high blood pressure | treats Alzheimer's | treats asthma | fights obesity |
heals wounds | heals scars | reverses aging | reverses ageing | a miracle cure | miracle pill | cures everything | cures all | detox your body |
detoxifies the liver | boosts your immunity | boosts immune health | clinically proven to work | burns fat | melts fat | fat-burning |
lose 5kg | losing kilos | drop ten pounds | lose 10 lbs | shed a stone | lose inches | lose weight | lose belly | lose fat | drop two dress sizes |
before-and-after body | before and after photos | before and after pictures | before-and-after results | flat belly | bikini body | beach body |
get ripped | slims you | slimming down | anti-cellulite | cellulite | get rich | make money fast | quit your job | financial freedom | passive income |
guaranteed results | guaranteed income | risk-free investment | risk free returns | double your money | earn up to $500 a day | are you fat |
if you are overweight | are you obese | are you diabetic | are you depressed | are you anxious | are you disabled | are you gay | are you lesbian |
are you single | are you divorced | are you broke | are you bankrupt | are you in debt | are you alcoholic | are you jewish | are you muslim |
are you christian | are you black | are you asian | are you pregnant | are you infertile | are you bald | are you ugly | your diabetes |
your depression | your anxiety | your obesity | your disability | your debts | your bankruptcy | your criminal record | your addiction |
your erectile dysfunction | your acne | your weight problem | your wrinkles | other singles | other diabetics | other gays | other christians |
other muslims | other jews | RELIEVES CHRONIC PAIN
"""


@cache
def rules() -> content_filters.RequestRules:
    """Of a product without a text."""
    return content_filters.request_rules(
        brief(Product(name="N", brand="", description="", price="9.00", currency="EUR"))
    )


def wordings(table: str) -> list[str]:
    return [wording.strip() for wording in table.split("|")]


@pytest.mark.parametrize("wording", wordings(INVENTED))
def test_unsupported_claims_are_found(wording: str) -> None:
    assert content_filters.unsupported_claim(f"Say {wording} of it.", rules())


@pytest.mark.parametrize("wording", wordings(FORBIDDEN))
def test_forbidden_claims_are_found(wording: str) -> None:
    assert forbidden_claim(f"Now: {wording}, they say.", subject=Subject())


@pytest.mark.parametrize("plain", ["The lid is dishwasher-safe.", "Start today.", "No drama.", "You get it for €9.00."])
def test_plain_words_pass(plain: str) -> None:
    assert content_filters.unsupported_claim(plain, rules()) is None
    assert forbidden_claim(plain, subject=Subject()) is None
