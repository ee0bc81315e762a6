"""Pauses of everything that repeats: the growth after failures, and the jitter that keeps replicas apart."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

MAX_DOUBLINGS = 30  # bounds the power; every longest pause is reached before


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double from `first` to `longest` seconds, each multiplied by a random 0.5 to 1.

    The caller counts its failures and bounds them: by a number, by a deadline, or by its own cancellation.
    """

    first: float
    longest: float

    def seconds(self, failures: int, chance: float | None = None) -> float:
        """The pause after the `failures`-th failure in a row, from 1. chance: 0 to 1; None: drawn here."""
        grown = min(self.longest, self.first * 2.0 ** min(failures - 1, MAX_DOUBLINGS))
        return grown * (0.5 + (random.random() if chance is None else chance) / 2)

    async def pause(self, failures: int) -> None:
        """Sleeps after the `failures`-th failure in a row."""
        await asyncio.sleep(self.seconds(failures))


def jittered(seconds: float, share: float = 0.2) -> float:
    """An interval of a periodic loop, shortened or lengthened by up to this share of it."""
    return seconds * random.uniform(1 - share, 1 + share)
