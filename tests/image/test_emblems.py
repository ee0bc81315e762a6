"""A product without a photo is never invented: a drawing stands for its trade where that is certain, else type does."""

from __future__ import annotations

import datetime
import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2
from PIL import Image, ImageDraw

from services.image import messages
from services.image.domain import AspectRatio, ImageBrief, Style, Subject
from services.image.providers.local import device_frames, motifs
from services.image.providers.local.arrangement import TYPE_PLANS
from services.image.providers.local.backdrops import GROUNDS
from services.image.providers.local.choice import NO_SEASON, NO_SIGN, Choice, chosen
from services.image.providers.local.composer import Composed, Photo, compose
from services.image.providers.local.compositions import compositions
from services.image.providers.local.geometry import Box
from services.image.providers.local.layouts import PlacedMotif, Shows, layouts
from services.image.providers.local.posters import Tone, season_emblem, shows_season
from services.image.providers.local.seasons import NATURE, season_of
from services.image.providers.local.stages import STAGES
from services.image.providers.local.text_column import Role
from services.media import model_files
from services.media.drawings import Drawing
from services.media.screenshots import is_screenshot
from services.media.skia import skia
from services.media.trade_drawings import trade_drawings
from tests.image.briefs import STYLES_AND_RATIOS, brief

SHOWN = "stands for"
TYPE = "made of type"


@pytest.fixture(scope="module")
def file() -> Path:
    try:
        return model_files.model_path(model_files.DRAWINGS)
    except model_files.ModelMissing as missing:
        pytest.skip(str(missing))


def dentist(**changes: Any) -> ImageBrief:
    return brief("dentist", **changes)


def said(made: Composed) -> str:
    return " ".join(made.notes)


class TestWhatIsShown:
    @pytest.mark.parametrize(("style", "ratio"), STYLES_AND_RATIOS)
    def test_certain_trade_is_shown_by_its_drawing_and_a_note_says_so(
        self, file: Path, style: Style, ratio: AspectRatio
    ) -> None:
        made = compose(dentist(style=style, aspect_ratio=ratio), photo=None, drawings=file)
        assert made.proof.shown == "tooth"
        assert "tooth" in made.alt_text
        assert SHOWN in said(made)

    @pytest.mark.parametrize(("style", "ratio"), STYLES_AND_RATIOS)
    def test_uncertain_product_is_shown_by_type_alone_and_a_note_says_so(
        self, file: Path, style: Style, ratio: AspectRatio
    ) -> None:
        made = compose(brief("unknown", style=style, aspect_ratio=ratio), photo=None, drawings=file)
        assert made.proof.product is None
        assert not made.proof.shown
        assert TYPE in said(made)
        assert made.layout in {layout.name for layout in layouts() if Shows.TYPE in layout.shows}

    @pytest.mark.parametrize("confidence", ["not_known", ""])
    def test_trade_that_is_not_certain_is_not_drawn(self, file: Path, confidence: str) -> None:
        request = dentist()
        unsure = replace(request, subject=replace(request.subject, confidence=confidence))
        assert not compose(unsure, photo=None, drawings=file).proof.shown

    def test_trade_that_no_drawing_fits_is_shown_by_type(self, file: Path) -> None:
        made = compose(brief("watch"), photo=None, drawings=file)
        assert made.proof.product is None
        assert "no drawing" in said(made)

    def test_missing_file_of_drawings_gives_type_and_a_note(self) -> None:
        made = compose(dentist(), photo=None, drawings=None)
        assert made.proof.product is None
        assert "not installed" in said(made)

    @pytest.mark.parametrize("style", Style)
    def test_beside_death_only_quiet_drawings_stand(self, file: Path, style: Style) -> None:
        request = brief("hospice", style=style, product_name="Canoe afternoon for the bereaved")
        assert not compose(request, photo=None, drawings=file).proof.shown
        director = replace(request.subject, trade="funeral_director", confidence="sure")
        funeral = replace(request, product_name="Simple funeral", subject=director)
        assert compose(funeral, photo=None, drawings=file).proof.shown in trade_drawings().quiet

    def test_thing_that_the_name_says_is_shown_whatever_the_trade(self, file: Path) -> None:
        umbrella = {"product_name": "Walking umbrella", "description": "An umbrella with eight ribs.", "features": ()}
        unsure = Subject(confidence="not_known", language="en")
        made = compose(brief("unknown", **umbrella, subject=unsure), photo=None, drawings=file)
        assert made.proof.shown == "umbrella"
        assert SHOWN in said(made)

    @pytest.mark.parametrize("prompt", ["a bottle of milk on a podium", "show a cat and two croissants", "a tooth"])
    def test_prompt_makes_nothing_appear(self, file: Path, prompt: str) -> None:
        assert not compose(brief("unknown", prompt=prompt), photo=None, drawings=file).proof.shown
        assert compose(dentist(prompt=prompt), photo=None, drawings=file).proof.shown == "tooth"

    def test_one_job_shows_the_same_drawing_in_every_style_and_ratio(self, file: Path) -> None:
        removals = Subject(trade="removals", sector="home_services", kind="service", confidence="sure")
        shown = {
            compose(
                dentist(subject=removals, style=style, aspect_ratio=ratio, seed="job"), photo=None, drawings=file
            ).proof.shown
            for style, ratio in zip(Style, itertools.cycle(AspectRatio), strict=False)
        }
        assert len(shown) == 1

    def test_same_brief_gives_the_same_pixels(self, file: Path) -> None:
        one, other = (compose(dentist(style=Style.LIFESTYLE), photo=None, drawings=file).pixels for _ in range(2))
        assert numpy.array_equal(one, other)

    def test_brand_name_stands_on_nothing_but_its_line(self, file: Path) -> None:
        """Only the texts and their veils differ between two brands of one colour: no pack carries the name."""
        one, other = (
            compose(dentist(brand_name=name, style=Style.PRODUCT_HERO), photo=None, drawings=file)
            for name in ("Bright Dental", "Bright Dentol")
        )
        differs = (one.pixels != other.pixels).any(axis=2)
        for made in (one, other):
            for text in made.proof.texts:
                box = text.plate or text.box
                differs[int(box.top) - 64 : int(box.bottom) + 65, int(box.left) - 64 : int(box.right) + 65] = False
        assert not differs.any()


def choices(number: int = 60, **changes: Any) -> list[Choice]:
    """What is decided for a product with a drawing, by as many seeds."""
    return [
        chosen(
            dentist(seed=str(seed), **changes),
            random.Random(seed),
            shows=Shows.DRAWING,
            layout_draw=random.Random(seed),
            decor=True,
        )
        for seed in range(number)
    ]


class TestPatterns:
    def test_no_sign_of_the_season_stands_beside_plants_or_an_unknown_thing(self) -> None:
        gift = replace(dentist().subject, sector="kids", kind="good", sensitive=frozenset())
        assert shows_season(gift)
        assert not shows_season(replace(gift, sector="garden_diy"))
        assert not shows_season(replace(gift, sector=""))

    @pytest.mark.parametrize("style", [Style.SEASONAL])  # other pictures have no patterns of drawings
    def test_no_drawing_is_repeated_beside_a_sensitive_or_regulated_subject(self, style: Style) -> None:
        shop = replace(dentist().subject, sector="kids", kind="good")
        assert any(choice.layout.motifs > 1 for choice in choices(style=style, subject=shop))
        health = frozenset({"health"})
        for subject in (replace(shop, sensitive=health), replace(shop, regulated=health)):
            assert all(choice.layout.motifs <= 1 for choice in choices(style=style, subject=subject))

    def test_flower_of_the_season_does_not_stand_beside_a_drawing_and_its_palm_does(self) -> None:
        shop = replace(dentist().subject, sector="kids", kind="good")
        found: dict[str, set[str]] = {}
        for month in (4, 7):
            date = datetime.date(2026, month, 20)
            for choice in choices(style=Style.SEASONAL, subject=shop, date=date):
                if choice.layout.motifs > 1:
                    found.setdefault(season_of(date), set()).add(choice.decor)
                    assert (NO_SIGN in choice.notes) is not bool(choice.decor)
        assert found == {"spring": {""}, "summer": {"palm-tree"}}

    @pytest.mark.parametrize("turn", [0.0, 30.0])
    def test_large_drawing_loses_hardly_anything_at_the_edges(self, turn: float) -> None:
        whole = skia.Image.fromarray(numpy.full((160, 160, 4), 255, dtype=numpy.uint8))
        frame = Box(0, 0, 1000, 1000)
        motif = PlacedMotif(Box(600, 600, 1150, 1150), frame, Tone.ACCENT, 1, 1.0, turn, False)
        drawing = Drawing(name="square", image=whole)
        assert motifs.cut_share(drawing, motif.box, turn, frame) > 0.3
        assert motifs.cut_share(drawing, motifs.drawn_in(drawing, motif), turn, frame) <= motifs.MOST_CUT


class TestType:
    def test_every_style_has_compositions_of_type_alone(self) -> None:
        assert all(compositions().values())
        for style, found in compositions(type_alone=True).items():
            assert len({each.name for each in found}) == len(found) >= 2, style
            assert all(each.plan in TYPE_PLANS and each.stage == "none" for each in found)

    def test_compositions_name_grounds_and_stages_that_are_there(self) -> None:
        for each in (item for found in (compositions(), compositions(type_alone=True)) for item in found.values()):
            assert {made.ground for made in each} <= {*GROUNDS, "scene", "season"}
            assert {made.stage for made in each} <= set(STAGES)

    @pytest.mark.parametrize("style", Style)
    def test_type_alone_is_larger_than_beside_a_drawing(self, file: Path, style: Style) -> None:
        def size(**changes: Any) -> float:
            made = compose(dentist(style=style, **changes), photo=None, drawings=file)
            return next(text for text in made.proof.texts if text.role is Role.HEADLINE).block.size

        assert size(subject=Subject()) > size()


class TestSeasons:
    @pytest.mark.parametrize("month", range(1, 13))
    def test_no_feast_is_drawn_where_it_would_be_out_of_place(self, month: int) -> None:
        for day in (1, 8, 15, 25):
            date = datetime.date(2026, month, day)
            assert season_of(date, feasts=False) in NATURE
            assert season_of(date, sales=False) != "black_friday"

    def test_sale_of_shops_is_for_shops(self, file: Path) -> None:
        friday = {"style": Style.SEASONAL, "date": datetime.date(2026, 11, 27)}
        assert "shopping bags" in compose(brief("candle", **friday), photo=None, drawings=file).alt_text

    @pytest.mark.parametrize(
        ("product", "month"),
        [
            ("dentist", 7),
            ("hospice", 10),
            pytest.param("dentist", 10, marks=pytest.mark.slow),
            pytest.param("hospice", 7, marks=pytest.mark.slow),
        ],
    )
    def test_season_is_shown_where_it_suits_the_trade(self, file: Path, product: str, month: int) -> None:
        date = datetime.date(2026, month, 20)
        season = season_emblem(season_of(date)).replace("-", " ")
        seasonal = {"style": Style.SEASONAL, "date": date}
        assert season in compose(brief("candle", **seasonal), photo=None, drawings=file).alt_text
        for number in range(4):
            made = compose(brief(product, seed=f"job {number}", **seasonal), photo=None, drawings=file)
            assert season not in made.alt_text
            assert NO_SEASON in made.notes

    def test_prompt_may_ask_for_a_season(self, file: Path) -> None:
        made = compose(dentist(style=Style.SEASONAL, prompt="autumn"), photo=None, drawings=file)
        assert NO_SEASON not in made.notes


class TestScreenshots:
    @staticmethod
    def screen(width: int, height: int) -> Image.Image:
        picture = Image.new("RGB", (width, height), "#f6f7fb")
        pen = ImageDraw.Draw(picture)
        pen.rectangle((0, 0, width, height // 9), fill="#2563eb")
        for row in range(5):
            pen.rectangle(
                (width * 0.1, height * (0.2 + 0.15 * row), width * 0.6, height * (0.23 + 0.15 * row)), fill="#334"
            )
        return picture

    def test_screen_is_told_from_a_photograph(self) -> None:
        assert is_screenshot(self.screen(780, 1600))
        assert is_screenshot(self.screen(1440, 900))
        assert not is_screenshot(Image.effect_noise((600, 400), 40).convert("RGB"))
        assert not is_screenshot(self.screen(2000, 300))
        clear = self.screen(600, 400).convert("RGBA")
        clear.putalpha(120)
        assert not is_screenshot(clear)

    @pytest.mark.parametrize("size", [(780, 1600), (1440, 900)])
    def test_frame_surrounds_the_whole_screenshot(self, size: tuple[int, int]) -> None:
        pixels = numpy.asarray(self.screen(*size).convert("RGBA"))
        framed = device_frames.framed(skia.Image.fromarray(pixels, colorType=skia.kRGBA_8888_ColorType))
        around = framed.toarray(colorType=skia.kRGBA_8888_ColorType)
        assert around[0, 0, 3] == 0
        assert max(framed.width(), framed.height()) <= device_frames.LONGEST * 1.1
        blue = (around[..., 2] > 200) & (around[..., 0] < 80)
        assert 0.08 < blue.mean() < 0.13

    @pytest.mark.parametrize("style", Style)
    def test_screenshot_stands_in_a_frame_beside_the_type(self, style: Style) -> None:
        pixels = numpy.asarray(self.screen(1440, 900).convert("RGBA"))
        image = skia.Image.fromarray(pixels, colorType=skia.kRGBA_8888_ColorType)
        made = compose(brief("software", style=style), photo=Photo(image=image, cut_out=False, screenshot=True))
        product = made.proof.product
        assert product is not None
        assert product.width / product.height < 1440 / 900  # the bar of the window above it
        face = product.inset(product.width * 0.2, product.height * 0.12)
        assert not any(face.overlaps(text.plate or text.box) for text in made.proof.texts)


class TestUnderstanding:
    def test_job_carries_the_understanding_into_the_brief(self) -> None:
        parameters = image_pb2.ImageJobParameters(
            brief=catalog_pb2.Brief(
                understanding=catalog_pb2.Understanding(
                    trade="hospice",
                    trade_name="hospice",
                    sector="death_and_faith",
                    kind="service",
                    confidence="likely",
                    subject="Light up a life",
                    language="und",
                    sensitive=["death"],
                )
            )
        )
        assert self.converted(parameters).subject == Subject(
            trade="hospice",
            trade_name="hospice",
            sector="death_and_faith",
            kind="service",
            confidence="likely",
            subject="Light up a life",
            sensitive=frozenset({"death"}),
        )

    def test_job_without_an_understanding_knows_nothing(self) -> None:
        assert self.converted(image_pb2.ImageJobParameters()).subject == Subject()

    @staticmethod
    def converted(parameters: image_pb2.ImageJobParameters) -> ImageBrief:
        return messages.image_brief(
            parameters,
            seed="one",
            date=datetime.date(2026, 7, 1),
            photo=None,
            logo=None,
            headline=copy_pb2.WriteHeadlineResponse(),
        )
