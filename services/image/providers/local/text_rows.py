"""The rows of a column of texts: which words stand in which role, in which size, and in which room."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from services.image.providers.local.ad_text import Wording
from services.image.providers.local.geometry import Box
from services.image.providers.local.line_breaking import ends_with_joiner
from services.image.providers.local.prices import price_parts
from services.image.providers.local.text_column import Request, Role, Row, TypeLook
from services.image.providers.local.typesetting import Block, Writing, fit
from services.media.text_shaping import Face, Line
from services.media.writing_systems import capitals

LONGEST_CAPITALS: Final = 22  # characters of an eyebrow that is read at a glance in capitals
FIGURE_CHARACTERS: Final = 12  # of a price that is a figure: "from £1,250"
SHORT_PRICE: Final = 20  # characters of a price with its unit that stands on one line: "$4.25 a litre"
REST_OF_PRICE: Final = 0.85  # of its size otherwise, that the rest of such a price has beside a large amount
AMOUNT_GAP: Final = 0.62  # ems of the rest between the lines of such a price
BESIDE_AMOUNT: Final = 0.12  # likewise, of the amount's size
LINES_APART: Final = 0.34  # ems between two lines of the rest
DIVIDE_FROM: Final = 0.5  # of a headline's largest size: from here on, long words may be divided
LARGEST_DIVIDED: Final = 9.5  # units of a headline's largest size with divided words
# The area of a logo, in square units (a unit is 8 px at 1080): a square one stands beside the name, a wide one without.
SIGN_AREA: Final = 7.5**2
WORDMARK_AREA: Final = 12.5**2
WORDMARK_ASPECT: Final = 1.9  # from this width to height on, a logo is taken to spell the name
WIDEST_MARK: Final = 0.55  # of the room's width
BULLET_WIDE: Final = 1.5  # ems of a list's indent
ICON_WIDE: Final = 1.95  # ems of the indent of a list with icons
STRETCHED_GAP: Final = 0.13  # ems of the smaller line between the letters of two lines of different sizes
ITEM_GAP: Final = 0.42  # ems between the items of a list


def _is_wordmark(request: Request) -> bool:
    return request.logo_aspect is not None and request.logo_aspect >= WORDMARK_ASPECT


def texts_of(request: Request) -> dict[Role, str]:
    words = request.wording
    texts = {
        Role.BRAND: "" if _is_wordmark(request) else words.brand,
        Role.EYEBROW: capitals(words.eyebrow, words.language)
        if request.look.eyebrow_capitals and len(words.eyebrow) <= LONGEST_CAPITALS
        else words.eyebrow,
        Role.HEADLINE: capitals(words.headline, words.language)
        if request.look.headline_capitals and "headline" not in words.quoted
        else words.headline,
        Role.SUBLINE: words.subline,
        Role.OCCASION: words.occasion,
        Role.PRICE: "" if request.price_apart else words.price,
        Role.CALL_TO_ACTION: words.call_to_action,
        Role.OLD_PRICE: words.old_price if words.price or words.figure_leads else "",
        Role.RATING: words.rating,
        Role.BENEFITS: " ".join(words.benefits),
        Role.BADGE: "" if request.badge_apart else words.badge,
    }
    return {role: text for role, text in texts.items() if text}


def room_of(request: Request, role: Role) -> Box:
    """The box in which a text stands: the column's, or that of the foot."""
    in_foot = role in foot_roles(request) or (role in (Role.SUBLINE, Role.RATING) and request.subline_in_foot)
    return request.foot_box if request.foot_box is not None and in_foot else request.box


def foot_roles(request: Request) -> tuple[Role, ...]:
    """The texts that stand in the foot: a price that is a phrase stands in the column, unless the foot has room."""
    words = request.wording
    if request.grows or request.foot_anchor < 1:
        return (Role.PRICE, Role.CALL_TO_ACTION)
    return (Role.CALL_TO_ACTION,) if is_phrase(words) else (Role.PRICE, Role.CALL_TO_ACTION)


def is_phrase(words: Wording) -> bool:
    """Whether the price is more than an amount."""
    return len(words.price) > FIGURE_CHARACTERS and not words.old_price


def divided_from(look: TypeLook) -> float:
    """The size in units from which on a headline's long words may be divided: a smaller word is better than a torn
    one."""
    return min(look.headline_largest * DIVIDE_FROM, LARGEST_DIVIDED * look.text_scale)


def mark_size(request: Request) -> tuple[float, float] | None:
    """The logo's width and height in pixels, by its area, so that wide and square ones weigh the same; None without."""
    aspect = request.logo_aspect
    if aspect is None:
        return None
    room = (request.brand_apart or request.box).width * WIDEST_MARK
    area = WORDMARK_AREA if _is_wordmark(request) else SIGN_AREA
    width = min((area * aspect) ** 0.5 * request.unit, room)
    return width, width / aspect


def writing_of(request: Request) -> Writing:
    words = request.wording
    return Writing(language=words.language, soft=words.soft, right_to_left=words.right_to_left)


def list_row(request: Request, room: Box, size: float, gap: float) -> Row:
    """The benefits, each on one or two lines beside its bullet."""
    items = request.wording.benefits
    face = request.look.text if request.look.text.covers("".join(items)) else Face(family="Inter", weight=500)
    face = replace(face, language=request.wording.language)
    indent = (ICON_WIDE if request.wording.icons else BULLET_WIDE) * size
    blocks = [
        fit(
            item,
            face,
            box_width=room.width - indent,
            box_height=4 * size,
            largest=size,
            smallest=size,
            line_height=1.26,
            most_lines=2,
            writing=writing_of(request),
        )
        for item in items
    ]
    lines = tuple(line for block in blocks for line in block.lines)
    firsts = [place == 0 for block in blocks for place in range(len(block.lines))]
    whole = Block(
        lines=lines,
        size=size,
        leading=size * 1.26,
        ascent=blocks[0].ascent,
        descent=blocks[-1].descent,
        complete=all(block.complete for block in blocks),
        broken=any(block.broken for block in blocks),
    )
    gaps = tuple(ITEM_GAP * size if first and place else 0.0 for place, first in enumerate(firsts))
    return Row(Role.BENEFITS, whole, gap, indent=indent, gaps=gaps)


def with_large_amount(request: Request, row: Row, size: float, box: Box) -> Row:
    """The row of a price that is a phrase: a short one on one large line, a longer one with its amount on a line of its
    own, larger than the rest; as it is where it has several amounts, or no room for that."""
    price = request.wording.price
    face = request.look.price or request.look.strong
    if len(price) <= SHORT_PRICE:
        short = fit(
            price,
            face if face.covers(price) else Face(family="Inter", weight=face.weight),
            box_width=box.width,
            box_height=3 * size,
            largest=size,
            smallest=row.block.size,
            line_height=1.1,
            most_lines=1,
            writing=writing_of(request),
        )
        return replace(row, block=short) if short.complete and not short.broken else row
    found = price_parts(price)
    if found is None or request.wording.right_to_left:
        return row
    small = row.block.size * REST_OF_PRICE
    strong, text = request.look.strong, request.look.text
    least = row.block.size if request.look.price_largest else size
    parts = zip(found, (strong, face, text), (small, size, small), (small, least, small), (2, 1, 2), strict=True)
    blocks = [
        fit(
            part,
            own if own.covers(part) else Face(family="Inter", weight=own.weight),
            box_width=box.width,
            box_height=3 * height,
            largest=height,
            smallest=smallest,
            line_height=1.2,
            most_lines=lines,
            writing=writing_of(request),
        )
        for part, own, height, smallest, lines in parts
        if part
    ]
    if not all(block.complete and not block.broken for block in blocks):
        return row
    lines = tuple(line for block in blocks for line in block.lines)
    gap = max(AMOUNT_GAP * small, BESIDE_AMOUNT * max(line.size for line in lines))
    parts_of = [number for number, block in enumerate(blocks) for _ in block.lines]
    apart = [
        upper.ink[3] - lower.ink[1] + (gap if part != following else LINES_APART * small)
        for (upper, lower), (part, following) in zip(pairwise(lines), pairwise(parts_of), strict=True)
    ]
    block = replace(
        row.block, lines=lines, size=small, leading=0.0, ascent=-lines[0].ink[1], descent=max(lines[-1].ink[3], 0.0)
    )
    return replace(row, block=block, gaps=(0.0, *apart))


def stretched(row: Row, width: float, most: float) -> Row:
    """The row with its lines stretched."""
    block, gaps = stretched_block(row.block, width, most)
    return replace(row, block=block, gaps=gaps)


def stretched_block(block: Block, width: float, most: float) -> tuple[Block, tuple[float, ...]]:
    """The block with each line as wide as the column, at most `most` times as large as before, and the gaps above its
    lines: they stand as close as their letters allow."""
    shortest = min((line.ink[2] - line.ink[0] for line in block.lines), default=0.0)
    if shortest <= 0 or not block.complete:
        return block, (0.0,) * len(block.lines)
    factors = [max(1.0, min(most, 0.995 * width / (line.ink[2] - line.ink[0]))) for line in block.lines]
    telling = [factor for factor, line in zip(factors, block.lines, strict=True) if not _is_slight(line)]
    largest = min(telling, default=most)  # "with" alone is not what the picture is about
    sizes = [
        line.size * (min(factor, largest) if _is_slight(line) else factor)
        for factor, line in zip(factors, block.lines, strict=True)
    ]  # rounded: lines stretched from another size come out the same
    lines = [line.scaled(round(size, 2) / line.size) for size, line in zip(sizes, block.lines, strict=True)]
    apart = [
        upper.ink[3] - lower.ink[1] + STRETCHED_GAP * min(upper.size, lower.size) for upper, lower in pairwise(lines)
    ]
    stretched = replace(
        block,
        lines=tuple(lines),
        size=min(line.size for line in lines),
        leading=0.0,
        ascent=-lines[0].ink[1],
        descent=max(lines[-1].ink[3], 0.0),
    )
    return stretched, (0.0, *apart)


def _is_slight(line: Line) -> bool:
    """Whether a line of a headline is one word that belongs to the next, such as "with"."""
    return " " not in line.text and ends_with_joiner(line.text, line.face.language)
