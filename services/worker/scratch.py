"""A process's folder for temporary files, and the removal of folders that killed processes left behind.

A killed process cannot clean up, and unfinished videos are large. A folder is in use while the lock file in it is
locked; the operating system releases the lock when the process ends for any reason.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

PREFIX = "adwright-scratch-"
UNLOCKED_PREFIX = "adwright-new-"  # other processes ignore this prefix, since the lock is not held yet
LOCK = "lock"


class Scratch:
    """A temporary folder of this process, created and removed with the context. Entering it also removes the folders of
    dead processes."""

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent or Path(tempfile.gettempdir())
        self._lock = -1
        self._folder: Path | None = None

    def __enter__(self) -> Scratch:
        for other in self._parent.glob(f"{PREFIX}*"):
            _remove_if_abandoned(other)
        folder = Path(tempfile.mkdtemp(prefix=UNLOCKED_PREFIX, dir=self._parent))
        self._lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._folder = folder.rename(folder.with_name(PREFIX + folder.name.removeprefix(UNLOCKED_PREFIX)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            os.close(self._lock)
            self._folder = None

    def folder(self) -> Path:
        """Creates an empty folder inside; the caller removes it."""
        return Path(tempfile.mkdtemp(dir=self._folder))


def _remove_if_abandoned(folder: Path) -> None:
    try:
        if folder.stat(follow_symlinks=False).st_uid != os.geteuid():
            return
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:  # another process is removing it
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
