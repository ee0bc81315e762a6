"""Other texts on a finished picture: outside of the changed texts' boxes every pixel stays."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy
import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.image.v1 import image_pb2

from services.chassis.errors import InputFault, ValidationFailed
from services.image.domain import AspectRatio, Changes, ImageBrief, Style
from services.image.errors import SceneVersionGone, TextTooLong
from services.image.providers.local import export
from services.image.providers.local.composer import Composed, compose
from services.image.providers.local.text_drawing import measured
from services.image.providers.local.text_slots import refitted
from services.image.scene_changes import changed_scene, locked_scene
from services.image.scene_messages import SCENE_VERSION, slot_message, slot_of
from tests.image.briefs import PRODUCTS, brief, drawings

NEW = {
    "headline": "Fresh at noon, fresh at night",
    "subline": "Another line that says something else about it.",
    "cta": "See it now",
    "price": "€39.90",
    "badge": "Hot",
}
# Every style and every ratio once, with five changed texts each; make test-all has each style in each ratio.
SAMPLE = [
    pytest.param(
        style,
        ratio,
        tuple(PRODUCTS)[index % len(PRODUCTS)],
        marks=[] if (index // len(AspectRatio) + index) % len(AspectRatio) == 3 else pytest.mark.slow,
    )
    for index, (style, ratio) in enumerate(itertools.product(Style, AspectRatio))
]


def drawn(given: ImageBrief, changes: Changes | None = None) -> Composed:
    return compose(replace(given, changes=changes or Changes()), photo=None, drawings=drawings())


def outside_is_equal(one: Composed, other: Composed) -> bool:
    """Whether two pictures differ, and within the changed boxes only."""
    different = (one.pixels != other.pixels).any(axis=2)
    within = numpy.zeros_like(different)
    for box in other.changed:
        within[max(0, int(box.top)) : int(box.bottom) + 1, max(0, int(box.left)) : int(box.right) + 1] = True
    return bool(different.any()) and not (different & ~within).any()


class TestPixels:
    @pytest.mark.parametrize(("style", "ratio", "product"), SAMPLE)
    def test_pixels_outside_of_the_changed_text_stay(self, style: Style, ratio: AspectRatio, product: str) -> None:
        given = brief(product, style=style, aspect_ratio=ratio, badge="New")
        before = drawn(given)
        shown = {slot.element for slot in before.slots}
        assert {"headline", "cta"} <= shown
        for element, text in NEW.items():
            if element not in shown:
                continue
            after = drawn(given, Changes(replaced=((element, text),), digest=before.digest))
            assert outside_is_equal(before, after), element
            assert after.digest == before.digest
            for one, other in itertools.combinations(after.proof.texts, 2):
                assert not (one.plate or one.box).overlaps(other.plate or other.box, 1.0), (one.role, other.role)
            for placed in after.proof.texts:
                assert measured(after.pixels, placed).passes, placed.role

    def test_changed_boxes_are_those_of_the_text(self) -> None:
        given = brief("bottle", style=Style.BOLD)
        before = drawn(given)
        after = drawn(given, Changes(replaced=(("cta", NEW["cta"]),), digest=before.digest))
        assert not after.proof.scrims
        button = next(placed for placed in before.proof.texts if placed.role == "call_to_action")
        assert button.plate is not None
        assert all(box.height < button.plate.height * 1.6 for box in after.changed)
        assert (
            sum(box.width * box.height for box in after.changed) < before.pixels.shape[0] * before.pixels.shape[1] / 5
        )

    @pytest.mark.parametrize("element", ["headline", "subline", "cta"])
    def test_same_text_gives_the_same_picture(self, element: str) -> None:
        given = brief("bottle", style=Style.MINIMAL)
        before = drawn(given)
        said = next(slot.text for slot in before.slots if slot.element == element)
        after = drawn(given, Changes(replaced=((element, said),), digest=before.digest))
        assert numpy.array_equal(before.pixels, after.pixels)

    def test_order_of_changes_does_not_matter(self) -> None:
        given = brief("coffee", style=Style.BOLD)
        both = tuple((element, NEW[element]) for element in ("headline", "cta"))
        assert numpy.array_equal(
            drawn(given, Changes(replaced=both)).pixels, drawn(given, Changes(replaced=both[::-1])).pixels
        )

    def test_file_keeps_the_merged_tones_of_the_one_before(self, tmp_path: object) -> None:
        noise = numpy.random.default_rng(1).integers(0, 255, (900, 900, 4), dtype=numpy.uint8)
        step = export.write_image(noise, tmp_path / "one.png", "png")  # type: ignore[operator]
        assert step > 1
        calm = numpy.zeros((900, 900, 4), dtype=numpy.uint8)
        assert export.write_image(calm, tmp_path / "two.png", "png") == 1  # type: ignore[operator]
        assert export.write_image(calm, tmp_path / "three.png", "png", least_step=step) == step  # type: ignore[operator]


class TestOtherPictures:
    def test_picture_that_comes_out_differently_is_refused(self) -> None:
        given = brief("bottle")
        with pytest.raises(InputFault) as caught:
            drawn(given, Changes(replaced=(("cta", "Buy"),), digest="0" * 64))
        assert caught.value.reason == "SCENE_CHANGED"

    def test_palette_changes_colours_and_no_box(self) -> None:
        given = brief("bottle", style=Style.BOLD)
        before, after = drawn(given), drawn(given, Changes(palette=("#0a7d3c", "#f4d35e")))
        assert [placed.box for placed in before.proof.texts] == [placed.box for placed in after.proof.texts]
        assert (before.pixels != after.pixels).any(axis=2).mean() > 0.5
        assert after.colours == ("#0a7d3c", "#f4d35e")

    def test_laid_out_text_gets_room_of_its_own(self) -> None:
        given = brief("bottle")
        made = drawn(
            given, Changes(texts=(("headline", "A headline that takes far more room than the one before it"),))
        )
        assert "far more room" in made.alt_text

    def test_kept_layout_is_found_again_under_another_idea(self) -> None:
        given = brief("bottle", style=Style.BOLD)
        wanted = drawn(given).layout
        kept = [
            drawn(replace(given, seed=str(number), concept=str(number)), Changes(layout=wanted)).layout
            for number in range(2)
        ]
        assert kept == [wanted] * 2


def scene_of(made: Composed, **product: object) -> image_pb2.Scene:
    scene = image_pb2.Scene(version=SCENE_VERSION, digest=made.digest, drawn_layout=made.layout, colours=made.colours)
    scene.slots.extend(map(slot_message, made.slots))
    scene.brief.product.MergeFrom(catalog_pb2.Product(**product))  # type: ignore[arg-type]
    scene.headline.SetInParent()
    return scene


def wanted(**changes: object) -> image_pb2.PictureChanges:
    return image_pb2.PictureChanges(**changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def reduced() -> Composed:
    """A picture with price, old price and the discount as its badge."""
    for seed in map(str, range(40)):
        made = drawn(brief("bottle", style=Style.BOLD, old_price="70.00", subline="All day.", seed=seed))
        slots = {slot.element: slot.text for slot in made.slots}
        if {"price", "old_price", "badge"} <= set(slots) and "$" not in slots["headline"]:
            return made
    raise AssertionError("no seed shows a reduced price beside a headline")


PRICED = {"price": "49.00", "old_price": "70.00", "currency": "USD"}
NOTHING = catalog_pb2.Brief()


class TestScene:
    def test_slots_survive_their_message(self, reduced: Composed) -> None:
        assert tuple(slot_of(slot_message(slot)) for slot in reduced.slots) == reduced.slots

    def test_version_that_is_gone_is_refused(self, reduced: Composed) -> None:
        scene = scene_of(reduced)
        scene.version = SCENE_VERSION + 1
        with pytest.raises(SceneVersionGone):
            changed_scene(scene, wanted(cta="Buy"), NOTHING)
        with pytest.raises(SceneVersionGone):
            locked_scene(scene, ["headline"])

    def test_text_that_fits_at_no_size_is_refused_by_name(self, reduced: Composed) -> None:
        with pytest.raises(TextTooLong) as caught:
            changed_scene(scene_of(reduced), wanted(headline="W" * 80, cta="Buy"), NOTHING)
        assert [field.field for field in caught.value.fields] == ["changes.headline"]

    def test_longer_text_is_set_smaller(self, reduced: Composed) -> None:
        slot = next(slot for slot in reduced.slots if slot.element == "headline")
        placed = refitted(slot, "A headline of this many words needs a smaller size than the one that it replaces")
        assert placed is not None
        assert slot.smallest <= placed.block.size < slot.largest

    def test_discount_follows_the_price(self, reduced: Composed) -> None:
        scene = changed_scene(scene_of(reduced, **PRICED), wanted(price="35"), NOTHING)
        assert {text.element: text.text for text in scene.replaced} == {"price": "$35", "badge": "−50%"}
        assert scene.digest == reduced.digest

    @pytest.mark.parametrize(("price", "words"), [("70", "lower than the price before"), ("0", "higher than 0")])
    def test_price_that_is_no_reduction_is_refused(self, reduced: Composed, price: str, words: str) -> None:
        with pytest.raises(ValidationFailed) as caught:
            changed_scene(scene_of(reduced, **PRICED), wanted(price=price), NOTHING)
        assert words in caught.value.fields[0].message

    def test_price_that_another_text_contradicts_is_refused(self, reduced: Composed) -> None:
        scene = scene_of(reduced, **PRICED)
        next(slot for slot in scene.slots if slot.element == "headline").text = "Now 49 instead of 70"
        with pytest.raises(ValidationFailed) as caught:
            changed_scene(scene, wanted(price="45"), NOTHING)
        assert "contradicts the headline" in caught.value.fields[0].message
        changed = changed_scene(scene, wanted(price="45", headline="Now 45"), NOTHING)
        assert {text.element: text.text for text in changed.replaced}["headline"] == "Now 45"

    def test_banned_word_is_refused(self, reduced: Composed) -> None:
        own = catalog_pb2.Brief()
        own.project.brand.banned_words.append("cheap")
        with pytest.raises(ValidationFailed):
            changed_scene(scene_of(reduced), wanted(headline="Cheap water"), own)

    def test_other_ratio_lays_out_the_changed_texts(self, reduced: Composed) -> None:
        first = changed_scene(scene_of(reduced, **PRICED), wanted(headline="Cold water"), NOTHING)
        scene = changed_scene(first, wanted(aspect_ratio="9:16"), NOTHING)
        assert [(text.element, text.text) for text in scene.texts] == [("headline", "Cold water")]
        assert (list(scene.replaced), list(scene.slots), scene.digest) == ([], [], "")

    def test_lock_keeps_what_it_names(self, reduced: Composed) -> None:
        scene = locked_scene(scene_of(reduced, **PRICED), ["headline", "palette", "layout"])
        slots = {slot.element: slot.text for slot in reduced.slots}
        assert scene.request.headline == slots["headline"]
        assert not scene.request.HasField("cta")
        assert not scene.HasField("headline")
        assert tuple(scene.palette) == reduced.colours
        assert (scene.layout, list(scene.taken_layouts), list(scene.taken_headlines)) == (reduced.layout, [], [])
