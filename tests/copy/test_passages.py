"""A text quotes the customer's own sentences in their order, each with what it leans on and what limits it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.copy.domain import BriefFact, CopyBrief, Format, Platform
from services.copy.providers.local import engine
from services.copy.providers.local.arguments import small_first
from services.copy.providers.local.description_lines import Line
from services.copy.providers.local.material import audience_phrase, is_always_said, material_of
from services.copy.providers.local.passages import Wish, passage
from services.copy.providers.local.proof import is_placeholder
from services.copy.providers.local.quotes import head_of, phrase_head, quote
from services.copy.providers.local.request import understand_order
from services.copy.providers.local.words import words_of
from tests.copy.test_material import fact, quoted, request

LISTED = (
    fact(21, "Oiled by hand", source="features", strength=0.9),
    fact(22, "Two sizes, one shelf", source="features", strength=0.8),
    fact(23, "Made in Alloa", source="features", strength=0.7),
)
MORE_LISTED = (
    fact(24, "Every board is cut from one plank of beech", source="features", strength=0.85),
    fact(25, "We sand it by hand until it feels like paper", source="features", strength=0.8),
)
STORY = (
    fact(1, "Alder Lamp is a reading light that hangs on any wall.", "benefit", strength=0.8),
    fact(2, "You plug it in once", "benefit", strength=0.7),
    fact(3, "it glows until the book is done.", "benefit", strength=0.7),
    fact(4, "It throws a circle of warm light on two pages.", "benefit", strength=0.7),
    fact(5, "The arm folds flat behind a door.", "feature", strength=0.6),
    *LISTED,
)
WRITTEN = (
    "Alder Lamp is a reading light that hangs on any wall. You plug it in once, and it glows until the book is done. "
    "It throws a circle of warm light on two pages. The arm folds flat behind a door."
)


def _texts(made: CopyBrief, form: Format = Format.STORY, platform: Platform = Platform.META) -> list[tuple[str, str]]:
    result = engine.write(replace(made, platform=platform, format=form), "seed")
    return [(variant.hook, variant.body) for variant in result.variants]


def _lines(made: CopyBrief) -> list[str]:
    return [line.text for line in material_of(made).sentences if not line.closed]


def _stories(*facts: BriefFact, description: str = "", **changes: Any) -> list[str]:
    """Headline and body of every text of a story."""
    made = request(*facts, *LISTED, description=description or " ".join(each.text for each in facts), **changes)
    return [f"{hook}\n{body}" for hook, body in _texts(made)]


def _passage(*facts: BriefFact, between: str = " ", **wish: Any) -> list[str]:
    """The sentences of the best passage of these facts, with room for most of them."""
    lines = material_of(request(*facts, description=between.join(each.text for each in facts))).sentences
    wanted: dict[str, Any] = {
        "length": 400, "fewest": 1, "begun": 0, "says_what": True, "lead": None, "goes_on": False, "focus": frozenset(),
        "taken": (), "uses": {}, "priced": True, "said": lambda _: False,
        "restates": lambda _: False, "speaks": lambda _: True,
    }  # fmt: skip
    return [line.text for line in passage(lines, Wish(**{**wanted, **wish}))]


class TestLines:
    def test_facts_of_one_sentence_are_one_line(self) -> None:
        assert (
            _lines(request(*STORY, description=WRITTEN))[1]
            == "You plug it in once, and it glows until the book is done."
        )

    def test_what_no_fact_holds_divides(self) -> None:
        made = request(*STORY[:1], *STORY[4:], description=WRITTEN)
        assert [line.apart for line in material_of(made).sentences] == [False, True]

    def test_a_question_stands_with_its_answer_unless_the_subject_is_grave(self) -> None:
        facts = (*STORY[:1], fact(2, "Hang it from the beam in the hall instead."), *LISTED)
        written = f"{facts[0].text} No wall left? {facts[1].text}"
        assert "No wall left? Hang it from the beam in the hall instead." in _lines(
            request(*facts, description=written)
        )
        grave = request(*facts, description=written, sensitive=("death",))
        assert not any("No wall left?" in line for line in _lines(grave))

    @pytest.mark.parametrize(
        "text",
        [
            "The conditions, and we do mean them.",
            "Our lamp desk is 01632 960123 and we love to talk.",
            "Red arms w/ shades stand in the yard too.",
            "See www.alder.example for all of the other lamps.",
            "RED LAMPS AND BLUE LAMPS w/ arms x 2 £15.",
        ],
    )
    def test_headings_numbers_addresses_and_notes_stand_in_no_text(self, text: str) -> None:
        assert _lines(request(*STORY[:1], fact(2, text), *LISTED)) == [STORY[0].text]

    def test_a_word_in_a_banned_list_closes_the_sentence(self) -> None:
        made = replace(request(*STORY, description=WRITTEN), banned_words=("circle",))
        closed = [line.text for line in understand_order(made).material.sentences if line.closed]
        assert closed == ["It throws a circle of warm light on two pages."]


class TestPassage:
    def test_sentences_follow_each_other_as_the_customer_wrote_them(self) -> None:
        texts = _stories(*STORY[:5], description=WRITTEN)
        assert any(WRITTEN.partition(" It throws")[0] in text for text in texts)

    def test_what_points_back_stands_behind_what_it_points_to(self) -> None:
        for text in _stories(*STORY[:5], description=WRITTEN):
            if "It throws a circle" in text:
                assert "It glows until the book is done. It throws a circle" in text or "done. It throws" in text

    def test_a_limit_stays_behind_what_it_limits(self) -> None:
        limit = fact(3, "Guests must be over sixteen to climb up.", "condition", strength=0.0)
        first = fact(2, "Our tower has a lamp room that all may see.", "benefit", strength=0.8)
        last = fact(4, "The stairs are oak and the view goes far.", "benefit", strength=0.8)
        for text in _stories(STORY[0], first, limit, last):
            assert "lamp room" not in text or limit.text in text

    def test_what_takes_the_sentence_before_back_stays_with_it(self) -> None:
        first = fact(1, "A lamp gives some people better evenings.", "benefit", strength=0.8)
        back = fact(2, "It gives nobody better eyes, and we say so.", "condition", strength=0.0)
        texts = _stories(first, back, *STORY[4:5])
        assert any("better evenings" in text for text in texts)
        assert all(back.text in text for text in texts if "better evenings" in text)

    def test_a_refusal_or_a_term_opens_no_text(self) -> None:
        for opening in ("We can't send lamps to an island.", "Assembly is a separate job and we'll quote it."):
            texts = _stories(
                *STORY[:1], fact(6, opening, "feature", strength=0.9), fact(7, "The arm is ash and the shade is linen.")
            )
            assert not any(text.partition("\n")[2].startswith(opening) for text in texts)

    def test_the_description_may_begin_with_a_case(self) -> None:
        case = fact(1, "If you read in bed at night, somebody beside you is awake.", "benefit", strength=0.6)
        texts = _stories(
            case, fact(2, "Alder Lamp lights two pages and nothing else.", "benefit", strength=0.7), *STORY[4:5]
        )
        assert any("awake. Alder Lamp lights two pages" in text for text in texts)

    def test_the_headline_is_not_said_again(self) -> None:
        won = fact(24, "Gold at the County Show, 2019 and 2023", "proof", source="features", strength=0.95)
        again = fact(1, "Alder took gold at the County Show in 2019 and again in 2023.", "benefit", strength=0.9)
        texts = [text.partition("\n") for text in _stories(again, *STORY[3:5], won)]
        won_first = [body for hook, _, body in texts if "gold at the County Show, 2019" in hook]
        assert won_first
        assert all(again.text not in body for body in won_first)

    def test_a_feature_that_the_passage_says_is_not_listed_behind_it(self) -> None:
        said = fact(24, "Dims after 20 minutes by itself", source="features", strength=0.95)
        line = fact(6, "You read on, and it dims when twenty minutes have gone.", "benefit", strength=0.9)
        for text in _stories(STORY[0], line, said):
            body = text.partition("\n")[2]
            assert not (line.text in body and said.text in body)

    def test_the_name_stands_on_a_line_below_the_passage_with_price_or_sender(self) -> None:
        facts = (fact(1, "There are eleven of us in an old tram shed.", "benefit", strength=0.8), *STORY[4:5])
        texts = _stories(*facts, *MORE_LISTED, name="Fell Board", brand="Fell & Sons")
        assert any(text.endswith("\n\nFell Board · Fell & Sons") for text in texts), texts
        priced = _stories(*facts, *MORE_LISTED, name="Fell Board", brand="Fell & Sons", price="49.00", currency="EUR")
        assert any(text.endswith("\n\nFell Board · €49 · Fell & Sons") for text in priced), priced

    def test_a_short_name_of_what_is_no_good_stands_beside_its_sender(self) -> None:
        features = (
            fact(n, text, source="features")
            for n, text in enumerate(("Two sizes, one shelf", "Of one beech plank"), 31)
        )
        made = request(*features, name="Annual show", brand="Fell Rabbit Club", kind="event", description="")
        bodies = [body for _, body in _texts(replace(made, platform=Platform.GOOGLE), Format.SHORT)]
        assert any("Annual show – Fell Rabbit Club." in body for body in bodies), bodies


class TestRuns:
    CLOSED = fact(9, "Our lamp desk is 01632 960123 and we love to talk.")
    MORE = (
        fact(14, "The arm is ash and turns all around.", strength=0.9),
        fact(15, "Its shade is cut from one sheet."),
    )
    REST = (
        fact(3, "The arm is ash and turns all around.", strength=0.9),
        fact(4, "The shade is cut from one sheet of tin."),
    )
    WARM = fact(2, "The shade is linen and the light is warm.", "benefit", strength=0.8)

    def test_what_leans_on_a_line_left_out_is_left_out_too(self) -> None:
        leaning = fact(10, "It rings in the old barn by the lane.", "benefit", strength=0.8)
        found = _passage(STORY[0], self.CLOSED, leaning, replace(self.WARM, id="f11"))
        assert found == [STORY[0].text, self.WARM.text]

    def test_a_sentence_does_not_stand_without_what_takes_it_back(self) -> None:
        first = fact(1, "A lamp gives some people better evenings.", "benefit", strength=0.8)
        back = fact(2, "It gives nobody better eyes, and we say so at the door of the shop.", "condition", strength=0.0)
        assert _passage(first, back, length=60) == []
        assert _passage(first, back) == [first.text, back.text]

    @pytest.mark.parametrize(
        "text", ["We can't send lamps to an island.", "Assembly is a separate job and we'll quote it."]
    )
    def test_no_passage_begins_with_a_refusal_or_a_term(self, text: str) -> None:
        more = (
            fact(3, "The arm is ash and turns all around.", strength=0.9),
            fact(4, "Each shade is cut from one sheet."),
        )
        found = _passage(replace(self.CLOSED, id="f1"), fact(2, text, "feature", strength=0.9), *more, between="\n\n")
        assert found
        assert found[0] != text

    def test_a_passage_begins_with_a_paragraph(self) -> None:
        within = fact(2, "We test again later at no charge to you.", "feature", strength=0.9)
        more = (
            fact(3, "The arm is ash and turns all around.", strength=0.9),
            fact(4, "The shade is cut from one sheet."),
        )
        assert _passage(replace(self.CLOSED, id="f1"), within, *more) == []
        assert _passage(replace(self.CLOSED, id="f1"), within, *more, between="\n\n")[0] == within.text

    def test_no_paragraph_opens_a_text_with_a_pronoun_for_what_was_named_before(self) -> None:
        cook = fact(2, "Over about 35 degrees they cook in the sun.", "feature", strength=0.9)
        more = (
            fact(3, "The arm is ash and turns all around.", strength=0.9),
            fact(4, "The shade is cut from one sheet."),
        )
        found = _passage(replace(self.CLOSED, id="f1"), cook, *more, between="\n\n")
        assert found
        assert found[0] != cook.text

    def test_a_note_to_whoever_makes_the_ad_is_no_text(self) -> None:
        note = fact(1, "Hi Kerry this is what I want on it.", "feature", strength=0.9)
        assert note.text not in _lines(request(note, *STORY[1:], description=f"{note.text} {WRITTEN}"))
        assert "Hello, we are three makers in a shed." in _lines(
            request(fact(1, "Hello, we are three makers in a shed."), *STORY[3:5])
        )

    def test_a_description_of_notes_is_not_quoted(self) -> None:
        notes = [fact(number, f"Ring 01632 96012{number} for the {number} lamps.") for number in range(2, 6)]
        assert _lines(request(STORY[0], *notes)) == []

    def test_the_beginning_goes_on_until_it_says_of_what(self) -> None:
        first = fact(1, "In winter they took down the old lights.", "benefit", strength=0.8)
        second = fact(2, "In spring eleven people began to hang new ones.", "benefit", strength=0.8)
        third = fact(3, "Today Alder Lamp lights every stair in town.", "benefit", strength=0.8)

        def speaks(line: Line) -> bool:
            return "Alder" in line.text

        assert first.text not in _passage(first, second, third, length=100, speaks=speaks)
        assert len(_passage(first, second, third, speaks=speaks)) == 3

    def test_a_line_that_the_text_has_does_not_stand_again(self) -> None:
        assert _passage(STORY[0], self.WARM, taken={"f2"}) == [STORY[0].text]
        assert _passage(STORY[0], self.WARM, said=lambda line: "linen" in line.text) == [STORY[0].text]

    def test_a_long_sentence_with_an_hour_is_more_than_hours(self) -> None:
        early = "We push the boat off at 5.45am while the bay is flat and row out to the rock with the lamp on it."
        lines = material_of(request(fact(1, early), fact(2, "Open from 9.30am to 4pm."))).sentences
        assert [line.beside for line in lines] == [False, True]


def test_what_is_taken_back_by_words_that_no_fact_holds_stands_in_no_text() -> None:
    first = fact(1, "A lamp gives some people better evenings.", "benefit", strength=0.8)
    rest = (
        replace(STORY[4], id="f3"),
        fact(4, "The shade is linen and the light is warm."),
        fact(5, "It hangs on a hook."),
    )
    written = " ".join((first.text, "It doesn't give anyone better eyes.", *(each.text for each in rest)))
    made = request(first, *rest, *LISTED, description=written)
    assert not any("better evenings" in f"{hook} {body}" for form in Format for hook, body in _texts(made, form))


def test_the_beginning_opens_nothing_where_what_takes_it_back_stands_in_no_ad() -> None:
    first = fact(1, "A lamp gives some people better evenings.", "benefit", strength=0.8)
    back = fact(2, "It gives nobody better eyes, so call 01632 960123 first.", "condition", strength=0.0)
    rest = (replace(STORY[4], id="f3"), fact(4, "The shade is linen and the light is warm."), *LISTED)
    hooks = [hook for hook, _ in _texts(request(first, back, *rest))]
    assert not any("better evenings" in hook for hook in hooks)


class TestPrices:
    USUAL = fact(
        2,
        "A lamp with an arm usually comes to around £240 with the wall bracket, the screws and a spare bulb.",
        "price",
        strength=0.4,
    )

    def test_a_usual_price_is_said_by_its_sentence_only(self) -> None:
        made = request(STORY[0], self.USUAL, STORY[4], *LISTED, price="240.00", currency="GBP")
        assert material_of(made).price == ""
        texts = [f"{hook}\n{body}" for hook, body in _texts(made)]
        assert any("£240" in text for text in texts)
        whole = self.USUAL.text.casefold().rstrip(".")
        assert all(whole in text.casefold() for text in texts if "£240" in text)

    def test_a_price_that_depends_is_said_with_what_it_depends_on(self) -> None:
        price = fact(2, "£240 a week for up to four people, £35 for each one more.", "price", strength=0.4)
        made = request(STORY[0], price, STORY[4], *LISTED, price="240.00", currency="GBP")
        for form in (Format.SHORT, Format.STORY, Format.LONG):
            texts = [f"{hook}\n{body}" for hook, body in _texts(made, form)]
            assert sum(price.text in text for text in texts) >= 4, texts

    def test_of_a_list_of_prices_the_sentence_with_the_price_is_said(self) -> None:
        prices = fact(
            2,
            "One lamp is £240 a year. Each one more in the same box is £230 with its own wall bracket. A shade of "
            "linen is £9, a bulb of any size £4, and cable is £2 a metre.",
            "price",
            strength=0.3,
        )
        shade = fact(24, "Spare shade £9", "price", source="features", strength=0.3)
        made = request(STORY[0], prices, STORY[4], *LISTED, shade, price="240.00", currency="GBP")
        texts = [f"{hook}\n{body}" for hook, body in _texts(made, Format.SHORT)]
        assert any("£240 a year." in text for text in texts), texts

    def test_a_few_words_with_the_price_are_said_rather_than_the_amount(self) -> None:
        made = request(
            STORY[0], fact(2, "Admission £2.", "condition", strength=0.0), *LISTED, price="2.00", currency="GBP"
        )
        assert material_of(made).price == "Admission £2."

    def test_what_stands_further_on_limits_no_price(self) -> None:
        price = fact(2, "£240 a week for all of the house.", "price", strength=0.4)
        later = fact(3, "Only for guests who are over ten.", "condition", strength=0.0)
        written = f"{STORY[0].text} {price.text} Lamps are there. {later.text}"
        made = request(STORY[0], price, later, *LISTED, description=written, price="240.00", currency="GBP")
        assert any("£240" in body and later.text not in body for _, body in _texts(made, Format.HOOK))

    def test_the_price_of_the_headline_is_not_said_again(self) -> None:
        once = fact(1, "$20 for up to 5", "price", source="features", strength=0.9)
        again = fact(2, "$20 covers up to five of you, shades included.", "price", strength=0.4)
        made = request(again, once, *LISTED[:2], price="20.00", currency="USD")
        for hook, body in _texts(made, Format.SHORT):
            assert not ("$20" in hook and "$20" in body), (hook, body)


def test_a_limit_that_is_a_clause_ends_its_sentence() -> None:
    offer = replace(
        fact(2, "Shades replaced free for five years", "offer", source="features", strength=0.9), limited_by=("f3",)
    )
    clause = fact(3, "as long as you send the shade back to us.", "condition", strength=0.0)
    written = f"{STORY[0].text} Shades are replaced free for five years, {clause.text}"
    made = request(STORY[0], offer, clause, *LISTED, description=written)
    texts = [f"{hook}\n{body}" for hook, body in _texts(made, Format.SHORT)]
    assert not any("As long as you send" in text for text in texts)


def test_a_grandmother_is_no_missing_value() -> None:
    facts = (fact(1, "Nan's old lamp still beats nearly every new one.", "benefit", strength=0.8), *LISTED)
    assert _lines(request(*facts)) == [facts[0].text]


def test_i_keeps_its_capital_behind_a_colon() -> None:
    assert small_first("I come to you", material_of(request(*STORY))) == "I come to you"


def test_a_feature_that_points_to_another_text_is_left_out() -> None:
    assert "See above" not in quoted(request(*STORY[:2], fact(24, "See above", source="features")))


def test_an_audience_is_not_cut_between_its_adjectives() -> None:
    words = words_of("en")
    assert audience_phrase("Owners of tall houses with stuck, rattling windows", words) == ""
    assert audience_phrase("Busy parents, small shops", words) == "busy parents"


def test_a_long_sentence_may_end_in_a_pronoun() -> None:
    text = "The box is twelve lamps picked for small gardens, with nothing that needs more room between you and it."
    assert [found.dangling for found in material_of(request(fact(1, text))).quotes] == [False]


@pytest.mark.parametrize("text", ["Two shades included in the yearly price", "Most lamps done in a single day"])
def test_what_belongs_to_a_participle_is_not_cut_off(text: str) -> None:
    assert phrase_head(text, 30, frozenset({"in"}), words_of("en")) is None


def test_an_age_stands_in_every_text_though_more_is_asked_for() -> None:
    words = words_of("en")
    for text, always in (("Over-18s only, photo ID", True), ("Bring: photo ID, 18+, cell number", False)):
        found = quote(id="f1", text=text, role="condition", strength=0.0, source="features", words=words)
        assert is_always_said(found, words) is always


@pytest.mark.parametrize(
    ("text", "wanted"), [("see above", True), ("Siehe oben.", True), ("Price TBC", True), ("Above the sea", False)]
)
def test_a_text_that_waits_for_another_is_a_placeholder(text: str, wanted: bool) -> None:
    assert is_placeholder(text) is wanted


def test_no_sentence_is_cut_within_its_list() -> None:
    text = "The Hedgerow paper is a pattern of bramble, dog rose and one wren, cut into pearwood in 1908."
    assert head_of(text, 60, words_of("en")) is None


@pytest.mark.parametrize(
    ("text", "button"), [("Ask us for a quote.", "Get quote"), ("Enquire about sizes.", "Contact us")]
)
def test_who_sends_quotations_is_asked_for_one(text: str, button: str) -> None:
    facts = (STORY[0], fact(2, "Postage is extra."), fact(3, text), *LISTED)
    made = request(*facts, kind="service", goal="call", confidence="sure", price="14.00", currency="GBP")
    assert {variant.cta for variant in engine.write(replace(made, platform=Platform.META), "seed").variants} == {button}


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("2,316 last spring", False),
        ("No lamp yet, we will lend you one", False),
        ("Lessons are one to one", True),
        ("We wire one lamp a day", True),
    ],
)
def test_a_number_of_nothing_and_a_word_for_what_was_named_before_open_no_text(text: str, opens: bool) -> None:
    counted = fact(24, text, "figure", source="features", strength=0.95)
    quotes = material_of(request(*STORY, counted, description=WRITTEN)).quotes
    assert [each.loss < 1 for each in quotes if each.text == counted.text] == [opens]


def test_no_line_is_cut_behind_the_first_item_of_its_list() -> None:
    text = "We lend you everything: bow, the arrows, a finger tab. Just wear something warm."
    assert head_of(text, 40, words_of("en")) is None


def test_a_passage_that_says_the_headline_again_gives_way() -> None:
    again = fact(3, "The shade is cut from one sheet of tin, in our shed by the quay.", strength=0.7)
    other = fact(4, "We wire each lamp by hand and test it for a week on the bench.", strength=0.95)
    assert _passage(again, other, between="\n\n", length=90) == [again.text]
    gone = _passage(again, other, between="\n\n", length=90, restates=lambda line: line.text == again.text)
    assert gone == [other.text]
