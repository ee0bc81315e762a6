"""Promises of the layouts: complete data, photos shown as photographs, variety between jobs, one idea in all ratios."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy
import pytest
from pydantic import ValidationError

from services.image.domain import AspectRatio, ImageBrief, Rating, Style, Taken
from services.image.providers.local import photo_layouts
from services.image.providers.local.arrangement import Plan, arrange
from services.image.providers.local.choice import NO_ICONS
from services.image.providers.local.composer import Composed, Photo, compose
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.layouts import Layout, Shows, layouts, read_layouts
from services.image.providers.local.text_column import Role
from services.media import model_files
from services.media.skia import skia
from tests.image.briefs import brief, drawings
from tests.image.test_pictures import promises_hold

ZONES: Final = Path("services/campaign/pack/data/platforms.toml")  # what apps lay over a picture, with sources

OFFER: Final[dict[str, Any]] = {
    "offer": "Two for the price of one",
    "benefits": ("No scrubbing, ever", "Fresh for 24 hours", "Charged in one hour"),
    "rating": Rating(value="4.8", count=2310, source="Trustpilot"),
    "old_price": "79",
}


def _image(pixels: Any) -> Any:
    return skia.Image.fromarray(numpy.ascontiguousarray(pixels), colorType=skia.kRGBA_8888_ColorType)


def _photo(busy: Callable[[Any], Any], width: int = 1400, height: int = 1400) -> Any:
    """A photo that is calm but for the part that `busy` selects, which has many details."""
    pixels = numpy.full((height, width, 4), (60, 90, 110, 255), dtype=numpy.uint8)
    noise = numpy.random.default_rng(1).integers(0, 256, (height // 20, width // 20, 1), dtype=numpy.uint8)
    blocks = numpy.kron(noise[..., 0], numpy.ones((20, 20), dtype=numpy.uint8))[..., None].repeat(3, axis=2)
    part = busy(pixels)
    part[..., :3] = busy(blocks)
    return _image(pixels)


def _composed(request: ImageBrief, photo: Any | None = None, more: tuple[Any, ...] = ()) -> Composed:
    shown = Photo(image=photo, cut_out=False, more=more) if photo is not None else None
    return compose(request, photo=shown, drawings=drawings())


def _compositions() -> set[tuple[object, ...]]:
    """The places of texts, photos and panel, in eighths of the picture: what differs by less is one composition."""
    found: set[tuple[object, ...]] = set()
    for ratio in AspectRatio:
        frame = Frame.of(ratio)

        def eighths(box: Box, frame: Frame = frame) -> tuple[int, ...]:
            across, down = frame.width / 8, frame.height / 8
            return (
                round(box.left / across),
                round(box.top / down),
                round(box.right / across),
                round(box.bottom / down),
            )

        for layout in layouts():
            arranged = layout.arrangements(frame) if layout.boxes else (arrange(layout.plan or Plan.PHOTO, frame, 1.0),)
            photos = layout.boxes[ratio].photos if layout.boxes else ()
            shown = tuple(eighths(box.of(frame.whole)) for box in photos)
            for place in arranged:
                found.add((ratio, layout.mask, shown or eighths(place.product), eighths(place.text)))
    return found


class TestData:
    def test_60_compositions_differ_in_where_things_stand(self) -> None:
        kinds = {shows: [layout for layout in layouts() if shows in layout.shows] for shows in Shows}
        assert len(_compositions()) >= 60
        assert len(kinds[Shows.PHOTO]) >= 10
        assert min(map(len, kinds.values())) >= 3
        assert max(layout.photos for layout in layouts()) == 3

    @pytest.mark.parametrize("layout", [layout for layout in layouts() if layout.boxes], ids=lambda layout: layout.name)
    def test_text_stands_beside_photos_or_wholly_on_one(self, layout: Layout) -> None:
        for ratio in AspectRatio:
            frame = Frame.of(ratio)
            for arrangement in layout.arrangements(frame):
                assert frame.safe.contains(arrangement.text)
                boxes = [box.of(frame.whole) for box in layout.boxes[ratio].photos]
                assert layout.to_the_edges or not any(arrangement.text.overlaps(box) for box in boxes), ratio

    @pytest.mark.parametrize(
        "broken",
        ["shows = []", 'shows = ["film"]', 'shows = ["photo"]', 'shows = ["photo"]\nplan = "side"\ncolour = "red"'],
    )
    def test_layout_that_breaks_the_schema_is_refused(self, broken: str) -> None:
        with pytest.raises(ValidationError):
            read_layouts(f'[[layouts]]\nname = "broken"\n{broken}\n')


class TestPhotos:
    @pytest.mark.parametrize(("style", "seed"), [(Style.BOLD, "1"), (Style.MINIMAL, "2"), (Style.LIFESTYLE, "3")])
    def test_every_promise_holds_on_photos(self, style: Style, seed: str) -> None:
        photo = _photo(lambda pixels: pixels[200:1200, 300:1100])
        for ratio in AspectRatio:
            made = _composed(brief("coffee", style=style, aspect_ratio=ratio, seed=seed, **OFFER), photo, (photo,))
            promises_hold(made, f"{style} {ratio} {made.proof.composition}")

    def test_text_avoids_the_busy_half(self) -> None:
        frame = Frame.of(AspectRatio.SQUARE)
        upper = _photo(lambda pixels: pixels[:700])
        found = photo_layouts.details(upper)
        above, below = Box(80, 80, 1000, 500), Box(80, 580, 1000, 1000)
        calm = photo_layouts.busyness(upper, frame.whole, below, found)
        assert calm < photo_layouts.busyness(upper, frame.whole, above, found) / 4

    def test_crop_keeps_what_is_to_be_seen(self) -> None:
        photo = _photo(lambda pixels: pixels[:, 1500:2000], width=2100, height=1000)
        part = photo_layouts.cropped(photo, Box(0, 0, 500, 1000), photo_layouts.details(photo))
        assert part.left > 1200
        assert part.width == pytest.approx(500)

    @pytest.mark.parametrize("size", [(64, 7900), (7900, 64), (1, 600)])
    def test_strip_is_drawn_as_any_photo(self, size: tuple[int, int]) -> None:
        strip = _image(numpy.full((size[1], size[0], 4), 200, dtype=numpy.uint8))
        assert photo_layouts.details(strip).size
        made = _composed(brief("coffee"), strip)
        assert made.proof.product is not None

    @pytest.mark.parametrize("asked", ["at the beach", "in winter", "with confetti"])
    def test_what_a_photo_does_not_take_is_not_called_applied(self, asked: str) -> None:
        for seed in range(3):
            made = _composed(brief("coffee", prompt=asked, seed=str(seed)), _photo(lambda pixels: pixels))
            assert any("the photo is shown as it is" in note for note in made.notes), made.notes
            assert not any(note.startswith("Applied") for note in made.notes), made.notes

    def test_calm_dark_photo_needs_no_veil(self) -> None:
        pixels = numpy.full((200, 200, 4), (20, 24, 30, 255), dtype=numpy.uint8)
        assert photo_layouts.veil_for(pixels, [Box(20, 20, 180, 80)]).opacity == 0
        pixels[:, ::3] = 200
        assert photo_layouts.veil_for(pixels, [Box(20, 20, 180, 80)]).opacity > 0

    def test_small_photo_is_not_stretched_to_the_edges(self) -> None:
        small = _photo(lambda pixels: pixels, width=400, height=400)
        for seed in range(12):
            made = _composed(brief("coffee", seed=str(seed)), small)
            assert "edges" not in made.proof.composition


class TestLists:
    BENEFITS = ("Delivered on Monday", "Ten-year guarantee", "Stitched by hand")

    def _with_list(self, icons: Path | None) -> Composed:
        for number in range(20):
            request = brief("candle", benefits=self.BENEFITS, seed=f"list {number}", headline="Slow evenings")
            made = compose(request, photo=None, drawings=drawings(), icons=icons)
            if any(text.role is Role.BENEFITS for text in made.proof.texts):
                return made
        raise AssertionError("no job of 20 has a list")

    def test_icons_are_drawn_beside_the_items_and_do_not_touch_them(self) -> None:
        try:
            path = model_files.model_path(model_files.ICONS)
        except model_files.ModelMissing as missing:
            pytest.skip(str(missing))
        made = self._with_list(path)
        assert NO_ICONS not in made.notes
        placed = next(text for text in made.proof.texts if text.role is Role.BENEFITS)
        ground = made.pixels[int(placed.box.top) - 8, int(placed.pens[0][0]) - 4, :3].astype(int)
        for line in placed.starts:
            x, y = placed.pens[line]
            tall = placed.block.lines[line].face.metrics().x_height * placed.block.size
            square = made.pixels[
                int(y - tall / 2) - 24 : int(y - tall / 2) + 24, int(x - placed.indent) : int(x) - 2, :3
            ]
            rows, columns = numpy.nonzero(numpy.abs(square.astype(int) - ground).max(axis=2) > 90)
            assert rows.size, line
            assert abs((rows.min() + rows.max()) / 2 - 24) <= 0.12 * placed.block.size  # at half the height of an x
            assert columns.max() < placed.indent - 0.2 * placed.block.size

    def test_ticks_stand_in_for_icons_and_a_note_says_so(self) -> None:
        assert NO_ICONS in self._with_list(None).notes


MIDDLE = _photo(lambda pixels: pixels[300:900, 300:900])


class TestVariety:
    @pytest.mark.parametrize("photo", [None, MIDDLE], ids=["drawing", "photo"])
    def test_eight_jobs_give_six_compositions(self, photo: Any) -> None:
        made = [_composed(brief("dentist", seed=f"job {number}", **OFFER), photo) for number in range(8)]
        assert len({each.proof.composition for each in made}) >= 6

    @pytest.mark.parametrize(
        ("written", "photo"),
        [
            pytest.param(8, None, id="8-drawing"),
            pytest.param(1, MIDDLE, id="1-photo"),
            pytest.param(8, MIDDLE, id="8-photo", marks=pytest.mark.slow),
            pytest.param(1, None, id="1-drawing", marks=pytest.mark.slow),
        ],
    )
    def test_eight_variants_differ_in_layout_and_in_headline_as_far_as_facts_go(self, written: int, photo: Any) -> None:
        """written: how many different headlines copy has."""
        taken, layouts_, headlines = Taken(), set(), set()
        for number in range(8):
            seed = f"job #{number}"
            own = {"seed": seed, "concept": seed, "headline": f"Smile {number % written}", "taken": taken}
            made = _composed(brief("dentist", **(OFFER | own)), photo)
            layouts_.add(made.layout)
            headlines.add(made.headline)
            taken = Taken(headlines=(*taken.headlines, made.headline), layouts=(*taken.layouts, made.layout))
        assert len(layouts_) >= 6
        assert len(headlines) >= (8 if written == 8 else 5)

    def test_eight_jobs_give_five_headlines_of_the_facts(self) -> None:
        facts = (
            "X-rays included each time",
            "Open until 8 pm daily",
            "Free parking behind us",
            "Care on the same day",
            "There is no waiting list",
            "Quiet rooms for all",
        )
        headlines = {
            next(text for text in made.proof.texts if text.role is Role.HEADLINE).text.casefold()
            for number in range(8)
            for made in [_composed(brief("dentist", seed=f"job {number}", **(OFFER | {"benefits": facts})))]
        }
        held = {text.casefold() for text in (*facts, OFFER["offer"], "£59", "4.8/5", "Evening appointments until 8 pm")}
        assert len(headlines) >= 5
        assert headlines <= held

    def test_headline_of_the_request_leads_in_every_job(self) -> None:
        for number in range(6):
            given = {"headline": "Smile again", "given": frozenset({"headline"}), "seed": f"job {number}"}
            made = _composed(brief("dentist", **(OFFER | given)))
            assert next(text for text in made.proof.texts if text.role is Role.HEADLINE).text == "Smile again"

    def test_one_concept_is_one_idea_in_every_ratio(self) -> None:
        def idea(ratio: AspectRatio) -> tuple[Any, ...]:
            made = _composed(brief("dentist", concept="spring", seed=str(ratio), aspect_ratio=ratio, **OFFER))
            headline = next(text for text in made.proof.texts if text.role is Role.HEADLINE)
            ground = made.proof.composition.split(", ", maxsplit=1)[0]
            return headline.text.casefold(), headline.block.lines[0].face.family, made.proof.shown, ground

        assert len({idea(ratio) for ratio in AspectRatio}) == 1


@pytest.fixture(scope="module")
def free() -> Box:
    frame = Frame.of(AspectRatio.STORY)
    zones = [
        zone
        for zone in tomllib.loads(ZONES.read_text(encoding="utf-8"))["zone"]
        if zone["ratio"] == "9:16" and zone["platform"] in {"meta", "tiktok"}
    ]
    assert len(zones) == 2
    return Box(
        frame.width * max(zone["left"] for zone in zones),
        frame.height * max(zone["top"] for zone in zones),
        frame.width * (1 - max(zone["right"] for zone in zones)),
        frame.height * (1 - max(zone["bottom"] for zone in zones)),
    )


class TestStories:
    """Vertical pictures keep type where neither Meta nor TikTok lays its own."""

    @pytest.mark.parametrize("numbers", [(0,), pytest.param((1, 2, 3), marks=pytest.mark.slow)])
    @pytest.mark.parametrize("style", Style)
    def test_type_and_buttons_stay_in_the_zone_of_every_app(
        self, free: Box, style: Style, numbers: tuple[int, ...]
    ) -> None:
        image = _photo(lambda grid: grid[0] > 0.6)
        for number, photo in itertools.product(numbers, (None, image)):
            request = brief("dentist", style=style, aspect_ratio=AspectRatio.STORY, seed=str(number), **OFFER)
            shown = Photo(image=photo, cut_out=False) if photo is not None else None
            made = compose(request, photo=shown, drawings=drawings())
            for text in made.proof.texts:
                assert free.contains(text.plate or text.box), (made.layout, text.role)

    def test_centred_type_is_centred_on_the_picture(self) -> None:
        frame = Frame.of(AspectRatio.STORY)
        assert frame.centred.centre_x == pytest.approx(frame.width / 2)
        assert frame.safe.contains(frame.centred)
