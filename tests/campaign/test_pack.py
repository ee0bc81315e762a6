"""A pack is one zip that launchers can read, whatever happens to a file, and however many files there are."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.campaign.pack import observed
from services.campaign.pack.entries import (
    MAX_ENTRIES,
    CopyText,
    DeliverableKind,
    InvalidPackError,
    PackEntry,
    PackManifest,
)
from services.campaign.pack.names import MAX_NAME, file_names, slug
from services.campaign.pack.sheets import read_sheets, sheets
from services.campaign.pack.stream import stream_pack
from tests.campaign.pack_samples import Campaign, clean_campaign
from tests.campaign.pack_validator import NAME, problems


async def packed(campaign: Campaign) -> bytes:
    """The whole pack of a campaign."""
    return b"".join([piece async for piece in stream_pack(campaign.manifest, campaign.entries, campaign.open_asset)])


def opened(pack: bytes) -> tuple[zipfile.ZipFile, dict[str, dict[str, object]], list[dict[str, object]]]:
    """The archive, and its manifest's files by path, and what is missing."""
    archive = zipfile.ZipFile(io.BytesIO(pack))
    manifest = json.loads(archive.read("manifest.json"))
    return archive, {path: file for file in manifest["files"] for path in file["paths"]}, manifest["missing"]


def with_files(seed: int) -> Campaign:
    """A campaign that has a picture."""
    return next(
        campaign
        for campaign in map(clean_campaign, range(seed, seed + 50))
        if campaign.positions(DeliverableKind.IMAGE) and campaign.positions(DeliverableKind.COPY)
    )


async def test_packs_of_any_shape_hold_what_they_say() -> None:
    """A reader of its own finds nothing wrong with 20 packs; their launch checks neither."""
    for seed in range(20):
        pack = await packed(clean_campaign(seed))
        assert problems(pack) == [], seed
        assert json.loads(opened(pack)[0].read("launch-check.json"))["summary"] == {"blocks": 0, "warns": 0}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"PK\x01\x02", b"PK\x01\x03", "no zip"),
        (b"jumdc2pa", b"jumdc2pb", "is damaged"),
        (b"manifest.json", b"manifest.jsom", "manifest.json is missing"),
        (b"README.txt", b"README=txt", "no safe name"),
    ],
)
async def test_the_reader_of_the_tests_sees_faults(old: bytes, new: bytes, expected: str) -> None:
    pack = await packed(with_files(0))
    assert any(expected in problem for problem in problems(pack.replace(old, new)))


async def test_the_same_campaign_gives_the_same_bytes() -> None:
    assert await packed(clean_campaign(11)) == await packed(clean_campaign(11))


async def test_a_file_that_cannot_be_had_is_named_and_the_others_are_there() -> None:
    campaign = with_files(40)
    first, *others = campaign.positions(DeliverableKind.IMAGE)
    campaign.broken.add(campaign.entries[first].asset_id)
    lost = {campaign.path(first)}
    if others:
        content = campaign.store[campaign.entries[others[0]].asset_id]
        campaign.store[campaign.entries[others[0]].asset_id] = content[:-1] + bytes([content[-1] ^ 1])
        lost.add(campaign.path(others[0]))
    pack = await packed(campaign)
    archive, _, missing = opened(pack)
    assert problems(pack) == []
    assert not lost & set(archive.namelist())
    assert len(missing) == len(lost)
    assert {file["state"] for file in missing} <= {"unreadable", "damaged"}
    assert all(file["reason"] and not file["paths"] for file in missing)
    for sheet in (name for name in archive.namelist() if name.endswith(".csv")):
        assert not any(path.rpartition("/")[2].encode() in archive.read(sheet) for path in lost)


async def test_a_large_file_that_breaks_off_is_named_as_not_to_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is too large to be held back: its beginning is in the pack."""
    monkeypatch.setattr(observed, "HELD_BYTES", 100_000)
    campaign = next(c for c in map(clean_campaign, range(99)) if c.positions(DeliverableKind.VIDEO))
    at = campaign.positions(DeliverableKind.VIDEO)[0]
    whole = campaign.open_asset

    async def breaks_off(asset_id: str) -> AsyncIterator[bytes]:
        async for number, piece in numbered(whole(asset_id)):
            if asset_id == campaign.entries[at].asset_id and number == 5:
                raise TimeoutError
            yield piece

    pieces = [piece async for piece in stream_pack(campaign.manifest, campaign.entries, breaks_off)]
    archive, files_in, missing = opened(b"".join(pieces))
    assert archive.testzip() is None
    path = campaign.path(at)
    assert path not in files_in
    assert [file["state"] for file in missing] == ["truncated"]
    assert path in archive.namelist()
    found = json.loads(archive.read("launch-check.json"))["findings"]
    assert [one["where"] for one in found if one["rule"] == "file-damaged"] == [path]


async def numbered(pieces: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    number = 0
    async for piece in pieces:
        yield number, piece
        number += 1


async def test_a_store_that_stalls_does_not_hold_the_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observed, "PIECE_SECONDS", 0.01)
    campaign = with_files(60)
    stalled = campaign.entries[campaign.positions(DeliverableKind.IMAGE)[0]].asset_id
    whole = campaign.open_asset

    async def stalls(asset_id: str) -> AsyncIterator[bytes]:
        if asset_id == stalled:
            await asyncio.Event().wait()
        async for piece in whole(asset_id):
            yield piece

    pack = b"".join([piece async for piece in stream_pack(campaign.manifest, campaign.entries, stalls)])
    assert [file["state"] for file in opened(pack)[2]] == ["unreadable"]


async def test_500_large_files_need_the_memory_of_one() -> None:
    """500 files of 1 MiB and one of 40 MiB: less than 30 MiB of them are ever in use."""
    block = random.Random(1).randbytes(1024 * 1024)
    sizes = {f"a{number}": 1 for number in range(500)} | {"large": 40}
    hashes = {size: hashlib.sha256(block * size).hexdigest() for size in (1, 40)}

    async def open_asset(asset_id: str) -> AsyncIterator[bytes]:
        for _ in range(sizes[asset_id]):
            yield block

    entries = [
        PackEntry(
            product_id="p", product_name="Lamp", kind=DeliverableKind.VIDEO, job_id=f"j{asset}", platform="meta",
            ratio="1:1", asset_id=asset, content_type="video/mp4", size_bytes=size * len(block), sha256=hashes[size],
            variant=number + 1,
        )
        for number, (asset, size) in enumerate(sizes.items())
    ]  # fmt: skip
    manifest = PackManifest(campaign_id="c", name="Big", created=datetime.fromisoformat("2026-11-29T12:00:00+00:00"))
    total, tail = 0, b""
    tracemalloc.start()
    try:
        async for piece in stream_pack(manifest, entries, open_asset):
            total += len(piece)
            tail = (tail + piece)[-65_536:]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 540 * len(block)
    assert tail.count(b"PK\x01\x02") >= 500  # the central directory
    assert peak < 30 * 1024 * 1024


async def test_a_reader_that_leaves_closes_the_file_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observed, "HELD_BYTES", 100_000)
    campaign = next(c for c in map(clean_campaign, range(99)) if c.positions(DeliverableKind.VIDEO))
    campaign.entries = [campaign.entries[campaign.positions(DeliverableKind.VIDEO)[0]]]
    whole, closed = campaign.open_asset, []

    async def watched(asset_id: str) -> AsyncIterator[bytes]:
        try:
            async for piece in whole(asset_id):
                yield piece
        finally:
            closed.append(asset_id)

    pieces = stream_pack(campaign.manifest, campaign.entries, watched)
    assert await anext(pieces)
    assert not closed
    await pieces.aclose()
    assert closed == [campaign.entries[0].asset_id]


words = st.text(max_size=60)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            words,
            words,
            st.sampled_from(["1:1", "1.91:1", "9:16", "", "??"]),
            st.integers(1, 10**6),
            st.text(max_size=9),
        ),
        max_size=8,
    )
)
def test_names_are_ascii_bounded_unique_and_need_no_order(rows: list[tuple[str, str, str, int, str]]) -> None:
    entries = [
        PackEntry(
            product_id=f"p{number % 3}", product_name=name, kind=DeliverableKind.IMAGE, job_id=f"j{number}",
            asset_id=f"a{number}", content_type="image/png", ratio=ratio, axis_value=axis, variant=variant,
            language=language,
        )
        for number, (name, axis, ratio, variant, language) in enumerate(rows)
    ]  # fmt: skip
    entries = [replace(entry, product_name=entries[number % 3].product_name) for number, entry in enumerate(entries)]
    names = file_names(entries)
    assert len({name.lower() for name in names.values()}) == len(entries)
    assert all(NAME.fullmatch(name) and len(name) <= MAX_NAME for name in names.values())
    turned = file_names(entries[::-1])
    assert names == {len(entries) - 1 - number: name for number, name in turned.items()}


def test_names_read_as_launchers_group_them() -> None:
    entry = PackEntry(
        product_id="p", product_name="Größe Æther – Jacke", kind=DeliverableKind.IMAGE, job_id="j", asset_id="a",
        content_type="image/png", ratio="4:5", axis_value="made to last", variant=2,
    )  # fmt: skip
    tall = replace(entry, asset_id="b", ratio="9:16")
    changed = replace(entry, asset_id="c", version=3)
    twice = list(file_names([entry, entry]).values())
    assert len(set(twice)) == 2
    assert list(file_names([entry, tall, changed]).values()) == [
        "grosse-aether-jacke_made-to-last_4x5_v2.png",
        "grosse-aether-jacke_made-to-last_9x16_v2.png",
        "grosse-aether-jacke_made-to-last_4x5_v2_r3.png",
    ]


async def test_cells_that_a_spreadsheet_would_run_are_not_in_sheets_and_harmless_in_copy_csv() -> None:
    campaign = next(c for c in map(clean_campaign, range(99)) if c.positions(DeliverableKind.COPY, "meta"))
    evil = '=HYPERLINK("https://evil.example","-20 %")'
    for at in campaign.positions(DeliverableKind.COPY):
        campaign.change(at, texts=tuple(replace(text, hook=evil) for text in campaign.entries[at].texts[:3]))
    archive, _, _ = opened(await packed(campaign))
    for name in (name for name in archive.namelist() if name.endswith(".csv")):
        rows = list(csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig"))))
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert evil in [
        variant["hook"] for text in json.loads(archive.read("manifest.json"))["texts"] for variant in text["variants"]
    ]
    assert "formula-text" in archive.read("launch-check.json").decode()


async def test_every_text_and_file_stands_in_a_row_of_its_platform() -> None:
    for seed in range(10):
        campaign = clean_campaign(seed)
        archive, files_in, _ = opened(await packed(campaign))
        for platform in {"meta", "tiktok", "linkedin", "pinterest"} & set(campaign.manifest.platforms):
            sheet = next((n for n in archive.namelist() if n.startswith(f"{platform}/") and n.endswith(".csv")), None)
            if sheet is None:
                continue
            cells = archive.read(sheet).decode("utf-8-sig")
            named = [path for path in files_in if path.startswith(f"{platform}/")]
            assert all(path.rpartition("/")[2] in cells for path in named)
            hooks = [
                t.hook for at in campaign.positions(DeliverableKind.COPY, platform) for t in campaign.entries[at].texts
            ]
            assert all(hook in cells for hook in hooks)


async def test_the_short_description_is_in_the_asset_group_however_many_there_are() -> None:
    """Performance Max takes five descriptions, and one of at most 60 characters must be among them."""
    campaign = next(c for c in map(clean_campaign, range(99)) if c.positions(DeliverableKind.IMAGE, "google"))
    for at in campaign.positions(DeliverableKind.COPY, "google"):
        body = "It keeps you warm and dry on all of the days of a long winter, number {}."
        long = [replace(text, body=body.format(n)) for n, text in enumerate(campaign.entries[at].texts)]
        texts = (*long, CopyText(hook="A short one", body="Warm all day."))
        campaign.change(at, texts=texts)
    pack = await packed(campaign)
    rows = list(csv.DictReader(io.StringIO(opened(pack)[0].read("google/performance_max.csv").decode("utf-8-sig"))))
    assert all(sum(bool(row[f"Description {n}"]) for n in range(1, 6)) == 5 for row in rows)
    assert all("Warm all day." in row.values() for row in rows)


async def test_unverified_columns_are_named_outside_the_sheets() -> None:
    archive, _, _ = opened(await packed(with_files(5)))
    described = json.loads(archive.read("manifest.json"))["sheets"]
    readme = archive.read("README.txt").decode()
    assert described
    for sheet in described:
        header = archive.read(sheet["path"]).decode("utf-8-sig").splitlines()[0]
        assert "verified" not in header
        assert all(column in readme for column in sheet["unverifiedColumns"])
    assert all(column.verified is False for sheet in sheets() for column in sheet.columns if column.value == "headline")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"variant": 0}, "variant"),
        ({"product_id": ""}, "product_id"),
        ({"asset_id": "a"}, "asset_id"),
        ({"texts": (CopyText(hook="x" * 20_001),)}, "texts"),
        ({"texts": tuple(CopyText() for _ in range(51))}, "texts"),
        ({"credits": -1}, "credits"),
    ],
)
async def test_bad_input_is_refused_before_the_first_byte(changes: dict[str, object], expected: str) -> None:
    campaign = clean_campaign(1)
    campaign.change(campaign.positions(DeliverableKind.COPY)[0], **changes)
    with pytest.raises(InvalidPackError, match=expected):
        await anext(stream_pack(campaign.manifest, campaign.entries, campaign.open_asset))


async def test_too_many_entries_and_a_time_without_zone_are_refused() -> None:
    campaign = clean_campaign(1)
    many = (campaign.entries[0] for _ in range(MAX_ENTRIES + 1))
    with pytest.raises(InvalidPackError, match="at most"):
        await anext(stream_pack(campaign.manifest, many, campaign.open_asset))
    naive = replace(campaign.manifest, created=campaign.manifest.created.replace(tzinfo=None))
    with pytest.raises(InvalidPackError, match="created"):
        await anext(stream_pack(naive, campaign.entries, campaign.open_asset))


def test_sheets_refuse_columns_that_break_their_schema() -> None:
    table = files("services.campaign.pack.data").joinpath("sheets.toml").read_text(encoding="utf-8")
    for broken in (
        table.replace('value = "headline"', 'value = "slogan"', 1),
        table.replace('name = "Headline {n}"', 'name = "Headline"', 1),
        table.replace('file = "meta/', 'file = "../', 1),
        table.replace('name = "Ad Group"', 'name = "Campaign"', 1),
        table.replace(", verified = true", "", 1),
    ):
        with pytest.raises(ValidationError):
            read_sheets(broken)


async def test_short_copy_alone_fills_the_long_headline_of_an_asset_group() -> None:
    campaign = next(c for c in map(clean_campaign, range(99)) if c.positions(DeliverableKind.IMAGE, "google"))
    for at in campaign.positions(DeliverableKind.COPY, "google"):
        campaign.change(at, format="short")
    pack = await packed(campaign)
    assert problems(pack) == []
    findings = json.loads(opened(pack)[0].read("launch-check.json"))["findings"]
    assert [finding for finding in findings if "long headline" in finding["what"]] == []
    rows = list(csv.DictReader(io.StringIO(opened(pack)[0].read("google/performance_max.csv").decode("utf-8-sig"))))
    for row in rows:
        descriptions = [row[f"Description {n}"] for n in range(1, 6) if row[f"Description {n}"]]
        assert row["Long headline 1"] not in ("", *descriptions)
        assert len(row["Long headline 1"]) >= max(map(len, descriptions))


def test_a_long_name_ends_with_a_whole_word() -> None:
    assert slug("Works on gas and on induction", 28) == "works-on-gas-and-on"
    assert slug("Waterproof", 28) == "waterproof"
    assert slug("Donaudampfschifffahrtsgesellschaftskapitän", 28) == "donaudampfschifffahrtsgesell"
