"""Texts of a finished picture that can be replaced: the slot that each stands in, and another text set into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from services.image.domain import TextSlot
from services.image.providers.local.arrangement import Arrangement
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.text_column import SMALLEST_PRICE, Align, Placed, Role, Stack, TypeLook
from services.image.providers.local.text_drawing import Badge, lines_on_sticker, pens_on_sticker
from services.image.providers.local.text_rows import divided_from, stretched_block
from services.image.providers.local.textstack import SMALLEST_TEXT
from services.image.providers.local.typesetting import Block, Writing, fit
from services.media.text_shaping import Face
from services.media.writing_systems import capitals, clean_text

# What a request names, by the role of its text.
ELEMENTS: Final = {
    Role.HEADLINE: "headline",
    Role.SUBLINE: "subline",
    Role.CALL_TO_ACTION: "cta",
    Role.PRICE: "price",
    Role.BADGE: "badge",
    Role.OLD_PRICE: "old_price",
}
LEAST_GAP: Final = 1.6  # units that a longer text keeps to its neighbours, where they are not nearer already
MOST_LINES: Final = {Role.HEADLINE: 7, Role.SUBLINE: 4, Role.PRICE: 2, Role.CALL_TO_ACTION: 2}
STICKER_WIDTH: Final = 1.5  # of a sticker's radius
STICKER_LARGEST: Final = 0.72
STICKER_SMALLEST: Final = 0.3


def slots_of(
    frame: Frame,
    arrangement: Arrangement,
    product: Box | None,
    stack: Stack,
    badge: Badge | None,
    look: TypeLook,
    *,
    language: str,
    verbatim: frozenset[str],
) -> tuple[TextSlot, ...]:
    """The slots of a picture's texts. product: None where texts may stand on it. verbatim: roles that keep their
    letters' case."""
    texts = [placed.plate or placed.box for placed in stack.placed]
    fixed = [box for box in (stack.mark, badge.box if badge else None, product) if box is not None]
    slots = []
    for placed in stack.placed:
        if placed.role not in ELEMENTS or not placed.block.complete:
            continue
        row = placed.plate or _row(placed)
        in_foot = arrangement.foot is not None and arrangement.foot.overlaps(row)
        area = arrangement.foot if in_foot and arrangement.foot is not None else arrangement.text
        align = (arrangement.foot_align or arrangement.align) if in_foot else arrangement.align
        if stack.right_to_left:
            align = {Align.LEFT: Align.RIGHT, Align.RIGHT: Align.LEFT}.get(align, align)
        others = [box for box in texts if box != (placed.plate or placed.box)]
        slots.append(
            _slot(
                placed,
                row,
                _room(row, area.joined(row), others, fixed, LEAST_GAP * frame.unit),
                align,
                look,
                frame.unit,
                language=language,
                in_capitals=placed.role is Role.HEADLINE
                and look.headline_capitals
                and Role.HEADLINE.value not in verbatim,
                right_to_left=stack.right_to_left,
            )
        )
    if badge is not None and badge.text.role in ELEMENTS:
        slots.append(_sticker(badge, language))
    return tuple(slots)


def _row(placed: Placed) -> Box:
    """The box of a text without a plate as the column counted it, from its first line's ascent."""
    block = placed.block
    top = placed.pens[0][1] - block.ascent
    bottom = max(top + block.height, placed.box.bottom)
    return Box(placed.box.left, top, placed.box.right, bottom)


def _slot(
    placed: Placed,
    row: Box,
    room: Box,
    align: Align,
    look: TypeLook,
    unit: float,
    *,
    language: str,
    in_capitals: bool,
    right_to_left: bool,
) -> TextSlot:
    block, role = placed.block, placed.role
    size = min(line.size for line in block.lines)
    face = {
        Role.HEADLINE: look.headline,
        Role.SUBLINE: look.text,
        Role.OLD_PRICE: look.text,
        Role.PRICE: look.price or look.strong,
    }.get(role, look.strong)
    leading = {Role.HEADLINE: look.headline_leading, Role.SUBLINE: 1.32, Role.CALL_TO_ACTION: 1.2}.get(role, 1.1)
    smallest = {Role.HEADLINE: look.headline_smallest, Role.PRICE: SMALLEST_PRICE}.get(role, SMALLEST_TEXT) * unit
    margins = (
        (placed.box.left - row.left, row.right - placed.box.right, *_vertical_margins(placed, row))
        if placed.plate is not None
        else (0.0, 0.0, 0.0, 0.0)
    )
    within = align
    if placed.plate is not None:
        even = abs(margins[0] - margins[1]) < 1.0
        within = Align.CENTRE if even else Align.RIGHT if right_to_left else Align.LEFT
    return TextSlot(
        element=ELEMENTS[role],
        text=placed.text,
        row=_edges(row),
        room=_edges(room),
        align=align.value,
        align_within=within.value,
        margins=margins,
        family=face.family,
        weight=face.weight,
        italic=face.italic,
        tracking=face.tracking,
        largest=size,
        smallest=min(size, smallest),
        leading=leading,
        most_lines=len(block.lines) if role is Role.HEADLINE else MOST_LINES.get(role, 1),
        divide_from=divided_from(look) * unit if role is Role.HEADLINE else 0.0,
        stretch=look.stretch if role is Role.HEADLINE else 1.0,
        in_capitals=in_capitals,
        right_to_left=right_to_left,
        language=language,
    )


def _vertical_margins(placed: Placed, row: Box) -> tuple[float, float]:
    above = placed.pens[0][1] - placed.block.ascent - row.top
    return above, row.height - placed.block.height - above


def _sticker(badge: Badge, language: str) -> TextSlot:
    face, radius = badge.text.block.lines[0].face, badge.radius
    return TextSlot(
        element=ELEMENTS[badge.text.role],
        text=badge.text.text,
        row=_edges(badge.box),
        room=_edges(badge.box),
        align=Align.CENTRE.value,
        align_within=Align.CENTRE.value,
        margins=(0.0, 0.0, 0.0, 0.0),
        family=face.family,
        weight=face.weight,
        italic=face.italic,
        tracking=face.tracking,
        largest=radius * STICKER_LARGEST,
        smallest=radius * STICKER_SMALLEST,
        leading=1.1,
        most_lines=1,
        language=language,
        is_sticker=True,
    )


def _room(row: Box, area: Box, texts: Sequence[Box], fixed: Sequence[Box], gap: float) -> Box:
    """How far a text may grow within `area`: to what is fixed, and half of the way to another text, which may grow
    too. What it stands on already does not bound it."""
    left, top, right, bottom = area.left, area.top, area.right, area.bottom
    for box, share in [*((box, 0.5) for box in texts), *((box, 1.0) for box in fixed)]:
        if box.overlaps(row) or not box.overlaps(area.inset(-gap)):
            continue

        def reach(distance: float, share: float = share) -> float:
            return max(0.0, (distance - gap) * share)

        if min(box.bottom, row.bottom) > max(box.top, row.top):
            if box.centre_x < row.centre_x:
                left = max(left, row.left - reach(row.left - box.right))
            else:
                right = min(right, row.right + reach(box.left - row.right))
        elif box.centre_y < row.centre_y:
            top = max(top, row.top - reach(row.top - box.bottom))
        else:
            bottom = min(bottom, row.bottom + reach(box.top - row.bottom))
    return Box(min(left, row.left), min(top, row.top), max(right, row.right), max(bottom, row.bottom))


def refitted(slot: TextSlot, text: str) -> Placed | None:
    """The text in its slot, at most as large as the one before it; None: it does not fit at the smallest size."""
    text = clean_text(text)
    shown = capitals(text, slot.language) if slot.in_capitals else text
    face = Face(family=slot.family, weight=slot.weight, italic=slot.italic, tracking=slot.tracking)
    face = face if face.covers(shown) else Face(family="Inter", weight=slot.weight)
    face = replace(face, language=slot.language)
    row, room = Box(*slot.row), Box(*slot.room)
    before, behind, above, below = slot.margins
    radius = room.width / 2
    width = radius * STICKER_WIDTH if slot.is_sticker else room.width - before - behind
    height = radius if slot.is_sticker else room.height - above - below
    role = next(role for role, element in ELEMENTS.items() if element == slot.element)
    # as many lines as before; a longer text may need more
    for lines in (lines_on_sticker(shown),) if slot.is_sticker else (slot.most_lines, MOST_LINES.get(role, 1)):
        block = fit(
            shown,
            face,
            box_width=width,
            box_height=height,
            largest=slot.largest,
            smallest=slot.smallest,
            line_height=slot.leading,
            most_lines=lines,
            writing=Writing(language=slot.language, right_to_left=slot.right_to_left),
            divide_from=slot.divide_from or None,
        )
        if block.complete and not block.forced:
            break
    if not block.complete or block.forced or block.width > width + 0.5 or block.height > height + 0.5:
        return None
    gaps = (0.0,) * len(block.lines)
    if slot.stretch > 1:
        wide, apart = stretched_block(block, width, slot.stretch)
        if wide.height + sum(apart) <= height:
            block, gaps = wide, apart
    return _stands(slot, role, block, gaps, shown, row, room)


def _stands(
    slot: TextSlot, role: Role, block: Block, gaps: tuple[float, ...], text: str, row: Box, room: Box
) -> Placed:
    """The block at its place: aligned as the text before it, and in the middle of its height, as far as it has room."""
    before, behind, above, below = slot.margins
    if slot.is_sticker:
        pens = pens_on_sticker(block, row.centre_x, row.centre_y)
        return Placed(role=role, block=block, pens=pens, box=_drawn(block, pens), text=text, plate=row)
    width, height = block.width + before + behind, block.height + sum(gaps) + above + below
    left = {"left": row.left, "centre": row.centre_x - width / 2, "right": row.right - width}[slot.align]
    left = min(max(left, room.left), room.right - width)
    top = min(max(row.centre_y - height / 2, room.top), room.bottom - height)
    start, end = left + before, left + width - behind
    baseline, starts = top + above + block.ascent, []
    for line, gap in zip(block.lines, gaps, strict=True):
        baseline += gap
        across = line.ink[2] - line.ink[0]
        x = {"left": start, "centre": (start + end - across) / 2, "right": end - across}[slot.align_within]
        starts.append((x - line.ink[0], baseline))
        baseline += block.leading
    has_plate = any(slot.margins) or role is Role.CALL_TO_ACTION
    return Placed(
        role=role,
        block=block,
        pens=tuple(starts),
        box=_drawn(block, starts),
        text=text,
        plate=Box(left, top, left + width, top + height) if has_plate else None,
    )


def _drawn(block: Block, pens: Sequence[tuple[float, float]]) -> Box:
    boxes = [
        Box(x + line.ink[0], y + line.ink[1], x + line.ink[2], y + line.ink[3])
        for line, (x, y) in zip(block.lines, pens, strict=True)
    ]
    whole = boxes[0]
    for box in boxes[1:]:
        whole = whole.joined(box)
    return whole


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom
