"""Signs: icons of one colour as thick plates, for things that no drawing shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from services.media import drawings, model_files, signs
from services.media.colour import Colour
from services.media.drawing_files import drawing_file
from services.media.drawn_objects import drawn
from services.media.objects import objects
from services.media.skia import skia
from services.media.trade_drawings import trade_drawings

CREAM, NAVY, ORANGE = Colour.of("#f3ede2"), Colour.of("#12355b"), Colour.of("#e2603a")


@pytest.fixture(scope="module")
def path() -> Path:
    try:
        for name in model_files.SIGN_FILES:
            model_files.model_path(name)
        return model_files.model_path(model_files.DRAWINGS)
    except model_files.ModelMissing as missing:
        pytest.skip(str(missing))


def shown(drawing: drawings.Drawing) -> Any:
    return drawing.image.toarray(colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType)


def all_signs() -> list[str]:
    return sorted(name for name in trade_drawings().names | set(objects().things) if signs.is_sign(name))


def test_every_sign_is_in_its_package(path: Path) -> None:
    assert len(all_signs()) > 100
    for name in all_signs():
        package, _, icon = name.partition(".")
        assert icon in drawing_file(signs.stored_at(path, name)).names, f"{name} of {package}"


def test_no_icon_is_meant_for_a_screen() -> None:
    marks = {"outline", "off", "alert", "plus", "check", "account", "arrow"}
    assert not [name for name in all_signs() if marks.intersection(name.split("-"))]


@pytest.mark.parametrize("name", ["mdi.washing-machine", "temaki.windmill"])
def test_sign_is_a_plate_lit_from_the_upper_left(path: Path, name: str) -> None:
    pixels = signs.pixels_of(path, name, 400)
    assert pixels.shape == (400, 400, 4)
    lightness = drawings.oklab(pixels[..., :3])[..., 0]
    solid = pixels[..., 3] > drawings.SOLID
    front, wall = lightness[solid] > signs.FRONT - signs.RISE, lightness[solid] < signs.WALLS[1] + 0.02
    assert front.mean() > 0.4
    assert wall.mean() > 0.1  # a front, and sides that are darker
    rows, columns = numpy.nonzero(solid & (lightness < signs.WALLS[1] + 0.02))
    lit = numpy.nonzero(solid & (lightness > signs.FRONT + 0.1))
    assert lit[0].mean() + lit[1].mean() < rows.mean() + columns.mean()


def test_front_takes_the_colour_and_sides_are_darker(path: Path) -> None:
    made = shown(drawn(path, "mdi.washing-machine", behind=CREAM, base=ORANGE, paper=Colour.of("#ffffff")))
    solid = made[made[..., 3] > drawings.SOLID][:, :3]
    face = numpy.median(solid, axis=0)
    assert numpy.abs(face - numpy.array([226, 96, 58])).max() < 30
    assert (drawings.oklab(solid)[:, 0] < ORANGE.lightness - 0.15).mean() > 0.1


def test_sign_is_not_stored_where_its_package_is_missing(path: Path, tmp_path: Path) -> None:
    alone = tmp_path / path.name
    alone.write_bytes(b"{}")
    assert signs.is_stored(alone, "candle")
    assert not signs.is_stored(alone, "mdi.stairs")
    assert not signs.is_stored(None, "candle")
    assert signs.is_stored(path, "mdi.stairs")
    with pytest.raises(ValueError, match="no package"):
        signs.stored_at(path, "other.stairs")


def test_words_name_the_thing_without_its_package() -> None:
    assert signs.words_of("mdi.washing-machine") == "washing machine"
    assert signs.words_of("potted-plant") == "potted plant"


def test_every_sign_can_be_drawn(path: Path) -> None:
    for name in all_signs():
        opacity = signs.pixels_of(path, name, 96)[..., 3]
        assert (opacity > drawings.SOLID).mean() > 0.08, name
