"""The error table agrees with the services' kinds of refusals, the Lua filters and the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.error_reasons import (
    JWKS_UNAVAILABLE,
    NOT_HTTP,
    STATUS_ERRORS,
    UNKNOWN_FROM_ENVOY,
    UNKNOWN_FROM_SERVICE,
    ErrorText,
)
from gateway.local_replies import local_reply_config
from services.chassis.errors import RefusalKind

FOLDER = Path(__file__).parents[2] / "gateway"
BY_STATUS = {row.status: row for row in STATUS_ERRORS}
TEXTS = [text for row in STATUS_ERRORS for text in (row.from_envoy, row.from_service) if text is not None]
REASONS = {text.reason for text in (*TEXTS, JWKS_UNAVAILABLE, NOT_HTTP, UNKNOWN_FROM_ENVOY, UNKNOWN_FROM_SERVICE)}


def test_each_status_has_one_row() -> None:
    assert len(BY_STATUS) == len(STATUS_ERRORS)


@pytest.mark.parametrize("kind", list(RefusalKind))
def test_table_agrees_with_the_services_kinds(kind: RefusalKind) -> None:
    assert BY_STATUS[kind.http_status].retryable == kind.retryable


def test_local_replies_use_the_tables_reasons() -> None:
    expected = {row.status: row.from_envoy for row in STATUS_ERRORS if row.from_envoy is not None}
    found: dict[int, ErrorText] = {}
    for mapper in local_reply_config()["mappers"]:
        comparison = mapper["filter"].get("status_code_filter", {}).get("comparison", {})
        if comparison.get("op") == "EQ" and "status_code" not in mapper:
            error = mapper["body_format_override"]["json_format"]["error"]
            text = ErrorText(reason=error["reason"], message=error["message"])
            found[comparison["value"]["default_value"]] = text
            assert error["retryable"] is BY_STATUS[comparison["value"]["default_value"]].retryable
    assert found == expected


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.lua")), ids=lambda path: path.name)
def test_lua_filters_write_no_other_reasons(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    written = set(re.findall(r'reason":"(\w+)"', text)) | set(re.findall(r'refuse\(handle, "(\w+)"', text))
    assert written <= REASONS


def test_readme_lists_the_tables_reasons_by_status() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed: dict[str, set[str]] = {}
    for statuses, reasons in re.findall(
        r"^\| (\d{3}(?:, \d{3})*|other) \| ((?:`[A-Z_]+`(?:, )?)+) \|", text, re.MULTILINE
    ):
        numbers = statuses.split(", ")
        names = re.findall(r"`([A-Z_]+)`", reasons)
        pairs = zip(numbers, names, strict=True) if len(numbers) > 1 else ((numbers[0], name) for name in names)
        for status, name in pairs:
            listed.setdefault(name, set()).add(status)
    expected = {
        UNKNOWN_FROM_ENVOY.reason: {"other"},
        UNKNOWN_FROM_SERVICE.reason: {"other"},
        NOT_HTTP.reason: {"400"},
        JWKS_UNAVAILABLE.reason: {"503"},
    }
    for row in STATUS_ERRORS:
        for item in (row.from_envoy, row.from_service):
            if item is not None:
                expected.setdefault(item.reason, set()).add(str(row.status))
    assert listed == expected
