"""The log files of the local system: kept small while they are written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

LOG_BYTES = 20 * 1024 * 1024  # of a file, and as much of the one before it
LOOK_SECONDS = 30.0  # a busy gateway writes some 10 MB of access log in this time


def trim(files: Iterable[Path]) -> None:
    """Moves the content of each file that has grown too large into one beside it, which takes the place of the one
    before. The file itself stays: who writes it has it open for appending. Never raises OSError.

    Where there is no space for a second file, the content is given up: an old log is worth less than a system that
    runs.
    """
    for file in files:
        aside = file.with_name(file.name + ".1")
        try:
            if file.stat().st_size <= LOG_BYTES:
                continue
        except OSError:
            continue  # there is none yet
        try:
            shutil.copyfile(file, aside)
        except OSError:
            _remove(aside)
        try:
            os.truncate(file, 0)
        except OSError:
            continue  # the next look tries again


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return
