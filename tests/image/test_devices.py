"""Promises of posters whose texts stand on things of paper: they suit the subject, are seen, and have room."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy
import pytest

from services.image.domain import AspectRatio, Style, Subject
from services.image.providers.local import composer, paper, textstack, textures
from services.image.providers.local.arrangement import Plan, arrange
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.layouts import DEVICES, Layout, PlacedField, Shows, layouts
from services.image.providers.local.posters import Shape, Tone, texture_table, textures_for
from services.image.providers.local.print_look import STEP, printed
from services.image.providers.local.scene_context import Set
from services.image.providers.local.text_column import Request, Role, Stack
from services.media.colour import Colour
from services.media.drawings import Drawing, oklab
from services.media.field_palette import Scheme, field_palette
from services.media.skia import skia
from tests.image.briefs import brief
from tests.image.test_pictures import promises_hold

THINGS = [layout for layout in layouts() if layout.device]
FRAME = Frame.of(AspectRatio.SQUARE)


def _scene(scheme: Scheme = Scheme.BRAND) -> tuple[Set, skia.Surface]:
    surface = skia.Surface(FRAME.width, FRAME.height)
    scene = Set(
        canvas=surface.getCanvas(),
        frame=FRAME,
        palette=field_palette(("#12355b", "#e4572e"), scheme),
        arrangement=arrange(Plan.TYPE, FRAME, 1.0),
        product=FRAME.whole,
        draw=random.Random(1),
        stands=False,
    )
    return scene, surface


def _pixels(surface: skia.Surface) -> Any:
    return surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType).astype(int)


class TestData:
    def test_things_are_those_of_what_is_sold(self) -> None:
        assert len({shape for layout in THINGS for shape in _shapes(layout)}) >= 10

        def fitting(kind: str, sector: str) -> set[str]:
            return {
                shape.value for one in THINGS if one.suits(Subject(kind=kind, sector=sector)) for shape in _shapes(one)
            }

        assert "ticket" in fitting(kind="event", sector="culture_events")
        assert "label" in fitting(kind="food", sector="food_drink")
        assert "notice" in fitting(kind="job", sector="jobs")
        assert not fitting(kind="service", sector="home_services")
        assert not fitting(kind="good", sector="garden_diy")

    def test_things_are_in_the_shapes_that_paper_draws(self) -> None:
        assert set(paper.DRAWERS) == DEVICES | {Shape.SHEET}

    def test_textures_are_known_and_quiet_beside_death(self) -> None:
        assert texture_table().names <= set(textures.TEXTURES)
        grave = Subject(sector="culture_events", sensitive=frozenset({"death"}))
        assert not {"rays", "terrazzo"} & set(textures_for(grave))
        assert "rays" in textures_for(replace(grave, sensitive=frozenset()))

    def test_no_bunting_beside_illness_or_credit(self) -> None:
        lively = next(layout for layout in THINGS if layout.name == "type below bunting")
        event = Subject(kind="event")
        assert lively.suits(event)
        assert not lively.suits(replace(event, sensitive=frozenset({"illness"})))
        assert not lively.suits(replace(event, regulated=frozenset({"credit"})))
        assert not lively.suits(Subject(kind="software"))


def _shapes(layout: Layout) -> set[Shape]:
    return {field.shape for boxes in layout.boxes.values() for field in boxes.fields} & DEVICES


class TestDrawing:
    @pytest.mark.parametrize("shape", sorted(DEVICES))
    @pytest.mark.parametrize("scheme", [Scheme.BRAND, Scheme.PAPER])
    def test_thing_is_seen_on_every_ground_and_casts_a_shadow(self, shape: Shape, scheme: Scheme) -> None:
        scene, surface = _scene(scheme)
        scene.canvas.drawPaint(skia.Paint(Color=scene.palette.background.argb()))
        plain = _pixels(surface)
        box = Box(150, 150, 930, 700) if shape not in (Shape.AWNING, Shape.BUNTING) else Box(0, 0, 1080, 200)
        paper.paint(scene, PlacedField(shape, Tone.PAPER, box, fold=(0.0, 480.0)))
        changed = numpy.abs(_pixels(surface) - plain).max(axis=2) > 2
        inner = box.inset(box.width * 0.1, box.height * 0.3)
        assert changed[int(inner.top) : int(inner.bottom), int(inner.left) : int(inner.right)].mean() > 0.4
        outside = changed.copy()
        outside[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = False
        assert outside.any()

    @pytest.mark.parametrize("name", sorted(set(textures.TEXTURES) - {"plain", "terrazzo"}))
    def test_texture_has_only_near_tones(self, name: str) -> None:
        scene, surface = _scene()
        scene.canvas.drawPaint(skia.Paint(Color=scene.palette.background.argb()))
        plain = _pixels(surface)
        textures.paint(scene, name)
        moved = numpy.abs(_pixels(surface) - plain).max(axis=2)
        assert (moved > 3).mean() > 0.02
        assert moved.max() < 70

    def test_texture_keeps_its_distance_from_the_ink(self) -> None:
        """On a ground of middle lightness patterns move away from the ink: texts keep their contrast without a veil."""
        scene, surface = _scene()
        ground = Colour.from_oklch(0.62, 0.1, 60)
        for ink in (Colour.of("#000000"), Colour.of("#ffffff")):
            tinted = replace(scene, palette=replace(scene.palette, background=ground, ink=ink))
            textures.paint(tinted, "waves")
            mean = float(_pixels(surface)[..., :3].mean())
            own = 255 * (ground.red + ground.green + ground.blue) / 3
            assert (mean > own) == (ink.lightness < 0.5)


def test_shading_is_grained_and_warm_things_have_no_violet_shade() -> None:
    height = width = 240
    across = numpy.linspace(0, 1, width)
    pixels = numpy.zeros((height, width, 4), numpy.uint8)
    warm = numpy.array((224, 160, 90))
    pixels[..., :3] = (warm * (0.6 + 0.4 * across)[:, None]).astype(numpy.uint8)
    pixels[200:, :, :3] = (150, 80, 150)
    pixels[..., 3] = 255
    image = skia.Image.fromarray(pixels, colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType)
    made = printed(Drawing(name="egg", image=image)).image.toarray(
        colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType
    )
    rough = numpy.abs(numpy.diff(oklab(made[:200, :, :3])[..., 0], axis=0))
    assert (rough > STEP / 3).mean() > 0.05  # one column had one tone
    assert numpy.array_equal(made[..., 3], pixels[..., 3])
    shade = made[220, :, :3].astype(int)
    assert (shade[:, 0] > shade[:, 2]).mean() > 0.95


class TestRoom:
    def test_layout_without_room_for_the_price_gives_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        request = brief("unknown", style=Style.MODERN, price="48", headline="Dry by noon")
        seen: list[str] = []
        solved = textstack.solve

        def without_room(wanted: Request) -> Stack:
            stack = solved(wanted)
            seen.append("")
            return (
                replace(stack, notes=("There was no room for the price; it was left out.",)) if seen == [""] else stack
            )

        monkeypatch.setattr(composer, "MOST_EMPTY", 1.0)
        first = composer.compose(request, photo=None).layout
        monkeypatch.setattr(composer, "solve", without_room)
        assert composer.compose(request, photo=None).layout != first

    @pytest.mark.parametrize("layout", [one for one in THINGS if Shows.TYPE in one.shows], ids=lambda one: one.name)
    def test_every_promise_holds_on_things(self, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.image.providers.local.choice._layout", lambda *_, **__: layout)
        ratio = list(AspectRatio)[len(layout.name) % len(AspectRatio)]
        style = sorted(layout.styles)[0]
        made = composer.compose(brief("coffee", style=style, aspect_ratio=ratio, price="14"), photo=None)
        promises_hold(made, f"{layout.name} {ratio}")
        assert {Role.HEADLINE, Role.CALL_TO_ACTION} <= {text.role for text in made.proof.texts}
