"""Product films: data that holds, scripts that quote, storyboards in time, texts inside every platform's safe zone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from adwright.video.v1 import video_pb2

from services.chassis.errors import ValidationFailed
from services.video.domain import AspectRatio, ScriptNotSpeakable, VideoBrief, VideoKind
from services.video.film_request import check_fields, script_for, why_not_renderable
from services.video.product.layouts import TEXTS, layouts, read_layouts
from services.video.product.parts import Part, Price, amount_of, parts_of
from services.video.product.safe_zones import read_zones, safe_zones
from services.video.product.shots import read_shots, shots
from services.video.product.storyboard import Scene, silent_words, storyboard
from services.video.product.writing import Fact, Material, written_script
from services.video.providers.local.product.lettering import drawable, fitted
from services.video.providers.local.rendering import RenderOrder, render
from tests.image.briefs import photo_of_a_cup
from tests.video.watching import pictures

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
        for name in TEXTS:
            x, y, width, height = getattr(layouts()[ratio], name)
            assert zone.left <= x, name
            assert x + width <= zone.right + 1e-9, name
            assert zone.top <= y, name
            assert y + height <= zone.bottom + 1e-9, name

    def test_tables_that_break_their_schema_are_refused(self) -> None:
        with pytest.raises(ValueError, match="fields"):
            read_shots('[[shot]]\nid = "x"\nsays = ["plain"]')
        with pytest.raises(ValueError, match="boxes"):
            read_layouts('["1:1"]\nbrand = [0, 0, 1, 1]')
        with pytest.raises(ValueError, match="source"):
            read_zones(
                '[[platform]]\nid="a"\nname="A"\ntop=0.1\nbottom=0.1\nleft=0\nright=0\nsource=""\nread=2026-01-01\n[rim]'
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
        assert amount_of("$1,299.00") == amount_of("1.299,00 €") == 1299.0

    def test_a_figure_keeps_what_limits_it_and_is_not_shown_when_negated(self) -> None:
        part = self.said("It holds up to 60 days of dust.")
        assert (part.says, part.value, part.items) == ("figure", "60 days", ("up to",))
        assert self.said("It does not last 60 days.").says == "plain"
        assert self.said("Call at 14 Depot Road.").says == "plain"

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
            "We sold 12345678 units of it.",
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
                check_fields(request)

    def test_a_script_longer_than_its_film_is_refused_by_what_is_said(self) -> None:
        script = "$1,299,999.99 $1,299,999.99 2026-12-31"
        request = video_pb2.GenerateVideoRequest(kind="product", seconds=6, script=script)
        with pytest.raises(ValidationFailed):
            check_fields(request)


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

    def test_every_word_can_be_read(self) -> None:
        for scene in board()[1:-1]:
            assert scene.seconds >= 0.29 * len(scene.part.words)

    def test_a_film_has_its_wanted_length_and_never_less_than_five_seconds(self) -> None:
        assert board("Cold all day.", seconds=15)[-1].end == 15
        assert board("Cold all day.")[-1].end >= 5


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
        assert script.count("Keeps tea hot") == 1

    def test_lines_that_cannot_be_said_are_passed_over(self) -> None:
        script = written_script(self.material, seconds=15, sayable=lambda line: "tea" not in line)
        assert script.startswith("Lifetime warranty")

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
            ({"kind": "product", "avatar_id": "maya"}, "avatarId"),
            ({"kind": "product", "script": "Word after word. " * 30, "seconds": 6}, "script"),
        ],
    )
    def test_what_a_kind_of_film_does_not_have_is_refused(self, fields: dict[str, Any], named: str) -> None:
        with pytest.raises(ValidationFailed) as refused:
            check_fields(video_pb2.GenerateVideoRequest(**fields))
        assert [violation.field for violation in refused.value.fields] == [named]

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


class TestFilm:
    def film(self, brief: VideoBrief, folder: Path, models: Path, **changes: Any) -> Path:
        folder.mkdir()
        made = replace(
            brief, kind=VideoKind.PRODUCT, voice_over=False, script="Cold all day. Tarn Flask. Now $9.99.", **changes
        )
        return render(RenderOrder(brief=made, folder=folder, models=models), lambda percent, stage: None).video

    def test_silent_film_shows_the_photo_from_the_first_frame_and_meets_platform_floors(
        self, brief: VideoBrief, models: Path, tmp_path: Path
    ) -> None:
        photo = photo_of_a_cup(tmp_path / "cup.png")
        path = self.film(brief, tmp_path / "a", models, product_photo=photo, seconds=6)
        with av.open(str(path)) as container:
            assert {stream.type for stream in container.streams} == {"video", "audio"}
            assert float(container.duration or 0) / 1_000_000 == pytest.approx(6, abs=0.05)
        assert path.stat().st_size * 8 / 6 >= 600_000
        frames = pictures(path, every=10)
        assert frames[0].std() > 10
        assert np.abs(frames[2].astype(int) - frames[-1].astype(int)).mean() > 5

    def test_the_same_brief_gives_the_same_frames(self, brief: VideoBrief, models: Path, tmp_path: Path) -> None:
        one, two = (self.film(brief, tmp_path / name, models) for name in ("a", "b"))
        assert (pictures(one, every=25) == pictures(two, every=25)).all()
