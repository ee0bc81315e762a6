"""Equal requests get pictures that differ: the worker knows the last ones, and the composer has more to lead with."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2

from services.chassis.clock import SystemClock
from services.chassis.data.assets import AssetStore
from services.chassis.rpc.auth import ServiceIdentity
from services.image import messages
from services.image.domain import ImageBrief, RenderedImage, Subject, Taken
from services.image.providers.local.choice import chosen
from services.image.providers.local.layouts import Shows
from services.image.recent_pictures import MOST_HEADLINES, MOST_REQUESTS, RecentPictures
from services.image.worker import ImageWorker
from services.worker.remote.customer_images import CustomerImages
from services.worker.remote.fetcher import Fetcher
from tests.image.briefs import brief


def _parameters(product: str = "Bottle", **request: Any) -> image_pb2.ImageJobParameters:
    return image_pb2.ImageJobParameters(
        request=image_pb2.GenerateStaticAdRequest(style="bold", **request),
        brief=catalog_pb2.Brief(product=catalog_pb2.Product(name=product)),
    )


def _image(headline: str, layout: str, folder: Path = Path()) -> RenderedImage:
    return RenderedImage(
        image=folder / "ad.png",
        thumbnail=folder / "thumbnail.webp",
        content_type="image/png",
        width=1,
        height=1,
        alt_text="",
        notes=(),
        provider="local",
        headline=headline,
        layout=layout,
    )


class TestMemory:
    def test_equal_requests_know_each_others_pictures(self) -> None:
        recent = RecentPictures()
        recent.add(_parameters(idempotency_key="a"), _image("Cold all day", "band"))
        recent.add(_parameters(webhook_url="https://a.example/b"), _image("Light", "frame"))
        assert recent.taken(_parameters()) == Taken(headlines=("Cold all day", "Light"), layouts=("band", "frame"))

    @pytest.mark.parametrize("other", [{"product": "Cup"}, {"aspect_ratio": "9:16"}, {"seed": "s"}, {"concept": "c"}])
    def test_other_requests_do_not(self, other: dict[str, str]) -> None:
        recent = RecentPictures()
        recent.add(_parameters(), _image("Cold all day", "band"))
        recent.add(_parameters(**other), _image("Light", "frame"))
        assert recent.taken(_parameters()) == Taken(headlines=("Cold all day",), layouts=("band",))
        chosen_by_customer = {"seed", "concept"} & set(other)
        assert recent.taken(_parameters(**other)) == (
            Taken() if chosen_by_customer else Taken(headlines=("Light",), layouts=("frame",))
        )

    def test_memory_is_bounded(self) -> None:
        recent = RecentPictures()
        for number in range(MOST_REQUESTS + 1):
            recent.add(_parameters(f"Bottle {number}"), _image("Light", "frame"))
        assert recent.taken(_parameters("Bottle 0")) == Taken()
        for number in range(MOST_HEADLINES + 3):
            recent.add(_parameters("Bottle 5"), _image(f"Light {number}", f"frame {number}"))
        assert len(recent.taken(_parameters("Bottle 5")).headlines) == MOST_HEADLINES


class _Copy:
    def __init__(self) -> None:
        self.taken: list[tuple[str, ...]] = []

    async def WriteHeadline(self, request: copy_pb2.WriteHeadlineRequest, **_: Any) -> copy_pb2.WriteHeadlineResponse:
        self.taken.append(tuple(request.taken))
        return copy_pb2.WriteHeadlineResponse(headline=f"Line {len(self.taken)}")


class _Painter:
    name = "painter"

    def __init__(self) -> None:
        self.taken: list[Taken] = []

    async def render(self, wanted: ImageBrief, folder: Path, *_: Any) -> RenderedImage:
        self.taken.append(wanted.taken)
        return _image(wanted.headline, f"layout {len(self.taken)}", folder)


async def test_worker_avoids_what_the_last_equal_request_got(tmp_path: Path) -> None:
    copy, painter = _Copy(), _Painter()
    worker = ImageWorker(
        provider=cast(Any, painter),
        customer_images=CustomerImages(assets=AssetStore(f"file://{tmp_path}"), fetcher=Fetcher()),
        copy=cast(Any, copy),
        identity=ServiceIdentity("image", "s" * 32),
        clock=SystemClock(),
    )
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        progress = SimpleNamespace(report=lambda *_: None, begin=lambda *_: None)
        job = SimpleNamespace(job_id=f"job {number}", parameters=_parameters().SerializeToString())
        await worker.handle(cast(Any, SimpleNamespace(job=job, folder=folder, progress=progress)))
    assert copy.taken == [(), ("Line 1",)]
    assert painter.taken == [Taken(), Taken(headlines=("Line 1",), layouts=("layout 1",))]


def _headlines(request: ImageBrief, count: int) -> list[str]:
    """The headlines of equal requests, each of which knows the ones before."""
    found: list[str] = []
    for number in range(count):
        own = replace(request, taken=Taken(headlines=tuple(found)))
        made = chosen(own, random.Random(number), shows=Shows.TYPE, layout_draw=random.Random(number))
        found.append(made.words.headline)
    return found


class TestLeads:
    def test_taken_headlines_give_way_to_others_that_the_product_has(self) -> None:
        request = replace(
            brief(product_name="Rye starter", headline="Alive since 1962", brand_name="Holm", subline="Feeds on rye."),
            features=(),
            benefits=("Ready in eight hours",),
            leading_benefits=frozenset({"Ready in eight hours"}),
            further_leads=("Keeps for a month",),
            price="€4 with a jar and a card",
            subject=Subject(kind="good", language="en"),
        )
        found = _headlines(request, 5)
        assert set(found[:2]) == {"Alive since 1962", "Ready in eight hours"}  # what is strong comes first
        assert set(found[2:]) == {"Keeps for a month", "Rye starter", "€4 with a jar and a card"}

    def test_beside_illness_and_death_only_written_headlines_lead(self) -> None:
        request = brief(headline="We come at any hour", subject=Subject(sensitive=frozenset({"death"})))
        assert set(_headlines(replace(request, further_leads=("Keeps for a month",)), 3)) == {"We come at any hour"}

    def test_short_line_leads_where_nothing_else_is_left(self) -> None:
        request = brief(
            product_name="Heel bar", headline="Heel bar", subline="Heels while you wait.", brand_name="Holm"
        )
        request = replace(request, benefits=(), features=(), price=None)
        assert _headlines(request, 2) == ["Heel bar", "Heels while you wait"]


def test_further_leads_are_short_strong_facts_without_limits() -> None:
    made = catalog_pb2.Brief(product=catalog_pb2.Product(name="Bottle"))
    facts = [
        ("keeps cold for a day", "benefit", 0.4, "features", ()),
        ("Made in a small forge", "feature", 0.4, "description", ()),  # weak for a sentence of a text
        ("Nobody else makes it", "proof", 0.7, "description", ()),
        ("Free lid with two", "offer", 0.9, "features", ("f1",)),
        ("Hand wash only, please", "condition", 0.9, "features", ()),
        ("Two lids", "feature", 0.9, "features", ()),
    ]
    for text, role, strength, source, limited_by in facts:
        made.understanding.facts.add(text=text, role=role, strength=strength, source=source, limited_by=limited_by)
    assert messages.further_leads(made) == ("Keeps cold for a day", "Nobody else makes it")
    parameters = image_pb2.ImageJobParameters(brief=made)
    assert "Nobody else makes it" in messages.product_texts(parameters)  # copy checks what is printed
