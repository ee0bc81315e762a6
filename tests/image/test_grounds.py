"""Photographed grounds: readable, the same each time, marked as captures, and drawn where the files are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.image.domain import AspectRatio, Style, Subject
from services.image.providers.local.choice import NO_PANORAMAS
from services.image.providers.local.composer import compose
from services.media import model_files
from services.media.places import places
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
        jobs = [brief(style=Style.LIFESTYLE, subject=COFFEE, seed=str(number)) for number in range(8)]
        made = [compose(request, photo=None, panoramas=folder) for request in jobs]
        placed = [number for number, each in enumerate(made) if each.photographed]
        assert placed
        first, second = made[placed[0]], compose(jobs[placed[0]], photo=None, panoramas=folder)
        assert (first.pixels == second.pixels).all()
        assert any(words in first.alt_text for words in words_of(places().trades["food_drink"]["coffee"]))

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
