"""The rows of sheets: ads and asset groups put together from the texts and files of a campaign."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from services.campaign.pack.entries import CopyText, DeliverableKind, PackEntry, PackManifest
from services.campaign.pack.names import product_slugs
from services.campaign.pack.placing import PlacedFile, entry_platforms, platforms_of
from services.campaign.pack.platforms import platform_table

Row = Mapping[str, Sequence[str]]
"""Values by name; most have one text, those of groups have several."""

GROUP_VALUES: Final = frozenset(
    {
        "campaign", "ad_group", "final_url", "business_name", "headline", "long_headline", "description",
        "image_1.91:1", "image_1:1", "image_4:5",
    }
)  # fmt: skip
AD_VALUES: Final = frozenset(
    {
        "campaign", "ad_group", "ad_name", "final_url", "product", "primary_text", "ad_text", "spark_caption",
        "introductory_text", "title", "description", "cta", "image_file", "video_file", "media_file",
        "alternative_text",
    }
)  # fmt: skip
LEAST_DESCRIPTIONS: Final = 2  # of an ad or asset group
_SPACES = re.compile(r"\s+")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A variant of copy with the entry that it belongs to, and its number in it, from 1."""

    entry: PackEntry
    copy: CopyText
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdGroup:
    """The texts and files of one product in one language on one platform. files: with their path in the pack."""

    platform: str
    product_id: str
    product_name: str
    language: str
    name: str
    texts: tuple[Written, ...]
    files: tuple[tuple[PackEntry, str], ...]

    @property
    def final_url(self) -> str:
        """The landing page, if it is one of the web; else empty."""
        pages = (
            entry.landing_page for entry in (*(text.entry for text in self.texts), *(file for file, _ in self.files))
        )
        return next((page for page in pages if page.startswith(("https://", "http://"))), "")

    def field(self, name: str) -> list[str]:
        """The distinct texts of a field, in order, with single spaces."""
        found = [
            one_line(row.text(text.copy))
            for text in self.texts
            for row in platform_table().text_fields(self.platform, text.entry.format)
            if row.field == name
        ]
        if self.platform == "google" and name == "headline":
            found += [one_line(text.copy.cta) for text in self.texts]  # "Order now" is a headline of its own there
        return distinct(found)


def ad_groups(manifest: PackManifest, entries: Sequence[PackEntry], placed: Iterable[PlacedFile]) -> list[AdGroup]:
    """The groups of all platforms, by platform, product and language in the order of the entries.

    A file without language belongs to every language of its product.
    """
    platforms = platforms_of(manifest, entries)
    slugs = product_slugs(entries)
    texts: dict[tuple[str, str, str], list[Written]] = {}
    files: dict[tuple[str, str], list[tuple[PackEntry, str]]] = {}
    for entry in entries:
        for platform in entry_platforms(entry, platforms) if entry.texts and not entry.is_file else ():
            written = texts.setdefault((platform, entry.product_id, entry.language), [])
            written += [Written(entry=entry, copy=copy, number=n) for n, copy in enumerate(entry.texts, start=1)]
    for file in placed:
        for path in file.paths if file.entry.is_ad else ():
            files.setdefault((path.partition("/")[0], file.entry.product_id), []).append((file.entry, path))
    keys = dict.fromkeys(texts)
    for (platform, product), listed in files.items():
        languages = [key[2] for key in texts if key[:2] == (platform, product)]
        for entry, _ in listed:
            if entry.language or not languages:
                keys.setdefault((platform, product, entry.language))
    names = {entry.product_id: entry.product_name for entry in reversed(entries)}
    return [
        AdGroup(
            platform=platform,
            product_id=product,
            product_name=names[product],
            language=language,
            name="_".join(filter(None, [slugs[product], language])),
            texts=tuple(texts.get((platform, product, language), ())),
            files=tuple(
                (entry, path) for entry, path in files.get((platform, product), ()) if entry.language in {"", language}
            ),
        )
        for platform in platforms
        for (of, product, language) in keys
        if of == platform
    ]


def group_row(manifest: PackManifest, group: AdGroup) -> Row:
    """The values of a search ad or asset group."""
    row: dict[str, Sequence[str]] = {
        "campaign": [plain_name(manifest.name or manifest.campaign_id)],
        "ad_group": [plain_name(group.name)],
        "final_url": [group.final_url],
        "business_name": [one_line(manifest.brand_name)],
        **{name: group.field(name) for name in ("headline", "long_headline", "description")},
    }
    for ratio in ("1.91:1", "1:1", "4:5"):
        row[f"image_{ratio}"] = [
            PurePosixPath(path).name
            for entry, path in group.files
            if entry.kind is DeliverableKind.IMAGE and entry.ratio == ratio
        ]
    return row


def asset_group_row(manifest: PackManifest, group: AdGroup) -> Row:
    """The row of an asset group, with its texts as `asset_group_texts` has them."""
    return {**group_row(manifest, group), **asset_group_texts(group)}


def asset_group_texts(group: AdGroup) -> dict[str, Sequence[str]]:
    """The long headlines and descriptions of an asset group. Only long copy has long headlines, and a group without one
    is refused: where there is none, the longest description that fits stands there instead."""
    long_headlines, descriptions = group.field("long_headline"), group.field("description")
    field = platform_table().text_field(group.platform, "long_headline")
    if not long_headlines and field is not None and len(descriptions) > LEAST_DESCRIPTIONS:
        fitting = [text for text in descriptions if field.length(text) <= field.limit]
        long_headlines = [max(fitting, key=field.length)] if fitting else []
        descriptions = [text for text in descriptions if text not in long_headlines]
    return {"long_headline": long_headlines, "description": descriptions}


def ad_rows(manifest: PackManifest, group: AdGroup) -> list[Row]:
    """The rows of ads: every text and every file of a group stands in at least one.

    A text goes with files of the same axis value; texts and files of values that only one side has go with each other
    in turn. There are at most as many rows as texts and files together.
    """
    names: Counter[str] = Counter()
    rows = []
    for text, file in _pairs(group.texts, group.files):
        name = _ad_name(group, text, file)
        names[name] += 1
        again = f"_{names[name]}" if names[name] > 1 else ""
        rows.append(_ad_row(manifest, group, text, file, name + again))
    return rows


def _pairs(
    texts: Sequence[Written], files: Sequence[tuple[PackEntry, str]]
) -> Iterator[tuple[Written | None, tuple[PackEntry, str] | None]]:
    values = dict.fromkeys(text.entry.axis_value for text in texts)
    shared = [value for value in values if any(entry.axis_value == value for entry, _ in files)]
    for value in shared:
        yield from _in_turn(
            [text for text in texts if text.entry.axis_value == value],
            [file for file in files if file[0].axis_value == value],
        )
    other_texts = [text for text in texts if text.entry.axis_value not in shared]
    other_files = [file for file in files if file[0].axis_value not in shared]
    if other_texts or other_files:
        yield from _in_turn(other_texts or list(texts), other_files or list(files))


def _in_turn(
    texts: Sequence[Written], files: Sequence[tuple[PackEntry, str]]
) -> Iterator[tuple[Written | None, tuple[PackEntry, str] | None]]:
    for number in range(max(len(texts), len(files))):
        yield (
            texts[number % len(texts)] if texts else None,
            files[number % len(files)] if files else None,
        )


def _ad_name(group: AdGroup, text: Written | None, file: tuple[PackEntry, str] | None) -> str:
    """The file's name with the text's format, variant and number behind it, so that reports can be read by either."""
    name = PurePosixPath(file[1]).stem if file else group.name
    return plain_name(f"{name}_{text.entry.format or 'text'}{text.entry.variant}-{text.number}" if text else name)


def _ad_row(
    manifest: PackManifest, group: AdGroup, text: Written | None, file: tuple[PackEntry, str] | None, name: str
) -> Row:
    row: dict[str, Sequence[str]] = {
        "campaign": [plain_name(manifest.name or manifest.campaign_id)],
        "ad_group": [plain_name(group.name)],
        "ad_name": [name],
        "final_url": [group.final_url],
        "product": [one_line(group.product_name)],
    }
    if file is not None:
        entry, path = file
        kind = "video_file" if entry.kind is DeliverableKind.VIDEO else "image_file"
        row[kind] = row["media_file"] = [PurePosixPath(path).name]
        row["alternative_text"] = [one_line(entry.alternative_text)]
    if text is not None:
        row["cta"] = [one_line(text.copy.cta)]
        for field in platform_table().text_fields(group.platform, text.entry.format):
            row[field.field] = [field.text(text.copy)]
    return row


def one_line(text: str) -> str:
    """The text with single spaces."""
    return _SPACES.sub(" ", text).strip()


def distinct(texts: Iterable[str]) -> list[str]:
    """The texts that are not empty, each once whatever its case, in order."""
    found: dict[str, str] = {}
    for text in texts:
        if text:
            found.setdefault(text.casefold(), text)
    return list(found.values())


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet may read a cell as a formula."""
    return text.startswith(_FORMULA)


def plain_name(text: str) -> str:
    """A name of ours on one line that no spreadsheet reads as a formula."""
    return one_line(text).lstrip("=+-@ ")
