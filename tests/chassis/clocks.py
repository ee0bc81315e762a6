"""A clock that tests move."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class MovableClock:
    """The machine's time, moved forward by `forward` seconds."""

    def __init__(self) -> None:
        self.forward = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.forward)

    def monotonic(self) -> float:
        return time.monotonic() + self.forward
