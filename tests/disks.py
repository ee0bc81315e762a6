"""Small file systems for tests of full disks."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PAGE_BYTES = 4096  # a tmpfs allocates whole pages


class SmallDisk:
    """A tmpfs that is mounted while the context is open. Skips the test when the user may not mount one."""

    def __init__(self, size_bytes: int, folder: Path | None = None) -> None:
        """folder: the mount point; by default a temporary folder."""
        if os.geteuid() != 0 or shutil.which("mount") is None:
            pytest.skip("mounting a tmpfs needs root")
        self._size = size_bytes
        self._made = folder is None or not folder.exists()
        self.folder = folder or Path(tempfile.mkdtemp(prefix="adwright-disk-"))
        self._filling = self.folder / "filling"

    def __enter__(self) -> SmallDisk:
        self.folder.mkdir(parents=True, exist_ok=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self._size},mode=755", "tmpfs", self.folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode != 0:
            self._remove_folder()
            pytest.skip(f"mounting a tmpfs is not allowed here: {mounted.stderr.strip()}")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True)
        self._remove_folder()

    def _remove_folder(self) -> None:
        if self._made:
            self.folder.rmdir()

    def free(self) -> int:
        """The free space in bytes."""
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def fill(self, *, leave: int = 0) -> None:
        """Fills the disk except for `leave` bytes, in whole pages."""
        with self._filling.open("ab") as file:
            while (space := self.free() - leave) >= PAGE_BYTES:
                file.write(bytes(min(space, 1024 * 1024) // PAGE_BYTES * PAGE_BYTES))
                file.flush()

    def empty(self) -> None:
        """Deletes what `fill` has written."""
        self._filling.unlink(missing_ok=True)
