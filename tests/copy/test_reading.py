# ruff: noqa: E501  (rows of examples)
"""Briefs are understood in the state in which customers send them; each class of fault once appeared in copy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.copy.domain import Format, Tone
from services.copy.providers.local import engine, english
from services.copy.providers.local.facts import FactKind
from services.copy.providers.local.request import understand_order
from services.copy.providers.local.subject import Subject, understand, with_article
from tests.copy.products import PRODUCTS, UNMET, Product, brief

BY_NAME = {product.name: product for product in (*PRODUCTS, *UNMET)}


def read(description: str, *features: str, name: str = "Ondara") -> Subject:
    return understand(brief(Product(name=name, brand=name, category="", description=description, features=features)))


def fact_texts(subject: Subject) -> list[str]:
    return [fact.text for fact in subject.facts]


class TestSentences:
    @pytest.mark.parametrize("sentence", [
        "Dispatchers see delays on one map.", "Our engineers measure your roof, handle the paperwork and connect the system.",
        "Volunteers drive, sort and cook.", "We resole boots and cut keys while you wait.",
    ])  # fmt: skip
    def test_sentences_of_the_customer_stay_whole(self, sentence: str) -> None:
        subject = read(f"A thing for people. {sentence}")
        assert (FactKind.SAYS, sentence.rstrip(".")) in [(fact.kind, fact.text) for fact in subject.facts]

    def test_relative_clause_does_not_turn_a_list_into_a_sentence(self) -> None:
        subject = read(
            "Trattoria in Bristol. Fresh pasta made every morning, natural wines by the glass, and a terrace that gets the evening sun."
        )
        assert fact_texts(subject) == [
            "fresh pasta made every morning",
            "natural wines by the glass",
            "terrace that gets the evening sun",
        ]

    def test_consecutive_verbs_become_separate_facts(self) -> None:
        subject = read("Pitches in fifteen minutes, seats four and heats to 90 °C.")
        assert {fact.kind for fact in subject.facts} == {FactKind.DOES}
        assert len(subject.facts) == 3

    def test_verb_with_a_list_of_objects_is_one_fact(self) -> None:
        assert "covers fire, water and burglary" in fact_texts(
            read("Home insurance for renters. Covers fire, water and burglary.")
        )

    def test_labelled_lists_stay_together(self) -> None:
        flavours = read("Electrolyte powder. Flavours: lemon, berry, plain.").facts[0]
        assert flavours.does(plural=False) == "comes in lemon, berry and plain"
        assert "taste of apricot and honey" in fact_texts(read("Filter coffee. Tasting notes: apricot, honey."))
        assert "oats, salt and honey" in fact_texts(read("Granola. Ingredients: oats, salt, honey."))


class TestDefinition:
    def test_description_outranks_the_name(self) -> None:
        assert understand(brief(BY_NAME["The Long Way Home"])).category.name == "books"

    def test_words_of_a_compound_noun_are_not_counted_again(self) -> None:
        assert understand(brief(BY_NAME["GLOW PRO MASSAGE GUN 3000!!!"])).category.name == "fitness"

    def test_first_phrase_is_the_definition_when_nothing_else_is(self) -> None:
        subject = read("zither lessons in Oslo, tea included")
        assert "zither lessons in Oslo" in subject.definition
        assert not any(
            "Ondara has" in f"{v.hook} {v.body}"
            for v in engine.write(
                brief(
                    Product(name="Ondara", brand="O", category="", description="quorble maker in Oslo, tea included")
                ),
                "s",
            ).variants
        )

    @pytest.mark.parametrize(("phrase", "right"), [
        ("dimmable oak and brass desk lamp, handmade in Bergen", "a dimmable oak and brass desk lamp, handmade in Bergen"),
        ("over-ear wireless headphones with noise cancelling", "over-ear wireless headphones with noise cancelling"),
        ("pick-up laundry service in Berlin", "a pick-up laundry service in Berlin"), ("signed-off templates", "signed-off templates"),
        ("accounting software for freelancers", "accounting software for freelancers"), ("NDAs in four hours", "NDAs in four hours"),
    ])  # fmt: skip
    def test_articles_agree_with_the_noun(self, phrase: str, right: str) -> None:
        assert with_article(phrase) == right

    def test_product_name_gets_an_article_where_needed(self) -> None:
        called = {
            name: understand(brief(BY_NAME[name])).called
            for name in (
                "Aurora Bottle",
                "Ledgerly",
                "Sunday Socks",
                "Kumo Serum",
                "Pawprint Dog Bed",
                "Old Mill Granola",
            )
        }
        assert called == {
            "Aurora Bottle": "the Aurora Bottle", "Ledgerly": "Ledgerly", "Sunday Socks": "Sunday Socks",
            "Kumo Serum": "Kumo Serum", "Pawprint Dog Bed": "the Pawprint Dog Bed", "Old Mill Granola": "Old Mill Granola",
        }  # fmt: skip


class TestMessyBriefs:
    def test_capitals_are_lowered_except_in_acronyms(self) -> None:
        subject = understand(brief(BY_NAME["PULSE X1"]))
        assert subject.definition == "smartwatch with GPS"
        assert "heart rate sensor" in fact_texts(subject)

    def test_names_in_capitals_are_written_as_names(self) -> None:
        assert understand(brief(BY_NAME["GLOW PRO MASSAGE GUN 3000!!!"])).name == "Glow Pro Massage Gun 3000"

    def test_page_calls_old_prices_and_self_praise_are_dropped(self) -> None:
        request = brief(BY_NAME["GLOW PRO MASSAGE GUN 3000!!!"])
        everything = " ".join(fact_texts(understand(request))).lower()
        assert not any(word in everything for word in ("click", ">>", "was $", "ever", "chronic", "http"))
        assert "free shipping" in everything

    def test_prices_in_other_currencies_are_dropped(self) -> None:
        for tone in Tone:
            for variant in engine.write(
                brief(BY_NAME["GLOW PRO MASSAGE GUN 3000!!!"], format_=Format.LONG, tone=tone), "s"
            ).variants:
                assert "$" not in variant.body
                assert "£" not in variant.body

    def test_negative_facts_are_dropped(self) -> None:
        request = brief(BY_NAME["Ridgeline Backpack"])
        assert not any(text.startswith("not ") for text in fact_texts(understand(request)))
        assert not any(
            "baggage" in line.text
            for rows in understand_order(request).stock.payoffs.values()
            for row in rows
            for lines in row.lines.values()
            for line in lines
        )

    def test_sentences_in_capitals_are_split(self) -> None:
        assert len(read("LOUD LAMP WITH TIMER. WARM LIGHT. TURNS OFF BY ITSELF.").facts) >= 2


class TestWrittenSentences:
    @pytest.mark.parametrize("name", ["Trailwind Running Shoes", "Sunday Socks", "Quietude Headphones", "Lumen Hoops"])
    def test_plural_products_are_never_called_it(self, name: str) -> None:
        for tone in Tone:
            for variant in engine.write(brief(BY_NAME[name], format_=Format.LONG, tone=tone), "s").variants:
                body = variant.body.split("\n\n")
                assert not any(
                    part.startswith(("It ", "It’s ", "Its ")) and "rain" not in part for part in body[1:2]
                ), variant
                assert " is here" not in variant.hook, variant

    def test_quotation_is_capitalized_only_at_the_start_of_a_sentence(self) -> None:
        assert (
            english.sentence_case("for owners of a “charming” old house. “you choose.”")
            == "For owners of a “charming” old house. “You choose.”"
        )

    def test_line_about_a_feature_follows_the_feature(self) -> None:
        request = brief(PRODUCTS[0], format_=Format.SHORT, tone=Tone.BOLD)
        for number in range(12):
            for variant in engine.write(request, str(number)).variants:
                if "You have better things to do" in variant.body:
                    assert "leans itself. You have better" in variant.body, variant

    def test_banned_words_apply_to_lines_of_the_trade(self) -> None:
        request = replace(brief(PRODUCTS[0], tone=Tone.BOLD), banned_words=("lukewarm", "paper", "scrub"))
        for number in range(6):
            text = " ".join(f"{v.hook} {v.body}" for v in engine.write(request, str(number)).variants).lower()
            assert not any(word in text for word in ("lukewarm", "paper cup", "scrub"))
