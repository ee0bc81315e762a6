"""The sheets of a pack: CSV for the platforms' upload tools, and one with all texts, by data/sheets.toml."""

from __future__ import annotations

import csv
import datetime
import io
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.campaign.pack.entries import DeliverableKind, PackEntry, PackManifest
from services.campaign.pack.placing import PlacedFile
from services.campaign.pack.platforms import Platform, length, platform_table
from services.campaign.pack.rows import (
    AD_VALUES,
    GROUP_VALUES,
    AdGroup,
    Row,
    ad_groups,
    ad_rows,
    asset_group_row,
    group_row,
    starts_formula,
)

COPY_SHEET: Final = "copy.csv"
_COPY_COLUMNS: Final = (
    "platform", "product", "language", "format", "axis value", "variant", "text", "angle", "hook", "body", "cta",
    "hashtags", "job id",
)  # fmt: skip


class Column(BaseModel):
    """A column, or `count` numbered ones. It holds a value of the row, or always the same text."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(min_length=1)
    value: str = ""
    text: str = ""
    count: int = Field(default=1, ge=1, le=50)
    limit: int = Field(default=0, ge=0)
    verified: bool

    @model_validator(mode="after")
    def _holds_one_thing(self) -> Column:
        if bool(self.value) == bool(self.text) or (self.count > 1) != ("{n}" in self.name):
            raise ValueError(f"column {self.name}: a value or a text, and {{n}} where there are several")
        return self

    @property
    def headers(self) -> list[str]:
        return [self.name.replace("{n}", str(number)) for number in range(1, self.count + 1)]


class Sheet(BaseModel):
    """A sheet of one platform. page, url, updated, read: where its columns were read, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    platform: Platform
    file: str
    rows: Literal["search_ads", "asset_groups", "ads"]
    title: str
    note: str
    page: str = Field(min_length=1)
    url: str = Field(pattern="^https://")
    updated: str
    read: datetime.date
    columns: tuple[Column, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _columns_fit(self) -> Sheet:
        unknown = {column.value for column in self.columns if column.value} - (
            AD_VALUES if self.rows == "ads" else GROUP_VALUES
        )
        headers = [header for column in self.columns for header in column.headers]
        if unknown or len(headers) != len(set(headers)) or not self.file.startswith(f"{self.platform}/"):
            raise ValueError(f"sheet {self.id}: unknown values {sorted(unknown)}, a header twice, or a wrong folder")
        return self

    @property
    def unverified(self) -> list[str]:
        """The columns whose names were not read on the platform's own page."""
        return [column.name for column in self.columns if not column.verified]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A text that a sheet does not have. why: "formula" or "length"."""

    sheet: Sheet
    group: AdGroup
    column: Column
    text: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledSheet:
    """A sheet with its rows, header first, and what was left out of it. groups: what the rows stand for."""

    sheet: Sheet
    cells: tuple[tuple[str, ...], ...]
    groups: tuple[AdGroup, ...]
    left_out: tuple[LeftOut, ...]

    def csv(self) -> bytes:
        """UTF-8 with a byte order mark, as Excel writes "CSV UTF-8"."""
        return csv_bytes(self.cells)

    def description(self) -> dict[str, Any]:
        """For manifest.json."""
        sheet = self.sheet
        return {
            "path": sheet.file,
            "title": sheet.title,
            "note": sheet.note,
            "rows": len(self.cells) - 1,
            "source": sheet.page,
            "url": sheet.url,
            "updated": sheet.updated,
            "read": sheet.read.isoformat(),
            "unverifiedColumns": sheet.unverified,
        }


@cache
def sheets() -> tuple[Sheet, ...]:
    """The sheets of data/sheets.toml."""
    return read_sheets(files("services.campaign.pack.data").joinpath("sheets.toml").read_text(encoding="utf-8"))


def read_sheets(text: str) -> tuple[Sheet, ...]:
    """Reads a table of sheets. Raises ValidationError for one that breaks the schema."""
    return tuple(Sheet.model_validate(row) for row in tomllib.loads(text)["sheet"])


def fill_sheets(
    manifest: PackManifest, entries: Sequence[PackEntry], placed: Iterable[PlacedFile]
) -> list[FilledSheet]:
    """The sheets that have rows. placed: the files that are in the pack."""
    groups = ad_groups(manifest, entries, placed)
    filled = (
        _fill(manifest, sheet, [group for group in groups if group.platform == sheet.platform]) for sheet in sheets()
    )
    return [sheet for sheet in filled if len(sheet.cells) > 1]


def _fill(manifest: PackManifest, sheet: Sheet, groups: Sequence[AdGroup]) -> FilledSheet:
    cells = [tuple(header for column in sheet.columns for header in column.headers)]
    used: list[AdGroup] = []
    left_out: list[LeftOut] = []
    for group in groups:
        rows = _rows(manifest, sheet, group)
        if rows:
            used.append(group)
        cells.extend(tuple(_cells(sheet, group, row, left_out)) for row in rows)
    once = {(left.group.name, left.column.name, left.text): left for left in left_out}
    return FilledSheet(sheet=sheet, cells=tuple(cells), groups=tuple(used), left_out=tuple(once.values()))


def _rows(manifest: PackManifest, sheet: Sheet, group: AdGroup) -> Sequence[Row]:
    if sheet.rows == "ads":
        return ad_rows(manifest, group)
    if sheet.rows == "search_ads" and not group.texts:
        return ()
    if sheet.rows == "asset_groups" and not any(entry.kind is DeliverableKind.IMAGE for entry, _ in group.files):
        return ()
    return [(asset_group_row if sheet.rows == "asset_groups" else group_row)(manifest, group)]


def _cells(sheet: Sheet, group: AdGroup, row: Row, left_out: list[LeftOut]) -> Iterator[str]:
    for column in sheet.columns:
        usable: list[str] = []
        for text in [column.text] if column.text else row.get(column.value, ()):
            why = _refusal(sheet, column, text)
            if why:
                left_out.append(LeftOut(sheet=sheet, group=group, column=column, text=text, why=why))
            elif text:
                usable.append(text)
        kept = _chosen(sheet, column, usable)
        yield from kept + [""] * (column.count - len(kept))


def _chosen(sheet: Sheet, column: Column, texts: list[str]) -> list[str]:
    """The first texts that fit in, with a short one among them if the platform asks for one and there is one."""
    kept, others = texts[: column.count], texts[column.count :]
    rules = (rule for rule in platform_table().count if (rule.sheet, rule.field) == (sheet.id, column.value))
    short = next((rule.short for rule in rules if rule.short), 0)
    if short and not any(length(text, "wide_double") <= short for text in kept):
        fitting = [text for text in others if length(text, "wide_double") <= short]
        kept = [*kept[:-1], *fitting[:1]] if fitting else kept
    return kept


def _refusal(sheet: Sheet, column: Column, text: str) -> str:
    """An importer must read the text as it is, so that nothing can be put in front of what a spreadsheet may run."""
    if starts_formula(text):
        return "formula"
    field = platform_table().text_field(sheet.platform, column.value)
    limit = field.limit if field else column.limit
    size = field.length(text) if field else len(text)
    return "length" if limit and size > limit else ""


def copy_sheet(entries: Sequence[PackEntry]) -> bytes:
    """All texts, to be read and not imported: what a spreadsheet may run as a formula has an apostrophe in front."""
    rows = [
        (
            entry.platform, entry.product_name, entry.language, entry.format, entry.axis_value, str(entry.variant),
            str(number), copy.angle, copy.hook, copy.body, copy.cta, " ".join(copy.hashtags), entry.job_id,
        )
        for entry in entries
        for number, copy in enumerate(entry.texts, start=1)
    ]  # fmt: skip
    safe = (tuple(f"'{cell}" if starts_formula(cell) else cell for cell in row) for row in rows)
    return csv_bytes([_COPY_COLUMNS, *safe])


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV, in UTF-8 with a byte order mark. NUL, which no reader takes, is left out."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([cell.replace("\0", "") for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig", errors="replace")


def readme(manifest: PackManifest, filled: Sequence[FilledSheet], summary: Mapping[str, int]) -> bytes:
    """README.txt: what is in the pack, and which columns nobody could verify. summary: findings by severity."""
    lines = [
        manifest.name or manifest.campaign_id,
        "",
        "manifest.json      every file and text: job, credits, hash, origin, alternative text; and what is missing",
        "copy.csv           all texts, to be read; cells that a spreadsheet could run have an apostrophe in front",
        "launch-check.html  what to look at before you launch: "
        + ", ".join(f"{n} {name}" for name, n in summary.items()),
        "",
        "Sheets for upload tools:",
    ]
    for sheet in filled:
        spec = sheet.sheet
        lines += ["", spec.file, f"  {spec.title}. {spec.note}", f"  Read on {spec.read}: {spec.page} ({spec.url})"]
        if spec.unverified:
            lines.append(f"  Not verified on the platform's own page: {', '.join(spec.unverified)}")
    return "\r\n".join([*lines, ""]).encode()
