"""Heavy, untrusted or crash-prone work in a process of its own.

Drawing, decoding customers' files and neural speech run in a spawned child: a crash, a runaway decoder or a cancelled
job ends the child, never the worker. The child is kept between jobs, since importing an engine costs about a second,
and is replaced when it was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import structlog

from services.chassis.errors import Fault, TransientFault

Argument = TypeVar("Argument")
Result = TypeVar("Result")
Report = Callable[[int, str], None]

START_SECONDS = 30.0  # importing the interpreter on a busy machine; past it something is wrong
KILL_WAIT_SECONDS = 5.0
LINUX = os.uname().sysname == "Linux"
NICE = 5  # rendering gives way to the services on the same machine

log = structlog.get_logger()


class RenderProcess:
    """Runs one function at a time in a spawned child process.

    `function` must be importable by name and its argument and result picklable; it is called as
    `function(argument, report)`, where `report(percent, stage)` tells how far it is.

    memory_limit_bytes: address space of the child; the child's failing allocation becomes a fault.
    time_limit_seconds: of one run; past it the child is killed and TransientFault("RENDER_TIMED_OUT") raised.
    """

    def __init__(self, name: str, *, memory_limit_bytes: int, time_limit_seconds: float) -> None:
        self._name = name
        self._memory_limit = memory_limit_bytes
        self._time_limit = time_limit_seconds
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._lock = asyncio.Lock()

    async def run(
        self, function: Callable[[Argument, Report], Result], argument: Argument, report: Report | None = None
    ) -> Result:
        """The function's result. Raises what it raised (faults as they are, anything else as RuntimeError with its
        traceback), TransientFault when the child died or ran too long. Cancelling kills the child."""
        async with self._lock:
            await asyncio.to_thread(self._ensure_started)
            pipe = self._pipe
            assert pipe is not None
            finished = False
            stop = threading.Event()
            try:
                await asyncio.to_thread(pipe.send, (function, argument))
                loop = asyncio.get_running_loop()

                def tell(percent: int, stage: str) -> None:
                    if report is not None:
                        loop.call_soon_threadsafe(report, percent, stage)

                async with asyncio.timeout(self._time_limit):
                    outcome, value = await asyncio.to_thread(_wait_for_outcome, pipe, tell, stop)
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
            raise TransientFault("RENDER_DIED", f"the process of {self._name} ended while it was rendering ({value})")

    async def close(self) -> None:
        """Ends the child."""
        await asyncio.to_thread(self._kill)

    def _ensure_started(self) -> None:
        if self._process is not None and self._process.is_alive():
            return
        self._kill()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self._memory_limit), name=f"adwright-{self._name}", daemon=True
        )
        process.start()
        theirs.close()
        self._process, self._pipe = process, ours
        try:
            started = ours.poll(START_SECONDS) and ours.recv() == "ready"
        except (EOFError, OSError):
            started = False
        if not started:
            self._kill()
            raise TransientFault("RENDER_NOT_STARTED", f"the process of {self._name} did not start")

    def _kill(self) -> None:
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if process is not None:
            process.kill()
            process.join(KILL_WAIT_SECONDS)
        if pipe is not None:
            pipe.close()


def _wait_for_outcome(pipe: Connection, tell: Report, stop: threading.Event) -> tuple[str, Any]:
    while not stop.is_set():
        try:
            if not pipe.poll(0.2):
                continue
            message = pipe.recv()
        except (EOFError, OSError) as error:
            return "died", type(error).__name__
        if message[0] == "progress":
            tell(message[1], message[2])
        else:
            return message[0], message[1]
    return "died", "stopped"


def _serve(pipe: Connection, memory_limit: int) -> None:
    """The child: takes (function, argument), sends progress and one outcome each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C goes to the worker, which decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        os.nice(NICE)
    lower_limit(resource.RLIMIT_AS, memory_limit)
    lower_limit(resource.RLIMIT_CORE, 0)
    _end_with_parent()
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
            outcome = ("fault", TransientFault("RENDER_OUT_OF_MEMORY", "rendering needed more memory than it may have"))
        except Exception:
            outcome = ("error", traceback.format_exc())
        try:
            pipe.send(outcome)
        except (BrokenPipeError, OSError):
            return


def lower_limit(name: int, most: int) -> None:
    """Lowers a limit of this process. macOS refuses one of address space: there a child is not limited."""
    try:
        resource.setrlimit(name, (most, most))
    except (ValueError, OSError):
        if LINUX:
            raise


def _end_with_parent() -> None:
    """Without it a killed worker would leave a child rendering for nobody."""
    parent = os.getppid()

    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == parent:
            pause.wait(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()
