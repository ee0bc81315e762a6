"""The circuit breaker: stops the use of a dependency that fails, and lets single trials find its recovery."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from services.chassis.backoff import Backoff


class CircuitBreaker:
    """Opens after consecutive failures. After each pause one trial may pass; the next failure opens it for longer.

    failures: the number in a row that opens it. pauses: how long it stays open, by the failures since it opened first.
    clock: monotonic seconds. chance: draws the jitter, 0 to 1.
    """

    def __init__(
        self,
        pauses: Backoff,
        *,
        failures: int = 1,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._pauses = pauses
        self._limit = failures
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._open_until = 0.0

    def allows_request(self) -> bool:
        """Whether a request may be sent now. After a pause the first caller gets True, and the others wait again."""
        if self._failures < self._limit:
            return True
        if self.remaining_seconds > 0:
            return False
        self._open()
        return True

    @property
    def remaining_seconds(self) -> float:
        """The time until the next trial; 0 while requests may pass."""
        return max(0.0, self._open_until - self._clock()) if self._failures >= self._limit else 0.0

    def record_success(self) -> None:
        """Closes the breaker; the next outage starts with the shortest pause."""
        self._failures = 0

    def record_failure(self) -> None:
        """Counts a failure, and opens the breaker at the limit."""
        self._failures += 1
        if self._failures >= self._limit:
            self._open()

    def _open(self) -> None:
        openings = self._failures - self._limit + 1
        self._open_until = self._clock() + self._pauses.seconds(openings, self._chance())
