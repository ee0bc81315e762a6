"""Streams a pack: one zip of a campaign, while its files are read one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from itertools import islice
from typing import Final

from services.campaign.launch.check import run_check
from services.campaign.launch.report import html_report, json_report
from services.campaign.pack.archive import Archive
from services.campaign.pack.entries import MAX_ENTRIES, OpenAsset, PackEntry, PackManifest, validate
from services.campaign.pack.manifest import manifest_document
from services.campaign.pack.observed import AssetReader, FileState, ObservedFile
from services.campaign.pack.placing import PlacedFile, place_files
from services.campaign.pack.sheets import COPY_SHEET, copy_sheet, fill_sheets, readme

PIECE_BYTES: Final = 256 * 1024  # of a file that is held in memory, so that a slow client gets it in pieces


async def stream_pack(
    manifest: PackManifest, entries: Iterable[PackEntry], open_asset: OpenAsset
) -> AsyncGenerator[bytes, None]:
    """Yields the zip in pieces; at most HELD_BYTES of one file are in memory.

    It has the files by platform, and after them the documents that describe them, manifest.json last. A file that
    cannot be read or differs from its record is named there and in the launch check, and does not end the stream.

    Raises InvalidPackError before the first piece.
    """
    listed = tuple(islice(entries, MAX_ENTRIES + 1))
    validate(manifest, listed)
    placed = place_files(manifest, listed)
    archive = Archive(manifest.created)
    observed: dict[int, ObservedFile] = {}
    for file in placed:
        async with aclosing(_stream_file(archive, file, open_asset, observed)) as pieces:
            async for piece in pieces:
                yield piece
    for name, content in await asyncio.to_thread(_documents, manifest, listed, placed, observed):
        yield archive.add(name, content, compress=True)
    yield archive.close()


async def _stream_file(
    archive: Archive, file: PlacedFile, open_asset: OpenAsset, observed: dict[int, ObservedFile]
) -> AsyncGenerator[bytes, None]:
    """Adds a file under each of its paths, and what was seen of it to `observed`."""
    reader = AssetReader(file.entry, open_asset)
    held, rest = await reader.held()
    if rest is None:
        seen = observed[file.position] = reader.observed(held)
        if seen.state.usable:
            for path in file.paths:
                for piece in _held_member(archive, path, held):
                    yield piece
        return
    for number, path in enumerate(file.paths):
        if number:  # too large to be kept from the first time
            reader = AssetReader(file.entry, open_asset)
            held, rest = await reader.held()
        async with aclosing(_large_member(archive, path, file.entry, held, rest)) as pieces:
            async for piece in pieces:
                yield piece
        seen = reader.observed()
        if not seen.state.usable:
            observed[file.position] = replace(seen, state=FileState.TRUNCATED)
            return
        observed[file.position] = seen


def _held_member(archive: Archive, path: str, content: bytes) -> Iterable[bytes]:
    archive.begin(path, size=len(content))
    for start in range(0, len(content), PIECE_BYTES):
        yield archive.write(content[start : start + PIECE_BYTES])
    yield archive.end()


async def _large_member(
    archive: Archive, path: str, entry: PackEntry, held: bytes, rest: AsyncGenerator[bytes, None] | None
) -> AsyncGenerator[bytes, None]:
    archive.begin(path, size=entry.size_bytes)
    async with AsyncExitStack() as stack:
        if rest is not None:
            await stack.enter_async_context(aclosing(rest))
        for start in range(0, len(held), PIECE_BYTES):
            yield archive.write(held[start : start + PIECE_BYTES])
        if rest is not None:
            async for piece in rest:
                yield archive.write(piece)
    yield archive.end()


def _documents(
    manifest: PackManifest,
    entries: tuple[PackEntry, ...],
    placed: list[PlacedFile],
    observed: dict[int, ObservedFile],
) -> list[tuple[str, bytes]]:
    """Sheets, launch check and manifest. Only files that are in the pack stand in sheets."""
    sheets = fill_sheets(manifest, entries, [file for file in placed if observed[file.position].state.usable])
    check = run_check(manifest, entries, placed, observed, sheets)
    return [
        *((sheet.sheet.file, sheet.csv()) for sheet in sheets),
        *([(COPY_SHEET, copy_sheet(entries))] if any(entry.texts for entry in entries) else []),
        ("launch-check.json", json_report(manifest, check)),
        ("launch-check.html", html_report(manifest, check)),
        ("README.txt", readme(manifest, sheets, check.summary)),
        (
            "manifest.json",
            manifest_document(manifest, entries, placed, observed, [sheet.description() for sheet in sheets]),
        ),
    ]
