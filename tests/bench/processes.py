"""What processes cost: processor time and memory, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; empty: there is no such process."""
    try:
        return (PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def trees(roots: Iterable[int]) -> dict[int, list[int]]:
    """The processes that descend from each of the roots, themselves included. A root below another is its own."""
    parents = {
        int(entry.name): fields
        for entry in PROC.iterdir()
        if entry.name.isdigit()
        if (fields := _stat(int(entry.name)))
    }
    found: dict[int, list[int]] = {root: [] for root in roots}
    for pid in parents:
        above = pid
        while above and above not in found:
            above = int(parents[above][1]) if above in parents else 0
        if above:
            found[above].append(pid)
    return found


def seconds(named: Mapping[str, int]) -> dict[str, float]:
    """Processor seconds that each named process and its descendants have used so far, ended descendants included."""
    below = trees(named.values())
    return {name: sum(_seconds(pid) for pid in below[root]) for name, root in named.items()}


def _seconds(pid: int) -> float:
    fields = _stat(pid)
    return sum(int(field) for field in fields[11:15]) / TICKS if fields else 0.0


def memory(named: Mapping[str, int]) -> dict[str, float]:
    """MiB of each named process with its descendants; pages that several share count in equal parts (PSS)."""
    below = trees(named.values())
    return {name: sum(_memory(pid) for pid in below[root]) for name, root in named.items()}


def _memory(pid: int) -> float:
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) / 1024
