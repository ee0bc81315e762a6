"""`adwright demo` with a running system; test_up.py proves that it starts and stops one otherwise."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import creatives, demo
from cli.api import Api, ApiError
from cli.main import app
from local.system import Options
from tests.running import RunningSystem


def check_results(out: Path, shown: str) -> None:
    """Checks the files of the three results, and that their paths are printed."""
    kinds = {"ad.png": b"\x89PNG", "video.mp4": b"ftyp", "copy.json": b'"variants"'}
    for name, mark in kinds.items():
        assert mark in (out / name).read_bytes()[:200]
        assert str(out / name) in shown
    assert len(json.loads((out / "copy.json").read_text())["variants"]) == 5


def test_demo_creates_three_results(system: RunningSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SCRIPT", "Meet the Aurora Bottle.")
    monkeypatch.setenv("ADWRIGHT_HOME", str(system.home.folder))
    done = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    [(before, after)] = re.findall(r"Credits: (\d+) before, (\d+) after\.", done.output)
    assert int(before) - int(after) == demo.COST_CREDITS == 44
    check_results(tmp_path, done.output)


def test_missing_voices_are_explained_beside_the_other_results(
    system: RunningSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_voices(api: Api, kind: str, body: dict[str, Any], folder: Path) -> list[Path]:
        if kind == "video":
            raise ApiError(0, "VOICE_NOT_INSTALLED", "No voices are installed.")
        return creatives.create_assets(api, kind, body, folder)

    monkeypatch.setattr(demo, "create_assets", without_voices)
    monkeypatch.setenv("ADWRIGHT_HOME", str(system.home.folder))
    done = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} == {"copy.txt", "copy.json", "ad.png", "ad-thumbnail.webp"}
    assert "No video; its credits were returned. No voices are installed." in done.output
    assert "npm's registry" in done.output
    [(before, after)] = re.findall(r"Credits: (\d+) before, (\d+) after\.", done.output)
    assert int(before) - int(after) == 4


@pytest.mark.parametrize(("kinds", "workers"), [("copy", False), ("copy,video", True), ("static-ad", True)])
def test_workers_are_started_only_for_what_they_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinds: str, workers: bool
) -> None:
    started: list[Options] = []
    monkeypatch.setattr("cli.system.run_system", lambda options, _: started.append(options))
    monkeypatch.setenv("ADWRIGHT_HOME", str(tmp_path / "home"))
    done = CliRunner().invoke(app, ["demo", "--kinds", kinds, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert [options.workers for options in started] == [workers]


def test_whole_script_of_the_demo_is_accepted(system: RunningSystem) -> None:
    customer = system.customer(40)
    body = {**customer.ids, "script": demo.SCRIPT}
    accepted = customer.client.post("/api/generate/video", json=body)
    assert accepted.status_code == 200, accepted.text
    customer.client.post("/api/generate/cancel", json={"jobId": accepted.json()["jobId"]})
