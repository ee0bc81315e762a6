"""Promises of the request's own texts and figures: checked before credits are held, printed as they are sent."""

from __future__ import annotations

import datetime
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2

from services.chassis.banned_words import BriefNotPossible
from services.chassis.errors import ValidationFailed
from services.image import messages
from services.image.domain import AspectRatio, Changes, ImageBrief, Rating, Style, Subject
from services.image.providers.local.ad_text import discount_text
from services.image.providers.local.choice import chosen
from services.image.providers.local.composer import compose
from services.image.providers.local.layouts import Shows, layouts
from services.image.providers.local.prompt_parsing import read_prompt
from services.image.providers.local.text_column import Role
from services.image.testimonial import Testimonial
from tests.image.briefs import RATIOS, brief, drawings

DAY = datetime.date(2026, 7, 1)


def _request(**fields: Any) -> image_pb2.GenerateStaticAdRequest:
    return image_pb2.GenerateStaticAdRequest(**fields)


def _catalog(banned: tuple[str, ...] = (), **product: Any) -> catalog_pb2.Brief:
    return catalog_pb2.Brief(
        project=catalog_pb2.Project(name="Aurora", brand=catalog_pb2.Brand(banned_words=banned)),
        product=catalog_pb2.Product(name="Bottle", **product),
    )


def _image_brief(
    request: image_pb2.GenerateStaticAdRequest,
    brief: catalog_pb2.Brief,
    forbidden: tuple[str, ...] = (),
    **lines: str,
) -> ImageBrief:
    texts = {"headline": "Written", "subline": "Also written", "call_to_action": "Go"} | lines
    written = copy_pb2.WriteHeadlineResponse(forbidden_texts=forbidden, **texts)
    parameters = image_pb2.ImageJobParameters(request=request, brief=brief)
    return messages.image_brief(parameters, seed="job", date=DAY, photo=None, logo=None, headline=written)


class TestNames:
    def test_product_is_called_what_the_understanding_calls_it(self) -> None:
        brief = _catalog()
        brief.understanding.name = "Flask"
        assert _image_brief(_request(), brief).product_name == "Flask"
        assert _image_brief(_request(), _catalog()).product_name == "Bottle"


class TestRefusals:
    @pytest.mark.parametrize(
        ("request_fields", "product", "field"),
        [
            ({"headline": "The cheapest bottle"}, {}, "headline"),
            ({"badge": "CHEAPEST"}, {}, "badge"),
            ({"prompt": 'dark, with a "Cheapest" badge'}, {}, "prompt"),
            ({"headline": "!!!"}, {}, "headline"),
            ({"old_price": "60"}, {}, "oldPrice"),
            ({"old_price": "49"}, {"price": "49.00"}, "oldPrice"),
            ({"old_price": "45"}, {"price": "60", "sale_price": "45.00"}, "oldPrice"),
        ],
    )
    def test_text_that_cannot_be_printed_is_refused(
        self, request_fields: dict[str, Any], product: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(ValidationFailed) as refused:
            messages.check_texts(_request(**request_fields), _catalog(("cheapest",), **product))
        assert [violation.field for violation in refused.value.fields] == [field]

    @pytest.mark.parametrize("place", ["brand", "offer", "feature", "quoted"])
    def test_script_that_no_typeface_has_is_refused_by_name(self, place: str) -> None:
        text = "ქართული ჩაი"
        catalog = _catalog(
            offer=catalog_pb2.Offer(text=text if place == "offer" else ""),
            features=[text] if place == "feature" else [],
        )
        catalog.project.name = text if place == "brand" else "Aurora"
        with pytest.raises(BriefNotPossible, match="Georgian"):
            messages.check_scripts(_request(prompt=f'headline "{text}"' if place == "quoted" else ""), catalog, DAY)

    @pytest.mark.parametrize(
        ("offer", "ends", "features"),
        [
            ("ორი ერთის ფასად", "2020-12-31", []),
            ("ორი ერთის ფასად", "", ["Picked by hand"]),
            ("", "", ["ხელით მოკრეფილი", "Picked by hand"]),
        ],
    )
    def test_statement_that_the_picture_leaves_out_does_not_refuse_it(
        self, offer: str, ends: str, features: list[str]
    ) -> None:
        catalog = _catalog(offer=catalog_pb2.Offer(text=offer, ends=ends), features=features)
        messages.check_scripts(_request(), catalog, DAY)

    def test_fitting_fields_are_accepted(self) -> None:
        request = _request(headline="Cold for 24 hours", cta="Shop", badge="New", old_price="60", rating="4.8")
        messages.check_texts(request, _catalog(("cheapest",), price="49"))


class TestProof:
    def test_old_price_and_discount_need_an_old_price(self) -> None:
        assert _image_brief(_request(), _catalog(price="60")).old_price is None
        sale = _image_brief(_request(), _catalog(price="60", sale_price="45"))
        assert (sale.price, sale.old_price) == ("45", "60")
        assert [discount_text("45", "60"), discount_text("60", None), discount_text("60", "45")] == ["−25%", "", ""]

    def test_rating_is_shown_only_with_proof_that_speaks_for_the_product(self) -> None:
        good = catalog_pb2.Proof(rating="4.8", count=2310, source="Trustpilot")
        assert messages.rating(_request(), catalog_pb2.Product()) is None
        assert messages.rating(_request(), catalog_pb2.Product(proof=catalog_pb2.Proof(rating="3.1"))) is None
        assert messages.rating(_request(), catalog_pb2.Product(proof=good)) == Rating(
            value="4.8", count=2310, source="Trustpilot"
        )
        # The source vouches for its own value only.
        assert messages.rating(_request(rating="4.9"), catalog_pb2.Product(proof=good)) == Rating(value="4.9")

    def test_banned_and_forbidden_texts_are_printed_nowhere(self) -> None:
        product = {
            "features": ["Cheap and quick", "Cures cancer", "Free parking"],
            "offer": catalog_pb2.Offer(text="Cheap today"),
            "proof": catalog_pb2.Proof(rating="4.8", source="Cheap Reviews"),
            "description": "Cures cancer.",
        }
        catalog = _catalog(("cheap",), **product)
        request = _request(prompt='with a "Cures cancer" badge')
        parameters = image_pb2.ImageJobParameters(request=request, brief=catalog)
        assert {"Cures cancer", "Cheap today", "Cheap Reviews"} <= set(messages.product_texts(parameters))
        found = _image_brief(request, catalog, forbidden=("Cures cancer", "Cures cancer."))
        assert (found.benefits, found.features) == (("Free parking",), ("Free parking",))
        assert (found.offer, found.description, found.rating) == ("", "", Rating(value="4.8"))
        made = compose(found, photo=None)
        assert not any("cancer" in text.text for text in made.proof.texts)
        assert any("forbid it: “Cures cancer”" in note for note in made.notes)

    def test_only_named_features_are_shown_and_weak_ones_and_logistics_never_lead(self) -> None:
        catalog = _catalog((), features=["Two-hour lesson with Dawn", "Ring before noon", "Faktura VAT"])
        for text, role, strength in (
            ("Two-hour lesson with Dawn", "benefit", 0.7),
            ("Ring before noon", "logistics", 0.8),
            ("Faktura VAT", "feature", 0.2),
            ("Ask Dawn whether this is still on", "feature", 0.9),
        ):
            catalog.understanding.facts.add(text=text, role=role, strength=strength)
        found = _image_brief(_request(), catalog)
        assert set(found.benefits) == {"Two-hour lesson with Dawn", "Ring before noon", "Faktura VAT"}
        assert found.leading_benefits == frozenset({"Two-hour lesson with Dawn"})
        catalog.understanding.facts[0].role = "figure"
        assert not _image_brief(_request(), catalog).leading_benefits
        headlines = {compose(replace(found, concept=str(idea)), photo=None).headline for idea in range(24)}
        assert "Two-hour lesson with Dawn" in headlines
        assert not headlines & {"Ring before noon", "Faktura VAT"}

    def test_benefit_that_no_typeface_can_draw_is_dropped_whole(self) -> None:
        facts = ("24 საათი", "ღია 7 დღე", "Fresh for 24 hours")
        for seed in range(8):
            made = compose(brief("dentist", benefits=facts, seed=str(seed)), photo=None)
            assert not {"24", "7"} & {text.text.strip() for text in made.proof.texts}

    def test_offer_is_printed_clean(self) -> None:
        offer = "Buy\u202eone get&nbsp;one &amp; so\u00adft"
        said = {
            text.text
            for seed in range(8)
            for text in compose(brief("dentist", offer=offer, seed=str(seed)), photo=None).proof.texts
        }
        assert any(text.casefold() == "buyone get\u00a0one & soft" for text in said)

    def test_expired_offer_is_not_shown(self) -> None:
        offer = catalog_pb2.Offer(text="Two for one", ends="2026-06-30")
        assert _image_brief(_request(), _catalog(offer=offer)).offer == ""


class TestPictures:
    def test_given_texts_and_proof_are_printed(self) -> None:
        made = compose(
            brief(
                style=Style.BOLD,
                headline="Cold for 24 hours",
                call_to_action="Get it",
                given=frozenset({"headline", "cta"}),
                badge="New",
                old_price="79",
                rating=Rating(value="4.8", source="Trustpilot"),
            ),
            photo=None,
            drawings=drawings(),
        )
        texts = {text.role: text.text for text in made.proof.texts}
        assert texts[Role.HEADLINE] == "Cold for 24 hours"
        assert texts[Role.CALL_TO_ACTION] == "Get it"
        assert texts[Role.BADGE] == "New"
        assert texts[Role.OLD_PRICE] == "$79"
        assert texts[Role.RATING] == "4.8 · Trustpilot"
        assert all(reading.passes for reading in made.proof.readings.values())

    def test_prompt_is_printed_only_in_quotation_marks(self) -> None:
        prompt = "add a sticker saying 50% off and the old price crossed out"
        made = compose(brief(prompt=prompt, headline=""), photo=None, drawings=drawings())
        assert not any("50%" in text.text or "sticker" in text.text.casefold() for text in made.proof.texts)
        assert messages.copy_instructions(prompt) == ""

    @pytest.mark.parametrize(
        ("prompt", "roles"),
        [
            ('headline "Foam." button "Go now"', {"headline": "Foam.", "call_to_action": "Go now"}),
            ('"Foam." headline, "Buy now" button', {"headline": "Foam.", "call_to_action": "Buy now"}),
            ('dark, with a "New" badge', {"badge": "New"}),
            ('sub-headline "One line" headline "Two"', {"subline": "One line", "headline": "Two"}),
        ],
    )
    def test_labels_give_quoted_texts_their_places(self, prompt: str, roles: dict[str, str]) -> None:
        assert read_prompt(prompt).quoted == roles

    @pytest.mark.parametrize(
        ("prompt", "texts"),
        [
            ('A calm scene. Never use the phrase "bargain bin".', ()),
            ('headline "Slow mornings", without the words "hurry", "rush" or "sale"', ("Slow mornings",)),
            ('say "Good value" instead of "bargain"', ("Good value",)),
            ('no people, headline "Slow mornings"', ("Slow mornings",)),
            ('not dark; "Slow mornings"', ("Slow mornings",)),
        ],
    )
    def test_text_that_the_prompt_excludes_is_neither_printed_nor_refused(
        self, prompt: str, texts: tuple[str, ...]
    ) -> None:
        assert messages.quoted_texts(prompt) == texts
        messages.check_texts(_request(prompt=prompt), _catalog(("bargain", "hurry", "sale")))


def test_facts_of_a_list_begin_with_a_capital() -> None:
    made = catalog_pb2.Brief(product=catalog_pb2.Product(name="Bottle"))
    made.product.features.extend(["charges over USB-C.", "iPhone holder", "Oak lid"])
    assert messages.benefits(made) == ("Charges over USB-C", "iPhone holder", "Oak lid")


def test_a_list_leaves_out_what_the_headline_says() -> None:
    items = ("Charges over USB-C", "Oak lid")
    assert messages.new_beside("The box: oak lid", items) == ("Charges over USB-C",)
    assert messages.new_beside("The box", items) == items


def test_second_fact_of_a_headline_and_questions_stand_elsewhere() -> None:
    made = catalog_pb2.Brief(product=catalog_pb2.Product(name="Bottle"))
    made.product.features.extend(["Oak lid", "Baby corner", "Rainy day? of course it is"])
    shown = _image_brief(_request(), made, headline="Oak lid. Baby corner", subline="Rainy day? It is. · Good tea")
    assert (shown.headline, shown.benefits, shown.subline) == ("Oak lid", ("Baby corner",), "Good tea")
    assert _image_brief(_request(), made, headline="Oak lid. All year").headline == "Oak lid. All year"


@pytest.mark.parametrize(
    ("written", "fields", "shown"),
    [
        ("", {"price": "24", "description": "It is $24 per roll. Minimum 20."}, "$24 per roll, minimum 20"),
        ("24", {"price": "24", "description": "It is $24. Minimum order 20 rolls."}, "$24, minimum order 20 rolls"),
        ("On a $5,000 bail that is $500", {}, None),
        ("£90 of it goes to the weaver", {"price": "420"}, None),
        ("Price=24 USD", {"price": "24"}, "24"),
        ("38", {"price": "195", "description": "$38 a yard, 195 minimum."}, None),
    ],
)
def test_price_is_the_products_with_what_limits_it(written: str, fields: dict[str, str], shown: str | None) -> None:
    assert _image_brief(_request(), _catalog((), currency="USD", **fields), price=written).price == shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'New: "My boys fight over who goes first" - Tasha M. (a tester)',
            ("“My boys fight over who goes first”", "Tasha M."),
        ),
        (
            "„Ich habe endlich durchgeschlafen“ – Petra K., Köln. Neu.",
            ("„Ich habe endlich durchgeschlafen“", "Petra K., Köln"),
        ),
        ("« Je ne change plus de boulanger » — Marie, 46", ("« Je ne change plus de boulanger »", "Marie, 46")),
        ('The walk "The long way home" - a tour for all', None),  # a title
        ('Old ad: "Cheapest in town by far!!" <- dont use', None),
        ("A 7'2\" board, 6'10\" as well, 7'6\" - Danno shapes them", None),
        ('"We bake by night for you" - Aurora', None),  # the advertiser
        (f'"A{" very" * 30} good shop" - Ann', None),
    ],
)
def test_testimonial_is_what_somebody_with_a_name_says(text: str, said: tuple[str, str] | None) -> None:
    made = _catalog(description=text)
    shown = _image_brief(_request(), made).testimonial
    assert (None if shown is None else (shown.text, shown.author)) == said
    parameters = image_pb2.ImageJobParameters(request=_request(), brief=made)
    assert said is None or said[0] in messages.product_texts(parameters)  # copy checks what is printed
    assert said is None or _image_brief(_request(), made, (said[0],)).testimonial is None


def test_price_in_words_is_one_of_the_texts_that_copy_checks() -> None:
    made = _catalog(price="24", currency="USD", description="Cures all. $24 per roll. Sold out soon.")
    parameters = image_pb2.ImageJobParameters(request=_request(), brief=made)
    assert "$24 per roll" in messages.product_texts(parameters)
    forbidden = (made.product.description,)
    assert _image_brief(_request(), made, forbidden).price == "$24 per roll"
    assert _image_brief(_request(), made, (*forbidden, "$24 per roll")).price is None


@pytest.mark.parametrize("ratio", RATIOS)
def test_offer_has_a_sticker_and_stars_that_stay_in_their_fields(ratio: AspectRatio) -> None:
    """The sticker of a poster covers no text; the trust line ends where its column does."""
    request = brief(
        price="79", old_price="99", rating=Rating(value="4.8", count=2310, source="Trustpilot"), aspect_ratio=ratio
    )
    request = replace(request, features=(), benefits=(), headline="Back on your feet in six sessions", style=Style.BOLD)
    stickers = 0
    for seed in range(2):
        changes = Changes(layout="type on a field") if seed else Changes()
        made = compose(replace(request, seed=str(seed), changes=changes), photo=None)
        texts = {text.role: text for text in made.proof.texts}
        frame = made.proof.frame
        assert all(frame.safe.inset(-1).contains(text.box) for text in texts.values()), made.layout
        layout = next(each for each in layouts() if each.name == made.layout)
        arrangement = layout.arrangements(frame)[0] if layout.plan is None else None
        if arrangement is not None and arrangement.subline_in_foot and arrangement.foot is not None:
            rating_line = texts[Role.RATING]
            assert rating_line.box.right <= arrangement.foot.right + 1
        badge = texts[Role.BADGE]
        assert Role.OLD_PRICE in texts  # what the discount is of
        stickers += badge.plate is not None and badge.plate.width == pytest.approx(badge.plate.height)
        for role, text in texts.items():
            assert role is Role.BADGE or not (badge.plate or badge.box).overlaps(text.plate or text.box), made.layout
        assert made.proof.readings[Role.BADGE].passes
    assert stickers


def test_testimonial_leads_with_who_said_it_below() -> None:
    said = Testimonial("“I sleep through the night again”", "Petra K., Leeds")
    request = replace(brief(headline="Six calls, one plan"), testimonial=said)
    heads = [chosen(request, Random(seed), shows=Shows.TYPE, layout_draw=Random(1)).words for seed in range(40)]
    quoting = [words for words in heads if words.headline == said.text]
    assert 0 < len(quoting) < len(heads)
    assert {words.subline for words in quoting} == {"— Petra K., Leeds"}
    clinic = replace(request, subject=Subject(regulated=frozenset({"health"})))
    heads = [chosen(clinic, Random(seed), shows=Shows.TYPE, layout_draw=Random(1)).words for seed in range(40)]
    assert not any(words.headline == said.text for words in heads)


def test_old_price_without_room_beside_the_price_stands_below_it() -> None:
    request = brief("coffee", price="14.50", old_price="18.00", style=Style.MODERN, seed="c")
    request = replace(request, changes=Changes(layout="drawing off the corner"))
    made = compose(request, photo=None, drawings=drawings())
    texts = {text.role: text for text in made.proof.texts}
    if made.layout == "drawing off the corner":
        assert texts[Role.OLD_PRICE].box.top > texts[Role.PRICE].box.bottom
    assert Role.OLD_PRICE in texts
