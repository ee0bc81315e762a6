"""The column of texts of a picture: its roles, its look, what is asked of it, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.image.providers.local.ad_text import Wording
from services.image.providers.local.geometry import Box
from services.image.providers.local.typesetting import Block
from services.media.text_shaping import Face

FOOT_ROOM: Final = 13.5  # units between a column and its foot, for the margins of the field that holds one of them
SMALLEST_PRICE: Final = 3.4  # units of a price that takes the place of another


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


@dataclass(frozen=True, slots=True)
class Row:
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
