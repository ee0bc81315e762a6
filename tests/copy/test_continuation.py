"""What follows a headline goes on with what it says, and nothing is said twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.copy.domain import BriefFact, CopyBrief, Format, Platform
from services.copy.providers.local import engine
from services.copy.providers.local.quotes import Quote, phrase_head, quote
from services.copy.providers.local.supply import alike
from services.copy.providers.local.words import words_of
from tests.copy.test_material import fact, request

JUMPER = (
    fact(1, "The Fell jumper is knitted in Kendal from lambswool."),
    fact(
        2, "Free mending for five years from the day it leaves us: moth holes, ripped cuffs, pulled threads.", "offer"
    ),
    fact(3, "You post it to us, and we mend it within two weeks."),
    fact(4, "The wool comes from six farms."),
    fact(5, "Free mending for 5 years", "offer", source="features", strength=0.9),
    fact(6, "Knitted in Kendal", source="features", strength=0.8),
    fact(7, "Eight colours", source="features", strength=0.6),
)


def _quotes(*texts: str) -> list[Quote]:
    words = words_of("en")
    return [
        quote(id=f"f{number}", text=text, role="feature", strength=0.5, source="features", words=words)
        for number, text in enumerate(texts)
    ]


def _bodies(made: CopyBrief, hook: str) -> list[str]:
    variants = engine.write(made, "seed").variants
    return [variant.body for variant in variants if hook.casefold() in variant.hook.casefold()]


def test_the_sentence_about_the_headline_follows_it() -> None:
    made = replace(request(*JUMPER), platform=Platform.META, format=Format.STORY)
    bodies = _bodies(made, "Free mending for 5 years")
    assert bodies
    assert all("Free mending for five years" not in body for body in bodies)
    assert "Moth holes, ripped cuffs, pulled threads. You post it to us" in bodies[0]


def test_a_sentence_of_something_else_does_not_follow() -> None:
    facts = (fact(1, "The lamp is oak."), fact(2, "We are shut on Mondays."), *JUMPER[4:])
    for body in _bodies(replace(request(*facts), format=Format.SHORT), "Free mending for 5 years"):
        assert not body.startswith("We are shut")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("About 14 hours for the story", "A cosy ferry game, 14 hours of it"),
        ("LiDAR room map", "LiDAR mapping in one pass"),
        ("EPC C (73)", "EPC C, freehold"),
    ],
)
def test_statements_of_the_same_thing_are_alike(one: str, other: str) -> None:
    first, second = _quotes(one, other)
    assert alike(first, second)
    assert alike(second, first)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Free delivery", "Free returns"),
        ("Seats 6", "Two of 6 leaves"),
        ("HEPA filter", "UV lamp and HEPA-free bag kit"),
    ],
)
def test_others_are_not(one: str, other: str) -> None:
    first, second = _quotes(one, other)
    assert not alike(first, second)


def test_what_the_catalog_found_to_say_the_same_is_said_once() -> None:
    facts = (
        BriefFact(id="f1", text="Guests pay nothing", role="feature", source="features", strength=0.9, same_as=("f2",)),
        replace(fact(2, "Visitors are asked for no money at all."), same_as=("f1",)),
        fact(3, "Lessons on Fridays", source="features"),
        fact(4, "A hall with a stage", source="features"),
    )
    for variant in engine.write(replace(request(*facts), format=Format.LONG), "seed").variants:
        assert not ("Guests pay nothing" in f"{variant.hook} {variant.body}" and "Visitors" in variant.body), variant


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Own workshop in Leith since 1987", "Own workshop in Leith"),
        ("Brass hinges made for boats by hand", "Brass hinges made for boats"),
    ],
)
def test_a_phrase_is_cut_before_its_last_part(text: str, kept: str) -> None:
    assert phrase_head(text, 28, frozenset({"in", "since", "for", "by"}), words_of("en")) == kept


@pytest.mark.parametrize(
    "text",
    [
        "Two years for parts only in May",
        "£40 for two of you in May",
        "No fees for members in May",
        "A warranty on parts for 2 years",
        "Weighs 13 kg, fits in a boot",
    ],
)
def test_no_limit_price_or_refusal_is_cut(text: str) -> None:
    assert phrase_head(text, len(text) - 4, frozenset({"for", "in"}), words_of("en")) is None


def test_a_loan_says_what_the_law_asks_for_where_the_platform_has_room() -> None:
    example = (
        "Representative example: £3,000 over 24 months at 18.0% p.a. fixed, 24 payments of £149.77, total £3,594.48."
    )
    facts = (fact(1, "No early repayment fee", source="features"), fact(2, example, "legal"), fact(3, "Apply online"))
    made = request(*facts, kind="finance", regulated=("credit",), confidence="sure")
    for platform in (Platform.LINKEDIN, Platform.META):
        for variant in engine.write(replace(made, platform=platform, format=Format.HOOK), "seed").variants:
            assert example.rstrip(".") in variant.body, variant


def test_one_of_five_descriptions_for_google_is_short() -> None:
    facts = (
        fact(1, "A lamp of smoked oak with a shade of pressed linen that folds flat for the post.", source="features"),
        fact(2, "Dims from candlelight to reading light by a turn of its cap", source="features", strength=0.9),
        fact(3, "Ten years of spare parts", source="features", strength=0.8),
        fact(4, "Made in Alder", source="features"),
        fact(5, "We wire each lamp by hand and test it for a day before it leaves the bench."),
    )
    for format_ in Format:
        made = replace(request(*facts), platform=Platform.GOOGLE, format=format_)
        assert any(len(variant.body) <= 60 for variant in engine.write(made, "seed").variants), format_
