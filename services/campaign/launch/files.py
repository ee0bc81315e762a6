"""Checks of pictures and films: whole, of a size, ratio, type and length that their platforms take, and marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from services.campaign.launch.rules import Finding, finding
from services.campaign.pack.entries import C2paState, DeliverableKind, PackEntry, TextArea
from services.campaign.pack.names import EVERY_PLATFORM
from services.campaign.pack.observed import FileState, ObservedFile
from services.campaign.pack.placing import PlacedFile
from services.campaign.pack.platforms import FilmSpecs, Source, platform_table

RATIO_TOLERANCE: Final = 0.02  # 1.91:1 is 1910 x 1000 here and 1200 x 628 elsewhere
LARGE_TYPE: Final = 0.03  # share of the height from which type counts as large: 32 px of 1080
LARGE_CONTRAST: Final = 3.0
SMALL_CONTRAST: Final = 4.5


def check_files(placed: Sequence[PlacedFile], observed: Mapping[int, ObservedFile]) -> Iterator[Finding]:
    """The findings of all files."""
    for file in placed:
        yield from _file(file, observed[file.position])


def _file(file: PlacedFile, seen: ObservedFile) -> Iterator[Finding]:
    entry, path = file.entry, file.paths[0]
    if not seen.state.usable:
        rule = "file-unreadable" if seen.state is FileState.UNREADABLE else "file-damaged"
        yield finding(rule, platform="", where=path, what=seen.reason)
        return
    yield from _content(entry, seen, path)
    if not entry.is_ad:
        return
    yield from _origin(entry, seen, path)
    if entry.kind is DeliverableKind.IMAGE and not entry.alternative_text.strip():
        yield finding("alternative-text-missing", platform="", where=path, what="The picture has none.")
    yield from _contrast(entry, path)
    for each in file.paths:
        platform = each.partition("/")[0]
        if platform != EVERY_PLATFORM:
            yield from _on_platform(entry, seen, platform, each)


def _content(entry: PackEntry, seen: ObservedFile, path: str) -> Iterator[Finding]:
    """What the bytes say against what the record says."""
    stated = entry.content_type.partition(";")[0].strip().lower()
    if seen.content_type and stated != seen.content_type:
        yield finding("file-type-differs", platform="", where=path, what=f"It is {seen.content_type}, not {stated}.")
    elif not seen.content_type and seen.c2pa is not None and stated.startswith("image/"):
        yield finding("file-type-differs", platform="", where=path, what=f"It is no picture, and not {stated}.")
    sizes = (seen.width, seen.height), (entry.width, entry.height)
    if seen.width and entry.width and sizes[0] != sizes[1]:
        what = f"It has {seen.width} x {seen.height} pixels; its record says {entry.width} x {entry.height}."
        yield finding("picture-size-differs", platform="", where=path, what=what)
    width, height = _pixels(entry, seen)
    wanted = ratio_value(entry.ratio)
    if entry.is_ad and width and height and wanted and abs(width / height / wanted - 1) > RATIO_TOLERANCE:
        yield finding("ratio-differs", platform="", where=path, what=f"{width} x {height} is not {entry.ratio}.")


def _pixels(entry: PackEntry, seen: ObservedFile) -> tuple[int, int]:
    return (seen.width, seen.height) if seen.width else (entry.width, entry.height)


def ratio_value(ratio: str) -> float:
    """Width by height of "4:5"; 0 for a text that is no ratio."""
    width, _, height = ratio.partition(":")
    try:
        return float(width) / float(height)
    except (ValueError, ZeroDivisionError):
        return 0.0


def _origin(entry: PackEntry, seen: ObservedFile, path: str) -> Iterator[Finding]:
    if entry.c2pa.model_made and not entry.visible_ai_mark:
        yield finding(
            "ai-label", platform="", where=path, what=f"Its origin is {entry.c2pa.value}; nothing on it says so."
        )
    if entry.c2pa is C2paState.UNSIGNED:
        yield finding("c2pa-unsigned", platform="", where=path, what="It has no C2PA manifest.")
    elif entry.c2pa is not C2paState.UNKNOWN and seen.c2pa is False:
        yield finding(
            "c2pa-missing", platform="", where=path, what=f"{entry.c2pa.value} is recorded; no C2PA manifest is in it."
        )


def _contrast(entry: PackEntry, path: str) -> Iterator[Finding]:
    for area in entry.text_areas or ():
        needed = area.needed or (LARGE_CONTRAST if area.bottom - area.top >= LARGE_TYPE else SMALL_CONTRAST)
        if area.contrast is not None and area.contrast < needed:
            what = f"Contrast {area.contrast:.1f}:1 at {_place(area)}; at least {needed}:1 is needed."
            yield finding("low-contrast", platform="", where=path, what=what)


def _place(area: TextArea) -> str:
    return f"{area.left:.0%} from the left, {area.top:.0%} from the top"


def _on_platform(entry: PackEntry, seen: ObservedFile, platform: str, path: str) -> Iterator[Finding]:
    table = platform_table()
    specs = table.specs(platform, entry.kind)
    if specs is None:
        return
    source = table.source[specs.source]

    def found(rule: str, what: str) -> Finding:
        return finding(rule, platform=platform, where=path, what=what, source=source)

    content_type = entry.content_type.partition(";")[0].strip().lower()
    if content_type not in specs.types:
        yield found("type-not-taken", f"{content_type or 'No type'}; {_listed(specs.types)} are taken.")
    if seen.size > specs.most_bytes:
        yield found("file-too-large", f"{seen.size} bytes; at most {specs.most_bytes} are taken.")
    least = specs.ratios.get(entry.ratio)
    if least is None:
        yield found("ratio-not-taken", f"{entry.ratio or 'No ratio'}; {_listed(specs.ratios)} are taken.")
    else:
        width, height = _pixels(entry, seen)
        if width and height and (width < least[0] or height < least[1]):
            yield found("too-few-pixels", f"{width} x {height}; at least {least[0]} x {least[1]} are taken.")
    if isinstance(specs, FilmSpecs):
        for rule, what in _film(entry, seen, specs):
            yield found(rule, what)
    yield from _zone(entry, platform, path)


def _film(entry: PackEntry, seen: ObservedFile, specs: FilmSpecs) -> Iterator[tuple[str, str]]:
    shortest, longest = specs.seconds
    seconds = entry.duration_seconds
    if seen.size < specs.least_bytes:
        yield "file-too-small", f"{seen.size} bytes; at least {specs.least_bytes} are taken."
    if not seconds:
        return
    if seconds < shortest:
        yield "film-too-short", f"{seconds:.1f} s; at least {shortest:g} s are taken."
    if seconds > longest:
        yield "film-too-long", f"{seconds:.1f} s; at most {longest:g} s are taken."
    kbps = seen.size * 8 / seconds / 1000
    if kbps < specs.least_kbps:
        yield "bit-rate-too-low", f"{kbps:.0f} kbit/s; at least {specs.least_kbps} are taken."


def _zone(entry: PackEntry, platform: str, path: str) -> Iterator[Finding]:
    table = platform_table()
    zone = next((row for row in table.zone if (row.platform, row.ratio) == (platform, entry.ratio)), None)
    if zone is None:
        return
    source: Source = table.source[zone.source]
    for area in entry.text_areas or ():
        covered = [
            edge
            for edge, outside in (
                ("top", area.top < zone.top),
                ("bottom", area.bottom > 1 - zone.bottom),
                ("left", area.left < zone.left),
                ("right", area.right > 1 - zone.right),
            )
            if outside
        ]
        if covered:
            what = f"Type at {_place(area)} reaches into what the app covers at the {_listed(covered)}."
            yield finding("outside-safe-zone", platform=platform, where=path, what=what, source=source)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
