"""Promises of a designer's eye: dates shown large, fields that hold texts, marks on one edge, calm colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from services.image.domain import AspectRatio, ImageBrief
from services.image.occasion import occasion_of, without_occasion
from services.image.providers.local import text_marks
from services.image.providers.local.ad_text import short_name, wording
from services.image.providers.local.geometry import Frame
from services.image.providers.local.held_fields import MARGIN, held
from services.image.providers.local.layouts import Layout, layouts
from services.image.providers.local.line_breaking import lines_of, pieces_of
from services.image.providers.local.posters import Holds, Shape
from services.image.providers.local.text_column import Request, Role, Stack, TypeLook
from services.image.providers.local.textstack import solve
from services.media.colour import Colour
from services.media.dates import date_phrase
from services.media.field_palette import Scheme, field_palette
from services.media.skia import skia
from services.media.text_shaping import Face
from tests.image.briefs import brief

LOOK = TypeLook(headline=Face(family="Inter", weight=800), text=Face(family="Inter"), strong=Face(family="Inter"))
DECORATIONS = {Shape.DISC, Shape.HALO}


@pytest.mark.parametrize(
    ("text", "language", "phrase"),
    [
        ("Demo derby Sat Aug 15, 7pm", "en-US", "Sat Aug 15, 7pm"),
        ("Weekend, 13–15 February", "en", "13–15 February"),
        ("from Friday 13 to Sunday 15 February in the hall", "en", "Friday 13 to Sunday 15 February"),
        ("Sommerkonzert am Samstag, 5. Juli, 19 Uhr", "de", "Samstag, 5. Juli, 19 Uhr"),
        ("Du 3 au 9 mai", "fr", "3 au 9 mai"),
        ("del 3 al 9 de mayo de 2027", "es", "3 al 9 de mayo de 2027"),
        ("You may 5 times", "en", ""),
        ("Open Thu–Sun 9–3", "en", ""),
    ],
)
def test_days_are_found_with_weekday_and_hour(text: str, language: str, phrase: str) -> None:
    assert date_phrase(text, language) == phrase


@pytest.mark.parametrize(
    ("name", "facts", "occasion", "title"),
    [
        ("Demo derby Sat Aug 15, 7pm", (), "Sat Aug 15, 7pm", "Demo derby"),
        ("Lambing help wanted", ("Night lamber, 10 March to 14 April",), "10 March to 14 April", "Lambing help wanted"),
        ("Seed potatoes in from 1st Feb", (), "1st Feb", "Seed potatoes"),
        ("Camp", ("Apply by July 31",), "", "Camp"),
        ("Gym", ("Closed 24 December to 2 January",), "", "Gym"),
        ("Weekend", ("Four teachers from three counties play on 13–15 February in the hall",), "", "Weekend"),
        ("Slip", ("$2,950, or $2,700 if it is paid by February 28",), "", "Slip"),
    ],
)
def test_occasion_is_no_deadline_and_no_closing(name: str, facts: tuple[str, ...], occasion: str, title: str) -> None:
    found = occasion_of(name, facts, "en")
    assert found == occasion
    assert without_occasion(name, found) == title


class TestWords:
    def test_date_stands_apart_from_a_title_that_is_printed_once(self) -> None:
        given = {"brand_name": "Grady Derby", "product_name": "Grady Derby, 15 August", "occasion": "15 August"}
        words = wording(brief("dentist", headline="Grady Derby, 15 August", **given), {})
        assert (words.headline, words.occasion, words.eyebrow, words.brand) == ("Grady Derby", "15 August", "", "")

    def test_headline_around_a_date_gives_way_to_the_name(self) -> None:
        given = {"product_name": "Demo derby Sat Aug 15, 7pm", "occasion": "Sat Aug 15, 7pm"}
        words = wording(brief("dentist", headline="Demo derby Sat Aug 15, 7pm: $20, kids $8", **given), {})
        assert (words.headline, words.occasion) == ("Demo derby", "Sat Aug 15, 7pm")

    def test_amount_of_zero_and_space_before_a_stop_are_not_printed(self) -> None:
        words = wording(brief("dentist", price="0", subline="Winter stock now in ."), {})
        assert words.price == ""
        assert words.subline == "Winter stock now in."

    def test_code_is_no_name(self) -> None:
        assert (
            short_name("KT-45DZ | 45L Portable Fridge Freezer | Camping 4WD Boat", "portable fridge")
            == "Portable fridge"
        )
        assert short_name("The Drowned Library (60 min)") == "The Drowned Library"

    def test_name_that_only_repeats_the_sender_is_told_by_what_follows(self) -> None:
        given = {"brand_name": "Camp Lanternwood", "headline": "Nurse on site day and night"}
        words = wording(
            brief("dentist", product_name="Camp Lanternwood, a free weekend for grieving kids, ages 7 to 15", **given),
            {},
        )
        assert words.eyebrow == "A free weekend for grieving kids"


@pytest.mark.parametrize("date", ["May 1", "15 August", "Aug 15th"])
def test_day_and_month_stay_on_one_line(date: str) -> None:
    text = f"The season runs {date} onwards"
    for limit in range(12, 30):
        lines = lines_of(pieces_of(text, "en"), len, limit, most_lines=5, language="en") or []
        assert any(date in line for line in lines), lines


def test_short_word_does_not_stand_alone_between_long_lines() -> None:
    lines = lines_of(pieces_of("Book a free Bushfire Ready visit before summer", "en"), len, 19, most_lines=5)
    assert lines is not None
    assert "visit" not in lines


class TestColours:
    def test_vivid_colours_of_one_lightness_are_no_fields_beside_each_other(self) -> None:
        made = field_palette(("#1e6091", "#f1faee", "#e07a5f"), Scheme.BRAND)
        assert made.secondary.chroma < 0.1
        assert abs(made.tertiary.hue - Colour.of("#e07a5f").hue) < 12  # it stays, for small things

    def test_glaring_colour_is_no_ground(self) -> None:
        assert field_palette(("#000000", "#39ff14"), Scheme.BRAND).background.lightness < 0.4

    def test_main_colour_is_the_field_on_paper(self) -> None:
        made = field_palette(("#ffb703", "#023047", "#ffffff"), Scheme.PAPER)
        assert abs(made.secondary.hue - Colour.of("#ffb703").hue) < 12


def _stack(layout: Layout, ratio: AspectRatio, **changes: Any) -> tuple[Frame, Stack]:
    frame = Frame.of(ratio)
    place = layout.arrangements(frame)[0]
    request = Request(
        wording=wording(_brief(**changes), {}),
        look=LOOK,
        box=place.text,
        align=place.align,
        unit=frame.unit,
        spread=place.spread,
        anchor=place.anchor,
        brand_apart=place.brand,
        foot_box=place.foot,
        subline_in_foot=place.subline_in_foot,
        grows=place.grows,
        foot_anchor=place.foot_anchor,
        is_poster=True,
    )
    return frame, solve(request)


def _brief(**changes: Any) -> ImageBrief:
    return brief(
        "dentist", headline="Seen the same day", subline="Evenings until eight", call_to_action="Book now", **changes
    )


OF_TYPE = ("type ", "facts ", "price ", "lines ")


def _named(name: str) -> Layout:
    return next(layout for layout in layouts() if layout.name == name)


class TestFields:
    @pytest.mark.parametrize("ratio", AspectRatio)
    @pytest.mark.parametrize("price", ["59", None])
    def test_every_layout_of_type_has_fields_with_equal_margins_off_its_texts(
        self, ratio: AspectRatio, price: str | None
    ) -> None:
        for layout in (each for each in layouts() if each.name.startswith(OF_TYPE) and each.poster):
            if layout.motifs or layout.view or (layout.priced and price is None):
                continue
            frame, stack = _stack(layout, ratio, price=price)
            assert stack.of(Role.HEADLINE) is not None
            boxes = {placed.role: placed.plate or placed.box for placed in stack.placed}
            foot = [box for role, box in boxes.items() if role in stack.foot]
            for field in held(layout.fields(frame), frame, layout.arrangements(frame)[0], stack):
                if field.holds is Holds.FOOT and field.shape is not Shape.RULE:
                    assert field.box.top == pytest.approx(min(box.top for box in foot) - MARGIN * frame.unit)
                cut = [
                    role
                    for role, box in boxes.items()
                    if field.holds in (Holds.FOOT, Holds.REST, Holds.TIGHT)
                    and box.overlaps(field.box)
                    and not field.box.contains(box)
                ]
                assert not cut, (layout.name, field, cut)

    def test_field_without_its_texts_is_left_out(self) -> None:
        layout = _named("type with a tag")
        frame, stack = _stack(layout, AspectRatio.SQUARE, price=None)
        place = layout.arrangements(frame)[0]
        assert not [field for field in held(layout.fields(frame), frame, place, stack) if field.holds is Holds.TIGHT]

    def test_pictures_of_type_have_no_ornament_without_content(self) -> None:
        drawn = {
            field.shape
            for layout in layouts()
            for boxes in layout.boxes.values()
            for field in boxes.fields
            if layout.name.startswith(OF_TYPE)
        }
        assert not drawn & DECORATIONS

    def test_perforation_of_a_ticket_runs_between_the_texts(self) -> None:
        layout = _named("type on a ticket")
        for ratio in AspectRatio:
            frame, stack = _stack(layout, ratio, price="59")
            (ticket,) = (
                field
                for field in held(layout.fields(frame), frame, layout.arrangements(frame)[0], stack)
                if field.shape is Shape.TICKET
            )
            assert ticket.fold is not None
            x, y = ticket.fold
            for placed in stack.placed:
                box = placed.plate or placed.box
                assert not (box.left < x < box.right), (ratio, placed.role)
                assert not (box.top < y < box.bottom), (ratio, placed.role)


def _columns(draw: Callable[[Any], None], width: int, height: int) -> Any:
    surface = skia.Surface(width, height)
    surface.getCanvas().clear(skia.ColorBLACK)
    draw(surface.getCanvas())
    return surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., 0] > 128


def test_marks_of_a_list_stand_on_one_edge_whatever_letters_follow() -> None:
    layout = _named("type in a frame")
    frame = Frame.of(AspectRatio.SQUARE)
    place = layout.arrangements(frame)[0]
    words = wording(_brief(benefits=("Jam", "Wax", "Ink")), {})
    stack = solve(
        Request(
            wording=words, look=LOOK, box=place.text, align=place.align, unit=frame.unit, spread=True, is_poster=True
        )
    )
    listed = stack.of(Role.BENEFITS)
    assert listed is not None
    white = Colour.of("#ffffff")

    def drawn(canvas: Any) -> None:
        text_marks.draw_marks(canvas, listed, white, Colour.of("#000000"), accent=white, stars=0, icons=None)

    seen = _columns(drawn, frame.width, frame.height)
    size = listed.block.size
    lefts = {
        int(numpy.nonzero(seen[int(y - size) : int(y + size * 0.3)].any(axis=0))[0].min())
        for y in (listed.pens[line][1] for line in listed.starts)
    }
    assert len(lefts) == 1
