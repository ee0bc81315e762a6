"""The column of texts beside or over the product: which sizes, in which order, how far apart.

Heights are solved, not guessed: the headline takes the largest size with which the whole column fits its box; when
even the smallest does not fit, texts give way by priority (sub-line, then eyebrow, then price), never the headline or
the button, and the column says what it left out.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import Final

from services.image.providers.local.line_breaking import ends_with_joiner, parts_date, parts_number
from services.image.providers.local.text_column import Align, ButtonShape, Request, Role, Row, Stack
from services.image.providers.local.text_places import MARK_GAP, stacked
from services.image.providers.local.text_rows import (
    DIVIDE_FROM,
    divided_from,
    foot_roles,
    is_phrase,
    list_row,
    mark_size,
    room_of,
    stretched,
    texts_of,
    with_large_amount,
    writing_of,
)
from services.image.providers.local.typesetting import MOST_HYPHENS, fit
from services.media.text_shaping import Face

BRAND_SIZE, POSTER_BRAND_SIZE = 4.8, 5.8  # units; a column beside a product has less room than a poster
EYEBROW_SIZE, POSTER_EYEBROW_SIZE = 3.6, 7.4  # units; it says what is sold, and a poster may show nothing of that
EYEBROW_SHARE: Final = 0.56  # of the headline's size, that a poster's eyebrow has at most,
LEAST_EYEBROW: Final = 4.3  # units of it, at least
BELOW_EYEBROW: Final = 0.5  # of what it is larger than that: more room between it and the headline
OLD_PRICE_SIZE: Final = 5.2  # units
OLD_PRICE_BELOW: Final = 7.5  # units of one below a headline that is the price
REDUCED_PRICE: Final = 11.0  # units of a price beside an old one, on a poster
WORDED_PRICE: Final = 5.6  # units of a price that is a phrase
LARGE_AMOUNT: Final = 12.5  # units of the amount in such a price
SMALL_AMOUNT: Final = 7.5  # likewise, at least
AMOUNT_SHARE: Final = 0.9  # of the headline's size, that an amount below it has at most
SMALLEST_STEP: Final = 0.93
STEPS: Final = 18
MOST_STEPS: Final = 30  # for headlines that may be very large
SHORT_CLAUSE: Final = 7  # characters of Chinese or Japanese, its sign included: it stays on one line
SHORTEST_LINE: Final = 0.4  # of the widest line of a headline
TIDY_SHARE: Final = 0.66  # of its size: as far as a headline shrinks so that its sentences stay together
DROP_ORDER: Final = (Role.SUBLINE, Role.BENEFITS, Role.RATING, Role.BADGE, Role.EYEBROW, Role.PRICE, Role.OCCASION)
OCCASION_SIZE, POSTER_OCCASION_SIZE = 5.6, 8.0  # units; it ranks with the price
LARGEST_BUTTON: Final = 1.25  # of a button's usual size, beside larger texts
STARS_WIDE: Final = 6.6  # ems that five stars and the gap behind them take
MOST_CLAUSES: Final = 3  # lines of a headline, each of which is to be a clause where it has such
SMALLEST_TEXT: Final = 2.5  # units of any text but the brand's name


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
            if role in texts_of(request):
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
    texts = {role: text for role, text in texts_of(request).items() if role not in dropped}
    small = max(0.8, min(1.0, 0.6 + scale * 0.5)) * look.text_scale  # small type shrinks less than the headline
    body = small * look.body_scale
    rows: dict[Role, Row] = {}
    writing = writing_of(request)
    headline = max(look.headline_largest * unit * scale, look.headline_smallest * unit)

    def set_text(
        role: Role, face: Face, size: float, lines: int, gap: float, leading: float, pad: tuple[float, float]
    ) -> None:
        if role not in texts:
            return
        covering = face if face.covers(texts[role]) else Face(family="Inter", weight=face.weight)
        covering = replace(covering, language=request.wording.language)
        room = room_of(request, role)
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
        rows[role] = Row(role, block, gap, *pad)

    brand_size = (POSTER_BRAND_SIZE if request.is_poster else BRAND_SIZE) * unit * max(small, 0.9)
    mark = mark_size(request)
    sign = mark[0] + MARK_GAP * unit if mark is not None else 0.0  # the logo and its gap, beside the name
    set_text(Role.BRAND, look.strong, brand_size, 1, 0, 1.1, (sign / 2, 0))
    if Role.BRAND in rows:
        rows[Role.BRAND] = Row(Role.BRAND, rows[Role.BRAND].block, 0)
    eyebrow_pad = (2.6 * unit * small, 1.7 * unit * small) if look.eyebrow_pill else (0.0, 0.0)
    eyebrow = EYEBROW_SIZE * unit * small
    if request.is_poster:
        eyebrow = max(min(POSTER_EYEBROW_SIZE * unit * small, EYEBROW_SHARE * headline), LEAST_EYEBROW * unit * small)
    set_text(Role.EYEBROW, look.strong, eyebrow, 2, 4.5 * unit, 1.2, eyebrow_pad)
    if look.eyebrow_pill and Role.EYEBROW in rows and len(rows[Role.EYEBROW].block.lines) > 1:
        rows[Role.EYEBROW] = Row(Role.EYEBROW, rows[Role.EYEBROW].block, 4.5 * unit)
    set_text(
        Role.HEADLINE,
        look.headline,
        headline,
        7,
        (4.4 if look.eyebrow_pill else 2.6 if request.is_poster else 3.2) * unit
        + (0.08 * headline + BELOW_EYEBROW * (eyebrow - LEAST_EYEBROW * unit * small) if request.is_poster else 0.0),
        look.headline_leading,
        (0, 0),
    )
    if look.stretch > 1 and not last and Role.HEADLINE in rows:
        rows[Role.HEADLINE] = stretched(rows[Role.HEADLINE], box.width, look.stretch)
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
        rows[Role.BENEFITS] = list_row(request, room, 4.5 * unit * body, 3.8 * unit + 0.2 * headline)
    set_text(Role.RATING, look.strong, 3.6 * unit * body, 2, 3.2 * unit, 1.3, (0, 0))
    if Role.RATING in rows and request.wording.stars is not None:
        block = rows[Role.RATING].block
        rows[Role.RATING] = Row(Role.RATING, block, 3.4 * unit, indent=STARS_WIDE * block.size)
    set_text(Role.BADGE, look.strong, 4.0 * unit * small, 1, 4.2 * unit, 1.1, (2.6 * unit * small, 1.8 * unit * small))
    # a price with its unit and limits: smaller, on two lines
    in_words = Role.PRICE not in foot_roles(request) or is_phrase(request.wording)
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
    price_room = request.foot_box if request.foot_box is not None and Role.PRICE in foot_roles(request) else box
    if in_words and request.is_poster and Role.PRICE in rows:
        amount = LARGE_AMOUNT * unit * price_scale
        if Role.HEADLINE in rows:
            amount = min(amount, max(AMOUNT_SHARE * rows[Role.HEADLINE].block.size, SMALL_AMOUNT * unit * price_scale))
        rows[Role.PRICE] = with_large_amount(request, rows[Role.PRICE], leads or amount, price_room)
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
        if row.indent and row.width > (room if role is Role.BENEFITS else room_of(request, role)).width + 0.5
    ]
    if crowded and not last:
        return None
    stack = stacked(request, rows, texts, mark, arrow_room, notes, last=last)
    return stack and replace(stack, scale=scale)
