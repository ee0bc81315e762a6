"""Functions for a render process. A module of its own, since every child process imports it."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

from services.chassis.errors import InputFault
from services.worker.progress import ReportProgress

MEGABYTE = 1024 * 1024


def add_one(number: int, report: ReportProgress) -> int:
    report(50, "adding")
    return number + 1


def process_id(_: int, report: ReportProgress) -> int:
    return os.getpid()


def refuse(_: int, report: ReportProgress) -> int:
    raise InputFault("BAD", "Not this.")


def raise_unexpected(_: int, report: ReportProgress) -> int:
    raise KeyError("an unexpected error")


def allocate(megabytes: int, report: ReportProgress) -> int:
    return len(bytearray(megabytes * MEGABYTE))


def never_end(path: str, report: ReportProgress) -> int:
    Path(path).write_text(str(os.getpid()))
    while True:
        time.sleep(60)


def crash(_: int, report: ReportProgress) -> int:
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def dump_limit(_: int, report: ReportProgress) -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_CORE)


def meet(place: tuple[str, int, int], report: ReportProgress) -> int:
    """Waits until so many calls as the last value says run at the same time. place: folder, own number, calls."""
    folder, number, calls = place
    Path(folder, f"met-{number}").touch()
    deadline = time.monotonic() + 30
    while len(list(Path(folder).glob("met-*"))) < calls:
        if time.monotonic() > deadline:
            raise TimeoutError(f"call {number} has met no other one")
        time.sleep(0.01)
    return os.getpid()


def record_process(folder: str, report: ReportProgress) -> None:
    Path(folder, str(os.getpid())).touch()


def priority(_: int, report: ReportProgress) -> tuple[int, str]:
    """The nice value of the process, and what the kernel says of its session's."""
    group = Path("/proc/self/autogroup")
    return os.nice(0), group.read_text() if group.exists() else ""
