"""Rows of an import file are checked by the API's rules before any call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.catalog_import import PRODUCTS, PROJECTS, ItemType, read_rows


@pytest.mark.parametrize(
    ("item_type", "row", "problem"),
    [
        (
            PRODUCTS,
            {"name": "Lid", "price": "1,50", "currency": "EUR"},
            "price: must be a decimal number such as 24.90",
        ),
        (
            PRODUCTS,
            {"name": "Lid", "price": "1", "currency": "euro"},
            "currency: must be an ISO 4217 code such as EUR",
        ),
        (PRODUCTS, {"name": "Lid", "price": "1"}, "currency: is required with a price"),
        (PRODUCTS, {"name": "Lid", "offerEnds": "soon"}, "offer.ends: must be a date such as 2027-03-31"),
        (PROJECTS, {"name": "Hill", "colors": ["red"]}, "brand.colors[0]: must be a colour such as #1d2a8c"),
        (PROJECTS, {"name": "Hill", "colours": ["red"]}, "brand.colours[0]: must be a colour such as #1d2a8c"),
        (PRODUCTS, {"name": 7}, "name: the value has the wrong type"),
        (PROJECTS, {"name": "Hill", "brand": {"colours": [{}]}}, "brand.colours: the value has the wrong type"),
        (PROJECTS, {"name": "Hill", "brand": {"fnt": "Inter"}}, "brand: has no field fnt"),
        (PROJECTS, {"name": "Hill", "brand": "red", "font": "Lora"}, "brand: must be an object"),
        (PRODUCTS, {"name": "Lid", "proof": "abc", "rating": "4.8"}, "proof: must be an object"),
        (PRODUCTS, {"name": "Lid", "rating": "4.8", "proof": "abc"}, "proof: must be an object"),
        (PRODUCTS, {"name": "Lid", "proof": [1], "award": "z"}, "proof: must be an object"),
        (PRODUCTS, {"name": "Lid", "proof": []}, "proof: must be an object"),
        (PRODUCTS, {"name": "Lid", "offer": 3, "offerCode": "A"}, "offer: must be an object"),
        (PRODUCTS, {"name": "Lid", "ratingCount": "9" * 5000}, "proof.count: the value has the wrong type"),
        (PRODUCTS, {"name": "Lid", "price": True, "currency": "EUR"}, "price: the value has the wrong type"),
        (PRODUCTS, {"name": "Lid", "rating": True}, "proof.rating: the value has the wrong type"),
        (PRODUCTS, {"name": "Lid", "ratingCount": True}, "proof.count: the value has the wrong type"),
        (
            PRODUCTS,
            {"name": "Lid", "price": 10**400, "currency": "EUR"},
            "price: must be a decimal number such as 24.90",
        ),
    ],
)
def test_broken_rules_are_reported_in_words(
    item_type: ItemType, row: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "rows.json"
    file.write_text(json.dumps([row]), encoding="utf-8")
    assert [row.problems for row in read_rows(file, item_type)] == [[problem]]


def test_valid_rows_have_no_problems(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"name": "Lid", "price": 3.5, "currency": "EUR"}\n\n{"Name": "Pot"}\n', encoding="utf-8")
    rows = read_rows(file, PRODUCTS)
    assert [(row.number, row.name, row.problems) for row in rows] == [(1, "Lid", []), (3, "Pot", [])]
    assert rows[0].body["price"] == "3.50"


def test_columns_of_a_csv_file_become_fields(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(
        "name,Sale Price,conditions,image_urls,offer,offerCode,rating,ratingCount,award,gtin\n"
        "Lid,3.50,not waterproof|in shops,https://a.example/1.jpg,Two for one,TWO,4.80,12,Best lid,96385074\n",
        encoding="utf-8",
    )
    (row,) = read_rows(file, PRODUCTS)
    assert row.problems == []
    assert row.body == {
        "name": "Lid",
        "salePrice": "3.50",
        "conditions": ["not waterproof", "in shops"],
        "imageUrls": ["https://a.example/1.jpg"],
        "offer": {"text": "Two for one", "code": "TWO"},
        "proof": {"rating": "4.80", "count": 12, "award": "Best lid"},
        "gtin": "96385074",
    }


@pytest.mark.parametrize(
    ("columns", "offer"),
    [
        ({"offer": None, "offerCode": "A"}, {"code": "A"}),
        ({"offerCode": "A", "offer": None}, {"code": "A"}),
        ({"offer": {"text": "x", "code": "A"}, "offerCode": None}, {"text": "x", "code": "A"}),
        ({"offerCode": "A", "offer": {"text": "x", "code": None}}, {"text": "x", "code": "A"}),
        ({"offerCode": "A", "offer": {"text": "x", "ends": None}}, {"text": "x", "code": "A"}),
    ],
)
def test_null_is_the_same_as_absent(columns: dict[str, Any], offer: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    file.write_text(json.dumps([{"name": "Lid", **columns}]), encoding="utf-8")
    (row,) = read_rows(file, PRODUCTS)
    assert row.problems == []
    assert {name: text for name, text in row.body["offer"].items() if text is not None} == offer


def test_parts_of_an_offer_may_come_before_its_text(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("offerCode,offer,name\nTWO,Two for one,Lid\n", encoding="utf-8")
    (row,) = read_rows(file, PRODUCTS)
    assert row.body["offer"] == {"text": "Two for one", "code": "TWO"}


def test_json_objects_and_numbers_are_taken_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    product = {"name": "Lid", "price": 1299, "oldPrice": 1499.9, "currency": "eur"}
    parts = {"proof": {"rating": "4.8", "count": 3}, "offer": {"text": "x"}}
    file.write_text(json.dumps([{**product, **parts}]), encoding="utf-8")
    (row,) = read_rows(file, PRODUCTS)
    assert row.problems == []
    assert row.body == {**product, **parts, "price": "1299", "oldPrice": "1499.90"}
