"""One ad image from a brief: what is chosen, in which order it is drawn, and the proof of what came out."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.image.domain import ImageBrief
from services.image.providers.local import (
    backdrops,
    brushes,
    legibility,
    overlays,
    scenery,
    scenes,
    settings,
    stages,
    text_drawing,
)
from services.image.providers.local.arrangement import Arrangement
from services.image.providers.local.choice import Choice, chosen
from services.image.providers.local.figure import Figure, place
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.legibility import Pixels, Reading
from services.image.providers.local.objects import kind_for
from services.image.providers.local.objects.sculptor import Materials
from services.image.providers.local.placing import laid_out
from services.image.providers.local.scene_context import Set
from services.image.providers.local.text_drawing import Badge, Lettered
from services.image.providers.local.textstack import Placed, Role
from services.media.colour import Colour, contrast, readable_on
from services.media.skia import skia
from services.worker.progress import ReportProgress

GRAIN: Final = 2  # tones of 255 that the grain moves a pixel by: dissolves bands, is not seen as noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A decoded product photo: `image` a skia.Image, cut out (with transparency) or whole."""

    image: Any
    cut_out: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What stands where on the finished picture, for checks: nothing here is guessed, all of it was drawn so."""

    frame: Frame
    texts: tuple[Placed, ...]
    readings: Mapping[Role, Reading]
    product: Box
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
    logo: Any = None,
    scene: Any = None,
    report: ReportProgress = lambda percent, stage: None,
) -> Composed:
    """Draws the ad. `scene`, a skia.Image of the picture's size, replaces the drawn ground (from remote providers)."""
    draw = random.Random(_seed(brief))
    frame = Frame.of(brief.aspect_ratio)
    choice = chosen(brief, draw)
    figure = _figure(brief, photo, choice)
    notes = [*choice.notes]
    if photo is not None and photo.note:
        notes.append(photo.note)
    report(25, "composing")
    arrangement, product, stack, badge = laid_out(brief, frame, choice, figure, logo)
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
        alt_text=_alt_text(brief, choice, figure),
        notes=tuple(dict.fromkeys(notes)),
        proof=_proof(frame, choice, texts, lettered, product, badge),
    )


def _seed(brief: ImageBrief) -> int:
    text = "\n".join((brief.seed, brief.product_name, brief.style, brief.aspect_ratio, brief.prompt))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _figure(brief: ImageBrief, photo: Photo | None, choice: Choice) -> Figure:
    name = brief.product_name.strip() or "the product"
    if photo is not None:
        image = photo.image
        return Figure(
            name=name,
            aspect=image.width() / image.height(),
            floats=False,
            flat_base=0.82,
            whole=not photo.cut_out,
            image=image,
        )
    kind, _ = kind_for(brief.product_name, f"{brief.description} {' '.join(brief.features)}")
    return Figure(
        name=kind.name,
        aspect=kind.aspect,
        floats=kind.floats,
        flat_base=kind.flat_base,
        kind=kind,
        materials=_materials(brief, choice),
    )


def _materials(brief: ImageBrief, choice: Choice) -> Materials:
    """The object in the brand's own colours, moved away from the ground's lightness so that it stands out."""
    colours = choice.palette
    brand = [Colour.of(text) for text in brief.brand_colours]
    body = next((colour for colour in brand if colour.chroma > 0.03), brand[0] if brand else colours.secondary)
    grounds = [colours.background.mixed(colours.background_end, 0.5)]
    if choice.composition.stage in ("disc", "card", "burst"):  # what stands behind the product, whatever is behind it
        grounds = [stages.burst_colour(colours) if choice.composition.stage == "burst" else colours.secondary]
    if min(_apart(body, ground) for ground in grounds) < 1.0:
        shades = (body.with_lightness(body.lightness + 0.3), body.with_lightness(body.lightness - 0.3))
        body = max((*brand, *shades), key=lambda colour: min(_apart(colour, ground) for ground in grounds))
    _, chroma, hue = body.oklch
    body = body.with_lightness(min(max(body.lightness, 0.3), 0.9))
    accent = next((colour for colour in brand if contrast(colour, body) > 1.7), colours.accent)
    if contrast(accent, body) < 1.5:
        accent = readable_on(body, accent, 1.9)
    label = brief.brand_name.strip() or brief.product_name.strip().split(" ")[0]
    return Materials(
        body=body,
        accent=accent,
        paper=Colour.from_oklch(0.965, 0.012, hue),
        metal=Colour.from_oklch(0.82, 0.012, hue),
        dark=Colour.from_oklch(0.22, min(chroma, 0.03), hue),
        label=label if len(label) <= 18 else label.split(" ")[0][:18],
        face=choice.look.strong,
    )


def _apart(one: Colour, other: Colour) -> float:
    """How well one colour stands out before another: 1 and more is well, by lightness first and hue a little."""
    turn = abs((one.hue - other.hue + 180) % 360 - 180) / 180 * min(one.chroma, other.chroma) / 0.1
    return abs(one.lightness - other.lightness) / 0.22 + min(turn, 0.9)


# -- drawing -----------------------------------------------------------------------------------------------------------


def _underlay(
    frame: Frame,
    choice: Choice,
    arrangement: Arrangement,
    product: Box,
    figure: Figure,
    draw: random.Random,
    scene: Any,
    written: tuple[Box, ...],
) -> Pixels:
    surface = skia.Surface(frame.width, frame.height)
    canvas = surface.getCanvas()
    stands = not figure.floats and not figure.whole
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
    name = choice.composition.stage
    if name == "plinth" and not stands:
        name = "none" if figure.whole or choice.ground in ("season", "scene") else "disc"
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


def _alt_text(brief: ImageBrief, choice: Choice, figure: Figure) -> str:
    article = "an" if figure.name[:1].lower() in "aeiou" else "a"
    thing = brief.product_name.strip() if figure.image is not None else f"{article} {figure.name}"
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
    frame: Frame, choice: Choice, texts: tuple[Placed, ...], lettered: Lettered, product: Box, badge: Badge | None
) -> Proof:
    return Proof(
        frame=frame,
        texts=texts,
        readings=lettered.readings,
        product=product,
        plates=tuple(placed.plate for placed in texts if placed.plate is not None),
        composition=choice.composition.name,
        scrims=lettered.scrims,
    )
