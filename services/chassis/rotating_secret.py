"""Secrets that can be rotated while the system runs.

A secret is one or more lines. The first line signs, every line is accepted. A rotation takes three steps, and every
process must have loaded one step before the next: "old, new" (all accept both), "new, old" (all sign with the new
one), "new".
"""

from __future__ import annotations

import time
from pathlib import Path

import structlog

MIN_LENGTH = 32  # characters of each line; a shorter HMAC-SHA256 key could be guessed
MAX_LINES = 4  # a rotation needs two
RELOAD_SECONDS = 2.0  # how often the file is checked; a check costs microseconds

log = structlog.get_logger()


def secret_lines(text: str) -> tuple[str, ...]:
    """Splits the text of a setting or file into secrets, the signing one first. Raises ValueError, without the text."""
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not lines or min(map(len, lines)) < MIN_LENGTH:
        raise ValueError(f"each line must have at least {MIN_LENGTH} characters")
    if len(lines) > MAX_LINES:
        raise ValueError(f"there must be at most {MAX_LINES} lines")
    return lines


class RotatingSecret:
    """A signing secret and the others that are accepted. Follows the changes of its file."""

    def __init__(self, text: str, *, file: str = "") -> None:
        """text: the secret's lines. file: loaded when it changes; empty: the text never changes. Raises ValueError."""
        self._lines = secret_lines(text)
        self._file = Path(file) if file else None
        self._checked_at = time.monotonic()
        # No file's version: the first check loads the file, which may have changed since its text was passed in.
        self._version = (-1, -1, -1)

    def signing(self) -> str:
        """Returns the secret that signs."""
        return self.accepted()[0]

    def accepted(self) -> tuple[str, ...]:
        """Returns all accepted secrets, the signing one first; the same object until they change."""
        now = time.monotonic()
        if self._file is not None and now - self._checked_at > RELOAD_SECONDS:
            self._checked_at = now
            self._reload(self._file)
        return self._lines

    def _reload(self, file: Path) -> None:
        version = self._stat()
        if version == self._version:
            return
        try:
            self._lines = secret_lines(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            log.error("secret_unreadable", file=str(file), error=type(error).__name__)  # the loaded secrets stay in use
            return
        self._version = version
        log.info("secret_reloaded", file=str(file), accepted=len(self._lines))

    def _stat(self) -> tuple[int, int, int]:
        try:
            found = self._file.stat() if self._file is not None else None
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_ino, found.st_size) if found is not None else (0, 0, 0)
