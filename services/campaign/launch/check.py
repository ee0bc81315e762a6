"""Runs the launch check over a campaign's files and texts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from services.campaign.launch.files import check_files
from services.campaign.launch.groups import check_groups, check_set
from services.campaign.launch.rules import Finding, NotChecked
from services.campaign.launch.texts import check_texts
from services.campaign.pack.entries import (
    MAX_ENTRIES,
    C2paState,
    DeliverableKind,
    OpenAsset,
    PackEntry,
    PackManifest,
    validate,
)
from services.campaign.pack.observed import ObservedFile, observe
from services.campaign.pack.placing import PlacedFile, place_files
from services.campaign.pack.platforms import platform_table
from services.campaign.pack.rows import ad_groups
from services.campaign.pack.sheets import FilledSheet, fill_sheets


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchCheck:
    """The findings, those that block first, and what could not be judged. files, texts: how many were looked at."""

    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    files: int
    texts: int

    @property
    def summary(self) -> dict[str, int]:
        """How many findings of each severity."""
        return {name: sum(found.severity == name for found in self.findings) for name in ("blocks", "warns")}


async def check(manifest: PackManifest, entries: Iterable[PackEntry], open_asset: OpenAsset) -> LaunchCheck:
    """Reads every file once, and checks files, texts and sheets. Raises InvalidPackError."""
    listed = tuple(islice(entries, MAX_ENTRIES + 1))
    validate(manifest, listed)
    placed = place_files(manifest, listed)
    observed = {file.position: await observe(file.entry, open_asset) for file in placed}
    usable = [file for file in placed if observed[file.position].state.usable]

    def judge() -> LaunchCheck:
        return run_check(manifest, listed, placed, observed, fill_sheets(manifest, listed, usable))

    return await asyncio.to_thread(judge)


def run_check(
    manifest: PackManifest,
    entries: Sequence[PackEntry],
    placed: Sequence[PlacedFile],
    observed: Mapping[int, ObservedFile],
    sheets: Sequence[FilledSheet],
) -> LaunchCheck:
    """The check of files that were read before. It takes some milliseconds a text: call it in a thread."""
    usable = [file for file in placed if observed[file.position].state.usable]
    found = [
        *check_files(placed, observed),
        *check_texts(manifest, entries),
        *check_groups(sheets, ad_groups(manifest, entries, usable)),
        *check_set(entries),
    ]
    return LaunchCheck(
        findings=tuple(sorted(dict.fromkeys(found), key=lambda one: one.severity != "blocks")),
        not_checked=tuple(_not_checked(observed, usable)),
        files=len(placed),
        texts=sum(len(entry.texts) for entry in entries),
    )


def _not_checked(
    observed: Mapping[int, ObservedFile],
    usable: Sequence[PlacedFile],
) -> Iterable[NotChecked]:
    ads = [file for file in usable if file.entry.is_ad]
    zones = {zone.ratio for zone in platform_table().zone}
    films = [file for file in ads if file.entry.kind is DeliverableKind.VIDEO]
    unjudged = {
        ("outside-safe-zone", "The record does not say where type stands."): sum(
            file.entry.text_areas is None and file.entry.ratio in zones for file in ads
        ),
        ("low-contrast", "The record does not say the contrast of type."): sum(
            file.entry.text_areas is None or any(area.contrast is None for area in file.entry.text_areas)
            for file in ads
        ),
        ("ai-label", "The record does not say how the file was made."): sum(
            file.entry.c2pa is C2paState.UNKNOWN for file in ads
        ),
        ("film-too-short", "The record does not say how long the film is."): sum(
            not file.entry.duration_seconds for file in films
        ),
        ("picture-size-differs", "The file is too large to be looked into; its record is taken."): sum(
            observed[file.position].c2pa is None for file in ads
        ),
        ("too-few-pixels", "The pixels of a film are taken from its record."): len(films),
    }
    for (rule, why), count in unjudged.items():
        if count:
            yield NotChecked(rule=rule, why=why, count=count)
