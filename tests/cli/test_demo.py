"""The demo where no voices could be fetched: what needs none is made, and the user reads why there is no video."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from local.home import Home
from tests.cli.test_commands import Terminal


def test_demo_without_voices_makes_copy_and_image_and_says_why_there_is_no_video(tmp_path: Path) -> None:
    # Not pytest's folder: PostgreSQL runs as a user of its own when the tests are root's, and must reach it.
    with tempfile.TemporaryDirectory(prefix="adwright-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        terminal = Terminal(Home(Path(folder) / "home"), tmp_path)
        (tmp_path / "models").mkdir()
        told = terminal.good("demo", ADWRIGHT_MODELS=str(tmp_path / "models"), PATH=os.environ["PATH"])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "copy.txt",
        "copy.json",
        "ad.png",
        "ad-thumbnail.webp",
    }
    assert "No video, and its credits went back: This Adwright has no voices installed" in told
    assert "npm's registry" in told
    assert "Credits: 100 before, 96 after." in told
