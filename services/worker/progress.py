"""Progress of an attempt, as heartbeats carry it to the job service, and the time that each of its stages took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

MAX_STAGE_CHARACTERS: Final = 100
MAX_TIMED_STAGES: Final = 40  # bounds the log line; the time of further ones counts as OTHER
OTHER: Final = "other"

ReportProgress = Callable[[int, str], None]
"""Takes the percentage done, 0 to 100, and the name of the current stage."""


@dataclass(slots=True)
class Progress:
    """The latest progress of one attempt. The handler writes it, heartbeats read it.

    clock: seconds from any beginning. The time until the first stage counts as "starting".
    """

    percent: int = 0
    stage: str = ""
    clock: Callable[[], float] = time.monotonic
    _timed: str = "starting"
    _since: float = field(init=False)
    _seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def report(self, percent: int, stage: str) -> None:
        """Records the progress. The percentage never decreases, because customers watch it."""
        self.percent = max(self.percent, min(100, max(0, percent)))
        self.stage = stage[:MAX_STAGE_CHARACTERS]
        self.begin(self.stage.rpartition(": ")[2])  # "picture 2 of 6: signing" counts as "signing"

    def begin(self, stage: str) -> None:
        """Ends the time of the current stage and begins that of another one, without telling the customer."""
        now = self.clock()
        known = self._timed in self._seconds or len(self._seconds) < MAX_TIMED_STAGES
        name = self._timed if known else OTHER
        self._seconds[name] = self._seconds.get(name, 0.0) + now - self._since
        self._timed, self._since = stage, now

    def stage_seconds(self) -> dict[str, float]:
        """The seconds that each stage took until now, in order; a stage that was repeated counts as one."""
        self.begin(self._timed)
        return dict(self._seconds)
