"""Progress of an attempt, as heartbeats carry it to the job service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MAX_STAGE_CHARACTERS: Final = 100

ReportProgress = Callable[[int, str], None]
"""Takes the percentage done, 0 to 100, and the name of the current stage."""


@dataclass(slots=True)
class Progress:
    """The latest progress of one attempt. The handler writes it, heartbeats read it."""

    percent: int = 0
    stage: str = ""

    def report(self, percent: int, stage: str) -> None:
        """Records the progress. The percentage never decreases, because customers watch it."""
        self.percent = max(self.percent, min(100, max(0, percent)))
        self.stage = stage[:MAX_STAGE_CHARACTERS]
