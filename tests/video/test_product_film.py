"""Product films: data that holds, scripts that quote, storyboards in time, texts inside every platform's safe zone."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.video.v1 import video_pb2

from services.chassis.errors import ValidationFailed
from services.video.domain import (
    FRAMES_PER_SECOND,
    AspectRatio,
    Music,
    PriceLine,
    ScriptNotSpeakable,
    VideoBrief,
    VideoKind,
)
from services.video.film_request import check_fields, check_length, script_for, why_not_renderable
from services.video.messages import music_of, script_material
from services.video.product.layouts import TEXTS, layouts, read_layouts
from services.video.product.parts import Part, Price, money_in, parts_of
from services.video.product.price_line import price_line
from services.video.product.safe_zones import read_zones, safe_zones
from services.video.product.shots import read_shots, shots
from services.video.product.storyboard import (
    MOST_END_SECONDS,
    SHORTEST_SHOT_SECONDS,
    Scene,
    silent_words,
    storyboard,
)
from services.video.product.writing import Fact, Material, shown_name, written_script
from services.video.providers.local.captions import CaptionWord
from services.video.providers.local.kokoro import SAMPLE_RATE, Phone, Speech
from services.video.providers.local.product.caption_strip import CaptionStrip
from services.video.providers.local.product.end_card import EndCard
from services.video.providers.local.product.film import ProductFilm
from services.video.providers.local.product.lettering import drawable, fitted
from services.video.providers.local.product.price_tag import about_price, price_layers
from services.video.providers.local.product.sentence import word_layers
from services.video.providers.local.product_picture import ProductPicture, product_picture
from services.video.providers.local.rendering import RenderOrder, render
from services.video.providers.local.strokes import surface_of
from services.video.providers.local.takes import Take
from tests.image.briefs import photo_of_a_cup
from tests.video.watching import longest_still, pictures, set_apart

LONGEST_STILL = 4.0  # seconds
OPENING_FRAMES = 30
SHORT_SCRIPT = "Cold all day. Now $9.99."

SCRIPT = (
    "Cold all day, warm all night. Meet the Tarn Flask. It keeps tea hot for up to 12 hours. No plastic, no dents, "
    "no leaks. 4.8 out of 5 from 310 reviews. Save 15% with code TARN15. Now $29.50 each. Find it at tarnflask.com."
)


def board(script: str = SCRIPT, *, shows: set[str] | None = None, seconds: float | None = None) -> tuple[Scene, ...]:
    words = silent_words(script)
    parts = parts_of(words, name="Tarn Flask", price=Price(now=29.5))
    return storyboard(parts, shows=shows or set(), until=words[-1].end, seconds=seconds, seed="a")


class TestData:
    def test_there_are_at_least_a_dozen_shots_and_each_ratio_has_its_places(self) -> None:
        assert len(shots()) >= 12
        assert set(layouts()) == {ratio.value for ratio in AspectRatio}

    @pytest.mark.parametrize("platform", ["", *safe_zones().platforms])
    @pytest.mark.parametrize("ratio", list(AspectRatio))
    def test_texts_stand_inside_of_the_safe_zone_of_every_platform(self, ratio: AspectRatio, platform: str) -> None:
        zone = safe_zones().zone(ratio, platform)
        places = layouts()[ratio]
        bare = places.without_captions(0.0)
        for each in (places, bare, bare.of_text_alone(1 - places.brand[0])):
            for name in TEXTS:
                x, y, width, height = getattr(each, name)
                assert zone.left <= x, name
                assert x + width <= zone.right + 1e-9, name
                assert zone.top <= y, name
                assert y + height <= zone.bottom + 1e-9, name
        assert bare.stage[3] > places.stage[3] * 1.1 or ratio is AspectRatio.LANDSCAPE
        assert bare.stage[1] >= places.brand[1] + places.brand[3]

    def test_tables_that_break_their_schema_are_refused(self) -> None:
        with pytest.raises(ValueError, match="fields"):
            read_shots('[[shot]]\nid = "x"\nsays = ["plain"]')
        with pytest.raises(ValueError, match="boxes"):
            read_layouts('["1:1"]\nbrand = [0, 0, 1, 1]')
        with pytest.raises(ValueError, match="page"):
            read_zones(
                '[[platform]]\nid="a"\nname="A"\ntop=0.1\nbottom=0.1\nleft=0\nright=0\npage=""\nupdated=""\nfigures="a"\nread=2026-01-01\n[rim]'
            )


class TestParts:
    def said(self, text: str, **known: Any) -> Part:
        return parts_of(silent_words(f"A first line. {text}"), **known)[1]

    def test_nothing_of_a_script_is_lost(self) -> None:
        words = silent_words(SCRIPT)
        assert [word for part in parts_of(words) for word in part.words] == list(words)

    def test_only_the_products_own_price_is_a_price(self) -> None:
        price = Price(now=1299.0)
        assert self.said("Now 1.299,00 € each.", price=price).value == "1.299,00 €"
        assert self.said("Delivery is $19.50 flat.", price=price).says != "price"
        assert [found.values[0] for found in money_in("$1,299.00 or 1.299,00 €")] == [1299.0, 1299.0]

    def test_price_begins_a_shot_of_its_own_where_its_sentence_begins_with_something_else(self) -> None:
        script = "A first line. Septic pumping up to one thousand gallons, 385 € including disposal."
        parts = parts_of(silent_words(script), price=Price(now=385.0))
        assert [part.text for part in parts[1:]] == [
            "Septic pumping up to one thousand gallons,",
            "385 € including disposal.",
        ]
        assert parts[2].says == "price"

    def test_day_of_a_month_is_no_figure_and_an_address_no_list(self) -> None:
        for said in ("Come on the 6th.", "Until Sunday, Dec. 6th.", "We're at 14 Mill Lane, Leeds, open Tue–Sat."):
            assert not {"figure", "list"} & {part.says for part in parts_of(silent_words(f"Read this. {said}"))}, said

    def test_slow_sentence_is_cut_at_its_marks(self) -> None:
        spoken = [
            replace(word, start=word.start * 1.8, end=word.end * 1.8)
            for word in silent_words("One. Training for skiers and boarders, on a hut above Fernie.")
        ]
        texts = [part.text for part in parts_of(spoken)[1:]]
        assert texts == ["Training for skiers and boarders,", "on a hut above Fernie."]

    def test_no_ends_a_sentence_but_before_a_number(self) -> None:
        words = silent_words(
            "I bambini crescono, gli sci no. Prendete sci e casco. The No. 4 hangs from your shoulders."
        )
        assert [part.text for part in parts_of(words)] == [
            "I bambini crescono, gli sci no.", "Prendete sci e casco.", "The No. 4 hangs from your shoulders."
        ]  # fmt: skip

    def test_name_with_commas_is_no_list(self) -> None:
        name = "Extending table, walnut, two leaves"
        assert self.said(f"{name}, from Hale.", name=name).says == "name"
        assert self.said("Tarn Flask: no plastic, no dents, no leaks.", name="Tarn Flask").says == "list"

    def test_a_figure_keeps_what_limits_it_and_is_not_shown_when_negated(self) -> None:
        part = self.said("It holds up to 60 days of dust.")
        assert (part.says, part.value, part.items) == ("figure", "60 days", ("up to",))
        assert self.said("It does not last 60 days.").says == "plain"
        for text, kicker in (
            ("We carry 60 parts in the van.", "We carry"),
            ("And up to 60 parts in the van.", "up to"),
        ):
            part = self.said(text)
            assert (part.value, part.label, part.items) == ("60 parts", "in the van", (kicker,))
        assert self.said("Call at 14 Depot Road.").says == "plain"

    def test_number_of_a_name_is_no_figure_and_a_figure_says_of_what_it_is(self) -> None:
        assert self.said("Foldtree 6 lives on your computer.", name="Foldtree 6 for Windows").says == "name"
        assert self.said("Foldtree 6 lives on your computer.", name="Foldtree 6 Deluxe Edition").says == "plain"
        part = self.said("Try it free for 30 days.")
        assert (part.value, part.label, part.items) == ("30 days", "", ("Try it free for",))
        part = self.said("Digging to 12 inches and a report.")
        assert (part.value, part.label, part.items) == ("12 inches", "", ("Digging to",))
        assert self.said("Everything that we dig reaches down to 12 inches.").says == "plain"

    def test_pay_is_a_figure_with_its_unit_where_nothing_has_a_price(self) -> None:
        part = self.said("Training is paid at $18 an hour.")
        assert (part.says, part.value, part.label, part.items) == ("figure", "$18", "an hour", ("Training is paid at",))
        assert self.said("Training is paid at $18 an hour.", price=Price(now=9.0)).says == "plain"
        assert self.said("It is not $18 an hour.").says == "plain"
        assert self.said("Those who drive at night are paid $18 an hour.").says == "plain"

    def test_condition_is_no_item_of_a_list(self) -> None:
        assert self.said("We tell you first, and if it is dear, you pay nothing.").says == "plain"
        assert self.said("We tell you first, you decide alone, and nobody waits.").says == "list"

    def test_items_of_a_list_are_whole_and_stand_without_what_is_true_of_all(self) -> None:
        tour = self.said("A 75-minute tour, a warm lantern, groups of 14 or fewer.")
        assert tour.items == ("A 75-minute tour", "A warm lantern", "Groups of 14 or fewer")
        assert self.said("Pressed apart, bottled, heated or chilled.").items[-1] == "Chilled"
        assert self.said("Two harvests, a pound and a half, free bag.").items[1] == "A pound and a half"
        assert self.said("Then there were kids, a big mortgage and a dodgy shoulder.").says == "plain"
        assert self.said("Most people get two harvests, around a pound and a half.").says == "plain"
        flight = self.said("El almuerzo, las fotos y el seguro van incluidos.")
        assert flight.items == ("El almuerzo", "Las fotos", "El seguro")

    def test_list_behind_more_words_than_a_heading_has_is_a_part_of_its_own(self) -> None:
        words = silent_words(
            "Listen. I put the small things right on one visit: sticky keys, a loud pedal, a loose pin."
        )
        head, made = parts_of(words)[1:]
        assert (head.says, head.text) == ("plain", "I put the small things right on one visit:")
        assert (made.label, made.items) == ("", ("Sticky keys", "A loud pedal", "A loose pin"))

    def test_two_denials_and_four_short_words_are_lists(self) -> None:
        assert self.said("No joining fee, no deposit.").items == ("No joining fee", "No deposit")
        assert self.said("Sin cuota, sin permanencia.").items == ("Sin cuota", "Sin permanencia")
        assert self.said("It is back, folded.").says == "plain"
        assert self.said("Navy, dark green, grey and royal.").items == ("Navy", "Dark green", "Grey", "Royal")
        assert self.said("Well, then, no more of it.").says == "plain"

    def test_figure_stands_without_the_clause_before_it_and_with_what_else_it_counts(self) -> None:
        part = self.said("Two hours, 60 cones or tubs, with flake and sauce, and one of us in a white coat.")
        assert (part.says, part.value, part.label, part.items) == ("figure", "60 cones", "or tubs", ())
        assert self.said("After a long day, 40 minutes.").says == "plain"

    def test_figure_that_is_asked_of_customers_sells_nothing(self) -> None:
        assert self.said("Children must be 1.1 metres tall.").says == "plain"
        assert self.said("Se necesita: debe medir 90 cm de ancho.").says == "plain"
        assert self.said("Children climb 40 metres up.").says == "figure"

    def test_limit_is_no_figure_and_a_unit_of_two_words_is_one(self) -> None:
        assert self.said("It comes with a 2-yard minimum.").says == "plain"
        assert self.said("Pedido con 20 metros mínimo.").says == "plain"
        covered = self.said("One yard covers roughly 100 square feet.")
        assert (covered.value, covered.label, covered.items) == ("100 square feet", "", ("One yard covers roughly",))
        assert self.said("Holds around 40 cartons.").items == ("Holds around",)
        assert self.said("Cabe en 12 metros cuadrados de suelo.").value == "12 metros cuadrados"

    def test_sentence_without_marks_is_cut_before_a_small_word_and_its_pieces_are_no_figures(self) -> None:
        words = silent_words("A first line. So the 24 flies in this tin have some good business being there.")
        cut = parts_of(words)[1:]
        assert [part.says for part in cut] == ["plain"] * len(cut)
        assert len(cut) == 2
        assert not any(part.text.split()[-1] in ("the", "this", "have", "some", "good") for part in cut)

    def test_conditions_that_stand_beside_a_price_have_no_shot_of_their_own(self) -> None:
        script = "A first line. Weekend ticket 75 € for everybody there, including tea and bread every night."
        behind = "for everybody there, including tea and bread every night"
        parted = parts_of(silent_words(script), price=Price(now=75.0))
        joined = parts_of(silent_words(script), price=Price(now=75.0, behind=behind))
        assert [part.says for part in parted[1:]] == ["price", "plain"]
        assert [part.says for part in joined[1:]] == ["price"]
        assert joined[1].words == (*parted[1].words, *parted[2].words)
        hire = silent_words(
            "A first line. Wedding hire is £695 for up to four hours and about 30 miles, within the county."
        )
        figure = [part.says for part in parts_of(hire, price=Price(now=695.0))]
        whole = [
            part.says
            for part in parts_of(
                hire, price=Price(now=695.0, behind="for up to four hours and about 30 miles, within the county")
            )
        ]
        assert "figure" in figure
        assert whole == ["hook", "price"]
        said = silent_words("A first line. Our call-out is £75, and that covers up to five sheep.")
        covers = [
            [part.says for part in parts_of(said, price=Price(now=75.0, behind=behind))][1:]
            for behind in ("covers up to five sheep", "covers up to six sheep")
        ]
        assert covers == [["price"], ["price", "plain"]]

    def test_the_price_stays_one_beside_free_delivery_and_a_code_that_earns_something_a_code(self) -> None:
        price = Price(now=29.5)
        assert self.said("Just $29.50 with free delivery.", price=price).says == "price"
        free = parts_of(silent_words("A first line. Delivery is free, it is yours for $29.50."), price=price)
        assert [part.says for part in free[1:]] == ["plain", "price"]
        assert self.said("Code BLACK saves 10% today.").value == "BLACK"

    @pytest.mark.parametrize(
        "sentence",
        [
            "Order your flask now for $29.50.", "Please order for $29.50.",
            "The flask with a fitting included for $29.50.",
            "Take it home with free postage for only $29.50.", "Only $29.50 when you order.",
        ],
    )  # fmt: skip
    def test_the_price_stays_one_behind_words_that_also_name_a_charge(self, sentence: str) -> None:
        assert self.said(sentence, price=Price(now=29.5)).says == "price"

    @pytest.mark.parametrize(
        "sentence",
        [
            "Postage to the islands is $29.50.", "A refill costs just $29.50.", "It takes a deposit of $29.50.",
            "Add $29.50 for home installation.", "Shipping: $29.50 flat.", "A $29.50 delivery fee applies.",
            "The minimum order is $29.50.", "Montage für nur 29,50 €.",
        ],
    )  # fmt: skip
    def test_an_amount_beside_a_charge_is_not_the_price(self, sentence: str) -> None:
        assert self.said(sentence, price=Price(now=29.5)).says != "price"

    def test_each_kind_is_recognised(self) -> None:
        assert self.said("Use code TARN15 today.").value == "TARN15"
        assert self.said("Save 15% this week.").says == "offer"
        assert self.said("4.8 out of 5 from 310 reviews.").label == "from 310 reviews"
        assert self.said("No plastic, no dents and no leaks.").items == ("No plastic", "No dents", "No leaks")
        assert self.said("It goes from a cold start to a hot cup.").items == ("A cold start", "A hot cup")
        assert self.said("Find it at tarnflask.com.").value == "tarnflask.com"

    @pytest.mark.parametrize(
        "sentence",
        [
            "Save up to 50% today.", "No 15% off here.", "Not 5% off but 10% off.", "Save energy with 100% cotton.",
            "Not $29.50 but less.", "Shipping over $29.50 is free.", "It is not 4.5 stars.", "From 9 am to 5 pm.",
            "From nurses to pilots.", "Scan the QR code NOW.", "The dress code BLACK applies.", "Our ZIP code 90210.",
            "We sold 12345678 units of it.", "Delivery is $29.50 flat.", "It costs $29.50 for shipping.",
            "Free delivery on orders of $29.50.", "Code BLACK is our darkest roast.", "Code BLACK.",
        ],
    )  # fmt: skip
    def test_what_a_sentence_denies_or_qualifies_is_shown_as_words(self, sentence: str) -> None:
        """An offer, price, rating, code or change that the sentence does not state would be a claim of the film's."""
        part = self.said(sentence, price=Price(now=29.5))
        assert part.says in ("plain", "figure")
        assert part.value in sentence


class TestRequests:
    @pytest.mark.parametrize("script", ['<break time="700ms"/> ✨✨✨', "! ! ! " * 300, "Price १२३४ now"])
    def test_silent_scripts_that_would_show_nothing_or_never_end_are_refused(self, script: str) -> None:
        request = video_pb2.GenerateVideoRequest(kind="product", voice_over=False, script=script)
        if why_not_renderable(request, {}) is None:
            with pytest.raises(ValidationFailed):
                check_length(request)

    def test_a_script_longer_than_its_film_is_refused_by_what_is_said(self) -> None:
        script = "$1,299,999.99 $1,299,999.99 2026-12-31"
        request = video_pb2.GenerateVideoRequest(kind="product", seconds=6, script=script)
        with pytest.raises(ValidationFailed):
            check_length(request)

    def test_a_faster_voice_says_more_in_the_same_film(self) -> None:
        script = "Fresh bread for you, every single morning of this long wet year."
        request = video_pb2.GenerateVideoRequest(kind="product", seconds=6, script=script, speed=1.25)
        check_length(request)
        request.ClearField("speed")
        with pytest.raises(ValidationFailed):
            check_length(request)

    def test_only_a_slow_voice_makes_an_avatars_longest_script_too_long(self) -> None:
        request = video_pb2.GenerateVideoRequest(script=("fresh bread every day " * 100)[:2000])
        check_length(request)
        request.speed = 0.8
        with pytest.raises(ValidationFailed, match=r"at speed 0\.8; a film of 150 s has room for about"):
            check_length(request)

    @pytest.mark.parametrize(
        ("fields", "lacking"),
        [
            ({"kind": "product", "music": "none"}, "music"),
            ({"kind": "avatar", "script": "Ten letters and more."}, "music"),
            ({"kind": "product", "voice_over": False}, "a voice"),
        ],
    )
    def test_volume_of_music_needs_music_and_a_voice(self, fields: dict[str, Any], lacking: str) -> None:
        request = video_pb2.GenerateVideoRequest(**fields)
        check_fields(request)
        request.music_volume = 0.7
        with pytest.raises(ValidationFailed, match=f"without {lacking}"):
            check_fields(request)

    def test_product_films_have_calm_music_and_presenters_none(self) -> None:
        assert music_of(video_pb2.GenerateVideoRequest(kind="product")) is Music.CALM
        assert music_of(video_pb2.GenerateVideoRequest()) is Music.NONE
        assert music_of(video_pb2.GenerateVideoRequest(music="happy")) is Music.HAPPY

    @pytest.mark.parametrize("speed", [None, 0.8, 1.0, 1.25])
    @pytest.mark.parametrize(
        ("language", "sentence"),
        [
            ("en", "Only £1,234,567.89 and 999,999 on 12/12/2029. "),
            ("en", "Call 0113 496 0987 or 0800 496 0123 today. "),
            ("en", "Now $8,765,432.10, was $9,876,543.21! "),
            ("es", "Solo 1.234.567,89 € y 999.999 el 12/12/2029. "),
            ("es", "Llama al 912 345 678 o al 600 123 456 hoy. "),
        ],
    )
    def test_script_of_figures_is_too_long_at_any_speed(
        self, language: str, sentence: str, speed: float | None
    ) -> None:
        request = video_pb2.GenerateVideoRequest(script=(sentence * 50)[:2000], language=language, speed=speed)
        with pytest.raises(ValidationFailed) as caught:
            check_length(request)
        (broken,) = caught.value.fields
        assert broken.field == "script"
        assert "a film of 150 s has room for about" in broken.message

    @pytest.mark.parametrize("speed", [0.8, 0.9])
    @pytest.mark.parametrize(
        ("language", "name", "brand", "fact", "script"),
        [
            ("en", "Oven Loaf", "Hale", "Free delivery in Leeds", "Free delivery in Leeds. Oven Loaf, from Hale."),
            ("en", "Rope Leash", "Fenn", "Dries in one hour", "Dries in one hour. Rope Leash, from Fenn."),
            ("es", "Pan Rústico", "Olmo", "Envío gratis en Soria", "Envío gratis en Soria. Pan Rústico, de Olmo."),
        ],
    )
    def test_slow_short_film_says_what_fits(
        self, language: str, name: str, brand: str, fact: str, script: str, speed: float
    ) -> None:
        facts = [Fact(text=fact, role="benefit", strength=0.8)]
        material = Material(name=name, brand=brand, language=language, goal="", facts=facts)
        request = video_pb2.GenerateVideoRequest(kind="product", seconds=6, speed=speed)
        assert script_for(request, material, {}) == script
        request.script, request.language = script, language
        check_length(request)

    def test_refusal_of_a_slow_film_without_room_names_the_speed(self) -> None:
        fact = Fact(text="Warm until the morning comes round", role="benefit", strength=0.8)
        material = Material(name="Tarn Flask", brand="", language="en", goal="", facts=[fact])
        request = video_pb2.GenerateVideoRequest(kind="product", seconds=6)
        assert script_for(request, material, {}) == "Warm until the morning comes round. Tarn Flask."
        request.speed = 0.8
        with pytest.raises(ScriptNotSpeakable, match=r"At speed 0\.8 no fact of the product fits a film of 6 s"):
            script_for(request, material, {})


class TestStoryboard:
    @pytest.mark.parametrize("shows", [set(), {"photo"}, {"photo", "cutout"}, {"drawing"}, {"screenshot"}])
    def test_scenes_follow_without_gaps_and_never_twice_the_same(self, shows: set[str]) -> None:
        scenes = board(shows=shows)
        assert scenes[0].start == 0.0
        assert all(one.end == two.start for one, two in pairwise(scenes))
        assert all(one.shot.id != two.shot.id for one, two in pairwise(scenes))
        assert scenes[0].shot.id.startswith("hook")
        assert scenes[-1].shot.id == "end"
        assert all(scene.shot.needs & shows or not scene.shot.needs for scene in scenes)

    @pytest.mark.parametrize(
        "script", ["Cold all day. Tarn Flask. Now $29.50.", "Wow. Now $29.50. Tarn Flask. Tea hot."]
    )
    def test_no_neighbour_swallows_the_price_of_a_short_film(self, script: str) -> None:
        scenes = board(script, seconds=6)
        assert "price" in [scene.shot.id for scene in scenes]
        assert scenes[-1].end == 6
        assert all(scene.seconds >= SHORTEST_SHOT_SECONDS for scene in scenes)

    def test_a_short_first_sentence_opens_a_film_alone(self) -> None:
        scenes = board("Why wait? Our beans are roasted on Monday and brewed by Friday. Now $29.50.")
        assert scenes[0].part.text == "Why wait?"
        assert scenes[0].seconds >= SHORTEST_SHOT_SECONDS

    def test_short_beginning_of_a_sentence_stays_with_its_rest(self) -> None:
        words = silent_words(
            "A first line of it here. You buy our cup just once. When it ends, you wipe it and buy a refill."
        )
        parts = [replace(part, words=part.words) for part in parts_of(words)]
        rest = parts.pop()
        place = next(number for number, word in enumerate(rest.words) if word.text == "ends,") + 1
        parts += [replace(rest, words=rest.words[:place]), replace(rest, words=rest.words[place:])]
        scenes = storyboard(parts, shows=(), until=words[-1].end, seconds=None, seed="a")
        assert [scene.part.text for scene in scenes[1:-1]] == [
            "You buy our cup just once.", "When it ends, you wipe it and buy a refill."
        ]  # fmt: skip

    def test_every_word_can_be_read(self) -> None:
        for scene in board()[1:-1]:
            assert scene.seconds >= 0.29 * len(scene.part.words)

    def test_a_film_has_its_wanted_length_and_never_less_than_five_seconds(self) -> None:
        assert board("Cold all day.", seconds=15)[-1].end == 15
        assert board("Cold all day.")[-1].end >= 5

    @pytest.mark.parametrize(
        "script", ["Cold all day. Tarn Flask.", "Cold all day.", SCRIPT, "Cold all day. Now $29.50."]
    )
    @pytest.mark.parametrize("seconds", [6, 12, 15, 30, 60])
    def test_no_shot_outlasts_its_words_in_a_film_that_is_longer_than_its_script(
        self, script: str, seconds: float
    ) -> None:
        scenes = board(script, shows={"photo"}, seconds=seconds)
        assert scenes[-1].shot.id == "end"
        assert scenes[-1].seconds <= MOST_END_SECONDS
        assert all(one.end == pytest.approx(two.start) for one, two in pairwise(scenes))
        assert all(one.shot.id != two.shot.id for one, two in pairwise(scenes))
        for scene in scenes[:-1]:
            assert SHORTEST_SHOT_SECONDS - 0.001 <= scene.seconds <= LONGEST_STILL
            assert scene.start <= scene.part.words[0].start + 0.05
            assert scene.part.words[-1].end <= scene.end + 0.6

    @pytest.mark.parametrize("seconds", [None, 30])
    def test_a_sentence_of_many_words_takes_several_shots(self, seconds: float | None) -> None:
        script = (
            "We spent four years looking for a steel that neither dents nor rusts nor tastes of anything at all and "
            "that a person can still carry up a mountain without noticing that it is there in the bag."
        )
        assert max(scene.seconds for scene in board(script, shows={"photo"}, seconds=seconds)) <= MOST_END_SECONDS


class TestWriting:
    material = Material(
        name="Tarn Flask – 750 ml",
        brand="Tarn",
        language="en",
        goal="sell",
        facts=[
            Fact(text="Not for fizzy drinks", role="condition", strength=0.9),
            Fact(text="Keeps tea hot for 12 hours", role="benefit", strength=0.7),
            Fact(text="Lifetime warranty on the lid", role="proof", strength=0.6),
            Fact(text="Ranked first of twelve flasks†", role="proof", strength=0.8),
            Fact(text="Keeps tea hot for 12 hours in tests", role="feature", strength=0.5),
        ],
        price="$29.50",
    )

    def test_facts_are_quoted_strongest_first_and_conditions_never(self) -> None:
        script = written_script(self.material, seconds=30, sayable=lambda line: True)
        assert script.startswith("Keeps tea hot for 12 hours. ")
        assert "Lifetime warranty on the lid." in script
        assert "$29.50." in script
        assert "fizzy" not in script
        assert "†" not in script
        assert script.count("Keeps tea hot") == 1

    def test_price_is_said_with_its_unit_and_conditions_where_the_brief_states_them(self) -> None:
        stated = replace(self.material, price_line="$29.50 each, lid included")
        script = written_script(stated, seconds=30, sayable=lambda line: True)
        assert "$29.50 each, lid included." in script

    @pytest.mark.parametrize(
        ("statement", "price", "text"),
        [
            ("$385 incl. disposal. Digging for the lid is $50 extra.", None, "$385 incl. disposal"),
            ("Friday noon to Monday noon for $255 inc. GST", "255.00", "Friday noon to Monday noon for $255 inc. GST"),
            ("£19.50 a foot where the hull is epoxy", "19.50", "£19.50 a foot where the hull is epoxy"),
            ("Nenngeld 48 € bis 30. September", "48.00", "Nenngeld 48 € bis 30. September"),
            ("Tarif : 62 € TTC la chauffe. Fermé le lundi.", "62.00", "62 € TTC la chauffe"),
            ("$22 a bag, free shipping over $40", "22.00", "$22 a bag, free shipping over $40"),
            ("Rs 38,000 + GST, extra half hour Rs 6,000", "38000.00", "Rs 38,000 + GST, extra half hour Rs 6,000"),
            ("20 Stück 34,90 €, zzgl. 5,95 € Versand", "34.90", "20 Stück 34,90 €, zzgl. 5,95 € Versand"),
            ("Delivery is $5 flat", None, None),
            ("1489.00 CAD", "1489.00", None),
            ("Late fee $25 after ten days", None, None),
            ("5 Liter für 5,20 €, 10 Liter für 8,90 €", "8.90", "10 Liter für 8,90 €"),
            ("5 Liter für 5,20 €, mit Beutel, 10 Liter für 8,90 €", "8.90", None),
            (
                "$1.85 a pound, 15-pound minimum, pickup and delivery free inside Marlow and the blocks east of it",
                "1.85",
                "$1.85 a pound, 15-pound minimum",
            ),
            (
                "$1.85 a pound, pickup and delivery free when you live in Marlow or in the blocks to the east of it",
                "1.85",
                "$1.85 a pound, pickup and delivery free when you live in Marlow or in the blocks to the east of it",
            ),
            (
                "Prendete sci, scarponi e casco a ottobre e li riportate ad aprile: 119 € per bambini fino a 150 cm",
                "119.00",
                "119 € per bambini fino a 150 cm",
            ),
            ("$22", "22.00", None),
            ("$9 a month", "22.00", None),
        ],
    )
    def test_price_line_is_the_statement_of_the_products_own_price(
        self, statement: str, price: str | None, text: str | None
    ) -> None:
        line = price_line([statement], price)
        assert (line and line.text) == text

    def test_silent_film_does_not_say_the_brand_that_it_shows_all_the_time(self) -> None:
        silent, heard = (
            written_script(replace(self.material, brand="Hale"), seconds=30, sayable=lambda line: True, heard=heard)
            for heard in (False, True)
        )
        assert "Hale" in heard
        assert "Tarn Flask." in silent
        assert "Hale" not in silent

    def test_lines_that_cannot_be_said_are_passed_over(self) -> None:
        script = written_script(self.material, seconds=15, sayable=lambda line: "tea" not in line)
        assert script.startswith("Lifetime warranty")

    def test_half_a_sentence_is_not_said_and_a_few_words_open_no_film(self) -> None:
        facts = [
            Fact(text="60 minutes", role="feature", strength=0.9),
            Fact(text="14 and older without", role="feature", strength=0.8),
            Fact(text="Only 19% of teams have made it out", role="feature", strength=0.7),
        ]
        script = written_script(replace(self.material, facts=facts), seconds=30, sayable=lambda line: True)
        assert script.startswith("Only 19% of teams")
        assert "60 minutes." in script
        assert "without" not in script

    @pytest.mark.parametrize(
        "request_", ["Bring your own lunch", "Please wear flat shoes", "Bitte bequeme Schuhe tragen"]
    )
    def test_what_customers_are_asked_to_do_is_no_reason_to_buy(self, request_: str) -> None:
        facts = [
            Fact(text=request_, role="feature", strength=0.9),
            Fact(text="Both trainers drove ambulances", role="feature", strength=0.7),
        ]
        script = written_script(replace(self.material, facts=facts), seconds=30, sayable=lambda line: True)
        assert "ambulances" in script
        assert request_ not in script

    def test_sentence_that_points_to_another_is_not_said_without_it(self) -> None:
        pointing = [
            Fact(text=text, role="benefit", strength=0.9) for text in ("This one tells a story", "It glows all night")
        ]
        facts = [*self.material.facts, *pointing]
        script = written_script(replace(self.material, facts=facts), seconds=30, sayable=lambda line: True)
        assert "story" not in script
        assert "glows" not in script
        assert "Lifetime warranty" in script

    def test_list_of_search_words_is_no_name(self) -> None:
        listed = "KT-45DZ, 45L Dual Zone Portable Fridge Freezer 12V/24V/240V, Camping 4WD Caravan Boat, Grey"
        assert shown_name(listed, "dual zone portable fridge freezer") == "Dual Zone Portable Fridge Freezer"
        assert shown_name("1968 ices van for weddings, fairs and all your works dos", "ices van") == "Ices van"
        assert shown_name("Old Dray grainy mustard", "grainy mustard") == "Old Dray grainy mustard"
        assert shown_name(listed, "") == listed

    def test_name_is_shown_without_the_notes_of_a_catalog(self) -> None:
        assert shown_name("garage door repairs - springs, motors, cables etc", "") == "Garage door repairs"
        assert shown_name("Switchback folding poles (pair)", "") == "Switchback folding poles"
        assert shown_name("iPhone repair", "") == "iPhone repair"
        assert shown_name("X-ray (digital)", "") == "X-ray"
        assert shown_name("Wind technician trainee (paid, 18 months)", "") == "Wind technician trainee"
        assert shown_name("Rubber matting, 18 mm", "") == "Rubber matting"

    def test_day_of_an_event_stays_in_its_name(self) -> None:
        assert shown_name("Annual exhibition, 18–19 October", "") == "Annual exhibition, 18–19 October"
        assert shown_name("Feria del libro, 5 de mayo", "") == "Feria del libro, 5 de mayo"

    def test_no_facts_give_no_script(self) -> None:
        bare = replace(self.material, facts=[], price="")
        assert written_script(bare, seconds=15, sayable=lambda line: True) == ""
        with pytest.raises(ScriptNotSpeakable):
            script_for(video_pb2.GenerateVideoRequest(kind="product"), bare, {})


class TestRequest:
    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({}, "script"),
            ({"script": "Hello there all.", "seconds": 6}, "seconds"),
            ({"script": "Hello there all.", "aspect_ratio": "4:5"}, "aspectRatio"),
            ({"kind": "product", "avatar_id": "maya", "voice_over": False}, "avatarId"),
            ({"kind": "product", "avatar_id": "0198c0de-0000-7000-8000-000000000000"}, "avatarId"),
            ({"kind": "product", "avatar_url": "https://example.com/a.jpg"}, "avatarUrl"),
            ({"kind": "product", "voice_over": False, "speed": 1.1}, "speed"),
        ],
    )
    def test_what_a_kind_of_film_does_not_have_is_refused(self, fields: dict[str, Any], named: str) -> None:
        with pytest.raises(ValidationFailed) as refused:
            check_fields(video_pb2.GenerateVideoRequest(**fields))
        assert [violation.field for violation in refused.value.fields] == [named]

    def test_drawn_avatar_presents_a_product_film_with_a_voice(self) -> None:
        check_fields(video_pb2.GenerateVideoRequest(kind="product", avatar_id="maya"))

    def test_silent_films_refuse_only_what_no_typeface_has(self) -> None:
        def why(script: str) -> str | None:
            return why_not_renderable(
                video_pb2.GenerateVideoRequest(kind="product", voice_over=False, script=script), {}
            )

        assert why("Piel calmada en cuatro semanas ✨") is None
        assert "नमस्ते" in (why("Hello नमस्ते all") or "")


class TestLettering:
    def test_emoji_and_unsupported_scripts_are_dropped_never_boxes(self) -> None:
        assert drawable("Fresh 🌊 tea ឈើ now 🌊. Ａ 東京") == "Fresh tea now. A 東京"

    def test_names_are_whole_however_long(self) -> None:
        name = "Extraordinarily Long Handmade Walnut Extending Dining Table With Two Leaves"
        made = fitted(name, "Inter", 800, width_px=500, height_px=200, largest=90, rows=5)
        assert " ".join(row.text for row in made.rows) == name
        assert made.width <= 500.5
        assert made.height <= 200.5


class TestPresenterCircle:
    @pytest.mark.parametrize("ratio", list(AspectRatio))
    def test_texts_are_clear_of_the_circle_and_it_stands_in_the_safe_zone(self, ratio: AspectRatio) -> None:
        width, height = ratio.size("720p")
        before = layouts()[ratio].scaled(width, height)
        circle = before.circle(width, height)
        left, top, side, _ = circle
        places, zone = before.beside(circle), safe_zones().zone(ratio, "")
        for name in ("brand", "title", "caption", "stage", "words", "aside_words"):
            x, y, wide, tall = getattr(places, name)
            assert x + wide <= left or y >= top + side, name
            assert wide > width * 0.25, name
            assert y + tall <= before.words[1] + before.words[3] + 1 or name in ("caption", "stage"), name
        for name in ("hero", "low", "aside"):
            x, y, wide, tall = getattr(places, name)
            assert x + wide <= left or y >= top + side, name
            assert tall > height * 0.25, name
        assert left + side <= width * zone.right
        assert top >= height * zone.top

    def test_the_presenter_speaks_until_the_end_card(self, brief: VideoBrief, models: Path) -> None:
        made = replace(
            brief, kind=VideoKind.PRODUCT, avatar_id="maya", avatar_photo=None, product_photo=None, brand_name=""
        )
        words = silent_words("Cold all day and warm all night. It keeps tea hot and never leaks.")
        scenes = storyboard(parts_of(words), shows=(), until=words[-1].end, seconds=None, seed="a")
        film = ProductFilm(made, ProductPicture(), None, scenes, None)
        frames = round(scenes[-1].end * FRAMES_PER_SECOND)
        sound = np.zeros(round(words[-1].end * SAMPLE_RATE), np.float32)
        vowels = tuple(Phone(symbol="ɑ", start=t, end=t + 0.2) for t in (1.0, 2.0))
        speech = Speech(samples=sound, words=(), phones=vowels)
        assert film.presenter is not None
        said = tuple(CaptionWord(text=word.text, start=word.start, end=word.end) for word in words)
        film.presenter.prepare([Take(script="", speech=speech, words=said)], frames)

        def drawn(time: float) -> Any:
            pixels = np.zeros((film.height, film.width, 4), np.uint8)
            film.presenter.draw(  # type: ignore[union-attr]
                surface_of(pixels).getCanvas(), round(time * FRAMES_PER_SECOND), max(0.0, time - scenes[-1].start)
            )
            return pixels.astype(int)

        assert np.abs(drawn(1.1) - drawn(0.3)).max() > 60
        assert drawn(scenes[-1].start - 0.1).any()
        assert not drawn(scenes[-1].start + 0.5).any()
        silent = ProductFilm(replace(made, voice_over=False), ProductPicture(), None, scenes, None)
        assert silent.presenter is None


class TestShots:
    """What single shots draw."""

    def film(self, brief: VideoBrief, models: Path, script: str = SCRIPT, **facts: Any) -> ProductFilm:
        made = replace(brief, kind=VideoKind.PRODUCT, script=script, facts=replace(brief.facts, **facts))
        words = silent_words(script)
        parts = parts_of(words, name="Mapp", price=Price(now=9.99))
        shown_product = product_picture(made, models, [])
        scenes = storyboard(parts, shows=shown_product.shows, until=words[-1].end, seconds=None, seed="a")
        return ProductFilm(made, shown_product, None, scenes, None)

    def test_small_print_is_shown_at_a_readable_size_or_named(self, brief: VideoBrief, models: Path) -> None:
        lines = tuple(
            f"Condition {number} of it applies to {'every single order placed anywhere in its week and ' * 3}no later."
            for number in range(6)
        )
        film = self.film(brief, models, small_print=lines)
        shown_lines, size = film.end_card.small, film.end_card.small.size
        assert shown_lines.rows
        assert size >= 17 * film.stage.unit
        text = " ".join(row.text for row in shown_lines.rows)
        assert all((line in text) != (line in film.note) for line in lines)
        assert self.film(brief, models, small_print=lines[:1]).note == ""
        two = self.film(brief, models, small_print=("A full refund", "Not on Mondays")).end_card.small
        assert " ".join(row.text for row in two.rows) == "A full refund. Not on Mondays."

    @pytest.mark.parametrize("before", ["", "$15"])
    def test_price_stands_beside_what_it_pays_for_also_with_an_old_price(
        self, brief: VideoBrief, models: Path, before: str
    ) -> None:
        film = self.film(brief, models, "Cold all day. Now $9.99 each. That is all there is to it.")
        scene = next(scene for scene in film.scenes if scene.shot.id == "price")
        bare = replace(scene, part=replace(scene.part, items=()))
        each, none = (
            len(price_layers(film.stage, made, film.look.of("brand"), None, before=before)) for made in (scene, bare)
        )
        hourly = PriceLine(amount="$9.99", before="", after="/hour in training")
        assert len(price_layers(film.stage, bare, film.look.of("brand"), hourly, before=before)) == each
        alone = replace(hourly, after="/hour")  # the unit stands with the amount, not below it
        assert len(price_layers(film.stage, bare, film.look.of("brand"), alone, before=before)) == none
        assert scene.part.items == ("each",)
        again = replace(scene.part, items=("por adulto",))
        assert about_price(again, PriceLine(amount="$9.99", before="Adultos", after="")) == ("Adultos", "")
        assert about_price(again, PriceLine(amount="$9.99", before="Entrada", after="")) == ("Entrada", "por adulto")
        light = replace(scene.part, items=("with the lid",))
        assert about_price(light, PriceLine(amount="$9.99", before="Sold with care", after=""))[1] == "with the lid"
        assert each == none + 1

    def test_chips_are_shown_without_captions_and_the_end_card_says_what_a_job_pays(
        self, brief: VideoBrief, models: Path
    ) -> None:
        job = replace(brief, price=None)
        script = "Drive a yellow bus. It is $24.60 an hour. Paid training, free licence, and summers off."
        words = silent_words(script)
        shown_product = product_picture(job, models, [])
        scenes = storyboard(parts_of(words), shows=shown_product.shows, until=words[-1].end, seconds=None, seed="a")
        film = ProductFilm(replace(job, kind=VideoKind.PRODUCT, script=script), shown_product, None, scenes, None)
        chips = next(number for number, scene in enumerate(scenes) if scene.part.says == "list")
        labelled = replace(scenes[chips], part=replace(scenes[chips].part, label="What you get"))
        assert not _caption(film, scenes[chips])
        assert _caption(film, labelled)
        assert film.end_card._stated() == "$24.60 an hour"
        least = EndCard(film.stage, job, parts_of(silent_words("See all of it. Everything from 50c.")))
        assert least._stated() == "Everything from 50c"

    def test_price_has_no_caption_where_the_shot_shows_all_that_is_said(self, brief: VideoBrief, models: Path) -> None:
        film = self.film(brief, models)
        words = silent_words("Boiled over a wood fire. It is dark and robust. $46 the jug.")
        parts = parts_of(words, price=Price(now=46.0))
        scenes = storyboard(parts, shows=set(), until=words[-1].end, seconds=None, seed="a")
        scene = next(scene for scene in scenes if scene.part.says == "price")
        scene = replace(scene, shot=next(shot for shot in shots() if shot.text == "price"))
        assert not _caption(film, scene, PriceLine(amount="$46", before="", after="the jug"))
        assert _caption(film, replace(scene, part=replace(scene.part, items=())), PriceLine(amount="$46", before=""))
        per = PriceLine(amount="$46", before="", after="per jug")  # another small word says the same
        assert not _caption(film, replace(scene, part=replace(scene.part, items=())), per)
        more = replace(scene.part, words=(*scene.part.words, *silent_words("See it.")))
        assert not _caption(film, replace(scene, part=more), PriceLine(amount="$46", before="", after="the jug"))

    def test_captions_say_no_name_or_price_again_that_is_set_large(self, brief: VideoBrief, models: Path) -> None:
        film = self.film(replace(brief, product_name="Weekend walling course", brand_name="Hale School"), models)
        words = silent_words("Come. Weekend walling course, from Hale School. It's $46 a day. You pay a $46 bond.")
        start = storyboard(parts_of(words), shows=(), until=words[-1].end, seconds=None, seed="a")[1]

        def captioned(shot: str, first: int, last: int, line: PriceLine | None = None) -> bool:
            said = tuple(words[first:last])
            part = Part(words=said, says=shot, value="$46" if shot == "price" else "")
            made = next(each for each in shots() if each.text == shot)
            scene = replace(start, part=part, shot=made, start=said[0].start, end=said[-1].end)
            strip = CaptionStrip(
                film.stage, (scene,), film.look.of("photo"), wanted=True, line=line, brand=film.brief.brand_name
            )
            pixels = np.zeros((film.height, film.width, 4), np.uint8)
            for word in said:
                strip.draw(surface_of(pixels).getCanvas(), 0, (word.start + word.end) / 2)
            return bool(pixels.any())

        assert not captioned("name", 1, 7)
        assert captioned("name", 0, 4)
        assert not captioned("price", 7, 11, PriceLine(amount="$46", before="", after="a day, tools included"))
        assert captioned("price", 7, 11, PriceLine(amount="$46", before="", after="an hour"))
        assert not captioned("price", 11, 16, PriceLine(amount="$46", before="", after="bond, paid back"))

    def test_unit_stands_on_the_patch_of_its_figure(self, brief: VideoBrief, models: Path) -> None:
        film = self.film(brief, models)
        together, apart = (
            len(word_layers(film.stage, replace(film.scenes[1], part=Part(words=tuple(silent_words(text)))), tone))
            for tone in [film.look.of("brand")]
            for text in ("By 7 p.m. then.", "By 7, or then.")
        )
        assert (together, apart) == (3, 4)

    def test_a_shot_does_not_begin_like_the_rest_of_another_sentence(self, brief: VideoBrief, models: Path) -> None:
        film = self.film(brief, models)
        tone, scene = film.look.of("brand"), film.scenes[1]

        def first_word(text: str) -> Any:
            return word_layers(film.stage, replace(scene, part=Part(words=tuple(silent_words(text)))), tone)[0].image

        assert np.array_equal(first_word("and matched to it.").toarray(), first_word("And matched to it.").toarray())

    def test_a_value_without_captions_is_larger_and_leaves_out_how_it_was_joined(
        self, brief: VideoBrief, models: Path
    ) -> None:
        film = self.film(brief, models, "Cold all day. Now $9.99 each. That is all there is to it.")
        scene = next(scene for scene in film.scenes if scene.shot.id == "price")
        tone = film.look.of("brand")
        heights = [
            max(layer.height for layer in film._made(scene, is_captioned=captioned).layers if layer.enter == "pop")
            for captioned in (True, False)
        ]
        assert heights[1] > heights[0] * 1.05
        x, _, w, _ = film.stage.places.stage
        for layer in price_layers(film.stage, scene, tone, None):
            seen = np.zeros((film.height, film.width, 4), np.uint8)
            layer.draw(surface_of(seen).getCanvas(), scene.seconds, scene.seconds)
            columns = np.flatnonzero(seen[..., 3].max(axis=0))
            assert x - 2 <= columns[0] <= columns[-1] <= x + w + 2  # also when it has grown
        joined, bare = (
            price_layers(film.stage, scene, tone, PriceLine(amount="$9.99", before="Now", after=after))[-1].image
            for after in ("and that covers the lid", "covers the lid")
        )
        assert np.array_equal(joined.toarray(), bare.toarray())

    def test_a_long_word_is_divided_where_the_sentence_becomes_larger(self, brief: VideoBrief, models: Path) -> None:
        film = self.film(brief, models, "Sin internacionalización alguna. Todo en casa.")
        x, y, w, h = film.stage.places.words
        narrow = replace(film.stage, places=replace(film.stage.places, words=(x, y, w * 0.5, h)))
        scene, tone = film.scenes[0], film.look.of("brand")
        spanish, other = (word_layers(replace(narrow, language=language), scene, tone) for language in ("es", "xx"))
        assert len(spanish) == len(other) + 1
        assert spanish[-1].height > other[-1].height * 1.1

    def test_a_product_called_as_its_brand_is_not_named_twice_in_a_shot(self, brief: VideoBrief, models: Path) -> None:
        def drawn(brand: str, text: str) -> Any:
            made = replace(brief, product_name="Mapp", brand_name=brand)
            film = self.film(
                made, models, "All of it is here. Meet Mapp for the whole of your week. It plans ahead for you."
            )
            scene = next(scene for scene in film.scenes if scene.shot.text == text)
            pixels = np.zeros((film.height, film.width, 4), np.uint8)
            film.draw(surface_of(pixels).getCanvas(), scene.end - 0.1)
            return pixels

        for text in ("name", "end"):
            assert (drawn("Mapp", text) == drawn("", text)).all()
            assert (drawn("Mapp", text) != drawn("Else", text)).any()

    def test_captions_wait_until_a_sentence_that_was_set_large_has_left(self, brief: VideoBrief, models: Path) -> None:
        film = self.film(brief, models)
        number = next(
            place
            for place, (before, scene) in enumerate(pairwise(film.scenes), start=1)
            if not before.shot.captions and scene.shot.captions and scene.shot.cut != "cut"
        )
        start = film.scenes[number].start

        def drawn(time: float) -> int:
            pixels = np.zeros((film.height, film.width, 4), np.uint8)
            film.captions.draw(surface_of(pixels).getCanvas(), number, time)
            return int(pixels.any())

        assert not drawn(start + 0.2)
        assert drawn(start + 0.4)


def _caption(film: ProductFilm, scene: Scene, line: PriceLine | None = None) -> bool:
    """Whether a scene has captions in its middle."""
    strip = CaptionStrip(film.stage, (scene,), film.look.of("photo"), wanted=True, line=line)
    pixels = np.zeros((film.height, film.width, 4), np.uint8)
    strip.draw(surface_of(pixels).getCanvas(), 0, scene.start + scene.seconds / 2)
    return bool(pixels.any())


Filmed = Callable[..., Path]


@pytest.fixture(scope="module")
def filmed(brief: VideoBrief, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Filmed:
    """Returns a function that renders a product film of two short sentences. The tests share the films: one of the
    same fields is rendered once for each `take`."""
    photo = photo_of_a_cup(tmp_path_factory.mktemp("photo") / "cup.png")

    @cache
    def film(take: int = 1, *, photographed: bool, seconds: int | None, script: str = SHORT_SCRIPT) -> Path:
        made = replace(
            brief,
            kind=VideoKind.PRODUCT,
            voice_over=False,
            script=script,
            product_photo=photo if photographed else None,
            seconds=seconds,
        )
        order = RenderOrder(brief=made, folder=tmp_path_factory.mktemp("film"), models=models)
        return render(order, lambda percent, stage: None).video

    return film


class TestFilm:
    def test_silent_film_shows_the_photo_from_the_first_frame_and_meets_platform_floors(self, filmed: Filmed) -> None:
        seconds = 8
        path = filmed(photographed=True, seconds=seconds)
        with av.open(str(path)) as container:
            assert {stream.type for stream in container.streams} == {"video", "audio"}
            assert float(container.duration or 0) / 1_000_000 == pytest.approx(seconds, abs=0.05)
        assert path.stat().st_size * 8 / seconds >= 600_000
        frames = pictures(path, every=10)
        assert frames[0].std() > 10
        assert np.abs(frames[2].astype(int) - frames[-1].astype(int)).mean() > 5

    @pytest.mark.parametrize(("photographed", "seconds"), [(True, 8), (False, None)])
    def test_film_opens_with_words_and_picture_and_never_stands_still_for_long(
        self, photographed: bool, seconds: int | None, filmed: Filmed
    ) -> None:
        one = filmed(photographed=photographed, seconds=seconds)
        two = filmed(photographed=photographed, seconds=seconds, script="Warm ere now. Now $9.99.")
        frames = pictures(one)
        apart, _ = set_apart(frames[:OPENING_FRAMES], pictures(two, first=OPENING_FRAMES))
        assert apart.all()  # films that differ in their first words differ from the first frame on
        assert frames[0].std() > 10
        assert longest_still(frames) <= LONGEST_STILL

    def test_the_same_brief_gives_the_same_frames(self, filmed: Filmed) -> None:
        one, two = filmed(photographed=False, seconds=None), filmed(2, photographed=False, seconds=None)
        assert one != two
        assert (pictures(one, every=25) == pictures(two, every=25)).all()


class TestTruth:
    @pytest.mark.parametrize(("day", "said"), [(9, True), (10, True), (11, False)])
    def test_an_offer_is_said_until_it_ends_and_other_facts_always(self, day: int, said: bool) -> None:
        brief = catalog_pb2.Brief(
            product=catalog_pb2.Product(offer=catalog_pb2.Offer(text="15% off", code="TARN15", ends="2026-03-10")),
            understanding=catalog_pb2.Understanding(
                facts=[
                    catalog_pb2.Fact(text="15% off all week", role="offer", source="offer"),
                    catalog_pb2.Fact(text="Keeps tea hot", role="benefit", source="description"),
                ]
            ),
        )
        material = script_material(brief, datetime.date(2026, 3, day))
        assert ("15% off all week" in [fact.text for fact in material.facts]) is said
        assert "Keeps tea hot" in [fact.text for fact in material.facts]
        assert material.code == ("TARN15" if said else "")

    def test_words_of_a_silent_film_are_shown_without_character_references(self) -> None:
        assert [word.text for word in silent_words("Our R&amp;D team")] == ["Our", "R&D", "team"]
