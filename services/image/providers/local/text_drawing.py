"""Putting the words on the picture: colours by measurement, scrims where the ground is unruly, buttons, sign, badge."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy

from services.image.providers.local import brushes, legibility, text_marks
from services.image.providers.local import logo as logo_drawing
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.legibility import Pixels, Reading
from services.image.providers.local.text_column import ButtonShape, Placed, Role, Stack, TypeLook
from services.image.providers.local.typesetting import Block
from services.media.colour import WHITE, Colour, Palette, contrast, readable_on
from services.media.skia import skia

MARGIN: Final = 1.06  # aimed-at contrast over the needed one: encoding and grain take a little away
SCRIM_STEPS: Final = (0.0, 0.34, 0.55, 0.74, 0.88, 0.96)
BADGE_CONTRAST: Final = 1.5  # of a sticker's fill with what is behind it
MOST_ON_A_LINE: Final = 9  # characters of a sticker
BUTTON_CONTRAST: Final = 1.55  # a button's face against the ground beside it: enough to be seen as a thing
STRESS_MARGIN: Final = 1.25  # of the needed contrast, that a line in another colour has
SEEN_APART: Final = 1.35  # contrast of that colour against the other lines'
ROUNDS: Final = 4
SCRIM_ACROSS: Final = 3.4  # units that a veil reaches beyond a line to the left and right
SCRIM_ALONG: Final = 2.4  # units, above and below
SCRIM_BLUR: Final = 1.6  # units
EDGE: Final = 2.0  # pixels that smoothed edges and rounded boxes add to a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettered:
    """The finished picture's pixels, and each text's measured contrast on it."""

    pixels: Pixels
    readings: Mapping[Role, Reading]
    scrims: Mapping[Role, float]
    colours: Mapping[Role, Colour]
    inking: Inking
    logo_plate: bool = False  # whether the logo stands on a plate


BARE_MARGIN: Final = 1.05  # of the contrast that a text needs, with which it still needs no veil
ONE_GROUND: Final = 1.6  # contrast of what two texts stand on, from which on they stand on different fields


@dataclass(slots=True)
class Inking:
    """What will be drawn: colours of texts, of plates, and how strong each scrim is."""

    inks: dict[Role, Colour] = field(default_factory=dict)
    plates: dict[Role, Colour] = field(default_factory=dict)
    scrims: dict[Role, int] = field(default_factory=dict)
    veils: dict[Role, Colour] = field(default_factory=dict)
    stressed: dict[int, Colour] = field(default_factory=dict)  # colours of single lines of the headline


def needed(placed: Placed) -> float:
    """The contrast a text must have."""
    face = placed.block.lines[0].face
    weight = 700 if face.family in ("Anton", "Bebas Neue") else face.weight
    return legibility.needed_contrast(placed.block.size, weight)


def inscribe(
    underlay: Pixels,
    frame: Frame,
    stack: Stack,
    look: TypeLook,
    palette: Palette,
    *,
    logo: Any = None,
    badge: Badge | None,
    stars: float = 0.0,
    icons: text_marks.ListIcons | None = None,
    kept: Inking | None = None,
    replaced: frozenset[Role] = frozenset(),
) -> Lettered:
    """Draws everything with words over the ground, measures it on the result, and repairs what does not read.

    kept: the colours of an earlier drawing, of which only the texts `replaced` are repaired; None: chosen by measuring.
    """
    ground = skia.Image.fromarray(numpy.ascontiguousarray(underlay), colorType=skia.kRGBA_8888_ColorType)
    if kept is None:
        plan = _planned(underlay, stack, look, palette)
    else:
        plan = _kept(kept, stack, look, palette, underlay, replaced)
    texts = (*stack.placed, *((badge.text,) if badge else ()))
    if badge:
        badge = _set_off(badge, _average(underlay, badge.box))
        plan.inks[badge.text.role] = badge.ink
        plan.plates[badge.text.role] = badge.fill
    plate = (
        logo_drawing.plate_of(logo, underlay, stack.mark, palette)
        if logo is not None and stack.mark is not None
        else None
    )
    for round_number in range(ROUNDS):
        surface = skia.Surface(frame.width, frame.height)
        canvas = surface.getCanvas()
        canvas.drawImage(ground, 0, 0)
        _scrims(canvas, frame, stack, plan)
        if badge:
            _draw_badge(canvas, badge, frame)
        if logo is not None and stack.mark is not None:
            logo_drawing.draw(canvas, logo, stack.mark, plate)
        for placed in texts:
            _draw_text(canvas, placed, look, plan, frame, mirrored=stack.right_to_left)
            ground_colour = plan.veils.get(placed.role) or _average(underlay, placed.box)
            text_marks.draw_marks(
                canvas,
                placed,
                plan.inks[placed.role],
                ground_colour,
                accent=palette.accent,
                stars=stars,
                icons=icons,
            )
        pixels = legibility.pixels_of(surface)
        readings = {placed.role: measured(pixels, placed) for placed in texts}
        failing = [
            role for role, reading in readings.items() if not reading.passes and (kept is None or role in replaced)
        ]
        if not failing or round_number == ROUNDS - 1:
            break
        for role in failing:
            if role is Role.HEADLINE:
                plan.stressed = {}
            if role in plan.plates:
                plan.inks[role] = max(
                    (WHITE, palette.shade.with_lightness(0.14)), key=lambda c: contrast(c, plan.plates[role])
                )
            else:
                plan.scrims[role] = min(plan.scrims.get(role, 0) + 2, len(SCRIM_STEPS) - 1)
                text = next(placed for placed in texts if placed.role is role)
                plan.veils[role] = _veil(plan.inks[role], _average(underlay, text.box), needed(text) * MARGIN)
    return Lettered(
        pixels=pixels,
        readings=readings,
        scrims={role: SCRIM_STEPS[level] for role, level in plan.scrims.items() if level},
        colours=dict(plan.inks),
        inking=plan,
        logo_plate=plate is not None,
    )


def coverage_of(placed: Placed, around: int = 8) -> tuple[Pixels, Box]:
    """The text's glyph coverage (0..255) within its box and `around` pixels about it, and that box."""
    box = Box(
        math.floor(placed.box.left) - around,
        math.floor(placed.box.top) - around,
        math.ceil(placed.box.right) + around,
        math.ceil(placed.box.bottom) + around,
    )
    surface = skia.Surface(int(box.width), int(box.height))
    canvas = surface.getCanvas()
    canvas.clear(skia.ColorBLACK)
    canvas.translate(-box.left, -box.top)
    for line, (x, y) in zip(placed.block.lines, placed.pens, strict=True):
        blob = line.blob()
        if blob is not None:
            canvas.drawTextBlob(blob, x, y, brushes.fill(WHITE))
    if placed.role is Role.OLD_PRICE:
        text_marks.draw_strike(canvas, placed, WHITE)
    return legibility.pixels_of(surface)[..., 0], box


def measured(pixels: Pixels, placed: Placed) -> Reading:
    """A text's contrast on the finished picture."""
    coverage, box = coverage_of(placed)
    height, width = pixels.shape[:2]
    left, top = max(0, int(box.left)), max(0, int(box.top))
    right, bottom = min(width, int(box.right)), min(height, int(box.bottom))
    inner = coverage[top - int(box.top) : bottom - int(box.top), left - int(box.left) : right - int(box.left)]
    return Reading(ratio=legibility.finished_ratio(pixels[top:bottom, left:right], inner), needed=needed(placed))


# -- deciding ----------------------------------------------------------------------------------------------------------


def _planned(underlay: Pixels, stack: Stack, look: TypeLook, palette: Palette) -> Inking:
    plan = Inking()
    dark = palette.ink if not palette.dark and palette.ink.luminance < 0.3 else palette.shade.with_lightness(0.17)
    light = palette.ink if palette.ink.luminance > 0.6 else Colour.from_oklch(0.985, 0.006, palette.background.hue)
    free = [placed for placed in stack.placed if placed.plate is None or _unfilled(placed, look)]
    for placed in free:
        boxes = [_line_box(placed, index) for index in range(len(placed.block.lines))]
        target = needed(placed) * MARGIN
        wishes = _wishes(placed, palette, dark, light)
        # Rather white or nearly black than a veil behind the palette's own colours.
        plain = (Colour.from_oklch(0.99, 0.004, palette.background.hue), palette.shade.with_lightness(0.12))
        ratios = [(legibility.ratio_of_colour(underlay, boxes, colour), colour) for colour in (*wishes, *plain)]
        passing = next((colour for ratio, colour in ratios if ratio >= target), None)
        best = max(ratios, key=lambda pair: pair[0])
        if passing is None and best[0] >= needed(placed) * BARE_MARGIN:  # rather than a veil, which looks like a smear
            passing = best[1]
        if passing is not None:
            plan.inks[placed.role], plan.scrims[placed.role] = passing, 0
            continue
        # Nothing reads as it stands: the palette's own voice over a veil, unless another needs far less of one.
        average = _average(underlay, placed.box)
        veils = [_veil(colour, average, target) for colour in wishes[-2:]]
        veiled = [
            (_scrim_level(underlay, boxes, colour, target, veil), colour, veil)
            for colour, veil in zip(wishes[-2:], veils, strict=True)
        ]
        level, ink, veil = veiled[0] if veiled[0][0] <= veiled[1][0] + 2 else veiled[1]
        plan.inks[placed.role], plan.scrims[placed.role], plan.veils[placed.role] = ink, level, veil
    _agree(plan, free, underlay, palette, dark, light)
    headline = stack.of(Role.HEADLINE)
    if look.stress and headline is not None and not plan.scrims.get(Role.HEADLINE):
        plan.stressed = _stressed(headline, underlay, palette, plan.inks[Role.HEADLINE])
    for placed in stack.placed:
        if placed.plate is None or _unfilled(placed, look):
            continue
        average = _average(underlay, placed.plate)
        if placed.role in (Role.CALL_TO_ACTION, Role.BADGE):
            face = palette.accent
            if contrast(face, average) < BUTTON_CONTRAST:
                face = light if average.luminance < 0.3 else dark
        else:  # an eyebrow's pill: a breath of the ink over the ground
            ink = plan.inks.get(Role.HEADLINE, palette.ink)
            face = average.mixed(ink, 0.12)
        wish = palette.accent_ink if face is palette.accent else readable_on(face, average, 5.2)
        if placed.role not in (Role.CALL_TO_ACTION, Role.BADGE):
            wish = plan.inks.get(Role.HEADLINE, palette.ink)
        plan.plates[placed.role] = face
        plan.inks[placed.role] = readable_on(face, wish, needed(placed) * MARGIN)
    return plan


def _kept(
    earlier: Inking, stack: Stack, look: TypeLook, palette: Palette, underlay: Pixels, replaced: frozenset[Role]
) -> Inking:
    """A copy of earlier colours; the lines of a new headline that hold figures are chosen again."""
    plan = Inking(
        inks=dict(earlier.inks),
        plates=dict(earlier.plates),
        scrims=dict(earlier.scrims),
        veils=dict(earlier.veils),
        stressed=dict(earlier.stressed),
    )
    headline = stack.of(Role.HEADLINE)
    if Role.HEADLINE in replaced and headline is not None:
        plan.stressed = {}
        if look.stress and not plan.scrims.get(Role.HEADLINE):
            plan.stressed = _stressed(headline, underlay, palette, plan.inks[Role.HEADLINE])
    return plan


def _stressed(headline: Placed, underlay: Pixels, palette: Palette, ink: Colour) -> dict[int, Colour]:
    """The colour of the headline's lines that hold a figure, where only some do, one after the other, and it reads as
    well as the others."""
    lines = [index for index, line in enumerate(headline.block.lines) if any(map(str.isdigit, line.text))]
    if not lines or len(lines) == len(headline.block.lines) or lines[-1] - lines[0] >= len(lines):
        return {}
    boxes = [_line_box(headline, index) for index in lines]
    for colour in (palette.accent, palette.secondary, palette.tertiary):
        ratio = legibility.ratio_of_colour(underlay, boxes, colour)
        if ratio >= needed(headline) * STRESS_MARGIN and contrast(colour, ink) >= SEEN_APART:
            return dict.fromkeys(lines, colour)
    return {}


def _unfilled(placed: Placed, look: TypeLook) -> bool:
    return placed.role is Role.CALL_TO_ACTION and look.button in (ButtonShape.LINK, ButtonShape.OUTLINE)


def _wishes(placed: Placed, palette: Palette, dark: Colour, light: Colour) -> list[Colour]:
    first, second = (light, dark) if palette.ink.luminance > 0.3 else (dark, light)
    if placed.role in (Role.EYEBROW, Role.OCCASION):
        return [palette.accent, first, second]
    if placed.role in (Role.SUBLINE, Role.OLD_PRICE):
        return [palette.muted_ink, first, second]
    return [first, second]


def _agree(plan: Inking, free: list[Placed], underlay: Pixels, palette: Palette, dark: Colour, light: Colour) -> None:
    """Texts that stand together on one ground speak in one voice: all light or all dark, as the headline wants it, and
    on another field as the smallest text there does."""
    if not free:
        return
    grounds = {placed.role: _average(underlay, placed.box) for placed in free}
    leader = next((placed for placed in free if placed.role is Role.HEADLINE), free[0])
    near = [
        placed
        for placed in free
        if abs(placed.box.centre_y - leader.box.centre_y) <= 5.5 * max(leader.box.height, placed.block.size * 4)
    ]
    others = [placed for placed in near if contrast(grounds[placed.role], grounds[leader.role]) > ONE_GROUND]
    _follow(plan, leader, [placed for placed in near if placed not in others], underlay, dark, light)
    while others:
        first = min(others, key=lambda placed: placed.block.size)
        group = [placed for placed in others if contrast(grounds[placed.role], grounds[first.role]) <= ONE_GROUND]
        _follow(plan, first, group, underlay, dark, light)
        others = [placed for placed in others if placed not in group]


def _follow(plan: Inking, leader: Placed, texts: list[Placed], underlay: Pixels, dark: Colour, light: Colour) -> None:
    """Makes texts light or dark as a leader is, where they can be read so."""
    wants_light = plan.inks[leader.role].luminance > 0.3
    for placed in texts:
        is_light = plan.inks[placed.role].luminance > 0.3
        if is_light == wants_light or placed.role in (Role.EYEBROW, Role.OCCASION):
            continue
        colour = light if wants_light else dark
        boxes = [_line_box(placed, index) for index in range(len(placed.block.lines))]
        target = needed(placed) * MARGIN
        if legibility.ratio_of_colour(underlay, boxes, colour) >= target:
            plan.inks[placed.role], plan.scrims[placed.role] = colour, 0


def _scrim_level(underlay: Pixels, boxes: list[Box], ink: Colour, target: float, veil: Colour) -> int:
    for level in range(1, len(SCRIM_STEPS)):
        alpha = SCRIM_STEPS[level] * 0.94
        worst = 21.0
        for box in boxes:
            under = legibility.cut(underlay, box)[..., :3].astype(numpy.float32)
            tint = numpy.array([veil.red, veil.green, veil.blue], dtype=numpy.float32) * 255
            mixed = (under * (1 - alpha) + tint * alpha).astype(numpy.uint8)
            worst = min(worst, legibility.ratio_on(legibility.luminances(mixed), ink.luminance))
        if worst >= target:
            return level
    return len(SCRIM_STEPS) - 1


def _veil(ink: Colour, average: Colour, target: float) -> Colour:
    """The ground's own colour, only as much darker or lighter as the ink needs: shade or haze, not a smudge."""
    return readable_on(ink, average, min(target * 1.45, 9.0))


def _average(pixels: Pixels, box: Box) -> Colour:
    under = legibility.cut(pixels, box, 0)[..., :3].reshape(-1, 3)
    return Colour(*(float(channel) / 255 for channel in under.mean(axis=0)))


def _line_box(placed: Placed, index: int) -> Box:
    line, (x, y) = placed.block.lines[index], placed.pens[index]
    return Box(x + line.ink[0], y + line.ink[1], x + line.ink[2], y + line.ink[3])


# -- drawing -----------------------------------------------------------------------------------------------------------


def drawn_box(placed: Placed, inking: Inking, frame: Frame) -> Box:
    """The box outside of which a text with its button, underline and veil changes no pixel."""
    box = (placed.plate or placed.box).joined(placed.box).inset(-EDGE)
    if placed.role is Role.CALL_TO_ACTION:
        box = replace(box, bottom=max(box.bottom, placed.box.bottom + 1.3 * frame.unit))
    if inking.scrims.get(placed.role):
        reach = SCRIM_BLUR * 3 * frame.unit
        box = box.joined(placed.box.inset(-SCRIM_ACROSS * frame.unit - reach, -SCRIM_ALONG * frame.unit - reach))
    return box


def _scrims(canvas: Any, frame: Frame, stack: Stack, plan: Inking) -> None:
    for placed in stack.placed:
        level = plan.scrims.get(placed.role, 0)
        if not level:
            continue
        veil = plan.veils[placed.role]
        for index in range(len(placed.block.lines)):
            box = _line_box(placed, index).inset(-SCRIM_ACROSS * frame.unit, -SCRIM_ALONG * frame.unit)
            paint = brushes.fill(veil, SCRIM_STEPS[level], blur=SCRIM_BLUR * frame.unit)
            canvas.drawRRect(brushes.rounded(box, 3 * frame.unit), paint)


def _draw_text(
    canvas: Any, placed: Placed, look: TypeLook, plan: Inking, frame: Frame, *, mirrored: bool = False
) -> None:
    ink = plan.inks[placed.role]
    if placed.role is Role.CALL_TO_ACTION and placed.plate is not None:
        _draw_button(canvas, placed, look, plan, frame, ink, mirrored=mirrored)
    elif placed.plate is not None and placed.role in (Role.EYEBROW, Role.BADGE) and placed.pens:
        plate = brushes.rounded(placed.plate, placed.plate.height / 2)
        canvas.drawRRect(plate, brushes.fill(plan.plates[placed.role]))
        if placed.role is Role.EYEBROW:
            canvas.drawRRect(plate, brushes.stroke(ink, 1.6, 0.3))
    stressed = plan.stressed if placed.role is Role.HEADLINE else {}
    for index, (line, (x, y)) in enumerate(zip(placed.block.lines, placed.pens, strict=True)):
        blob = line.blob()
        if blob is not None:
            # rounded: a text that is set again in its place comes out the same
            canvas.drawTextBlob(blob, round(x, 2), round(y, 2), brushes.fill(stressed.get(index, ink)))


def _draw_button(
    canvas: Any, placed: Placed, look: TypeLook, plan: Inking, frame: Frame, ink: Colour, *, mirrored: bool = False
) -> None:
    plate = placed.plate
    assert plate is not None
    unit = frame.unit
    if look.button is ButtonShape.LINK:
        y = placed.box.bottom + unit * 1.0
        canvas.drawLine(placed.box.left, y, placed.box.right, y, brushes.stroke(ink, unit * 0.34))
        return
    radius = {
        ButtonShape.PILL: plate.height / 2,
        ButtonShape.SOFT: unit * 2.2,
        ButtonShape.OUTLINE: plate.height / 2,
    }.get(look.button, 0.0)
    shape = brushes.rounded(plate, radius)
    if look.button is ButtonShape.OUTLINE:
        canvas.drawRRect(shape, brushes.stroke(ink, unit * 0.36))
    else:
        face = plan.plates[placed.role]
        canvas.drawRRect(shape, brushes.fill(face))
    if look.arrow:
        size = placed.block.size * 0.36
        x = (placed.box.right + plate.right) / 2 - size * 0.1
        y = plate.centre_y
        canvas.save()
        if mirrored:  # to the left, as the text runs
            x = (placed.box.left + plate.left) / 2 + size * 0.1
            canvas.scale(-1, 1)
            x = -x
        head = brushes.path(
            [(x + size * 0.15, y - size * 0.75), (x + size, y), (x + size * 0.15, y + size * 0.75)], closed=False
        )
        pen = brushes.stroke(ink, placed.block.size * 0.115)
        canvas.drawLine(x - size, y, x + size * 0.95, y, pen)
        canvas.drawPath(head, pen)
        canvas.restore()


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A round sticker beside the product: the price, or the text of a badge."""

    text: Placed
    centre: tuple[float, float]
    radius: float
    fill: Colour
    ink: Colour

    @property
    def box(self) -> Box:
        x, y = self.centre
        return Box(x - self.radius, y - self.radius, x + self.radius, y + self.radius)


def lines_on_sticker(text: str) -> int:
    """How many lines a text may have on a sticker: two where it is long and has more words than one."""
    return 2 if " " in text and len(text) > MOST_ON_A_LINE else 1


def pens_on_sticker(block: Block, x: float, y: float) -> tuple[tuple[float, float], ...]:
    """Where the lines of a sticker round (x, y) begin: the ink of all in its middle, each centred."""
    first, last = block.lines[0], block.lines[-1]
    baseline = y - (first.ink[1] + block.leading * (len(block.lines) - 1) + last.ink[3]) / 2
    return tuple(
        (x - (line.ink[0] + line.ink[2]) / 2, baseline + block.leading * number)
        for number, line in enumerate(block.lines)
    )


def _set_off(badge: Badge, ground: Colour) -> Badge:
    """The sticker with its colours exchanged where its fill is too like what is behind it."""
    return replace(badge, fill=badge.ink, ink=badge.fill) if contrast(badge.fill, ground) < BADGE_CONTRAST else badge


def _draw_badge(canvas: Any, badge: Badge, frame: Frame) -> None:
    x, y = badge.centre
    canvas.drawCircle(
        x,
        y,
        badge.radius,
        brushes.with_shadow(
            brushes.fill(badge.fill), badge.fill.with_lightness(0.2), y=frame.unit, blur=frame.unit * 1.4, alpha=0.4
        ),
    )
    canvas.drawCircle(x, y, badge.radius, brushes.fill(badge.fill))
    canvas.drawCircle(x, y, badge.radius * 0.9, brushes.stroke(badge.ink, frame.unit * 0.22, 0.55))
