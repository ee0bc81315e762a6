"""A process's folder for temporary files, and the removal of what killed processes left behind.

A killed process removes nothing, and a worker's half-made videos are large. A folder belongs to a living process for as
long as the lock in it is held; the system drops the lock with the process, whatever ends it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

PREFIX = "adwright-scratch-"
UNLOCKED_PREFIX = "adwright-new-"  # not looked at by others: its lock is not held yet
LOCK = "lock"


class Scratch:
    """A folder of this process's own, made and removed with the context; those of dead processes go when it is made."""

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent or Path(tempfile.gettempdir())
        self._lock = -1
        self._folder: Path | None = None

    def __enter__(self) -> Scratch:
        for left in self._parent.glob(f"{PREFIX}*"):
            _remove_if_left(left)
        made = Path(tempfile.mkdtemp(prefix=UNLOCKED_PREFIX, dir=self._parent))
        self._lock = os.open(made / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._folder = made.rename(made.with_name(PREFIX + made.name.removeprefix(UNLOCKED_PREFIX)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            os.close(self._lock)
            self._folder = None

    def folder(self) -> Path:
        """A new empty folder inside; whoever asked for it removes it when it is done with."""
        return Path(tempfile.mkdtemp(dir=self._folder))


def _remove_if_left(folder: Path) -> None:
    try:
        if folder.stat(follow_symlinks=False).st_uid != os.geteuid():
            return
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:  # another process removes it at this moment
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
