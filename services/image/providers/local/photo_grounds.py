"""Photographed places behind type and product, the surface that the product stands on, and the light of the place."""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy

from services.image.domain import AspectRatio
from services.image.providers.local import brushes, scenery
from services.image.providers.local.geometry import Box
from services.image.providers.local.scene_context import Set, leaf_shape
from services.media import panoramas
from services.media.colour import WHITE, Colour, Palette
from services.media.panoramas import Illumination, Light, View
from services.media.places import Place, chosen_place, places
from services.media.skia import skia

HORIZON: Final = 0.62  # share of the height above it: products are seen from a little above
BLUR: Final = (0.019, 0.026)  # radius of the blur, of the picture's longer side: less would show a panorama's pixels
LEADING_BLUR: Final = 0.0055  # of a place that the picture is about
LEADING_VIEW: Final = 1.3  # times the field of view of a ground: a place is known by more than one corner
LIVELIEST: Final = 0.5  # of the tones of the liveliest direction of a place, at least
LEAST_DETAIL: Final = 0.0165  # mean slope of a direction's tones (0..1) per point: with less nothing is recognised
DARK_TONES: Final = 0.15  # tones (0..1) up to which a point is dark
MOST_DARK: Final = 0.3  # of the points of such a view: a large dark part looks like a smear
GLANCE: Final = (540, 540)  # pixels at which directions are compared
PITCH: Final = 0.85  # units between the dots of such a place's screen
SCREEN_ANGLE: Final = 0.55  # radians that the screen is turned by
SCREEN: Final = 0.42  # share of the screen's dots in the tones between; the rest is continuous
SOFTNESS: Final = 0.22  # of a dot's edge, in tones
HUED: Final = 0.03  # chroma from which the palette's ground has a hue
WINDOW_BLUR: Final = 0.007  # the same for a place seen through a window, which is smaller
TURN_DEGREES: Final = 7.0  # that a direction of the table is varied by
LIGHT_TONE, DARK_TONE = 0.56, 0.05  # linear tone of what is above the horizon
MIST: Final = (0.5, 0.86)  # opacity of the air behind type, over a calm and over a lively place
LIFT: Final = 0.06  # of the air's lightness over the place's: air is bright
LIVELY: Final = 0.3  # deviation of tones (0..1) under type that takes the most air
MOST_EXPOSURE: Final = 30.0  # a night is not made a day
SURFACE_DETAIL: Final = 2  # pixels of the picture for each of the surface's

# Of each surface: its colour, how much of the place it mirrors, and the strength of its grain.
SURFACES: Final[dict[str, tuple[str, float, float]]] = {
    "wood": ("#a97b52", 0.22, 0.2),
    "stone": ("#c9c2b8", 0.3, 0.07),
    "plaster": ("#e4ded6", 0.12, 0.03),
    "slate": ("#4a4d53", 0.4, 0.1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """A view of a place for one picture. grade: the light's colour; strewn: what is in the air, as places.toml says."""

    folder: Path
    place: Place
    view: View
    surface: str
    dark: bool
    ratio: AspectRatio
    grade: Colour = WHITE
    strewn: str = ""
    night: bool = False  # whether it is dark for the season's or the place's sake

    @property
    def light(self) -> Light:
        """What is seen, linear and exposed to about 0..1, DETAIL times smaller than the picture."""
        width, height = self.ratio.pixels
        seen = panoramas.looked_at(self.folder, self.view, width, height)
        above = seen[: round(seen.shape[0] * self.view.horizon)] @ panoramas.WEIGHTS
        tone = DARK_TONE if self.dark else LIGHT_TONE
        exposure = min(tone / max(float(numpy.median(above)), 1e-3), MOST_EXPOSURE)
        graded: Light = seen * (_linear(self.grade) * exposure)
        return graded

    @property
    def illumination(self) -> Illumination:
        """Where the light on the product comes from."""
        return panoramas.illumination(self.folder, self.view)

    @property
    def surface_colour(self) -> Colour:
        """The surface in the light of the place."""
        return _shown(_surface_light(self))

    def colours(self) -> tuple[Colour, Colour, Colour]:
        """Returns the colours above the horizon, near it, and of the surface, for a palette."""
        light = self.light
        rows = light.shape[0]
        upper = light[: round(rows * self.view.horizon * 0.8)]
        lower = light[round(rows * self.view.horizon * 0.7) : round(rows * min(0.95, self.view.horizon + 0.2))]
        return (*(_shown(_middle(part)) for part in (upper, lower)), self.surface_colour)  # type: ignore[return-value]


def installed(folder: Path | None, names: Collection[str]) -> tuple[str, ...]:
    """Returns those of the named places whose panorama is in the folder."""
    if folder is None:
        return ()
    table = places().places
    return tuple(name for name in names if (folder / panoramas.file_name(table[name].panorama)).is_file())


def backdrop(
    folder: Path,
    names: Collection[str],
    ratio: AspectRatio,
    draw: random.Random,
    *,
    dark: bool,
    lively: bool = False,
    **more: Any,
) -> Backdrop:
    """Chooses a place of the names, a direction, a blur and a surface. more: grade, strewn and night.

    lively: only directions in which there is something to see.
    """
    place = chosen_place(names, draw)
    yaws = _lively(folder, place) if lively else place.yaws
    view = View(
        panorama=place.panorama,
        yaw=draw.choice(yaws or place.yaws) + draw.uniform(-TURN_DEGREES, TURN_DEGREES),
        width=place.view * draw.uniform(0.92, 1.08) * (LEADING_VIEW if lively else 1.0),
        horizon=HORIZON,
        blur=draw.uniform(*BLUR),
        mirrored=draw.random() < 0.5,
    )
    dark = dark or place.dark
    return Backdrop(
        folder=folder, place=place, view=view, surface=draw.choice(place.surfaces), dark=dark, ratio=ratio, **more
    )


def shown(folder: Path | None, names: Collection[str]) -> tuple[str, ...]:
    """Returns those of the named places that are installed and show, in some direction, what place they are."""
    return tuple(name for name in installed(folder, names) if folder and _lively(folder, places().places[name]))


@lru_cache(maxsize=32)
def _lively(folder: Path, place: Place) -> tuple[float, ...]:
    """The place's directions with LEAST_DETAIL and without large dark parts, whose tones differ at least LIVELIEST as
    much as those of the liveliest."""
    spread: dict[float, float] = {}
    for yaw in place.yaws:
        view = View(
            panorama=place.panorama, yaw=yaw, width=place.view * LEADING_VIEW, horizon=HORIZON, blur=LEADING_BLUR
        )
        light = panoramas.looked_at(folder, view, *GLANCE)
        above = light[: round(light.shape[0] * HORIZON)] @ panoramas.WEIGHTS
        exposure = LIGHT_TONE / max(float(numpy.median(above)), 1e-3)
        tones = panoramas.developed(light * exposure, exposure=1.0) @ panoramas.WEIGHTS / 255
        detail = float(numpy.hypot(*numpy.gradient(tones)).mean())
        if detail >= LEAST_DETAIL and float((tones < DARK_TONES).mean()) <= MOST_DARK:
            spread[yaw] = float(tones.std())
    return tuple(yaw for yaw, found in spread.items() if found >= LIVELIEST * max(spread.values()))


def lamp(ground: Backdrop) -> tuple[Colour, tuple[float, float]]:
    """Returns the colour of the place's light and its direction in the picture: x to the right, y down, -1 to 1."""
    light = ground.illumination
    red, green, blue = (channel ** (1 / 2.2) for channel in light.colour)
    reach = max(math.hypot(light.right, light.up), 0.3)
    return Colour(red, green, blue).mixed(WHITE, 0.4), (light.right / reach, -max(light.up, 0.2) / reach)


def view_of(scene: Set, ground: Backdrop, *, graded: bool = False) -> None:
    """Draws the place as one sees it through a window: hardly out of focus, without mist and surface.

    graded: printed in two shades of the palette through a screen of dots. A panorama has too few pixels for a
    photograph that fills a picture, but enough for a print.
    """
    near = replace(ground, view=replace(ground.view, blur=LEADING_BLUR if graded else WINDOW_BLUR))
    if graded and not ground.night:  # beside fields of colour a place in the dark looks like a hole
        near = replace(near, dark=False)
    seen = panoramas.developed(near.light, exposure=1.0)
    sampling = skia.SamplingOptions(skia.CubicResampler.Mitchell())
    if graded:
        wide, high = round(scene.frame.width), round(scene.frame.height)
        seen = _printed(_image(seen).resize(wide, high, sampling), scene.palette, scene.unit * PITCH)
    scene.canvas.drawImageRect(_image(seen), brushes.rect(scene.frame.whole), sampling, skia.Paint())
    _strew(replace(scene, written=()), ground.strewn)


def _printed(picture: Any, palette: Palette, pitch: float) -> Any:
    """The place in two shades of the palette, its tones between them as dots `pitch` pixels apart."""
    tones = picture.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3] @ panoramas.WEIGHTS / 255
    dark, bright = (float(numpy.percentile(tones, share)) for share in (2, 98))
    tones = numpy.clip((tones - dark) / max(bright - dark, 1e-3), 0, 1)
    y, x = numpy.mgrid[: tones.shape[0], : tones.shape[1]].astype(numpy.float32) * (2 * math.pi / pitch)
    cosine, sine = math.cos(SCREEN_ANGLE), math.sin(SCREEN_ANGLE)
    screen = 0.5 + (numpy.cos(x * cosine + y * sine) + numpy.cos(y * cosine - x * sine)) / 4
    dots = numpy.clip((tones - screen) / SOFTNESS + 0.5, 0, 1)
    tones = (tones * (1 - SCREEN) + dots * SCREEN)[..., None]
    hue = palette.background if palette.background.chroma >= HUED else palette.secondary
    low, high = (
        numpy.array([tone.red, tone.green, tone.blue], dtype=numpy.float32) * 255
        for tone in (hue.with_lightness(0.27), hue.with_lightness(0.93))
    )
    return (low + (high - low) * tones + 0.5).clip(0, 255).astype(numpy.uint8)


def paint(scene: Set, ground: Backdrop) -> None:
    """Draws the place, and where a product stands its surface."""
    frame = scene.frame
    light = ground.light
    shown = panoramas.developed(light, exposure=1.0)
    picture, picture_tones = _image(shown), shown @ panoramas.WEIGHTS / 255
    scene.canvas.drawImageRect(
        picture, brushes.rect(frame.whole), skia.SamplingOptions(skia.CubicResampler.Mitchell()), skia.Paint()
    )
    _air(scene, picture_tones)
    if ground.strewn == "lights":
        tones = (Colour.of("#ffd79a"), Colour.of("#fff0d0"), scene.palette.accent.with_lightness(0.75))
        scenery.bokeh(scene, tones, 26)
    if scene.stands:
        _surface(scene, ground, light)
    _strew(scene, ground.strewn)


def _air(scene: Set, tones: Any) -> None:
    """A mist of the place's own tone behind type: thin over a calm place, thicker over a lively one."""
    palette, frame = scene.palette, scene.frame
    tone = palette.background if palette.dark else palette.background.lighter(LIFT)
    text = scene.arrangement.text
    if scene.arrangement.panel is not None:
        return
    across, down = tones.shape[1] / frame.width, tones.shape[0] / frame.height
    under = [
        tones[
            int(box.top * down) : math.ceil(box.bottom * down), int(box.left * across) : math.ceil(box.right * across)
        ]
        for box in scene.written
        if box.overlaps(text)
    ]
    apart = max((float(abs(part - _grey(tone)).mean()) for part in under if part.size), default=0.0)
    strength = MIST[0] + (MIST[1] - MIST[0]) * min(1.0, apart / LIVELY)
    if scene.arrangement.spread and text.width < frame.width * 0.8:
        left = text.centre_x < frame.width / 2
        start, end = (0.0, text.right + 14 * scene.unit) if left else (float(frame.width), text.left - 14 * scene.unit)
        mist = brushes.linear((start, 0), (end, 0), [(0, tone, strength), (0.55, tone, strength * 0.85), (1, tone, 0)])
    elif text.centre_y < frame.height / 2:
        end = text.bottom + 16 * scene.unit
        mist = brushes.linear((0, 0), (0, end), [(0, tone, strength), (0.6, tone, strength * 0.8), (1, tone, 0)])
    else:
        start = text.top - 16 * scene.unit
        mist = brushes.linear(
            (0, frame.height), (0, start), [(0, tone, strength), (0.6, tone, strength * 0.8), (1, tone, 0)]
        )
    mist.setDither(True)
    scene.canvas.drawPaint(mist)


def _surface(scene: Set, ground: Backdrop, light: Light) -> None:
    """A table over the whole width: the material in the light of the place, and the place mirrored in it."""
    from scipy.ndimage import gaussian_filter, zoom

    frame = scene.frame
    top = scenery.surface_top(scene)
    rows = max(8, math.ceil((frame.height - top) / SURFACE_DETAIL))
    columns = math.ceil(frame.width / SURFACE_DETAIL)
    _, gloss, grain = SURFACES[ground.surface]
    near = (numpy.arange(rows, dtype=numpy.float32)[:, None] + 1) / rows  # 0 at the far edge, 1 at the near one
    texture = _texture(ground.surface, rows, columns, scene.draw.randrange(1 << 20))
    focus = numpy.clip((near - 0.02) / 0.3, 0, 1)  # the far edge is out of focus as the place is
    body = _surface_light(ground) * (1 + grain * texture * focus)[..., None]
    side = ground.illumination.right
    across = numpy.linspace(-1, 1, columns, dtype=numpy.float32)[None]
    body = body * (1.0 + 0.16 * side * across + 0.1 * (1 - near) - 0.14 * near**2)[..., None]
    edge = min(light.shape[0] - 1, max(1, round(top / panoramas.DETAIL)))
    mirrored = light[max(0, edge - math.ceil(rows * SURFACE_DETAIL / panoramas.DETAIL)) : edge][::-1]
    mirrored = gaussian_filter(mirrored, (7, 3, 0), mode="nearest")
    reflected = zoom(
        mirrored, (rows / mirrored.shape[0], columns / mirrored.shape[1], 1), order=1, mode="nearest", grid_mode=True
    )[:rows, :columns]
    share = (gloss * (0.25 + 0.75 * (1 - near) ** 2))[..., None]
    shown = panoramas.developed(body * (1 - share) + numpy.clip(reflected, 0, 1.6) * share, exposure=1.0)
    alpha = numpy.clip((numpy.arange(rows) + 0.5) * SURFACE_DETAIL / (scene.unit * 1.6), 0, 1)
    alpha = (alpha * alpha * (3 - 2 * alpha) * 255)[:, None].repeat(columns, 1).astype(numpy.uint8)
    pixels = numpy.dstack((shown, alpha))
    target = Box(0, top, columns * SURFACE_DETAIL, top + rows * SURFACE_DETAIL)
    image = skia.Image.fromarray(
        numpy.ascontiguousarray(pixels), colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kUnpremul_AlphaType
    )
    scene.canvas.drawImageRect(image, brushes.rect(target), skia.SamplingOptions(skia.FilterMode.kLinear), skia.Paint())


@lru_cache(maxsize=8)
def _noise(surface: str, seed: int) -> Light:
    """A texture of 512 x 512, of mean 0 and deviation 1: streaks for wood, clouds and specks for the others."""
    from scipy.ndimage import gaussian_filter

    chance = numpy.random.default_rng(seed)
    scales = (
        ((1.2, 70, 1.0), (0.7, 26, 0.6), (7, 160, 1.1))
        if surface == "wood"
        else ((30, 30, 1.0), (4, 4, 0.35), (0.6, 0.6, 0.3))
    )
    total = numpy.zeros((512, 512), dtype=numpy.float32)
    for along, across, weight in scales:
        layer = gaussian_filter(chance.standard_normal((512, 512)).astype(numpy.float32), (along, across), mode="wrap")
        total += weight * layer / max(float(layer.std()), 1e-6)
    scaled: Light = (total - total.mean()) / max(float(total.std()), 1e-6)
    return scaled


def _texture(surface: str, rows: int, columns: int, seed: int) -> Any:
    """The surface's grain in perspective."""
    from scipy.ndimage import map_coordinates

    noise = _noise(surface, seed % 4)
    near = (numpy.arange(rows, dtype=numpy.float32)[:, None] + 1) / rows
    distance = 1.0 / (near + 0.55)
    x = (numpy.arange(columns, dtype=numpy.float32)[None] - columns / 2) * distance * 0.9 + seed % 512
    y = (distance * -260).repeat(columns, 1)
    return map_coordinates(noise, [y % 512, x % 512], order=1, mode="grid-wrap")


def _strew(scene: Set, what: str) -> None:
    """Petals, leaves or flakes near the lens, out of focus, off type and product."""
    if what == "flakes":
        scenery.flakes(scene, 110)
        return
    tones = {"petals": ("#f9c6d4", "#f4aec2", "#fde3ea"), "leaves": ("#c8581f", "#e08a2c", "#b3431f", "#e7b13d")}.get(
        what
    )
    if tones is None:
        return
    for x, y in scenery.spots(scene, 14, scene.unit * 3):
        size = scene.unit * scene.draw.uniform(2.4, 6.0)
        scene.canvas.save()
        scene.canvas.translate(x, y)
        scene.canvas.rotate(scene.draw.uniform(0, 360))
        shape = scenery.maple_leaf(size) if what == "leaves" else leaf_shape(size, fat=0.42)
        colour = Colour.of(scene.draw.choice(tones)).lighter(scene.draw.uniform(-0.05, 0.05))
        scene.canvas.drawPath(shape, brushes.fill(colour, 0.85, blur=scene.unit * size / scene.unit * 0.12))
        scene.canvas.restore()


def _surface_light(ground: Backdrop) -> Light:
    """The surface's linear colour: its own, tinted by the light, as bright as the place."""
    own = _linear(Colour.of(SURFACES[ground.surface][0]))
    lamp = numpy.array(ground.illumination.colour, dtype=numpy.float32)
    tint = 0.55 + 0.45 * lamp / max(float(lamp @ panoramas.WEIGHTS), 1e-3)
    brightness = 0.85 if not ground.dark else 0.22
    lit: Light = own * tint * _linear(ground.grade) * brightness
    return lit


def _grey(colour: Colour) -> float:
    return float(numpy.array([colour.red, colour.green, colour.blue]) @ panoramas.WEIGHTS)


def _middle(light: Light) -> Light:
    return numpy.median(light.reshape(-1, 3), axis=0)


def _shown(light: Light) -> Colour:
    red, green, blue = (panoramas.developed(light[None, None], exposure=1.0)[0, 0] / 255).tolist()
    return Colour(red, green, blue)


def _linear(colour: Colour) -> Light:
    return numpy.array([colour.red, colour.green, colour.blue], dtype=numpy.float32) ** 2.2


def _image(rgb: Any) -> Any:
    opaque = numpy.dstack((rgb, numpy.full(rgb.shape[:2], 255, dtype=numpy.uint8)))
    return skia.Image.fromarray(numpy.ascontiguousarray(opaque), colorType=skia.kRGBA_8888_ColorType)
