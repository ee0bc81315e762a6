"""Runs heavy, untrusted or crash-prone work in a child process.

Drawing, decoding of customers' files and neural speech run in a spawned child: a crash, a runaway decoder or a
cancelled job terminates the child, never the worker. The child is reused between jobs, since importing an engine takes
about a second, and is replaced after it was killed. `RenderPool` (render_pool.py) runs several.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import structlog

from services.chassis.errors import Fault, TransientFault
from services.worker.progress import ReportProgress

Argument = TypeVar("Argument")
Result = TypeVar("Result")

START_SECONDS = 30.0  # starting an interpreter takes this long only on a broken machine
START_TRIES = 2  # a child that ends while it starts, as was seen on a crowded machine, is started once more
KILL_WAIT_SECONDS = 5.0
LINUX = os.uname().sysname == "Linux"
NICENESS = 10  # services on the same machine take precedence over rendering, which still gets a tenth of a busy core
AUTOGROUP = Path("/proc/self/autogroup")  # of the session: the file exists where the kernel groups by session
AUTOGROUPS_ENABLED = Path("/proc/sys/kernel/sched_autogroup_enabled")
AUTOGROUP_TRIES = 10  # the kernel takes one unprivileged change in 0.1 s, from all processes together

log = structlog.get_logger()


class RenderProcess:
    """Runs one function at a time in a spawned child process.

    `function` must be importable by name, and its argument and result picklable. It is called as
    `function(argument, report)`, where `report(percent, stage)` reports progress.

    memory_limit_bytes: address space of the child. A failing allocation becomes TransientFault("RENDER_OUT_OF_MEMORY").
    time_limit_seconds: of one run. A longer run is killed and raises TransientFault("RENDER_TIMED_OUT").
    niceness: of the child, 0 to 19.
    """

    def __init__(
        self, name: str, *, memory_limit_bytes: int, time_limit_seconds: float, niceness: int = NICENESS
    ) -> None:
        self._name = name
        self._memory_limit = memory_limit_bytes
        self._time_limit = time_limit_seconds
        self._niceness = niceness
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._lock = asyncio.Lock()

    async def run(
        self,
        function: Callable[[Argument, ReportProgress], Result],
        argument: Argument,
        report: ReportProgress | None = None,
    ) -> Result:
        """Runs the function and returns its result. Cancelling kills the child.

        Raises the function's faults unchanged, its other exceptions as RuntimeError with their traceback, and
        TransientFault when the child died or exceeded a limit.
        """
        async with self._lock:
            await asyncio.to_thread(self._ensure_started)
            pipe = self._pipe
            assert pipe is not None
            finished = False
            stop = threading.Event()
            try:
                await asyncio.to_thread(pipe.send, (function, argument))
                loop = asyncio.get_running_loop()

                def report_from_thread(percent: int, stage: str) -> None:
                    if report is not None:
                        loop.call_soon_threadsafe(report, percent, stage)

                async with asyncio.timeout(self._time_limit):
                    outcome, value = await asyncio.to_thread(_wait_for_outcome, pipe, report_from_thread, stop)
                finished = outcome != "died"
            except TimeoutError:
                raise TransientFault(
                    "RENDER_TIMED_OUT", f"{self._name} took longer than {self._time_limit:g} s"
                ) from None
            finally:
                stop.set()
                if not finished:
                    await asyncio.shield(asyncio.to_thread(self._kill))
            if outcome == "result":
                return value  # type: ignore[no-any-return]
            if outcome == "fault":
                raise value
            if outcome == "error":
                raise RuntimeError(value)
            raise TransientFault("RENDER_DIED", f"the {self._name} process died while rendering ({value})")

    async def close(self) -> None:
        """Terminates the child."""
        await asyncio.to_thread(self._kill)

    def _ensure_started(self) -> None:
        if self._process is not None and self._process.is_alive():
            return
        for _ in range(START_TRIES):
            self._kill()
            if self._start():
                return
        self._kill()
        raise TransientFault("RENDER_NOT_STARTED", f"the {self._name} process did not start")

    def _start(self) -> bool:
        """Starts a child; False where it ended, or said nothing for START_SECONDS."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_run_child,
            args=(theirs, self._memory_limit, self._niceness),
            name=f"adwright-{self._name}",
            daemon=True,
        )
        process.start()
        theirs.close()
        self._process, self._pipe = process, ours
        try:
            return ours.poll(START_SECONDS) and ours.recv() == "ready"
        except (EOFError, OSError):
            return False

    def _kill(self) -> None:
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if process is not None:
            process.kill()
            process.join(KILL_WAIT_SECONDS)
        if pipe is not None:
            pipe.close()


def _wait_for_outcome(pipe: Connection, report: ReportProgress, stop: threading.Event) -> tuple[str, Any]:
    while not stop.is_set():
        try:
            if not pipe.poll(0.2):
                continue
            message = pipe.recv()
        except (EOFError, OSError) as error:
            return "died", type(error).__name__
        if message[0] == "progress":
            report(message[1], message[2])
        else:
            return message[0], message[1]
    return "died", "stopped"


def _run_child(pipe: Connection, memory_limit: int, niceness: int) -> None:
    """Runs in the child: receives (function, argument) pairs, and sends progress and one outcome for each."""
    # Ctrl-C in a terminal reaches the whole group; the worker decides when the child ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    lower_priority(niceness)
    lower_limit(resource.RLIMIT_AS, memory_limit)
    lower_limit(resource.RLIMIT_CORE, 0)
    _exit_with_parent()
    pipe.send("ready")
    while True:
        try:
            function, argument = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            outcome: tuple[str, Any] = (
                "result",
                function(argument, lambda percent, stage: pipe.send(("progress", percent, stage))),
            )
        except Fault as fault:
            outcome = ("fault", fault)
        except MemoryError:
            outcome = ("fault", TransientFault("RENDER_OUT_OF_MEMORY", "rendering exceeded its memory limit"))
        except Exception:
            outcome = ("error", traceback.format_exc())
        try:
            pipe.send(outcome)
        except (BrokenPipeError, OSError):
            return


def lower_priority(niceness: int) -> None:
    """Gives other processes of this machine precedence over this one.

    Linux may schedule sessions as groups (autogroup); a nice value then counts within the session only. So this process
    becomes a session of its own, with the same nice value as a group. 0 changes nothing.
    """
    if niceness == 0:
        return
    with contextlib.suppress(OSError):
        os.nice(niceness)
    try:
        if AUTOGROUPS_ENABLED.read_text(encoding="ascii").strip() != "1":
            return
        os.setsid()
    except OSError:  # no Linux, or the session's leader already
        return
    for _ in range(AUTOGROUP_TRIES):
        try:
            AUTOGROUP.write_text(str(niceness), encoding="ascii")
        except BlockingIOError:
            time.sleep(0.1)
        except OSError:
            return
        else:
            return


def lower_limit(name: int, limit: int) -> None:
    """Lowers a resource limit of this process. macOS cannot limit address space, so children are unlimited there."""
    try:
        resource.setrlimit(name, (limit, limit))
    except (ValueError, OSError):
        if LINUX:
            raise


def _exit_with_parent() -> None:
    """Exits when the parent is gone: a killed worker cannot terminate its child."""
    parent = os.getppid()

    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == parent:
            pause.wait(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="exit-with-parent").start()
