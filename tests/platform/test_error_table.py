"""protos/errors.toml is the one table of reasons: code, protos, gateway and documents say the same."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.error_reasons import REASONS
from services.chassis.error_table import FILE, TABLE, read_table
from services.chassis.errors import Refusal, RefusalKind
from services.video.portraits import Consent
from tests.platform.reasons_in_code import fault_kinds, load_services, subclasses

ROOT = Path(__file__).parents[2]
# Values with which a refusal is built to see whether it sets a Retry-After, by the annotation of the parameter.
SAMPLES: dict[str, Any] = {"int": 1, "str": "", "Consent": Consent(version="1", text="")}
# Prints what each place says of two reasons and a status, in a tree with its own protos/errors.toml.
PLACES = """
import json
from deploy.error_reference import render
from gateway.local_replies import local_reply_config
from gateway.lua_filters import response_filter
from gateway.openapi import IMAGE, openapi
from gateway.routes import read_descriptors
from services.chassis.rpc.refusals import refusal_metadata, refusal_from_status, rich_status
from services.job.errors import TooManyLiveJobs
refusal = TooManyLiveJobs(3)
described = openapi(read_descriptors(IMAGE))["paths"]["/api/generate/static-ad"]["post"]["responses"]
print(json.dumps({
    "refusal": [refusal.kind.name, refusal.kind.http_status],
    "status header": dict(refusal_metadata(refusal, ""))["x-adwright-status"],
    "between services": [rich_status(refusal).code, refusal_from_status(rich_status(refusal)).kind.name],
    "API description": sorted(described),
    "description": described["404"]["description"],
    "docs": [line for line in render().splitlines() if "`TOO_MANY_LIVE_JOBS`" in line or "`ROUTE_NOT_FOUND`" in line],
    "lua": response_filter().split("\\n")[0],
    "envoy": json.dumps(local_reply_config()),
}))
"""


def test_reasons_of_refusals_in_code_and_table_are_the_same() -> None:
    load_services()
    in_code = {kind.reason for kind in subclasses(Refusal) if "reason" in vars(kind)} | {Refusal.reason}
    assert in_code == set(TABLE.refusals)


def test_a_refusal_without_a_row_cannot_be_defined() -> None:
    with pytest.raises(KeyError, match="NO_SUCH_REASON"):
        type("Unlisted", (Refusal,), {"reason": "NO_SUCH_REASON"})


def test_refusals_that_set_retry_after_are_retryable_in_the_table() -> None:
    load_services()
    for kind in subclasses(Refusal):
        if "reason" not in vars(kind):
            continue
        required = [
            (item, SAMPLES.get(str(item.annotation), ()))
            for item in inspect.signature(kind).parameters.values()
            if item.default is inspect.Parameter.empty and item.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        positional = [value for item, value in required if item.kind is not inspect.Parameter.KEYWORD_ONLY]
        named = {item.name: value for item, value in required if item.kind is inspect.Parameter.KEYWORD_ONLY}
        assert kind(*positional, **named).retryable == TABLE.refusals[kind.reason].retryable, kind


def test_reasons_of_faults_in_code_and_table_are_the_same() -> None:
    assert fault_kinds() == {reason: set(row.kinds) for reason, row in TABLE.faults.items()}


def test_every_kind_has_a_row_and_every_reason_a_meaning() -> None:
    assert {kind.value for kind in RefusalKind} == set(TABLE.kinds)
    meanings = [row.meaning for row in TABLE.refusals.values()] + [row.meaning for row in TABLE.faults.values()]
    assert [text for text in meanings if not re.fullmatch(r"[A-Z].{10,}\.", text)] == []


def test_statuses_in_comments_of_the_protos_agree_with_the_table() -> None:
    stated: dict[str, set[int]] = {}
    for file in (ROOT / "protos").rglob("*.proto"):
        text = re.sub(r"\n\s*//", "", file.read_text(encoding="utf-8"))
        for reason, status in re.findall(r"\b([A-Z]+(?:_[A-Z]+)+) \(([45]\d\d)\)", text):
            stated.setdefault(reason, set()).add(int(status))
    assert len(stated) > 8
    assert {reason: {REASONS[reason].status} for reason in stated} == stated


def test_a_row_with_an_unknown_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "errors.toml"
    file.write_text(FILE.read_text(encoding="utf-8").replace("meaning =", "meant =", 1), encoding="utf-8")
    with pytest.raises(TypeError):
        read_table(file)


def _places(folder: Path, table: str) -> dict[str, Any]:
    """What each place says when the table is this one: in a tree that shares all other files with this one."""
    folder.mkdir()
    for name in ("services", "gateway", "deploy", "gen"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "protos").mkdir()
    (folder / "protos" / "errors.toml").write_text(table, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PLACES],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{folder / 'gen'}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_every_place_follows_a_change_of_the_table(tmp_path: Path) -> None:
    table = FILE.read_text(encoding="utf-8")
    changed = table
    for old, new in (
        ('LIMITED = { code = "RESOURCE_EXHAUSTED", status = 429 }', 'LIMITED = { code = "UNAVAILABLE", status = 507 }'),
        ("[status.502]\n", "[status.507]\n\n[status.502]\n"),
        ("The user has reached the limit of live jobs.", "Too many at once."),
        ('message = "There is nothing at this path."', 'message = "No such path."'),
        ('service_message = "The resource does not exist."', 'service_message = "It does not exist."'),
        ("The resource does not exist or is not the caller's.", "Not there."),
    ):
        assert changed.count(old) == 1, old
        changed = changed.replace(old, new)
    before, after = _places(tmp_path / "before", table), _places(tmp_path / "after", changed)
    assert before["refusal"] == ["LIMITED", 429]
    assert after["refusal"] == ["LIMITED", 507]
    assert (before["status header"], after["status header"]) == ("429", "507")
    assert (before["between services"], after["between services"]) == ([8, "LIMITED"], [14, "LIMITED"])
    assert "507" not in before["API description"]
    assert "507" in after["API description"]
    assert after["description"] == "Not there."
    assert any("| 507 | `UNAVAILABLE` | no | job | Too many at once. |" in line for line in after["docs"])
    assert any("No such path." in line for line in after["docs"])
    assert "No such path." in after["envoy"]
    assert "There is nothing at this path." in before["envoy"]
    assert "It does not exist." in after["lua"]
    assert "The resource does not exist." in before["lua"]
