"""Promises of posters: the brand's own colours, legible fields, ornaments off the texts, large and stressed lines."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import numpy
import pytest

from services.image.domain import AspectRatio, Style, Subject
from services.image.providers.local import motifs, poster_fields
from services.image.providers.local.ad_text import without_repeated_price, wording
from services.image.providers.local.arrangement import Plan, arrange
from services.image.providers.local.choice import with_further
from services.image.providers.local.composer import Photo, compose
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.layouts import Layout, PlacedField, Shows, layouts
from services.image.providers.local.posters import Shape, Tone
from services.image.providers.local.scene_context import Set
from services.image.providers.local.text_column import Role
from services.media import drawings, model_files
from services.media.colour import Colour, contrast
from services.media.field_palette import Scheme, field_palette, house_colours
from services.media.skia import skia
from services.media.text_shaping import Face
from tests.image.briefs import brief

BRANDS = (
    ("#7a4b1e",),
    ("#2b6777", "#ffffff"),
    ("#3f5d2a", "#e8d9a8"),
    ("#f5c400", "#c0392b"),
    ("#808080",),
    ("#5aa9a3", "#fff4df"),
    ("#000000", "#ffffff"),
    ("#ff8a5b", "#2a2a2a"),
)
ORNAMENTS = (Shape.DISC,)


@pytest.fixture(scope="module")
def file() -> Path:
    try:
        return model_files.model_path(model_files.DRAWINGS)
    except model_files.ModelMissing as missing:
        pytest.skip(str(missing))


class TestColours:
    @pytest.mark.parametrize("brand", [*BRANDS, *(house_colours(random.Random(number)) for number in range(6))])
    @pytest.mark.parametrize("scheme", Scheme)
    def test_small_text_reads_on_ground_fields_and_button(self, brand: tuple[str, ...], scheme: Scheme) -> None:
        made = field_palette(brand, scheme)
        assert contrast(made.ink, made.background) >= 4.9
        assert contrast(made.muted_ink, made.background) >= 4.5
        assert contrast(made.accent_ink, made.accent) >= 4.5
        for field in (made.secondary, made.tertiary):
            inks = (made.surface, made.shade.with_lightness(0.17), Colour.of("#ffffff"))
            assert max(contrast(ink, field) for ink in inks) >= 4.6

    @pytest.mark.parametrize("brand", BRANDS)
    def test_no_hue_but_the_brands_own(self, brand: tuple[str, ...]) -> None:
        hues = [Colour.of(text).hue for text in brand if Colour.of(text).chroma > 0.02]
        for scheme in Scheme:
            made = field_palette(brand, scheme)
            for colour in (made.background, made.secondary, made.tertiary, made.accent):
                near = [abs((colour.hue - hue + 180) % 360 - 180) for hue in hues]
                assert colour.chroma < 0.03 or min(near) < 12, (scheme, colour.hex)

    def test_projects_without_colours_do_not_all_look_the_same(self) -> None:
        pictures = [compose(brief("unknown", brand_colours=(), seed=str(number)), photo=None) for number in range(6)]
        assert len({tuple(each.pixels[540, 4, :3] // 16) for each in pictures}) >= 4


class TestFields:
    @pytest.mark.parametrize(("shape", "corner"), itertools.product(ORNAMENTS, ((0.3, 0.3, 1, 1), (0.4, 0, 1, 0.6))))
    def test_ornament_keeps_off_the_texts(self, shape: Shape, corner: tuple[float, float, float, float]) -> None:
        frame = Frame.of(AspectRatio.SQUARE)
        surface = skia.Surface(frame.width, frame.height)
        texts = (Box(72, 400, 800, 640), Box(72, 900, 420, 1000))
        scene = Set(
            canvas=surface.getCanvas(),
            frame=frame,
            palette=field_palette(("#12355b", "#e4572e"), Scheme.BRAND),
            arrangement=arrange(Plan.TYPE, frame, 1.0),
            product=frame.whole,
            draw=random.Random(1),
            stands=False,
            written=texts,
        )
        box = Box(*(1080 * share for share in corner))
        poster_fields.paint(scene, ())
        plain = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)
        poster_fields.paint(scene, [PlacedField(shape, Tone.SECOND, box)])
        drawn = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)
        changed = numpy.abs(drawn.astype(int) - plain.astype(int)).max(axis=2) > 8
        assert changed.sum() > 5_000
        for text in texts:
            assert not changed[int(text.top) : int(text.bottom), int(text.left) : int(text.right)].any()

    @pytest.mark.parametrize("text", ["£72", "Hollis & Daughters"])
    def test_ornament_fills_its_box_only_in_near_tones(self, text: str) -> None:
        frame = Frame.of(AspectRatio.SQUARE)
        surface = skia.Surface(frame.width, frame.height)
        palette = field_palette(("#12355b", "#e4572e"), Scheme.BRAND)
        scene = Set(
            canvas=surface.getCanvas(),
            frame=frame,
            palette=palette,
            arrangement=arrange(Plan.TYPE, frame, 1.0),
            product=frame.whole,
            draw=random.Random(1),
            stands=False,
        )
        poster_fields.paint(scene, ())
        plain = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType).astype(int)
        box = Box(0, 640, 1080, 1080)
        large = (text, Face(family="Poppins", weight=800))
        poster_fields.paint(scene, [PlacedField(Shape.ORNAMENT, Tone.GROUND, box)], large=large)
        drawn = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType).astype(int)
        changed = numpy.abs(drawn - plain).max(axis=2) > 8
        assert changed[700:].mean() > 0.2
        assert not changed[:639].any()
        assert text == "£72" or not changed[1070:].any()  # no name is cut
        assert numpy.abs(drawn - plain).max() < 70  # no other colour of the brand stands there

    def test_every_style_has_posters_for_type_and_for_figures(self) -> None:
        for style, shows in itertools.product(Style, (Shows.TYPE, Shows.DRAWING, Shows.CUT_OUT)):
            found = [each for each in layouts() if each.poster and shows in each.shows and style in each.styles]
            assert len(found) >= (2 if style is Style.SEASONAL else 4), (style, shows)


class TestType:
    def test_lines_of_a_loud_headline_fill_their_column(self) -> None:
        request = brief("unknown", style=Style.BOLD, headline="Two for one this whole week")
        for number in range(4):
            made = compose(replace(request, seed=str(number)), photo=None)
            headline = next(text for text in made.proof.texts if text.role is Role.HEADLINE)
            if len({round(line.size) for line in headline.block.lines}) > 1:
                widths = [line.ink[2] - line.ink[0] for line in headline.block.lines]
                assert min(widths) > 0.75 * max(widths)
                return
        raise AssertionError("no headline of four was stretched")

    def test_price_that_the_headline_says_is_not_repeated(self) -> None:
        words = wording(brief("dentist", headline="Check-up for £59"), {})
        assert without_repeated_price(words).price == ""
        other = wording(brief("dentist", headline="Open until 5, since 1959"), {})
        assert without_repeated_price(other).price == "£59"

    def test_fact_that_the_headline_says_is_neither_listed_nor_a_sub_line(self) -> None:
        facts = ("Dishwasher safe", "Made by hand in Porto", "No handle to burn you")
        request = replace(brief("dentist", headline="Fjord Mug: dishwasher safe"), benefits=facts, features=facts)
        words = replace(wording(request, {}), subline="Dishwasher safe", benefits=(), price="")
        assert with_further(words, request).subline == ""
        assert with_further(words, request).further == facts[1:]
        joined = with_further(replace(words, subline="Dishwasher safe · Made by hand in Porto"), request)
        assert (joined.further[0], joined.joined) == (facts[1], 1)

    def test_no_text_stands_on_a_portrait(self) -> None:
        image = skia.Image.fromarray(numpy.full((1400, 1400, 4), 128, numpy.uint8), colorType=skia.kRGBA_8888_ColorType)
        names = set()
        for portrait, number in itertools.product((False, True), range(10)):
            photo = Photo(image=image, cut_out=False, portrait=portrait)
            request = brief("unknown", subject=Subject(confidence="not_known"), seed=str(number))
            names.add((portrait, "edges" in compose(request, photo=photo).layout))
        assert names == {(False, False), (False, True), (True, False)}


class TestMotifs:
    PLACES = tuple(
        (layout, ratio)
        for layout, ratio in itertools.product(layouts(), AspectRatio)
        if layout.motifs == 1 and layout.boxes
    )

    @pytest.mark.parametrize(("layout", "ratio"), PLACES, ids=lambda each: getattr(each, "name", str(each)))
    def test_large_drawing_is_seen_and_stands_apart_from_the_texts(self, layout: Layout, ratio: AspectRatio) -> None:
        frame = Frame.of(ratio)
        motif = layout.motif(frame)
        assert motif is not None
        left, top = max(motif.box.left, motif.within.left, 0), max(motif.box.top, motif.within.top, 0)
        right = min(motif.box.right, motif.within.right, frame.width)
        bottom = min(motif.box.bottom, motif.within.bottom, frame.height)
        seen = Box(left, top, right, bottom)
        assert seen.width * seen.height >= 0.5 * motif.box.width * motif.box.height
        core = seen.inset(seen.width * 0.15, seen.height * 0.15)
        for arrangement in layout.arrangements(frame):
            assert not core.overlaps(arrangement.text)
            assert arrangement.foot is None or not core.overlaps(arrangement.foot)

    @pytest.mark.parametrize("brand", BRANDS)
    def test_drawing_stands_out_from_its_field(self, brand: tuple[str, ...]) -> None:
        for scheme, tone in itertools.product(Scheme, (Tone.SECOND, Tone.ACCENT, Tone.PAPER)):
            made = field_palette(brand, scheme)
            for behind in (made.background, made.secondary):
                assert contrast(motifs.seen_on(tone, behind, made), behind) >= 1.7
                assert contrast(motifs.tones_on(behind, tone, made).middle, behind) >= 1.7

    def test_food_keeps_its_colours_and_an_article_takes_the_brands(self, file: Path) -> None:
        shown: dict[str, list[bytes]] = {}
        for brand in (("#2b6777", "#ffffff"), ("#6b3fa0", "#ffd23f")):
            made = field_palette(brand, Scheme.PAPER)
            for name in ("bread", "t-shirt"):
                drawn = motifs.drawn_on(made.background, Tone.ACCENT, made, file, name)
                shown.setdefault(name, []).append(drawn.image.toarray().tobytes())
        assert shown["bread"][0] == shown["bread"][1]
        assert shown["t-shirt"][0] != shown["t-shirt"][1]

    def test_drawing_whose_edge_is_lost_has_a_rim(self, file: Path) -> None:
        yellow, blue = (field_palette((brand,), Scheme.BRAND) for brand in ("#f4c430", "#123a8c"))
        lost, seen = (motifs.drawn_on(made.background, Tone.ACCENT, made, file, "lemon") for made in (yellow, blue))
        assert lost.image.width() > seen.image.width()

    def test_yellow_tones_are_never_olive(self) -> None:
        made = field_palette(("#0b6e4f", "#f2c14e"), Scheme.BRAND)
        tones = motifs.tones_on(made.background, Tone.SECOND, made)
        assert tones.middle.lightness > 0.78
        assert tones.dark.hue < tones.middle.hue - 10

    @pytest.mark.parametrize("brand", BRANDS)
    def test_tones_of_a_drawing_rise_from_dark_to_light(self, brand: tuple[str, ...]) -> None:
        for scheme in Scheme:
            made = field_palette(brand, scheme)
            tones = motifs.tones_on(made.background, Tone.ACCENT, made)
            assert tones.dark.lightness + 0.05 < tones.light.lightness
            assert tones.dark.lightness <= tones.middle.lightness <= tones.light.lightness + 0.05

    def test_pattern_has_the_brands_tones_whatever_it_shows(self, file: Path) -> None:
        frame = Frame.of(AspectRatio.SQUARE)
        surface = skia.Surface(frame.width, frame.height)
        made = field_palette(("#2b6777", "#ffffff"), Scheme.BRAND)
        motif = next(each for each in layouts() if each.name == "drawings along the foot").motif(frame)
        assert motif is not None
        motifs.draw(surface.getCanvas(), motif, (), made, file, ("red-apple",))
        red, green, blue = surface.makeImageSnapshot().toarray()[..., 2::-1].astype(int).transpose(2, 0, 1)
        assert (red > 100).any()
        assert not (red > green + 60).any()  # a red apple in its own colours
        assert blue.any()

    @pytest.mark.parametrize("layout", [each for each in layouts() if each.motifs > 1], ids=lambda each: each.name)
    @pytest.mark.parametrize("ratio", AspectRatio)
    def test_pattern_cuts_no_drawing(self, file: Path, layout: Layout, ratio: AspectRatio) -> None:
        """The picture's edges, and the pixels about each field that lies on the pattern, have the ground's colour."""
        frame = Frame.of(ratio)
        motif, fields = layout.motif(frame), layout.fields(frame)
        assert motif is not None
        surface = skia.Surface(frame.width, frame.height)
        canvas = surface.getCanvas()
        canvas.clear(skia.ColorTRANSPARENT)
        made = field_palette(("#2b6777", "#ffffff"), Scheme.BRAND)
        motifs.draw(canvas, motif, fields[:1], made, file, ("yarn", "snowflake"), above=fields[1:])
        drawn = surface.makeImageSnapshot().toarray()[..., 3] > 0
        assert drawn.any()
        edges = [drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1]]
        for field in fields[1:]:
            left, top = max(int(field.box.left) - 1, 0), max(int(field.box.top) - 1, 0)
            right, bottom = min(int(field.box.right), frame.width - 1), min(int(field.box.bottom), frame.height - 1)
            edges += [
                drawn[top, left:right],
                drawn[bottom, left:right],
                drawn[top:bottom, left],
                drawn[top:bottom, right],
            ]
        assert not any(edge.any() for edge in edges)

    @pytest.mark.parametrize("ratio", AspectRatio)
    def test_large_drawing_keeps_its_feet(self, file: Path, ratio: AspectRatio) -> None:
        drawing = drawings.render_own(file, "horse")
        for layout in (each for each in layouts() if each.motifs == 1 and each.boxes):
            motif = layout.motif(Frame.of(ratio))
            assert motif is not None
            assert motifs.cut_share(drawing, motifs.drawn_in(drawing, motif), motif.turn, motif.within) < 0.001

    @pytest.mark.parametrize("ratio", AspectRatio)
    @pytest.mark.parametrize("name", ["balance-scale", "key", "automobile"])
    def test_large_drawing_lies_on_no_text(self, file: Path, name: str, ratio: AspectRatio) -> None:
        frame = Frame.of(ratio)
        made = field_palette(("#2b6777", "#ffffff"), Scheme.BRAND)
        for layout in (each for each in layouts() if each.motifs == 1 and each.boxes):
            motif = layout.motif(frame)
            assert motif is not None
            middle = Box(motif.box.centre_x - 300, motif.box.centre_y - 20, motif.box.centre_x, motif.box.centre_y + 20)
            text = middle.moved(-0.3 * motif.box.width if motif.box.left >= 0 else 0.6 * motif.box.width, 0)
            surface = skia.Surface(frame.width, frame.height)
            surface.getCanvas().clear(skia.ColorTRANSPARENT)
            motifs.draw(surface.getCanvas(), motif, (), made, file, (name,), written=(text,))
            alpha = surface.makeImageSnapshot().toarray()[..., 3]
            there = alpha[max(int(text.top), 0) : int(text.bottom), max(int(text.left), 0) : int(text.right)]
            assert not (there > 128).any(), layout.name  # what is fainter is its shadow


def test_shadows_of_white_things_are_grey_and_what_is_violet_stays() -> None:
    shadow, violet, red = (214, 202, 240), (120, 40, 190), (220, 60, 40)
    pixels = numpy.zeros((4, 12, 4), numpy.uint8)
    for place, colour in enumerate((shadow, violet, red)):
        pixels[:, place * 4 : place * 4 + 4] = (*colour, 255)
    image = skia.Image.fromarray(pixels, colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType)
    made = motifs.without_violet(drawings.Drawing(name="x", image=image)).image.toarray(
        colorType=skia.kRGBA_8888_ColorType
    )
    assert numpy.ptp(made[0, 0, :3]) < 12
    assert tuple(made[0, 5, :3]) == violet
    assert tuple(made[0, 10, :3]) == red


def test_texts_on_another_field_than_the_headline_speak_in_one_voice() -> None:
    request = brief(
        "bottle", style=Style.MINIMAL, brand_colours=("#9040cf",), price="85", subline="Try it before you buy."
    )
    for seed in range(12):
        made = compose(replace(request, seed=str(seed)), photo=None)
        assert not made.proof.scrims
