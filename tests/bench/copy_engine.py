"""The CPU time of the built-in copy engine per request, on one core: `python -m tests.bench.copy_engine`.

It measures the engine alone, without service and network: the catalog reads a product once, when it is saved. Every
platform, format and tone occurs, for products of the tests in English and in other languages.
"""

from __future__ import annotations

import itertools
import os
import time
from contextlib import suppress
from dataclasses import dataclass

from services.chassis.errors import InputFault
from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local import engine, write_headline
from tests.copy.products import FOREIGN, PRODUCTS, UNMET, Product, brief

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
    for product in FOREIGN:  # the first text in a language reads its tables
        engine.write(brief(product), "warm")
    rows = [
        Row(name, _latencies(products, turns))
        for name, products in (
            ("copy, English", PRODUCTS),
            ("copy, English, as sent", UNMET),
            ("copy, other languages", FOREIGN),
        )
    ]
    taken = []
    for number, (product, tone) in enumerate(itertools.product(PRODUCTS, Tone)):
        began = time.process_time()
        write_headline(brief(product, tone=tone), f"job {number}")
        taken.append(1000 * (time.process_time() - began))
    rows.append(Row("headline", taken))
    return rows


def _latencies(products: tuple[Product, ...], turns: list[tuple[Platform, Format, Tone]]) -> list[float]:
    taken = []
    for number, (product, (platform, format_, tone)) in enumerate(itertools.product(products, turns)):
        if number % STRIDE == 0:
            request = brief(product, platform, format_, tone)
            began = time.process_time()
            with suppress(InputFault):  # a refusal takes the same way
                engine.write(request, f"job {number}")
            taken.append(1000 * (time.process_time() - began))
    return taken


def main() -> None:
    """Prints the table and the limits for copy."""
    print(f"{'CPU ms on one core':<24}{'requests':>10}{'p50':>8}{'p90':>8}{'p99':>8}{'max':>8}")
    for row in measure():
        figures = "".join(f"{row.at(share):>8.1f}" for share in (0.5, 0.9, 0.99, 1.0))
        print(f"{row.name:<24}{len(row.latencies):>10}{figures}")
    print(f"Limits for copy: p50 < {LIMITS_MS['p50']:.0f}, p99 < {LIMITS_MS['p99']:.0f}")


if __name__ == "__main__":
    main()
