"""Small file systems for tests of full disks."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PAGE = 4096  # what a tmpfs gives at a time


class SmallDisk:
    """A tmpfs of its own, for as long as the context lasts. Skips the test where the user may not mount one."""

    def __init__(self, size_bytes: int) -> None:
        if os.geteuid() != 0 or shutil.which("mount") is None:
            pytest.skip("mounting a tmpfs needs root")
        self._size = size_bytes
        self.folder = Path(tempfile.mkdtemp(prefix="adwright-disk-"))
        self._filling = self.folder / "filling"

    def __enter__(self) -> SmallDisk:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self._size},mode=755", "tmpfs", self.folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode != 0:
            self.folder.rmdir()
            pytest.skip(f"mounting a tmpfs is not allowed here: {mounted.stderr.strip()}")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True)
        self.folder.rmdir()

    def free(self) -> int:
        """Bytes that can still be written."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, *, leave: int = 0) -> None:
        """Takes all space but `leave` bytes, rounded down to whole pages."""
        with self._filling.open("ab") as file:
            while (space := self.free() - leave) >= PAGE:
                file.write(bytes(min(space, 1024 * 1024) // PAGE * PAGE))
                file.flush()

    def empty(self) -> None:
        """Gives the taken space back."""
        self._filling.unlink(missing_ok=True)
