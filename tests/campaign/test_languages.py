"""Children in languages: each in its own, or refused where the product's texts are in another one."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from adwright.campaign.v1 import campaign_pb2

from services.campaign import planning
from services.campaign.domain import Child, ChildState, Prices, Product, same_language
from services.chassis.errors import ValidationFailed

PRICES = Prices(id="p", credits={"copy": 1, "static_ad": 3, "video": 40, "video_product": 15})
LAMP, LAMPE, LOGO = (
    Product(id=uuid.UUID(int=number), name=name) for number, name in enumerate(("Lamp", "Lampe", "Logo"), 1)
)
KNOWN = {LAMP.id: "en", LAMPE.id: "de-AT", LOGO.id: "und"}


def plan(*products: Product, **deliverables: Any) -> list[Child]:
    request = campaign_pb2.GenerateCampaignRequest(project_id=str(uuid.UUID(int=9)), **deliverables)
    return planning.plan(request, products, PRICES, uuid.UUID(int=8), KNOWN)


@pytest.mark.parametrize(
    ("asked", "known", "expected"),
    [
        ("en", "en", True),
        ("de", "de-AT", True),
        ("pt-BR", "pt", True),
        ("EN", "en", True),
        ("pt-BR", "pt-PT", False),
        ("de", "en", False),
        ("en", "und", False),
        ("en", "", False),
    ],
)
def test_language_serves_for_its_regions(asked: str, known: str, expected: bool) -> None:
    assert same_language(asked, known) is expected


def test_children_of_another_language_are_refused_at_no_price() -> None:
    copy = campaign_pb2.CopyDeliverable(platforms=["meta"], format="short", tone="bold", languages=["en", "de"])
    children = plan(LAMP, LAMPE, LOGO, copy=[copy])
    assert [(child.product.name, child.language, child.credits, child.state) for child in children] == [
        ("Lamp", "en", 1, ChildState.WAITING),
        ("Lamp", "de", 0, ChildState.FAILED),
        ("Lampe", "en", 0, ChildState.FAILED),
        ("Lampe", "de", 1, ChildState.WAITING),
        ("Logo", "en", 0, ChildState.FAILED),
        ("Logo", "de", 0, ChildState.FAILED),
    ]
    assert "“en”" in children[1].refusal
    assert "not known" in children[4].refusal
    assert {child.reason for child in children} == {"", "LANGUAGE_NOT_AVAILABLE"}


def test_without_languages_nothing_is_refused() -> None:
    images = campaign_pb2.ImageDeliverable(aspect_ratios=["1:1"])
    assert [(child.language, child.credits) for child in plan(LAMP, LOGO, images=[images])] == [("", 3), ("", 3)]


def test_scripts_are_in_their_own_language_and_films_of_facts_in_the_products() -> None:
    spoken = campaign_pb2.VideoDeliverable(aspect_ratios=["9:16"], languages=["es"], script="Una lámpara cálida.")
    of_facts = campaign_pb2.VideoDeliverable(aspect_ratios=["9:16"], languages=["en", "es"])
    assert [child.credits for child in plan(LAMP, videos=[spoken, of_facts])] == [15, 15, 0]


def test_a_set_without_any_child_is_refused() -> None:
    images = campaign_pb2.ImageDeliverable(aspect_ratios=["1:1"], languages=["fr"])
    with pytest.raises(ValidationFailed) as refused:
        plan(LAMP, LAMPE, images=[images])
    assert [violation.field for violation in refused.value.fields] == ["images[0].languages"]
