"""The CPU time of the built-in copy engine per request, on one core: `python -m tests.bench.copy_engine`.

It measures the engine alone, without service and network. Every platform, format and tone occurs, for products that the
engine was developed with and for others. The engine caches the analysis of recent briefs: the first two rows use briefs
that are not cached (each has one more space at its end), the third row uses cached briefs.
"""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import dataclass, replace

from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local import engine, write_headline
from tests.copy.products import PRODUCTS, UNMET, brief

STRIDE = 7  # shares no factor with the 144 combinations, so all of them occur
WARMUP_REQUESTS = 30
LIMITS_MS = {"p50": 20.0, "p99": 60.0}


@dataclass(frozen=True, slots=True)
class Row:
    """The CPU milliseconds of the requests of one kind."""

    name: str
    latencies: list[float]

    def at(self, share: float) -> float:
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def measure() -> list[Row]:
    """Measures known products, other products, cached briefs, and headlines of images."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    turns = list(itertools.product(Platform, Format, Tone))
    for platform, format_, tone in turns[:WARMUP_REQUESTS]:
        engine.write(brief(PRODUCTS[0], platform, format_, tone), "warm")
    rows = []
    for name, products, cached in (
        ("copy, known products", PRODUCTS, False),
        ("copy, other products", UNMET, False),
        ("copy, cached briefs", PRODUCTS, True),
    ):
        taken = []
        for number, (product, (platform, format_, tone)) in enumerate(itertools.product(products, turns)):
            if number % STRIDE == 0:
                request = brief(product, platform, format_, tone)
                if not cached:
                    request = replace(request, description=request.description + " " * (number + 1))
                began = time.process_time()
                engine.write(request, f"job {number}")
                taken.append(1000 * (time.process_time() - began))
        rows.append(Row(name, taken))
    taken = []
    for number, (product, tone) in enumerate(itertools.product(PRODUCTS, Tone)):
        began = time.process_time()
        write_headline(brief(product, tone=tone), f"job {number}")
        taken.append(1000 * (time.process_time() - began))
    rows.append(Row("headline", taken))
    return rows


def main() -> None:
    """Prints the table and the limits for copy."""
    print(f"{'CPU ms on one core':<20}{'requests':>10}{'p50':>8}{'p90':>8}{'p99':>8}{'max':>8}")
    for row in measure():
        figures = "".join(f"{row.at(share):>8.1f}" for share in (0.5, 0.9, 0.99, 1.0))
        print(f"{row.name:<20}{len(row.latencies):>10}{figures}")
    print(f"Limits for copy: p50 < {LIMITS_MS['p50']:.0f}, p99 < {LIMITS_MS['p99']:.0f}")


if __name__ == "__main__":
    main()
