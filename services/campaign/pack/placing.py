"""Where files go in a pack: the folders of the platforms that take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.campaign.pack.entries import DeliverableKind, PackEntry, PackManifest
from services.campaign.pack.names import EVERY_PLATFORM, file_names
from services.campaign.pack.platforms import PLATFORMS, UNIVERSAL, takes_ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFile:
    """A file's entry, its position among the entries, and its paths in the pack, at least one."""

    position: int
    entry: PackEntry
    paths: tuple[str, ...]


def platforms_of(manifest: PackManifest, entries: Sequence[PackEntry]) -> tuple[str, ...]:
    """The platforms of a set, in the order of PLATFORMS."""
    named = set(manifest.platforms) | {entry.platform for entry in entries}
    return tuple(platform for platform in PLATFORMS if platform in named)


def entry_platforms(entry: PackEntry, platforms: Sequence[str]) -> tuple[str, ...]:
    """The platforms that an entry is for: its own, or those of the set that take it. Google takes no universal copy,
    which is longer than its headlines."""
    if entry.platform in PLATFORMS:
        return (entry.platform,)
    if entry.platform not in {"", UNIVERSAL}:
        return ()
    if entry.kind is DeliverableKind.COPY:
        return tuple(platform for platform in platforms if platform != "google")
    return tuple(platform for platform in platforms if takes_ratio(platform, entry.kind, entry.ratio))


def place_files(manifest: PackManifest, entries: Sequence[PackEntry]) -> list[PlacedFile]:
    """The files of a pack in the order of the entries. A file of no known platform is in a folder of its own."""
    platforms = platforms_of(manifest, entries)
    names = file_names(entries)
    return [
        PlacedFile(
            position=position,
            entry=entries[position],
            paths=tuple(
                f"{folder}/{names[position]}"
                for folder in entry_platforms(entries[position], platforms) or (EVERY_PLATFORM,)
            ),
        )
        for position in sorted(names)
    ]
