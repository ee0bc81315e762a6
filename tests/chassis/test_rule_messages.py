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
from services.chassis.rpc.validation import violation_of, violations
from tests.gateway.stub_services import message_class

ROOT = Path(__file__).parents[2]
DESCRIPTORS = ROOT / "gen" / "descriptors.binpb"
ID = "4be0643f-1d98-473b-97cd-ca98a65347dd"
WORDS = {str(number): "x" for number in range(51)}
GOALS = "must be one of sell, book, sign_up, donate, visit, apply, download, call"
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


@pytest.mark.parametrize("name", [name for name, _ in patterned()])
def test_no_refusal_contains_a_pattern(name: str) -> None:
    message_name, _, field_name = name.partition(".")
    file = next(
        file
        for file in read_descriptors(DESCRIPTORS).file
        if any(message.name == message_name for message in file.message_type)
    )
    message = message_class(f"{file.package}.{message_name}")()
    if message.DESCRIPTOR.fields_by_name[field_name].is_repeated:
        getattr(message, field_name).append("\u00ff ^\u0001")
    else:
        setattr(message, field_name, "\u00ff ^\u0001")
    field = message.DESCRIPTOR.fields_by_name[field_name].json_name
    found = {item.message for item in violations(message) if item.field.partition("[")[0] == field}
    assert len(found) == 1
    assert found.pop().startswith("must be ")


@pytest.mark.parametrize(
    ("message", "field", "expected"),
    [
        (catalog_pb2.CreateProductRequest(price="24,90"), "price", "must be a decimal number such as 24.90"),
        (catalog_pb2.CreateProductRequest(currency="euro"), "currency", "must be an ISO 4217 code such as EUR"),
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


@pytest.mark.parametrize(
    ("message", "field", "expected"),
    [
        (catalog_pb2.UpdateProductRequest(product_id=ID, goal="win"), "goal", GOALS + ", or empty"),
        (catalog_pb2.UpdateUnderstandingRequest(product_id=ID, goal="win"), "goal", GOALS),
        (catalog_pb2.Brand(spelling="x"), "spelling", "must be one of american, british, or empty"),
        (catalog_pb2.Brand(tone_words=[""]), "toneWords[0]", "must not be empty"),
        (catalog_pb2.Brand(tone_words=["a"] * 11), "toneWords", "may have at most 10 items"),
        (catalog_pb2.Brand(pronunciations=WORDS), "pronunciations", "may have at most 50 entries"),
        (catalog_pb2.Brand(font="x" * 65), "font", "must be at most 64 characters"),
        (catalog_pb2.Proof(best=101), "best", "must be from 0 to 100"),
        (catalog_pb2.Proof(count=-1), "count", "must be at least 0"),
        (catalog_pb2.GetProductRequest(), "productId", "must be a valid UUID"),
        (catalog_pb2.GetProductRequest(product_id="x"), "productId", "must be a valid UUID"),
        (
            catalog_pb2.UpdateUnderstandingRequest(product_id=ID, regulated=["jobs", "jobs"]),
            "regulated",
            "must not have an item twice",
        ),
    ],
)
def test_other_rules_have_plain_messages(message: Message, field: str, expected: str) -> None:
    assert [(found.field, found.message) for found in violations(message)] == [(field, expected)]


def test_address_that_breaks_two_rules_is_reported_once() -> None:
    request = catalog_pb2.Brand(logo_url="nowhere")
    assert [found.message for found in violations(request)] == [
        "must be a web address such as https://example.com/logo.png"
    ]


def test_openapi_contains_the_description() -> None:
    schemas = openapi(read_descriptors(IMAGE))["components"]["schemas"]
    colours = schemas["Brand"]["properties"]["colours"]
    assert colours["description"].endswith("Must be a colour such as #1d2a8c.")
    avatar = schemas["GenerateVideoRequest"]["properties"]["avatarUrl"]
    assert avatar["description"].endswith("Must be a web address such as https://example.com/portrait.jpg.")


def test_lines_of_the_protos_are_at_most_120_columns_wide() -> None:
    files = sorted((ROOT / "protos").rglob("*.proto"))
    lines = [(file.name, line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(files) >= 5
    assert [(name, line) for name, line in lines if len(line) > 120] == []
