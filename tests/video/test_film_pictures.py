"""What a film shows of a product without a photo: a drawing in its own colours, and a place that suits its trade."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from services.media import model_files, panoramas
from services.media.colour import Colour, contrast
from services.media.places import places, places_for
from services.media.skia import skia
from services.video.domain import AspectRatio, ProductFacts, VideoBrief, VideoKind
from services.video.product.parts import Price, parts_of
from services.video.product.shots import shots
from services.video.product.storyboard import silent_words, storyboard
from services.video.providers.local.product import looks
from services.video.providers.local.product.film import ProductFilm
from services.video.providers.local.product.layers import NEARER
from services.video.providers.local.product.ornaments import STANDING, drawing_layers, ornament
from services.video.providers.local.product.said_things import said_thing
from services.video.providers.local.product.standing_product import product_layers
from services.video.providers.local.product_picture import ProductPicture, TradeDrawing, product_picture
from services.video.providers.local.stage import Stage
from services.video.providers.local.strokes import rgb_of, surface_of

WHITE, RED = Colour.of("#ffffff"), Colour.of("#c81e1e")


@pytest.fixture
def drawings() -> Path:
    try:
        return model_files.model_path(model_files.DRAWINGS)
    except model_files.ModelMissing:
        pytest.skip("the drawings are not installed")


def drawn(path: Path, name: str, colour: Colour) -> np.ndarray:
    pixels = np.full((200, 200, 4), 255, np.uint8)
    TradeDrawing(path=path, name=name).draw(surface_of(pixels).getCanvas(), 100, 100, 160, (colour,), behind=WHITE)
    return rgb_of(pixels).astype(int)


def test_a_drawing_has_its_own_colours_and_an_article_of_any_colour_the_brands(drawings: Path) -> None:
    lemon = drawn(drawings, "lemon", RED)
    assert (lemon == drawn(drawings, "lemon", Colour.of("#1e40c8"))).all()
    shown = (lemon.max(axis=-1) - lemon.min(axis=-1)) > 60
    assert (lemon[..., 1] - lemon[..., 2])[shown].mean() > 40  # yellow, not the brand's red
    assert np.abs(drawn(drawings, "thread", RED) - drawn(drawings, "thread", Colour.of("#1e40c8"))).max() > 60


def test_a_film_shows_the_thing_that_the_products_name_says(brief: VideoBrief, models: Path, drawings: Path) -> None:
    bare = replace(
        brief, product_photo=None, product_name="The Wexbury walking umbrella", description="", brand_name=""
    )
    known = replace(bare, facts=ProductFacts(language="en"))
    assert [known_drawing(each, models) for each in (known, replace(known, product_name="The Wexbury"))] == [
        "umbrella",
        "",
    ]


def known_drawing(brief: VideoBrief, models: Path) -> str:
    drawing = product_picture(brief, models, []).drawing
    return drawing.name if drawing is not None else ""


def test_a_drawing_is_seen_in_every_shot_and_stands_otherwise_at_each_cut(
    brief: VideoBrief, models: Path, drawings: Path
) -> None:
    words = silent_words(
        "A first line of it. No fee, no deposit, no wait. It costs $9 a day. Up to 60 litres of it. It plans your week "
        "ahead for you. And so you have some time for yourself. That is what it is for. Come and see."
    )
    bare = replace(brief, product_photo=None, product_name="Umbrella", kind=VideoKind.PRODUCT, brand_name="")
    scenes = storyboard(
        parts_of(words, price=Price(now=9.0)), shows={"drawing"}, until=words[-1].end, seconds=None, seed="a"
    )
    drawing = TradeDrawing(path=drawings, name="umbrella")
    film = ProductFilm(bare, ProductPicture(drawing=drawing, shows=frozenset({"drawing"})), None, scenes, None)
    places = []
    for scene in scenes[:-1]:
        layers = product_layers(film.stage, scene, film.look.of(scene.shot.ground))
        (shown,) = (layer for layer in layers if layer.grow or layer.sway)
        seen = shown.image.toarray()[..., 3].max(axis=1) > 60
        top = shown.y + (int(np.argmax(seen)) - shown.height / 2) * (1 + shown.grow)
        assert top >= film.stage.places.low[1] - 2, scene.shot.id  # clear of the texts
        places.append((round(shown.x), round(shown.y), round(shown.width)))
    assert all(before != after for before, after in pairwise(places))
    assert {shot.id for shot in shots() if not shot.needs and shot.product not in ("", "end")} <= set(STANDING)


@pytest.mark.parametrize("ratio", list(AspectRatio))
def test_texts_alone_fill_the_frame_and_shapes_stay_clear_of_them(brief: VideoBrief, ratio: AspectRatio) -> None:
    bare = replace(
        brief, product_photo=None, kind=VideoKind.PRODUCT, brand_name="", aspect_ratio=ratio, product_name="Hale day"
    )
    words = silent_words("A first line of it. It plans your week ahead for you. And so you have some time. See it.")
    scenes = storyboard(parts_of(words), shows=(), until=words[-1].end, seconds=None, seed="a")
    film = ProductFilm(bare, ProductPicture(), None, scenes, None)
    for scene in scenes[:-1]:
        tone = film.look.of(scene.shot.ground)
        made = film._made(scene, is_captioned=scene.shot.captions)
        shapes = product_layers(film.stage, scene, tone)
        if ratio is not AspectRatio.PORTRAIT:
            assert not shapes
            if scene.shot.text == "words":
                lowest = max(layer.y + layer.height / 2 for layer in made.layers)
                assert lowest > film.height * 0.6, scene.shot.id
            continue
        (shape,) = shapes
        top = shape.y - shape.height / 2 * (1 + shape.grow) * (1 + NEARER)
        assert top >= film.stage.places.low[1] - 1, scene.shot.id


def test_shapes_are_of_one_kind_in_a_film(brief: VideoBrief) -> None:
    bare = replace(brief, product_photo=None, kind=VideoKind.PRODUCT, aspect_ratio=AspectRatio.PORTRAIT)
    words = silent_words("A first line of it.")
    scenes = storyboard(parts_of(words), shows=(), until=words[-1].end, seconds=None, seed="a")
    kinds = []
    for seed in map(str, range(8)):
        film = ProductFilm(replace(bare, seed=seed), ProductPicture(), None, scenes, None)
        tone = film.look.of("deep")
        drawn = [ornament(film.stage, shot.id, tone).image.toarray()[..., 3] > 128 for shot in shots()[:6]]
        assert all(np.mean(each ^ drawn[0]) < 0.02 or np.mean(each ^ drawn[0][:, ::-1]) < 0.02 for each in drawn), seed
        kinds.append(drawn[0])
    assert any(np.mean(each ^ kinds[0]) > 0.05 and np.mean(each ^ kinds[0][:, ::-1]) > 0.05 for each in kinds)


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("We carry 1,400 parts in the van.", "mdi.van-utility"),
        ("It covers up to five sheep.", "ewe"),
        ("We do not take birds.", ""),
        ("Big teams won't come for six sheep.", ""),
        ("Book with us.", ""),
        ("All of it by Friday.", ""),
    ],
)
def test_a_shot_shows_a_thing_that_its_words_surely_name(text: str, thing: str) -> None:
    known = ProductFacts(language="en-GB", kind="service")
    assert said_thing(text, known) == thing
    assert said_thing(text, replace(known, sensitive=frozenset({"health"}))) == ""
    assert said_thing(text, replace(known, kind="cause")) == ""


def test_a_film_draws_what_a_shot_names_and_ends_with_what_several_name(brief: VideoBrief, drawings: Path) -> None:
    bare = replace(
        brief, product_photo=None, kind=VideoKind.PRODUCT, aspect_ratio=AspectRatio.PORTRAIT, brand_name="",
        facts=ProductFacts(language="en"),
    )  # fmt: skip
    words = silent_words(
        "We only do small flocks. It covers up to five sheep. We plan your week ahead for you. See it."
    )
    scenes = storyboard(parts_of(words), shows=(), until=words[-1].end, seconds=None, seed="a")
    film = ProductFilm(bare, ProductPicture(things=drawings), None, scenes, None)
    shown = [film._stage_of(scene, is_captioned=False).picture.drawing for scene in scenes]
    assert [drawing.name if drawing else "" for drawing in shown[:3]] == ["", "ewe", ""]
    assert film.end_card.stage.picture.drawing is None
    twice = silent_words("We only do small flocks. It covers up to five sheep. Trims the feet of your sheep. See it.")
    scenes = storyboard(parts_of(twice), shows=(), until=twice[-1].end, seconds=None, seed="a")
    drawing = ProductFilm(bare, ProductPicture(things=drawings), None, scenes, None).end_card.stage.picture.drawing
    assert drawing is not None
    assert drawing.name == "ewe"


@pytest.mark.parametrize("colours", [("#f2c230", "#1d3a6b"), ("#16464a", "#f4d34a", "#ffffff"), ("#101010",), ()])
def test_an_article_has_one_colour_in_a_film_that_is_seen_on_every_ground(colours: tuple[str, ...]) -> None:
    look = looks.look_of(colours, "a")
    seen = min(contrast(look.article, look.of(name).ground) for name in ("brand", "deep", "paper"))
    others = (
        tone.second for tone in (look.of("brand"), look.of("deep"), look.of("paper")) if tone.second.chroma > 0.04
    )
    best = max((min(contrast(ink, look.of(name).ground) for name in looks.FLAT) for ink in others), default=0.0)
    assert seen >= best
    assert seen > 1.05


def test_shots_draw_an_article_in_the_colour_of_the_film(brief: VideoBrief, drawings: Path) -> None:
    bare = replace(brief, product_photo=None, kind=VideoKind.PRODUCT, brand_colours=("#f2c230", "#1d3a6b"))
    words = silent_words("A first line of it. It plans your week ahead. And some more for you.")
    scenes = storyboard(parts_of(words), shows={"drawing"}, until=words[-1].end, seconds=None, seed="a")
    pictured = ProductPicture(drawing=TradeDrawing(path=drawings, name="shorts"), shows=frozenset({"drawing"}))
    film = ProductFilm(bare, pictured, None, scenes, None)
    colours = []
    for ground in looks.FLAT:
        (shown,) = drawing_layers(film.stage, scenes[0], film.look.of(ground))
        pixels = shown.image.toarray(colorType=skia.kRGBA_8888_ColorType).reshape(-1, 4).astype(int)
        colours.append(np.median(pixels[pixels[:, 3] > 250], axis=0)[:3])
    assert np.ptp(colours, axis=0).max() < 40


class TestPlace:
    facts = ProductFacts(trade="tailoring", sector="fashion", kind="service", confidence="sure", language="en")

    @pytest.fixture(autouse=True)
    def installed(self, models: Path) -> None:
        names = places_for(trade="tailoring", sector="fashion", confidence="sure", sensitive=())
        if not all((models / panoramas.file_name(places().places[name].panorama)).is_file() for name in names):
            pytest.skip("the panoramas are not installed")

    def test_only_a_certain_trade_has_a_place(self, brief: VideoBrief, models: Path) -> None:
        bare = replace(brief, product_photo=None)
        assert product_picture(replace(bare, facts=self.facts), models, []).place is not None
        for facts in (ProductFacts(), replace(self.facts, confidence="unsure"), replace(self.facts, sector="")):
            assert product_picture(replace(bare, facts=facts), models, []).place is None

    @pytest.mark.parametrize("colour", ["#ffd400", "#6f4e37", "#0f766e", "#d4d4d8", "#39ff14"])
    def test_what_is_written_on_a_place_is_read_and_the_place_is_seen(
        self, brief: VideoBrief, models: Path, colour: str
    ) -> None:
        place = product_picture(replace(brief, product_photo=None, facts=self.facts), models, []).place
        tone = looks.look_of((colour,), "a").of("deep")
        ground = looks.place_ground(place, tone, 180, 320, "a").toarray()[..., 2::-1].reshape(-1, 3)
        brightest = Colour(*(np.percentile(ground, 99.5, axis=0) / 255))
        assert contrast(tone.ink, brightest) >= 4.5
        assert np.ptp(np.percentile(ground.mean(axis=-1), (5, 95))) > 8


def test_card_without_a_picture_is_no_larger_than_its_texts(brief: VideoBrief) -> None:
    def box(price: str | None, picture: bool) -> tuple[float, float, float, float]:
        made = replace(brief, aspect_ratio=AspectRatio.SQUARE, price=price)
        pixels = np.zeros((80, 60, 4), np.uint8)
        return Stage(made, product=pixels if picture else None, logo=None).card_box

    x, y, width, height = box("9.50", picture=True)
    for price, share in (("9.50", 0.8), (None, 0.6)):
        left, top, wide, low = box(price, picture=False)
        assert (left, wide) == (x, width)
        assert low < share * width
        assert top + low / 2 == pytest.approx(y + height / 2)
    assert box("9.50", picture=False)[3] > box(None, picture=False)[3]
