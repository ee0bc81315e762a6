"""What the advertising platforms take, from data/platforms.toml: each figure with its source and date."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal
from unicodedata import east_asian_width

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.campaign.pack.entries import CopyText, DeliverableKind

PLATFORMS: Final = ("google", "meta", "tiktok", "linkedin", "pinterest")
UNIVERSAL: Final = "universal"
Platform = Literal["google", "meta", "tiktok", "linkedin", "pinterest"]
Counting = Literal["characters", "wide_double"]
Size = tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
Share = Annotated[float, Field(ge=0, lt=0.5)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Row):
    """Where a figure stands. url: empty for documents of this project. updated: the page's own date, empty if it gives
    none. verified: read on the platform's own page, and not only in what others publish about it."""

    page: str = Field(min_length=1)
    url: str = Field(pattern="^(https://.+)?$")
    updated: str
    read: datetime.date
    verified: bool


class _Sourced(_Row):
    source: str


class TextField(_Sourced):
    """A field of an ad. limit, fold: characters; 0: none."""

    platform: Platform
    field: str
    parts: tuple[Literal["hook", "body", "hashtags"], ...] = Field(min_length=1)
    formats: tuple[Literal["short", "hook", "long", "story"], ...] = Field(min_length=1)
    limit: int = Field(default=0, ge=0)
    fold: int = Field(default=0, ge=0)
    counting: Counting

    def text(self, copy: CopyText) -> str:
        """What stands in the field for a variant of copy, each part on a line of its own."""
        parts = {"hook": copy.hook, "body": copy.body, "hashtags": " ".join(copy.hashtags)}
        return "\n".join(filter(None, (parts[part].strip() for part in self.parts)))

    def length(self, text: str) -> int:
        """The length of a text as the platform counts it."""
        return length(text, self.counting)


class RequiredCount(_Sourced):
    """How many of a field a sheet's row needs. short: at least one has at most so many characters; 0: no such rule."""

    sheet: str
    field: str
    least: int = Field(ge=0)
    most: int = Field(ge=1)
    short: int = Field(default=0, ge=0)


class PictureSpecs(_Sourced):
    """Pictures of a platform: ratios with the smallest width and height."""

    platform: Platform
    ratios: Mapping[str, Size]
    tolerance: float = Field(gt=0, lt=0.1)
    most_bytes: int = Field(gt=0)
    types: tuple[str, ...] = Field(min_length=1)


class FilmSpecs(PictureSpecs):
    """Films of a platform. seconds: shortest and longest."""

    seconds: tuple[float, float]
    least_bytes: int = Field(ge=0)
    least_kbps: int = Field(ge=0)


class SafeZone(_Sourced):
    """Shares of the height and width that a platform covers."""

    platform: Platform
    ratio: str
    top: Share
    bottom: Share
    left: Share
    right: Share


class PlatformTable(_Row):
    """The whole table. Raises ValidationError for a row that breaks the schema or names an unknown source."""

    source: Mapping[str, Source]
    text: tuple[TextField, ...]
    count: tuple[RequiredCount, ...]
    picture: tuple[PictureSpecs, ...]
    film: tuple[FilmSpecs, ...]
    zone: tuple[SafeZone, ...]

    @model_validator(mode="after")
    def _sources_are_known(self) -> PlatformTable:
        rows: tuple[_Sourced, ...] = (*self.text, *self.count, *self.picture, *self.film, *self.zone)
        unknown = {row.source for row in rows} - set(self.source)
        if unknown:
            raise ValueError(f"unknown sources: {', '.join(sorted(unknown))}")
        return self

    def text_fields(self, platform: str, text_format: str) -> list[TextField]:
        """The fields that a text of a format fills on a platform; an unknown format counts as short."""
        wanted = text_format if text_format in {"short", "hook", "long", "story"} else "short"
        return [row for row in self.text if row.platform == platform and wanted in row.formats]

    def text_field(self, platform: str, field: str) -> TextField | None:
        """The row of a field by its name."""
        return next((row for row in self.text if (row.platform, row.field) == (platform, field)), None)

    def specs(self, platform: str, kind: DeliverableKind) -> PictureSpecs | FilmSpecs | None:
        """What a platform takes of pictures or films; None for copy and unknown platforms."""
        rows = {DeliverableKind.IMAGE: self.picture, DeliverableKind.VIDEO: self.film}.get(kind, ())
        return next((row for row in rows if row.platform == platform), None)


@cache
def platform_table() -> PlatformTable:
    """The table of data/platforms.toml."""
    return read_table(files("services.campaign.pack.data").joinpath("platforms.toml").read_text(encoding="utf-8"))


def read_table(text: str) -> PlatformTable:
    """Reads a table. Raises ValidationError for one that breaks the schema."""
    return PlatformTable.model_validate(tomllib.loads(text))


def length(text: str, counting: Counting) -> int:
    """The length of a text; with "wide_double", Chinese, Japanese and Korean characters count as two."""
    if counting == "characters":
        return len(text)
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def takes_ratio(platform: str, kind: DeliverableKind, ratio: str) -> bool:
    """Whether a platform takes pictures or films of a ratio like "4:5"."""
    specs = platform_table().specs(platform, kind)
    return specs is not None and ratio in specs.ratios
