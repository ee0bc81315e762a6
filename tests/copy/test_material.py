"""What a brief's facts become before texts are written with them: what stands alone, what leads, what is a limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.copy.domain import BriefFact, BriefUnderstanding, CopyBrief, Format, Platform, Tone
from services.copy.providers.language_names import language_code, language_name
from services.copy.providers.local import engine
from services.copy.providers.local.amounts import same_amount, shows_price
from services.copy.providers.local.arguments import arguments
from services.copy.providers.local.material import audience_phrase, material_of
from services.copy.providers.local.names import phrase_within
from services.copy.providers.local.quotes import names_day
from services.copy.providers.local.words import words_of
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

    def test_keys_of_a_feed_are_left_out(self) -> None:
        hindi = fact(1, "3.25 mm मोटी बॉडी, इंडक्शन और गैस दोनों पर चलेगा")
        assert quoted(request(hindi, fact(2, "color: silver"))) == [hindi.text]
        assert "color: silver" not in quoted(request(fact(1, "A plain lamp of ash"), fact(2, "color: silver")))

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
            fact(1, "Turned by hand from ash", strength=0.7),
            fact(2, "Spare shade £9", "price"),
            fact(3, "Mon–Fri 9–5", "logistics"),
            price="80.00",
            currency="GBP",
        )
        hooks = {
            each.hook: each.score for each in arguments(material_of(made), Tone.PROFESSIONAL, limit=80, answer_limit=80)
        }
        last = hooks["Turned by hand from ash"] - 1
        assert hooks.get("Spare shade £9", -9.0) < last
        assert hooks.get("Mon–Fri 9–5", -9.0) < last

    def test_a_gift_is_no_price(self) -> None:
        made = request(*(fact(n, text) for n, text in enumerate(("Warm pens for hedgehogs", "Fed by hand"), 1)),
                       kind="cause", price="12.00", currency="GBP")  # fmt: skip
        for variant in engine.write(made, "seed").variants:
            assert "£12" not in f"{variant.hook} {variant.body}"

    def test_an_example_of_what_stands_before_it_is_not_alone(self) -> None:
        for text in ("On a bill of $5,000 that is $500.", "Bei 20 Lampen sind das 400 €, das macht 20 € je Lampe."):
            assert [found.dangling for found in material_of(request(fact(1, text))).quotes] == [True]
        assert [found.dangling for found in material_of(request(fact(1, "A lamp that is 30 cm high."))).quotes] == [
            False
        ]

    def test_words_of_a_chat_open_nothing(self) -> None:
        facts = (fact(1, "Mum of three, balloon fan hehe", strength=0.9), fact(2, "Any three colours", strength=0.6))
        hooks = {
            each.hook: each.score
            for each in arguments(material_of(request(*facts)), Tone.CASUAL, limit=80, answer_limit=80)
        }
        assert "hehe" not in max(hooks, key=lambda hook: hooks[hook])
        assert any("hehe" in hook for hook in hooks)

    @pytest.mark.parametrize(
        "facts",
        [("Nolan and Pruitt counties",), ("Nolan & Pruitt counties", "Weekly rounds"), ("Nolan and 20 miles around",)],
    )
    def test_a_name_beside_another_keeps_its_capital_behind_a_colon(self, facts: tuple[str, ...]) -> None:
        made = request(*(fact(n, text, source="features") for n, text in enumerate(facts, 1)))
        hooks = [each.hook for each in arguments(material_of(made), Tone.CASUAL, limit=80, answer_limit=80)]
        assert any(": Nolan" in hook for hook in hooks)
        assert not any("nolan" in hook for hook in hooks)

    def test_a_strong_fact_leads_again_rather_than_a_weak_one(self) -> None:
        strong = fact(1, "Mended free for ten years", "benefit", strength=0.95, source="features")
        weak = [
            fact(n, text, strength=0.2, source="features")
            for n, text in enumerate(("Box of card", "Cable of two metres", "Base of steel", "Bulb of nine watts"), 2)
        ]
        made = replace(request(strong, *weak), platform=Platform.META, format=Format.SHORT)
        hooks = [variant.hook for variant in engine.write(made, "seed").variants]
        assert all("ended free for ten years" in hook for hook in hooks), hooks

    def test_a_fact_leads_again_rather_than_a_name(self) -> None:
        texts = (
            "It comes in a box of card.",
            "Its cable is two metres long.",
            "The base is made of steel.",
            "The bulb takes nine watts.",
        )
        facts = [fact(n, text, strength=0.3) for n, text in enumerate(texts, 2)]
        made = request(fact(1, "We mend every lamp free for ten years.", "benefit", strength=0.95), *facts)
        hooks = [
            variant.hook
            for variant in engine.write(replace(made, platform=Platform.META, format=Format.SHORT), "seed").variants
        ]
        assert not {"Alder Lamp", "Alder"} & set(hooks), hooks
        assert len(set(hooks)) < len(hooks)

    def test_the_products_own_price_is_said_before_that_of_a_size(self) -> None:
        made = request(
            fact(1, "£18 each for two small lamps", "price", strength=0.9, source="features"),
            fact(2, "Turned by hand", strength=0.8, source="features"),
            fact(3, "Burns all night", strength=0.8, source="features"),
            fact(4, "The shade is cut from one sheet of tin in our shed.", strength=0.6),
            fact(5, "£40 for a lamp and its shade, £60 for one with a table.", "price", strength=0.4),
            price="40.00",
            currency="GBP",
        )
        for format_ in (Format.HOOK, Format.SHORT):
            for platform in (Platform.META, Platform.TIKTOK):
                for variant in engine.write(replace(made, platform=platform, format=format_), "seed").variants:
                    text = f"{variant.hook} {variant.body}"
                    assert "£18" not in text or "£40" in text, variant

    def test_all_of_a_line_or_two_is_said(self) -> None:
        facts = [
            fact(1, "Sat 12 September, 6.30 pm", "logistics", source="description"),
            fact(2, "gold coin entry", source="description"),
        ]
        assert {found.text for found in material_of(request(*facts)).quotes} == {found.text for found in facts}


class TestPrices:
    def test_the_dollar_is_written_as_the_customer_writes_it(self) -> None:
        priced = fact(1, "CA$34", "price", source="price")
        assert material_of(request(priced, description="A cream for $34.")).price == "$34"
        assert material_of(request(priced, description="A cream.")).price == "CA$34"

    def test_an_amount_beside_the_product_is_not_its_price(self) -> None:
        made = request(fact(1, "30-day returns, $25 restocking if opened", "price"), price="449.00", currency="USD")
        assert material_of(made).price == "$449"

    def test_most_short_texts_name_the_price_and_those_in_a_luxe_tone_less_often(self) -> None:
        for tone in Tone:
            variants = engine.write(brief(PRODUCTS[0], Platform.PINTEREST, Format.SHORT, tone), "s").variants
            assert sum("$49" in f"{v.hook} {v.body}" for v in variants) >= (2 if tone is Tone.LUXE else 3), tone


class TestConditions:
    def test_a_long_text_names_what_limits_a_fact_in_it(self) -> None:
        facts = [
            fact(n, text)
            for n, text in enumerate(("Turned by hand from ash", "Warm light", "Linen shade sewn in our loft"), 1)
        ]
        limit = fact(4, "The shade is not for bathrooms", "condition")
        made = replace(request(*facts, limit), format=Format.STORY, platform=Platform.META)
        bodies = [variant.body for variant in engine.write(made, "s").variants]
        assert any("The shade is not for bathrooms." in body for body in bodies)
        assert not any(body.startswith("The shade is not") for body in bodies)

    @pytest.mark.parametrize(
        ("limit", "named"), [("No wax", False), ("No wax, no polish and no oil on the shade", True)]
    )
    def test_a_bare_negation_is_not_named(self, limit: str, named: bool) -> None:
        facts = [fact(n, text) for n, text in enumerate(("Turned by hand from ash", "Warm light"), 1)]
        made = replace(
            request(*facts, fact(3, limit, "condition", source="conditions")),
            format=Format.STORY,
            platform=Platform.META,
        )
        assert any(limit in variant.body for variant in engine.write(made, "s").variants) is named


@pytest.mark.parametrize(
    ("text", "language", "is_said"),
    [
        ("Minimum load 2 000", "en", False),
        ("Does not fit the Fiat 500 or the Renault 112", "en", False),
        ("Not for tanks over 18 litres", "en", False),
        ("Versand nur ab 18 Flaschen", "de", False),
        ("Solo mayores de 18 pulgadas", "es", False),
        ("If swallowed call 111", "en", True),
        ("Im Brandfall 112 rufen", "de", True),
        ("You must be over 18 to order", "en", True),
        ("Ab 18 Jahren", "de", True),
        ("Solo mayores de 18", "es", True),
    ],
)
def test_a_number_is_about_age_or_safety_only_where_its_neighbours_say_so(
    text: str, language: str, is_said: bool
) -> None:
    made = request(fact(1, "Turned from ash"), fact(2, text, "condition"), language=language)
    assert (text in [found.text for found in material_of(made).must]) is is_said


@pytest.mark.parametrize(
    ("audience", "phrase"),
    [("vos clients", ""), ("certaines familles", ""), ("tous les parents", ""), ("familles aînées", "familles aînées")],
)  # fmt: skip
def test_a_french_audience_has_no_determiner_of_its_own(audience: str, phrase: str) -> None:
    assert audience_phrase(audience, words_of("fr")) == phrase


@pytest.mark.parametrize(("said", "code"), [
    ("German", "de"), ("Español", "es"), ("de-AT", "de"), ("français", "fr"), ("Klingon", ""), ("xx", ""),
])  # fmt: skip
def test_languages_are_named_in_english_in_their_own_words_or_by_code(said: str, code: str) -> None:
    assert language_code(said) == code
    assert not code or language_code(language_name(code)) == code


@pytest.mark.parametrize(("text", "amount", "same"), [
    ("£4.50 a cup", "4.50", True), ("£4.50 a cup", "450", False), ("1.299,00 €", "1299", True),
    ("€1,299", "1299.00", True), ("CHF 1'250.50", "1250.50", True),
    ("from 2, 24.90 each", "24.90", True), ("from 2, 24.90 each", "224.90", False), ("₹1,29,999", "129999", True),
    ("12 500 kr", "12500", True), ("12,99", "1299", False), ("in 1987", "1987", True),
    ("nothing", "5", False), ("£5", "five", False),
])  # fmt: skip
def test_amounts_are_compared_by_value(text: str, amount: str, same: bool) -> None:
    assert same_amount(text, amount) is same


@pytest.mark.parametrize(("language", "name", "limit", "kept"), [
    ("de", "Handgefertigter Esstisch aus massiver Eiche", 30, "Handgefertigter Esstisch"),
    ("en", "Dining table of solid oak with two leaves", 28, "Dining table of solid oak"),
    ("en", "Trail shoe – waterproof", 20, "Trail shoe"), ("en", "The Wrens & The Larks live in Leeds", 20, ""),
    ("fr", "Table de ferme en chêne massif", 20, "Table de ferme"), ("en", "Incomparably", 6, ""),
])  # fmt: skip
def test_a_name_is_cut_where_a_phrase_ends(language: str, name: str, limit: int, kept: str) -> None:
    assert phrase_within(name, limit, words_of(language)) == kept


@pytest.mark.parametrize("said", ["Only £29 a month plus setup.", "29 €/Monat", "£29 per seat"])
def test_a_price_for_a_unit_is_not_named_without_it(said: str) -> None:
    made = request(fact(1, "Warm light"), description=said, price="29.00", currency="GBP")
    assert material_of(made).price == ""
    plain = request(fact(1, "Warm light"), description="It is 29 cm high.", price="29.00", currency="GBP")
    assert material_of(plain).price == "£29"


def test_what_a_customer_lists_as_a_limit_stands_in_short_texts_too() -> None:
    facts = [fact(n, text) for n, text in enumerate(("Turned by hand from ash", "Warm light", "Linen shade"), 1)]
    listed = fact(9, "Repaired after a fire", "condition", source="features")
    made = replace(request(*facts, listed), format=Format.SHORT, platform=Platform.LINKEDIN)
    variants = engine.write(made, "s").variants
    assert all("Repaired after a fire" in variant.body for variant in variants)
    assert not any("Repaired" in variant.hook for variant in variants)


@pytest.mark.parametrize(("text", "language", "named"), [
    ("Doors on 12 March 2027", "en", True), ("Sonntag, 17. August", "de", True), ("Every March", "en", False),
    ("12 tables", "en", False), ("le 3 mai", "fr", True), ("12 bord", "sv", False),
])  # fmt: skip
def test_a_day_has_a_number_and_a_name(text: str, language: str, named: bool) -> None:
    assert names_day(text, language) is named


def test_an_event_says_when_it_is() -> None:
    facts = [
        fact(n, text, "benefit", strength=0.9) for n, text in enumerate(("Songs by the fire", "Soup and bread"), 1)
    ]
    when = fact(9, "Saturday 12 March, 7pm", "logistics", strength=0.2)
    made = replace(request(*facts, when, kind="event"), format=Format.SHORT, platform=Platform.LINKEDIN)
    said = [f"{variant.hook} {variant.body}" for variant in engine.write(made, "s").variants]
    assert all("12 March" in text for text in said)


def test_a_number_without_a_currency_is_no_price() -> None:
    assert not shows_price("Returns within 30 days", "30.00")
    assert shows_price("Only £30 today", "30.00")
    assert shows_price("nur 30 € heute", "30.00")


def test_a_mourning_brief_has_no_tag_but_its_senders() -> None:
    known = request(fact(1, "Made of plain oak"), sensitive=("death",), trade="funeral")
    assert {variant.hashtags for variant in engine.write(known, "s").variants} <= {(), ("#Alder",)}
