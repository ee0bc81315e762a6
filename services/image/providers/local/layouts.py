"""The layouts, read from layouts.toml and poster_layouts.toml in services/image/providers/local/data."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.image.domain import AspectRatio, Style, Subject
from services.image.providers.local.arrangement import Arrangement, Plan
from services.image.providers.local.geometry import Box, Frame
from services.image.providers.local.posters import Fade, Holds, Shape, Tone
from services.image.providers.local.text_column import FOOT_ROOM, Align

FILES: Final = ("data/layouts.toml", "data/poster_layouts.toml", "data/device_layouts.toml")
DEVICE_SHARE: Final = {"type": 0.5, "drawing": 0.3}  # of pictures whose texts stand on a thing, by what they show
DEVICES: Final = {
    Shape.TICKET, Shape.LABEL, Shape.TAG, Shape.STAMP, Shape.NOTICE, Shape.AWNING, Shape.BUNTING, Shape.WINDOW,
    Shape.CALENDAR, Shape.SLATE,
}  # fmt: skip
PANEL_MARGIN: Final = 5.5  # units between a panel's edge and its text


class Shows(StrEnum):
    """What stands in the picture besides type."""

    CUT_OUT = "cut_out"  # the product without its background, or a framed screenshot
    PHOTO = "photo"  # with its background
    DRAWING = "drawing"
    TYPE = "type"  # nothing does


class Mask(StrEnum):
    """The shape in which a photo is shown."""

    FULL = "full"
    ARCH = "arch"
    CIRCLE = "circle"
    CARD = "card"


Share = Annotated[float, Field(ge=0, le=1)]


class Shares(BaseModel):
    """A box in shares of another one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    left: Share
    top: Share
    right: Share
    bottom: Share

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: object) -> object:
        if isinstance(value, list) and len(value) == 4:
            return dict(zip(("left", "top", "right", "bottom"), value, strict=True))
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Shares:
        if self.left >= self.right or self.top >= self.bottom:
            raise ValueError("a box needs a width and a height")
        return self

    def of(self, box: Box) -> Box:
        """The box in pixels within another one."""
        return Box(
            box.left + self.left * box.width,
            box.top + self.top * box.height,
            box.left + self.right * box.width,
            box.top + self.bottom * box.height,
        )


class PosterField(BaseModel):
    """A field of colour: its shape, its tone, its box in shares of the picture, which may reach over the edge, the
    texts that it is cut to, and of a view the side on which the ground's colour hides it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    shape: Shape
    tone: Tone
    box: tuple[float, float, float, float]
    holds: Holds | None = None
    fade: Fade | None = None


class Motif(BaseModel):
    """Where pictograms stand: one large one, or a pattern of `columns` across.

    box: in shares of the picture, may reach over the edge; a pattern fills it. within: what of it is seen; the whole
    picture where it is missing. strength: share of the tone against what is behind. turn: degrees, clockwise.
    staggered: whether every other row of a pattern is moved by half a cell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    box: tuple[float, float, float, float]
    within: tuple[float, float, float, float] = (0, 0, 1, 1)
    tone: Tone
    columns: int = Field(default=1, ge=1, le=20)
    strength: float = Field(default=1.0, gt=0, le=1)
    turn: float = Field(default=0.0, ge=-45, le=45)
    staggered: bool = True


@dataclass(frozen=True, slots=True)
class PlacedMotif:
    """A motif with its boxes in pixels."""

    box: Box
    within: Box
    tone: Tone
    columns: int
    strength: float
    turn: float
    staggered: bool


@dataclass(frozen=True, slots=True)
class PlacedField:
    """A field with its box in pixels."""

    shape: Shape
    tone: Tone
    box: Box
    holds: Holds | None = None
    fold: tuple[float, float] | None = None  # of a ticket: (x, 0) of an upright perforation, (0, y) of a level one
    fade: Fade | None = None


class Boxes(BaseModel):
    """The places of one layout in one aspect ratio. foot: where price and button stand, apart from the other texts.
    grows: whether the column takes the room that the foot leaves above itself. foot_anchor: where the foot stands in
    its place: 0 at the top, 1 at the bottom. foot_room: units between them, at least."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    texts: tuple[Shares, ...] = Field(min_length=1, max_length=4)
    photos: tuple[Shares, ...] = Field(default=(), max_length=3)
    panel: Shares | None = None
    align: Align = Align.LEFT
    anchor: Share = 0.5
    spread: bool = False
    brand: Shares | None = None
    foot: Shares | None = None
    foot_align: Align | None = None
    subline_in_foot: bool = False
    grows: bool = False
    foot_anchor: Share = 1.0
    foot_room: float = Field(default=FOOT_ROOM, ge=4, le=20)
    fields: tuple[PosterField, ...] = Field(default=(), max_length=6)
    motif: Motif | None = None


class Layout(BaseModel):
    """One layout: a plan of arrangement.py, or boxes for every aspect ratio.

    kinds, sectors: of the subjects that it suits; all where both are empty. lively: not beside sensitive and regulated
    ones. dated: only for pictures with a day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(min_length=3, max_length=80)
    shows: frozenset[Shows] = Field(min_length=1)
    plan: Plan | None = None
    mask: Mask = Mask.FULL
    list: bool = False
    priced: bool = False  # only for pictures with a price
    price: float = Field(default=0, ge=0, le=60)  # units of an amount that leads, at most
    stretch: float = Field(default=1, ge=1, le=4)  # of the headline's lines, at least what the style has
    styles: frozenset[Style] = frozenset(Style)
    kinds: frozenset[str] = frozenset()
    sectors: frozenset[str] = frozenset()
    lively: bool = False
    dated: bool = False
    boxes: dict[AspectRatio, Boxes] = {}

    @field_validator("boxes", mode="before")
    @classmethod
    def _for_each_ratio(cls, value: object) -> object:
        """A key may name several ratios: "4:5 2:3"."""
        if not isinstance(value, dict):
            return value
        return {ratio: boxes for names, boxes in value.items() for ratio in str(names).split()}

    @model_validator(mode="after")
    def _complete(self) -> Layout:
        if (self.plan is None) != (set(self.boxes) == set(AspectRatio)):
            raise ValueError(f"{self.name} needs a plan, or boxes for every aspect ratio")
        if len({boxes.motif is None for boxes in self.boxes.values()}) > 1:
            raise ValueError(f"{self.name} needs a motif for every aspect ratio, or for none")
        if self.shows != {Shows.TYPE} and any(not (boxes.photos or boxes.motif) for boxes in self.boxes.values()):
            raise ValueError(f"{self.name} needs a box for what it shows in every aspect ratio")
        return self

    @property
    def poster(self) -> bool:
        """Whether its ground is fields of colour."""
        return any(boxes.fields for boxes in self.boxes.values())

    @property
    def device(self) -> bool:
        """Whether a thing of paper or board carries its texts or frames them."""
        return any(field.shape in DEVICES for boxes in self.boxes.values() for field in boxes.fields)

    def suits(self, subject: Subject) -> bool:
        """Whether it is made for such subjects, or for all."""
        if self.lively and (subject.sensitive or subject.regulated):
            return False
        return not (self.kinds or self.sectors) or subject.kind in self.kinds or subject.sector in self.sectors

    @property
    def view(self) -> bool:
        """Whether the place or the season is seen through one of its fields."""
        return any(field.tone is Tone.VIEW for boxes in self.boxes.values() for field in boxes.fields)

    @property
    def motifs(self) -> int:
        """How many columns of pictograms it has: 1 for a single one, 0 for none."""
        return max((boxes.motif.columns if boxes.motif else 0 for boxes in self.boxes.values()), default=0)

    @property
    def photos(self) -> int:
        """How many photos it shows."""
        return max((len(boxes.photos) for boxes in self.boxes.values()), default=1) or 1

    @property
    def to_the_edges(self) -> bool:
        """Whether a photo fills the whole picture in each aspect ratio."""
        firsts = [boxes.photos[0] for boxes in self.boxes.values() if boxes.photos]
        return bool(firsts) and all((box.left, box.top, box.right, box.bottom) == (0, 0, 1, 1) for box in firsts)

    def arrangements(self, frame: Frame) -> tuple[Arrangement, ...]:
        """The boxes in pixels, one arrangement for each place of the texts. Only for layouts with boxes."""
        boxes = self.boxes[frame.ratio]
        safe = frame.centred if boxes.align is Align.CENTRE else frame.safe
        panel = boxes.panel.of(frame.whole) if boxes.panel else None
        return tuple(
            Arrangement(
                plan=Plan.PHOTO,
                text=_inside(panel, frame) if panel else text.of(safe),
                product=(boxes.photos[0] if boxes.photos else text).of(frame.whole),
                align=boxes.align,
                anchor=_anchor(boxes, text),
                spread=boxes.spread,
                panel=panel,
                brand=boxes.brand.of(safe) if boxes.brand else None,
                foot=boxes.foot.of(safe) if boxes.foot else None,
                foot_align=boxes.foot_align,
                subline_in_foot=boxes.subline_in_foot,
                grows=boxes.grows,
                foot_anchor=boxes.foot_anchor,
                foot_room=boxes.foot_room,
                headline_share=0.9 if boxes.fields else 0.66,
            )
            for text in boxes.texts
        )

    def hangs(self, frame: Frame) -> bool:
        """Whether a figure hangs before a circle, and stands on nothing."""
        return any(field.shape is Shape.HALO for field in self.boxes[frame.ratio].fields) if self.boxes else False

    def motif(self, frame: Frame) -> PlacedMotif | None:
        """The pictograms in pixels, None for a layout without."""
        motif = self.boxes[frame.ratio].motif if self.boxes else None
        if motif is None:
            return None
        box, within = (_whole(shares, frame) for shares in (motif.box, motif.within))
        return PlacedMotif(box, within, motif.tone, motif.columns, motif.strength, motif.turn, motif.staggered)

    def fields(self, frame: Frame) -> tuple[PlacedField, ...]:
        """The fields of colour in pixels, those behind first."""
        return tuple(
            PlacedField(field.shape, field.tone, _whole(field.box, frame), field.holds, fade=field.fade)
            for field in self.boxes[frame.ratio].fields
        )


def _whole(shares: tuple[float, float, float, float], frame: Frame) -> Box:
    """A box in pixels from shares of the whole picture."""
    left, top, right, bottom = shares
    return Box(left * frame.width, top * frame.height, right * frame.width, bottom * frame.height)


def _anchor(boxes: Boxes, text: Shares) -> float:
    """Of several places, those above begin at their top and those below end at their foot."""
    if len(boxes.texts) == 1 or boxes.spread:
        return boxes.anchor
    return 0.0 if text.top < 1 - text.bottom else 1.0


def _inside(panel: Box, frame: Frame) -> Box:
    inner, safe = panel.inset(PANEL_MARGIN * frame.unit), frame.safe
    return Box(
        max(inner.left, safe.left),
        max(inner.top, safe.top),
        min(inner.right, safe.right),
        min(inner.bottom, safe.bottom),
    )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    layouts: tuple[Layout, ...]

    @model_validator(mode="after")
    def _unique(self) -> _File:
        names = [layout.name for layout in self.layouts]
        if len(set(names)) < len(names):
            raise ValueError("two layouts have one name")
        return self


@cache
def layouts() -> tuple[Layout, ...]:
    """Returns all layouts. Raises pydantic's ValidationError for a file that breaks the schema."""
    folder = files("services.image.providers.local")
    return read_layouts("\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in FILES))


def read_layouts(text: str) -> tuple[Layout, ...]:
    """Reads layouts. Raises pydantic's ValidationError for a file that breaks the schema."""
    return _File.model_validate(tomllib.loads(text)).layouts


def by_plan(plan: Plan) -> Layout:
    """Returns the layout of a plan."""
    return next(layout for layout in layouts() if layout.plan is plan)


def choose_layout(
    draw: random.Random,
    *,
    shows: Shows,
    photos: int,
    with_list: bool,
    suits: Callable[[Layout], bool],
    without: frozenset[str] = frozenset(),
) -> Layout:
    """Draws a layout that suits and can show what there is. Layouts that show several photos weigh more; of
    DEVICE_SHARE the texts stand on a thing.

    photos: how many there are. with_list: only layouts in which a list of benefits fits, if there are such.
    without: names of layouts that are not taken, if there are others.
    """
    fitting = [layout for layout in layouts() if shows in layout.shows and layout.photos <= max(photos, 1)]
    fitting = [layout for layout in fitting if suits(layout)]
    fitting = [layout for layout in fitting if layout.name not in without] or fitting
    fitting = ([layout for layout in fitting if layout.list] if with_list else []) or fitting
    things = [layout for layout in fitting if layout.device]
    if things and draw.random() < DEVICE_SHARE.get(shows.value, 0):
        fitting = things
    return draw.choices(fitting, [layout.photos**2 for layout in fitting])[0]
