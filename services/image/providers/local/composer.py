"""One ad image from a brief: what is chosen, in which order it is drawn, and the proof of what came out."""

from __future__ import annotations

import hashlib
import random
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from services.chassis import fonts
from services.chassis.colour import Colour, Palette, contrast, palette, readable_on
from services.chassis.errors import InputFault
from services.chassis.graphics import skia
from services.image.domain import AspectRatio, ImageBrief, Style
from services.image.providers.local import backdrops, brushes, inscription, legibility, looks, scenery, scenes, settings
from services.image.providers.local.arrangement import Arrangement, Plan, arrange
from services.image.providers.local.backdrops import Set
from services.image.providers.local.figure import Figure, place
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.inscription import Badge, Lettered
from services.image.providers.local.legibility import Pixels, Reading
from services.image.providers.local.looks import Composition
from services.image.providers.local.objects import kind_for
from services.image.providers.local.objects.sculptor import Materials
from services.image.providers.local.seasons import Season, scene_of, season_of
from services.image.providers.local.steering import Steering, read_prompt
from services.image.providers.local.textstack import Placed, Request, Role, Stack, TypeLook, solve
from services.image.providers.local.typesetting import fit
from services.image.providers.local.wording import Wording, wording

GRAIN: Final = 2  # tones of 255 that the grain moves a pixel by: dissolves bands, is not seen as noise
Report = Callable[[int, str], None]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Everything decided before the first stroke."""

    composition: Composition
    steering: Steering
    words: Wording
    palette: Palette
    look: TypeLook
    season: Season | None
    setting: str
    ground: str
    overlay: str
    notes: tuple[str, ...]


def compose(
    brief: ImageBrief,
    *,
    photo: Photo | None,
    logo: Any = None,
    scene: Any = None,
    report: Report = lambda percent, stage: None,
) -> Composed:
    """Draws the ad. `scene`, a skia.Image of the picture's size, replaces the drawn ground (from remote providers)."""
    draw = random.Random(_seed(brief))
    frame = Frame.of(brief.aspect_ratio)
    choice = _chosen(brief, draw)
    figure = _figure(brief, photo, choice)
    notes = [*choice.notes]
    if photo is not None and photo.note:
        notes.append(photo.note)
    report(25, "composing")
    arrangement, product, stack, badge = _laid_out(brief, frame, choice, figure, logo)
    written = tuple(placed.plate or placed.box for placed in stack.placed)
    underlay = _underlay(frame, choice, arrangement, product, figure, draw, scene, written)
    report(55, "setting type")
    backdrops.grain(underlay, draw.randrange(1 << 30), GRAIN)
    lettered = inscription.inscribe(underlay, frame, stack, choice.look, choice.palette, logo=logo, badge=badge)
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


# -- choosing ----------------------------------------------------------------------------------------------------------


def _chosen(brief: ImageBrief, draw: random.Random) -> _Choice:
    steering = read_prompt(brief.prompt)
    words = wording(brief, dict(steering.quoted or {}))
    notes: list[str] = []
    words, unprintable = _printable(_without(words, steering.omitted))
    if unprintable:
        notes.append(f"Characters that no bundled typeface has were left out: {' '.join(unprintable[:12])}")
    composition = looks.choose(brief.style, draw)
    refused: list[str] = []
    if steering.layout:
        composition = looks.with_layout(composition, steering.layout)
    mood = steering.mood or composition.mood
    ground, overlay, stage = composition.ground, composition.overlay, composition.stage
    season = scene_of(steering.season or season_of(brief.date), draw)
    setting = steering.setting or ""
    if brief.style is Style.SEASONAL or (steering.season and brief.style not in (Style.MINIMAL, Style.BOLD)):
        ground = "season"
    if steering.setting:
        if brief.style in (Style.MINIMAL, Style.BOLD) or (brief.style is Style.SEASONAL and steering.season):
            refused.append(f"setting {steering.setting}")
        else:
            ground = "scene"
    if brief.style is Style.LIFESTYLE and ground == "scene" and not setting:
        setting = settings.setting_for((brief.product_name, brief.description, brief.audience), draw)
    if steering.pattern:
        if steering.pattern in backdrops.OVERLAYS:
            overlay = steering.pattern
        elif ground in ("scene", "season"):
            refused.append(f"pattern {steering.pattern}")
        else:
            ground = steering.pattern
    if ground in ("scene", "season") and stage not in ("none", "plinth"):
        stage = "none"
    composition = replace(composition, stage=stage)
    colours = (*steering.colours, *brief.brand_colours)[:5] if steering.colours else brief.brand_colours
    if ground == "season" and not steering.colours:
        mood = steering.mood or season.mood
    colour_set = palette(colours, mood=mood, harmony=composition.harmony)
    if ground == "season":
        colour_set = season.tinted(colour_set, keep=bool(steering.colours))
    elif ground == "scene":
        colour_set = settings.scene_palette(setting or "studio", colour_set, mood, steering.light)
    look, font_note = looks.type_look(composition, brief.brand_font, draw)
    if brief.aspect_ratio is AspectRatio.STORY:  # the same width, twice the height: type may use some of it
        look = replace(look, headline_largest=look.headline_largest * 1.22, text_scale=1.14)
    if font_note:
        notes.append(font_note)
    notes = [*_prompt_notes(steering, refused, brief.style), *notes]
    return _Choice(
        composition=composition,
        steering=steering,
        words=words,
        palette=colour_set,
        look=look,
        season=season if ground == "season" else None,
        setting=(setting or "studio") if ground == "scene" else "",
        ground=ground,
        overlay=overlay,
        notes=tuple(notes),
    )


def _printable(words: Wording) -> tuple[Wording, str]:
    """The words without characters that no bundled face could draw, and those characters.

    Raises InputFault when nothing of the headline is left: an ad of empty boxes is not worth its credits.
    """
    missing = ""

    def kept(text: str) -> str:
        nonlocal missing
        composed = unicodedata.normalize("NFC", text)
        absent = fonts.missing_characters(fonts.typeface(fonts.DEFAULT_FAMILY), composed)
        missing += "".join(letter for letter in absent if letter not in missing)
        return " ".join("".join(letter for letter in composed if letter not in absent).split())

    printable = replace(
        words,
        brand=kept(words.brand),
        eyebrow=kept(words.eyebrow),
        headline=kept(words.headline),
        subline=kept(words.subline),
        price=kept(words.price),
        call_to_action=kept(words.call_to_action),
    )
    if words.headline and not any(letter.isalnum() for letter in printable.headline):
        raise InputFault(
            "SCRIPT_UNSUPPORTED",
            "The headline is in a script that the bundled typefaces do not have; please use Latin letters.",
        )
    return printable, missing


def _without(words: Wording, omitted: frozenset[str]) -> Wording:
    """The words without what the prompt wants left out; the headline always stays."""
    if "price" in omitted:
        words = replace(words, price="")
    if "brand" in omitted:
        words = replace(words, brand="")
    if "call_to_action" in omitted:
        words = replace(words, call_to_action="")
    if "text" in omitted:
        words = replace(words, eyebrow="", subline="")
    return words


def _prompt_notes(steering: Steering, refused: list[str], style: Style) -> list[str]:
    notes: list[str] = []
    used: dict[str, str] = {}
    dropped: list[str] = []
    for word, meaning in steering.heard:
        kind, _, value = meaning.partition(" ")
        single = {
            "season": steering.season,
            "mood": steering.mood,
            "setting": steering.setting,
            "light": steering.light,
        }
        single |= {"pattern": steering.pattern, "layout": steering.layout}
        if meaning in refused:
            dropped.append(f"“{word}” (the style {style.value} keeps a ground of its own)")
        elif kind in single and single[kind] != value:
            dropped.append(f"“{word}” (another {kind} was named first)")
        else:
            used[word] = kind
    if used:
        notes.append("Applied from the prompt: " + ", ".join(f"{word} ({kind})" for word, kind in used.items()) + ".")
    if steering.quoted:
        notes.append(
            "Set word for word from the prompt: " + ", ".join(role.replace("_", " ") for role in steering.quoted) + "."
        )
    if dropped:
        notes.append("Not applied: " + "; ".join(dropped) + ".")
    if steering.unknown:
        notes.append("Not understood and left out: " + ", ".join(steering.unknown) + ".")
    return notes


def _figure(brief: ImageBrief, photo: Photo | None, choice: _Choice) -> Figure:
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


def _materials(brief: ImageBrief, choice: _Choice) -> Materials:
    """The object in the brand's own colours, moved away from the ground's lightness so that it stands out."""
    colours = choice.palette
    brand = [Colour.of(text) for text in brief.brand_colours]
    body = next((colour for colour in brand if colour.chroma > 0.03), brand[0] if brand else colours.secondary)
    grounds = [colours.background.mixed(colours.background_end, 0.5)]
    if choice.composition.stage in ("disc", "card", "burst"):  # what stands behind the product, whatever is behind it
        grounds = [backdrops.burst_colour(colours) if choice.composition.stage == "burst" else colours.secondary]
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


# -- laying out --------------------------------------------------------------------------------------------------------


def _laid_out(
    brief: ImageBrief, frame: Frame, choice: _Choice, figure: Figure, logo: Any
) -> tuple[Arrangement, Box, Stack, Badge | None]:
    arrangement = arrange(choice.composition.plan, frame, figure.aspect)
    wants_badge = choice.composition.badge and bool(choice.words.price) and len(choice.words.price) <= 9
    for price_apart in (True, False) if wants_badge else (False,):
        stack = solve(_request(frame, choice, arrangement, logo, price_apart=price_apart))
        fitted = _grown(_paneled(arrangement, stack, frame), stack, frame)
        product = _product_box(fitted, figure, choice, frame, stack)
        if not price_apart:
            return fitted, product, stack, None
        badge = _badge(frame, choice, fitted, product, stack)
        if badge is not None:
            return fitted, product, stack, badge
    raise AssertionError("the second try keeps the price in the column")


def _request(frame: Frame, choice: _Choice, arrangement: Arrangement, logo: Any, *, price_apart: bool) -> Request:
    return Request(
        wording=choice.words,
        look=choice.look,
        box=arrangement.text,
        align=arrangement.align,
        unit=frame.unit,
        spread=arrangement.spread,
        anchor=arrangement.anchor,
        price_apart=price_apart,
        brand_apart=arrangement.brand,
        brand_align=arrangement.brand_align,
        logo_aspect=logo.width() / logo.height() if logo is not None else None,
        headline_share=arrangement.headline_share,
        foot_box=arrangement.foot,
        foot_align=arrangement.foot_align,
        subline_in_foot=arrangement.subline_in_foot,
    )


def _paneled(arrangement: Arrangement, stack: Stack, frame: Frame) -> Arrangement:
    """A panel below the product is as high as its texts, and the product takes what it leaves."""
    panel = arrangement.panel
    if panel is None or panel.top <= 0:
        return arrangement
    tops = [(placed.plate or placed.box).top for placed in stack.placed if placed.box.top >= panel.top]
    tops += [stack.mark.top] if stack.mark is not None and stack.mark.top >= panel.top else []
    top = max(panel.top, min(tops, default=panel.top) - 7.5 * frame.unit)
    product = arrangement.product
    return replace(
        arrangement,
        panel=replace(panel, top=top),
        product=replace(product, bottom=product.bottom + top - panel.top),
    )


def _grown(arrangement: Arrangement, stack: Stack, frame: Frame) -> Arrangement:
    """The product takes the room that short texts leave above or below it."""
    box = arrangement.product
    airy = arrangement.plan in (Plan.GALLERY, Plan.BOTTOM) or frame.ratio is AspectRatio.STORY
    gap = (8.0 if airy else 4.5) * frame.unit
    above = [
        (placed.plate or placed.box).bottom
        for placed in stack.placed
        if (placed.plate or placed.box).centre_y < box.centre_y
        and (placed.plate or placed.box).right > box.left
        and (placed.plate or placed.box).left < box.right
    ]
    below = [
        (placed.plate or placed.box).top
        for placed in stack.placed
        if (placed.plate or placed.box).centre_y >= box.centre_y
        and (placed.plate or placed.box).right > box.left
        and (placed.plate or placed.box).left < box.right
    ]
    if arrangement.panel is not None or arrangement.spread:
        return arrangement
    top = max(above) + gap if above else box.top
    bottom = min(below) - gap if below else box.bottom
    if bottom - top < frame.unit * 10:
        return arrangement
    return replace(arrangement, product=Box(box.left, top, box.right, bottom))


def _product_box(arrangement: Arrangement, figure: Figure, choice: _Choice, frame: Frame, stack: Stack) -> Box:
    room = arrangement.product
    plinth = choice.composition.stage == "plinth" and not figure.floats and not figure.whole
    if choice.ground == "arch":  # the niche's crown above it
        room = replace(room, top=room.top + room.height * 0.1)
    if plinth:
        width = 1.3 * max(min(room.width, room.height * figure.aspect), room.height * 0.31)
        depth, step = backdrops.plinth_heights(width, frame.unit)
        room = Box(room.left, room.top, room.right, room.bottom - min(depth + 2 * step, room.height * 0.3))
    share = choice.composition.product_share
    if choice.composition.stage in ("disc", "card", "burst"):
        share *= 0.94 if choice.composition.stage == "card" else 0.9
    if figure.whole:
        share *= 0.96
    if share < 1:
        room = room.inset(room.width * (1 - share) / 2, room.height * (1 - share) / 2)
    standing = not figure.floats and not figure.whole
    centred = choice.composition.stage in ("disc", "card", "burst") or not standing
    tall = arrangement.spread or arrangement.plan is Plan.POSTER
    anchor = 0.5 if centred else (1.0 if tall or plinth else 0.9)
    box = room.fitted(figure.aspect, anchor_y=anchor)
    # A brand that stands apart has the air that a sign needs.
    apart = [placed.box for placed in stack.placed if placed.role is Role.BRAND]
    low = max(
        (sign.bottom + 2.5 * frame.unit for sign in apart if sign.inset(-4 * frame.unit).overlaps(box)), default=box.top
    )
    if box.top < low < box.bottom - box.height * 0.5:
        return Box(box.left, low, box.right, box.bottom).fitted(figure.aspect, anchor_y=1.0)
    return box


def _badge(frame: Frame, choice: _Choice, arrangement: Arrangement, product: Box, stack: Stack) -> Badge | None:
    unit = frame.unit
    radius = unit * 10.5
    taken = [placed.plate or placed.box for placed in stack.placed]
    if stack.mark:
        taken.append(stack.mark)
    core = product.inset(product.width * 0.2, product.height * 0.12)
    room = frame.safe.inset(-2.4 * unit, 0)  # the circle may reach over the edge, its price not
    spots = [
        (product.right + radius * 0.5, product.top + radius * 1.0),
        (product.left - radius * 0.5, product.top + radius * 1.0),
        (product.right + radius * 0.5, product.bottom - radius * 1.6),
        (product.left - radius * 0.5, product.bottom - radius * 1.6),
        (product.right - radius * 0.1, product.top + radius * 0.4),
        (product.left + radius * 0.1, product.top + radius * 0.4),
    ]
    for wished, y in spots:
        x = min(max(wished, room.left + radius), room.right - radius)
        box = Box(x - radius, y - radius, x + radius, y + radius)
        if not room.contains(box) or any(box.inset(-unit).overlaps(other) for other in taken) or box.overlaps(core):
            continue
        fill = choice.palette.accent
        face = choice.look.strong
        block = fit(
            choice.words.price,
            face,
            box_width=radius * 1.5,
            box_height=radius,
            largest=radius * 0.72,
            smallest=radius * 0.3,
            line_height=1.1,
            most_lines=1,
        )
        if not block.complete or block.broken:
            return None
        line = block.lines[0]
        pen = (x - (line.ink[0] + line.ink[2]) / 2, y - (line.ink[1] + line.ink[3]) / 2)
        ink_box = Box(pen[0] + line.ink[0], pen[1] + line.ink[1], pen[0] + line.ink[2], pen[1] + line.ink[3])
        placed = Placed(role=Role.PRICE, block=block, pens=(pen,), box=ink_box, text=choice.words.price, plate=box)
        return Badge(text=placed, centre=(x, y), radius=radius, fill=fill, ink=choice.palette.accent_ink)
    return None


# -- drawing -----------------------------------------------------------------------------------------------------------


def _underlay(
    frame: Frame,
    choice: _Choice,
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
        backdrops.OVERLAYS[choice.overlay](stage)
    name = choice.composition.stage
    if name == "plinth" and not stands:
        name = "none" if figure.whole or choice.ground in ("season", "scene") else "disc"
    backdrops.STAGES[name](stage)
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


def _panel(canvas: Any, panel: Box, choice: _Choice, frame: Frame) -> None:
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


def _alt_text(brief: ImageBrief, choice: _Choice, figure: Figure) -> str:
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
    frame: Frame, choice: _Choice, texts: tuple[Placed, ...], lettered: Lettered, product: Box, badge: Badge | None
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
