"""Where the rows of a column stand: brand, column and foot, from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from services.image.providers.local.geometry import Box
from services.image.providers.local.text_column import Align, Placed, Request, Role, Row, Stack
from services.image.providers.local.text_rows import foot_roles

HEADER_GAP: Final = 8.0  # units between the sender and the product's name on one line
MARK_GAP: Final = 1.6  # units between a logo and the name
PRICE_APART: Final = 6.4  # units between a price and the button beside it


def stacked(
    request: Request,
    rows: dict[Role, Row],
    texts: dict[Role, str],
    size: tuple[float, float] | None,
    arrow_room: float,
    notes: tuple[str, ...],
    *,
    last: bool,
) -> Stack | None:
    unit = request.unit
    brand = rows.get(Role.BRAND)
    below = (Role.SUBLINE, Role.BENEFITS, Role.RATING)
    led = () if Role.PRICE in rows else (Role.OLD_PRICE,)  # the headline is the price
    worded = () if Role.PRICE in foot_roles(request) else (Role.PRICE,)
    in_foot = below if request.subline_in_foot and request.foot_box else ()
    middle = [
        rows[role]
        for role in (Role.BADGE, Role.EYEBROW, Role.HEADLINE, *led, Role.OCCASION, *below, *worded)
        if role in rows and role not in in_foot
    ]
    foot = [
        rows[role]
        for role in (*in_foot, Role.PRICE, Role.OLD_PRICE, Role.CALL_TO_ACTION)
        if role in rows and role not in led and role not in worded
    ]
    mirrored = request.wording.right_to_left
    beside = _beside_brand(request, rows, size)
    middle = [row for row in middle if row is not beside]
    foot_area = _Area(request.foot_box or request.box, request.foot_align or request.align, mirrored)
    area = _Area(request.box, request.align, mirrored)
    spaced = request.is_poster and foot_area.align is not Align.CENTRE
    foot_steps = _foot_steps(foot, foot_area, unit, spaced=spaced)
    foot_height = sum(step.height + (step.gap if place else 0) for place, step in enumerate(foot_steps))
    own_height = max(brand.height if brand is not None else 0.0, size[1] if size is not None else 0.0)
    brand_height = 0.0 if request.brand_apart else own_height
    middle_height = sum(row.height + (row.gap if place else 0) for place, row in enumerate(middle))
    brand_gap = 4.2 * unit if brand_height and middle else 0.0
    foot_gap = 6.2 * unit if foot and middle and request.foot_box is None else 0.0
    inside = brand_height + brand_gap + middle_height
    total = inside + (foot_gap + foot_height if request.foot_box is None else 0.0)
    if request.grows and foot_steps:
        area = replace(
            area, box=replace(area.box, bottom=foot_area.box.bottom - foot_height - request.foot_room * unit)
        )
    if not last and (total > area.box.height + 0.5 or foot_height > foot_area.box.height + 0.5):
        return None
    placed: list[Placed] = []
    mark: Box | None = None
    slack = max(0.0, area.box.height - total)
    top = area.box.top + (0.0 if request.spread else slack * request.anchor)
    if brand is not None or size is not None:
        where = request.brand_apart or Box(area.box.left, top, area.box.right, top + brand_height)
        mark, name = _brand(request, brand, texts.get(Role.BRAND, ""), where, size)
        placed += [name] if name is not None else []
        if beside is not None and name is not None:
            start = area.box.left if mirrored else area.box.right - beside.width
            above = name.pens[0][1] - beside.block.ascent  # on the name's line
            placed.append(_placed(area, beside, texts[Role.EYEBROW], above, arrow_room, left=start))
    y = top + brand_height + brand_gap + (slack * request.anchor if request.spread else 0.0)
    for place, row in enumerate(middle):
        y += row.gap if place else 0.0
        placed.append(_placed(area, row, texts[row.role], y, arrow_room))
        y += row.height
    if request.foot_box is not None or request.spread:
        y = foot_area.box.bottom - foot_height
        if request.foot_box is not None:
            y -= (foot_area.box.height - foot_height) * (1 - request.foot_anchor)
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
        foot=frozenset(row.role for row in foot) if request.foot_box is not None else frozenset(),
    )


def _beside_brand(request: Request, rows: dict[Role, Row], mark: tuple[float, float] | None) -> Row | None:
    """The product's name where it stands on the sender's line, at its other end: a poster has one text less above its
    headline. None where it has no room there, or the texts are centred."""
    brand, eyebrow = rows.get(Role.BRAND), rows.get(Role.EYEBROW)
    flush = Align.RIGHT if request.wording.right_to_left else Align.LEFT
    if brand is None or eyebrow is None or not request.is_poster or request.brand_apart or request.align is not flush:
        return None
    if eyebrow.pad_x or len(eyebrow.block.lines) > 1 or eyebrow.block.size > brand.block.size:
        return None
    taken = brand.width + (mark[0] + MARK_GAP * request.unit if mark is not None else 0.0)
    room = request.box.width - taken - HEADER_GAP * request.unit
    return eyebrow if eyebrow.width <= room else None


@dataclass(frozen=True, slots=True)
class _Area:
    box: Box
    align: Align
    right_to_left: bool = False


@dataclass(frozen=True, slots=True)
class _Step:
    """A line of the foot: one row, or price and button beside each other, with their left edges when fixed."""

    rows: tuple[tuple[Row, float | None], ...]
    gap: float

    @property
    def height(self) -> float:
        return max(row.height for row, _ in self.rows)


def _foot_steps(foot: list[Row], area: _Area, unit: float, *, spaced: bool = False) -> list[_Step]:
    """The foot from top to bottom: the old price stands beside the price or below it, and the button beside both if it
    fits. spaced: what is beside each other fills the width, the button at its end; it also stands beside a sub-line of
    its own."""
    prices = [row for row in foot if row.role in (Role.PRICE, Role.OLD_PRICE)]
    button = next((row for row in foot if row.role is Role.CALL_TO_ACTION), None)
    steps = [_Step(((row, None),), row.gap) for row in foot if row not in prices and row is not button]
    if not prices and spaced and button and len(steps) == 1:
        row = steps[0].rows[0][0]
        if row.role is Role.SUBLINE and row.width + PRICE_APART * unit + button.width <= area.box.width:
            return [_spaced([row], [], button, area, row.gap)]
    if not prices:
        return [*steps, *([_Step(((button, None),), button.gap)] if button else [])]
    near, apart = 1.8 * unit, PRICE_APART * unit
    beside = [*prices, button] if button else prices
    gaps = [near] * (len(prices) - 1) + ([apart] if button else [])
    if sum(row.width for row in beside) + sum(gaps) <= area.box.width:
        if button and spaced:
            return [*steps, _spaced(prices, gaps[:-1], button, area, prices[0].gap)]
        if button and area.align is Align.LEFT:
            beside, gaps = [button, *prices], [apart, *gaps[:-1]]
        return [*steps, _line(beside, gaps, area, prices[0].gap)]
    last = [_Step(((button, None),), button.gap)] if button else []
    if len(prices) > 1 and sum(row.width for row in prices) + near > area.box.width:
        return [*steps, *(_line([price], [], area, price.gap) for price in prices), *last]
    return [*steps, _line(prices, [near] * (len(prices) - 1), area, prices[0].gap), *last]


def _spaced(rows: list[Row], gaps: list[float], button: Row, area: _Area, above: float) -> _Step:
    """Rows at the beginning of a line and the button at its end."""
    box, mirrored = area.box, area.align is Align.RIGHT
    places: list[tuple[Row, float | None]] = []
    at = box.right if mirrored else box.left
    for row, gap in zip(rows, [*gaps, 0.0], strict=True):
        places.append((row, at - row.width if mirrored else at))
        at += -(row.width + gap) if mirrored else row.width + gap
    places.append((button, box.left if mirrored else box.right - button.width))
    return _Step(tuple(places), above)


def _line(rows: list[Row], gaps: list[float], area: _Area, above: float) -> _Step:
    """Rows beside each other, aligned as one."""
    total = sum(row.width for row in rows) + sum(gaps)
    left = {
        Align.LEFT: area.box.left,
        Align.CENTRE: area.box.centre_x - total / 2,
        Align.RIGHT: area.box.right - total,
    }[area.align]
    places: list[tuple[Row, float | None]] = []
    for row, gap in zip(rows, [*gaps, 0.0], strict=True):
        places.append((row, left))
        left += row.width + gap
    return _Step(tuple(places), above)


def _placed(area: _Area, row: Row, text: str, top: float, arrow_room: float, *, left: float | None = None) -> Placed:
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
        align = Align.CENTRE if not shift else Align.RIGHT if area.right_to_left else Align.LEFT
    if row.indent:
        ahead = (0.0, row.indent) if area.right_to_left else (row.indent, 0.0)
        align = Align.RIGHT if area.right_to_left else Align.LEFT
        outer = Box(outer.left + ahead[0], outer.top, outer.right - ahead[1], outer.bottom)
    shift = -shift if area.right_to_left else shift
    inner = Box(outer.left + row.pad_x - shift, outer.top + row.pad_y, outer.right - row.pad_x - shift, outer.bottom)
    pens: list[tuple[float, float]] = []
    baseline = inner.top + row.block.ascent
    ink: Box | None = None
    gaps = row.gaps or (0.0,) * len(row.block.lines)
    for line, gap in zip(row.block.lines, gaps, strict=True):
        baseline += gap
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
        indent=row.indent,
        marks_on_right=area.right_to_left and row.indent > 0,
        starts=tuple(place for place, gap in enumerate(row.gaps) if gap or not place),
    )


def _brand(
    request: Request, row: Row | None, text: str, where: Box, size: tuple[float, float] | None
) -> tuple[Box | None, Placed | None]:
    """The brand's logo, its name, or both on one line, centred on each other."""
    width, height = size or (0.0, 0.0)
    gap = MARK_GAP * request.unit if row is not None and size is not None else 0.0
    align = request.brand_align or request.align
    total = width + gap + (row.block.width if row is not None else 0.0)
    left = {Align.LEFT: where.left, Align.CENTRE: where.centre_x - total / 2, Align.RIGHT: where.right - total}[align]
    middle = where.top + max(row.height if row is not None else 0.0, height) / 2
    reversed_ = request.wording.right_to_left  # the logo stands before the name, as it is read
    start = left + total - width if reversed_ else left
    mark = Box(start, middle - height / 2, start + width, middle + height / 2) if size is not None else None
    if row is None:
        return mark, None
    line = row.block.lines[0]
    capital = line.face.metrics().cap_height * line.size
    baseline = max(middle + capital / 2, where.top + row.block.ascent)  # accents stay below the top
    pen = (left + (0.0 if reversed_ else width + gap) - line.ink[0], baseline)
    ink = Box(pen[0] + line.ink[0], pen[1] + line.ink[1], pen[0] + line.ink[2], pen[1] + line.ink[3])
    return mark, Placed(role=Role.BRAND, block=row.block, pens=(pen,), box=ink, text=text)
