"""`adwright keys rotate` on a stopped system."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from local.home import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("ADWRIGHT_HOME", str(tmp_path / "home"))
    found = Home()
    found.prepare()
    return found


def lines(home: Home, name: str) -> list[str]:
    assert (home.keys / name).stat().st_mode & 0o077 == 0  # readable by its owner only
    return (home.keys / name).read_text(encoding="utf-8").split("\n")


def rotate(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["keys", "rotate", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_service_secret_is_replaced(home: Home) -> None:
    before = lines(home, "service-secret")
    output = rotate("service")
    after = lines(home, "service-secret")
    assert (len(after), len(after[0]) >= 32) == (1, True)
    assert after != before
    assert after[0] not in output


def test_previous_asset_secret_is_accepted_until_the_next_rotation(home: Home) -> None:
    first = home.secret("asset-secret")
    rotate("assets")
    second = home.secret("asset-secret")
    assert lines(home, "asset-secret") == [second, first]
    rotate("assets")
    assert lines(home, "asset-secret") == [home.secret("asset-secret"), second]


def test_leaked_asset_secret_is_revoked_immediately(home: Home) -> None:
    first = home.secret("asset-secret")
    rotate("assets", "--leaked")
    assert len(lines(home, "asset-secret")) == 1
    assert home.secret("asset-secret") != first


def test_rotation_succeeds_after_an_interrupted_one(home: Home) -> None:
    (home.keys / "service-secret.partial").write_text("half of a sec", encoding="utf-8")
    rotate("service")
    assert not (home.keys / "service-secret.partial").exists()
    assert len(lines(home, "service-secret")) == 1
