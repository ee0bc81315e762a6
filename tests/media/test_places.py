"""Photographed places: the table is complete, and the panoramas are read and lit as they are."""

from __future__ import annotations

import random
from pathlib import Path

import numpy
import pytest

from services.catalog.understanding.taxonomy import SENSITIVE, read_trades
from services.media import model_files, panoramas
from services.media.panoramas import View
from services.media.places import GRAVE, chosen_place, leading_places, places, places_for, read_table, season_places


@pytest.fixture(scope="module")
def folder() -> Path:
    try:
        return model_files.model_path("panorama-park.exr.js").parent
    except model_files.ModelMissing as missing:
        pytest.skip(str(missing))


def suiting(trade: str = "", sector: str = "", confidence: str = "sure", sensitive: tuple[str, ...] = ()) -> set[str]:
    return set(places_for(trade=trade, sector=sector, confidence=confidence, sensitive=sensitive))


class TestTable:
    def test_trades_and_sectors_are_those_of_the_taxonomy(self) -> None:
        known = {(trade.sector, trade.id) for trade in read_trades()}
        table = places()
        assert {(sector, trade) for sector, trades in table.trades.items() for trade in trades} <= known
        assert table.lying <= {trade for _, trade in known}
        assert set(table.sectors) == {sector for sector, _ in known}
        assert set(SENSITIVE) >= GRAVE

    def test_every_panorama_is_a_model_file_and_every_one_is_used(self) -> None:
        used = {panoramas.file_name(place.panorama) for place in places().places.values()}
        assert used == model_files.PANORAMA_FILES <= set(model_files.MODELS)

    def test_unsure_trades_have_neutral_places_only(self) -> None:
        assert suiting("coffee", "food_drink", confidence="not_known") == set(places().neutral)
        assert suiting() == set(places().neutral)

    def test_grave_subjects_have_quiet_places_only(self) -> None:
        assert suiting("hospice", "death_and_faith", sensitive=("death",)) == set(places().quiet)

    def test_few_trades_are_shown_by_a_place_alone_and_none_that_is_unsure_or_sensitive(self) -> None:
        assert set(places().leading) <= {trade.id for trade in read_trades()}
        assert leading_places(trade="gardener", confidence="likely", sensitive=()) == ("meadow",)
        assert not leading_places(trade="gardener", confidence="not_known", sensitive=())
        assert not leading_places(trade="gardener", confidence="sure", sensitive=("illness",))
        for trade in ("crowdfunding", "fruit_vegetables", "job_driver", "apartment", "childrens_charity"):
            assert not leading_places(trade=trade, confidence="sure", sensitive=())

    def test_a_season_prefers_places_that_suit_the_product(self) -> None:
        assert season_places("summer", ("promenade", "city")) == ("promenade",)
        assert season_places("summer", ("workshop",)) == places().seasons["summer"].places

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('neutral = ["studio"', 'neutral = ["casino"'),
            ('surfaces = ["slate"]', 'surfaces = ["gold"]'),
            ('strewn = "petals"', 'strewn = "money"'),
            ("[settings]", "[sets]"),
        ],
    )
    def test_a_table_with_unknown_names_is_refused(self, old: str, new: str) -> None:
        text = Path("services/media/data/places.toml").read_text(encoding="utf-8")
        assert old in text
        with pytest.raises(ValueError, match=r"nknown|parts|direction"):
            read_table(text.replace(old, new))

    def test_the_same_seed_chooses_the_same_place(self) -> None:
        chosen = [chosen_place(("city", "mall"), random.Random(seed)).name for seed in (1, 1, *range(20))]
        assert chosen[0] == chosen[1]
        assert set(chosen) == {"city", "mall"}


class TestPanoramas:
    @pytest.mark.parametrize("panorama", ["park", "sunrise"])  # with the sun in them
    def test_sun_is_no_coloured_dot(self, folder: Path, panorama: str) -> None:
        light = panoramas.radiance(folder / panoramas.file_name(panorama)).astype(numpy.float32)
        assert light.shape == (256, 512, 3)
        sun = light[light.max(axis=-1) >= light.max() * 0.999]
        assert (sun.min(axis=-1) > sun.max(axis=-1) * 0.2).all()

    def test_light_comes_from_where_the_sun_stands(self, folder: Path) -> None:
        def towards(yaw: float, mirrored: bool = False) -> panoramas.Illumination:
            return panoramas.illumination(
                folder, View(panorama="park", yaw=yaw, width=60, horizon=0.6, blur=0.02, mirrored=mirrored)
            )

        sun = 35.0  # degrees, as the panorama shows it
        assert towards(sun).ahead > 0.5 > abs(towards(sun).right)
        assert towards(sun - 90).right > 0.5
        assert towards(sun - 90, mirrored=True).right < -0.5

    def test_another_file_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / panoramas.file_name("park")
        path.write_bytes(b"export default 'data:application/exr;base64,bm90IGFuIGV4cg=='")
        with pytest.raises(ValueError, match="cannot be decoded"):
            panoramas.radiance(path)
