"""Where things stand: the column of texts, the product in the room it leaves, the round price tag."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from services.image.domain import AspectRatio
from services.image.providers.local import photo_layouts, stages
from services.image.providers.local.arrangement import Arrangement, Plan, arrange
from services.image.providers.local.choice import Choice
from services.image.providers.local.figure import Figure
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.layouts import Mask, PlacedMotif
from services.image.providers.local.text_column import Placed, Request, Role, Stack
from services.image.providers.local.text_drawing import MOST_ON_A_LINE, Badge, lines_on_sticker, pens_on_sticker
from services.image.providers.local.textstack import solve
from services.image.providers.local.typesetting import fit

MOST_ON_A_STICKER = MOST_ON_A_LINE
MOST_ON_A_POSTERS_STICKER = 14  # characters, in two lines
POSTER_BADGE_RADIUS = 9.0  # units of a sticker on a poster
BADGE_GAP = 1.5  # units between a sticker and a text
PHOTO_GAP = 6.0  # units between a photo and the texts above or below it
HALO_INSET = 0.1  # of its size, that a figure is smaller on each side within a circle


def laid_out(
    frame: Frame, choice: Choice, figure: Figure | None, logo: Any
) -> tuple[Arrangement, Box, Stack, Badge | None]:
    """Returns the arrangement, the product's box, the texts, and the round price tag if there is one.

    Without a figure the box is where the ground's light gathers.
    """
    if choice.layout.poster:
        arrangement = choice.layout.arrangements(frame)[0]
        if choice.words.badge and len(choice.words.badge) <= MOST_ON_A_POSTERS_STICKER:
            stack = solve(_request(frame, choice, arrangement, logo, sticker=Role.BADGE))
            product = _poster_product(frame, choice, arrangement, figure, stack)
            badge = _poster_badge(frame, choice, product if figure is not None else None, stack)
            if badge is not None:
                return arrangement, product, stack, badge
        stack = solve(poster_request(frame, choice, logo))
        return arrangement, _poster_product(frame, choice, arrangement, figure, stack), stack, None
    if choice.layout.plan is None and figure is not None:
        arrangement = _calmest(choice.layout.arrangements(frame), figure, choice.layout.mask, frame)
        stack = solve(_request(frame, choice, arrangement, logo, sticker=None))
        if len(choice.layout.boxes[frame.ratio].photos) == 1 and not choice.layout.to_the_edges:
            arrangement = replace(arrangement, product=_photo_room(arrangement.product, frame, stack))
        return arrangement, photo_layouts.mask_box(arrangement.product, choice.layout.mask), stack, None
    if figure is None:
        arrangement = arrange(choice.composition.plan, frame, 1.0)
        stack = solve(_request(frame, choice, arrangement, logo, sticker=None))
        return arrangement, arrangement.product, stack, None
    arrangement = arrange(choice.composition.plan, frame, figure.aspect)
    sticker = _sticker(choice)
    for wanted in (sticker, None) if sticker is not None else (None,):
        stack = solve(_request(frame, choice, arrangement, logo, sticker=wanted))
        fitted = _grown(_paneled(arrangement, stack, frame), stack, frame)
        product = _product_box(fitted, figure, choice, frame, stack)
        if wanted is None:
            return fitted, product, stack, None
        badge = _badge(frame, choice, fitted, product, stack, wanted)
        if badge is not None:
            return fitted, product, stack, badge
    raise AssertionError("the second try keeps the sticker's text in the column")


def _poster_product(frame: Frame, choice: Choice, arrangement: Arrangement, figure: Figure | None, stack: Stack) -> Box:
    """The box of what a poster shows; without a figure that in which its ground's light gathers."""
    if figure is None:
        return arrangement.product
    motif = choice.layout.motif(frame)
    if motif is not None:
        return _seen(motif)
    box = _poster_box(arrangement, figure, frame, stack)
    if choice.layout.hangs(frame) and not figure.drawn:  # a drawing may reach over its circle
        box = box.inset(box.width * HALO_INSET, box.height * HALO_INSET)
    return box


def poster_request(frame: Frame, choice: Choice, logo: Any) -> Request:
    """Returns what sets the texts of a poster; they do not depend on what it shows."""
    return _request(frame, choice, choice.layout.arrangements(frame)[0], logo, sticker=None)


def _seen(motif: PlacedMotif) -> Box:
    """The part of a motif's box that is seen."""
    box, within = motif.box, motif.within
    return Box(
        max(box.left, within.left),
        max(box.top, within.top),
        min(box.right, within.right),
        min(box.bottom, within.bottom),
    )


def _calmest(places: tuple[Arrangement, ...], figure: Figure, mask: Mask, frame: Frame) -> Arrangement:
    """The arrangement whose text stands where the photo shows the least."""
    if len(places) == 1 or mask is not Mask.FULL:
        return places[0]
    found = photo_layouts.details(figure.image)
    return min(places, key=lambda place: photo_layouts.busyness(figure.image, place.product, place.text, found))


def _sticker(choice: Choice) -> Role | None:
    """What stands on a round sticker: the badge, else the price in compositions that have one; None: nothing does."""
    words = choice.words
    if words.badge:
        return Role.BADGE if len(words.badge) <= MOST_ON_A_STICKER else None
    short = bool(words.price) and len(words.price) <= MOST_ON_A_STICKER and not words.old_price
    return Role.PRICE if choice.composition.badge and short else None


def _request(frame: Frame, choice: Choice, arrangement: Arrangement, logo: Any, *, sticker: Role | None) -> Request:
    return Request(
        wording=choice.words,
        look=choice.look,
        box=arrangement.text,
        align=arrangement.align,
        unit=frame.unit,
        spread=arrangement.spread,
        anchor=arrangement.anchor,
        price_apart=sticker is Role.PRICE,
        badge_apart=sticker is Role.BADGE,
        brand_apart=arrangement.brand,
        brand_align=arrangement.brand_align,
        logo_aspect=logo.width() / logo.height() if logo is not None else None,
        headline_share=arrangement.headline_share,
        foot_box=arrangement.foot,
        foot_align=arrangement.foot_align,
        subline_in_foot=arrangement.subline_in_foot,
        grows=arrangement.grows,
        foot_anchor=arrangement.foot_anchor,
        foot_room=arrangement.foot_room,
        is_poster=choice.layout.poster,
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


def _photo_room(room: Box, frame: Frame, stack: Stack) -> Box:
    """A photo's box, with the room that short texts above or below leave it."""
    boxes = [placed.plate or placed.box for placed in stack.placed]
    boxes = [box for box in [*boxes, *([stack.mark] if stack.mark else [])] if box.right > room.left]
    boxes = [box for box in boxes if box.left < room.right]
    gap = PHOTO_GAP * frame.unit
    above = max((box.bottom for box in boxes if box.centre_y < room.centre_y), default=None)
    below = min((box.top for box in boxes if box.centre_y > room.centre_y), default=None)
    top = min(room.top, above + gap) if above is not None else room.top
    return Box(room.left, top, room.right, max(room.bottom, below - gap) if below is not None else room.bottom)


def _poster_box(arrangement: Arrangement, figure: Figure, frame: Frame, stack: Stack) -> Box:
    """The figure's box on a poster: it takes the room that a short text above leaves, and keeps off a long one."""
    room = arrangement.product
    boxes = [placed.plate or placed.box for placed in stack.placed]
    lowest = max(
        (
            box.bottom
            for box in boxes
            if box.centre_y < room.centre_y and box.right > room.left and box.left < room.right
        ),
        default=None,
    )
    if lowest is not None:
        room = replace(room, top=min(lowest + 5 * frame.unit, room.bottom - 20 * frame.unit))
    standing = not figure.floats and not figure.whole
    return room.fitted(figure.aspect, anchor_y=1.0 if standing else 0.5)


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


def _product_box(arrangement: Arrangement, figure: Figure, choice: Choice, frame: Frame, stack: Stack) -> Box:
    room = arrangement.product
    plinth = choice.composition.stage == "plinth" and not figure.floats and not figure.whole
    if choice.ground == "arch":  # the niche's crown above it
        room = replace(room, top=room.top + room.height * 0.1)
    if plinth:
        width = 1.3 * max(min(room.width, room.height * figure.aspect), room.height * 0.31)
        depth, step = stages.plinth_heights(width, frame.unit)
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


def _poster_badge(frame: Frame, choice: Choice, product: Box | None, stack: Stack) -> Badge | None:
    """The sticker of a poster where no text and not the middle of what is shown stands: near the corner of the product,
    or beside the headline; None where there is no room."""
    unit, radius = frame.unit, POSTER_BADGE_RADIUS * frame.unit
    taken = [placed.plate or placed.box for placed in stack.placed]
    taken += [stack.mark] if stack.mark else []
    core = product.inset(product.width * 0.22, product.height * 0.22) if product is not None else None
    headline = stack.of(Role.HEADLINE)
    if headline is None:
        return None
    if product is not None:
        wished = (product.left + 0.15 * product.width, product.top + 0.15 * product.height)
    else:
        wished = (headline.box.right + radius + 3 * unit, headline.box.top + radius)
    room = frame.safe
    step = 2 * unit
    columns = math.floor((room.width - 2 * radius) / step)
    rows = math.floor((room.height - 2 * radius) / step)
    spots = [
        (room.left + radius + column * step, room.top + radius + row * step)
        for column in range(columns + 1)
        for row in range(rows + 1)
    ]
    spots.sort(key=lambda spot: (spot[0] - wished[0]) ** 2 + (spot[1] - wished[1]) ** 2)
    for x, y in spots:
        box = Box(x - radius, y - radius, x + radius, y + radius)
        if any(box.inset(-BADGE_GAP * unit).overlaps(other) for other in taken) or (core and box.overlaps(core)):
            continue
        return _sticker_at(choice, Role.BADGE, choice.words.badge, x, y, radius)
    return None


def _badge(
    frame: Frame, choice: Choice, arrangement: Arrangement, product: Box, stack: Stack, role: Role
) -> Badge | None:
    text = choice.words.badge if role is Role.BADGE else choice.words.price
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
        return _sticker_at(choice, role, text, x, y, radius)
    return None


def _sticker_at(choice: Choice, role: Role, text: str, x: float, y: float, radius: float) -> Badge | None:
    """A sticker with its text on one line, or two of a poster's badge; None where that is too long for it."""
    block = fit(
        text,
        choice.look.strong,
        box_width=radius * 1.5,
        box_height=radius,
        largest=radius * 0.72,
        smallest=radius * 0.3,
        line_height=1.1,
        most_lines=lines_on_sticker(text) if choice.layout.poster else 1,
    )
    if not block.complete or block.broken:
        return None
    pens = pens_on_sticker(block, x, y)
    inks = [
        Box(pen[0] + line.ink[0], pen[1] + line.ink[1], pen[0] + line.ink[2], pen[1] + line.ink[3])
        for pen, line in zip(pens, block.lines, strict=True)
    ]
    ink_box = inks[0].joined(inks[-1])
    plate = Box(x - radius, y - radius, x + radius, y + radius)
    placed = Placed(role=role, block=block, pens=pens, box=ink_box, text=text, plate=plate)
    return Badge(text=placed, centre=(x, y), radius=radius, fill=choice.palette.accent, ink=choice.palette.accent_ink)
