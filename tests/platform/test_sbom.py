"""The image's bill of materials is complete, the same each time, and valid."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest

from deploy.sbom import bill, image_packages, licences, locked, removed_packages
from services.media.model_files import MODELS
from tests.platform import tools


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return bill()


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Validator:
    folder = tools.source(tools.CYCLONEDX) / "schema"
    main, *others = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schemax.json")
    )
    registry = jsonschema_rs.Registry([(other["$id"], other) for other in others])
    return jsonschema_rs.Draft7Validator(main, registry=registry)


def test_bill_is_valid(made: dict[str, Any], schema: jsonschema_rs.Validator) -> None:
    assert [error.message[:300] for error in schema.iter_errors(made)] == []


def test_wrong_bill_is_found(made: dict[str, Any], schema: jsonschema_rs.Validator) -> None:
    first, *others = made["components"]
    wrong = made | {"components": [first | {"hashes": [{"alg": "SHA-256", "content": "1"}]}, *others]}
    assert not schema.is_valid(wrong)


def test_bill_has_every_package_and_model_of_the_image_once(made: dict[str, Any]) -> None:
    names = [component["name"] for component in made["components"]]
    assert sorted(names) == sorted([*image_packages(), *MODELS])
    assert removed_packages().isdisjoint(names)
    assert {"numpy", "skia-python", "fontpkg-inter"} <= set(names)
    for component in made["components"]:
        assert component["licenses"], component["name"]
        assert component["hashes"], component["name"]


def test_versions_and_hashes_are_those_of_the_lock(made: dict[str, Any]) -> None:
    for component in made["components"]:
        if component["name"] in MODELS:
            [found] = component["hashes"]
            assert found["content"] == MODELS[component["name"]].sha256
        else:
            version, hashes = locked()[component["name"]]
            assert component["version"] == version
            assert {item["content"] for item in component["hashes"]} == set(hashes)


def test_bill_depends_on_its_inputs_only(made: dict[str, Any]) -> None:
    assert json.dumps(bill()) == json.dumps(made)
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", made["serialNumber"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT OR Apache-2.0", [{"expression": "MIT OR Apache-2.0"}]),
        ("OFL-1.1 (Noto Sans CJK)", [{"expression": "OFL-1.1"}]),
        ("PostgreSQL; the projects' own", [{"license": {"name": "PostgreSQL; the projects' own"}}]),
    ],
)
def test_licence_is_an_expression_where_it_is_one(text: str, expected: list[Any]) -> None:
    assert licences(text) == expected
