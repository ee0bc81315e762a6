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
            {"name": "Lid", "price": "1", "currency": "eur"},
            "currency: must be three capital letters such as EUR",
        ),
        (PRODUCTS, {"name": "Lid", "price": "1"}, "currency: is required with a price"),
        (PROJECTS, {"name": "Hill", "colours": ["red"]}, "brand.colours[0]: must be a colour such as #1d2a8c"),
        (PRODUCTS, {"name": 7}, "name: the value has the wrong type"),
        (PROJECTS, {"name": "Hill", "brand": {"colours": [{}]}}, "brand.colours: the value has the wrong type"),
        (PROJECTS, {"name": "Hill", "brand": {"fnt": "Inter"}}, "brand: has no field fnt"),
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
