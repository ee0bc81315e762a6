"""Photos shown as photographs: cropped to what they show, in a mask or to the edges, calm where text stands on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy
from numpy.typing import NDArray
from PIL import Image

from services.image.providers.local import brushes, legibility
from services.image.providers.local.figure import SAMPLING
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.layouts import Mask
from services.image.providers.local.legibility import Pixels
from services.media.colour import BLACK, WHITE, Colour
from services.media.skia import skia

MAP_SIDE: Final = 96  # pixels of a photo's map of details: finer than any place for text
CENTRE: Final = 0.8  # weight of the place against details: things stand in the middle of photos
UPPER: Final = 0.38  # of the height: heads and faces are above the middle
# YCbCr ranges of skin (Chai and Ngan 1999): what looks like it may be a face, so no text stands on it and no crop cuts
# it. Wood and fur look like it too, which costs a calm place and nothing else.
SKIN_CB: Final = (77, 127)
SKIN_CR: Final = (133, 173)
MOST_ENLARGED: Final = 1.8  # times that a photo may be enlarged to fill the picture
LEAST_KEPT: Final = 0.42  # share of a photo that a crop to the edges must keep
VEILS: Final = (0.0, 0.3, 0.42, 0.54, 0.64, 0.74, 0.82, 0.9)  # opacities that are tried, the weakest first
WANTED: Final = 4.9  # contrast under text on a photo: a little more than small type must have
DARK_AHEAD: Final = 0.25  # opacity that dark text must save against light text, which photos take better
FADE: Final = 0.24  # share of the picture's side over which a veil fades out

Details = NDArray[numpy.float32]


def details(photo: Any) -> Details:
    """Returns how much there is to see in each part of a photo, 0 to 1, at most MAP_SIDE cells a side."""
    pixels = photo.toarray(colorType=skia.kRGBA_8888_ColorType)
    small = Image.fromarray(pixels).convert("RGB")
    small.thumbnail((MAP_SIDE * 2, MAP_SIDE * 2), Image.Resampling.BOX)
    if min(small.size) < 2:  # of a strip: a cell needs two pixels a side
        small = small.resize((max(small.width, 2), max(small.height, 2)))
    light, blue, red = (numpy.asarray(band, dtype=numpy.float32) for band in small.convert("YCbCr").split())
    grey = light / 255
    skin = (blue >= SKIN_CB[0]) & (blue <= SKIN_CB[1]) & (red >= SKIN_CR[0]) & (red <= SKIN_CR[1])
    edges = numpy.zeros_like(grey)
    edges[:, 1:] += numpy.abs(numpy.diff(grey, axis=1))
    edges[1:] += numpy.abs(numpy.diff(grey, axis=0))
    rows, columns = edges.shape[0] // 2 * 2, edges.shape[1] // 2 * 2

    def halved(values: NDArray[Any]) -> NDArray[Any]:
        cells: NDArray[Any] = values[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
        return cells

    cells = halved(edges)
    seen = numpy.minimum(cells / max(float(numpy.quantile(cells, 0.98)), 1e-3), 1.0)
    together: Details = numpy.maximum(seen, halved(skin.astype(numpy.float32))).astype(numpy.float32)
    return together


def cropped(photo: Any, box: Box, found: Details) -> Box:
    """Returns the part of a photo, in its pixels, with the shape of `box` that keeps the most of what is to be seen."""
    width, height = float(photo.width()), float(photo.height())
    shape = box.width / box.height
    across = width / height > shape
    rows, columns = found.shape
    length, kept = (columns, height * shape / width) if across else (rows, width / shape / height)
    profile = found.mean(axis=0 if across else 1)
    middle = 1 - numpy.abs(numpy.linspace(-1, 1, length))
    worth = numpy.cumsum(
        numpy.concatenate([[0.0], profile / max(float(profile.sum()), 1e-6) + CENTRE * middle / length])
    )
    window = max(1, round(length * min(kept, 1.0)))
    start = int(numpy.argmax(worth[window:] - worth[: length - window + 1])) / length
    if across:
        left = min(start * width, width - height * shape)
        return Box(left, 0, left + height * shape, height)
    top = min(start * height, height - width / shape)
    return Box(0, top, width, top + width / shape)


def fills(photo: Any, box: Box) -> bool:
    """Whether a photo is large enough, and near enough in shape, to be cropped to a box."""
    scale = max(box.width / photo.width(), box.height / photo.height())
    kept = (box.width * box.height) / (photo.width() * photo.height() * scale * scale)
    return bool(scale <= MOST_ENLARGED and kept >= LEAST_KEPT)


def busyness(photo: Any, frame_box: Box, place: Box, found: Details) -> float:
    """Returns how much of the photo's details lie in a place of the picture, 0 to 1, when it fills `frame_box`."""
    part = cropped(photo, frame_box, found)
    rows, columns = found.shape
    scale = part.width / frame_box.width
    left = (part.left + (place.left - frame_box.left) * scale) / photo.width() * columns
    right = (part.left + (place.right - frame_box.left) * scale) / photo.width() * columns
    top = (part.top + (place.top - frame_box.top) * scale) / photo.height() * rows
    bottom = (part.top + (place.bottom - frame_box.top) * scale) / photo.height() * rows
    under = found[max(0, int(top)) : max(1, round(bottom)), max(0, int(left)) : max(1, round(right))]
    return float(under.mean()) if under.size else 1.0


def draw_photo(canvas: Any, photo: Any, box: Box, mask: Mask, frame: Frame, shade: Colour) -> None:
    """Draws a photo into its box."""
    shape = _outline(box, mask, frame)
    if mask is not Mask.FULL:
        canvas.drawPath(
            shape, brushes.with_shadow(brushes.fill(WHITE), shade, y=frame.unit, blur=2.4 * frame.unit, alpha=0.32)
        )
    canvas.save()
    canvas.clipPath(shape, doAntiAlias=True)
    part = cropped(photo, box, details(photo))
    canvas.drawImageRect(photo, brushes.rect(part), brushes.rect(box), SAMPLING, skia.Paint(AntiAlias=True))
    canvas.restore()


def mask_box(box: Box, mask: Mask) -> Box:
    """Returns the part of a box that a mask fills: a circle takes a square of it."""
    return box.fitted(1.0, anchor_y=0.5) if mask is Mask.CIRCLE else box


def _outline(box: Box, mask: Mask, frame: Frame) -> Any:
    path = skia.Path()
    if mask is Mask.CIRCLE:
        path.addOval(brushes.rect(box))
    elif mask is Mask.ARCH:
        radius = box.width / 2
        corner = 2.0 * frame.unit
        shape = skia.RRect()
        shape.setRectRadii(
            brushes.rect(box),
            [skia.Point(radius, min(radius, box.height * 0.6))] * 2 + [skia.Point(corner, corner)] * 2,
        )
        path.addRRect(shape)
    elif mask is Mask.CARD:
        path.addRRect(brushes.rounded(box, 2.6 * frame.unit))
    else:
        path.addRect(brushes.rect(box))
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Veil:
    """What makes a photo calm enough for text: light text on a darker photo, or dark text on a lighter one.

    opacity: 0 where the photo needs none.
    """

    light_text: bool
    colour: Colour
    opacity: float


def veil_for(pixels: Pixels, texts: Sequence[Box]) -> Veil:
    """Returns the weakest veil under which all texts can be read."""
    under = [legibility.cut(pixels, box)[::2, ::2, :3] for box in texts]
    flat = numpy.concatenate([part.reshape(-1, 3) for part in under])
    mean = Colour(*(float(channel) / 255 for channel in flat.mean(axis=0)))
    dark, light = Colour.from_oklch(0.16, min(mean.chroma, 0.03), mean.hue), Colour.from_oklch(0.97, 0.008, mean.hue)
    on_dark, on_light = _opacity(flat, dark, WHITE), _opacity(flat, light, BLACK)
    if on_light + DARK_AHEAD < on_dark:
        return Veil(light_text=False, colour=light, opacity=on_light)
    return Veil(light_text=True, colour=dark, opacity=on_dark)


def _opacity(flat: NDArray[numpy.uint8], veil: Colour, text: Colour) -> float:
    tint = numpy.array([veil.red, veil.green, veil.blue], dtype=numpy.float32) * 255
    for opacity in VEILS:
        mixed = (flat * (1 - opacity) + tint * opacity).astype(numpy.uint8)
        if legibility.ratio_on(legibility.luminances(mixed), text.luminance) >= WANTED:
            return opacity
    return VEILS[-1]


def draw_veil(canvas: Any, veil: Veil, texts: Sequence[Box], frame: Frame) -> None:
    """Darkens or lightens the photo from the edge that the texts stand at, and fades out beyond them."""
    if not veil.opacity:
        return
    for group in _groups(texts, frame):
        whole = frame.whole
        pad = 4 * frame.unit
        if group.width < whole.width * 0.56 and frame.width > frame.height:
            fade = whole.width * FADE
            if group.centre_x < whole.centre_x:
                start, end = (group.right + pad + fade, 0.0), (group.right + pad, 0.0)
            else:
                start, end = (group.left - pad - fade, 0.0), (group.left - pad, 0.0)
        else:
            fade = whole.height * FADE
            if group.centre_y < whole.centre_y:
                start, end = (0.0, group.bottom + pad + fade), (0.0, group.bottom + pad)
            else:
                start, end = (0.0, group.top - pad - fade), (0.0, group.top - pad)
        steps = [(0.0, 0.0), (0.35, 0.22), (0.7, 0.72), (1.0, 1.0)]
        stops = [(place, veil.colour, share * veil.opacity) for place, share in steps]
        canvas.drawRect(brushes.rect(whole), brushes.linear(start, end, stops))


def _groups(texts: Sequence[Box], frame: Frame) -> list[Box]:
    """The texts joined into groups that stand far apart."""
    groups: list[Box] = []
    for box in sorted(texts, key=lambda text: text.top):
        if groups and box.top - groups[-1].bottom < frame.height * 0.16:
            groups[-1] = groups[-1].joined(box)
        else:
            groups.append(box)
    return groups
