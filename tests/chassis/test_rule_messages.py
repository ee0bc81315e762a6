"""Refusals describe a field's pattern in words, from the `must_be` option of the proto."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import protovalidate
import pytest
from adwright.catalog.v1 import catalog_pb2
from adwright.rules.v1 import rules_pb2
from adwright.video.v1 import video_pb2
from buf.validate import validate_pb2
from google.protobuf.message import Message

from gateway.openapi import IMAGE, openapi
from gateway.routes import read_descriptors
from services.chassis.rpc.interceptors import violation_of

DESCRIPTORS = Path(__file__).parents[2] / "gen" / "descriptors.binpb"
validate: Any = validate_pb2


def patterned() -> Iterator[tuple[str, Any]]:
    """Yields every field of the Adwright protos with a pattern in its rules."""
    for file in read_descriptors(DESCRIPTORS).file:
        for message in file.message_type if file.package.startswith("adwright.") else ():
            for field in message.field:
                if "pattern:" in str(field.options.Extensions[validate.field]):
                    yield f"{message.name}.{field.name}", field


def test_every_pattern_has_a_description() -> None:
    found = {name: field.options.Extensions[rules_pb2.must_be] for name, field in patterned()}
    assert len(found) >= 10
    assert [name for name, description in found.items() if not description] == []


@pytest.mark.parametrize(
    ("message", "field", "expected"),
    [
        (catalog_pb2.CreateProductRequest(price="24,90"), "price", "must be a decimal number such as 24.90"),
        (catalog_pb2.CreateProductRequest(currency="eur"), "currency", "must be three capital letters such as EUR"),
        (
            catalog_pb2.UpdateProductRequest(price="cheap"),
            "price",
            "must be a decimal number such as 24.90, or empty",
        ),
        (catalog_pb2.Brand(colours=["#000000", "red"]), "colours[1]", "must be a colour such as #1d2a8c"),
        (
            video_pb2.GenerateVideoRequest(avatar_url="ftp://example.com/x"),
            "avatarUrl",
            "must be a web address such as https://example.com/portrait.jpg",
        ),
    ],
)
def test_refusal_contains_the_description(message: Message, field: str, expected: str) -> None:
    found = [violation_of(message, violation) for violation in protovalidate.collect_violations(message)]
    assert expected in [violation.message for violation in found if violation.field == field]
    assert [violation for violation in found if "regex" in violation.message] == []


def test_other_rules_keep_the_message_of_protovalidate() -> None:
    request = video_pb2.GenerateVideoRequest(aspect_ratio="2:1")
    found = [violation_of(request, violation) for violation in protovalidate.collect_violations(request)]
    text = next(violation.message for violation in found if violation.field == "aspectRatio")
    assert text.startswith("must be in list [")


def test_openapi_contains_the_description() -> None:
    schemas = openapi(read_descriptors(IMAGE))["components"]["schemas"]
    colours = schemas["Brand"]["properties"]["colours"]
    assert colours["description"].endswith("Must be a colour such as #1d2a8c.")
    avatar = schemas["GenerateVideoRequest"]["properties"]["avatarUrl"]
    assert avatar["description"].endswith("Must be a web address such as https://example.com/portrait.jpg.")
