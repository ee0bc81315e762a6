"""The launch check finds what would be refused, and nothing in a campaign that is in order."""

from __future__ import annotations

import asyncio
import random
from importlib.resources import files

import pytest
from pydantic import ValidationError

from services.campaign.launch.check import check
from services.campaign.launch.languages import language_of
from services.campaign.launch.report import html_report, json_report
from services.campaign.launch.rules import read_rules, rule_book
from services.campaign.pack.entries import CopyText, DeliverableKind, ProductSubject
from services.campaign.pack.platforms import length, platform_table, read_table
from services.video.product.safe_zones import safe_zones
from tests.campaign.pack_faults import FAULTS
from tests.campaign.pack_samples import clean_campaign

SEEDS = 100


async def test_finds_nothing_in_campaigns_without_a_fault() -> None:
    """No false alarm in 100 campaigns of any shape."""
    files_seen = 0
    for seed in range(SEEDS):
        campaign = clean_campaign(seed)
        result = await check(campaign.manifest, campaign.entries, campaign.open_asset)
        assert not result.findings, (seed, result.findings[0])
        files_seen += result.files
    assert files_seen > 1_000  # the campaigns are not empty


async def test_finds_each_of_100_seeded_faults_at_its_place() -> None:
    """Every kind of fault at least twice, each in another campaign."""
    found_rules = set()
    for seed in range(SEEDS):
        fault = FAULTS[seed % len(FAULTS)]
        campaign = clean_campaign(seed + 1_000)
        expected = fault(campaign, random.Random(seed))
        result = await check(campaign.manifest, campaign.entries, campaign.open_asset)
        found = [one for one in result.findings if one.rule == expected.rule]
        assert any(expected.place in f"{one.where} {one.what}" for one in found), (
            seed,
            fault.__name__,
            expected,
            found,
        )
        assert all(one.source and one.date and one.fix for one in found)
        found_rules.add(expected.rule)
    assert found_rules == {rule.id for rule in rule_book().rule} - {"claim-needs"}  # in a test of its own


async def test_claims_are_judged_for_the_subject_of_the_product() -> None:
    """A promise of returns needs its warning beside it in finance, and says nothing of a jacket."""
    campaign = clean_campaign(3)
    at = campaign.positions(DeliverableKind.COPY)[0]
    texts = (CopyText(hook="Invest from £25 a month", body="Open it within minutes.", cta="See it"),)
    finance = ProductSubject(regulated=frozenset({"finance"}))
    rules = []
    for subject in (finance, ProductSubject(trade="clothing")):
        campaign.change(at, texts=texts, language="en", subject=subject)
        result = await check(campaign.manifest, campaign.entries, campaign.open_asset)
        rules.append({one.rule for one in result.findings} & {"claim-needs"})
        assert all("known in" in one.date for one in result.findings if one.rule == "claim-needs")
    assert rules == [{"claim-needs"}, set()]


async def test_what_a_record_does_not_say_is_named_as_not_checked() -> None:
    campaign = clean_campaign(7)
    for position, entry in enumerate(campaign.entries):
        if entry.is_file:
            campaign.change(position, text_areas=None, duration_seconds=0.0)
    result = await check(campaign.manifest, campaign.entries, campaign.open_asset)
    assert result.files
    assert {"low-contrast"} <= {row.rule for row in result.not_checked}
    assert not result.findings


async def test_report_names_nothing_that_a_browser_would_run() -> None:
    campaign = clean_campaign(5)
    evil = "<script>alert(1)</script>"
    for position in range(len(campaign.entries)):
        campaign.change(position, product_id="one", product_name=evil, landing_page="")
    campaign.change(campaign.positions(DeliverableKind.COPY)[0], texts=(CopyText(hook=evil, body=""),))
    result = await check(campaign.manifest, campaign.entries, campaign.open_asset)
    page = html_report(campaign.manifest, result).decode()
    assert result.findings
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert all(found.rule in page for found in result.findings)
    assert json_report(campaign.manifest, result)


async def test_check_leaves_the_loop_to_others() -> None:
    """The judging runs in a thread: another task goes on meanwhile."""
    campaign = clean_campaign(9)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await check(campaign.manifest, [e for e in campaign.entries if not e.is_file], campaign.open_asset)
    counting.cancel()
    assert turns > 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Größer", 6), ("風に強い", 8), ("ｗｉｄｅ", 8), ("plain", 5), ("한국어 a", 8)],
)
def test_double_width_characters_count_twice_for_google(text: str, expected: int) -> None:
    assert length(text, "wide_double") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It keeps you warm when the evening wind turns cold.", "en"),
        ("Sie hält dich warm, wenn der Wind am Abend kälter wird.", "de"),
        ("この上着は風の強い夜にも暖かい", "ja"),
        ("Эта куртка согревает в холодный вечер", "ru"),
        ("Nordhäuser Trail Runner", ""),
        ("", ""),
    ],
)
def test_language_is_told_where_a_text_is_long_enough(text: str, expected: str) -> None:
    assert language_of(text) == expected


def test_safe_zones_are_those_that_films_are_made_for() -> None:
    """Two tables of the same figures; the names of YouTube and Google differ."""
    zones = safe_zones().platforms
    for zone in platform_table().zone:
        film = zones["youtube" if zone.platform == "google" else zone.platform]
        assert (zone.left, zone.top) == pytest.approx((film.left, film.top))
        assert (1 - zone.right, 1 - zone.bottom) == pytest.approx((film.right, film.bottom))


def test_tables_refuse_rows_that_break_their_schema() -> None:
    rules = files("services.campaign.launch.data").joinpath("rules.toml").read_text(encoding="utf-8")
    figures = files("services.campaign.pack.data").joinpath("platforms.toml").read_text(encoding="utf-8")
    for broken in (
        rules.replace('severity = "blocks"', 'severity = "perhaps"', 1),
        rules.replace('source = "wcag_contrast"', 'source = "hearsay"', 1),
        rules.replace('id = "file-damaged"', 'id = "file-unreadable"', 1),
    ):
        with pytest.raises(ValidationError):
            read_rules(broken)
    for broken in (
        figures.replace('source = "google_search"', 'source = "hearsay"', 1),
        figures.replace("limit = 30", "limits = 30", 1),
        figures.replace("verified = true", "", 1),
        figures.replace("tolerance = 0.02", "tolerance = 2", 1),
    ):
        with pytest.raises(ValidationError):
            read_table(broken)
