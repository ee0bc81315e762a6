"""Posters: fields of colour and large shapes as the ground, with faces, sizes and colours by style."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.image.domain import Style, Subject
from services.image.providers.local.text_column import ButtonShape
from services.media.colour import Colour, Palette
from services.media.field_palette import Scheme


class PosterStyle(BaseModel):
    """Faces, sizes and button of one style. headline, drawn_headline: the largest in units, alone and beside a figure.

    stretch: how much larger than its smallest line a headline's line may be, to fill its column; 1: all are equal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    pairs: tuple[tuple[str, int, str], ...] = Field(min_length=1)
    schemes: tuple[Scheme, ...] = Field(min_length=1)
    headline: float = Field(gt=5, le=60)
    drawn_headline: float = Field(gt=5, le=60)
    leading: float = Field(ge=0.9, le=1.5)
    tracking: float = Field(ge=-0.05, le=0.1)
    capitals: bool = False
    stretch: float = Field(default=1.0, ge=1, le=4)
    button: ButtonShape


class SeasonSigns(BaseModel):
    """Kinds and sectors of products that show their season where they have no photo; `never`: sectors that never do."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kinds: frozenset[str]
    sectors: frozenset[str]
    never: frozenset[str]

    @model_validator(mode="after")
    def _apart(self) -> SeasonSigns:
        if both := self.sectors & self.never:
            raise ValueError(f"sectors that always and never show their season: {', '.join(sorted(both))}")
        return self


class TextureTable(BaseModel):
    """The textures of grounds: by sector, by kind where the sector has none, for others, and beside sensitive ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    others: tuple[str, ...] = Field(min_length=1)
    quiet: tuple[str, ...] = Field(min_length=1)
    kinds: dict[str, tuple[str, ...]]
    sectors: dict[str, tuple[str, ...]]

    @property
    def names(self) -> frozenset[str]:
        """All textures named."""
        return frozenset(
            name for names in (self.others, self.quiet, *self.kinds.values(), *self.sectors.values()) for name in names
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    season_signs: SeasonSigns
    seasons: dict[str, str]
    season_ornaments: tuple[str, ...]
    styles: dict[Style, PosterStyle]
    textures: TextureTable


@cache
def _file() -> _File:
    text = files("services.image.providers.local").joinpath("data/posters.toml").read_text(encoding="utf-8")
    return _File.model_validate(tomllib.loads(text))


def poster_style(style: Style) -> PosterStyle:
    """Returns a style's poster. Raises pydantic's ValidationError for a file that breaks the schema."""
    return _file().styles[style]


def shows_season(subject: Subject) -> bool:
    """Returns whether a sign of the season suits what is sold: no flower beside a grave, a tooth or a loan, and none
    that would look like the thing on sale, as beside plants, or may do so, as beside a thing that is not known."""
    signs = _file().season_signs
    if subject.sensitive or not subject.sector or subject.sector in signs.never:
        return False
    return subject.kind in signs.kinds or subject.sector in signs.sectors


def texture_table() -> TextureTable:
    """Returns which textures suit which subjects."""
    return _file().textures


def textures_for(subject: Subject) -> tuple[str, ...]:
    """Returns the textures of a ground that suit what is sold: none that is lively beside illness, death or debt."""
    table = _file().textures
    if subject.sensitive:
        return table.quiet
    return table.sectors.get(subject.sector) or table.kinds.get(subject.kind) or table.others


def season_emblem(season: str) -> str:
    """Returns the name of a season's pictogram. Raises KeyError for an unknown season."""
    return _file().seasons[season]


def season_ornaments() -> frozenset[str]:
    """Returns the pictograms of seasons that stand in patterns of their own only, not beside a product's drawing."""
    return frozenset(_file().season_ornaments)


class Shape(StrEnum):
    """What a field looks like."""

    RECT = "rect"
    ROUNDED = "rounded"
    CIRCLE = "circle"  # as wide as its box, about the box's middle
    HALO = "halo"  # a circle around the figure, as wide as its box at most, and off all texts
    ARCH = "arch"  # a rectangle with a round top
    WEDGE = "wedge"  # the part of its box below the diagonal from its lower left to its upper right
    SLANT = (
        "slant"  # a rectangle whose inner edge is not straight up or level: the upper one of a wide box, else the left
    )
    DISC = "disc"  # a full circle about its box's corner nearest to the picture's; as large as texts leave room
    RULE = "rule"  # a line as thick as its box is high, by the texts that it holds
    TICKET = "ticket"  # a card with a perforation, and a notch at each end of it, where the foot begins
    SHEET = "sheet"
    LABEL = "label"  # as on a jar
    TAG = "tag"  # of clothes
    STAMP = "stamp"
    NOTICE = "notice"  # a sheet with a pin, another behind it
    AWNING = "awning"  # holds no text
    BUNTING = "bunting"  # likewise
    WINDOW = "window"  # of a program
    CALENDAR = "calendar"
    SLATE = "slate"  # to chalk on
    TEXTURE = "texture"  # what textures.py draws for the subject, over the whole ground
    ORNAMENT = "ornament"  # a pattern of large shapes in the brand's colours, or the place where there is one


class Holds(StrEnum):
    """The texts that a field is cut to: it stands a margin off them, and is left out where there are none.

    Edges that lie on an edge of the picture stay there.
    """

    FOOT = "foot"  # what stands apart from the column, at its foot
    COLUMN = "column"
    REST = "rest"  # the column, from the brand above it to the foot below
    BELOW = "below"  # none: it begins below all texts
    TIGHT = "tight"  # the foot, on all four sides, where it is more than a button
    ALL = "all"


class Fade(StrEnum):
    """The side from which the ground's colour lies over a view, dissolving towards the other side."""

    TOP = "top"
    BOTTOM = "bottom"
    LEFT = "left"


class Tone(StrEnum):
    """A colour of the palette."""

    GROUND = "background"
    SOFT = "background_end"
    PAPER = "surface"
    DEEP = "shade"
    SECOND = "secondary"
    THIRD = "tertiary"
    ACCENT = "accent"
    VIEW = "view"  # not a colour but the place or the season, seen through the field


def tone_of(palette: Palette, tone: Tone) -> Colour:
    """Returns the palette's colour of a tone; of a view, that of the field that stands in for it."""
    colour: Colour = getattr(palette, (Tone.SECOND if tone is Tone.VIEW else tone).value)
    return colour
