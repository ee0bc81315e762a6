"""Temporary files go with their process, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from services.worker.scratch import Scratch

WRITER = """
import sys, pathlib
from services.worker.scratch import Scratch
with Scratch(pathlib.Path(sys.argv[1])) as scratch:
    (scratch.folder() / "film.mp4").write_bytes(b"half")
    print("written", flush=True)
    sys.stdin.read()
"""


def writer(parent: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    return process


def films(parent: Path) -> int:
    return len(list(parent.rglob("film.mp4")))


class TestScratch:
    def test_folder_of_a_killed_process_is_removed_at_next_start(self, tmp_path: Path) -> None:
        killed = writer(tmp_path)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        assert films(tmp_path) == 1
        with Scratch(tmp_path) as scratch:
            assert films(tmp_path) == 0
            assert scratch.folder().is_dir()
        assert list(tmp_path.iterdir()) == []

    def test_folder_of_a_living_process_stays(self, tmp_path: Path) -> None:
        living = writer(tmp_path)
        with Scratch(tmp_path):
            assert films(tmp_path) == 1
        living.communicate()
        assert list(tmp_path.iterdir()) == []

    def test_symbolic_link_is_not_followed(self, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "lock").touch()
        parent = tmp_path / "parent"
        parent.mkdir()
        os.symlink(elsewhere, parent / "adwright-scratch-link")
        with Scratch(parent):
            assert (elsewhere / "lock").exists()
