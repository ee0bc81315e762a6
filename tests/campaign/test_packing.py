"""What packs are made of: the records of the jobs' files, which the launch check compares with the files."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2

from services.campaign.launch.check import LaunchCheck, check
from services.campaign.pack.entries import C2paState, PackManifest
from services.campaign.packing import entries_of
from services.campaign.rows import ChildRow
from tests.campaign.pack_samples import PIXELS, picture

WIDTH, HEIGHT = PIXELS["9:16"]
CONTENT = picture(WIDTH, HEIGHT, "navy")
MANIFEST = PackManifest(campaign_id="c", name="Sale", created=datetime(2026, 11, 29, tzinfo=UTC), platforms=("tiktok",))


def child() -> ChildRow:
    """A completed picture in 9:16."""
    request = image_pb2.GenerateStaticAdRequest(aspect_ratio="9:16", style="bold")
    return ChildRow(
        campaign_id=uuid.UUID(int=1),
        number=1,
        product_id=uuid.UUID(int=2),
        product_name="Lamp",
        type="static_ad",
        request=request.SerializeToString(),
        version=0,
        headline_version=1,
        headline="A warm light",
        credits=3,
        state="completed",
        tried_at=None,
        job_id=uuid.UUID(int=3),
        reason="",
        message="",
        spent=3,
    )


def recorded(*areas: job_pb2.TextArea) -> job_pb2.JobStatus:
    """The child's job with the record of its file."""
    facts = job_pb2.AssetFacts(width=WIDTH, height=HEIGHT, origin="algorithmicMedia")
    facts.text_areas.areas.extend(areas)
    asset = job_pb2.Asset(
        id="a",
        type="image",
        content_type="image/png",
        size_bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        facts=facts,
    )
    return job_pb2.JobStatus(id="j", assets=[asset], notes=["Alternative text: A lamp"])


def line(**changes: float) -> job_pb2.TextArea:
    """A line of type in the middle, which reads well."""
    place = {"left": 0.2, "top": 0.4, "right": 0.8, "bottom": 0.45, "contrast": 8.0, "contrast_needed": 4.5}
    return job_pb2.TextArea(role="headline", **{**place, **changes})


async def checked(status: job_pb2.JobStatus, content: bytes = CONTENT) -> LaunchCheck:
    async def open_asset(asset_id: str) -> AsyncIterator[bytes]:
        yield content

    return await check(MANIFEST, entries_of(child(), status, None, ""), open_asset)


def rules(found: LaunchCheck) -> set[str]:
    return {finding.rule for finding in found.findings}


async def test_record_is_compared_with_the_file_and_nothing_of_it_is_unchecked() -> None:
    status = recorded(line())
    found = await checked(status)
    assert not {"file-damaged", "picture-size-differs", "outside-safe-zone", "low-contrast"} & rules(found)
    assert found.not_checked == ()
    swapped = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    for content in (swapped, CONTENT[:-10], CONTENT + b"more"):
        assert "file-damaged" in rules(await checked(status, content))
    status.assets[0].facts.width -= 2
    assert "picture-size-differs" in rules(await checked(status))


@pytest.mark.parametrize(
    ("area", "rule"),
    [
        (line(top=0.01, bottom=0.03), "outside-safe-zone"),
        (line(top=0.96, bottom=0.99), "outside-safe-zone"),
        (line(contrast=4.0), "low-contrast"),
    ],
)
async def test_type_is_judged_by_its_recorded_place_and_contrast(area: job_pb2.TextArea, rule: str) -> None:
    assert rule in rules(await checked(recorded(line(), area)))


async def test_large_type_needs_the_contrast_that_its_record_says() -> None:
    low = line(top=0.4, bottom=0.41, contrast=3.5, contrast_needed=3.0)
    assert "low-contrast" not in rules(await checked(recorded(low)))


async def test_files_without_facts_are_named_as_not_checked() -> None:
    status = recorded()
    status.assets[0].ClearField("facts")
    assert {row.rule for row in (await checked(status)).not_checked} == {
        "outside-safe-zone",
        "low-contrast",
        "ai-label",
    }


def test_an_unknown_origin_is_no_claim() -> None:
    status = recorded()
    status.assets[0].facts.origin = "somethingNew"
    (entry,) = entries_of(child(), status, None, "")
    assert entry.c2pa is C2paState.UNKNOWN


@pytest.mark.parametrize(
    ("headline", "version", "axis", "expected"),
    [
        ("A warm light", 2, "angle", "A warm light"),
        ("Lamp: lasts for years", 2, "angle", "lasts for years"),
        ("Lamp", 2, "angle", "angle-2"),
        ("A warm light", 2, "palette", "palette-2"),
        ("A warm light", 0, "angle", ""),
    ],
)
def test_a_version_is_named_by_what_it_says(headline: str, version: int, axis: str, expected: str) -> None:
    (entry,) = entries_of(child()._replace(headline=headline, version=version), recorded(), None, axis)
    assert entry.axis_value == expected
