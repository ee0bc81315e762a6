"""Limits the size of the local system's log files while they are written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

LOG_BYTES = 20 * 1024 * 1024  # limit of a log file; its predecessor may be as large
TRIM_INTERVAL_SECONDS = 30.0  # a busy gateway writes about 10 MB of access log in this time


def trim(files: Iterable[Path]) -> None:
    """Moves the content of each file above the limit to `NAME.1`, replacing that, and empties the file.

    The file itself stays, because its writer has it open for appending. Without disk space for the copy, the content
    is discarded: an old log is worth less than a running system. Never raises OSError.
    """
    for file in files:
        previous = file.with_name(file.name + ".1")
        try:
            if file.stat().st_size <= LOG_BYTES:
                continue
        except OSError:
            continue  # the file does not exist yet
        try:
            shutil.copyfile(file, previous)
        except OSError:
            _remove(previous)
        try:
            os.truncate(file, 0)
        except OSError:
            continue  # the next run tries again


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return
