"""The column of texts beside or over the product: which sizes, in which order, how far apart.

Heights are solved, not guessed: the headline takes the largest size with which the whole column fits its box; when
even the smallest does not fit, texts give way by priority (sub-line, then eyebrow, then price), never the headline or
the button, and the column says what it left out.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final

from services.image.providers.local.ad_text import Wording
from services.image.providers.local.geometry import Box
from services.image.providers.local.line_breaking import ends_with_joiner, parts_date, parts_number
from services.image.providers.local.prices import price_parts
from services.image.providers.local.typesetting import MOST_HYPHENS, Block, Writing, fit
from services.media.text_shaping import Face, Line
from services.media.writing_systems import capitals


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
    OCCASION = "occasion"  # when it takes place
    CALL_TO_ACTION = "call_to_action"
    OLD_PRICE = "old_price"  # struck through, beside the price
    RATING = "rating"  # stars and a line, or an award
    BENEFITS = "benefits"  # a list
    BADGE = "badge"  # of a sticker
    MADE_WITH = "visible_mark"  # says how the picture was made; apart from the column


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
    body_scale: float = 1.0  # of the texts below the headline besides, where little is said
    price: Face | None = None  # None: as `strong`
    price_size: float = 7.2
    price_largest: float = 0.0  # of the amount where the price leads; 0: the headline does
    stress: bool = False  # whether the headline's lines with figures have a colour of their own
    stretch: float = 1.0  # how much larger than the smallest a line of the headline may be, to fill the column


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A text at its place: the pen's start of each line, and the box of what is drawn."""

    role: Role
    block: Block
    pens: tuple[tuple[float, float], ...]
    box: Box
    text: str
    plate: Box | None = None  # the button, pill or badge drawn under it
    indent: float = 0.0  # room before each line, for the marks that are drawn there
    marks_on_right: bool = False  # where a line is read from the right, and `box` ends at its marks
    starts: tuple[int, ...] = ()  # lines that begin an item of a list


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The solved column. `mark` is where the brand's logo stands, beside its name or in place of it.

    right_to_left: whether the texts are read from the right. foot: the texts that stand apart from the column.
    """

    placed: tuple[Placed, ...]
    mark: Box | None
    notes: tuple[str, ...]
    headline_size: float
    right_to_left: bool = False
    foot: frozenset[Role] = frozenset()
    scale: float = 1.0  # of the headline's largest size, with which the column was set

    def of(self, role: Role) -> Placed | None:
        return next((text for text in self.placed if text.role is role), None)


BRAND_SIZE, POSTER_BRAND_SIZE = 4.8, 5.8  # units; a column beside a product has less room than a poster
EYEBROW_SIZE, POSTER_EYEBROW_SIZE = 3.3, 4.3  # units; it says what is sold
LONGEST_CAPITALS: Final = 22  # characters of an eyebrow that is read at a glance in capitals
OLD_PRICE_SIZE: Final = 5.2  # units
OLD_PRICE_BELOW: Final = 7.5  # units of one below a headline that is the price
REDUCED_PRICE: Final = 11.0  # units of a price beside an old one, on a poster
WORDED_PRICE: Final = 5.6  # units of a price that is a phrase
FIGURE_CHARACTERS: Final = 12  # of a price that is a figure: "from £1,250"
SHORT_PRICE: Final = 20  # characters of a price with its unit that stands on one line: "$4.25 a litre"
REST_OF_PRICE: Final = 0.85  # of its size otherwise, that the rest of such a price has beside a large amount
LARGE_AMOUNT: Final = 12.5  # units of the amount in such a price
SMALL_AMOUNT: Final = 7.5  # likewise, at least
AMOUNT_SHARE: Final = 0.9  # of the headline's size, that an amount below it has at most
AMOUNT_GAP: Final = 0.62  # ems of the rest between the lines of such a price
BESIDE_AMOUNT: Final = 0.12  # likewise, of the amount's size
LINES_APART: Final = 0.34  # ems between two lines of the rest
HEADER_GAP: Final = 8.0  # units between the sender and the product's name on one line
SMALLEST_STEP: Final = 0.93
STEPS: Final = 18
MOST_STEPS: Final = 30  # for headlines that may be very large
DIVIDE_FROM: Final = 0.5  # of a headline's largest size: from here on, long words may be divided
LARGEST_DIVIDED: Final = 9.5  # units of a headline's largest size with divided words
# The area of a logo, in square units (a unit is 8 px at 1080): a square one stands beside the name, a wide one without.
SIGN_AREA: Final = 7.5**2
WORDMARK_AREA: Final = 12.5**2
WORDMARK_ASPECT: Final = 1.9  # from this width to height on, a logo is taken to spell the name
MARK_GAP: Final = 1.6  # units between a logo and the name
WIDEST_MARK: Final = 0.55  # of the room's width
SHORT_CLAUSE: Final = 7  # characters of Chinese or Japanese, its sign included: it stays on one line
SHORTEST_LINE: Final = 0.4  # of the widest line of a headline
TIDY_SHARE: Final = 0.66  # of its size: as far as a headline shrinks so that its sentences stay together
DROP_ORDER: Final = (Role.SUBLINE, Role.BENEFITS, Role.RATING, Role.BADGE, Role.EYEBROW, Role.PRICE, Role.OCCASION)
OCCASION_SIZE, POSTER_OCCASION_SIZE = 5.6, 8.0  # units; it ranks with the price
LARGEST_BUTTON: Final = 1.25  # of a button's usual size, beside larger texts
STARS_WIDE: Final = 6.6  # ems that five stars and the gap behind them take
BULLET_WIDE: Final = 1.5  # ems of a list's indent
ICON_WIDE: Final = 1.95  # ems of the indent of a list with icons
MOST_CLAUSES: Final = 3  # lines of a headline, each of which is to be a clause where it has such
STRETCHED_GAP: Final = 0.13  # ems of the smaller line between the letters of two lines of different sizes
FOOT_ROOM: Final = 13.5  # units between a column and its foot, for the margins of the field that holds one of them
PRICE_APART: Final = 6.4  # units between a price and the button beside it
ITEM_GAP: Final = 0.42  # ems between the items of a list
SMALLEST_TEXT: Final = 2.5  # units of any text but the brand's name
SMALLEST_PRICE: Final = 3.4  # units of a price that takes the place of another


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to set and where. brand_box: where the brand stands when it is apart from the column (a frame's top).

    price_apart: the price goes to a sticker and not into the column; badge_apart: the badge's text does.
    spread: brand at the top and button at the bottom of the box, the rest between; otherwise all one group, at
    `anchor` (0 top .. 1 bottom). foot_box: where price and button (and the sub-line with subline_in_foot) stand when
    they are apart from the column, at its bottom. grows: whether the column reaches down to what stands there.
    foot_anchor: where they stand in that box, as `anchor`. foot_room: units between them and the column, at least.
    """

    wording: Wording
    look: TypeLook
    box: Box
    align: Align
    unit: float
    spread: bool
    anchor: float = 0.5
    price_apart: bool = False
    badge_apart: bool = False
    brand_apart: Box | None = None
    brand_align: Align | None = None
    logo_aspect: float | None = None
    headline_share: float = 0.62
    foot_box: Box | None = None
    foot_align: Align | None = None
    subline_in_foot: bool = False
    grows: bool = False
    foot_anchor: float = 1.0
    foot_room: float = FOOT_ROOM
    is_poster: bool = False


def solve(request: Request) -> Stack:
    """The column. Raises nothing: what does not fit is left out or cut short, and noted."""
    if request.wording.right_to_left:
        return replace(_solved(_mirrored(request)), right_to_left=True)
    return _solved(request)


def solve_whole(request: Request, stack: Stack, least: float) -> Stack | None:
    """Returns the column with all texts whole and a headline of at least `least` of the size that it has in `stack`;
    None if it does not fit."""
    mirrored = request.wording.right_to_left
    set_request, scale = _mirrored(request) if mirrored else request, stack.scale
    while scale >= stack.scale * least:
        tried = _tried(set_request, scale, frozenset(), (), last=False)
        if tried is not None and not _is_shredded(tried):
            tidy = _tidier(tried, set_request, scale, frozenset(), (), breaking=False)
            kept = tidy.scale >= stack.scale * least
            return replace(tidy, right_to_left=mirrored) if kept and not tidy.notes else None
        scale *= SMALLEST_STEP
    return None


def _mirrored(request: Request) -> Request:
    """The request with its texts aligned for readers from the right."""
    other = {Align.LEFT: Align.RIGHT, Align.RIGHT: Align.LEFT}

    def turned(align: Align | None) -> Align | None:
        return None if align is None else other.get(align, align)

    return replace(
        request,
        align=other.get(request.align, request.align),
        brand_align=turned(request.brand_align),
        foot_align=turned(request.foot_align),
    )


def _is_wordmark(request: Request) -> bool:
    return request.logo_aspect is not None and request.logo_aspect >= WORDMARK_ASPECT


def _solved(request: Request) -> Stack:
    dropped: list[Role] = []
    notes: list[str] = []
    span = math.log(request.look.headline_smallest / request.look.headline_largest) / math.log(SMALLEST_STEP)
    steps = min(max(STEPS, math.ceil(span) + 1), MOST_STEPS)
    least = SMALLEST_STEP ** (steps - 1)
    # A word wider than its line at any size will be broken: leaving other texts out would not help it.
    breaking = _tried(request, least, frozenset(DROP_ORDER), (), last=False) is None
    for attempt in range(len(DROP_ORDER) + 1):
        scale = DIVIDE_FROM if breaking else 1.0
        for step in range(steps):
            stack = _tried(request, scale, frozenset(dropped), tuple(notes), last=False, breaking=breaking)
            if stack is not None and not (_is_shredded(stack) and step < steps - 1):
                return _tidier(stack, request, scale, frozenset(dropped), tuple(notes), breaking=breaking)
            scale *= SMALLEST_STEP
        if attempt < len(DROP_ORDER):
            role = DROP_ORDER[attempt]
            if role in _texts(request):
                notes.append(f"There was no room for the {role.value.replace('_', ' ')}; it was left out.")
            dropped.append(role)
            if role is Role.PRICE:
                dropped.append(Role.OLD_PRICE)
    final = _tried(request, 0.27, frozenset(dropped), tuple(notes), last=True)
    assert final is not None  # the last try takes whatever comes out
    return final


def _is_shredded(stack: Stack) -> bool:
    """Whether the headline's words are divided more often than a reader forgives."""
    headline = stack.of(Role.HEADLINE)
    return headline is not None and sum(line.text.endswith("-") for line in headline.block.lines) > MOST_HYPHENS


def _tidier(
    stack: Stack, request: Request, scale: float, dropped: frozenset[Role], notes: tuple[str, ...], *, breaking: bool
) -> Stack:
    """The column with a somewhat smaller headline, if that keeps sentences and words together which are torn apart."""
    smaller = scale
    while _torn(stack, request.wording.language) and smaller * SMALLEST_STEP >= scale * TIDY_SHARE:
        smaller *= SMALLEST_STEP
        tried = _tried(request, smaller, dropped, notes, last=False, breaking=breaking)
        if tried is not None and not _torn(tried, request.wording.language):
            return tried
    return stack


def _torn(stack: Stack, language: str) -> bool:
    """Whether a headline's sentence ends within a line, a short one runs over two, all but one of many lines hold a
    single word, the last holds next to nothing, a later one is far shorter than the widest, one ends with an article
    or the like, with a figure whose noun follows, or within a word with a hyphen."""
    headline = stack.of(Role.HEADLINE)
    if headline is None or len(headline.block.lines) < 2:
        return False
    lines = [line.text for line in headline.block.lines]
    text = " ".join(lines)
    short = [sentence for sentence in re.split(r"(?<=[.!?…])\s", text) if len(sentence.split()) < 4]
    clauses = [clause for clause in re.split(r"(?<=[，。、！？])", "".join(lines)) if 0 < len(clause) <= SHORT_CLAUSE]
    widths = [line.ink[2] - line.ink[0] for line in headline.block.lines]
    sizes = {line.size for line in headline.block.lines}
    return (
        (len(sizes) == 1 and min(widths[1:]) < SHORTEST_LINE * max(widths))
        or (len(lines[-1]) < 3 and lines[-1].isascii())
        or any(re.search(r"[.!?…]\s", line) for line in lines)
        or (len(lines) <= MOST_CLAUSES and any(re.search(r"[,;:–—]\s", line) for line in lines[1:]))
        or any(ends_with_joiner(line, language) for line in lines[:-1])
        or any(parts_number(line, following) for line, following in pairwise(lines))
        or any(parts_date(line, following, language) for line, following in pairwise(lines))
        or any(_parts_compound(line, following, headline.text) for line, following in pairwise(lines))
        or (len(short) > 1 and any(not any(sentence in line for line in lines) for sentence in short))
        or (len(clauses) > 1 and any(not any(clause in line for line in lines) for clause in clauses))
        or (len(lines) > 3 and " " in text and sum(" " not in line for line in lines) >= len(lines) - 1)
    )


def _parts_compound(line: str, following: str, text: str) -> bool:
    """Whether two lines divide a word at a hyphen of its own: "non- / venomous"."""
    first, second = line.rpartition(" ")[2], following.partition(" ")[0]
    return first.endswith(("-", "‐")) and f"{first}{second}" in text


def _texts(request: Request) -> dict[Role, str]:
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


@dataclass(frozen=True, slots=True)
class _Row:
    """One step of the column: a text with the gap above it, and the padding of its plate."""

    role: Role
    block: Block
    gap: float
    pad_x: float = 0.0
    pad_y: float = 0.0
    indent: float = 0.0
    gaps: tuple[float, ...] = ()  # above each line, besides the leading

    @property
    def height(self) -> float:
        return self.block.height + 2 * self.pad_y + sum(self.gaps)

    @property
    def width(self) -> float:
        return self.block.width + 2 * self.pad_x + self.indent


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
    small = max(0.8, min(1.0, 0.6 + scale * 0.5)) * look.text_scale  # small type shrinks less than the headline
    body = small * look.body_scale
    rows: dict[Role, _Row] = {}
    writing = _writing(request)
    headline = max(look.headline_largest * unit * scale, look.headline_smallest * unit)

    def set_text(
        role: Role, face: Face, size: float, lines: int, gap: float, leading: float, pad: tuple[float, float]
    ) -> None:
        if role not in texts:
            return
        covering = face if face.covers(texts[role]) else Face(family="Inter", weight=face.weight)
        covering = replace(covering, language=request.wording.language)
        room = _room_of(request, role)
        stars = STARS_WIDE * size if role is Role.RATING and request.wording.stars is not None else 0.0
        block = fit(
            texts[role],
            covering,
            box_width=room.width - 2 * pad[0] - stars,
            box_height=box.height * (request.headline_share if role is Role.HEADLINE else 0.4),
            largest=size,
            smallest=size
            if role is Role.HEADLINE and not last
            else min(size, (2 if role is Role.BRAND else SMALLEST_TEXT) * unit),
            line_height=leading,
            most_lines=lines,
            writing=writing,
            divide_from=divided_from(look) * unit if role is Role.HEADLINE else None,
        )
        rows[role] = _Row(role, block, gap, *pad)

    brand_size = (POSTER_BRAND_SIZE if request.is_poster else BRAND_SIZE) * unit * max(small, 0.9)
    mark = _mark_size(request)
    sign = mark[0] + MARK_GAP * unit if mark is not None else 0.0  # the logo and its gap, beside the name
    set_text(Role.BRAND, look.strong, brand_size, 1, 0, 1.1, (sign / 2, 0))
    if Role.BRAND in rows:
        rows[Role.BRAND] = _Row(Role.BRAND, rows[Role.BRAND].block, 0)
    eyebrow_pad = (2.6 * unit * small, 1.7 * unit * small) if look.eyebrow_pill else (0.0, 0.0)
    eyebrow_size = POSTER_EYEBROW_SIZE if request.is_poster else EYEBROW_SIZE
    set_text(Role.EYEBROW, look.strong, eyebrow_size * unit * small, 2, 4.5 * unit, 1.2, eyebrow_pad)
    if look.eyebrow_pill and Role.EYEBROW in rows and len(rows[Role.EYEBROW].block.lines) > 1:
        rows[Role.EYEBROW] = _Row(Role.EYEBROW, rows[Role.EYEBROW].block, 4.5 * unit)
    set_text(
        Role.HEADLINE,
        look.headline,
        headline,
        7,
        (4.4 if look.eyebrow_pill else 2.6 if request.is_poster else 3.2) * unit
        + (0.08 * headline if request.is_poster else 0.0),
        look.headline_leading,
        (0, 0),
    )
    if look.stretch > 1 and not last and Role.HEADLINE in rows:
        rows[Role.HEADLINE] = _stretched(rows[Role.HEADLINE], box.width, look.stretch)
    occasion = (POSTER_OCCASION_SIZE if request.is_poster else OCCASION_SIZE) * unit * small
    set_text(
        Role.OCCASION,
        look.price or look.strong,
        min(occasion, 0.8 * headline),
        2,
        2.6 * unit + 0.14 * headline,
        1.15,
        (0, 0),
    )
    set_text(Role.SUBLINE, look.text, 4.7 * unit * body, 4, 3.0 * unit + 0.2 * headline, 1.32, (0, 0))
    room = box
    if Role.BENEFITS in texts:
        room = request.foot_box if request.subline_in_foot and request.foot_box is not None else box
        rows[Role.BENEFITS] = _list_row(request, room, 4.5 * unit * body, 3.8 * unit + 0.2 * headline)
    set_text(Role.RATING, look.strong, 3.6 * unit * body, 2, 3.2 * unit, 1.3, (0, 0))
    if Role.RATING in rows and request.wording.stars is not None:
        block = rows[Role.RATING].block
        rows[Role.RATING] = _Row(Role.RATING, block, 3.4 * unit, indent=STARS_WIDE * block.size)
    set_text(Role.BADGE, look.strong, 4.0 * unit * small, 1, 4.2 * unit, 1.1, (2.6 * unit * small, 1.8 * unit * small))
    # a price with its unit and limits: smaller, on two lines
    in_words = Role.PRICE not in _foot_roles(request) or _is_phrase(request.wording)
    price_size, price_lines = (min(look.price_size, WORDED_PRICE), 2) if in_words else (look.price_size, 1)
    if request.is_poster and Role.OLD_PRICE in texts:
        price_size = max(price_size, REDUCED_PRICE)
    price_scale = body if in_words else small
    leads = look.price_largest * unit
    if leads and not in_words:
        price_size, price_scale = look.price_largest, 1.0
    is_below_facts = Role.BENEFITS in texts if in_words else request.subline_in_foot
    above = (4.6 if is_below_facts else 3.4) * unit * price_scale
    set_text(Role.PRICE, look.price or look.strong, price_size * unit * price_scale, price_lines, above, 1.1, (0, 0))
    price_room = request.foot_box if request.foot_box is not None and Role.PRICE in _foot_roles(request) else box
    if in_words and request.is_poster and Role.PRICE in rows:
        amount = LARGE_AMOUNT * unit * price_scale
        if Role.HEADLINE in rows:
            amount = min(amount, max(AMOUNT_SHARE * rows[Role.HEADLINE].block.size, SMALL_AMOUNT * unit * price_scale))
        rows[Role.PRICE] = _with_large_amount(request, rows[Role.PRICE], leads or amount, price_room)
    old_price = OLD_PRICE_BELOW if request.wording.figure_leads and Role.PRICE not in texts else OLD_PRICE_SIZE
    set_text(Role.OLD_PRICE, look.text, old_price * unit * small, 1, 1.6 * unit, 1.1, (0, 0))
    button = small * min(look.body_scale, LARGEST_BUTTON)
    button_pad = {
        ButtonShape.LINK: (0.0, 0.9 * unit),
        ButtonShape.OUTLINE: (4.6 * unit * button, 3.3 * unit * button),
    }.get(look.button, (5.2 * unit * button, 3.6 * unit * button))
    arrow_room = 6.2 * unit * button if look.arrow and look.button is not ButtonShape.LINK else 0.0
    set_text(
        Role.CALL_TO_ACTION,
        look.strong,
        4.5 * unit * button,
        2,
        4.6 * unit * max(1.0, button),
        1.2,
        (button_pad[0] + arrow_room / 2, button_pad[1]),
    )
    crowded = [  # a brand too long for its line is cut short: no other text could give it room
        row.block
        for role, row in rows.items()
        if role is not Role.BRAND and (not row.block.complete or (row.block.forced and not breaking))
    ] + [
        row.block
        for role, row in rows.items()
        if row.indent and row.width > (room if role is Role.BENEFITS else _room_of(request, role)).width + 0.5
    ]
    if crowded and not last:
        return None
    stack = _stacked(request, rows, texts, mark, arrow_room, notes, last=last)
    return stack and replace(stack, scale=scale)


def _room_of(request: Request, role: Role) -> Box:
    """The box in which a text stands: the column's, or that of the foot."""
    in_foot = role in _foot_roles(request) or (role in (Role.SUBLINE, Role.RATING) and request.subline_in_foot)
    return request.foot_box if request.foot_box is not None and in_foot else request.box


def _foot_roles(request: Request) -> tuple[Role, ...]:
    """The texts that stand in the foot: a price that is a phrase stands in the column, unless the foot has room."""
    words = request.wording
    if request.grows or request.foot_anchor < 1:
        return (Role.PRICE, Role.CALL_TO_ACTION)
    return (Role.CALL_TO_ACTION,) if _is_phrase(words) else (Role.PRICE, Role.CALL_TO_ACTION)


def _is_phrase(words: Wording) -> bool:
    """Whether the price is more than an amount."""
    return len(words.price) > FIGURE_CHARACTERS and not words.old_price


def divided_from(look: TypeLook) -> float:
    """The size in units from which on a headline's long words may be divided: a smaller word is better than a torn
    one."""
    return min(look.headline_largest * DIVIDE_FROM, LARGEST_DIVIDED * look.text_scale)


def _mark_size(request: Request) -> tuple[float, float] | None:
    """The logo's width and height in pixels, by its area, so that wide and square ones weigh the same; None without."""
    aspect = request.logo_aspect
    if aspect is None:
        return None
    room = (request.brand_apart or request.box).width * WIDEST_MARK
    area = WORDMARK_AREA if _is_wordmark(request) else SIGN_AREA
    width = min((area * aspect) ** 0.5 * request.unit, room)
    return width, width / aspect


def _writing(request: Request) -> Writing:
    words = request.wording
    return Writing(language=words.language, soft=words.soft, right_to_left=words.right_to_left)


def _list_row(request: Request, room: Box, size: float, gap: float) -> _Row:
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
            writing=_writing(request),
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
    return _Row(Role.BENEFITS, whole, gap, indent=indent, gaps=gaps)


def _with_large_amount(request: Request, row: _Row, size: float, box: Box) -> _Row:
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
            writing=_writing(request),
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
            writing=_writing(request),
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


def _stretched(row: _Row, width: float, most: float) -> _Row:
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


def _stacked(
    request: Request,
    rows: dict[Role, _Row],
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
    worded = () if Role.PRICE in _foot_roles(request) else (Role.PRICE,)
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


def _beside_brand(request: Request, rows: dict[Role, _Row], mark: tuple[float, float] | None) -> _Row | None:
    """The product's name where it stands on the sender's line, at its other end: a poster has one text less above its
    headline. None where it has no room there, or the texts are centred."""
    brand, eyebrow = rows.get(Role.BRAND), rows.get(Role.EYEBROW)
    flush = Align.RIGHT if request.wording.right_to_left else Align.LEFT
    if brand is None or eyebrow is None or not request.is_poster or request.brand_apart or request.align is not flush:
        return None
    if eyebrow.pad_x or len(eyebrow.block.lines) > 1:
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

    rows: tuple[tuple[_Row, float | None], ...]
    gap: float

    @property
    def height(self) -> float:
        return max(row.height for row, _ in self.rows)


def _foot_steps(foot: list[_Row], area: _Area, unit: float, *, spaced: bool = False) -> list[_Step]:
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


def _spaced(rows: list[_Row], gaps: list[float], button: _Row, area: _Area, above: float) -> _Step:
    """Rows at the beginning of a line and the button at its end."""
    box, mirrored = area.box, area.align is Align.RIGHT
    places: list[tuple[_Row, float | None]] = []
    at = box.right if mirrored else box.left
    for row, gap in zip(rows, [*gaps, 0.0], strict=True):
        places.append((row, at - row.width if mirrored else at))
        at += -(row.width + gap) if mirrored else row.width + gap
    places.append((button, box.left if mirrored else box.right - button.width))
    return _Step(tuple(places), above)


def _line(rows: list[_Row], gaps: list[float], area: _Area, above: float) -> _Step:
    """Rows beside each other, aligned as one."""
    total = sum(row.width for row in rows) + sum(gaps)
    left = {
        Align.LEFT: area.box.left,
        Align.CENTRE: area.box.centre_x - total / 2,
        Align.RIGHT: area.box.right - total,
    }[area.align]
    places: list[tuple[_Row, float | None]] = []
    for row, gap in zip(rows, [*gaps, 0.0], strict=True):
        places.append((row, left))
        left += row.width + gap
    return _Step(tuple(places), above)


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
    request: Request, row: _Row | None, text: str, where: Box, size: tuple[float, float] | None
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
