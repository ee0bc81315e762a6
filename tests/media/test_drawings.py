"""Pictograms are found, rendered the same each time, in the colour asked for; the table of trades is complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy
import pytest

from services.catalog.understanding.taxonomy import KINDS, SENSITIVE, Trade, read_trades
from services.media import drawings, model_files
from services.media.colour import Colour
from services.media.drawing_choice import GOODS, drawing_for
from services.media.drawing_files import drawing_file
from services.media.objects import objects
from services.media.signs import is_sign
from services.media.skia import skia
from services.media.trade_drawings import NO_JOKES, read_table, trade_drawings

PERSON = re.compile(r"\b(?:man|woman|person|people|boy|girl|baby|face|hand|hands|fist|flag)\b")
TEAL = Colour.of("#0f8b7d")
OBJECTS = {
    "baby-bottle",
    "baby-chick",
    "flag-in-hole",
    "mdi.baby-carriage",
}  # things for babies, a bird, a golf course's


@pytest.fixture(scope="module")
def path() -> Path:
    try:
        return model_files.model_path(model_files.PICTOGRAMS)
    except model_files.ModelMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def trades() -> list[Trade]:
    return read_trades()


def choose(**changes: Any) -> str:
    fields: dict[str, Any] = {
        "trade": "dentist",
        "sector": "health",
        "kind": "service",
        "confidence": "sure",
        "sensitive": (),
        "subject": "",
        "language": "en",
        "seed": "one",
    }
    return drawing_for(**(fields | changes))


class TestTable:
    def test_every_trade_of_the_taxonomy_has_a_list_in_its_sector(self, trades: list[Trade]) -> None:
        listed = {(sector, trade) for sector, table in trade_drawings().trades.items() for trade in table}
        assert listed == {(trade.sector, trade.id) for trade in trades}

    def test_sectors_of_words_and_fallbacks_are_those_of_the_taxonomy(self, trades: list[Trade]) -> None:
        sectors = {trade.sector for trade in trades}
        assert set(trade_drawings().words) <= sectors
        assert set(trade_drawings().sectors) <= sectors

    def test_subjects_and_kinds_are_those_of_the_taxonomy(self) -> None:
        assert set(SENSITIVE) >= NO_JOKES
        assert set(KINDS) >= GOODS

    def test_sensitive_trades_have_quiet_drawings_only(self, trades: list[Trade]) -> None:
        table = trade_drawings()
        loud = {
            trade.id: set(table.trades[trade.sector][trade.id]) - table.quiet
            for trade in trades
            if NO_JOKES & set(trade.sensitive)
        }
        assert {trade: names for trade, names in loud.items() if names} == {}

    def test_drawings_of_any_colour_and_those_ruled_out_are_in_the_table(self) -> None:
        table = trade_drawings()
        assert table.any_colour <= table.names | set(objects().things)
        assert set(table.ruled_out) <= table.names | set(objects().things)

    def test_food_plants_animals_and_fire_keep_their_colours(self) -> None:
        kept = {
            "bread",
            "bouquet",
            "candle",
            "dog",
            "fire",
            "fish",
            "hamburger",
            "house",
            "leafy-green",
            "tooth",
            "wood",
        }
        assert kept <= trade_drawings().names - trade_drawings().any_colour

    def test_no_drawing_shows_a_person_or_a_flag(self) -> None:
        names = trade_drawings().names | set(objects().things)
        shown = {name for name in names if PERSON.search(name.replace("-", " "))}
        assert shown <= OBJECTS

    def test_every_drawing_exists_in_the_package(self, path: Path) -> None:
        table = trade_drawings()
        assert {name for name in table.names | table.quiet if not is_sign(name)} <= drawing_file(path).names

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("quiet = []", "parts"),
            ("[trades.a]\nx = []\n[trades.b]\nx = []", "two sectors"),
            ('[trades.a]\nx = ["a", "b", "c", "d", "e"]', "more than 4"),
            ('[trades.a]\nx = ["a", "a"]', "one twice"),
            ('[trades.a]\n[words.a]\nBread = "bread"', "lower case"),
        ],
    )
    def test_table_that_breaks_its_schema_is_refused(self, text: str, message: str) -> None:
        rest = "any_colour = []\nquiet = []\nunfit = []\n[ruled_out]\n[sectors]\n"
        missing = "".join(f"[{part}]\n" for part in ("words", "trades") if f"[{part}" not in text)
        whole = f"{rest}{missing}{text}" if text.startswith("[") else text
        with pytest.raises(ValueError, match=message):
            read_table(whole)


class TestChoice:
    def test_trade_has_its_drawing(self) -> None:
        assert choose() == "tooth"

    @pytest.mark.parametrize("confidence", ["not_known", ""])
    def test_uncertain_trade_has_none(self, confidence: str) -> None:
        assert choose(confidence=confidence) == ""

    def test_trade_that_nothing_fits_has_none(self) -> None:
        assert choose(trade="physiotherapy") == ""

    def test_unknown_trade_of_a_sector_has_none_unless_one_fits_all_of_it(self) -> None:
        assert choose(trade="") == ""
        assert choose(trade="", sector="pets") == "paw-prints"

    def test_words_of_a_product_go_before_its_trade(self) -> None:
        bakery = {"trade": "bakery", "sector": "food_drink", "kind": "food"}
        assert choose(**bakery, subject="Butter croissants") == "croissant"
        assert choose(**bakery, subject="Rye rolls") == "bread"

    def test_head_of_the_words_decides(self) -> None:
        chocolate = {"trade": "chocolate_sweets", "sector": "food_drink", "kind": "food"}
        assert choose(**chocolate, subject="Honey chocolate") == "chocolate-bar"
        assert choose(**chocolate, subject="Chocolat au miel", language="fr") == "chocolate-bar"
        assert choose(**chocolate, subject="Miel de acacia", language="es") == "honey-pot"

    def test_words_of_another_sector_do_not_count(self) -> None:
        bag = {"trade": "bags", "sector": "fashion", "kind": "good", "confidence": "sure"}
        assert choose(**bag, name="Honey", subject="bag", description="A shoulder bag in grained leather.") == ""

    def test_word_that_rules_a_drawing_out_goes_before_the_trade(self) -> None:
        wool = {"trade": "yarn", "sector": "media_gifts", "kind": "good"}
        assert choose(**wool, subject="Sock wool") == "yarn"
        assert choose(**wool, subject="Crochet starter kit") == ""
        assert choose(**wool, subject="Häkelgarn", language="de") == ""
        assert choose(**wool, subject="Crocheted") == ""

    def test_drawing_that_looks_like_an_icon_stands_for_nothing(self) -> None:
        shop = {"sector": "media_gifts", "kind": "good", "trade": "", "confidence": "likely"}
        assert choose(**shop, subject="Handmade envelopes") == ""
        assert not trade_drawings().may_stand("envelope", said="", sensitive=())
        assert trade_drawings().may_stand("bread", said="", sensitive=())

    def test_trade_whose_goods_look_unlike_has_no_drawing_of_one_of_them(self) -> None:
        photos = {"trade": "photo_products", "sector": "media_gifts", "kind": "good"}
        assert choose(**photos, subject="Layflat photo book") == ""
        assert choose(**photos, subject="Oak picture frame") == "framed-picture"

    @pytest.mark.parametrize("subject", sorted(NO_JOKES))
    def test_sensitive_subject_takes_quiet_drawings_only(self, subject: str) -> None:
        assert choose(sensitive=(subject,)) == ""
        assert choose(trade="funeral_director", sector="death_and_faith", sensitive=(subject,)) == "candle"

    def test_same_seed_gives_the_same_drawing_and_others_give_others(self) -> None:
        removals = {"trade": "removals", "sector": "home_services"}
        assert choose(**removals, seed="7") == choose(**removals, seed="7")
        assert {choose(**removals, seed=str(number)) for number in range(20)} == {"package", "delivery-truck"}


@pytest.fixture(scope="module")
def shaded() -> Path:
    try:
        return model_files.model_path(model_files.DRAWINGS)
    except model_files.ModelMissing as missing:
        pytest.skip(str(missing))


class TestTones:
    TONES = drawings.Tones(dark=Colour.of("#1d2b53"), middle=Colour.of("#e8505b"), light=Colour.of("#ffe9d6"))

    def test_every_drawing_of_the_table_exists(self, shaded: Path) -> None:
        table = trade_drawings()
        assert {name for name in table.names | table.quiet if not is_sign(name)} <= drawing_file(shaded).names

    def test_ramp_goes_from_the_dark_over_the_middle_to_the_light_tone(self) -> None:
        ramp = self.TONES.ramp()
        assert ramp.shape == (drawings.TONES, 3)
        for index, tone in ((0, self.TONES.dark), (drawings.TONES // 2, self.TONES.middle), (-1, self.TONES.light)):
            wanted = [round(channel * 255) for channel in (tone.red, tone.green, tone.blue)]
            assert abs(ramp[index].astype(int) - wanted).max() <= 3

    @staticmethod
    def pixels(drawing: drawings.Drawing) -> Any:
        """Opaque pixels, as rows of three bytes."""
        shown = drawing.image.toarray(colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType)
        return shown[shown[..., 3] == 255][:, :3].astype(int)

    def test_coloured_parts_take_the_tones_and_most_of_their_range(self, shaded: Path) -> None:
        solid = {tuple(pixel) for pixel in self.pixels(drawings.render_toned(shaded, "key", self.TONES)).tolist()}
        known = [tuple(colour) for colour in self.TONES.ramp().tolist()]
        assert solid <= set(known)
        places = [known.index(colour) for colour in solid]
        assert max(places) - min(places) > drawings.TONES * 0.6

    def test_white_grey_and_black_parts_stay(self, shaded: Path) -> None:
        own = self.pixels(drawings.render_own(shaded, "running-shoe"))
        toned = self.pixels(drawings.render_toned(shaded, "running-shoe", self.TONES))
        neutral = (own.min(axis=1) > 120) & (own.max(axis=1) - own.min(axis=1) < 20)
        assert neutral.sum() > 1000
        assert abs(own[neutral] - toned[neutral]).max() <= 1
        assert (abs(own - toned) > 40).any()

    def test_edge_is_lost_on_its_own_colour_only(self, shaded: Path) -> None:
        lemon = drawings.render_own(shaded, "lemon")
        assert drawings.blending(lemon, Colour.of("#ffd43a"), 0.19) > 0.5
        assert drawings.blending(lemon, Colour.of("#123a8c"), 0.19) == 0

    def test_rim_surrounds_the_drawing_in_its_colour(self, shaded: Path) -> None:
        lemon = drawings.render_own(shaded, "lemon")
        made = drawings.rimmed(lemon, TEAL, 12)
        assert (made.image.width(), made.image.height()) == (lemon.image.width() + 24, lemon.image.height() + 24)
        pixels = made.image.toarray(colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType)
        row = pixels[pixels.shape[0] // 2]
        first = int((row[:, 3] == 255).argmax())
        teal = [round(channel * 255) for channel in (TEAL.red, TEAL.green, TEAL.blue)]
        assert abs(row[first + 3, :3].astype(int) - teal).max() <= 1

    def test_drawing_is_cropped_and_keeps_its_aspect(self, shaded: Path) -> None:
        made = drawings.render_toned(shaded, "candle", self.TONES)
        for edge in (made.alpha[0], made.alpha[-1], made.alpha[:, 0], made.alpha[:, -1]):
            assert edge.max() > drawings.FAINT
        assert made.aspect < 0.7

    def test_stored_file_has_no_skin_tones(self, shaded: Path) -> None:
        skin = re.compile(model_files.SKIN_TONES)
        assert not [name for name in drawing_file(shaded).names if skin.search(name)]


class TestRendering:
    def test_every_drawing_of_the_table_can_be_drawn(self, path: Path) -> None:
        for name in sorted(name for name in trade_drawings().names if not is_sign(name)):
            document = drawing_file(path).svg(name).encode()
            assert skia.SVGDOM.MakeFromStream(skia.MemoryStream(document, True)) is not None, name

    def test_drawing_is_cropped_to_what_it_shows(self, path: Path) -> None:
        made = drawings.render(path, "candle", TEAL)
        alpha = made.image.toarray(colorType=skia.kRGBA_8888_ColorType)[..., 3]
        for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]):
            assert edge.max() > drawings.FAINT
        assert max(alpha.shape) <= drawings.EDGE

    def test_pictogram_has_the_colour_asked_for_and_no_other(self, path: Path) -> None:
        pixels = drawings.render(path, "tulip", TEAL).image.toarray(colorType=skia.kRGBA_8888_ColorType)
        solid = pixels[pixels[..., 3] == 255][:, :3]
        assert {f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in numpy.unique(solid, axis=0)} == {TEAL.hex}

    def test_same_drawing_has_the_same_pixels(self, path: Path) -> None:
        one = drawings.render(path, "rose", TEAL).image.toarray()
        drawings.render.cache_clear()
        assert numpy.array_equal(one, drawings.render(path, "rose", TEAL).image.toarray())

    def test_cache_is_bounded(self) -> None:
        assert drawings.render.cache_info().maxsize == drawings.CACHED

    def test_unknown_drawing_is_a_key_error(self, path: Path) -> None:
        with pytest.raises(KeyError):
            drawings.render(path, "no-such-drawing", TEAL)


def test_edges_within_a_drawing_are_smooth(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Parts that have a filter, such as the needle of the thread, are drawn without smooth edges."""

    def drawn_hard(canvas: Any, *_: Any, size: float, **__: Any) -> None:
        corners = [skia.Point(0, 0), skia.Point(size, size * 0.37), skia.Point(0, size)]
        canvas.drawPath(skia.Path.Polygon(corners, True), skia.Paint(AntiAlias=False))

    monkeypatch.setattr(drawings, "draw_icon", drawn_hard)
    alpha = drawings._pixels(tmp_path / "drawings", "hard")[..., 3]
    drawings._pixels.cache_clear()
    assert ((alpha > 0) & (alpha < 255)).sum() > len(alpha)


def test_rim_follows_the_drawing_and_not_its_glow() -> None:
    pixels = numpy.zeros((60, 60, 4), numpy.uint8)
    pixels[20:40, 20:40, 3], pixels[20:40, 40:50, 3] = 255, 60  # a square that glows to its right
    rim = drawings.rimmed(drawings.Drawing(name="square", image=drawings._image(pixels)), Colour.of("#ffffff"), 3)
    alpha = rim.alpha
    assert alpha[33, 20] > 200  # of the rim, left of the square
    assert alpha[33, 52] < 100
