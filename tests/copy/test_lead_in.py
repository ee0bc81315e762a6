"""The sentences with which a customer begins open an ad, and what is said once is not said again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.copy.domain import CopyBrief, Format, Platform, Tone
from services.copy.providers.local import engine
from services.copy.providers.local.arguments import arguments
from services.copy.providers.local.material import material_of
from services.copy.providers.local.names import spoken_name, what_is_sold
from services.copy.providers.local.repeats import says_again
from services.copy.providers.local.words import words_of
from tests.copy.test_material import fact, request

FEATURES = (
    fact(11, "Oiled by hand", source="features", strength=0.9),
    fact(12, "Two sizes, one shelf", source="features", strength=0.8),
    fact(13, "Made in Alloa", source="features", strength=0.7),
)
SHELF = (
    fact(2, "We saw ours from boards that fell in the last gale.", "benefit"),
    fact(3, "Each one is planed by hand in our yard.", "feature"),
    fact(4, "It hangs on two brass hooks."),
    *FEATURES,
)


def _variants(
    made: CopyBrief, platform: Platform = Platform.META, form: Format = Format.STORY
) -> list[tuple[str, str]]:
    result = engine.write(replace(made, platform=platform, format=form), "seed")
    return [(variant.hook, variant.body) for variant in result.variants]


class TestLeadIn:
    def test_a_story_is_not_begun_without_its_turn(self) -> None:
        story = (
            fact(1, "My parents sold their oak for forty years to ships."),
            fact(2, "Then we bought it back as fancy little shelves.", strength=0.2),
            fact(5, "Today we saw it ourselves in a yard by the river."),
            *SHELF[2:],
        )
        texts = [text for form in (Format.SHORT, Format.HOOK) for text in _variants(request(*story), form=form)]
        found = [f"{hook} {body}" for hook, body in texts if "forty years" in f"{hook} {body}"]
        assert all("Then we bought it back" in text for text in found)

    def test_what_ends_in_a_pronoun_leans_on_the_sentence_before(self) -> None:
        found = {each.text: each.dangling for each in material_of(request(fact(1, "We got tired of that."))).quotes}
        assert found == {"We got tired of that.": True}

    def test_the_body_goes_on_where_the_description_does(self) -> None:
        made = request(fact(1, "Our shelves begin with a storm."), *SHELF)
        bodies = [body for hook, body in _variants(made) if hook == "Our shelves begin with a storm"]
        assert bodies
        assert all(body.startswith("We saw ours from boards") for body in bodies)

    def test_two_short_sentences_are_one_headline(self) -> None:
        facts = (fact(1, "Most shelves aren’t ugly.", "condition", strength=0.0), fact(2, "They’re dull."), *SHELF[1:])
        made = request(*facts)
        assert "Most shelves aren’t ugly. They’re dull." in [hook for hook, _ in _variants(made)]
        for form in Format:
            for hook, body in _variants(made, form=form):
                text = f"{hook}\n{body}"
                assert ("Most shelves" in text) == ("They’re dull" in text)

    def test_a_beginning_that_says_nothing_of_the_thing_needs_the_next_sentence(self) -> None:
        made = request(fact(1, "At four in winter a plain hall goes grey."), *SHELF)
        texts = [
            text
            for platform in (Platform.META, Platform.TIKTOK)
            for form in Format
            for text in _variants(made, platform, form)
        ]
        opened = [body for hook, body in texts if "goes grey" in hook]
        assert opened
        assert all("boards that fell" in body for body in opened)
        assert not any("goes grey" in body and "boards that fell" not in f"{hook} {body}" for hook, body in texts)

    def test_a_limit_opens_nothing(self) -> None:
        limit = fact(1, "This is only for members of the club.", "condition", strength=0.0)
        assert material_of(request(limit, *SHELF)).lead_in == ()

    @pytest.mark.parametrize(
        "text",
        [
             "If you rent, ask your landlord first please.",
         "Our shelves cost £40 with hooks and oil.", "We are open until 17:30 on most days of it."],
    )  # fmt: skip
    def test_cases_prices_and_hours_open_nothing(self, text: str) -> None:
        assert material_of(request(fact(1, text), *SHELF)).lead_in == ()

    def test_notes_are_no_beginning(self) -> None:
        notes = [fact(number, f"shelf {number} oak / ash") for number in range(2, 8)]
        assert material_of(request(fact(1, "Our shelves begin with a storm."), *notes)).lead_in == ()


def test_what_holds_in_one_case_is_not_said_of_all() -> None:
    facts = (
        fact(1, "Four boats land here every week."),
        fact(2, "We pack the box at night."),
        fact(4, "We text you at nine, and you choose your money back.", "benefit", strength=0.9),
        *FEATURES,
    )
    found = f"{facts[0].text} {facts[1].text} {{}}{facts[2].text}"
    free, bound = (
        request(*facts, description=found.format(case)) for case in ("", "If the boats stay in we send no box. ")
    )
    assert any("We text you" in body for _, body in _variants(free, form=Format.LONG))
    assert not any("We text you" in body for _, body in _variants(bound, form=Format.LONG))


@pytest.mark.parametrize(
    ("language", "text", "said", "again"),
    [
        ("en", "Matured five months on spruce boards", "A cheese matured five months", True),
        ("en", "They keep 4 months in the freezer.", "Keeps four months frozen", True),
        ("en", "Twelve hand-crimped pies", "Twelve frozen family pies", True),
        ("en", "Four fillings and a crust", "Twelve frozen family pies", False),
        ("en", "We bake on Friday in our yard, and bring the box to your door by noon", "The Friday box", False),
        ("fr", "Affinée cinq mois sur planches", "Tomme affinée cinq mois", True),
        ("de", "Standort und Schleudertag auf jedem Etikett", "Jedes Etikett nennt Standort und Schleudertag", True),
        ("nl", "Vier maanden gerijpt", "Vier maanden gerijpt", False),  # its words are not known
    ],
)
def test_says_again(language: str, text: str, said: str, again: bool) -> None:
    assert says_again(text, said, language) is again


def test_every_text_has_the_price() -> None:
    more = [
        fact(number, f"{thing} that lasts for years and years in any hall of yours", source="features", strength=0.9)
        for number, thing in enumerate(("Oak board", "Brass hook", "Wax finish", "Glass door", "Iron frame"), 20)
    ]
    made = request(*more, fact(30, "£42 for up to six shelves", "price", strength=0.4), price="42", currency="GBP")
    for tone in (Tone.LUXE, Tone.URGENT):
        variants = engine.write(replace(made, tone=tone, platform=Platform.META, format=Format.HOOK), "seed").variants
        assert all("£42" in f"{variant.hook} {variant.body}" for variant in variants)


def test_a_limit_that_leans_on_its_sentence_does_not_stand_alone() -> None:
    facts = (
        fact(1, "£42 once, and no more to pay", "price", source="features"),
        fact(2, "You pay £42 for it once.", "price"),
        fact(3, "It carries on for as long as you do.", "condition", strength=0.0),
        *FEATURES,
    )
    for form in Format:
        for hook, body in _variants(request(*facts, price="42", currency="GBP"), form=form):
            text = f"{hook} {body}"
            assert "It carries on" not in text or "You pay £42 for it once. It carries on" in text


def test_what_is_free_has_no_price() -> None:
    for variant in engine.write(request(*FEATURES, *SHELF[:2], price="0.00", currency="USD"), "seed").variants:
        assert "$" not in f"{variant.hook} {variant.body}"


@pytest.mark.parametrize(
    ("audience", "leads"),
    [("homeowners", False), ("people with a car lol", False), ("people w/ a van and a dog", False),
     ("people who have inherited a clock", True)],
)  # fmt: skip
def test_an_audience_that_says_nothing_is_no_headline(audience: str, leads: bool) -> None:
    material = material_of(request(*FEATURES, audience=audience))
    assert material.audience
    found = arguments(material, Tone.CASUAL, limit=90, answer_limit=90)
    assert any(argument.angle == "audience" for argument in found) is leads


def test_a_brief_of_a_few_lines_leads_with_name_and_fact() -> None:
    made = request(fact(1, "Gas registered."), fact(2, "No call-out fee.", "benefit"), fact(3, "£85.", "price"))
    found = {each.hook: each.score for each in arguments(material_of(made), Tone.CASUAL, limit=90, answer_limit=90)}
    assert found["Alder Lamp: no call-out fee"] > found["Alder Lamp"]
    assert found["Alder Lamp: no call-out fee"] > found["No call-out fee"]


def test_names_lose_notes_in_brackets_and_keep_one_case() -> None:
    assert what_is_sold("Christmas ham (1/2 leg + whole)", "", words_of("en")) == "Christmas ham"
    assert what_is_sold("Lamp (oak)", "", words_of("en")) == "Lamp (oak)"
    assert (
        spoken_name("Fall FAT Quarter Bundle", "FALL FAT QUARTER BUNDLE", "our fat quarters")
        == "Fall Fat Quarter Bundle"
    )


def test_a_name_is_not_cut_in_the_middle() -> None:
    made = request(*FEATURES, name="First-year apprentice heavy vehicle mechanic")
    hooks = [hook for hook, _ in _variants(made, platform=Platform.GOOGLE, form=Format.SHORT)]
    assert not any(hook.startswith("First-year apprentice heavy") for hook in hooks)


def test_what_the_name_says_is_not_said_again() -> None:
    facts = (fact(21, "Matured five months on boards", source="features", strength=0.9), *FEATURES[1:])
    made = request(*facts, name="Fell cheese, matured 5 months")
    for form in (Format.SHORT, Format.LONG):
        for hook, body in _variants(made, form=form):
            assert f"{hook} {body}".casefold().count("months") <= 1
