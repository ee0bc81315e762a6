"""Figures: measurements of several rounds, their baselines and targets, and the tables that show them."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(kw_only=True)
class Figure:
    """One line of the table. rounds: the measurements, whose median is shown.

    beside: the baseline's measurements in the same rounds; the target then applies to the median of the quotients.
    at_least, at_most: the target, at most one of them. costs: CPU milliseconds per request by process, for the
    measured system and for the baseline. failed: the measurement did not happen; then there are no rounds.
    Raises ValueError for a measurement that cannot be one: none, zero or less, or not a number.
    """

    row: str
    name: str
    unit: str
    rounds: list[float]
    beside: list[float] = field(default_factory=list)
    at_least: float | None = None
    at_most: float | None = None
    costs: dict[str, dict[str, float]] = field(default_factory=dict)
    note: str = ""
    failed: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.failed and not self.rounds:
            return
        if bad := [value for value in (*self.rounds, *self.beside) if not (math.isfinite(value) and value > 0)]:
            raise ValueError(f"{self.name}: {bad[0]} is no measurement")
        if self.failed or not self.rounds:
            raise ValueError(f"{self.name}: there is no measurement")
        if self.beside and len(self.beside) != len(self.rounds):
            raise ValueError(f"{self.name}: {len(self.rounds)} measurements beside {len(self.beside)} of the baseline")

    @property
    def quotients(self) -> list[float]:
        """Each round's measurement divided by its baseline's."""
        return [own / baseline for own, baseline in zip(self.rounds, self.beside, strict=True)] if self.beside else []

    @property
    def judged(self) -> float | None:
        """The value that the target applies to; None when it was not measured."""
        return None if self.failed else statistics.median(self.quotients or self.rounds)

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None without a target or a measurement."""
        if (value := self.judged) is None:
            return None
        if self.at_least is not None:
            return value >= self.at_least
        return value <= self.at_most if self.at_most is not None else None


def number(value: float) -> str:
    """The value with three significant digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values: Sequence[float]) -> str:
    """The median, and the smallest and largest value of several."""
    if not values:
        return "[red]failed[/]"
    middle = number(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} [dim]({number(min(values))}–{number(max(values))})[/]"


def _target(figure: Figure) -> str:
    if figure.at_least is not None:
        return f"≥ {number(figure.at_least)}"
    return f"≤ {number(figure.at_most)}" if figure.at_most is not None else ""


def table_of(figures: Sequence[Figure]) -> Table:
    """The table of figures and targets."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, justify in (
        ("row", "left"), ("figure", "left"), ("measured", "right"), ("unit", "left"), ("baseline", "right"),
        ("quotient", "right"), ("target", "right"), ("", "left"),
    ):  # fmt: skip
        table.add_column(column, justify="right" if justify == "right" else "left")
    for figure in figures:
        verdict = {True: "[green]reached[/]", False: "[red]not reached[/]", None: ""}[figure.reached]
        table.add_row(
            figure.row,
            figure.name + (f"\n[dim]{figure.note}[/]" if figure.note else ""),
            spread(figure.rounds),
            figure.unit,
            spread(figure.beside) if figure.beside else "",
            spread(figure.quotients) if figure.beside else "",
            _target(figure),
            verdict,
        )
    return table


def costs_of(figures: Sequence[Figure]) -> Table | None:
    """The table of CPU seconds per 1,000 requests by process; None without costs."""
    measured = [(f"{figure.row} {name}".strip(), costs) for figure in figures for name, costs in figure.costs.items()]
    if not measured:
        return None
    totals: dict[str, float] = {}
    for _, costs in measured:
        for process, spent in costs.items():
            totals[process] = max(totals.get(process, 0.0), spent)
    order = sorted((name for name, total in totals.items() if total >= 0.005), key=lambda name: -totals[name])
    table = Table(box=None, pad_edge=False, header_style="bold", title="CPU seconds per 1,000 requests, by process")
    table.add_column("row")
    for name in [*order, "total"]:
        table.add_column(name, justify="right")
    for name, costs in measured:
        cells = [f"{costs.get(process, 0.0):.2f}" if costs.get(process, 0.0) >= 0.005 else "" for process in order]
        table.add_row(name, *cells, f"{sum(costs.values()):.2f}")
    return table


def write(figures: Sequence[Figure], facts: dict[str, Any], file: Path) -> None:
    """Writes the figures and the facts about the machine as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        asdict(figure) | {"judged": figure.judged, "quotients": figure.quotients, "reached": figure.reached}
        for figure in figures
    ]
    file.write_text(json.dumps({"machine": facts, "figures": rows}, indent=1), encoding="utf-8")


def show(figures: Sequence[Figure], console: Console) -> None:
    """Prints the tables."""
    console.print(table_of(figures))
    if (costs := costs_of(figures)) is not None:
        console.print()
        console.print(costs)
