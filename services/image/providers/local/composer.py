"""One ad image from a brief: what is chosen, in which order it is drawn, and the proof of what came out."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.image.domain import ImageBrief
from services.image.providers.local import (
    backdrops,
    brushes,
    device_frames,
    legibility,
    overlays,
    scenery,
    scenes,
    settings,
    stages,
    text_drawing,
)
from services.image.providers.local.arrangement import Arrangement
from services.image.providers.local.choice import Choice, Shows, chosen
from services.image.providers.local.emblem import Emblem, emblem_of, figure_of
from services.image.providers.local.figure import Figure, place
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.legibility import Pixels, Reading
from services.image.providers.local.placing import laid_out
from services.image.providers.local.scene_context import Set
from services.image.providers.local.text_drawing import Lettered
from services.image.providers.local.textstack import Placed, Role
from services.media.colour import Colour
from services.media.skia import skia
from services.worker.progress import ReportProgress

GRAIN: Final = 2  # tones of 255 that the grain moves a pixel by: dissolves bands, is not seen as noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A decoded product photo: `image` a skia.Image, cut out (with transparency) or whole.

    screenshot: it shows an app or a website, and stands in the frame of a phone or a window.
    """

    image: Any
    cut_out: bool
    note: str = ""
    screenshot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What stands where on the finished picture, for checks: nothing here is guessed, all of it was drawn so.

    product: the box of the photo or drawing; None on a picture of type. shown: the drawing's name, "" for others.
    """

    frame: Frame
    texts: tuple[Placed, ...]
    readings: Mapping[Role, Reading]
    product: Box | None
    shown: str
    plates: tuple[Box, ...]
    composition: str
    scrims: Mapping[Role, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The finished pixels (RGBA), words about them, and the proof."""

    pixels: Pixels
    alt_text: str
    notes: tuple[str, ...]
    proof: Proof


def compose(
    brief: ImageBrief,
    *,
    photo: Photo | None,
    drawings: Path | None = None,
    logo: Any = None,
    scene: Any = None,
    report: ReportProgress = lambda percent, stage: None,
) -> Composed:
    """Draws the ad. `scene`, a skia.Image of the picture's size, replaces the drawn ground (from remote providers).

    drawings: the file that stands in for a missing photo; None when it is not installed.
    """
    draw = random.Random(_seed(brief))
    frame = Frame.of(brief.aspect_ratio)
    emblem = emblem_of(brief, drawings) if photo is None else None
    choice = chosen(brief, draw, shows=_shows(emblem))
    figure = figure_of(emblem, brief, choice) if emblem is not None else _photographed(brief, photo)
    note = emblem.note if emblem is not None else photo.note if photo is not None else ""
    notes = [*choice.notes, *([note] if note else [])]
    report(25, "composing")
    arrangement, product, stack, badge = laid_out(frame, choice, figure, logo)
    written = tuple(placed.plate or placed.box for placed in stack.placed)
    underlay = _underlay(frame, choice, arrangement, product, figure, draw, scene, written)
    report(55, "setting type")
    overlays.grain(underlay, draw.randrange(1 << 30), GRAIN)
    lettered = text_drawing.inscribe(underlay, frame, stack, choice.look, choice.palette, logo=logo, badge=badge)
    texts = (*stack.placed, *((badge.text,) if badge else ()))
    notes.extend(stack.notes)
    if lettered.scrims:
        notes.append("A soft veil was laid under text where the ground made it hard to read.")
    notes.extend(
        f"The {role.value.replace('_', ' ')} has a contrast of {reading.ratio:.1f} where {reading.needed:g} is wanted."
        for role, reading in lettered.readings.items()
        if not reading.passes
    )
    return Composed(
        pixels=lettered.pixels,
        alt_text=_alt_text(brief, choice, photo, figure),
        notes=tuple(dict.fromkeys(notes)),
        proof=_proof(frame, choice, texts, lettered, product if figure is not None else None, photo, figure),
    )


def _seed(brief: ImageBrief) -> int:
    text = "\n".join((brief.seed, brief.product_name, brief.style, brief.aspect_ratio, brief.prompt))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _photographed(brief: ImageBrief, photo: Photo | None) -> Figure | None:
    if photo is None:
        return None
    name = brief.product_name.strip() or "the product"
    if photo.screenshot:
        image = device_frames.framed(photo.image)
        return Figure(name=name, aspect=image.width() / image.height(), floats=True, flat_base=1.0, image=image)
    return Figure(
        name=name,
        aspect=photo.image.width() / photo.image.height(),
        floats=False,
        flat_base=0.82,
        whole=not photo.cut_out,
        image=photo.image,
    )


def _shows(emblem: Emblem | None) -> Shows:
    if emblem is None:
        return Shows.PHOTO
    return Shows.DRAWING if emblem.name else Shows.TYPE


# -- drawing -----------------------------------------------------------------------------------------------------------


def _underlay(
    frame: Frame,
    choice: Choice,
    arrangement: Arrangement,
    product: Box,
    figure: Figure | None,
    draw: random.Random,
    scene: Any,
    written: tuple[Box, ...],
) -> Pixels:
    surface = skia.Surface(frame.width, frame.height)
    canvas = surface.getCanvas()
    stands = figure is not None and not figure.floats and not figure.whole
    stage = Set(
        canvas=canvas,
        frame=frame,
        palette=choice.palette,
        arrangement=arrangement,
        product=product,
        draw=draw,
        stands=stands,
        written=written,
    )
    if scene is not None:
        canvas.drawImageRect(scene, brushes.rect(frame.whole), skia.SamplingOptions(skia.CubicResampler.Mitchell()))
    elif choice.season is not None:
        choice.season.paint(stage)
    elif choice.ground == "scene":
        scenes.SCENES[choice.setting](stage)
    else:
        backdrops.GROUNDS[choice.ground](stage)
    if choice.ground in ("season", "scene") and scene is None and (choice.season is None or choice.season.far):
        scenery.haze(stage)
    if choice.steering.light:
        settings.light(stage, choice.steering.light)
    if arrangement.panel is not None:
        _panel(canvas, arrangement.panel, choice, frame)
    if choice.overlay:
        overlays.OVERLAYS[choice.overlay](stage)
    if figure is None:
        return legibility.pixels_of(surface)
    name = choice.composition.stage
    if name == "plinth" and not stands:
        name = "none" if figure.whole or choice.ground == "scene" else "disc"
    stages.STAGES[name](stage)
    dark = choice.palette.dark
    canvas.save()
    if arrangement.panel is not None and not arrangement.panel.overlaps(product):  # no shadow falls on the panel
        canvas.clipRect(brushes.rect(arrangement.panel), skia.ClipOp.kDifference)
    place(
        canvas,
        figure,
        product,
        shade=choice.palette.shade,
        light=choice.palette.glow,
        shadow=0.6 if dark else 0.4,
        rim=0.55 if dark else 0.4,
        reflection=choice.composition.reflection,
        floating=name in ("disc", "card", "burst"),
    )
    canvas.restore()
    return legibility.pixels_of(surface)


def _panel(canvas: Any, panel: Box, choice: Choice, frame: Frame) -> None:
    colours = choice.palette
    tone = colours.surface if not colours.dark else colours.background
    if choice.ground in ("scene", "season") and not colours.dark:  # a scene's surface is its floor
        tone = Colour.from_oklch(0.985, 0.008, colours.background.hue)
    canvas.drawRect(
        brushes.rect(panel),
        brushes.with_shadow(brushes.fill(tone), colours.shade, y=0, blur=frame.unit * 2.4, alpha=0.25),
    )
    canvas.drawRect(brushes.rect(panel), brushes.down(panel, [(0, tone, 1), (1, tone.lighter(-0.015), 1)]))


# -- words about it ----------------------------------------------------------------------------------------------------


def _alt_text(brief: ImageBrief, choice: Choice, photo: Photo | None, figure: Figure | None) -> str:
    if figure is None:
        thing = "type"
    elif photo is not None:
        thing = brief.product_name.strip() or figure.name
    else:
        thing = f"a drawing ({figure.name})"
    where = (
        choice.season.words if choice.season is not None else settings.DESCRIPTIONS.get(choice.setting, "")
    ) or f"on a {choice.steering.mood or choice.composition.mood} background"
    words = choice.words
    said = f"Headline: “{words.headline}”." if words.headline else ""
    more = " ".join(part for part in (said, f"Price: {words.price}." if words.price else "") if part)
    brand = f" by {brief.brand_name.strip()}" if brief.brand_name.strip() else ""
    name = f" for {brief.product_name.strip()}{brand}" if brief.product_name.strip() else ""
    return f"Advertisement{name}: {thing} {where}. {more}".strip()


def _proof(
    frame: Frame,
    choice: Choice,
    texts: tuple[Placed, ...],
    lettered: Lettered,
    product: Box | None,
    photo: Photo | None,
    figure: Figure | None,
) -> Proof:
    return Proof(
        frame=frame,
        texts=texts,
        readings=lettered.readings,
        product=product,
        shown=figure.name if figure is not None and photo is None else "",
        plates=tuple(placed.plate for placed in texts if placed.plate is not None),
        composition=choice.composition.name,
        scrims=lettered.scrims,
    )
