"""Secrets that are replaced while the system runs.

A secret is one or more lines. The first line signs; every line is accepted. So a rotation takes three steps, each of
which every process must have seen before the next: "old, new" (all accept both), "new, old" (all sign with the new
one), "new".
"""

from __future__ import annotations

import time
from pathlib import Path

import structlog

MIN_LENGTH = 32  # characters of each line: HMAC-SHA256 gains nothing from a key that is guessed
MAX_LINES = 4  # a rotation needs two
RELOAD_SECONDS = 2.0  # how old what was read of a file may be: a look at its time costs microseconds

log = structlog.get_logger()


def secret_lines(text: str) -> tuple[str, ...]:
    """The secrets of a setting or file: the one that signs, then the others. Raises ValueError, without their text."""
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not lines or min(map(len, lines)) < MIN_LENGTH:
        raise ValueError(f"each line must have at least {MIN_LENGTH} characters")
    if len(lines) > MAX_LINES:
        raise ValueError(f"there must be at most {MAX_LINES} lines")
    return lines


class RotatingSecret:
    """A secret and those that are accepted beside it; where it stands in a file, as the file has it now."""

    def __init__(self, text: str, *, file: str = "") -> None:
        """file: read again when it changes; empty: the text stays as it is. Raises ValueError."""
        self._lines = secret_lines(text)
        self._file = Path(file) if file else None
        self._looked_at = time.monotonic()
        # Of no file: the first look reads it, in case it changed since the text was taken from it.
        self._version = (-1, -1, -1)

    def signing(self) -> str:
        """The secret that signs."""
        return self.accepted()[0]

    def accepted(self) -> tuple[str, ...]:
        """All secrets whose signatures pass, the one that signs first. The same object while nothing changes."""
        now = time.monotonic()
        if self._file is not None and now - self._looked_at > RELOAD_SECONDS:
            self._looked_at = now
            self._reload(self._file)
        return self._lines

    def _reload(self, file: Path) -> None:
        version = self._stat()
        if version == self._version:
            return
        try:
            self._lines = secret_lines(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            log.error("secret_unreadable", file=str(file), error=type(error).__name__)  # the known ones stay
            return
        self._version = version
        log.info("secret_reloaded", file=str(file), accepted=len(self._lines))

    def _stat(self) -> tuple[int, int, int]:
        try:
            found = self._file.stat() if self._file is not None else None
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_ino, found.st_size) if found is not None else (0, 0, 0)
