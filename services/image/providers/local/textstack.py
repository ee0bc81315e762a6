"""The column of texts beside or over the product: which sizes, in which order, how far apart.

Heights are solved, not guessed: the headline takes the largest size with which the whole column fits its box; when
even the smallest does not fit, texts give way by priority (eyebrow, then sub-line, then price), never the headline or
the button, and the column says what it left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.image.providers.local.ad_text import Wording
from services.image.providers.local.geometry import Box
from services.image.providers.local.typesetting import Block, fit
from services.media.text_shaping import Face


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class Role(StrEnum):
    BRAND = "brand"
    EYEBROW = "eyebrow"
    HEADLINE = "headline"
    SUBLINE = "subline"
    PRICE = "price"
    CALL_TO_ACTION = "call_to_action"


class ButtonShape(StrEnum):
    PILL = "pill"
    SOFT = "soft"
    SQUARE = "square"
    OUTLINE = "outline"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeLook:
    """Faces and proportions of one picture's type. Sizes are in the frame's units (8 px at 1080)."""

    headline: Face
    text: Face
    strong: Face
    headline_largest: float = 15.0
    headline_smallest: float = 5.2
    headline_leading: float = 1.04
    headline_capitals: bool = False
    eyebrow_capitals: bool = True
    eyebrow_pill: bool = False
    button: ButtonShape = ButtonShape.PILL
    arrow: bool = True
    text_scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A text at its place: the pen's start of each line, and the box of what is drawn."""

    role: Role
    block: Block
    pens: tuple[tuple[float, float], ...]
    box: Box
    text: str
    plate: Box | None = None  # the button, pill or badge drawn under it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The solved column. `mark` is where the brand's sign stands, left of its name."""

    placed: tuple[Placed, ...]
    mark: Box | None
    notes: tuple[str, ...]
    headline_size: float

    def of(self, role: Role) -> Placed | None:
        return next((text for text in self.placed if text.role is role), None)


SMALLEST_STEP: Final = 0.93
STEPS: Final = 18
TIDY_SHARE: Final = 0.66  # of its size: as far as a headline shrinks so that its sentences stay together
DROP_ORDER: Final = (Role.EYEBROW, Role.SUBLINE, Role.PRICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to set and where. brand_box: where the brand stands when it is apart from the column (a frame's top).

    price_apart: the price goes to a badge and not into the column. spread: brand at the top and button at the
    bottom of the box, the rest between; otherwise all one group, at `anchor` (0 top .. 1 bottom). foot_box: where price
    and button (and the sub-line with subline_in_foot) stand when they are apart from the column, at its bottom.
    """

    wording: Wording
    look: TypeLook
    box: Box
    align: Align
    unit: float
    spread: bool
    anchor: float = 0.5
    price_apart: bool = False
    brand_apart: Box | None = None
    brand_align: Align | None = None
    logo_aspect: float | None = None
    headline_share: float = 0.62
    foot_box: Box | None = None
    foot_align: Align | None = None
    subline_in_foot: bool = False


def solve(request: Request) -> Stack:
    """The column. Raises nothing: what does not fit is left out or cut short, and noted."""
    dropped: list[Role] = []
    notes: list[str] = []
    least = SMALLEST_STEP ** (STEPS - 1)
    # A word wider than its line at any size will be broken: leaving other texts out would not help it.
    breaking = _tried(request, least, frozenset(DROP_ORDER), (), last=False) is None
    for attempt in range(len(DROP_ORDER) + 1):
        scale = 1.0
        for _ in range(STEPS):
            stack = _tried(request, scale, frozenset(dropped), tuple(notes), last=False, breaking=breaking)
            if stack is not None:
                return _tidier(stack, request, scale, frozenset(dropped), tuple(notes), breaking=breaking)
            scale *= SMALLEST_STEP
        if attempt < len(DROP_ORDER):
            role = DROP_ORDER[attempt]
            if role in _texts(request):
                notes.append(f"There was no room for the {role.value.replace('_', ' ')}; it was left out.")
            dropped.append(role)
    final = _tried(request, 0.27, frozenset(dropped), tuple(notes), last=True)
    assert final is not None  # the last try takes whatever comes out
    return final


def _tidier(
    stack: Stack, request: Request, scale: float, dropped: frozenset[Role], notes: tuple[str, ...], *, breaking: bool
) -> Stack:
    """The column with a somewhat smaller headline, if that keeps sentences and words together which are torn apart."""
    smaller = scale
    while _torn(stack) and smaller * SMALLEST_STEP >= scale * TIDY_SHARE:
        smaller *= SMALLEST_STEP
        tried = _tried(request, smaller, dropped, notes, last=False, breaking=breaking)
        if tried is not None and not _torn(tried):
            return tried
    return stack


def _torn(stack: Stack) -> bool:
    """Whether a headline's sentence ends within a line, a short one runs over two, each of many lines holds a single
    word, or the last holds next to nothing."""
    headline = stack.of(Role.HEADLINE)
    lines = [line.text for line in headline.block.lines] if headline is not None else []
    if len(lines) < 2:
        return False
    text = " ".join(lines)
    short = [sentence for sentence in re.split(r"(?<=[.!?…])\s", text) if len(sentence.split()) < 4]
    return (
        len(lines[-1]) < 3
        or any(re.search(r"[.!?…]\s", line) for line in lines)
        or (len(short) > 1 and any(not any(sentence in line for line in lines) for sentence in short))
        or (len(lines) > 3 and all(" " not in line for line in lines))
    )


def _texts(request: Request) -> dict[Role, str]:
    words = request.wording
    texts = {
        Role.BRAND: words.brand,
        Role.EYEBROW: words.eyebrow.upper() if request.look.eyebrow_capitals else words.eyebrow,
        Role.HEADLINE: words.headline.upper()
        if request.look.headline_capitals and "headline" not in words.quoted
        else words.headline,
        Role.SUBLINE: words.subline,
        Role.PRICE: "" if request.price_apart else words.price,
        Role.CALL_TO_ACTION: words.call_to_action,
    }
    return {role: text for role, text in texts.items() if text}


@dataclass(frozen=True, slots=True)
class _Row:
    """One step of the column: a text with the gap above it, and the padding of its plate."""

    role: Role
    block: Block
    gap: float
    pad_x: float = 0.0
    pad_y: float = 0.0

    @property
    def height(self) -> float:
        return self.block.height + 2 * self.pad_y

    @property
    def width(self) -> float:
        return self.block.width + 2 * self.pad_x


def _tried(
    request: Request,
    scale: float,
    dropped: frozenset[Role],
    notes: tuple[str, ...],
    *,
    last: bool,
    breaking: bool = False,
) -> Stack | None:
    look, unit, box = request.look, request.unit, request.box
    texts = {role: text for role, text in _texts(request).items() if role not in dropped}
    small = max(0.72, min(1.0, 0.55 + scale * 0.5)) * look.text_scale  # small type shrinks less than the headline
    rows: dict[Role, _Row] = {}

    def set_text(
        role: Role, face: Face, size: float, lines: int, gap: float, leading: float, pad: tuple[float, float]
    ) -> None:
        if role not in texts:
            return
        covering = face if face.covers(texts[role]) else Face(family="Inter", weight=face.weight)
        in_foot = role in (Role.PRICE, Role.CALL_TO_ACTION) or (role is Role.SUBLINE and request.subline_in_foot)
        room = request.foot_box if request.foot_box is not None and in_foot else box
        block = fit(
            texts[role],
            covering,
            box_width=room.width - 2 * pad[0],
            box_height=box.height * (request.headline_share if role is Role.HEADLINE else 0.4),
            largest=size,
            smallest=size
            if role is Role.HEADLINE and not last
            else min(size, (2 if role is Role.BRAND else 2.5) * unit),
            line_height=leading,
            most_lines=lines,
        )
        rows[role] = _Row(role, block, gap, *pad)

    brand_size = 3.7 * unit * max(small, 0.85)
    mark_size = brand_size * 1.3
    sign = mark_size * (min(request.logo_aspect or 1.0, 4.0) + 0.32)  # the sign and its gap, left of the name
    set_text(Role.BRAND, look.strong, brand_size, 1, 0, 1.1, (sign / 2, 0))
    if Role.BRAND in rows:
        rows[Role.BRAND] = _Row(Role.BRAND, rows[Role.BRAND].block, 0)
    eyebrow_pad = (2.6 * unit * small, 1.7 * unit * small) if look.eyebrow_pill else (0.0, 0.0)
    set_text(Role.EYEBROW, look.strong, 2.75 * unit * small, 2, 4.5 * unit, 1.25, eyebrow_pad)
    if look.eyebrow_pill and Role.EYEBROW in rows and len(rows[Role.EYEBROW].block.lines) > 1:
        rows[Role.EYEBROW] = _Row(Role.EYEBROW, rows[Role.EYEBROW].block, 4.5 * unit)
    headline = max(look.headline_largest * unit * scale, look.headline_smallest * unit)
    set_text(
        Role.HEADLINE,
        look.headline,
        headline,
        7,
        (4.4 if look.eyebrow_pill else 3.2) * unit,
        look.headline_leading,
        (0, 0),
    )
    set_text(Role.SUBLINE, look.text, 4.05 * unit * small, 4, 2.6 * unit + 0.16 * headline, 1.38, (0, 0))
    set_text(Role.PRICE, look.strong, 6.6 * unit * small, 1, 4.0 * unit, 1.1, (0, 0))
    button_pad = {
        ButtonShape.LINK: (0.0, 0.9 * unit),
        ButtonShape.OUTLINE: (4.6 * unit * small, 3.3 * unit * small),
    }.get(look.button, (5.2 * unit * small, 3.6 * unit * small))
    arrow_room = 6.2 * unit * small if look.arrow and look.button is not ButtonShape.LINK else 0.0
    set_text(
        Role.CALL_TO_ACTION,
        look.strong,
        4.1 * unit * small,
        2,
        4.6 * unit,
        1.2,
        (button_pad[0] + arrow_room / 2, button_pad[1]),
    )
    crowded = [  # a brand too long for its line is cut short: no other text could give it room
        row.block
        for role, row in rows.items()
        if role is not Role.BRAND and (not row.block.complete or (row.block.broken and not breaking))
    ]
    if crowded and not last:
        return None
    return _stacked(request, rows, texts, mark_size, arrow_room, notes, last=last)


def _stacked(
    request: Request,
    rows: dict[Role, _Row],
    texts: dict[Role, str],
    mark_size: float,
    arrow_room: float,
    notes: tuple[str, ...],
    *,
    last: bool,
) -> Stack | None:
    unit = request.unit
    brand = rows.get(Role.BRAND)
    in_foot = (Role.SUBLINE,) if request.subline_in_foot and request.foot_box else ()
    middle = [
        rows[role] for role in (Role.EYEBROW, Role.HEADLINE, Role.SUBLINE) if role in rows and role not in in_foot
    ]
    foot = [rows[role] for role in (*in_foot, Role.PRICE, Role.CALL_TO_ACTION) if role in rows]
    foot_area = _Area(request.foot_box or request.box, request.foot_align or request.align)
    area = _Area(request.box, request.align)
    foot_steps = _foot_steps(foot, foot_area, unit)
    foot_height = sum(step.height + (step.gap if place else 0) for place, step in enumerate(foot_steps))
    brand_height = 0.0 if brand is None or request.brand_apart else max(brand.height, mark_size)
    middle_height = sum(row.height + (row.gap if place else 0) for place, row in enumerate(middle))
    brand_gap = 4.2 * unit if brand_height and middle else 0.0
    foot_gap = 4.4 * unit if foot and middle and request.foot_box is None else 0.0
    inside = brand_height + brand_gap + middle_height
    total = inside + (foot_gap + foot_height if request.foot_box is None else 0.0)
    if not last and (total > area.box.height + 0.5 or foot_height > foot_area.box.height + 0.5):
        return None
    placed: list[Placed] = []
    mark: Box | None = None
    slack = max(0.0, area.box.height - total)
    top = area.box.top + (0.0 if request.spread else slack * request.anchor)
    if brand is not None:
        where = request.brand_apart or Box(area.box.left, top, area.box.right, top + brand_height)
        mark, text = _brand(request, brand, texts[Role.BRAND], where, mark_size)
        placed.append(text)
    y = top + brand_height + brand_gap + (slack * request.anchor if request.spread else 0.0)
    for place, row in enumerate(middle):
        y += row.gap if place else 0.0
        placed.append(_placed(area, row, texts[row.role], y, arrow_room))
        y += row.height
    if request.foot_box is not None or request.spread:
        y = foot_area.box.bottom - foot_height
    else:
        y += foot_gap
    for place, step in enumerate(foot_steps):
        y += step.gap if place else 0.0
        for row, left in step.rows:
            offset = (step.height - row.height) / 2
            placed.append(_placed(foot_area, row, texts[row.role], y + offset, arrow_room, left=left))
        y += step.height
    own_notes = [
        f"The {row.role.value.replace('_', ' ')} is too long for this shape and was cut short."
        for row in rows.values()
        if not row.block.complete
    ] + [
        f"A word of the {row.role.value.replace('_', ' ')} had to be broken to fit."
        for row in rows.values()
        if row.block.broken
    ]
    return Stack(
        placed=tuple(placed),
        mark=mark,
        notes=(*notes, *own_notes),
        headline_size=rows[Role.HEADLINE].block.size if Role.HEADLINE in rows else 0.0,
    )


@dataclass(frozen=True, slots=True)
class _Area:
    box: Box
    align: Align


@dataclass(frozen=True, slots=True)
class _Step:
    """A line of the foot: one row, or price and button beside each other, with their left edges when fixed."""

    rows: tuple[tuple[_Row, float | None], ...]
    gap: float

    @property
    def height(self) -> float:
        return max(row.height for row, _ in self.rows)


def _foot_steps(foot: list[_Row], area: _Area, unit: float) -> list[_Step]:
    steps = [_Step(((row, None),), row.gap) for row in foot]
    pair = foot[-2:]
    if len(pair) < 2 or pair[0].role is not Role.PRICE:
        return steps
    gap = 3.6 * unit
    price, button = pair
    together = price.width + gap + button.width
    if together > area.box.width:
        return steps
    first, second = (price, button) if area.align is not Align.LEFT else (button, price)
    start = {
        Align.LEFT: area.box.left,
        Align.CENTRE: area.box.centre_x - together / 2,
        Align.RIGHT: area.box.right - together,
    }[area.align]
    return [*steps[:-2], _Step(((first, start), (second, start + first.width + gap)), price.gap)]


def _placed(area: _Area, row: _Row, text: str, top: float, arrow_room: float, *, left: float | None = None) -> Placed:
    box = area.box
    width = row.width
    if left is None:
        left = {
            Align.LEFT: box.left,
            Align.CENTRE: box.centre_x - width / 2,
            Align.RIGHT: box.right - width,
        }[area.align]
    outer = Box(left, top, left + width, top + row.height)
    shift = arrow_room / 2 if row.role is Role.CALL_TO_ACTION else 0.0
    align = area.align
    if row.pad_x:
        align = Align.CENTRE if not shift else Align.LEFT
    inner = Box(outer.left + row.pad_x - shift, outer.top + row.pad_y, outer.right - row.pad_x - shift, outer.bottom)
    pens: list[tuple[float, float]] = []
    baseline = inner.top + row.block.ascent
    ink: Box | None = None
    for line in row.block.lines:
        line_width = line.ink[2] - line.ink[0]
        x = {
            Align.LEFT: inner.left,
            Align.CENTRE: inner.centre_x - line_width / 2,
            Align.RIGHT: inner.right - line_width,
        }[align] - line.ink[0]
        pens.append((x, baseline))
        drawn = Box(x + line.ink[0], baseline + line.ink[1], x + line.ink[2], baseline + line.ink[3])
        ink = drawn if ink is None else ink.joined(drawn)
        baseline += row.block.leading
    plated = row.pad_x > 0 or row.role is Role.CALL_TO_ACTION
    return Placed(
        role=row.role,
        block=row.block,
        pens=tuple(pens),
        box=ink or outer,
        text=text,
        plate=outer if plated else None,
    )


def _brand(request: Request, row: _Row, text: str, where: Box, mark_size: float) -> tuple[Box, Placed]:
    """The brand's sign and its name on one line, centred on each other."""
    aspect = request.logo_aspect or 1.0
    mark_height = mark_size if aspect < 2 else mark_size * 0.95
    mark_width = min(mark_height * min(aspect, 4.0), where.width * 0.5)
    mark_height = mark_width / aspect
    gap = mark_size * 0.32
    align = request.brand_align or request.align
    total = mark_width + gap + row.block.width
    left = {Align.LEFT: where.left, Align.CENTRE: where.centre_x - total / 2, Align.RIGHT: where.right - total}[align]
    middle = where.top + max(row.height, mark_height) / 2
    mark = Box(left, middle - mark_height / 2, left + mark_width, middle + mark_height / 2)
    line = row.block.lines[0]
    capital = line.face.metrics().cap_height * line.size
    pen = (mark.right + gap - line.ink[0], middle + capital / 2)
    ink = Box(pen[0] + line.ink[0], pen[1] + line.ink[1], pen[0] + line.ink[2], pen[1] + line.ink[3])
    return mark, Placed(role=Role.BRAND, block=row.block, pens=(pen,), box=ink, text=text)
