"""`adwright demo` without installed voices creates copy and an image, and prints why there is no video."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from local.home import Home
from tests.cli.test_commands import Terminal


def test_demo_without_voices_creates_copy_and_image_and_explains_the_missing_video(tmp_path: Path) -> None:
    # Not pytest's folder: when the tests run as root, PostgreSQL runs as another user and must be able to read it.
    with tempfile.TemporaryDirectory(prefix="adwright-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        terminal = Terminal(Home(Path(folder) / "home"), tmp_path)
        (tmp_path / "models").mkdir()
        output = terminal.good("demo", ADWRIGHT_MODELS=str(tmp_path / "models"), PATH=os.environ["PATH"])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "copy.txt",
        "copy.json",
        "ad.png",
        "ad-thumbnail.webp",
    }
    assert "No video; its credits were returned. No voices are installed" in output
    assert "npm's registry" in output
    assert "Credits: 100 before, 96 after." in output
