"""`make bench`: measures the system and its baselines on this machine in one run. ROWS=a,b selects rows."""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from local.home import ROOT
from tests.bench import grown, holds, home, pictures, rows, sets, yardstick
from tests.bench.figures import Figure, show, write
from tests.bench.films import film
from tests.bench.harness import BenchHarness, running_harness

HARNESS_ROWS: dict[str, Callable[[BenchHarness], list[Figure]]] = {
    "submit": rows.submit,
    "monolith": yardstick.monolith,
    "few": rows.few,
    "latency": rows.latency,
    "copy": rows.copy,
    "status": rows.status,
    "holds": holds.holds,
    "dispatch": rows.dispatch,
    "drain": rows.drain,
    "set": sets.behind_a_set,
    "picture": pictures.picture,
    "pictures": pictures.pictures,
    "first": pictures.first,
    "beside": pictures.beside,
    "film": film,
    "grown": grown.grown,
}
HOME_ROWS: dict[str, Callable[[Path], list[Figure]]] = {"start": home.start, "memory": home.memory}
ROWS = (*HOME_ROWS, *HARNESS_ROWS)
LONG = ("grown",)  # measured only when named


def facts() -> dict[str, object]:
    """Facts about the machine that a reader needs to compare figures."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load_before": os.getloadavg()[0],
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def measure(wanted: list[str], console: Console) -> Iterator[Figure]:
    """Measures the rows and yields each figure as soon as it is known."""

    def reported(name: str, figures: Callable[[], list[Figure]]) -> list[Figure]:
        began = time.monotonic()
        try:
            with console.status(f"Measuring {name} …"):
                found = figures()
        except Exception as error:  # a failed row does not prevent the others
            console.print(f"[red]{name}: {type(error).__name__}: {error}[/]")
            return [Figure(row=name, name="not measured", unit="", rounds=[], failed=True)]
        console.print(f"[dim]{name}: {time.monotonic() - began:.0f} s[/]")
        return found

    chosen = [name for name in HOME_ROWS if name in wanted]
    if chosen:
        with home.warm_folder() as folder:
            for name in chosen:
                yield from reported(name, lambda name=name: HOME_ROWS[name](folder))  # type: ignore[misc]
    chosen = [name for name in HARNESS_ROWS if name in wanted]
    if chosen:
        with running_harness() as found:
            for name in chosen:
                yield from reported(name, lambda name=name: HARNESS_ROWS[name](found))  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--rows",
        default="",
        help=f"comma-separated rows of {', '.join(ROWS)}; default: all but {', '.join(LONG)}",
    )
    parser.add_argument("--json", type=Path, default=ROOT / "out" / "bench.json", help="file for the figures as JSON")
    arguments = parser.parse_args()
    wanted = [name for name in arguments.rows.split(",") if name] or [name for name in ROWS if name not in LONG]
    unknown = [name for name in wanted if name not in ROWS]
    if unknown:
        parser.error(f"unknown rows: {', '.join(unknown)}; the rows are {', '.join(ROWS)}")
    console = Console(width=None if sys.stdout.isatty() else 170, highlight=False)
    about = facts()
    figures: list[Figure] = []
    with contextlib.suppress(KeyboardInterrupt):
        for figure in measure(wanted, console):
            figures.append(figure)
            write(figures, about, arguments.json)
    show(figures, console)
    console.print(f"\n[dim]{about['cores']} cores, shared with the load client. Figures as JSON: {arguments.json}[/]")
    sys.exit(any(figure.failed for figure in figures))


if __name__ == "__main__":
    main()
