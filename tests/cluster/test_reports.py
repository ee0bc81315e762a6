"""A run on the cluster in which every test was skipped has tested nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.__main__ import ran

REPORT = (
    '<testsuites><testsuite name="pytest" tests="{tests}" skipped="{skipped}" failures="0" errors="0"/></testsuites>'
)


@pytest.mark.parametrize(("tests", "skipped", "expected"), [(24, 24, 0), (24, 2, 22), (0, 0, 0)])
def test_skipped_tests_did_not_run(tmp_path: Path, tests: int, skipped: int, expected: int) -> None:
    report = tmp_path / "tests.xml"
    report.write_text(REPORT.format(tests=tests, skipped=skipped), encoding="utf-8")
    assert ran(report) == expected
