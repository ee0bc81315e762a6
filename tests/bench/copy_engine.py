"""How long the built-in copy engine takes for a request, on one core: `python -m tests.bench.copy_engine`.

The engine alone: no service, no network. Every platform, format and tone comes up, for products that it was written
with and for such as it was not. The engine keeps what it has read of the last briefs: the first rows are of briefs that
it has not read (each has one space more at its end), the third of such as it has.
"""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import dataclass, replace

from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local import engine, write_headline
from tests.copy.products import PRODUCTS, UNMET, brief

STRIDE = 7  # shares no factor with the 144 combinations: all of them come up
WARM = 30
PROMISED = {"p50": 20.0, "p99": 60.0}  # milliseconds


@dataclass(frozen=True, slots=True)
class Row:
    """Latencies of one kind of request, in milliseconds of processor time."""

    name: str
    latencies: list[float]

    def at(self, share: float) -> float:
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def measure() -> list[Row]:
    """Rows for the products of the test set, the others, such as were read before, and headlines of pictures."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    turns = list(itertools.product(Platform, Format, Tone))
    for platform, format_, tone in turns[:WARM]:
        engine.write(brief(PRODUCTS[0], platform, format_, tone), "warm")
    rows = []
    for name, products, read in (
        ("copy, known goods", PRODUCTS, False),
        ("copy, other goods", UNMET, False),
        ("copy, read before", PRODUCTS, True),
    ):
        taken = []
        for number, (product, (platform, format_, tone)) in enumerate(itertools.product(products, turns)):
            if number % STRIDE == 0:
                request = brief(product, platform, format_, tone)
                if not read:
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
    """Prints the table; the promise is that of the issue for copy."""
    print(f"{'one core, ms':<20}{'requests':>10}{'p50':>8}{'p90':>8}{'p99':>8}{'max':>8}")
    for row in measure():
        figures = "".join(f"{row.at(share):>8.1f}" for share in (0.5, 0.9, 0.99, 1.0))
        print(f"{row.name:<20}{len(row.latencies):>10}{figures}")
    print(f"promised for copy: p50 < {PROMISED['p50']:.0f}, p99 < {PROMISED['p99']:.0f}")


if __name__ == "__main__":
    main()
