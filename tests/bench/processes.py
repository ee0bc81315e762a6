"""CPU time and memory of processes, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; empty when the process does not exist."""
    try:
        return (PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def trees(roots: Iterable[int]) -> dict[int, list[int]]:
    """The process ids of each root and its descendants. A root below another root counts only for itself."""
    parents = {
        int(entry.name): fields
        for entry in PROC.iterdir()
        if entry.name.isdigit()
        if (fields := _stat(int(entry.name)))
    }
    found: dict[int, list[int]] = {root: [] for root in roots}
    for pid in parents:
        ancestor = pid
        while ancestor and ancestor not in found:
            ancestor = int(parents[ancestor][1]) if ancestor in parents else 0
        if ancestor:
            found[ancestor].append(pid)
    return found


def seconds(named: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds of each named process and its descendants so far, terminated descendants included."""
    below = trees(named.values())
    return {name: sum(_seconds(pid) for pid in below[root]) for name, root in named.items()}


def _seconds(pid: int) -> float:
    fields = _stat(pid)
    return sum(int(field) for field in fields[11:15]) / TICKS if fields else 0.0


def memory(named: Mapping[str, int]) -> dict[str, float]:
    """MiB of each named process with its descendants; shared pages count in equal parts (PSS)."""
    below = trees(named.values())
    return {name: sum(_memory(pid) for pid in below[root]) for name, root in named.items()}


def _memory(pid: int) -> float:
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) / 1024
