"""Photographed grounds: readable, the same each time, marked as captures, and drawn where the files are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from services.image.domain import AspectRatio, Style, Subject
from services.image.providers.local import choice, photo_grounds
from services.image.providers.local.choice import NO_PANORAMAS, leads_with_place
from services.image.providers.local.composer import compose
from services.image.providers.local.layouts import Layout, Shows, layouts
from services.media import model_files
from services.media.colour import Mood, palette
from services.media.places import places
from services.media.skia import skia
from tests.image.briefs import brief

COFFEE = Subject(trade="coffee", sector="food_drink", kind="food", confidence="sure")


@pytest.fixture(scope="module")
def folder() -> Path:
    try:
        return model_files.model_path("panorama-park.exr.js").parent
    except model_files.ModelMissing as missing:
        pytest.skip(str(missing))


def words_of(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(places().places[name].words for name in names)


GARDENER = Subject(trade="gardener", sector="home_services", kind="service", confidence="sure")

VIEWS = [layout for layout in layouts() if layout.view and layout.shows == {Shows.TYPE}]


class TestPlacesWithoutPhoto:
    def test_most_type_shows_a_place_where_one_shows_the_work_and_nothing_else_does(self, folder: Path) -> None:
        def share(shows: Shows, subject: Subject = GARDENER, **changes: Any) -> float:
            base: dict[str, Any] = {"style": Style.LIFESTYLE, "subject": subject} | changes
            seeds = [brief(**base, seed=str(number)) for number in range(40)]
            return sum(leads_with_place(each, shows, folder) for each in seeds) / len(seeds)

        assert 0.5 < share(Shows.TYPE) < 1
        assert share(Shows.CUT_OUT) == share(Shows.DRAWING) == 0
        assert share(Shows.TYPE, style=Style.MINIMAL) == 0
        assert share(Shows.TYPE, prompt="pink background") == 0
        assert share(Shows.TYPE, Subject(confidence="not_known")) == 0
        assert share(Shows.TYPE, COFFEE) == 0  # a meadow is no coffee

    def test_place_without_detail_is_not_shown_alone(self, folder: Path) -> None:
        shown = photo_grounds.shown(folder, list(places().places))
        assert {"forest", "meadow", "walkway", "workshop"} <= set(shown)
        assert not {"studio", "living_room", "clouds"} & set(shown)  # bare walls and sky

    def test_place_that_leads_is_printed_in_two_shades_that_stand_apart(self) -> None:
        grey = numpy.linspace(40, 200, 256).astype(numpy.uint8)[None, :, None].repeat(256, 0).repeat(3, 2)
        opaque = numpy.dstack((grey, numpy.full((256, 256), 255, numpy.uint8)))
        picture = skia.Image.fromarray(numpy.ascontiguousarray(opaque), colorType=skia.kRGBA_8888_ColorType)
        printed = photo_grounds._printed(picture, palette(("#0f5e6b",), mood=Mood.LIGHT), 8.0)
        assert printed[:, -20:].mean() - printed[:, :20].mean() > 100  # the whole range of tones, whatever the light
        assert printed[:, 128, 0].std() > 20 > 2 * printed[:, 4, 0].std()  # dots in the middle tones

    @pytest.mark.parametrize(("number", "layout"), list(enumerate(VIEWS)), ids=[layout.name for layout in VIEWS])
    def test_type_reads_in_every_layout_with_a_place_and_a_note_says_what_it_is(
        self, folder: Path, number: int, layout: Layout, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(choice, "PLACE_SHARE", {Shows.TYPE: 1.0})
        monkeypatch.setattr(choice, "choose_layout", lambda *_, **__: layout)
        ratio = (AspectRatio.STORY, AspectRatio.SQUARE, AspectRatio.WIDE)[number % 3]
        request = brief(style=Style.LIFESTYLE, aspect_ratio=ratio, subject=GARDENER)
        made = compose(request, photo=None, panoramas=folder)
        assert made.layout == layout.name
        assert made.photographed
        assert all(reading.passes for reading in made.proof.readings.values())
        assert any("symbol" in note for note in made.notes)
        assert not any("made of type" in note for note in made.notes)


class TestGrounds:
    @pytest.mark.parametrize("ratio", [AspectRatio.SQUARE, AspectRatio.LANDSCAPE])
    def test_texts_are_readable_on_photographed_places(self, folder: Path, ratio: AspectRatio) -> None:
        for season in ("summer", "christmas", "autumn"):
            made = compose(
                brief(style=Style.SEASONAL, aspect_ratio=ratio, prompt=season, subject=COFFEE),
                photo=None,
                panoramas=folder,
            )
            assert made.photographed
            assert all(reading.passes for reading in made.proof.readings.values())

    def test_place_suits_the_trade_and_is_the_same_each_time(self, folder: Path) -> None:
        jobs = [brief(style=Style.LIFESTYLE, subject=GARDENER, seed=str(number)) for number in range(8)]
        made = [compose(request, photo=None, panoramas=folder) for request in jobs]
        placed = [number for number, each in enumerate(made) if each.photographed]
        assert placed
        first, second = made[placed[0]], compose(jobs[placed[0]], photo=None, panoramas=folder)
        assert (first.pixels == second.pixels).all()
        assert any(words in first.alt_text for words in words_of(places().leading["gardener"]))

    def test_type_about_an_unknown_trade_stands_before_no_place(self, folder: Path) -> None:
        for number in range(4):
            unknown = brief(style=Style.LIFESTYLE, subject=Subject(confidence="not_known"), seed=str(number))
            assert not compose(unknown, photo=None, panoramas=folder).photographed

    def test_without_the_files_the_ground_is_drawn_and_a_note_says_so(self, tmp_path: Path) -> None:
        made = compose(brief(style=Style.SEASONAL, subject=COFFEE), photo=None, panoramas=tmp_path)
        assert not made.photographed
        assert NO_PANORAMAS in made.notes

    def test_colours_of_the_prompt_keep_a_drawn_ground(self, folder: Path) -> None:
        made = compose(
            brief(style=Style.LIFESTYLE, subject=COFFEE, prompt="pink background"), photo=None, panoramas=folder
        )
        assert not made.photographed
