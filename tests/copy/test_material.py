"""What a brief's facts become before texts are written with them: what stands alone, what leads, what is a limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.copy.domain import BriefFact, BriefUnderstanding, CopyBrief, Format, Platform, Tone
from services.copy.providers.language_names import language_code, language_name
from services.copy.providers.local import engine
from services.copy.providers.local.arguments import arguments
from services.copy.providers.local.material import Material, material_of
from tests.copy.products import PRODUCTS, Product, brief


def fact(
    number: int, text: str, role: str = "feature", *, source: str = "description", strength: float = 0.5
) -> BriefFact:
    return BriefFact(id=f"f{number}", text=text, role=role, source=source, strength=strength)


def request(*facts: BriefFact, **changes: Any) -> CopyBrief:
    """A brief with these facts, whose other texts name nothing."""
    known = BriefUnderstanding(name="Alder Lamp", brand="Alder", kind="good", language="en", facts=facts)
    fields: dict[str, Any] = {
        "description": " ".join(each.text for each in facts),
        "features": (),
        "price": None,
        "currency": None,
    }
    return replace(
        brief(Product(name="Alder Lamp", brand="Alder", description="A lamp.")),
        understanding=replace(known, **{k: v for k, v in changes.items() if hasattr(known, k)}),
        **{**fields, **{k: v for k, v in changes.items() if not hasattr(known, k)}},
    )


def quoted(made: CopyBrief) -> list[str]:
    return [found.text for found in material_of(made).quotes]


class TestWhatStandsAlone:
    @pytest.mark.parametrize("text", ["Lasts up to 60 days*", "N0 YELL0W coating", "Anti YELL0WING film"])
    def test_footnotes_and_disguised_words_are_left_out(self, text: str) -> None:
        assert quoted(request(fact(1, "Turned from ash"), fact(2, text))) == ["Turned from ash"]

    def test_amounts_are_left_out_where_tax_is_added_to_all(self) -> None:
        facts = fact(1, "Hawthorn 68p each", "price"), fact(2, "Pack of 50 for £44 incl. VAT", "price")
        assert len(quoted(request(*facts))) == 2
        taxed = request(*facts, fact(3, "All prices + VAT", "condition"), price="44.00", currency="GBP")
        assert quoted(taxed) == ["Pack of 50 for £44 incl. VAT"]

    def test_a_price_with_its_own_tax_stays(self) -> None:
        assert quoted(request(fact(1, "A will for £240 + VAT", "price"))) == ["A will for £240 + VAT"]

    def test_keys_of_a_feed_are_left_out_of_a_text_in_another_script(self) -> None:
        hindi = fact(1, "3.25 mm मोटी बॉडी, इंडक्शन और गैस दोनों पर चलेगा")
        assert quoted(request(hindi, fact(2, "color: silver"))) == [hindi.text]
        assert "color: silver" in quoted(request(fact(1, "A plain lamp of ash"), fact(2, "color: silver")))

    def test_a_pronoun_without_its_noun_opens_nothing(self) -> None:
        made = request(fact(1, "You post it to us and we mend it"), fact(2, "Free repairs for five years"))
        hooks = [each.hook for each in arguments(material_of(made), Tone.CASUAL, limit=80, answer_limit=80)]
        assert "Free repairs for five years" in hooks
        assert not any("post it" in hook for hook in hooks)


class TestWhatLeads:
    def score(self, made: CopyBrief, hook: str, tone: Tone = Tone.PROFESSIONAL) -> float:
        found = arguments(material_of(made), tone, limit=80, answer_limit=80)
        return max(each.score for each in found if each.hook == hook)

    @pytest.mark.parametrize("text", [
        "Free delivery on weekdays", "Sizes 35 to 46", "Fully insured and registered", "Soft case, USB cable",
    ])  # fmt: skip
    def test_what_merely_informs_comes_behind_what_sells(self, text: str) -> None:
        made = request(fact(1, "Turned by hand from one piece of ash"), fact(2, text))
        assert self.score(made, text) < self.score(made, "Turned by hand from one piece of ash") - 0.4

    def test_side_prices_and_hours_come_last(self) -> None:
        made = request(
            fact(1, "Turned by hand from ash"),
            fact(2, "Spare shade £9", "price"),
            fact(3, "Mon–Fri 9–5", "logistics"),
            price="80.00",
            currency="GBP",
        )
        assert self.score(made, "Spare shade £9") < 0.3
        assert self.score(made, "Mon–Fri 9–5") < 0.3

    def test_the_customers_own_features_come_before_sentences(self) -> None:
        features = [
            fact(n, text, source="features")
            for n, text in enumerate(("One piece of ash", "Warm light", "Linen shade"), 1)
        ]
        sentence = fact(9, "The workshop stands by a river in the north")
        made = request(*features, sentence)
        strengths = {found.text: found.strength for found in material_of(made).quotes}
        assert strengths["Warm light"] > strengths[sentence.text]
        few = request(*features[:2], sentence)
        assert {found.strength for found in material_of(few).quotes} == {0.5}

    def test_lines_of_a_trade_need_a_sure_trade(self) -> None:
        def lines(confidence: str) -> Material:
            return material_of(request(confidence=confidence, trade="dog_food", sector="pets"))

        assert lines("sure").lines.always
        assert not lines("likely").lines.always


class TestPrices:
    def test_the_dollar_is_written_as_the_customer_writes_it(self) -> None:
        priced = fact(1, "CA$34", "price", source="price")
        assert material_of(request(priced, description="A cream for $34.")).price == "$34"
        assert material_of(request(priced, description="A cream.")).price == "CA$34"

    def test_an_amount_beside_the_product_is_not_its_price(self) -> None:
        made = request(fact(1, "30-day returns, $25 restocking if opened", "price"), price="449.00", currency="USD")
        assert material_of(made).price == "$449"

    def test_most_short_texts_name_the_price(self) -> None:
        for tone in Tone:
            variants = engine.write(brief(PRODUCTS[0], Platform.PINTEREST, Format.SHORT, tone), "s").variants
            assert sum("$49" in f"{v.hook} {v.body}" for v in variants) >= 3, tone


class TestConditions:
    def test_a_long_text_names_what_limits_a_fact_in_it(self) -> None:
        facts = [fact(n, text) for n, text in enumerate(("Turned by hand from ash", "Warm light", "Linen shade"), 1)]
        limit = fact(4, "The shade is not for bathrooms", "condition")
        made = replace(request(*facts, limit), format=Format.STORY, platform=Platform.META)
        bodies = [variant.body for variant in engine.write(made, "s").variants]
        assert any("The shade is not for bathrooms." in body for body in bodies)
        assert not any(body.startswith("The shade is not") for body in bodies)

    def test_a_bare_negation_is_not_named(self) -> None:
        facts = [fact(n, text) for n, text in enumerate(("Turned by hand from ash", "Warm light"), 1)]
        made = replace(request(*facts, fact(3, "No wax", "condition")), format=Format.STORY, platform=Platform.META)
        assert not any("No wax" in variant.body for variant in engine.write(made, "s").variants)


@pytest.mark.parametrize(("said", "code"), [
    ("German", "de"), ("Español", "es"), ("de-AT", "de"), ("français", "fr"), ("Klingon", ""), ("xx", ""),
])  # fmt: skip
def test_languages_are_named_in_english_in_their_own_words_or_by_code(said: str, code: str) -> None:
    assert language_code(said) == code
    assert not code or language_code(language_name(code)) == code
