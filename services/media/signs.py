"""Solid signs: icons of one colour as thick plates with lit edges, for things that no drawing shows.

Material Design Icons and Temaki, from the files that model_files.py stores beside the drawings. A sign's name
is its package's and its own, with a dot: "mdi.washing-machine".
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from services.media.colour import BLACK, Colour
from services.media.drawing_files import drawing_file
from services.media.skia import skia

GRIDS: Final = {"mdi": 24, "temaki": 15}  # units across an icon that names none, by package
FACE: Final = 0.86  # of the sign's size that its front takes; the rest is its depth
DEEP: Final = 0.075  # of its size: how far the plate reaches to the right and downwards
BEVEL: Final = 0.0035  # of its size: half the width of the lit edge of the front
HUE: Final = 30.0  # degrees of OKLCH; a sign takes the tones of a colour, by its lightness only
CHROMA: Final = 0.12
# Lightness, which is the place between the darkest (0) and the lightest (1) of the tones that a sign takes.
FRONT: Final = 0.53  # of the front
RISE: Final = 0.04  # of it, from the lower right to the upper left
LIT: Final = 0.3  # of the edge that the light falls on
WALLS: Final = (0.13, 0.34)  # of the sides that face away from the light and that face it most
LIGHT: Final = math.radians(235.0)  # where the light comes from: up and to the left

Pixels = NDArray[Any]


def is_sign(name: str) -> bool:
    """Whether a name is a sign's and not a drawing's."""
    return "." in name


def stored_at(drawings: Path, name: str) -> Path:
    """Returns the file that holds a drawing or a sign. drawings: the file of the drawings, which the others lie beside.

    Raises ValueError for a sign of a package that there is not.
    """
    if not is_sign(name):
        return drawings
    package = name.partition(".")[0]
    if package not in GRIDS:
        raise ValueError(f"no package holds the sign {name}")
    return drawings.with_name(f"{package}.json")


def is_stored(drawings: Path | None, name: str) -> bool:
    """Whether the file that holds a drawing or a sign is there; False without the file of the drawings."""
    return drawings is not None and (not is_sign(name) or stored_at(drawings, name).exists())


def words_of(name: str) -> str:
    """Returns what a drawing or sign shows, in words: "washing machine"."""
    return name.rpartition(".")[2].replace("-", " ")


def pixels_of(drawings: Path, name: str, size: int) -> Pixels:
    """Returns a sign as RGBA bytes of (size, size, 4), with shades of one hue that tones are mapped to.

    Raises KeyError for an unknown name, OSError, and ValueError for an icon that cannot be read.
    """
    front = _front(drawings, name, size)
    down, across = numpy.gradient(_blurred(front, size * BEVEL))
    slope = numpy.hypot(across, down)
    faced = (across * math.cos(LIGHT) + down * math.sin(LIGHT)) / numpy.maximum(slope, 1e-6)  # -1 is lit most
    steep = numpy.clip(slope / max(float(slope.max()), 1e-6), 0.0, 1.0)
    place = numpy.add.outer(numpy.linspace(1, -1, size), numpy.linspace(1, -1, size)) / 2
    lightness = FRONT + RISE * place + LIT * numpy.clip(-faced, 0.0, 1.0) * steep
    walls = WALLS[0] + (WALLS[1] - WALLS[0]) * (0.5 - 0.5 * faced)
    shade, alpha = _swept(walls, front, round(size * DEEP))
    shown = front + alpha * (1 - front)
    mixed = (lightness * front + shade * alpha * (1 - front)) / numpy.maximum(shown, 1e-6)
    return numpy.dstack([_ramp()[numpy.clip(numpy.rint(mixed * 255), 0, 255).astype(int)], _bytes(shown)])


def _front(drawings: Path, name: str, size: int) -> Pixels:
    """The opacity of the front, 0 to 1."""
    package, _, icon = name.partition(".")
    text = drawing_file(stored_at(drawings, name)).svg(icon, grid=GRIDS[package])
    picture = skia.SVGDOM.MakeFromStream(skia.MemoryStream(text.replace("currentColor", BLACK.hex).encode(), True))
    if picture is None:
        raise ValueError(f"the sign {name} cannot be read")
    own = picture.containerSize()
    surface = skia.Surface(size, size)
    canvas = surface.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    scale = FACE * size / max(own.width(), own.height())
    canvas.scale(scale, scale)
    picture.render(canvas)
    alpha = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., 3]
    return _share(alpha)


def _swept(shade: Pixels, alpha: Pixels, reach: int) -> tuple[Pixels, Pixels]:
    """What a shape with these shades covers behind itself when it is drawn again at each step to the right and
    downwards: the shade that lies nearest in front, and the opacity."""
    done = 1
    while done < reach:
        step = min(done, reach - done)
        moved_shade, moved = _moved(shade, step), _moved(alpha, step)
        under = moved * (1 - alpha)
        total = alpha + under
        shade = numpy.where(total > 0, (shade * alpha + moved_shade * under) / numpy.maximum(total, 1e-6), shade)
        alpha = total
        done += step
    return shade, alpha


def _moved(values: Pixels, step: int) -> Pixels:
    moved = numpy.zeros_like(values)
    moved[step:, step:] = values[:-step, :-step]
    return moved


def _blurred(values: Pixels, radius: float) -> Pixels:
    image = skia.Image.fromarray(numpy.dstack([numpy.zeros((*values.shape, 3), numpy.uint8), _bytes(values)]))
    surface = skia.Surface(*values.shape)
    surface.getCanvas().clear(skia.ColorTRANSPARENT)
    paint = skia.Paint(ImageFilter=skia.ImageFilters.Blur(radius, radius))
    surface.getCanvas().drawImage(image, 0, 0, skia.SamplingOptions(), paint)
    alpha = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)[..., 3]
    return _share(alpha)


def _share(opacity: Pixels) -> Pixels:
    """Bytes as numbers from 0 to 1."""
    return numpy.divide(opacity, 255, dtype=numpy.float32)


def _bytes(share: Pixels) -> Pixels:
    made: Pixels = numpy.clip(numpy.rint(share * 255), 0, 255).astype(numpy.uint8)
    return made


@cache
def _ramp() -> Pixels:
    """256 colours of one hue from black to white, as bytes."""
    colours = [Colour.from_oklch(step / 255, CHROMA, HUE) for step in range(256)]
    return numpy.array([[round(part * 255) for part in (one.red, one.green, one.blue)] for one in colours], numpy.uint8)
